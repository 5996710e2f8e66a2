//! Products of matrices that fit into the caches: rows of sums in registers, the left operand
//! read number by number and the right by vectors, both where they are. Only a right operand
//! whose columns are not neighbours is rearranged first.

use super::Tile;
use crate::isa::instruction_set;
use crate::kernels::vector::{Vector, Vectorised, for_widest_vector};
use array::Element;
use std::cell::RefCell;

/// Bytes of a right operand that are rearranged at once, at most: some of the second-level
/// cache.
const REARRANGED: usize = 256 << 10;

/// Whether this product is better done here than by a general method, which rearranges both
/// operands to read them from the first-level cache in order.
pub(super) fn fits<T>(t: &Tile<T>) -> bool {
    let panel = t.columns.min(64) * t.terms * size_of::<T>();
    let whole = t.columns * t.terms * size_of::<T>();
    let in_order = t.right_column == 1;
    t.out_column == 1
        && panel <= REARRANGED
        && (in_order || t.rows >= 8)
        && (t.rows <= 64 || whole <= REARRANGED)
}

thread_local!(static PACKED: RefCell<Vec<Line>> = const { RefCell::new(vec![]) });

/// A cache line.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Line(#[allow(dead_code)] [u8; 64]);

/// The product of tiles that [`fits`].
///
/// # Safety
/// The elements that the tile names must be valid, those of the result not in use elsewhere.
pub(super) unsafe fn small<T: Vectorised>(t: &Tile<T>) {
    let whole_lines = (t.out.addr() | (t.out_row * size_of::<T>())).is_multiple_of(64);
    let t = &Tile { streamed: t.streamed && whole_lines && t.right_column == 1, ..*t };
    // SAFETY: the caller's promise; the instruction set is this processor's.
    unsafe { for_set::<T>(instruction_set(), t) }
}

for_widest_vector! {
    unsafe fn for_set<T>(t: &Tile<T>) = product
}

/// Writes term after term of all columns, and zeros up to `width`.
///
/// # Safety
/// `to` must have room for it, and the tile's right operand be valid.
#[inline(always)]
unsafe fn rearrange<V: Vector>(t: &Tile<V::T>, to: *mut V::T, width: usize) {
    // SAFETY: the positions are those of the operand and of `to`, by the caller's promise.
    unsafe {
        for column in (0..t.columns).step_by(V::LANES) {
            let columns = V::LANES.min(t.columns - column);
            if t.right_term == 1 {
                for term in (0..t.terms).step_by(V::LANES) {
                    V::transpose(
                        t.right.add(column * t.right_column + term),
                        t.right_column,
                        columns,
                        V::LANES.min(t.terms - term),
                        to.add(term * width + column),
                        width,
                        V::LANES,
                    );
                }
            } else {
                for term in 0..t.terms {
                    for c in 0..columns {
                        *to.add(term * width + column + c) =
                            *t.right.add((column + c) * t.right_column + term * t.right_term);
                    }
                }
            }
        }
    }
}

/// Panels of columns, one after the other, each for all rows; for a few rows where the result is
/// streamed, which goes best to neighbouring lines.
///
/// # Safety
/// As for [`small`].
#[inline(always)]
unsafe fn product<V: Vector>(t: &Tile<V::T>) {
    const HEIGHT: usize = 8;
    // SAFETY: the rows are parts of the tile.
    unsafe {
        if !t.streamed {
            return panels::<V, false>(t);
        }
        for row in (0..t.rows).step_by(HEIGHT) {
            let (left, out) = (t.left.add(row * t.left_row), t.out.add(row * t.out_row));
            panels::<V, true>(&Tile { left, out, rows: HEIGHT.min(t.rows - row), ..*t });
        }
        V::fence();
    }
}

