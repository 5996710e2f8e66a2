//! `lu_solve`: systems of equations whose matrix has been factored.

use super::family::{add_tangents, all_in_front, arity, not_linear};
use super::matrix::{batch_in_columns, each_system, right_hand_sides};
use super::{BatchAxis, Batched, Example, Fill, Jvp, Operand, Primitive, Tangent};
use crate::error::{TypeError, ensure};
use crate::expr::{Expr, RuleResult, bind1};
use crate::reference::decompositions::triangular_solve;
use array::{Array, DType, Type};
use serde::{Deserialize, Serialize};

/// The solution `X` of `op(A) X = B` for a matrix whose [`Lu`](super::Lu) factors are at hand.
/// Operands: `A: [..., n, n]`, its packed factors (same type), their permutation `i64[..., n]`,
/// `B: [..., n, k]`; result `X: [..., n, k]`.
///
/// The value comes from the factors; `A` is there for the derivative. The factors are a function
/// of `A`, so as a function of `A` and `B` the solution is `op(A)⁻¹ B`, and
/// `dX = op(A)⁻¹ (dB − op(dA) X)`: the implicit function theorem, in which the same factors are used
/// again for each order of derivatives, at O(n²) per column, where differentiating the factors
/// themselves would take O(n³). The packed factors therefore carry no derivative of their own.
/// Linear in `B`, with transpose `B̄ = op(A)⁻ᵀ X̄`. Source: M. B. Giles, *Collected matrix derivative
/// results for forward and reverse mode algorithmic differentiation* (2008), §2.3.
///
/// Use [`linalg::solve`](crate::linalg::solve), which factors the matrix it is given: factors of
/// another matrix give a solution whose derivative is not its own.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct LuSolve {
    /// `op(A) = Aᵀ`, else `A`.
    pub transpose: bool,
}

impl LuSolve {
    /// One system: `P A = L U`, so `A X = B` is `L U X = P B`, and `Aᵀ X = B` is
    /// `Uᵀ Lᵀ (P X) = B`. Indices outside are clamped.
    fn solve(&self, n: usize, k: usize, packed: &[f64], rows: &[i64], b: &[f64]) -> Vec<f64> {
        let row = |i: usize| rows[i].clamp(0, n as i64 - 1) as usize;
        if self.transpose {
            let y = triangular_solve(n, k, packed, b, false, true, false);
            let z = triangular_solve(n, k, packed, &y, true, true, true);
            let mut x = vec![0.0; n * k];
            for i in 0..n {
                x[row(i) * k..][..k].copy_from_slice(&z[i * k..][..k]);
            }
            return x;
        }
        let permuted: Vec<f64> = (0..n).flat_map(|i| b[row(i) * k..][..k].to_vec()).collect();
        let y = triangular_solve(n, k, packed, &permuted, true, false, true);
        triangular_solve(n, k, packed, &y, false, false, false)
    }
}

