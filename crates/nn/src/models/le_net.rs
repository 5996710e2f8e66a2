//! LeNet-5.

use crate::{AveragePool, Conv, Linear};
use derive::Tree;
use tensor::{DType, Key, Tensor};

/// Two convolutions of 5×5 places, each with a hyperbolic tangent and a mean over 2×2 pixels, and
/// three linear layers: LeNet-5 with all maps connected, plain means for pooling, and a linear last
/// layer.
///
/// Source: Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, *Gradient-based learning applied to document
/// recognition*, Proceedings of the IEEE 86 (1998).
///
/// ```
/// use nn::models::LeNet;
/// use tensor::{DType, Key, Tensor};
/// let net = LeNet::new(Key::new(0), [1, 28, 28], 10, DType::F32);
/// assert_eq!(net.call(&Tensor::zeros(&[1, 28, 28], DType::F32)).shape(), [10]);
/// ```
#[derive(Clone, Debug, Tree)]
pub struct LeNet {
    /// From the image to 6 maps, padded to keep the size.
    pub first: Conv<2>,
    /// From 6 to 16 maps, without padding.
    pub second: Conv<2>,
    /// To 120, 84 and the classes.
    pub layers: [Linear; 3],
}

impl LeNet {
    /// For images `[channels, height, width]`.
    ///
    /// # Panics
    /// When images have fewer than 12×12 pixels: nothing is left after the second convolution.
    #[track_caller]
    pub fn new(key: Key, image: [usize; 3], classes: usize, dtype: DType) -> LeNet {
        let [channels, height, width] = image;
        assert!(
            height >= 12 && width >= 12,
            "LeNet: images need 12×12 pixels, they have {height}×{width}"
        );
        let [a, b, c, d, e] = key.split();
        let after = |n: usize| (n / 2 - 4) / 2;
        let features = 16 * after(height) * after(width);
        LeNet {
            first: Conv::new(a, channels, 6, [5, 5], dtype).same_padding(),
            second: Conv::new(b, 6, 16, [5, 5], dtype),
            layers: [
                Linear::new(c, features, 120, dtype),
                Linear::new(d, 120, 84, dtype),
                Linear::new(e, 84, classes, dtype),
            ],
        }
    }

    /// Logits `[classes]` of one image.
    ///
    /// # Panics
    /// When the image does not have the network's sizes.
    #[track_caller]
    pub fn call(&self, image: &Tensor) -> Tensor {
        let pool = AveragePool::new([2, 2]);
        let h = pool.call(&self.first.call(image).tanh());
        let h = pool.call(&self.second.call(&h).tanh()).ravel();
        let [a, b, c] = &self.layers;
        c.call(&b.call(&a.call(&h).tanh()).tanh())
    }
}
