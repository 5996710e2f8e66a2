//! Operations without a rule say which, for what transformation, and where they were made.

mod support;

use support::{assert_says, message_of};
use tensor::{
    Tensor, custom_jvp, custom_vjp, grad, hvp, jit, jvp, linearize, vjp, vmap, while_loop,
};

/// A line of this file, as messages write it.
fn here(line: u32) -> String {
    format!("rules_that_do_not_exist.rs:{line}")
}

#[test]
fn reverse_mode_through_while() {
    let f = |x: &Tensor| while_loop(|x: &Tensor| x.lt(100.0), |x: &Tensor| x * 2.0, x);
    let (message, line) = (message_of(|| grad(f)(&Tensor::from(3.0))), line!());
    assert_says(&message, &["transpose", "`while` made at", "scan", &here(line - 1)]);
    assert_says(&message, &["under `grad` called at", &here(line)]);
    // Other transformations around it do not hide whose rule is missing.
    let xs = Tensor::from([3.0]);
    let mapped = jit(|xs: &Tensor| vmap(|x: &Tensor| grad(f)(x))(xs));
    assert_says(&message_of(|| mapped(&xs)), &["transpose", "`while`", "under `grad` called at"]);
    let message = message_of(|| vjp(f)(&Tensor::from(3.0)));
    assert_says(&message, &["transpose", "`while`", "under `vjp` called at", &here(line!() - 1)]);
    // Forward mode has one: 3·2⁶ = 192.
    assert_eq!(jvp(f)(&Tensor::from(3.0), &Tensor::from(1.0)).1.item(), 64.0);
}

#[test]
fn forward_mode_through_a_rule_for_reverse_mode() {
    let line = line!() + 1;
    let square = custom_vjp(
        |x: &Tensor| x * x,
        |x: &Tensor| (x * x, x.clone()),
        |x: &Tensor, ct: &Tensor| x * ct * 2.0,
    );
    let x = Tensor::from(3.0);
    assert_eq!(grad(&square)(&x).item(), 6.0);
    let message = message_of(|| jvp(&square)(&x, &x));
    assert_says(&message, &["under `jvp` called at", &here(line!() - 1)]);
    assert_says(&message, &["no forward mode", "custom_jvp", "`custom_vjp` made at", &here(line)]);
    let (_, derivative) = linearize(&square)(&x);
    let line = line!() - 1;
    let message = message_of(|| derivative(&x));
    assert_says(&message, &["no forward mode", "under `linearize` called at", &here(line)]);
    // Forward over reverse differentiates the rule itself, which has a forward mode.
    assert_eq!(hvp(&square)(&x, &Tensor::from(1.0)).item(), 2.0);
    assert_eq!(grad(|x: &Tensor| grad(&square)(x))(&x).item(), 2.0);
}

#[test]
fn a_rule_cannot_know_what_its_function_captured() {
    let f = |w: &Tensor| {
        let scaled = custom_jvp(|x: &Tensor| x * w, |x: &Tensor, dx: &Tensor| (x * 2.0, dx * 2.0));
        scaled(&Tensor::from(1.0))
    };
    let message = message_of(|| grad(f)(&Tensor::from(2.0)));
    assert_says(&message, &["custom_jvp", "captures", "pass it as an argument"]);
}

#[test]
fn a_function_without_a_number_to_differentiate() {
    let x = Tensor::from([1.0, 2.0]);
    let message = message_of(|| grad(|x: &Tensor| x * x)(&x));
    assert_says(&message, &["grad", "one float number", "f64[2]", "jacrev"]);
    assert_says(&message, &["rules_that_do_not_exist.rs"]);
    let message = message_of(|| grad(|x: &Tensor| x.argmax(0))(&x));
    assert_says(&message, &["one float number", "i64[]"]);
}

#[test]
fn batches_of_different_sizes() {
    let f = |(x, y): &(Tensor, Tensor)| x + y;
    let pair = (Tensor::from([1.0, 2.0]), Tensor::from([1.0, 2.0, 3.0]));
    assert_says(&message_of(|| vmap(f)(&pair)), &["vmap", "`1` has 3 examples, others 2"]);
    let pair = (Tensor::from(1.0), Tensor::from([1.0]));
    assert_says(&message_of(|| vmap(f)(&pair)), &["the leaf `0` is a scalar"]);
}

#[test]
fn operands_that_do_not_fit_say_where_they_were_made() {
    let a = Tensor::zeros(&[2, 3], tensor::DType::F32);
    let b = Tensor::zeros(&[4], tensor::DType::F32);
    let message = message_of(|| &a + &b);
    assert_says(&message, &["add", "f32[2,3]", "f32[4]", "rules_that_do_not_exist.rs"]);
    let message = message_of(|| &a + b.convert(tensor::DType::F64));
    assert_says(&message, &["f32", "f64"]);
    let message = message_of(|| a.matmul(&b));
    assert_says(&message, &["dot_general", "f32[2,3]", "f32[4]"]);
    let message = message_of(|| Tensor::arange(3, tensor::DType::I64) + 0.5);
    assert_says(&message, &["0.5", "i64", "convert"]);
}