impl Primitive for LuSolve {
    fn name(&self) -> &'static str {
        "lu_solve"
    }
    fn typ(&self, x: &[&Type]) -> Result<Vec<Type>, TypeError> {
        arity(x, 4)?;
        right_hand_sides(x[0], x[3])?;
        ensure(x[0] == x[1], || "the packed factors must have the matrix's type".into())?;
        let rows = Type::new(DType::I64, &x[0].shape[..x[0].rank() - 1]);
        ensure(*x[2] == rows, || format!("the permutation must be {rows}, got {}", x[2]))?;
        Ok(vec![x[3].clone()])
    }
    fn eval(&self, x: &[&Array]) -> RuleResult<Vec<Array>> {
        let rows = x[2].as_slice::<i64>();
        Ok(vec![each_system(x[1], x[3], |n, k, packed, b, i| {
            self.solve(n, k, packed, &rows[i * n..(i + 1) * n], b)
        })])
    }
    fn jvp(&self, x: &[Expr], y: &[Expr], dx: &[Tangent]) -> RuleResult<Jvp> {
        let along_a = dx[0].as_ref().map(|da| {
            let moved = if self.transpose { da.matrix_transpose() } else { da.clone() };
            moved.matmul(&y[0]).neg()
        });
        let right = add_tangents(dx[3].clone(), along_a);
        Ok(right.map(|right| bind1(*self, &[&x[0], &x[1], &x[2], &right])).into())
    }
    fn transpose(&self, ct: &[Tangent], x: &[Operand]) -> RuleResult<Vec<Tangent>> {
        let Some(ct) = &ct[0] else { return Ok(vec![None; 4]) };
        let [Operand::Known(a), Operand::Known(packed), Operand::Known(permutation), _] = x else {
            return not_linear(self);
        };
        let adjoint = LuSolve { transpose: !self.transpose };
        let pulled = || bind1(adjoint, &[a, packed, permutation, ct]);
        Ok(vec![None, None, None, x[3].is_linear().then(pulled)])
    }
    fn batch(&self, x: &[Expr], batched: &[bool], axis: &BatchAxis) -> RuleResult<Vec<Batched>> {
        if !batched[..3].contains(&true) {
            return batch_in_columns(&x[3], axis, |b| bind1(*self, &[&x[0], &x[1], &x[2], b]));
        }
        let x = all_in_front(x, batched, axis);
        Ok(vec![(bind1(*self, &x.iter().collect::<Vec<_>>()), true)])
    }
    /// 2n² per right-hand side: two triangular systems.
    fn flops(&self, x: &[Type], y: &[Type]) -> u64 {
        let n = x[0].shape.last().copied().unwrap_or(0) as u64;
        2 * y[0].len() as u64 * n
    }
    crate::no_programs!();
    fn examples() -> Vec<Example> {
        // P A = L U with rows 2, 0, 1 of A.
        let a = vec![1.0, 3.0, 2.5, 0.5, 1.75, 2.25, 2.0, 4.0, 1.0];
        let packed = vec![2.0, 4.0, 1.0, 0.5, 1.0, 2.0, 0.25, 0.75, 0.5];
        let of = |transpose, leading: &[usize], k: usize| {
            let matrix = [leading, &[3, 3]].concat();
            let shapes = [&matrix[..], &matrix, &matrix[..matrix.len() - 1]];
            let right = [leading, &[3, k]].concat();
            Example::new(LuSolve { transpose }, &[shapes[0], shapes[1], shapes[2], &right])
                .fill(0, Fill::Values(a.clone()))
                .fill(1, Fill::Values(packed.clone()))
                .fill(2, Fill::Values(vec![2.0, 0.0, 1.0]))
                .dtype(2, DType::I64)
                .without_derivative(
                    "the factors are a function of the matrix and cannot be moved apart from it; \
                     `linalg::solve` is what is differentiated",
                )
        };
        let empty = |transpose| {
            Example::new(LuSolve { transpose }, &[&[0, 0], &[0, 0], &[0], &[0, 2]])
                .dtype(2, DType::I64)
                .without_derivative("there is nothing to move")
        };
        vec![
            of(false, &[], 2),
            of(true, &[], 2),
            of(false, &[2], 1),
            of(true, &[2], 1),
            empty(true),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prim::Lu;

    fn solve(prim: LuSolve, a: &Array, factors: [&Array; 2], b: &Array) -> Vec<f64> {
        prim.eval(&[a, factors[0], factors[1], b]).expect("a value")[0].to_f64()
    }

    #[test]
    fn the_example_is_factored_as_it_says() {
        for example in LuSolve::examples() {
            let inputs: Vec<Array> =
                example.inputs.iter().map(|(t, f)| crate::check::fill(t, f, 0)).collect();
            let factors = Lu {}.eval(&[&inputs[0]]).expect("a value");
            assert_eq!((&factors[0], &factors[2]), (&inputs[1], &inputs[2]));
        }
    }

    #[test]
    fn the_solution_satisfies_the_system() {
        let a = [0.0, 1.0, 2.0, 3.0, -1.0, 0.5, 4.0, 2.0, 8.0];
        let b = [1.0, -2.0, 0.5, 3.0, 2.0, 7.0];
        for dtype in [DType::F32, DType::F64] {
            let matrix = Array::from_f64(dtype, &a, &[3, 3]);
            let right = Array::from_f64(dtype, &b, &[3, 2]);
            let y = Lu {}.eval(&[&matrix]).expect("a value");
            for transpose in [false, true] {
                let x = solve(LuSolve { transpose }, &matrix, [&y[0], &y[2]], &right);
                for i in 0..3 {
                    for j in 0..2 {
                        let entry = |l: usize| if transpose { a[l * 3 + i] } else { a[i * 3 + l] };
                        let sum: f64 = (0..3).map(|l| entry(l) * x[l * 2 + j]).sum();
                        let tolerance = 100.0 * dtype.epsilon();
                        assert!((sum - b[i * 2 + j]).abs() < tolerance, "{transpose} {i} {j}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_singular_matrix_has_no_finite_solution_and_wrong_indices_are_clamped() {
        let a = Array::from_vec(vec![0.0], &[1, 1]);
        let b = Array::from_vec(vec![1.0], &[1, 1]);
        let row = Array::from_vec(vec![7_i64], &[1]);
        for transpose in [false, true] {
            let x = solve(LuSolve { transpose }, &a, [&a, &row], &b);
            assert_eq!(x, [f64::INFINITY]);
        }
    }
}
