//! Axes: what a direction of the plot means.

use super::scale::{Scale, Span};
use super::ticks::TickFormat;
use serde::Serialize;

/// One direction of a plot: its label, unit, scale and range.
///
/// ```
/// use report::Axis;
/// let loss = Axis::new("cross-entropy").unit("nats").log();
/// assert_eq!(loss.full_label(), "cross-entropy (nats)");
/// let accuracy = Axis::new("held-out accuracy").percent().range(0.0, 1.0);
/// # let _ = accuracy;
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Axis {
    label: String,
    unit: Option<String>,
    scale: Scale,
    format: TickFormat,
    range: Option<(f64, f64)>,
    include: Vec<f64>,
}

impl Axis {
    /// A linear axis whose range follows the data.
    pub fn new(label: impl Into<String>) -> Self {
        Self { label: label.into(), ..Self::default() }
    }

    /// Writes a unit after the label.
    pub fn unit(mut self, unit: impl Into<String>) -> Self {
        self.unit = Some(unit.into());
        self
    }

    /// Spreads the values logarithmically, with ticks at powers of ten. Values that are not
    /// positive are left out, and the picture says so.
    pub fn log(self) -> Self {
        self.scale(Scale::Log)
    }

    /// Spreads the values logarithmically, with ticks at powers of two.
    pub fn log2(self) -> Self {
        self.scale(Scale::Log2)
    }

    /// Sets the scale.
    pub fn scale(mut self, scale: Scale) -> Self {
        self.scale = scale;
        self
    }

    /// Writes fractions of one as percentages.
    pub fn percent(mut self) -> Self {
        self.format = TickFormat::Percent;
        self
    }

    /// Shows exactly the values from `low` to `high`; what lies outside is cut off.
    ///
    /// A range that is empty, not finite, or not positive on a logarithmic axis is ignored.
    pub fn range(mut self, low: f64, high: f64) -> Self {
        self.range = Some((low, high));
        self
    }

    /// Extends the range, where needed, so that `value` is shown: `include(0.0)` for magnitudes.
    pub fn include(mut self, value: f64) -> Self {
        self.include.push(value);
        self
    }

    /// The label with its unit.
    pub fn full_label(&self) -> String {
        match &self.unit {
            Some(unit) => format!("{} ({unit})", self.label),
            None => self.label.clone(),
        }
    }

    pub(crate) fn label(&self) -> &str {
        &self.label
    }

    pub(crate) fn kind(&self) -> Scale {
        self.scale
    }

    pub(crate) fn format(&self) -> TickFormat {
        self.format
    }

    /// The span asked for by [`Axis::range`], where it makes sense.
    pub(crate) fn fixed_span(&self) -> Option<Span> {
        let (low, high) = self.range?;
        let span = Span { low: self.scale.position(low)?, high: self.scale.position(high)? };
        let sound = Span::holding(self.scale, [span.low, span.high])?;
        (sound == span).then_some(span)
    }

    /// The span that shows the data at `values`, padded, or as asked for. `None` without data.
    pub(crate) fn span(&self, values: impl IntoIterator<Item = f64>, padding: f64) -> Option<Span> {
        if let Some(span) = self.fixed_span() {
            return Some(span);
        }
        let wanted = values.into_iter().filter_map(|v| self.scale.position(v));
        let data = Span::holding(self.scale, wanted)?.padded(padding);
        let extra = self.include.iter().filter_map(|&v| self.scale.position(v));
        Span::holding(self.scale, extra.chain([data.low, data.high]))
    }

    /// One value of this axis as a tooltip writes it.
    pub(crate) fn describe(&self, value: f64) -> String {
        self.to_digits(value, 5)
    }

    /// One value of this axis as it is written beside a mark.
    pub(crate) fn describe_short(&self, value: f64) -> String {
        self.to_digits(value, 3)
    }

    fn to_digits(&self, value: f64, digits: usize) -> String {
        match self.format {
            TickFormat::Percent => {
                format!("{}\u{a0}%", crate::number::short(value * 100.0, digits))
            }
            TickFormat::Plain => crate::number::short(value, digits),
        }
    }
}

impl From<&str> for Axis {
    fn from(label: &str) -> Self {
        Self::new(label)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_that_makes_no_sense_is_ignored() {
        for (low, high) in [(1.0, 1.0), (2.0, 1.0), (f64::NAN, 1.0), (0.0, f64::INFINITY)] {
            assert_eq!(Axis::new("x").range(low, high).fixed_span(), None, "{low} {high}");
        }
        assert_eq!(Axis::new("x").log().range(0.0, 1.0).fixed_span(), None);
        assert!(Axis::new("x").log().range(0.1, 1.0).fixed_span().is_some());
    }

    #[test]
    fn include_extends_the_span() {
        let span = Axis::new("x").include(0.0).span([5.0, 6.0], 0.0).unwrap();
        assert_eq!((span.low, span.high), (0.0, 6.0));
    }
}
