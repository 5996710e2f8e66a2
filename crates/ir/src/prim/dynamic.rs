//! Boxes at computed places: reading one and replacing one, both linear.

use super::family::{all_in_front, arity, not_linear};
use super::{BatchAxis, Batched, Example, Fill, Jvp, Operand, Primitive, Tangent};
use crate::error::{TypeError, ensure};
use crate::expr::{Expr, RuleResult, bind1};
use array::shape::offset;
use array::{Array, DType, Element, Type, with_dtype};
use serde::{Deserialize, Serialize};

/// `y[i] = x[start + i]` for `i` in a box of the given sizes.
///
/// Operands: `x`, and `start`, an integer vector with one entry per axis of `x`, clamped so that
/// the box fits: `0 ≤ start[d] ≤ n[d] − sizes[d]`.
///
/// Source: StableHLO `dynamic_slice`.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct DynamicSlice {
    /// The box's size, per axis; at most that of `x`.
    pub sizes: Vec<usize>,
}

/// `y[i] = update[i − start]` inside the box where the update lies, `x[i]` elsewhere.
///
/// Operands: `x`, `update` of the same rank and dtype that is nowhere larger, and `start`, an
/// integer vector clamped as for [`DynamicSlice`].
///
/// Source: StableHLO `dynamic_update_slice`.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct DynamicUpdateSlice {}

impl Expr {
    /// The box of these sizes at `start`; see [`DynamicSlice`].
    #[track_caller]
    pub fn dynamic_slice(&self, start: &Expr, sizes: &[usize]) -> Expr {
        bind1(DynamicSlice { sizes: sizes.to_vec() }, &[self, start])
    }

    /// This with a box at `start` replaced; see [`DynamicUpdateSlice`].
    #[track_caller]
    pub fn dynamic_update_slice(&self, update: &Expr, start: &Expr) -> Expr {
        bind1(DynamicUpdateSlice {}, &[self, update, start])
    }
}

fn start_fits(x: &Type, start: &Type) -> Result<(), TypeError> {
    ensure(start.dtype.is_integer() && start.shape == [x.rank()], || {
        format!("the start must be a vector of {} integers, got {start}", x.rank())
    })
}

/// Where the box begins, clamped so that it fits.
fn origin(start: &Array, shape: &[usize], sizes: &[usize]) -> Vec<usize> {
    let room = shape.iter().zip(sizes).map(|(n, s)| (n - s) as i64);
    start.to_vec::<i64>().into_iter().zip(room).map(|(s, r)| s.clamp(0, r) as usize).collect()
}

/// The start of an operand with one more axis in front, of which the box takes all.
fn start_with_axis(start: &Expr) -> Expr {
    let zero = Expr::full(&start.ty().with_shape([1]), 0.0);
    Expr::concatenate(&[&zero, start], 0)
}

/// For a start per example (`[N, rank]`): where each example's box begins on each axis on which
/// it may move, as `[N]`, clamped. `None` for axes that the box fills.
fn origins(start: &Expr, shape: &[usize], sizes: &[usize]) -> Vec<Option<Expr>> {
    let start = start.convert(DType::I64);
    let examples = start.shape()[0];
    (0..shape.len())
        .map(|d| {
            let room = shape[d] - sizes[d];
            let column = || start.slice_axis(1, d, d + 1).reshape(&[examples]);
            (room > 0).then(|| column().clamp_index(room + 1))
        })
        .collect()
}

/// `0, 1, …, n − 1` for each example: `[N, n]`.
fn counts(examples: usize, n: usize) -> Expr {
    Expr::iota(DType::I64, &[examples, n], 1)
}

/// `y[b, i, j, …] = x[b, r[b, i], s[b, j], …]` with a matrix of indices for each axis, `None` for
/// axes that stay as they are. `x` may be shared by all examples.
fn gather_each_axis(x: &Expr, batched: bool, indices: &[Option<Expr>]) -> Batched {
    let mut y = (x.clone(), batched);
    for (d, at) in indices.iter().enumerate() {
        let Some(at) = at else { continue };
        y = match y {
            (x, true) => (x.gather(at, d + 1, 1), true),
            (x, false) => (x.gather(at, d, 0).move_axis(d, 0), true),
        };
    }
    y
}

