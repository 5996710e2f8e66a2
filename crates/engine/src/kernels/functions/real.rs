//! Floating-point numbers of either width, one or a vector of them, as the functions of this
//! folder need them.

use super::Function;
use crate::isa::Simd;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// `f32`, `f64`, or a vector of them: arithmetic, choices, and access to the bits, all without
/// branches.
pub(crate) trait Real:
    Copy
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    /// The number, or those of the vector.
    type Element;
    /// 1.5·2^p, where p is the number of bits of the fraction. Adding it rounds to an integer.
    const ROUNDER: f64;
    /// A literal.
    fn literal(x: f64) -> Self;
    /// `self·b + c`, rounded once.
    fn fused(self, b: Self, c: Self) -> Self;
    /// |self|.
    fn magnitude(self) -> Self;
    /// |self| with the sign of `other`.
    fn signed_as(self, other: Self) -> Self;
    /// `yes` where self < other, else (and for NaN) `no`.
    fn if_less(self, other: Self, yes: Self, no: Self) -> Self;
    /// `limit` where self > limit, else (and for NaN) self.
    fn at_most(self, limit: Self) -> Self;
    /// `limit` where self < limit, else (and for NaN) self.
    fn at_least(self, limit: Self) -> Self;
    /// Self without the lower half of the bits of its fraction.
    fn upper(self) -> Self;
    /// 2ⁿ, where `self` is [`Real::ROUNDER`] + n: then n stands in the lowest bits.
    fn power_of_two(self) -> Self;
    /// 2ⁿ·self for an integer n that is at most a little out of the range of exponents, rounded
    /// once.
    fn scale<S: Simd>(self, n: Self) -> Self;
    /// `out[i] = F(x[i])`.
    fn map<S: Simd, F: Function>(x: &[Self::Element], out: &mut [Self::Element]);
}

macro_rules! real {
    ($T:ty, $fraction:expr, $upper:expr) => {
        impl Real for $T {
            type Element = $T;
            const ROUNDER: f64 = 1.5 * (1_u64 << $fraction) as f64;
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
            fn if_less(self, other: $T, yes: $T, no: $T) -> $T {
                if self < other { yes } else { no }
            }
            #[inline(always)]
            fn at_most(self, limit: $T) -> $T {
                if self > limit { limit } else { self }
            }
            #[inline(always)]
            fn at_least(self, limit: $T) -> $T {
                if self < limit { limit } else { self }
            }
            #[inline(always)]
            fn upper(self) -> $T {
                <$T>::from_bits(self.to_bits() & $upper)
            }
            #[inline(always)]
            fn power_of_two(self) -> $T {
                const ONE: $T = 1.0;
                <$T>::from_bits((self.to_bits() << $fraction).wrapping_add(ONE.to_bits()))
            }
            /// In two halves, so that neither overflows before the result does, and subnormal
            /// results are rounded once.
            #[inline(always)]
            fn scale<S: Simd>(self, n: $T) -> $T {
                let rounder = <$T>::literal(<$T>::ROUNDER);
                let half = fma::<S, $T>(n, 0.5, rounder);
                let rest = (n - (half - rounder)) + rounder;
                self * half.power_of_two() * rest.power_of_two()
            }
            #[inline(always)]
            fn map<S: Simd, F: Function>(x: &[$T], out: &mut [$T]) {
                super::each(x, out, F::at::<S, $T>);
            }
        }
    };
}
real!(f32, 23, 0xffff_f000);
real!(f64, 52, 0xffff_ffff_f800_0000);

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
