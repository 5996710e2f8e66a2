//! `dot_general`: one strided product of matrices per index of the batch axes.

use crate::memory::scratch;
use crate::strided::{Copy, signed_strides};
use crate::threads::{Parts, for_each_chunk};
use array::shape::size;
use array::{Array, DType, Element};
use ir::prim::DotGeneral;
use std::ops::Range;

/// One side of the product: for each batch index where its matrix starts, and the steps along
/// the free and the contracted index.
struct Side<'a, T: Clone> {
    values: std::borrow::Cow<'a, [T]>,
    starts: Vec<usize>,
    free: isize,
    contracted: isize,
}

/// The only step of axes that are walked through as one, in the given order.
fn single_step(shape: &[usize], strides: &[isize], axes: &[usize]) -> Option<isize> {
    let mut step: Option<(isize, usize)> = None; // of the axes so far, with their last size
    for &a in axes.iter().rev().filter(|&&a| shape[a] != 1) {
        match step {
            None => step = Some((strides[a], shape[a])),
            Some((s, n)) if strides[a] == s * n as isize => step = Some((s, n * shape[a])),
            Some(_) => return None,
        }
    }
    Some(step.map_or(1, |s| s.0))
}

fn side<'a, T: Element>(p: &DotGeneral, which: usize, x: &'a Array) -> Side<'a, T> {
    let (shape, values) = (x.shape(), x.as_slice::<T>());
    let strides = signed_strides(shape);
    let (batch, contract) = (&p.batch[which], &p.contract[which]);
    let free = p.free(which, shape.len());
    let steps = (single_step(shape, &strides, &free), single_step(shape, &strides, contract));
    if let (Some(free), Some(contracted)) = steps {
        let sizes: Vec<usize> = batch.iter().map(|&a| shape[a]).collect();
        let mut starts = Vec::with_capacity(size(&sizes));
        array::shape::for_each_index(&sizes, |i| {
            starts.push(batch.iter().zip(i).map(|(&a, &i)| strides[a] as usize * i).sum());
        });
        return Side { values: values.into(), starts, free, contracted };
    }
    // No single step: bring the axes into the order batch, free, contracted first.
    let order = [&batch[..], &free, contract].concat();
    let ordered: Vec<usize> = order.iter().map(|&a| shape[a]).collect();
    let mut copied = scratch::<T>(values.len());
    Copy::new(&ordered, order.iter().map(|&a| strides[a]), 0, signed_strides(&ordered), 0)
        .run(values, &mut copied);
    let k: usize = contract.iter().map(|&a| shape[a]).product();
    let per: usize = free.iter().map(|&a| shape[a]).product::<usize>() * k;
    let count: usize = batch.iter().map(|&a| shape[a]).product();
    Side {
        values: copied.into(),
        starts: (0..count).map(|b| b * per).collect(),
        free: k as isize,
        contracted: 1,
    }
}

/// The sizes of a product: rows, columns, contracted length.
#[derive(Clone, Copy)]
struct Sizes {
    m: usize,
    n: usize,
    k: usize,
}

/// Rows and columns of one product that one chunk computes.
struct Tile {
    rows: Range<usize>,
    columns: Range<usize>,
}

/// A type that products are made of.
trait Dot: Element {
    /// Writes a tile of the product of `l` and `r`, in batch number `b`, to `out`, row-major
    /// with `s.n` columns.
    ///
    /// # Safety
    /// `out` must point to `s.m * s.n` elements, those of the tile not in use elsewhere.
    unsafe fn tile(
        s: Sizes,
        b: usize,
        l: &Side<'_, Self>,
        r: &Side<'_, Self>,
        tile: Tile,
        out: *mut Self,
    );
}

macro_rules! float_dot {
    ($T:ty) => {
        impl Dot for $T {
            unsafe fn tile(
                s: Sizes,
                b: usize,
                l: &Side<'_, $T>,
                r: &Side<'_, $T>,
                tile: Tile,
                out: *mut $T,
            ) {
                let (m, n) = (tile.rows.len(), tile.columns.len());
                let first = |side: &Side<'_, $T>, i: usize| {
                    side.values[side.starts[b]..].as_ptr().wrapping_offset(i as isize * side.free)
                };
                // SAFETY: the pointers and steps describe elements of the operands' slices (axes
                // of row-major arrays) and, by the caller's promise, of the output.
                unsafe {
                    gemm::gemm(
                        m,
                        n,
                        s.k,
                        out.add(tile.rows.start * s.n + tile.columns.start),
                        1,
                        s.n as isize,
                        false,
                        first(l, tile.rows.start),
                        l.contracted,
                        l.free,
                        first(r, tile.columns.start),
                        r.free,
                        r.contracted,
                        0.0,
                        1.0,
                        false,
                        false,
                        false,
                        gemm::Parallelism::None,
                    );
                }
            }
        }
    };
}
float_dot!(f32);
float_dot!(f64);

