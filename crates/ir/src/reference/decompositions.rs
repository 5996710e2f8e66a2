//! Matrix decompositions, slow and obviously right: the meaning of the linear-algebra primitives.
//!
//! Every function takes one dense matrix, row-major, in `f64`; batches and other dtypes are the
//! caller's. A decomposition is made unique where mathematics leaves a choice, so that another
//! engine can be compared with this one number by number:
//!
//! * Cholesky: the diagonal of `L` is positive.
//! * LU: partial pivoting, the first of equal pivots.
//! * QR: the diagonal of `R` is not negative.
//! * Symmetric eigenvectors and left singular vectors: each has [`canonical_sign`] one.
//!
//! Repeated eigenvalues or singular values leave a basis of their subspace undetermined all the
//! same, and so do the columns of a full `Q` beyond the rank.
//!
//! A matrix with an entry that is infinite or NaN, among those that are read, decomposes into NaN
//! throughout. Empty matrices have empty factors.

mod cholesky;
mod eigh;
mod lu;
mod qr;
mod svd;
mod triangular_solve;

pub use cholesky::cholesky;
pub use eigh::eigh;
pub use lu::lu;
pub use qr::{qr, qr_full};
pub use svd::svd;
pub use triangular_solve::triangular_solve;

/// The factor, `1` or `−1`, that turns a vector into the representative of `±v` that Mathesis
/// reports: the one whose largest component is positive.
///
/// Largest means the first whose magnitude is within one part in a thousand of the greatest.
/// Vectors with structure (of circulant or Laplace matrices, say) have components of exactly equal
/// magnitude, and rounding, of `f32` too, must not choose between those. For a vector of zeros or
/// with a NaN the factor is one.
///
/// The factor is locally constant, so derivatives need not know of it.
///
/// ```
/// use ir::reference::decompositions::canonical_sign;
/// assert_eq!(canonical_sign(&[0.6, -0.8]), -1.0);
/// assert_eq!(canonical_sign(&[0.5, -0.5 - 1e-12]), 1.0);
/// ```
pub fn canonical_sign(column: &[f64]) -> f64 {
    const TIE: f64 = 1e-3;
    let greatest = column.iter().fold(0.0_f64, |greatest, x| greatest.max(x.abs()));
    let largest = column.iter().find(|x| x.abs() >= (1.0 - TIE) * greatest);
    if largest.is_some_and(|x| *x < 0.0) { -1.0 } else { 1.0 }
}

/// Column `j` of a row-major matrix with `n` columns.
fn column(n: usize, a: &[f64], j: usize) -> Vec<f64> {
    a.iter().skip(j).step_by(n.max(1)).copied().collect()
}

/// Multiplies column `j` of a row-major matrix with `n` columns by `factor`.
fn scale_column(n: usize, a: &mut [f64], j: usize, factor: f64) {
    a.iter_mut().skip(j).step_by(n.max(1)).for_each(|x| *x *= factor);
}

/// The n×n identity.
fn identity(n: usize) -> Vec<f64> {
    let mut eye = vec![0.0; n * n];
    (0..n).for_each(|i| eye[i * n + i] = 1.0);
    eye
}

/// The transpose, n×m, of an m×n matrix.
fn transpose(m: usize, n: usize, a: &[f64]) -> Vec<f64> {
    (0..n * m).map(|index| a[index % m * n + index / m]).collect()
}

/// The inner product `⟨x, y⟩`.
fn dot(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| x * y).sum()
}

/// The Euclidean norm, computed on numbers near one so that no square overflows or vanishes.
fn norm(x: &[f64]) -> f64 {
    let scale = scale_to_unit(x);
    x.iter().map(|x| (x * scale) * (x * scale)).sum::<f64>().sqrt() / scale
}

/// The power of two that brings the greatest magnitude into `[1, 2)` (as near as the range of `f64`
/// allows; 1 for zeros). Multiplying by it rounds nothing.
fn scale_to_unit(x: &[f64]) -> f64 {
    let greatest = x.iter().fold(0.0_f64, |greatest, x| greatest.max(x.abs()));
    if greatest == 0.0 || greatest.is_infinite() {
        return 1.0;
    }
    let exponent = ((greatest.to_bits() >> 52) & 0x7ff) as i32 - 1023;
    2.0_f64.powi(-exponent)
}

