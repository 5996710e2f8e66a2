//! Sums of exponentials, their logarithms and their quotients, without overflow.
//!
//! Each takes out a maximum `m` that is constant to derivatives. Mathematically `m` cancels, for
//! every constant: the derivatives of all orders of what is left are those of the function.

use crate::Tensor;
use crate::broadcasting::weak;
use crate::methods::{Axes, Operand};

/// `exp(x − m)` with the sums over some axes (which stay, with size 1).
struct Exponentials {
    /// The maximum over the axes; 0 where that is not finite.
    max: Tensor,
    exp: Tensor,
    /// `Σ exp(x − m)`; 1 where that is 0.
    sum: Tensor,
    /// Where the sum is 0: all elements are −∞.
    nothing: Tensor,
}

impl Exponentials {
    #[track_caller]
    fn new(x: &Tensor, axes: &impl Axes) -> Exponentials {
        let max = x.stop_gradient().max_axes(axes).keep_dims(axes, x);
        let max = max.keep_where(&max.is_finite(), 0.0);
        let exp = (x - &max).exp();
        let sum = exp.sum_axes(axes).keep_dims(axes, x);
        let nothing = sum.eq(0.0);
        let sum = nothing.select(&weak(1.0, &sum), &sum);
        Exponentials { max, exp, sum, nothing }
    }
}

impl Tensor {
    /// `log Σ exp(x)` over the given axes, which disappear. The gradient is the [softmax].
    ///
    /// Of nothing, and of nothing but −∞, it is −∞ with all derivatives zero (probability zero,
    /// whatever one does). With +∞ among the elements the value is +∞ and derivatives are NaN.
    ///
    /// [softmax]: Tensor::softmax
    ///
    /// # Panics
    /// When the tensor does not hold floats.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let x = Tensor::from([1000.0, 1000.0]);
    /// assert_eq!(x.logsumexp(0).item(), 1000.0 + 2.0_f64.ln());
    /// ```
    #[track_caller]
    pub fn logsumexp(&self, axes: impl Axes) -> Tensor {
        let reduced = axes.of(self.ndim());
        let shape = array::shape::kept(self.ndim(), &reduced);
        let shape: Vec<usize> = shape.into_iter().map(|d| self.shape()[d]).collect();
        if reduced.iter().any(|&a| self.shape()[a] == 0) {
            return Tensor::full(&shape, f64::NEG_INFINITY, self.dtype());
        }
        let e = Exponentials::new(self, &axes);
        let log = e.sum.log().keep_where(&e.nothing.logical_not(), f64::NEG_INFINITY);
        (log + e.max).reshape(&shape)
    }

    /// `exp(x) / Σ exp(x)` along the given axes: the distribution with these unnormalised
    /// log-probabilities, and the gradient of [`Tensor::logsumexp`]. Where all are −∞ there is no
    /// distribution, and the result is 0 (as for an attention mask that leaves nothing to see).
    ///
    /// # Panics
    /// When the tensor does not hold floats.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let x = Tensor::from([0.0, f64::NEG_INFINITY, 0.0]);
    /// assert_eq!(x.softmax(0).to_vec::<f64>(), [0.5, 0.0, 0.5]);
    /// ```
    #[track_caller]
    pub fn softmax(&self, axes: impl Axes) -> Tensor {
        if self.size() == 0 {
            return self.clone();
        }
        let e = Exponentials::new(self, &axes);
        e.exp / e.sum
    }

    /// `x − log Σ exp(x)` along the given axes: the logarithm of [`Tensor::softmax`], accurate
    /// where that is close to 0 or 1. Where all elements are −∞ it is −∞.
    ///
    /// # Panics
    /// When the tensor does not hold floats.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let x = Tensor::from([-1000.0, 0.0]);
    /// assert_eq!(x.log_softmax(0).to_vec::<f64>(), [-1000.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn log_softmax(&self, axes: impl Axes) -> Tensor {
        if self.size() == 0 {
            return self.clone();
        }
        let e = Exponentials::new(self, &axes);
        (self - e.max) - e.sum.log()
    }

    /// `log(eˣ + eʸ)`, accurate also where one is much larger: with `m = max(x, y)` and `d` the
    /// other one, `m + log1p(e^(d − m))`. Both −∞: −∞ with derivatives zero.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let y = Tensor::from(-800.0).logaddexp(-800.0);
    /// assert_eq!(y.item(), -800.0 + 2.0_f64.ln());
    /// ```
    #[track_caller]
    pub fn logaddexp(&self, other: impl Operand) -> Tensor {
        let (x, y) = crate::broadcasting::common("logaddexp", self, &other.like(self));
        let first = x.ge(&y);
        let (large, small) = (first.select(&x, &y), first.select(&y, &x));
        let m = large.stop_gradient();
        let m = m.keep_where(&m.is_finite(), 0.0);
        // e^(large − m) is 1, except where both are −∞; its derivative is not zero.
        let sum = (&large - &m).expm1() + (&small - &m).exp();
        let something = sum.ne(-1.0);
        sum.apply_where(&something, 0.0, Tensor::log1p, f64::NEG_INFINITY) + m
    }

    /// `log(1 + eˣ)`, a smooth ReLU, as [`logaddexp`](Tensor::logaddexp)`(x, 0)`: linear for large
    /// `x`, `eˣ` for very negative ones. Its derivative is the logistic function.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let x = Tensor::from([-1000.0, 0.0, 1000.0]);
    /// assert_eq!(x.softplus().to_vec::<f64>(), [0.0, 2.0_f64.ln(), 1000.0]);
    /// ```
    #[track_caller]
    pub fn softplus(&self) -> Tensor {
        self.logaddexp(0.0)
    }

    /// The logarithm of the [logistic](Tensor::logistic) function, `−log(1 + e⁻ˣ)`.
    ///
    /// ```
    /// use tensor::Tensor;
    /// assert_eq!(Tensor::from(-1000.0).log_sigmoid().item(), -1000.0);
    /// ```
    #[track_caller]
    pub fn log_sigmoid(&self) -> Tensor {
        -(-self).softplus()
    }
}
