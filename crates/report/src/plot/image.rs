//! Grids of small images: digits, filters, sensitivity maps.

use super::pixels::{self, Channels};
use super::svg::{Anchor, Rect, Svg};
use super::{Draw, count_of, draw_empty, text};
use crate::Error;
use serde::Serialize;

const CAPTION_SIZE: f64 = 11.5;
const GAP: f64 = 18.0;
/// The side of an image, about.
const SIDE: f64 = 96.0;

/// How values become colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tint {
    /// Low values black, high values white.
    #[default]
    Grey,
    /// Low values white, high values black: ink on paper.
    Ink,
    /// Zero white, positive values blue, negative values orange.
    Signed,
}

/// A small image: one value for each pixel.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Image {
    width: usize,
    height: usize,
    values: Vec<f64>,
    caption: String,
}

impl Image {
    /// An image from its values, row by row from the top left.
    ///
    /// # Errors
    /// [`Error::ImageSize`] if there are not width × height values, or none at all.
    pub fn new(
        width: usize,
        height: usize,
        values: impl IntoIterator<Item = f64>,
    ) -> Result<Self, Error> {
        let values: Vec<f64> = values.into_iter().collect();
        if values.is_empty() || width.checked_mul(height) != Some(values.len()) {
            return Err(Error::ImageSize { width, height, given: values.len() });
        }
        Ok(Self { width, height, values, caption: String::new() })
    }

    /// Writes a caption below the image; a line break in it stays.
    pub fn caption(mut self, caption: impl Into<String>) -> Self {
        self.caption = caption.into();
        self
    }
}

/// Small images side by side, with captions.
///
/// ```
/// use report::{Image, ImageGrid, Plot, Tint};
/// let ring = [0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0];
/// let image = Image::new(3, 3, ring)?.caption("true 0\npredicted 8 (97 %)");
/// let svg = Plot::new(ImageGrid::new([image]).tint(Tint::Ink)).to_svg();
/// # assert!(svg.contains("predicted 8"));
/// # Ok::<(), report::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ImageGrid {
    images: Vec<Image>,
    tint: Tint,
    range: Option<(f64, f64)>,
    #[serde(skip)]
    own_range: bool,
    #[serde(skip)]
    columns: Option<usize>,
}

impl ImageGrid {
    /// A grid of images, all on the same scale from the lowest to the highest value.
    pub fn new(images: impl IntoIterator<Item = Image>) -> Self {
        Self {
            images: images.into_iter().collect(),
            tint: Tint::Grey,
            range: None,
            own_range: false,
            columns: None,
        }
    }

    /// Chooses how values become colours.
    pub fn tint(mut self, tint: Tint) -> Self {
        self.tint = tint;
        self
    }

    /// Fixes the values with the extreme colours. An empty range is ignored.
    pub fn range(mut self, low: f64, high: f64) -> Self {
        self.range = Some((low, high));
        self
    }

    /// Gives each image a scale of its own: shapes can be compared, brightness cannot.
    pub fn own_ranges(mut self) -> Self {
        self.own_range = true;
        self
    }

    /// Sets the number of images in a row.
    pub fn columns(mut self, columns: usize) -> Self {
        self.columns = Some(columns.clamp(1, 100));
        self
    }

    /// The number of images for which there is room side by side.
    fn column_count(&self, room: f64) -> usize {
        let fit = ((room + GAP) / (SIDE + 4.0 + GAP)) as usize;
        self.columns.unwrap_or(fit).max(1)
    }

    fn captions(&self, room: f64) -> Vec<Vec<String>> {
        self.images.iter().map(|i| text::wrap(&i.caption, room, CAPTION_SIZE)).collect()
    }

    fn range_of<'a>(&self, images: impl Iterator<Item = &'a Image>) -> (f64, f64) {
        if let Some((low, high)) = self.range
            && low < high
            && (high - low).is_finite()
        {
            return (low, high);
        }
        let values = images.flat_map(|i| i.values.iter().copied()).filter(|v| v.is_finite());
        let (low, high) = values
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        if self.tint == Tint::Signed {
            let largest = high.max(-low).max(f64::MIN_POSITIVE);
            return (-largest, largest);
        }
        (low, high)
    }

    fn encode(&self, image: &Image, (low, high): (f64, f64)) -> Result<Vec<u8>, Error> {
        const MISSING: [u8; 3] = [0xd0, 0x7a, 0xa8];
        let fraction = |value: f64| {
            // Halved, because the range may be wider than the largest number.
            let t = (value / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0);
            if t.is_finite() { t.clamp(0.0, 1.0) } else { 0.5 }
        };
        let colour = |value: f64| {
            let t = fraction(value);
            match self.tint {
                _ if !value.is_finite() => MISSING,
                Tint::Grey => [(t * 255.0).round() as u8; 3],
                Tint::Ink => [((1.0 - t) * 255.0).round() as u8; 3],
                Tint::Signed => {
                    let end = pixels::rgb(if t < 0.5 { "#a84300" } else { "#00568c" });
                    let strength = (t - 0.5).abs() * 2.0;
                    end.map(|c| (255.0 - strength * (255.0 - f64::from(c))).round() as u8)
                }
            }
        };
        let colours = image.values.iter().map(|&v| colour(v));
        let grey = self.tint != Tint::Signed && image.values.iter().all(|v| v.is_finite());
        if grey {
            let bytes: Vec<u8> = colours.map(|c| c[0]).collect();
            return pixels::encode(image.width, image.height, Channels::Grey, &bytes);
        }
        let bytes: Vec<u8> = colours.flatten().collect();
        pixels::encode(image.width, image.height, Channels::Colour, &bytes)
    }

    fn tile_width(&self, room: f64) -> f64 {
        let columns = self.column_count(room) as f64;
        ((room - GAP * (columns - 1.0)) / columns).max(8.0)
    }
}

