//! Reading and adding at computed places, and boxes at computed places.

use crate::execute::Operands;
use crate::memory::scratch;
use crate::strided::{Copy, signed_strides};
use crate::threads::{Parts, for_each_chunk, for_each_part};
use array::shape::size;
use array::{Array, DType, Element, with_dtype};
use ir::prim::{DynamicSlice, Gather, ScatterAdd};

/// The indices as numbers.
fn numbers(indices: &Array) -> std::borrow::Cow<'_, [i64]> {
    match indices.dtype() {
        DType::I64 => indices.as_slice::<i64>().into(),
        _ => indices.to_vec::<i64>().into(),
    }
}

/// Elements that one chunk moves, about.
const CHUNK: usize = 1 << 15;

pub(crate) fn gather(p: &Gather, x: &Array, indices: &Array) -> Array {
    fn typed<T: Element>(p: &Gather, x: &Array, indices: &Array) -> Array {
        let (from, at) = (x.shape(), indices.shape());
        let shape = [&from[..p.axis], &at[p.batch..], &from[p.axis + 1..]].concat();
        let mut out = scratch::<T>(size(&shape));
        if out.is_empty() {
            return Array::from_vec(out, &shape);
        }
        // out[b, pre, i, run] = x[b, pre, indices[b, i], run]
        let (pre, run) = (size(&from[p.batch..p.axis]), size(&from[p.axis + 1..]));
        let (n, m) = (from[p.axis], size(&at[p.batch..]));
        let (values, indices) = (x.as_slice::<T>(), numbers(indices));
        let source = |row: usize| {
            let (group, i) = (row / m, row % m);
            let k = indices[group / pre * m + i].clamp(0, n as i64 - 1) as usize;
            (group * n + k) * run
        };
        let rows = CHUNK.div_ceil(run);
        for_each_part(&mut out, rows * run, |start, part| {
            for (row, to) in (start / run..).zip(part.chunks_exact_mut(run)) {
                let from = source(row);
                if let [to] = to {
                    *to = values[from];
                } else {
                    to.copy_from_slice(&values[from..from + run]);
                }
            }
        });
        Array::from_vec(out, &shape)
    }
    with_dtype!(x.dtype(), T => typed::<T>(p, x, indices))
}

pub(crate) fn scatter_add(p: &ScatterAdd, updates: &Array, indices: &Array) -> Array {
    fn typed<T: Element>(
        p: &ScatterAdd,
        updates: &Array,
        indices: &Array,
        plus: impl Fn(T, T) -> T + Sync,
    ) -> Array {
        let (from, at) = (updates.shape(), indices.shape());
        let behind = p.axis + at.len() - p.batch;
        let shape = [&from[..p.axis], &[p.size], &from[behind..]].concat();
        let mut out = scratch::<T>(size(&shape));
        for_each_part(&mut out, CHUNK, |_, part| part.fill(T::ZERO));
        if out.is_empty() || updates.is_empty() {
            return Array::from_vec(out, &shape);
        }
        // out[b, pre, indices[b, i], run] += updates[b, pre, i, run]
        let (pre, run) = (size(&from[p.batch..p.axis]), size(&from[behind..]));
        let (groups, m) = (size(&from[..p.axis]), size(&at[p.batch..]));
        let (values, indices) = (updates.as_slice::<T>(), numbers(indices));
        // Terms of one element are added in the order of the updates, by one thread: chunks are
        // groups, and pieces of long runs.
        let width = run.min((CHUNK / m).max(64));
        let pieces = run.div_ceil(width);
        let per = (CHUNK / (m * run)).max(1);
        let parts = Parts::new(&mut out);
        for_each_chunk(groups.div_ceil(per) * pieces, |c| {
            let (first, piece) = (c / pieces * per, c % pieces);
            let (low, high) = (piece * width, ((piece + 1) * width).min(run));
            for group in first..(first + per).min(groups) {
                for i in 0..m {
                    let k = usize::try_from(indices[group / pre * m + i]);
                    let Some(k) = k.ok().filter(|&k| k < p.size) else { continue };
                    let to = (group * p.size + k) * run;
                    let from = (group * m + i) * run;
                    // SAFETY: chunks own different groups or different pieces of the runs, and
                    // `out` is not touched until all have ended.
                    let to = unsafe { parts.part(to + low..to + high) };
                    for (t, &v) in to.iter_mut().zip(&values[from + low..from + high]) {
                        *t = plus(*t, v);
                    }
                }
            }
        });
        Array::from_vec(out, &shape)
    }
    match updates.dtype() {
        DType::F32 => typed::<f32>(p, updates, indices, |a, b| a + b),
        DType::F64 => typed::<f64>(p, updates, indices, |a, b| a + b),
        DType::I32 => typed::<i32>(p, updates, indices, i32::wrapping_add),
        DType::I64 => typed::<i64>(p, updates, indices, i64::wrapping_add),
        DType::U32 => typed::<u32>(p, updates, indices, u32::wrapping_add),
        DType::Bool => unreachable!("invariant: the type rule admits numbers only"),
    }
}

/// The flat position where a box of these sizes begins, clamped so that it fits.
fn origin(start: &Array, shape: &[usize], sizes: &[usize]) -> isize {
    let strides = signed_strides(shape);
    let room = shape.iter().zip(sizes).map(|(n, s)| (n - s) as i64);
    let clamped = numbers(start).iter().zip(room).map(|(&s, r)| s.clamp(0, r)).collect::<Vec<_>>();
    clamped.iter().zip(strides).map(|(&s, step)| s as isize * step).sum()
}

pub(crate) fn dynamic_slice(p: &DynamicSlice, x: &Array, start: &Array) -> Array {
    let offset = origin(start, x.shape(), &p.sizes);
    super::layout::view(x, &p.sizes, &signed_strides(x.shape()), offset)
}

const ALONE: &str = "invariant: nobody else holds a new array";

/// Writes into the operand's own memory where that is free: a loop that fills an array entry by
/// entry copies it never.
pub(crate) fn dynamic_update_slice(x: &mut Operands<'_>) -> Array {
    fn typed<T: Element>(x: &mut Operands<'_>) -> Array {
        let shape = x.array(0).shape().to_vec();
        let offset = origin(x.array(2), &shape, x.array(1).shape());
        let mut result = x.take(0).unwrap_or_else(|| {
            let from = x.array(0);
            let mut copy = Array::fresh(&from.ty());
            let (from, to) = (from.as_slice::<T>(), copy.unique::<T>());
            for_each_part(to.expect(ALONE), CHUNK, |start, part| {
                part.copy_from_slice(&from[start..start + part.len()]);
            });
            copy
        });
        let update = x.array(1);
        let from = signed_strides(update.shape());
        Copy::new(update.shape(), from, 0, signed_strides(&shape), offset)
            .run(update.as_slice::<T>(), result.unique::<T>().expect(ALONE));
        result
    }
    with_dtype!(x.array(0).dtype(), T => typed::<T>(x))
}
