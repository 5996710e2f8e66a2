//! What BFGS and L-BFGS share: descent along a metric that is learnt from gradients.

use crate::line_search::StrongWolfe;
use crate::objective::{Limits, Objective, Outcome, Status, finite};
use crate::vector::{add_scaled, copy, dot, norm};
use tensor::{Tensor, Tree};

/// An approximation `H` of the inverse Hessian.
pub(super) trait Metric<M> {
    /// `−H g`.
    fn direction(&self, gradient: &M) -> M;
    /// Takes in that the gradient changed by `y` over the step `s`, where `yᵀs > 0`.
    fn learn(&mut self, s: M, y: M);
    /// Back to the identity.
    fn forget(&mut self);
    /// Whether this is the identity.
    fn is_empty(&self) -> bool;
}

/// Descends along `−H ∇f` with steps that satisfy the strong Wolfe conditions.
pub(super) fn minimise<M: Tree>(
    f: &dyn Fn(&M) -> Tensor,
    start: &M,
    metric: &mut dyn Metric<M>,
    limits: Limits,
) -> Outcome<M> {
    let objective = Objective::new(f);
    let mut x = copy(start);
    let (mut value, mut gradient) = objective.value_and_grad(&x);
    let mut size = norm(&gradient);
    let mut history = vec![value];
    let mut steps = 0;
    let status = loop {
        if !finite(value, size) {
            break Status::NotFinite;
        }
        if size <= limits.tolerance {
            break Status::Converged;
        }
        if steps == limits.steps {
            break Status::StepLimit;
        }
        let direction = metric.direction(&gradient);
        // The identity knows no scale: the first step has length 1 at most.
        let initial = if metric.is_empty() { size.recip().min(1.0) } else { 1.0 };
        let mut last: Option<(f64, M, M)> = None;
        let step = StrongWolfe::new().initial(initial).search(
            |length| {
                let there = add_scaled(&x, length, &direction);
                let (value, gradient) = objective.value_and_grad(&there);
                let slope = dot(&gradient, &direction);
                last = Some((length, there, gradient));
                (value, slope)
            },
            value,
            dot(&gradient, &direction),
        );
        let Ok(step) = step else {
            if metric.is_empty() {
                break Status::NoProgress;
            }
            metric.forget();
            continue;
        };
        let (there, gradient_there) = match last {
            Some((length, there, gradient)) if length == step.length => (there, gradient),
            _ => {
                let there = add_scaled(&x, step.length, &direction);
                let gradient = objective.value_and_grad(&there).1;
                (there, gradient)
            }
        };
        let s = add_scaled(&there, -1.0, &x);
        let y = add_scaled(&gradient_there, -1.0, &gradient);
        if dot(&y, &s) > f64::EPSILON * dot(&y, &y) {
            metric.learn(s, y);
        }
        (x, value, gradient) = (there, step.value, gradient_there);
        size = norm(&gradient);
        steps += 1;
        history.push(value);
    };
    let evaluations = objective.evaluations();
    Outcome { model: x, value, gradient_norm: size, steps, evaluations, status, history }
}