/// The size at which an image is drawn: within `room`, a whole number of pixels for each of its
/// own where it is small, so that all of them look alike.
fn drawn_size(image: &Image, room: f64) -> (f64, f64) {
    let longest = image.width.max(image.height) as f64;
    let factor = room / longest;
    let factor = if factor >= 1.0 { factor.floor() } else { factor };
    (image.width as f64 * factor, image.height as f64 * factor)
}

impl Draw for ImageGrid {
    fn notes(&self) -> Vec<String> {
        let pixels = self.images.iter().flat_map(|i| &i.values);
        let missing = pixels.filter(|v| !v.is_finite()).count();
        count_of(missing, ["non-finite pixel", "non-finite pixels"], "shown in pink")
            .into_iter()
            .collect()
    }

    fn natural_size(&self, room: f64) -> (f64, f64) {
        if self.images.is_empty() {
            return (room.min(480.0), 120.0);
        }
        let columns = self.column_count(room);
        let captions = self.captions(self.tile_width(room));
        let rows = captions.chunks(columns).zip(self.images.chunks(columns));
        let side = self.tile_width(room).min(SIDE);
        let height: f64 = rows.map(|(captions, images)| row_height(captions, images, side)).sum();
        (room, (height - GAP).min(4000.0))
    }

    fn summary(&self) -> String {
        let captions: Vec<String> =
            self.images.iter().map(|i| i.caption.replace('\n', ", ")).collect();
        format!("{} small images: {}", self.images.len(), captions.join("; "))
    }

    fn draw(&self, svg: &mut Svg, bounds: Rect) {
        if self.images.is_empty() {
            return draw_empty(svg, bounds, 0);
        }
        let columns = self.column_count(bounds.width);
        let tile = self.tile_width(bounds.width);
        let captions = self.captions(tile);
        let rows = self.images.len().div_ceil(columns) as f64;
        let most_lines = captions.iter().map(Vec::len).max().unwrap_or(0) as f64;
        // As large as the width allows, smaller where the height would not do.
        let tallest = (bounds.height + GAP) / rows - most_lines * 15.0 - GAP - 4.0;
        let side = tile.min(tallest.max(16.0)).min(SIDE * 2.0);
        let shared = self.range_of(self.images.iter());

        let mut y = bounds.y + 1.0;
        for (images, captions) in self.images.chunks(columns).zip(captions.chunks(columns)) {
            let row = images.iter().map(|i| drawn_size(i, side).1).fold(0.0, f64::max);
            for (n, (image, caption)) in images.iter().zip(captions).enumerate() {
                let x = bounds.x + 1.0 + n as f64 * (tile + GAP);
                let (width, height) = drawn_size(image, side);
                let place = Rect { x, y, width, height };
                let range =
                    if self.own_range { self.range_of(std::iter::once(image)) } else { shared };
                if let Ok(png) = self.encode(image, range) {
                    svg.image(place, &png, Some(&image.caption));
                }
                svg.rect("frame", place, None);
                for (l, line) in caption.iter().enumerate() {
                    let baseline = y + row + 15.0 + l as f64 * 15.0;
                    let class = if l == 0 { "value" } else { "note" };
                    svg.text(class, (x, baseline), Anchor::Start, line);
                }
            }
            y += row_height(captions, images, side);
        }
    }
}

fn row_height(captions: &[Vec<String>], images: &[Image], side: f64) -> f64 {
    let lines = captions.iter().map(Vec::len).max().unwrap_or(0) as f64;
    let tallest = images.iter().map(|i| drawn_size(i, side).1).fold(0.0, f64::max);
    tallest + lines * 15.0 + GAP + 4.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_must_agree() {
        assert!(Image::new(2, 2, [0.0; 4]).is_ok());
        for (width, height, values) in [(2, 2, 3), (0, 0, 0), (usize::MAX, 2, 4)] {
            let error = Image::new(width, height, vec![0.0; values]).unwrap_err().to_string();
            assert!(error.contains("expects"), "{error}");
        }
    }

    #[test]
    fn small_images_are_enlarged_by_whole_factors() {
        let image = Image::new(8, 4, [0.0; 32]).unwrap();
        assert_eq!(drawn_size(&image, 100.0), (96.0, 48.0));
        assert_eq!(drawn_size(&image, 4.0), (4.0, 2.0));
    }
}
