//! Plots: data in, a picture out.

mod axis;
mod bar;
mod frame;
mod heatmap;
mod histogram;
mod image;
mod label;
mod line;
mod line_draw;
mod pixels;
#[cfg(feature = "png")]
mod raster;
mod scale;
mod series;
mod svg;
mod text;
pub(crate) mod theme;
mod thin;
mod ticks;

pub use axis::Axis;
pub use bar::BarChart;
pub use heatmap::{Heatmap, Shading};
pub use histogram::Histogram;
pub use image::{Image, ImageGrid, Tint};
pub use line::{Labels, LinePlot};
pub use scale::Scale;
pub use series::{Point, Series};
pub use theme::Theme;
pub use ticks::TickFormat;

use crate::escape;
use serde::Serialize;
use svg::{Anchor, Rect, Svg};

/// The width of a picture that has a page to itself, in pixels.
pub(crate) const FULL_WIDTH: f64 = 768.0;
/// The width of a picture that shares a page with another.
pub(crate) const HALF_WIDTH: f64 = 368.0;
/// Height of a title.
const TITLE: f64 = 28.0;

/// What a kind of plot has to say for itself.
trait Draw {
    /// What is missing from the picture and why; written below it.
    fn notes(&self) -> Vec<String>;
    /// Width and height in pixels that suit the data, where there is `room` for a width.
    fn natural_size(&self, room: f64) -> (f64, f64);
    /// One sentence for a reader who cannot see the picture.
    fn summary(&self) -> String;
    /// Draws the data and whatever explains it.
    fn draw(&self, svg: &mut Svg, bounds: Rect);
}

/// What a [`Plot`] shows. Made from any kind of plot with `into`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Content {
    /// Series over two axes.
    Lines(LinePlot),
    /// Magnitudes by category.
    Bars(BarChart),
    /// How often which values occur.
    Histogram(Histogram),
    /// A matrix in shades.
    Heatmap(Heatmap),
    /// Small pictures side by side.
    Images(ImageGrid),
}

impl Content {
    fn kind(&self) -> &dyn Draw {
        match self {
            Content::Lines(plot) => plot,
            Content::Bars(plot) => plot,
            Content::Histogram(plot) => plot,
            Content::Heatmap(plot) => plot,
            Content::Images(plot) => plot,
        }
    }
}

impl From<LinePlot> for Content {
    fn from(plot: LinePlot) -> Self {
        Content::Lines(plot)
    }
}

impl From<BarChart> for Content {
    fn from(plot: BarChart) -> Self {
        Content::Bars(plot)
    }
}

impl From<Histogram> for Content {
    fn from(plot: Histogram) -> Self {
        Content::Histogram(plot)
    }
}

impl From<Heatmap> for Content {
    fn from(plot: Heatmap) -> Self {
        Content::Heatmap(plot)
    }
}

impl From<ImageGrid> for Content {
    fn from(plot: ImageGrid) -> Self {
        Content::Images(plot)
    }
}

/// A picture: some [`Content`], a title, a size, and words for those who cannot see it.
///
/// A `Plot` serialises to the data behind it. JSON has no words for infinity and NaN, so those
/// become `null` there.
///
/// ```
/// use report::{BarChart, Plot};
/// let chart = BarChart::new("gradient norm").bars([("layers.0", 0.31), ("layers.1", 0.12)]);
/// let plot = Plot::new(chart).title("Gradients by layer").size(480.0, 160.0);
/// assert!(plot.to_svg().contains("Gradients by layer"));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Plot {
    title: Option<String>,
    #[serde(flatten)]
    content: Content,
    #[serde(skip)]
    size: Option<(f64, f64)>,
    #[serde(skip)]
    description: Option<String>,
}

impl Plot {
    /// A picture of `content`, in a size that suits it.
    pub fn new(content: impl Into<Content>) -> Self {
        Self { title: None, content: content.into(), size: None, description: None }
    }

    /// Writes a title at the top of the picture.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Sets width and height in pixels, each kept between 120 and 4000. Without a size of its own
    /// a picture suits its data, and its place where it stands in a page.
    pub fn size(mut self, width: f64, height: f64) -> Self {
        self.size = Some((width, height));
        self
    }

    /// Describes the picture for those who cannot see it, instead of a sentence made from its
    /// labels.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// What the picture shows.
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// The picture as a document of its own, in the light theme.
    pub fn to_svg(&self) -> String {
        self.to_svg_in(Theme::Light)
    }

    /// The picture as a document of its own, in a theme.
    pub fn to_svg_in(&self, theme: Theme) -> String {
        self.write(Some(theme), FULL_WIDTH)
    }

    /// The picture without a style of its own: it takes the colours of the page around it and,
    /// where no size was set, the width of `room`. With it, the width it took.
    pub(crate) fn to_fragment(&self, room: f64) -> (String, f64) {
        (self.write(None, room), self.dimensions(room).0)
    }

    /// The picture rasterised at `scale` pixels per unit (2 for sharp screens), in a theme.
    ///
    /// Text is set in a font of this machine.
    ///
    /// # Errors
    /// [`Error::Raster`](crate::Error::Raster) if the picture would be empty or larger than
    /// 16 000 pixels on a side.
    #[cfg(feature = "png")]
    pub fn to_png(&self, theme: Theme, scale: f64) -> Result<Vec<u8>, crate::Error> {
        raster::png(&self.to_svg_in(theme), scale)
    }

