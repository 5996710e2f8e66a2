//! *Mathesis trains networks, measures what they learned, and checks the theory that explains them,
//! on one Rust library where every derivative composes.*
//!
//! # A first network
//!
//! Inputs 3, hidden units 4, outputs 2, no biases: `Φ(x) = ψ₂(ψ₁(x W₁) W₂)` has 20 weights. Its
//! loss is the empirical cross-entropy `−mean log Φ(x)_y`, with ψ₁ = tanh and ψ₂ = softmax. A
//! gradient has the model's own type, and everything that gives a derivative can be differentiated:
//!
//! ```
//! use mathesis::prelude::*;
//!
//! #[derive(Clone, Tree)]
//! struct Network {
//!     w1: Tensor, // [3, 4]
//!     w2: Tensor, // [4, 2]
//! }
//!
//! impl Network {
//!     /// log Φ(x), for one row x or many.
//!     fn log_probabilities(&self, x: &Tensor) -> Tensor {
//!         x.matmul(&self.w1).tanh().matmul(&self.w2).log_softmax(-1)
//!     }
//! }
//!
//! let [k1, k2, k3] = Key::new(0).split();
//! let network =
//!     Network { w1: k1.normal(&[3, 4], DType::F64), w2: k2.normal(&[4, 2], DType::F64) };
//! assert_eq!(network.size(), 20);
//!
//! let x = k3.normal(&[5, 3], DType::F64);
//! let y = Tensor::from([[0_i64], [1], [1], [0], [1]]);
//! let loss = |n: &Network| -n.log_probabilities(&x).take_along_axis(&y, -1).mean();
//!
//! // The gradient, checked against a difference along it: f(w + h g) − f(w − h g) ≈ 2h‖g‖².
//! let g = grad(loss)(&network);
//! assert_eq!(g.w1.shape(), [3, 4]);
//! let h = 1e-5;
//! let along = |h: f64| loss(&network.zip_map(&g, |w, g| w + g * h)).item();
//! let square: f64 = g.leaves().iter().map(|g| g.square().sum().item()).sum();
//! assert!(((along(h) - along(-h)) / (2.0 * h) - square).abs() < 1e-8);
//!
//! // All second derivatives, by blocks: ∂²f/∂W₁∂W₂ is an array of shape (shape of W₁, shape of W₂),
//! // and the transpose of ∂²f/∂W₂∂W₁.
//! let h = hessian(loss)(&network);
//! assert_eq!(h["w1"].w2.shape(), [3, 4, 4, 2]);
//! let transposed = h["w2"].w1.transpose(&[2, 3, 0, 1]);
//! assert!((&h["w1"].w2 - transposed).abs().max().item() < 1e-14);
//!
//! // The same as one symmetric 20 × 20 matrix, whose product with g is that of `hvp`.
//! let matrix = hessian_matrix(loss)(&network);
//! assert_eq!(matrix.shape(), [20, 20]);
//! let flat = |n: &Network| Tensor::concatenate(&[&n.w1.ravel(), &n.w2.ravel()], 0);
//! let product = hvp(loss)(&network, &g);
//! assert!((matrix.matmul(&flat(&g)) - flat(&product)).abs().max().item() < 1e-14);
//!
//! // A step downhill.
//! assert!(along(-0.1) < loss(&network).item());
//! ```
//!
//! # Where things are
//!
//! Tensors, trees and the transformations of functions (`grad`, `vmap`, `jit`, …) are at the root.
//! Layers, losses and models are in [`nn`], optimisers in [`optim`], data sets and file formats in
//! [`data`], and in [`train`] is what `mathesis train` does, as a library. One `use
//! mathesis::prelude::*` brings what most programs need.

pub use data;
pub use derive::Tree;
pub use nn;
pub use optim;
pub use tensor::*;
pub use train;

/// What most programs need: `use mathesis::prelude::*`.
pub mod prelude {
    pub use crate::Tree;
    pub use nn::{Activation, Linear, Mlp, cross_entropy};
    pub use optim::{Adam, AdamW, Rule, Sgd, apply_updates};
    pub use tensor::{
        DType, Key, Tensor, checkpoint, cond, custom_jvp, custom_vjp, einsum, grad, hessian,
        hessian_matrix, hvp, jacfwd, jacrev, jit, jit_step, jvp, linearize, scan, switch,
        value_and_grad, value_and_grad_aux, vjp, vmap, vmap_with, while_loop,
    };
}

/// The README's examples, which run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
