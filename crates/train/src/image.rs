//! Images as files give them, and small random shifts of them.

use data::Standardiser;
use tensor::{Array, DType, Element, Key};

/// Where the pixels of an example lie.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Layout {
    /// Channels, height and width.
    pub(crate) sizes: [usize; 3],
    /// Whether an example has its channels last.
    pub(crate) channels_last: bool,
}

impl Layout {
    /// The layout of examples `[height, width]`, or with one to four channels before or behind.
    pub(crate) fn of(shape: &[usize]) -> Option<Layout> {
        const MOST_CHANNELS: usize = 4;
        let (sizes, channels_last) = match *shape {
            [height, width] => ([1, height, width], false),
            [height, width, channels] if channels <= MOST_CHANNELS => {
                ([channels, height, width], true)
            }
            [channels, height, width] if channels <= MOST_CHANNELS => {
                ([channels, height, width], false)
            }
            _ => return None,
        };
        Some(Layout { sizes, channels_last })
    }

    /// What examples have to be like, for messages.
    pub(crate) const EXPECTED: &'static str =
        "images, examples of shape [height, width] with one to four channels before or behind";

    /// Where the value of a channel at a pixel stands in an example.
    fn place(self, channel: usize, row: usize, column: usize) -> usize {
        let [channels, height, width] = self.sizes;
        if self.channels_last {
            (row * width + column) * channels + channel
        } else {
            (channel * height + row) * width + column
        }
    }
}

/// The images `x` of shape `[n, pixels]`, each moved by up to `pixels` rows and columns, all moves
/// being equally likely; what comes in at the edge was 0 before it was standardised.
pub(crate) fn shifted(
    x: &Array,
    layout: Layout,
    pixels: usize,
    standardiser: &Standardiser,
    key: Key,
) -> Result<Array, data::Error> {
    let (n, width) = (x.shape()[0], x.shape()[1]);
    let mut background = vec![0.0; width];
    standardiser.apply(&mut background)?;
    let moves = key.randint(&[n, 2], -(pixels as i64), pixels as i64 + 1).to_vec::<i64>();
    Ok(match x.dtype() {
        DType::F64 => moved::<f64>(x, layout, &background, &moves),
        _ => moved::<f32>(x, layout, &background, &moves),
    })
}

fn moved<T: Element>(x: &Array, layout: Layout, background: &[f64], moves: &[i64]) -> Array {
    let [channels, height, width] = layout.sizes;
    let background: Vec<T> = background.iter().map(|&b| T::from_f64(b)).collect();
    let mut out = Vec::with_capacity(x.len());
    for (image, by) in x.as_slice::<T>().chunks_exact(background.len()).zip(moves.chunks_exact(2)) {
        let mut target = background.clone();
        let from = |to: usize, by: i64, size: usize| {
            usize::try_from(to as i64 - by).ok().filter(|&from| from < size)
        };
        for row in 0..height {
            for column in 0..width {
                let (Some(r), Some(c)) = (from(row, by[0], height), from(column, by[1], width))
                else {
                    continue;
                };
                for channel in 0..channels {
                    target[layout.place(channel, row, column)] = image[layout.place(channel, r, c)];
                }
            }
        }
        out.extend(target);
    }
    Array::from_vec(out, x.shape())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_moves_as_a_whole_and_the_edge_is_background() {
        for shape in [&[3, 4][..], &[2, 5, 6], &[3, 5, 2]] {
            let layout = Layout::of(shape).expect("an image");
            let n: usize = shape.iter().product();
            let x = Array::from_vec((1..=n).map(|v| v as f64).collect(), &[1, n]);
            let y = moved::<f64>(&x, layout, &vec![-1.0; n], &[1, -1]);
            let [channels, height, width] = layout.sizes;
            for (channel, row) in (0..channels).flat_map(|c| (0..height).map(move |r| (c, r))) {
                for column in 0..width {
                    let expected = if row == 0 || column + 1 == width {
                        -1.0
                    } else {
                        x.as_slice::<f64>()[layout.place(channel, row - 1, column + 1)]
                    };
                    assert_eq!(y.as_slice::<f64>()[layout.place(channel, row, column)], expected);
                }
            }
        }
        assert_eq!(Layout::of(&[64]), None);
        assert_eq!(Layout::of(&[5, 8, 8]), None);
    }
}
