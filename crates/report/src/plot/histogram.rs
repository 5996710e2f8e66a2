//! Histograms: how often which values occur.

use super::axis::Axis;
use super::frame::{Frame, Side};
use super::label::{self, Entry, Sample};
use super::line_draw::{draw_series, sample};
use super::scale::{Scale, Span};
use super::series::Series;
use super::svg::{Rect, Svg};
use super::{Draw, NOT_FINITE, NOT_POSITIVE, OFF_A_LOG_AXIS, count_of, draw_empty};
use crate::number;
use serde::Serialize;

const MOST_BINS: usize = 200;

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
struct Bin {
    low: f64,
    high: f64,
    count: f64,
}

/// How often which values occur, as counts or as a density, with curves to compare.
///
/// Bins are equally wide on the scale of the axis. By default their width is that of Freedman and
/// Diaconis, 2·IQR·n^(−1/3); values that are all whole numbers get bins around whole numbers.
///
/// ```
/// use report::{Axis, Histogram, Plot, Series};
/// let values = (0..500).map(|i| (i as f64 * 0.7).sin());
/// let density = |x: f64| 1.0 / (std::f64::consts::PI * (1.0 - x * x).sqrt());
/// let curve = (-9..=9).map(|i| (i as f64 / 10.0, density(i as f64 / 10.0)));
/// let plot = Histogram::of(Axis::new("activation"), values)
///     .density()
///     .curve(Series::line("arcsine law", curve));
/// # let _ = Plot::new(plot).to_svg();
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Histogram {
    x: Axis,
    bins: Vec<Bin>,
    not_finite: usize,
    not_positive: usize,
    density: bool,
    log_counts: bool,
    name: String,
    curves: Vec<Series>,
}

impl Histogram {
    /// Counts `values` in bins of a width that suits them.
    pub fn of(x: impl Into<Axis>, values: impl IntoIterator<Item = f64>) -> Self {
        Self::counting(x.into(), values, None)
    }

    /// Counts `values` in `bins` equal bins (from 1 to 200).
    pub fn in_bins(x: impl Into<Axis>, values: impl IntoIterator<Item = f64>, bins: usize) -> Self {
        Self::counting(x.into(), values, Some(bins.clamp(1, MOST_BINS)))
    }

    /// Shows counts made elsewhere: for each bin its lower edge, upper edge and count. Bins that
    /// are empty, unbounded or have no finite count are counted as not shown.
    pub fn counted(x: impl Into<Axis>, bins: impl IntoIterator<Item = (f64, f64, f64)>) -> Self {
        let mut histogram = Self::empty(x.into());
        let scale = histogram.x.kind();
        for (low, high, count) in bins {
            let sound = low < high && count.is_finite() && count >= 0.0;
            if sound && scale.position(low).is_some() && scale.position(high).is_some() {
                histogram.bins.push(Bin { low, high, count });
            } else {
                histogram.not_finite += 1;
            }
        }
        histogram
    }

    fn empty(x: Axis) -> Self {
        Self {
            x,
            bins: Vec::new(),
            not_finite: 0,
            not_positive: 0,
            density: false,
            log_counts: false,
            name: String::new(),
            curves: Vec::new(),
        }
    }

    fn counting(x: Axis, values: impl IntoIterator<Item = f64>, bins: Option<usize>) -> Self {
        let scale = x.kind();
        let mut histogram = Self::empty(x);
        let mut positions = Vec::new();
        let mut whole = scale == Scale::Linear && bins.is_none();
        for value in values {
            match scale.position(value) {
                Some(position) => {
                    whole &= value.fract() == 0.0;
                    positions.push(position);
                }
                None if value.is_finite() => histogram.not_positive += 1,
                None => histogram.not_finite += 1,
            }
        }
        positions.sort_by(f64::total_cmp);
        let Some(span) = Span::holding(scale, positions.iter().copied()) else {
            return histogram;
        };
        whole &= span.low.abs().max(span.high.abs()) < 1e9 && span.high - span.low <= 60.0;
        let (low, width, count) = if whole {
            (positions[0] - 0.5, 1.0, (positions[positions.len() - 1] - positions[0]) as usize + 1)
        } else {
            let count = bins.unwrap_or_else(|| freedman_diaconis(&positions, span));
            (span.low, (span.high / 2.0 - span.low / 2.0) / count as f64 * 2.0, count)
        };
        let mut counts = vec![0.0; count];
        for position in positions {
            let index = ((position / 2.0 - low / 2.0) / (width / 2.0)) as usize;
            counts[index.min(count - 1)] += 1.0;
        }
        let value = |position: f64| match scale {
            Scale::Linear => position,
            Scale::Log => 10f64.powf(position),
            Scale::Log2 => position.exp2(),
        };
        histogram.bins = counts
            .into_iter()
            .enumerate()
            .map(|(i, count)| Bin {
                low: value(low + width * i as f64),
                high: value(low + width * (i + 1) as f64),
                count,
            })
            .collect();
        histogram
    }

