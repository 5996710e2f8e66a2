//! Checks of derivatives and of batching, for functions on tensors, and the matrix of
//! transformations.
//!
//! [`check_grads`] and [`check_vmap`] decide what can be decided mechanically: does forward mode
//! agree with differences, reverse mode with forward mode, a batch with a loop. The [`matrix`]
//! asks the same of every primitive and of many composed functions, for every composition of
//! transformations, in f64 and in f32. All numbers come from the engine, not from the reference
//! evaluator: what is checked is what users run.
//!
//! For tests only: nothing above the facade depends on it.

pub mod differential;
mod evaluator;
mod functions;
pub mod matrix;

pub use functions::{check_grads, check_vmap};

/// The worked examples of CONTRIBUTING.md, which run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../CONTRIBUTING.md")]
struct Contributing;
