//! Keys and samplers: against JAX, under transformations, and by their moments.

mod support;

use serde_json::Value;
use support::{assert_close, assert_says, assert_values, message_of};
use tensor::{DType, Key, Tensor, grad, jit, scan, vmap};

fn oracle() -> Vec<Value> {
    let table: Value =
        serde_json::from_str(include_str!("../../../oracles/samplers.json")).unwrap();
    table["cases"].as_array().unwrap().clone()
}

fn list(v: &Value) -> Vec<f64> {
    v.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn words(key: Key) -> Vec<f64> {
    tensor::Tree::leaves(&key)[0].to_vec()
}

#[test]
fn keys_and_bits_are_those_of_jax() {
    for case in oracle() {
        let key = || Key::new(case["seed"].as_u64().unwrap());
        assert_eq!(words(key()), list(&case["key"]));
        let three: [Key; 3] = key().split();
        assert_eq!(three.into_iter().flat_map(words).collect::<Vec<_>>(), list(&case["split"]));
        let three = key().split_n(3).into_iter().flat_map(words).collect::<Vec<_>>();
        assert_eq!(three, list(&case["split"]));
        for (number, expected) in
            [0_i64, 1, 1000].into_iter().zip(case["fold_in"].as_array().unwrap())
        {
            assert_eq!(words(key().fold_in(number)), list(expected));
        }
        let stream: Vec<f64> = key().stream().take(3).flat_map(words).collect();
        assert_eq!(stream, list(&case["split"]));
        assert_eq!(key().bits(&[6]).to_vec::<f64>(), list(&case["bits"]));
    }
}

#[test]
fn samples_are_those_of_jax() {
    for case in oracle() {
        let key = || Key::new(case["seed"].as_u64().unwrap());
        for (name, dtype) in [("float32", DType::F32), ("float64", DType::F64)] {
            let expect = |sampler: &str| list(&case[name][sampler]);
            // Multiples of 2⁻⁵² in (0, 1), up to how their decimals are read.
            assert_values(&key().uniform(&[2, 3], dtype, 0.0, 1.0), &expect("uniform"), 1.2e-16);
            // Logarithms and erf⁻¹ are JAX's own in f32, good to some units in the last place.
            let tolerance = if dtype == DType::F32 { 2e-5 } else { 1e-12 };
            let between = key().uniform(&[6], dtype, -2.5, 1.5);
            assert_values(&between, &expect("uniform_between"), tolerance);
            assert_values(&key().normal(&[6], dtype), &expect("normal"), tolerance);
            let truncated = key().truncated_normal(&[6], dtype, -0.5, 2.0);
            assert_values(&truncated, &expect("truncated_normal"), tolerance);
            assert_values(&key().exponential(&[6], dtype), &expect("exponential"), tolerance);
            assert_values(&key().gumbel(&[6], dtype), &expect("gumbel"), tolerance);
            let p = Tensor::scalar(0.3, dtype);
            assert_values(&key().bernoulli(&p, &[6]), &expect("bernoulli"), 0.0);
        }
        let logits = Tensor::from([[0.5, -1.0, 2.0], [0.0, 0.0, 0.0]]);
        assert_values(&key().categorical(&logits, &[6]), &list(&case["categorical"]), 0.0);
    }
}

type Sampler = fn(Key) -> Tensor;

/// Every sampler, as a function of its key.
const SAMPLERS: [Sampler; 13] = [
    |k| k.bits(&[3]),
    |k| k.uniform(&[2, 3], DType::F32, -1.0, 2.0),
    |k| k.uniform(&[2, 3], DType::F64, -1.0, 2.0),
    |k| k.normal(&[5], DType::F32),
    |k| k.truncated_normal(&[5], DType::F64, -1.0, 3.0),
    |k| k.exponential(&[], DType::F64),
    |k| k.gumbel(&[4], DType::F32),
    |k| k.bernoulli(&Tensor::from([0.2, 0.8]), &[3, 2]),
    |k| k.rademacher(&[4], DType::I32),
    |k| k.categorical(&Tensor::from([0.0, 1.0, 2.0]), &[4]),
    |k| k.randint(&[6], -5, 100),
    |k| k.permutation(7),
    |k| {
        let [a, b] = k.split();
        a.fold_in(3_i64).normal(&[2], DType::F64) + b.shuffle(&Tensor::from([1.0, 2.0]), 0)
    },
];

#[test]
fn vmap_over_keys_gives_the_samples_of_a_loop() {
    for sampler in SAMPLERS {
        let draw = |k: &Key| sampler(k.replay());
        let looped: Vec<Tensor> = Key::new(5).split_n(4).iter().map(draw).collect();
        let looped = Tensor::stack(&looped.iter().collect::<Vec<_>>(), 0);
        assert_close(&vmap(draw)(&Key::new(5).split_batch(4)), &looped, 0.0);
        let compiled = jit(|keys: &Key| vmap(draw)(keys));
        assert_close(&compiled(&Key::new(5).split_batch(4)), &looped, 0.0);
    }
}

#[test]
fn jit_changes_no_sample() {
    for sampler in SAMPLERS {
        let draw = |k: &Key| sampler(k.replay());
        let compiled = jit(draw);
        for seed in [1, 2] {
            assert_close(&compiled(&Key::new(seed)), &draw(&Key::new(seed)), 0.0);
        }
    }
}

#[test]
fn a_key_in_the_state_of_a_loop() {
    // The next state's key is split off inside the loop; unrolled by hand it is the same.
    let step = |key: &Key| -> (Key, Tensor) {
        let [next, now] = key.replay().split();
        (next, now.normal(&[2], DType::F64))
    };
    let (_, samples) =
        scan(|k: &Key, _: &Tensor| step(k), &Key::new(3), &Tensor::zeros(&[4], DType::F64));
    let mut key = Key::new(3);
    for i in 0..4 {
        let (next, sample) = step(&key);
        assert_close(&samples.index(0, i), &sample, 0.0);
        key = next;
    }
}

#[test]
fn the_number_folded_in_may_be_traced() {
    let draw = |i: &Tensor| Key::new(0).fold_in(i.clone()).bits(&[2]);
    let all = vmap(draw)(&Tensor::from([0_i64, 5, 9]));
    for (row, i) in [0_i64, 5, 9].into_iter().enumerate() {
        assert_close(&all.index(0, row as isize), &draw(&Tensor::from(i)), 0.0);
    }
}

#[test]
fn derivatives_flow_through_parameters_not_through_keys() {
    // d/dσ E(σ z)², pathwise: 2σz² for this z.
    let z = Key::new(1).normal(&[], DType::F64).item();
    let f = |s: &Tensor| (Key::new(1).normal(&[], DType::F64) * s).square();
    assert_values(&grad(f)(&Tensor::from(3.0)), &[6.0 * z * z], 1e-14);
    let f = |(s, k): &(Tensor, Key)| (k.replay().normal(&[], DType::F64) * s).square();
    let (g, key) = grad(f)(&(Tensor::from(3.0), Key::new(1)));
    assert_values(&g, &[6.0 * z * z], 1e-14);
    assert_eq!(words(key), [0.0, 0.0]);
}

#[test]
fn a_batch_of_keys_is_for_vmap() {
    let keys = Key::new(0).split_batch(3);
    assert_says(&message_of(|| keys.replay().normal(&[2], DType::F32)), &["batch of keys", "vmap"]);
    assert_says(&message_of(|| keys.replay().split::<2>()), &["split", "u32[3,2]"]);
    let integers = message_of(|| Key::new(0).normal(&[1], DType::I32));
    assert_says(&integers, &["normal: samples are floats, i32"]);
    assert_says(&message_of(|| Key::new(0).randint(&[1], 3, 3)), &["from 3 to 3"]);
    assert_says(&message_of(|| Key::new(0).fold_in(Tensor::from(0.5))), &["one integer"]);
}

/// The mean of `x` lies within five standard errors of `mean`, given that one element has this
/// standard deviation.
#[track_caller]
fn assert_mean(x: &Tensor, mean: f64, deviation: f64) {
    let error = deviation / (x.size() as f64).sqrt();
    let got = x.convert(DType::F64).mean().item();
    assert!((got - mean).abs() < 5.0 * error, "mean {got}, expected {mean} ± {error}");
}

const MANY: usize = 20_000;

#[test]
fn moments_of_continuous_samples() {
    for dtype in [DType::F32, DType::F64] {
        // Uniform on (−1, 3): mean 1, variance 4/3; (x − 1)² has mean 4/3 and variance 64/45.
        let x = Key::new(10).uniform(&[MANY], dtype, -1.0, 3.0);
        assert!(x.min().item() >= -1.0 && x.max().item() < 3.0);
        assert_mean(&x, 1.0, (4.0_f64 / 3.0).sqrt());
        assert_mean(&(x - 1.0).square(), 4.0 / 3.0, (64.0_f64 / 45.0).sqrt());
        // Normal: moments 0, 1, 0, 3; E x⁸ = 105, E x⁶ = 15.
        let x = Key::new(11).normal(&[MANY], dtype);
        assert_mean(&x, 0.0, 1.0);
        assert_mean(&x.square(), 1.0, 2.0_f64.sqrt());
        assert_mean(&x.powi(3), 0.0, 15.0_f64.sqrt());
        assert_mean(&x.powi(4), 3.0, (105.0_f64 - 9.0).sqrt());
        // Exponential: 1, 2, with E x⁴ = 24.
        let x = Key::new(12).exponential(&[MANY], dtype);
        assert_mean(&x, 1.0, 1.0);
        assert_mean(&x.square(), 2.0, 20.0_f64.sqrt());
        // Gumbel: mean γ, variance π²/6.
        let x = Key::new(13).gumbel(&[MANY], dtype);
        assert_mean(&x, 0.5772156649015329, std::f64::consts::PI / 6.0_f64.sqrt());
    }
}

#[test]
fn truncated_normals() {
    // On (0, ∞): the half-normal distribution, mean √(2/π), variance 1 − 2/π.
    let x = Key::new(20).truncated_normal(&[MANY], DType::F64, 0.0, f64::INFINITY);
    let mean = (2.0 / std::f64::consts::PI).sqrt();
    assert_mean(&x, mean, (1.0 - mean * mean).sqrt());
    // On ±1: variance 1 − 2φ(1)/(2Φ(1) − 1).
    let x = Key::new(21).truncated_normal(&[MANY], DType::F32, -1.0, 1.0);
    assert!(x.abs().max().item() <= 1.0);
    assert_mean(&x, 0.0, 0.2911_f64.sqrt());
    assert_mean(&x.square(), 0.29112, 0.3);
    let x = Key::new(22).truncated_normal(&[MANY], DType::F32, f64::NEG_INFINITY, f64::INFINITY);
    assert!(x.is_finite().all().value().to_vec::<bool>()[0]);
}

#[test]
fn frequencies_of_discrete_samples() {
    let x = Key::new(30).bernoulli(&Tensor::from(0.3), &[MANY]);
    assert_mean(&x.convert(DType::F64), 0.3, 0.21_f64.sqrt());
    assert_mean(&Key::new(31).rademacher(&[MANY], DType::F32), 0.0, 1.0);
    let logits = Tensor::from([1.0, -1.0, 0.5, 0.0]);
    let drawn = Key::new(32).categorical(&logits, &[MANY]);
    for (i, p) in logits.softmax(0).to_vec::<f64>().into_iter().enumerate() {
        assert_mean(&drawn.eq(i as f64).convert(DType::F64), p, (p * (1.0 - p)).sqrt());
    }
    let drawn = Key::new(33).randint(&[MANY], -2, 3);
    for i in -2..3 {
        assert_mean(&drawn.eq(f64::from(i)).convert(DType::F64), 0.2, 0.4);
    }
    // The largest span: mean of the uniform distribution on −2³⁰ … 2³⁰ − 1.
    let wide = Key::new(34).randint(&[MANY], -(1 << 30), 1 << 30);
    assert_mean(&wide, -0.5, 2.0_f64.powi(31) / 12.0_f64.sqrt());
    assert_eq!(Key::new(35).randint(&[3], 4, 5).to_vec::<i64>(), [4, 4, 4]);
}

#[test]
fn permutations_are_uniform() {
    // Six permutations of three things, each with probability 1/6.
    let many = vmap(|k: &Key| k.replay().permutation(3))(&Key::new(40).split_batch(6000));
    let code = many.index(1, 0) * 9 + many.index(1, 1) * 3 + many.index(1, 2);
    for p in [5, 7, 11, 15, 19, 21] {
        assert_mean(&code.eq(p).convert(DType::F64), 1.0 / 6.0, (5.0_f64 / 36.0).sqrt());
    }
    let x = Tensor::arange(10, DType::F32);
    let y = Key::new(41).shuffle(&x, 0);
    assert_close(&y.sort(0), &x, 0.0);
    assert_ne!(y.to_vec::<f32>(), x.to_vec::<f32>());
    assert_eq!(Key::new(42).permutation(0).shape(), [0]);
}

#[test]
fn keys_split_off_are_uncorrelated() {
    let draws: Vec<Tensor> =
        Key::new(50).split_n(3).into_iter().map(|k| k.normal(&[MANY], DType::F64)).collect();
    assert_mean(&(&draws[0] * &draws[1]), 0.0, 1.0);
    assert_mean(&(&draws[1] * &draws[2]), 0.0, 1.0);
}
