//! Functions composed of operations, one concept per file: none has a derivative rule of its own,
//! so all transformations apply to them. Where the naive composition overflows or divides zero by
//! zero, the argument is guarded, not the result, and the convention at that point is stated.

mod activations;
mod convolution;
mod cumulative;
mod entropy;
mod fourier;
mod gaussian;
mod guards;
mod indexing;
mod linear_algebra;
mod log_space;
mod matrices;
mod moments;
mod norms;
mod ordering;
mod polynomial;
mod pooling;
mod products;
mod repetition;
mod windows;

pub use convolution::Convolution;
pub use pooling::Pooling;
pub use repetition::meshgrid;
pub use windows::Padding;
