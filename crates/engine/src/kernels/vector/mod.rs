//! Vectors of an instruction set, for the loops whose registers are counted: products of small
//! matrices, and transpositions.
//!
//! A kernel is written once, over [`Vector`], in functions that are all `#[inline(always)]`;
//! [`for_widest_vector!`] compiles it for every instruction set and calls the one that it is given.

#[cfg(target_arch = "x86_64")]
mod x86;

use crate::isa::InstructionSet;
use array::Element;

/// Some numbers in a register.
///
/// # Safety
/// Every function here may be called only where the instruction set of the implementation has been
/// found on this processor. Those that take pointers read or write `LANES` elements, or as many
/// as they say, which must be valid.
pub(crate) trait Vector: Copy {
    /// The type of the numbers.
    type T: Element;
    /// How many numbers.
    const LANES: usize;
    /// Vectors side by side in one panel of a product of matrices: with 6 rows of sums (4 where
    /// the panel is 2 wide) they leave registers for the operands.
    const PANEL: usize;

    unsafe fn splat(x: Self::T) -> Self;
    unsafe fn load(from: *const Self::T) -> Self;
    unsafe fn store(self, to: *mut Self::T);
    /// Stores past the caches, to memory aligned to the vector; for other threads to see after
    /// [`fence`](Vector::fence) alone.
    unsafe fn stream(self, to: *mut Self::T);
    /// Orders what was streamed before what is stored from here on.
    unsafe fn fence();
    /// The first `n` elements, then zeros.
    unsafe fn load_part(from: *const Self::T, n: usize) -> Self;
    /// Stores the first `n` elements.
    unsafe fn store_part(self, to: *mut Self::T, n: usize);
    unsafe fn add(self, y: Self) -> Self;
    unsafe fn sub(self, y: Self) -> Self;
    unsafe fn mul(self, y: Self) -> Self;
    unsafe fn div(self, y: Self) -> Self;
    /// The larger, NaN if either is; `self` where they are equal.
    unsafe fn max(self, y: Self) -> Self;
    /// The smaller, likewise.
    unsafe fn min(self, y: Self) -> Self;
    /// `self·x + y`
    unsafe fn mul_add(self, x: Self, y: Self) -> Self;
    /// `y − self·x`
    unsafe fn neg_mul_add(self, x: Self, y: Self) -> Self;
    /// Transposes: `to[c·to_step + r] = from[r·from_step + c]` for `r < rows`, `c < columns`, zeros
    /// for `rows ≤ r < width`.
    unsafe fn transpose(
        from: *const Self::T,
        from_step: usize,
        rows: usize,
        columns: usize,
        to: *mut Self::T,
        to_step: usize,
        width: usize,
    );
}

/// Types that there are vectors of.
pub(crate) trait Vectorised:
    Element + std::ops::Add<Output = Self> + std::ops::Mul<Output = Self>
{
    #[cfg(target_arch = "x86_64")]
    type Avx512: Vector<T = Self>;
    #[cfg(target_arch = "x86_64")]
    type Avx2: Vector<T = Self>;
    type Baseline: Vector<T = Self>;

    /// `LANES` and `PANEL` of the vectors of an instruction set.
    fn lanes(set: InstructionSet) -> (usize, usize) {
        #[cfg(target_arch = "x86_64")]
        match set {
            InstructionSet::Avx512 => return (Self::Avx512::LANES, Self::Avx512::PANEL),
            InstructionSet::Avx2 => return (Self::Avx2::LANES, Self::Avx2::PANEL),
            InstructionSet::Baseline => {}
        }
        let _ = set;
        (Self::Baseline::LANES, Self::Baseline::PANEL)
    }
}

impl Vectorised for f32 {
    #[cfg(target_arch = "x86_64")]
    type Avx512 = x86::F32x16;
    #[cfg(target_arch = "x86_64")]
    type Avx2 = x86::F32x8;
    type Baseline = Plain<f32>;
}
impl Vectorised for f64 {
    #[cfg(target_arch = "x86_64")]
    type Avx512 = x86::F64x8;
    #[cfg(target_arch = "x86_64")]
    type Avx2 = x86::F64x4;
    type Baseline = Plain<f64>;
}