    /// Scales the bars so that their areas sum to one: comparable with a probability density.
    /// Only what is shown counts.
    pub fn density(mut self) -> Self {
        self.density = true;
        self
    }

    /// Shows the heights on a logarithmic axis, for tails. Empty bins have no bar.
    pub fn log_counts(mut self) -> Self {
        self.log_counts = true;
        self
    }

    /// Names the bars in the legend.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Draws a curve over the bars: a density that theory predicts.
    pub fn curve(mut self, curve: Series) -> Self {
        self.curves.push(curve);
        self
    }

    fn heights(&self) -> Vec<f64> {
        let total: f64 = self.bins.iter().map(|b| b.count).sum();
        self.bins
            .iter()
            .map(|bin| match self.density {
                true if total > 0.0 => bin.count / total / (bin.high - bin.low),
                _ => bin.count,
            })
            .collect()
    }

    fn y_axis(&self) -> Axis {
        let axis = Axis::new(if self.density { "density" } else { "count" });
        if self.log_counts { axis.log() } else { axis.include(0.0) }
    }

    fn legend(&self) -> Vec<Entry> {
        let name = if self.name.is_empty() { "measured" } else { &self.name };
        let curves: Vec<Entry> = self
            .curves
            .iter()
            .enumerate()
            .filter(|(_, curve)| !curve.name.is_empty())
            .map(|(i, curve)| Entry {
                class: curve_class(i, curve),
                sample: sample(curve),
                name: curve.name.clone(),
            })
            .collect();
        if curves.is_empty() && self.name.is_empty() {
            return curves;
        }
        let bars =
            Entry { class: "s0".to_string(), sample: Sample::Square, name: name.to_string() };
        std::iter::once(bars).chain(curves).collect()
    }
}

fn curve_class(index: usize, curve: &Series) -> String {
    match curve.reference {
        true => "ref".to_string(),
        false => format!("s{}", curve.color.unwrap_or(index + 1) % super::theme::SERIES),
    }
}

/// The number of bins whose width is 2·IQR·n^(−1/3); where the quartiles coincide, that of
/// Sturges, 1 + log₂ n.
fn freedman_diaconis(sorted: &[f64], span: Span) -> usize {
    let n = sorted.len();
    let spread = sorted[n * 3 / 4] / 2.0 - sorted[n / 4] / 2.0;
    let width = 2.0 * spread / (n as f64).cbrt();
    let count = (span.high / 2.0 - span.low / 2.0) / width;
    if count.is_finite() && width > 0.0 {
        (count.ceil() as usize).clamp(5.min(n), 100)
    } else {
        (1.0 + (n as f64).log2()).ceil() as usize
    }
}

