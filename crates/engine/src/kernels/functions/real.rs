//! Floating-point numbers of either width, as the functions of this folder need them.

use crate::isa::Simd;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// `f32` or `f64`: arithmetic, and access to the bits, all without branches.
pub(crate) trait Real:
    Copy
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    /// A literal.
    fn literal(x: f64) -> Self;
    /// `self·b + c`, rounded once.
    fn fused(self, b: Self, c: Self) -> Self;
    /// |self|.
    fn magnitude(self) -> Self;
    /// |self| with the sign of `other`.
    fn signed_as(self, other: Self) -> Self;
    /// 2ⁿ, where `self` is 1.5·2^p + n with p the number of bits of the fraction: then n stands
    /// in the lowest bits.
    fn power_of_two(self) -> Self;
    /// 1.5·2^p, where p is the number of bits of the fraction. Adding it rounds to an integer.
    const ROUNDER: Self;
}

macro_rules! real {
    ($T:ty, $fraction:expr) => {
        impl Real for $T {
            #[inline(always)]
            fn literal(x: f64) -> $T {
                x as $T
            }
            #[inline(always)]
            fn fused(self, b: $T, c: $T) -> $T {
                self.mul_add(b, c)
            }
            #[inline(always)]
            fn magnitude(self) -> $T {
                self.abs()
            }
            #[inline(always)]
            fn signed_as(self, other: $T) -> $T {
                self.copysign(other)
            }
            #[inline(always)]
            fn power_of_two(self) -> $T {
                const ONE: $T = 1.0;
                <$T>::from_bits((self.to_bits() << $fraction).wrapping_add(ONE.to_bits()))
            }
            const ROUNDER: $T = 1.5 * (1_u64 << $fraction) as $T;
        }
    };
}
real!(f32, 23);
real!(f64, 52);

/// `a·b + c`: rounded once where that is an instruction.
#[inline(always)]
pub(crate) fn fma<S: Simd, T: Real>(a: T, b: T, c: T) -> T {
    if S::FMA { a.fused(b, c) } else { a * b + c }
}

/// Σ cₖ xᵏ by Horner's rule.
#[inline(always)]
pub(crate) fn polynomial<S: Simd, T: Real, const N: usize>(x: T, c: &[f64; N]) -> T {
    let mut sum = T::literal(c[N - 1]);
    for &c in c[..N - 1].iter().rev() {
        sum = fma::<S, T>(sum, x, T::literal(c));
    }
    sum
}
