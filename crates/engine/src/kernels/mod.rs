//! The loops.

pub(crate) mod conv;
pub(crate) mod cumulative;
pub(crate) mod dot;
pub(crate) mod fold;
pub(crate) mod fourier;
pub(crate) mod functions;
pub(crate) mod fused;
pub(crate) mod indexing;
mod integers;
pub(crate) mod layout;
pub(crate) mod linalg;
pub(crate) mod random;
pub(crate) mod reduce;
mod sliding;
pub(crate) mod sort;
pub(crate) mod ties;
pub(crate) mod vector;
pub(crate) mod window;

/// Bytes from which a result is written past the caches: more than a processor's last cache has
/// left for it.
pub(crate) const STREAMED: usize = 16 << 20;
