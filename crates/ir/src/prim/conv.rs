//! Convolution in every number of spatial dimensions, closed under its derivatives.

use super::family::{add_tangents, arity, not_linear};
use super::sliding::{Sliding, countable};
use super::{BatchAxis, Batched, Example, Fill, Jvp, Operand, Primitive, Tangent};
use crate::error::{RuleError, TypeError, ensure};
use crate::expr::{Expr, RuleResult, try_bind};
use array::shape::{for_each_index, offset, size};
use array::{Array, DType, Element, Type};
use serde::{Deserialize, Serialize};

/// The convolution of deep learning (a cross-correlation: the kernel is not reversed) of an operand
/// `x[batch, feature, spatial…]` with a kernel `w[out feature, in feature, spatial…]`, giving
/// `y[batch, out feature, spatial…]`:
///
/// ```text
/// y[n, o, i…] = Σ_{c, k…} w[o, c, k…] · x[n, c, j…]    over j·lhs_dilation = i·stride + k·rhs_dilation − low
/// ```
///
/// along each spatial axis; terms for which there is no such element `j` of `x` are zero. Along an
/// axis with `m` elements and `K` kernel places, with low and high padding (negative cuts off),
///
/// ```text
/// outputs = max(0, ⌊((m − 1)·lhs_dilation + 1 + low + high − ((K − 1)·rhs_dilation + 1)) / stride⌋ + 1).
/// ```
///
/// **Feature groups** split the features of `x` and the out features into equal consecutive
/// groups; each group of out features sees its own group of features only (so the kernel's second
/// axis is shorter). **Batch groups** split the *batch* of `x` and the out features: the `g`-th
/// group of out features sees the `g`-th part of the batch only, and the result's batch is as long
/// as one part. At most one of the two numbers of groups exceeds 1. Batch groups exist because they
/// make the family closed: the transpose of a convolution with respect to either operand is again
/// a convolution, of the cotangent.
///
/// Without spatial axes this is the matrix product `x wᵀ`. Sizes may be zero.
///
/// # Errors
/// Operands of different dtype or rank, of rank below 2 or of bools; parameters that are not one
/// per spatial axis; a stride or dilation of 0; features, out features or batch that the groups do
/// not divide, or features that the kernel does not take.
///
/// Source: `jax.lax.conv_general_dilated`, StableHLO `convolution`; for the arithmetic of sizes,
/// V. Dumoulin, F. Visin, *A guide to convolution arithmetic for deep learning*, arXiv:1603.07285.
///
/// ```
/// use array::Array;
/// use ir::Primitive;
/// use ir::prim::ConvGeneral;
///
/// // Second differences, on every other place.
/// let conv = ConvGeneral { strides: vec![2], ..ConvGeneral::new(1) };
/// let x = Array::from_vec(vec![0.0, 1.0, 4.0, 9.0, 16.0], &[1, 1, 5]);
/// let w = Array::from_vec(vec![1.0, -2.0, 1.0], &[1, 1, 3]);
/// assert_eq!(conv.eval(&[&x, &w])?, [Array::from_vec(vec![2.0, 2.0], &[1, 1, 2])]);
/// # Ok::<(), ir::RuleError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct ConvGeneral {
    /// From one output to the next, per spatial axis.
    pub strides: Vec<usize>,
    /// Padding with zeros before and after, per spatial axis; applied after dilation, negative
    /// cuts off.
    pub padding: Vec<(i64, i64)>,
    /// From one element of the operand to the next, per spatial axis (1: no zeros in between).
    pub lhs_dilation: Vec<usize>,
    /// From one place of the kernel to the next, per spatial axis.
    pub rhs_dilation: Vec<usize>,
    /// Parts of the features, each with its own part of the out features.
    pub feature_groups: usize,
    /// Parts of the batch, each with its own part of the out features.
    pub batch_groups: usize,
}

