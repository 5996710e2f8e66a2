//! Reductions over axes.

use super::family::{arity, linear_jvp, no_cotangents};
use super::{BatchAxis, Batched, Compare, Example, Fill, Jvp, Operand, Primitive, Tangent};
use crate::error::{RuleError, TypeError, ensure};
use crate::expr::{Expr, RuleResult, bind1};
use array::shape::{kept, size};
use array::{Array, DType, Element, Type, with_dtype};
use serde::{Deserialize, Serialize};

/// What a reduction computes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReduceOp {
    /// Σ; 0 of nothing.
    Sum,
    /// ∏; 1 of nothing.
    Prod,
    /// The largest, NaN if there is one; an error of nothing. Ties share the derivative equally.
    Max,
    /// The smallest, NaN if there is one; an error of nothing. Ties share the derivative equally.
    Min,
    /// Whether one is true; false of nothing.
    Any,
    /// Whether none is false; true of nothing.
    All,
}

/// A reduction over axes, which disappear.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Reduce {
    /// What is computed.
    pub op: ReduceOp,
    /// The axes, ascending.
    pub axes: Vec<usize>,
}

/// Checks that `axes` are ascending axes of `x`.
pub(crate) fn axes_fit(axes: &[usize], x: &Type) -> Result<(), TypeError> {
    let fit = axes.windows(2).all(|w| w[0] < w[1]) && axes.iter().all(|&a| a < x.rank());
    ensure(fit, || format!("axes {axes:?} are not ascending axes of {x}"))
}

/// Folds the axes away in row-major order, starting each result at `init`.
fn fold<T: Element>(x: &Array, axes: &[usize], init: T, f: impl Fn(T, T) -> T) -> Array {
    let kept = kept(x.shape().len(), axes);
    let shape: Vec<usize> = kept.iter().map(|&d| x.shape()[d]).collect();
    let mut out = vec![init; size(&shape)];
    let mut values = x.as_slice::<T>().iter();
    array::shape::for_each_index(x.shape(), |index| {
        let o = kept.iter().fold(0, |o, &d| o * x.shape()[d] + index[d]);
        let v = values.next().expect("invariant: as many elements as indices");
        out[o] = f(out[o], *v);
    });
    Array::from_vec(out, &shape)
}

/// Whether `x` is not equal to itself: true for NaN alone.
fn is_nan<T: PartialEq>(x: &T) -> bool {
    #[allow(clippy::eq_op)]
    {
        x != x
    }
}

pub(crate) fn better<T: Element>(op: ReduceOp, a: T, b: T) -> T {
    let replace = if op == ReduceOp::Max { b > a } else { b < a };
    if !is_nan(&a) && (replace || is_nan(&b)) { b } else { a }
}

