//! Training steps of multilayer perceptrons with Adam.

use crate::inputs::{labels, mlp, uniform};
use crate::row::Row;
use mathesis::prelude::*;

/// Layer widths of the larger network.
pub(crate) const WIDTHS: [usize; 4] = [784, 512, 256, 10];

/// The larger network on ten classes, with ReLU.
pub(crate) fn classifier(batch: usize) -> Row {
    let data = (uniform(10, &[batch, WIDTHS[0]], 1.0), labels(batch));
    let loss = |m: &Mlp, (x, y): &(Tensor, Tensor)| cross_entropy(&m.call(x), y).mean();
    Row::training(mlp(&WIDTHS, Activation::Relu), Adam::new(1e-3), loss, data)
}

/// A regression so small that only overhead is measured.
pub(crate) fn tiny() -> Row {
    let data = (uniform(10, &[8, 2], 1.0), uniform(11, &[8, 1], 1.0));
    let loss = |m: &Mlp, (x, y): &(Tensor, Tensor)| (m.call(x) - y).square().mean();
    Row::training(mlp(&[2, 16, 1], Activation::Tanh), Adam::new(1e-3), loss, data)
}
