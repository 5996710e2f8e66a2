//! The data: the same numbers for every worker, from a hash of their positions.

use mathesis::prelude::*;

/// A hash of a position: odd multipliers and xor-shifts, alike in every worker of the bench.
fn hash(seed: u32, i: u32) -> u32 {
    let mut h = i.wrapping_mul(0x9E37_79B1).wrapping_add(seed.wrapping_mul(0x85EB_CA77));
    h ^= h >> 15;
    h = h.wrapping_mul(0x2C1B_3C6D);
    h ^= h >> 12;
    h = h.wrapping_mul(0x297A_2D39);
    h ^ (h >> 15)
}

/// Number `i` of sequence `seed`, in [−1, 1).
fn number(seed: u32, i: u32) -> f64 {
    f64::from(hash(seed, i)) / f64::from(1_u32 << 31) - 1.0
}

/// Numbers in [−scale, scale), in this dtype.
pub(crate) fn uniform_of(dtype: DType, seed: u32, shape: &[usize], scale: f64) -> Tensor {
    let n = shape.iter().product::<usize>() as u32;
    // Positions count from 1.
    let numbers = (1..=n).map(|i| number(seed, i) * scale);
    if dtype == DType::F64 {
        Tensor::from_vec(numbers.collect::<Vec<f64>>(), shape)
    } else {
        Tensor::from_vec(numbers.map(|x| x as f32).collect::<Vec<f32>>(), shape)
    }
}

/// Numbers in [−scale, scale), in f32.
pub(crate) fn uniform(seed: u32, shape: &[usize], scale: f64) -> Tensor {
    uniform_of(DType::F32, seed, shape, scale)
}

/// Weights `[inputs, outputs]` on ±1/√inputs.
pub(crate) fn weights(seed: u32, inputs: usize, outputs: usize) -> Tensor {
    uniform(seed, &[inputs, outputs], inverse_root(inputs))
}

/// 1/√n.
pub(crate) fn inverse_root(n: usize) -> f64 {
    1.0 / (n as f64).sqrt()
}

/// Labels of `n` examples in ten classes.
pub(crate) fn labels(n: usize) -> Tensor {
    Tensor::from((0..n as i64).map(|i| (7 * i + 3) % 10).collect::<Vec<i64>>())
}

/// Zeros in f32.
pub(crate) fn zeros(shape: &[usize]) -> Tensor {
    Tensor::zeros(shape, DType::F32)
}

/// A linear layer with [`weights`] and no offset.
pub(crate) fn linear(seed: u32, inputs: usize, outputs: usize) -> Linear {
    Linear { weight: weights(seed, inputs, outputs), bias: Some(zeros(&[outputs])) }
}

/// A network of linear layers, seeds 1, 2, ….
pub(crate) fn mlp(widths: &[usize], activation: Activation) -> Mlp {
    let layers = widths.windows(2).zip(1..).map(|(w, seed)| linear(seed, w[0], w[1]));
    Mlp { layers: layers.collect(), activation }
}
