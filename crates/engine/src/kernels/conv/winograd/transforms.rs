//! The three linear maps of F(4×4, 3×3), for vectors of channels.
//!
//! Along one axis, four outputs of a kernel of three places need six products instead of twelve:
//! `y = Aᵀ[(G g) ⊙ (Bᵀ d)]`, by evaluating polynomials at 0, ±a, ±b and ∞ (S. Winograd, *Arithmetic
//! Complexity of Computations*, 1980; A. Lavin, S. Gray, arXiv:1509.09308). In two dimensions each
//! map is applied along both axes. The usual points ±1, ±2 make the entries as large as 8 and lose
//! some bits; a = 1/√2, b = √2 (so a²b² = 1) lose fewer: see `docs/notes/convolution.md`.

use crate::kernels::vector::Vector;
use array::Element;
use std::f64::consts::{FRAC_1_SQRT_2, SQRT_2};

const A: f64 = FRAC_1_SQRT_2;
const B: f64 = SQRT_2;
/// Squares, exactly (the products above are rounded).
const A2: f64 = 0.5;
const B2: f64 = 2.0;

/// Outputs of a tile along an axis.
pub(super) const OUT: usize = 4;
/// Elements that a tile reads along an axis.
pub(super) const IN: usize = 6;
/// Products of a tile.
pub(super) const PRODUCTS: usize = IN * IN;

#[inline(always)]
unsafe fn constant<V: Vector>(x: f64) -> V {
    // SAFETY: the promise of `Vector` is the caller's.
    unsafe { V::splat(V::T::from_f64(x)) }
}

/// `Bᵀ d`
#[inline(always)]
unsafe fn of_elements<V: Vector>(d: [V; IN]) -> [V; IN] {
    // SAFETY: the promise of `Vector` is the caller's.
    unsafe {
        let (a, b, a2, b2) =
            (constant::<V>(A), constant::<V>(B), constant::<V>(A2), constant::<V>(B2));
        let s = constant::<V>(A2 + B2);
        // (x² − a²)(x² − b²) and x(x² − a²)(x² − b²), with a²b² = 1
        let first = s.neg_mul_add(d[2], d[0].add(d[4]));
        let last = s.neg_mul_add(d[3], d[1].add(d[5]));
        // x(x ± a)(x² − b²)
        let (even, odd) = (b2.neg_mul_add(d[2], d[4]), b2.neg_mul_add(d[1], d[3]));
        let (plus_a, minus_a) = (a.mul_add(odd, even), a.neg_mul_add(odd, even));
        let (even, odd) = (a2.neg_mul_add(d[2], d[4]), a2.neg_mul_add(d[1], d[3]));
        let (plus_b, minus_b) = (b.mul_add(odd, even), b.neg_mul_add(odd, even));
        [first, plus_a, minus_a, plus_b, minus_b, last]
    }
}

/// `Aᵀ m`
#[inline(always)]
unsafe fn to_outputs<V: Vector>(m: [V; IN]) -> [V; OUT] {
    // SAFETY: the promise of `Vector` is the caller's.
    unsafe {
        let (even_a, odd_a) = (m[1].add(m[2]), m[1].sub(m[2]));
        let (even_b, odd_b) = (m[3].add(m[4]), m[3].sub(m[4]));
        let second = constant::<V>(B2).mul_add(even_b, constant::<V>(0.0));
        let odd_b = constant::<V>(B).mul_add(odd_b, constant::<V>(0.0));
        let odd_a = constant::<V>(A).mul_add(odd_a, constant::<V>(0.0));
        [
            m[0].add(even_a).add(even_b),
            odd_a.add(odd_b),
            constant::<V>(A2).mul_add(even_a, second),
            constant::<V>(A2).mul_add(odd_a, constant::<V>(B2).mul_add(odd_b, m[5])),
        ]
    }
}

/// `A y`, the transpose of [`to_outputs`].
#[inline(always)]
unsafe fn of_outputs<V: Vector>(y: [V; OUT]) -> [V; IN] {
    // SAFETY: the promise of `Vector` is the caller's.
    unsafe {
        let (a2, b2) = (constant::<V>(A2), constant::<V>(B2));
        let (even_a, odd_a) = (a2.mul_add(y[2], y[0]), a2.mul_add(y[3], y[1]));
        let (even_b, odd_b) = (b2.mul_add(y[2], y[0]), b2.mul_add(y[3], y[1]));
        let (a, b) = (constant::<V>(A), constant::<V>(B));
        [
            y[0],
            a.mul_add(odd_a, even_a),
            a.neg_mul_add(odd_a, even_a),
            b.mul_add(odd_b, even_b),
            b.neg_mul_add(odd_b, even_b),
            y[3],
        ]
    }
}

