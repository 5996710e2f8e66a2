//! The linear layer.

use crate::init;
use derive::Tree;
use tensor::{DType, Key, Tensor};

/// `y = x W + b` for a row `x`, with `W` of shape `[inputs, outputs]`. Leading axes of `x` are
/// batches.
#[derive(Clone, Debug, Tree)]
pub struct Linear {
    /// `W`, of shape `[inputs, outputs]`.
    pub weight: Tensor,
    /// `b`, of shape `[outputs]`; none in a layer without.
    pub bias: Option<Tensor>,
}

impl Linear {
    /// A layer with Glorot's uniform weights and zero biases.
    pub fn new(key: Key, inputs: usize, outputs: usize, dtype: DType) -> Linear {
        let weight = init::glorot_uniform(key, inputs, outputs, dtype);
        Linear { weight, bias: Some(Tensor::zeros(&[outputs], dtype)) }
    }

    /// The same without biases.
    pub fn without_bias(mut self) -> Linear {
        self.bias = None;
        self
    }

    /// `x W + b`.
    ///
    /// # Panics
    /// When the last axis of `x` is not the number of inputs.
    #[track_caller]
    pub fn call(&self, x: &Tensor) -> Tensor {
        let y = x.matmul(&self.weight);
        match &self.bias {
            Some(bias) => y + bias,
            None => y,
        }
    }
}
