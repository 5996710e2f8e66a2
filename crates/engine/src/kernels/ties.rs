//! Which elements equal the extremum of their window, and how many of each window do: the part of
//! a windowed maximum's derivative that looks at every element.

use super::sliding::{Axis, Table};
use crate::execute::Outputs;
use crate::isa::vectorised;
use crate::memory::scratch;
use crate::threads::{Parts, for_each_chunk};
use array::shape::size;
use array::{Array, DType, Element};
use ir::prim::ReduceWindow;
use smallvec::smallvec;

/// Elements of the operand that one chunk looks at, at least.
const CHUNK: usize = 1 << 15;

/// `x` and the extrema `y` of windows `p` that tile it.
pub(crate) fn ties(p: &ReduceWindow, x: &Array, y: &Array) -> Outputs {
    match x.dtype() {
        DType::F32 => floats::<f32>(p, x, y),
        DType::F64 => floats::<f64>(p, x, y),
        DType::I32 | DType::I64 | DType::U32 | DType::Bool => {
            unreachable!("invariant: derivatives are of floats")
        }
    }
}

fn floats<T: Element + std::ops::Add<Output = T>>(
    p: &ReduceWindow,
    x: &Array,
    y: &Array,
) -> Outputs {
    let (from, to) = (x.shape(), y.shape());
    let axes: Vec<Axis> = (0..from.len())
        .map(|d| Axis {
            size: from[d],
            outputs: to[d],
            window: p.window[d],
            stride: p.strides[d],
            ..Axis::trivial(1)
        })
        .collect();
    let mut mask = scratch::<bool>(x.len());
    let mut counts = scratch::<T>(y.len());
    if let Some((last, axes)) = axes.split_last()
        && !y.is_empty()
    {
        let leading = axes.iter().position(|a| a.window > 1).unwrap_or(axes.len());
        let outer = Table::new(&axes[leading..]);
        // One group: all windows of one index of the leading axes.
        let (plane, windows) = (size(&from[leading..]), outer.outputs * last.outputs);
        let (groups, per) = (size(&from[..leading]), CHUNK.div_ceil(plane));
        let parts = (Parts::new(&mut mask), Parts::new(&mut counts));
        for_each_chunk(groups.div_ceil(per), |i| {
            let (first, end) = (i * per, ((i + 1) * per).min(groups));
            // SAFETY: chunks have different groups, and neither vector is touched until all have
            // ended.
            let (mask, counts) = unsafe {
                (
                    parts.0.part(first * plane..end * plane),
                    parts.1.part(first * windows..end * windows),
                )
            };
            let values = &x.as_slice::<T>()[first * plane..end * plane];
            let extrema = &y.as_slice::<T>()[first * windows..end * windows];
            planes(&outer, *last, values, extrema, mask, counts);
        });
    } else if !y.is_empty() {
        // No axes: an element is its own window.
        let (x, y) = (x.as_slice::<T>()[0], y.as_slice::<T>()[0]);
        mask[0] = x == y;
        counts[0] = if x == y { T::ONE } else { T::ZERO };
    }
    smallvec![Array::from_vec(mask, from), Array::from_vec(counts, to)]
}

vectorised! {
    /// The planes of some groups, one after the other.
    fn planes<T: SumElement>(
        outer: &Table,
        last: Axis,
        values: &[T],
        extrema: &[T],
        mask: &mut [bool],
        counts: &mut [T],
    ) {
        let (n, k) = (last.outputs, last.window);
        let plane = outer.outputs * outer.places * last.size;
        let one = |equal: bool| if equal { T::ONE } else { T::ZERO };
        let groups = values.chunks_exact(plane).zip(mask.chunks_exact_mut(plane));
        let windows = outer.outputs * n;
        let results = extrema.chunks_exact(windows).zip(counts.chunks_exact_mut(windows));
        for ((values, mask), (extrema, counts)) in groups.zip(results) {
            let lines = extrema.chunks_exact(n).zip(counts.chunks_exact_mut(n));
            for (line, (extrema, counts)) in lines.enumerate() {
                counts.fill(T::ZERO);
                for place in 0..outer.places {
                    let Some(at) = outer.position(place, line) else { continue };
                    let x = &values[at * last.size..][..last.size];
                    let mask = &mut mask[at * last.size..][..last.size];
                    if k == 2 {
                        let pairs = x.chunks_exact(2).zip(mask.chunks_exact_mut(2));
                        for ((x, mask), (&y, count)) in pairs.zip(extrema.iter().zip(&mut *counts)) {
                            let (a, b) = (x[0] == y, x[1] == y);
                            (mask[0], mask[1]) = (a, b);
                            *count = *count + (one(a) + one(b));
                        }
                        continue;
                    }
                    let each = x.chunks_exact(k).zip(mask.chunks_exact_mut(k));
                    for ((x, mask), (&y, count)) in each.zip(extrema.iter().zip(&mut *counts)) {
                        for (&x, mask) in x.iter().zip(mask) {
                            *mask = x == y;
                            *count = *count + one(x == y);
                        }
                    }
                }
            }
        }
    }
}

/// Elements that can be added.
trait SumElement: Element + std::ops::Add<Output = Self> {}
impl<T: Element + std::ops::Add<Output = T>> SumElement for T {}
