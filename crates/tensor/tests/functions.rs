//! Functions at their delicate points, and their derivatives elsewhere.

mod support;

use std::f64::consts::{LN_2, PI};
use support::{assert_close, assert_says, assert_values, check_derivatives, message_of, varied};
use tensor::functions::meshgrid;
use tensor::{DType, Tensor, grad, hessian, hvp, jacfwd, jvp, vmap};

const INF: f64 = f64::INFINITY;

/// Second derivative of a function of one number.
fn second(f: impl Fn(&Tensor) -> Tensor, x: f64) -> f64 {
    hessian(f)(&Tensor::from(x)).item()
}

fn first(f: impl Fn(&Tensor) -> Tensor, x: f64) -> f64 {
    grad(f)(&Tensor::from(x)).item()
}

#[test]
fn logsumexp_of_large_equal_and_infinite_elements() {
    let f = |x: &Tensor| x.logsumexp(0);
    let big = Tensor::from([1000.0, 1000.0, -1000.0]);
    assert_values(&f(&big), &[1000.0 + LN_2], 1e-15);
    assert_values(&grad(f)(&big), &[0.5, 0.5, 0.0], 0.0);
    assert_values(&hessian(f)(&big), &[0.25, -0.25, 0.0, -0.25, 0.25, 0.0, 0.0, 0.0, 0.0], 0.0);
    // One −∞: probability zero, with derivatives zero.
    let one = Tensor::from([0.0, -INF]);
    assert_values(&f(&one), &[0.0], 0.0);
    assert_values(&grad(f)(&one), &[1.0, 0.0], 0.0);
    assert_values(&hessian(f)(&one), &[0.0; 4], 0.0);
    // Nothing but −∞, and nothing at all.
    let none = Tensor::from([-INF, -INF]);
    assert_values(&f(&none), &[-INF], 0.0);
    assert_values(&grad(f)(&none), &[0.0, 0.0], 0.0);
    assert_values(&hessian(f)(&none), &[0.0; 4], 0.0);
    assert_values(&Tensor::zeros(&[2, 0], DType::F64).logsumexp(1), &[-INF, -INF], 0.0);
    assert_values(&f(&Tensor::from([INF, 0.0])), &[INF], 0.0);
    assert_values(&f(&Tensor::from([f64::NAN, 0.0])), &[f64::NAN], 0.0);
}

#[test]
fn softmax_is_the_gradient_of_logsumexp() {
    for x in [varied(&[4], 0.3), Tensor::from([-INF, 2.0, 2.0, -1e3]), Tensor::from([-INF; 4])] {
        assert_close(&grad(|x: &Tensor| x.logsumexp(0))(&x), &x.softmax(0), 1e-15);
    }
    let x = varied(&[2, 3, 4], 0.1);
    assert_close(&x.softmax([0, 2]).sum_axes([0, 2]), &Tensor::from([1.0; 3]), 1e-15);
    assert_close(&x.log_softmax(1).exp(), &x.softmax(1), 1e-15);
    let weights = varied(&[2, 3, 4], 2.0);
    check_derivatives(|x| (x.softmax(-1) * &weights).sum(), &x);
    check_derivatives(|x| (x.log_softmax([0, 1]) * &weights).sum(), &x);
    check_derivatives(|x| (x.logsumexp([0, 2]) * Tensor::from([1.0, -2.0, 0.5])).sum(), &x);
}

#[test]
fn log_softmax_of_impossible_rows() {
    let x = Tensor::from([[0.0, -INF], [-INF, -INF]]);
    assert_values(&x.log_softmax(1), &[0.0, -INF, -INF, -INF], 0.0);
    assert_values(&x.softmax(1), &[1.0, 0.0, 0.0, 0.0], 0.0);
    let g = grad(|x: &Tensor| x.softmax(1).square().sum())(&x);
    assert_values(&g, &[0.0; 4], 0.0);
}

