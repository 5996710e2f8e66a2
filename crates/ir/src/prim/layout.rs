//! Operations that move elements without computing: all linear, each the adjoint of another.

use super::family::{arity, in_front, linear_jvp, not_linear};
use super::{BatchAxis, Batched, Example, Fill, Jvp, Operand, Primitive, Tangent};
use crate::error::{TypeError, ensure};
use crate::expr::{Expr, RuleResult, bind1};
use array::shape::{inverse, kept, size};
use array::{Array, DType, Element, Type, with_dtype};
use serde::{Deserialize, Serialize};

/// The array of `shape` whose element at each index is `x`'s element at the flat position
/// `source(index)`.
fn rearrange(x: &Array, shape: &[usize], source: impl Fn(&[usize]) -> usize) -> Array {
    with_dtype!(x.dtype(), T => {
        let values = x.as_slice::<T>();
        Array::from_fn(shape, |index| values[source(index)])
    })
}

/// The axis numbers as a batched operand has them: one further in.
fn shifted(axes: &[usize]) -> Vec<usize> {
    axes.iter().map(|a| a + 1).collect()
}

/// `0` followed by the numbers, one further in.
fn with_batch(axes: &[usize]) -> Vec<usize> {
    std::iter::once(0).chain(axes.iter().map(|a| a + 1)).collect()
}

/// The given number in front of the others.
fn prepended(first: usize, rest: &[usize]) -> Vec<usize> {
    std::iter::once(first).chain(rest.iter().copied()).collect()
}

/// Repetition along new axes: `y[i] = x[i[dims[0]], i[dims[1]], …]`; operand axis `d` becomes
/// axis `dims[d]` of the result, with the same size.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct BroadcastInDim {
    /// Shape of the result.
    pub shape: Vec<usize>,
    /// For each operand axis its place in the result; ascending.
    pub dims: Vec<usize>,
}

impl Primitive for BroadcastInDim {
    fn name(&self) -> &'static str {
        "broadcast_in_dim"
    }
    fn typ(&self, x: &[&Type]) -> Result<Vec<Type>, TypeError> {
        arity(x, 1)?;
        let fits = self.dims.len() == x[0].rank()
            && self.dims.windows(2).all(|w| w[0] < w[1])
            && self.dims.iter().zip(&x[0].shape).all(|(&d, n)| self.shape.get(d) == Some(n));
        ensure(fits, || format!("operand does not fit dims {:?} of {:?}", self.dims, self.shape))?;
        Ok(vec![x[0].with_shape(self.shape.clone())])
    }
    fn eval(&self, x: &[&Array]) -> RuleResult<Vec<Array>> {
        let strides = array::shape::strides(x[0].shape());
        let source = |i: &[usize]| self.dims.iter().zip(&strides).map(|(&d, s)| i[d] * s).sum();
        Ok(vec![rearrange(x[0], &self.shape, source)])
    }
    fn jvp(&self, _: &[Expr], _: &[Expr], dx: &[Tangent]) -> RuleResult<Jvp> {
        Ok(linear_jvp(self, dx).into())
    }
    fn transpose(&self, ct: &[Tangent], _: &[Operand]) -> RuleResult<Vec<Tangent>> {
        let axes = kept(self.shape.len(), &self.dims);
        Ok(vec![ct[0].as_ref().map(|ct| ct.reduce_sum(&axes))])
    }
    fn batch(&self, x: &[Expr], _: &[bool], axis: &BatchAxis) -> RuleResult<Vec<Batched>> {
        let shape = prepended(axis.size, &self.shape);
        Ok(vec![(x[0].broadcast_in_dim(&shape, &with_batch(&self.dims)), true)])
    }
    fn flops(&self, _: &[Type], _: &[Type]) -> u64 {
        0
    }
    crate::no_programs!();
    fn examples() -> Vec<Example> {
        let of = |shape: &[usize], dims: &[usize], x: &[usize]| {
            Example::new(BroadcastInDim { shape: shape.to_vec(), dims: dims.to_vec() }, &[x])
        };
        vec![of(&[2, 3, 2], &[1], &[3]), of(&[2, 2], &[], &[]), of(&[2, 3], &[0, 1], &[2, 3])]
    }
}

