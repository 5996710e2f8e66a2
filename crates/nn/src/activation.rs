//! Activation functions, chosen by name.

use derive::Tree;
use serde::{Deserialize, Serialize};
use tensor::Tensor;

/// A scalar function between layers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, Tree)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// x: a linear network.
    Identity,
    /// tanh x.
    #[default]
    Tanh,
    /// 1/(1 + e⁻ˣ).
    Logistic,
    /// max(x, 0), with derivative 0 at 0.
    Relu,
    /// x for x > 0, else 0.01 x.
    LeakyRelu,
    /// x for x > 0, else eˣ − 1.
    Elu,
    /// log(1 + eˣ).
    Softplus,
    /// x Φ(x), Φ the normal distribution function (Hendrycks, Gimpel 2016).
    Gelu,
    /// The tanh approximation of [`Activation::Gelu`].
    GeluTanh,
    /// x/(1 + e⁻ˣ).
    Silu,
    /// x/(1 + |x|).
    Softsign,
}

impl Activation {
    /// Every activation, with its name on the command line.
    pub const ALL: [(&'static str, Activation); 11] = [
        ("identity", Activation::Identity),
        ("tanh", Activation::Tanh),
        ("logistic", Activation::Logistic),
        ("relu", Activation::Relu),
        ("leaky-relu", Activation::LeakyRelu),
        ("elu", Activation::Elu),
        ("softplus", Activation::Softplus),
        ("gelu", Activation::Gelu),
        ("gelu-tanh", Activation::GeluTanh),
        ("silu", Activation::Silu),
        ("softsign", Activation::Softsign),
    ];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        Activation::ALL.iter().find(|(_, a)| *a == self).map_or("", |(name, _)| name)
    }

    /// ψ(x), element by element.
    #[track_caller]
    pub fn apply(self, x: &Tensor) -> Tensor {
        match self {
            Activation::Identity => x.clone(),
            Activation::Tanh => x.tanh(),
            Activation::Logistic => x.logistic(),
            Activation::Relu => x.relu(),
            Activation::LeakyRelu => x.leaky_relu(0.01),
            Activation::Elu => x.elu(1.0),
            Activation::Softplus => x.softplus(),
            Activation::Gelu => x.gelu(),
            Activation::GeluTanh => x.gelu_tanh(),
            Activation::Silu => x.silu(),
            Activation::Softsign => x.softsign(),
        }
    }

    /// Whether ψ has a continuous second derivative, so that central differences converge with
    /// order 2 everywhere.
    pub fn is_smooth(self) -> bool {
        match self {
            Activation::Relu | Activation::LeakyRelu | Activation::Elu | Activation::Softsign => {
                false
            }
            Activation::Identity
            | Activation::Tanh
            | Activation::Logistic
            | Activation::Softplus
            | Activation::Gelu
            | Activation::GeluTanh
            | Activation::Silu => true,
        }
    }
}
