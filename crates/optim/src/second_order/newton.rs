//! Newton's method with conjugate gradients and a line search.

use super::conjugate_gradients::{ConjugateGradients, SolutionStatus};
use crate::line_search::Armijo;
use crate::objective::{Limits, Objective, Outcome, Status, finite};
use crate::vector::{add_scaled, copy, dot, norm, scale};
use tensor::{Tensor, Tree};

/// Newton's method: `∇²f(x) d = −∇f(x)` solved by conjugate gradients on exact Hessian-vector
/// products, as far as the residual `min(½, ‖∇f‖/‖∇f₀‖) ‖∇f‖` (so that convergence is quadratic in
/// the end), then Armijo's backtracking along `d`. Where a direction of negative curvature comes
/// up, what was reached before is taken, which descends; or the negative gradient, if nothing was.
///
/// The function is compiled at its first call, so it must not read values.
///
/// Source: R. S. Dembo, T. Steihaug, *Truncated-Newton algorithms for large-scale unconstrained
/// optimization*, Math. Programming 26 (1983); J. Nocedal, S. J. Wright, *Numerical optimization*
/// (2006), algorithm 7.1.
///
/// ```
/// use optim::{NewtonCg, Status};
/// use tensor::Tensor;
/// let f = |x: &Tensor| (x.powi(4) * 0.25 - x * Tensor::from([1.0, 8.0])).sum();
/// let outcome = NewtonCg::new().minimise(f, &Tensor::from([3.0, 3.0]));
/// assert_eq!(outcome.status, Status::Converged);
/// assert!((outcome.model - Tensor::from([1.0, 2.0])).abs().max().item() < 1e-8);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct NewtonCg {
    limits: Limits,
}

impl Default for NewtonCg {
    fn default() -> NewtonCg {
        NewtonCg::new()
    }
}

impl NewtonCg {
    /// Until `‖∇f‖ ≤ 10⁻⁸`, in at most 200 steps.
    pub fn new() -> NewtonCg {
        NewtonCg { limits: Limits { tolerance: 1e-8, steps: 200 } }
    }

    /// Until the gradient's norm is below this.
    pub fn tolerance(mut self, gradient_norm: f64) -> NewtonCg {
        self.limits.tolerance = gradient_norm;
        self
    }

    /// With at most this many steps.
    pub fn steps(mut self, steps: usize) -> NewtonCg {
        self.limits.steps = steps;
        self
    }

    /// Minimises from `start`.
    pub fn minimise<M: Tree>(&self, f: impl Fn(&M) -> Tensor, start: &M) -> Outcome<M> {
        let f: &dyn Fn(&M) -> Tensor = &f;
        let objective = Objective::new(f);
        let mut x = copy(start);
        let (mut value, mut gradient) = objective.value_and_grad(&x);
        let mut size = norm(&gradient);
        let first = size;
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
            let downhill = scale(-1.0, &gradient);
            let accuracy = (size / first).min(0.5);
            let inner = ConjugateGradients::new().tolerance(accuracy);
            let solution = inner.solve(|v: &M| objective.product(&x, v), &downhill);
            let stuck =
                solution.status == SolutionStatus::NegativeCurvature && solution.products == 1;
            let direction = if stuck { downhill } else { solution.x };
            let slope = dot(&gradient, &direction);
            let full = add_scaled(&x, 1.0, &direction);
            let (there, gradient_there) = objective.value_and_grad(&full);
            let size_there = norm(&gradient_there);
            let decreases = there <= value + 1e-4 * slope;
            // Below rounding the gradient decides.
            let noise = (there - value).abs() <= 8.0 * f64::EPSILON * value.abs();
            if decreases || noise && size_there < size {
                (x, value, gradient, size) = (full, there, gradient_there, size_there);
            } else {
                let search = Armijo::new().initial(0.5);
                let phi = |a: f64| objective.value(&add_scaled(&x, a, &direction));
                let Ok(step) = search.search(phi, value, slope) else { break Status::NoProgress };
                x = add_scaled(&x, step.length, &direction);
                (value, gradient) = objective.value_and_grad(&x);
                size = norm(&gradient);
            }
            steps += 1;
            history.push(value);
        };
        let evaluations = objective.evaluations();
        Outcome { model: x, value, gradient_norm: size, steps, evaluations, status, history }
    }
}