impl ConvGeneral {
    /// The plain convolution: stride 1, no padding, no dilation, one group.
    pub fn new(spatial: usize) -> ConvGeneral {
        ConvGeneral {
            strides: vec![1; spatial],
            padding: vec![(0, 0); spatial],
            lhs_dilation: vec![1; spatial],
            rhs_dilation: vec![1; spatial],
            feature_groups: 1,
            batch_groups: 1,
        }
    }

    /// The windows along the spatial axes of operands of these shapes.
    fn windows(&self, x: &[usize], w: &[usize]) -> Result<Vec<Sliding>, TypeError> {
        (0..self.strides.len())
            .map(|d| {
                let dilations = [self.lhs_dilation[d], self.rhs_dilation[d]];
                let sizes = [x[d + 2], w[d + 2]];
                Sliding::new(d, sizes, self.strides[d], self.padding[d], dilations)
            })
            .collect()
    }

    /// The shape of the result.
    fn shape(&self, x: &[usize], w: &[usize]) -> Result<Vec<usize>, TypeError> {
        let spatial = self.windows(x, w)?.iter().map(Sliding::windows).collect();
        Ok([vec![x[0] / self.batch_groups, w[0]], spatial].concat())
    }

    /// The definition, with the sum in `A`.
    fn evaluate<T: Element, A: Copy>(
        &self,
        x: &[&Array],
        zero: A,
        add: impl Fn(A, T, T) -> A,
        done: impl Fn(A) -> T,
    ) -> RuleResult<Array> {
        let (operand, kernel) = (x[0].shape(), x[1].shape());
        let windows = self.windows(operand, kernel)?;
        let shape = self.shape(operand, kernel)?;
        let (operand_values, kernel_values) = (x[0].as_slice::<T>(), x[1].as_slice::<T>());
        Ok(Array::from_fn(&shape, |index| {
            let (n, o, i) = (index[0], index[1], &index[2..]);
            let feature_group = o / (kernel[0] / self.feature_groups);
            let batch_group = o / (kernel[0] / self.batch_groups);
            let mut sum = zero;
            for_each_index(&kernel[1..], |place| {
                let (c, k) = (place[0], &place[1..]);
                let seen = windows.iter().zip(i.iter().zip(k)).map(|(w, (&i, &k))| w.element(i, k));
                if let Some(j) = seen.collect::<Option<Vec<usize>>>() {
                    let row = batch_group * shape[0] + n;
                    let feature = feature_group * kernel[1] + c;
                    let l = operand_values[offset(&[&[row, feature], &j[..]].concat(), operand)];
                    let r = kernel_values[offset(&[&[o], place].concat(), kernel)];
                    sum = add(sum, l, r);
                }
            });
            done(sum)
        }))
    }

    /// The cotangent of the operand, of shape `x`: each element collects from the outputs that saw
    /// it. Stride and operand dilation change roles, the kernel is read backwards with in and out
    /// features exchanged, and the padding follows from [`Sliding::adjoint_padding`].
    fn transpose_operand(&self, ct: &Expr, x: &[usize], kernel: &Expr) -> RuleResult<Expr> {
        let windows = self.windows(x, kernel.shape())?;
        let groups = self.feature_groups * self.batch_groups; // one of them is 1
        let conv = ConvGeneral {
            strides: self.lhs_dilation.clone(),
            padding: windows.iter().map(Sliding::adjoint_padding).collect(),
            lhs_dilation: self.strides.clone(),
            rhs_dilation: self.rhs_dilation.clone(),
            feature_groups: groups,
            batch_groups: 1,
        };
        // w[(g, o), c, k…] becomes w[(g, c), o, −k…]: out features are exchanged within a group.
        let exchanged = match groups {
            1 => kernel.move_axis(1, 0),
            _ => merged(&split(kernel, 0, groups).move_axis(2, 1), 0),
        };
        let spatial: Vec<usize> = (2..x.len()).collect();
        let x_bar = apply(conv, ct, &exchanged.reverse(&spatial))?;
        if self.batch_groups == 1 {
            return Ok(x_bar);
        }
        // Groups stand in the features [n, (g, c), j…]; their place is the batch [(g, n), c, j…].
        Ok(merged(&split(&x_bar, 1, groups).move_axis(1, 0), 0))
    }

