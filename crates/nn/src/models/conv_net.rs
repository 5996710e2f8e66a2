//! A plain convolutional network.

use crate::{Activation, Conv, MaxPool, Mlp};
use derive::Tree;
use tensor::{DType, Key, Tensor};

/// Convolutions of 3×3 places that keep the size, each with an activation and, while both sides
/// have four pixels or more, the largest of 2×2 pixels; then a multilayer perceptron.
///
/// Source: K. Simonyan, A. Zisserman, *Very deep convolutional networks for large-scale image
/// recognition*, arXiv:1409.1556 (2014), whose stages these are with one convolution each.
///
/// ```
/// use nn::{Activation, models::ConvNet};
/// use tensor::{DType, Key, Tensor};
/// let net = ConvNet::new(Key::new(0), [1, 8, 8], &[16, 32], &[64], 10, Activation::Relu, DType::F32);
/// assert_eq!(net.call(&Tensor::zeros(&[1, 8, 8], DType::F32)).shape(), [10]);
/// ```
#[derive(Clone, Debug, Tree)]
pub struct ConvNet {
    /// From the image on.
    pub convolutions: Vec<Conv<2>>,
    /// From the last maps to the outputs.
    pub head: Mlp,
    /// Between all layers.
    pub activation: Activation,
    /// Channels, height and width of an image.
    pub image: [usize; 3],
}

impl ConvNet {
    /// For images `[channels, height, width]`, with as many maps in each convolution and units in
    /// each hidden layer. Weights are He's, biases zero.
    ///
    /// # Panics
    /// When a size is zero.
    #[track_caller]
    pub fn new(
        key: Key,
        image: [usize; 3],
        maps: &[usize],
        hidden: &[usize],
        outputs: usize,
        activation: Activation,
        dtype: DType,
    ) -> ConvNet {
        let [first, second] = key.split();
        let [mut inputs, mut height, mut width] = image;
        let mut convolutions = vec![];
        for (&maps, key) in maps.iter().zip(first.split_n(maps.len())) {
            convolutions.push(Conv::new(key, inputs, maps, [3, 3], dtype).same_padding());
            inputs = maps;
            if is_pooled(height, width) {
                (height, width) = (height / 2, width / 2);
            }
        }
        let widths = [&[inputs * height * width], hidden, &[outputs]].concat();
        let head = Mlp::new(second, &widths, activation, dtype);
        ConvNet { convolutions, head, activation, image }
    }

    /// The outputs for one image.
    ///
    /// # Panics
    /// When it does not have the network's sizes.
    #[track_caller]
    pub fn call(&self, image: &Tensor) -> Tensor {
        let mut h = image.clone();
        for convolution in &self.convolutions {
            h = self.activation.apply(&convolution.call(&h));
            if let [_, height, width] = *h.shape()
                && is_pooled(height, width)
            {
                h = MaxPool::new([2, 2]).call(&h);
            }
        }
        self.head.call(&h.ravel())
    }
}

/// Whether something is left of maps of this size when they are halved.
fn is_pooled(height: usize, width: usize) -> bool {
    height >= 4 && width >= 4
}
