//! Losses and log-densities.

use super::{Spec, filled, positive, row, sample};
use ir::prim::Fill;
use tensor::{DType, Tensor};

/// −Σ y log softmax(z), with the target (1 − ε) e_y + ε/classes.
fn smoothed_cross_entropy(logits: &Tensor, labels: &Tensor, smoothing: f64) -> Tensor {
    let classes = logits.shape()[logits.ndim() - 1];
    let hit = labels.expand_dims(-1).eq(Tensor::arange(classes, DType::I64));
    let target = hit.convert(logits.dtype()) * (1.0 - smoothing) + smoothing / classes as f64;
    -(logits.log_softmax(-1) * target).sum_axes(-1)
}

/// log N(x; μ, σ²) of one variable.
fn normal_log_density(x: &Tensor, mu: &Tensor, log_sigma: &Tensor) -> Tensor {
    let z = (x - mu) * (-log_sigma).exp();
    z.square() * -0.5 - log_sigma - 0.5 * std::f64::consts::TAU.ln()
}

pub(super) fn rows() -> Vec<Spec> {
    let labels = || Tensor::from([2_i64, 0, 3]);
    vec![
        row("cross-entropy", sample(&[3, 4], 1) * 3.0, move |z: &Tensor| {
            smoothed_cross_entropy(z, &labels(), 0.0).mean()
        }),
        row(
            "cross-entropy with label smoothing",
            (sample(&[3, 4], 1) * 3.0, labels()),
            |(z, y): &(Tensor, Tensor)| smoothed_cross_entropy(z, y, 0.1),
        ),
        row(
            "binary cross-entropy",
            (sample(&[5], 2) * 4.0, Tensor::from([1.0, 0.0, 0.0, 1.0, 0.3])),
            |(z, y): &(Tensor, Tensor)| (z.softplus() - y * z).mean(),
        ),
        row(
            "hinge loss",
            (sample(&[5], 3) * 2.0, Tensor::from([1.0, -1.0, 1.0, 1.0, -1.0])),
            |(z, t): &(Tensor, Tensor)| (1.0 - t * z).relu().sum(),
        ),
        row(
            "mean squared error",
            (sample(&[2, 3], 4), sample(&[2, 3], 5)),
            |(y, t): &(Tensor, Tensor)| (y - t).square().mean(),
        ),
        row("Huber loss", sample(&[5], 6) * 3.0, |r: &Tensor| {
            let small = r.abs().le(1.0);
            small.select(&(r.square() * 0.5), &(r.abs() - 0.5))
        }),
        row(
            "KL divergence of categoricals",
            (sample(&[2, 3], 7), sample(&[2, 3], 8)),
            |(p, q): &(Tensor, Tensor)| {
                (p.softmax(-1) * (p.log_softmax(-1) - q.log_softmax(-1))).sum_axes(-1)
            },
        ),
        row(
            "KL divergence of normals",
            (sample(&[3], 9), sample(&[3], 10)),
            |(mu, log_variance): &(Tensor, Tensor)| {
                (mu.square() + log_variance.exp() - 1.0 - log_variance).sum() * 0.5
            },
        ),
        row(
            "log-density of a mixture of normals",
            (sample(&[4], 11) * 2.0, sample(&[3], 12), sample(&[3], 13), sample(&[3], 14)),
            |(x, logits, mu, log_sigma): &(Tensor, Tensor, Tensor, Tensor)| {
                let each = normal_log_density(&x.expand_dims(-1), mu, log_sigma);
                (each + logits.log_softmax(-1)).logsumexp(-1)
            },
        ),
        row(
            "log-density of a multivariate normal by Cholesky",
            (sample(&[2, 3], 15), sample(&[3], 16), filled(&[3, 3], &Fill::PositiveDefinite, 17)),
            |(x, mu, sigma): &(Tensor, Tensor, Tensor)| {
                x.multivariate_normal_log_density(mu, sigma)
            },
        ),
        row(
            "log-density of a gamma distribution",
            (positive(&[4], 18), positive(&[4], 19)),
            |(x, alpha): &(Tensor, Tensor)| (alpha - 1.0) * x.log() - x - alpha.lgamma(),
        ),
        row(
            "Poisson regression",
            (sample(&[3, 2], 20), sample(&[2], 21)),
            |(x, w): &(Tensor, Tensor)| {
                let rate = x.matmul(w);
                (rate.exp() - rate * Tensor::from([2.0, 0.0, 5.0])).mean()
            },
        ),
    ]
}
