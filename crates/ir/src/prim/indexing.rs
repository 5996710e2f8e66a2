//! Reading and adding at computed places along one axis: `gather` and `scatter_add`, each the
//! adjoint of the other.

use super::family::{arity, in_front, not_linear};
use super::{BatchAxis, Batched, Clamp, Example, Fill, Jvp, Operand, Primitive, Tangent};
use crate::error::{TypeError, ensure};
use crate::expr::{Expr, RuleResult, bind1};
use array::shape::offset;
use array::{Array, DType, Element, Type, with_dtype};
use serde::{Deserialize, Serialize};

/// `y[b…, p…, i…, q…] = x[b…, p…, k, q…]` with `k = indices[b…, i…]` clamped to `0..n`.
///
/// Operands: `x` of shape `[B…, pre…, n, post…]`, whose axis `axis` of size `n` is read, and
/// `indices` of an integer dtype and shape `[B…, I…]`; the first `batch` axes of both
/// correspond. The result has shape `[B…, pre…, I…, post…]`.
///
/// Rows of a table (an embedding) are `axis: 0, batch: 0`; NumPy's `take_along_axis` on the last
/// axis is `axis: rank − 1, batch: rank − 1`.
///
/// # Errors
/// `n = 0` with indices: there is nothing to clamp to.
///
/// Source: a case of StableHLO `gather` with one collapsed slice dimension, where start indices
/// are clamped.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Gather {
    /// The axis of `x` that the indices point into; at least `batch`.
    pub axis: usize,
    /// Number of leading axes that `x` and the indices share.
    pub batch: usize,
}

/// `y[b…, p…, k, q…] = Σ updates[b…, p…, i…, q…]` over the `i…` with `indices[b…, i…] = k`.
///
/// Operands: `updates` of shape `[B…, pre…, I…, post…]` and `indices` of an integer dtype and
/// shape `[B…, I…]`. The result has shape `[B…, pre…, size, post…]`, zero where no index points;
/// what lies outside `0..size` (negative indices too) is dropped. Terms are added in the
/// row-major order of the updates.
///
/// Source: a case of StableHLO `scatter` with addition, where updates outside are ignored.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct ScatterAdd {
    /// The axis of the result that the indices point into; at least `batch`.
    pub axis: usize,
    /// Number of leading axes that the updates and the indices share.
    pub batch: usize,
    /// The size of that axis.
    pub size: usize,
}

impl Expr {
    /// Elements of this read along `axis` at indices; see [`Gather`].
    #[track_caller]
    pub fn gather(&self, indices: &Expr, axis: usize, batch: usize) -> Expr {
        bind1(Gather { axis, batch }, &[self, indices])
    }

    /// This added at indices into zeros of `size` along `axis`; see [`ScatterAdd`].
    #[track_caller]
    pub fn scatter_add(&self, indices: &Expr, axis: usize, batch: usize, size: usize) -> Expr {
        bind1(ScatterAdd { axis, batch, size }, &[self, indices])
    }

    /// `y[…, i, …] = x[…, indices[…, i, …], …]` along `axis`, as in NumPy; the other axes of
    /// both correspond.
    #[track_caller]
    pub fn take_along_axis(&self, indices: &Expr, axis: usize) -> Expr {
        let last = self.rank() - 1;
        let indices = indices.move_axis(axis, last);
        self.move_axis(axis, last).gather(&indices, last, last).move_axis(last, axis)
    }

    /// The adjoint of [`Expr::take_along_axis`] for an axis of `size`: adds instead of reading.
    #[track_caller]
    pub fn add_along_axis(&self, indices: &Expr, axis: usize, size: usize) -> Expr {
        let last = self.rank() - 1;
        let indices = indices.move_axis(axis, last);
        self.move_axis(axis, last).scatter_add(&indices, last, last, size).move_axis(last, axis)
    }

    /// Indices clamped to `0..n`, for `n > 0`.
    #[track_caller]
    pub(crate) fn clamp_index(&self, n: usize) -> Expr {
        let last = n.saturating_sub(1) as f64;
        bind1(Clamp {}, &[&self.full_like(0.0), self, &self.full_like(last)])
    }

    /// Whether indices lie in `0..n`, for `n > 0`: where clamping leaves them alone.
    #[track_caller]
    pub(crate) fn index_inside(&self, n: usize) -> Expr {
        self.clamp_index(n).eq(self)
    }
}

fn integer_indices(indices: &Type) -> Result<(), TypeError> {
    ensure(indices.dtype.is_integer(), || format!("indices must be integers, got {indices}"))
}

