//! The natural gradient.

use super::conjugate_gradients::ConjugateGradients;
use crate::objective::{Limits, Objective, Outcome, Status, finite};
use crate::vector::{add_scaled, copy, norm};
use std::cell::Cell;
use tensor::{Tensor, Tree, jit};

/// Natural gradient descent: `θ ← θ − η (F + λI)⁻¹ ∇f`, with the Fisher matrix `F` of the model at
/// `θ`, or any other metric given by its products with vectors, such as the Gauss–Newton matrix.
/// Steepest descent in the geometry of the distributions, not of the parameters: with λ = 0 a step
/// under linear reparametrisation is the same step. The system is solved by conjugate gradients.
///
/// Function and product are compiled at their first call, so they must not read values.
///
/// Source: S. Amari, *Natural gradient works efficiently in learning*, Neural Computation 10
/// (1998).
///
/// ```
/// use optim::{Likelihood, NaturalGradient, fisher_product};
/// use tensor::Tensor;
/// // The mean of a normal distribution, badly parametrised by x/100: one step arrives.
/// let model = |x: &Tensor| x / 100.0;
/// let loss = |x: &Tensor| (model(x) - 3.0).square().sum() * 0.5;
/// let fisher = fisher_product(model, Likelihood::Gaussian);
/// let outcome = NaturalGradient::new(1.0).steps(1).minimise(loss, fisher, &Tensor::from([0.0]));
/// assert!((outcome.model.item() - 300.0).abs() < 1e-9);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct NaturalGradient {
    rate: f64,
    damping: f64,
    accuracy: f64,
    limits: Limits,
}

impl NaturalGradient {
    /// With step size η; no damping, systems solved to 10⁻¹⁰, until `‖∇f‖ ≤ 10⁻⁸`, at most 200
    /// steps.
    pub fn new(rate: f64) -> NaturalGradient {
        let limits = Limits { tolerance: 1e-8, steps: 200 };
        NaturalGradient { rate, damping: 0.0, accuracy: 1e-10, limits }
    }

    /// With damping λ. Without it, directions that `F` does not see must not be in the gradient,
    /// as is so for the Fisher matrix of a likelihood.
    pub fn damping(mut self, damping: f64) -> NaturalGradient {
        self.damping = damping;
        self
    }

    /// With systems solved to another residual relative to the gradient.
    pub fn accuracy(mut self, residual: f64) -> NaturalGradient {
        self.accuracy = residual;
        self
    }

    /// Until the gradient's norm is below this.
    pub fn tolerance(mut self, gradient_norm: f64) -> NaturalGradient {
        self.limits.tolerance = gradient_norm;
        self
    }

    /// With at most this many steps.
    pub fn steps(mut self, steps: usize) -> NaturalGradient {
        self.limits.steps = steps;
        self
    }

    /// Minimises `f` from `start`, with `metric(θ, v) = F(θ) v`. Steps have fixed length, so the
    /// value may rise; a value that is no number ends it.
    pub fn minimise<M: Tree>(
        &self,
        f: impl Fn(&M) -> Tensor,
        metric: impl Fn(&M, &M) -> M,
        start: &M,
    ) -> Outcome<M> {
        let f: &dyn Fn(&M) -> Tensor = &f;
        let objective = Objective::new(f);
        let compiled = jit(|(x, v): &(M, M)| metric(x, v));
        let products = Cell::new(0);
        let mut x = copy(start);
        let (mut value, mut gradient) = objective.value_and_grad(&x);
        let mut history = vec![value];
        let mut steps = 0;
        let status = loop {
            let size = norm(&gradient);
            if !finite(value, size) {
                break Status::NotFinite;
            }
            if size <= self.limits.tolerance {
                break Status::Converged;
            }
            if steps == self.limits.steps {
                break Status::StepLimit;
            }
            let product = |v: &M| {
                products.set(products.get() + 1);
                add_scaled(&compiled(&(copy(&x), copy(v))), self.damping, v)
            };
            let solver = ConjugateGradients::new().tolerance(self.accuracy);
            let direction = solver.solve(product, &gradient).x;
            if norm(&direction) == 0.0 {
                break Status::NoProgress; // the metric does not see the gradient at all
            }
            x = add_scaled(&x, -self.rate, &direction);
            (value, gradient) = objective.value_and_grad(&x);
            steps += 1;
            history.push(value);
        };
        let mut evaluations = objective.evaluations();
        evaluations.products += products.get();
        let gradient_norm = norm(&gradient);
        Outcome { model: x, value, gradient_norm, steps, evaluations, status, history }
    }
}
