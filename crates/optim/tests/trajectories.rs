//! Fifty steps of each rule, averages of weights, and the schedules, against PyTorch and optax
//! (`oracles/optimisers.py`).

use optim::{
    AdaGrad, Adam, AdamW, AddDecayedWeights, Chain, ClipByGlobalNorm, Ema, Muon, Polyak, RmsProp,
    Rule, Schedule, Sgd, Shampoo, Soap, apply_updates,
};
use serde_json::Value;
use tensor::{Tensor, grad};

fn numbers(v: &Value) -> Vec<f64> {
    v["data"]
        .as_array()
        .unwrap_or_else(|| v.as_array().unwrap())
        .iter()
        .map(|x| x.as_f64().unwrap())
        .collect()
}

fn quadratic(a: &Tensor, b: &Tensor, x: &Tensor) -> Tensor {
    x.matmul(&a.matmul(x)) * 0.5 - (b * x).sum()
}

fn rosenbrock(x: &Tensor) -> Tensor {
    let (x0, x1) = (x.index(0, 0), x.index(0, 1));
    (1.0 - &x0).square() + 100.0 * (x1 - x0.square()).square()
}

/// The rule of a case, if we have it.
fn rule(name: &str, p: &Value) -> Option<Chain<Tensor>> {
    let get = |k: &str| p[k].as_f64().unwrap();
    let chain = Chain::new();
    Some(match name {
        "gd" => chain.then(Sgd::new(get("lr"))),
        "momentum" => chain.then(Sgd::new(get("lr")).momentum(get("mu"))),
        "nesterov" => chain.then(Sgd::new(get("lr")).momentum(get("mu")).nesterov()),
        "momentum_coupled_decay" => chain
            .then(AddDecayedWeights::new(get("wd")))
            .then(Sgd::new(get("lr")).momentum(get("mu"))),
        "gd_clipped" => chain.then(ClipByGlobalNorm::new(get("c"))).then(Sgd::new(get("lr"))),
        "adam" => chain.then(Adam::new(get("lr")).betas(get("b1"), get("b2")).epsilon(get("eps"))),
        "adamw" | "adamw_other" => chain
            .then(AdamW::new(get("lr"), get("wd")).betas(get("b1"), get("b2")).epsilon(get("eps"))),
        "rmsprop" => chain.then(RmsProp::new(get("lr")).decay(get("a")).epsilon(get("eps"))),
        "rmsprop_centred_momentum" => chain.then(
            RmsProp::new(get("lr"))
                .decay(get("a"))
                .epsilon(get("eps"))
                .momentum(get("mu"))
                .centred(),
        ),
        "adagrad" => chain.then(AdaGrad::new(get("lr")).epsilon(get("eps"))),
        "adagrad_initial" => {
            chain.then(AdaGrad::new(get("lr")).epsilon(get("eps")).initial(get("v0")))
        }
        "shampoo" => chain.then(Shampoo::new(get("lr")).epsilon(get("eps"))),
        "soap" => {
            let every = p["every"].as_u64().unwrap() as u32;
            chain.then(
                Soap::new(get("lr"))
                    .betas(get("b1"), get("b2"))
                    .epsilon(get("eps"))
                    .frequency(every),
            )
        }
        "muon" => chain.then(Muon::new(get("lr"), 0.0).momentum(get("mu"))),
        "muon_heavy_ball_decay" => {
            chain.then(Muon::new(get("lr"), 0.0).momentum(get("mu")).heavy_ball().decay(get("wd")))
        }
        _ => return None,
    })
}

/// `‖A X − B‖²/2` for matrices.
fn matrix_problem(a: &Tensor, b: &Tensor, x: &Tensor) -> Tensor {
    (a.matmul(x) - b).square().sum() * 0.5
}

