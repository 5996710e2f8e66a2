//! Drawing from keys.

use crate::execute::bind1;
use crate::{DType, Key, Tensor};
use ir::prim::RandomBits;

impl Key {
    /// Random words (u32).
    #[track_caller]
    pub fn bits(self, shape: &[usize]) -> Tensor {
        bind1(RandomBits { shape: shape.to_vec() }, &[&self.0])
    }

    /// `n` independent keys.
    #[track_caller]
    pub fn split_n(self, n: usize) -> Vec<Key> {
        let words = self.bits(&[n, 2]);
        (0..n as isize).map(|i| Key(words.index(0, i))).collect()
    }

    /// Uniform numbers in `[low, high)`.
    #[track_caller]
    pub fn uniform(self, shape: &[usize], dtype: DType, low: f64, high: f64) -> Tensor {
        // The upper 24 bits fit the significand of both float types.
        let bits = self.bits(shape).convert(DType::F64);
        let unit = (bits / 256.0).floor() / f64::from(1 << 24);
        (unit * (high - low) + low).convert(dtype)
    }

    /// Standard normal numbers, by the inverse of the distribution function.
    #[track_caller]
    pub fn normal(self, shape: &[usize], dtype: DType) -> Tensor {
        let unit = self.uniform(shape, DType::F64, -1.0, 1.0) + 1.0 / f64::from(1 << 24);
        (unit.erf_inv() * std::f64::consts::SQRT_2).convert(dtype)
    }
}
