//! Penalties of the singular values of matrices.

use super::Penalty;
use super::constraints::project_onto_l1_ball;
use super::penalties::weight;
use tensor::Tensor;

/// The tensor as one matrix: axes after the first make up the columns.
///
/// # Panics
/// When there are fewer than two axes.
#[track_caller]
fn matrix(name: &str, x: &Tensor) -> Tensor {
    assert!(
        x.ndim() >= 2,
        "{name}: singular values are those of a matrix, this tensor has the shape {:?}; choose \
         leaves with `Regulariser::only`",
        x.shape()
    );
    let rows = x.shape()[0];
    if x.ndim() == 2 { x.clone() } else { x.reshape(&[rows, x.size() / rows.max(1)]) }
}

/// The matrix with the same singular vectors and these singular values.
fn with_values(u: &Tensor, s: &Tensor, vt: &Tensor, like: &Tensor) -> Tensor {
    (u * s.expand_dims(0)).matmul(vt).reshape(like.shape())
}

/// The nuclear norm `λ ‖X‖₊ = λ Σ σᵢ(X)`, the convex envelope of the rank on the unit ball of the
/// spectral norm: singular values are thresholded, `max(σᵢ − sλ, 0)`. A tensor with more than two
/// axes is taken as the matrix of its first axis and the rest.
///
/// Source: J.-F. Cai, E. J. Candès, Z. Shen, *A singular value thresholding algorithm for matrix
/// completion*, SIAM J. Optim. 20 (2010), theorem 2.1; M. Fazel (2002) for the envelope.
///
/// ```
/// use optim::{NuclearNorm, Penalty};
/// use tensor::Tensor;
/// let x = Tensor::from([[3.0, 0.0], [0.0, 1.0]]);
/// assert!((NuclearNorm::new(1.0).value(&x).item() - 4.0).abs() < 1e-14);
/// let low_rank = NuclearNorm::new(2.0).prox(&x, &Tensor::from(1.0));
/// assert!((low_rank - Tensor::from([[1.0, 0.0], [0.0, 0.0]])).abs().max().item() < 1e-14);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct NuclearNorm {
    weight: f64,
}

impl NuclearNorm {
    /// With weight λ.
    ///
    /// # Panics
    /// When it is negative.
    #[track_caller]
    pub fn new(weight: f64) -> NuclearNorm {
        NuclearNorm { weight: self::weight("NuclearNorm", weight) }
    }
}

impl Penalty for NuclearNorm {
    #[track_caller]
    fn value(&self, x: &Tensor) -> Tensor {
        matrix("NuclearNorm", x).svd().1.sum() * self.weight
    }

    #[track_caller]
    fn prox(&self, v: &Tensor, s: &Tensor) -> Tensor {
        let (u, sigma, vt) = matrix("NuclearNorm", v).svd();
        with_values(&u, &(sigma - s * self.weight).maximum(0.0), &vt, v)
    }
}

/// The spectral norm `λ σ₁(X)`, the Lipschitz constant of the layer: what the largest singular
/// values have above a common level is cut off, so much that it sums to `sλ`. By Moreau's
/// decomposition that is `σ` less its projection onto the ℓ₁ ball of radius `sλ`.
///
/// A tensor with more than two axes is taken as the matrix of its first axis and the rest. Where
/// the largest singular value is not simple, the derivative is a subgradient.
///
/// Source: Y. Yoshida, T. Miyato, *Spectral norm regularization for improving the generalizability
/// of deep learning*, arXiv:1705.10941 (2017), which squares it.
///
/// ```
/// use optim::{Penalty, SpectralNorm};
/// use tensor::Tensor;
/// let x = Tensor::from([[3.0, 0.0], [0.0, 1.0]]);
/// let cut = SpectralNorm::new(1.0).prox(&x, &Tensor::from(1.0));
/// assert!((cut - Tensor::from([[2.0, 0.0], [0.0, 1.0]])).abs().max().item() < 1e-14);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct SpectralNorm {
    weight: f64,
}

impl SpectralNorm {
    /// With weight λ.
    ///
    /// # Panics
    /// When it is negative.
    #[track_caller]
    pub fn new(weight: f64) -> SpectralNorm {
        SpectralNorm { weight: self::weight("SpectralNorm", weight) }
    }
}

impl Penalty for SpectralNorm {
    #[track_caller]
    fn value(&self, x: &Tensor) -> Tensor {
        matrix("SpectralNorm", x).svd().1.max() * self.weight
    }

    #[track_caller]
    fn prox(&self, v: &Tensor, s: &Tensor) -> Tensor {
        let (u, sigma, vt) = matrix("SpectralNorm", v).svd();
        let cut = project_onto_l1_ball(&sigma, &(s * self.weight));
        with_values(&u, &(sigma - cut), &vt, v)
    }
}