/// The same elements in row-major order under another shape.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Reshape {
    /// Shape of the result.
    pub shape: Vec<usize>,
}

impl Primitive for Reshape {
    fn name(&self) -> &'static str {
        "reshape"
    }
    fn typ(&self, x: &[&Type]) -> Result<Vec<Type>, TypeError> {
        arity(x, 1)?;
        ensure(size(&self.shape) == x[0].len(), || {
            format!("{} elements do not fill shape {:?}", x[0].len(), self.shape)
        })?;
        Ok(vec![x[0].with_shape(self.shape.clone())])
    }
    fn eval(&self, x: &[&Array]) -> RuleResult<Vec<Array>> {
        Ok(vec![x[0].reshape(&self.shape)])
    }
    fn jvp(&self, _: &[Expr], _: &[Expr], dx: &[Tangent]) -> RuleResult<Jvp> {
        Ok(linear_jvp(self, dx).into())
    }
    fn transpose(&self, ct: &[Tangent], x: &[Operand]) -> RuleResult<Vec<Tangent>> {
        Ok(vec![ct[0].as_ref().map(|ct| ct.reshape(&x[0].ty().shape))])
    }
    fn batch(&self, x: &[Expr], _: &[bool], axis: &BatchAxis) -> RuleResult<Vec<Batched>> {
        Ok(vec![(x[0].reshape(&prepended(axis.size, &self.shape)), true)])
    }
    fn flops(&self, _: &[Type], _: &[Type]) -> u64 {
        0
    }
    crate::no_programs!();
    fn examples() -> Vec<Example> {
        vec![
            Example::new(Reshape { shape: vec![3, 4] }, &[&[2, 6]]),
            Example::new(Reshape { shape: vec![] }, &[&[1, 1]]),
        ]
    }
}

/// A permutation of the axes: axis `d` of the result is axis `permutation[d]` of the operand.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Transpose {
    /// For each axis of the result, the operand's axis.
    pub permutation: Vec<usize>,
}

impl Primitive for Transpose {
    fn name(&self) -> &'static str {
        "transpose"
    }
    fn typ(&self, x: &[&Type]) -> Result<Vec<Type>, TypeError> {
        arity(x, 1)?;
        let mut sorted = self.permutation.clone();
        sorted.sort_unstable();
        ensure(sorted.into_iter().eq(0..x[0].rank()), || {
            format!("{:?} is not a permutation of 0..{}", self.permutation, x[0].rank())
        })?;
        let shape: Vec<usize> = self.permutation.iter().map(|&p| x[0].shape[p]).collect();
        Ok(vec![x[0].with_shape(shape)])
    }
    fn eval(&self, x: &[&Array]) -> RuleResult<Vec<Array>> {
        let strides = array::shape::strides(x[0].shape());
        let shape: Vec<usize> = self.permutation.iter().map(|&p| x[0].shape()[p]).collect();
        let source =
            |i: &[usize]| i.iter().zip(&self.permutation).map(|(i, &p)| i * strides[p]).sum();
        Ok(vec![rearrange(x[0], &shape, source)])
    }
    fn jvp(&self, _: &[Expr], _: &[Expr], dx: &[Tangent]) -> RuleResult<Jvp> {
        Ok(linear_jvp(self, dx).into())
    }
    fn transpose(&self, ct: &[Tangent], _: &[Operand]) -> RuleResult<Vec<Tangent>> {
        Ok(vec![ct[0].as_ref().map(|ct| ct.transpose(&inverse(&self.permutation)))])
    }
    fn batch(&self, x: &[Expr], _: &[bool], _: &BatchAxis) -> RuleResult<Vec<Batched>> {
        Ok(vec![(x[0].transpose(&with_batch(&self.permutation)), true)])
    }
    fn flops(&self, _: &[Type], _: &[Type]) -> u64 {
        0
    }
    crate::no_programs!();
    fn examples() -> Vec<Example> {
        vec![Example::new(Transpose { permutation: vec![2, 0, 1] }, &[&[2, 3, 4]])]
    }
}

