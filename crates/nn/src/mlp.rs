//! The multilayer perceptron.

use crate::{Activation, Linear, init};
use derive::Tree;
use tensor::{DType, Key, Tensor};

/// `Φ(x) = ψ(…ψ(x W₁ + b₁)…) W_K + b_K`: linear layers with an activation between them, none after
/// the last.
#[derive(Clone, Debug, Tree)]
pub struct Mlp {
    /// The linear layers, from the input on.
    pub layers: Vec<Linear>,
    /// ψ.
    pub activation: Activation,
}

impl Mlp {
    /// A network with these layer widths, input and output included. Weights are He's for
    /// rectifiers and Glorot's for the others, biases zero.
    ///
    /// # Panics
    /// With fewer than two widths.
    pub fn new(key: Key, widths: &[usize], activation: Activation, dtype: DType) -> Mlp {
        assert!(widths.len() >= 2, "Mlp: input and output widths are needed, got {widths:?}");
        let last = widths.len() - 2;
        let rectifier = matches!(
            activation,
            Activation::Relu
                | Activation::LeakyRelu
                | Activation::Elu
                | Activation::Gelu
                | Activation::GeluTanh
                | Activation::Silu
        );
        let layers = widths
            .windows(2)
            .zip(key.split_n(last + 1))
            .enumerate()
            .map(|(i, (w, key))| {
                // The last layer feeds no rectifier.
                let weight = if rectifier && i < last {
                    init::he_normal(key, w[0], w[1], dtype)
                } else {
                    init::glorot_uniform(key, w[0], w[1], dtype)
                };
                Linear { weight, bias: Some(Tensor::zeros(&[w[1]], dtype)) }
            })
            .collect();
        Mlp { layers, activation }
    }

    /// The same without biases: `Φ(x) = ψ(…ψ(x W₁)…) W_K`.
    ///
    /// ```
    /// use nn::{Activation, Mlp};
    /// use tensor::{DType, Key, Tree};
    /// // The 3-4-2 network: 3·4 + 4·2 weights.
    /// let net = Mlp::new(Key::new(0), &[3, 4, 2], Activation::Relu, DType::F64).without_biases();
    /// assert_eq!(net.size(), 20);
    /// ```
    pub fn without_biases(mut self) -> Mlp {
        self.layers = self.layers.into_iter().map(Linear::without_bias).collect();
        self
    }

    /// Φ(x); leading axes of `x` are batches.
    ///
    /// # Panics
    /// When a layer's input does not have its width, naming the layer.
    #[track_caller]
    pub fn call(&self, x: &Tensor) -> Tensor {
        let mut h = x.clone();
        for (i, layer) in self.layers.iter().enumerate() {
            let (got, want) = (h.shape().last().copied(), layer.weight.shape()[0]);
            assert!(
                got == Some(want),
                "Mlp: layer {i} takes {want} inputs, it is given {:?}",
                h.shape()
            );
            h = layer.call(&h);
            if i + 1 < self.layers.len() {
                h = self.activation.apply(&h);
            }
        }
        h
    }
}