impl Primitive for Reduce {
    fn name(&self) -> &'static str {
        match self.op {
            ReduceOp::Sum => "reduce_sum",
            ReduceOp::Prod => "reduce_prod",
            ReduceOp::Max => "reduce_max",
            ReduceOp::Min => "reduce_min",
            ReduceOp::Any => "reduce_any",
            ReduceOp::All => "reduce_all",
        }
    }
    fn typ(&self, x: &[&Type]) -> Result<Vec<Type>, TypeError> {
        arity(x, 1)?;
        axes_fit(&self.axes, x[0])?;
        let truth = matches!(self.op, ReduceOp::Any | ReduceOp::All);
        let extremal = matches!(self.op, ReduceOp::Max | ReduceOp::Min);
        ensure(extremal || truth == (x[0].dtype == DType::Bool), || {
            format!("is not defined on {}", x[0].dtype)
        })?;
        let nothing = self.axes.iter().any(|&a| x[0].shape[a] == 0);
        ensure(!(extremal && nothing), || format!("{} has no extremum over nothing", x[0]))?;
        let shape: Vec<usize> =
            kept(x[0].rank(), &self.axes).into_iter().map(|d| x[0].shape[d]).collect();
        Ok(vec![x[0].with_shape(shape)])
    }
    fn eval(&self, x: &[&Array]) -> RuleResult<Vec<Array>> {
        fn floats<T: Element + std::ops::Add<Output = T> + std::ops::Mul<Output = T>>(
            r: &Reduce,
            x: &Array,
        ) -> Array {
            match r.op {
                ReduceOp::Sum => fold::<T>(x, &r.axes, T::ZERO, |a, b| a + b),
                _ => fold::<T>(x, &r.axes, T::ONE, |a, b| a * b),
            }
        }
        fn integers<T: Element>(r: &Reduce, x: &Array) -> Array {
            match r.op {
                ReduceOp::Sum => fold::<T>(x, &r.axes, T::ZERO, |a, b| {
                    T::from_i64(a.to_i64().wrapping_add(b.to_i64()))
                }),
                _ => fold::<T>(x, &r.axes, T::ONE, |a, b| {
                    T::from_i64(a.to_i64().wrapping_mul(b.to_i64()))
                }),
            }
        }
        let x = x[0];
        Ok(vec![match self.op {
            ReduceOp::Sum | ReduceOp::Prod => match x.dtype() {
                DType::F32 => floats::<f32>(self, x),
                DType::F64 => floats::<f64>(self, x),
                DType::I32 => integers::<i32>(self, x),
                DType::I64 => integers::<i64>(self, x),
                DType::U32 => integers::<u32>(self, x),
                DType::Bool => {
                    return Err(RuleError::new(self.name(), "eval", "not defined on bool"));
                }
            },
            ReduceOp::Max | ReduceOp::Min => {
                // Start from the first element of each group: there is no neutral element.
                with_dtype!(x.dtype(), T => {
                    let mut first = x.clone();
                    for &a in self.axes.iter().rev() {
                        first = fold_first::<T>(&first, a);
                    }
                    let kept = kept(x.shape().len(), &self.axes);
                    let mut out = first.to_vec::<T>();
                    let mut values = x.as_slice::<T>().iter();
                    array::shape::for_each_index(x.shape(), |index| {
                        let o = kept.iter().fold(0, |o, &d| o * x.shape()[d] + index[d]);
                        let v = values.next().expect("invariant: as many elements as indices");
                        out[o] = better(self.op, out[o], *v);
                    });
                    Array::from_vec(out, first.shape())
                })
            }
            ReduceOp::Any => fold::<bool>(x, &self.axes, false, |a, b| a | b),
            ReduceOp::All => fold::<bool>(x, &self.axes, true, |a, b| a & b),
        }])
    }
    fn jvp(&self, x: &[Expr], y: &[Expr], dx: &[Tangent]) -> RuleResult<Jvp> {
        let (x, y) = (&x[0], &y[0]);
        let Some(d) = &dx[0] else { return Ok(None.into()) };
        Ok(match self.op {
            ReduceOp::Sum => linear_jvp(self, dx).into(),
            // A product's derivative without dividing by elements, which may be zero.
            ReduceOp::Prod => {
                let tangent = product_jvp(x, d, &self.axes);
                Some(tangent).into()
            }
            ReduceOp::Max | ReduceOp::Min => {
                let ties = bind1(Compare::Eq, &[x, &y.broadcast_along(x.shape(), &self.axes)]);
                let weight = ties.convert(x.dtype());
                let count = weight.reduce_sum(&self.axes);
                let zero = d.full_like(0.0);
                Some(&ties.select(d, &zero).reduce_sum(&self.axes) / &count).into()
            }
            ReduceOp::Any | ReduceOp::All => None.into(),
        })
    }
    fn transpose(&self, ct: &[Tangent], x: &[Operand]) -> RuleResult<Vec<Tangent>> {
        if self.op != ReduceOp::Sum {
            return no_cotangents(self, x);
        }
        let shape = &x[0].ty().shape;
        Ok(vec![ct[0].as_ref().map(|ct| ct.broadcast_along(shape, &self.axes))])
    }
    fn batch(&self, x: &[Expr], _: &[bool], _: &BatchAxis) -> RuleResult<Vec<Batched>> {
        let axes: Vec<usize> = self.axes.iter().map(|a| a + 1).collect();
        Ok(vec![(x[0].reduce(self.op, &axes), true)])
    }
    fn flops(&self, x: &[Type], _: &[Type]) -> u64 {
        x[0].len() as u64
    }
    crate::no_programs!();
    fn examples() -> Vec<Example> {
        let of = |op, axes: &[usize]| {
            Example::new(Reduce { op, axes: axes.to_vec() }, &[&[2, 3, 2]])
                .fill(0, Fill::Range(-1.2, 1.4))
        };
        let mut all = vec![];
        for op in [ReduceOp::Sum, ReduceOp::Prod, ReduceOp::Max, ReduceOp::Min] {
            all.extend([of(op, &[0]), of(op, &[1]), of(op, &[0, 2])]);
        }
        // One zero, and two: where dividing by the elements would give NaN.
        let zeros = Reduce { op: ReduceOp::Prod, axes: vec![1] };
        all.push(
            Example::new(zeros, &[&[2, 3]])
                .fill(0, Fill::Values(vec![0.0, 1.5, -2.0, 0.0, 0.0, 3.0])),
        );
        for op in [ReduceOp::Any, ReduceOp::All] {
            all.push(
                of(op, &[1])
                    .dtype(0, DType::Bool)
                    .fill(0, Fill::Values(vec![1.0, 0.0, 1.0, 1.0, 0.0]))
                    .without_derivative("truth values"),
            );
        }
        all
    }
}