/// A strided box: `y[i] = x[start + i·strides]` for `start + i·strides < limit`.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Slice {
    /// First index, per axis.
    pub start: Vec<usize>,
    /// One past the last index, per axis.
    pub limit: Vec<usize>,
    /// Step, per axis; at least 1.
    pub strides: Vec<usize>,
}

impl Slice {
    fn shape(&self) -> Vec<usize> {
        let sizes = self.start.iter().zip(&self.limit).zip(&self.strides);
        sizes.map(|((a, b), s)| (b - a).div_ceil(*s)).collect()
    }
}

impl Primitive for Slice {
    fn name(&self) -> &'static str {
        "slice"
    }
    fn typ(&self, x: &[&Type]) -> Result<Vec<Type>, TypeError> {
        arity(x, 1)?;
        let rank = x[0].rank();
        let fits = [&self.start, &self.limit, &self.strides].iter().all(|v| v.len() == rank)
            && (0..rank).all(|d| {
                self.start[d] <= self.limit[d]
                    && self.limit[d] <= x[0].shape[d]
                    && self.strides[d] > 0
            });
        ensure(fits, || {
            format!("start {:?}, limit {:?}, strides {:?}", self.start, self.limit, self.strides)
        })?;
        Ok(vec![x[0].with_shape(self.shape())])
    }
    fn eval(&self, x: &[&Array]) -> RuleResult<Vec<Array>> {
        let strides = array::shape::strides(x[0].shape());
        let source = |i: &[usize]| {
            (0..i.len()).map(|d| (self.start[d] + i[d] * self.strides[d]) * strides[d]).sum()
        };
        Ok(vec![rearrange(x[0], &self.shape(), source)])
    }
    fn jvp(&self, _: &[Expr], _: &[Expr], dx: &[Tangent]) -> RuleResult<Jvp> {
        Ok(linear_jvp(self, dx).into())
    }
    fn transpose(&self, ct: &[Tangent], x: &[Operand]) -> RuleResult<Vec<Tangent>> {
        let shape = &x[0].ty().shape;
        Ok(vec![ct[0].as_ref().map(|ct| {
            let padding = (0..shape.len()).map(|d| {
                let n = ct.shape()[d] as i64;
                let stride = self.strides[d] as i64;
                let covered = if n == 0 { 0 } else { (n - 1) * stride + 1 };
                let low = self.start[d] as i64;
                Padding {
                    low,
                    high: shape[d] as i64 - low - covered,
                    interior: self.strides[d] - 1,
                }
            });
            ct.pad_zero(&padding.collect::<Vec<_>>())
        })])
    }
    fn batch(&self, x: &[Expr], _: &[bool], axis: &BatchAxis) -> RuleResult<Vec<Batched>> {
        let slice = Slice {
            start: prepended(0, &self.start),
            limit: prepended(axis.size, &self.limit),
            strides: prepended(1, &self.strides),
        };
        Ok(vec![(bind1(slice, &[&x[0]]), true)])
    }
    fn flops(&self, _: &[Type], _: &[Type]) -> u64 {
        0
    }
    crate::no_programs!();
    fn examples() -> Vec<Example> {
        let of = |start: [usize; 2], limit: [usize; 2], strides: [usize; 2]| {
            let slice = Slice { start: start.into(), limit: limit.into(), strides: strides.into() };
            Example::new(slice, &[&[5, 4]])
        };
        vec![of([1, 0], [5, 3], [2, 1]), of([0, 1], [4, 4], [3, 2]), of([2, 2], [2, 4], [1, 1])]
    }
}

/// Padding along one axis.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Padding {
    /// Elements before the first; negative cuts off.
    pub low: i64,
    /// Elements after the last; negative cuts off.
    pub high: i64,
    /// Elements between neighbours.
    pub interior: usize,
}

/// Padding of the first operand with the second, a scalar. Interior padding comes first, then
/// low and high, which cut off where they are negative.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Pad {
    /// Per axis.
    pub padding: Vec<Padding>,
}

impl Pad {
    fn shape(&self, x: &[usize]) -> Option<Vec<usize>> {
        x.iter()
            .zip(&self.padding)
            .map(|(&n, p)| {
                let step = p.interior.checked_add(1)?;
                let inner = if n == 0 { 0 } else { (n - 1).checked_mul(step)?.checked_add(1)? };
                let inner = i64::try_from(inner).ok()?;
                usize::try_from(inner.checked_add(p.low)?.checked_add(p.high)?).ok()
            })
            .collect()
    }
}

