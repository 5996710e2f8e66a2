//! Products with logarithms, where `0 · log 0 = 0`.

use crate::Tensor;
use crate::broadcasting::common;
use crate::methods::{Axes, Operand};

impl Tensor {
    /// `x log x`, with value 0 at 0 (its limit). The derivative there is −∞ in the limit; here all
    /// derivatives at 0 are 0, so that a probability of zero moves nothing. NaN for negative `x`.
    ///
    /// ```
    /// use tensor::{Tensor, grad};
    /// let f = |x: &Tensor| x.xlogx().sum();
    /// let x = Tensor::from([0.0, 1.0]);
    /// assert_eq!(f(&x).item(), 0.0);
    /// assert_eq!(grad(f)(&x).to_vec::<f64>(), [0.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn xlogx(&self) -> Tensor {
        self * self.apply_where(&self.ne(0.0), 1.0, Tensor::log, 0.0)
    }

    /// `x log y`, with value 0 where `x = 0` (unless `y` is NaN). Where `x = 0` and `log y` is not
    /// finite, derivatives are 0; for finite `log y` they are the function's, `log y` and `x/y`.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let y = Tensor::from([0.0, 2.0]).xlogy(Tensor::from([0.0, 1.0]));
    /// assert_eq!(y.to_vec::<f64>(), [0.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn xlogy(&self, other: impl Operand) -> Tensor {
        let (x, y) = common("xlogy", self, &other.like(self));
        let no_log = y.le(0.0).logical_or(y.eq(f64::INFINITY));
        let counts = x.eq(0.0).logical_and(no_log).logical_not();
        x * y.apply_where(&counts, 1.0, Tensor::log, 0.0)
    }

    /// The entropy `−Σ p log p` of distributions along the given axes, in nats. Probabilities of
    /// zero count nothing: see [`Tensor::xlogx`].
    ///
    /// Source: C. E. Shannon, *A mathematical theory of communication* (1948).
    ///
    /// ```
    /// use tensor::Tensor;
    /// let p = Tensor::from([0.5, 0.5, 0.0]);
    /// assert_eq!(p.entropy(0).item(), 2.0_f64.ln());
    /// ```
    #[track_caller]
    pub fn entropy(&self, axes: impl Axes) -> Tensor {
        -self.xlogx().sum_axes(axes)
    }
}