/// The slice at index 0 of an axis.
fn fold_first<T: Element>(x: &Array, axis: usize) -> Array {
    let mut shape = x.shape().to_vec();
    shape.remove(axis);
    let values = x.as_slice::<T>();
    Array::from_fn(&shape, |index| {
        let mut source = index.to_vec();
        source.insert(axis, 0);
        values[array::shape::offset(&source, x.shape())]
    })
}

/// The tangent of `∏ x` over axes: halves are multiplied pairwise, `(a, da)·(b, db) =
/// (ab, a db + da b)`, until one element is left.
fn product_jvp(x: &Expr, dx: &Expr, axes: &[usize]) -> Expr {
    let order: Vec<usize> = [kept(x.rank(), axes), axes.to_vec()].concat();
    let lead: Vec<usize> = order[..x.rank() - axes.len()].iter().map(|&d| x.shape()[d]).collect();
    let n: usize = axes.iter().map(|&a| x.shape()[a]).product();
    let flat = [&lead[..], &[n]].concat();
    let last = lead.len();
    let mut p = x.transpose(&order).reshape(&flat);
    let mut d = dx.transpose(&order).reshape(&flat);
    if n == 0 {
        return Expr::full(&x.ty().with_shape(lead), 0.0);
    }
    while p.shape()[last] > 1 {
        let n = p.shape()[last];
        let half = n / 2;
        let split = |e: &Expr| (e.slice_axis(last, 0, half), e.slice_axis(last, half, 2 * half));
        let ((p0, p1), (d0, d1)) = (split(&p), split(&d));
        let (mut q, mut e) = (&p0 * &p1, &(&p0 * &d1) + &(&d0 * &p1));
        if n % 2 == 1 {
            q = Expr::concatenate(&[&q, &p.slice_axis(last, n - 1, n)], last);
            e = Expr::concatenate(&[&e, &d.slice_axis(last, n - 1, n)], last);
        }
        (p, d) = (q, e);
    }
    d.reshape(&lead)
}

/// The index (i64) of the first largest or smallest element along an axis; NaN counts as the
/// extremum.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct ArgReduce {
    /// Largest (else smallest).
    pub max: bool,
    /// The axis, which disappears.
    pub axis: usize,
}

impl Primitive for ArgReduce {
    fn name(&self) -> &'static str {
        if self.max { "argmax" } else { "argmin" }
    }
    fn typ(&self, x: &[&Type]) -> Result<Vec<Type>, TypeError> {
        arity(x, 1)?;
        axes_fit(&[self.axis], x[0])?;
        ensure(x[0].shape[self.axis] > 0, || format!("{} has no extremum over nothing", x[0]))?;
        let mut shape = x[0].shape.clone();
        shape.remove(self.axis);
        Ok(vec![Type::new(DType::I64, shape)])
    }
    fn eval(&self, x: &[&Array]) -> RuleResult<Vec<Array>> {
        fn arg<T: Element>(a: &ArgReduce, x: &Array) -> Array {
            let mut shape = x.shape().to_vec();
            let n = shape.remove(a.axis);
            let values = x.as_slice::<T>();
            let op = if a.max { ReduceOp::Max } else { ReduceOp::Min };
            Array::from_fn(&shape, |index| {
                let mut at = index.to_vec();
                at.insert(a.axis, 0);
                let mut value = |i: usize| {
                    at[a.axis] = i;
                    values[array::shape::offset(&at, x.shape())]
                };
                let (mut best, mut best_value) = (0, value(0));
                for i in 1..n {
                    let v = value(i);
                    let kept = better(op, best_value, v).to_bits64() == best_value.to_bits64();
                    if !kept && !is_nan(&best_value) && v != best_value {
                        (best, best_value) = (i, v);
                    }
                }
                best as i64
            })
        }
        Ok(vec![with_dtype!(x[0].dtype(), T => arg::<T>(self, x[0]))])
    }
    fn jvp(&self, _: &[Expr], _: &[Expr], _: &[Tangent]) -> RuleResult<Jvp> {
        Ok(None.into())
    }
    fn transpose(&self, _: &[Tangent], x: &[Operand]) -> RuleResult<Vec<Tangent>> {
        no_cotangents(self, x)
    }
    fn batch(&self, x: &[Expr], _: &[bool], _: &BatchAxis) -> RuleResult<Vec<Batched>> {
        Ok(vec![(bind1(ArgReduce { max: self.max, axis: self.axis + 1 }, &[&x[0]]), true)])
    }
    fn flops(&self, x: &[Type], _: &[Type]) -> u64 {
        x[0].len() as u64
    }
    crate::no_programs!();
    fn examples() -> Vec<Example> {
        [(true, 0), (true, 1), (false, 1)]
            .map(|(max, axis)| {
                Example::new(ArgReduce { max, axis }, &[&[3, 4]])
                    .fill(0, Fill::Values(vec![1.0, 5.0, -2.0, 5.0, 0.5, f64::NAN, 7.0]))
                    .without_derivative("indices")
            })
            .into()
    }
}
