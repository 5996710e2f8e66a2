//! Layer normalisation.

use derive::Tree;
use tensor::{DType, Tensor};

/// `y = γ (x − μ)/√(σ² + ε) + β`, with mean `μ` and variance `σ²` (divided by `n`) over the last
/// axes, those of `γ` and `β`; leading axes run in parallel.
///
/// Source: J. L. Ba, J. R. Kiros, G. E. Hinton, *Layer normalization*, arXiv:1607.06450 (2016).
///
/// ```
/// use nn::LayerNorm;
/// use tensor::{DType, Tensor};
/// let layer = LayerNorm::new(&[2], DType::F64).epsilon(0.0);
/// let y = layer.call(&Tensor::from([[1.0, 3.0], [7.0, 5.0]]));
/// assert_eq!(y.to_vec::<f64>(), [-1.0, 1.0, 1.0, -1.0]);
/// ```
#[derive(Clone, Debug, Tree)]
pub struct LayerNorm {
    /// γ, of the shape that is normalised over.
    pub scale: Tensor,
    /// β, of the same shape; none in a layer without.
    pub shift: Option<Tensor>,
    /// ε.
    pub epsilon: f64,
}

impl LayerNorm {
    /// Over last axes of this shape: γ = 1, β = 0, ε = 10⁻⁵.
    ///
    /// # Panics
    /// When the shape has no axes.
    #[track_caller]
    pub fn new(shape: &[usize], dtype: DType) -> LayerNorm {
        assert!(!shape.is_empty(), "LayerNorm: at least one axis is normalised over");
        LayerNorm {
            scale: Tensor::ones(shape, dtype),
            shift: Some(Tensor::zeros(shape, dtype)),
            epsilon: 1e-5,
        }
    }

    /// With this ε.
    pub fn epsilon(mut self, epsilon: f64) -> LayerNorm {
        self.epsilon = epsilon;
        self
    }

    /// Without β.
    pub fn without_shift(mut self) -> LayerNorm {
        self.shift = None;
        self
    }

    /// The layer's value.
    ///
    /// # Panics
    /// When the last axes of `x` are not those of γ.
    #[track_caller]
    pub fn call(&self, x: &Tensor) -> Tensor {
        let axes = last_axes("LayerNorm", x, &self.scale);
        let y = x.layer_norm(&axes[..], self.epsilon) * &self.scale;
        match &self.shift {
            Some(shift) => y + shift,
            None => y,
        }
    }
}

/// The last axes of `x`, of `like`'s shape.
#[track_caller]
pub(super) fn last_axes(layer: &str, x: &Tensor, like: &Tensor) -> Vec<isize> {
    let (shape, last) = (x.shape(), like.shape());
    assert!(
        shape.ends_with(last),
        "{layer}: the layer normalises over last axes {last:?}, the input is {shape:?}"
    );
    (1..=last.len() as isize).map(|d| -d).collect()
}
