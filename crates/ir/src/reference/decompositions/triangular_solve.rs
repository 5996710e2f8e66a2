//! Triangular systems of equations.

/// The solution `X` (n×k) of `op(A) X = B` for a triangular n×n matrix `A`, where `op(A)` is `A` or,
/// with `transpose`, `Aᵀ`, by substitution.
///
/// `lower` says which triangle of `a` is the matrix; the other one is not read, nor is the
/// diagonal if `unit_diagonal` says that it is all ones. A zero on the diagonal divides, so a
/// singular system gives infinities and NaN.
///
/// Source: Golub, Van Loan, *Matrix Computations*, 4th edition, §3.1.
///
/// ```
/// use ir::reference::decompositions::triangular_solve;
/// let a = [2.0, 0.0, 1.0, 4.0];
/// assert_eq!(triangular_solve(2, 1, &a, &[2.0, 9.0], true, false, false), [1.0, 2.0]);
/// assert_eq!(triangular_solve(2, 1, &a, &[4.0, 8.0], true, true, false), [1.0, 2.0]);
/// ```
#[track_caller]
pub fn triangular_solve(
    n: usize,
    k: usize,
    a: &[f64],
    b: &[f64],
    lower: bool,
    transpose: bool,
    unit_diagonal: bool,
) -> Vec<f64> {
    assert_eq!(a.len(), n * n, "triangular_solve: {} numbers are not a {n}×{n} matrix", a.len());
    assert_eq!(b.len(), n * k, "triangular_solve: {} numbers are not a {n}×{k} matrix", b.len());
    let entry = |i: usize, j: usize| if transpose { a[j * n + i] } else { a[i * n + j] };
    // The transpose of a lower triangular matrix is upper triangular.
    let forward = lower != transpose;
    let mut x = b.to_vec();
    for step in 0..n {
        let i = if forward { step } else { n - 1 - step };
        for column in 0..k {
            let known = if forward { 0..i } else { i + 1..n };
            let inner: f64 = known.map(|j| entry(i, j) * x[j * k + column]).sum();
            let rest = b[i * k + column] - inner;
            x[i * k + column] = if unit_diagonal { rest } else { rest / entry(i, i) };
        }
    }
    x
}

#[cfg(test)]
mod tests {
    use super::super::tests::{distance, product, random};
    use super::super::transpose as transposed;
    use super::*;

    #[test]
    fn every_variant_solves_its_system_and_reads_only_its_triangle() {
        for n in [0, 1, 2, 6] {
            for k in [0, 1, 3] {
                for variant in 0..8 {
                    let (lower, transpose) = (variant & 1 == 0, variant & 2 == 0);
                    let unit_diagonal = variant & 4 == 0;
                    let mut matrix = random(n * n, 1);
                    let mut given = matrix.clone();
                    for i in 0..n {
                        for j in 0..n {
                            if i == j && unit_diagonal {
                                (matrix[i * n + j], given[i * n + j]) = (1.0, f64::NAN);
                            } else if i == j {
                                matrix[i * n + j] += 3.0;
                                given[i * n + j] += 3.0;
                            } else if (i > j) != lower {
                                (matrix[i * n + j], given[i * n + j]) = (0.0, f64::NAN);
                            }
                        }
                    }
                    let b = random(n * k, 2);
                    let x = triangular_solve(n, k, &given, &b, lower, transpose, unit_diagonal);
                    let operator = if transpose { transposed(n, n, &matrix) } else { matrix };
                    assert!(distance(&product(n, n, k, &operator, &x), &b) < 1e-13);
                }
            }
        }
    }

    #[test]
    fn a_singular_system_is_infinite() {
        let x = triangular_solve(1, 1, &[0.0], &[1.0], true, false, false);
        assert_eq!(x, [f64::INFINITY]);
        assert!(triangular_solve(1, 1, &[f64::NAN], &[1.0], true, false, false)[0].is_nan());
    }
}
