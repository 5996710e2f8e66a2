//! Running reductions along an axis.

use crate::Tensor;
use crate::execute::bind1;
use crate::methods::axis;
use ir::prim::{Cumulative, CumulativeOp};

macro_rules! cumulative {
    ($($(#[doc = $doc:literal])* $method:ident $Op:ident;)*) => {
        impl Tensor { $(
            $(#[doc = $doc])*
            #[track_caller]
            pub fn $method(&self, at: isize) -> Tensor {
                let axis = axis(at, self.ndim());
                bind1(Cumulative { op: CumulativeOp::$Op, axis, reverse: false }, &[self])
            }
        )* }
    };
}
cumulative! {
    /// `y[k] = Σ_{i ≤ k} x[i]` along an axis. From the end: `x.flip(a).cumsum(a).flip(a)`.
    ///
    /// ```
    /// use tensor::Tensor;
    /// assert_eq!(Tensor::from([1.0, 2.0, 3.0]).cumsum(0).to_vec::<f64>(), [1.0, 3.0, 6.0]);
    /// ```
    cumsum Sum;
    /// `y[k] = ∏_{i ≤ k} x[i]` along an axis; derivatives are right at zeros.
    ///
    /// ```
    /// use tensor::Tensor;
    /// assert_eq!(Tensor::from([1.0, 2.0, 3.0]).cumprod(0).to_vec::<f64>(), [1.0, 2.0, 6.0]);
    /// ```
    cumprod Prod;
    /// The largest element so far, along an axis; ties share the derivative equally, and from the
    /// first NaN on it is NaN.
    ///
    /// ```
    /// use tensor::Tensor;
    /// assert_eq!(Tensor::from([1.0, 3.0, 2.0]).cummax(0).to_vec::<f64>(), [1.0, 3.0, 3.0]);
    /// ```
    cummax Max;
    /// The smallest element so far, along an axis; ties share the derivative equally, and from the
    /// first NaN on it is NaN.
    ///
    /// ```
    /// use tensor::Tensor;
    /// assert_eq!(Tensor::from([2.0, 1.0, 3.0]).cummin(0).to_vec::<f64>(), [2.0, 1.0, 1.0]);
    /// ```
    cummin Min;
    /// `y[k] = log Σ_{i ≤ k} exp x[i]` along an axis, without overflow; −∞ where there is nothing
    /// but −∞ so far, with derivatives zero.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let y = Tensor::from([1000.0, 1000.0]).logcumsumexp(0);
    /// assert_eq!(y.to_vec::<f64>(), [1000.0, 1000.0 + 2.0_f64.ln()]);
    /// ```
    logcumsumexp LogSumExp;
}
