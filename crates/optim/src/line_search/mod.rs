//! How far to go along a direction: searches on `φ(a) = f(x + a d)`, a function of one number.

mod armijo;
mod wolfe;

pub use armijo::Armijo;
pub use wolfe::StrongWolfe;

use std::fmt;

/// A step that a search accepts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// The length `a`.
    pub length: f64,
    /// `φ(a)`.
    pub value: f64,
    /// How often φ was asked.
    pub evaluations: usize,
}

/// Why a search gives no step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LineSearchError {
    /// `φ'(0)` is not negative: the direction does not go downhill.
    NotDescending {
        /// `φ'(0)`.
        slope: f64,
    },
    /// No length was found within the limit of evaluations.
    NoStep {
        /// The last length that was tried.
        length: f64,
        /// How often φ was asked.
        evaluations: usize,
    },
}

impl fmt::Display for LineSearchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LineSearchError::NotDescending { slope } => {
                write!(f, "the direction does not descend: the slope at 0 is {slope}")
            }
            LineSearchError::NoStep { length, evaluations } => write!(
                f,
                "no step satisfies the conditions: {evaluations} lengths tried, the last {length}"
            ),
        }
    }
}

impl std::error::Error for LineSearchError {}

/// # Errors
/// When the slope is not negative, or NaN.
fn descends(slope: f64) -> Result<(), LineSearchError> {
    if slope < 0.0 { Ok(()) } else { Err(LineSearchError::NotDescending { slope }) }
}

/// By how much values may differ through rounding alone: a few units in the last place.
fn rounding(value: f64) -> f64 {
    8.0 * f64::EPSILON * value.abs()
}
