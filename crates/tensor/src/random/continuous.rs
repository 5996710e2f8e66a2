//! Continuous distributions.

use crate::{DType, Key, Tensor};
use std::f64::consts::{FRAC_1_SQRT_2, SQRT_2};

/// # Panics
/// When there are no samples of this dtype.
#[track_caller]
fn must_be_float(op: &str, dtype: DType) {
    assert!(dtype.is_float(), "{op}: samples are floats, {dtype} is asked for");
}

/// The smallest positive normal number.
fn tiny(dtype: DType) -> f64 {
    if dtype == DType::F64 { f64::MIN_POSITIVE } else { f64::from(f32::MIN_POSITIVE) }
}

impl Key {
    /// Uniform on `[lo, hi)`: `lo + (hi − lo) u` with `u` a multiple of 2⁻²³ (f32) or 2⁻⁵² (f64)
    /// in `[0, 1)`. Where rounding that reaches `hi`, so can the sample.
    ///
    /// # Panics
    /// When the dtype is not a float.
    ///
    /// ```
    /// use tensor::{DType, Key};
    /// let x = Key::new(0).uniform(&[100], DType::F32, -1.0, 1.0);
    /// assert!(x.min().item() >= -1.0 && x.max().item() < 1.0);
    /// ```
    #[track_caller]
    pub fn uniform(self, shape: &[usize], dtype: DType, lo: f64, hi: f64) -> Tensor {
        must_be_float("uniform", dtype);
        let unit = if dtype == DType::F32 {
            (self.bits(shape) / 512).convert(dtype) * (2.0_f64).powi(-23)
        } else {
            let (high, low) = self.words64("uniform", shape);
            let low = (low / 4096).convert(dtype) * (2.0_f64).powi(-52);
            high.convert(dtype) * (2.0_f64).powi(-32) + low
        };
        if (lo, hi) == (0.0, 1.0) {
            return unit;
        }
        (unit * (hi - lo) + lo).maximum(lo)
    }

    /// Uniform on the open interval (0, 1): where the logarithm is finite.
    #[track_caller]
    fn open_unit(self, shape: &[usize], dtype: DType) -> Tensor {
        self.uniform(shape, dtype, tiny(dtype), 1.0)
    }

    /// Standard normal: `√2 erf⁻¹(u)` for `u` uniform on the open interval (−1, 1). The largest
    /// magnitudes are 5.4 (f32) and 8.2 (f64).
    ///
    /// # Panics
    /// When the dtype is not a float.
    ///
    /// ```
    /// use tensor::{DType, Key};
    /// let x = Key::new(0).normal(&[1000], DType::F64);
    /// assert!(x.mean().item().abs() < 5.0 / 1000.0_f64.sqrt());
    /// ```
    #[track_caller]
    pub fn normal(self, shape: &[usize], dtype: DType) -> Tensor {
        must_be_float("normal", dtype);
        // The number above −1: −1 plus half of machine epsilon.
        let lowest = -1.0 + dtype.epsilon() / 2.0;
        self.uniform(shape, dtype, lowest, 1.0).erf_inv() * SQRT_2
    }

    /// Standard normal, given that it lies in `[lo, hi]`: `√2 erf⁻¹(u)` for `u` uniform between
    /// `erf(lo/√2)` and `erf(hi/√2)`. Intervals that lie farther than 5 (f32) or 8 (f64) standard
    /// deviations from the mean have no such `u` left, and give their end nearest to it.
    ///
    /// # Panics
    /// When the dtype is not a float, or not `lo < hi`.
    ///
    /// ```
    /// use tensor::{DType, Key};
    /// let x = Key::new(0).truncated_normal(&[100], DType::F64, -2.0, 2.0);
    /// assert!(x.abs().max().item() <= 2.0);
    /// ```
    #[track_caller]
    pub fn truncated_normal(self, shape: &[usize], dtype: DType, lo: f64, hi: f64) -> Tensor {
        must_be_float("truncated_normal", dtype);
        assert!(lo < hi, "truncated_normal: the interval [{lo}, {hi}] is empty");
        let erf = |x: f64| Tensor::from(x * FRAC_1_SQRT_2).erf().item();
        let lowest = erf(lo).max(-1.0 + dtype.epsilon() / 2.0);
        let x = self.uniform(shape, dtype, lowest, erf(hi)).erf_inv() * SQRT_2;
        x.clip(lo, hi)
    }

    /// Exponential with rate 1: `−log(1 − u)`.
    ///
    /// # Panics
    /// When the dtype is not a float.
    ///
    /// ```
    /// use tensor::{DType, Key};
    /// assert!(Key::new(0).exponential(&[100], DType::F64).min().item() >= 0.0);
    /// ```
    #[track_caller]
    pub fn exponential(self, shape: &[usize], dtype: DType) -> Tensor {
        must_be_float("exponential", dtype);
        -(-self.uniform(shape, dtype, 0.0, 1.0)).log1p()
    }

    /// Standard Gumbel, the law of the maximum of many: `−log(−log u)` for `u` in (0, 1).
    ///
    /// # Panics
    /// When the dtype is not a float.
    ///
    /// ```
    /// use tensor::{DType, Key};
    /// let x = Key::new(0).gumbel(&[100], DType::F64);
    /// assert!(x.is_finite().all().value().to_vec::<bool>()[0]);
    /// ```
    #[track_caller]
    pub fn gumbel(self, shape: &[usize], dtype: DType) -> Tensor {
        must_be_float("gumbel", dtype);
        -(-self.open_unit(shape, dtype).log()).log()
    }
}
