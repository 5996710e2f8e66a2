//! Cholesky and QR factors.

use super::{axes, count, doubles, each, finite, matrix, nan, row_major, shaped, symmetric_part};
use crate::execute::Outputs;
use array::Array;
use faer::Side;

pub(crate) fn cholesky(x: &Array) -> Outputs {
    let (leading, n, _) = axes(x);
    let a = doubles(x);
    let factors = each(x, count(leading), n * n * n / 3, [n * n], |i| {
        let a = symmetric_part(n, &a[i * n * n..(i + 1) * n * n]);
        [factor(n, &a).unwrap_or_else(|| nan(n * n))]
    });
    shaped(factors, leading, [&[n, n]])
}

/// The lower factor of a symmetric matrix, if it is positive definite.
fn factor(n: usize, a: &[f64]) -> Option<Vec<f64>> {
    if !finite(a) {
        return None;
    }
    let factor = matrix(n, n, a).llt(Side::Lower).ok()?;
    let l = row_major(factor.L());
    finite(&l).then_some(l)
}

pub(crate) fn qr(x: &Array) -> Outputs {
    let (leading, m, n) = axes(x);
    let k = m.min(n);
    let a = doubles(x);
    let factors = each(x, count(leading), 4 * m * n * k, [m * k, k * n], |i| {
        let a = &a[i * m * n..(i + 1) * m * n];
        if !finite(a) {
            return [nan(m * k), nan(k * n)];
        }
        let qr = matrix(m, n, a).qr();
        let (mut q, mut r) = (row_major(qr.compute_thin_Q().as_ref()), row_major(qr.thin_R()));
        for d in 0..k {
            // The diagonal of R is not negative, and nothing is below it.
            if r[d * n + d] < 0.0 {
                r[d * n..(d + 1) * n].iter_mut().for_each(|x| *x = -*x);
                q.iter_mut().skip(d).step_by(k).for_each(|x| *x = -*x);
            }
            r[d * n..d * n + d].fill(0.0);
        }
        [q, r]
    });
    shaped(factors, leading, [&[m, k], &[k, n]])
}
