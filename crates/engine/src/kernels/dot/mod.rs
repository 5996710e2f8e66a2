//! `dot_general`: one strided product of matrices for each index of the axes around it (see
//! [`nest`]), small ones by a kernel of our own, large ones by the crate `gemm`.

mod nest;
mod small;

use crate::kernels::STREAMED;
use crate::kernels::vector::Vectorised;
use crate::threads::{Parts, for_each_chunk};
use array::{Array, DType, Element, Type};
use ir::prim::DotGeneral;
use nest::{Axis, Nest, Walk, nest};

/// One product of matrices: where the first elements are, how many rows, columns and terms there
/// are, and the steps along them.
#[derive(Clone, Copy)]
struct Tile<T> {
    left: *const T,
    right: *const T,
    out: *mut T,
    rows: usize,
    columns: usize,
    terms: usize,
    left_row: usize,
    left_term: usize,
    right_column: usize,
    right_term: usize,
    out_row: usize,
    out_column: usize,
    /// Whether the sums are added to what is there.
    add: bool,
    /// Whether the result is too large to stay in the caches, and is better written past them.
    streamed: bool,
}

/// A type that products are made of.
trait Dot: Element {
    /// Whether such products are cheap to cut into small pieces.
    fn in_cache(t: &Tile<Self>) -> bool;
    /// Writes a product.
    ///
    /// # Safety
    /// The elements that the tile names must be valid, those of the result not in use elsewhere.
    unsafe fn product(t: &Tile<Self>);
}

