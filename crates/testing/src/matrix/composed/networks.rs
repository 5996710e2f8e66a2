//! Layers and networks.

use super::{Spec, row, sample};
use tensor::functions::{Convolution, Padding, Pooling};
use tensor::transformations::VmapOptions;
use tensor::{Key, Tensor, checkpoint, scan, vmap_with};

/// One step of a gated recurrent unit (Cho et al. 2014): state `h[d]`, input `x[n]`, with the
/// weights of update gate, reset gate and candidate side by side.
fn gru(w: &Tensor, u: &Tensor, h: &Tensor, x: &Tensor) -> Tensor {
    let d = h.shape()[0];
    let part = |y: &Tensor, k: usize| y.slice_axis(-1, k * d, (k + 1) * d);
    let (xw, hu) = (x.matmul(w), h.matmul(&u.slice_axis(-1, 0, 2 * d)));
    let update = (part(&xw, 0) + part(&hu, 0)).logistic();
    let reset = (part(&xw, 1) + part(&hu, 1)).logistic();
    let candidate = (part(&xw, 2) + (reset * h).matmul(&part(u, 2))).tanh();
    &update * h + (1.0 - &update) * candidate
}

/// One step of long short-term memory (Hochreiter, Schmidhuber 1997; forget gate by Gers et al.
/// 2000).
fn lstm(w: &Tensor, (h, c): (&Tensor, &Tensor), x: &Tensor) -> (Tensor, Tensor) {
    let d = h.shape()[0];
    let z = Tensor::concatenate(&[x, h], 0).matmul(w);
    let part = |k: usize| z.slice_axis(0, k * d, (k + 1) * d);
    let c = (part(1) + 1.0).logistic() * c + part(0).logistic() * part(2).tanh();
    (part(3).logistic() * c.tanh(), c)
}

/// softmax(Q Kᵀ/√d) V (Vaswani et al. 2017).
fn attention(q: &Tensor, k: &Tensor, v: &Tensor) -> Tensor {
    let scale = 1.0 / (q.shape()[q.ndim() - 1] as f64).sqrt();
    (q.matmul(&k.t()) * scale).softmax(-1).matmul(v)
}

pub(super) fn rows() -> Vec<Spec> {
    type Two = (Tensor, Tensor);
    type Three = (Tensor, Tensor, Tensor);
    vec![
        row(
            "linear layer",
            (sample(&[2, 3], 1), sample(&[3, 4], 2), sample(&[4], 3)),
            |(x, w, b): &Three| x.matmul(w) + b,
        ),
        row(
            "loss of a multilayer perceptron",
            (sample(&[2, 3], 4), sample(&[3, 4], 5), sample(&[4, 2], 6)),
            |(x, w1, w2): &Three| {
                let log_p = x.matmul(w1).tanh().matmul(w2).log_softmax(-1);
                -(log_p * Tensor::from([[1.0, 0.0], [0.0, 1.0]])).sum_axes(-1).mean()
            },
        ),
        row(
            "convolution layer with pooling",
            (sample(&[1, 2, 5, 5], 7), sample(&[3, 2, 2, 2], 8), sample(&[3, 1, 1], 9)),
            |(x, w, b): &Three| {
                let y = x.conv(w, &Convolution::default()) + b;
                y.tanh().max_pool(&Pooling::new(&[2, 2]))
            },
        ),
        row(
            "strided grouped convolution",
            (sample(&[1, 4, 7], 10), sample(&[4, 2, 3], 11)),
            |(x, w): &Two| {
                let options = Convolution {
                    strides: vec![2],
                    padding: Padding::Same,
                    dilation: vec![2],
                    groups: 2,
                };
                x.conv(w, &options)
            },
        ),
        row(
            "transposed convolution",
            (sample(&[1, 2, 4], 12), sample(&[2, 3, 3], 13)),
            |(x, w): &Two| {
                let options = Convolution { strides: vec![2], ..Convolution::default() };
                x.conv_transpose(w, &options, None)
            },
        ),
        row("average pooling, overlapping", sample(&[2, 6], 14), |x: &Tensor| {
            let pool = Pooling { strides: vec![2], ..Pooling::new(&[3]) };
            x.exp().avg_pool(&pool, true)
        }),
        row(
            "softmax attention",
            (sample(&[3, 2], 15), sample(&[4, 2], 16), sample(&[4, 2], 17)),
            |(q, k, v): &Three| attention(q, k, v),
        ),
        row("causal attention", sample(&[3, 2], 18), |x: &Tensor| {
            let scores = x.matmul(&x.t());
            let seen = Tensor::ones(&[3, 3], x.dtype()).tril(0).gt(0.0);
            let far = scores.zeros_like() - f64::INFINITY;
            seen.select(&scores, &far).softmax(-1).matmul(x)
        }),
        row(
            "gated recurrent unit by scan",
            (sample(&[3, 2], 19), sample(&[2, 6], 20), sample(&[2, 6], 21)),
            |(xs, w, u): &Three| {
                let start = Tensor::zeros(&[2], xs.dtype());
                scan(|h: &Tensor, x: &Tensor| (gru(w, u, h, x), h.sum()), &start, xs)
            },
        ),
        row(
            "LSTM step",
            (sample(&[2], 22), sample(&[2], 23), sample(&[3], 24), sample(&[5, 8], 25)),
            |(h, c, x, w): &(Tensor, Tensor, Tensor, Tensor)| lstm(w, (h, c), x),
        ),
        row(
            "residual block under checkpoint",
            (sample(&[2, 3], 26), sample(&[3, 3], 27)),
            |x: &Two| checkpoint(|(x, w): &Two| x + x.layer_norm(-1, 1e-5).matmul(w).gelu())(x),
        ),
        row("swish-gated unit", (sample(&[3], 28), sample(&[3, 2], 29), sample(&[3, 2], 30)), {
            |(x, w, v): &Three| x.matmul(w).silu() * x.matmul(v)
        }),
        row(
            "einsum of three",
            (sample(&[2, 3], 31), sample(&[3, 2, 2], 32), sample(&[2, 4], 33)),
            |(a, b, c): &Three| tensor::einsum("ij,jkl,lm->imk", &[a, b, c]),
        ),
        row(
            "batch normalisation over a named axis",
            (sample(&[4, 3], 34), sample(&[3], 35)),
            |(xs, scale): &Two| {
                let one = |x: &Tensor| {
                    let centred = x - x.axis_mean("batch");
                    let variance = centred.square().axis_mean("batch");
                    centred * (variance + 1e-5).rsqrt() * scale
                };
                vmap_with(VmapOptions { name: Some("batch"), ..Default::default() }, one)(xs)
            },
        ),
        row("dropout", (sample(&[2, 4], 36), sample(&[4, 3], 37)), |(x, w): &Two| {
            let keep = Key::new(5).bernoulli(&Tensor::from(0.7), x.shape());
            keep.select(&(x / 0.7), &x.zeros_like()).matmul(w)
        }),
    ]
}
