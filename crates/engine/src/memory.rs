//! Buffers: where results are written, and where dead values go.

pub(crate) use array::memory::{give_back, take as scratch};
use array::{Array, Element, Type};

/// The array of this shape whose elements `write` writes, all of them. It begins where arrays are
/// read fastest (see [`Array::fresh`]).
pub(crate) fn written<T: Element>(shape: &[usize], write: impl FnOnce(&mut [T])) -> Array {
    let mut array = Array::fresh(&Type::new(T::DTYPE, shape));
    write(array.unique().expect("invariant: nobody else holds a new array"));
    array
}
