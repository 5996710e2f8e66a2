//! Reductions over axes, in fixed blocks: the order of additions depends on the shape alone.

use crate::memory::{give_back, scratch};
use crate::threads::{for_each_chunk, for_each_part};
use array::shape::{kept, size};
use array::{Array, DType, Element, with_dtype};
use ir::prim::{ArgReduce, Reduce, ReduceOp};

/// How two values become one. Every fold is associative up to rounding.
trait Fold<T>: Sync {
    /// What nothing folds to, where there is such a thing; else it is never used.
    fn start(&self) -> T;
    fn fold(&self, a: T, b: T) -> T;
    /// What a fold of one value or more comes to; 0 for a sum of nothing but −0.
    fn close(&self, a: T) -> T {
        a
    }
}

struct Sum;
struct Product;
struct Max;
struct Min;
struct Any;
struct All;

macro_rules! number_folds {
    ($($T:ty, $add:expr, $mul:expr;)*) => { $(
        impl Fold<$T> for Sum {
            fn start(&self) -> $T { <$T>::ZERO }
            #[inline(always)]
            fn fold(&self, a: $T, b: $T) -> $T { $add(a, b) }
            fn close(&self, a: $T) -> $T { $add(a, <$T>::ZERO) }
        }
        impl Fold<$T> for Product {
            fn start(&self) -> $T { <$T>::ONE }
            #[inline(always)]
            fn fold(&self, a: $T, b: $T) -> $T { $mul(a, b) }
        }
    )* };
}
number_folds! {
    f32, |a: f32, b: f32| a + b, |a: f32, b: f32| a * b;
    f64, |a: f64, b: f64| a + b, |a: f64, b: f64| a * b;
    i32, i32::wrapping_add, i32::wrapping_mul;
    i64, i64::wrapping_add, i64::wrapping_mul;
    u32, u32::wrapping_add, u32::wrapping_mul;
}

/// The extremum; NaN if either is (`x != x` is true for NaN alone).
macro_rules! extremum {
    ($Fold:ident, $better:tt) => {
        impl<T: Element> Fold<T> for $Fold {
            fn start(&self) -> T {
                T::ZERO
            }
            #[inline(always)]
            #[allow(clippy::eq_op)]
            fn fold(&self, a: T, b: T) -> T {
                if a != a || !(b $better a || b != b) { a } else { b }
            }
        }
    };
}
extremum!(Max, >);
extremum!(Min, <);

impl Fold<bool> for Any {
    fn start(&self) -> bool {
        false
    }
    fn fold(&self, a: bool, b: bool) -> bool {
        a | b
    }
}
impl Fold<bool> for All {
    fn start(&self) -> bool {
        true
    }
    fn fold(&self, a: bool, b: bool) -> bool {
        a & b
    }
}

/// Partial results side by side, so that folding need not wait for the one before.
const LANES: usize = 16;

/// Elements that are folded lane by lane; blocks of this size are combined pairwise, so that the
/// rounding error of a sum grows with the logarithm of its length.
const BLOCK: usize = 512;

/// Elements that one chunk of a parallel reduction reads, about.
const CHUNK: usize = 1 << 15;

/// Folds a contiguous run that is not empty.
fn run<T: Copy, F: Fold<T>>(f: &F, x: &[T]) -> T {
    if x.len() > BLOCK {
        let half = (x.len() / 2).next_multiple_of(BLOCK);
        let (a, b) = x.split_at(half.min(x.len() - 1));
        return f.fold(run(f, a), run(f, b));
    }
    if x.len() < 2 * LANES {
        return x[1..].iter().fold(x[0], |a, &b| f.fold(a, b));
    }
    let mut lanes = [x[0]; LANES];
    lanes.copy_from_slice(&x[..LANES]);
    let chunks = x[LANES..].chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (a, &b) in lanes.iter_mut().zip(chunk) {
            *a = f.fold(*a, b);
        }
    }
    for (a, &b) in lanes.iter_mut().zip(rest) {
        *a = f.fold(*a, b);
    }
    let mut width = LANES / 2;
    while width > 0 {
        for i in 0..width {
            lanes[i] = f.fold(lanes[i], lanes[i + width]);
        }
        width /= 2;
    }
    lanes[0]
}

