//! Writing SVG: shapes with classes instead of colours, text always escaped, numbers always finite.

use crate::escape;
use std::fmt::Write;

/// A rectangle of the picture, in pixels; `y` grows downwards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rect {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

impl Rect {
    pub(crate) fn right(&self) -> f64 {
        self.x + self.width
    }

    pub(crate) fn bottom(&self) -> f64 {
        self.y + self.height
    }

    pub(crate) fn contains(&self, x: f64, y: f64) -> bool {
        (self.x..=self.right()).contains(&x) && (self.y..=self.bottom()).contains(&y)
    }

    pub(crate) fn overlaps(&self, other: &Rect) -> bool {
        self.x < other.right()
            && other.x < self.right()
            && self.y < other.bottom()
            && other.y < self.bottom()
    }
}

/// Where a text sits relative to its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// The outline of a shape, as the `d` attribute of a path.
#[derive(Default)]
pub(crate) struct Outline {
    commands: String,
}

impl Outline {
    pub(crate) fn move_to(&mut self, (x, y): (f64, f64)) {
        let _ = write!(self.commands, "M{} {}", coordinate(x), coordinate(y));
    }

    pub(crate) fn line_to(&mut self, (x, y): (f64, f64)) {
        let _ = write!(self.commands, "L{} {}", coordinate(x), coordinate(y));
    }

    pub(crate) fn close(&mut self) {
        self.commands.push('Z');
    }

    /// A polyline through `points`.
    pub(crate) fn through(points: &[(f64, f64)]) -> Self {
        let mut outline = Self::default();
        for (i, &point) in points.iter().enumerate() {
            if i == 0 { outline.move_to(point) } else { outline.line_to(point) }
        }
        outline
    }
}

/// An SVG document under construction.
///
/// `class` may hold several classes separated by spaces. It comes from this crate, never from the
/// caller, and is the only string that is not escaped.
#[derive(Default)]
pub(crate) struct Svg {
    out: String,
}

impl Svg {
    pub(crate) fn into_string(self) -> String {
        self.out
    }

    /// Markup that is already right: a style sheet, the root element.
    pub(crate) fn raw(&mut self, markup: &str) {
        self.out.push_str(markup);
    }

    pub(crate) fn group(&mut self, class: &str, body: impl FnOnce(&mut Svg)) {
        let _ = write!(self.out, "<g class=\"{class}\">");
        body(self);
        self.out.push_str("</g>");
    }

    /// Everything drawn in `body` is cut off at the edges of `area`.
    ///
    /// A nested `svg` clips without needing an identifier, so pictures can share a page.
    pub(crate) fn clipped(&mut self, area: Rect, body: impl FnOnce(&mut Svg)) {
        let [x, y, w, h] = [area.x, area.y, area.width, area.height].map(coordinate);
        let _ = write!(
            self.out,
            "<svg x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" viewBox=\"{x} {y} {w} {h}\">"
        );
        body(self);
        self.out.push_str("</svg>");
    }

