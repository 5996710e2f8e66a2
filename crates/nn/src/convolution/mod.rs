//! Convolutions, their adjoints and pooling, in any number of spatial axes. Layers act on one
//! example `[channels, spatial…]`.

mod direct;
mod padding;
mod pooling;
mod transposed;

pub use direct::Conv;
pub use padding::{PaddingMode, pad};
pub use pooling::{AveragePool, MaxPool, global_average_pool, global_max_pool};
pub use transposed::ConvTranspose;

use tensor::Tensor;

/// # Panics
/// When `x` is not one example with `D` spatial axes and this many channels.
#[track_caller]
fn must_be_example<const D: usize>(layer: &str, x: &Tensor, channels: usize) {
    let shape = x.shape();
    assert!(
        shape.len() == D + 1,
        "{layer}: one example is [channels, spatial…] with {D} spatial axes, the input is \
         {shape:?}; batches come from vmap"
    );
    assert!(
        shape[0] == channels,
        "{layer}: the layer takes {channels} channels, the input {shape:?} has {}",
        shape[0]
    );
}