#[test]
fn softplus_far_out_and_at_zero() {
    let f = |x: &Tensor| x.softplus();
    let logistic = |x: f64| 1.0 / (1.0 + (-x).exp());
    for x in [-1000.0, -40.0, -1.0, 0.0, 1e-9, 1.0, 40.0, 1000.0] {
        let s = logistic(x);
        let value = if x > 0.0 { x + (-x).exp().ln_1p() } else { x.exp().ln_1p() };
        assert_values(&f(&Tensor::from(x)), &[value], 1e-15);
        assert!((first(f, x) - s).abs() <= 1e-15 * s, "at {x}: {}", first(f, x));
        assert!((second(f, x) - s * logistic(-x)).abs() <= 1e-15, "at {x}: {}", second(f, x));
    }
    // The left tail keeps its relative accuracy.
    assert!((f(&Tensor::from(-50.0)).item() / (-50.0_f64).exp() - 1.0).abs() < 1e-14);
    // Third derivative at 0 is 0, fourth −1/8.
    let third = |x: &Tensor| grad(|x: &Tensor| hvp(f)(x, &Tensor::from(1.0)))(x);
    assert_values(&third(&Tensor::from(0.0)), &[0.0], 1e-15);
    assert_values(&grad(third)(&Tensor::from(0.0)), &[-0.125], 1e-15);
    assert_values(&Tensor::from([-1000.0, 1000.0]).log_sigmoid(), &[-1000.0, 0.0], 0.0);
}

#[test]
fn logaddexp_of_ties_and_infinities() {
    let f = |(x, y): &(Tensor, Tensor)| x.logaddexp(y);
    let at = |x: f64, y: f64| {
        let p = (Tensor::from(x), Tensor::from(y));
        let g = grad(f)(&p);
        (f(&p).item(), g.0.item(), g.1.item())
    };
    assert_eq!(at(3.0, 3.0), (3.0 + LN_2, 0.5, 0.5));
    assert_eq!(at(-INF, 1.0), (1.0, 0.0, 1.0));
    assert_eq!(at(-INF, -INF), (-INF, 0.0, 0.0));
    assert_eq!(at(-1e4, 1e4), (1e4, 0.0, 1.0));
    assert_eq!(f(&(Tensor::from(INF), Tensor::from(0.0))).item(), INF);
    assert!(f(&(Tensor::from(f64::NAN), Tensor::from(0.0))).item().is_nan());
    let h = tensor::hessian_matrix(f)(&(Tensor::from(2.0), Tensor::from(2.0)));
    assert_values(&h, &[0.25, -0.25, -0.25, 0.25], 1e-15);
}

#[test]
fn activations_and_their_derivatives() {
    type Function = fn(&Tensor) -> Tensor;
    let smooth: [Function; 7] = [
        Tensor::gelu,
        Tensor::gelu_tanh,
        Tensor::silu,
        |x| x.elu(1.5),
        |x| x.leaky_relu(0.1),
        Tensor::softsign,
        Tensor::hard_tanh,
    ];
    let x = Tensor::from([-3.1, -0.7, 0.2, 0.9, 2.5]);
    for f in smooth {
        check_derivatives(|x| (f(x) * varied(&[5], 1.0)).sum(), &x);
    }
    // At their kinks: the left branch.
    assert_eq!(first(|x| x.elu(2.0), 0.0), 2.0);
    assert_eq!(first(|x| x.leaky_relu(0.1), 0.0), 0.1);
    assert_eq!(first(Tensor::softsign, 0.0), 1.0);
    assert_eq!(first(Tensor::hard_tanh, 1.0), 1.0);
    assert_eq!(first(Tensor::hard_tanh, 1.5), 0.0);
    assert_eq!(first(Tensor::relu, 0.0), 0.0);
    // The branch not taken overflows and must not be seen.
    assert_eq!(first(|x| x.elu(1.0), 1e4), 1.0);
    assert_eq!(second(|x| x.elu(1.0), 1e4), 0.0);
    // x Φ(x) far to the left, where 1 + erf is 0 in f64: Φ(−10) = 7.61985302416047e-24.
    assert!((Tensor::from(-10.0).gelu().item() / -7.61985302416047e-23 - 1.0).abs() < 1e-12);
    // Hendrycks and Gimpel's fit is good to 5e-4.
    let x = Tensor::linspace(-6.0, 6.0, 241, DType::F64);
    let error = (x.gelu() - x.gelu_tanh()).abs().max().item();
    assert!(error < 5e-4 && error > 1e-4, "{error}");
}

