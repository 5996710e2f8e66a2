//! Linear algebra on tensors: identities, broadcasting, derivatives.

mod support;

use std::f64::consts::TAU;
use support::{assert_close, assert_says, assert_values, check_derivatives, message_of, varied};
use tensor::{DType, Tensor, grad, hessian, vmap};

fn eye(n: usize) -> Tensor {
    Tensor::eye(n, DType::F64)
}

fn positive_definite(shape: &[usize], a: f64) -> Tensor {
    let x = varied(shape, a);
    let n = shape[shape.len() - 1];
    x.matmul(&x.t()) + eye(n)
}

#[test]
fn factors_multiply_to_the_matrix() {
    let a = positive_definite(&[2, 3, 3], 0.0);
    let l = a.cholesky();
    assert_close(&l.matmul(&l.t()), &a, 1e-13);
    assert_close(&l.triu(1), &l.zeros_like(), 0.0);
    let x = varied(&[2, 4, 3], 1.0);
    let (q, r) = x.qr();
    assert_close(&q.matmul(&r), &x, 1e-13);
    assert_close(&q.t().matmul(&q), &eye(3).broadcast_to(&[2, 3, 3]), 1e-13);
    let (u, s, vt) = x.svd();
    assert_close(&(&u * s.expand_dims(-2)).matmul(&vt), &x, 1e-13);
    let (values, vectors) = a.eigh();
    assert_close(&(&vectors * values.expand_dims(-2)).matmul(&vectors.t()), &a, 1e-12);
    assert_close(&values.sum_axes(-1), &a.trace(), 1e-13);
}

#[test]
fn systems_with_vectors_matrices_and_leading_axes() {
    let a = positive_definite(&[3, 3], 0.0);
    let b = varied(&[3], 1.0);
    assert_close(&a.matmul(&a.solve(&b)), &b, 1e-13);
    let many = varied(&[2, 3, 4], 2.0);
    assert_close(&a.matmul(&a.solve(&many)), &many, 1e-13);
    let stack = positive_definite(&[2, 3, 3], 3.0);
    assert_eq!(stack.solve(&b).shape(), [2, 3]);
    assert_close(&stack.index(0, 1).matmul(&stack.solve(&b).index(0, 1)), &b, 1e-13);
    assert_close(&a.inv().matmul(&a), &eye(3), 1e-13);
    let l = a.cholesky();
    let x = l.triangular_solve(&l.triangular_solve(&b, true, false), true, true);
    assert_close(&x, &a.solve(&b), 1e-13);
    // Least squares: the residual is orthogonal to the columns.
    let tall = varied(&[5, 2], 0.0);
    let y = varied(&[5], 1.0);
    let residual = tall.matmul(&tall.lstsq(&y)) - &y;
    assert_values(&tall.t().matmul(&residual), &[0.0, 0.0], 1e-13);
    assert_close(&tall.pinv().matmul(&y), &tall.lstsq(&y), 1e-13);
    check_derivatives(|a| a.solve(&b).square().sum(), &a);
    check_derivatives(|b| a.solve(b).sin().sum(), &b);
}

#[test]
fn determinants() {
    let a = varied(&[3, 3], 0.0);
    let (sign, log) = a.slogdet();
    assert_close(&(sign * log.exp()), &a.det(), 1e-14);
    // ∇ log|det A| = A⁻ᵀ.
    assert_close(&grad(|a: &Tensor| a.slogdet().1)(&a), &a.inv().t(), 1e-12);
    check_derivatives(|a| a.det(), &a);
    let stack = varied(&[2, 3, 3], 1.0);
    assert_close(&vmap(|a: &Tensor| a.det())(&stack), &stack.det(), 1e-14);
}

#[test]
fn powers_and_exponentials() {
    let a = varied(&[3, 3], 0.0);
    assert_close(&a.matrix_power(0), &eye(3), 0.0);
    assert_close(&a.matrix_power(1), &a, 0.0);
    assert_close(&a.matrix_power(5), &a.matmul(&a).matmul(&a).matmul(&a).matmul(&a), 1e-13);
    let b = positive_definite(&[2, 2], 0.0);
    assert_close(&b.matrix_power(-2).matmul(&b.matmul(&b)), &eye(2), 1e-12);
    assert_close(&a.expm().matmul(&(-&a).expm()), &eye(3), 1e-12);
    assert_close(&a.expm().det(), &a.trace().exp(), 1e-12);
    check_derivatives(|a| a.expm().square().sum(), &a);
    check_derivatives(|a| a.matrix_power(3).sum(), &a);
}

#[test]
fn the_normal_density() {
    let covariance = positive_definite(&[2, 2], 0.0);
    let mean = Tensor::from([0.5, -1.0]);
    let x = varied(&[3, 2], 1.0);
    let d = &x - &mean;
    let quadratic = (&d * d.matmul(&covariance.inv())).sum_axes(1);
    let expected = (quadratic + covariance.det().log() + 2.0 * TAU.ln()) * -0.5;
    let density = |x: &Tensor| x.multivariate_normal_log_density(&mean, &covariance);
    assert_close(&density(&x), &expected, 1e-13);
    assert_close(&vmap(density)(&x), &expected, 1e-13);
    let stack = Tensor::stack(&[&covariance, &covariance, &eye(2)], 0);
    let each = x.multivariate_normal_log_density(&mean, &stack);
    assert_close(&each.slice_axis(0, 0, 2), &expected.slice_axis(0, 0, 2), 1e-13);
    // The Hessian in x is −Σ⁻¹; the score in the mean is Σ⁻¹(x − μ).
    let h = hessian(density)(&x.index(0, 0));
    assert_close(&h, &-covariance.inv(), 1e-12);
    let score = grad(|m: &Tensor| x.multivariate_normal_log_density(m, &covariance).sum())(&mean);
    assert_close(&score, &covariance.solve(&(&x - &mean).sum_axes(0)), 1e-12);
    check_derivatives(|c| x.multivariate_normal_log_density(&mean, c).sum(), &covariance);
    assert!(
        x.multivariate_normal_log_density(&mean, &-eye(2)).is_nan().all().value().to_vec::<bool>()
            [0]
    );
    let message = message_of(|| x.multivariate_normal_log_density(&mean, &eye(3)));
    assert_says(&message, &["f64[3,2]", "f64[3,3]"]);
}

#[test]
fn messages_name_the_operation_and_the_type() {
    let x = varied(&[2, 3], 0.0);
    assert_says(&message_of(|| x.cholesky()), &["cholesky", "square", "f64[2,3]"]);
    assert_says(&message_of(|| x.inv()), &["inv", "square"]);
    assert_says(&message_of(|| x.index(0, 0).qr()), &["qr", "f64[3]"]);
    let message = message_of(|| varied(&[2, 3, 3], 0.0).solve(&varied(&[4, 3, 1], 0.0)));
    assert_says(&message, &["solve", "leading axes", "f64[2,3,3]", "f64[4,3,1]"]);
}
