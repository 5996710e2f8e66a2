//! What the machine can do: multiply-adds per second in registers, bytes per second by the size of
//! what is moved. Floors are computed from these.

use mathesis::DType;
use pulp::{Arch, Simd, WithSimd};
use serde_json::{Value, json};
use std::hint::black_box;
use std::sync::Barrier;
use std::time::Instant;

/// Independent chains of multiply-adds: more than latency times throughput on any processor that
/// this is for (4 cycles, 2 a cycle).
const CHAINS: usize = 16;
const ROUNDS: usize = 100_000;
/// Bytes moved by one measurement, at least.
const MOVED: usize = 1 << 27;
/// Repetitions, of which the best counts.
const REPETITIONS: usize = 7;

/// The peaks for a number of threads.
#[derive(Clone, Debug)]
pub(crate) struct Peaks {
    /// Floating-point operations per second, f32 and f64; a multiply-add is two.
    pub(crate) flops: [f64; 2],
    /// Sizes in bytes, ascending, with bytes per second.
    pub(crate) bandwidth: Vec<(usize, f64)>,
}

impl Peaks {
    pub(crate) fn measure(threads: usize) -> Peaks {
        let arch = Arch::new();
        let f32s = best(threads, || || arch.dispatch(MultiplyAdd32));
        let f64s = best(threads, || || arch.dispatch(MultiplyAdd64));
        let sizes = (16..=28).step_by(2).map(|k| 1_usize << k);
        let bandwidth = sizes.map(|bytes| (bytes, moved_per_second(arch, threads, bytes)));
        Peaks { flops: [f32s, f64s], bandwidth: bandwidth.collect() }
    }

    /// The least time for this many operations and bytes, in seconds: whichever takes longer.
    /// Bytes move as fast as in the next smaller size that was measured.
    pub(crate) fn floor(&self, dtype: DType, flops: u64, bytes: u64) -> f64 {
        let compute = flops as f64 / self.flops[usize::from(dtype == DType::F64)];
        let fits = self.bandwidth.iter().rev().find(|(size, _)| *size as u64 <= bytes);
        let rate = fits.or(self.bandwidth.first()).map_or(f64::INFINITY, |(_, rate)| *rate);
        compute.max(bytes as f64 / rate)
    }

    pub(crate) fn json(&self) -> Value {
        json!({ "f32": self.flops[0], "f64": self.flops[1], "bandwidth": self.bandwidth })
    }
}

/// The best rate of all threads together. Each thread makes its work, and all begin it at once;
/// the work says how much it did.
fn best<W: FnMut() -> f64>(threads: usize, make: impl Fn() -> W + Sync) -> f64 {
    let barrier = Barrier::new(threads);
    let one = || {
        let mut work = make();
        work(); // brings its data near
        let timed = |_| {
            barrier.wait();
            let start = Instant::now();
            let amount = work();
            (amount, start.elapsed().as_secs_f64())
        };
        (0..REPETITIONS).map(timed).collect::<Vec<_>>()
    };
    let results: Vec<Vec<(f64, f64)>> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        handles.into_iter().map(|h| h.join().expect("invariant: no panic inside")).collect()
    });
    let together = |i: usize| {
        let longest = results.iter().map(|r| r[i].1).fold(0.0, f64::max);
        results.iter().map(|r| r[i].0).sum::<f64>() / longest
    };
    (0..REPETITIONS).map(together).fold(0.0, f64::max)
}

struct MultiplyAdd32;

impl WithSimd for MultiplyAdd32 {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let (a, b) = (simd.splat_f32s(black_box(0.999)), simd.splat_f32s(black_box(0.001)));
        let mut x = [simd.splat_f32s(1.0); CHAINS];
        for _ in 0..ROUNDS {
            for x in &mut x {
                *x = simd.mul_add_f32s(*x, a, b);
            }
        }
        black_box(x.map(|x| simd.reduce_sum_f32s(x)));
        (2 * ROUNDS * CHAINS * size_of::<S::f32s>() / size_of::<f32>()) as f64
    }
}

struct MultiplyAdd64;

impl WithSimd for MultiplyAdd64 {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let (a, b) = (simd.splat_f64s(black_box(0.999)), simd.splat_f64s(black_box(0.001)));
        let mut x = [simd.splat_f64s(1.0); CHAINS];
        for _ in 0..ROUNDS {
            for x in &mut x {
                *x = simd.mul_add_f64s(*x, a, b);
            }
        }
        black_box(x.map(|x| simd.reduce_sum_f64s(x)));
        (2 * ROUNDS * CHAINS * size_of::<S::f64s>() / size_of::<f64>()) as f64
    }
}

/// The better of reading, and of reading two and writing one, over `bytes` in all.
fn moved_per_second(arch: Arch, threads: usize, bytes: usize) -> f64 {
    let each = (bytes / threads / size_of::<f32>()).max(256);
    let times = (MOVED / bytes).max(2);
    let read = best(threads, || {
        let x = vec![1.0_f32; each];
        move || {
            for _ in 0..times {
                black_box(arch.dispatch(Read { x: black_box(&x) }));
            }
            (times * each * size_of::<f32>()) as f64
        }
    });
    let update = best(threads, || {
        let x = vec![1.0_f32; each / 2];
        let mut y = vec![1.0_f32; each / 2];
        move || {
            for _ in 0..times {
                arch.dispatch(Update { x: black_box(&x), y: black_box(&mut y) });
            }
            (times * 3 * (each / 2) * size_of::<f32>()) as f64
        }
    });
    read.max(update)
}

/// Σ x.
struct Read<'a> {
    x: &'a [f32],
}

impl WithSimd for Read<'_> {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f32 {
        let (x, _) = S::as_simd_f32s(self.x);
        let mut sums = [simd.splat_f32s(0.0); 8];
        for x in x.chunks_exact(8) {
            for (sum, x) in sums.iter_mut().zip(x) {
                *sum = simd.add_f32s(*sum, *x);
            }
        }
        sums.map(|s| simd.reduce_sum_f32s(s)).iter().sum()
    }
}

/// y ← a x + y.
struct Update<'a> {
    x: &'a [f32],
    y: &'a mut [f32],
}

impl WithSimd for Update<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (x, _) = S::as_simd_f32s(self.x);
        let (y, _) = S::as_mut_simd_f32s(self.y);
        let a = simd.splat_f32s(1e-3);
        for (x, y) in x.iter().zip(y) {
            *y = simd.mul_add_f32s(*x, a, *y);
        }
    }
}
