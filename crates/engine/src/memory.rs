//! Buffers: where results are written, and where dead values go.
//!
//! Each thread keeps the buffers of values that have died in its hands, up to a limit, and hands
//! them out again by exact size: between the steps of a program, and between runs, results land
//! in memory that is warm and need not be cleared.

use array::{Array, Buffer, DType, Element};
use std::cell::RefCell;
use std::collections::HashMap;

/// Bytes that a thread keeps at most.
const LIMIT: usize = 256 << 20;

/// Buffers below this size are left to the allocator, which is good at them.
const SMALL: usize = 4 << 10;

#[derive(Default)]
struct Kept {
    bytes: usize,
    buffers: HashMap<(DType, usize), Vec<Buffer>>,
}

thread_local!(static KEPT: RefCell<Kept> = RefCell::default());

/// A vector of `n` elements with arbitrary contents, to be overwritten.
pub(crate) fn scratch<T: Element>(n: usize) -> Vec<T> {
    let bytes = n * size_of::<T>();
    if bytes >= SMALL {
        let found = KEPT.with_borrow_mut(|kept| {
            let buffer = kept.buffers.get_mut(&(T::DTYPE, n))?.pop()?;
            kept.bytes -= bytes;
            Some(buffer)
        });
        if let Some(mut buffer) = found
            && let Some(v) = T::unique(&mut buffer)
        {
            return std::mem::take(v);
        }
    }
    vec![T::ZERO; n]
}

/// Takes in a vector that is not needed any more.
pub(crate) fn give_back<T: Element>(v: Vec<T>) {
    let bytes = v.len() * size_of::<T>();
    if !(SMALL..=LIMIT).contains(&bytes) {
        return;
    }
    KEPT.with_borrow_mut(|kept| {
        if kept.bytes + bytes > LIMIT {
            // Sizes that were needed once may never be again: start afresh.
            kept.buffers.clear();
            kept.bytes = 0;
        }
        kept.bytes += bytes;
        kept.buffers.entry((T::DTYPE, v.len())).or_default().push(T::wrap(v));
    });
}

/// Takes in an array that is not needed any more; its buffer is kept if nobody else holds it.
pub(crate) fn recycle(array: Array) {
    if array.len() * array.dtype().size() < SMALL {
        return;
    }
    fn keep<T: Element>(array: Array) {
        if let Some(v) = array.into_vec::<T>() {
            give_back(v);
        }
    }
    array::with_dtype!(array.dtype(), T => keep::<T>(array));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_buffer_is_handed_out_again_unless_shared() {
        let a = Array::from_vec(vec![1.0_f32; 5000], &[5000]);
        let (held, at) = (a.clone(), a.address());
        let data = a.as_slice::<f32>().as_ptr().addr();
        recycle(a);
        let other = scratch::<f32>(5000);
        assert_ne!(other.as_ptr().addr(), data);
        assert_eq!(held.address(), at);
        recycle(held);
        let (longer, typed) = (scratch::<f32>(5001), scratch::<i32>(5000));
        assert_ne!(longer.as_ptr().addr(), data);
        assert_ne!(typed.as_ptr().addr(), data);
        let again = scratch::<f32>(5000);
        assert_eq!(again.as_ptr().addr(), data);
    }
}
