//! Inputs to try operations on: pseudo-random, the same on every machine.

use crate::prim::Fill;
use array::{Array, Type};

/// A uniform number in (0, 1) from a counter (SplitMix64; Steele, Lea, Flood 2014).
pub(super) fn uniform(seed: u64, i: u64) -> f64 {
    let mut z = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ i.wrapping_add(0x632B_E59B_D9B4_E019);
    z = z.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

/// Values in (−1, 1).
pub fn random_like(ty: &Type, seed: u64) -> Array {
    let values: Vec<f64> = (0..ty.len()).map(|i| 2.0 * uniform(seed, i as u64) - 1.0).collect();
    Array::from_f64(ty.dtype, &values, &ty.shape)
}

/// An array of this type filled as asked.
pub fn fill(ty: &Type, how: &Fill, seed: u64) -> Array {
    let n = ty.len();
    let values: Vec<f64> = match how {
        Fill::Range(lo, hi) => (0..n).map(|i| lo + (hi - lo) * uniform(seed, i as u64)).collect(),
        Fill::Values(v) => (0..n).map(|i| v[i % v.len()]).collect(),
        Fill::PositiveDefinite | Fill::Symmetric | Fill::WellConditioned => {
            let (rows, columns) = (ty.shape[ty.rank() - 2], ty.shape[ty.rank() - 1]);
            let matrices = n.checked_div(rows * columns).unwrap_or(0);
            (0..matrices)
                .flat_map(|m| matrix(how, rows, columns, seed.wrapping_add(m as u64)))
                .collect()
        }
    };
    Array::from_f64(ty.dtype, &values, &ty.shape)
}

/// One matrix: a small random part beside a diagonal that separates eigen- or singular values.
fn matrix(how: &Fill, rows: usize, columns: usize, seed: u64) -> Vec<f64> {
    let symmetric = !matches!(how, Fill::WellConditioned);
    let entry = |i: usize, j: usize| {
        let (a, b) = if symmetric { (i.min(j), i.max(j)) } else { (i, j) };
        let noise = 0.6 * (uniform(seed, (a * columns + b) as u64) - 0.5);
        let diagonal = if i != j {
            0.0
        } else if matches!(how, Fill::Symmetric) {
            // Eigenvalues of both signs.
            (i as f64 - 0.7) * 1.3
        } else {
            1.5 + i as f64
        };
        noise + diagonal
    };
    (0..rows).flat_map(|i| (0..columns).map(move |j| entry(i, j))).collect()
}

/// The same array slightly moved where it has floats (each `k` differently; symmetric matrices
/// stay symmetric), rotated by `k` elements where it has integers or truth values, as further
/// examples of a batch. `k = 0` leaves it alone.
pub fn perturbed(x: &Array, k: u64) -> Array {
    if k == 0 || x.is_empty() {
        return x.clone();
    }
    if !x.dtype().is_float() {
        let by = k as usize % x.len();
        return array::with_dtype!(x.dtype(), T => {
            let mut values = x.to_vec::<T>();
            values.rotate_left(by);
            Array::from_vec(values, x.shape())
        });
    }
    let moved: Vec<f64> = x.to_f64().iter().map(|v| v * (1.0 + 0.01 * k as f64)).collect();
    Array::from_f64(x.dtype(), &moved, x.shape())
}
