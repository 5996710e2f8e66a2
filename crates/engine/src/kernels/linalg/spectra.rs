//! Eigenvalues and singular values.

use super::{
    axes, count, doubles, each, finite, matrix, nan, scale_to_unit, shaped, symmetric_part,
};
use crate::execute::Outputs;
use array::Array;
use faer::{MatRef, Side};
use ir::reference::decompositions::canonical_sign;

/// Column `j`.
fn column(a: MatRef<'_, f64>, j: usize) -> Vec<f64> {
    (0..a.nrows()).map(|i| a[(i, j)]).collect()
}

pub(crate) fn eigh(x: &Array) -> Outputs {
    let (leading, n, _) = axes(x);
    let a = doubles(x);
    let parts = each(x, count(leading), 9 * n * n * n, [n, n * n], |i| {
        let a = symmetric_part(n, &a[i * n * n..(i + 1) * n * n]);
        spectrum(n, &a).unwrap_or_else(|| [nan(n), nan(n * n)])
    });
    shaped(parts, leading, [&[n], &[n, n]])
}

/// Eigenvalues, ascending, and eigenvectors in columns.
fn spectrum(n: usize, a: &[f64]) -> Option<[Vec<f64>; 2]> {
    if n == 0 || !finite(a) {
        return (n == 0).then(|| [vec![], vec![]]);
    }
    let scale = scale_to_unit(a);
    let scaled: Vec<f64> = a.iter().map(|x| x * scale).collect();
    let eigen = matrix(n, n, &scaled).self_adjoint_eigen(Side::Lower).ok()?;
    let values = eigen.S().column_vector();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&i, &j| values[i].total_cmp(&values[j]));
    let mut vectors = vec![0.0; n * n];
    for (to, &from) in order.iter().enumerate() {
        let v = column(eigen.U(), from);
        let sign = canonical_sign(&v);
        (0..n).for_each(|i| vectors[i * n + to] = sign * v[i]);
    }
    Some([order.iter().map(|&i| values[i] / scale).collect(), vectors])
}

pub(crate) fn svd(x: &Array) -> Outputs {
    let (leading, m, n) = axes(x);
    let k = m.min(n);
    let a = doubles(x);
    let parts = each(x, count(leading), 20 * m * n * k, [m * k, k, k * n], |i| {
        let a = &a[i * m * n..(i + 1) * m * n];
        singular(m, n, a).unwrap_or_else(|| [nan(m * k), nan(k), nan(k * n)])
    });
    shaped(parts, leading, [&[m, k], &[k], &[k, n]])
}

/// `U`, the singular values, descending, and `Vᵀ`.
fn singular(m: usize, n: usize, a: &[f64]) -> Option<[Vec<f64>; 3]> {
    let k = m.min(n);
    if k == 0 || !finite(a) {
        return (k == 0).then(|| [vec![], vec![], vec![]]);
    }
    let scale = scale_to_unit(a);
    let scaled: Vec<f64> = a.iter().map(|x| x * scale).collect();
    let svd = matrix(m, n, &scaled).thin_svd().ok()?;
    let values = svd.S().column_vector();
    let (mut u, mut vt) = (vec![0.0; m * k], vec![0.0; k * n]);
    for j in 0..k {
        let left = column(svd.U(), j);
        let sign = canonical_sign(&left);
        (0..m).for_each(|i| u[i * k + j] = sign * left[i]);
        let right = column(svd.V(), j);
        vt[j * n..(j + 1) * n].iter_mut().zip(right).for_each(|(o, v)| *o = sign * v);
    }
    Some([u, (0..k).map(|j| values[j] / scale).collect(), vt])
}
