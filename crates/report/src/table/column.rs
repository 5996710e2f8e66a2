//! Columns: a name, and how the numbers below it are written.

use super::cell::Cell;
use crate::{Estimate, number};
use serde::Serialize;

/// How the numbers of a column are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// All with the same number of decimals, enough to tell the smallest apart from zero; powers
    /// of ten where the magnitudes differ too much for that.
    #[default]
    Auto,
    /// With this many digits after the point.
    Decimals(usize),
    /// To this many significant digits.
    Significant(usize),
    /// As a mantissa with this many decimals, times a power of ten.
    Scientific(usize),
    /// As a percentage with this many decimals: 0.25 is written 25 %.
    Percent(usize),
}

/// The name of a column and the format of its numbers.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Column {
    pub(crate) name: String,
    #[serde(skip)]
    pub(crate) format: Format,
}

impl Column {
    /// A column whose numbers are written as suits them.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), format: Format::Auto }
    }

    /// Sets the format of the numbers.
    pub fn format(mut self, format: Format) -> Self {
        self.format = format;
        self
    }

    /// How the cells of this column are written, given all of them.
    pub(super) fn writer<'a>(&self, cells: impl Iterator<Item = &'a Cell>) -> Writer {
        let format = match self.format {
            Format::Auto => suitable(cells.filter_map(Cell::value)),
            chosen => chosen,
        };
        Writer { format }
    }
}

impl From<&str> for Column {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl From<String> for Column {
    fn from(name: String) -> Self {
        Self::new(name)
    }
}

fn suitable(values: impl Iterator<Item = f64>) -> Format {
    let mut largest = f64::NEG_INFINITY;
    let mut smallest = f64::INFINITY;
    let mut whole = true;
    for value in values.filter(|v| v.is_finite()) {
        whole &= value.fract() == 0.0;
        if value != 0.0 {
            largest = largest.max(value.abs());
            smallest = smallest.min(value.abs());
        }
    }
    if largest < smallest || (whole && largest < 1e15) {
        return Format::Decimals(0);
    }
    let high = number::exponent_when_rounded(largest, 3);
    let low = number::exponent_when_rounded(smallest, 3);
    if high >= 7 || low < -5 || high - low > 5 {
        return Format::Scientific(2);
    }
    Format::Decimals((2 - low).clamp(0, 6) as usize)
}

/// Writes the cells of one column.
pub(super) struct Writer {
    format: Format,
}

impl Writer {
    pub(super) fn write(&self, cell: &Cell) -> String {
        match cell {
            Cell::Empty => String::new(),
            Cell::Text(text) | Cell::Code(text) | Cell::Verdict(text, _) => text.clone(),
            // A whole number is exact, so it is never rounded, only scaled to a percentage.
            Cell::Integer(n) if !matches!(self.format, Format::Percent(_)) => integer(*n),
            Cell::Integer(n) => self.number(*n as f64),
            Cell::Number(x) => self.number(*x),
            Cell::Estimate(estimate) => self.estimate(estimate),
        }
    }

    fn number(&self, x: f64) -> String {
        match self.format {
            Format::Auto => number::significant(x, 4),
            Format::Decimals(n) => number::fixed(x, n),
            Format::Significant(n) => number::significant(x, n),
            Format::Scientific(_) if x == 0.0 => "0".to_string(),
            Format::Scientific(n) => number::scientific(x, n),
            Format::Percent(n) => format!("{}\u{a0}%", number::fixed(x * 100.0, n)),
        }
    }

    fn estimate(&self, estimate: &Estimate) -> String {
        let Format::Percent(n) = self.format else {
            return match estimate.interval {
                None => self.number(estimate.value),
                Some(_) => estimate.to_string(),
            };
        };
        let percent = |x: f64| number::fixed(x * 100.0, n);
        match (estimate.interval, estimate.error()) {
            (_, Some(error)) => format!("{} ± {}\u{a0}%", percent(estimate.value), percent(error)),
            (Some((low, high)), None) => {
                format!("{} [{}, {}]\u{a0}%", percent(estimate.value), percent(low), percent(high))
            }
            (None, None) => self.number(estimate.value),
        }
    }
}

/// All digits, grouped as other numbers are.
fn integer(n: i64) -> String {
    // Up to 2^53 a float holds a whole number exactly.
    if n.unsigned_abs() <= 1 << 53 { number::fixed(n as f64, 0) } else { n.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(cells: &[Cell], format: Format) -> Vec<String> {
        let writer = Column::new("").format(format).writer(cells.iter());
        cells.iter().map(|cell| writer.write(cell)).collect()
    }

    #[test]
    fn decimals_are_shared() {
        let cells = [Cell::Number(12.5), Cell::Number(0.25), Cell::Number(0.0)];
        assert_eq!(written(&cells, Format::Auto), ["12.500", "0.250", "0.000"]);
        let cells = [Cell::Number(1e-9), Cell::Number(3.0), Cell::Number(0.0)];
        assert_eq!(written(&cells, Format::Auto), ["1.00×10⁻⁹", "3.00×10⁰", "0"]);
        let cells = [Cell::Number(3.0), Cell::Integer(4), Cell::Number(f64::NAN)];
        assert_eq!(written(&cells, Format::Auto), ["3", "4", "NaN"]);
    }

    #[test]
    fn percentages() {
        let cells = [Cell::Number(0.9731), Cell::from((0.97, 0.01)), Cell::Integer(1)];
        assert_eq!(
            written(&cells, Format::Percent(1)),
            ["97.3\u{a0}%", "97.0 ± 1.0\u{a0}%", "100.0\u{a0}%"]
        );
        let skewed = [Cell::from(Estimate::in_interval(0.97, 0.9, 0.98))];
        assert_eq!(written(&skewed, Format::Percent(0)), ["97 [90, 98]\u{a0}%"]);
    }

    #[test]
    fn large_integers_are_exact() {
        assert_eq!(written(&[Cell::Integer(i64::MAX)], Format::Auto), ["9223372036854775807"]);
    }
}
