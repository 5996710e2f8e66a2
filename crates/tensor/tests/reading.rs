//! When values may be read: outside transformations and inside derivatives, not where one program
//! stands for many values.

mod support;

use support::{assert_says, message_of};
use tensor::{Tensor, cond, grad, hessian, jit, jvp, scan, vmap};

/// |x|, by looking at x.
fn branching(x: &Tensor) -> Tensor {
    if x.item() < 0.0 { -x } else { x.clone() }
}

#[test]
fn derivatives_follow_the_branch_that_was_taken() {
    for (x, slope) in [(-2.0, -1.0), (3.0, 1.0)] {
        let x = Tensor::from(x);
        assert_eq!(grad(branching)(&x).item(), slope);
        assert_eq!(jvp(branching)(&x, &Tensor::from(1.0)).1.item(), slope);
        // Through two derivatives.
        assert_eq!(
            hessian(|x: &Tensor| branching(&(x * x * x)))(&x).item(),
            slope * 6.0 * x.item()
        );
    }
}

#[test]
fn newton_iterates_until_it_has_converged() {
    // √a by a loop whose length depends on the values; its derivative is 1/(2√a).
    let root = |a: &Tensor| {
        let mut x = a.clone();
        for _ in 0..100 {
            let next = (&x + a / &x) * 0.5;
            let done = (&next - &x).abs().item() < 1e-14;
            x = next;
            if done {
                break;
            }
        }
        x
    };
    let g = grad(root)(&Tensor::from(9.0)).item();
    assert!((g - 1.0 / 6.0).abs() < 1e-12, "{g}");
}

#[test]
fn values_made_inside_can_be_read_and_printed() {
    grad(|x: &Tensor| {
        let y = x.exp();
        assert_eq!(y.item(), 1.0);
        assert_eq!(x.to_vec::<f64>(), [0.0]);
        assert!(!x.is_concrete());
        assert_eq!(y.to_string(), "f64[] (traced)");
        y
    })(&Tensor::from(0.0));
}

#[test]
fn reading_under_vmap_names_vmap_and_what_to_do() {
    let message = message_of(|| vmap(branching)(&Tensor::from([1.0, -1.0])));
    assert_says(&message, &["inside `vmap`", "does not exist yet", "cond", "select", "scan"]);
    assert_says(&message, &["reading.rs"]);
    // What replaces it.
    let x = Tensor::from([1.0, -1.0]);
    let replaced = |x: &Tensor| cond(&x.lt(0.0), |x: &Tensor| -x, |x: &Tensor| x.clone(), x);
    assert_eq!(vmap(replaced)(&x).to_vec::<f64>(), [1.0, 1.0]);
}

#[test]
fn reading_under_jit_and_scan_names_them() {
    let compiled = jit(branching);
    assert_says(&message_of(|| compiled(&Tensor::from(1.0))), &["inside `jit`", "does not exist"]);
    let body = |s: &Tensor, x: &Tensor| (branching(&(s + x)), ());
    let message = message_of(|| scan(body, &Tensor::from(0.0), &Tensor::from([1.0])));
    assert_says(&message, &["inside `scan`"]);
}

#[test]
fn reading_inside_a_derivative_inside_vmap_names_vmap() {
    let message = message_of(|| vmap(|x: &Tensor| grad(branching)(x))(&Tensor::from([1.0])));
    assert_says(&message, &["inside `vmap`"]);
    // A value that does not depend on the mapped one is there.
    let scale = Tensor::from(2.0);
    let f = |x: &Tensor| {
        let g = grad(|s: &Tensor| if s.item() > 1.0 { s * s } else { s.clone() })(&scale);
        x * g
    };
    assert_eq!(vmap(f)(&Tensor::from([1.0, 3.0])).to_vec::<f64>(), [4.0, 12.0]);
}

#[test]
fn a_panic_leaves_no_scope_open() {
    let _ = message_of(|| vmap(branching)(&Tensor::from([1.0])));
    let _ = message_of(|| grad(|x: &Tensor| panic_in(x))(&Tensor::from(1.0)));
    // Operations run at once again.
    assert!((Tensor::from(1.0) + 1.0).is_concrete());
    assert_eq!(grad(branching)(&Tensor::from(1.0)).item(), 1.0);
}

fn panic_in(_: &Tensor) -> Tensor {
    panic!("in the function")
}
