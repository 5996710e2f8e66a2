//! Running reductions along an axis, in the order of the elements.

use crate::memory::scratch;
use crate::threads::{Parts, for_each_chunk};
use array::shape::size;
use array::{Array, DType, Element, with_dtype};
use ir::prim::{Cumulative, CumulativeOp};

/// Runs `body` over lines of `x[outer, n, inner]`: for the elements of each line in order, the
/// state after it and what is written. The lines of a piece of the inner axis run side by side.
fn lines<T: Element, S: std::marker::Copy>(
    p: &Cumulative,
    x: &Array,
    start: impl Fn(T) -> S + Sync,
    next: impl Fn(S, T) -> S + Sync,
    value: impl Fn(S) -> T + Sync,
) -> Array {
    let shape = x.shape();
    let (outer, n) = (size(&shape[..p.axis]), shape[p.axis]);
    let inner = size(&shape[p.axis + 1..]);
    let values = x.as_slice::<T>();
    let mut out = scratch::<T>(values.len());
    if out.is_empty() {
        return Array::from_vec(out, shape);
    }
    const WORK: usize = 1 << 13;
    let width = inner.min((WORK / n).max(16));
    let pieces = inner.div_ceil(width);
    let per = (WORK / (n * inner)).max(1);
    let parts = Parts::new(&mut out);
    for_each_chunk(outer.div_ceil(per) * pieces, |c| {
        let (first, piece) = (c / pieces * per, c % pieces);
        let (low, high) = (piece * width, ((piece + 1) * width).min(inner));
        let mut states: Vec<S> = Vec::with_capacity(high - low);
        for o in first..(first + per).min(outer) {
            for step in 0..n {
                let i = if p.reverse { n - 1 - step } else { step };
                let row = (o * n + i) * inner;
                let from = &values[row + low..row + high];
                if step == 0 {
                    states.clear();
                    states.extend(from.iter().map(|&v| start(v)));
                } else {
                    states.iter_mut().zip(from).for_each(|(s, &v)| *s = next(*s, v));
                }
                // SAFETY: chunks own different outer indices or different pieces of the inner
                // axis, and `out` is not touched until all have ended.
                let to = unsafe { parts.part(row + low..row + high) };
                to.iter_mut().zip(&states).for_each(|(t, &s)| *t = value(s));
            }
        }
    });
    Array::from_vec(out, shape)
}

fn simple<T: Element>(p: &Cumulative, x: &Array, next: impl Fn(T, T) -> T + Sync) -> Array {
    lines(p, x, |v: T| v, next, |s| s)
}

/// The largest exponent so far, and Σ exp of the differences to it.
fn log_sum_exp<T: Element>(p: &Cumulative, x: &Array) -> Array {
    lines(
        p,
        x,
        |v: T| (v.to_f64(), 1.0_f64),
        |(m, sum), v| {
            let v = v.to_f64();
            if v <= m || m.is_nan() {
                // Equal infinities count, but need no sum.
                (m, if m.is_finite() { sum + (v - m).exp() } else { 1.0 })
            } else {
                (v, if m.is_finite() { sum * (m - v).exp() + 1.0 } else { 1.0 })
            }
        },
        |(m, sum)| T::from_f64(if m.is_finite() { m + sum.ln() } else { m }),
    )
}

#[allow(clippy::eq_op)]
pub(crate) fn cumulative(p: &Cumulative, x: &Array) -> Array {
    match (p.op, x.dtype()) {
        (CumulativeOp::Sum, DType::F32) => simple::<f32>(p, x, |a, b| a + b),
        (CumulativeOp::Sum, DType::F64) => simple::<f64>(p, x, |a, b| a + b),
        (CumulativeOp::Sum, DType::I32) => simple(p, x, i32::wrapping_add),
        (CumulativeOp::Sum, DType::I64) => simple(p, x, i64::wrapping_add),
        (CumulativeOp::Sum, DType::U32) => simple(p, x, u32::wrapping_add),
        (CumulativeOp::Prod, DType::F32) => simple::<f32>(p, x, |a, b| a * b),
        (CumulativeOp::Prod, DType::F64) => simple::<f64>(p, x, |a, b| a * b),
        (CumulativeOp::Prod, DType::I32) => simple(p, x, i32::wrapping_mul),
        (CumulativeOp::Prod, DType::I64) => simple(p, x, i64::wrapping_mul),
        (CumulativeOp::Prod, DType::U32) => simple(p, x, u32::wrapping_mul),
        // x ≠ x is true for NaN alone.
        (CumulativeOp::Max, dtype) => with_dtype!(dtype, T => {
            simple::<T>(p, x, |a, b| if a != a || a >= b { a } else { b })
        }),
        (CumulativeOp::Min, dtype) => with_dtype!(dtype, T => {
            simple::<T>(p, x, |a, b| if a != a || a <= b { a } else { b })
        }),
        (CumulativeOp::LogSumExp, DType::F32) => log_sum_exp::<f32>(p, x),
        (CumulativeOp::LogSumExp, DType::F64) => log_sum_exp::<f64>(p, x),
        (CumulativeOp::Sum | CumulativeOp::Prod, DType::Bool)
        | (CumulativeOp::LogSumExp, DType::I32 | DType::I64 | DType::U32 | DType::Bool) => {
            unreachable!("invariant: the type rule does not admit this dtype")
        }
    }
}