#[test]
fn trajectories() {
    let table: Value =
        serde_json::from_str(include_str!("../../../oracles/optimisers.json")).unwrap();
    let a = Tensor::from_vec(numbers(&table["A"]), &[3, 3]);
    let b = Tensor::from(numbers(&table["b"]));
    let mut checked = 0;
    for case in table["cases"].as_array().unwrap() {
        let (name, problem) = case["name"].as_str().unwrap().split_once('/').unwrap();
        let Some(rule) = rule(name, &case["params"]) else { continue };
        let path = numbers(&case["x"]);
        let n = path.len() / 51;
        let mut x = Tensor::from(path[..n].to_vec());
        let matrices = (problem == "matrix").then(|| {
            let shape = |k: &str| -> Vec<usize> {
                let sizes = case[k]["shape"].as_array().unwrap();
                sizes.iter().map(|v| v.as_u64().unwrap() as usize).collect()
            };
            x = x.reshape(&shape("x")[1..]);
            let matrix = |k: &str| Tensor::from_vec(numbers(&case[k]), &shape(k));
            (matrix("A"), matrix("B"))
        });
        let mut state = rule.init(&x);
        // SOAP's bases depend on rounding through the ratios of small eigenvalues.
        let tolerance = if name == "soap" { 1e-7 } else { 1e-9 };
        for (step, expected) in path.chunks(n).enumerate().skip(1) {
            let f = |x: &Tensor| match (&matrices, problem) {
                (Some((a, b)), _) => matrix_problem(a, b, x),
                (None, "quadratic") => quadratic(&a, &b, x),
                (None, "rosenbrock") => rosenbrock(x),
                (None, other) => panic!("no problem is called {other}"),
            };
            let (updates, next) = rule.update(grad(f)(&x), &state, &x);
            (x, state) = (apply_updates(&x, &updates), next);
            for (ours, theirs) in x.to_vec::<f64>().iter().zip(expected) {
                assert!(
                    (ours - theirs).abs() <= tolerance * (1.0 + theirs.abs()),
                    "{name}/{problem}, step {step}: {ours}, expected {theirs}"
                );
            }
        }
        checked += 1;
    }
    assert_eq!(checked, 28, "twelve rules on two problems, three on matrices, Muon twice");
}

#[test]
fn averages() {
    let table: Value =
        serde_json::from_str(include_str!("../../../oracles/optimisers.json")).unwrap();
    let mut checked = 0;
    for case in table["cases"].as_array().unwrap() {
        let Some(kind) = case["name"].as_str().unwrap().strip_prefix("average/") else { continue };
        let (sequence, averages) = (numbers(&case["sequence"]), numbers(&case["average"]));
        let ema = Ema::new(case["params"]["decay"].as_f64().unwrap_or(0.0));
        let mut points = sequence.chunks(2).map(|x| Tensor::from(x.to_vec()));
        let mut average = ema.init(&points.next().unwrap());
        for (k, expected) in averages.chunks(2).enumerate() {
            if k > 0 {
                let x = points.next().unwrap();
                average = match kind {
                    "ema" => ema.update(&average, &x),
                    "polyak" => Polyak.update(&average, &x),
                    other => panic!("no average is called {other}"),
                };
            }
            let off = (&average.mean - Tensor::from(expected.to_vec())).abs().max().item();
            assert!(off < 1e-14, "{kind}, {k}: {off}");
        }
        checked += 1;
    }
    assert_eq!(checked, 2);
}

#[test]
fn schedules() {
    let table: Value =
        serde_json::from_str(include_str!("../../../oracles/optimisers.json")).unwrap();
    let mut checked = 0;
    for case in table["cases"].as_array().unwrap() {
        let p = &case["params"];
        let get = |k: &str| p[k].as_f64().unwrap();
        let int = |k: &str| p[k].as_u64().unwrap();
        let schedule = match case["name"].as_str().unwrap() {
            "schedule/cosine" => {
                Schedule::Cosine { rate: get("peak"), end: get("end"), total: int("total") }
            }
            "schedule/cosine_restarts_1" | "schedule/cosine_restarts_2" => {
                Schedule::CosineRestarts {
                    rate: get("peak"),
                    end: get("end"),
                    period: int("period"),
                    growth: int("grow"),
                }
            }
            "schedule/step" => {
                Schedule::Step { rate: get("peak"), factor: get("gamma"), every: int("every") }
            }
            _ => continue,
        };
        let steps = case["steps"].as_array().unwrap();
        for (t, lr) in steps.iter().zip(case["lr"].as_array().unwrap()) {
            let ours = schedule.at(&Tensor::from(t.as_i64().unwrap())).item();
            let theirs = lr.as_f64().unwrap();
            assert!((ours - theirs).abs() <= 1e-12 * theirs.abs().max(1e-3), "{case}: {ours}");
        }
        checked += 1;
    }
    assert_eq!(checked, 4);
}
