//! A number together with how well it is known.

use crate::number;
use serde::Serialize;
use std::fmt;

/// A measured value and, where it is known, the interval it may lie in.
///
/// A figure or a table draws the interval and never asks what it means; say it in the caption
/// (a standard error, a confidence interval, the range over seeds).
///
/// ```
/// use report::Estimate;
/// assert_eq!(Estimate::with_error(0.9731, 0.0042).to_string(), "0.9731 ± 0.0042");
/// assert_eq!(Estimate::in_interval(0.97, 0.95, 0.98).to_string(), "0.97 [0.95, 0.98]");
/// let bare: Estimate = 3.0.into();
/// assert_eq!(bare.interval, None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The value itself.
    pub value: f64,
    /// Lower and upper end of the interval.
    pub interval: Option<(f64, f64)>,
}

impl Estimate {
    /// A value whose uncertainty is unknown or of no interest.
    pub fn exact(value: f64) -> Self {
        Self { value, interval: None }
    }

    /// `value ± error`.
    pub fn with_error(value: f64, error: f64) -> Self {
        let error = error.abs();
        Self { value, interval: Some((value - error, value + error)) }
    }

    /// A value in an interval that need not be symmetric; the ends may come in either order.
    pub fn in_interval(value: f64, low: f64, high: f64) -> Self {
        let interval = if low > high { (high, low) } else { (low, high) };
        Self { value, interval: Some(interval) }
    }

    /// The interval, where both ends are finite.
    pub(crate) fn finite_interval(&self) -> Option<(f64, f64)> {
        self.interval.filter(|(low, high)| low.is_finite() && high.is_finite())
    }

    /// Half the width of a symmetric interval.
    pub(crate) fn error(&self) -> Option<f64> {
        let (low, high) = self.interval?;
        let (below, above) = (self.value - low, high - self.value);
        let symmetric = (below - above).abs() <= 1e-6 * (below.abs() + above.abs());
        symmetric.then_some(above.abs())
    }
}

impl From<f64> for Estimate {
    fn from(value: f64) -> Self {
        Self::exact(value)
    }
}

impl From<f32> for Estimate {
    fn from(value: f32) -> Self {
        Self::exact(value.into())
    }
}

impl From<(f64, f64)> for Estimate {
    /// A value and its standard error.
    fn from((value, error): (f64, f64)) -> Self {
        Self::with_error(value, error)
    }
}

impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.interval, self.error()) {
            (None, _) => f.write_str(&number::short(self.value, 4)),
            (Some(_), Some(error)) => f.write_str(&number::with_error(self.value, error)),
            (Some((low, high)), None) => write!(
                f,
                "{} [{}, {}]",
                number::short(self.value, 3),
                number::short(low, 3),
                number::short(high, 3)
            ),
        }
    }
}
