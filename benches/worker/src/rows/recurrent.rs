//! A recurrent network.

use crate::inputs::{inverse_root, uniform, zeros};
use crate::row::Row;
use mathesis::prelude::*;

const INPUTS: usize = 64;
const HIDDEN: usize = 128;
const STEPS: usize = 64;
const BATCH: usize = 32;

/// Long short-term memory (Hochreiter, Schmidhuber 1997; Gers et al. 2000): the gates input,
/// forget, cell and output side by side.
#[derive(Clone, Tree)]
struct Lstm {
    input: Tensor,     // [inputs, 4 hidden]
    recurrent: Tensor, // [hidden, 4 hidden]
    bias: Tensor,      // [4 hidden]
}

impl Lstm {
    /// Outputs `[steps, batch, hidden]` for `x[batch, steps, inputs]`.
    fn call(&self, x: &Tensor) -> Tensor {
        let driven = x.swap_axes(0, 1).matmul(&self.input) + &self.bias;
        let start = (zeros(&[BATCH, HIDDEN]), zeros(&[BATCH, HIDDEN]));
        let cell = |(h, c): &(Tensor, Tensor), driven: &Tensor| {
            let gates = driven + h.matmul(&self.recurrent);
            let gate = |i: usize| gates.slice_axis(-1, i * HIDDEN, (i + 1) * HIDDEN);
            let c = gate(1).logistic() * c + gate(0).logistic() * gate(2).tanh();
            let h = gate(3).logistic() * c.tanh();
            ((h.clone(), c), h)
        };
        scan(cell, &start, &driven).1
    }
}

/// The mean square of the outputs, and its derivative by every weight.
pub(crate) fn lstm() -> Row {
    let scale = inverse_root(HIDDEN);
    // Drawn as [4 hidden, …].
    let model = Lstm {
        input: uniform(1, &[4 * HIDDEN, INPUTS], scale).t(),
        recurrent: uniform(2, &[4 * HIDDEN, HIDDEN], scale).t(),
        bias: uniform(3, &[4 * HIDDEN], 0.1),
    };
    let x = uniform(10, &[BATCH, STEPS, INPUTS], 1.0);
    let f = |(m, x): &(Lstm, Tensor)| value_and_grad(|m: &Lstm| m.call(x).square().mean())(m);
    Row::function(f, (model, x), |(loss, d)| {
        vec![("loss0", loss.item()), ("check", d.recurrent.abs().sum().item())]
    })
}
