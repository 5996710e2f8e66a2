//! Folds: how a run of values becomes one, in an order that depends on its length alone.

use super::vector::Vector;
use crate::isa::Simd;
use array::Element;

/// How two values become one. Every fold is associative up to rounding.
pub(crate) trait Fold<T>: Sync {
    /// What nothing folds to, where there is such a thing; else it is never used.
    fn start(&self) -> T;
    fn fold(&self, a: T, b: T) -> T;
    /// Folds at most [`BLOCK`] elements, but at least one.
    #[inline(always)]
    fn block<S: Simd>(&self, x: &[T]) -> T
    where
        T: Copy,
        Self: Sized,
    {
        lanes(self, x)
    }
    /// What a fold of one value or more comes to; 0 for a sum of nothing but −0.
    #[inline(always)]
    fn close(&self, a: T) -> T {
        a
    }
}

#[derive(Default)]
pub(crate) struct Sum;
#[derive(Default)]
pub(crate) struct Product;
#[derive(Default)]
pub(crate) struct Max;
#[derive(Default)]
pub(crate) struct Min;
#[derive(Default)]
pub(crate) struct Any;
#[derive(Default)]
pub(crate) struct All;

macro_rules! number_folds {
    ($($T:ty, $add:expr, $mul:expr $(, $Vector:ident)?;)*) => { $(
        impl Fold<$T> for Sum {
            $(#[inline(always)]
            fn block<S: Simd>(&self, x: &[$T]) -> $T {
                // SAFETY: `S` is the instruction set that this code is compiled for, and runs
                // only where it was found.
                unsafe { sum::<S::$Vector>(x) }
            })?
            fn start(&self) -> $T { <$T>::ZERO }
            #[inline(always)]
            fn fold(&self, a: $T, b: $T) -> $T { $add(a, b) }
            #[inline(always)]
            fn close(&self, a: $T) -> $T { $add(a, <$T>::ZERO) }
        }
        impl Fold<$T> for Product {
            fn start(&self) -> $T { <$T>::ONE }
            #[inline(always)]
            fn fold(&self, a: $T, b: $T) -> $T { $mul(a, b) }
        }
    )* };
}
number_folds! {
    f32, |a: f32, b: f32| a + b, |a: f32, b: f32| a * b, F32;
    f64, |a: f64, b: f64| a + b, |a: f64, b: f64| a * b, F64;
    i32, i32::wrapping_add, i32::wrapping_mul;
    i64, i64::wrapping_add, i64::wrapping_mul;
    u32, u32::wrapping_add, u32::wrapping_mul;
}

/// The extremum; NaN if either is (`x != x` is true for NaN alone).
macro_rules! extremum {
    ($Fold:ident, $better:tt, $vectors:ident; $($T:ty $(, $Vector:ident)?;)*) => { $(
        impl Fold<$T> for $Fold {
            $(#[inline(always)]
            fn block<S: Simd>(&self, x: &[$T]) -> $T {
                if x.len() < <S::$Vector as Vector>::LANES {
                    return short(self, x);
                }
                // SAFETY: as for sums; there are enough elements for a vector.
                unsafe { extremum(self, x, |a: S::$Vector, b| a.$vectors(b)) }
            })?
            fn start(&self) -> $T {
                <$T>::ZERO
            }
            #[inline(always)]
            #[allow(clippy::eq_op)]
            fn fold(&self, a: $T, b: $T) -> $T {
                if a != a || !(b $better a || b != b) { a } else { b }
            }
        }
    )* };
}
extremum! { Max, >, max; f32, F32; f64, F64; i32; i64; u32; bool; }
extremum! { Min, <, min; f32, F32; f64, F64; i32; i64; u32; bool; }

impl Fold<bool> for Any {
    fn start(&self) -> bool {
        false
    }
    #[inline(always)]
    fn fold(&self, a: bool, b: bool) -> bool {
        a | b
    }
}
impl Fold<bool> for All {
    fn start(&self) -> bool {
        true
    }
    #[inline(always)]
    fn fold(&self, a: bool, b: bool) -> bool {
        a & b
    }
}

/// Partial results side by side, so that folding need not wait for the one before.
const LANES: usize = 64;

/// Elements that are folded lane by lane; blocks of this size are combined pairwise, so that the
/// rounding error of a sum grows with the logarithm of its length.
const BLOCK: usize = 512;

/// Folds a contiguous run that is not empty: blocks lane by lane, the blocks pairwise. To be
/// compiled for each instruction set.
#[inline(always)]
pub(crate) fn run<S: Simd, T: Copy, F: Fold<T>>(f: &F, x: &[T]) -> T {
    if x.len() <= BLOCK {
        return f.block::<S>(x);
    }
    // Blocks are combined as a binary counter carries: two that have come from equally many are
    // one.
    let mut partial = [x[0]; usize::BITS as usize];
    let mut height = 0;
    for (i, piece) in x.chunks(BLOCK).enumerate() {
        let mut sum = f.block::<S>(piece);
        for _ in 0..(i + 1).trailing_zeros() {
            height -= 1;
            sum = f.fold(partial[height], sum);
        }
        partial[height] = sum;
        height += 1;
    }
    let mut sum = partial[height - 1];
    for &before in partial[..height - 1].iter().rev() {
        sum = f.fold(before, sum);
    }
    sum
}

