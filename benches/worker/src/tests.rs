//! The rows compute what the bench's other workers compute: losses and sums that PyTorch and JAX
//! agree on.

use crate::rows::{NAMES, row};

#[track_caller]
fn checks(name: &str, expected: &[(&str, f64)]) {
    let got = row(name).expect("the row is there").job().checks;
    assert_eq!(got.len(), expected.len(), "{got:?}");
    for ((check, value), (name, expected)) in got.iter().zip(expected) {
        assert_eq!(check, name);
        // Rounding grows with Adam's first steps, which divide gradients by their own size.
        let tolerance = if *check == "loss10" { 1e-3 } else { 2e-5 };
        let close = (value - expected).abs() <= tolerance * expected.abs();
        assert!(close, "{check}: {value}, expected {expected}");
    }
}

#[test]
fn training_rows_have_the_losses_of_the_protocol() {
    checks("tiny", &[("loss0", 0.246249), ("loss10", 0.227434)]);
    checks("mlp_b32", &[("loss0", 2.302077), ("loss10", 0.068031)]);
}

#[test]
fn second_derivatives_have_the_sums_of_the_protocol() {
    checks("hvp_small", &[("check", 2.69500)]);
    checks("psgrad_small", &[("check", 645.311)]);
}

#[test]
fn sums_and_products_are_those_of_the_protocol() {
    checks("sum_ax0_1024", &[("check", 48.184)]);
    checks("sum_ax1_1024", &[("check", -12.2189)]);
    checks("sum_1e6", &[("check", -216.203)]);
}

#[test]
fn names_are_rows() {
    for name in ["gemm_f32_64", "gemm_f64_64", "softmax_1024", "tiny", "hvp_small"] {
        assert!(NAMES.contains(&name));
        let (traced, arguments) = row(name).expect("the row is there").program();
        assert!(traced.operations() > 0 && !arguments.is_empty());
    }
    assert!(row("gemm_f32_0x").is_none() && row("no_such_row").is_none());
}