/// Defines `fn name<T>(set, …)` that runs `body::<V>(…)` with the vectors of `T` in the
/// instruction set `set`. `body` and what it calls must be `#[inline(always)]`.
macro_rules! for_widest_vector {
    ($(#[$meta:meta])* unsafe fn $name:ident<T>($($arg:ident: $Ty:ty),* $(,)?) = $body:ident) => {
        $(#[$meta])*
        unsafe fn $name<T: $crate::kernels::vector::Vectorised>(
            set: $crate::isa::InstructionSet,
            $($arg: $Ty),*
        ) {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx2,fma")]
                unsafe fn avx512<T: $crate::kernels::vector::Vectorised>($($arg: $Ty),*) {
                    // SAFETY: the caller's promise is passed on.
                    unsafe { $body::<T::Avx512>($($arg),*) }
                }
                #[target_feature(enable = "avx2,fma")]
                unsafe fn avx2<T: $crate::kernels::vector::Vectorised>($($arg: $Ty),*) {
                    // SAFETY: as above.
                    unsafe { $body::<T::Avx2>($($arg),*) }
                }
                match set {
                    // SAFETY: instruction sets are chosen among those of this processor.
                    $crate::isa::InstructionSet::Avx512 => {
                        return unsafe { avx512::<T>($($arg),*) };
                    }
                    // SAFETY: as above.
                    $crate::isa::InstructionSet::Avx2 => return unsafe { avx2::<T>($($arg),*) },
                    $crate::isa::InstructionSet::Baseline => {}
                }
            }
            let _ = set;
            // SAFETY: the baseline needs nothing; the rest is the caller's promise.
            unsafe { $body::<T::Baseline>($($arg),*) }
        }
    };
}
pub(crate) use for_widest_vector;

/// Four numbers that the compiler puts where it likes.
#[derive(Clone, Copy)]
pub(crate) struct Plain<T>([T; 4]);

macro_rules! plain {
    ($T:ty) => {
        impl Vector for Plain<$T> {
            type T = $T;
            const LANES: usize = 4;
            const PANEL: usize = if cfg!(target_arch = "aarch64") { 4 } else { 2 };

            #[inline(always)]
            unsafe fn splat(x: $T) -> Self {
                Plain([x; 4])
            }
            #[inline(always)]
            unsafe fn load(from: *const $T) -> Self {
                // SAFETY: four elements are valid, by the caller's promise.
                Plain(unsafe { from.cast::<[$T; 4]>().read_unaligned() })
            }
            #[inline(always)]
            unsafe fn store(self, to: *mut $T) {
                // SAFETY: as in `load`.
                unsafe { to.cast::<[$T; 4]>().write_unaligned(self.0) }
            }
            #[inline(always)]
            unsafe fn stream(self, to: *mut $T) {
                // SAFETY: as in `load`.
                unsafe { self.store(to) }
            }
            #[inline(always)]
            unsafe fn fence() {}
            #[inline(always)]
            unsafe fn load_part(from: *const $T, n: usize) -> Self {
                let mut x = [0.0; 4];
                for i in 0..n.min(4) {
                    // SAFETY: `n` elements are valid, by the caller's promise.
                    x[i] = unsafe { *from.add(i) };
                }
                Plain(x)
            }
            #[inline(always)]
            unsafe fn store_part(self, to: *mut $T, n: usize) {
                for i in 0..n.min(4) {
                    // SAFETY: as in `load_part`.
                    unsafe { *to.add(i) = self.0[i] };
                }
            }
            #[inline(always)]
            unsafe fn add(self, y: Self) -> Self {
                Plain(std::array::from_fn(|i| self.0[i] + y.0[i]))
            }
            #[inline(always)]
            unsafe fn sub(self, y: Self) -> Self {
                Plain(std::array::from_fn(|i| self.0[i] - y.0[i]))
            }
            #[inline(always)]
            unsafe fn mul(self, y: Self) -> Self {
                Plain(std::array::from_fn(|i| self.0[i] * y.0[i]))
            }
            #[inline(always)]
            unsafe fn div(self, y: Self) -> Self {
                Plain(std::array::from_fn(|i| self.0[i] / y.0[i]))
            }
            #[inline(always)]
            unsafe fn max(self, y: Self) -> Self {
                Plain(std::array::from_fn(|i| {
                    let (a, b) = (self.0[i], y.0[i]);
                    if b > a || b.is_nan() { b } else { a }
                }))
            }
            #[inline(always)]
            unsafe fn min(self, y: Self) -> Self {
                Plain(std::array::from_fn(|i| {
                    let (a, b) = (self.0[i], y.0[i]);
                    if b < a || b.is_nan() { b } else { a }
                }))
            }
            #[inline(always)]
            unsafe fn mul_add(self, x: Self, y: Self) -> Self {
                // One instruction on aarch64, where it would be a call elsewhere.
                Plain(std::array::from_fn(|i| {
                    if cfg!(target_arch = "aarch64") {
                        self.0[i].mul_add(x.0[i], y.0[i])
                    } else {
                        self.0[i] * x.0[i] + y.0[i]
                    }
                }))
            }
            #[inline(always)]
            unsafe fn neg_mul_add(self, x: Self, y: Self) -> Self {
                // SAFETY: needs nothing.
                unsafe { Plain(std::array::from_fn(|i| -self.0[i])).mul_add(x, y) }
            }
            #[inline(always)]
            unsafe fn transpose(
                from: *const $T,
                from_step: usize,
                rows: usize,
                columns: usize,
                to: *mut $T,
                to_step: usize,
                width: usize,
            ) {
                for c in 0..columns {
                    for r in 0..width {
                        // SAFETY: the positions are those of the definition.
                        unsafe {
                            *to.add(c * to_step + r) =
                                if r < rows { *from.add(r * from_step + c) } else { 0.0 };
                        }
                    }
                }
            }
        }
    };
}
plain!(f32);
plain!(f64);