impl Draw for Histogram {
    fn notes(&self) -> Vec<String> {
        [
            count_of(self.not_finite, NOT_FINITE, "not shown"),
            count_of(self.not_positive, NOT_POSITIVE, OFF_A_LOG_AXIS),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn natural_size(&self, room: f64) -> (f64, f64) {
        (room, if room < 500.0 { room * 0.76 } else { 340.0 })
    }

    fn summary(&self) -> String {
        let total: f64 = self.bins.iter().map(|b| b.count).sum();
        let total = number::short(total, 6);
        format!("Histogram of {total} values of {}", self.x.full_label())
    }

    fn draw(&self, svg: &mut Svg, bounds: Rect) {
        let y = self.y_axis();
        let edges = self.bins.iter().flat_map(|b| [b.low, b.high]);
        let heights = self.heights();
        let curves = self.curves.iter().flat_map(|c| &c.points).map(|p| p.y.value);
        let tops = heights.iter().copied().chain(curves);
        let lowest = heights.iter().copied().filter(|h| *h > 0.0).fold(f64::INFINITY, f64::min);
        // On a logarithmic axis the smallest bar must have some height too.
        let tops = tops.chain(self.log_counts.then_some(lowest / 2.0));
        let tops = tops.filter(|top| !self.log_counts || *top >= lowest / 2.0);
        let spans = self.x.span(edges, 0.01).zip(y.span(tops, 0.04));
        let Some((x_span, y_span)) = spans.filter(|_| !self.bins.is_empty()) else {
            return draw_empty(svg, bounds, self.not_finite + self.not_positive);
        };
        let y_span = match y.kind() {
            Scale::Linear => Span { low: y_span.low.max(0.0), ..y_span },
            Scale::Log | Scale::Log2 => y_span,
        };

        let legend = self.legend();
        label::draw_legend(svg, &legend, bounds);
        let taken = label::legend_height(&legend, bounds.width);
        let bounds =
            Rect { y: bounds.y + taken, height: (bounds.height - taken).max(20.0), ..bounds };
        let frame = Frame::new(
            bounds,
            Side::Scaled { axis: &self.x, span: x_span, whole: false },
            Side::Scaled { axis: &y, span: y_span, whole: !self.density },
            0.0,
        );
        frame.draw_grid(svg);
        svg.clipped(frame.area, |svg| {
            svg.group("s0", |svg| {
                for (bin, height) in self.bins.iter().zip(&heights) {
                    draw_bin(svg, &frame, &self.x, bin, *height);
                }
            });
            for (i, curve) in self.curves.iter().enumerate() {
                svg.group(&curve_class(i, curve), |svg| {
                    draw_series(svg, (&self.x, &y), &frame, curve);
                });
            }
        });
        frame.draw_axes(svg);
    }
}

fn draw_bin(svg: &mut Svg, frame: &Frame, x: &Axis, bin: &Bin, height: f64) {
    let place = frame.x(bin.low).zip(frame.x(bin.high)).zip(frame.y(height));
    let Some(((left, right), top)) = place.filter(|_| height > 0.0) else { return };
    let floor = frame.y(0.0).unwrap_or(frame.area.bottom());
    // A hair of background between neighbours, where they are wide enough to spare it.
    let gap = if right - left > 4.0 { 1.0 } else { 0.0 };
    let rect = Rect { x: left + gap / 2.0, y: top, width: right - left - gap, height: floor - top };
    let tip = format!(
        "{} to {}: {}",
        x.describe(bin.low),
        x.describe(bin.high),
        number::short(bin.count, 6)
    );
    svg.shade("bar", rect, 0.75, Some(&tip));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_counted_once() {
        let values = (0..1000).map(|i| (f64::from(i) * 0.37).sin() * 3.0);
        for histogram in
            [Histogram::of("x", values.clone()), Histogram::in_bins("x", values.clone(), 7)]
        {
            assert_eq!(histogram.bins.iter().map(|b| b.count).sum::<f64>(), 1000.0);
        }
        let area: f64 = {
            let histogram = Histogram::of("x", values).density();
            let heights = histogram.heights();
            histogram.bins.iter().zip(heights).map(|(b, h)| (b.high - b.low) * h).sum()
        };
        assert!((area - 1.0).abs() < 1e-12);
    }

    #[test]
    fn whole_numbers_get_bins_around_them() {
        let histogram = Histogram::of("x", [1.0, 2.0, 2.0, 4.0]);
        let counts: Vec<f64> = histogram.bins.iter().map(|b| b.count).collect();
        assert_eq!(counts, [1.0, 2.0, 0.0, 1.0]);
        assert_eq!(histogram.bins[0].low, 0.5);
    }

    #[test]
    fn what_cannot_be_counted_is_noted() {
        let histogram =
            Histogram::of(Axis::new("x").log(), [1.0, -1.0, 0.0, f64::NAN, f64::INFINITY]);
        assert_eq!((histogram.not_finite, histogram.not_positive), (2, 2));
        assert_eq!(histogram.notes().len(), 2);
        assert_eq!(Histogram::counted("x", [(1.0, 0.0, 3.0)]).not_finite, 1);
    }
}
