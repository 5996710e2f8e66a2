//! Networks as plain data: layers are structs of tensors, models are structs of layers, and a
//! gradient has the model's own type.
//!
//! Layers act on one example; batches come from `vmap` or from broadcasting over leading axes. There
//! is no mode and no hidden state: batch normalisation trains when it is told the axis of the batch,
//! dropout when it is given a key, and running statistics and recurrent states go in and come out.
//! Recurrent cells are in [`recurrent`], attention in [`attention`], whole networks in [`models`].
//!
//! ```
//! use nn::{Activation, Mlp, cross_entropy};
//! use tensor::{DType, Key, Tensor, value_and_grad};
//! let model = Mlp::new(Key::new(0), &[3, 4, 2], Activation::Tanh, DType::F64);
//! let x = Tensor::from([[0.1, -0.2, 0.3], [1.0, 0.0, -1.0]]);
//! let labels = Tensor::from([0_i64, 1]);
//! let loss = |m: &Mlp| cross_entropy(&m.call(&x), &labels).mean();
//! let (value, gradient) = value_and_grad(loss)(&model);
//! assert!(value.item() > 0.0);
//! assert_eq!(gradient.layers[0].weight.shape(), [3, 4]);
//! ```

extern crate tensor as mathesis;

mod activation;
pub mod attention;
mod convolution;
mod dropout;
mod embedding;
pub mod init;
mod linear;
mod loss;
pub mod metrics;
mod mlp;
pub mod models;
mod normalisation;
pub mod recurrent;
mod residual;

pub use activation::Activation;
pub use convolution::{
    AveragePool, Conv, ConvTranspose, MaxPool, PaddingMode, global_average_pool, global_max_pool,
    pad,
};
pub use dropout::{
    drop_connect, dropout, gaussian_dropout, linear_depth_rate, spatial_dropout, stochastic_depth,
};
pub use embedding::Embedding;
pub use linear::Linear;
pub use loss::{
    binary_cross_entropy, cross_entropy, hinge, masked_mean, mean_squared_error,
    smoothed_cross_entropy, squared_error,
};
pub use mlp::Mlp;
pub use normalisation::{
    BatchNorm, GroupNorm, LayerNorm, RmsNorm, RunningStatistics, shared_over_batch,
};
pub use residual::{ResidualBlock, ResidualOrder, ResidualStatistics, SqueezeExcite};
