//! Functions of matrices.

use super::{Spec, filled, row, sample};
use ir::prim::Fill;
use tensor::{DType, Tensor, scan};

pub(super) fn rows() -> Vec<Spec> {
    type Two = (Tensor, Tensor);
    let regular = |n: usize, seed| filled(&[n, n], &Fill::WellConditioned, seed);
    let symmetric = |n: usize, seed| filled(&[n, n], &Fill::Symmetric, seed);
    let definite = |n: usize, seed| filled(&[n, n], &Fill::PositiveDefinite, seed);
    let tall = filled(&[4, 2], &Fill::WellConditioned, 1);
    vec![
        row("solve", (regular(3, 2), sample(&[3], 3)), |(a, b): &Two| a.solve(b)),
        row("inverse", regular(3, 4), |a: &Tensor| a.inv()),
        row("determinant", regular(3, 5), |a: &Tensor| a.det()),
        row("logarithm of the determinant", definite(3, 6), |a: &Tensor| a.slogdet().1),
        row("least squares by QR", (tall.clone(), sample(&[4], 7)), |(a, b): &Two| a.lstsq(b)),
        row("ridge regression by Cholesky", (sample(&[4, 3], 8), sample(&[4, 1], 9)), {
            |(x, y): &Two| {
                let l = (x.t().matmul(x) + Tensor::eye(3, DType::F64)).cholesky();
                let half = l.triangular_solve(&x.t().matmul(y), true, false);
                l.triangular_solve(&half, true, true)
            }
        }),
        row("singular values, squashed", tall.clone(), |a: &Tensor| {
            let (u, s, vt) = a.svd();
            (u * s.tanh()).matmul(&vt)
        }),
        row("nuclear norm", tall, |a: &Tensor| a.svd().1.sum()),
        row("function of a symmetric matrix by eigh", symmetric(3, 10), |a: &Tensor| {
            let (values, vectors) = a.eigh();
            (&vectors * (values.square() + 1.0).sqrt()).matmul(&vectors.t())
        }),
        row("matrix exponential", sample(&[3, 3], 11), |a: &Tensor| a.expm()),
        row("matrix power", regular(2, 12) / 2.0, |a: &Tensor| a.matrix_power(3)),
        row("RBF kernel", (sample(&[3, 2], 13), sample(&[2, 2], 14)), |(x, y): &Two| {
            let difference = x.expand_dims(1) - y.expand_dims(0);
            (difference.square().sum_axes(-1) * -0.5).exp()
        }),
        row("marginal likelihood of a Gaussian process", sample(&[4, 2], 15), |x: &Tensor| {
            let squares = (x.expand_dims(1) - x.expand_dims(0)).square().sum_axes(-1);
            let kernel = (squares * -0.5).exp() + Tensor::eye(4, DType::F64) * 0.5;
            let y = Tensor::from([0.3, -0.1, 0.8, 0.2]);
            y.multivariate_normal_log_density(&y.zeros_like(), &kernel)
        }),
        row("power iteration", definite(3, 16), |a: &Tensor| {
            let start = Tensor::from([1.0, 0.5, 0.25]);
            let step = |v: &Tensor, (): &()| (a.matmul(v).normalise(-1), ());
            let (v, ()) = tensor::transformations::scan_with(false, Some(3), step, &start, &());
            v.dot(&a.matmul(&v))
        }),
        row("Newton–Schulz inverse by scan", regular(2, 17), |a: &Tensor| {
            let bound = a.abs().sum_axes(0).max() * a.abs().sum_axes(1).max();
            let start = a.t() / bound;
            let step = |x: &Tensor, _: &Tensor| (2.0 * x - x.matmul(a).matmul(x), ());
            scan(step, &start, &Tensor::zeros(&[4], DType::F64)).0
        }),
        row("Kronecker product and trace", (sample(&[2, 2], 18), sample(&[2, 2], 19)), {
            |(a, b): &Two| a.kron(b).matmul(&a.kron(b)).trace()
        }),
    ]
}
