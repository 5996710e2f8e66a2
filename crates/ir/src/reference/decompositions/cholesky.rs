//! The Cholesky decomposition.

/// The Cholesky factor of a symmetric positive definite n×n matrix: the lower triangular `L` with
/// positive diagonal and `L Lᵀ = A`.
///
/// Reads the lower triangle of `a` only; the strict upper triangle of the result is zero. Where `A`
/// is not positive definite (numerically: a pivot is not positive) the whole result is NaN.
///
/// Source: Golub, Van Loan, *Matrix Computations*, 4th edition, §4.2.
///
/// ```
/// use ir::reference::decompositions::cholesky;
/// assert_eq!(cholesky(2, &[4.0, 0.0, 2.0, 10.0]), [2.0, 0.0, 1.0, 3.0]);
/// assert!(cholesky(1, &[-1.0])[0].is_nan());
/// ```
#[track_caller]
pub fn cholesky(n: usize, a: &[f64]) -> Vec<f64> {
    assert_eq!(a.len(), n * n, "cholesky: {} numbers are not a {n}×{n} matrix", a.len());
    let mut l = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..=i {
            let inner: f64 = (0..j).map(|k| l[i * n + k] * l[j * n + k]).sum();
            let rest = a[i * n + j] - inner;
            l[i * n + j] = if i > j {
                rest / l[j * n + j]
            } else if rest > 0.0 && rest.is_finite() {
                rest.sqrt()
            } else {
                return vec![f64::NAN; n * n];
            };
        }
    }
    l
}

#[cfg(test)]
mod tests {
    use super::super::tests::{all_nan, distance, product, random};
    use super::super::transpose;
    use super::*;

    #[test]
    fn a_worked_example() {
        let a = [4.0, 12.0, -16.0, 12.0, 37.0, -43.0, -16.0, -43.0, 98.0];
        assert_eq!(cholesky(3, &a), [2.0, 0.0, 0.0, 6.0, 1.0, 0.0, -8.0, 5.0, 3.0]);
    }

    #[test]
    fn the_factor_multiplies_back_and_ignores_the_upper_triangle() {
        for n in [0, 1, 2, 5, 17] {
            let b = random(n * n, n as u64);
            let mut a = product(n, n, n, &b, &transpose(n, n, &b));
            (0..n).for_each(|i| a[i * n + i] += 0.1);
            let l = cholesky(n, &a);
            let back = product(n, n, n, &l, &transpose(n, n, &l));
            assert!(distance(&back, &a) < 1e-14 * n as f64 + 1e-300);
            for i in 0..n {
                a[i * n + i + 1..(i + 1) * n].fill(f64::NAN);
            }
            assert_eq!(cholesky(n, &a), l);
        }
    }

    #[test]
    fn what_is_not_positive_definite_is_nan_throughout() {
        assert!(all_nan(&cholesky(2, &[1.0, 0.0, 2.0, 1.0])), "indefinite");
        assert!(all_nan(&cholesky(2, &[1.0, 0.0, 1.0, 1.0])), "singular");
        assert!(all_nan(&cholesky(2, &[1.0, 0.0, f64::NAN, 1.0])));
        assert!(all_nan(&cholesky(2, &[f64::INFINITY, 0.0, 0.0, 1.0])));
        assert!(all_nan(&cholesky(2, &[1.0, 0.0, f64::INFINITY, 1.0])));
    }
}