/// Panels of columns, one after the other, each for all rows.
///
/// # Safety
/// As for [`small`].
#[inline(always)]
unsafe fn panels<V: Vector, const STREAMED: bool>(t: &Tile<V::T>) {
    let vectors = t.columns.div_ceil(V::LANES);
    let wide = vectors.div_ceil(vectors.div_ceil(V::PANEL));
    // Taken out, so that what follows is not in a closure, which would not be compiled for the
    // instruction set.
    let mut packed = PACKED.take();
    let width = wide * V::LANES;
    let lines = (width * t.terms * size_of::<V::T>()).div_ceil(size_of::<Line>());
    if t.right_column != 1 && packed.len() < lines {
        packed.resize(lines, Line([0; 64]));
    }
    // SAFETY: panels are parts of the tile, and `packed` has room for all terms of one.
    unsafe {
        for first in (0..vectors).step_by(wide) {
            let column = first * V::LANES;
            let columns = width.min(t.columns - column);
            let (right, out) = (t.right.add(column * t.right_column), t.out.add(column));
            let mut panel = Tile { right, out, columns, ..*t };
            if t.right_column != 1 {
                let to = packed.as_mut_ptr().cast::<V::T>();
                rearrange::<V>(&panel, to, width);
                panel = Tile { right: to, right_column: 1, right_term: width, ..panel };
            }
            match columns.div_ceil(V::LANES) {
                1 => rows::<V, 8, 1, STREAMED>(&panel),
                2 if V::PANEL == 2 => rows::<V, 6, 2, STREAMED>(&panel),
                2 => rows::<V, 8, 2, STREAMED>(&panel),
                3 => rows::<V, 8, 3, STREAMED>(&panel),
                _ => rows::<V, 6, 4, STREAMED>(&panel),
            }
        }
    }
    PACKED.set(packed);
}

/// All rows of a panel of `WIDE` vectors, `ROWS` at a time.
///
/// # Safety
/// As for [`small`].
#[inline(always)]
unsafe fn rows<V: Vector, const ROWS: usize, const WIDE: usize, const STREAMED: bool>(
    t: &Tile<V::T>,
) {
    let mut row = 0;
    // SAFETY: the rows are those of the tile.
    unsafe {
        while t.rows - row >= ROWS {
            sums::<V, ROWS, WIDE, STREAMED>(t, row);
            row += ROWS;
        }
        if t.rows - row >= 4 {
            sums::<V, 4, WIDE, STREAMED>(t, row);
            row += 4;
        }
        if t.rows - row >= 2 {
            sums::<V, 2, WIDE, STREAMED>(t, row);
            row += 2;
        }
        while t.rows - row >= 1 {
            sums::<V, 1, WIDE, STREAMED>(t, row);
            row += 1;
        }
    }
}

/// `ROWS` rows from `row` on.
///
/// # Safety
/// As for [`small`].
#[inline(always)]
#[allow(clippy::needless_range_loop)] // the indices number registers
unsafe fn sums<V: Vector, const ROWS: usize, const WIDE: usize, const STREAMED: bool>(
    t: &Tile<V::T>,
    row: usize,
) {
    let last = t.columns - (WIDE - 1) * V::LANES;
    // SAFETY: rows, columns and terms are those of the tile; of the last vector only the tile's
    // columns are touched.
    unsafe {
        let mut sums = [[V::splat(V::T::ZERO); WIDE]; ROWS];
        let (mut l, mut r) = (t.left.add(row * t.left_row), t.right);
        for _ in 0..t.terms {
            let mut vectors = [V::splat(V::T::ZERO); WIDE];
            for j in 0..WIDE - 1 {
                vectors[j] = V::load(r.add(j * V::LANES));
            }
            vectors[WIDE - 1] = V::load_part(r.add((WIDE - 1) * V::LANES), last);
            for i in 0..ROWS {
                let x = V::splat(*l.add(i * t.left_row));
                for j in 0..WIDE {
                    sums[i][j] = x.mul_add(vectors[j], sums[i][j]);
                }
            }
            l = l.wrapping_add(t.left_term);
            r = r.wrapping_add(t.right_term);
        }
        for i in 0..ROWS {
            let to = t.out.add((row + i) * t.out_row);
            for j in 0..WIDE {
                let (to, n) = (to.add(j * V::LANES), if j + 1 < WIDE { V::LANES } else { last });
                if t.add {
                    sums[i][j] = sums[i][j].add(V::load_part(to, n));
                }
                if STREAMED && n == V::LANES {
                    sums[i][j].stream(to);
                } else {
                    sums[i][j].store_part(to, n);
                }
            }
        }
    }
}
