//! Memory of arrays that are gone, kept for those to come.
//!
//! A system allocator gives large blocks back to the kernel, which clears every page when it is
//! asked for again: for a program that runs step after step on arrays of the same sizes, that
//! can cost more than the arithmetic. So the elements of an array whose last holder is gone are
//! kept here, up to a limit, and handed out again to arrays of about the same length. What nobody
//! asks for any more, such as the memory of a program that ran once, goes back to the system
//! (see `PATIENCE`).
//!
//! Under `--cfg exact_memory`, and in fuzz targets, nothing is kept and no buffer has more elements
//! than its array: a sanitizer sees every access beside an array or after its end. What is to be
//! overwritten is full of wild values then, so that reading it first shows in results.

use crate::Element;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Bytes that are kept at most.
const LIMIT: usize = 1 << 30;

/// A buffer goes back to the system when so many times all the bytes that are kept have been taken
/// since it was last used. A program that runs again and again uses its buffers once a run, mostly
/// much sooner. Where it does not, what goes, and the kernel has to clear again, is at most a part
/// in `PATIENCE` of what is taken, and written, meanwhile: looks are that far apart.
const PATIENCE: u64 = 32;

/// Buffers below this size are left to the allocator, which is good at them.
pub(crate) const SMALL: usize = 4 << 10;

/// Bytes of a cache line, and of the longest vectors.
pub(crate) const LINE: usize = 64;

/// Bytes of a page, by which sets of caches repeat.
pub(crate) const PAGE: usize = 4096;

/// Arrays from this size on begin at different places of a page.
pub(crate) const LARGE: usize = 64 << 10;

/// A vector that waits to be used again.
#[derive(Debug)]
struct Kept<T> {
    vector: Vec<T>,
    /// What had been taken when it came.
    since: u64,
}

/// Vectors of one element type, by capacity, the oldest first.
#[derive(Debug)]
pub struct Shelf<T>(BTreeMap<usize, Vec<Kept<T>>>);

impl<T> Shelf<T> {
    const fn new() -> Shelf<T> {
        Shelf(BTreeMap::new())
    }

    /// Takes out what has been here since before `limit`, and counts its bytes.
    fn remove_older(&mut self, limit: u64, bytes: &mut usize) -> Vec<Vec<T>> {
        let mut old = vec![];
        self.0.retain(|capacity, kept| {
            let old_ones = kept.partition_point(|k| k.since < limit);
            *bytes += old_ones * capacity * size_of::<T>();
            old.extend(kept.drain(..old_ones).map(|k| k.vector));
            !kept.is_empty()
        });
        old
    }
}

/// The shelves of all element types.
#[derive(Debug)]
#[allow(missing_docs)]
pub struct Shelves {
    bytes: usize,
    /// The most bytes since old vectors were looked for.
    most: usize,
    /// Bytes that have been taken so far, from here or from the system.
    taken: u64,
    /// When `taken` is this large, old vectors are looked for.
    next_look: u64,
    pub f32: Shelf<f32>,
    pub f64: Shelf<f64>,
    pub i32: Shelf<i32>,
    pub i64: Shelf<i64>,
    pub u32: Shelf<u32>,
    pub bool: Shelf<bool>,
}

static SHELVES: Mutex<Shelves> = Mutex::new(Shelves {
    bytes: 0,
    most: 0,
    taken: 0,
    next_look: 0,
    f32: Shelf::new(),
    f64: Shelf::new(),
    i32: Shelf::new(),
    i64: Shelf::new(),
    u32: Shelf::new(),
    bool: Shelf::new(),
});

/// Whether buffers are exactly as long as their arrays and live exactly as long.
const EXACT: bool = cfg!(any(exact_memory, fuzzing));

/// Bytes that a buffer for `bytes` of elements has beside them, so that those may begin where it
/// is best (see [`crate::Array::fresh`]).
pub(crate) fn spare(bytes: usize) -> usize {
    match bytes {
        _ if EXACT => 0,
        0..SMALL => 0,
        SMALL..LARGE => LINE,
        _ => LINE + PAGE,
    }
}

/// A vector of `n` elements with arbitrary contents, to be overwritten.
pub fn take<T: Element>(n: usize) -> Vec<T> {
    // With the room that arrays of as many elements need: the two share their memory.
    obtain(n, n + spare(n * size_of::<T>()) / size_of::<T>())
}

/// The same with room to place the elements (see [`spare`]).
pub(crate) fn take_with_spare<T: Element>(n: usize) -> Vec<T> {
    let all = n + spare(n * size_of::<T>()) / size_of::<T>();
    obtain(all, all)
}

fn obtain<T: Element>(n: usize, capacity: usize) -> Vec<T> {
    if EXACT {
        let wild =
            if T::DTYPE.is_float() { T::from_f64(f64::NAN) } else { T::from_i64(-7_777_777) };
        return vec![wild; n];
    }
    if capacity * size_of::<T>() >= SMALL {
        let mut shelves = SHELVES.lock().unwrap_or_else(PoisonError::into_inner);
        shelves.taken += (capacity * size_of::<T>()) as u64;
        let shelf = &mut T::shelf(&mut shelves).0;
        // One that is a little larger will do: so arrays of similar sizes share their memory.
        let found = shelf.range(capacity..=capacity + capacity / 4).next().map(|(&c, _)| c);
        if let Some(capacity) = found
            && let Some(kept) = shelf.get_mut(&capacity)
            && let Some(Kept { vector: mut v, .. }) = kept.pop()
        {
            if kept.is_empty() {
                shelf.remove(&capacity);
            }
            shelves.bytes -= capacity * size_of::<T>();
            drop(shelves);
            // Writes only what a shorter array before this one has left out.
            v.resize(n, T::ZERO);
            return v;
        }
    }
    let mut v = vec![T::ZERO; capacity];
    v.truncate(n);
    v
}