    fn dimensions(&self, room: f64) -> (f64, f64) {
        let (width, height) = self.size.unwrap_or_else(|| {
            let (width, height) = self.content.kind().natural_size(room);
            let title = if self.title.is_some() { TITLE } else { 0.0 };
            (width, height + title + notes_height(&self.notes(width)))
        });
        let sound = |x: f64| if x.is_finite() { x.clamp(120.0, 4000.0) } else { 400.0 };
        (sound(width), sound(height))
    }

    /// The notes in lines that fit.
    fn notes(&self, width: f64) -> Vec<String> {
        let notes = self.content.kind().notes();
        notes.iter().flat_map(|note| text::wrap(note, width - 8.0, 11.5)).collect()
    }

    fn write(&self, standalone: Option<Theme>, room: f64) -> String {
        let (width, height) = self.dimensions(room);
        let kind = self.content.kind();
        let mut svg = Svg::default();
        let summary = self.description.clone().unwrap_or_else(|| {
            let summary = kind.summary();
            match &self.title {
                Some(title) => format!("{title}. {summary}"),
                None => summary,
            }
        });
        svg.raw(&format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"plot\" viewBox=\"0 0 {width:.0} \
             {height:.0}\" width=\"{width:.0}\" height=\"{height:.0}\" role=\"img\" \
             aria-label=\"{}\">",
            escape::text(&summary)
        ));
        let mut bounds = Rect { x: 0.0, y: 0.0, width, height };
        if let Some(theme) = standalone {
            svg.raw(&format!("<style>{}</style>", theme.fixed_style()));
            svg.rect("background", bounds, None);
            bounds = Rect { x: 12.0, y: 12.0, width: width - 24.0, height: height - 24.0 };
        }
        if let Some(title) = &self.title {
            let title = text::truncate(title, bounds.width, 16.0);
            svg.text("title", (bounds.x, bounds.y + 15.0), Anchor::Start, &title);
            bounds.y += TITLE;
            bounds.height -= TITLE;
        }
        let notes = self.notes(bounds.width);
        for (n, note) in notes.iter().enumerate() {
            let y = bounds.bottom() - (notes.len() - 1 - n) as f64 * 16.0 - 4.0;
            svg.text("note", (bounds.x, y), Anchor::Start, note);
        }
        bounds.height = (bounds.height - notes_height(&notes)).max(20.0);
        kind.draw(&mut svg, bounds);
        svg.raw("</svg>");
        svg.into_string()
    }
}

impl<C: Into<Content>> From<C> for Plot {
    fn from(content: C) -> Self {
        Plot::new(content)
    }
}

fn notes_height(notes: &[String]) -> f64 {
    if notes.is_empty() { 0.0 } else { notes.len() as f64 * 16.0 + 6.0 }
}

/// "3 non-finite values not shown", or nothing if there are none; `names` are one and many.
fn count_of(count: usize, names: [&str; 2], fate: &str) -> Option<String> {
    let [one, many] = names;
    match count {
        0 => None,
        1 => Some(format!("1 {one} {fate}")),
        _ => Some(format!("{count} {many} {fate}")),
    }
}

/// What the notes of several kinds of plot count.
const NOT_FINITE: [&str; 2] = ["non-finite value", "non-finite values"];
const NOT_POSITIVE: [&str; 2] = ["value ≤ 0", "values ≤ 0"];
const OFF_A_LOG_AXIS: &str = "not shown on a logarithmic axis";

/// A picture that says why there is nothing to see.
fn draw_empty(svg: &mut Svg, bounds: Rect, given: usize) {
    let inset = |length: f64| (length - 2.0).max(0.0);
    let frame = Rect {
        x: bounds.x + 1.0,
        y: bounds.y + 1.0,
        width: inset(bounds.width),
        height: inset(bounds.height),
    };
    svg.rect("frame", frame, None);
    let message = match given {
        0 => "No data".to_string(),
        1 => "Nothing to show: the only value is not drawable".to_string(),
        n => format!("Nothing to show: none of {n} values is drawable"),
    };
    let message = text::truncate(&message, bounds.width - 8.0, 13.0);
    let centre = (bounds.x + bounds.width / 2.0, bounds.y + bounds.height / 2.0 + 4.0);
    svg.text("empty", centre, Anchor::Middle, &message);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_agree_in_number() {
        assert_eq!(count_of(0, NOT_FINITE, "not shown"), None);
        let count = |n| count_of(n, NOT_POSITIVE, OFF_A_LOG_AXIS).unwrap();
        assert_eq!(count(1), "1 value ≤ 0 not shown on a logarithmic axis");
        assert_eq!(count(3), "3 values ≤ 0 not shown on a logarithmic axis");
    }

    #[test]
    fn a_fragment_has_no_colours_of_its_own() {
        let plot = Plot::new(LinePlot::new("x", "y").series(Series::line("a", [(0.0, 1.0)])));
        let (fragment, _) = plot.to_fragment(FULL_WIDTH);
        assert!(!fragment.contains("<style") && !fragment.contains('#'), "{fragment}");
        assert!(plot.to_svg().contains("<style"));
    }
}
