//! Reference numerics on plain slices, in f64: slow and obviously right.

pub mod decompositions;
pub mod fourier;
