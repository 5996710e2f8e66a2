//! BFGS.

use super::quasi_newton::{Metric, minimise};
use crate::objective::{Limits, Outcome};
use crate::vector::{flatten, unflatten};
use tensor::{DType, Tensor, Tree};

/// BFGS: `x ← x − a H ∇f` with steps that satisfy the strong Wolfe conditions and
/// `H ← (I − ρ s yᵀ) H (I − ρ y sᵀ) + ρ s sᵀ`, `ρ = 1/yᵀs`, where the gradient changed by `y` over
/// the step `s`; from `H = (yᵀs/yᵀy) I`. `H` is a dense matrix in f64: `n²` numbers for `n`
/// parameters. For more than some thousand parameters take [`Lbfgs`](crate::Lbfgs).
///
/// The function is compiled at its first call, so it must not read values.
///
/// Source: C. G. Broyden, R. Fletcher, D. Goldfarb, D. F. Shanno (1970); J. Nocedal,
/// S. J. Wright, *Numerical optimization* (2006), algorithm 6.1, equations 6.17 and 6.20.
///
/// ```
/// use optim::{Bfgs, Status};
/// use tensor::Tensor;
/// let f = |x: &Tensor| (x.exp() - x * Tensor::from([1.0, 4.0])).sum();
/// let outcome = Bfgs::new().minimise(f, &Tensor::from([1.0, 0.0]));
/// assert_eq!(outcome.status, Status::Converged);
/// assert!((outcome.model - Tensor::from([0.0, 4.0_f64.ln()])).abs().max().item() < 1e-8);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Bfgs {
    limits: Limits,
}

impl Default for Bfgs {
    fn default() -> Bfgs {
        Bfgs::new()
    }
}

impl Bfgs {
    /// Until `‖∇f‖ ≤ 10⁻⁸`, in at most 1000 steps.
    pub fn new() -> Bfgs {
        Bfgs { limits: Limits { tolerance: 1e-8, steps: 1000 } }
    }

    /// Until the gradient's norm is below this.
    pub fn tolerance(mut self, gradient_norm: f64) -> Bfgs {
        self.limits.tolerance = gradient_norm;
        self
    }

    /// With at most this many steps.
    pub fn steps(mut self, steps: usize) -> Bfgs {
        self.limits.steps = steps;
        self
    }

    /// Minimises from `start`.
    pub fn minimise<M: Tree>(&self, f: impl Fn(&M) -> Tensor, start: &M) -> Outcome<M> {
        minimise(&f, start, &mut Dense { inverse: None }, self.limits)
    }
}

/// The inverse Hessian as a matrix; `None` is the identity.
struct Dense {
    inverse: Option<Tensor>,
}

impl<M: Tree> Metric<M> for Dense {
    fn direction(&self, gradient: &M) -> M {
        let g = flatten(gradient);
        let d = self.inverse.as_ref().map_or_else(|| -&g, |h| -h.matmul(&g));
        unflatten(gradient, &d)
    }

    fn learn(&mut self, s: M, y: M) {
        let (s, y) = (flatten(&s), flatten(&y));
        let product = s.dot(&y);
        let h = self.inverse.take().unwrap_or_else(|| {
            let n = s.size();
            Tensor::eye(n, DType::F64) * (&product / y.dot(&y))
        });
        let hy = h.matmul(&y);
        let rho = product.recip();
        let cross = s.outer(&hy) + hy.outer(&s);
        let square = s.outer(&s) * (&rho * (1.0 + &rho * y.dot(&hy)));
        self.inverse = Some(h - cross * rho + square);
    }

    fn forget(&mut self) {
        self.inverse = None;
    }

    fn is_empty(&self) -> bool {
        self.inverse.is_none()
    }
}
