//! Plain deep convolutional networks.

use crate::{Conv, Linear, MaxPool};
use derive::Tree;
use tensor::{DType, Key, Tensor};

/// Stages of 3×3 convolutions with rectifiers, each ended by a maximum over 2×2 pixels, and two
/// linear layers.
///
/// Source: K. Simonyan, A. Zisserman, *Very deep convolutional networks for large-scale image
/// recognition*, arXiv:1409.1556 (2014), for small images.
///
/// ```
/// use nn::models::Vgg;
/// use tensor::{DType, Key, Tensor};
/// // Two convolutions with 8 channels, then one with 16.
/// let net = Vgg::new(Key::new(0), [3, 8, 8], &[(2, 8), (1, 16)], 32, 10, DType::F32);
/// assert_eq!(net.call(&Tensor::zeros(&[3, 8, 8], DType::F32)).shape(), [10]);
/// ```
#[derive(Clone, Debug, Tree)]
pub struct Vgg {
    /// The convolutions of each stage.
    pub stages: Vec<Vec<Conv<2>>>,
    /// To hidden units and to the classes.
    pub layers: [Linear; 2],
}

impl Vgg {
    /// For images `[channels, height, width]`; stages are numbers of convolutions and of channels.
    ///
    /// # Panics
    /// When the image is too small to be halved once per stage.
    #[track_caller]
    pub fn new(
        key: Key,
        image: [usize; 3],
        stages: &[(usize, usize)],
        hidden: usize,
        classes: usize,
        dtype: DType,
    ) -> Vgg {
        let [mut channels, height, width] = image;
        let (rows, columns) = (height >> stages.len(), width >> stages.len());
        assert!(
            rows > 0 && columns > 0,
            "Vgg: {} stages halve {height}×{width} pixels to nothing",
            stages.len()
        );
        let [a, b, c] = key.split();
        let mut keys = a.stream();
        let mut convs = vec![];
        for &(count, outputs) in stages {
            let mut stage = vec![];
            for _ in 0..count {
                let key = keys.next().expect("invariant: the stream has no end");
                stage.push(Conv::new(key, channels, outputs, [3, 3], dtype).same_padding());
                channels = outputs;
            }
            convs.push(stage);
        }
        let features = channels * rows * columns;
        let layers =
            [Linear::new(b, features, hidden, dtype), Linear::new(c, hidden, classes, dtype)];
        Vgg { stages: convs, layers }
    }

    /// Logits `[classes]` of one image.
    ///
    /// # Panics
    /// When the image does not have the network's sizes.
    #[track_caller]
    pub fn call(&self, image: &Tensor) -> Tensor {
        let mut h = image.clone();
        for stage in &self.stages {
            for conv in stage {
                h = conv.call(&h).relu();
            }
            h = MaxPool::new([2, 2]).call(&h);
        }
        let [first, last] = &self.layers;
        last.call(&first.call(&h.ravel()).relu())
    }
}