/// Folds rows `x[0..rows]` of length `out.len()` into `out`, element by element: blocks of rows
/// one after the other, the blocks pairwise.
fn rows<T: Element, F: Fold<T>>(f: &F, x: &[T], stride: usize, rows_count: usize, out: &mut [T]) {
    const ROWS: usize = 64;
    let n = out.len();
    if rows_count > ROWS {
        let half = (rows_count / 2).next_multiple_of(ROWS).min(rows_count - 1);
        rows(f, x, stride, half, out);
        let mut other = scratch::<T>(n);
        rows(f, &x[half * stride..], stride, rows_count - half, &mut other);
        for (a, &b) in out.iter_mut().zip(&other) {
            *a = f.fold(*a, b);
        }
        give_back(other);
        return;
    }
    out.copy_from_slice(&x[..n]);
    for r in 1..rows_count {
        for (a, &b) in out.iter_mut().zip(&x[r * stride..r * stride + n]) {
            *a = f.fold(*a, b);
        }
    }
}

/// Folds the middle axis of `x[outer, n, inner]` away.
fn fold_middle<T: Element, F: Fold<T>>(
    f: &F,
    x: &[T],
    outer: usize,
    n: usize,
    inner: usize,
) -> Vec<T> {
    let mut out = scratch::<T>(outer * inner);
    if out.is_empty() {
        return out;
    }
    if n == 0 {
        out.fill(f.start());
        return out;
    }
    if inner == 1 {
        // Long runs are cut into pieces of fixed size, which several threads fold.
        const PIECE: usize = 1 << 16;
        if n >= 2 * PIECE {
            let pieces = n.div_ceil(PIECE);
            let mut partial = scratch::<T>(outer * pieces);
            for_each_part(&mut partial, 1, |i, part| {
                let (o, p) = (i / pieces, i % pieces);
                part[0] = run(f, &x[o * n + p * PIECE..o * n + ((p + 1) * PIECE).min(n)]);
            });
            for (o, partial) in out.iter_mut().zip(partial.chunks(pieces)) {
                *o = run(f, partial);
            }
            give_back(partial);
        } else {
            for_each_part(&mut out, CHUNK.div_ceil(n), |start, part| {
                for (i, o) in part.iter_mut().enumerate() {
                    *o = run(f, &x[(start + i) * n..(start + i + 1) * n]);
                }
            });
        }
        return out;
    }
    // Pieces of rows, wide pieces of the inner axis.
    const ROWS: usize = 1024;
    let pieces = if n >= 2 * ROWS { n.div_ceil(ROWS) } else { 1 };
    let per = n.div_ceil(pieces);
    let width = inner.min((CHUNK / per.max(1)).max(64).next_multiple_of(64));
    let columns = inner.div_ceil(width);
    let fold_into = |target: &mut Vec<T>| {
        // target[outer, piece, inner]
        let parts = crate::threads::Parts::new(target);
        for_each_chunk(outer * pieces * columns, |i| {
            let (group, c) = (i / columns, i % columns);
            let (o, p) = (group / pieces, group % pieces);
            let (start, end) = (c * width, ((c + 1) * width).min(inner));
            let (first, last) = (p * per, ((p + 1) * per).min(n));
            // SAFETY: each `i` has its own group and columns; `target` is borrowed throughout.
            let out = unsafe { parts.part(group * inner + start..group * inner + end) };
            rows(f, &x[(o * n + first) * inner + start..], inner, last - first, out);
        });
    };
    if pieces == 1 {
        fold_into(&mut out);
        return out;
    }
    let mut partial = scratch::<T>(outer * pieces * inner);
    fold_into(&mut partial);
    for_each_part(&mut out, inner, |start, part| {
        rows(f, &partial[start * pieces..], inner, pieces, part);
    });
    give_back(partial);
    out
}