impl Primitive for Pad {
    fn name(&self) -> &'static str {
        "pad"
    }
    fn typ(&self, x: &[&Type]) -> Result<Vec<Type>, TypeError> {
        arity(x, 2)?;
        ensure(self.padding.len() == x[0].rank(), || "one padding per axis".into())?;
        ensure(x[1].rank() == 0 && x[1].dtype == x[0].dtype, || {
            "the padding value must be a scalar of the operand's dtype".into()
        })?;
        // Opposite amounts beyond any array would cancel in the shape and overflow in a rule.
        let bounded = |n: i64| n.unsigned_abs() <= crate::program::MAX_ELEMENTS;
        ensure(self.padding.iter().all(|p| bounded(p.low) && bounded(p.high)), || {
            "padding beyond the largest array".into()
        })?;
        let shape = self.shape(&x[0].shape);
        let shape = shape.ok_or_else(|| TypeError::new("more is cut off than there is"))?;
        Ok(vec![x[0].with_shape(shape)])
    }
    fn eval(&self, x: &[&Array]) -> RuleResult<Vec<Array>> {
        let inner = x[0].shape();
        let shape = self.shape(inner).expect("invariant: the type rule has checked the shape");
        let position = |i: usize, d: usize| {
            let (p, n) = (&self.padding[d], inner[d] as i64);
            let from_first = i as i64 - p.low;
            let step = p.interior as i64 + 1;
            let inside = from_first >= 0 && from_first % step == 0 && from_first / step < n;
            inside.then(|| (from_first / step) as usize)
        };
        fn pad<T: Element>(
            x: &[&Array],
            shape: &[usize],
            position: impl Fn(usize, usize) -> Option<usize>,
        ) -> Array {
            let (values, filler) = (x[0].as_slice::<T>(), x[1].as_slice::<T>()[0]);
            Array::from_fn(shape, |index| {
                let source: Option<Vec<usize>> =
                    index.iter().enumerate().map(|(d, &i)| position(i, d)).collect();
                source.map_or(filler, |s| values[array::shape::offset(&s, x[0].shape())])
            })
        }
        Ok(vec![with_dtype!(x[0].dtype(), T => pad::<T>(x, &shape, position))])
    }
    fn jvp(&self, x: &[Expr], _: &[Expr], d: &[Tangent]) -> RuleResult<Jvp> {
        if d[0].is_none() && d[1].is_none() {
            return Ok(None.into());
        }
        let operand = d[0].clone().unwrap_or_else(|| x[0].full_like(0.0));
        let filler = d[1].clone().unwrap_or_else(|| x[1].full_like(0.0));
        Ok(Some(bind1(self.clone(), &[&operand, &filler])).into())
    }
    fn transpose(&self, ct: &[Tangent], x: &[Operand]) -> RuleResult<Vec<Tangent>> {
        let Some(ct) = &ct[0] else { return Ok(vec![None, None]) };
        let to_operand = ct.unpad(&self.padding, &x[0].ty().shape);
        let to_filler = x[1].is_linear().then(|| {
            let all: Vec<usize> = (0..ct.rank()).collect();
            &ct.reduce_sum(&all) - &to_operand.reduce_sum(&all)
        });
        Ok(vec![x[0].is_linear().then_some(to_operand), to_filler])
    }
    fn batch(&self, x: &[Expr], batched: &[bool], axis: &BatchAxis) -> RuleResult<Vec<Batched>> {
        let none = Padding { low: 0, high: 0, interior: 0 };
        let pad = Pad { padding: [&[none], &self.padding[..]].concat() };
        let operand = in_front(&x[0], batched[0], axis);
        if !batched[1] {
            return Ok(vec![(bind1(pad, &[&operand, &x[1]]), true)]);
        }
        // A filler per example: pad a mask beside the operand and select.
        let padded = bind1(pad.clone(), &[&operand, &Expr::scalar(operand.dtype(), 0.0)]);
        let inside = Expr::full(&operand.ty().with_dtype(DType::Bool), 1.0);
        let mask = bind1(pad, &[&inside, &Expr::scalar(DType::Bool, 0.0)]);
        let filler = x[1].broadcast_in_dim(padded.shape(), &[0]);
        Ok(vec![(mask.select(&padded, &filler), true)])
    }
    fn flops(&self, _: &[Type], _: &[Type]) -> u64 {
        0
    }
    crate::no_programs!();
    fn examples() -> Vec<Example> {
        let of = |rows: (i64, i64, usize), columns: (i64, i64, usize)| {
            let padding =
                [rows, columns].map(|(low, high, interior)| Padding { low, high, interior });
            Example::new(Pad { padding: padding.into() }, &[&[3, 4], &[]])
        };
        vec![of((1, 2, 0), (0, 1, 1)), of((-1, 0, 2), (2, -3, 1)), of((0, 0, 0), (-2, 3, 0))]
    }
}

