//! The frame of a plot: where the data area lies, its grid, axes, ticks and labels.

use super::axis::Axis;
use super::scale::{Scale, Span};
use super::svg::{Anchor, Rect, Svg};
use super::text;
use super::ticks::{self, Tick};

/// Font size of tick labels and axis names, in pixels.
pub(crate) const TICK_SIZE: f64 = 12.0;
/// Categories narrower than this get no label of their own.
const NARROWEST: f64 = 13.0;
/// Turned category labels are cut off here.
const LONGEST_TURNED: f64 = 110.0;

/// What one direction of the frame shows.
pub(crate) enum Side<'a> {
    /// Numbers along an axis; `whole` marks only whole numbers.
    Scaled { axis: &'a Axis, span: Span, whole: bool },
    /// Names in bands of equal width, left to right or top to bottom.
    Categories { label: String, names: &'a [String] },
}

/// A frame laid out in its bounds, ready to map values to pixels.
pub(crate) struct Frame {
    /// The data area.
    pub(crate) area: Rect,
    bounds: Rect,
    x: Direction,
    y: Direction,
    /// Category labels below the frame that are too wide for their bands are turned.
    turned: bool,
}

struct Direction {
    label: String,
    scale: Scale,
    span: Span,
    ticks: Vec<Tick>,
    categories: Option<usize>,
}

impl Direction {
    fn fraction(&self, value: f64) -> Option<f64> {
        self.scale.position(value).map(|p| self.span.fraction(p))
    }

    fn widest(&self) -> f64 {
        self.ticks.iter().map(|t| text::width(&t.label, TICK_SIZE)).fold(0.0, f64::max)
    }
}

impl Frame {
    /// Lays out a frame in `bounds`, keeping at least `right` pixels free on the right.
    pub(crate) fn new(bounds: Rect, x: Side, y: Side, right: f64) -> Self {
        let x_label = label_of(&x);
        let y_label = label_of(&y);
        let top = if y_label.is_empty() { 8.0 } else { 26.0 };
        let mut bottom = if x_label.is_empty() { 22.0 } else { 42.0 };

        let estimated_height = (bounds.height - top - bottom).max(20.0);
        let y = direction(y, y_label, (estimated_height / 45.0) as usize + 1, estimated_height);
        let left = y.widest().min(bounds.width * 0.4) + 10.0;

        let width = (bounds.width - left - right.max(4.0)).max(20.0);
        let mut x = fitting_below(x, x_label, width);
        let last = x.ticks.iter().rfind(|t| !t.label.is_empty());
        let overhang = last.map_or(0.0, |tick| {
            let beyond = (1.0 - x.span.fraction(tick.position)) * width;
            text::width(&tick.label, TICK_SIZE) / 2.0 - beyond
        });
        let width = (width - (overhang - right).max(0.0)).max(20.0);

        let mut turned = false;
        if let Some(count) = x.categories {
            let band = width / count.max(1) as f64;
            // Numbers name their neighbours too; other names cannot be left out.
            let numbers = x.ticks.iter().all(|t| t.label.parse::<f64>().is_ok());
            if x.widest() > band - 6.0 && band >= NARROWEST && !numbers {
                turned = true;
                for tick in &mut x.ticks {
                    tick.label = text::truncate(&tick.label, LONGEST_TURNED, TICK_SIZE);
                }
                bottom += x.widest() * 0.64 - 4.0;
            } else {
                thin_out(&mut x.ticks, x.span, width, |label| text::width(label, TICK_SIZE) + 8.0);
            }
        }
        let height = (bounds.height - top - bottom).max(20.0);
        let area = Rect { x: bounds.x + left, y: bounds.y + top, width, height };
        Self { area, bounds, x, y, turned }
    }

    /// The pixel position of a value, or `None` where the scale has no place for it.
    pub(crate) fn x(&self, value: f64) -> Option<f64> {
        self.x.fraction(value).map(|f| self.area.x + f * self.area.width)
    }

    /// The pixel position of a value, or `None` where the scale has no place for it.
    pub(crate) fn y(&self, value: f64) -> Option<f64> {
        self.y.fraction(value).map(|f| self.area.bottom() - f * self.area.height)
    }

    /// Left edge and width of the band of a category.
    pub(crate) fn band_x(&self, index: usize) -> (f64, f64) {
        let width = self.area.width / self.x.categories.unwrap_or(1).max(1) as f64;
        (self.area.x + width * index as f64, width)
    }

    /// Top edge and height of the band of a category.
    pub(crate) fn band_y(&self, index: usize) -> (f64, f64) {
        let height = self.area.height / self.y.categories.unwrap_or(1).max(1) as f64;
        (self.area.y + height * index as f64, height)
    }

    /// Grid lines at the labelled ticks: drawn first, beneath the data.
    pub(crate) fn draw_grid(&self, svg: &mut Svg) {
        svg.group("grids", |svg| {
            if self.y.categories.is_none() {
                for tick in self.y.ticks.iter().filter(|t| !t.label.is_empty()) {
                    let y = self.y_at(tick);
                    svg.line("grid", (self.area.x, y), (self.area.right(), y));
                }
            }
            if self.x.categories.is_none() {
                for tick in self.x.ticks.iter().filter(|t| !t.label.is_empty()) {
                    let x = self.x_at(tick);
                    svg.line("grid", (x, self.area.y), (x, self.area.bottom()));
                }
            }
        });
    }

    /// Axis lines, tick marks, tick labels and axis names.
    pub(crate) fn draw_axes(&self, svg: &mut Svg) {
        let Rect { x: left, y: top, .. } = self.area;
        let (right, bottom) = (self.area.right(), self.area.bottom());
        if self.x.categories.is_none() {
            svg.line("axis", (left, bottom), (right, bottom));
            for tick in &self.x.ticks {
                let length = if tick.label.is_empty() { 3.0 } else { 5.0 };
                let x = self.x_at(tick);
                svg.line("axis", (x, bottom), (x, bottom + length));
            }
        }
        if self.y.categories.is_none() {
            for tick in self.y.ticks.iter().filter(|t| t.label.is_empty()) {
                let y = self.y_at(tick);
                svg.line("axis", (left - 3.0, y), (left, y));
            }
            svg.line("axis", (left, top), (left, bottom));
        }
        for tick in self.x.ticks.iter().filter(|t| !t.label.is_empty()) {
            let x = self.x_at(tick);
            if self.turned {
                svg.turned_text("tick", (x + 4.0, bottom + 14.0), -40.0, &tick.label);
            } else {
                svg.text("tick", (x, bottom + 18.0), Anchor::Middle, &tick.label);
            }
        }
        for tick in self.y.ticks.iter().filter(|t| !t.label.is_empty()) {
            let label = text::truncate(&tick.label, left - self.bounds.x - 9.0, TICK_SIZE);
            svg.text("tick", (left - 8.0, self.y_at(tick) + 4.0), Anchor::End, &label);
        }
        if !self.x.label.is_empty() {
            let label = text::truncate(&self.x.label, self.bounds.width, TICK_SIZE);
            // Centred on the data, moved where it would leave the picture.
            let half = text::width(&label, TICK_SIZE) / 2.0;
            let centre = (left + self.area.width / 2.0)
                .min(self.bounds.right() - half)
                .max(self.bounds.x + half);
            svg.text("name", (centre, self.bounds.bottom() - 4.0), Anchor::Middle, &label);
        }
        if !self.y.label.is_empty() {
            // Above the axis and upright: no reader has to turn their head.
            let label = text::truncate(&self.y.label, self.bounds.width, TICK_SIZE);
            svg.text("name", (self.bounds.x, self.bounds.y + 11.0), Anchor::Start, &label);
        }
    }

    fn x_at(&self, tick: &Tick) -> f64 {
        self.area.x + self.x.span.fraction(tick.position) * self.area.width
    }

    fn y_at(&self, tick: &Tick) -> f64 {
        let fraction = self.y.span.fraction(tick.position);
        match self.y.categories {
            Some(_) => self.area.y + fraction * self.area.height,
            None => self.area.bottom() - fraction * self.area.height,
        }
    }
}

fn label_of(side: &Side) -> String {
    match side {
        Side::Scaled { axis, .. } => axis.full_label(),
        Side::Categories { label, .. } => label.clone(),
    }
}

fn direction(side: Side, label: String, target: usize, length: f64) -> Direction {
    match side {
        Side::Scaled { axis, span, whole } => {
            let scale = axis.kind();
            let ticks = ticks::ticks(scale, span, target, whole, axis.format());
            Direction { label, scale, span, ticks, categories: None }
        }
        Side::Categories { names, .. } => {
            let span = Span { low: 0.0, high: names.len().max(1) as f64 };
            let mut ticks: Vec<Tick> = names
                .iter()
                .enumerate()
                .map(|(i, name)| Tick { position: i as f64 + 0.5, label: name.clone() })
                .collect();
            thin_out(&mut ticks, span, length, |_| NARROWEST);
            let categories = Some(names.len());
            Direction { label, scale: Scale::Linear, span, ticks, categories }
        }
    }
}

/// The direction below the frame, with as many ticks as fit side by side.
fn fitting_below(side: Side, label: String, width: f64) -> Direction {
    let (axis, span, whole) = match side {
        Side::Categories { .. } => return direction(side, label, 0, f64::INFINITY),
        Side::Scaled { axis, span, whole } => (axis, span, whole),
    };
    let mut target = (width / 70.0) as usize + 1;
    loop {
        let side = Side::Scaled { axis, span, whole };
        let mut found = direction(side, label.clone(), target, width);
        let room = |tick: &Tick| text::width(&tick.label, TICK_SIZE) + 14.0;
        let labelled: Vec<&Tick> = found.ticks.iter().filter(|t| !t.label.is_empty()).collect();
        let crowded = labelled.windows(2).any(|pair| {
            let apart = span.fraction(pair[1].position) - span.fraction(pair[0].position);
            apart * width < (room(pair[0]) + room(pair[1])) / 2.0
        });
        if !crowded {
            return found;
        }
        if target <= 2 {
            thin_out(&mut found.ticks, span, width, |label| text::width(label, TICK_SIZE) + 14.0);
            return found;
        }
        target -= 1;
    }
}

/// Removes labels, evenly, until the rest have the room they need along `length` pixels.
fn thin_out(ticks: &mut [Tick], span: Span, length: f64, room: impl Fn(&str) -> f64) {
    let labelled: Vec<usize> = (0..ticks.len()).filter(|&i| !ticks[i].label.is_empty()).collect();
    for stride in 1..=labelled.len().max(1) {
        let kept: Vec<&Tick> = labelled.iter().step_by(stride).map(|&i| &ticks[i]).collect();
        let fits = kept.windows(2).all(|pair| {
            let apart = span.fraction(pair[1].position) - span.fraction(pair[0].position);
            apart * length >= room(&pair[0].label).max(room(&pair[1].label))
        });
        if fits {
            for (n, &i) in labelled.iter().enumerate() {
                if n % stride != 0 {
                    ticks[i].label.clear();
                }
            }
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Rect = Rect { x: 0.0, y: 0.0, width: 400.0, height: 300.0 };

    #[test]
    fn values_map_into_the_area() {
        let axis = Axis::new("x");
        let span = Span { low: 0.0, high: 10.0 };
        let side = || Side::Scaled { axis: &axis, span, whole: false };
        let frame = Frame::new(BOUNDS, side(), side(), 0.0);
        assert_eq!(frame.x(0.0), Some(frame.area.x));
        assert_eq!(frame.y(10.0), Some(frame.area.y));
        assert_eq!(frame.x(f64::NAN), None);
        assert!(BOUNDS.contains(frame.area.right(), frame.area.bottom()));
    }

    #[test]
    fn crowded_labels_are_thinned_out() {
        let names: Vec<String> = (0..200).map(|i| format!("category {i}")).collect();
        let side = || Side::Categories { label: String::new(), names: &names };
        let frame = Frame::new(BOUNDS, side(), side(), 0.0);
        let shown = frame.x.ticks.iter().filter(|t| !t.label.is_empty()).count();
        assert!((1..10).contains(&shown), "{shown}");
    }

    #[test]
    fn a_frame_without_room_is_still_a_frame() {
        let axis = Axis::new("a long label for a very small plot").unit("nats");
        let span = Span { low: 1e-300, high: 1e300 };
        let side = || Side::Scaled { axis: &axis, span, whole: false };
        let bounds = Rect { width: 10.0, height: 10.0, ..BOUNDS };
        let frame = Frame::new(bounds, side(), side(), 500.0);
        assert!(frame.area.width > 0.0 && frame.area.height > 0.0);
    }
}
