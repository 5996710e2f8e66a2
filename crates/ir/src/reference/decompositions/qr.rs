//! The QR decomposition.

use super::{identity, norm, scale_column};

/// The reduced QR decomposition of an m×n matrix: with `k = min(m, n)`, `Q` (m×k) with orthonormal
/// columns, `R` (k×n) upper triangular, its diagonal not negative, and `Q R = A`.
///
/// Unique where `A` has full rank. Source: Golub, Van Loan, *Matrix Computations*, 4th edition,
/// §5.2.
///
/// ```
/// use ir::reference::decompositions::qr;
/// let (q, r) = qr(2, 1, &[-3.0, 4.0]);
/// assert!((r[0] - 5.0).abs() < 1e-15 && (q[0] + 0.6).abs() < 1e-15 && (q[1] - 0.8).abs() < 1e-15);
/// ```
#[track_caller]
pub fn qr(m: usize, n: usize, a: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let k = m.min(n);
    let (q, mut r) = qr_full(m, n, a);
    r.truncate(k * n);
    (q.chunks(m.max(1)).flat_map(|row| row[..k].to_vec()).collect(), r)
}

/// The full QR decomposition of an m×n matrix: `Q` (m×m) orthogonal, `R` (m×n) upper triangular,
/// its diagonal not negative, and `Q R = A`.
///
/// The columns of `Q` after the first `min(m, n)` are some orthonormal basis of what the columns of
/// `A` leave out: the one that LAPACK's reflections make.
///
/// ```
/// use ir::reference::decompositions::qr_full;
/// let (q, r) = qr_full(3, 1, &[0.0, 3.0, 4.0]);
/// assert_eq!((q.len(), r.len()), (9, 3));
/// assert!((r[0] - 5.0).abs() < 1e-14 && r[1..] == [0.0, 0.0]);
/// ```
#[track_caller]
pub fn qr_full(m: usize, n: usize, a: &[f64]) -> (Vec<f64>, Vec<f64>) {
    assert_eq!(a.len(), m * n, "qr: {} numbers are not a {m}×{n} matrix", a.len());
    if a.iter().any(|x| !x.is_finite()) {
        return (vec![f64::NAN; m * m], vec![f64::NAN; m * n]);
    }
    let (mut q, mut r) = (identity(m), a.to_vec());
    for j in 0..m.min(n) {
        let below: Vec<f64> = (j..m).map(|i| r[i * n + j]).collect();
        let Some(v) = reflection(&below) else { continue };
        // R ← H R on rows j.., Q ← Q H on columns j.., with H = I − 2vvᵀ.
        for column in j..n {
            let inner: f64 = (j..m).map(|i| v[i - j] * r[i * n + column]).sum();
            (j..m).for_each(|i| r[i * n + column] -= 2.0 * inner * v[i - j]);
        }
        for row in q.chunks_mut(m) {
            let inner: f64 = (j..m).map(|i| row[i] * v[i - j]).sum();
            (j..m).for_each(|i| row[i] -= 2.0 * inner * v[i - j]);
        }
        (j + 1..m).for_each(|i| r[i * n + j] = 0.0);
    }
    for j in 0..m.min(n) {
        if r[j * n + j] < 0.0 {
            r[j * n..(j + 1) * n].iter_mut().for_each(|x| *x = -*x);
            scale_column(m, &mut q, j, -1.0);
        }
    }
    (q, r)
}

/// The unit vector `v` of Householder's reflection `H = I − 2vvᵀ` that makes `Hx` a multiple of the
/// first basis vector; `None` where `x` is one already. Of the two signs that of LAPACK's `larfg`,
/// which adds numbers of equal sign instead of cancelling.
fn reflection(x: &[f64]) -> Option<Vec<f64>> {
    if x[1..].iter().all(|x| *x == 0.0) {
        return None;
    }
    // On unit length, so that adding the norm cannot overflow.
    let length = norm(x);
    let mut v: Vec<f64> = x.iter().map(|x| x / length).collect();
    v[0] += 1.0_f64.copysign(v[0]);
    let length = norm(&v);
    v.iter_mut().for_each(|x| *x /= length);
    Some(v)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{all_nan, departure_from_orthonormal, distance, product, random};
    use super::*;

    fn check(m: usize, n: usize, a: &[f64]) {
        let k = m.min(n);
        let greatest = a.iter().fold(0.0_f64, |greatest, x| greatest.max(x.abs()));
        let scale = if greatest > 0.0 { greatest } else { 1.0 };
        let unit = |x: &[f64]| -> Vec<f64> { x.iter().map(|x| x / scale).collect() };
        for (columns, (q, r)) in [(k, qr(m, n, a)), (m, qr_full(m, n, a))] {
            assert!(departure_from_orthonormal(m, columns, &q) < 1e-14, "{m}×{n}");
            let back = product(m, columns, n, &q, &unit(&r));
            assert!(distance(&back, &unit(a)) < 1e-14 * (1.0 + n as f64), "{m}×{n}");
            for i in 0..columns {
                assert!(r[i * n..][..i.min(n)].iter().all(|x| *x == 0.0), "R is upper triangular");
                assert!(i >= k || r[i * n + i] >= 0.0, "the diagonal of R is not negative");
            }
        }
    }

    #[test]
    fn a_worked_example() {
        let a = [12.0, -51.0, 4.0, 6.0, 167.0, -68.0, -4.0, 24.0, -41.0];
        let (_, r) = qr(3, 3, &a);
        let expected = [14.0, 21.0, -14.0, 0.0, 175.0, -70.0, 0.0, 0.0, 35.0];
        assert!(distance(&r, &expected) < 1e-13);
    }

    #[test]
    fn every_shape_and_scale() {
        for (m, n) in [(0, 0), (0, 3), (3, 0), (1, 1), (1, 4), (4, 1), (5, 5), (8, 3), (3, 8)] {
            for scale in [1.0, 1e-300, 1e300] {
                let a: Vec<f64> = random(m * n, 5).iter().map(|x| x * scale).collect();
                check(m, n, &a);
            }
        }
        check(20, 20, &random(400, 6));
    }

    #[test]
    fn matrices_without_full_rank() {
        check(3, 3, &[0.0; 9]);
        check(3, 2, &[1.0, 2.0, 2.0, 4.0, 3.0, 6.0]);
        check(3, 3, &[0.0, 1.0, 2.0, 0.0, -3.0, 4.0, 0.0, 5.0, 6.0]);
        check(2, 2, &[-1.0, 0.0, 0.0, -1.0]);
    }

    #[test]
    fn nan_gives_nan() {
        let (q, r) = qr(3, 2, &[1.0, 2.0, f64::NAN, 4.0, 5.0, 6.0]);
        assert_eq!((q.len(), r.len()), (6, 4));
        assert!(all_nan(&q) && all_nan(&r));
    }
}