macro_rules! integer_dot {
    ($T:ty) => {
        impl Dot for $T {
            unsafe fn tile(
                s: Sizes,
                b: usize,
                l: &Side<'_, $T>,
                r: &Side<'_, $T>,
                tile: Tile,
                out: *mut $T,
            ) {
                for i in tile.rows {
                    for j in tile.columns.clone() {
                        let mut sum: $T = 0;
                        for k in 0..s.k as isize {
                            let at = |side: &Side<'_, $T>, i: usize| {
                                side.starts[b]
                                    + (i as isize * side.free + k * side.contracted) as usize
                            };
                            let product = l.values[at(l, i)].wrapping_mul(r.values[at(r, j)]);
                            sum = sum.wrapping_add(product);
                        }
                        // SAFETY: inside the tile, by the caller's promise.
                        unsafe { *out.add(i * s.n + j) = sum };
                    }
                }
            }
        }
    };
}
integer_dot!(i32);
integer_dot!(i64);
integer_dot!(u32);

/// Multiply-adds of one chunk, at least: some thirty microseconds.
const CHUNK: usize = 1 << 23;

/// How a product of this size is cut: pieces of rows and of columns. Fewer, larger tiles read
/// and rearrange their operands less often; there are enough of them for eight threads, and for
/// more where the product is large. It depends on the sizes alone.
fn grid(s: Sizes) -> (usize, usize) {
    let work = s.m * s.n * s.k;
    let most = (work >> 27).clamp(8, 64);
    let (mut rows, mut columns) = (1, 1);
    while rows * columns < most && work / (rows * columns * 2) >= CHUNK {
        if s.m * columns >= s.n * rows { rows *= 2 } else { columns *= 2 }
    }
    (rows, columns)
}

fn product<T: Dot>(p: &DotGeneral, x: &Array, y: &Array) -> Array {
    let at = |x: &Array, axes: &[usize]| axes.iter().map(|&a| x.shape()[a]).collect::<Vec<_>>();
    let free = [p.free(0, x.shape().len()), p.free(1, y.shape().len())];
    let (rows, columns) = (at(x, &free[0]), at(y, &free[1]));
    let shape = [at(x, &p.batch[0]), rows.clone(), columns.clone()].concat();
    let s = Sizes { m: size(&rows), n: size(&columns), k: size(&at(x, &p.contract[0])) };
    let mut out = scratch::<T>(size(&shape));
    if out.is_empty() || s.k == 0 {
        out.fill(T::ZERO);
        return Array::from_vec(out, &shape);
    }
    let (l, r) = (side::<T>(p, 0, x), side::<T>(p, 1, y));
    let batch = l.starts.len();
    let one = s.m * s.n * s.k;
    let parts = Parts::new(&mut out);
    let (rows, columns) = grid(s);
    if rows * columns > 1 {
        // Whole vectors, except at the ends.
        let piece = |length: usize, pieces: usize| length.div_ceil(pieces).next_multiple_of(16);
        let (height, width) = (piece(s.m, rows), piece(s.n, columns));
        let (rows, columns) = (s.m.div_ceil(height), s.n.div_ceil(width));
        for_each_chunk(batch * rows * columns, |i| {
            let (b, row, column) = (i / (rows * columns), i / columns % rows, i % columns);
            let tile = Tile {
                rows: row * height..((row + 1) * height).min(s.m),
                columns: column * width..((column + 1) * width).min(s.n),
            };
            // SAFETY: chunks write different tiles of different products of the borrowed output.
            unsafe { T::tile(s, b, &l, &r, tile, parts.start().add(b * s.m * s.n)) };
        });
    } else {
        let per = CHUNK.div_ceil(2 * one);
        for_each_chunk(batch.div_ceil(per), |i| {
            for b in i * per..((i + 1) * per).min(batch) {
                let tile = Tile { rows: 0..s.m, columns: 0..s.n };
                // SAFETY: as above.
                unsafe { T::tile(s, b, &l, &r, tile, parts.start().add(b * s.m * s.n)) };
            }
        });
    }
    Array::from_vec(out, &shape)
}

pub(crate) fn dot_general(p: &DotGeneral, x: &Array, y: &Array) -> Array {
    match x.dtype() {
        DType::F32 => product::<f32>(p, x, y),
        DType::F64 => product::<f64>(p, x, y),
        DType::I32 => product::<i32>(p, x, y),
        DType::I64 => product::<i64>(p, x, y),
        DType::U32 => product::<u32>(p, x, y),
        DType::Bool => unreachable!("invariant: the type rule admits numbers only"),
    }
}
