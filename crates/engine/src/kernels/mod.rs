//! The loops.

pub(crate) mod dot;
pub(crate) mod elementwise;
mod integers;
pub(crate) mod layout;
pub(crate) mod reduce;