/// Operands one after the other along an axis.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Concatenate {
    /// The axis.
    pub axis: usize,
}

impl Primitive for Concatenate {
    fn name(&self) -> &'static str {
        "concatenate"
    }
    fn typ(&self, x: &[&Type]) -> Result<Vec<Type>, TypeError> {
        ensure(!x.is_empty(), || "needs at least one operand".into())?;
        let first = x[0];
        ensure(self.axis < first.rank(), || format!("axis {} of {first}", self.axis))?;
        let agree = |t: &&Type| {
            t.dtype == first.dtype
                && t.rank() == first.rank()
                && (0..t.rank()).all(|d| d == self.axis || t.shape[d] == first.shape[d])
        };
        ensure(x.iter().all(agree), || {
            format!("operands must agree in dtype and in every axis but {}", self.axis)
        })?;
        let mut shape = first.shape.clone();
        shape[self.axis] = x.iter().map(|t| t.shape[self.axis]).sum();
        Ok(vec![first.with_shape(shape)])
    }
    fn eval(&self, x: &[&Array]) -> RuleResult<Vec<Array>> {
        fn concatenate<T: Element>(axis: usize, x: &[&Array]) -> Array {
            let mut shape = x[0].shape().to_vec();
            shape[axis] = x.iter().map(|a| a.shape()[axis]).sum();
            let (outer, inner) = (size(&shape[..axis]), size(&shape[axis + 1..]));
            let mut out = Vec::with_capacity(size(&shape));
            for o in 0..outer {
                for a in x {
                    let run = a.shape()[axis] * inner;
                    out.extend_from_slice(&a.as_slice::<T>()[o * run..(o + 1) * run]);
                }
            }
            Array::from_vec(out, &shape)
        }
        Ok(vec![with_dtype!(x[0].dtype(), T => concatenate::<T>(self.axis, x))])
    }
    fn jvp(&self, x: &[Expr], _: &[Expr], dx: &[Tangent]) -> RuleResult<Jvp> {
        if dx.iter().all(Option::is_none) {
            return Ok(None.into());
        }
        let filled: Vec<Expr> =
            x.iter().zip(dx).map(|(x, d)| d.clone().unwrap_or_else(|| x.full_like(0.0))).collect();
        Ok(Some(bind1(self.clone(), &filled.iter().collect::<Vec<_>>())).into())
    }
    fn transpose(&self, ct: &[Tangent], x: &[Operand]) -> RuleResult<Vec<Tangent>> {
        let Some(ct) = &ct[0] else { return Ok(vec![None; x.len()]) };
        let mut start = 0;
        Ok(x.iter()
            .map(|operand| {
                let from = start;
                start += operand.ty().shape[self.axis];
                operand.is_linear().then(|| ct.slice_axis(self.axis, from, start))
            })
            .collect())
    }
    fn batch(&self, x: &[Expr], batched: &[bool], axis: &BatchAxis) -> RuleResult<Vec<Batched>> {
        let x = super::family::all_in_front(x, batched, axis);
        let y = bind1(Concatenate { axis: self.axis + 1 }, &x.iter().collect::<Vec<_>>());
        Ok(vec![(y, true)])
    }
    fn flops(&self, _: &[Type], _: &[Type]) -> u64 {
        0
    }
    crate::no_programs!();
    fn examples() -> Vec<Example> {
        vec![
            Example::new(Concatenate { axis: 1 }, &[&[2, 2], &[2, 3], &[2, 1]]),
            Example::new(Concatenate { axis: 0 }, &[&[0, 2], &[2, 2]]),
        ]
    }
}

