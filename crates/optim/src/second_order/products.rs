//! Products of curvature matrices with vectors, without the matrices.

use tensor::{Tensor, Tree, hvp, jvp, vjp};

/// `G v = Jᵀ ∇²ℓ J v` for `f(θ) = ℓ(h(θ))`, with `J = ∂h/∂θ` and `∇²ℓ` at `h(θ)`: the Hessian of
/// `f` without the curvature of the model `h`, positive semidefinite where ℓ is convex. It costs a
/// forward and a reverse derivative of `h`.
///
/// Source: N. N. Schraudolph, *Fast curvature matrix-vector products for second-order gradient
/// descent*, Neural Computation 14 (2002), section 3.
///
/// ```
/// use optim::gauss_newton_product;
/// use tensor::Tensor;
/// // h(x) = x², ℓ(y) = y²/2: J = 2x, ∇²ℓ = 1.
/// let product = gauss_newton_product(|x: &Tensor| x.square(), |y: &Tensor| y.square().sum() * 0.5);
/// let g = product(&Tensor::from([1.0, 3.0]), &Tensor::from([1.0, 1.0]));
/// assert_eq!(g.to_vec::<f64>(), [4.0, 36.0]);
/// ```
pub fn gauss_newton_product<M: Tree + 'static, O: Tree + 'static>(
    model: impl Fn(&M) -> O,
    loss: impl Fn(&O) -> Tensor,
) -> impl Fn(&M, &M) -> M {
    move |x, v| {
        let (y, pushed) = jvp(&model)(x, v);
        let curved = hvp(&loss)(&y, &pushed);
        let (_, pull_back) = vjp(&model)(x);
        pull_back(&curved)
    }
}

/// What the outputs of a model are parameters of: exponential families in their natural
/// parameters, for which the Fisher matrix is the Gauss–Newton matrix of the negative
/// log-likelihood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Likelihood {
    /// The last axis holds the logits of a class: softmax and cross-entropy.
    Categorical,
    /// Each output is the logit of a yes.
    Bernoulli,
    /// Each output is the mean of a normal distribution with variance 1: half the squared error.
    Gaussian,
}

impl Likelihood {
    /// The Fisher matrix of the distribution in its parameters `z`, times `u`: the covariance of
    /// its sufficient statistics.
    fn information(self, z: &Tensor, u: &Tensor) -> Tensor {
        match self {
            Likelihood::Categorical => {
                let p = z.softmax(-1);
                let mean = (&p * u).sum_axes(-1).keep_dims(-1, u);
                p * (u - mean)
            }
            Likelihood::Bernoulli => {
                let p = z.logistic();
                &p * (1.0 - &p) * u
            }
            Likelihood::Gaussian => u.clone(),
        }
    }
}

/// `F v` for the Fisher matrix `F = (1/n) Σᵢ E_{y∼p(·|xᵢ,θ)} ∇log p ∇log pᵀ` of a model that maps
/// its parameters to outputs for `n` examples, in the leading axis. The expectation over `y` is
/// the model's own and exact; with the data's `y` in its place it would be the *empirical* Fisher
/// matrix, another one.
///
/// Source: S. Amari, *Natural gradient works efficiently in learning*, Neural Computation 10
/// (1998); J. Martens, *New insights and perspectives on the natural gradient method*, JMLR 21
/// (2020), section 9 for the equality with the Gauss–Newton matrix.
///
/// # Panics
/// When the outputs have no axis of examples.
///
/// ```
/// use optim::{Likelihood, fisher_product};
/// use tensor::Tensor;
/// // One logit for one example: F = p(1 − p).
/// let product = fisher_product(|x: &Tensor| x.clone(), Likelihood::Bernoulli);
/// assert_eq!(product(&Tensor::from([0.0]), &Tensor::from([1.0])).item(), 0.25);
/// ```
pub fn fisher_product<M: Tree + 'static>(
    model: impl Fn(&M) -> Tensor,
    likelihood: Likelihood,
) -> impl Fn(&M, &M) -> M {
    move |x, v| {
        let (z, pushed) = jvp(&model)(x, v);
        assert!(
            z.ndim() > 0,
            "fisher_product: the model gives a scalar; its outputs need a leading axis of examples"
        );
        let curved = likelihood.information(&z, &pushed) / z.shape()[0] as f64;
        let (_, pull_back) = vjp(&model)(x);
        pull_back(&curved)
    }
}
