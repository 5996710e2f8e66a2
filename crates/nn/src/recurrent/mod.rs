//! Recurrent networks: cells, and loops of cells over sequences.
//!
//! A [`Cell`] maps a state and an input to the next state. [`run`] loops it over one sequence
//! `[time, features]`; batches come from `vmap`. Sequences of several lengths are padded to one and
//! come with a mask, under which the state stays as it is: see [`run`].

mod bidirectional;
mod cell;
mod elman;
mod gru;
mod lstm;
mod stacked;

pub use bidirectional::Bidirectional;
pub use cell::{Cell, detached, length_mask, run};
pub use elman::Elman;
pub use gru::{Gru, Reset};
pub use lstm::{Lstm, LstmState};
pub use stacked::Stacked;

use crate::init;
use tensor::{DType, Key, Tensor};

/// Input weights by Glorot, one orthogonal matrix of recurrent weights per gate (Saxe et al. 2014:
/// a state neither grows nor vanishes), biases zero.
fn weights(
    key: Key,
    inputs: usize,
    hidden: usize,
    gates: usize,
    dtype: DType,
) -> (Tensor, Tensor, Tensor) {
    let [input, recurrent] = key.split();
    let square = |key| init::orthogonal(key, hidden, hidden, dtype);
    let squares: Vec<Tensor> = recurrent.split_n(gates).into_iter().map(square).collect();
    let input: Vec<Tensor> = input
        .split_n(gates)
        .into_iter()
        .map(|key| init::glorot_uniform(key, inputs, hidden, dtype))
        .collect();
    let side_by_side =
        |parts: Vec<Tensor>| Tensor::concatenate(&parts.iter().collect::<Vec<_>>(), 1);
    let bias = Tensor::zeros(&[gates * hidden], dtype);
    (side_by_side(input), side_by_side(squares), bias)
}

/// The `i`-th of equal parts of the last axis.
fn part(x: &Tensor, i: usize, size: usize) -> Tensor {
    x.slice_axis(-1, i * size, (i + 1) * size)
}

/// `x W + b`, saying what was wrong.
#[track_caller]
fn projected(layer: &str, x: &Tensor, weight: &Tensor, bias: &Tensor) -> Tensor {
    let inputs = weight.shape()[0];
    assert!(
        x.shape().last() == Some(&inputs),
        "{layer}: the layer takes {inputs} features, the input is {:?}",
        x.shape()
    );
    x.matmul(weight) + bias
}