#[test]
fn logarithms_times_zero() {
    let entropy = |p: &Tensor| p.entropy(0);
    let p = Tensor::from([0.25, 0.0, 0.75]);
    assert_values(&entropy(&p), &[-(0.25_f64 * 0.25_f64.ln() + 0.75 * 0.75_f64.ln())], 1e-15);
    let g = -1.0 - 0.25_f64.ln();
    assert_values(&grad(entropy)(&p), &[g, 0.0, -1.0 - 0.75_f64.ln()], 1e-15);
    let h = hvp(entropy)(&p, &Tensor::from([1.0, 1.0, 1.0]));
    assert_values(&h, &[-4.0, 0.0, -4.0 / 3.0], 1e-15);

    let f = |(x, y): &(Tensor, Tensor)| x.xlogy(y);
    let at = |x: f64, y: f64| {
        let p = (Tensor::from(x), Tensor::from(y));
        let g = grad(f)(&p);
        (f(&p).item(), g.0.item(), g.1.item())
    };
    assert_eq!(at(0.0, 0.0), (0.0, 0.0, 0.0));
    assert_eq!(at(0.0, INF), (0.0, 0.0, 0.0));
    assert_eq!(at(0.0, 2.0), (0.0, LN_2, 0.0));
    assert_eq!(at(3.0, 1.0), (0.0, 0.0, 3.0));
    assert_eq!(at(2.0, 0.0).0, -INF);
    let h = tensor::hessian_matrix(f)(&(Tensor::from(0.0), Tensor::from(2.0)));
    assert_values(&h, &[0.0, 0.5, 0.5, 0.0], 0.0);
}

#[test]
fn norm_at_zero_and_at_extremes() {
    let f = |x: &Tensor| x.norm();
    let zero = Tensor::from([0.0, 0.0]);
    assert_values(&f(&zero), &[0.0], 0.0);
    assert_values(&grad(f)(&zero), &[0.0, 0.0], 0.0);
    assert_values(&hessian(f)(&zero), &[0.0; 4], 0.0);
    // Forward mode, too.
    let (_, dy) = jvp(f)(&zero, &Tensor::from([1.0, 2.0]));
    assert_values(&dy, &[0.0], 0.0);
    for scale in [1e-200, 1.0, 1e200] {
        let x = Tensor::from([3.0 * scale, 4.0 * scale]);
        assert!((f(&x).item() / (5.0 * scale) - 1.0).abs() < 1e-15);
        assert_values(&grad(f)(&x), &[0.6, 0.8], 1e-15);
    }
    // (I − x̂x̂ᵀ)/‖x‖.
    let h = hessian(f)(&Tensor::from([3.0, 4.0]));
    assert_values(&h, &[0.128, -0.096, -0.096, 0.072], 1e-15);
    check_derivatives(
        |x| (x.norm_axes(1) * Tensor::from([1.0, -2.0])).sum(),
        &varied(&[2, 3], 1.0),
    );
    // In a batch with a zero row, only that row is special.
    let x = Tensor::from([[0.0, 0.0], [3.0, 4.0]]);
    let g = grad(|x: &Tensor| x.norm_axes(1).sum())(&x);
    assert_values(&g, &[0.0, 0.0, 0.6, 0.8], 1e-15);
    assert_values(&Tensor::zeros(&[2, 0], DType::F64).norm_axes(1), &[0.0, 0.0], 0.0);
}

