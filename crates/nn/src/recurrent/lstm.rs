//! Long short-term memory.

use super::{Cell, part, projected, weights};
use derive::Tree;
use tensor::{DType, Key, Tensor};

/// With `[i, f, g, o] = x W + h U + b`, four parts of one vector in this order, and the logistic
/// function σ:
///
/// ```text
/// c' = σ(f) c + σ(i) tanh(g)        h' = σ(o) tanh(c')
/// ```
///
/// Source: S. Hochreiter, J. Schmidhuber, *Long short-term memory*, Neural Computation 9 (1997),
/// with the forget gate of F. Gers, J. Schmidhuber, F. Cummins (2000).
///
/// ```
/// use nn::recurrent::{Cell, Lstm};
/// use tensor::{DType, Key, Tensor};
/// let cell = Lstm::new(Key::new(0), 3, 4, DType::F64);
/// let state = cell.step(&cell.initial(), &Tensor::from([1.0, 0.0, -1.0]));
/// assert_eq!(state.hidden.shape(), [4]);
/// ```
#[derive(Clone, Debug, Tree)]
pub struct Lstm {
    /// `W`, of shape `[inputs, 4·hidden]`.
    pub input_weight: Tensor,
    /// `U`, of shape `[hidden, 4·hidden]`.
    pub recurrent_weight: Tensor,
    /// `b`, of shape `[4·hidden]`.
    pub bias: Tensor,
}

/// What an [`Lstm`] carries.
#[derive(Clone, Debug, Tree)]
pub struct LstmState {
    /// `h`, of shape `[hidden]`: the output.
    pub hidden: Tensor,
    /// `c`, of shape `[hidden]`: the memory.
    pub cell: Tensor,
}

impl Lstm {
    /// Input weights by Glorot, orthogonal recurrent weights, biases zero but for the forget gates',
    /// which are 1, so that memory lasts at first (Jozefowicz, Zaremba, Sutskever 2015).
    pub fn new(key: Key, inputs: usize, hidden: usize, dtype: DType) -> Lstm {
        let (input_weight, recurrent_weight, bias) = weights(key, inputs, hidden, 4, dtype);
        let gate = part(&bias, 0, hidden);
        let bias = Tensor::concatenate(&[&gate, &(&gate + 1.0), &gate, &gate], 0);
        Lstm { input_weight, recurrent_weight, bias }
    }
}

impl Cell for Lstm {
    type State = LstmState;

    fn initial(&self) -> LstmState {
        let zeros = Tensor::zeros(&[self.recurrent_weight.shape()[0]], self.bias.dtype());
        LstmState { hidden: zeros.clone(), cell: zeros }
    }

    #[track_caller]
    fn project(&self, x: &Tensor) -> Tensor {
        projected("Lstm", x, &self.input_weight, &self.bias)
    }

    fn advance(&self, state: &LstmState, projected: &Tensor) -> LstmState {
        let n = self.recurrent_weight.shape()[0];
        let a = projected + state.hidden.matmul(&self.recurrent_weight);
        let gate = |i| part(&a, i, n).logistic();
        let cell = gate(1) * &state.cell + gate(0) * part(&a, 2, n).tanh();
        LstmState { hidden: gate(3) * cell.tanh(), cell }
    }

    fn output(state: &LstmState) -> Tensor {
        state.hidden.clone()
    }
}
