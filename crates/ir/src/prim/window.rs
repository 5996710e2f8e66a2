//! Reductions over sliding windows: the core of pooling.

use super::family::{add_tangents, arity, linear_jvp, no_cotangents};
use super::reduce::better;
use super::sliding::{Sliding, countable};
use super::{
    BatchAxis, Batched, Example, Fill, Jvp, Operand, Padding, Primitive, ReduceOp, Slice, Tangent,
};
use crate::error::{RuleError, TypeError, ensure};
use crate::expr::{Expr, RuleResult, bind1, try_bind};
use array::shape::{for_each_index, offset, size};
use array::{Array, DType, Element, Type, with_dtype};
use serde::{Deserialize, Serialize};

/// What a windowed reduction computes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WindowOp {
    /// Σ; 0 of nothing.
    Sum,
    /// The largest, NaN if there is one. Ties share the derivative equally.
    Max,
    /// The smallest, NaN if there is one. Ties share the derivative equally.
    Min,
}

/// A reduction over each position of a sliding window:
///
/// ```text
/// y[i…] = ⊕_{k…} x[j…]    over j·base_dilation = i·stride + k·window_dilation − low,  0 ≤ k < window
/// ```
///
/// along each axis. Where there is no such element (in the padding, between dilated elements)
/// nothing is added, and nothing can be the extremum. Along an axis with `m` elements
///
/// ```text
/// outputs = max(0, ⌊((m − 1)·base_dilation + 1 + low + high − ((window − 1)·window_dilation + 1)) / stride⌋ + 1).
/// ```
///
/// The mean over windows is a quotient of two sums: divide by the window's size to count the
/// padding, by the same sum of ones not to count it.
///
/// The sum is linear, and closed: its transpose is a windowed sum in which stride and base
/// dilation have changed roles.
///
/// # Errors
/// Parameters that are not one per axis; a stride or dilation of 0; sums of bools; extrema of a
/// dilated operand, or of a window that sees nothing.
///
/// Source: StableHLO `reduce_window`.
///
/// ```
/// use array::Array;
/// use ir::Primitive;
/// use ir::prim::{ReduceWindow, WindowOp};
///
/// let max = ReduceWindow { strides: vec![2], ..ReduceWindow::new(WindowOp::Max, &[3]) };
/// let x = Array::from_vec(vec![1.0, 5.0, 2.0, 0.0, 3.0], &[5]);
/// assert_eq!(max.eval(&[&x])?, [Array::from_vec(vec![5.0, 3.0], &[2])]);
/// # Ok::<(), ir::RuleError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct ReduceWindow {
    /// What is computed.
    pub op: WindowOp,
    /// Places of the window, per axis (1 where it does not extend).
    pub window: Vec<usize>,
    /// From one window to the next, per axis.
    pub strides: Vec<usize>,
    /// Padding before and after, per axis; negative cuts off.
    pub padding: Vec<(i64, i64)>,
    /// From one element of the operand to the next, per axis; 1 for extrema.
    pub base_dilation: Vec<usize>,
    /// From one place of the window to the next, per axis.
    pub window_dilation: Vec<usize>,
}

impl ReduceWindow {
    /// The plain reduction: stride 1, no padding, no dilation.
    pub fn new(op: WindowOp, window: &[usize]) -> ReduceWindow {
        let rank = window.len();
        ReduceWindow {
            op,
            window: window.to_vec(),
            strides: vec![1; rank],
            padding: vec![(0, 0); rank],
            base_dilation: vec![1; rank],
            window_dilation: vec![1; rank],
        }
    }

    /// The windows along the axes of an operand of this shape.
    fn windows(&self, x: &[usize]) -> Result<Vec<Sliding>, TypeError> {
        (0..x.len())
            .map(|d| {
                let dilations = [self.base_dilation[d], self.window_dilation[d]];
                let sizes = [x[d], self.window[d]];
                Sliding::new(d, sizes, self.strides[d], self.padding[d], dilations)
            })
            .collect()
    }

