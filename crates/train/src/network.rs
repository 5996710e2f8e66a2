//! What can be trained.

use nn::{Activation, Mlp};
use tensor::{Tensor, Tree};

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
