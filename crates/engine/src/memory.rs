//! Buffers: where results are written, and where dead values go.

pub(crate) use array::memory::{give_back, take as scratch};
use array::{Array, Type, with_dtype};

/// A new array with arbitrary elements, to be overwritten.
pub(crate) fn fresh(ty: &Type) -> Array {
    with_dtype!(ty.dtype, T => Array::from_vec(scratch::<T>(ty.len()), &ty.shape))
}