#[test]
fn what_divides_by_norms() {
    let x = Tensor::from([[0.0, 0.0], [3.0, 4.0]]);
    let g = jacfwd(|x: &Tensor| x.normalise(1).index(0, 0))(&x);
    assert_values(&g, &[0.0; 8], 0.0);
    check_derivatives(|x| (x.normalise(1) * varied(&[2, 3], 0.0)).sum(), &varied(&[2, 3], 1.0));
    assert_values(&x.clip_by_norm(1, 2.5), &[0.0, 0.0, 1.5, 2.0], 1e-15);
    // Short vectors pass, with derivative one, also at zero.
    let g = jacfwd(|x: &Tensor| x.clip_by_norm(0, 1.0))(&Tensor::from([0.0, 0.0]));
    assert_values(&g, &[1.0, 0.0, 0.0, 1.0], 0.0);
    check_derivatives(|x| (x.clip_by_norm(0, 0.5) * varied(&[3], 0.0)).sum(), &varied(&[3], 1.0));
    assert_values(&varied(&[2], 1.0).clip_by_norm(0, 0.0), &[0.0, 0.0], 0.0);
    assert_values(&grad(|x: &Tensor| x.l1_norm(0))(&Tensor::from([-2.0, 0.0])), &[-1.0, 0.0], 0.0);
}

#[test]
fn moments() {
    let x = varied(&[2, 5], 0.7);
    let naive = |row: usize, ddof: f64| {
        let v: Vec<f64> = x.index(0, row as isize).to_vec();
        let mean = v.iter().sum::<f64>() / 5.0;
        v.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (5.0 - ddof)
    };
    assert_values(&x.variance(1, 0), &[naive(0, 0.0), naive(1, 0.0)], 1e-14);
    assert_values(&x.variance(1, 1), &[naive(0, 1.0), naive(1, 1.0)], 1e-14);
    assert_close(&x.std(1, 1).square(), &x.variance(1, 1), 1e-14);
    check_derivatives(|x| x.std(1, 1).sum(), &x);
    check_derivatives(|x| (x.layer_norm(1, 1e-3) * varied(&[2, 5], 3.0)).sum(), &x);
    let y = x.layer_norm([0, 1], 0.0);
    assert_values(&y.mean(), &[0.0], 1e-15);
    assert_values(&y.square().mean(), &[1.0], 1e-14);
    assert!(Tensor::from([1.0]).variance(0, 1).item().is_nan());
    let constant = Tensor::from([2.0, 2.0]);
    assert_values(&hessian(|x: &Tensor| x.std(0, 0))(&constant), &[0.0; 4], 0.0);
}

#[test]
fn a_branch_that_is_not_taken_is_not_seen() {
    // 1/x with 0 elsewhere: the naive select has derivative 0·∞.
    let safe = |x: &Tensor| x.apply_where(&x.ne(0.0), 1.0, Tensor::recip, 0.0).sum();
    let naive = |x: &Tensor| x.ne(0.0).select(&x.recip(), &x.full_like(0.0)).sum();
    let x = Tensor::from([0.0, 2.0]);
    assert_values(&grad(safe)(&x), &[0.0, -0.25], 0.0);
    assert_values(&hvp(safe)(&x, &x.ones_like()), &[0.0, 0.25], 0.0);
    assert!(grad(naive)(&x).to_vec::<f64>()[0].is_nan());
}

#[test]
fn ties_share_and_relu_does_not() {
    let max = |x: &Tensor| x.max();
    assert_values(&grad(max)(&Tensor::from([2.0, 1.0, 2.0])), &[0.5, 0.0, 0.5], 0.0);
    let g = grad(|(x, y): &(Tensor, Tensor)| x.maximum(y))(&(Tensor::from(1.0), Tensor::from(1.0)));
    assert_eq!((g.0.item(), g.1.item()), (0.5, 0.5));
    assert_eq!(second(Tensor::relu, 0.0), 0.0);
}

