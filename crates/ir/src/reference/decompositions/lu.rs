//! The LU decomposition with partial pivoting.

/// The LU decomposition of an m×n matrix with partial pivoting, `P A = L U`, in LAPACK's layout
/// (`getrf`, but counting from 0): with `k = min(m, n)`, returns
///
/// * the factors packed in one m×n matrix: `U` on and above the diagonal, `L` (m×k, with ones on
///   its diagonal) below it;
/// * the `k` pivots: at step `i`, row `i` was exchanged with row `pivots[i] ≥ i`;
/// * the permutation of length `m` these exchanges make: row `i` of `P A` is row `permutation[i]`
///   of `A`.
///
/// The pivot is the first entry of greatest magnitude at or below the diagonal. A column of zeros
/// there is passed over (its multipliers are zero), so singular matrices have factors too.
///
/// Source: Golub, Van Loan, *Matrix Computations*, 4th edition, §3.4.
///
/// ```
/// use ir::reference::decompositions::lu;
/// let (packed, pivots, permutation) = lu(2, 2, &[1.0, 2.0, 4.0, 6.0]);
/// assert_eq!(packed, [4.0, 6.0, 0.25, 0.5]);
/// assert_eq!((pivots, permutation), (vec![1, 1], vec![1, 0]));
/// ```
#[track_caller]
pub fn lu(m: usize, n: usize, a: &[f64]) -> (Vec<f64>, Vec<usize>, Vec<usize>) {
    assert_eq!(a.len(), m * n, "lu: {} numbers are not a {m}×{n} matrix", a.len());
    let k = m.min(n);
    let mut permutation: Vec<usize> = (0..m).collect();
    if a.iter().any(|x| !x.is_finite()) {
        return (vec![f64::NAN; m * n], (0..k).collect(), permutation);
    }
    let mut lu = a.to_vec();
    let mut pivots = Vec::with_capacity(k);
    for step in 0..k {
        let mut pivot = step;
        for i in step + 1..m {
            if lu[i * n + step].abs() > lu[pivot * n + step].abs() {
                pivot = i;
            }
        }
        pivots.push(pivot);
        permutation.swap(step, pivot);
        for j in 0..n {
            lu.swap(step * n + j, pivot * n + j);
        }
        if lu[step * n + step] == 0.0 {
            continue;
        }
        for i in step + 1..m {
            lu[i * n + step] /= lu[step * n + step];
            for j in step + 1..n {
                lu[i * n + j] -= lu[i * n + step] * lu[step * n + j];
            }
        }
    }
    (lu, pivots, permutation)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{all_nan, distance, product, random};
    use super::*;

    /// `max |L U − P A|`, and the checks on pivots and permutation.
    fn residual(m: usize, n: usize, a: &[f64]) -> f64 {
        let (packed, pivots, permutation) = lu(m, n, a);
        let k = m.min(n);
        let (mut l, mut u) = (vec![0.0; m * k], vec![0.0; k * n]);
        for i in 0..m {
            for j in 0..n {
                if i > j {
                    l[i * k + j] = packed[i * n + j];
                    assert!(l[i * k + j].abs() <= 1.0, "multipliers of partial pivoting");
                } else {
                    u[i * n + j] = packed[i * n + j];
                }
            }
            if i < k {
                l[i * k + i] = 1.0;
            }
        }
        let mut rows: Vec<usize> = (0..m).collect();
        pivots.iter().enumerate().for_each(|(i, &pivot)| rows.swap(i, pivot));
        assert_eq!(rows, permutation);
        let permuted: Vec<f64> =
            permutation.iter().flat_map(|&row| a[row * n..(row + 1) * n].to_vec()).collect();
        distance(&product(m, k, n, &l, &u), &permuted)
    }

    #[test]
    fn the_factors_multiply_back_for_every_shape() {
        for (m, n) in [(0, 0), (0, 3), (3, 0), (1, 1), (4, 4), (7, 3), (3, 7), (20, 20)] {
            assert!(residual(m, n, &random(m * n, 3)) < 1e-14, "{m}×{n}");
        }
    }

    #[test]
    fn singular_matrices_and_ties() {
        assert_eq!(residual(3, 3, &[0.0; 9]), 0.0);
        assert_eq!(residual(3, 3, &[1.0, 2.0, 3.0, 2.0, 4.0, 6.0, 0.0, 0.0, 5.0]), 0.0);
        // Magnitudes 1, 1, 1: the first is the pivot.
        let (_, pivots, _) = lu(3, 1, &[-1.0, 1.0, -1.0]);
        assert_eq!(pivots, [0]);
    }

    #[test]
    fn nan_gives_nan_and_no_exchange() {
        let (packed, pivots, permutation) = lu(2, 3, &[1.0, f64::NAN, 0.0, 1.0, 2.0, 3.0]);
        assert!(all_nan(&packed));
        assert_eq!((pivots, permutation), (vec![0, 1], vec![0, 1]));
    }
}
