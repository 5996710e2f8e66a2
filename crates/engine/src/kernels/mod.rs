//! The loops.

pub(crate) mod dot;
pub(crate) mod elementwise;
pub(crate) mod fused;
mod integers;
pub(crate) mod lanes;
pub(crate) mod layout;
pub(crate) mod reduce;
