//! Linear algebra composed of primitives. Nothing here has a rule of its own: derivatives of every
//! order, batching and compilation follow from those of the primitives.
//!
//! A matrix is the last two axes; leading axes run in parallel and must be equal (expressions do
//! not broadcast). Right-hand sides are matrices too, one per column.
//!
//! ```
//! use array::Array;
//! use ir::{Expr, close, linalg};
//! let a = Expr::constant(Array::from_vec(vec![2.0, 1.0, 4.0, 3.0], &[2, 2]));
//! let inverse = linalg::inv(&a);
//! let program = close(None, &[], &[inverse], 16)?.program;
//! assert_eq!(program.eval(&[])?[0].to_f64(), [1.5, -0.5, -2.0, 1.0]);
//! # Ok::<(), ir::RuleError>(())
//! ```

use crate::expr::{Expr, bind, bind1};
use crate::prim::matrix::{axes_of, diagonal, mask};
use crate::prim::{Cholesky, Compare, Lu, LuSolve, Qr, ReduceOp, TriangularSolve};
use array::DType;

/// The identity, repeated over the leading axes of `shape`.
#[track_caller]
pub fn identity(dtype: DType, shape: &[usize]) -> Expr {
    mask(shape, Compare::Eq).convert(dtype)
}

/// The solution `X` of `A X = B`, for `A: [..., n, n]`, `B: [..., n, k]`.
///
/// `A` is factored once; `dX = A⁻¹ (dB − dA X)` uses the factors again, and so do all further
/// derivatives ([`LuSolve`]). A singular matrix gives infinities or NaN.
#[track_caller]
pub fn solve(a: &Expr, b: &Expr) -> Expr {
    let factors = bind(Lu {}, &[a]);
    bind1(LuSolve { transpose: false }, &[a, &factors[0], &factors[2], b])
}

/// The inverse, `A⁻¹: [..., n, n]`. Where it is multiplied afterwards, [`solve`] is better.
#[track_caller]
pub fn inv(a: &Expr) -> Expr {
    solve(a, &identity(a.dtype(), a.shape()))
}

/// The diagonal of `U` and the determinant of `P`, from `P A = L U`.
#[track_caller]
fn pivots_and_parity(a: &Expr) -> (Expr, Expr) {
    let factors = bind(Lu {}, &[a]);
    let exchanges = &factors[1];
    let still = Expr::iota(DType::I64, exchanges.shape(), exchanges.rank() - 1);
    let u = diagonal(&factors[0]);
    let signs = exchanges.ne(&still).select(&u.full_like(-1.0), &u.full_like(1.0));
    let parity = signs.reduce(ReduceOp::Prod, &[signs.rank() - 1]);
    (u, parity)
}

/// The sign of the determinant (−1, 0 or 1) and the logarithm of its magnitude, for
/// `A: [..., n, n]` two arrays `[...]`. `d log|det A| = tr(A⁻¹ dA)`, which does not exist for singular
/// matrices (value −∞).
///
/// The determinant itself over- and underflows soon; its logarithm does not.
#[track_caller]
pub fn slogdet(a: &Expr) -> (Expr, Expr) {
    let (u, parity) = pivots_and_parity(a);
    let last = [u.rank() - 1];
    let sign = &parity * &u.sign().reduce(ReduceOp::Prod, &last);
    (sign, u.abs().log().reduce_sum(&last))
}

/// `log det A: [...]`, NaN where the determinant is negative.
#[track_caller]
pub fn logdet(a: &Expr) -> Expr {
    let (sign, log_magnitude) = slogdet(a);
    &log_magnitude + &sign.log()
}

/// `det A: [...]`. Its derivative, `det(A) tr(A⁻¹ dA)`, is NaN for singular matrices.
#[track_caller]
pub fn det(a: &Expr) -> Expr {
    let (u, parity) = pivots_and_parity(a);
    &parity * &u.reduce(ReduceOp::Prod, &[u.rank() - 1])
}

/// The lower triangular `L` with `L Lᵀ = (A + Aᵀ)/2`; see [`Cholesky`].
#[track_caller]
pub fn cholesky(a: &Expr) -> Expr {
    bind1(Cholesky {}, &[a])
}

/// The solution `X` of `L Lᵀ X = B` for a Cholesky factor `L: [..., n, n]`, `B: [..., n, k]`.
#[track_caller]
pub fn cho_solve(l: &Expr, b: &Expr) -> Expr {
    let forward = TriangularSolve { lower: true, transpose: false, unit_diagonal: false };
    let backward = TriangularSolve { transpose: true, ..forward };
    bind1(backward, &[l, &bind1(forward, &[l, b])])
}

/// The least-squares solution of `A X = B` for `A: [..., m, n]` of full rank, `B: [..., m, k]`: the
/// `X: [..., n, k]` with the smallest `‖A X − B‖`, and for `m < n`, where many reach zero, the one of
/// these with the smallest `‖X‖`.
///
/// By QR: `A = Q R` gives `X = R⁻¹ Qᵀ B`; for `m < n`, `Aᵀ = Q R` gives `X = Q R⁻ᵀ B`. A matrix
/// without full rank gives infinities or NaN.
#[track_caller]
pub fn lstsq(a: &Expr, b: &Expr) -> Expr {
    let axes = axes_of(a.shape());
    let upper = TriangularSolve { lower: false, transpose: false, unit_diagonal: false };
    if axes.rows >= axes.columns {
        let factors = bind(Qr {}, &[a]);
        return bind1(upper, &[&factors[1], &factors[0].matrix_transpose().matmul(b)]);
    }
    let factors = bind(Qr {}, &[&a.matrix_transpose()]);
    let transposed = TriangularSolve { transpose: true, ..upper };
    factors[0].matmul(&bind1(transposed, &[&factors[1], b]))
}

