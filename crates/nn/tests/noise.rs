//! Multiplicative noise: what is exact, and expectations within their standard errors.

use nn::{
    Linear, drop_connect, dropout, gaussian_dropout, linear_depth_rate, spatial_dropout,
    stochastic_depth,
};
use tensor::{DType, Key, Tensor, Tree, grad, vmap};

const F64: DType = DType::F64;

/// Mean and its standard error.
fn mean_and_error(x: &[f64]) -> (f64, f64) {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, (variance / n).sqrt())
}

/// Within 4.5 standard errors, which a correct sampler exceeds once in 150,000 seeds.
fn assert_mean(samples: &[f64], expected: f64) {
    let (mean, error) = mean_and_error(samples);
    assert!(
        error > 0.0 && (mean - expected).abs() < 4.5 * error,
        "{mean} ± {error}, not {expected}"
    );
}

#[test]
fn without_a_key_nothing_is_dropped() {
    let x = Key::new(0).normal(&[3, 4], F64);
    for y in [
        dropout(&x, 0.9, None),
        spatial_dropout(&x, 0.9, None),
        gaussian_dropout(&x, 0.9, None),
        stochastic_depth(&x, 0.9, None),
        drop_connect(&x, 0.9, None),
        dropout(&x, 0.0, Some(Key::new(1))),
    ] {
        assert_eq!(y.to_vec::<f64>(), x.to_vec::<f64>());
    }
    assert_eq!(dropout(&x, 1.0, Some(Key::new(1))).abs().max().item(), 0.0);
}

#[test]
fn elements_are_dropped_at_the_rate_and_the_rest_is_scaled() {
    let rate = 0.3;
    let ones = Tensor::ones(&[20_000], F64);
    let y = dropout(&ones, rate, Some(Key::new(7)));
    let kept = 1.0 / (1.0 - rate);
    assert!(y.to_vec::<f64>().iter().all(|&y| y == 0.0 || (y - kept).abs() < 1e-15));
    assert_mean(&y.to_vec::<f64>(), 1.0);
    let squares = |y: &Tensor| (y - 1.0).square().to_vec::<f64>();
    assert_mean(&squares(&y), rate / (1.0 - rate));
    let y = gaussian_dropout(&ones, rate, Some(Key::new(8)));
    assert_mean(&y.to_vec::<f64>(), 1.0);
    assert_mean(&squares(&y), rate / (1.0 - rate));
    // Derivatives are the noise.
    let noise = |x: &Tensor| dropout(x, rate, Some(Key::new(7)));
    let g = grad(|x: &Tensor| noise(x).sum())(&ones);
    assert_eq!(g.to_vec::<f64>(), noise(&ones).to_vec::<f64>());
}

#[test]
fn channels_and_branches_are_dropped_as_a_whole() {
    let x = Tensor::ones(&[500, 2, 3], F64);
    let y = spatial_dropout(&x, 0.5, Some(Key::new(0)));
    let sums = y.sum_axes([1, 2]).to_vec::<f64>();
    assert!(sums.iter().all(|&s| s == 0.0 || s == 12.0));
    assert_mean(&sums, 6.0);
    // Every example has its own key.
    let branch = |key: &Key| stochastic_depth(&Tensor::ones(&[3], F64), 0.25, Some(key.replay()));
    let y = vmap(branch)(&Key::new(1).split_batch(2000));
    let first = y.index(1, 0).to_vec::<f64>();
    assert_eq!(first, y.index(1, 2).to_vec::<f64>());
    assert_mean(&first, 1.0);
    assert_eq!([0, 1, 2, 3].map(|i| linear_depth_rate(i, 4, 0.5)), [0.125, 0.25, 0.375, 0.5]);
}

#[test]
fn parameters_are_dropped_independently() {
    let layer =
        Linear { weight: Tensor::ones(&[40, 50], F64), bias: Some(Tensor::ones(&[50], F64)) };
    let noisy = drop_connect(&layer, 0.5, Some(Key::new(0)));
    let bias = noisy.bias.clone().expect("the layer has biases");
    assert_ne!(noisy.weight.index(0, 0).to_vec::<f64>(), bias.to_vec::<f64>());
    for leaf in noisy.leaves() {
        assert!(leaf.to_vec::<f64>().iter().all(|&w| w == 0.0 || w == 2.0));
    }
    assert_mean(&noisy.weight.to_vec::<f64>(), 1.0);
}

/// E‖y − (r∘X)w‖² = ‖y − Xw‖² + p/(1 − p) Σ_j ‖x_j‖² w_j² for inverted dropout at rate p.
#[test]
fn dropout_of_linear_regression_is_ridge_regression() {
    let rate = 0.4;
    let (x, w) = (Key::new(0).normal(&[12, 5], F64), Key::new(1).normal(&[5], F64));
    let y = x.matmul(&w) + Key::new(2).normal(&[12], F64);
    let loss = |key: &Key| (&y - dropout(&x, rate, Some(key.replay())).matmul(&w)).square().sum();
    let samples = vmap(loss)(&Key::new(3).split_batch(20_000)).to_vec::<f64>();
    let penalty = (x.square().sum_axes(0) * w.square()).sum().item();
    let exact = (&y - x.matmul(&w)).square().sum().item() + rate / (1.0 - rate) * penalty;
    assert_mean(&samples, exact);
}
