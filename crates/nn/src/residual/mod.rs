//! Residual blocks, and the gates of squeeze-and-excitation.

mod block;
mod squeeze_excite;

pub use block::{ResidualBlock, ResidualOrder, ResidualStatistics};
pub use squeeze_excite::SqueezeExcite;
