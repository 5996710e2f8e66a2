//! Root-mean-square normalisation.

use super::layer::last_axes;
use derive::Tree;
use tensor::{DType, Tensor};

/// `y = γ x/√(x̄² + ε)`, with the mean of squares over the last axes, those of `γ`; leading axes
/// run in parallel. Nothing is centred.
///
/// Source: B. Zhang, R. Sennrich, *Root mean square layer normalization*, arXiv:1910.07467 (2019).
///
/// ```
/// use nn::RmsNorm;
/// use tensor::{DType, Tensor};
/// let layer = RmsNorm::new(&[2], DType::F64).epsilon(0.0);
/// assert_eq!(layer.call(&Tensor::from([2.0, -2.0])).to_vec::<f64>(), [1.0, -1.0]);
/// ```
#[derive(Clone, Debug, Tree)]
pub struct RmsNorm {
    /// γ, of the shape that is normalised over.
    pub scale: Tensor,
    /// ε.
    pub epsilon: f64,
}

impl RmsNorm {
    /// Over last axes of this shape: γ = 1, ε = 10⁻⁵.
    ///
    /// # Panics
    /// When the shape has no axes.
    #[track_caller]
    pub fn new(shape: &[usize], dtype: DType) -> RmsNorm {
        assert!(!shape.is_empty(), "RmsNorm: at least one axis is normalised over");
        RmsNorm { scale: Tensor::ones(shape, dtype), epsilon: 1e-5 }
    }

    /// With this ε.
    pub fn epsilon(mut self, epsilon: f64) -> RmsNorm {
        self.epsilon = epsilon;
        self
    }

    /// The layer's value.
    ///
    /// # Panics
    /// When the last axes of `x` are not those of γ.
    #[track_caller]
    pub fn call(&self, x: &Tensor) -> Tensor {
        let axes = last_axes("RmsNorm", x, &self.scale);
        let mean = x.square().mean_axes(&axes[..]).keep_dims(&axes[..], x);
        x * (mean + self.epsilon).rsqrt() * &self.scale
    }
}
