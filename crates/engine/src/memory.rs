//! Buffers: where results are written, and where dead values go.

pub(crate) use array::memory::{give_back, take as scratch};
