//! Nonlinear least squares: Gauss–Newton and Levenberg–Marquardt.

use crate::objective::{Evaluations, Limits, Outcome, Status, finite};
use crate::vector::{add_scaled, copy, dot, norm, scale};
use std::cell::Cell;
use tensor::{DType, Tensor, Tree, jit, jvp, vjp};

/// Levenberg–Marquardt for `f(θ) = ½ ‖r(θ)‖²`: steps `δ` that minimise
/// `‖J δ + r‖² + λ ‖δ‖²`, with the exact Jacobian `J = ∂r/∂θ` known by its products. λ falls
/// where the actual reduction agrees with the predicted one, and grows where the step must be
/// rejected. [`LevenbergMarquardt::gauss_newton`] is the method with λ = 0 and backtracking in its
/// place.
///
/// The system is solved by conjugate gradients on least squares, which does not form `JᵀJ` and so
/// does not square its condition number. The residuals are compiled at their first call, so `r`
/// must not read values.
///
/// Source: K. Levenberg (1944), D. W. Marquardt (1963); damping after K. Madsen, H. B. Nielsen,
/// O. Tingleff, *Methods for non-linear least squares problems*, 2nd ed. (2004), algorithm 3.16;
/// inner solver: Å. Björck, *Numerical methods for least squares problems* (1996), algorithm
/// 7.4.1.
///
/// ```
/// use optim::{LevenbergMarquardt, Status};
/// use tensor::Tensor;
/// // y = exp(k t) through two points.
/// let (t, y) = (Tensor::from([1.0, 2.0]), Tensor::from([2.0, 4.0]));
/// let residual = |k: &Tensor| (k * &t).exp() - &y;
/// let outcome = LevenbergMarquardt::new().minimise(residual, &Tensor::from(0.0));
/// assert_eq!(outcome.status, Status::Converged);
/// assert!((outcome.model.item() - 2.0_f64.ln()).abs() < 1e-9);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct LevenbergMarquardt {
    limits: Limits,
    damped: bool,
}

impl Default for LevenbergMarquardt {
    fn default() -> LevenbergMarquardt {
        LevenbergMarquardt::new()
    }
}

type Push<'f, M> = Box<dyn Fn(&(M, M)) -> Tensor + 'f>;
type Pull<'f, M> = Box<dyn Fn(&(M, Tensor)) -> M + 'f>;

/// The residual with its derivatives.
struct Residual<'f, M> {
    value: Box<dyn Fn(&M) -> Tensor + 'f>,
    push: Push<'f, M>,
    pull: Pull<'f, M>,
    counts: Cell<Evaluations>,
}

impl<'f, M: Tree + 'static> Residual<'f, M> {
    fn new(r: &'f dyn Fn(&M) -> Tensor) -> Residual<'f, M> {
        Residual {
            value: Box::new(jit(r)),
            push: Box::new(jit(move |(x, v): &(M, M)| jvp(r)(x, v).1)),
            pull: Box::new(jit(move |(x, u): &(M, Tensor)| vjp(r)(x).1(u))),
            counts: Cell::default(),
        }
    }

    fn count(&self, which: impl FnOnce(&mut Evaluations)) {
        let mut counts = self.counts.get();
        which(&mut counts);
        self.counts.set(counts);
    }

    /// `r`.
    fn at(&self, x: &M) -> Tensor {
        self.count(|c| c.values += 1);
        (self.value)(x)
    }

    /// `J v`.
    fn push(&self, x: &M, v: &M) -> Tensor {
        self.count(|c| c.products += 1);
        (self.push)(&(copy(x), copy(v)))
    }

    /// `Jᵀ u`.
    fn pull(&self, x: &M, u: &Tensor) -> M {
        self.count(|c| c.products += 1);
        (self.pull)(&(copy(x), u.clone()))
    }

    /// The `δ` that minimises `‖J δ + r‖² + λ ‖δ‖²`, until the gradient `g = Jᵀr` of it has fallen
    /// by a factor.
    fn step(&self, x: &M, r: &Tensor, g: &M, damping: f64, accuracy: f64) -> M {
        let mut delta = scale(0.0, g);
        let mut rest = -r;
        let mut downhill = scale(-1.0, g);
        let mut p = copy(&downhill);
        let mut square = dot(&downhill, &downhill);
        let target = accuracy * accuracy * square;
        for _ in 0..(2 * g.size()).max(2) {
            let q = self.push(x, &p);
            let curvature = dot(&q, &q) + damping * dot(&p, &p);
            if curvature <= 0.0 || curvature.is_nan() {
                break;
            }
            let length = square / curvature;
            delta = add_scaled(&delta, length, &p);
            rest = add_scaled(&rest, -length, &q);
            downhill = add_scaled(&self.pull(x, &rest), -damping, &delta);
            let next = dot(&downhill, &downhill);
            if next <= target {
                break;
            }
            p = add_scaled(&downhill, next / square, &p);
            square = next;
        }
        delta
    }
}

