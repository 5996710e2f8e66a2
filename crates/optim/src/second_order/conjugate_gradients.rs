//! Conjugate gradients on trees.

use crate::vector::{add_scaled, copy, dot, norm, scale};
use tensor::Tree;

/// Why conjugate gradients ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SolutionStatus {
    /// The residual fell below the tolerance.
    Converged,
    /// The limit of steps was reached first.
    StepLimit,
    /// A direction with `pᵀAp ≤ 0` came up: the matrix is not positive definite. The solution is
    /// what was reached before.
    NegativeCurvature,
}

/// An approximate solution of `A x = b`.
#[derive(Clone, Debug)]
pub struct Solution<M> {
    /// The solution.
    pub x: M,
    /// `‖b − A x‖`, by recurrence.
    pub residual: f64,
    /// Number of products with `A`.
    pub products: usize,
    /// Why it ended.
    pub status: SolutionStatus,
}

/// Conjugate gradients for `A x = b` with a symmetric positive definite `A` that is known by its
/// products with vectors. In exact arithmetic it ends after as many steps as `A` has distinct
/// eigenvalues.
///
/// Source: M. R. Hestenes, E. Stiefel, J. Res. Nat. Bur. Standards 49 (1952); J. Nocedal,
/// S. J. Wright, *Numerical optimization* (2006), algorithm 5.2.
///
/// ```
/// use optim::{ConjugateGradients, SolutionStatus};
/// use tensor::Tensor;
/// let a = Tensor::from([2.0, 2.0, 5.0]).diag(); // two distinct eigenvalues: two steps
/// let b = Tensor::from([2.0, 4.0, 5.0]);
/// let solution = ConjugateGradients::new().solve(|v: &Tensor| a.matmul(v), &b);
/// assert_eq!((solution.status, solution.products), (SolutionStatus::Converged, 2));
/// assert!((solution.x - Tensor::from([1.0, 2.0, 1.0])).abs().max().item() < 1e-14);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ConjugateGradients {
    tolerance: f64,
    limit: Option<usize>,
}

impl Default for ConjugateGradients {
    fn default() -> ConjugateGradients {
        ConjugateGradients::new()
    }
}

impl ConjugateGradients {
    /// To a residual of 10⁻¹⁰ ‖b‖, in at most ten times as many steps as there are unknowns.
    pub fn new() -> ConjugateGradients {
        ConjugateGradients { tolerance: 1e-10, limit: None }
    }

    /// To another residual relative to `‖b‖`.
    pub fn tolerance(mut self, tolerance: f64) -> ConjugateGradients {
        self.tolerance = tolerance;
        self
    }

    /// With at most this many products.
    pub fn limit(mut self, products: usize) -> ConjugateGradients {
        self.limit = Some(products);
        self
    }

    /// Solves from `x = 0`.
    pub fn solve<M: Tree>(&self, product: impl Fn(&M) -> M, b: &M) -> Solution<M> {
        let limit = self.limit.unwrap_or_else(|| (10 * b.size()).max(10));
        let (mut x, mut r, mut p) = (scale(0.0, b), copy(b), copy(b));
        let mut square = dot(&r, &r);
        let target = self.tolerance * square.sqrt();
        let mut products = 0;
        let status = loop {
            if square.sqrt() <= target {
                break SolutionStatus::Converged;
            }
            if products == limit {
                break SolutionStatus::StepLimit;
            }
            let ap = product(&p);
            products += 1;
            let curvature = dot(&p, &ap);
            // NaN is no curvature to work with either.
            if curvature <= 0.0 || curvature.is_nan() {
                break SolutionStatus::NegativeCurvature;
            }
            let length = square / curvature;
            x = add_scaled(&x, length, &p);
            r = add_scaled(&r, -length, &ap);
            let next = dot(&r, &r);
            p = add_scaled(&r, next / square, &p);
            square = next;
        };
        Solution { residual: norm(&r), x, products, status }
    }
}
