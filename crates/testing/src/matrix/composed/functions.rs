//! Functions with delicate places, away from their kinks.

use super::{Spec, positive, row, sample};
use tensor::Tensor;

pub(super) fn rows() -> Vec<Spec> {
    let x = || sample(&[2, 3], 1);
    vec![
        row("softmax", x(), |x: &Tensor| x.softmax(-1)),
        row("log_softmax", x(), |x: &Tensor| x.log_softmax(-1)),
        row("logsumexp", x(), |x: &Tensor| x.logsumexp(-1)),
        row("logsumexp far from 0", x() * 10.0 + 500.0, |x: &Tensor| x.logsumexp(-1)),
        row("logaddexp", (sample(&[4], 2), sample(&[4], 3)), |(x, y): &(Tensor, Tensor)| {
            x.logaddexp(y)
        }),
        row("softplus", x(), |x: &Tensor| x.softplus()),
        row("log_sigmoid", x(), |x: &Tensor| x.log_sigmoid()),
        row("gelu", x(), |x: &Tensor| x.gelu()),
        row("gelu_tanh", x(), |x: &Tensor| x.gelu_tanh()),
        row("silu", x(), |x: &Tensor| x.silu()),
        row("elu", x(), |x: &Tensor| x.elu(0.7)),
        row("leaky_relu", x(), |x: &Tensor| x.leaky_relu(0.1)),
        row("variance", x(), |x: &Tensor| x.variance(-1, 1)),
        row("std", x(), |x: &Tensor| x.std(0, 0)),
        row("layer_norm", x(), |x: &Tensor| x.layer_norm(-1, 1e-5)),
        row("norm", x(), |x: &Tensor| x.norm()),
        row("normalise", x(), |x: &Tensor| x.normalise(-1)),
        row("entropy", positive(&[2, 3], 4) / 4.0, |p: &Tensor| p.entropy(-1)),
        row("xlogx", positive(&[4], 5), |x: &Tensor| x.xlogx()),
        row("polynomial", (sample(&[3], 6), sample(&[4], 7)), |(x, c): &(Tensor, Tensor)| {
            x.polynomial(c)
        }),
        row("select with an infinite branch", x(), |x: &Tensor| {
            // √ of the negative ones would be NaN; the argument is guarded, not the result.
            let inside = x.gt(0.0);
            inside.select(&inside.select(x, &x.ones_like()).sqrt(), &x.square())
        }),
    ]
}