    /// The cotangent of the kernel, of shape `w`: operand and outputs correlated over the batch.
    /// Features act as the batch and the batch as features; the outputs' cotangent is the kernel,
    /// so stride and kernel dilation change roles; feature groups become batch groups and the
    /// other way round; the padding follows from [`Sliding::filter_adjoint_padding`].
    fn transpose_kernel(&self, ct: &Expr, x: &Expr, w: &[usize]) -> RuleResult<Expr> {
        let windows = self.windows(x.shape(), w)?;
        let conv = ConvGeneral {
            strides: self.rhs_dilation.clone(),
            padding: windows.iter().map(Sliding::filter_adjoint_padding).collect(),
            lhs_dilation: self.lhs_dilation.clone(),
            rhs_dilation: self.strides.clone(),
            feature_groups: self.batch_groups,
            batch_groups: self.feature_groups,
        };
        let w_bar = apply(conv, &x.move_axis(1, 0), &ct.move_axis(1, 0))?;
        Ok(w_bar.move_axis(1, 0))
    }
}

/// The convolution of operands that fit, up to sizes too large for any memory.
fn apply(conv: ConvGeneral, x: &Expr, w: &Expr) -> RuleResult<Expr> {
    Ok(try_bind(conv, &[x, w])?.remove(0))
}

/// Axis `axis` as two: `outer` groups, and what lies in a group.
fn split(x: &Expr, axis: usize, outer: usize) -> Expr {
    let (before, after) = (&x.shape()[..axis], &x.shape()[axis + 1..]);
    let parts = [outer, x.shape()[axis] / outer];
    x.reshape(&[before, &parts, after].concat())
}

/// Axes `axis` and `axis + 1` as one.
fn merged(x: &Expr, axis: usize) -> Expr {
    let (before, after) = (&x.shape()[..axis], &x.shape()[axis + 2..]);
    let one = x.shape()[axis] * x.shape()[axis + 1];
    x.reshape(&[before, &[one], after].concat())
}

/// `x[b, (g, n), …]` as `x[(g, b, n), …]`: examples become part of the next axis, inside its
/// groups.
fn batch_into_groups(x: &Expr, groups: usize) -> Expr {
    if groups == 1 {
        return merged(x, 0);
    }
    merged(&merged(&split(x, 1, groups).move_axis(1, 0), 0), 0)
}

