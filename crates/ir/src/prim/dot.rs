//! `dot_general`: every product of matrices, vectors and batches of them.

use super::family::{add_tangents, arity, in_front, not_linear};
use super::{BatchAxis, Batched, Example, Fill, Jvp, Operand, Primitive, Tangent};
use crate::error::{RuleError, TypeError, ensure};
use crate::expr::{Expr, RuleResult, bind1};
use array::shape::{inverse, kept, size, strides};
use array::{Array, DType, Element, Type};
use serde::{Deserialize, Serialize};

/// `y[b…, i…, j…] = Σ_k l[b…, i…, k…] r[b…, j…, k…]`: axes of each operand are named as `batch`
/// or `contract`, in corresponding order; the rest are free and keep their order.
///
/// Source: StableHLO `dot_general`.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct DotGeneral {
    /// Axes that are summed over, per operand.
    pub contract: [Vec<usize>; 2],
    /// Axes that run in parallel, per operand.
    pub batch: [Vec<usize>; 2],
}

impl DotGeneral {
    /// The free axes of operand `side`, ascending.
    pub fn free(&self, side: usize, rank: usize) -> Vec<usize> {
        kept(rank, &[&self.contract[side][..], &self.batch[side]].concat())
    }
}

fn sizes(shape: &[usize], axes: &[usize]) -> Vec<usize> {
    axes.iter().map(|&a| shape[a]).collect()
}

