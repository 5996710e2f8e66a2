//! `lu`: the triangular factors of a matrix, with partial pivoting.

use super::family::{arity, no_cotangents};
use super::matrix::{
    axes_of, batch_in_front, each_matrix, masked, matrices, solve_left, solve_right,
};
use super::{
    BatchAxis, Batched, Compare, Example, Fill, Jvp, Operand, Padding, Primitive, Tangent,
    TriangularSolve,
};
use crate::error::TypeError;
use crate::expr::{Expr, RuleResult};
use crate::reference::decompositions;
use array::{Array, DType, Type};
use serde::{Deserialize, Serialize};

/// The LU decomposition with partial pivoting, `P A = L U`. Type, with `k = min(m, n)`:
/// `A: [..., m, n]` → the factors packed in one matrix `[..., m, n]`, the pivots `i64[..., k]`, the
/// permutation `i64[..., m]`.
///
/// `U` stands on and above the diagonal of the packed factors, `L` (with ones on its diagonal)
/// below it; row `i` of `P A` is row `permutation[i]` of `A`; at step `i`, row `i` was exchanged
/// with row `pivots[i] ≥ i`. Singular matrices have factors too; a matrix with an entry that is not
/// finite has NaN.
///
/// Derivative: with `M = L⁻¹ P dA U⁻¹` for square `A`, `dL = L tril₋₁(M)` and `dU = triu(M) U`; the
/// permutation is locally constant. It exists where the leading `k` columns of `A` have full rank
/// (else it holds infinities or NaN). Source: F. de Hoog, R. Anderssen, M. Lukas,
/// *Differentiation of matrix functionals using triangular factorization*, Math. Comp. 80 (2011).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Lu {}

/// The permutation matrix `P`, of one and zero, whose row `i` has its one in column
/// `permutation[i]`.
fn permutation_matrix(permutation: &Expr, dtype: DType) -> Expr {
    let r = permutation.rank();
    let m = permutation.shape()[r - 1];
    let shape = [permutation.shape(), &[m]].concat();
    let column = Expr::iota(DType::I64, &shape, r);
    permutation.broadcast_along(&shape, &[r]).eq(&column).convert(dtype)
}

