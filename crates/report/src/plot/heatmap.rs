//! Heatmaps: a matrix in shades, with or without its numbers.

use super::axis::Axis;
use super::frame::{Frame, Side, TICK_SIZE};
use super::pixels::{self, Channels};
use super::scale::{Scale, Span};
use super::svg::{Anchor, Rect, Svg};
use super::{Draw, count_of, draw_empty, text, ticks};
use crate::{Error, number};
use serde::Serialize;

/// Matrices with more entries than this are drawn as pixels.
const MOST_CELLS: usize = 4096;
/// From this shade on, numbers are written in the opposite colour.
const DARK: f64 = 0.62;
/// Room for the scale of shades, when there is one.
const BAR_ROOM: f64 = 74.0;

/// How magnitudes become shades.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Shading {
    /// In proportion.
    #[default]
    Linear,
    /// By square root: small counts beside large ones stay visible, and zero stays blank.
    Root,
}

/// A matrix as shaded cells.
///
/// Entries of one sign range over shades of one colour. Entries of both signs range over two
/// colours, blue above zero and orange below, with zero blank.
///
/// ```
/// use report::{Heatmap, Plot};
/// let confusion = Heatmap::new(["cat", "dog"], ["cat", "dog"], [41.0, 3.0, 5.0, 39.0])?
///     .row_label("true class")
///     .column_label("predicted class")
///     .with_numbers();
/// let svg = Plot::new(confusion).to_svg();
/// # assert!(svg.contains("true class"));
/// # Ok::<(), report::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Heatmap {
    rows: Vec<String>,
    columns: Vec<String>,
    /// Row by row.
    entries: Vec<f64>,
    row_label: String,
    column_label: String,
    value_label: String,
    shading: Shading,
    #[serde(skip)]
    numbers: bool,
    range: Option<(f64, f64)>,
}

impl Heatmap {
    /// A matrix with a name for each row and each column; `entries` row by row.
    ///
    /// # Errors
    /// [`Error::MatrixSize`] if there are not rows × columns entries.
    pub fn new<R: Into<String>, C: Into<String>>(
        rows: impl IntoIterator<Item = R>,
        columns: impl IntoIterator<Item = C>,
        entries: impl IntoIterator<Item = f64>,
    ) -> Result<Self, Error> {
        let rows: Vec<String> = rows.into_iter().map(Into::into).collect();
        let columns: Vec<String> = columns.into_iter().map(Into::into).collect();
        let entries: Vec<f64> = entries.into_iter().collect();
        if rows.len().checked_mul(columns.len()) != Some(entries.len()) {
            return Err(Error::MatrixSize {
                rows: rows.len(),
                columns: columns.len(),
                given: entries.len(),
            });
        }
        Ok(Self {
            rows,
            columns,
            entries,
            row_label: String::new(),
            column_label: String::new(),
            value_label: String::new(),
            shading: Shading::Linear,
            numbers: false,
            range: None,
        })
    }

    /// A confusion matrix: counts of predictions (columns) by true class (rows), numbers in the
    /// cells, shaded by square root so that rare mistakes show beside frequent successes.
    ///
    /// # Errors
    /// [`Error::MatrixSize`] if there are not classes × classes counts.
    pub fn confusion<N: Into<String>>(
        classes: impl IntoIterator<Item = N>,
        counts: impl IntoIterator<Item = f64>,
    ) -> Result<Self, Error> {
        let classes: Vec<String> = classes.into_iter().map(Into::into).collect();
        Ok(Self::new(classes.clone(), classes, counts)?
            .row_label("true class")
            .column_label("predicted class")
            .shading(Shading::Root)
            .with_numbers())
    }

    /// Says what the rows are.
    pub fn row_label(mut self, label: impl Into<String>) -> Self {
        self.row_label = label.into();
        self
    }

