//! The singular value decomposition.

use super::{
    MOST_SWEEPS, NEGLIGIBLE, canonical_sign, column, dot, identity, jacobi_rotation, norm, rotated,
    scale_column, scale_to_unit, transpose,
};

/// The reduced singular value decomposition of an m×n matrix: with `k = min(m, n)`, `U` (m×k) and
/// `V` (n×k) with orthonormal columns and `s₁ ≥ … ≥ s_k ≥ 0`, such that `A = U diag(s) Vᵀ`.
/// Returns `(U, s, Vᵀ)`.
///
/// Each column of `U` has [`canonical_sign`] one, and `V` follows. `U` and `V` are orthonormal for
/// every matrix, of zeros too; what belongs to a repeated or zero singular value is arbitrary.
///
/// One-sided Jacobi: the columns of `A` are rotated in pairs until all are orthogonal; then they
/// are `U diag(s)`, and the product of the rotations is `V`. Source: Golub, Van Loan, *Matrix
/// Computations*, 4th edition, §8.6; the method is from M. R. Hestenes, *Inversion of matrices by
/// biorthogonalization and related results*, 1958.
///
/// ```
/// use ir::reference::decompositions::svd;
/// let (u, s, vt) = svd(2, 3, &[0.0, -2.0, 0.0, 1.0, 0.0, 0.0]);
/// assert_eq!(s, [2.0, 1.0]);
/// assert_eq!(u, [1.0, 0.0, 0.0, 1.0]);
/// assert_eq!(vt, [0.0, -1.0, 0.0, 1.0, 0.0, 0.0]);
/// ```
#[track_caller]
pub fn svd(m: usize, n: usize, a: &[f64]) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    assert_eq!(a.len(), m * n, "svd: {} numbers are not a {m}×{n} matrix", a.len());
    let k = m.min(n);
    let factors = if a.iter().any(|x| !x.is_finite()) {
        None
    } else if m >= n {
        svd_of_columns(&(0..n).map(|j| column(n, a, j)).collect::<Vec<_>>(), m)
    } else {
        // Aᵀ = V diag(s) Uᵀ.
        let rows: Vec<Vec<f64>> = a.chunks(n).map(<[f64]>::to_vec).collect();
        svd_of_columns(&rows, n).map(|(v, s, u)| (u, s, v))
    };
    let Some((u, s, mut vt)) = factors else {
        return (vec![f64::NAN; m * k], vec![f64::NAN; k], vec![f64::NAN; k * n]);
    };
    // The factors come as lists of columns: Vᵀ as it is, U is to be transposed.
    let mut u = transpose(k, m, &u.concat());
    for (i, v) in vt.iter_mut().enumerate() {
        let sign = canonical_sign(&column(k, &u, i));
        scale_column(k, &mut u, i, sign);
        v.iter_mut().for_each(|x| *x *= sign);
    }
    (u, s, vt.concat())
}

/// Singular vectors as a list of columns.
type Columns = Vec<Vec<f64>>;

/// The decomposition of a matrix given by its columns, of dimension at least their number, up to
/// the signs: the left singular vectors, the singular values, the right singular vectors. `None`
/// where the rotations do not converge.
fn svd_of_columns(columns: &[Vec<f64>], dimension: usize) -> Option<(Columns, Vec<f64>, Columns)> {
    let n = columns.len();
    let scale = scale_to_unit(&columns.concat());
    let mut w: Columns =
        columns.iter().map(|column| column.iter().map(|x| x * scale).collect()).collect();
    let mut v: Columns = identity(n).chunks(n.max(1)).map(<[f64]>::to_vec).collect();
    let converged = (0..MOST_SWEEPS).any(|_| !sweep(&mut w, &mut v));
    if !converged {
        return None;
    }
    let norms: Vec<f64> = w.iter().map(|column| norm(column)).collect();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&i, &j| norms[j].total_cmp(&norms[i]));
    let mut u = Columns::new();
    for &j in &order {
        let next = unit_vector_orthogonal_to(&u, &w[j], dimension);
        u.push(next);
    }
    let s = order.iter().map(|&j| norms[j] / scale).collect();
    Some((u, s, order.iter().map(|&j| v[j].clone()).collect()))
}

