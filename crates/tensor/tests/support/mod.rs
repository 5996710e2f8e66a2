//! What the tests share: comparison, numerical derivatives, caught panics.
#![allow(dead_code)] // each test file uses a part

use std::panic::{AssertUnwindSafe, catch_unwind};
use tensor::{Tensor, grad, hvp};

/// Shape and elements agree: absolutely below 1, relatively above; NaN equals NaN.
#[track_caller]
pub(crate) fn assert_close(x: &Tensor, y: &Tensor, tolerance: f64) {
    assert_eq!(x.shape(), y.shape());
    assert_values(x, &y.to_vec::<f64>(), tolerance);
}

/// The elements are these.
#[track_caller]
pub(crate) fn assert_values(x: &Tensor, expected: &[f64], tolerance: f64) {
    let x = x.to_vec::<f64>();
    assert_eq!(x.len(), expected.len(), "{x:?} against {expected:?}");
    for (i, (a, b)) in x.iter().zip(expected).enumerate() {
        let same = a == b || (a.is_nan() && b.is_nan());
        let near = (a - b).abs() <= tolerance * b.abs().max(1.0);
        assert!(same || near, "element {i}: {a} should be {b}; {x:?} against {expected:?}");
    }
}

/// The numbers `cos(a), cos(a + 1), …`, varied and without pattern enough for tests.
pub(crate) fn varied(shape: &[usize], a: f64) -> Tensor {
    let n: usize = shape.iter().product();
    Tensor::from_vec((0..n).map(|i| (a + 1.37 * i as f64).cos()).collect::<Vec<f64>>(), shape)
}

/// First and second derivatives of a scalar function along a fixed direction agree with central
/// differences of the value and of the gradient.
#[track_caller]
pub(crate) fn check_derivatives(f: impl Fn(&Tensor) -> Tensor, x: &Tensor) {
    let v = varied(x.shape(), 0.4);
    let step = 1e-5;
    let (forth, back) = (x + &v * step, x - &v * step);
    let along = |g: &Tensor| (g * &v).sum().item();
    let numeric = (f(&forth).item() - f(&back).item()) / (2.0 * step);
    let exact = along(&grad(&f)(x));
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-6 * a.abs().max(1.0);
    assert!(near(exact, numeric), "derivative {exact}, numerically {numeric}");
    let numeric = (along(&grad(&f)(&forth)) - along(&grad(&f)(&back))) / (2.0 * step);
    let exact = along(&hvp(&f)(x, &v));
    assert!(near(exact, numeric), "second derivative {exact}, numerically {numeric}");
}

/// The message with which `f` panics.
#[track_caller]
pub(crate) fn message_of<T>(f: impl FnOnce() -> T) -> String {
    let caught = catch_unwind(AssertUnwindSafe(f));
    let payload = caught.err().expect("it should panic");
    match payload.downcast::<String>() {
        Ok(message) => *message,
        Err(payload) => (*payload.downcast::<&str>().expect("a message")).to_string(),
    }
}

/// The message contains all of these.
#[track_caller]
pub(crate) fn assert_says(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "`{part}` is missing in: {message}");
    }
}