/// `1/Nᵢ` for ±a and ±b, where `Nᵢ = Π_{k≠i} (pᵢ − p_k)`; it is 1 for 0.
const NORM_A: f64 = 1.0 / (2.0 * A2 * (A2 - B2));
const NORM_B: f64 = 1.0 / (2.0 * B2 * (B2 - A2));

/// `G g`
#[inline(always)]
unsafe fn of_kernel<V: Vector>(g: [V; 3]) -> [V; IN] {
    // SAFETY: the promise of `Vector` is the caller's.
    unsafe {
        let zero = constant::<V>(0.0);
        let even = |square: f64, norm: f64| {
            constant::<V>(norm).mul_add(g[0], constant::<V>(norm * square).mul_add(g[2], zero))
        };
        let (even_a, even_b) = (even(A2, NORM_A), even(B2, NORM_B));
        let (a, b) = (constant::<V>(A * NORM_A), constant::<V>(B * NORM_B));
        [
            g[0],
            a.mul_add(g[1], even_a),
            a.neg_mul_add(g[1], even_a),
            b.mul_add(g[1], even_b),
            b.neg_mul_add(g[1], even_b),
            g[2],
        ]
    }
}

/// `Gᵀ u`, the transpose of [`of_kernel`].
#[inline(always)]
unsafe fn to_kernel<V: Vector>(u: [V; IN]) -> [V; 3] {
    // SAFETY: the promise of `Vector` is the caller's.
    unsafe {
        let (even_a, odd_a) = (u[1].add(u[2]), u[1].sub(u[2]));
        let (even_b, odd_b) = (u[3].add(u[4]), u[3].sub(u[4]));
        let of = |a: f64, x: V, b: f64, y: V, rest: V| {
            constant::<V>(a).mul_add(x, constant::<V>(b).mul_add(y, rest))
        };
        [
            of(NORM_A, even_a, NORM_B, even_b, u[0]),
            of(A * NORM_A, odd_a, B * NORM_B, odd_b, constant::<V>(0.0)),
            of(A2 * NORM_A, even_a, B2 * NORM_B, even_b, u[5]),
        ]
    }
}

macro_rules! two_dimensional {
    ($(#[$meta:meta])* $name:ident = $map:ident, $from:expr, $to:expr) => {
        $(#[$meta])*
        ///
        /// Element `(i, j)` is read from `from + i·row + j·column`, and result number `i, j` written
        /// to `to + i·to_row + j·to_column`.
        ///
        /// # Safety
        /// The places named must be valid vectors, those written not in use elsewhere; and the
        /// promise of [`Vector`].
        #[inline(always)]
        pub(super) unsafe fn $name<V: Vector>(
            from: *const V::T,
            [row, column]: [usize; 2],
            to: *mut V::T,
            [to_row, to_column]: [usize; 2],
        ) {
            // SAFETY: by the caller's promise.
            unsafe {
                let zero = constant::<V>(0.0);
                let mut half = [[zero; $from]; $to];
                for j in 0..$from {
                    let mut line = [zero; $from];
                    for i in 0..$from {
                        line[i] = V::load(from.add(i * row + j * column));
                    }
                    let line = $map(line);
                    for i in 0..$to {
                        half[i][j] = line[i];
                    }
                }
                for i in 0..$to {
                    let line = $map(half[i]);
                    for j in 0..$to {
                        line[j].store(to.add(i * to_row + j * to_column));
                    }
                }
            }
        }
    };
}
two_dimensional!(
    /// `Bᵀ d B`: of a tile's elements.
    elements = of_elements, IN, IN
);
two_dimensional!(
    /// `A y Aᵀ`: of the cotangents of a tile's outputs.
    cotangents = of_outputs, OUT, IN
);
two_dimensional!(
    /// `Aᵀ m A`: a tile's outputs.
    outputs = to_outputs, IN, OUT
);
two_dimensional!(
    /// `G g Gᵀ`: of a kernel.
    kernel = of_kernel, 3, IN
);
two_dimensional!(
    /// `Gᵀ u G`: the cotangent of a kernel.
    kernel_cotangent = to_kernel, IN, 3
);