    /// Says what the columns are.
    pub fn column_label(mut self, label: impl Into<String>) -> Self {
        self.column_label = label.into();
        self
    }

    /// Says what the entries are, beside the scale of shades.
    pub fn value_label(mut self, label: impl Into<String>) -> Self {
        self.value_label = label.into();
        self
    }

    /// Writes each entry into its cell, where cells are large enough.
    pub fn with_numbers(mut self) -> Self {
        self.numbers = true;
        self
    }

    /// Chooses how magnitudes become shades.
    pub fn shading(mut self, shading: Shading) -> Self {
        self.shading = shading;
        self
    }

    /// Fixes the values with the faintest and the strongest shade, to compare several heatmaps;
    /// entries beyond them take the shade of the nearer one. An empty range is ignored.
    pub fn range(mut self, low: f64, high: f64) -> Self {
        self.range = Some((low, high));
        self
    }

    /// The values with the faintest and the strongest shade; symmetric about zero for both signs.
    fn limits(&self) -> Option<(f64, f64)> {
        if let Some((low, high)) = self.range
            && low < high
            && low.is_finite()
            && high.is_finite()
        {
            return Some((low, high));
        }
        let finite = || self.entries.iter().copied().filter(|v| v.is_finite());
        let low = finite().reduce(f64::min)?;
        let high = finite().reduce(f64::max)?;
        if low < 0.0 && high > 0.0 {
            let largest = high.max(-low);
            return Some((-largest, largest));
        }
        if self.shading == Shading::Root && low >= 0.0 {
            return Some((0.0, if high > 0.0 { high } else { 1.0 }));
        }
        let span = Span::holding(Scale::Linear, [low, high])?;
        Some((span.low, span.high))
    }

    /// The shade of a value between 0 and 1, and whether it takes the colour of negative values.
    fn shade(&self, value: f64, (low, high): (f64, f64)) -> (f64, bool) {
        let (magnitude, negative) = if low < 0.0 && high > 0.0 {
            let (negative, end) = (value < 0.0, if value < 0.0 { low } else { high });
            (value / end, negative)
        } else {
            (Span { low, high }.fraction(value), false)
        };
        let magnitude = magnitude.clamp(0.0, 1.0);
        match self.shading {
            Shading::Linear => (magnitude, negative),
            Shading::Root => (magnitude.sqrt(), negative),
        }
    }

    /// The numbers in the cells, all with the same number of decimals.
    fn format(&self) -> impl Fn(f64) -> String {
        let finite = || self.entries.iter().copied().filter(|v| v.is_finite());
        let largest = finite().fold(0.0f64, |m, v| m.max(v.abs()));
        let whole = finite().all(|v| v.fract() == 0.0);
        let exponent = number::exponent_when_rounded(largest, 2);
        let wide = largest != 0.0 && !(-3..5).contains(&exponent);
        move |value| {
            if wide {
                number::scientific(value, 1)
            } else if whole {
                number::fixed(value, 0)
            } else {
                number::fixed(value, (2 - exponent).clamp(0, 4) as usize)
            }
        }
    }

    /// Width and height of a cell that may be up to `free` wide.
    fn cell_size(&self, free: f64) -> (f64, f64) {
        let (columns, rows) = (self.columns.len().max(1) as f64, self.rows.len().max(1) as f64);
        if self.numbers && columns <= 20.0 {
            let format = self.format();
            let widest =
                self.entries.iter().map(|v| text::width(&format(*v), 12.0)).fold(0.0, f64::max);
            return ((widest + 12.0).max(40.0).min(free), 32.0);
        }
        let size = (560.0 / columns).min(560.0 / rows).min(free).min(36.0);
        (size, size)
    }
}

impl Draw for Heatmap {
    fn notes(&self) -> Vec<String> {
        let missing = self.entries.iter().filter(|v| !v.is_finite()).count();
        count_of(missing, ["non-finite entry", "non-finite entries"], "shown in pink")
            .into_iter()
            .collect()
    }

