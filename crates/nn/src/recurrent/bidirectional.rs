//! Sequences read in both directions.

use super::{Cell, run};
use derive::Tree;
use tensor::Tensor;

/// Two cells, one from the first time to the last and one from the last to the first; their outputs
/// stand side by side. Vectors of such layers stack: see [`Bidirectional::stack`].
///
/// Source: M. Schuster, K. K. Paliwal, *Bidirectional recurrent neural networks*, IEEE Transactions
/// on Signal Processing 45 (1997).
///
/// ```
/// use nn::recurrent::{Bidirectional, Gru};
/// use tensor::{DType, Key, Tensor};
/// let [a, b] = Key::new(0).split();
/// let cell = |key| Gru::new(key, 3, 4, DType::F64);
/// let layer = Bidirectional { forward: cell(a), backward: cell(b) };
/// assert_eq!(layer.call(&Tensor::zeros(&[7, 3], DType::F64), None).shape(), [7, 8]);
/// ```
#[derive(Clone, Debug, Tree)]
pub struct Bidirectional<C> {
    /// From the first time on.
    pub forward: C,
    /// From the last time back.
    pub backward: C,
}

impl<C: Cell> Bidirectional<C> {
    /// From `[time, features]` to `[time, 2·hidden]`, from states of zeros; masked as in [`run`].
    ///
    /// # Panics
    /// As [`run`].
    #[track_caller]
    pub fn call(&self, xs: &Tensor, mask: Option<&Tensor>) -> Tensor {
        let outputs = |cell: &C, reverse| run(cell, xs, &cell.initial(), mask, reverse).1;
        Tensor::concatenate(&[&outputs(&self.forward, false), &outputs(&self.backward, true)], -1)
    }

    /// Layers on top of one another: each reads both directions of the one below.
    ///
    /// # Panics
    /// As [`run`].
    #[track_caller]
    pub fn stack(layers: &[Bidirectional<C>], xs: &Tensor, mask: Option<&Tensor>) -> Tensor {
        let mut ys = xs.clone();
        for layer in layers {
            ys = layer.call(&ys, mask);
        }
        ys
    }
}