#[test]
fn polynomials() {
    let x = Tensor::from([-1.0, 0.5]);
    let c = Tensor::from([1.0, -2.0, 0.0, 4.0]);
    assert_values(&x.polynomial(&c), &[-1.0, 0.5], 0.0);
    check_derivatives(|x| x.polynomial(&c).sum(), &x);
    // A polynomial per element.
    let c = Tensor::from([[1.0, 0.0], [0.0, 3.0]]);
    assert_values(&x.polynomial(&c), &[1.0, 1.5], 0.0);
    assert_values(&x.polynomial(&Tensor::zeros(&[0], DType::F64)), &[0.0, 0.0], 0.0);
    assert_eq!(Tensor::from(2.0).polynomial(&c).shape(), [2]);
}

#[test]
fn diagonals_and_triangles() {
    let (m, n) = (3, 4);
    let x = varied(&[2, m, n], 0.0);
    let at = |b: usize, i: usize, j: usize| x.to_vec::<f64>()[(b * m + i) * n + j];
    for offset in -4..=5_isize {
        let expected: Vec<f64> = (0..2)
            .flat_map(|b| (0..m).map(move |i| (b, i)))
            .filter_map(|(b, i)| {
                let j = i as isize + offset;
                (0..n as isize).contains(&j).then(|| at(b, i, j as usize))
            })
            .collect();
        assert_values(&x.diagonal(offset), &expected, 0.0);
        let (mut lower, mut upper) = (vec![], vec![]);
        for b in 0..2 {
            for i in 0..m {
                for j in 0..n {
                    let (row, column) = (i as isize, j as isize);
                    lower.push(if column <= row + offset { at(b, i, j) } else { 0.0 });
                    upper.push(if column >= row + offset { at(b, i, j) } else { 0.0 });
                }
            }
        }
        assert_values(&x.tril(offset), &lower, 0.0);
        assert_values(&x.triu(offset), &upper, 0.0);
    }
    let d = varied(&[2, 3], 1.0);
    assert_close(&d.diag().diagonal(0), &d, 0.0);
    assert_values(&d.diag().sum_axes([1, 2]), &d.sum_axes(1).to_vec::<f64>(), 1e-15);
    assert_eq!(Tensor::zeros(&[0], DType::F64).diag().shape(), [0, 0]);
    // Adjoint: ⟨diag d, x⟩ = ⟨d, diagonal x⟩.
    let x = varied(&[2, 3, 3], 2.0);
    assert_close(&d.diag().vdot(&x), &d.vdot(&x.diagonal(0)), 1e-14);
    check_derivatives(|x| x.diagonal(1).square().sum() + x.tril(-1).exp().sum(), &x);
    check_derivatives(|d| d.diag().sin().sum(), &d);
    // What lies outside the triangle does not count, not even as NaN.
    let nan = Tensor::from([[1.0, f64::NAN], [2.0, 3.0]]);
    assert_values(&nan.tril(0), &[1.0, 0.0, 2.0, 3.0], 0.0);
    assert_says(&message_of(|| d.index(0, 0).trace()), &["two axes", "f64[3]"]);
}

#[test]
fn products_of_tensors() {
    let (a, b) = (varied(&[2, 3], 0.0), varied(&[3, 2], 1.0));
    assert_close(&a.dot(&b), &a.matmul(&b), 1e-15);
    assert_close(&a.inner(&b.t()), &a.matmul(&b), 1e-15);
    assert_eq!(a.dot(&varied(&[4, 3, 5], 0.0)).shape(), [2, 4, 5]);
    assert_eq!(a.outer(&b).shape(), [2, 3, 3, 2]);
    assert_close(&a.dot(&Tensor::from(2.0)), &(&a * 2.0), 0.0);
    let k = a.kron(&b);
    assert_eq!(k.shape(), [6, 6]);
    for (i, j, p, q) in [(0, 0, 0, 0), (1, 2, 2, 1), (0, 2, 1, 0)] {
        let entry = |x: &Tensor, i: usize, j: usize| x.index(0, i as isize).index(0, j as isize);
        let product = entry(&a, i, j) * entry(&b, p, q);
        assert_close(&entry(&k, i * 3 + p, j * 2 + q), &product, 1e-15);
    }
    // (A ⊗ B)(C ⊗ D) = AC ⊗ BD.
    let (c, d) = (varied(&[3, 2], 4.0), varied(&[2, 2], 5.0));
    assert_close(&k.matmul(&c.kron(&d)), &a.matmul(&c).kron(&b.matmul(&d)), 1e-14);
    check_derivatives(|a| a.kron(&b).square().sum(), &a);
}

