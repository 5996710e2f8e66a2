//! Random numbers, as functions of keys.
//!
//! The generator is Threefry-2x32 with 20 rounds ([`special`'s] documentation has the source): a
//! function of a key (two 32-bit words) and a 64-bit counter. Nothing is drawn in sequence, so
//! `vmap`, `jit` and threads never change a sample. Everything here is bit for bit that of
//! `jax.random` with `jax_threefry_partitionable` (its default since version 0.5), up to rounding
//! in logarithms and inverse error functions, where the documentation does not say otherwise.
//!
//! With `(a_c, b_c)` the pair of words that a key assigns to the counter `c`:
//!
//! * the `i`-th key split off is `(a_i, b_i)`, and so is the key with `i` folded in;
//! * the `i`-th 32-bit word drawn is `a_i ⊕ b_i`, the `i`-th 64-bit word `2³² a_i + b_i`;
//! * a uniform number takes the highest 23 bits (f32) or 52 bits (f64) of a word.
//!
//! A key must be used once: splitting it and drawing from it, or splitting it twice, gives numbers
//! that depend on one another. Every method here consumes its key.
//!
//! [`special`'s]: https://doi.org/10.1145/2063384.2063405

mod continuous;
mod discrete;
mod keys;
