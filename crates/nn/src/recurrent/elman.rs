//! The Elman cell.

use super::{Cell, projected, weights};
use crate::Activation;
use derive::Tree;
use tensor::{DType, Key, Tensor};

/// `h' = ψ(x W + h U + b)`, ψ = tanh unless said otherwise.
///
/// Source: J. L. Elman, *Finding structure in time*, Cognitive Science 14 (1990).
///
/// ```
/// use nn::recurrent::{Cell, Elman};
/// use tensor::{DType, Key, Tensor};
/// let cell = Elman::new(Key::new(0), 3, 4, DType::F64);
/// let h = cell.step(&cell.initial(), &Tensor::from([1.0, 0.0, -1.0]));
/// assert_eq!(h.shape(), [4]);
/// ```
#[derive(Clone, Debug, Tree)]
pub struct Elman {
    /// `W`, of shape `[inputs, hidden]`.
    pub input_weight: Tensor,
    /// `U`, of shape `[hidden, hidden]`.
    pub recurrent_weight: Tensor,
    /// `b`, of shape `[hidden]`.
    pub bias: Tensor,
    /// ψ.
    pub activation: Activation,
}

impl Elman {
    /// Input weights by Glorot, orthogonal recurrent weights, biases zero.
    pub fn new(key: Key, inputs: usize, hidden: usize, dtype: DType) -> Elman {
        let (input_weight, recurrent_weight, bias) = weights(key, inputs, hidden, 1, dtype);
        Elman { input_weight, recurrent_weight, bias, activation: Activation::Tanh }
    }
}

impl Cell for Elman {
    type State = Tensor;

    fn initial(&self) -> Tensor {
        self.bias.zeros_like()
    }

    #[track_caller]
    fn project(&self, x: &Tensor) -> Tensor {
        projected("Elman", x, &self.input_weight, &self.bias)
    }

    fn advance(&self, h: &Tensor, projected: &Tensor) -> Tensor {
        self.activation.apply(&(projected + h.matmul(&self.recurrent_weight)))
    }

    fn output(h: &Tensor) -> Tensor {
        h.clone()
    }
}
