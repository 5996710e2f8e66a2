//! Normalisation: activations standardised by statistics of the example (layer, group, RMS) or of
//! the batch, then scaled and shifted by parameters.

mod batch;
mod group;
mod layer;
mod root_mean_square;

pub use batch::{BatchNorm, RunningStatistics, shared_over_batch};
pub use group::GroupNorm;
pub use layer::LayerNorm;
pub use root_mean_square::RmsNorm;
