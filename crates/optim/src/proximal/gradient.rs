//! ISTA and FISTA.

use super::{Penalty, Regulariser};
use crate::objective::{Limits, Objective, Outcome, Status, finite};
use crate::vector::{add_scaled, copy, dot, norm};
use tensor::{Tensor, Tree, jit};

/// The proximal gradient method for `f(x) + R(x)` with smooth `f`:
/// `x ← prox_{ηR}(x − η ∇f(x))` (ISTA), and its accelerated form (FISTA), which takes the step from
/// `y = x + ((t−1)/t⁺)(x − x⁻)`, `t⁺ = (1 + √(1 + 4t²))/2`. With η ≤ 1/L the error falls as
/// `O(1/k)` and `O(1/k²)`. Where the step size is too long for the quadratic model to lie above
/// `f`, it is halved.
///
/// The report's gradient norm is that of the gradient mapping `(y − x⁺)/η`, which is 0 exactly at
/// a minimum; its values are those of `f + R`.
///
/// The function is compiled at its first call, so it must not read values.
///
/// Source: A. Beck, M. Teboulle, *A fast iterative shrinkage-thresholding algorithm for linear
/// inverse problems*, SIAM J. Imaging Sci. 2 (2009); restarts: B. O'Donoghue, E. Candès, *Adaptive
/// restart for accelerated gradient schemes*, Found. Comput. Math. 15 (2015), section 3.2.
///
/// ```
/// use optim::{L1, ProximalGradient, Regulariser, Status};
/// use tensor::Tensor;
/// // An orthonormal design: the lasso is soft thresholding.
/// let f = |x: &Tensor| (x - Tensor::from([3.0, 0.5, -2.0])).square().sum() * 0.5;
/// let lasso = Regulariser::new(L1::new(1.0));
/// let outcome = ProximalGradient::fista(1.0).minimise(f, &lasso, &Tensor::from([0.0, 0.0, 0.0]));
/// assert_eq!(outcome.status, Status::Converged);
/// assert_eq!(outcome.model.to_vec::<f64>(), [2.0, 0.0, -1.0]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ProximalGradient {
    rate: f64,
    accelerated: bool,
    restart: bool,
    limits: Limits,
}

impl ProximalGradient {
    fn new(rate: f64, accelerated: bool) -> ProximalGradient {
        let limits = Limits { tolerance: 1e-8, steps: 10_000 };
        ProximalGradient { rate, accelerated, restart: false, limits }
    }

    /// Without acceleration, with first step size η; until the gradient mapping is below 10⁻⁸, in
    /// at most 10,000 steps.
    pub fn ista(rate: f64) -> ProximalGradient {
        ProximalGradient::new(rate, false)
    }

    /// With acceleration.
    pub fn fista(rate: f64) -> ProximalGradient {
        ProximalGradient::new(rate, true)
    }

    /// Accelerated, with momentum dropped whenever it points uphill: linear convergence near
    /// minima where `f` is strongly convex, without knowing how strongly.
    pub fn restarted_fista(rate: f64) -> ProximalGradient {
        ProximalGradient { restart: true, ..ProximalGradient::new(rate, true) }
    }

    /// Until the norm of the gradient mapping is below this.
    pub fn tolerance(mut self, norm: f64) -> ProximalGradient {
        self.limits.tolerance = norm;
        self
    }

    /// With at most this many steps.
    pub fn steps(mut self, steps: usize) -> ProximalGradient {
        self.limits.steps = steps;
        self
    }

    /// Minimises `f + R` from `start`.
    pub fn minimise<M: Tree, P: Penalty>(
        &self,
        f: impl Fn(&M) -> Tensor,
        regulariser: &Regulariser<P>,
        start: &M,
    ) -> Outcome<M> {
        let f: &dyn Fn(&M) -> Tensor = &f;
        let objective = Objective::new(f);
        let prox = jit(|(x, s): &(M, Tensor)| regulariser.prox(x, s));
        let penalty = jit(|x: &M| regulariser.value(x));
        let total = |value: f64, x: &M| value + penalty(x).item();
        let mut rate = self.rate;
        let mut x = copy(start);
        let (mut y, mut t) = (copy(start), 1.0_f64);
        let mut value = total(objective.value(&x), &x);
        let mut mapping = f64::INFINITY;
        let mut history = vec![value];
        let mut steps = 0;
        let status = loop {
            if mapping <= self.limits.tolerance {
                break Status::Converged;
            }
            if steps == self.limits.steps {
                break Status::StepLimit;
            }
            let (value_y, gradient) = objective.value_and_grad(&y);
            if !finite(value_y, norm(&gradient)) {
                break Status::NotFinite;
            }
            // x⁺, f(x⁺) and x⁺ − y with a step size that the quadratic model allows.
            let found = loop {
                let s = Tensor::from(rate);
                let next = prox(&(add_scaled(&y, -rate, &gradient), s));
                let difference = add_scaled(&next, -1.0, &y);
                let square = dot(&difference, &difference);
                let there = objective.value(&next);
                let model = value_y + dot(&gradient, &difference) + 0.5 * square / rate;
                if there <= model + 8.0 * f64::EPSILON * value_y.abs() {
                    break Some((next, there, difference, square));
                }
                rate *= 0.5;
                if rate < f64::MIN_POSITIVE {
                    break None;
                }
            };
            let Some((next, there, difference, square)) = found else { break Status::NoProgress };
            mapping = square.sqrt() / rate;
            let step = add_scaled(&next, -1.0, &x);
            if self.accelerated {
                let uphill = self.restart && dot(&difference, &step) < 0.0;
                if uphill {
                    t = 1.0;
                }
                let after = 0.5 * (1.0 + (1.0 + 4.0 * t * t).sqrt());
                let momentum = if uphill { 0.0 } else { (t - 1.0) / after };
                y = add_scaled(&next, momentum, &step);
                t = after;
            } else {
                y = copy(&next);
            }
            value = total(there, &next);
            x = next;
            steps += 1;
            history.push(value);
        };
        let evaluations = objective.evaluations();
        Outcome { model: x, value, gradient_norm: mapping, steps, evaluations, status, history }
    }
}
