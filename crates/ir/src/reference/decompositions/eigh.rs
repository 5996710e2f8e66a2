//! The eigenvalues and eigenvectors of a symmetric matrix.

use super::{
    MOST_SWEEPS, NEGLIGIBLE, canonical_sign, column, identity, jacobi_rotation, rotated,
    scale_column, scale_to_unit,
};

/// The spectral decomposition of a symmetric n×n matrix: the eigenvalues `λ`, ascending, and an
/// orthogonal `V`, an eigenvector in each column, with `A = V diag(λ) Vᵀ`.
///
/// Reads the lower triangle of `a` only. Each eigenvector has [`canonical_sign`] one; within the
/// eigenspace of a repeated eigenvalue the basis is arbitrary.
///
/// Cyclic Jacobi: each entry off the diagonal in turn is rotated to zero, until all are negligible.
/// Source: Golub, Van Loan, *Matrix Computations*, 4th edition, §8.5; the criterion, which keeps
/// small eigenvalues of positive definite matrices relatively accurate, is that of J. Demmel,
/// K. Veselić, *Jacobi's method is more accurate than QR*, SIAM J. Matrix Anal. Appl. 13 (1992).
///
/// ```
/// use ir::reference::decompositions::eigh;
/// let (eigenvalues, v) = eigh(2, &[2.0, 0.0, 1.0, 2.0]);
/// let half = 0.5_f64.sqrt();
/// let close = |x: f64, y: f64| (x - y).abs() < 1e-15;
/// assert!(close(eigenvalues[0], 1.0) && close(eigenvalues[1], 3.0));
/// assert!(close(v[0], half) && close(v[2], -half), "the first column");
/// ```
#[track_caller]
pub fn eigh(n: usize, a: &[f64]) -> (Vec<f64>, Vec<f64>) {
    assert_eq!(a.len(), n * n, "eigh: {} numbers are not a {n}×{n} matrix", a.len());
    let mut w: Vec<f64> = (0..n * n)
        .map(|index| (index / n, index % n))
        .map(|(i, j)| a[i.max(j) * n + i.min(j)])
        .collect();
    let nan = || (vec![f64::NAN; n], vec![f64::NAN; n * n]);
    if w.iter().any(|x| !x.is_finite()) {
        return nan();
    }
    let scale = scale_to_unit(&w);
    w.iter_mut().for_each(|x| *x *= scale);
    let mut v = identity(n);
    let converged = (0..MOST_SWEEPS).any(|_| !sweep(n, &mut w, &mut v));
    if !converged {
        return nan();
    }

    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&i, &j| w[i * n + i].total_cmp(&w[j * n + j]));
    let eigenvalues = order.iter().map(|&i| w[i * n + i] / scale).collect();
    let mut sorted: Vec<f64> =
        v.chunks(n.max(1)).flat_map(|row| order.iter().map(|&j| row[j])).collect();
    for j in 0..n {
        let sign = canonical_sign(&column(n, &sorted, j));
        scale_column(n, &mut sorted, j, sign);
    }
    (eigenvalues, sorted)
}

/// Rotates every entry of `w` above the diagonal to zero once, where it is not negligible, and
/// `v` along with it: `w ← Jᵀ w J`, `v ← v J`. Returns whether there was one to rotate.
fn sweep(n: usize, w: &mut [f64], v: &mut [f64]) -> bool {
    let mut rotated_any = false;
    for p in 0..n {
        for q in p + 1..n {
            let (a, b, d) = (w[p * n + p], w[q * n + q], w[p * n + q]);
            if d.abs() <= f64::EPSILON * a.abs().sqrt() * b.abs().sqrt() || d.abs() < NEGLIGIBLE {
                continue;
            }
            rotated_any = true;
            let (t, c, s) = jacobi_rotation(a, b, d);
            for i in (0..n).filter(|&i| i != p && i != q) {
                let (x, y) = rotated(w[i * n + p], w[i * n + q], c, s);
                (w[i * n + p], w[p * n + i]) = (x, x);
                (w[i * n + q], w[q * n + i]) = (y, y);
            }
            w[p * n + p] = a - t * d;
            w[q * n + q] = b + t * d;
            (w[p * n + q], w[q * n + p]) = (0.0, 0.0);
            for row in v.chunks_mut(n) {
                (row[p], row[q]) = rotated(row[p], row[q], c, s);
            }
        }
    }
    rotated_any
}