/// Folds axes away, the last ones first.
fn fold<T: Element, F: Fold<T>>(f: &F, x: &Array, axes: &[usize]) -> Array {
    let mut shape = x.shape().to_vec();
    let mut current: Option<Vec<T>> = None;
    let mut axes = axes.to_vec();
    while let Some(end) = axes.pop() {
        // Neighbouring axes are one.
        let mut first = end;
        while axes.last().is_some_and(|&a| a + 1 == first) {
            first -= 1;
            axes.pop();
        }
        let (outer, n) = (size(&shape[..first]), size(&shape[first..=end]));
        let inner = size(&shape[end + 1..]);
        let values = current.as_deref().unwrap_or(x.as_slice::<T>());
        let mut next = fold_middle(f, values, outer, n, inner);
        next.iter_mut().for_each(|x| *x = f.close(*x));
        if let Some(old) = current.replace(next) {
            give_back(old);
        }
        shape.drain(first..=end);
    }
    match current {
        Some(values) => Array::from_vec(values, &shape),
        None => x.clone(),
    }
}

pub(crate) fn reduce(p: &Reduce, x: &Array) -> Array {
    let axes = &p.axes;
    let numbers = |sum: bool| match (x.dtype(), sum) {
        (DType::F32, true) => fold::<f32, _>(&Sum, x, axes),
        (DType::F64, true) => fold::<f64, _>(&Sum, x, axes),
        (DType::I32, true) => fold::<i32, _>(&Sum, x, axes),
        (DType::I64, true) => fold::<i64, _>(&Sum, x, axes),
        (DType::U32, true) => fold::<u32, _>(&Sum, x, axes),
        (DType::F32, false) => fold::<f32, _>(&Product, x, axes),
        (DType::F64, false) => fold::<f64, _>(&Product, x, axes),
        (DType::I32, false) => fold::<i32, _>(&Product, x, axes),
        (DType::I64, false) => fold::<i64, _>(&Product, x, axes),
        (DType::U32, false) => fold::<u32, _>(&Product, x, axes),
        (DType::Bool, _) => unreachable!("invariant: the type rule admits numbers only"),
    };
    match p.op {
        ReduceOp::Sum => numbers(true),
        ReduceOp::Prod => numbers(false),
        ReduceOp::Max => with_dtype!(x.dtype(), T => fold::<T, _>(&Max, x, axes)),
        ReduceOp::Min => with_dtype!(x.dtype(), T => fold::<T, _>(&Min, x, axes)),
        ReduceOp::Any => fold::<bool, _>(&Any, x, axes),
        ReduceOp::All => fold::<bool, _>(&All, x, axes),
    }
}

pub(crate) fn arg_reduce(p: &ArgReduce, x: &Array) -> Array {
    #[allow(clippy::eq_op)]
    fn typed<T: Element>(p: &ArgReduce, x: &Array) -> Array {
        let (n, inner) = (x.shape()[p.axis], size(&x.shape()[p.axis + 1..]));
        let values = x.as_slice::<T>();
        let shape: Vec<usize> =
            kept(x.shape().len(), &[p.axis]).iter().map(|&d| x.shape()[d]).collect();
        let mut out = scratch::<i64>(size(&shape));
        for_each_part(&mut out, CHUNK.div_ceil(n), |start, part| {
            for (i, o) in part.iter_mut().enumerate() {
                let position = start + i;
                let first = position / inner * n * inner + position % inner;
                let (mut best, mut best_value) = (0, values[first]);
                for k in 1..n {
                    if best_value != best_value {
                        break; // the first NaN is the extremum
                    }
                    let v = values[first + k * inner];
                    let better = if p.max { v > best_value } else { v < best_value };
                    if better || v != v {
                        (best, best_value) = (k, v);
                    }
                }
                *o = best as i64;
            }
        });
        Array::from_vec(out, &shape)
    }
    with_dtype!(x.dtype(), T => typed::<T>(p, x))
}
