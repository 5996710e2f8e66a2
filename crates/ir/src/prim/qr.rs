//! `qr`: an orthonormal basis and a triangular factor.

use super::family::{arity, no_cotangents};
use super::matrix::{axes_of, batch_in_front, each_matrix, masked, matrices, solve_right};
use super::{
    BatchAxis, Batched, Compare, Example, Fill, Jvp, Operand, Primitive, Tangent, TriangularSolve,
};
use crate::error::TypeError;
use crate::expr::{Expr, RuleResult};
use crate::reference::decompositions;
use array::{Array, Type};
use serde::{Deserialize, Serialize};

/// The reduced QR decomposition `A = Q R`: `Q` has orthonormal columns, `R` is upper triangular with
/// a diagonal that is not negative. Type, with `k = min(m, n)`: `A: [..., m, n]` →
/// `Q: [..., m, k]`, `R: [..., k, n]`. Unique where the leading `k` columns `A₁` of `A` have full
/// rank; NaN where an entry is not finite.
///
/// Derivative, there (elsewhere it holds infinities or NaN): with `R₁` the leading `k` columns of
/// `R`, `X = dA₁ R₁⁻¹` and `C = QᵀX`,
///
/// * `Ω = QᵀdQ = tril₋₁(C) − tril₋₁(C)ᵀ`, skew, because `C = Ω + dR₁ R₁⁻¹` and the last term is
///   upper triangular;
/// * `dQ = Q Ω + (X − Q C)`, the second part orthogonal to the columns of `Q` (zero for `m ≤ n`);
/// * `dR = QᵀdA − Ω R`, which for `m < n` holds for the further columns too, since `R = QᵀA`.
///
/// Source: S. F. Walter, L. Lehmann, *Algorithmic differentiation of linear algebra functions with
/// application in optimum experimental design*, arXiv:1001.1654 (2010), for `m ≥ n`; the wide case
/// follows from the same two equations.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Qr {}

impl Primitive for Qr {
    fn name(&self) -> &'static str {
        "qr"
    }
    fn typ(&self, x: &[&Type]) -> Result<Vec<Type>, TypeError> {
        arity(x, 1)?;
        let a = matrices(x[0])?;
        let k = a.smaller();
        Ok(vec![x[0].with_shape(a.with(&[a.rows, k])), x[0].with_shape(a.with(&[k, a.columns]))])
    }
    fn eval(&self, x: &[&Array]) -> RuleResult<Vec<Array>> {
        let types = self.typ(&[&x[0].ty()])?;
        Ok(each_matrix(x[0], &types, |m, n, a| {
            let (q, r) = decompositions::qr(m, n, a);
            [q, r]
        }))
    }
    fn jvp(&self, x: &[Expr], y: &[Expr], dx: &[Tangent]) -> RuleResult<Jvp> {
        let Some(da) = &dx[0] else { return Ok(vec![None; 2].into()) };
        let (q, r) = (&y[0], &y[1]);
        let axes = axes_of(x[0].shape());
        let (k, column) = (axes.smaller(), da.rank() - 1);
        let upper = TriangularSolve { lower: false, transpose: false, unit_diagonal: false };
        let quotient =
            solve_right(upper, &r.slice_axis(column, 0, k), &da.slice_axis(column, 0, k));
        let qt = q.matrix_transpose();
        let inside = qt.matmul(&quotient);
        let below = masked(&inside, Compare::Gt);
        let rotation = &below - &below.matrix_transpose();
        let mut dq = q.matmul(&rotation);
        if axes.rows > k {
            dq = &dq + &(&quotient - &q.matmul(&inside));
        }
        let dr = masked(&(&qt.matmul(da) - &rotation.matmul(r)), Compare::Le);
        Ok(vec![Some(dq), Some(dr)].into())
    }
    fn transpose(&self, _: &[Tangent], x: &[Operand]) -> RuleResult<Vec<Tangent>> {
        no_cotangents(self, x)
    }
    fn batch(&self, x: &[Expr], _: &[bool], _: &BatchAxis) -> RuleResult<Vec<Batched>> {
        Ok(batch_in_front(*self, &x[0]))
    }
    /// 2mnk − (m + n)k² + 2k³/3 for `R` by reflections, and as much again as for an m×k matrix to
    /// form `Q` (Golub, Van Loan, *Matrix Computations*, 4th edition, §5.2.2, §5.1.6).
    fn flops(&self, x: &[Type], _: &[Type]) -> u64 {
        let a = axes_of(&x[0].shape);
        let (m, n, k) = (a.rows as u64, a.columns as u64, a.smaller() as u64);
        let reflect =
            |columns: u64| 2 * m * columns * k - (m + columns) * k * k + 2 * k * k * k / 3;
        a.count() as u64 * (reflect(n) + reflect(k))
    }
    crate::no_programs!();
    fn examples() -> Vec<Example> {
        let shapes: [&[usize]; 10] = [
            &[3, 3],
            &[4, 2],
            &[2, 4],
            &[3, 1],
            &[1, 3],
            &[2, 3, 2],
            &[2, 2, 3],
            &[0, 0],
            &[0, 2],
            &[2, 0],
        ];
        shapes.map(|s| Example::new(Qr {}, &[s]).fill(0, Fill::WellConditioned)).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use array::DType;

    fn qr(dtype: DType, a: &[f64], shape: &[usize]) -> Vec<Array> {
        Qr {}.eval(&[&Array::from_f64(dtype, a, shape)]).expect("a value")
    }

    #[test]
    fn the_diagonal_of_r_is_not_negative() {
        for (dtype, tolerance) in [(DType::F32, 1e-6), (DType::F64, 1e-15)] {
            let y = qr(dtype, &[-3.0, 4.0], &[2, 1]);
            let close = |x: f64, y: f64| (x - y).abs() < tolerance * y.abs();
            let (q, r) = (y[0].to_f64(), y[1].to_f64());
            assert!(close(r[0], 5.0) && close(q[0], -0.6) && close(q[1], 0.8));
            assert_eq!((y[0].dtype(), y[1].shape()), (dtype, &[1, 1][..]));
        }
    }

    #[test]
    fn each_matrix_of_a_batch_stands_alone() {
        let y = qr(DType::F64, &[-2.0, f64::NAN, 3.0], &[3, 1, 1]);
        let (q, r) = (y[0].to_f64(), y[1].to_f64());
        assert_eq!((q[0], r[0], q[2], r[2]), (-1.0, 2.0, 1.0, 3.0));
        assert!(q[1].is_nan() && r[1].is_nan());
        let shapes: Vec<_> = qr(DType::F64, &[], &[5, 3, 0]).iter().map(Array::ty).collect();
        let text: Vec<_> = shapes.iter().map(Type::to_string).collect();
        assert_eq!(text, ["f64[5,3,0]", "f64[5,0,0]"]);
    }
}