impl Primitive for DynamicSlice {
    fn name(&self) -> &'static str {
        "dynamic_slice"
    }
    fn typ(&self, x: &[&Type]) -> Result<Vec<Type>, TypeError> {
        arity(x, 2)?;
        start_fits(x[0], x[1])?;
        let fits = self.sizes.len() == x[0].rank()
            && self.sizes.iter().zip(&x[0].shape).all(|(s, n)| s <= n);
        ensure(fits, || format!("a box of sizes {:?} does not fit into {}", self.sizes, x[0]))?;
        Ok(vec![x[0].with_shape(self.sizes.clone())])
    }
    fn eval(&self, x: &[&Array]) -> RuleResult<Vec<Array>> {
        let shape = x[0].shape();
        let origin = origin(x[1], shape, &self.sizes);
        let source = |i: &[usize]| {
            let at: Vec<usize> = i.iter().zip(&origin).map(|(i, o)| i + o).collect();
            offset(&at, shape)
        };
        Ok(vec![with_dtype!(x[0].dtype(), T => {
            let values = x[0].as_slice::<T>();
            Array::from_fn(&self.sizes, |i| values[source(i)])
        })])
    }
    fn jvp(&self, x: &[Expr], _: &[Expr], dx: &[Tangent]) -> RuleResult<Jvp> {
        Ok(dx[0].as_ref().map(|d| d.dynamic_slice(&x[1], &self.sizes)).into())
    }
    fn transpose(&self, ct: &[Tangent], x: &[Operand]) -> RuleResult<Vec<Tangent>> {
        let Some(ct) = &ct[0] else { return Ok(vec![None, None]) };
        let Operand::Known(start) = &x[1] else { return not_linear(self) };
        Ok(vec![Some(Expr::full(x[0].ty(), 0.0).dynamic_update_slice(ct, start)), None])
    }
    fn batch(&self, x: &[Expr], batched: &[bool], axis: &BatchAxis) -> RuleResult<Vec<Batched>> {
        if !batched[1] {
            let sizes = [&[axis.size], &self.sizes[..]].concat();
            return Ok(vec![(x[0].dynamic_slice(&start_with_axis(&x[1]), &sizes), true)]);
        }
        // A start per example: positions start + 0, start + 1, … gathered axis by axis.
        let shape = &x[0].shape()[usize::from(batched[0])..];
        let indices: Vec<Option<Expr>> = origins(&x[1], shape, &self.sizes)
            .into_iter()
            .zip(&self.sizes)
            .map(|(origin, &s)| {
                let counts = counts(axis.size, s);
                origin.map(|o| &o.broadcast_in_dim(counts.shape(), &[0]) + &counts)
            })
            .collect();
        Ok(vec![gather_each_axis(&x[0], batched[0], &indices)])
    }
    fn flops(&self, _: &[Type], _: &[Type]) -> u64 {
        0
    }
    crate::no_programs!();
    fn examples() -> Vec<Example> {
        let of = |shape: &[usize], sizes: &[usize], start: &[f64]| {
            Example::new(DynamicSlice { sizes: sizes.to_vec() }, &[shape, &[shape.len()]])
                .dtype(1, DType::I64)
                .fill(1, Fill::Values(start.to_vec()))
        };
        vec![
            of(&[4, 5], &[2, 3], &[1.0, 2.0]),
            // Both ends clamped; an axis that is taken whole; a box of nothing.
            of(&[4, 5], &[3, 2], &[-2.0, 9.0]).dtype(1, DType::I32),
            of(&[3, 1, 4], &[1, 1, 4], &[2.0, 1.0, 3.0]).dtype(1, DType::U32),
            of(&[2, 3], &[2, 3], &[1.0, 0.0]),
            of(&[3, 2], &[0, 1], &[1.0, 1.0]),
            of(&[], &[], &[0.0]),
            of(&[5], &[2], &[3.0]).dtype(0, DType::I32).without_derivative("integers"),
        ]
    }
}