/// The axes of a result of gathering (or of updates) where those of the indices stand.
fn places(axis: usize, batch: usize, indices_rank: usize) -> Vec<usize> {
    (0..batch).chain(axis..axis + indices_rank - batch).collect()
}

impl Gather {
    fn shape(&self, x: &[usize], indices: &[usize]) -> Vec<usize> {
        [&x[..self.axis], &indices[self.batch..], &x[self.axis + 1..]].concat()
    }
}

impl Primitive for Gather {
    fn name(&self) -> &'static str {
        "gather"
    }
    fn typ(&self, x: &[&Type]) -> Result<Vec<Type>, TypeError> {
        arity(x, 2)?;
        let (x, indices) = (x[0], x[1]);
        integer_indices(indices)?;
        let fits = self.batch <= self.axis
            && self.axis < x.rank()
            && self.batch <= indices.rank()
            && x.shape[..self.batch] == indices.shape[..self.batch];
        ensure(fits, || {
            format!(
                "axis {} must be an axis of {x} behind {} leading axes shared with {indices}",
                self.axis, self.batch
            )
        })?;
        ensure(x.shape[self.axis] > 0 || indices.is_empty(), || {
            format!("axis {} of {x} has nothing that indices could point to", self.axis)
        })?;
        Ok(vec![x.with_shape(self.shape(&x.shape, &indices.shape))])
    }
    fn eval(&self, x: &[&Array]) -> RuleResult<Vec<Array>> {
        let (x, indices) = (x[0], x[1]);
        let places = places(self.axis, self.batch, indices.shape().len());
        let behind = self.axis + indices.shape().len() - self.batch;
        let at = indices.to_vec::<i64>();
        let shape = self.shape(x.shape(), indices.shape());
        let source = |i: &[usize]| {
            let which: Vec<usize> = places.iter().map(|&d| i[d]).collect();
            let k = at[offset(&which, indices.shape())].clamp(0, x.shape()[self.axis] as i64 - 1);
            let from = [&i[..self.axis], &[k as usize], &i[behind..]].concat();
            offset(&from, x.shape())
        };
        Ok(vec![with_dtype!(x.dtype(), T => {
            let values = x.as_slice::<T>();
            Array::from_fn(&shape, |i| values[source(i)])
        })])
    }
    fn jvp(&self, x: &[Expr], _: &[Expr], dx: &[Tangent]) -> RuleResult<Jvp> {
        Ok(dx[0].as_ref().map(|d| bind1(self.clone(), &[d, &x[1]])).into())
    }
    fn transpose(&self, ct: &[Tangent], x: &[Operand]) -> RuleResult<Vec<Tangent>> {
        let Some(ct) = &ct[0] else { return Ok(vec![None, None]) };
        let Operand::Known(indices) = &x[1] else { return not_linear(self) };
        // Scattering drops what lies outside; gathering has read the nearest element there.
        let n = x[0].ty().shape[self.axis];
        Ok(vec![Some(ct.scatter_add(&indices.clamp_index(n), self.axis, self.batch, n)), None])
    }
    fn batch(&self, x: &[Expr], batched: &[bool], axis: &BatchAxis) -> RuleResult<Vec<Batched>> {
        let y = match batched {
            // One table, many readers: the new axis is one more axis of indices, behind the batch
            // axes, and the table is not repeated.
            [false, true] => {
                let indices = x[1].move_axis(0, self.batch);
                x[0].gather(&indices, self.axis, self.batch).move_axis(self.axis, 0)
            }
            // Many tables, one reader: the new axis is one more that indices do not know of.
            [true, false] if self.batch == 0 => x[0].gather(&x[1], self.axis + 1, 0),
            _ => {
                let indices = in_front(&x[1], batched[1], axis);
                x[0].gather(&indices, self.axis + 1, self.batch + 1)
            }
        };
        Ok(vec![(y, true)])
    }
    fn flops(&self, _: &[Type], _: &[Type]) -> u64 {
        0
    }
    crate::no_programs!();
    fn examples() -> Vec<Example> {
        let of = |axis, batch, x: &[usize], indices: &[usize], at: &[f64]| {
            Example::new(Gather { axis, batch }, &[x, indices])
                .dtype(1, DType::I64)
                .fill(1, Fill::Values(at.to_vec()))
        };
        vec![
            // Rows, one of them twice, and indices beyond both ends.
            of(0, 0, &[5, 3], &[4], &[3.0, 0.0, 3.0, 4.0]),
            of(0, 0, &[5, 3], &[3], &[-7.0, 9.0, 1.0]).dtype(1, DType::I32),
            of(1, 0, &[2, 4, 3], &[2, 3], &[1.0, 0.0, 3.0, 2.0, 2.0]).dtype(1, DType::U32),
            of(2, 0, &[2, 1, 3], &[], &[2.0]),
            of(1, 0, &[2, 1], &[3], &[0.0, -1.0, 5.0]),
            // Batch axes: directly in front of the axis, and with axes between.
            of(1, 1, &[3, 4], &[3, 2], &[0.0, 3.0, 2.0, 2.0, 1.0, 8.0]),
            of(2, 1, &[2, 3, 4, 2], &[2, 3], &[0.0, 3.0, 2.0, 2.0, -1.0, 1.0]),
            of(2, 2, &[2, 3, 4], &[2, 3], &[0.0, 3.0, 2.0, 2.0, 1.0, 8.0]),
            // No indices, also into nothing.
            of(0, 0, &[3, 2], &[0], &[0.0]),
            of(0, 0, &[0, 2], &[0], &[0.0]),
            of(1, 0, &[2, 3], &[2], &[2.0, 0.0])
                .dtype(0, DType::Bool)
                .fill(0, Fill::Values(vec![1.0, 0.0, 0.0, 1.0, 1.0]))
                .without_derivative("truth values"),
        ]
    }
}