/// The plane rotation `(c, s)` of Jacobi's method: with `t = s/c` the smaller root of
/// `t² + 2ζt − 1 = 0`, `ζ = (b − a)/(2d)`, it diagonalises the symmetric matrix `[a d; d b]`, and
/// the new diagonal is `a − td`, `b + td`. Returns `(t, c, s)`; `d` must not be zero.
///
/// Source: G. H. Golub, C. F. Van Loan, *Matrix Computations*, 4th edition, §8.5.2. The smaller
/// root, an angle of at most π/4, is what makes cyclic sweeps converge (G. E. Forsythe,
/// P. Henrici, *The cyclic Jacobi method*, 1960).
fn jacobi_rotation(a: f64, b: f64, d: f64) -> (f64, f64, f64) {
    let zeta = (b - a) / (2.0 * d);
    let t = 1.0_f64.copysign(zeta) / (zeta.abs() + zeta.hypot(1.0));
    let c = 1.0 / t.hypot(1.0);
    (t, c, t * c)
}

/// `(x, y) ← (c x − s y, s x + c y)`, the rotation of [`jacobi_rotation`] on a pair of numbers.
fn rotated(x: f64, y: f64, c: f64, s: f64) -> (f64, f64) {
    (c * x - s * y, s * x + c * y)
}

/// Jacobi's methods converge in 5 to 15 sweeps; one that needs more than this never will, and NaN
/// is the answer.
const MOST_SWEEPS: usize = 60;

/// What Jacobi's methods leave alone in a matrix scaled to entries near one: far below its rounding,
/// but far enough above the smallest numbers that relative criteria still mean something. Where
/// columns or diagonal entries vanish, no relative criterion could end the sweeps.
const NEGLIGIBLE: f64 = 1e-200;

#[cfg(test)]
mod tests {
    use super::*;

    /// Uniform numbers in [−1, 1), from the 64-bit linear congruential generator of D. E. Knuth's
    /// MMIX (*The Art of Computer Programming*, vol. 2, §3.3.4, table 1, line 26).
    pub(super) fn random(count: usize, seed: u64) -> Vec<f64> {
        let mut state = seed.wrapping_mul(2).wrapping_add(1);
        (0..count + 4)
            .map(|_| {
                state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
            })
            .skip(4)
            .collect()
    }

    /// The product of an m×k and a k×n matrix.
    pub(super) fn product(m: usize, k: usize, n: usize, a: &[f64], b: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; m * n];
        for i in 0..m {
            for j in 0..n {
                out[i * n + j] = (0..k).map(|l| a[i * k + l] * b[l * n + j]).sum();
            }
        }
        out
    }

    /// `max |a − b|`; infinite where NaN hides a difference.
    pub(super) fn distance(a: &[f64], b: &[f64]) -> f64 {
        assert_eq!(a.len(), b.len());
        a.iter().zip(b).fold(0.0_f64, |worst, (a, b)| {
            let difference = (a - b).abs();
            if difference.is_nan() { f64::INFINITY } else { worst.max(difference) }
        })
    }

    /// `max |QᵀQ − I|` for an m×k matrix `Q`.
    pub(super) fn departure_from_orthonormal(m: usize, k: usize, q: &[f64]) -> f64 {
        distance(&product(k, m, k, &transpose(m, k, q), q), &identity(k))
    }

    /// Whether every number is NaN.
    pub(super) fn all_nan(a: &[f64]) -> bool {
        a.iter().all(|x| x.is_nan())
    }

    #[test]
    fn the_canonical_sign_is_blind_to_rounding_and_to_degenerate_vectors() {
        assert_eq!(canonical_sign(&[-1.0, 1.0 + 1e-7]), -1.0);
        assert_eq!(canonical_sign(&[-0.5, 1.0]), 1.0);
        assert_eq!(canonical_sign(&[]), 1.0);
        assert_eq!(canonical_sign(&[0.0, -0.0]), 1.0);
        assert_eq!(canonical_sign(&[f64::NAN, f64::NAN]), 1.0);
        for seed in 0..20 {
            let v = random(7, seed);
            let minus: Vec<f64> = v.iter().map(|x| -x).collect();
            assert_eq!(canonical_sign(&v), -canonical_sign(&minus));
        }
    }

    #[test]
    fn norms_at_the_ends_of_the_range() {
        for scale in [1e-320, 1e-300, 1.0, 1e300] {
            assert!((norm(&[3.0 * scale, -4.0 * scale]) / (5.0 * scale) - 1.0).abs() < 1e-3);
        }
        assert_eq!(norm(&[]), 0.0);
        assert_eq!(norm(&[0.0]), 0.0);
    }

    #[test]
    fn a_rotation_diagonalises() {
        for (a, b, d) in [(1.0, 2.0, 0.5), (1.0, 1.0, 1.0), (3.0, -1.0, 1e-9), (0.0, 0.0, -2.0)] {
            let (t, c, s) = jacobi_rotation(a, b, d);
            let off_diagonal = c * s * (a - b) + d * (c * c - s * s);
            assert!(off_diagonal.abs() < 1e-15, "{off_diagonal}");
            let first = c * c * a - 2.0 * c * s * d + s * s * b;
            assert!((first - (a - t * d)).abs() < 1e-15);
        }
    }
}