fn half_square(r: &Tensor) -> f64 {
    let r = r.convert(DType::F64);
    0.5 * dot(&r, &r)
}

impl LevenbergMarquardt {
    /// Until `‖Jᵀr‖ ≤ 10⁻⁸`, in at most 200 steps.
    pub fn new() -> LevenbergMarquardt {
        LevenbergMarquardt { limits: Limits { tolerance: 1e-8, steps: 200 }, damped: true }
    }

    /// Gauss–Newton: no damping, but backtracking. Needs a `J` of full rank along the way.
    pub fn gauss_newton() -> LevenbergMarquardt {
        LevenbergMarquardt { damped: false, ..LevenbergMarquardt::new() }
    }

    /// Until the gradient's norm `‖Jᵀr‖` is below this.
    pub fn tolerance(mut self, gradient_norm: f64) -> LevenbergMarquardt {
        self.limits.tolerance = gradient_norm;
        self
    }

    /// With at most this many steps, those that are rejected included.
    pub fn steps(mut self, steps: usize) -> LevenbergMarquardt {
        self.limits.steps = steps;
        self
    }

    /// Minimises half the sum of squares of the residuals from `start`.
    pub fn minimise<M: Tree + 'static>(
        &self,
        residual: impl Fn(&M) -> Tensor,
        start: &M,
    ) -> Outcome<M> {
        let residual: &dyn Fn(&M) -> Tensor = &residual;
        let residual = Residual::new(residual);
        let mut x = copy(start);
        let mut r = residual.at(&x);
        let mut value = half_square(&r);
        let mut gradient = residual.pull(&x, &r);
        let mut size = norm(&gradient);
        let first = size;
        let mut damping = 0.0;
        if self.damped && size > 0.0 {
            // A thousandth of the curvature along the gradient.
            let q = residual.push(&x, &gradient);
            damping = 1e-3 * dot(&q, &q) / (size * size);
        }
        let mut growth = 2.0;
        let mut history = vec![value];
        let mut steps = 0;
        let status = loop {
            if !finite(value, size) {
                break Status::NotFinite;
            }
            if size <= self.limits.tolerance {
                break Status::Converged;
            }
            if steps == self.limits.steps {
                break Status::StepLimit;
            }
            steps += 1;
            let accuracy = (size / first).clamp(1e-12, 1e-2);
            let mut delta = residual.step(&x, &r, &gradient, damping, accuracy);
            let promised = 0.5 * (damping * dot(&delta, &delta) - dot(&delta, &gradient));
            let slope = dot(&delta, &gradient);
            let tried = loop {
                if norm(&delta) <= f64::EPSILON * norm(&x) || norm(&delta) < f64::MIN_POSITIVE {
                    break None;
                }
                let there = add_scaled(&x, 1.0, &delta);
                let r_there = residual.at(&there);
                let value_there = half_square(&r_there);
                let noise = (value_there - value).abs() <= 8.0 * f64::EPSILON * value;
                let enough =
                    value_there < value && (self.damped || value_there <= value + 1e-4 * slope);
                if self.damped || enough || noise {
                    break Some((there, r_there, value_there, noise));
                }
                delta = scale(0.5, &delta);
            };
            let Some((there, r_there, value_there, noise)) = tried else {
                break Status::NoProgress;
            };
            // Below rounding the gradient decides.
            let gain = if noise { 1.0 } else { (value - value_there) / promised };
            let accepted = gain > 0.0 || !self.damped;
            if accepted {
                let gradient_there = residual.pull(&there, &r_there);
                let size_there = norm(&gradient_there);
                if noise && (size_there >= size || size_there.is_nan()) {
                    break Status::NoProgress;
                }
                (x, r, value, gradient, size) =
                    (there, r_there, value_there, gradient_there, size_there);
                damping *= (1.0 - (2.0 * gain - 1.0).powi(3)).clamp(1.0 / 3.0, 2.0);
                growth = 2.0;
            } else {
                damping *= growth;
                growth *= 2.0;
            }
            history.push(value);
        };
        let evaluations = residual.counts.get();
        Outcome { model: x, value, gradient_norm: size, steps, evaluations, status, history }
    }
}
