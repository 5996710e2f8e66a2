//! Each transformation has placeholders of its own: what a function captures is constant to it.

mod support;

use support::{assert_says, assert_values, message_of};
use tensor::{Tensor, grad, hessian, jacfwd, jacrev, jit, jvp, scan, vjp, vmap};

fn at(x: f64) -> Tensor {
    Tensor::from(x)
}

#[test]
fn a_captured_value_is_constant_whatever_it_was_made_from() {
    // z is 2x, but d/dx (x·z) is z, 6 at 3: not 12.
    let x = at(3.0);
    let z = 2.0 * &x;
    assert_eq!(grad(|x: &Tensor| x * &z)(&x).item(), 6.0);
    let (_, dy) = jvp(|x: &Tensor| x * &z)(&x, &at(1.0));
    assert_eq!(dy.item(), 6.0);
    // The same handle inside and outside: x captured is not the argument x.
    assert_eq!(grad(|y: &Tensor| y * &x)(&x).item(), 3.0);
}

#[test]
fn nested_derivatives_are_not_confused() {
    // d/dx x·(d/dy (x + y) at 1) = 1; a system with one tag for all derivatives says 2.
    let f = |x: &Tensor| x * grad(|y: &Tensor| x + y)(&at(1.0));
    assert_eq!(grad(f)(&at(1.0)).item(), 1.0);
    let f = |x: &Tensor| x * jvp(|y: &Tensor| x + y)(&at(1.0), &at(1.0)).1;
    assert_eq!(jvp(f)(&at(1.0), &at(1.0)).1.item(), 1.0);
    // Mixed modes, and the inner function really depending on the outer variable:
    // d/dx x·(d/dy x²y³ at y = 2) = d/dx 12x³ = 36x².
    let inner = |x: &Tensor| grad(|y: &Tensor| x * x * y.powi(3))(&at(2.0));
    let (_, dy) = jvp(|x: &Tensor| x * inner(x))(&at(5.0), &at(1.0));
    assert_eq!(dy.item(), 900.0);
    assert_eq!(grad(|x: &Tensor| x * inner(x))(&at(5.0)).item(), 900.0);
}

#[test]
fn inner_functions_see_the_outer_argument_at_any_depth() {
    // ∂³/∂x∂y∂z of x²y³z⁴, each by a nested gradient of a closure.
    let f = |x: &Tensor| {
        grad(|y: &Tensor| grad(|z: &Tensor| x.powi(2) * y.powi(3) * z.powi(4))(&at(1.5)))(&at(0.5))
    };
    let expected = 2.0 * 3.0 * 4.0 * 2.0 * 0.25 * 1.5_f64.powi(3);
    assert_values(&grad(f)(&at(2.0)), &[expected], 1e-14);
}

#[test]
fn an_inner_transformation_of_what_the_outer_one_captured_is_constant() {
    let w = Tensor::from([1.0, 2.0, 3.0]);
    // The inner gradient is with respect to another point, so the outer one sees a constant.
    let f = |x: &Tensor| (x * grad(|v: &Tensor| (v * v).sum())(&w)).sum();
    assert_values(&grad(f)(&Tensor::from([1.0, 1.0, 1.0])), &[2.0, 4.0, 6.0], 0.0);
    assert_values(&hessian(f)(&w), &[0.0; 9], 0.0);
}

#[test]
fn captures_pass_through_vmap_scan_and_jit() {
    // d/dw Σᵢ (w xᵢ)² with w captured by the mapped function: 2w Σ xᵢ².
    let xs = Tensor::from([1.0, 2.0, 3.0]);
    let f = |w: &Tensor| vmap(|x: &Tensor| (w * x).square())(&xs).sum();
    assert_eq!(grad(f)(&at(0.5)).item(), 14.0);
    // By the body of a scan.
    let f = |w: &Tensor| scan(|s: &Tensor, x: &Tensor| (s + w * x, ()), &at(0.0), &xs).0.square();
    assert_eq!(grad(f)(&at(0.5)).item(), 36.0);
    // By a jitted function, which then is simply called.
    let f = |w: &Tensor| jit(|x: &Tensor| (w * x).square().sum())(&xs);
    assert_eq!(grad(f)(&at(0.5)).item(), 14.0);
    assert_values(&vmap(f)(&Tensor::from([1.0, 2.0])), &[14.0, 56.0], 0.0);
}

#[test]
fn a_placeholder_that_escapes_is_an_error_that_says_so() {
    let mut escaped: Option<Tensor> = None;
    let _ = grad(|x: &Tensor| {
        escaped = Some(x * 2.0);
        x * x
    })(&at(3.0));
    let escaped = escaped.expect("the function ran");
    let message = message_of(|| &escaped + 1.0);
    assert_says(&message, &["add", "placeholder of `grad`", "escaped", "scoping.rs", "return it"]);

    let mut escaped: Option<Tensor> = None;
    let _ = vmap(|x: &Tensor| {
        escaped = Some(x.clone());
        x.clone()
    })(&Tensor::from([1.0]));
    let escaped = escaped.expect("the function ran");
    assert_says(
        &message_of(|| escaped.sin()),
        &["sin", "placeholder of `vmap` (called at", "escaped"],
    );
    assert_says(&message_of(|| escaped.item()), &["vmap"]);
}

#[test]
fn a_pullback_outlives_its_scope_and_carries_derivatives() {
    let (_, pull_back) = vjp(|x: &Tensor| x.powi(3))(&at(2.0));
    assert_eq!(pull_back(&at(1.0)).item(), 12.0);
    assert_eq!(pull_back(&at(0.5)).item(), 6.0);
    // Linear in the cotangent: its gradient with respect to that is the derivative itself.
    assert_eq!(grad(|ct: &Tensor| pull_back(ct))(&at(1.0)).item(), 12.0);
    // Made inside another derivative: d/dx of x·f′(x) with f = x³.
    let f = |x: &Tensor| x * vjp(|y: &Tensor| y.powi(3))(x).1(&at(1.0));
    assert_eq!(grad(f)(&at(2.0)).item(), 9.0 * 4.0);
}

#[test]
fn jacobians_of_closures() {
    let a = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    let x = Tensor::from([0.5, -1.0]);
    let f = |x: &Tensor| a.matmul(x) * x;
    // diag(Ax) + diag(x) A.
    let expected = [-1.5 + 0.5, 1.0, -3.0, -2.5 - 4.0];
    assert_values(&jacfwd(f)(&x), &expected, 1e-15);
    assert_values(&jacrev(f)(&x), &expected, 1e-15);
}
