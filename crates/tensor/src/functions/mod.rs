//! Functions composed of operations, one concept per file: none has a derivative rule of its own,
//! so all transformations apply to them. Where the naive composition overflows or divides zero by
//! zero, the argument is guarded, not the result, and the convention at that point is stated.

mod activations;
mod entropy;
mod guards;
mod log_space;
mod matrices;
mod moments;
mod norms;
mod polynomial;
mod products;
mod repetition;

pub use repetition::meshgrid;
