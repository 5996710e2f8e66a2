//! The formats, one file each. Every reader takes a [`Source`](crate::source::Source) and checks
//! all that a header promises against what is there before it takes memory for it.

pub(crate) mod array;
pub(crate) mod dialect;
pub(crate) mod element;
pub(crate) mod idx;
pub(crate) mod npy;
pub(crate) mod npz;
pub(crate) mod table;
