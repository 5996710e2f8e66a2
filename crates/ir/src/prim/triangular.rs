//! `triangular_solve`: systems of equations with a triangular matrix.

use super::family::{add_tangents, all_in_front, arity, not_linear};
use super::matrix::{batch_in_columns, each_system, mask, right_hand_sides};
use super::{BatchAxis, Batched, Compare, Example, Fill, Jvp, Operand, Primitive, Tangent};
use crate::error::TypeError;
use crate::expr::{Expr, RuleResult, bind1};
use crate::reference::decompositions;
use array::{Array, Type};
use serde::{Deserialize, Serialize};

/// The solution `X` of `op(A) X = B` with a triangular matrix, by substitution. Type:
/// `A: [..., n, n]`, `B: [..., n, k]` → `X: [..., n, k]`. From the right, `X op(A) = B` is
/// `op(A)ᵀ Xᵀ = Bᵀ`.
///
/// Only the named triangle of `A` is read, without the diagonal if that is said to be ones, and
/// the derivative with respect to all other entries is zero. A zero on the diagonal divides: a
/// singular system gives infinities and NaN.
///
/// Linear in `B`, with transpose `B̄ = op(A)⁻ᵀ X̄`; and `dX = op(A)⁻¹ (dB − op(dA) X)`. Source: M. B.
/// Giles, *Collected matrix derivative results for forward and reverse mode algorithmic
/// differentiation* (2008), §2.3.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct TriangularSolve {
    /// The lower triangle of `A` is the matrix, else the upper one.
    pub lower: bool,
    /// `op(A) = Aᵀ`, else `A`.
    pub transpose: bool,
    /// The diagonal is ones, whatever `A` holds there.
    pub unit_diagonal: bool,
}

impl TriangularSolve {
    /// The entries that are read, as a comparison of the row's number with the column's.
    fn triangle(&self) -> Compare {
        match (self.lower, self.unit_diagonal) {
            (true, false) => Compare::Ge,
            (true, true) => Compare::Gt,
            (false, false) => Compare::Le,
            (false, true) => Compare::Lt,
        }
    }
}

