//! Series: named sequences of points, and how they are drawn.

use crate::Estimate;
use serde::Serialize;

/// A point of a series: a position and an [`Estimate`] there.
///
/// ```
/// use report::{Estimate, Point};
/// let bare: Point = (1.0, 0.5).into();
/// let measured: Point = (1.0, 0.5, 0.02).into(); // 0.5 ± 0.02
/// let skewed = Point::new(1.0, Estimate::in_interval(0.5, 0.49, 0.54));
/// # let _ = (bare, measured, skewed);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Point {
    /// Where along the horizontal axis.
    pub x: f64,
    /// What was found there.
    pub y: Estimate,
}

impl Point {
    /// A point at `x`.
    pub fn new(x: f64, y: impl Into<Estimate>) -> Self {
        Self { x, y: y.into() }
    }

    pub(crate) fn is_finite(&self) -> bool {
        self.x.is_finite() && self.y.value.is_finite()
    }
}

impl From<(f64, f64)> for Point {
    fn from((x, y): (f64, f64)) -> Self {
        Self::new(x, y)
    }
}

impl From<(f64, f64, f64)> for Point {
    /// `x`, `y` and the standard error of `y`.
    fn from((x, y, error): (f64, f64, f64)) -> Self {
        Self::new(x, (y, error))
    }
}

impl From<(usize, f64)> for Point {
    fn from((x, y): (usize, f64)) -> Self {
        Self::new(x as f64, y)
    }
}

/// How the points of a series are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mark {
    Line,
    Points,
    LineAndPoints,
    Steps,
}

/// How intervals are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Uncertainty {
    Bars,
    Band,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stroke {
    Solid,
    Dashed,
    Dotted,
}

/// A named sequence of points.
///
/// A value that is not finite (or not positive, on a logarithmic axis) leaves a gap in the line
/// and is counted below the picture.
///
/// ```
/// use report::Series;
/// let training = Series::line("training", [(1.0, 2.30), (2.0, 1.10), (3.0, 0.62)]);
/// let seeds = Series::line("mean of 5 seeds", [(1.0, 2.1, 0.2), (2.0, 1.0, 0.1)]).band();
/// let theory = Series::reference("slope 2", [(1e-3, 1e-6), (1e-1, 1e-2)]);
/// # let _ = (training, seeds, theory);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Series {
    pub(crate) name: String,
    pub(crate) points: Vec<Point>,
    pub(crate) mark: Mark,
    pub(crate) uncertainty: Uncertainty,
    pub(crate) stroke: Stroke,
    /// Something to compare with, not data: muted, without a colour of its own.
    pub(crate) reference: bool,
    #[serde(skip)]
    pub(crate) color: Option<usize>,
}

impl Series {
    fn new<P: Into<Point>>(
        name: impl Into<String>,
        points: impl IntoIterator<Item = P>,
        mark: Mark,
    ) -> Self {
        Self {
            name: name.into(),
            points: points.into_iter().map(Into::into).collect(),
            mark,
            uncertainty: Uncertainty::Bars,
            stroke: Stroke::Solid,
            reference: false,
            color: None,
        }
    }

    /// A line through `points`, in the order given.
    pub fn line<P: Into<Point>>(
        name: impl Into<String>,
        points: impl IntoIterator<Item = P>,
    ) -> Self {
        Self::new(name, points, Mark::Line)
    }

    /// Unconnected points.
    pub fn points<P: Into<Point>>(
        name: impl Into<String>,
        points: impl IntoIterator<Item = P>,
    ) -> Self {
        Self::new(name, points, Mark::Points)
    }

    /// A staircase that keeps each value until the next: a learning-rate schedule, an empirical
    /// distribution function.
    pub fn steps<P: Into<Point>>(
        name: impl Into<String>,
        points: impl IntoIterator<Item = P>,
    ) -> Self {
        Self::new(name, points, Mark::Steps)
    }

    /// A dashed grey line to compare the data with: a predicted slope, a bound.
    pub fn reference<P: Into<Point>>(
        name: impl Into<String>,
        points: impl IntoIterator<Item = P>,
    ) -> Self {
        Self { reference: true, ..Self::new(name, points, Mark::Line).dashed() }
    }

    /// Marks each point of the line.
    pub fn with_markers(mut self) -> Self {
        if self.mark == Mark::Line {
            self.mark = Mark::LineAndPoints;
        }
        self
    }

    /// Draws the intervals of the points as a shaded band instead of error bars.
    pub fn band(mut self) -> Self {
        self.uncertainty = Uncertainty::Band;
        self
    }

    /// Draws the line dashed.
    pub fn dashed(mut self) -> Self {
        self.stroke = Stroke::Dashed;
        self
    }

    /// Draws the line dotted.
    pub fn dotted(mut self) -> Self {
        self.stroke = Stroke::Dotted;
        self
    }

    /// Takes the colour of the series with this index, so that the same thing has the same colour
    /// in several plots. Colours repeat after eight.
    pub fn color(mut self, index: usize) -> Self {
        self.color = Some(index);
        self
    }

    pub(crate) fn line_class(&self) -> &'static str {
        match self.stroke {
            Stroke::Solid => "line",
            Stroke::Dashed => "line dashed",
            Stroke::Dotted => "line dotted",
        }
    }
}
