//! First-order methods against their theory on quadratics: contraction, divergence, averaging.

mod support;

use optim::{Polyak, Rule, Sgd, apply_updates, sharpness_aware};
use tensor::{DType, Key, Tensor, grad, jit_step};

const MU: f64 = 1.0;
const L: f64 = 100.0;

/// A spectrum that fills `[μ, L]`.
fn spectrum() -> Tensor {
    Tensor::linspace(MU, L, 12, DType::F64)
}

/// `‖x‖` along the way on `½ Σ λᵢ xᵢ²`, from the vector of ones.
fn path(rule: &impl Rule<Tensor>, steps: usize) -> Vec<f64> {
    let spectrum = spectrum();
    let step = jit_step(|(x, state): &(Tensor, optim::State<Tensor>), _: &()| {
        let gradient = grad(|x: &Tensor| (&spectrum * x.square()).sum() * 0.5)(x);
        let (updates, state) = rule.update(gradient, state, x);
        let x = apply_updates(x, &updates);
        let norm = x.norm();
        ((x, state), norm)
    });
    let x = spectrum.ones_like();
    let mut now = (x.clone(), rule.init(&x));
    let mut norms = vec![x.norm().item()];
    for _ in 0..steps {
        let (next, norm) = step(now, &());
        now = next;
        norms.push(norm.item());
    }
    norms
}

/// The factor per step, over the steps from `from` to the end.
fn asymptotic(norms: &[f64], from: usize) -> f64 {
    let last = norms.len() - 1;
    (norms[last] / norms[from]).powf(1.0 / (last - from) as f64)
}

/// Gradient descent at `η = 2/(μ+L)` contracts by `(κ−1)/(κ+1)` in every step.
#[test]
fn gradient_descent() {
    let kappa = L / MU;
    let norms = path(&Sgd::new(2.0 / (MU + L)), 400);
    let rate = asymptotic(&norms, 200);
    assert!((rate - (kappa - 1.0) / (kappa + 1.0)).abs() < 1e-10, "{rate}");
    assert!(norms.windows(2).all(|w| w[1] <= w[0] * (kappa - 1.0) / (kappa + 1.0) + 1e-12));
}

/// It diverges if and only if `η > 2/L`.
#[test]
fn threshold_of_divergence() {
    let below = path(&Sgd::new(2.0 / L * (1.0 - 1e-3)), 4000);
    assert!(below[4000] < 1e-2, "{}", below[4000]);
    let above = path(&Sgd::new(2.0 / L * (1.0 + 1e-3)), 4000);
    assert!(above[4000] > 1e3, "{}", above[4000]);
    // The factor is |1 − ηL| = 1.002.
    assert!((asymptotic(&above, 3000) - 1.002).abs() < 1e-9);
}

/// The heavy ball with its best parameters contracts by `(√κ−1)/(√κ+1)` asymptotically, after a
/// growth like `k` in the beginning: a double eigenvalue, so the factor over `k` steps is
/// `ρ (1 + 1/k + …)`.
#[test]
fn heavy_ball() {
    let (root_l, root_mu) = (L.sqrt(), MU.sqrt());
    let rho = (root_l - root_mu) / (root_l + root_mu);
    let rule = Sgd::new(4.0 / (root_l + root_mu).powi(2)).momentum(rho * rho);
    let norms = path(&rule, 150);
    let rate = asymptotic(&norms, 75);
    assert!((rate - rho).abs() < 0.02 && rate > rho, "{rate}, {rho}");
    assert!(norms[1..20].iter().any(|n| *n > norms[0]), "growth before decay: {:?}", &norms[..8]);
    // 1−2/(κ+1) per step would leave 0.05 here.
    assert!(norms[150] < 1e-10);
}

/// Nesterov's method with `η = 1/L` and `β = (√κ−1)/(√κ+1)`: `f` falls at least by `1 − 1/√κ` per
/// step, so the norm by its root, asymptotically by `1 − 1/√κ` itself on quadratics.
#[test]
fn nesterov() {
    let root = (L / MU).sqrt();
    let rule = Sgd::new(1.0 / L).momentum((root - 1.0) / (root + 1.0)).nesterov();
    let norms = path(&rule, 300);
    let rate = asymptotic(&norms, 100);
    assert!(rate < (1.0 - 1.0 / root).sqrt(), "{rate}");
    assert!((rate - (1.0 - 1.0 / root)).abs() < 0.01, "{rate}");
}

/// Early stopping is a filter: after `t` steps from 0, direction `i` of the minimum is multiplied
/// by `1 − (1 − ηλᵢ)ᵗ`.
#[test]
fn early_stopping_filters() {
    let (spectrum, rate, steps) = (spectrum(), 0.01, 7);
    let mut x = spectrum.zeros_like();
    let rule = Sgd::new(rate);
    let mut state = rule.init(&x);
    for _ in 0..steps {
        let f = |x: &Tensor| (&spectrum * (x - 1.0).square()).sum() * 0.5;
        let (updates, next) = rule.update(grad(f)(&x), &state, &x);
        (x, state) = (apply_updates(&x, &updates), next);
    }
    let filter = 1.0 - (1.0 - &spectrum * rate).powi(steps);
    assert!((x - filter).abs().max().item() < 1e-14);
}

