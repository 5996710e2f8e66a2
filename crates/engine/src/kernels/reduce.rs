//! Reductions over axes, in fixed blocks: the order of additions depends on the shape alone.

use super::fold::{All, Any, Fold, Max, Min, Product, Sum};
use crate::isa::vectorised;
use crate::memory::{give_back, scratch};
use crate::threads::{for_each_chunk, for_each_part};
use array::shape::{kept, size};
use array::{Array, DType, Element, with_dtype};
use ir::prim::{ArgReduce, Reduce, ReduceOp};

/// Elements that one chunk of a parallel reduction reads, about.
const CHUNK: usize = 1 << 15;

vectorised! {
    /// Folds a contiguous run that is not empty.
    fn run<T: Element, F: Fold<T>>(f: &F, x: &[T]) -> T {
        super::fold::run::<S, T, F>(f, x)
    }
}

/// Rows that are folded one after the other.
const ROWS: usize = 64;

/// Folds rows `x[0..rows]` of length `out.len()` into `out`, element by element: blocks of rows
/// one after the other, the blocks pairwise.
fn rows<T: Element, F: Fold<T>>(f: &F, x: &[T], stride: usize, rows_count: usize, out: &mut [T]) {
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
    few_rows(f, x, stride, rows_count, out);
}

vectorised! {
    fn few_rows<T: Element, F: Fold<T>>(f: &F, x: &[T], stride: usize, rows: usize, out: &mut [T]) {
        let n = out.len();
        out.copy_from_slice(&x[..n]);
        let row = |r: usize| &x[r * stride..r * stride + n];
        // Four rows at a time: what is folded so far is read and written less often.
        let mut r = 1;
        while r + 4 <= rows {
            let next = row(r).iter().zip(row(r + 1)).zip(row(r + 2)).zip(row(r + 3));
            for (a, (((&b, &c), &d), &e)) in out.iter_mut().zip(next) {
                *a = f.fold(f.fold(f.fold(f.fold(*a, b), c), d), e);
            }
            r += 4;
        }
        for r in r..rows {
            for (a, &b) in out.iter_mut().zip(row(r)) {
                *a = f.fold(*a, b);
            }
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
    // Pieces that are as wide as a page if the inner axis is, so that a thread reads one piece of
    // memory and not a little of every row.
    const WIDTH: usize = 1024;
    let width = inner.min(WIDTH);
    let rows_of_chunk = (CHUNK / width).clamp(ROWS, 16 * ROWS);
    let pieces = if n >= 2 * rows_of_chunk { n.div_ceil(rows_of_chunk) } else { 1 };
    let per = n.div_ceil(pieces);
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