    pub(crate) fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let [x1, y1, x2, y2] = [from.0, from.1, to.0, to.1].map(coordinate);
        let _ = write!(
            self.out,
            "<line class=\"{class}\" x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\"/>"
        );
    }

    pub(crate) fn outline(&mut self, class: &str, outline: &Outline, tooltip: Option<&str>) {
        let _ = write!(self.out, "<path class=\"{class}\" d=\"{}\"", outline.commands);
        self.finish("path", tooltip);
    }

    pub(crate) fn rect(&mut self, class: &str, rect: Rect, tooltip: Option<&str>) {
        self.shade(class, rect, 1.0, tooltip);
    }

    /// A rectangle whose fill lets some of the background through; 0 is nothing, 1 is opaque.
    pub(crate) fn shade(&mut self, class: &str, rect: Rect, opacity: f64, tooltip: Option<&str>) {
        let [x, y, w, h] =
            [rect.x, rect.y, rect.width.max(0.0), rect.height.max(0.0)].map(coordinate);
        let _ = write!(
            self.out,
            "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\""
        );
        if opacity < 1.0 {
            let _ = write!(self.out, " fill-opacity=\"{}\"", decimal(opacity.max(0.0), 3));
        }
        self.finish("rect", tooltip);
    }

    pub(crate) fn circle(&mut self, class: &str, (x, y): (f64, f64), r: f64, tip: Option<&str>) {
        let [x, y, r] = [x, y, r].map(coordinate);
        let _ = write!(self.out, "<circle class=\"{class}\" cx=\"{x}\" cy=\"{y}\" r=\"{r}\"");
        self.finish("circle", tip);
    }

    /// One line of text whose baseline starts, is centred or ends at a position.
    pub(crate) fn text(&mut self, class: &str, at: (f64, f64), anchor: Anchor, text: &str) {
        self.write_text(class, at, anchor, None, text);
    }

    /// Text turned by `degrees` (clockwise) about its position.
    pub(crate) fn turned_text(&mut self, class: &str, at: (f64, f64), degrees: f64, text: &str) {
        self.write_text(class, at, Anchor::End, Some(degrees), text);
    }

    fn write_text(
        &mut self,
        class: &str,
        (x, y): (f64, f64),
        anchor: Anchor,
        turn: Option<f64>,
        text: &str,
    ) {
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let [x, y] = [x, y].map(coordinate);
        let turn = turn
            .map(|degrees| format!(" transform=\"rotate({} {x} {y})\"", decimal(degrees, 2)))
            .unwrap_or_default();
        let text = escape::text(text);
        let _ = write!(
            self.out,
            "<text class=\"{class}\" x=\"{x}\" y=\"{y}\"{anchor}{turn}>{text}</text>"
        );
    }

    /// A picture of pixels, kept as sharp squares when enlarged.
    pub(crate) fn image(&mut self, rect: Rect, png: &[u8], tooltip: Option<&str>) {
        use base64::{Engine, prelude::BASE64_STANDARD};
        let [x, y, w, h] = [rect.x, rect.y, rect.width, rect.height].map(coordinate);
        let data = BASE64_STANDARD.encode(png);
        let _ = write!(
            self.out,
            "<image x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" preserveAspectRatio=\"none\" \
             style=\"image-rendering:pixelated\" href=\"data:image/png;base64,{data}\""
        );
        self.finish("image", tooltip);
    }

    fn finish(&mut self, name: &str, tooltip: Option<&str>) {
        match tooltip {
            Some(text) => {
                let _ = write!(self.out, "><title>{}</title></{name}>", escape::text(text));
            }
            None => self.out.push_str("/>"),
        }
    }
}

/// A coordinate to a hundredth of a pixel. Whatever cannot be drawn is drawn far outside.
fn coordinate(value: f64) -> String {
    const FAR: f64 = 1e5;
    let value = if value.is_nan() { -FAR } else { value.clamp(-FAR, FAR) };
    decimal(value, 2)
}

fn decimal(value: f64, places: usize) -> String {
    let text = format!("{value:.places$}");
    let text = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_string()
    } else {
        text
    };
    if text == "-0" { "0".to_string() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_short_and_finite() {
        assert_eq!(coordinate(1.0), "1");
        assert_eq!(coordinate(100.0), "100");
        assert_eq!(coordinate(-0.001), "0");
        assert_eq!(coordinate(1.2345), "1.23");
        assert_eq!(coordinate(f64::NAN), "-100000");
        assert_eq!(coordinate(f64::INFINITY), "100000");
    }

    #[test]
    fn text_and_tooltips_are_escaped() {
        let mut svg = Svg::default();
        svg.text("tick", (0.0, 0.0), Anchor::End, "a<b");
        svg.rect("bar", Rect { x: 0.0, y: 0.0, width: -1.0, height: 1.0 }, Some("\"&\""));
        let markup = svg.into_string();
        assert!(markup.contains("a&lt;b") && markup.contains("&quot;&amp;&quot;"));
        assert!(markup.contains("width=\"0\""));
    }
}
