//! How long the passes of convolutional networks take, step by step: a LeNet-like network on
//! 28² images (batch 64), a residual block 64→64 on 32² (batch 32), and each pass of their
//! convolutions alone; f32.
//!
//! `cargo run --release -p mathesis-engine --example convolutions [--plan] [NAME…]`

use array::{Array, DType, Type};
use ir::check::{random_like, vjp_program};
use ir::prim::{ConvGeneral, ReduceOp, ReduceWindow, WindowOp};
use ir::transform::trace;
use ir::{Expr, Program, RuleError};
use std::time::{Duration, Instant};

fn conv(x: &Expr, w: &Expr, padding: i64) -> Expr {
    let conv = ConvGeneral { padding: vec![(padding, padding); 2], ..ConvGeneral::new(2) };
    ir::bind1(conv, &[x, w])
}

fn affine(x: &Expr, w: &Expr, b: &Expr) -> Expr {
    let y = x.matmul(w);
    &y + &b.broadcast_along(y.shape(), &[0])
}

/// (images, labels; kernels and biases) → mean cross-entropy.
fn lenet(x: &[Expr]) -> Result<Vec<Expr>, RuleError> {
    let bias = |y: &Expr, b: &Expr| y + &b.broadcast_along(y.shape(), &[0, 2, 3]);
    let h = bias(&conv(&x[0], &x[2], 0), &x[3]).relu();
    let h = bias(&conv(&h, &x[4], 0), &x[5]).relu();
    let pool = ReduceWindow {
        strides: vec![1, 1, 2, 2],
        ..ReduceWindow::new(WindowOp::Max, &[1, 1, 2, 2])
    };
    let h = ir::bind1(pool, &[&h]).reshape(&[64, 9216]);
    let h = affine(&h, &x[6], &x[7]).relu();
    let h = affine(&h, &x[8], &x[9]);
    let top = h.reduce(ReduceOp::Max, &[1]).stop_gradient();
    let shifted = &h - &top.broadcast_along(h.shape(), &[1]);
    let log_sum = shifted.exp().reduce_sum(&[1]).log();
    let log_p = &shifted - &log_sum.broadcast_along(h.shape(), &[1]);
    Ok(vec![(&log_p * &x[1]).reduce_sum(&[0, 1]).times(-1.0 / 64.0)])
}

/// (kernel, kernel, images) → mean square of the block's output.
fn residual(x: &[Expr]) -> Result<Vec<Expr>, RuleError> {
    let h = conv(&x[2], &x[0], 1).relu();
    let h = (&conv(&h, &x[1], 1) + &x[2]).relu();
    let n = h.ty().len() as f64;
    Ok(vec![(&h * &h).reduce_sum(&[0, 1, 2, 3]).times(1.0 / n)])
}

fn types(shapes: &[&[usize]]) -> Vec<Type> {
    shapes.iter().map(|s| Type::new(DType::F32, s.to_vec())).collect()
}

/// The shortest and the median of many runs.
fn time(mut f: impl FnMut()) -> (Duration, Duration) {
    let begin = Instant::now();
    let mut times = vec![];
    while times.len() < 5 || (begin.elapsed() < Duration::from_secs(2) && times.len() < 200) {
        let start = Instant::now();
        f();
        times.push(start.elapsed());
    }
    times.sort();
    (times[0], times[times.len() / 2])
}

/// Times a program on one thread and on all, with the rate of `flops` operations.
fn report(name: &str, program: &Program, flops: f64) {
    let inputs: Vec<Array> =
        program.input_types().iter().enumerate().map(|(i, t)| random_like(t, i as u64)).collect();
    let ready = engine::Executable::new(compile::compile(program));
    if std::env::args().any(|a| a == "--plan") {
        println!("{}", ready.plan());
    }
    for threads in [1, engine::threads()] {
        engine::set_threads(threads);
        let (fastest, median) = time(|| drop(ready.run(inputs.clone())));
        let ms = |d: Duration| d.as_secs_f64() * 1e3;
        println!(
            "{name:<28} {threads} threads: fastest {:8.3} ms, median {:8.3} ms, {:7.1} GFLOP/s",
            ms(fastest),
            ms(median),
            flops / fastest.as_secs_f64() / 1e9
        );
    }
}

/// The program's derivative with respect to the inputs `with`, as `(…inputs, ct)` → gradients.
fn gradient(program: &Program, with: &[usize]) -> Program {
    let full = vjp_program(program).expect("a derivative");
    let pick = |x: &[Expr]| -> Result<Vec<Expr>, RuleError> {
        let all = full.inline(x)?;
        Ok(with.iter().map(|&i| all[i].clone()).collect())
    };
    trace("gradient", full.input_types(), pick).expect("a program").program
}

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let all = |name: &str| wanted.is_empty() || wanted.iter().any(|w| name.contains(w.as_str()));
    let shapes: [(&str, [usize; 4], [usize; 4], i64); 4] = [
        ("residual conv", [32, 64, 32, 32], [64, 64, 3, 3], 1),
        ("lenet conv1", [64, 1, 28, 28], [32, 1, 3, 3], 0),
        ("lenet conv2", [64, 32, 26, 26], [64, 32, 3, 3], 0),
        ("wide conv5x5", [16, 48, 20, 20], [80, 48, 5, 5], 2),
    ];
    for (name, x, w, padding) in shapes {
        let make = |x: &[Expr]| Ok::<_, RuleError>(vec![conv(&x[0], &x[1], padding)]);
        let forward: Program = trace("conv", &types(&[&x, &w]), make).expect("a program").program;
        let out = forward.ty(forward.outputs()[0]).len() as f64;
        let flops = 2.0 * out * (w[1] * w[2] * w[3]) as f64;
        for (pass, program) in [
            ("forward", forward.clone()),
            ("input gradient", gradient(&forward, &[0])),
            ("weight gradient", gradient(&forward, &[1])),
        ] {
            let name = format!("{name} {pass}");
            if all(&name) {
                report(&name, &program, flops);
            }
        }
    }
    let pool = ReduceWindow {
        strides: vec![1, 1, 2, 2],
        ..ReduceWindow::new(WindowOp::Max, &[1, 1, 2, 2])
    };
    let make = |x: &[Expr]| Ok::<_, RuleError>(vec![ir::bind1(pool.clone(), &[&x[0]])]);
    let forward = trace("pool", &types(&[&[64, 64, 24, 24]]), make).expect("a program").program;
    let moved = 64.0 * 64.0 * 24.0 * 24.0;
    for (name, program) in
        [("pooling forward", forward.clone()), ("pooling gradient", gradient(&forward, &[0]))]
    {
        if all(name) {
            report(name, &program, moved);
        }
    }
    let net: &[&[usize]] = &[
        &[64, 1, 28, 28],
        &[64, 10],
        &[32, 1, 3, 3],
        &[32],
        &[64, 32, 3, 3],
        &[64],
        &[9216, 128],
        &[128],
        &[128, 10],
        &[10],
    ];
    if all("LeNet") {
        let forward = trace("lenet", &types(net), lenet).expect("a program").program;
        report("LeNet", &gradient(&forward, &[2, 3, 4, 5, 6, 7, 8, 9]), 4.6e9);
    }
    if all("block") {
        let shapes: &[&[usize]] = &[&[64, 64, 3, 3], &[64, 64, 3, 3], &[32, 64, 32, 32]];
        let forward = trace("block", &types(shapes), residual).expect("a program").program;
        report("residual block", &gradient(&forward, &[0, 1, 2]), 14.5e9);
    }
}
