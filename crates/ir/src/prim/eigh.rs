//! `eigh`: the spectrum of a symmetric matrix.

use super::family::{arity, no_cotangents};
use super::matrix::{
    batch_in_front, diagonal, differences, each_matrix, guarded_reciprocal, resolution,
    square_matrices, symmetric_part, symmetric_part_of,
};
use super::{BatchAxis, Batched, Example, Fill, Jvp, Operand, Primitive, Tangent};
use crate::error::TypeError;
use crate::expr::{Expr, RuleResult};
use crate::reference::decompositions;
use array::{Array, Type};
use serde::{Deserialize, Serialize};

/// The spectral decomposition of the symmetric part, `(A + Aᵀ)/2 = V diag(λ) Vᵀ`: eigenvalues
/// ascending, orthonormal eigenvectors in the columns of `V`, each with its largest component
/// positive ([`canonical_sign`](crate::reference::decompositions::canonical_sign)). Type:
/// `A: [..., n, n]` → `λ: [..., n]`, `V: [..., n, n]`; NaN where an entry is not finite.
///
/// As with [`Cholesky`](super::Cholesky), the function is defined on all of ℝⁿˣⁿ by the symmetric
/// part, so that its gradient is symmetric.
///
/// Derivative: with `P = Vᵀ (dA + dAᵀ)/2 V`, `dλ = diag(P)` and `dV = V (F ∘ P)`,
/// `F_ij = 1/(λ_j − λ_i)`; the sign of a vector is locally constant. Where two eigenvalues cannot be
/// told apart (their difference is at most `n·ε·max|λ|`, the backward error of the decomposition),
/// `F_ij = 0`: within such an eigenspace the basis is arbitrary and is held still. Derivatives of
/// functions that are symmetric in those eigenvalues (traces, determinants, spectral sums) are then
/// right to first order; those of a single one of them, or of its vector, do not exist, and the
/// numbers given are finite but mean nothing. Source: M. B. Giles, *Collected matrix derivative
/// results for forward and reverse mode algorithmic differentiation* (2008), §3.1.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Eigh {}

impl Primitive for Eigh {
    fn name(&self) -> &'static str {
        "eigh"
    }
    fn typ(&self, x: &[&Type]) -> Result<Vec<Type>, TypeError> {
        arity(x, 1)?;
        let a = square_matrices(x[0])?;
        Ok(vec![x[0].with_shape(a.with(&[a.rows])), x[0].clone()])
    }
    fn eval(&self, x: &[&Array]) -> RuleResult<Vec<Array>> {
        let types = self.typ(&[&x[0].ty()])?;
        Ok(each_matrix(x[0], &types, |n, _, a| {
            let (eigenvalues, v) = decompositions::eigh(n, &symmetric_part_of(n, a));
            [eigenvalues, v]
        }))
    }
    fn jvp(&self, _: &[Expr], y: &[Expr], dx: &[Tangent]) -> RuleResult<Jvp> {
        let (eigenvalues, v) = (&y[0], &y[1]);
        let n = eigenvalues.shape()[eigenvalues.rank() - 1];
        let Some(da) = dx[0].as_ref().filter(|_| n > 0) else { return Ok(vec![None; 2].into()) };
        let p = v.matrix_transpose().matmul(&symmetric_part(da)).matmul(v);
        let f = guarded_reciprocal(&differences(eigenvalues), &resolution(eigenvalues, n));
        Ok(vec![Some(diagonal(&p)), Some(v.matmul(&(&f * &p)))].into())
    }
    fn transpose(&self, _: &[Tangent], x: &[Operand]) -> RuleResult<Vec<Tangent>> {
        no_cotangents(self, x)
    }
    fn batch(&self, x: &[Expr], _: &[bool], _: &BatchAxis) -> RuleResult<Vec<Batched>> {
        Ok(batch_in_front(*self, &x[0]))
    }
    /// 9n³ per matrix, with tridiagonal QR (Golub, Van Loan, *Matrix Computations*, 4th edition,
    /// §8.3.5).
    fn flops(&self, x: &[Type], _: &[Type]) -> u64 {
        let n = x[0].shape.last().copied().unwrap_or(0) as u64;
        9 * x[0].len() as u64 * n
    }
    crate::no_programs!();
    fn examples() -> Vec<Example> {
        let shapes: [&[usize]; 6] = [&[3, 3], &[1, 1], &[0, 0], &[2, 2, 2], &[0, 2, 2], &[4, 4]];
        shapes.map(|s| Example::new(Eigh {}, &[s]).fill(0, Fill::Symmetric)).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{jvp_program, program_of};
    use array::DType;

    fn eigh(dtype: DType, a: &[f64], shape: &[usize]) -> Vec<Array> {
        Eigh {}.eval(&[&Array::from_f64(dtype, a, shape)]).expect("a value")
    }

    #[test]
    fn the_symmetric_part_is_decomposed() {
        let half = 0.5_f64.sqrt();
        for (dtype, tolerance) in [(DType::F32, 1e-6), (DType::F64, 1e-14)] {
            let y = eigh(dtype, &[2.0, 0.5, 1.5, 2.0], &[2, 2]);
            let values = [y[0].to_f64(), y[1].to_f64()].concat();
            // The first of two equally large components is positive.
            for (x, want) in values.iter().zip([1.0, 3.0, half, half, -half, half]) {
                assert!((x - want).abs() < tolerance);
            }
        }
    }

    #[test]
    fn each_matrix_of_a_batch_stands_alone() {
        let y = eigh(DType::F64, &[-2.0, f64::INFINITY, 3.0], &[3, 1, 1]);
        let (eigenvalues, v) = (y[0].to_f64(), y[1].to_f64());
        assert_eq!((eigenvalues[0], eigenvalues[2], v[0], v[2]), (-2.0, 3.0, 1.0, 1.0));
        assert!(eigenvalues[1].is_nan() && v[1].is_nan());
        assert_eq!(eigh(DType::F64, &[], &[2, 0, 0])[0].shape(), [2, 0]);
    }

    #[test]
    fn equal_eigenvalues_have_finite_derivatives_of_every_order() {
        let example = &Eigh::examples()[0];
        let first = jvp_program(&program_of(example).expect("a program")).expect("a rule");
        let second = jvp_program(&first).expect("a rule");
        let identity = Array::from_fn(&[3, 3], |i| f64::from(u8::from(i[0] == i[1])));
        let da = Array::from_vec((0..9).map(|i| f64::from(i * i % 7)).collect(), &[3, 3]);
        let x = [identity.clone(), da.clone()];
        let dy = first.eval(&x).expect("a value");
        let trace: f64 = dy[0].to_f64().iter().sum();
        assert!((trace - (0.0 + 2.0 + 1.0)).abs() < 1e-12, "dΣλ = tr dA, got {trace}");
        assert!(dy[1].to_f64().iter().all(|d| *d == 0.0), "the basis is held still");
        let ddy = second.eval(&[&x[..], &[da.clone(), da]].concat()).expect("a value");
        assert!(ddy.iter().all(|d| d.to_f64().iter().all(|d| d.is_finite())));
    }
}
