//! Convolutional networks.

use crate::inputs::{inverse_root, labels, linear, uniform, zeros};
use crate::row::Row;
use mathesis::functions::{Convolution, Padding, Pooling};
use mathesis::prelude::*;

/// A convolution with an offset per output channel.
#[derive(Clone, Tree)]
struct Conv {
    kernel: Tensor, // [out, in, 3, 3]
    bias: Tensor,   // [out]
}

impl Conv {
    fn call(&self, x: &Tensor) -> Tensor {
        x.conv(&self.kernel, &Convolution::default()) + self.bias.reshape(&[self.bias.size(), 1, 1])
    }
}

/// Two convolutions, a pooling, two linear layers.
#[derive(Clone, Tree)]
struct LeNet {
    first: Conv,
    second: Conv,
    hidden: Linear,
    out: Linear,
}

impl LeNet {
    fn call(&self, x: &Tensor) -> Tensor {
        let h = self.second.call(&self.first.call(x).relu()).relu();
        let h = h.max_pool(&Pooling::new(&[2, 2]));
        let [batch, channels, rows, columns] = h.dims();
        let h = h.reshape(&[batch, channels * rows * columns]);
        self.out.call(&self.hidden.call(&h).relu())
    }
}

/// Training on 28 × 28 images in ten classes, batch 64, with plain descent.
pub(crate) fn lenet() -> Row {
    let batch = 64;
    let model = LeNet {
        first: Conv { kernel: uniform(1, &[32, 1, 3, 3], 1.0 / 3.0), bias: zeros(&[32]) },
        second: Conv { kernel: uniform(2, &[64, 32, 3, 3], inverse_root(288)), bias: zeros(&[64]) },
        hidden: linear(3, 9216, 128),
        out: linear(4, 128, 10),
    };
    let data = (uniform(10, &[batch, 1, 28, 28], 1.0), labels(batch));
    let loss = |m: &LeNet, (x, y): &(Tensor, Tensor)| cross_entropy(&m.call(x), y).mean();
    Row::training(model, Sgd::new(1e-2), loss, data)
}

/// A residual block of two 3 × 3 convolutions, and its derivatives by input and kernels.
pub(crate) fn residual_block() -> Row {
    let kernel = |seed| uniform(seed, &[64, 64, 3, 3], inverse_root(576));
    let x = (uniform(10, &[32, 64, 32, 32], 1.0), kernel(1), kernel(2));
    let f = |all: &(Tensor, Tensor, Tensor)| {
        value_and_grad(|(x, w1, w2): &(Tensor, Tensor, Tensor)| {
            let same = Convolution { padding: Padding::Same, ..Convolution::default() };
            let h = x.conv(w1, &same).relu();
            let h = (h.conv(w2, &same) + x).relu();
            h.square().mean()
        })(all)
    };
    Row::function(f, x, |(loss, (_, dw1, _))| {
        vec![("loss0", loss.item()), ("check", dw1.abs().sum().item())]
    })
}
