//! The innermost product: a few rows times a few vectors, all sums in registers.

use crate::kernels::vector::Vector;
use array::Element;

/// One operand of a product, or its result: where it starts, and the steps between elements.
#[derive(Clone, Copy)]
pub(super) struct Left<T> {
    pub(super) at: *const T,
    /// From one row of the result to the next.
    pub(super) row: usize,
    /// From one term of the sums to the next.
    pub(super) term: usize,
}

/// The right operand: vectors side by side.
#[derive(Clone, Copy)]
pub(super) struct Right<T> {
    pub(super) at: *const T,
    /// From one term of the sums to the next.
    pub(super) term: usize,
}

/// The result: vectors side by side.
#[derive(Clone, Copy)]
pub(super) struct Sums<T> {
    pub(super) at: *mut T,
    pub(super) row: usize,
    /// Whether the products are added to what is there.
    pub(super) add: bool,
}

/// `ROWS × WIDE` vectors of sums of `terms` products.
///
/// # Safety
/// All the elements named must be valid, those of the sums not in use elsewhere; and the promise
/// of [`Vector`].
#[inline(always)]
#[allow(clippy::needless_range_loop)] // the indices number registers
unsafe fn tile<V: Vector, const ROWS: usize, const WIDE: usize>(
    terms: usize,
    left: Left<V::T>,
    right: Right<V::T>,
    to: Sums<V::T>,
) {
    // SAFETY: by the caller's promise.
    unsafe {
        let mut sums = [[V::splat(V::T::ZERO); WIDE]; ROWS];
        let (mut l, mut r) = (left.at, right.at);
        for _ in 0..terms {
            let mut vectors = [V::splat(V::T::ZERO); WIDE];
            for j in 0..WIDE {
                vectors[j] = V::load(r.add(j * V::LANES));
            }
            for i in 0..ROWS {
                let x = V::splat(*l.add(i * left.row));
                for j in 0..WIDE {
                    sums[i][j] = x.mul_add(vectors[j], sums[i][j]);
                }
            }
            l = l.wrapping_add(left.term);
            r = r.wrapping_add(right.term);
        }
        for i in 0..ROWS {
            for j in 0..WIDE {
                let at = to.at.add(i * to.row + j * V::LANES);
                let sum = if to.add { V::load(at).add(sums[i][j]) } else { sums[i][j] };
                sum.store(at);
            }
        }
    }
}

/// `count ≥ rows(…)` rows times `wide` vectors, overwriting the sums: the last tile may overlap
/// the one before, and computes the same numbers again.
///
/// # Safety
/// As of [`tile`].
#[inline(always)]
pub(super) unsafe fn overlapping<V: Vector>(
    count: usize,
    wide: usize,
    terms: usize,
    left: Left<V::T>,
    right: Right<V::T>,
    to: Sums<V::T>,
) {
    #[inline(always)]
    unsafe fn go<V: Vector, const ROWS: usize, const WIDE: usize>(
        count: usize,
        terms: usize,
        left: Left<V::T>,
        right: Right<V::T>,
        to: Sums<V::T>,
    ) {
        debug_assert!(count >= ROWS && !to.add);
        let mut i = 0;
        while i < count {
            let first = i.min(count - ROWS);
            // SAFETY: rows `first..first + ROWS` are among those of the caller's promise.
            unsafe {
                let left = Left { at: left.at.add(first * left.row), ..left };
                tile::<V, ROWS, WIDE>(
                    terms,
                    left,
                    right,
                    Sums { at: to.at.add(first * to.row), ..to },
                );
            }
            i += ROWS;
        }
    }
    // SAFETY: the caller's promise is passed on.
    unsafe {
        match (V::PANEL, wide) {
            (4, 4) => go::<V, 6, 4>(count, terms, left, right, to),
            (4, 3) => go::<V, 8, 3>(count, terms, left, right, to),
            (4, 2) => go::<V, 12, 2>(count, terms, left, right, to),
            (4, _) => go::<V, 12, 1>(count, terms, left, right, to),
            (_, 2) => go::<V, 6, 2>(count, terms, left, right, to),
            (_, _) => go::<V, 8, 1>(count, terms, left, right, to),
        }
    }
}

/// A multiple of 4 rows times `wide` vectors, added to the sums.
///
/// # Safety
/// As of [`tile`].
#[inline(always)]
pub(super) unsafe fn accumulated<V: Vector>(
    count: usize,
    wide: usize,
    terms: usize,
    left: Left<V::T>,
    right: Right<V::T>,
    to: Sums<V::T>,
) {
    debug_assert!(count.is_multiple_of(4));
    for i in (0..count).step_by(4) {
        // SAFETY: rows `i..i + 4` are among those of the caller's promise.
        unsafe {
            let left = Left { at: left.at.add(i * left.row), ..left };
            let to = Sums { at: to.at.add(i * to.row), ..to };
            match wide {
                4 => tile::<V, 4, 4>(terms, left, right, to),
                3 => tile::<V, 4, 3>(terms, left, right, to),
                2 => tile::<V, 4, 2>(terms, left, right, to),
                _ => tile::<V, 4, 1>(terms, left, right, to),
            }
        }
    }
}
