//! Activation functions, element by element. ReLU and the logistic function are operations of
//! their own ([`Tensor::relu`], [`Tensor::logistic`]); softplus is in log space.

use crate::Tensor;
use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI, SQRT_2};

impl Tensor {
    /// `x Φ(x)` with the normal distribution function `Φ(x) = ½ erfc(−x/√2)`: the mean of a ReLU
    /// whose gate is open with probability Φ(x). Accurate in the left tail.
    ///
    /// Source: D. Hendrycks, K. Gimpel, *Gaussian error linear units*, arXiv:1606.08415 (2016).
    ///
    /// ```
    /// use tensor::Tensor;
    /// assert!((Tensor::from(1.0).gelu().item() - 0.8413447460685429).abs() < 1e-15);
    /// ```
    #[track_caller]
    pub fn gelu(&self) -> Tensor {
        self * (self * -FRAC_1_SQRT_2).erfc() * 0.5
    }

    /// The approximation of [`gelu`](Tensor::gelu) used by many trained networks:
    /// `½ x (1 + tanh u)` with `u = √(2/π) (x + 0.044715 x³)`, computed as `x · logistic(2u)`.
    /// The largest difference from `gelu` is below 5·10⁻⁴.
    ///
    /// Source: D. Hendrycks, K. Gimpel, arXiv:1606.08415 (2016), §2.
    ///
    /// ```
    /// use tensor::Tensor;
    /// assert!((Tensor::from(1.0).gelu_tanh().item() - 0.8411919906082768).abs() < 1e-15);
    /// ```
    #[track_caller]
    pub fn gelu_tanh(&self) -> Tensor {
        // 2√(2/π) = √2 · 2/√π; the constant of the cubic term is Hendrycks's and Gimpel's fit.
        let u = (self + self.powi(3) * 0.044715) * (SQRT_2 * FRAC_2_SQRT_PI);
        self * u.logistic()
    }

    /// `x · logistic(x)`, also called swish.
    ///
    /// Source: S. Elfwing, E. Uchibe, K. Doya, *Sigmoid-weighted linear units for neural network
    /// function approximation in reinforcement learning*, arXiv:1702.03118 (2017).
    ///
    /// ```
    /// use tensor::Tensor;
    /// assert_eq!(Tensor::from(0.0).silu().item(), 0.0);
    /// ```
    #[track_caller]
    pub fn silu(&self) -> Tensor {
        self * self.logistic()
    }

    /// `x` for `x > 0`, else `α (eˣ − 1)`; the derivative at 0 is that of the left branch, `α`.
    ///
    /// Source: D.-A. Clevert, T. Unterthiner, S. Hochreiter, *Fast and accurate deep network
    /// learning by exponential linear units*, arXiv:1511.07289 (2015).
    ///
    /// ```
    /// use tensor::Tensor;
    /// assert_eq!(Tensor::from([-1e9, 2.0]).elu(1.0).to_vec::<f64>(), [-1.0, 2.0]);
    /// ```
    #[track_caller]
    pub fn elu(&self, alpha: f64) -> Tensor {
        let positive = self.gt(0.0);
        // Large positive arguments would overflow in the branch not taken.
        let left = self.keep_where(&positive.logical_not(), 0.0).expm1() * alpha;
        positive.select(self, &left)
    }

    /// `x` for `x > 0`, else `slope · x`; the derivative at 0 is `slope`. Slope 0 is ReLU.
    ///
    /// Source: A. L. Maas, A. Y. Hannun, A. Y. Ng, *Rectifier nonlinearities improve neural network
    /// acoustic models*, ICML 2013.
    ///
    /// ```
    /// use tensor::Tensor;
    /// assert_eq!(Tensor::from([-2.0, 2.0]).leaky_relu(0.5).to_vec::<f64>(), [-1.0, 2.0]);
    /// ```
    #[track_caller]
    pub fn leaky_relu(&self, slope: f64) -> Tensor {
        self.gt(0.0).select(self, &(self * slope))
    }

    /// `x / (1 + |x|)`.
    ///
    /// Source: J. Turian, J. Bergstra, Y. Bengio, *Quadratic features and deep architectures for
    /// chunking*, NAACL 2009.
    ///
    /// ```
    /// use tensor::Tensor;
    /// assert_eq!(Tensor::from([-1.0, 3.0]).softsign().to_vec::<f64>(), [-0.5, 0.75]);
    /// ```
    #[track_caller]
    pub fn softsign(&self) -> Tensor {
        self / (self.abs() + 1.0)
    }

    /// `min(max(x, −1), 1)`; derivative 1 from −1 to 1 inclusive, 0 outside.
    ///
    /// ```
    /// use tensor::Tensor;
    /// assert_eq!(Tensor::from([-2.0, 0.5]).hard_tanh().to_vec::<f64>(), [-1.0, 0.5]);
    /// ```
    #[track_caller]
    pub fn hard_tanh(&self) -> Tensor {
        self.clip(-1.0, 1.0)
    }
}