impl Primitive for Lu {
    fn name(&self) -> &'static str {
        "lu"
    }
    fn typ(&self, x: &[&Type]) -> Result<Vec<Type>, TypeError> {
        arity(x, 1)?;
        let a = matrices(x[0])?;
        let indices = |n: usize| Type::new(DType::I64, a.with(&[n]));
        Ok(vec![x[0].clone(), indices(a.smaller()), indices(a.rows)])
    }
    fn eval(&self, x: &[&Array]) -> RuleResult<Vec<Array>> {
        let types = self.typ(&[&x[0].ty()])?;
        Ok(each_matrix(x[0], &types, |m, n, a| {
            let (packed, pivots, permutation) = decompositions::lu(m, n, a);
            let numbers = |v: Vec<usize>| v.into_iter().map(|i| i as f64).collect();
            [packed, numbers(pivots), numbers(permutation)]
        }))
    }
    // With the top k = min(m, n) rows of P A being L₁ U, and U₁ the leading k columns of U:
    //   Y = L₁⁻¹ P dA,  T = tril₋₁(Y U₁⁻¹),  dL₁ = L₁ T,  dU = Y − T U,
    // and where there are more rows than columns, P A = [L₁; L₂] U gives
    //   dL₂ = (P dA − L₂ dU) U⁻¹ in those rows.
    fn jvp(&self, x: &[Expr], y: &[Expr], dx: &[Tangent]) -> RuleResult<Jvp> {
        let Some(da) = &dx[0] else { return Ok(vec![None; 3].into()) };
        let axes = axes_of(x[0].shape());
        let (m, n, k) = (axes.rows, axes.columns, axes.smaller());
        let (row, column) = (da.rank() - 2, da.rank() - 1);
        let lower = TriangularSolve { lower: true, transpose: false, unit_diagonal: true };
        let upper = TriangularSolve { lower: false, transpose: false, unit_diagonal: false };

        let permuted = permutation_matrix(&y[2], da.dtype()).matmul(da);
        let top = y[0].slice_axis(row, 0, k);
        let leading = top.slice_axis(column, 0, k);
        let u = masked(&top, Compare::Le);

        let solved = solve_left(lower, &leading, &permuted.slice_axis(row, 0, k));
        let quotient = solve_right(upper, &leading, &solved.slice_axis(column, 0, k));
        let t = masked(&quotient, Compare::Gt);
        let du = masked(&(&solved - &t.matmul(&u)), Compare::Le);
        // L₁ = tril₋₁(packed) + I.
        let dl = &masked(&leading, Compare::Gt).matmul(&t) + &t;
        let mut beside = vec![Padding { low: 0, high: 0, interior: 0 }; da.rank()];
        beside[column].high = (n - k) as i64;
        let mut packed = &du + &dl.pad_zero(&beside);
        if m > k {
            let below = y[0].slice_axis(row, k, m);
            let rest = &permuted.slice_axis(row, k, m) - &below.matmul(&du);
            packed = Expr::concatenate(&[&packed, &solve_right(upper, &leading, &rest)], row);
        }
        Ok(vec![Some(packed), None, None].into())
    }
    fn transpose(&self, _: &[Tangent], x: &[Operand]) -> RuleResult<Vec<Tangent>> {
        no_cotangents(self, x)
    }
    fn batch(&self, x: &[Expr], _: &[bool], _: &BatchAxis) -> RuleResult<Vec<Batched>> {
        Ok(batch_in_front(*self, &x[0]))
    }
    /// m n k − (m + n) k²/2 + k³/3 multiply-adds per matrix, `k = min(m, n)`: 2n³/3 for square ones
    /// (Golub, Van Loan, *Matrix Computations*, 4th edition, §3.2.6).
    fn flops(&self, x: &[Type], _: &[Type]) -> u64 {
        let a = axes_of(&x[0].shape);
        let (m, n, k) = (a.rows as u64, a.columns as u64, a.smaller() as u64);
        a.count() as u64 * (2 * m * n * k - (m + n) * k * k + 2 * k * k * k / 3)
    }
    crate::no_programs!();
    fn examples() -> Vec<Example> {
        let of = |s: &[usize]| Example::new(Lu {}, &[s]).fill(0, Fill::WellConditioned);
        // Rows are exchanged.
        let pivoted = vec![0.2, 1.3, -0.4, 1.7, 0.3, 0.5, -0.6, 0.8, 1.9];
        vec![
            of(&[3, 3]),
            of(&[3, 3]).fill(0, Fill::Values(pivoted.clone())),
            of(&[4, 2]).fill(0, Fill::Values(pivoted.clone())),
            of(&[2, 4]).fill(0, Fill::Values(pivoted)),
            of(&[2, 3, 2]),
            of(&[2, 2, 2]),
            of(&[1, 1]),
            of(&[0, 0]),
            of(&[0, 2]),
            of(&[2, 0]),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lu(dtype: DType, a: &[f64], shape: &[usize]) -> Vec<Array> {
        Lu {}.eval(&[&Array::from_f64(dtype, a, shape)]).expect("a value")
    }

    #[test]
    fn factors_pivots_and_permutation() {
        for dtype in [DType::F32, DType::F64] {
            let y = lu(dtype, &[1.0, 2.0, 4.0, 6.0], &[2, 2]);
            assert_eq!(y[0], Array::from_f64(dtype, &[4.0, 6.0, 0.25, 0.5], &[2, 2]));
            assert_eq!(y[1], Array::from_vec(vec![1_i64, 1], &[2]));
            assert_eq!(y[2], Array::from_vec(vec![1_i64, 0], &[2]));
        }
    }

    #[test]
    fn each_matrix_of_a_batch_stands_alone() {
        let y = lu(DType::F64, &[0.0, f64::INFINITY, -3.0], &[3, 1, 1]);
        let packed = y[0].to_f64();
        assert_eq!((packed[0], packed[2]), (0.0, -3.0));
        assert!(packed[1].is_nan());
        let shapes: Vec<_> = lu(DType::F64, &[], &[2, 3, 0]).iter().map(Array::ty).collect();
        let text: Vec<_> = shapes.iter().map(Type::to_string).collect();
        assert_eq!(text, ["f64[2,3,0]", "i64[2,0]", "i64[2,3]"]);
    }

    #[test]
    fn operations_of_the_square_case() {
        let ty = Type::new(DType::F64, [5, 30, 30]);
        assert_eq!(Lu {}.flops(&[ty], &[]), 5 * 2 * 30 * 30 * 30 / 3);
    }
}