    /// The definition: `reduce` of the elements that each window sees.
    fn evaluate<T: Element>(&self, x: &Array, reduce: impl Fn(&[T]) -> T) -> RuleResult<Array> {
        let windows = self.windows(x.shape())?;
        let shape: Vec<usize> = windows.iter().map(Sliding::windows).collect();
        let values = x.as_slice::<T>();
        Ok(Array::from_fn(&shape, |i| {
            let mut seen = vec![];
            for_each_index(&self.window, |k| {
                let j = windows.iter().zip(i.iter().zip(k)).map(|(w, (&i, &k))| w.element(i, k));
                if let Some(j) = j.collect::<Option<Vec<usize>>>() {
                    seen.push(values[offset(&j, x.shape())]);
                }
            });
            reduce(&seen)
        }))
    }

    /// The transpose of the sum. Each element collects from the windows that saw it; a window is
    /// the same backwards, as every place has weight 1.
    fn transpose_sum(&self, ct: &Expr, x: &[usize]) -> RuleResult<Expr> {
        let sum = ReduceWindow {
            strides: self.base_dilation.clone(),
            padding: self.windows(x)?.iter().map(Sliding::adjoint_padding).collect(),
            base_dilation: self.strides.clone(),
            ..self.clone()
        };
        Ok(try_bind(sum, &[ct])?.remove(0))
    }

    /// Whether no element is seen by two windows.
    fn windows_are_disjoint(&self) -> bool {
        let axes = self.window.iter().zip(&self.window_dilation).zip(&self.strides);
        axes.into_iter().all(|((&window, &dilation), &stride)| {
            window.saturating_sub(1).saturating_mul(dilation) < stride
        })
    }

    /// The tangent of an extremum over windows that are disjoint: as each element is seen by one
    /// window at most, the transpose of the windowed sum brings the extremum to all elements of
    /// its window, and there they are compared.
    fn disjoint_extremum_jvp(&self, x: &Expr, y: &Expr, dx: &Expr) -> RuleResult<Expr> {
        let windowed = ReduceWindow { op: WindowOp::Sum, ..self.clone() };
        let sum = |x: &Expr| bind1(windowed.clone(), &[x]);
        let ties = x.eq(&windowed.transpose_sum(y, x.shape())?);
        let tangent = sum(&ties.select(dx, &dx.full_like(0.0)));
        Ok(&tangent / &sum(&ties.convert(y.dtype())))
    }

    /// The tangent of an extremum: the mean of the tangents of those elements that equal it.
    ///
    /// It runs over the places of the window: at one place, all windows together see a strided
    /// slice of the padded operand, and which of these elements are not padding is the same slice
    /// of a padded mask.
    fn extremum_jvp(&self, x: &Expr, y: &Expr, dx: &Expr) -> Expr {
        let zero = y.full_like(0.0);
        if y.ty().is_empty() {
            return zero;
        }
        let padded = |e: &Expr| {
            let padding = |&(low, high): &(i64, i64)| Padding { low, high, interior: 0 };
            let unchanged = self.padding.iter().all(|&p| p == (0, 0));
            let padding: Vec<Padding> = self.padding.iter().map(padding).collect();
            if unchanged { e.clone() } else { e.pad_zero(&padding) }
        };
        let grows = self.padding.iter().any(|&(low, high)| low > 0 || high > 0);
        let truth = Expr::full(&x.ty().with_dtype(DType::Bool), 1.0);
        let inside = grows.then(|| padded(&truth));
        let (x, dx) = (padded(x), padded(dx));
        let (mut tangent, mut count) = (None, None);
        for_each_index(&self.window, |place| {
            let seen = |e: &Expr| {
                let start =
                    place.iter().zip(&self.window_dilation).map(|(k, dilation)| k * dilation);
                let start: Vec<usize> = start.collect();
                let limit = |d: usize| start[d] + (y.shape()[d] - 1) * self.strides[d] + 1;
                let limit = (0..start.len()).map(limit).collect();
                bind1(Slice { start: start.clone(), limit, strides: self.strides.clone() }, &[e])
            };
            let mut ties = seen(&x).eq(y);
            if let Some(inside) = &inside {
                ties = ties.and(&seen(inside));
            }
            count = add_tangents(count.take(), Some(ties.convert(y.dtype())));
            tangent = add_tangents(tangent.take(), Some(ties.select(&seen(&dx), &zero)));
        });
        let sums = tangent.zip(count);
        let (tangent, count) = sums.expect("invariant: the type rule refuses windows of no places");
        &tangent / &count
    }
}