/// Makes every pair of columns of `w` orthogonal once, where it is not so already, and rotates the
/// columns of `v` alike. Returns whether there was such a pair.
fn sweep(w: &mut Columns, v: &mut Columns) -> bool {
    let mut rotated_any = false;
    for p in 0..w.len() {
        for q in p + 1..w.len() {
            let (a, b, d) = (dot(&w[p], &w[p]), dot(&w[q], &w[q]), dot(&w[p], &w[q]));
            // The rounding error that the inner product itself may carry.
            let rounding = w[p].len() as f64 * f64::EPSILON * a.sqrt() * b.sqrt();
            if d.abs() <= rounding || d.abs() < NEGLIGIBLE {
                continue;
            }
            rotated_any = true;
            let (_, c, s) = jacobi_rotation(a, b, d);
            for columns in [&mut *w, &mut *v] {
                let (left, right) = columns.split_at_mut(q);
                for (x, y) in left[p].iter_mut().zip(&mut right[0]) {
                    (*x, *y) = rotated(*x, *y, c, s);
                }
            }
        }
    }
    rotated_any
}

/// The direction of `w`, made orthogonal to the orthonormal `previous` vectors, or where nothing of
/// it is left (it was zero or noise) any other direction orthogonal to them. `previous` must be
/// fewer than the dimension.
fn unit_vector_orthogonal_to(previous: &Columns, w: &[f64], dimension: usize) -> Vec<f64> {
    // Twice is enough (L. Giraud, J. Langou, M. Rozložník, *The loss of orthogonality in the
    // Gram-Schmidt orthogonalization process*, 2005).
    let project = |mut x: Vec<f64>| -> Vec<f64> {
        for u in previous.iter().chain(previous) {
            let inner = dot(u, &x);
            x.iter_mut().zip(u).for_each(|(x, u)| *x -= inner * u);
        }
        x
    };
    let normalised = |x: Vec<f64>| -> Vec<f64> {
        let length = norm(&x);
        x.iter().map(|x| x / length).collect()
    };
    if norm(w) > 0.0 {
        let rest = project(normalised(w.to_vec()));
        if norm(&rest) > 0.5 {
            return normalised(rest);
        }
    }
    // The basis vector that is farthest from the span: |e_j − P e_j|² = 1 − Σ_u u_j², whose sum over
    // j is the dimension that is left, so that the greatest is not small.
    let outside = |j: usize| 1.0 - previous.iter().map(|u| u[j] * u[j]).sum::<f64>();
    let farthest = (0..dimension).max_by(|&i, &j| outside(i).total_cmp(&outside(j)));
    let mut basis = vec![0.0; dimension];
    basis[farthest.expect("a dimension is left")] = 1.0;
    normalised(project(basis))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{all_nan, departure_from_orthonormal, distance, product, random};
    use super::*;

    /// Checks every property the documentation promises, relative to the greatest entry.
    fn check(m: usize, n: usize, a: &[f64]) -> Vec<f64> {
        let k = m.min(n);
        let (u, s, vt) = svd(m, n, a);
        assert_eq!((u.len(), s.len(), vt.len()), (m * k, k, k * n));
        assert!(s.windows(2).all(|pair| pair[0] >= pair[1]) && s.iter().all(|s| *s >= 0.0));
        assert!(departure_from_orthonormal(m, k, &u) < 3e-14, "U of {m}×{n}");
        assert!(departure_from_orthonormal(n, k, &transpose(k, n, &vt)) < 3e-14, "V of {m}×{n}");
        (0..k).for_each(|i| assert_eq!(canonical_sign(&column(k, &u, i)), 1.0));
        let greatest = a.iter().fold(0.0_f64, |greatest, x| greatest.max(x.abs()));
        let scale = if greatest > 0.0 { greatest } else { 1.0 };
        let mut scaled = u.clone();
        (0..k).for_each(|i| scale_column(k, &mut scaled, i, s[i] / scale));
        let a: Vec<f64> = a.iter().map(|x| x / scale).collect();
        let residual = distance(&product(m, k, n, &scaled, &vt), &a);
        assert!(residual < 1e-14 * (1.0 + k as f64), "{m}×{n}: {residual:e}");
        s
    }

    #[test]
    fn random_matrices_of_every_shape_and_scale() {
        let shapes = [(0, 0), (0, 3), (3, 0), (1, 1), (1, 5), (5, 1), (4, 4), (9, 4), (4, 9)];
        for (m, n) in shapes.into_iter().chain([(30, 30)]) {
            for scale in [1.0, 1e-300, 1e-160, 1e307] {
                let a: Vec<f64> = random(m * n, 11).iter().map(|x| x * scale).collect();
                check(m, n, &a);
            }
        }
    }

    #[test]
    fn the_golden_ratio() {
        let golden = (1.0 + 5.0_f64.sqrt()) / 2.0;
        assert!(distance(&check(2, 2, &[1.0, 1.0, 0.0, 1.0]), &[golden, 1.0 / golden]) < 1e-15);
    }

    #[test]
    fn matrices_without_full_rank_still_have_orthonormal_factors() {
        assert_eq!(check(4, 3, &[0.0; 12]), [0.0; 3]);
        assert_eq!(check(3, 3, &identity(3)), [1.0; 3]);
        let ones = check(5, 5, &[1.0; 25]);
        assert!(distance(&ones, &[5.0, 0.0, 0.0, 0.0, 0.0]) < 1e-14);
        let (left, right) = (random(20, 1), random(16, 2));
        let low_rank = product(10, 2, 8, &left, &right);
        assert!(check(10, 8, &low_rank)[2] < 1e-14);
        check(8, 10, &transpose(10, 8, &low_rank));
        // A column of zeros, a repeated column, a column of noise.
        check(3, 3, &[1.0, 0.0, 1.0, 2.0, 0.0, 2.0, 3.0, 0.0, 3.0]);
        check(2, 2, &[1.0, 1.0 + 1e-16, 1.0, 1.0 - 1e-16]);
        check(3, 2, &[1.0, 1e-170, 1.0, 1e-170, 1.0, 2e-170]);
        // Entries whose squares, and some that themselves, vanish next to the greatest.
        let powers: Vec<f64> = (0..35).map(|i| 10.0_f64.powi(37 * i % 600 - 300)).collect();
        check(7, 5, &powers);
        // Hilbert's matrix, of condition 1e16.
        let hilbert: Vec<f64> = (0..144).map(|i| 1.0 / (i / 12 + i % 12 + 1) as f64).collect();
        check(12, 12, &hilbert);
    }

    #[test]
    fn columns_of_different_size_keep_small_singular_values() {
        // Orthogonal columns: the singular values are their norms, to full relative accuracy.
        let s = check(3, 3, &[3.0, 0.0, 0.0, 0.0, 1e-20, 0.0, 4.0, 0.0, 0.0]);
        assert_eq!(s, [5.0, 1e-20, 0.0]);
    }

    #[test]
    fn nan_gives_nan() {
        for bad in [f64::NAN, f64::INFINITY] {
            let (u, s, vt) = svd(2, 3, &[1.0, 2.0, bad, 4.0, 5.0, 6.0]);
            assert_eq!((u.len(), s.len(), vt.len()), (4, 2, 6));
            assert!(all_nan(&u) && all_nan(&s) && all_nan(&vt));
        }
    }
}
