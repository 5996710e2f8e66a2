//! The U-Net: one answer per pixel.

use crate::{Conv, ConvTranspose, MaxPool};
use derive::Tree;
use tensor::{DType, Key, Tensor};

/// Down a ladder of resolutions and up again, each rung of the way up seeing the rung of the way
/// down at its resolution: what is there, from afar, and where, from near. Segmentation, and
/// localisation by a map of the object.
///
/// Source: O. Ronneberger, P. Fischer, T. Brox, *U-Net*, arXiv:1505.04597 (2015), with padded
/// convolutions, so that the output has the image's size.
///
/// ```
/// use nn::models::UNet;
/// use tensor::{DType, Key, Tensor};
/// let net = UNet::new(Key::new(0), 1, 4, 2, 3, DType::F32);
/// assert_eq!(net.call(&Tensor::zeros(&[1, 16, 8], DType::F32)).shape(), [3, 16, 8]);
/// ```
#[derive(Clone, Debug, Tree)]
pub struct UNet {
    /// Two convolutions at each resolution on the way down.
    pub down: Vec<[Conv<2>; 2]>,
    /// Two at the lowest.
    pub bottom: [Conv<2>; 2],
    /// The enlargements, from the lowest on.
    pub enlarge: Vec<ConvTranspose<2>>,
    /// Two convolutions at each resolution on the way up.
    pub up: Vec<[Conv<2>; 2]>,
    /// From features to classes, pixel by pixel.
    pub out: Conv<2>,
}

/// Two 3×3 convolutions.
fn pair(key: Key, inputs: usize, outputs: usize, dtype: DType) -> [Conv<2>; 2] {
    let [a, b] = key.split();
    let conv = |key, inputs| Conv::new(key, inputs, outputs, [3, 3], dtype).same_padding();
    [conv(a, inputs), conv(b, outputs)]
}

#[track_caller]
fn both(convs: &[Conv<2>; 2], x: &Tensor) -> Tensor {
    convs[1].call(&convs[0].call(x).relu()).relu()
}

impl UNet {
    /// For images with these channels, `width` features at the highest resolution and twice as many
    /// at each of `levels` lower ones.
    ///
    /// # Panics
    /// When a number of channels is zero.
    #[track_caller]
    pub fn new(
        key: Key,
        channels: usize,
        width: usize,
        levels: usize,
        classes: usize,
        dtype: DType,
    ) -> UNet {
        let mut keys = key.stream();
        let mut next = || keys.next().expect("invariant: the stream has no end");
        let features = |level: usize| width << level;
        let into = |level: usize| if level == 0 { channels } else { features(level - 1) };
        let mut down = vec![];
        for level in 0..levels {
            down.push(pair(next(), into(level), features(level), dtype));
        }
        let bottom = pair(next(), into(levels), features(levels), dtype);
        let (mut enlarge, mut up) = (vec![], vec![]);
        for level in (0..levels).rev() {
            let larger =
                ConvTranspose::new(next(), 2 * features(level), features(level), [2, 2], dtype);
            enlarge.push(larger.stride([2, 2]));
            up.push(pair(next(), 2 * features(level), features(level), dtype));
        }
        UNet { down, bottom, enlarge, up, out: Conv::new(next(), width, classes, [1, 1], dtype) }
    }

    /// Logits `[classes, height, width]` of one image `[channels, height, width]`.
    ///
    /// # Panics
    /// When height or width is not a multiple of 2^levels, or the channels are others.
    #[track_caller]
    pub fn call(&self, image: &Tensor) -> Tensor {
        let (shape, unit) = (image.shape(), 1_usize << self.down.len());
        assert!(
            shape.len() == 3 && shape[1..].iter().all(|n| n.is_multiple_of(unit)),
            "UNet: an image is [channels, height, width] with multiples of {unit} pixels, it is \
             {shape:?}"
        );
        let mut h = image.clone();
        let mut seen = vec![];
        for convs in &self.down {
            h = both(convs, &h);
            seen.push(h.clone());
            h = MaxPool::new([2, 2]).call(&h);
        }
        h = both(&self.bottom, &h);
        for ((enlarge, convs), seen) in self.enlarge.iter().zip(&self.up).zip(seen.iter().rev()) {
            h = both(convs, &Tensor::concatenate(&[seen, &enlarge.call(&h)], 0));
        }
        self.out.call(&h)
    }
}