#[test]
fn copies() {
    let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    assert_values(&x.roll(-1, 1), &[2.0, 3.0, 1.0, 5.0, 6.0, 4.0], 0.0);
    assert_values(&x.roll(7, -1), &[3.0, 1.0, 2.0, 6.0, 4.0, 5.0], 0.0);
    assert_values(&x.roll(2, 0), &x.to_vec::<f64>(), 0.0);
    assert_eq!(x.tile(&[2, 1, 2]).shape(), [2, 2, 6]);
    assert_values(
        &x.tile(&[2]),
        &[1.0, 2.0, 3.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 4.0, 5.0, 6.0],
        0.0,
    );
    assert_values(&x.repeat(2, 0).index(1, 0), &[1.0, 1.0, 4.0, 4.0], 0.0);
    assert_values(&x.repeat(2, -1).index(0, 0), &[1.0, 1.0, 2.0, 2.0, 3.0, 3.0], 0.0);
    assert_eq!(x.repeat(0, 0).shape(), [0, 3]);
    let grid = meshgrid(&[&Tensor::from([1.0, 2.0]), &Tensor::from([3.0, 4.0, 5.0])]);
    assert_eq!(grid[1].shape(), [2, 3]);
    assert_values(&grid[0].index(1, 2), &[1.0, 2.0], 0.0);
    check_derivatives(|x| (x.tile(&[2, 2]).roll(1, 1) * varied(&[4, 6], 0.0)).sin().sum(), &x);
    check_derivatives(|x| (x.repeat(3, 1) * varied(&[2, 9], 0.0)).sin().sum(), &x);
}

#[test]
fn functions_under_vmap_are_functions_of_each_row() {
    type Function = fn(&Tensor) -> Tensor;
    let functions: [Function; 9] = [
        |x| x.logsumexp(0),
        |x| x.softmax(0),
        Tensor::softplus,
        Tensor::norm,
        |x| x.normalise(0),
        |x| x.std(0, 1),
        Tensor::diag,
        |x| x.roll(2, 0),
        |x| x.polynomial(&Tensor::from([1.0, 2.0, 3.0])),
    ];
    let x = Tensor::from([[0.3, -1.0, 2.0], [0.0, 0.0, 0.0], [1e3, -1e3, PI]]);
    for f in functions {
        let rows: Vec<Tensor> = (0..3).map(|i| f(&x.index(0, i))).collect();
        assert_close(&vmap(f)(&x), &Tensor::stack(&rows.iter().collect::<Vec<_>>(), 0), 1e-15);
    }
}

#[test]
fn functions_keep_f32() {
    let x = Tensor::from([0.5_f32, -1.0]);
    let all = [
        x.softplus(),
        x.gelu(),
        x.gelu_tanh(),
        x.softmax(0),
        x.norm(),
        x.std(0, 0),
        x.layer_norm(0, 1e-5),
        x.xlogx(),
        x.elu(1.0),
        x.clip_by_norm(0, 1.0),
        x.logaddexp(0.0),
    ];
    for y in all {
        assert_eq!(y.dtype(), DType::F32);
    }
    // Squares of 1e-30 vanish in f32; the norm does not.
    let tiny = Tensor::from([3e-30_f32, 4e-30]);
    assert!((tiny.norm().item() / 5e-30 - 1.0).abs() < 1e-6);
}
