//! `cholesky`: the factor of a positive definite matrix.

use super::family::{arity, no_cotangents};
use super::matrix::{
    batch_in_front, each_matrix, lower_triangle_half_diagonal, solve_left, solve_right,
    square_matrices, symmetric_part, symmetric_part_of,
};
use super::{BatchAxis, Batched, Example, Fill, Jvp, Operand, Primitive, Tangent, TriangularSolve};
use crate::error::TypeError;
use crate::expr::{Expr, RuleResult};
use crate::reference::decompositions;
use array::{Array, Type};
use serde::{Deserialize, Serialize};

/// The Cholesky factor of the symmetric part: the lower triangular `L` with positive diagonal and
/// `L Lᵀ = (A + Aᵀ)/2`; NaN throughout where that is not positive definite. Type:
/// `A: [..., n, n]` → `L: [..., n, n]`.
///
/// The function is *defined* on all of ℝⁿˣⁿ by its symmetric part. For symmetric `A` that is the
/// factor itself, and value, tangent and cotangent agree for perturbations of any kind: gradients
/// are symmetric. (A factorisation that reads one triangle only would have the gradient in that
/// triangle; one that symmetrises in its derivative only would have a value that its derivative
/// does not belong to.)
///
/// Derivative: `dL = L Φ(L⁻¹ dS L⁻ᵀ)` with `dS = (dA + dAᵀ)/2` and Φ the lower triangle with half
/// the diagonal. Source: I. Murray, *Differentiation of the Cholesky decomposition*,
/// arXiv:1602.07527 (2016), equation 8.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Cholesky {}

impl Primitive for Cholesky {
    fn name(&self) -> &'static str {
        "cholesky"
    }
    fn typ(&self, x: &[&Type]) -> Result<Vec<Type>, TypeError> {
        arity(x, 1)?;
        square_matrices(x[0])?;
        Ok(vec![x[0].clone()])
    }
    fn eval(&self, x: &[&Array]) -> RuleResult<Vec<Array>> {
        let types = self.typ(&[&x[0].ty()])?;
        Ok(each_matrix(x[0], &types, |n, _, a| {
            [decompositions::cholesky(n, &symmetric_part_of(n, a))]
        }))
    }
    fn jvp(&self, _: &[Expr], y: &[Expr], dx: &[Tangent]) -> RuleResult<Jvp> {
        let l = &y[0];
        let factor = TriangularSolve { lower: true, transpose: false, unit_diagonal: false };
        let transposed = TriangularSolve { transpose: true, ..factor };
        let tangent = |da: &Expr| {
            let left = solve_left(factor, l, &symmetric_part(da));
            let both = solve_right(transposed, l, &left);
            l.matmul(&lower_triangle_half_diagonal(&both))
        };
        Ok(dx[0].as_ref().map(tangent).into())
    }
    fn transpose(&self, _: &[Tangent], x: &[Operand]) -> RuleResult<Vec<Tangent>> {
        no_cotangents(self, x)
    }
    fn batch(&self, x: &[Expr], _: &[bool], _: &BatchAxis) -> RuleResult<Vec<Batched>> {
        Ok(batch_in_front(*self, &x[0]))
    }
    /// n³/3 per matrix (Golub, Van Loan, *Matrix Computations*, 4th edition, §4.2.5).
    fn flops(&self, x: &[Type], _: &[Type]) -> u64 {
        let n = x[0].shape.last().copied().unwrap_or(0) as u64;
        x[0].len() as u64 * n / 3
    }
    crate::no_programs!();
    fn examples() -> Vec<Example> {
        let shapes: [&[usize]; 6] = [&[3, 3], &[1, 1], &[0, 0], &[2, 3, 3], &[0, 2, 2], &[4, 4]];
        shapes.map(|s| Example::new(Cholesky {}, &[s]).fill(0, Fill::PositiveDefinite)).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use array::DType;

    fn cholesky(dtype: DType, a: &[f64], shape: &[usize]) -> Array {
        let a = Array::from_f64(dtype, a, shape);
        Cholesky {}.eval(&[&a]).expect("a value").remove(0)
    }

    #[test]
    fn the_symmetric_part_is_factored() {
        let symmetric = cholesky(DType::F64, &[4.0, 2.0, 2.0, 10.0], &[2, 2]);
        assert_eq!(symmetric.to_f64(), [2.0, 0.0, 1.0, 3.0]);
        assert_eq!(cholesky(DType::F64, &[4.0, 1.0, 3.0, 10.0], &[2, 2]), symmetric);
        let single = cholesky(DType::F32, &[4.0, 2.0, 2.0, 10.0], &[2, 2]);
        assert_eq!(single, symmetric.convert(DType::F32));
    }

    #[test]
    fn each_matrix_of_a_batch_stands_alone() {
        let l = cholesky(DType::F64, &[9.0, -1.0, f64::NAN, 16.0], &[4, 1, 1]).to_f64();
        assert_eq!((l[0], l[3]), (3.0, 4.0));
        assert!(l[1].is_nan() && l[2].is_nan(), "not positive definite");
        assert_eq!(cholesky(DType::F64, &[], &[3, 0, 0]).shape(), [3, 0, 0]);
    }

    #[test]
    fn only_square_matrices_of_floats() {
        let reject = |dtype, shape: &[usize]| {
            let ty = Type::new(dtype, shape);
            Cholesky {}.typ(&[&ty]).expect_err("a type error").message
        };
        assert!(reject(DType::F64, &[2, 3]).contains("square"));
        assert!(reject(DType::F64, &[3]).contains("last two axes"));
        assert!(reject(DType::I32, &[3, 3]).contains("floats"));
    }
}
