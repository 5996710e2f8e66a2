//! The gated recurrent unit.

use super::{Cell, part, projected, weights};
use derive::Tree;
use tensor::{DType, Key, Tensor};

/// Where the reset gate of a [`Gru`] acts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Tree)]
pub enum Reset {
    /// On the product of the state with its weights: `n = tanh(xₙ + r (h Uₙ + dₙ))`. PyTorch's and
    /// cuDNN's convention.
    #[default]
    AfterProduct,
    /// On the state: `n = tanh(xₙ + (r h) Uₙ + dₙ)`. Cho's convention.
    BeforeProduct,
}

/// With `x W + b` in three parts `[xᵣ, x_z, xₙ]`, recurrent weights `U` and their biases `d` in the
/// same order, and the logistic function σ:
///
/// ```text
/// r = σ(xᵣ + h Uᵣ + dᵣ)    z = σ(x_z + h U_z + d_z)    n = tanh(xₙ + r (h Uₙ + dₙ))
/// h' = (1 − z) n + z h
/// ```
///
/// and `n` in the other convention as [`Reset`] says.
///
/// Source: K. Cho et al., *Learning phrase representations using RNN encoder–decoder*,
/// arXiv:1406.1078 (2014).
///
/// ```
/// use nn::recurrent::{Cell, Gru};
/// use tensor::{DType, Key, Tensor};
/// let cell = Gru::new(Key::new(0), 3, 4, DType::F64);
/// let h = cell.step(&cell.initial(), &Tensor::from([1.0, 0.0, -1.0]));
/// assert_eq!(h.shape(), [4]);
/// ```
#[derive(Clone, Debug, Tree)]
pub struct Gru {
    /// `W`, of shape `[inputs, 3·hidden]`.
    pub input_weight: Tensor,
    /// `U`, of shape `[hidden, 3·hidden]`.
    pub recurrent_weight: Tensor,
    /// `b`, of shape `[3·hidden]`.
    pub bias: Tensor,
    /// `d`, of shape `[3·hidden]`. Only its last part does what `b` cannot.
    pub recurrent_bias: Tensor,
    /// Where the reset gate acts.
    pub reset: Reset,
}

impl Gru {
    /// Input weights by Glorot, orthogonal recurrent weights, biases zero.
    pub fn new(key: Key, inputs: usize, hidden: usize, dtype: DType) -> Gru {
        let (input_weight, recurrent_weight, bias) = weights(key, inputs, hidden, 3, dtype);
        let recurrent_bias = bias.clone();
        Gru { input_weight, recurrent_weight, bias, recurrent_bias, reset: Reset::AfterProduct }
    }
}

impl Cell for Gru {
    type State = Tensor;

    fn initial(&self) -> Tensor {
        Tensor::zeros(&[self.recurrent_weight.shape()[0]], self.bias.dtype())
    }

    #[track_caller]
    fn project(&self, x: &Tensor) -> Tensor {
        projected("Gru", x, &self.input_weight, &self.bias)
    }

    fn advance(&self, h: &Tensor, projected: &Tensor) -> Tensor {
        let n = self.recurrent_weight.shape()[0];
        let (weight, bias) = (&self.recurrent_weight, &self.recurrent_bias);
        let (z, candidate) = match self.reset {
            Reset::AfterProduct => {
                let recurrent = h.matmul(weight) + bias;
                let gate = |i| (part(projected, i, n) + part(&recurrent, i, n)).logistic();
                let (r, z) = (gate(0), gate(1));
                let candidate = part(projected, 2, n) + r * part(&recurrent, 2, n);
                (z, candidate)
            }
            Reset::BeforeProduct => {
                let of_part = |h: &Tensor, i| h.matmul(&part(weight, i, n)) + part(bias, i, n);
                let gate = |i| (part(projected, i, n) + of_part(h, i)).logistic();
                let (r, z) = (gate(0), gate(1));
                let candidate = part(projected, 2, n) + of_part(&(r * h), 2);
                (z, candidate)
            }
        };
        (1.0 - &z) * candidate.tanh() + z * h
    }

    fn output(h: &Tensor) -> Tensor {
        h.clone()
    }
}
