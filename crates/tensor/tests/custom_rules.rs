//! Derivative rules given by users, under every transformation.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use support::{assert_close, assert_values, varied};
use tensor::{Tensor, checkpoint, custom_jvp, custom_vjp, grad, hessian, jit, jvp, scan, vmap};

/// sin with a rule that is not its derivative, so that one sees which is used.
fn marked() -> impl Fn(&Tensor) -> Tensor {
    custom_jvp(Tensor::sin, |x: &Tensor, dx: &Tensor| (x.sin(), x.cos() * dx * 10.0))
}

#[test]
fn a_forward_rule_is_used_in_both_modes_and_differentiated() {
    let f = marked();
    let x = Tensor::from(0.5);
    let (s, c) = (0.5_f64.sin(), 0.5_f64.cos());
    assert_values(&f(&x), &[s], 0.0);
    assert_values(&grad(&f)(&x), &[10.0 * c], 1e-15);
    assert_values(&jvp(&f)(&x, &Tensor::from(2.0)).1, &[20.0 * c], 1e-15);
    assert_values(&hessian(&f)(&x), &[-10.0 * s], 1e-14);
    let xs = varied(&[3], 0.0);
    let expected = xs.cos() * 10.0;
    assert_close(&vmap(|x: &Tensor| grad(&f)(x))(&xs), &expected, 1e-14);
    assert_close(&grad(|xs: &Tensor| vmap(&f)(xs).sum())(&xs), &expected, 1e-14);
    assert_close(
        &jit(|xs: &Tensor| grad(|xs: &Tensor| vmap(&f)(xs).sum())(xs))(&xs),
        &expected,
        1e-14,
    );
    // In the body of a loop, and inside a checkpoint: f(f(x)).
    let twice =
        |x: &Tensor| scan(|s: &Tensor, _: &Tensor| (f(s), ()), x, &Tensor::from([0.0, 0.0])).0;
    let expected = 10.0 * c * 10.0 * s.cos();
    assert_values(&grad(twice)(&x), &[expected], 1e-13);
    let kept = |x: &Tensor| checkpoint(|x: &Tensor| f(&f(x)))(x);
    assert_values(&grad(kept)(&x), &[expected], 1e-13);
}

#[test]
fn a_reverse_rule_under_every_transformation() {
    let f = custom_vjp(
        |(x, y): &(Tensor, Tensor)| x * y,
        |(x, y): &(Tensor, Tensor)| (x * y, (x.clone(), y.clone())),
        |(x, y): &(Tensor, Tensor), ct: &Tensor| (y * ct * 10.0, x * ct * 100.0),
    );
    let pair = (Tensor::from(2.0), Tensor::from(3.0));
    let (dx, dy) = grad(&f)(&pair);
    assert_eq!((dx.item(), dy.item()), (30.0, 200.0));
    // One argument batched: the other one's gradient is summed over the examples.
    let xs = Tensor::from([1.0, 2.0, 4.0]);
    let total =
        |(xs, y): &(Tensor, Tensor)| vmap(|x: &Tensor| f(&(x.clone(), y.clone())))(xs).sum();
    let (dxs, dy) = grad(total)(&(xs.clone(), Tensor::from(3.0)));
    assert_values(&dxs, &[30.0; 3], 0.0);
    assert_eq!(dy.item(), 700.0);
    let each = vmap(|x: &Tensor| grad(|x: &Tensor| f(&(x.clone(), Tensor::from(3.0))))(x))(&xs);
    assert_values(&each, &[30.0; 3], 0.0);
    // Reverse over reverse differentiates the rule: d/dy (10 y) = 10.
    let mixed =
        grad(|y: &Tensor| grad(|x: &Tensor| f(&(x.clone(), y.clone())))(&Tensor::from(2.0)));
    assert_eq!(mixed(&Tensor::from(3.0)).item(), 10.0);
    let compiled = jit(|p: &(Tensor, Tensor)| grad(&f)(p));
    assert_eq!(compiled(&pair).1.item(), 200.0);
}

#[test]
fn an_implicit_derivative() {
    // √a by Newton's method in a while loop, differentiated by the implicit function theorem:
    // x² = a gives dx = da / 2x.
    let solve = |a: &Tensor| {
        let done = |(a, x): &(Tensor, Tensor)| (x * x - a).abs().gt(1e-13);
        let next = |(a, x): &(Tensor, Tensor)| (a.clone(), (x + a / x) * 0.5);
        tensor::while_loop(done, next, &(a.clone(), a.clone())).1
    };
    let root = custom_vjp(
        move |a: &Tensor| solve(a),
        move |a: &Tensor| {
            let x = solve(a);
            (x.clone(), x)
        },
        |x: &Tensor, ct: &Tensor| ct / (x * 2.0),
    );
    let xs = Tensor::from([4.0, 9.0]);
    assert_close(&vmap(&root)(&xs), &Tensor::from([2.0, 3.0]), 1e-13);
    let g = vmap(|a: &Tensor| grad(&root)(a))(&xs);
    assert_close(&g, &Tensor::from([0.25, 1.0 / 6.0]), 1e-13);
}

#[test]
fn a_rule_is_called_when_differentiated_not_when_evaluated() {
    let calls = Arc::new(AtomicUsize::new(0));
    let count = calls.clone();
    let f = custom_jvp(Tensor::exp, move |x: &Tensor, dx: &Tensor| {
        count.fetch_add(1, Ordering::Relaxed);
        (x.exp(), x.exp() * dx)
    });
    let x = Tensor::from(0.0);
    f(&x);
    assert_eq!(calls.load(Ordering::Relaxed), 0);
    grad(&f)(&x);
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}