impl Primitive for DynamicUpdateSlice {
    fn name(&self) -> &'static str {
        "dynamic_update_slice"
    }
    fn typ(&self, x: &[&Type]) -> Result<Vec<Type>, TypeError> {
        arity(x, 3)?;
        start_fits(x[0], x[2])?;
        let fits = x[1].dtype == x[0].dtype
            && x[1].rank() == x[0].rank()
            && x[1].shape.iter().zip(&x[0].shape).all(|(s, n)| s <= n);
        ensure(fits, || format!("an update of type {} does not fit into {}", x[1], x[0]))?;
        Ok(vec![x[0].clone()])
    }
    fn eval(&self, x: &[&Array]) -> RuleResult<Vec<Array>> {
        fn update<T: Element>(x: &Array, update: &Array, origin: &[usize]) -> Array {
            let (mut out, shape) = (x.to_vec::<T>(), x.shape());
            let mut values = update.as_slice::<T>().iter();
            array::shape::for_each_index(update.shape(), |i| {
                let at: Vec<usize> = i.iter().zip(origin).map(|(i, o)| i + o).collect();
                out[offset(&at, shape)] =
                    *values.next().expect("invariant: as many elements as indices");
            });
            Array::from_vec(out, shape)
        }
        let origin = origin(x[2], x[0].shape(), x[1].shape());
        Ok(vec![with_dtype!(x[0].dtype(), T => update::<T>(x[0], x[1], &origin))])
    }
    fn jvp(&self, x: &[Expr], _: &[Expr], d: &[Tangent]) -> RuleResult<Jvp> {
        if d[0].is_none() && d[1].is_none() {
            return Ok(None.into());
        }
        let operand = d[0].clone().unwrap_or_else(|| x[0].full_like(0.0));
        let update = d[1].clone().unwrap_or_else(|| x[1].full_like(0.0));
        Ok(Some(operand.dynamic_update_slice(&update, &x[2])).into())
    }
    fn transpose(&self, ct: &[Tangent], x: &[Operand]) -> RuleResult<Vec<Tangent>> {
        let Some(ct) = &ct[0] else { return Ok(vec![None; 3]) };
        let Operand::Known(start) = &x[2] else { return not_linear(self) };
        let update = x[1].ty();
        let hole = || ct.dynamic_update_slice(&Expr::full(update, 0.0), start);
        Ok(vec![
            x[0].is_linear().then(hole),
            x[1].is_linear().then(|| ct.dynamic_slice(start, &update.shape)),
            None,
        ])
    }
    fn batch(&self, x: &[Expr], batched: &[bool], axis: &BatchAxis) -> RuleResult<Vec<Batched>> {
        if !batched[2] {
            let operands = all_in_front(&x[..2], &batched[..2], axis);
            let start = start_with_axis(&x[2]);
            return Ok(vec![(operands[0].dynamic_update_slice(&operands[1], &start), true)]);
        }
        // A start per example: read the update at position − start, and choose by whether that
        // lies inside it.
        let shape = &x[0].shape()[usize::from(batched[0])..];
        let sizes = &x[1].shape()[usize::from(batched[1])..];
        if sizes.contains(&0) {
            return Ok(vec![(x[0].clone(), batched[0])]);
        }
        let positions: Vec<Option<Expr>> = origins(&x[2], shape, sizes)
            .into_iter()
            .zip(shape)
            .map(|(origin, &n)| {
                let counts = counts(axis.size, n);
                origin.map(|o| &counts - &o.broadcast_in_dim(counts.shape(), &[0]))
            })
            .collect();
        let whole = [&[axis.size], shape].concat();
        let inside = positions.iter().enumerate().filter_map(|(d, at)| {
            let inside = at.as_ref()?.index_inside(sizes[d]);
            Some(inside.broadcast_in_dim(&whole, &[0, d + 1]))
        });
        Ok(vec![match inside.reduce(|a, b| a.and(&b)) {
            Some(inside) => {
                let (update, _) = gather_each_axis(&x[1], batched[1], &positions);
                let operand = super::in_front(&x[0], batched[0], axis);
                (inside.select(&update, &operand), true)
            }
            None => (x[1].clone(), batched[1]), // everything is replaced
        }])
    }
    fn flops(&self, _: &[Type], _: &[Type]) -> u64 {
        0
    }
    crate::no_programs!();
    fn examples() -> Vec<Example> {
        let of = |shape: &[usize], update: &[usize], start: &[f64]| {
            Example::new(DynamicUpdateSlice {}, &[shape, update, &[shape.len()]])
                .dtype(2, DType::I64)
                .fill(2, Fill::Values(start.to_vec()))
        };
        vec![
            of(&[4, 5], &[2, 3], &[1.0, 2.0]),
            of(&[4, 5], &[3, 2], &[-2.0, 9.0]).dtype(2, DType::I32),
            of(&[3, 1, 4], &[1, 1, 4], &[2.0, 1.0, 3.0]).dtype(2, DType::U32),
            of(&[2, 3], &[2, 3], &[1.0, 0.0]),
            of(&[3, 2], &[0, 1], &[1.0, 1.0]),
            of(&[], &[], &[0.0]),
            of(&[5], &[2], &[3.0])
                .dtype(0, DType::I32)
                .dtype(1, DType::I32)
                .fill(0, Fill::Values(vec![1.0, 2.0, 3.0, 4.0, 5.0]))
                .fill(1, Fill::Values(vec![-1.0, -2.0]))
                .without_derivative("integers"),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::evaluate;
    use crate::transform::{batch_program, trace};

    fn matrix() -> Expr {
        Expr::constant(Array::from_vec((0..12).collect::<Vec<i32>>(), &[3, 4]))
    }

    fn start(at: [i64; 2]) -> Expr {
        Expr::constant(Array::from_vec(at.to_vec(), &[2]))
    }

    #[test]
    fn the_box_is_moved_until_it_fits() {
        let read =
            |at| evaluate(&matrix().dynamic_slice(&start(at), &[2, 2])).unwrap().to_vec::<i32>();
        assert_eq!(read([0, 1]), [1, 2, 5, 6]);
        assert_eq!(read([5, 5]), [6, 7, 10, 11]);
        assert_eq!(read([-5, i64::MIN]), [0, 1, 4, 5]);
    }

    #[test]
    fn an_update_replaces_the_box_that_a_slice_reads() {
        let update = Expr::constant(Array::from_vec(vec![-1, -2], &[1, 2]));
        for at in [[0, 0], [1, 1], [9, -9], [2, 2]] {
            let whole = matrix().dynamic_update_slice(&update, &start(at));
            let back = evaluate(&whole.dynamic_slice(&start(at), &[1, 2])).unwrap();
            assert_eq!(back.to_vec::<i32>(), [-1, -2]);
            let changed = evaluate(&whole.ne(&matrix())).unwrap().to_vec::<bool>();
            assert_eq!(changed.into_iter().filter(|&c| c).count(), 2);
        }
    }

    /// Each example its own start, some of them beyond the ends.
    #[test]
    fn starts_may_differ_between_examples() {
        let types = [
            Type::new(DType::F64, [3, 4]),
            Type::new(DType::F64, [2, 2]),
            Type::new(DType::U32, [2]),
        ];
        let closed = trace("test", &types, |x| -> RuleResult<Vec<Expr>> {
            let y = x[0].dynamic_update_slice(&x[1], &x[2]);
            Ok(vec![y, x[0].dynamic_slice(&x[2], &[2, 3])])
        });
        let program = closed.unwrap().program;
        let axis = BatchAxis { size: 4, name: None };
        let mask = [false, false, true];
        let (batched, _) = batch_program(&program, &mask, &[true; 2], &axis).unwrap();
        let x = Array::from_f64(DType::F64, &(0..12).map(f64::from).collect::<Vec<_>>(), &[3, 4]);
        let update = Array::from_f64(DType::F64, &[-1.0, -2.0, -3.0, -4.0], &[2, 2]);
        let starts = [[0, 0], [1, 1], [9, 0], [u32::MAX, 2]];
        let all = Array::from_vec(starts.concat(), &[4, 2]);
        let got = batched.eval(&[x.clone(), update.clone(), all]).unwrap();
        for (i, start) in starts.into_iter().enumerate() {
            let one = Array::from_vec(start.to_vec(), &[2]);
            let want = program.eval(&[x.clone(), update.clone(), one]).unwrap();
            for (got, want) in got.iter().zip(want) {
                let n = want.len();
                assert_eq!(got.to_f64()[i * n..(i + 1) * n], want.to_f64());
            }
        }
    }

    #[test]
    fn operands_that_do_not_fit_are_type_errors() {
        let x = Type::new(DType::F64, [3, 4]);
        let at = Type::new(DType::I64, [2]);
        let slice = |sizes: &[usize], at: &Type| {
            DynamicSlice { sizes: sizes.to_vec() }.typ(&[&x, at]).is_ok()
        };
        assert!(slice(&[3, 0], &at));
        assert!(!slice(&[4, 1], &at), "larger than the operand");
        assert!(!slice(&[1], &at), "one size per axis");
        assert!(!slice(&[1, 1], &at.with_shape([3])), "one start per axis");
        assert!(!slice(&[1, 1], &at.with_dtype(DType::F64)), "float start");
        let update = |u: &Type| DynamicUpdateSlice {}.typ(&[&x, u, &at]).is_ok();
        assert!(update(&x));
        assert!(!update(&x.with_shape([3, 5])), "larger than the operand");
        assert!(!update(&x.with_shape([3])), "another rank");
        assert!(!update(&x.with_dtype(DType::F32)), "another dtype");
    }
}
