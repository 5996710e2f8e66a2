//! How fast products of matrices of several sizes and layouts are on one thread, beside the crate
//! `gemm` called directly.
//!
//! `cargo run --release -p mathesis-engine --example products`

use array::{DType, Type};
use ir::Prim;
use ir::check::random_like;
use ir::prim::DotGeneral;
use std::time::Instant;

/// The least time of many runs, in seconds.
fn least(flops: f64, mut f: impl FnMut()) -> f64 {
    let runs = (4e9 / flops).clamp(5.0, 20000.0) as usize;
    let times = (0..runs).map(|_| {
        let start = Instant::now();
        f();
        start.elapsed().as_secs_f64()
    });
    times.fold(f64::INFINITY, f64::min)
}

fn main() {
    engine::set_threads(1);
    println!("rows × columns × terms: Gflop/s of the engine | of the crate gemm, for A B and A Bᵀ");
    let sizes = [
        [8, 32, 32],
        [64, 64, 64],
        [128, 32, 64],
        [32, 32, 128],
        [128, 10, 32],
        [32, 512, 784],
        [784, 512, 32],
        [128, 512, 784],
        [784, 512, 128],
        [32, 512, 128],
        [128, 128, 128],
        [256, 256, 256],
        [512, 512, 512],
        [2048, 384, 128],
        [2048, 128, 512],
        [1024, 1024, 1024],
    ];
    for [m, n, k] in sizes {
        let flops = (2 * m * n * k) as f64;
        let mut line = format!("{m:5} × {n:4} × {k:4}");
        for transposed in [false, true] {
            let a = random_like(&Type::new(DType::F32, vec![m, k]), 1);
            let shape = if transposed { vec![n, k] } else { vec![k, n] };
            let b = random_like(&Type::new(DType::F32, shape), 2);
            let contract = [vec![1], vec![usize::from(transposed)]];
            let p: Prim = DotGeneral { contract, batch: [vec![], vec![]] }.into();
            let ours = least(flops, || drop(engine::apply(&p, &[&a, &b])));
            let mut out = vec![0.0_f32; m * n];
            let (x, y) = (a.as_slice::<f32>(), b.as_slice::<f32>());
            let (column, term) = if transposed { (k, 1) } else { (1, n) };
            let theirs = least(flops, || {
                // SAFETY: the steps are those of the matrices.
                unsafe {
                    gemm::gemm(
                        m,
                        n,
                        k,
                        out.as_mut_ptr(),
                        1,
                        n as isize,
                        false,
                        x.as_ptr(),
                        1,
                        k as isize,
                        y.as_ptr(),
                        column as isize,
                        term as isize,
                        0.0,
                        1.0,
                        false,
                        false,
                        false,
                        gemm::Parallelism::None,
                    );
                }
            });
            let (ours, theirs) = (flops / ours / 1e9, flops / theirs / 1e9);
            line += &format!("   {ours:6.1} | {theirs:6.1}");
        }
        println!("{line}");
    }
}
