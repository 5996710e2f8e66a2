//! How long a training step of a small network takes: 784-512-256-10, a batch of 128, ReLU,
//! softmax cross-entropy, f32; the loss and its gradient with respect to every parameter.
//!
//! `cargo run --release -p mathesis-engine --example mlp_step`

use array::{Array, DType, Type};
use engine::Executable;
use ir::check::{random_like, vjp_program};
use ir::prim::ReduceOp;
use ir::transform::trace;
use ir::{Expr, Program, RuleError};
use std::time::{Duration, Instant};

const BATCH: usize = 128;
const SIZES: [usize; 4] = [784, 512, 256, 10];

fn affine(x: &Expr, w: &Expr, b: &Expr) -> Expr {
    let y = x.matmul(w);
    &y + &b.broadcast_along(y.shape(), &[0])
}

/// (images, one-hot labels, parameters…) → mean cross-entropy.
fn loss(x: &[Expr]) -> Result<Vec<Expr>, RuleError> {
    let mut h = x[0].clone();
    let layers = SIZES.len() - 1;
    for l in 0..layers {
        h = affine(&h, &x[2 + 2 * l], &x[3 + 2 * l]);
        if l + 1 < layers {
            h = h.relu();
        }
    }
    let top = h.reduce(ReduceOp::Max, &[1]).stop_gradient();
    let shifted = &h - &top.broadcast_along(h.shape(), &[1]);
    let log_sum = shifted.exp().reduce_sum(&[1]).log();
    let log_p = &shifted - &log_sum.broadcast_along(h.shape(), &[1]);
    Ok(vec![(&log_p * &x[1]).reduce_sum(&[0, 1]).times(-1.0 / BATCH as f64)])
}

fn types() -> Vec<Type> {
    let mut types = vec![vec![BATCH, SIZES[0]], vec![BATCH, SIZES[3]]];
    for w in SIZES.windows(2) {
        types.extend([vec![w[0], w[1]], vec![w[1]]]);
    }
    types.into_iter().map(|shape| Type::new(DType::F32, shape)).collect()
}

/// The shortest and the median of many runs.
fn time(mut f: impl FnMut()) -> (Duration, Duration) {
    let mut times: Vec<Duration> = (0..200)
        .map(|_| {
            let start = Instant::now();
            f();
            start.elapsed()
        })
        .collect();
    times.sort();
    (times[0], times[times.len() / 2])
}

fn main() {
    let forward: Program = trace("loss", &types(), loss).expect("a program").program;
    let gradient = vjp_program(&forward).expect("a derivative");
    let inputs: Vec<Array> =
        gradient.input_types().iter().enumerate().map(|(i, t)| random_like(t, i as u64)).collect();
    let (fastest, median) = time(|| drop(compile::compile(&gradient)));
    let plan = Executable::new(compile::compile(&gradient));
    println!(
        "{} equations, {} after optimisation, {} steps; compiled in {median:?} ({fastest:?})",
        gradient.equations().len(),
        compile::optimise(&gradient).equations().len(),
        plan.plan().steps().len()
    );
    if std::env::args().any(|a| a == "--plan") {
        println!("{}", plan.plan());
    }
    let forward_plan = Executable::new(compile::compile(&forward));
    for threads in [1, engine::threads()] {
        engine::set_threads(threads);
        for (name, plan) in [("forward", &forward_plan), ("gradient", &plan)] {
            let n = plan.plan().input_types().len();
            let (fastest, median) = time(|| drop(plan.run(inputs[..n].to_vec())));
            println!("{threads} threads, {name}: median {median:?}, fastest {fastest:?}");
        }
    }
}
