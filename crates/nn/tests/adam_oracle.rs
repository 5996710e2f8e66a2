//! Ten Adam steps of a 784-512-256-10 network against JAX and PyTorch, in both precisions
//! (`oracles/mlp_adam.py`).

use nn::{Activation, Linear, Mlp, cross_entropy};
use optim::{Adam, Rule, State, apply_updates};
use serde_json::Value;
use tensor::{DType, Tensor, jit, value_and_grad};

/// The deterministic generator of `oracles/README.md`.
fn u(seed: u32, shape: &[usize], scale: f64, dtype: DType) -> Tensor {
    let n: usize = shape.iter().product();
    let value = |i: u32| {
        let mut h = i.wrapping_mul(0x9E37_79B1).wrapping_add(seed.wrapping_mul(0x85EB_CA77));
        h ^= h >> 15;
        h = h.wrapping_mul(0x2C1B_3C6D);
        h ^= h >> 12;
        h = h.wrapping_mul(0x297A_2D39);
        h ^= h >> 15;
        (f64::from(h) / 2_147_483_648.0 - 1.0) * scale
    };
    let values: Vec<f64> = (1..=n as u32).map(value).collect();
    Tensor::from_vec(values, shape).convert(dtype)
}

fn losses(activation: Activation, dtype: DType) -> Vec<f64> {
    let widths = [784, 512, 256, 10];
    let layers = widths
        .windows(2)
        .zip(1..)
        .map(|(w, seed)| Linear {
            weight: u(seed, &[w[0], w[1]], 1.0 / (w[0] as f64).sqrt(), dtype),
            bias: Some(Tensor::zeros(&[w[1]], dtype)),
        })
        .collect();
    let labels: Vec<i64> = (0..128).map(|i| (7 * i + 3) % 10).collect();
    let labels = Tensor::from(labels);
    let adam = Adam::new(1e-3);
    let model = Mlp { layers, activation };
    let state = adam.init(&model);
    let step = jit(move |((m, s), x): &((Mlp, State<Mlp>), Tensor)| {
        let (loss, gradient) =
            value_and_grad(|m: &Mlp| cross_entropy(&m.call(x), &labels).mean())(m);
        let (updates, s) = adam.update(gradient, s, m);
        (loss, (apply_updates(m, &updates), s))
    });
    let mut at = (model, state);
    (0..10)
        .map(|s| {
            let x = u(100 + s, &[128, 784], 1.0, dtype);
            let (loss, next) = step(&(at.clone(), x));
            at = next;
            loss.item()
        })
        .collect()
}

#[test]
fn ten_adam_steps_agree_with_jax_and_pytorch() {
    let table: Value =
        serde_json::from_str(include_str!("../../../oracles/mlp_adam.json")).unwrap();
    for case in table["cases"].as_array().unwrap() {
        let activation = match case["activation"].as_str().unwrap() {
            "tanh" => Activation::Tanh,
            "relu" => Activation::Relu,
            other => panic!("unknown activation {other}"),
        };
        let dtype = DType::from_name(case["dtype"].as_str().unwrap()).unwrap();
        let ours = losses(activation, dtype);
        for library in ["jax", "torch"] {
            let theirs = case["loss_before"][library].as_array().unwrap();
            for (step, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
                let theirs = theirs.as_f64().unwrap();
                // f32: rounding differs between libraries and grows with every step.
                let tolerance = match (dtype, step) {
                    (DType::F64, _) => 1e-10,
                    (_, 0 | 1) => 1e-5,
                    _ => 1e-3,
                };
                let relative = ((ours - theirs) / theirs).abs();
                assert!(
                    relative <= tolerance,
                    "{activation:?} {dtype}, step {step}: {ours}, {library} has {theirs} \
                     (relative difference {relative:.1e})"
                );
            }
        }
    }
}
