//! Reductions over sliding windows.

use super::sliding::{Axis, Table};
use crate::isa::vectorised;
use crate::memory::written;
use crate::threads::for_each_part;
use array::shape::size;
use array::{Array, DType, Element};
use ir::prim::{ReduceWindow, WindowOp};

/// The windowed reduction, starting each window at `start`.
fn reduce<T: Element>(
    p: &ReduceWindow,
    x: &Array,
    shape: &[usize],
    start: T,
    fold: impl Fn(T, T) -> T + Sync,
) -> Array {
    let mut axes: Vec<Axis> = (0..shape.len())
        .map(|d| Axis {
            size: x.shape()[d],
            outputs: shape[d],
            window: p.window[d],
            stride: p.strides[d],
            low: p.padding[d].0,
            base_dilation: p.base_dilation[d],
            window_dilation: p.window_dilation[d],
        })
        .collect();
    let last = axes.pop().unwrap_or(Axis::trivial(1));
    // Leading axes without windows (examples, features) only count.
    let slides = |a: &Axis| a.window != 1 || a.size != a.outputs || a.stride != 1 || a.low != 0;
    let leading = axes.iter().position(slides).unwrap_or(axes.len());
    let outer = Table::new(&axes[leading..]);
    let plane: usize = axes[leading..].iter().map(|a| a.size).product::<usize>() * last.size;
    let values = x.as_slice::<T>();
    if size(shape) == 0 {
        return written(shape, |_: &mut [T]| ());
    }
    let lines = (1_usize << 13).div_ceil(last.outputs * outer.places.max(1) * last.window.max(1));
    let spread = axes[leading..].iter().chain([&last]).all(Axis::sees_one_at_most);
    let windows = Windows { values, outer, last, plane, spread };
    written(shape, |out| {
        for_each_part(out, lines.max(1) * last.outputs, |first, part| {
            reduce_lines(&windows, first / last.outputs, part, start, &fold);
        });
    })
}

/// What the loops need to know.
struct Windows<'a, T> {
    values: &'a [T],
    /// All sliding axes but the last, and the last.
    outer: Table,
    last: Axis,
    /// Elements of one index of the axes before.
    plane: usize,
    /// Whether each window sees one element at most.
    spread: bool,
}

vectorised! {
    /// Outputs line by line, from line number `first` on.
    fn reduce_lines<T: Element, F: Fn(T, T) -> T>(
        w: &Windows<'_, T>,
        first: usize,
        part: &mut [T],
        start: T,
        fold: &F,
    ) {
        let (outer, last) = (&w.outer, &w.last);
        for (l, out) in (first..).zip(part.chunks_exact_mut(last.outputs)) {
            let (group, output) = (l / outer.outputs, l % outer.outputs);
            out.fill(start);
            for place in 0..outer.places {
                let Some(at) = outer.position(place, output) else { continue };
                let line = &w.values[group * w.plane + at * last.size..][..last.size];
                if last.window == 2 && last.in_pairs() {
                    for (o, pair) in out.iter_mut().zip(line.chunks_exact(2)) {
                        *o = fold(fold(*o, pair[0]), pair[1]);
                    }
                    continue;
                }
                if w.spread && last.base_dilation == 2 && last.repeats() {
                    for (o, &x) in out.chunks_exact_mut(2).zip(line) {
                        (o[0], o[1]) = (fold(o[0], x), fold(o[1], x));
                    }
                    continue;
                }
                for k in 0..last.window {
                    let seen = last.along_outputs(k);
                    match seen.run(0, out.len()) {
                        Some((begin, end, first, step)) if begin < end => {
                            let out = &mut out[begin..end];
                            if step == 1 {
                                let seen = &line[first..][..out.len()];
                                out.iter_mut().zip(seen).for_each(|(o, &v)| *o = fold(*o, v));
                            } else {
                                let seen = line[first..].iter().step_by(step);
                                out.iter_mut().zip(seen).for_each(|(o, &v)| *o = fold(*o, v));
                            }
                        }
                        Some(_) => {}
                        None => {
                            for (i, x) in seen.members(out.len()) {
                                out[i] = fold(out[i], line[x]);
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The larger; NaN if either is (`x ≠ x` is true for NaN alone).
#[allow(clippy::eq_op)]
#[inline(always)]
fn larger<T: Element>(a: T, b: T) -> T {
    if a != a || !(b > a || b != b) { a } else { b }
}

#[allow(clippy::eq_op)]
#[inline(always)]
fn smaller<T: Element>(a: T, b: T) -> T {
    if a != a || !(b < a || b != b) { a } else { b }
}

// Every window of an extremum sees an element, so it may start from the least value there is.
pub(crate) fn reduce_window(p: &ReduceWindow, x: &Array, shape: &[usize]) -> Array {
    match (p.op, x.dtype()) {
        (WindowOp::Sum, DType::F32) => reduce::<f32>(p, x, shape, 0.0, |a, b| a + b),
        (WindowOp::Sum, DType::F64) => reduce::<f64>(p, x, shape, 0.0, |a, b| a + b),
        (WindowOp::Sum, DType::I32) => reduce(p, x, shape, 0, i32::wrapping_add),
        (WindowOp::Sum, DType::I64) => reduce(p, x, shape, 0, i64::wrapping_add),
        (WindowOp::Sum, DType::U32) => reduce(p, x, shape, 0, u32::wrapping_add),
        (WindowOp::Max, DType::F32) => reduce(p, x, shape, f32::NEG_INFINITY, larger),
        (WindowOp::Max, DType::F64) => reduce(p, x, shape, f64::NEG_INFINITY, larger),
        (WindowOp::Max, DType::I32) => reduce(p, x, shape, i32::MIN, larger),
        (WindowOp::Max, DType::I64) => reduce(p, x, shape, i64::MIN, larger),
        (WindowOp::Max, DType::U32) => reduce(p, x, shape, u32::MIN, larger),
        (WindowOp::Max, DType::Bool) => reduce(p, x, shape, false, larger),
        (WindowOp::Min, DType::F32) => reduce(p, x, shape, f32::INFINITY, smaller),
        (WindowOp::Min, DType::F64) => reduce(p, x, shape, f64::INFINITY, smaller),
        (WindowOp::Min, DType::I32) => reduce(p, x, shape, i32::MAX, smaller),
        (WindowOp::Min, DType::I64) => reduce(p, x, shape, i64::MAX, smaller),
        (WindowOp::Min, DType::U32) => reduce(p, x, shape, u32::MAX, smaller),
        (WindowOp::Min, DType::Bool) => reduce(p, x, shape, true, smaller),
        (WindowOp::Sum, DType::Bool) => {
            unreachable!("invariant: the type rule admits sums of numbers only")
        }
    }
}