impl Primitive for ReduceWindow {
    fn name(&self) -> &'static str {
        match self.op {
            WindowOp::Sum => "reduce_window_sum",
            WindowOp::Max => "reduce_window_max",
            WindowOp::Min => "reduce_window_min",
        }
    }
    fn typ(&self, x: &[&Type]) -> Result<Vec<Type>, TypeError> {
        arity(x, 1)?;
        let rank = x[0].rank();
        let lengths = [
            ("window", self.window.len()),
            ("strides", self.strides.len()),
            ("padding", self.padding.len()),
            ("base_dilation", self.base_dilation.len()),
            ("window_dilation", self.window_dilation.len()),
        ];
        for (name, length) in lengths {
            ensure(length == rank, || format!("{name} has {length} entries for {rank} axes"))?;
        }
        let windows = self.windows(&x[0].shape)?;
        let shape: Vec<usize> = windows.iter().map(Sliding::windows).collect();
        countable("the window", &self.window)?;
        countable("the result", &shape)?;
        let y = x[0].with_shape(shape);
        match self.op {
            WindowOp::Sum => ensure(x[0].dtype != DType::Bool, || "is not defined on bool".into())?,
            WindowOp::Max | WindowOp::Min => {
                ensure(self.base_dilation.iter().all(|&d| d == 1), || {
                    "only sums are defined on a dilated operand".into()
                })?;
                let sees = y.is_empty() || windows.iter().all(Sliding::every_window_sees);
                ensure(sees, || "a window sees only padding: no extremum over nothing".into())?;
            }
        }
        Ok(vec![y])
    }
    fn eval(&self, x: &[&Array]) -> RuleResult<Vec<Array>> {
        fn floats<T: Element>(r: &ReduceWindow, x: &Array) -> RuleResult<Array> {
            // Sums are taken in f64: the reference is the more accurate one.
            r.evaluate::<T>(x, |seen| T::from_f64(seen.iter().fold(0.0, |sum, v| sum + v.to_f64())))
        }
        fn integers<T: Element>(r: &ReduceWindow, x: &Array) -> RuleResult<Array> {
            let add = |sum: i64, v: &T| sum.wrapping_add(v.to_i64());
            r.evaluate::<T>(x, |seen| T::from_i64(seen.iter().fold(0, add)))
        }
        fn extrema<T: Element>(r: &ReduceWindow, op: ReduceOp, x: &Array) -> RuleResult<Array> {
            let best = |a: T, b: &T| better(op, a, *b);
            r.evaluate::<T>(x, |seen| seen[1..].iter().fold(seen[0], best))
        }
        let op = match self.op {
            WindowOp::Sum => {
                return Ok(vec![match x[0].dtype() {
                    DType::F32 => floats::<f32>(self, x[0])?,
                    DType::F64 => floats::<f64>(self, x[0])?,
                    DType::I32 => integers::<i32>(self, x[0])?,
                    DType::I64 => integers::<i64>(self, x[0])?,
                    DType::U32 => integers::<u32>(self, x[0])?,
                    DType::Bool => {
                        return Err(RuleError::new(self.name(), "eval", "not defined on bool"));
                    }
                }]);
            }
            WindowOp::Max => ReduceOp::Max,
            WindowOp::Min => ReduceOp::Min,
        };
        Ok(vec![with_dtype!(x[0].dtype(), T => extrema::<T>(self, op, x[0])?)])
    }
    fn jvp(&self, x: &[Expr], y: &[Expr], dx: &[Tangent]) -> RuleResult<Jvp> {
        Ok(match (self.op, &dx[0]) {
            (_, None) => None,
            (WindowOp::Sum, Some(_)) => linear_jvp(self, dx),
            (WindowOp::Max | WindowOp::Min, Some(dx)) if self.windows_are_disjoint() => {
                Some(self.disjoint_extremum_jvp(&x[0], &y[0], dx)?)
            }
            (WindowOp::Max | WindowOp::Min, Some(dx)) => Some(self.extremum_jvp(&x[0], &y[0], dx)),
        }
        .into())
    }
    fn transpose(&self, ct: &[Tangent], x: &[Operand]) -> RuleResult<Vec<Tangent>> {
        if self.op != WindowOp::Sum {
            return no_cotangents(self, x);
        }
        let shape = &x[0].ty().shape;
        Ok(vec![ct[0].as_ref().map(|ct| self.transpose_sum(ct, shape)).transpose()?])
    }
    fn batch(&self, x: &[Expr], _: &[bool], _: &BatchAxis) -> RuleResult<Vec<Batched>> {
        let steps = |rest: &[usize]| [&[1], rest].concat();
        let reduce = ReduceWindow {
            op: self.op,
            window: steps(&self.window),
            strides: steps(&self.strides),
            padding: [&[(0, 0)], &self.padding[..]].concat(),
            base_dilation: steps(&self.base_dilation),
            window_dilation: steps(&self.window_dilation),
        };
        Ok(vec![(try_bind(reduce, &[&x[0]])?.remove(0), true)])
    }
    fn flops(&self, _: &[Type], y: &[Type]) -> u64 {
        (y[0].len() as u64).saturating_mul(size(&self.window) as u64)
    }
    crate::no_programs!();
    fn examples() -> Vec<Example> {
        // Values far enough apart that no difference quotient steps over a tie.
        let apart = Fill::Values((0..23).map(|i| f64::from(i * 7 % 23) / 11.0 - 1.0).collect());
        let of = |r: ReduceWindow, x: &[usize]| Example::new(r, &[x]).fill(0, apart.clone());
        let one = |op, window, stride, padding, base, dilation| ReduceWindow {
            strides: vec![stride],
            padding: vec![padding],
            base_dilation: vec![base],
            window_dilation: vec![dilation],
            ..ReduceWindow::new(op, &[window])
        };
        let pooling = |op| ReduceWindow {
            strides: vec![1, 1, 2, 2],
            padding: vec![(0, 0), (0, 0), (1, 0), (1, 1)],
            ..ReduceWindow::new(op, &[1, 1, 2, 3])
        };
        let disjoint = |op| ReduceWindow {
            strides: vec![1, 2, 3],
            padding: vec![(0, 0), (0, 0), (1, 0)],
            ..ReduceWindow::new(op, &[1, 2, 2])
        };
        let mut all = vec![];
        for op in [WindowOp::Sum, WindowOp::Max, WindowOp::Min] {
            all.extend([
                of(one(op, 2, 1, (0, 0), 1, 1), &[5]),
                of(one(op, 2, 3, (-1, 1), 1, 1), &[9]),
                of(one(op, 2, 1, (2, 2), 1, 3), &[4]),
                of(one(op, 3, 1, (0, 0), 1, 1), &[2]),
                of(one(op, 1, 2, (0, -1), 1, 1), &[4]),
                of(ReduceWindow::new(op, &[]), &[]),
                of(ReduceWindow::new(op, &[1, 2]), &[0, 3]),
                of(pooling(op), &[1, 2, 3, 4]),
                of(disjoint(op), &[2, 5, 7]),
            ]);
        }
        all.extend([
            of(one(WindowOp::Sum, 2, 1, (1, 2), 2, 1), &[3]),
            of(one(WindowOp::Sum, 3, 2, (-1, 3), 3, 2), &[4]),
            of(one(WindowOp::Sum, 2, 1, (1, 1), 1, 1), &[0]),
            of(one(WindowOp::Sum, 0, 1, (0, 0), 1, 1), &[2]),
        ]);
        all
    }
}