/// # Safety
/// See [`Dot::product`].
unsafe fn float<T: Vectorised>(t: &Tile<T>) {
    if small::fits(t) {
        // SAFETY: the caller's promise.
        return unsafe { small::small(t) };
    }
    // SAFETY: as above; a processor's addresses fit into `isize`.
    unsafe {
        gemm::gemm(
            t.rows,
            t.columns,
            t.terms,
            t.out,
            t.out_column as isize,
            t.out_row as isize,
            t.add,
            t.left,
            t.left_term as isize,
            t.left_row as isize,
            t.right,
            t.right_column as isize,
            t.right_term as isize,
            T::ONE,
            T::ONE,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

macro_rules! float_dot {
    ($($T:ty),*) => { $(
        impl Dot for $T {
            fn in_cache(t: &Tile<$T>) -> bool {
                small::fits(t)
            }
            unsafe fn product(t: &Tile<$T>) {
                // SAFETY: the caller's promise.
                unsafe { float(t) }
            }
        }
    )* };
}
float_dot!(f32, f64);

macro_rules! integer_dot {
    ($($T:ty),*) => { $(
        impl Dot for $T {
            fn in_cache(_: &Tile<$T>) -> bool {
                true
            }
            unsafe fn product(t: &Tile<$T>) {
                for i in 0..t.rows {
                    for j in 0..t.columns {
                        // SAFETY: the positions are those of the tile.
                        unsafe {
                            let to = t.out.add(i * t.out_row + j * t.out_column);
                            let mut sum: $T = if t.add { *to } else { 0 };
                            for k in 0..t.terms {
                                let x = *t.left.add(i * t.left_row + k * t.left_term);
                                let y = *t.right.add(j * t.right_column + k * t.right_term);
                                sum = sum.wrapping_add(x.wrapping_mul(y));
                            }
                            *to = sum;
                        }
                    }
                }
            }
        }
    )* };
}
integer_dot!(i32, i64, u32);

/// Multiply-adds of one chunk, at least: some thirty microseconds where each piece rearranges its
/// operands anew, some five where it does not.
const CHUNK: usize = 1 << 23;
const CHUNK_IN_CACHE: usize = 1 << 19;

/// Sums of more terms take longer than their results' way to memory, and are read again sooner.
const FEW_TERMS: usize = 4;

/// How a product is cut: pieces of rows and of columns. Fewer, larger pieces read and rearrange
/// their operands less often; there are enough of them for eight threads, and for more where
/// the product is large. It depends on the sizes alone.
fn grid(rows: usize, columns: usize, terms: usize, chunk: usize) -> (usize, usize) {
    let work = rows * columns * terms;
    let most = (work >> 27).clamp(8, 64);
    let (mut r, mut c) = (1, 1);
    while r * c < most && work / (r * c * 2) >= chunk {
        if rows * c >= columns * r { r *= 2 } else { c *= 2 }
    }
    (r, c)
}

fn product<T: Dot>(shape: &[usize], nest: &Nest, x: &Array, y: &Array) -> Array {
    let mut result = Array::fresh(&Type::new(T::DTYPE, shape));
    let out = result.unique::<T>().expect("invariant: nobody else holds a new array");
    let count = |axes: &[Axis]| axes.iter().map(|a| a.size).product::<usize>();
    let Nest { rows, columns, terms, .. } = *nest;
    let further = count(&nest.more_terms);
    if out.is_empty() || terms.size * further == 0 {
        out.fill(T::ZERO);
        return result;
    }
    let (left, right) = if nest.exchanged { (y, x) } else { (x, y) };
    let (left, right) = (left.as_slice::<T>(), right.as_slice::<T>());
    let bytes = size_of_val(out);
    let parts = Parts::new(out);
    let whole = Tile {
        left: left.as_ptr(),
        right: right.as_ptr(),
        out: parts.start(),
        rows: rows.size,
        columns: columns.size,
        terms: terms.size,
        left_row: rows.left,
        left_term: terms.left,
        right_column: columns.right,
        right_term: terms.right,
        out_row: rows.out,
        out_column: if columns.size == 1 { 1 } else { columns.out },
        add: false,
        streamed: further == 1 && terms.size <= FEW_TERMS && bytes >= STREAMED,
    };
    // Pointers may go from thread to thread as the slices may.
    let shared = Shared(whole);
    let chunk = if T::in_cache(&whole) { CHUNK_IN_CACHE } else { CHUNK };
    let (r, c) = grid(rows.size, columns.size, terms.size * further, chunk);
    // Whole vectors, except at the ends.
    let piece = |length: usize, pieces: usize| match pieces {
        1 => length,
        _ => length.div_ceil(pieces).next_multiple_of(16),
    };
    let (height, width) = (piece(rows.size, r), piece(columns.size, c));
    let (r, c) = (rows.size.div_ceil(height), columns.size.div_ceil(width));
    let products = count(&nest.outer);
    let one = rows.size * columns.size * terms.size * further;
    let per = if r * c > 1 { 1 } else { chunk.div_ceil(2 * one).min(products) };
    for_each_chunk(products.div_ceil(per) * r * c, |i| {
        let (group, row, column) = (i / (r * c), i / c % r * height, i % c * width);
        let whole = shared.get();
        let piece = Tile {
            left: whole.left.wrapping_add(row * rows.left),
            right: whole.right.wrapping_add(column * columns.right),
            out: whole.out.wrapping_add(row * rows.out + column * columns.out),
            rows: height.min(rows.size - row),
            columns: width.min(columns.size - column),
            ..*whole
        };
        let mut walk = Walk::new(&nest.outer, group * per);
        for _ in group * per..((group + 1) * per).min(products) {
            let at = walk.at();
            let mut sums = Walk::new(&nest.more_terms, 0);
            for k in 0..further {
                let further = sums.at();
                let t = Tile {
                    left: piece.left.wrapping_add(at[0] + further[0]),
                    right: piece.right.wrapping_add(at[1] + further[1]),
                    out: piece.out.wrapping_add(at[2]),
                    add: k > 0,
                    ..piece
                };
                // SAFETY: the axes are those of the operands and the result, whose slices
                // outlive the loop; chunks write different elements of the result.
                unsafe { T::product(&t) };
                sums.step();
            }
            walk.step();
        }
    });
    result
}

/// A tile that several threads read.
struct Shared<T>(Tile<T>);

// SAFETY: the operands are only read, and each thread writes to elements of its own.
unsafe impl<T: Sync + Send> Sync for Shared<T> {}

impl<T> Shared<T> {
    fn get(&self) -> &Tile<T> {
        &self.0
    }
}

/// A product with its loops found, for operands of certain shapes.
#[derive(Debug)]
pub(crate) struct Product {
    shape: Vec<usize>,
    nest: Nest,
}

impl Product {
    /// The result's axes are in the order of `permutation` (else as defined).
    pub(crate) fn new(
        p: &DotGeneral,
        permutation: Option<&[usize]>,
        shapes: [&[usize]; 2],
    ) -> Product {
        let (shape, nest) = nest(p, permutation, shapes);
        Product { shape, nest }
    }

    /// The product of operands of these shapes.
    pub(crate) fn run(&self, x: &Array, y: &Array) -> Array {
        let (shape, nest) = (&self.shape, &self.nest);
        match x.dtype() {
            DType::F32 => product::<f32>(shape, nest, x, y),
            DType::F64 => product::<f64>(shape, nest, x, y),
            DType::I32 => product::<i32>(shape, nest, x, y),
            DType::I64 => product::<i64>(shape, nest, x, y),
            DType::U32 => product::<u32>(shape, nest, x, y),
            DType::Bool => unreachable!("invariant: the type rule admits numbers only"),
        }
    }
}
