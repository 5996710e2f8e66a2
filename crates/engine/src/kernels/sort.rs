//! Sorting lines, with payloads.

use crate::execute::Outputs;
use crate::memory::{give_back, scratch};
use crate::threads::for_each_part;
use array::shape::size;
use array::{Array, Element, with_dtype};
use ir::prim::Sort;

/// Keys whose order is that of whole numbers.
trait Key: Element {
    /// A number with the order of the keys: NaN (at most the greatest number) last, −0 like 0.
    fn rank(self) -> u64;
    fn is_nan(self) -> bool {
        false
    }
}

/// The order of floats of the same sign is that of their bits; of negative ones, the reverse.
macro_rules! float_key {
    ($T:ty, $bits:ty) => {
        impl Key for $T {
            fn rank(self) -> u64 {
                const SIGN: $bits = 1 << (<$bits>::BITS - 1);
                let bits = (self + 0.0).to_bits(); // −0 + 0 is 0
                u64::from(if bits & SIGN == 0 { bits | SIGN } else { !bits })
            }
            fn is_nan(self) -> bool {
                self != self
            }
        }
    };
}
float_key!(f32, u32);
float_key!(f64, u64);

impl Key for i32 {
    fn rank(self) -> u64 {
        u64::from(self as u32 ^ 1 << 31)
    }
}
impl Key for i64 {
    fn rank(self) -> u64 {
        self as u64 ^ 1 << 63
    }
}
impl Key for u32 {
    fn rank(self) -> u64 {
        u64::from(self)
    }
}
impl Key for bool {
    fn rank(self) -> u64 {
        u64::from(self)
    }
}

/// Fills `order` with the sorting permutation of a line.
fn sort_line<T: Key>(descending: bool, line: impl Iterator<Item = T>, order: &mut [u32]) {
    let greatest = if size_of::<T>() == 8 { u64::MAX } else { u64::from(u32::MAX) };
    let ranks = line.map(|x| {
        if x.is_nan() {
            greatest
        } else if descending {
            greatest - x.rank()
        } else {
            x.rank()
        }
    });
    // Sorting by the place too makes any sort stable.
    if size_of::<T>() == 8 {
        let mut keyed: Vec<(u64, u32)> = ranks.zip(0..).collect();
        keyed.sort_unstable();
        order.iter_mut().zip(keyed).for_each(|(o, (_, i))| *o = i);
    } else {
        let mut keyed: Vec<u64> = ranks.zip(0_u64..).map(|(rank, i)| rank << 32 | i).collect();
        keyed.sort_unstable();
        order.iter_mut().zip(keyed).for_each(|(o, key)| *o = key as u32);
    }
}

/// Sorts; `None` for lines too long to be numbered by 32 bits.
pub(crate) fn sort(p: &Sort, x: &[&Array]) -> Option<Outputs> {
    let shape = x[0].shape();
    let (n, inner) = (shape[p.axis], size(&shape[p.axis + 1..]));
    u32::try_from(n).ok()?;
    if x[0].is_empty() {
        return Some(x.iter().map(|&x| x.clone()).collect());
    }
    // One line after the other.
    let mut order = scratch::<u32>(x[0].len());
    let per = (1_usize << 11).div_ceil(n);
    with_dtype!(x[0].dtype(), T => {
        let keys = x[0].as_slice::<T>();
        for_each_part(&mut order, per * n, |start, part| {
            for (line, order) in (start / n..).zip(part.chunks_exact_mut(n)) {
                let first = line / inner * n * inner + line % inner;
                sort_line::<T>(p.descending, keys[first..].iter().step_by(inner).take(n).copied(), order);
            }
        });
    });
    fn moved<T: Element>(x: &Array, n: usize, inner: usize, order: &[u32]) -> Array {
        let values = x.as_slice::<T>();
        let mut out = scratch::<T>(values.len());
        for_each_part(&mut out, 1 << 15, |start, part| {
            for (at, o) in (start..).zip(part) {
                let (outer, i, j) = (at / (n * inner), at / inner % n, at % inner);
                let source = order[(outer * inner + j) * n + i] as usize;
                *o = values[(outer * n + source) * inner + j];
            }
        });
        Array::from_vec(out, x.shape())
    }
    let sorted = x.iter().map(|x| with_dtype!(x.dtype(), T => moved::<T>(x, n, inner, &order)));
    let sorted = sorted.collect();
    give_back(order);
    Some(sorted)
}
