//! Functions on a part of their domain.

use crate::Tensor;
use crate::broadcasting::weak;

impl Tensor {
    /// `f(x)` where the condition holds, `otherwise` elsewhere, without looking at `f` there: it
    /// is given `inside`, a point of its domain, in place of the elements that do not count.
    ///
    /// Selecting among *results* is not enough. In `select(x > 0, log x, 0)` the derivative of the
    /// branch not taken is `1/x`, infinite at 0, and under any transposition it is multiplied by
    /// zero, which gives NaN. Here that branch never sees the 0. `f` must act element by element.
    ///
    /// # Panics
    /// When the condition is not bool or does not broadcast against `x`.
    ///
    /// ```
    /// use tensor::{Tensor, grad};
    /// let log_or_zero = |x: &Tensor| x.apply_where(&x.gt(0.0), 1.0, Tensor::log, 0.0);
    /// let x = Tensor::from([0.0, 4.0]);
    /// assert_eq!(grad(|x: &Tensor| log_or_zero(x).sum())(&x).to_vec::<f64>(), [0.0, 0.25]);
    /// ```
    #[track_caller]
    pub fn apply_where(
        &self,
        condition: &Tensor,
        inside: f64,
        f: impl FnOnce(&Tensor) -> Tensor,
        otherwise: f64,
    ) -> Tensor {
        let y = f(&condition.select(self, &weak(inside, self)));
        condition.select(&y, &weak(otherwise, &y))
    }

    /// The elements where the condition holds, `otherwise` elsewhere.
    ///
    /// # Panics
    /// When the condition is not bool or does not broadcast against `x`.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let x = Tensor::from([1.0, f64::NAN, 3.0]);
    /// assert_eq!(x.keep_where(&x.is_finite(), 0.0).to_vec::<f64>(), [1.0, 0.0, 3.0]);
    /// ```
    #[track_caller]
    pub fn keep_where(&self, condition: &Tensor, otherwise: f64) -> Tensor {
        condition.select(self, &weak(otherwise, self))
    }
}
