//! Bar charts: magnitudes by category.

use super::axis::Axis;
use super::frame::{Frame, Side, TICK_SIZE};
use super::label::{self, Entry, Sample};
use super::scale::Span;
use super::svg::{Anchor, Rect, Svg};
use super::{Draw, NOT_FINITE, NOT_POSITIVE, OFF_A_LOG_AXIS, count_of, draw_empty, text, theme};
use crate::Estimate;
use serde::Serialize;

/// With more bars than this, their values are not written beside them.
const MOST_VALUES: usize = 32;

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Bar {
    category: String,
    value: Estimate,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Group {
    name: String,
    bars: Vec<Bar>,
}

/// Magnitudes by category, in one or several groups side by side.
///
/// Bars lie flat, with their names upright beside them, unless the names are short and few. The
/// length of a bar means its value, so bars always start at zero; a logarithmic axis has no zero,
/// and the chart draws dots on it instead.
///
/// ```
/// use report::{Axis, BarChart, Plot};
/// let chart = BarChart::new(Axis::new("gradient norm"))
///     .group("before", [("layers.0", 0.31), ("layers.1", 0.12)])
///     .group("after", [("layers.0", 0.02), ("layers.1", 0.01)]);
/// let with_errors = BarChart::new("accuracy").bars([("mlp", (0.951, 0.004))]);
/// # let _ = (Plot::new(chart).to_svg(), Plot::new(with_errors).to_svg());
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BarChart {
    value: Axis,
    groups: Vec<Group>,
    #[serde(skip)]
    upright: Option<bool>,
}

impl BarChart {
    /// An empty chart whose bars are measured along `value`.
    pub fn new(value: impl Into<Axis>) -> Self {
        Self { value: value.into(), groups: Vec::new(), upright: None }
    }

    /// Adds bars without a group of their own.
    pub fn bars<N: Into<String>, E: Into<Estimate>>(
        self,
        bars: impl IntoIterator<Item = (N, E)>,
    ) -> Self {
        self.group("", bars)
    }

    /// Adds a group: one bar for each category, in a colour of its own. Categories appear in the
    /// order in which they are first named.
    pub fn group<N: Into<String>, E: Into<Estimate>>(
        mut self,
        name: impl Into<String>,
        bars: impl IntoIterator<Item = (N, E)>,
    ) -> Self {
        let bars = bars
            .into_iter()
            .map(|(category, value)| Bar { category: category.into(), value: value.into() })
            .collect();
        self.groups.push(Group { name: name.into(), bars });
        self
    }

    /// Stands the bars upright, whatever the length of their names.
    pub fn upright(mut self) -> Self {
        self.upright = Some(true);
        self
    }

    /// Lays the bars flat.
    pub fn flat(mut self) -> Self {
        self.upright = Some(false);
        self
    }

    /// The categories in order, and for each bar of each group the index of its category.
    ///
    /// A category named twice in one group is two categories, so that no bar hides another.
    fn arranged(&self) -> (Vec<String>, Vec<Vec<usize>>) {
        let mut categories: Vec<String> = Vec::new();
        let mut places = Vec::new();
        for group in &self.groups {
            let mut taken = vec![false; categories.len()];
            let mut indices = Vec::new();
            for bar in &group.bars {
                let free = (0..categories.len())
                    .find(|&i| categories[i] == bar.category && !taken[i])
                    .unwrap_or_else(|| {
                        categories.push(bar.category.clone());
                        taken.push(false);
                        categories.len() - 1
                    });
                taken[free] = true;
                indices.push(free);
            }
            places.push(indices);
        }
        (categories, places)
    }

    fn stands_upright(&self, categories: &[String], room: f64) -> bool {
        // Dots are read along lines of text.
        let dots = self.value.kind().is_logarithmic();
        self.upright.unwrap_or_else(|| {
            let widest = categories.iter().map(|c| text::width(c, TICK_SIZE)).fold(0.0, f64::max);
            let count = categories.len().max(1);
            !dots && count <= 12 && widest < (room - 60.0) / count as f64 - 12.0 && widest < 90.0
        })
    }

    fn drawable(&self) -> impl Iterator<Item = &Estimate> {
        let scale = self.value.kind();
        self.groups
            .iter()
            .flat_map(|g| &g.bars)
            .map(|bar| &bar.value)
            .filter(move |estimate| scale.position(estimate.value).is_some())
    }

    fn span(&self) -> Option<Span> {
        self.drawable().next()?;
        let ends = self.drawable().flat_map(|estimate| {
            let (low, high) =
                estimate.finite_interval().unwrap_or((estimate.value, estimate.value));
            [low, estimate.value, high]
        });
        let values: Vec<f64> = ends.collect();
        if self.value.kind().is_logarithmic() || self.value.fixed_span().is_some() {
            return self.value.span(values, 0.06);
        }
        // From zero, with room beyond the ends for the values written there.
        let span = Span::holding(self.value.kind(), values.into_iter().chain([0.0]))?;
        let room = span.padded(0.08);
        self.value.span(
            [
                if span.low < 0.0 { room.low } else { 0.0 },
                if span.high > 0.0 { room.high } else { 0.0 },
            ],
            0.0,
        )
    }

    fn legend(&self) -> Vec<Entry> {
        let sample = if self.value.kind().is_logarithmic() { Sample::Dot } else { Sample::Square };
        self.groups
            .iter()
            .enumerate()
            .filter(|(_, group)| !group.name.is_empty())
            .map(|(i, group)| Entry { class: class(i), sample, name: group.name.clone() })
            .collect()
    }
}

fn class(group: usize) -> String {
    format!("s{}", group % theme::SERIES)
}

impl Draw for BarChart {
    fn notes(&self) -> Vec<String> {
        let all = || self.groups.iter().flat_map(|g| &g.bars).map(|bar| bar.value.value);
        let not_finite = all().filter(|v| !v.is_finite()).count();
        let not_positive = all().filter(|v| v.is_finite()).count() - self.drawable().count();
        [
            count_of(not_finite, NOT_FINITE, "not shown"),
            count_of(not_positive, NOT_POSITIVE, OFF_A_LOG_AXIS),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn natural_size(&self, room: f64) -> (f64, f64) {
        let (categories, _) = self.arranged();
        let legend = label::legend_height(&self.legend(), room);
        if categories.is_empty() || self.stands_upright(&categories, room) {
            return (room, if room < 500.0 { room * 0.78 } else { 320.0 } + legend);
        }
        let band = self.groups.len() as f64 * 15.0 + 11.0;
        (room, (categories.len() as f64 * band + 70.0 + legend).min(4000.0))
    }

    fn summary(&self) -> String {
        let (categories, _) = self.arranged();
        format!("Bar chart of {} for {}", self.value.full_label(), categories.join(", "))
    }

    fn draw(&self, svg: &mut Svg, bounds: Rect) {
        let Some(span) = self.span() else {
            return draw_empty(svg, bounds, self.groups.iter().map(|g| g.bars.len()).sum());
        };
        let legend = self.legend();
        label::draw_legend(svg, &legend, bounds);
        let taken = label::legend_height(&legend, bounds.width);
        let bounds =
            Rect { y: bounds.y + taken, height: (bounds.height - taken).max(20.0), ..bounds };

        let (categories, places) = self.arranged();
        let upright = self.stands_upright(&categories, bounds.width);
        let value = Side::Scaled { axis: &self.value, span, whole: false };
        let names = Side::Categories { label: String::new(), names: &categories };
        let count = self.drawable().count();
        let write_values = count <= MOST_VALUES;
        let widest = self
            .drawable()
            .map(|e| text::width(&self.value.describe_short(e.value), 11.5))
            .fold(0.0, f64::max);
        let frame = if upright {
            Frame::new(bounds, names, value, 0.0)
        } else {
            // A value stands behind the end of its bar, and the longest bar may end at the edge.
            Frame::new(bounds, value, names, if write_values { widest + 10.0 } else { 0.0 })
        };
        frame.draw_grid(svg);
        frame.draw_axes(svg);
        let fits = !upright || widest < bar_width(&frame, self.groups.len()).0 + 10.0;
        let sheet =
            Sheet { chart: self, frame: &frame, upright, write_values: write_values && fits };
        for (g, (group, places)) in self.groups.iter().zip(&places).enumerate() {
            svg.group(&class(g), |svg| {
                for (bar, &category) in group.bars.iter().zip(places) {
                    sheet.draw_bar(svg, g, &group.name, bar, category);
                }
            });
        }
        if span.low <= 0.0 && !self.value.kind().is_logarithmic() {
            let area = frame.area;
            if upright {
                let zero = frame.y(0.0).unwrap_or(area.bottom());
                svg.line("zero", (area.x, zero), (area.right(), zero));
            } else {
                let zero = frame.x(0.0).unwrap_or(area.x);
                svg.line("zero", (zero, area.y), (zero, area.bottom()));
            }
        }
    }
}

/// Width of one bar and of the free room on either side of a category's bars.
fn bar_width(frame: &Frame, groups: usize) -> (f64, f64) {
    // One of the two directions has categories; the band of the other is the whole area.
    let band = frame.band_x(0).1.min(frame.band_y(0).1);
    let all = (band * 0.72).min(groups as f64 * 46.0);
    (all / groups.max(1) as f64, (band - all) / 2.0)
}

/// What every bar of a chart needs to know to be drawn.
struct Sheet<'a> {
    chart: &'a BarChart,
    frame: &'a Frame,
    upright: bool,
    write_values: bool,
}

impl Sheet<'_> {
    /// The pixel of a value along the value axis, kept inside the area.
    fn along(&self, value: f64) -> Option<f64> {
        let area = self.frame.area;
        if self.upright {
            self.frame.y(value).map(|y| y.clamp(area.y, area.bottom()))
        } else {
            self.frame.x(value).map(|x| x.clamp(area.x, area.right()))
        }
    }

    fn draw_bar(&self, svg: &mut Svg, group: usize, name: &str, bar: &Bar, category: usize) {
        let Some(end) = self.along(bar.value.value) else { return };
        let axis = &self.chart.value;
        let (start, _) =
            if self.upright { self.frame.band_x(category) } else { self.frame.band_y(category) };
        let (thickness, margin) = bar_width(self.frame, self.chart.groups.len());
        let side = start + margin + thickness * group as f64;
        let middle = side + thickness / 2.0;
        let at = |along: f64, across: f64| {
            if self.upright { (across, along) } else { (along, across) }
        };

        let tip = [name, &bar.category].into_iter().filter(|s| !s.is_empty()).collect::<Vec<_>>();
        let described = match bar.value.interval {
            Some(_) => bar.value.to_string(),
            None => axis.describe(bar.value.value),
        };
        let tip = format!("{}: {described}", tip.join(", "));
        let dots = axis.kind().is_logarithmic();
        if dots {
            let area = self.frame.area;
            let foot = if self.upright { area.bottom() } else { area.x };
            svg.line("guide", at(foot, middle), at(end, middle));
            svg.circle("mark", at(end, middle), 4.5, Some(&tip));
        } else if let Some(zero) = self.along(0.0) {
            let (low, length) = (end.min(zero), (end - zero).abs());
            let thick = (thickness - 1.0).max(0.5);
            let rect = if self.upright {
                Rect { x: side + 0.5, y: low, width: thick, height: length }
            } else {
                Rect { x: low, y: side + 0.5, width: length, height: thick }
            };
            svg.rect("bar", rect, Some(&tip));
        }

        let mut outermost = (end, end);
        if let Some((low, high)) = bar.value.finite_interval() {
            let edge = if self.upright { self.frame.area.bottom() } else { self.frame.area.x };
            let (low, high) = (self.along(low).unwrap_or(edge), self.along(high).unwrap_or(edge));
            let whisker = if dots { "whisker" } else { "whisker-on-bar" };
            let cap = (thickness * 0.2).clamp(2.0, 5.0);
            svg.line(whisker, at(low, middle), at(high, middle));
            for end in [low, high] {
                svg.line(whisker, at(end, middle - cap), at(end, middle + cap));
            }
            outermost = (low.min(high).min(end), low.max(high).max(end));
        }
        if self.write_values {
            let value = axis.describe_short(bar.value.value);
            let negative = bar.value.value < 0.0;
            if self.upright {
                let y = if negative { outermost.1 + 13.0 } else { outermost.0 - 5.0 };
                svg.text("value halo", (middle, y), Anchor::Middle, &value);
            } else {
                let gap = if dots || bar.value.interval.is_some() { 9.0 } else { 5.0 };
                let (x, anchor) = if negative {
                    (outermost.0 - gap, Anchor::End)
                } else {
                    (outermost.1 + gap, Anchor::Start)
                };
                svg.text("value halo", (x, middle + 4.0), anchor, &value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn categories_keep_their_order_and_no_bar_hides_another() {
        let chart = BarChart::new("x")
            .group("a", [("p", 1.0), ("q", 2.0)])
            .group("b", [("q", 3.0), ("r", 4.0), ("r", 5.0)]);
        let (categories, places) = chart.arranged();
        assert_eq!(categories, ["p", "q", "r", "r"]);
        assert_eq!(places, [vec![0, 1], vec![1, 2, 3]]);
    }

    #[test]
    fn bars_start_at_zero() {
        let span = BarChart::new("x").bars([("a", 5.0), ("b", 6.0)]).span().unwrap();
        assert_eq!(span.low, 0.0);
        let span = BarChart::new("x").bars([("a", -5.0)]).span().unwrap();
        assert_eq!(span.high, 0.0);
    }
}
