//! Line plots: several series over two axes.

use super::axis::Axis;
use super::series::Series;
use super::theme::SERIES;
use serde::Serialize;

/// A constant to compare the data with: a line across the plot.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Rule {
    pub(crate) horizontal: bool,
    pub(crate) value: f64,
    pub(crate) label: String,
}

/// Where the names of the series are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Labels {
    /// Beside the lines where all of them find room, else in a legend.
    #[default]
    Auto,
    /// In a legend above the plot.
    Legend,
    /// Nowhere.
    Hidden,
}

/// A plot of one or more [`Series`] over two [`Axis`]es.
///
/// ```
/// use report::{Axis, LinePlot, Plot, Series};
/// let training = (1..=60).map(|epoch| (epoch as f64, 2.3 * (-0.08 * epoch as f64).exp()));
/// let plot = LinePlot::new(Axis::new("epoch"), Axis::new("loss").unit("nats").log())
///     .series(Series::line("training", training))
///     .level(2.303, "chance");
/// let svg = Plot::new(plot).title("Learning").to_svg();
/// assert!(svg.starts_with("<svg"));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LinePlot {
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    pub(crate) series: Vec<Series>,
    pub(crate) rules: Vec<Rule>,
    #[serde(skip)]
    pub(crate) labels: Labels,
}

impl LinePlot {
    /// An empty plot over two axes.
    pub fn new(x: impl Into<Axis>, y: impl Into<Axis>) -> Self {
        Self {
            x: x.into(),
            y: y.into(),
            series: Vec::new(),
            rules: Vec::new(),
            labels: Labels::Auto,
        }
    }

    /// Adds a series. Later ones are drawn on top.
    pub fn series(mut self, series: Series) -> Self {
        self.series.push(series);
        self
    }

    /// Adds a dashed horizontal line at `y = value`. It does not extend the range of the axis;
    /// use [`Axis::include`] for that.
    pub fn level(mut self, value: f64, label: impl Into<String>) -> Self {
        self.rules.push(Rule { horizontal: true, value, label: label.into() });
        self
    }

    /// Adds a dashed vertical line at `x = value`.
    pub fn event(mut self, value: f64, label: impl Into<String>) -> Self {
        self.rules.push(Rule { horizontal: false, value, label: label.into() });
        self
    }

    /// Chooses where the names of the series are written.
    pub fn labels(mut self, labels: Labels) -> Self {
        self.labels = labels;
        self
    }

    /// Each series with its class: a colour by order among the data, grey for references. Where
    /// the colours are used up, they start again with broken lines.
    pub(crate) fn coloured(&self) -> Vec<(&Series, String)> {
        let mut next = 0;
        self.series
            .iter()
            .map(|series| {
                if series.reference && series.color.is_none() {
                    return (series, "ref".to_string());
                }
                let index = series.color.unwrap_or(next);
                next += usize::from(series.color.is_none());
                let again = if index < SERIES { "" } else { " again" };
                (series, format!("s{}{again}", index % SERIES))
            })
            .collect()
    }
}
