//! What can be trained.

use crate::config::Config;
use crate::error::Error;
use crate::image::Layout;
use derive::Tree;
use nn::models::ConvNet;
use nn::{Activation, Mlp};
use tensor::{Key, Tensor, Tree, vmap};

/// A model that maps examples to outputs: logits, or values.
pub trait Network: Tree + Clone + Send + Sync + 'static {
    /// The outputs for a batch of flattened examples of shape `[batch, features]`.
    fn outputs(&self, x: &Tensor) -> Tensor;

    /// One line that says what it is.
    fn summary(&self) -> String;

    /// The first operation that keeps the loss from being twice continuously differentiable, if
    /// there is one.
    fn kink(&self) -> Option<&'static str>;

    /// Number of parameters.
    fn parameters(&self) -> usize {
        self.size()
    }
}

impl Network for Mlp {
    fn outputs(&self, x: &Tensor) -> Tensor {
        self.call(x)
    }

    fn summary(&self) -> String {
        let widths: Vec<String> = self
            .layers
            .iter()
            .map(|l| l.weight.shape()[0])
            .chain(self.layers.last().map(|l| l.weight.shape()[1]))
            .map(|w| w.to_string())
            .collect();
        format!("MLP {} ({})", widths.join("-"), self.activation.name())
    }

    fn kink(&self) -> Option<&'static str> {
        let hidden = self.layers.len() > 1;
        (hidden && !self.activation.is_smooth() && self.activation != Activation::Identity)
            .then(|| self.activation.name())
    }
}

/// The multilayer perceptron that the settings describe, before training.
pub(crate) fn mlp(config: &Config, inputs: usize, outputs: usize) -> Mlp {
    let widths = [&[inputs], &config.hidden[..], &[outputs]].concat();
    Mlp::new(Key::new(config.seed), &widths, config.activation, config.dtype.dtype())
}

/// A convolutional network for examples as they come from files.
#[derive(Clone, Debug, Tree)]
pub(crate) struct Images {
    /// For images with their channels first.
    pub net: ConvNet,
    /// Whether examples have them last.
    pub channels_last: bool,
}

impl Images {
    /// The network that the settings describe, before training, for examples of this shape.
    ///
    /// # Errors
    /// When they are no images.
    pub(crate) fn new(config: &Config, shape: &[usize], outputs: usize) -> Result<Images, Error> {
        let Some(Layout { sizes, channels_last }) = Layout::of(shape) else {
            let what = format!("cnn is for {}; these have shape {shape:?}", Layout::EXPECTED);
            return Err(Error::setting("model", what));
        };
        let (key, dtype) = (Key::new(config.seed), config.dtype.dtype());
        let (maps, hidden) = (&config.maps, &config.hidden);
        let net = ConvNet::new(key, sizes, maps, hidden, outputs, config.activation, dtype);
        Ok(Images { net, channels_last })
    }
}

impl Network for Images {
    fn outputs(&self, x: &Tensor) -> Tensor {
        let [channels, height, width] = self.net.image;
        let batch = x.shape()[0];
        let images = if self.channels_last {
            x.reshape(&[batch, height, width, channels]).transpose(&[0, 3, 1, 2])
        } else {
            x.reshape(&[batch, channels, height, width])
        };
        vmap(|image: &Tensor| self.net.call(image))(&images)
    }

    fn summary(&self) -> String {
        let [channels, height, width] = self.net.image;
        let maps = self.net.convolutions.iter().map(|c| c.weight.shape()[0].to_string());
        format!(
            "CNN {channels}×{height}×{width}, 3×3 {}; {}",
            maps.collect::<Vec<_>>().join("-"),
            self.net.head.summary()
        )
    }

    fn kink(&self) -> Option<&'static str> {
        let smooth = self.net.activation.is_smooth() || self.net.activation == Activation::Identity;
        // The largest of some pixels has kinks too.
        Some(if smooth { "max" } else { self.net.activation.name() })
    }
}