    fn natural_size(&self, room: f64) -> (f64, f64) {
        if self.entries.is_empty() {
            return (room.min(480.0), 160.0);
        }
        let widest =
            |names: &[String]| names.iter().map(|n| text::width(n, TICK_SIZE)).fold(0.0, f64::max);
        let left = widest(&self.rows).min(200.0) + 10.0;
        let right = if self.numbers { 8.0 } else { BAR_ROOM };
        let free = (room - left - right).max(40.0) / self.columns.len().max(1) as f64;
        let (cell_width, cell_height) = self.cell_size(free);
        let column = widest(&self.columns);
        let turned = if column > cell_width - 6.0 && cell_width >= 13.0 {
            column.min(110.0) * 0.64
        } else {
            0.0
        };
        let labels = [&self.row_label, &self.column_label];
        let names = labels.iter().filter(|l| !l.is_empty()).count() as f64 * 20.0;
        let width = left + cell_width * self.columns.len() as f64 + right;
        let height = cell_height * self.rows.len() as f64 + turned + names + 34.0;
        (width.max(240.0), height.max(140.0))
    }

    fn summary(&self) -> String {
        format!(
            "Heatmap of {} by {} entries, {} by {}",
            self.rows.len(),
            self.columns.len(),
            if self.row_label.is_empty() { "rows" } else { &self.row_label },
            if self.column_label.is_empty() { "columns" } else { &self.column_label },
        )
    }

    fn draw(&self, svg: &mut Svg, bounds: Rect) {
        let Some(limits) = self.limits() else {
            return draw_empty(svg, bounds, self.entries.len());
        };
        let right = if self.numbers { 4.0 } else { BAR_ROOM };
        let frame = Frame::new(
            bounds,
            Side::Categories { label: self.column_label.clone(), names: &self.columns },
            Side::Categories { label: self.row_label.clone(), names: &self.rows },
            right,
        );
        if self.entries.len() > MOST_CELLS {
            self.draw_pixels(svg, &frame, limits);
        } else {
            self.draw_cells(svg, &frame, limits);
        }
        svg.rect("frame", frame.area, None);
        frame.draw_axes(svg);
        if !self.numbers {
            self.draw_scale(svg, frame.area, limits, bounds);
        }
    }
}

impl Heatmap {
    fn draw_cells(&self, svg: &mut Svg, frame: &Frame, limits: (f64, f64)) {
        let format = self.format();
        let gap = if frame.band_x(0).1.min(frame.band_y(0).1) > 10.0 { 1.0 } else { 0.0 };
        for (i, &value) in self.entries.iter().enumerate() {
            let (row, column) = (i / self.columns.len(), i % self.columns.len());
            let (x, width) = frame.band_x(column);
            let (y, height) = frame.band_y(row);
            let cell = Rect {
                x: x + gap / 2.0,
                y: y + gap / 2.0,
                width: width - gap,
                height: height - gap,
            };
            let tip = format!("{} → {}: {}", self.rows[row], self.columns[column], format(value));
            if !value.is_finite() {
                svg.rect("missing", cell, Some(&tip));
                continue;
            }
            let (shade, negative) = self.shade(value, limits);
            let class = if negative { "heat-negative" } else { "heat" };
            svg.shade(class, cell, shade, Some(&tip));
            let number = format(value);
            if self.numbers && height >= 14.0 && text::width(&number, 12.0) <= width {
                let class = match shade {
                    _ if value == 0.0 => "cell faint",
                    shade if shade > DARK => "cell on-heat",
                    _ => "cell",
                };
                let centre = (x + width / 2.0, y + height / 2.0 + 4.0);
                svg.text(class, centre, Anchor::Middle, &number);
            }
        }
    }

