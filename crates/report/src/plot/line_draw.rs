//! Drawing a [`LinePlot`]: bands below, then lines, intervals and marks, names last.

use super::axis::Axis;
use super::frame::{Frame, Side};
use super::label::{self, EndLabel, Entry, Placer, Sample};
use super::line::{Labels, LinePlot, Rule};
use super::scale::Span;
use super::series::{Mark, Point, Series, Uncertainty};
use super::svg::{Outline, Rect, Svg};
use super::{Draw, NOT_FINITE, NOT_POSITIVE, OFF_A_LOG_AXIS, count_of, draw_empty, thin};

/// A line whose last point lies further right than this is named in the right margin.
const NEAR_THE_END: f64 = 0.88;

impl Draw for LinePlot {
    fn notes(&self) -> Vec<String> {
        let mut not_finite = 0;
        let mut not_positive = 0;
        let mut intervals = 0;
        for point in self.series.iter().flat_map(|s| &s.points) {
            if !point.is_finite() {
                not_finite += 1;
            } else if self.position(point).is_none() {
                not_positive += 1;
            } else if point.y.interval.is_some() && point.y.finite_interval().is_none() {
                intervals += 1;
            }
        }
        [
            count_of(not_finite, NOT_FINITE, "not shown"),
            count_of(not_positive, NOT_POSITIVE, OFF_A_LOG_AXIS),
            count_of(intervals, ["non-finite interval", "non-finite intervals"], "not shown"),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn natural_size(&self, room: f64) -> (f64, f64) {
        (room, if room < 500.0 { room * 0.74 } else { 400.0 })
    }

    fn summary(&self) -> String {
        let names: Vec<&str> = self.series.iter().map(|s| s.name.as_str()).collect();
        format!(
            "Line plot of {} against {}: {}",
            self.y.full_label(),
            self.x.full_label(),
            names.join(", ")
        )
    }

    fn draw(&self, svg: &mut Svg, bounds: Rect) {
        let Some(spans) = self.spans() else {
            return draw_empty(svg, bounds, self.series.iter().map(|s| s.points.len()).sum());
        };
        if self.labels == Labels::Auto
            && let Some(naming) = self.name_directly(spans, bounds)
        {
            return self.draw_named(svg, bounds, spans, &naming);
        }
        let naming = match self.labels {
            Labels::Hidden => Naming::default(),
            Labels::Auto | Labels::Legend => self.name_in_legend(),
        };
        self.draw_named(svg, bounds, spans, &naming);
    }
}

/// The decision where each name goes.
#[derive(Default)]
struct Naming {
    legend: Vec<Entry>,
    /// Series named in the right margin.
    at_end: Vec<usize>,
    /// Series named inside the data area.
    inside: Vec<usize>,
}

impl LinePlot {
    /// Where a point lies on the scales of both axes.
    fn position(&self, point: &Point) -> Option<(f64, f64)> {
        Some((self.x.kind().position(point.x)?, self.y.kind().position(point.y.value)?))
    }

    fn shown(&self) -> impl Iterator<Item = &Point> {
        self.series.iter().flat_map(|s| &s.points).filter(|p| self.position(p).is_some())
    }

    fn spans(&self) -> Option<(Span, Span)> {
        let padding = |axis: &Axis| if axis.kind().is_logarithmic() { 0.04 } else { 0.03 };
        let x = self.x.span(self.shown().map(|p| p.x), padding(&self.x) * 0.6)?;
        let y_values = self.shown().flat_map(|p| {
            let (low, high) = p.y.finite_interval().unwrap_or((p.y.value, p.y.value));
            [low, p.y.value, high]
        });
        // Fixed axes give a frame without any data; there is still nothing to draw in it.
        self.shown().next()?;
        Some((x, self.y.span(y_values, padding(&self.y) * 1.5)?))
    }

    fn frame(&self, bounds: Rect, (x, y): (Span, Span), right: f64) -> Frame {
        let whole_x = self.shown().all(|p| p.x.fract() == 0.0);
        Frame::new(
            bounds,
            Side::Scaled { axis: &self.x, span: x, whole: whole_x },
            Side::Scaled { axis: &self.y, span: y, whole: false },
            right,
        )
    }

    fn name_in_legend(&self) -> Naming {
        let legend = self
            .coloured()
            .into_iter()
            .filter(|(series, _)| !series.name.is_empty())
            .map(|(series, class)| Entry {
                class,
                sample: sample(series),
                name: series.name.clone(),
            })
            .collect();
        Naming { legend, ..Naming::default() }
    }

    /// Names beside the lines, or `None` if some name finds no room there.
    fn name_directly(&self, spans: (Span, Span), bounds: Rect) -> Option<Naming> {
        let mut naming = Naming::default();
        for (i, series) in self.series.iter().enumerate() {
            let last = series.points.iter().filter_map(|p| self.position(p));
            let Some((x, _)) = last.max_by(|a, b| a.0.total_cmp(&b.0)) else {
                if series.name.is_empty() {
                    continue;
                }
                // A series without a visible point still deserves its name.
                return None;
            };
            if series.name.is_empty() {
                continue;
            }
            if spans.0.fraction(x) >= NEAR_THE_END && series.mark != Mark::Points {
                naming.at_end.push(i);
            } else {
                naming.inside.push(i);
            }
        }
        let frame = self.frame(bounds, spans, self.right_margin(&naming));
        if naming.at_end.len() + naming.inside.len() > 8
            || !label::ends_fit(naming.at_end.len(), frame.area)
        {
            return None;
        }
        let mut placer = self.placer(&frame);
        for &i in &naming.inside {
            let series = &self.series[i];
            placer.place(i, &series.name, &pixels(&frame, series), !series.reference)?;
        }
        Some(naming)
    }

    fn right_margin(&self, naming: &Naming) -> f64 {
        label::right_margin(naming.at_end.iter().map(|&i| self.series[i].name.as_str()))
    }

    fn placer(&self, frame: &Frame) -> Placer {
        let mut placer = Placer::new(frame.area);
        for (i, series) in self.series.iter().enumerate() {
            if series.mark == Mark::Points {
                let places = pixels(frame, series);
                for n in thin::markers(&places) {
                    placer.add_ink(i, &[places[n]]);
                }
            } else {
                placer.add_ink(i, &thin::line(&pixels(frame, series)));
            }
        }
        for (i, rule) in self.rules.iter().enumerate() {
            placer.add_ink(self.series.len() + i, &rule_line(frame, rule).unwrap_or_default());
        }
        placer
    }

    fn draw_named(&self, svg: &mut Svg, bounds: Rect, spans: (Span, Span), naming: &Naming) {
        label::draw_legend(svg, &naming.legend, bounds);
        let taken = label::legend_height(&naming.legend, bounds.width);
        let inner =
            Rect { y: bounds.y + taken, height: (bounds.height - taken).max(20.0), ..bounds };
        let frame = self.frame(inner, spans, self.right_margin(naming));
        let coloured = self.coloured();

        frame.draw_grid(svg);
        if let Some(zero) = frame.y(0.0)
            && spans.1.low < 0.0
            && spans.1.high > 0.0
        {
            svg.line("zero", (frame.area.x, zero), (frame.area.right(), zero));
        }
        frame.draw_axes(svg);
        // Marks at the edge may reach over it a little; what lies outside a fixed range may not.
        let reach = if self.x.fixed_span().or(self.y.fixed_span()).is_some() { 1.0 } else { 8.0 };
        let clip = Rect {
            x: frame.area.x - reach,
            y: frame.area.y - reach,
            width: frame.area.width + 2.0 * reach,
            height: frame.area.height + 2.0 * reach,
        };
        svg.clipped(clip, |svg| {
            for (series, class) in &coloured {
                svg.group(class, |svg| draw_band(svg, &frame, series));
            }
            for rule in &self.rules {
                draw_rule(svg, &frame, rule);
            }
            for (series, class) in &coloured {
                svg.group(class, |svg| draw_series(svg, (&self.x, &self.y), &frame, series));
            }
        });

        let mut placer = self.placer(&frame);
        for &i in &naming.inside {
            let (series, class) = &coloured[i];
            let swatch = !series.reference;
            let line = pixels(&frame, series);
            if let Some(placed) = placer.place(i, &series.name, &line, swatch) {
                placed.draw(svg, class, sample(series), &series.name);
            }
        }
        let ends: Vec<EndLabel> = naming
            .at_end
            .iter()
            .filter_map(|&i| {
                let (series, class) = &coloured[i];
                let ends = pixels(&frame, series);
                let end = ends.into_iter().max_by(|a, b| a.0.total_cmp(&b.0))?;
                Some(EndLabel { class: class.clone(), name: &series.name, end })
            })
            .collect();
        label::draw_ends(svg, &ends, frame.area, bounds.right());
        for (i, rule) in self.rules.iter().enumerate().filter(|(_, r)| !r.label.is_empty()) {
            let Some(line) = rule_line(&frame, rule) else { continue };
            let owner = self.series.len() + i;
            if let Some(placed) = placer.place(owner, &rule.label, &line, false) {
                placed.draw(svg, "ref", Sample::Dot, &rule.label);
            }
        }
    }
}

/// How a series is shown beside its name.
pub(crate) fn sample(series: &Series) -> Sample {
    if series.mark == Mark::Points { Sample::Dot } else { Sample::Line(series.line_class()) }
}

/// The points of a series that have a place, in pixels.
fn pixels(frame: &Frame, series: &Series) -> Vec<(f64, f64)> {
    series.points.iter().filter_map(|p| Some((frame.x(p.x)?, frame.y(p.y.value)?))).collect()
}

/// The pieces of a line between points that cannot be shown.
fn runs<'a>(frame: &Frame, series: &'a Series) -> Vec<Vec<(&'a Point, (f64, f64))>> {
    let mut runs = vec![Vec::new()];
    for point in &series.points {
        match frame.x(point.x).zip(frame.y(point.y.value)) {
            Some(place) => runs.last_mut().into_iter().for_each(|run| run.push((point, place))),
            None => runs.push(Vec::new()),
        }
    }
    runs.retain(|run| !run.is_empty());
    runs
}

/// Both ends of an interval in pixels. On a logarithmic axis an end that is not positive has no
/// place: the interval runs off the lower edge.
fn interval(frame: &Frame, point: &Point) -> Option<(f64, f64)> {
    let (low, high) = point.y.finite_interval()?;
    let edge = frame.area.bottom() + 8.0;
    Some((frame.y(low).unwrap_or(edge), frame.y(high).unwrap_or(edge)))
}

fn draw_band(svg: &mut Svg, frame: &Frame, series: &Series) {
    if series.uncertainty != Uncertainty::Band {
        return;
    }
    for run in runs(frame, series) {
        let mut upper = Vec::new();
        let mut lower = Vec::new();
        for (point, (x, _)) in run {
            if let Some((low, high)) = interval(frame, point) {
                upper.push((x, high));
                lower.push((x, low));
            }
        }
        let mut outline = thin::line(&upper);
        let mut back = thin::line(&lower);
        back.reverse();
        outline.extend(back);
        if outline.len() > 2 {
            let mut outline = Outline::through(&outline);
            outline.close();
            svg.outline("band", &outline, None);
        }
    }
}

/// The line, the error bars and the marks of a series.
pub(crate) fn draw_series(svg: &mut Svg, axes: (&Axis, &Axis), frame: &Frame, series: &Series) {
    let runs = runs(frame, series);
    if series.mark != Mark::Points {
        for run in &runs {
            let places: Vec<(f64, f64)> = run.iter().map(|(_, place)| *place).collect();
            let line = match series.mark {
                Mark::Steps => stairs(&places),
                _ => places,
            };
            if line.len() > 1 {
                let outline = Outline::through(&thin::line(&line));
                svg.outline(series.line_class(), &outline, Some(&series.name));
            }
        }
    }
    let marked: Vec<(&Point, (f64, f64))> = match series.mark {
        Mark::Points | Mark::LineAndPoints => runs.into_iter().flatten().collect(),
        // A point without neighbours would be invisible as a line.
        Mark::Line | Mark::Steps => runs.into_iter().filter(|r| r.len() == 1).flatten().collect(),
    };
    if series.uncertainty == Uncertainty::Bars {
        draw_whiskers(svg, frame, series);
    }
    let places: Vec<(f64, f64)> = marked.iter().map(|(_, place)| *place).collect();
    for i in thin::markers(&places) {
        let (point, place) = marked[i];
        let mut tip = format!(
            "{}: {} = {}, {} = {}",
            series.name,
            axes.0.label(),
            axes.0.describe(point.x),
            axes.1.label(),
            axes.1.describe(point.y.value)
        );
        if point.y.interval.is_some() {
            tip.push_str(&format!(" ({})", point.y));
        }
        svg.circle("mark", place, 3.5, Some(&tip));
    }
}

fn draw_whiskers(svg: &mut Svg, frame: &Frame, series: &Series) {
    let bars: Vec<((f64, f64), (f64, f64))> = series
        .points
        .iter()
        .filter_map(|p| Some(((frame.x(p.x)?, frame.y(p.y.value)?), interval(frame, p)?)))
        .collect();
    let places: Vec<(f64, f64)> = bars.iter().map(|(place, _)| *place).collect();
    for i in thin::markers(&places) {
        let ((x, _), (low, high)) = bars[i];
        let mut outline = Outline::default();
        outline.move_to((x, low));
        outline.line_to((x, high));
        for y in [low, high] {
            outline.move_to((x - 3.0, y));
            outline.line_to((x + 3.0, y));
        }
        svg.outline("whisker", &outline, None);
    }
}

fn stairs(places: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut line = Vec::with_capacity(places.len() * 2);
    for (i, &(x, y)) in places.iter().enumerate() {
        if i > 0 {
            line.push((x, places[i - 1].1));
        }
        line.push((x, y));
    }
    line
}

fn rule_line(frame: &Frame, rule: &Rule) -> Option<Vec<(f64, f64)>> {
    let area = frame.area;
    let at = |t: f64| {
        if rule.horizontal {
            let y = frame.y(rule.value).filter(|y| (area.y..=area.bottom()).contains(y))?;
            Some((area.x + t * area.width, y))
        } else {
            let x = frame.x(rule.value).filter(|x| (area.x..=area.right()).contains(x))?;
            Some((x, area.bottom() - t * area.height))
        }
    };
    (0..=20).map(|i| at(f64::from(i) / 20.0)).collect()
}

fn draw_rule(svg: &mut Svg, frame: &Frame, rule: &Rule) {
    if let Some(line) = rule_line(frame, rule)
        && let (Some(&first), Some(&last)) = (line.first(), line.last())
    {
        svg.group("ref", |svg| {
            svg.outline("line dashed", &Outline::through(&[first, last]), Some(&rule.label));
        });
    }
}
