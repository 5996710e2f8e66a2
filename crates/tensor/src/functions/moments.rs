//! Means of squares, and standardisation by them.

use crate::Tensor;
use crate::methods::Axes;

impl Tensor {
    /// `x` less its mean over the given axes.
    #[track_caller]
    fn centred(&self, axes: &impl Axes) -> Tensor {
        self - self.mean_axes(axes).keep_dims(axes, self)
    }

    /// Number of elements along axes.
    #[track_caller]
    fn count(&self, axes: &impl Axes) -> f64 {
        axes.of(self.ndim()).iter().map(|&a| self.shape()[a]).product::<usize>() as f64
    }

    /// `Σ(x − x̄)² / (n − ddof)` over the given axes: `ddof` 0 for the variance of these numbers, 1
    /// for the unbiased estimate of that of the distribution they are drawn from. NaN or ∞ for
    /// `n ≤ ddof`.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let x = Tensor::from([1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.variance(0, 0).item(), 1.25);
    /// assert_eq!(x.variance(0, 1).item(), 5.0 / 3.0);
    /// ```
    #[track_caller]
    pub fn variance(&self, axes: impl Axes, ddof: usize) -> Tensor {
        self.centred(&axes).square().sum_axes(&axes) / (self.count(&axes) - ddof as f64).max(0.0)
    }

    /// The square root of the [variance](Tensor::variance), as a norm: all derivatives are 0 where
    /// it is 0.
    ///
    /// ```
    /// use tensor::{Tensor, grad};
    /// let x = Tensor::from([2.0, 2.0]);
    /// assert_eq!(grad(|x: &Tensor| x.std(0, 0))(&x).to_vec::<f64>(), [0.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn std(&self, axes: impl Axes, ddof: usize) -> Tensor {
        let n = (self.count(&axes) - ddof as f64).max(0.0);
        self.centred(&axes).norm_axes(&axes) / n.sqrt()
    }

    /// `(x − x̄) / √(σ² + ε)` with mean and variance (`ddof` 0) over the given axes, of one example
    /// alone; scale and shift are the caller's.
    ///
    /// Source: J. L. Ba, J. R. Kiros, G. E. Hinton, *Layer normalization*, arXiv:1607.06450 (2016).
    ///
    /// ```
    /// use tensor::Tensor;
    /// let y = Tensor::from([1.0, 3.0]).layer_norm(0, 0.0);
    /// assert_eq!(y.to_vec::<f64>(), [-1.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn layer_norm(&self, axes: impl Axes, epsilon: f64) -> Tensor {
        let x = self.centred(&axes);
        let variance = x.square().mean_axes(&axes).keep_dims(&axes, &x);
        x * (variance + epsilon).rsqrt()
    }
}