    /// Many entries as one picture; its colours stand between those of the two themes, and their
    /// opacity lets the page show through.
    fn draw_pixels(&self, svg: &mut Svg, frame: &Frame, limits: (f64, f64)) {
        let mut bytes = Vec::with_capacity(self.entries.len() * 4);
        for &value in &self.entries {
            let (shade, negative) =
                if value.is_finite() { self.shade(value, limits) } else { (1.0, false) };
            let colour = match negative {
                _ if !value.is_finite() => "#d07aa8",
                true => "#c8641e",
                false => "#2474b5",
            };
            bytes.extend(pixels::rgb(colour));
            bytes.push((shade * 255.0).round() as u8);
        }
        let (width, height) = (self.columns.len(), self.rows.len());
        if let Ok(png) = pixels::encode(width, height, Channels::ColourAndOpacity, &bytes) {
            svg.image(frame.area, &png, None);
        }
    }

    /// The scale of shades: a bar with ticks to the right of the matrix.
    fn draw_scale(&self, svg: &mut Svg, area: Rect, limits: (f64, f64), bounds: Rect) {
        const STEPS: usize = 48;
        let bar =
            Rect { x: area.right() + 16.0, y: area.y, width: 12.0, height: area.height.min(240.0) };
        let (low, high) = limits;
        let span = Span { low, high };
        for step in 0..STEPS {
            let t = (step as f64 + 0.5) / STEPS as f64;
            let value = low * (1.0 - t) + high * t;
            let (shade, negative) = self.shade(value, limits);
            let class = if negative { "heat-negative" } else { "heat" };
            let height = bar.height / STEPS as f64;
            let y = bar.bottom() - height * (step + 1) as f64;
            svg.shade(class, Rect { y, height: height + 0.3, ..bar }, shade, None);
        }
        svg.rect("frame", bar, None);
        let target = (bar.height / 40.0) as usize;
        let format = Axis::new("").format();
        for tick in ticks::ticks(Scale::Linear, span, target, false, format) {
            let y = bar.bottom() - span.fraction(tick.position) * bar.height;
            svg.line("axis", (bar.right(), y), (bar.right() + 4.0, y));
            let label = text::truncate(&tick.label, bounds.right() - bar.right() - 7.0, TICK_SIZE);
            svg.text("tick", (bar.right() + 7.0, y + 4.0), Anchor::Start, &label);
        }
        if !self.value_label.is_empty() {
            let label = text::truncate(&self.value_label, bounds.width * 0.6, TICK_SIZE);
            svg.text("name", (bounds.right(), bounds.y + 11.0), Anchor::End, &label);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_must_agree() {
        let error = Heatmap::new(["a"], ["b", "c"], [1.0]).unwrap_err().to_string();
        assert_eq!(error, "a matrix of 1 rows and 2 columns expects 2 entries, got 1");
    }

    #[test]
    fn shades_follow_signs() {
        let signed = Heatmap::new(["a"], ["b", "c"], [-2.0, 1.0]).unwrap();
        let limits = signed.limits().unwrap();
        assert_eq!(limits, (-2.0, 2.0));
        assert_eq!(signed.shade(-2.0, limits), (1.0, true));
        assert_eq!(signed.shade(1.0, limits), (0.5, false));
        let counts = Heatmap::confusion(["a", "b"], [4.0, 1.0, 0.0, 4.0]).unwrap();
        let limits = counts.limits().unwrap();
        assert_eq!(counts.shade(1.0, limits), (0.5, false));
        assert_eq!(counts.shade(0.0, limits), (0.0, false));
    }

    #[test]
    fn constant_matrices_have_limits() {
        for value in [0.0, 5.0, -3.0, f64::MAX, f64::MIN] {
            let heatmap = Heatmap::new(["a"], ["b"], [value]).unwrap();
            let limits = heatmap.limits().unwrap();
            let (shade, _) = heatmap.shade(value, limits);
            assert!((0.0..=1.0).contains(&shade), "{value} {limits:?} {shade}");
        }
    }
}
