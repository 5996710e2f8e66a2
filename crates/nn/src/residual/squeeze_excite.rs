//! Squeeze-and-excitation.

use crate::{Linear, global_average_pool};
use derive::Tree;
use tensor::{DType, Key, Tensor};

/// Every channel of one example `x[channels, spatial…]` times a gate that all channels decide:
/// `y_c = x_c · σ(relu(x̄ W₁ + b₁) W₂ + b₂)_c`, with `x̄` the means of channels and the logistic
/// function σ.
///
/// Source: J. Hu, L. Shen, G. Sun, *Squeeze-and-excitation networks*, arXiv:1709.01507 (2017).
///
/// ```
/// use nn::SqueezeExcite;
/// use tensor::{DType, Key, Tensor};
/// let layer = SqueezeExcite::new(Key::new(0), 8, 2, DType::F64);
/// assert_eq!(layer.call(&Tensor::zeros(&[8, 5, 5], DType::F64)).shape(), [8, 5, 5]);
/// ```
#[derive(Clone, Debug, Tree)]
pub struct SqueezeExcite {
    /// `W₁`, `b₁`: from channels to fewer.
    pub reduce: Linear,
    /// `W₂`, `b₂`: back.
    pub expand: Linear,
}

impl SqueezeExcite {
    /// With `squeezed` numbers between the two linear maps.
    pub fn new(key: Key, channels: usize, squeezed: usize, dtype: DType) -> SqueezeExcite {
        let [a, b] = key.split();
        SqueezeExcite {
            reduce: Linear::new(a, channels, squeezed, dtype),
            expand: Linear::new(b, squeezed, channels, dtype),
        }
    }

    /// `x` with its channels weighted.
    ///
    /// # Panics
    /// When `x` is not `[channels, spatial…]` with these channels.
    #[track_caller]
    pub fn call(&self, x: &Tensor) -> Tensor {
        let channels = self.reduce.weight.shape()[0];
        assert!(
            x.ndim() >= 2 && x.shape()[0] == channels,
            "SqueezeExcite: one example is [{channels}, spatial…], it is {:?}; batches come from \
             vmap",
            x.shape()
        );
        let squeezed = self.reduce.call(&global_average_pool(x)).relu();
        let gates = self.expand.call(&squeezed).logistic();
        let mut shape = vec![1; x.ndim()];
        shape[0] = channels;
        x * gates.reshape(&shape)
    }
}