/// Takes in a vector that is not needed any more.
pub fn give_back<T: Element>(v: Vec<T>) {
    // By what it can hold, not by what it held, or it would shrink with every use.
    let (capacity, bytes) = (v.capacity(), v.capacity() * size_of::<T>());
    if EXACT || !(SMALL..=LIMIT).contains(&bytes) {
        return;
    }
    let mut shelves = SHELVES.lock().unwrap_or_else(PoisonError::into_inner);
    if shelves.bytes + bytes > LIMIT {
        // Sizes that were needed once may never be again: start afresh.
        clear(&mut shelves);
    }
    shelves.bytes += bytes;
    shelves.most = shelves.most.max(shelves.bytes);
    let since = shelves.taken;
    let shelf = &mut T::shelf(&mut shelves).0;
    shelf.entry(capacity).or_default().push(Kept { vector: v, since });
    if since >= shelves.next_look {
        let old = shelves.remove_old();
        // Giving pages back takes long: not while others wait.
        drop(shelves);
        drop(old);
    }
}

impl Shelves {
    /// Takes out what has not been used for long.
    fn remove_old(&mut self) -> impl Sized + use<> {
        let patience = PATIENCE * std::mem::take(&mut self.most) as u64;
        let limit = self.taken.saturating_sub(patience);
        let mut bytes = 0;
        let old = (
            self.f32.remove_older(limit, &mut bytes),
            self.f64.remove_older(limit, &mut bytes),
            self.i32.remove_older(limit, &mut bytes),
            self.i64.remove_older(limit, &mut bytes),
            self.u32.remove_older(limit, &mut bytes),
            self.bool.remove_older(limit, &mut bytes),
        );
        self.bytes -= bytes;
        self.next_look = self.taken + patience;
        old
    }
}

/// Gives all memory that is kept for later back to the system.
pub fn release() {
    clear(&mut SHELVES.lock().unwrap_or_else(PoisonError::into_inner));
}

fn clear(shelves: &mut Shelves) {
    shelves.f32.0.clear();
    shelves.f64.0.clear();
    shelves.i32.0.clear();
    shelves.i64.0.clear();
    shelves.u32.0.clear();
    shelves.bool.0.clear();
    shelves.bytes = 0;
}

/// The elements of an array; when the last holder is gone, their memory is kept.
#[derive(Debug)]
pub struct Storage<T: Element>(Vec<T>);

impl<T: Element> Storage<T> {
    /// Holds these elements.
    pub fn new(elements: Vec<T>) -> Storage<T> {
        Storage(elements)
    }
}

impl<T: Element> std::ops::Deref for Storage<T> {
    type Target = Vec<T>;
    fn deref(&self) -> &Vec<T> {
        &self.0
    }
}

impl<T: Element> std::ops::DerefMut for Storage<T> {
    fn deref_mut(&mut self) -> &mut Vec<T> {
        &mut self.0
    }
}

impl<T: Element> Drop for Storage<T> {
    fn drop(&mut self) {
        give_back(std::mem::take(&mut self.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Array, DType, Type};

    #[test]
    fn what_is_not_used_for_long_goes() {
        let mut shelf = Shelf::<f64>::new();
        let kept = |since| Kept { vector: Vec::with_capacity(1000), since };
        shelf.0.insert(1000, vec![kept(1), kept(5), kept(9)]);
        shelf.0.insert(2000, vec![kept(3)]);
        let mut bytes = 0;
        assert_eq!(shelf.remove_older(5, &mut bytes).len(), 2);
        assert_eq!(bytes, 3000 * 8);
        let left: Vec<_> = shelf.0.iter().map(|(&c, k)| (c, k.len())).collect();
        assert_eq!(left, [(1000, 2)]);
    }

    // Lengths that no other test uses: the shelves are the process's.
    #[test]
    #[cfg_attr(exact_memory, ignore = "nothing is kept")]
    fn the_memory_of_an_array_is_used_again_once_nobody_holds_it() {
        let a = Array::from_vec(take::<f32>(70_001), &[70_001]);
        let at = a.as_slice::<f32>().as_ptr().addr();
        let held = a.clone();
        drop(a);
        let while_held = take::<f32>(70_001);
        assert_ne!(while_held.as_ptr().addr(), at);
        drop(held);
        let of_another_type = take::<i32>(70_001);
        assert_ne!(of_another_type.as_ptr().addr(), at);
        let too_long = take::<f32>(90_001);
        assert_ne!(too_long.as_ptr().addr(), at);
        let again = take::<f32>(69_999);
        assert_eq!((again.as_ptr().addr(), again.len()), (at, 69_999));
        // It is still as large as it was.
        give_back(again);
        let whole = take::<f32>(70_001);
        assert_eq!((whole.as_ptr().addr(), whole.len()), (at, 70_001));
        // An array that is placed in a page has the room for it there.
        give_back(whole);
        let placed = Array::fresh(&Type::new(DType::F32, [70_001]));
        let begins = placed.as_slice::<f32>().as_ptr().addr();
        assert!((at..at + LINE + PAGE).contains(&begins));
        assert!(begins.is_multiple_of(LINE));
    }
}