impl Primitive for DotGeneral {
    fn name(&self) -> &'static str {
        "dot_general"
    }
    fn typ(&self, x: &[&Type]) -> Result<Vec<Type>, TypeError> {
        arity(x, 2)?;
        ensure(x[0].dtype == x[1].dtype, || "operand dtypes must agree; convert one".into())?;
        ensure(x[0].dtype != DType::Bool, || "is not defined on bool".into())?;
        for (side, x) in x.iter().enumerate() {
            let mut named = [&self.contract[side][..], &self.batch[side]].concat();
            named.sort_unstable();
            let fit =
                named.windows(2).all(|w| w[0] < w[1]) && named.last().is_none_or(|&a| a < x.rank());
            ensure(fit, || format!("axes of operand {side} must be distinct axes of {x}"))?;
        }
        let of = |side: usize, axes: &[usize]| sizes(&x[side].shape, axes);
        let (c, b) = (&self.contract, &self.batch);
        ensure(of(0, &c[0]) == of(1, &c[1]), || {
            format!(
                "contracted sizes differ: axes {:?} have {:?}, axes {:?} have {:?}",
                c[0],
                of(0, &c[0]),
                c[1],
                of(1, &c[1])
            )
        })?;
        ensure(of(0, &b[0]) == of(1, &b[1]), || {
            format!("batch sizes differ: {:?} and {:?}", of(0, &b[0]), of(1, &b[1]))
        })?;
        let free = [0, 1].map(|s| of(s, &self.free(s, x[s].rank())));
        Ok(vec![x[0].with_shape([of(0, &b[0]), free[0].clone(), free[1].clone()].concat())])
    }
    fn eval(&self, x: &[&Array]) -> RuleResult<Vec<Array>> {
        fn dot<T, A>(
            d: &DotGeneral,
            x: &[&Array],
            zero: A,
            add: impl Fn(A, T, T) -> A,
            done: impl Fn(A) -> T,
        ) -> Array
        where
            T: Element,
            A: Copy,
        {
            let shapes = [x[0].shape(), x[1].shape()];
            let step = [strides(shapes[0]), strides(shapes[1])];
            let free = [d.free(0, shapes[0].len()), d.free(1, shapes[1].len())];
            let k = sizes(shapes[0], &d.contract[0]);
            let b = sizes(shapes[0], &d.batch[0]);
            let shape =
                [b.clone(), sizes(shapes[0], &free[0]), sizes(shapes[1], &free[1])].concat();
            let at = |side: usize, axes: &[usize], i: &[usize]| -> usize {
                axes.iter().zip(i).map(|(&a, i)| step[side][a] * i).sum()
            };
            let values = [x[0].as_slice::<T>(), x[1].as_slice::<T>()];
            Array::from_fn(&shape, |i| {
                let (ib, rest) = i.split_at(b.len());
                let (i0, i1) = rest.split_at(free[0].len());
                let base = [
                    at(0, &d.batch[0], ib) + at(0, &free[0], i0),
                    at(1, &d.batch[1], ib) + at(1, &free[1], i1),
                ];
                let mut sum = zero;
                array::shape::for_each_index(&k, |ik| {
                    let l = values[0][base[0] + at(0, &d.contract[0], ik)];
                    let r = values[1][base[1] + at(1, &d.contract[1], ik)];
                    sum = add(sum, l, r);
                });
                done(sum)
            })
        }
        fn integers<T: Element>(d: &DotGeneral, x: &[&Array]) -> Array {
            let add = |s: i64, l: T, r: T| s.wrapping_add(l.to_i64().wrapping_mul(r.to_i64()));
            dot::<T, i64>(d, x, 0, add, T::from_i64)
        }
        Ok(vec![match x[0].dtype() {
            // f32 products are summed in f64: the reference is the more accurate one.
            DType::F32 => dot::<f32, f64>(
                self,
                x,
                0.0,
                |s, l, r| s + f64::from(l) * f64::from(r),
                |s| s as f32,
            ),
            DType::F64 => dot::<f64, f64>(self, x, 0.0, |s, l, r| s + l * r, |s| s),
            DType::I32 => integers::<i32>(self, x),
            DType::I64 => integers::<i64>(self, x),
            DType::U32 => integers::<u32>(self, x),
            DType::Bool => {
                return Err(RuleError::new("dot_general", "eval", "not defined on bool"));
            }
        }])
    }
    fn jvp(&self, x: &[Expr], _: &[Expr], dx: &[Tangent]) -> RuleResult<Jvp> {
        let left = dx[0].as_ref().map(|d| bind1(self.clone(), &[d, &x[1]]));
        let right = dx[1].as_ref().map(|d| bind1(self.clone(), &[&x[0], d]));
        Ok(add_tangents(left, right).into())
    }
    fn transpose(&self, ct: &[Tangent], x: &[Operand]) -> RuleResult<Vec<Tangent>> {
        let Some(ct) = &ct[0] else { return Ok(vec![None, None]) };
        let (side, known) = match (&x[0], &x[1]) {
            (Operand::Linear(_), Operand::Known(r)) => (0, r),
            (Operand::Known(l), Operand::Linear(_)) => (1, l),
            _ => return not_linear(self),
        };
        let other = 1 - side;
        let nb = self.batch[0].len();
        let free = [0, 1].map(|s| self.free(s, x[s].ty().rank()));
        // ct has axes (batch, free of the left, free of the right); contract the other's free.
        let start = nb + if other == 0 { 0 } else { free[0].len() };
        let dot = DotGeneral {
            contract: [(start..start + free[other].len()).collect(), free[other].clone()],
            batch: [(0..nb).collect(), self.batch[other].clone()],
        };
        let product = bind1(dot, &[ct, known]);
        // Its axes: batch, free of this side, then the other's contracted axes in their order.
        let mut pairs: Vec<(usize, usize)> =
            self.contract[other].iter().copied().zip(self.contract[side].iter().copied()).collect();
        pairs.sort_unstable();
        let place: Vec<usize> = self.batch[side]
            .iter()
            .chain(&free[side])
            .copied()
            .chain(pairs.into_iter().map(|p| p.1))
            .collect();
        let cotangent = product.transpose(&inverse(&place));
        Ok(if side == 0 { vec![Some(cotangent), None] } else { vec![None, Some(cotangent)] })
    }
    fn batch(&self, x: &[Expr], batched: &[bool], axis: &BatchAxis) -> RuleResult<Vec<Batched>> {
        let up = |axes: &[Vec<usize>; 2], side: usize, by: bool| -> Vec<usize> {
            axes[side].iter().map(|a| a + usize::from(by)).collect()
        };
        if let [true, true] = batched {
            let front = |side| [vec![0], up(&self.batch, side, true)].concat();
            let dot = DotGeneral {
                contract: [up(&self.contract, 0, true), up(&self.contract, 1, true)],
                batch: [front(0), front(1)],
            };
            return Ok(vec![(bind1(dot, &[&x[0], &x[1]]), true)]);
        }
        if !self.batch[0].is_empty() && batched[1] {
            // The new axis would land behind the batch axes; carrying it as one is simpler.
            let both: Vec<Expr> = (0..2).map(|s| in_front(&x[s], batched[s], axis)).collect();
            return self.batch(&both, &[true, true], axis);
        }
        // One side only: the new axis is one more free axis of that side, the first of them.
        let dot = DotGeneral {
            contract: [up(&self.contract, 0, batched[0]), up(&self.contract, 1, batched[1])],
            batch: [up(&self.batch, 0, batched[0]), up(&self.batch, 1, batched[1])],
        };
        let y = bind1(dot, &[&x[0], &x[1]]);
        let nb = self.batch[0].len();
        let place = if batched[0] { nb } else { nb + self.free(0, x[0].rank()).len() };
        Ok(vec![(y.move_axis(place, 0), true)])
    }
    fn flops(&self, x: &[Type], y: &[Type]) -> u64 {
        2 * y[0].len() as u64 * size(&sizes(&x[0].shape, &self.contract[0])) as u64
    }
    crate::no_programs!();
    fn examples() -> Vec<Example> {
        let of = |contract: [&[usize]; 2], batch: [&[usize]; 2], l: &[usize], r: &[usize]| {
            let dot = DotGeneral {
                contract: contract.map(<[_]>::to_vec),
                batch: batch.map(<[_]>::to_vec),
            };
            Example::new(dot, &[l, r]).fill(0, Fill::Range(-1.0, 1.0))
        };
        vec![
            of([&[1], &[0]], [&[], &[]], &[2, 3], &[3, 4]),
            of([&[3, 1], &[0, 2]], [&[0], &[1]], &[2, 3, 4, 2], &[2, 2, 3, 3]),
            of([&[0], &[0]], [&[], &[]], &[3], &[3]),
            of([&[], &[]], [&[0], &[0]], &[2, 2], &[2, 3]),
            of([&[2], &[1]], [&[0], &[0]], &[2, 2, 3], &[2, 3, 2]),
        ]
    }
}
