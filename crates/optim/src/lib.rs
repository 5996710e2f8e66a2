//! Optimisers as pure pairs: `init` makes a state, `update` turns a gradient and a state into an
//! update and the next state. They compose: clipping, momentum, decay and step sizes are links of
//! a chain.
//!
//! ```
//! use optim::{Adam, Chain, ClipByGlobalNorm, Rule, apply_updates};
//! use tensor::{Tensor, grad};
//! let rule = Chain::new().then(ClipByGlobalNorm::new(1.0)).then(Adam::new(0.1));
//! let mut x = Tensor::from([3.0, -2.0]);
//! let mut state = rule.init(&x);
//! for _ in 0..200 {
//!     let gradient = grad(|x: &Tensor| (x * x).sum())(&x);
//!     let (updates, next) = rule.update(gradient, &state, &x);
//!     (x, state) = (apply_updates(&x, &updates), next);
//! }
//! assert!(x.to_vec::<f64>().iter().all(|x| x.abs() < 1e-2));
//! ```

extern crate tensor as mathesis;

mod adaptive;
mod chain;
mod clip;
mod decay;
mod descent;
mod rule;
mod schedule;

pub use adaptive::{Adam, AdamW};
pub use chain::Chain;
pub use clip::{ClipByGlobalNorm, ClipByValue, global_norm};
pub use decay::{AddDecayedWeights, Trainable};
pub use descent::Sgd;
pub use rule::{Rule, State, apply_updates};
pub use schedule::Schedule;
