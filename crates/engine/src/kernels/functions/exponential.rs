//! eˣ and what follows from it.
//!
//! With n = round(x/ln 2) and r = x − n·ln 2, |r| ≤ ln 2/2: eˣ = 2ⁿ·(1 + r·q(r)), where q is the
//! polynomial that is nearest to (eʳ−1)/r (`oracles/polynomials.py`). ln 2 is taken in two parts
//! (Cody & Waite, *Software Manual for the Elementary Functions*, 1980, ch. 6).

use super::real::{Four, Real, fma, polynomial};
use crate::isa::Simd;
use std::f64::consts::{LN_2, LOG2_E};

/// What differs between the precisions.
pub(crate) trait Exponential: Real {
    /// Above it eˣ overflows; below it eˣ is 0.
    const RANGE: (f64, f64);
    /// Above it eˣ − 1 is eˣ; tanh x is 1 above half of it.
    const ONE_VANISHES: f64;
    /// ln 2 = high + low; n·high is exact.
    const LN_2: (f64, f64);
    /// q(r).
    fn q<S: Simd>(r: Self) -> Self;
}

impl Exponential for f32 {
    const RANGE: (f64, f64) = (-104.0, 88.8);
    const ONE_VANISHES: f64 = 20.0;
    /// The first 15 bits of ln 2, and the rest.
    const LN_2: (f64, f64) = (0.693_145_751_953_125, LN_2 - 0.693_145_751_953_125);
    /// Error 1.1e-8.
    #[inline(always)]
    fn q<S: Simd>(r: f32) -> f32 {
        q_f32::<S, f32>(r)
    }
}

/// q(r) in single precision.
#[inline(always)]
pub(super) fn q_f32<S: Simd, T: Real>(r: T) -> T {
    polynomial::<S, T, 6>(
        r,
        &[
            1.000_000_010_633_876,
            0.499_999_981_194_072,
            0.166_665_061_584_680_18,
            0.041_667_137_823_936_93,
            0.008_369_075_458_035_065,
            0.001_388_877_747_469_44,
        ],
    )
}

impl Exponential for f64 {
    const RANGE: (f64, f64) = (-745.2, 709.9);
    const ONE_VANISHES: f64 = 40.0;
    /// The first 32 bits of ln 2, and the rest.
    const LN_2: (f64, f64) = (0.693_147_180_369_123_8, 1.908_214_929_270_587_7e-10);
    /// Error 2.4e-19.
    #[inline(always)]
    fn q<S: Simd>(r: f64) -> f64 {
        q_f64::<S, f64>(r)
    }
}

/// q(r) in double precision.
#[inline(always)]
pub(super) fn q_f64<S: Simd, T: Real>(r: T) -> T {
    polynomial::<S, T, 12>(
        r,
        &[
            1.0,
            0.5,
            0.166_666_666_666_666_8,
            0.041_666_666_666_666_49,
            0.008_333_333_333_319_69,
            0.001_388_888_888_896_529,
            0.000_198_412_698_898_439_6,
            0.000_024_801_587_172_237_29,
            2.755_724_110_846_520_4e-6,
            2.755_740_007_375_473_8e-7,
            2.510_997_551_410_693e-8,
            2.087_670_466_018_664_7e-9,
        ],
    )
}

/// The coefficients of q are multiplied out step by step for all four.
impl<V: Exponential> Exponential for Four<V> {
    const RANGE: (f64, f64) = V::RANGE;
    const ONE_VANISHES: f64 = V::ONE_VANISHES;
    const LN_2: (f64, f64) = V::LN_2;
    #[inline(always)]
    fn q<S: Simd>(r: Four<V>) -> Four<V> {
        if size_of::<V::Element>() == 4 { q_f32::<S, Four<V>>(r) } else { q_f64::<S, Four<V>>(r) }
    }
}

/// n + 1.5·2^p (see [`Real::ROUNDER`]), n, and r.
#[inline(always)]
fn split<S: Simd, T: Exponential>(x: T) -> (T, T, T) {
    let rounder = T::literal(T::ROUNDER);
    let shifted = fma::<S, T>(x, T::literal(LOG2_E), rounder);
    let n = shifted - rounder;
    let r = fma::<S, T>(n, T::literal(-T::LN_2.0), x);
    let r = fma::<S, T>(n, T::literal(-T::LN_2.1), r);
    (shifted, n, r)
}

#[inline(always)]
fn clamp<T: Real>(x: T, (low, high): (f64, f64)) -> T {
    x.at_least(T::literal(low)).at_most(T::literal(high))
}

/// eˣ.
#[inline(always)]
pub(crate) fn exp<S: Simd, T: Exponential>(x: T) -> T {
    let (_, n, r) = split::<S, T>(clamp(x, T::RANGE));
    fma::<S, T>(r, T::q::<S>(r), T::literal(1.0)).scale::<S>(n)
}

/// e^(−x²) for an x with x² a little beyond [`Exponential::RANGE`] at most. Of a rounded square the
/// exponential would magnify the error x²-fold; here −x² − n·ln 2 is rounded as a whole.
#[inline(always)]
pub(crate) fn gaussian<S: Simd, T: Exponential>(x: T) -> T {
    let rounder = T::literal(T::ROUNDER);
    let square = x * x;
    let n = fma::<S, T>(square, T::literal(-LOG2_E), rounder) - rounder;
    let multiple = n * T::literal(-T::LN_2.0);
    let r = if S::FMA {
        x.fused(-x, multiple)
    } else {
        // x² = square + rest, through the upper half of x's bits.
        let (high, two) = (x.upper(), T::literal(2.0));
        let low = x - high;
        let rest = ((high * high - square) + two * high * low) + low * low;
        (multiple - square) - rest
    };
    let r = fma::<S, T>(n, T::literal(-T::LN_2.1), r);
    fma::<S, T>(r, T::q::<S>(r), T::literal(1.0)).scale::<S>(n)
}

/// eˣ − 1 = 2ⁿ(eʳ − 1) + (2ⁿ − 1).
#[inline(always)]
pub(crate) fn expm1<S: Simd, T: Exponential>(x: T) -> T {
    let (zero, large) = (T::literal(0.0), T::literal(T::ONE_VANISHES));
    let near = small_expm1::<S, T>(x);
    // −0 keeps its sign.
    let near = zero.if_less(x.magnitude(), near, x);
    large.if_less(x, exp::<S, T>(x), near)
}

/// eˣ − 1 for x up to [`Exponential::ONE_VANISHES`].
#[inline(always)]
fn small_expm1<S: Simd, T: Exponential>(x: T) -> T {
    let (shifted, _, r) = split::<S, T>(clamp(x, (-T::ONE_VANISHES, T::ONE_VANISHES)));
    let power = shifted.power_of_two();
    fma::<S, T>(power, r * T::q::<S>(r), power - T::literal(1.0))
}

/// tanh x = t/(t + 2) with t = e²ˣ − 1.
#[inline(always)]
pub(crate) fn tanh<S: Simd, T: Exponential>(x: T) -> T {
    let t = small_expm1::<S, T>(x.magnitude() + x.magnitude());
    (t / (t + T::literal(2.0))).signed_as(x)
}

/// 1/(1 + e⁻ˣ), by e^(−|x|) on both sides.
#[inline(always)]
pub(crate) fn logistic<S: Simd, T: Exponential>(x: T) -> T {
    let e = exp::<S, T>(-x.magnitude());
    let upper = T::literal(1.0) / (T::literal(1.0) + e);
    x.if_less(T::literal(0.0), e * upper, upper)
}
