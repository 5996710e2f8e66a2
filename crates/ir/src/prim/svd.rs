//! `svd`: singular values and vectors.

use super::family::{arity, no_cotangents};
use super::matrix::{
    axes_of, batch_in_front, columns_times, diagonal, differences, each_matrix, guarded_reciprocal,
    matrices, resolution, rows_times, sums,
};
use super::{BatchAxis, Batched, Example, Fill, Jvp, Operand, Primitive, Tangent};
use crate::error::TypeError;
use crate::expr::{Expr, RuleResult};
use crate::reference::decompositions;
use array::{Array, Type};
use serde::{Deserialize, Serialize};

/// The thin singular value decomposition `A = U diag(s) Vᵀ`: orthonormal columns in `U` and `V`,
/// `s₁ ≥ … ≥ s_k ≥ 0`, the largest component of each column of `U` positive
/// ([`canonical_sign`](crate::reference::decompositions::canonical_sign)). Type, with
/// `k = min(m, n)`: `A: [..., m, n]` → `U: [..., m, k]`, `s: [..., k]`, `Vᵀ: [..., k, n]`; NaN where
/// an entry is not finite.
///
/// Derivative: with `P = Uᵀ dA V`, `ds = diag(P)`; inside the spaces that are spanned, the skew
/// rotations `UᵀdU = X + Y` and `VᵀdV = X − Y`, where
///
/// `X_ij = ½ (P + Pᵀ)_ij / (s_j − s_i)`, `Y_ij = ½ (P − Pᵀ)_ij / (s_j + s_i)`;
///
/// and out of them, `(I − UUᵀ) dA V S⁻¹` for `U` (where `m > n`), `(I − VVᵀ) dAᵀ U S⁻¹` for `V`
/// (where `n > m`). The sign of a vector is locally constant. This is the usual formula with
/// `1/(s_j² − s_i²)` in partial fractions, which needs no squares and shows what is singular: a gap
/// alone, a sum alone.
///
/// A divisor that cannot be told from zero (at most `max(m, n)·ε·s₁`, the backward error of the
/// decomposition) is replaced by infinity: vectors of equal singular values do not rotate among each
/// other, those of zero singular values do not move. Derivatives of functions that are symmetric in
/// equal singular values are then right to first order; those of a single one of them, or of its
/// vectors, do not exist, and the numbers given are finite but mean nothing.
///
/// Source: J. Townsend, *Differentiating the singular value decomposition* (2016).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Svd {}