impl Primitive for ConvGeneral {
    fn name(&self) -> &'static str {
        "conv_general_dilated"
    }
    fn typ(&self, x: &[&Type]) -> Result<Vec<Type>, TypeError> {
        arity(x, 2)?;
        ensure(x[0].dtype == x[1].dtype, || "operand dtypes must agree; convert one".into())?;
        ensure(x[0].dtype != DType::Bool, || "is not defined on bool".into())?;
        let rank = x[0].rank();
        ensure(rank >= 2 && rank == x[1].rank(), || {
            "needs an operand (batch, feature, spatial…) and a kernel (out feature, in feature, \
             spatial…) of the same rank, at least 2"
                .into()
        })?;
        let lengths = [
            ("strides", self.strides.len()),
            ("padding", self.padding.len()),
            ("lhs_dilation", self.lhs_dilation.len()),
            ("rhs_dilation", self.rhs_dilation.len()),
        ];
        for (name, length) in lengths {
            ensure(length == rank - 2, || {
                format!("{name} has {length} entries for {} spatial axes", rank - 2)
            })?;
        }
        let (groups, parts) = (self.feature_groups, self.batch_groups);
        ensure(groups > 0 && parts > 0, || "there must be at least one group".into())?;
        ensure(groups == 1 || parts == 1, || {
            format!("{groups} feature groups and {parts} batch groups: only one may exceed 1")
        })?;
        let (batch, features) = (x[0].shape[0], x[0].shape[1]);
        let (out, taken) = (x[1].shape[0], x[1].shape[1]);
        ensure(features % groups == 0 && features / groups == taken, || {
            format!("{features} features in {groups} groups, but the kernel takes {taken} in each")
        })?;
        ensure(batch % parts == 0, || format!("{parts} batch groups do not divide batch {batch}"))?;
        ensure(out % groups == 0 && out % parts == 0, || {
            format!("{} groups do not divide {out} out features", groups.max(parts))
        })?;
        let shape = self.shape(&x[0].shape, &x[1].shape)?;
        countable("the result", &shape)?;
        Ok(vec![x[0].with_shape(shape)])
    }
    fn eval(&self, x: &[&Array]) -> RuleResult<Vec<Array>> {
        fn integers<T: Element>(conv: &ConvGeneral, x: &[&Array]) -> RuleResult<Array> {
            let add = |s: i64, l: T, r: T| s.wrapping_add(l.to_i64().wrapping_mul(r.to_i64()));
            conv.evaluate::<T, i64>(x, 0, add, T::from_i64)
        }
        Ok(vec![match x[0].dtype() {
            // f32 products are summed in f64: the reference is the more accurate one.
            DType::F32 => self.evaluate::<f32, f64>(
                x,
                0.0,
                |s, l, r| s + f64::from(l) * f64::from(r),
                |s| s as f32,
            )?,
            DType::F64 => self.evaluate::<f64, f64>(x, 0.0, |s, l, r| s + l * r, |s| s)?,
            DType::I32 => integers::<i32>(self, x)?,
            DType::I64 => integers::<i64>(self, x)?,
            DType::U32 => integers::<u32>(self, x)?,
            DType::Bool => return Err(RuleError::new(self.name(), "eval", "not defined on bool")),
        }])
    }
    fn jvp(&self, x: &[Expr], _: &[Expr], dx: &[Tangent]) -> RuleResult<Jvp> {
        let left = dx[0].as_ref().map(|d| apply(self.clone(), d, &x[1])).transpose()?;
        let right = dx[1].as_ref().map(|d| apply(self.clone(), &x[0], d)).transpose()?;
        Ok(add_tangents(left, right).into())
    }
    fn transpose(&self, ct: &[Tangent], x: &[Operand]) -> RuleResult<Vec<Tangent>> {
        let Some(ct) = &ct[0] else { return Ok(vec![None, None]) };
        match (&x[0], &x[1]) {
            (Operand::Linear(x), Operand::Known(w)) => {
                Ok(vec![Some(self.transpose_operand(ct, &x.shape, w)?), None])
            }
            (Operand::Known(x), Operand::Linear(w)) => {
                Ok(vec![None, Some(self.transpose_kernel(ct, x, &w.shape)?)])
            }
            (Operand::Known(_), Operand::Known(_)) => Ok(vec![None, None]),
            (Operand::Linear(_), Operand::Linear(_)) => not_linear(self),
        }
    }
    fn batch(&self, x: &[Expr], batched: &[bool], axis: &BatchAxis) -> RuleResult<Vec<Batched>> {
        if axis.size == 0 {
            // No examples, so no groups either: nothing to compute.
            let example = |i: usize| &x[i].shape()[usize::from(batched[i])..];
            let shape = self.shape(example(0), example(1))?;
            let nothing = x[0].ty().with_shape([&[0], &shape[..]].concat());
            return Ok(vec![(Expr::full(&nothing, 0.0), true)]);
        }
        let (x, w, b) = (&x[0], &x[1], axis.size);
        let groups = self.feature_groups * self.batch_groups; // one of them is 1
        match (batched[0], batched[1]) {
            // Another part of the batch.
            (true, false) => {
                let y = apply(self.clone(), &batch_into_groups(x, self.batch_groups), w)?;
                Ok(vec![(split(&y, 0, b), true)])
            }
            // More out features, in every group: y[n, (g, b, o), i…].
            (false, true) => {
                let y = apply(self.clone(), x, &batch_into_groups(w, groups))?;
                let y = split(&split(&y, 1, groups), 2, b).move_axis(2, 0);
                Ok(vec![(merged(&y, 2), true)])
            }
            // Each example is a group, or as many as there were: y[n, (b, o), i…].
            (true, true) => {
                let mut conv = self.clone();
                let x = if self.batch_groups > 1 {
                    conv.batch_groups *= b;
                    merged(x, 0)
                } else {
                    conv.feature_groups *= b;
                    merged(&x.move_axis(0, 1), 1)
                };
                let y = apply(conv, &x, &merged(w, 0))?;
                Ok(vec![(split(&y, 1, b).move_axis(1, 0), true)])
            }
            (false, false) => Ok(vec![(apply(self.clone(), x, w)?, false)]),
        }
    }
    /// Counts the zeros of dilation and padding too.
    fn flops(&self, x: &[Type], y: &[Type]) -> u64 {
        (2 * y[0].len() as u64).saturating_mul(size(&x[1].shape[1..]) as u64)
    }
    crate::no_programs!();
    fn examples() -> Vec<Example> {
        let of = |conv: ConvGeneral, x: &[usize], w: &[usize]| {
            Example::new(conv, &[x, w]).fill(0, Fill::Range(-1.0, 1.0))
        };
        let one = |strides: usize, padding: (i64, i64), lhs: usize, rhs: usize| ConvGeneral {
            strides: vec![strides],
            padding: vec![padding],
            lhs_dilation: vec![lhs],
            rhs_dilation: vec![rhs],
            ..ConvGeneral::new(1)
        };
        let everything = |feature_groups, batch_groups| ConvGeneral {
            strides: vec![1, 2],
            padding: vec![(2, -1), (0, 1)],
            lhs_dilation: vec![2, 1],
            rhs_dilation: vec![1, 2],
            feature_groups,
            batch_groups,
        };
        let feature_groups = ConvGeneral { feature_groups: 2, ..one(1, (0, 0), 1, 1) };
        let batch_groups = ConvGeneral { batch_groups: 2, ..one(2, (1, 0), 1, 1) };
        vec![
            of(one(1, (0, 0), 1, 1), &[2, 2, 5], &[3, 2, 3]),
            of(one(2, (1, 1), 1, 1), &[1, 2, 6], &[2, 2, 3]),
            // Windows that do not reach the end, cut-off elements, holes that are wider than the
            // kernel, a kernel wider than what it slides over.
            of(one(3, (-1, 0), 1, 1), &[1, 1, 9], &[1, 1, 2]),
            of(one(1, (-2, -1), 3, 1), &[1, 1, 4], &[2, 1, 2]),
            of(one(2, (1, 2), 2, 3), &[1, 1, 4], &[2, 1, 2]),
            of(one(1, (0, 0), 1, 1), &[1, 1, 2], &[1, 1, 3]),
            of(one(1, (1, 1), 1, 1), &[1, 2, 0], &[1, 2, 2]),
            of(one(1, (0, 0), 1, 1), &[2, 0, 3], &[2, 0, 2]),
            of(one(1, (0, 0), 1, 1), &[0, 1, 3], &[2, 1, 2]),
            of(ConvGeneral::new(0), &[2, 3], &[2, 3]),
            of(ConvGeneral::new(2), &[2, 1, 3, 3], &[2, 1, 2, 1]),
            of(ConvGeneral::new(3), &[1, 2, 2, 3, 2], &[1, 2, 1, 2, 2]),
            of(feature_groups.clone(), &[2, 4, 3], &[2, 2, 2]),
            of(ConvGeneral { feature_groups: 3, ..feature_groups }, &[1, 3, 3], &[6, 1, 2]),
            of(batch_groups.clone(), &[4, 2, 4], &[2, 2, 2]),
            of(ConvGeneral { batch_groups: 3, ..batch_groups }, &[3, 1, 3], &[6, 1, 2]),
            of(everything(1, 1), &[2, 2, 3, 4], &[2, 2, 2, 2]),
            of(everything(2, 1), &[1, 2, 3, 4], &[4, 1, 2, 2]),
            of(everything(1, 2), &[2, 1, 3, 4], &[2, 1, 2, 2]),
        ]
    }
}