/// Constant steps on a quadratic with noise `N(0, C)` in the gradient: the covariance goes to the
/// solution of `Σ = (I−ηA) Σ (I−ηA) + η² C`, which is diagonal here: `σᵢ² = ηcᵢ/(λᵢ(2 − ηλᵢ))`.
/// The average of the path over `k` steps has covariance near to `A⁻¹CA⁻¹/k`, the Cramér–Rao bound.
#[test]
fn stationary_covariance_and_averaging() {
    let eigenvalues = Tensor::from([1.0, 4.0]);
    let noise = Tensor::from([2.0, 0.5]); // standard deviations
    let (rate, chains, steps) = (0.1, 2000, 300);
    let rule = Sgd::new(rate);
    type Chains = (Tensor, optim::State<Tensor>, optim::Average<Tensor>);
    let step = jit_step(|(x, state, average): &Chains, key: &Key| {
        let kick = key.replay().normal(&[chains, 2], DType::F64) * &noise;
        let (updates, state) = rule.update(x * &eigenvalues + kick, state, x);
        let x = apply_updates(x, &updates);
        let average = Polyak.update(average, &x);
        ((x, state, average), ())
    });
    let x = Tensor::zeros(&[chains, 2], DType::F64);
    let mut now = (x.clone(), rule.init(&x), Polyak.init(&x));
    for key in Key::new(11).split_n(steps) {
        (now, ()) = step(now, &key);
    }
    let predicted = noise.square() * rate / (&eigenvalues * (2.0 - &eigenvalues * rate));
    let measured = now.0.square().mean_axes(0);
    // A variance from N normal samples has the relative standard error √(2/N): four of them.
    let error = 4.0 * (2.0 / chains as f64).sqrt();
    let relative = ((&measured - &predicted) / &predicted).abs().max().item();
    assert!(relative < error, "{measured} {predicted}");
    let bound = noise.square() / eigenvalues.square() / steps as f64;
    let averaged = now.2.mean.square().mean_axes(0);
    // Up to the transient, of relative order 2/(ηλk) = 0.07.
    let relative = (&averaged / &bound - 1.0).abs().max().item();
    assert!(relative < error + 0.1, "{averaged} {bound}");
    let ratio = (&averaged / &measured).max().item();
    assert!(ratio < 0.15, "averaging helps: {ratio}");
}

/// Least squares with fewer equations than unknowns, from 0: gradient descent goes to the solution
/// of least norm, `X⁺y`.
#[test]
fn implicit_bias() {
    let x = Key::new(4).normal(&[3, 7], DType::F64);
    let y = Tensor::from([1.0, -2.0, 0.5]);
    let rule = Sgd::new(0.05);
    let step = jit_step(|(w, state): &(Tensor, optim::State<Tensor>), _: &()| {
        let gradient = grad(|w: &Tensor| (x.matmul(w) - &y).square().sum() * 0.5)(w);
        let (updates, state) = rule.update(gradient, state, w);
        ((apply_updates(w, &updates), state), ())
    });
    let w = Tensor::zeros(&[7], DType::F64);
    let mut now = (w.clone(), rule.init(&w));
    for _ in 0..3000 {
        (now, ()) = step(now, &());
    }
    let least = x.pinv().matmul(&y);
    assert!((now.0 - least).abs().max().item() < 1e-10);
}

/// Sharpness-aware gradients: closed form on a quadratic, `A(x + ρ Ax/‖Ax‖)`; no NaN where the
/// gradient is 0; and the same under `jit`, over a tree.
#[test]
fn sharpness() {
    let a = spectrum();
    let f = |x: &Tensor| (&a * x.square()).sum() * 0.5;
    let x = Tensor::linspace(-1.0, 2.0, 12, DType::F64);
    let (value, gradient) = sharpness_aware(f, 0.3)(&x);
    let g = &a * &x;
    let expected = &a * (&x + &g * (0.3 / g.norm()));
    assert!((gradient - &expected).abs().max().item() < 1e-12);
    assert_eq!(value.item(), f(&x).item());
    let (_, zero) = sharpness_aware(f, 0.3)(&x.zeros_like());
    assert_eq!(zero.abs().max().item(), 0.0);
    let tree = (x.clone(), x.convert(DType::F32));
    let both = |t: &(Tensor, Tensor)| f(&t.0) + t.1.square().sum().convert(DType::F64);
    let compiled = tensor::jit(|t: &(Tensor, Tensor)| sharpness_aware(both, 0.1)(t));
    let (ours, plain) = (compiled(&tree).1, sharpness_aware(both, 0.1)(&tree).1);
    assert!((&ours.0 - &plain.0).abs().max().item() < 1e-12);
    assert_eq!(ours.1.dtype(), DType::F32);
}