impl Primitive for Svd {
    fn name(&self) -> &'static str {
        "svd"
    }
    fn typ(&self, x: &[&Type]) -> Result<Vec<Type>, TypeError> {
        arity(x, 1)?;
        let a = matrices(x[0])?;
        let k = a.smaller();
        Ok(vec![
            x[0].with_shape(a.with(&[a.rows, k])),
            x[0].with_shape(a.with(&[k])),
            x[0].with_shape(a.with(&[k, a.columns])),
        ])
    }
    fn eval(&self, x: &[&Array]) -> RuleResult<Vec<Array>> {
        let types = self.typ(&[&x[0].ty()])?;
        Ok(each_matrix(x[0], &types, |m, n, a| {
            let (u, s, vt) = decompositions::svd(m, n, a);
            [u, s, vt]
        }))
    }
    fn jvp(&self, x: &[Expr], y: &[Expr], dx: &[Tangent]) -> RuleResult<Jvp> {
        let (u, s, vt) = (&y[0], &y[1], &y[2]);
        let axes = axes_of(x[0].shape());
        let (m, n, k) = (axes.rows, axes.columns, axes.smaller());
        let Some(da) = dx[0].as_ref().filter(|_| k > 0) else { return Ok(vec![None; 3].into()) };
        let da_v = da.matmul(&vt.matrix_transpose());
        let p = u.matrix_transpose().matmul(&da_v);
        let pt = p.matrix_transpose();

        let negligible = resolution(s, m.max(n));
        let by_gap = guarded_reciprocal(&differences(s), &negligible);
        let by_sum = guarded_reciprocal(&sums(s), &negligible);
        let even = (&by_gap * &(&p + &pt)).times(0.5);
        let odd = (&by_sum * &(&p - &pt)).times(0.5);

        let by_value = || guarded_reciprocal(s, &negligible);
        let mut du = u.matmul(&(&even + &odd));
        if m > n {
            du = &du + &columns_times(&(&da_v - &u.matmul(&p)), &by_value());
        }
        // d(Vᵀ) = (dV)ᵀ, and both rotations are skew.
        let mut dvt = (&odd - &even).matmul(vt);
        if n > m {
            let outside = &u.matrix_transpose().matmul(da) - &p.matmul(vt);
            dvt = &dvt + &rows_times(&by_value(), &outside);
        }
        Ok(vec![Some(du), Some(diagonal(&p)), Some(dvt)].into())
    }
    fn transpose(&self, _: &[Tangent], x: &[Operand]) -> RuleResult<Vec<Tangent>> {
        no_cotangents(self, x)
    }
    fn batch(&self, x: &[Expr], _: &[bool], _: &BatchAxis) -> RuleResult<Vec<Batched>> {
        Ok(batch_in_front(*self, &x[0]))
    }
    /// 14mn² + 8n³ per matrix with `m ≥ n` (Golub, Van Loan, *Matrix Computations*, 4th edition,
    /// figure 8.6.1, for U₁, Σ and V).
    fn flops(&self, x: &[Type], _: &[Type]) -> u64 {
        let a = axes_of(&x[0].shape);
        let (large, small) = (a.rows.max(a.columns) as u64, a.smaller() as u64);
        a.count() as u64 * (14 * large + 8 * small) * small * small
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
        shapes.map(|s| Example::new(Svd {}, &[s]).fill(0, Fill::WellConditioned)).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{jvp_program, program_of};
    use array::DType;

    fn svd(dtype: DType, a: &[f64], shape: &[usize]) -> Vec<Array> {
        Svd {}.eval(&[&Array::from_f64(dtype, a, shape)]).expect("a value")
    }

    #[test]
    fn a_worked_example() {
        for dtype in [DType::F32, DType::F64] {
            let y = svd(dtype, &[0.0, -2.0, 0.0, 1.0, 0.0, 0.0], &[2, 3]);
            assert_eq!(y[0], Array::from_f64(dtype, &[1.0, 0.0, 0.0, 1.0], &[2, 2]));
            assert_eq!(y[1], Array::from_f64(dtype, &[2.0, 1.0], &[2]));
            assert_eq!(y[2].to_f64(), [0.0, -1.0, 0.0, 1.0, 0.0, 0.0]);
        }
    }

    #[test]
    fn each_matrix_of_a_batch_stands_alone() {
        let y = svd(DType::F64, &[-2.0, f64::NAN, 3.0], &[3, 1, 1]);
        let (u, s, vt) = (y[0].to_f64(), y[1].to_f64(), y[2].to_f64());
        assert_eq!((u[0], s[0], vt[0]), (1.0, 2.0, -1.0));
        assert_eq!((u[2], s[2], vt[2]), (1.0, 3.0, 1.0));
        assert!(u[1].is_nan() && s[1].is_nan() && vt[1].is_nan());
        let shapes: Vec<_> = svd(DType::F64, &[], &[5, 0, 3]).iter().map(Array::ty).collect();
        let text: Vec<_> = shapes.iter().map(Type::to_string).collect();
        assert_eq!(text, ["f64[5,0,0]", "f64[5,0]", "f64[5,0,3]"]);
    }

    #[test]
    fn equal_and_zero_singular_values_have_finite_derivatives() {
        for shape in [[3, 3], [4, 2], [2, 4]] {
            let example =
                Svd::examples().into_iter().find(|e| e.inputs[0].0.shape == shape).expect("one");
            let first = jvp_program(&program_of(&example).expect("a program")).expect("a rule");
            let second = jvp_program(&first).expect("a rule");
            let da = crate::check::random_like(&Type::new(DType::F64, shape), 3);
            for diagonal in [1.0, 0.0] {
                let a = Array::from_fn(&shape, |i| if i[0] == i[1] { diagonal } else { 0.0 });
                let x = [a, da.clone()];
                let dy = first.eval(&x).expect("a value");
                let ddy = second.eval(&[&x[..], &x[..]].concat()).expect("a value");
                let finite = |y: &Array| y.to_f64().iter().all(|d| d.is_finite());
                assert!(dy.iter().chain(&ddy).all(finite), "{shape:?} {diagonal}");
                if diagonal == 1.0 {
                    // The nuclear norm is smooth there: dΣs = ⟨UVᵀ, dA⟩, here the trace of dA.
                    let values = da.to_f64();
                    let trace: f64 =
                        (0..shape[0].min(shape[1])).map(|i| values[i * shape[1] + i]).sum();
                    let sum: f64 = dy[1].to_f64().iter().sum();
                    assert!((sum - trace).abs() < 1e-12);
                }
            }
        }
    }
}
