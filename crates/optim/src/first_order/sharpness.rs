//! Sharpness-aware minimisation.

use crate::clip::global_norm;
use crate::rule::scaled;
use tensor::{Tensor, Tree, value_and_grad};

/// The value at `θ` and the gradient at the worst place nearby, to first order:
/// `∇f(θ + ρ g/‖g‖)` with `g = ∇f(θ)`, which descends on `max_{‖ε‖≤ρ} f(θ + ε)`. It takes the place
/// of `value_and_grad(f)` before any rule, and costs two gradients. Where `g = 0` it is `∇f(θ)`.
///
/// Source: P. Foret, A. Kleiner, H. Mobahi, B. Neyshabur, *Sharpness-aware minimization for
/// efficiently improving generalization*, ICLR 2021, algorithm 1 with p = 2.
///
/// # Panics
/// When ρ is negative or NaN.
///
/// ```
/// use optim::sharpness_aware;
/// use tensor::Tensor;
/// // f = x²: at 1 the worst place within 0.5 is 1.5, and the gradient there is 3.
/// let (value, gradient) = sharpness_aware(|x: &Tensor| x.square().sum(), 0.5)(&Tensor::from([1.0]));
/// assert_eq!((value.item(), gradient.item()), (1.0, 3.0));
/// ```
#[track_caller]
pub fn sharpness_aware<M: Tree, F: Fn(&M) -> Tensor>(f: F, rho: f64) -> impl Fn(&M) -> (Tensor, M) {
    assert!(rho >= 0.0, "sharpness_aware: the radius is {rho}, it cannot be negative");
    move |model| {
        let (value, gradient) = value_and_grad(&f)(model);
        let norm = global_norm(&gradient);
        let length = norm.apply_where(&norm.gt(0.0), 1.0, |n| rho / n, 0.0);
        let worst = model.zip_map(&gradient, |p, g| {
            if p.dtype().is_float() { p + scaled(g, &length) } else { p.clone() }
        });
        (value, value_and_grad(&f)(&worst).1)
    }
}
