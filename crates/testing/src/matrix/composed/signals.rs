//! Signals and sequences: Fourier transforms, running reductions, order, indices.

use super::{Spec, row, sample};
use tensor::{Key, Tensor, scan};

type Two = (Tensor, Tensor);

pub(super) fn rows() -> Vec<Spec> {
    vec![
        row(
            "convolution by fft",
            (sample(&[2, 5], 1), sample(&[3], 2)),
            |(x, h): &(Tensor, Tensor)| x.fft_convolve(h),
        ),
        row("power spectrum", sample(&[6], 3), |x: &Tensor| x.rfft(-1).square().sum_axes(-1)),
        row(
            "phase shift by fft",
            (sample(&[4], 4), sample(&[4], 5)),
            |(x, phase): &(Tensor, Tensor)| {
                let spectrum = Tensor::complex(x, &x.zeros_like()).fft(-2);
                spectrum.complex_mul(&Tensor::complex(&phase.cos(), &phase.sin())).ifft(-2)
            },
        ),
        row("cumulative sum", sample(&[2, 4], 6), |x: &Tensor| x.cumsum(-1).square()),
        row("cumulative product with a zero", Tensor::from([0.7, 0.0, -1.2, 2.0]), {
            |x: &Tensor| x.cumprod(0)
        }),
        row("cumulative log-sum-exp", sample(&[4], 7) * 5.0, |x: &Tensor| x.logcumsumexp(0)),
        row("running maximum", distinct(), |x: &Tensor| x.cummax(0) * x),
        row("exponential moving average by scan", sample(&[5], 8), |x: &Tensor| {
            let step = |m: &Tensor, x: &Tensor| {
                let m = m * 0.8 + x * 0.2;
                (m.clone(), m)
            };
            scan(step, &Tensor::from(0.0), x).1
        }),
        row("quantile loss by sorting", (distinct(), Tensor::from(0.1)), |(x, c): &Two| {
            let sorted = x.sort(0);
            let residual = sorted.index(0, 3) - c;
            residual.maximum(0.0) * 0.6 + (-residual).maximum(0.0) * 0.4 + sorted.index(0, 0).exp()
        }),
        row("Spearman-like loss by argsort", (distinct(), sample(&[6], 9)), |(x, w): &Two| {
            w.take(&x.argsort(0), 0).dot(&x.sort(0).tanh())
        }),
        row("top-k", distinct(), |x: &Tensor| x.top_k(2, 0).0.softmax(0)),
        row(
            "embedding by gather",
            (Tensor::from([[2_i64, 0, 2], [1, 1, 3]]), sample(&[4, 2], 10)),
            |(tokens, table): &Two| table.take(tokens, 0).tanh().mean_axes(1),
        ),
        row(
            "negative log-likelihood by take_along_axis",
            (sample(&[3, 4], 11), Tensor::from([[1_i64], [0], [3]])),
            |(logits, labels): &Two| -logits.log_softmax(-1).take_along_axis(labels, -1),
        ),
        row(
            "sum over neighbours by scatter",
            (sample(&[3, 2], 12), Tensor::from([0_i64, 1, 2, 2]), Tensor::from([1_i64, 2, 0, 1])),
            |(x, from, to): &(Tensor, Tensor, Tensor)| {
                x.take(from, 0).exp().scatter_add(to, 0, 0, 3).log1p()
            },
        ),
        row(
            "window at a computed place",
            (sample(&[5], 13), Tensor::from([1_i64])),
            |(x, start): &Two| {
                let window = x.dynamic_slice(start, &[2]);
                x.dynamic_update_slice(&window.square(), &(start + 1)) * x
            },
        ),
        row("normal sample by its parameters", (sample(&[3], 14), sample(&[3], 15)), {
            |(mu, log_sigma): &Two| {
                let noise = Key::new(3).normal(&[3], mu.dtype());
                (mu + log_sigma.exp() * noise).sin()
            }
        }),
        row("Gumbel-softmax sample", sample(&[4], 16), |logits: &Tensor| {
            let noise = Key::new(4).gumbel(&[4], logits.dtype());
            ((logits + noise) / 0.5).softmax(-1)
        }),
    ]
}

/// Numbers of which no two are close: order has no kinks nearby.
fn distinct() -> Tensor {
    Tensor::from([0.4, -1.3, 0.9, -0.2, 1.7, -0.8])
}