impl Primitive for TriangularSolve {
    fn name(&self) -> &'static str {
        "triangular_solve"
    }
    fn typ(&self, x: &[&Type]) -> Result<Vec<Type>, TypeError> {
        arity(x, 2)?;
        right_hand_sides(x[0], x[1])?;
        Ok(vec![x[1].clone()])
    }
    fn eval(&self, x: &[&Array]) -> RuleResult<Vec<Array>> {
        let TriangularSolve { lower, transpose, unit_diagonal } = *self;
        Ok(vec![each_system(x[0], x[1], |n, k, a, b, _| {
            decompositions::triangular_solve(n, k, a, b, lower, transpose, unit_diagonal)
        })])
    }
    fn jvp(&self, x: &[Expr], y: &[Expr], dx: &[Tangent]) -> RuleResult<Jvp> {
        let (a, solution) = (&x[0], &y[0]);
        let along_a = dx[0].as_ref().map(|da| {
            let read = mask(da.shape(), self.triangle()).select(da, &da.full_like(0.0));
            let moved = if self.transpose { read.matrix_transpose() } else { read };
            moved.matmul(solution).neg()
        });
        let right = add_tangents(dx[1].clone(), along_a);
        Ok(right.map(|right| bind1(*self, &[a, &right])).into())
    }
    fn transpose(&self, ct: &[Tangent], x: &[Operand]) -> RuleResult<Vec<Tangent>> {
        let Some(ct) = &ct[0] else { return Ok(vec![None, None]) };
        let Operand::Known(a) = &x[0] else { return not_linear(self) };
        let adjoint = TriangularSolve { transpose: !self.transpose, ..*self };
        Ok(vec![None, x[1].is_linear().then(|| bind1(adjoint, &[a, ct]))])
    }
    fn batch(&self, x: &[Expr], batched: &[bool], axis: &BatchAxis) -> RuleResult<Vec<Batched>> {
        if !batched[0] {
            return batch_in_columns(&x[1], axis, |b| bind1(*self, &[&x[0], b]));
        }
        let x = all_in_front(x, batched, axis);
        Ok(vec![(bind1(*self, &[&x[0], &x[1]]), true)])
    }
    /// n² per right-hand side (Golub, Van Loan, *Matrix Computations*, 4th edition, §3.1.1).
    fn flops(&self, x: &[Type], y: &[Type]) -> u64 {
        let n = x[0].shape.last().copied().unwrap_or(0) as u64;
        y[0].len() as u64 * n
    }
    crate::no_programs!();
    fn examples() -> Vec<Example> {
        let of = |variant: usize, a: &[usize], b: &[usize]| {
            let solve = TriangularSolve {
                lower: variant & 1 == 0,
                transpose: variant & 2 != 0,
                unit_diagonal: variant & 4 != 0,
            };
            Example::new(solve, &[a, b]).fill(0, Fill::WellConditioned)
        };
        let mut all: Vec<Example> = (0..8).map(|v| of(v, &[3, 3], &[3, 2])).collect();
        all.extend([
            of(0, &[2, 2, 2], &[2, 2, 3]),
            of(3, &[2, 3, 3], &[2, 3, 1]),
            of(1, &[1, 1], &[1, 1]),
            of(0, &[0, 0], &[0, 2]),
            of(0, &[2, 2], &[2, 0]),
        ]);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use array::DType;

    fn solve(prim: TriangularSolve, a: &[f64], b: &[f64], leading: &[usize], n: usize) -> Vec<f64> {
        let k = b.len() / (n * array::shape::size(leading));
        let a = Array::from_f64(DType::F64, a, &[leading, &[n, n]].concat());
        let b = Array::from_f64(DType::F64, b, &[leading, &[n, k]].concat());
        prim.eval(&[&a, &b]).expect("a value")[0].to_f64()
    }

    #[test]
    fn the_other_triangle_is_not_read() {
        let lower = TriangularSolve { lower: true, transpose: false, unit_diagonal: false };
        let a = [2.0, f64::NAN, 1.0, 4.0];
        assert_eq!(solve(lower, &a, &[2.0, 9.0], &[], 2), [1.0, 2.0]);
        let adjoint = TriangularSolve { transpose: true, ..lower };
        assert_eq!(solve(adjoint, &a, &[4.0, 8.0], &[], 2), [1.0, 2.0]);
        let unit = TriangularSolve { unit_diagonal: true, ..lower };
        let b = [1.0, 3.0];
        assert_eq!(solve(unit, &[f64::NAN, 7.0, 1.0, f64::NAN], &b, &[], 2), [1.0, 2.0]);
    }

    #[test]
    fn systems_of_a_batch_and_a_singular_one() {
        let lower = TriangularSolve { lower: true, transpose: false, unit_diagonal: false };
        let x = solve(lower, &[2.0, 0.0, 4.0], &[6.0, 1.0, -8.0], &[3], 1);
        assert_eq!(x, [3.0, f64::INFINITY, -2.0]);
    }

    #[test]
    fn a_shared_matrix_is_solved_once_with_more_columns() {
        let lower = TriangularSolve { lower: true, transpose: false, unit_diagonal: false };
        let a = Expr::constant(Array::full(DType::F64, &[2, 3, 3], 1.0));
        let b = Expr::constant(Array::full(DType::F64, &[5, 2, 3, 4], 1.0));
        let axis = BatchAxis { size: 5, name: None };
        let x = lower.batch(&[a, b], &[false, true], &axis).expect("a rule").remove(0).0;
        assert_eq!(x.shape(), [5, 2, 3, 4]);
        let nodes = crate::expr::reachable([&x], |_| true);
        let solve = nodes.iter().find(|n| n.prim().rules().name() == "triangular_solve");
        assert_eq!(solve.expect("a solve").types()[0].shape, [2, 3, 20]);
    }
}
