//! Cells: text, numbers, estimates, verdicts.

use crate::Estimate;
use serde::Serialize;

/// Whether something is good news. Shown as a colour and never as a colour alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// Neither good nor bad.
    #[default]
    Neutral,
    /// As hoped: a claim that held, a test that passed.
    Good,
    /// Worth a second look: a claim that held only under conditions.
    Warning,
    /// Not as hoped: a claim refuted, a run that diverged.
    Bad,
}

impl Tone {
    /// The class of the style sheet that shows it.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Tone::Neutral => "neutral",
            Tone::Good => "good",
            Tone::Warning => "warning",
            Tone::Bad => "bad",
        }
    }
}

/// What stands in one place of a [`Table`](crate::Table).
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cell {
    /// Nothing.
    #[default]
    Empty,
    /// Words.
    Text(String),
    /// Words that are code: a path, a type, an option.
    Code(String),
    /// A verdict: a few words with a [`Tone`].
    Verdict(String, Tone),
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// A number with an interval.
    Estimate(Estimate),
}

impl Cell {
    pub(crate) fn is_number(&self) -> bool {
        matches!(self, Cell::Integer(_) | Cell::Number(_) | Cell::Estimate(_))
    }

    /// The value behind a number.
    pub(crate) fn value(&self) -> Option<f64> {
        match self {
            Cell::Integer(n) => Some(*n as f64),
            Cell::Number(x) => Some(*x),
            Cell::Estimate(estimate) => Some(estimate.value),
            Cell::Empty | Cell::Text(_) | Cell::Code(_) | Cell::Verdict(..) => None,
        }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Cell::Text(text.to_string())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Cell::Text(text)
    }
}

impl From<f64> for Cell {
    fn from(value: f64) -> Self {
        Cell::Number(value)
    }
}

impl From<f32> for Cell {
    fn from(value: f32) -> Self {
        Cell::Number(value.into())
    }
}

impl From<i32> for Cell {
    fn from(value: i32) -> Self {
        Cell::Integer(value.into())
    }
}

impl From<i64> for Cell {
    fn from(value: i64) -> Self {
        Cell::Integer(value)
    }
}

impl From<u32> for Cell {
    fn from(value: u32) -> Self {
        Cell::Integer(value.into())
    }
}

impl From<usize> for Cell {
    fn from(value: usize) -> Self {
        match i64::try_from(value) {
            Ok(value) => Cell::Integer(value),
            Err(_) => Cell::Number(value as f64),
        }
    }
}

impl From<Estimate> for Cell {
    fn from(estimate: Estimate) -> Self {
        Cell::Estimate(estimate)
    }
}

impl From<(f64, f64)> for Cell {
    /// A value and its standard error.
    fn from(estimate: (f64, f64)) -> Self {
        Cell::Estimate(estimate.into())
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(cell: Option<T>) -> Self {
        cell.map_or(Cell::Empty, Into::into)
    }
}
