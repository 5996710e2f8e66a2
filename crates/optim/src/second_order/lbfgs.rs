//! L-BFGS.

use super::quasi_newton::{Metric, minimise};
use crate::objective::{Limits, Outcome};
use crate::vector::{add_scaled, dot, scale};
use std::collections::VecDeque;
use tensor::{Tensor, Tree};

/// L-BFGS: [BFGS](crate::Bfgs) with a matrix that is never formed. `H g` is worked out from the
/// last `m` pairs of steps and changes of the gradient, from `H₀ = (yᵀs/yᵀy) I` of the last pair:
/// `2m` models of memory.
///
/// The function is compiled at its first call, so it must not read values.
///
/// Source: J. Nocedal, *Updating quasi-Newton matrices with limited storage*, Math. Comp. 35
/// (1980); D. C. Liu, J. Nocedal, Math. Programming 45 (1989); J. Nocedal, S. J. Wright,
/// *Numerical optimization* (2006), algorithms 7.4 and 7.5.
///
/// ```
/// use optim::{Lbfgs, Status};
/// use tensor::Tensor;
/// let f = |x: &Tensor| (x.exp() - x * Tensor::from([1.0, 4.0])).sum();
/// let outcome = Lbfgs::new().minimise(f, &Tensor::from([1.0, 0.0]));
/// assert_eq!(outcome.status, Status::Converged);
/// assert!((outcome.model - Tensor::from([0.0, 4.0_f64.ln()])).abs().max().item() < 1e-8);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Lbfgs {
    limits: Limits,
    memory: usize,
}

impl Default for Lbfgs {
    fn default() -> Lbfgs {
        Lbfgs::new()
    }
}

impl Lbfgs {
    /// With ten pairs; until `‖∇f‖ ≤ 10⁻⁸`, in at most 1000 steps.
    pub fn new() -> Lbfgs {
        Lbfgs { limits: Limits { tolerance: 1e-8, steps: 1000 }, memory: 10 }
    }

    /// With another number of pairs.
    ///
    /// # Panics
    /// When it is 0.
    #[track_caller]
    pub fn memory(mut self, pairs: usize) -> Lbfgs {
        assert!(pairs > 0, "Lbfgs: a memory of no pairs is steepest descent");
        self.memory = pairs;
        self
    }

    /// Until the gradient's norm is below this.
    pub fn tolerance(mut self, gradient_norm: f64) -> Lbfgs {
        self.limits.tolerance = gradient_norm;
        self
    }

    /// With at most this many steps.
    pub fn steps(mut self, steps: usize) -> Lbfgs {
        self.limits.steps = steps;
        self
    }

    /// Minimises from `start`.
    pub fn minimise<M: Tree>(&self, f: impl Fn(&M) -> Tensor, start: &M) -> Outcome<M> {
        let mut metric = Pairs { pairs: VecDeque::new(), memory: self.memory };
        minimise(&f, start, &mut metric, self.limits)
    }
}

/// A step, the change of the gradient over it, and the inverse of their product.
struct Pair<M> {
    s: M,
    y: M,
    rho: f64,
}

/// The last pairs, the oldest first.
struct Pairs<M> {
    pairs: VecDeque<Pair<M>>,
    memory: usize,
}

impl<M: Tree> Metric<M> for Pairs<M> {
    fn direction(&self, gradient: &M) -> M {
        let mut q = scale(-1.0, gradient);
        let mut weights = vec![];
        for Pair { s, y, rho } in self.pairs.iter().rev() {
            let weight = rho * dot(s, &q);
            q = add_scaled(&q, -weight, y);
            weights.push(weight);
        }
        if let Some(Pair { y, rho, .. }) = self.pairs.back() {
            q = scale((rho * dot(y, y)).recip(), &q);
        }
        for (Pair { s, y, rho }, weight) in self.pairs.iter().zip(weights.into_iter().rev()) {
            q = add_scaled(&q, weight - rho * dot(y, &q), s);
        }
        q
    }

    fn learn(&mut self, s: M, y: M) {
        if self.pairs.len() == self.memory {
            self.pairs.pop_front();
        }
        let rho = dot(&s, &y).recip();
        self.pairs.push_back(Pair { s, y, rho });
    }

    fn forget(&mut self) {
        self.pairs.clear();
    }

    fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }
}
