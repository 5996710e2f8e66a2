//! Sorting along an axis, with payloads carried along.

use super::family::{all_in_front, not_linear};
use super::{BatchAxis, Batched, Example, Fill, Iota, Jvp, Operand, Prim, Primitive, Tangent};
use crate::error::{TypeError, ensure};
use crate::expr::{Expr, RuleResult, bind};
use array::shape::size;
use array::{Array, DType, Element, Type, with_dtype};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// Sorts the first operand, the key, along an axis and moves the other operands, the payloads,
/// in the same way.
///
/// The order is stable (equal keys keep their order, also when descending), NaN comes last (also
/// when descending), and −0 equals 0. All operands have one shape; dtypes are free. An `iota`
/// payload comes back as the sorting permutation.
///
/// The derivative moves the tangents as the sort moves the values. Among equal keys, where the
/// sorted values have no derivative, that is the derivative of the stable choice.
///
/// Source: StableHLO `sort` with a comparison of the first operands; `jax.lax.sort` with
/// `num_keys = 1`, `is_stable = True` (which puts NaN first when it sorts backwards).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Sort {
    /// The axis along which each line is sorted.
    pub axis: usize,
    /// Largest first.
    pub descending: bool,
}

impl Sort {
    fn compare<T: Element>(&self, a: T, b: T) -> Ordering {
        match a.partial_cmp(&b) {
            Some(order) if self.descending => order.reverse(),
            Some(order) => order,
            // At least one is NaN, which alone is not comparable to itself: false before true.
            None => a.partial_cmp(&a).is_none().cmp(&b.partial_cmp(&b).is_none()),
        }
    }

    /// For each element of the result, its flat position in the operand.
    fn sources<T: Element>(&self, key: &Array) -> Vec<usize> {
        let (shape, values) = (key.shape(), key.as_slice::<T>());
        let (n, inner) = (shape[self.axis], size(&shape[self.axis + 1..]));
        let mut sources = vec![0; key.len()];
        for outer in 0..size(&shape[..self.axis]) {
            for j in 0..inner {
                let position = |i: usize| (outer * n + i) * inner + j;
                let mut line: Vec<usize> = (0..n).map(position).collect();
                line.sort_by(|&a, &b| self.compare(values[a], values[b]));
                for (i, source) in line.into_iter().enumerate() {
                    sources[position(i)] = source;
                }
            }
        }
        sources
    }

    /// The operand that counts along the axis, and so comes back as the permutation.
    fn counting(&self, x: &[Expr]) -> Option<usize> {
        let counts = |iota: &Iota| iota.dtype == DType::I64 && iota.axis == self.axis;
        x.iter().position(|x| matches!(x.node().prim(), Prim::Iota(iota) if counts(iota)))
    }
}

impl Expr {
    /// The operands sorted by the first of them; see [`Sort`].
    #[track_caller]
    pub fn sort(operands: &[&Expr], axis: usize, descending: bool) -> Vec<Expr> {
        bind(Sort { axis, descending }, operands)
    }
}