/// The pseudo-inverse `A⁺: [..., n, m]` of `A: [..., m, n]` of full rank: `(AᵀA)⁻¹Aᵀ` for `m ≥ n`,
/// `Aᵀ(AAᵀ)⁻¹` for `m < n`. Without full rank it is not continuous; it gives infinities or NaN.
#[track_caller]
pub fn pinv(a: &Expr) -> Expr {
    let axes = axes_of(a.shape());
    let square = axes.with(&[axes.rows, axes.rows]);
    lstsq(a, &identity(a.dtype(), &square))
}

/// `θ₁₃`: for matrices of at most this 1-norm the backward error of the Padé approximant of degree
/// 13 is below the unit roundoff of f64. N. J. Higham, *The scaling and squaring method for the
/// matrix exponential revisited*, SIAM J. Matrix Anal. Appl. 26 (2005), table 2.3.
const THETA_13: f64 = 5.371920351148152;

/// The coefficients `b₀, …, b₁₃` of that approximant's numerator; the same, equation 2.2 and
/// algorithm 2.3.
const PADE_13: [f64; 14] = [
    64764752532480000.0,
    32382376266240000.0,
    7771770303897600.0,
    1187353796428800.0,
    129060195264000.0,
    10559470521600.0,
    670442572800.0,
    33522128640.0,
    1323241920.0,
    40840800.0,
    960960.0,
    16380.0,
    182.0,
    1.0,
];

/// Scaling by at most 2¹⁶: norms up to 3.5·10⁵.
const MOST_SQUARINGS: i32 = 16;

/// The matrix exponential, `e^A = Σ Aᵏ/k!`, for `A: [..., n, n]`.
///
/// Scaling and squaring: with `s` the smallest number for which `‖A‖₁ ≤ 2ˢ θ₁₃`, the Padé approximant
/// of degree 13 of `A/2ˢ`, squared `s` times. Source: N. J. Higham, *The scaling and squaring method
/// for the matrix exponential revisited*, SIAM J. Matrix Anal. Appl. 26 (2005), algorithm 2.3
/// (always with degree 13, for f32 too).
///
/// The program has a fixed number of squarings, 16, so that it can be differentiated and batched:
/// each is selected by whether the norm needs it, which costs 16 products of matrices whatever the
/// norm. What is not selected squares zero, so that it neither overflows nor spoils derivatives.
/// `s` depends on the matrix but the result does not depend on `s`, so `s` has no derivative. Norms
/// above `2¹⁶ θ₁₃ ≈ 3.5·10⁵` give NaN.
#[track_caller]
pub fn expm(a: &Expr) -> Expr {
    let r = a.rank();
    if a.ty().is_empty() {
        return a.clone();
    }
    let whole = |x: &Expr| x.broadcast_along(a.shape(), &[r - 2, r - 1]);
    let norm = a.stop_gradient().abs().reduce_sum(&[r - 2]).reduce(ReduceOp::Max, &[r - 2]);
    let exceeds = |squarings: i32| norm.gt(&norm.full_like(THETA_13 * 2.0_f64.powi(squarings)));

    let mut scale = exceeds(MOST_SQUARINGS).select(&norm.full_like(f64::NAN), &norm.full_like(1.0));
    for i in 0..MOST_SQUARINGS {
        scale = exceeds(i).select(&scale.times(0.5), &scale);
    }
    let mut power = pade_13(&(a * &whole(&scale)));
    let zero = a.full_like(0.0);
    for i in 0..MOST_SQUARINGS {
        let wanted = whole(&exceeds(i));
        let factor = wanted.select(&power, &zero);
        power = wanted.select(&factor.matmul(&factor), &power);
    }
    power
}

/// The approximant `(V − U)⁻¹ (V + U)` of degree 13 of the exponential, `U` the odd and `V` the even
/// part of the numerator.
fn pade_13(a: &Expr) -> Expr {
    let identity = identity(a.dtype(), a.shape());
    let a2 = a.matmul(a);
    let a4 = a2.matmul(&a2);
    let a6 = a4.matmul(&a2);
    // b_i A⁶ + b_{i−2} A⁴ + b_{i−4} A² (+ b_{i−6} I).
    let polynomial = |i: usize, constant: bool| {
        let high = &a6.times(PADE_13[i]) + &a4.times(PADE_13[i - 2]);
        let sum = &high + &a2.times(PADE_13[i - 4]);
        if constant { &sum + &identity.times(PADE_13[i - 6]) } else { sum }
    };
    let u = a.matmul(&(&a6.matmul(&polynomial(13, false)) + &polynomial(7, true)));
    let v = &a6.matmul(&polynomial(12, false)) + &polynomial(6, true);
    solve(&(&v - &u), &(&v + &u))
}
