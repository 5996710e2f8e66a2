//! Floating-point numbers of either width, one or a vector of them, as the functions of this
//! folder need them.

use super::{Exponential, Function};
use crate::isa::Simd;
use array::Element;
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
    type Element: Element;
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
}

/// Numbers of which blocks are computed.
pub(crate) trait Blocks: Exponential {
    /// `out[i] = F(x[i])` for i < n ≤ [`BLOCK`]; with `BEFORE`, of `x[i]·s[i] + sign·m[i]`; with
    /// `AFTER`, times `y[i]·z[i]`. Written past the caches, to an aligned place, where `streamed`
    /// and the instruction set has that.
    ///
    /// # Safety
    /// The operands [x, s, m, y, z] that are read must have `n` elements, and the result room for
    /// them. It may be where an operand is, but not otherwise overlap one.
    unsafe fn block<S: Simd, F: Function, const BEFORE: bool, const AFTER: bool>(
        operands: [*const Self::Element; 5],
        sign: Self::Element,
        out: *mut Self::Element,
        n: usize,
        streamed: bool,
    );
}

/// Elements that are computed between two looks at where they come from.
pub(crate) const BLOCK: usize = 64;

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
        }

        impl Blocks for $T {
            #[inline(always)]
            unsafe fn block<S: Simd, F: Function, const BEFORE: bool, const AFTER: bool>(
                [x, s, m, y, z]: [*const $T; 5],
                sign: $T,
                out: *mut $T,
                n: usize,
                _: bool,
            ) {
                // Through memory of its own, of which the compiler knows that nothing else is
                // there.
                let mut result = [0.0; BLOCK];
                // SAFETY: the caller's promise; `i < n`.
                let at = |i: usize| unsafe {
                    let mut a = [*x.add(i); 5];
                    if BEFORE {
                        (a[1], a[2]) = (*s.add(i), *m.add(i));
                    }
                    if AFTER {
                        (a[3], a[4]) = (*y.add(i), *z.add(i));
                    }
                    chain::<S, $T, F, BEFORE, AFTER>(a, sign)
                };
                if n == BLOCK {
                    for (i, r) in result.iter_mut().enumerate() {
                        *r = at(i);
                    }
                } else {
                    for (i, r) in result[..n].iter_mut().enumerate() {
                        *r = at(i);
                    }
                }
                // SAFETY: the caller's promise.
                unsafe { std::ptr::copy_nonoverlapping(result.as_ptr(), out, n) };
            }
        }
    };
}
real!(f32, 23, 0xffff_f000);
real!(f64, 52, 0xffff_ffff_f800_0000);

/// F(x), or of `x·s + sign·m`, or times `y·z` (see [`Real::block`]), rounded as one operation after
/// another: the product with a sign is exact.
#[inline(always)]
pub(super) fn chain<S: Simd, T: Exponential, F: Function, const BEFORE: bool, const AFTER: bool>(
    [x, s, m, y, z]: [T; 5],
    sign: T,
) -> T {
    let u = if BEFORE { fma::<S, T>(m, sign, x * s) } else { x };
    let v = F::at::<S, T>(u);
    if AFTER { v * y * z } else { v }
}

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

/// Four numbers or vectors side by side. A processor sees some two hundred instructions ahead,
/// which of formulas one after another is too few to keep it busy: each waits for the one before.
#[derive(Clone, Copy)]
pub(crate) struct Four<V>(pub(crate) [V; 4]);

/// Applies a method to each of four, written out: what is called in a closure is compiled for no
/// instruction set.
macro_rules! four {
    ($method:ident($($x:expr),*)) => {
        Four([
            V::$method($($x.0[0]),*),
            V::$method($($x.0[1]),*),
            V::$method($($x.0[2]),*),
            V::$method($($x.0[3]),*),
        ])
    };
}

macro_rules! operators_of_four {
    ($($Trait:ident::$method:ident($($y:ident)?);)*) => { $(
        impl<V: Real> $Trait for Four<V> {
            type Output = Four<V>;
            #[inline(always)]
            fn $method(self $(, $y: Four<V>)?) -> Four<V> {
                four!($method(self $(, $y)?))
            }
        }
    )* };
}
operators_of_four! {
    Add::add(y);
    Sub::sub(y);
    Mul::mul(y);
    Div::div(y);
    Neg::neg();
}

impl<V: Real> Real for Four<V> {
    type Element = V::Element;
    const ROUNDER: f64 = V::ROUNDER;
    #[inline(always)]
    fn literal(x: f64) -> Four<V> {
        Four([V::literal(x); 4])
    }
    #[inline(always)]
    fn fused(self, b: Four<V>, c: Four<V>) -> Four<V> {
        four!(fused(self, b, c))
    }
    #[inline(always)]
    fn magnitude(self) -> Four<V> {
        four!(magnitude(self))
    }
    #[inline(always)]
    fn signed_as(self, other: Four<V>) -> Four<V> {
        four!(signed_as(self, other))
    }
    #[inline(always)]
    fn if_less(self, other: Four<V>, yes: Four<V>, no: Four<V>) -> Four<V> {
        four!(if_less(self, other, yes, no))
    }
    #[inline(always)]
    fn at_most(self, limit: Four<V>) -> Four<V> {
        four!(at_most(self, limit))
    }
    #[inline(always)]
    fn at_least(self, limit: Four<V>) -> Four<V> {
        four!(at_least(self, limit))
    }
    #[inline(always)]
    fn upper(self) -> Four<V> {
        four!(upper(self))
    }
    #[inline(always)]
    fn power_of_two(self) -> Four<V> {
        four!(power_of_two(self))
    }
    #[inline(always)]
    fn scale<S: Simd>(self, n: Four<V>) -> Four<V> {
        Four([
            self.0[0].scale::<S>(n.0[0]),
            self.0[1].scale::<S>(n.0[1]),
            self.0[2].scale::<S>(n.0[2]),
            self.0[3].scale::<S>(n.0[3]),
        ])
    }
}