/// Axes read backwards.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Reverse {
    /// The axes.
    pub axes: Vec<usize>,
}

impl Primitive for Reverse {
    fn name(&self) -> &'static str {
        "reverse"
    }
    fn typ(&self, x: &[&Type]) -> Result<Vec<Type>, TypeError> {
        arity(x, 1)?;
        ensure(self.axes.iter().all(|&a| a < x[0].rank()), || format!("axes {:?}", self.axes))?;
        Ok(vec![x[0].clone()])
    }
    fn eval(&self, x: &[&Array]) -> RuleResult<Vec<Array>> {
        let shape = x[0].shape();
        let strides = array::shape::strides(shape);
        let flip = |d: usize, i: usize| if self.axes.contains(&d) { shape[d] - 1 - i } else { i };
        let source = |i: &[usize]| (0..i.len()).map(|d| flip(d, i[d]) * strides[d]).sum();
        Ok(vec![rearrange(x[0], shape, source)])
    }
    fn jvp(&self, _: &[Expr], _: &[Expr], dx: &[Tangent]) -> RuleResult<Jvp> {
        Ok(linear_jvp(self, dx).into())
    }
    fn transpose(&self, ct: &[Tangent], _: &[Operand]) -> RuleResult<Vec<Tangent>> {
        Ok(vec![ct[0].as_ref().map(|ct| bind1(self.clone(), &[ct]))])
    }
    fn batch(&self, x: &[Expr], _: &[bool], _: &BatchAxis) -> RuleResult<Vec<Batched>> {
        Ok(vec![(bind1(Reverse { axes: shifted(&self.axes) }, &[&x[0]]), true)])
    }
    fn flops(&self, _: &[Type], _: &[Type]) -> u64 {
        0
    }
    crate::no_programs!();
    fn examples() -> Vec<Example> {
        vec![Example::new(Reverse { axes: vec![0, 2] }, &[&[2, 3, 2]])]
    }
}

/// `y[i] = i[axis]`.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Iota {
    /// Dtype of the result.
    #[serde(with = "super::dtype_text")]
    pub dtype: DType,
    /// Shape of the result.
    pub shape: Vec<usize>,
    /// The axis that is counted.
    pub axis: usize,
}

impl Primitive for Iota {
    fn name(&self) -> &'static str {
        "iota"
    }
    fn typ(&self, x: &[&Type]) -> Result<Vec<Type>, TypeError> {
        arity(x, 0)?;
        ensure(self.axis < self.shape.len(), || format!("axis {} of {:?}", self.axis, self.shape))?;
        ensure(self.dtype != DType::Bool, || "is not defined on bool".into())?;
        Ok(vec![Type::new(self.dtype, self.shape.clone())])
    }
    fn eval(&self, _: &[&Array]) -> RuleResult<Vec<Array>> {
        Ok(vec![with_dtype!(self.dtype, T => {
            Array::from_fn(&self.shape, |i| T::from_i64(i[self.axis] as i64))
        })])
    }
    fn jvp(&self, _: &[Expr], _: &[Expr], _: &[Tangent]) -> RuleResult<Jvp> {
        Ok(None.into())
    }
    fn transpose(&self, _: &[Tangent], _: &[Operand]) -> RuleResult<Vec<Tangent>> {
        Ok(vec![])
    }
    fn batch(&self, _: &[Expr], _: &[bool], _: &BatchAxis) -> RuleResult<Vec<Batched>> {
        not_linear(self) // no inputs, so never asked to batch
    }
    fn flops(&self, _: &[Type], _: &[Type]) -> u64 {
        0
    }
    crate::no_programs!();
    fn examples() -> Vec<Example> {
        let of = |dtype| Example::new(Iota { dtype, shape: vec![2, 3], axis: 1 }, &[]);
        vec![of(DType::I64), of(DType::F64).fill_all(&Fill::Range(0.0, 1.0))]
    }
}