#[cfg(test)]
mod tests {
    use super::super::tests::{all_nan, departure_from_orthonormal, distance, product, random};
    use super::super::transpose;
    use super::*;

    /// A symmetric matrix with the given lower triangle.
    fn symmetric(n: usize, a: &[f64]) -> Vec<f64> {
        (0..n * n).map(|k| a[(k / n).max(k % n) * n + (k / n).min(k % n)]).collect()
    }

    /// Checks every property the documentation promises, relative to the greatest entry.
    fn check(n: usize, a: &[f64]) -> Vec<f64> {
        let a = symmetric(n, a);
        let (eigenvalues, v) = eigh(n, &a);
        assert!(eigenvalues.windows(2).all(|pair| pair[0] <= pair[1]), "ascending");
        assert!(departure_from_orthonormal(n, n, &v) < 3e-14);
        (0..n).for_each(|j| assert_eq!(canonical_sign(&column(n, &v, j)), 1.0));
        let greatest = a.iter().fold(0.0_f64, |greatest, x| greatest.max(x.abs()));
        let scale = if greatest > 0.0 { greatest } else { 1.0 };
        let mut scaled = v.clone();
        (0..n).for_each(|j| scale_column(n, &mut scaled, j, eigenvalues[j] / scale));
        let back = product(n, n, n, &scaled, &transpose(n, n, &v));
        let a: Vec<f64> = a.iter().map(|x| x / scale).collect();
        assert!(distance(&back, &a) < 1e-14 * (1.0 + n as f64), "{n}: {}", distance(&back, &a));
        eigenvalues
    }

    #[test]
    fn random_matrices_of_every_scale() {
        for n in [0, 1, 2, 3, 4, 7, 12, 40] {
            for scale in [1.0, 1e-300, 1e-160, 1e307] {
                let a: Vec<f64> = random(n * n, n as u64).iter().map(|x| x * scale).collect();
                check(n, &a);
            }
        }
    }

    #[test]
    fn the_second_difference_matrix() {
        // Eigenvalues 2 − 2 cos(kπ/(n + 1)), k = 1..n.
        let n = 16;
        let mut a = vec![0.0; n * n];
        for i in 0..n {
            a[i * n + i] = 2.0;
            if i > 0 {
                a[i * n + i - 1] = -1.0;
            }
        }
        let eigenvalues = check(n, &a);
        let expected: Vec<f64> = (1..=n)
            .map(|k| 2.0 - 2.0 * (k as f64 * std::f64::consts::PI / (n + 1) as f64).cos())
            .collect();
        assert!(distance(&eigenvalues, &expected) < 1e-14);
    }

    #[test]
    fn repeated_eigenvalues_and_singular_matrices() {
        assert_eq!(check(3, &[0.0; 9]), [0.0; 3]);
        assert_eq!(check(3, &identity(3)), [1.0; 3]);
        assert_eq!(check(2, &[3.0, 0.0, 0.0, -2.0]), [-2.0, 3.0]);
        let ones = check(6, &[1.0; 36]);
        assert!(distance(&ones, &[0.0, 0.0, 0.0, 0.0, 0.0, 6.0]) < 1e-14);
        // Rank 2 in dimension 10, and a matrix of zeros and one pair of ones.
        let b = random(20, 9);
        check(10, &product(10, 2, 10, &b, &transpose(10, 2, &b)));
        let swap = [0.0, 1.0, 1.0, 0.0];
        assert!(distance(&check(2, &swap), &[-1.0, 1.0]) < 1e-15);
    }

    #[test]
    fn a_graded_matrix_keeps_the_small_eigenvalue() {
        // det = 1e-16·(1 − 1e-2), so the smaller eigenvalue is 0.99e-16 (1 + O(1e-18)).
        let eigenvalues = check(2, &[1.0, 0.0, 1e-9, 1e-16]);
        assert!((eigenvalues[0] / 0.99e-16 - 1.0).abs() < 1e-14, "{}", eigenvalues[0]);
    }

    #[test]
    fn the_upper_triangle_is_not_read_and_nan_gives_nan() {
        assert_eq!(eigh(2, &[2.0, f64::NAN, 1.0, 2.0]), eigh(2, &[2.0, 1.0, 1.0, 2.0]));
        for bad in [f64::NAN, f64::INFINITY] {
            let (eigenvalues, v) = eigh(3, &[1.0, 0.0, 0.0, bad, 1.0, 0.0, 0.0, 0.0, 1.0]);
            assert!(all_nan(&eigenvalues) && all_nan(&v));
        }
    }
}
