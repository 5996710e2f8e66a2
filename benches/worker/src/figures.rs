//! What is around the kernels: how long programs take to trace and to compile, what running them
//! costs besides, what work they amount to.

use crate::inputs::{labels, uniform};
use crate::protocol::say;
use crate::rows;
use mathesis::prelude::*;
use mathesis::trace;
use serde_json::{Value, json};
use std::io;
use std::time::Instant;

/// Links of the long chain.
const CHAIN: usize = 100_000;

/// Says one line per row, then one with the overheads.
pub(crate) fn run(names: &[&str]) -> io::Result<()> {
    for name in names {
        if let Some(figures) = of_row(name) {
            say(&figures)?;
        }
    }
    say(&overheads())
}

fn of_row(name: &str) -> Option<Value> {
    let row = rows::row(name)?;
    let start = Instant::now();
    let (traced, arguments) = row.program();
    let tracing = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let compiled = traced.compile();
    let compiling = start.elapsed().as_secs_f64();
    let (flops, bytes) = traced.work();
    let f64s = arguments.iter().any(|a| a.dtype() == DType::F64);
    Some(json!({
        "w": name, "trace": tracing, "compile": compiling, "operations": traced.operations(),
        "steps": compiled.steps(), "flop": flops, "bytes": bytes,
        "dtype": if f64s { "f64" } else { "f32" },
    }))
}

/// A scalar that goes through a chain of functions, two operations a link.
fn chain(x: &Tensor) -> Tensor {
    (0..CHAIN / 2).fold(x.clone(), |y, _| y.sin() * x)
}

fn overheads() -> Value {
    let one = Tensor::from(1.0_f32);
    let add = |x: &Tensor| x + x;
    let run = trace(add)(&one).compile().seconds_per_run(std::slice::from_ref(&one), 10_000);
    let compiled = jit(add);
    compiled(&one);
    let mut calls: Vec<f64> = (0..11).map(|_| per_call(|| drop(compiled(&one)), 10_000)).collect();
    calls.sort_by(f64::total_cmp);
    let start = Instant::now();
    let traced = trace(|x: &Tensor| value_and_grad(chain)(x))(&one);
    let tracing = start.elapsed().as_secs_f64();
    let operations = traced.operations();
    let steps = traced.compile().steps();
    json!({
        "run": run, "jit_call": calls[5], "chain": start.elapsed().as_secs_f64(),
        "chain_trace": tracing, "chain_links": CHAIN, "chain_operations": operations,
        "chain_steps": steps,
    })
}

fn per_call(mut f: impl FnMut(), calls: usize) -> f64 {
    let start = Instant::now();
    (0..calls).for_each(|_| f());
    start.elapsed().as_secs_f64() / calls as f64
}

/// One training step of a fresh network, as the first thing that a process does.
pub(crate) fn first_step() -> io::Result<()> {
    let model = Mlp::new(Key::new(0), &rows::WIDTHS, Activation::Relu, DType::F32);
    let rule = Adam::new(1e-3);
    let batch = (uniform(10, &[32, rows::WIDTHS[0]], 1.0), labels(32));
    let state = (rule.init(&model), model);
    let step = jit_step(move |(state, model): &(_, Mlp), (x, y): &(Tensor, Tensor)| {
        let loss = |m: &Mlp| cross_entropy(&m.call(x), y).mean();
        let (value, gradient) = value_and_grad(loss)(model);
        let (updates, state) = rule.update(gradient, state, model);
        ((state, apply_updates(model, &updates)), value)
    });
    let (_, loss) = step(state, &batch);
    say(&json!({ "loss": loss.item() }))
}
