//! Pictures made of pixels, as PNG.

use crate::Error;

/// What each pixel holds, one byte per channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Channels {
    Grey,
    Colour,
    ColourAndOpacity,
}

/// Encodes rows of pixels, top to bottom.
pub(crate) fn encode(
    width: usize,
    height: usize,
    channels: Channels,
    bytes: &[u8],
) -> Result<Vec<u8>, Error> {
    let wrong_size = || Error::ImageSize { width, height, given: bytes.len() };
    let narrow = |n: usize| u32::try_from(n).map_err(|_| wrong_size());
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, narrow(width)?, narrow(height)?);
    encoder.set_color(match channels {
        Channels::Grey => png::ColorType::Grayscale,
        Channels::Colour => png::ColorType::Rgb,
        Channels::ColourAndOpacity => png::ColorType::Rgba,
    });
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(|_| wrong_size())?;
    writer.write_image_data(bytes).map_err(|_| wrong_size())?;
    writer.finish().map_err(|_| wrong_size())?;
    Ok(file)
}

/// Reads `#rrggbb`; anything else is black.
pub(crate) fn rgb(colour: &str) -> [u8; 3] {
    let channel = |i: usize| {
        colour.get(i..i + 2).and_then(|two| u8::from_str_radix(two, 16).ok()).unwrap_or(0)
    };
    [channel(1), channel(3), channel(5)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_png_of_the_right_size() {
        let file = encode(2, 1, Channels::Grey, &[0, 255]).unwrap();
        assert!(file.starts_with(b"\x89PNG"));
        assert!(encode(2, 1, Channels::Colour, &[0, 255]).is_err());
        assert!(encode(0, 0, Channels::Grey, &[]).is_err());
    }

    #[test]
    fn colours_are_read() {
        assert_eq!(rgb("#0072b2"), [0, 0x72, 0xb2]);
        assert_eq!(rgb("blue"), [0, 0, 0]);
    }
}