/// The sum, wrapping for integers. Adding two f32 in f64 and rounding is adding them in f32.
pub(crate) fn plus<T: Element>(a: T, b: T) -> T {
    if T::DTYPE.is_float() {
        T::from_f64(a.to_f64() + b.to_f64())
    } else {
        T::from_i64(a.to_i64().wrapping_add(b.to_i64()))
    }
}

impl ScatterAdd {
    fn shape(&self, updates: &[usize], indices: &[usize]) -> Vec<usize> {
        let behind = self.axis + indices.len() - self.batch;
        [&updates[..self.axis], &[self.size], &updates[behind..]].concat()
    }
}

impl Primitive for ScatterAdd {
    fn name(&self) -> &'static str {
        "scatter_add"
    }
    fn typ(&self, x: &[&Type]) -> Result<Vec<Type>, TypeError> {
        arity(x, 2)?;
        let (updates, indices) = (x[0], x[1]);
        integer_indices(indices)?;
        ensure(updates.dtype != DType::Bool, || "is not defined on bool".into())?;
        let ranks = self.batch <= self.axis
            && self.batch <= indices.rank()
            && self.axis.saturating_add(indices.rank() - self.batch) <= updates.rank();
        let fits = ranks
            && places(self.axis, self.batch, indices.rank())
                .iter()
                .zip(&indices.shape)
                .all(|(&d, &n)| updates.shape[d] == n);
        ensure(fits, || {
            format!(
                "{updates} must have the axes of {indices}: {} in front, the others from axis {}",
                self.batch, self.axis
            )
        })?;
        Ok(vec![updates.with_shape(self.shape(&updates.shape, &indices.shape))])
    }
    fn eval(&self, x: &[&Array]) -> RuleResult<Vec<Array>> {
        fn scatter<T: Element>(s: &ScatterAdd, updates: &Array, indices: &Array) -> Array {
            let places = places(s.axis, s.batch, indices.shape().len());
            let behind = s.axis + indices.shape().len() - s.batch;
            let shape = s.shape(updates.shape(), indices.shape());
            let at = indices.to_vec::<i64>();
            let mut out = vec![T::ZERO; array::shape::size(&shape)];
            let mut values = updates.as_slice::<T>().iter();
            array::shape::for_each_index(updates.shape(), |i| {
                let v = *values.next().expect("invariant: as many elements as indices");
                let which: Vec<usize> = places.iter().map(|&d| i[d]).collect();
                let k = at[offset(&which, indices.shape())];
                if let Some(k) = usize::try_from(k).ok().filter(|&k| k < s.size) {
                    let to = offset(&[&i[..s.axis], &[k], &i[behind..]].concat(), &shape);
                    out[to] = plus(out[to], v);
                }
            });
            Array::from_vec(out, &shape)
        }
        Ok(vec![with_dtype!(x[0].dtype(), T => scatter::<T>(self, x[0], x[1]))])
    }
    fn jvp(&self, x: &[Expr], _: &[Expr], dx: &[Tangent]) -> RuleResult<Jvp> {
        Ok(dx[0].as_ref().map(|d| bind1(self.clone(), &[d, &x[1]])).into())
    }
    fn transpose(&self, ct: &[Tangent], x: &[Operand]) -> RuleResult<Vec<Tangent>> {
        let Some(ct) = &ct[0] else { return Ok(vec![None, None]) };
        let Operand::Known(indices) = &x[1] else { return not_linear(self) };
        let updates = x[0].ty();
        if self.size == 0 {
            return Ok(vec![Some(Expr::full(updates, 0.0)), None]); // everything is dropped
        }
        // Gathering clamps what lies outside; scattering has dropped it.
        let read = ct.gather(indices, self.axis, self.batch);
        let inside = indices.index_inside(self.size);
        let places = places(self.axis, self.batch, indices.rank());
        let inside = inside.broadcast_in_dim(&updates.shape, &places);
        Ok(vec![Some(inside.select(&read, &read.full_like(0.0))), None])
    }
    fn batch(&self, x: &[Expr], batched: &[bool], axis: &BatchAxis) -> RuleResult<Vec<Batched>> {
        let y = match batched {
            // The new axis is one more that indices do not know of.
            [true, false] if self.batch == 0 => {
                x[0].scatter_add(&x[1], self.axis + 1, 0, self.size)
            }
            _ => {
                let updates = in_front(&x[0], batched[0], axis);
                let indices = in_front(&x[1], batched[1], axis);
                updates.scatter_add(&indices, self.axis + 1, self.batch + 1, self.size)
            }
        };
        Ok(vec![(y, true)])
    }
    fn flops(&self, x: &[Type], _: &[Type]) -> u64 {
        x[0].len() as u64
    }
    crate::no_programs!();
    fn examples() -> Vec<Example> {
        let of = |axis, batch, size, updates: &[usize], indices: &[usize], at: &[f64]| {
            Example::new(ScatterAdd { axis, batch, size }, &[updates, indices])
                .dtype(1, DType::I64)
                .fill(1, Fill::Values(at.to_vec()))
        };
        vec![
            // Two meet at one place; two lie outside.
            of(0, 0, 5, &[4, 3], &[4], &[3.0, 0.0, 3.0, 4.0]),
            of(0, 0, 5, &[4, 3], &[4], &[3.0, -1.0, 5.0, 3.0]).dtype(1, DType::I32),
            of(1, 0, 4, &[2, 2, 3, 3], &[2, 3], &[1.0, 0.0, 3.0, 7.0, 2.0]).dtype(1, DType::U32),
            of(1, 0, 3, &[2, 2], &[], &[2.0]),
            of(0, 0, 1, &[3], &[3], &[0.0, 1.0, 0.0]),
            of(1, 1, 4, &[3, 2], &[3, 2], &[0.0, 3.0, 2.0, 2.0, 1.0, 8.0]),
            of(2, 1, 4, &[2, 3, 3, 2], &[2, 3], &[0.0, 3.0, 2.0, 2.0, -1.0, 1.0]),
            of(2, 2, 4, &[2, 3], &[2, 3], &[0.0, 3.0, 2.0, 2.0, 1.0, 8.0]),
            // Nothing to add, and nowhere to add.
            of(0, 0, 3, &[0, 2], &[0], &[0.0]),
            of(0, 0, 0, &[2, 2], &[2], &[0.0, 1.0]),
            of(0, 0, 3, &[4], &[4], &[1.0, 2.0, 1.0, 9.0])
                .dtype(0, DType::I32)
                .fill(0, Fill::Values(vec![2147483647.0, 5.0, 1.0, 3.0]))
                .without_derivative("integers"),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{evaluate, program_of, random_like, vjp_program};
    use crate::prim::Prim;

    fn constant<T: Element>(values: Vec<T>, shape: &[usize]) -> Expr {
        Expr::constant(Array::from_vec(values, shape))
    }

    #[test]
    fn gather_clamps_and_scatter_drops() {
        let x = constant(vec![10.0, 20.0, 30.0], &[3]);
        let at = constant(vec![-5_i64, 0, 2, 3], &[4]);
        let read = evaluate(&x.gather(&at, 0, 0)).unwrap();
        assert_eq!(read.to_f64(), [10.0, 10.0, 30.0, 30.0]);
        let updates = constant(vec![1.0, 2.0, 3.0, 4.0], &[4]);
        let added = evaluate(&updates.scatter_add(&at, 0, 0, 3)).unwrap();
        assert_eq!(added.to_f64(), [2.0, 0.0, 3.0]);
    }

    #[test]
    fn the_shape_of_gathering_puts_index_axes_in_place_of_the_axis() {
        let table = constant((0..24).map(f64::from).collect(), &[2, 3, 4]);
        let at = constant(vec![2_i64, 0, 1, 1, 0, 2, 2, 2, 0, 1], &[2, 5]);
        let y = evaluate(&table.gather(&at, 1, 0)).unwrap();
        assert_eq!(y.shape(), [2, 2, 5, 4]);
        assert_eq!(y.to_f64()[..4], [8.0, 9.0, 10.0, 11.0]); // row at[0, 0] = 2 of matrix 0
        let y = evaluate(&table.gather(&at, 1, 1)).unwrap();
        assert_eq!(y.shape(), [2, 5, 4]);
        assert_eq!(y.to_f64()[20..24], [20.0, 21.0, 22.0, 23.0]); // row at[1, 0] = 2 of matrix 1
    }

    #[test]
    fn take_along_axis_is_numpy_s() {
        let x = constant(vec![10, 30, 20, 60, 40, 50], &[2, 3]);
        let order = constant(vec![0_i64, 2, 1, 1, 2, 0], &[2, 3]);
        let y = evaluate(&x.take_along_axis(&order, 1)).unwrap();
        assert_eq!(y.to_vec::<i32>(), [10, 20, 30, 40, 50, 60]);
        let rows = constant(vec![1_i64, 0, 1], &[1, 3]);
        let y = evaluate(&x.take_along_axis(&rows, 0)).unwrap();
        assert_eq!(y.to_vec::<i32>(), [60, 30, 50]);
    }

    #[test]
    fn sums_of_f32_are_those_of_f32_arithmetic() {
        let (a, b) = (0.1_f32, 16_777_217.3_f32);
        assert_eq!(plus(a, b), a + b);
        assert_eq!(plus(i32::MAX, 1), i32::MIN);
        assert_eq!(plus(u32::MAX, 2), 1);
    }

    /// The vjp of scatter at an index outside is zero, that of gather goes where it was read.
    #[test]
    fn transposes_agree_with_clamping_and_dropping() {
        let run = |prim: Prim, shape: &[usize]| {
            let example = Example::new(prim, &[shape, &[3]]).dtype(1, DType::I64);
            let p = vjp_program(&program_of(&example).unwrap()).unwrap();
            let x = random_like(&p.input_types()[0], 1);
            let at = Array::from_vec(vec![-1_i64, 1, 2], &[3]);
            let ct = Array::from_f64(DType::F64, &[1.0, 2.0, 4.0], &p.input_types()[2].shape);
            p.eval(&[x, at, ct]).unwrap()[0].to_f64()
        };
        assert_eq!(run(Gather { axis: 0, batch: 0 }.into(), &[2]), [1.0, 6.0]);
        let scatter = ScatterAdd { axis: 0, batch: 0, size: 3 };
        assert_eq!(run(scatter.into(), &[3]), [0.0, 2.0, 4.0]);
    }

    #[test]
    fn operands_that_do_not_fit_are_type_errors() {
        let ty = |shape: &[usize]| Type::new(DType::F64, shape);
        let at = |shape: &[usize]| Type::new(DType::I64, shape);
        let gather = |axis, batch, x: &Type, i: &Type| Gather { axis, batch }.typ(&[x, i]).is_ok();
        assert!(gather(1, 1, &ty(&[2, 3]), &at(&[2, 4])));
        assert!(!gather(1, 1, &ty(&[2, 3]), &at(&[3, 4])), "batch sizes differ");
        assert!(!gather(0, 1, &ty(&[2, 3]), &at(&[2, 4])), "axis inside the batch");
        assert!(!gather(2, 0, &ty(&[2, 3]), &at(&[2])), "no such axis");
        assert!(!gather(1, 2, &ty(&[2, 3]), &at(&[2])), "more batch axes than there are");
        assert!(!gather(0, 0, &ty(&[0, 3]), &at(&[2])), "nothing to read");
        assert!(!gather(0, 0, &ty(&[2]), &ty(&[2])), "float indices");
        let scatter = |axis, batch, u: &Type, i: &Type| {
            ScatterAdd { axis, batch, size: 3 }.typ(&[u, i]).is_ok()
        };
        assert!(scatter(1, 1, &ty(&[2, 4]), &at(&[2, 4])));
        assert!(!scatter(1, 1, &ty(&[2, 3]), &at(&[2, 4])), "sizes differ");
        assert!(!scatter(1, 0, &ty(&[4]), &at(&[4])), "index axes stick out");
        assert!(!scatter(usize::MAX, 0, &ty(&[4]), &at(&[4])), "no overflow");
        assert!(!scatter(0, 0, &at(&[4]).with_dtype(DType::Bool), &at(&[4])), "bool");
    }
}