impl Primitive for Sort {
    fn name(&self) -> &'static str {
        "sort"
    }
    fn typ(&self, x: &[&Type]) -> Result<Vec<Type>, TypeError> {
        ensure(!x.is_empty(), || "needs a key to sort by".into())?;
        ensure(self.axis < x[0].rank(), || format!("{} has no axis {}", x[0], self.axis))?;
        ensure(x.iter().all(|t| t.shape == x[0].shape), || "operand shapes must agree".into())?;
        Ok(x.iter().map(|&t| t.clone()).collect())
    }
    fn eval(&self, x: &[&Array]) -> RuleResult<Vec<Array>> {
        let sources = with_dtype!(x[0].dtype(), T => self.sources::<T>(x[0]));
        fn moved<T: Element>(x: &Array, sources: &[usize]) -> Array {
            let values = x.as_slice::<T>();
            Array::from_vec(sources.iter().map(|&s| values[s]).collect(), x.shape())
        }
        Ok(x.iter().map(|x| with_dtype!(x.dtype(), T => moved::<T>(x, &sources))).collect())
    }
    fn jvp(&self, x: &[Expr], y: &[Expr], dx: &[Tangent]) -> RuleResult<Jvp> {
        if dx.iter().all(Option::is_none) {
            return Ok(vec![None; x.len()].into());
        }
        // Sort once, with one more payload that comes back as the permutation.
        let (primals, order) = match self.counting(x) {
            Some(i) => (None, y[i].clone()),
            None => {
                let counts = Expr::iota(DType::I64, x[0].shape(), self.axis);
                let operands: Vec<&Expr> = x.iter().chain([&counts]).collect();
                let mut sorted = bind(self.clone(), &operands);
                let order = sorted.pop().expect("invariant: an output per operand");
                (Some(sorted), order)
            }
        };
        let moved = |d: &Tangent| d.as_ref().map(|d| d.take_along_axis(&order, self.axis));
        Ok(Jvp { primals, tangents: dx.iter().map(moved).collect() })
    }
    /// Linear in the payloads for a given key.
    fn transpose(&self, ct: &[Tangent], x: &[Operand]) -> RuleResult<Vec<Tangent>> {
        let Operand::Known(key) = &x[0] else { return not_linear(self) };
        let n = key.shape()[self.axis];
        let counts = Expr::iota(DType::I64, key.shape(), self.axis);
        let order = &bind(self.clone(), &[key, &counts])[1];
        let back = |ct: &Expr| ct.add_along_axis(order, self.axis, n);
        Ok(x.iter()
            .zip(ct)
            .map(|(x, ct)| ct.as_ref().filter(|_| x.is_linear()).map(back))
            .collect())
    }
    fn batch(&self, x: &[Expr], batched: &[bool], axis: &BatchAxis) -> RuleResult<Vec<Batched>> {
        let x = all_in_front(x, batched, axis);
        let sort = Sort { axis: self.axis + 1, descending: self.descending };
        let sorted = bind(sort, &x.iter().collect::<Vec<_>>());
        Ok(sorted.into_iter().map(|y| (y, true)).collect())
    }
    /// Comparisons: n log₂ n for each line.
    fn flops(&self, x: &[Type], _: &[Type]) -> u64 {
        let n = x[0].shape[self.axis].max(1) as u64;
        x[0].len() as u64 * u64::from(n.next_power_of_two().ilog2())
    }
    crate::no_programs!();
    fn examples() -> Vec<Example> {
        // Neighbours far enough apart for differences, and no two equal.
        let keys = [1.4, -0.7, 0.3, 2.2, -1.9, 0.9, 0.1, -0.2, 1.1, 1.8, -1.3, 0.6];
        let of = |axis, descending, shape: &[usize], payloads: usize| {
            let sort = Sort { axis, descending };
            Example::new(sort, &vec![shape; 1 + payloads]).fill(0, Fill::Values(keys.to_vec()))
        };
        let special =
            [f64::NAN, 1.0, f64::NEG_INFINITY, 0.0, -0.0, f64::INFINITY, f64::NAN, -1.0, 1.0];
        let ties = |descending| {
            of(1, descending, &[2, 5], 1)
                .fill(0, Fill::Values(special.to_vec()))
                .without_derivative("equal keys and NaN")
        };
        vec![
            of(0, false, &[5], 0),
            of(0, true, &[5], 0),
            of(0, false, &[4, 3], 1),
            of(1, true, &[2, 3, 2], 2),
            of(1, false, &[2, 4], 2).dtype(1, DType::I32),
            of(0, false, &[1, 2], 1),
            of(0, true, &[0, 2], 1),
            ties(false),
            ties(true),
            of(0, false, &[6], 1)
                .dtype(0, DType::Bool)
                .fill(0, Fill::Values(vec![1.0, 0.0, 0.0, 1.0, 0.0, 1.0])),
            of(0, true, &[6], 1)
                .dtype(0, DType::U32)
                .fill(0, Fill::Values(vec![3.0, 7.0, 3.0, 0.0, 7.0, 1.0])),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{evaluate, jvp_program};
    use crate::prim::Sort;
    use crate::transform::{trace, transpose_program};

    const SPECIAL: [f64; 8] =
        [f64::NAN, 1.0, f64::NEG_INFINITY, 0.0, -0.0, f64::INFINITY, f64::NAN, -1.0];

    fn order(keys: &[f64], descending: bool) -> Vec<i64> {
        let key = Expr::constant(Array::from_vec(keys.to_vec(), &[keys.len()]));
        let counts = Expr::iota(DType::I64, &[keys.len()], 0);
        evaluate(&Expr::sort(&[&key, &counts], 0, descending)[1]).unwrap().to_vec()
    }

    #[test]
    fn nan_is_last_and_equal_keys_keep_their_order() {
        // Ascending as `jnp.argsort(x, stable=True)` gives; descending with NaN at the end.
        assert_eq!(order(&SPECIAL, false), [2, 7, 3, 4, 1, 5, 0, 6]);
        assert_eq!(order(&SPECIAL, true), [5, 1, 3, 4, 7, 2, 0, 6]);
        assert_eq!(order(&[2.0, 1.0, 2.0, 0.0, 1.0, 2.0], false), [3, 1, 4, 0, 2, 5]);
        assert_eq!(order(&[2.0, 1.0, 2.0, 0.0, 1.0, 2.0], true), [0, 2, 5, 1, 4, 3]);
    }

    /// The values and derivatives of `lax.sort((key, payload), num_keys=1, is_stable=True)`.
    #[test]
    fn tangents_move_with_the_values() {
        let types = [Type::new(DType::F64, [6]), Type::new(DType::F64, [6])];
        let closed = trace("test", &types, |x| -> RuleResult<Vec<Expr>> {
            Ok(Expr::sort(&[&x[0], &x[1]], 0, false))
        });
        let jvp = jvp_program(&closed.unwrap().program).unwrap();
        let of = |v: [f64; 6]| Array::from_vec(v.to_vec(), &[6]);
        let dy = jvp
            .eval(&[
                of([2.0, 1.0, 2.0, 0.0, 1.0, 2.0]),
                of([10.0, 20.0, 30.0, 40.0, 50.0, 60.0]),
                of([-0.324, -0.269, -0.643, 0.509, 0.784, -0.867]),
                of([-0.908, 0.16, -0.327, -0.399, 0.922, 0.93]),
            ])
            .unwrap();
        assert_eq!(dy[0].to_f64(), [0.509, -0.269, 0.784, -0.324, -0.643, -0.867]);
        assert_eq!(dy[1].to_f64(), [-0.399, 0.16, 0.922, -0.908, -0.327, 0.93]);
    }

    /// No derivative, of whatever order, sorts more than once or carries two permutations.
    #[test]
    fn derivatives_sort_once() {
        let types = [Type::new(DType::F64, [6])];
        let closed = trace("test", &types, |x| -> RuleResult<Vec<Expr>> {
            Ok(vec![&Expr::sort(&[&x[0]], 0, false)[0] * &x[0]])
        });
        let mut program = closed.unwrap().program;
        for _ in 0..3 {
            program = jvp_program(&program).unwrap();
            let sorts = program.equations().iter().filter(|e| e.prim.rules().name() == "sort");
            let sizes: Vec<usize> = sorts.map(|e| e.inputs.len()).collect();
            assert_eq!(sizes, [2]);
        }
    }

    /// A sort of linear payloads by a known key: its transpose puts them back.
    #[test]
    fn payloads_are_permuted_back() {
        let types = [Type::new(DType::F64, [2, 3]), Type::new(DType::F64, [2, 3])];
        let closed = trace("test", &types, |x| -> RuleResult<Vec<Expr>> {
            Ok(vec![Expr::sort(&[&x[1], &x[0]], 1, false)[1].clone()])
        });
        let forward = closed.unwrap().program;
        let backward = transpose_program(&forward, 1).unwrap();
        let key = Array::from_vec(vec![0.5, -1.0, 0.0, 3.0, 2.0, 2.0], &[2, 3]);
        let x = Array::from_vec(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[2, 3]);
        let moved = forward.eval(&[x.clone(), key.clone()]).unwrap().remove(0);
        assert_eq!(moved.to_f64(), [2.0, 3.0, 1.0, 5.0, 6.0, 4.0]);
        assert_eq!(backward.eval(&[moved, key]).unwrap()[0], x);
    }

    #[test]
    fn operands_that_do_not_fit_are_type_errors() {
        let sort = Sort { axis: 1, descending: false };
        let ty = Type::new(DType::F64, [2, 3]);
        assert!(sort.typ(&[&ty, &ty.with_dtype(DType::Bool)]).is_ok());
        assert!(sort.typ(&[]).is_err());
        assert!(sort.typ(&[&ty.with_shape([2])]).is_err());
        assert!(sort.typ(&[&ty, &ty.with_shape([2, 4])]).is_err());
    }
}