/// The lanes of the widest vector.
const WIDEST: usize = 16;

/// The sum of at least one element: four vectors of sums, then what is left, then pairwise. (The
/// compiler keeps so many sums of plain loops in memory, where each addition waits for a store.)
///
/// # Safety
/// See [`Vector`].
#[inline(always)]
unsafe fn sum<V: Vector>(x: &[V::T]) -> V::T
where
    V::T: std::ops::Add<Output = V::T>,
{
    let (n, p) = (x.len(), x.as_ptr());
    let zero = V::T::ZERO;
    // SAFETY: positions below `n` are inside `x`; the instruction set is the caller's promise.
    unsafe {
        let mut sums = [V::splat(zero); 4];
        let mut at = 0;
        while at + 4 * V::LANES <= n {
            sums[0] = sums[0].add(V::load(p.add(at)));
            sums[1] = sums[1].add(V::load(p.add(at + V::LANES)));
            sums[2] = sums[2].add(V::load(p.add(at + 2 * V::LANES)));
            sums[3] = sums[3].add(V::load(p.add(at + 3 * V::LANES)));
            at += 4 * V::LANES;
        }
        while at + V::LANES <= n {
            sums[0] = sums[0].add(V::load(p.add(at)));
            at += V::LANES;
        }
        if at < n {
            sums[1] = sums[1].add(V::load_part(p.add(at), n - at));
        }
        let mut lanes = [zero; WIDEST];
        sums[0].add(sums[1]).add(sums[2].add(sums[3])).store(lanes.as_mut_ptr());
        let mut width = V::LANES / 2;
        while width > 0 {
            for i in 0..width {
                lanes[i] = lanes[i] + lanes[i + width];
            }
            width /= 2;
        }
        lanes[0]
    }
}

/// The extremum of at least one vector of elements: four vectors of extrema, the last elements
/// looked at twice where they fill no vector.
///
/// # Safety
/// See [`Vector`].
#[inline(always)]
unsafe fn extremum<V: Vector, F: Fold<V::T>>(
    f: &F,
    x: &[V::T],
    better: impl Fn(V, V) -> V,
) -> V::T {
    let (n, p) = (x.len(), x.as_ptr());
    // SAFETY: positions below `n` are inside `x`; the instruction set is the caller's promise.
    unsafe {
        let mut best = [V::load(p); 4];
        let mut at = 0;
        while at + 4 * V::LANES <= n {
            best[0] = better(best[0], V::load(p.add(at)));
            best[1] = better(best[1], V::load(p.add(at + V::LANES)));
            best[2] = better(best[2], V::load(p.add(at + 2 * V::LANES)));
            best[3] = better(best[3], V::load(p.add(at + 3 * V::LANES)));
            at += 4 * V::LANES;
        }
        while at + V::LANES <= n {
            best[0] = better(best[0], V::load(p.add(at)));
            at += V::LANES;
        }
        let last = V::load(p.add(n - V::LANES));
        let all = better(better(best[0], best[1]), better(better(best[2], best[3]), last));
        let mut lanes = [V::T::ZERO; WIDEST];
        all.store(lanes.as_mut_ptr());
        let mut width = V::LANES / 2;
        while width > 0 {
            for i in 0..width {
                lanes[i] = f.fold(lanes[i], lanes[i + width]);
            }
            width /= 2;
        }
        lanes[0]
    }
}

/// Folds at most [`BLOCK`] elements lane by lane.
#[inline(always)]
fn lanes<T: Copy, F: Fold<T>>(f: &F, x: &[T]) -> T {
    if x.len() < LANES {
        return short(f, x);
    }
    let mut lanes = [x[0]; LANES];
    lanes.copy_from_slice(&x[..LANES]);
    let chunks = x[LANES..].chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (a, &b) in lanes.iter_mut().zip(chunk) {
            *a = f.fold(*a, b);
        }
    }
    for (a, &b) in lanes.iter_mut().zip(rest) {
        *a = f.fold(*a, b);
    }
    halve::<T, F, LANES>(f, &mut lanes)
}

/// Folds fewer than [`LANES`] elements, by eight where there are so many.
#[inline(always)]
fn short<T: Copy, F: Fold<T>>(f: &F, x: &[T]) -> T {
    const FEW: usize = 8;
    if x.len() < 2 * FEW {
        return x[1..].iter().fold(x[0], |a, &b| f.fold(a, b));
    }
    let mut lanes = [x[0]; FEW];
    lanes.copy_from_slice(&x[..FEW]);
    for chunk in x[FEW..].chunks(FEW) {
        for (a, &b) in lanes.iter_mut().zip(chunk) {
            *a = f.fold(*a, b);
        }
    }
    halve::<T, F, FEW>(f, &mut lanes)
}

/// Folds the upper half of the lanes onto the lower until one is left.
#[inline(always)]
fn halve<T: Copy, F: Fold<T>, const N: usize>(f: &F, lanes: &mut [T; N]) -> T {
    let mut width = N / 2;
    while width > 0 {
        for i in 0..width {
            lanes[i] = f.fold(lanes[i], lanes[i + width]);
        }
        width /= 2;
    }
    lanes[0]
}
