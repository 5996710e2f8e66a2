//! What an element of a fused loop costs where memory is near and where it is far:
//! `gelu(a x + b)` on one thread and on all, by the length of the arrays.
//!
//! `cargo run --release -p mathesis-engine --example loops`

use array::{Array, DType, Type};
use ir::check::random_like;
use ir::transform::trace;
use ir::{Expr, RuleError};
use std::time::Instant;

fn gelu(x: &[Expr]) -> Result<Vec<Expr>, RuleError> {
    let y = &(&x[0] * &x[1]) + &x[2];
    Ok(vec![(&y * &y.times(-std::f64::consts::FRAC_1_SQRT_2).erfc()).times(0.5)])
}

fn sums(x: &[Expr]) -> Result<Vec<Expr>, RuleError> {
    let y = &(&x[0] * &x[1]) + &x[2];
    Ok(vec![(&(&y * &x[0]) + &x[1]).times(0.5)])
}

fn main() {
    for (name, f) in [("gelu", gelu as fn(&[Expr]) -> _), ("four mul, two add", sums)] {
        for n in [1 << 12, 1 << 14, 1 << 16, 1 << 18, 1 << 20, 1 << 22] {
            let types = vec![Type::new(DType::F32, vec![n]); 3];
            let program = trace(name, &types, f).expect("a program").program;
            let ready = engine::Executable::new(compile::compile(&program));
            let x: Vec<Array> =
                types.iter().enumerate().map(|(i, t)| random_like(t, i as u64)).collect();
            for threads in [1, engine::threads()] {
                engine::set_threads(threads);
                let least = (0..((1 << 25) / n).max(20))
                    .map(|_| {
                        let start = Instant::now();
                        drop(ready.run(x.clone()));
                        start.elapsed()
                    })
                    .min()
                    .expect("some");
                let each = least.as_secs_f64() * 1e9 / n as f64;
                println!("{name}, {n} elements, {threads} threads: {each:.3} ns an element");
            }
        }
    }
}
