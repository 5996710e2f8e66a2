//! Group normalisation.

use super::batch::per_channel;
use derive::Tree;
use tensor::{DType, Tensor};

/// `y = γ (x − μ)/√(σ² + ε) + β` for one example `x[channels, spatial…]`, with mean and variance
/// (divided by `n`) over all elements of a group of consecutive channels; `γ` and `β` are one number
/// per channel. As many groups as channels: instance normalisation. One group: layer normalisation
/// of the whole example.
///
/// Source: Y. Wu, K. He, *Group normalization*, arXiv:1803.08494 (2018).
///
/// ```
/// use nn::GroupNorm;
/// use tensor::{DType, Tensor};
/// let layer = GroupNorm::new(2, 2, DType::F64).epsilon(0.0);
/// let y = layer.call(&Tensor::from([[1.0, 3.0], [9.0, 5.0]]));
/// assert_eq!(y.to_vec::<f64>(), [-1.0, 1.0, 1.0, -1.0]);
/// ```
#[derive(Clone, Debug, Tree)]
pub struct GroupNorm {
    /// γ, of shape `[channels]`.
    pub scale: Tensor,
    /// β, of shape `[channels]`.
    pub shift: Tensor,
    /// How many groups there are.
    pub groups: usize,
    /// ε.
    pub epsilon: f64,
}

impl GroupNorm {
    /// γ = 1, β = 0, ε = 10⁻⁵.
    ///
    /// # Panics
    /// When the groups do not divide the channels.
    #[track_caller]
    pub fn new(groups: usize, channels: usize, dtype: DType) -> GroupNorm {
        assert!(
            groups > 0 && channels.is_multiple_of(groups),
            "GroupNorm: {groups} groups must divide {channels} channels"
        );
        let (scale, shift) = (Tensor::ones(&[channels], dtype), Tensor::zeros(&[channels], dtype));
        GroupNorm { scale, shift, groups, epsilon: 1e-5 }
    }

    /// With this ε.
    pub fn epsilon(mut self, epsilon: f64) -> GroupNorm {
        self.epsilon = epsilon;
        self
    }

    /// The layer's value.
    ///
    /// # Panics
    /// When the first axis of `x` is not the number of channels.
    #[track_caller]
    pub fn call(&self, x: &Tensor) -> Tensor {
        let scale = per_channel("GroupNorm", &self.scale, x);
        let shift = per_channel("GroupNorm", &self.shift, x);
        let rows = x.reshape(&[self.groups, x.size() / self.groups]);
        rows.layer_norm(-1, self.epsilon).reshape(x.shape()) * scale + shift
    }
}
