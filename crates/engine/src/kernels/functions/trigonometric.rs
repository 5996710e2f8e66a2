//! sin x and cos x.
//!
//! With n = round(2x/π) and r = x − n·π/2: ±sin r or ±cos r, by the last two bits of n. π/2 is
//! taken in parts of 33 bits, so that n·part is exact (Cody & Waite 1980, ch. 8; the parts are
//! those of fdlibm's `e_rem_pio2.c`).

use super::real::{Real, fma, polynomial};
use crate::isa::Simd;
use std::f64::consts::FRAC_2_PI;

/// Largest |x| for which n fits the 20 bits that keep n·part exact. Larger ones are for [`f64::sin`].
pub(crate) const LARGEST: f64 = 1.6e6;

const PART_1: f64 = 1.570_796_326_734_125_6;
const PART_2: f64 = 6.077_100_506_303_966e-11;
const PART_3: f64 = 2.022_266_248_711_166_5e-21;
/// π/2 less the three parts.
const TAIL: f64 = 8.478_427_660_368_9e-32;

/// r as a sum of two numbers, and n + 1.5·2⁵².
#[inline(always)]
fn reduce<S: Simd>(x: f64) -> (f64, f64, f64) {
    let shifted = fma::<S, f64>(x, FRAC_2_PI, f64::ROUNDER);
    let n = shifted - f64::ROUNDER;
    let first = x - n * PART_1;
    let second = n * PART_2;
    let high = first - second;
    // What the subtraction lost, and the rest of π/2.
    let lost = (first - high) - second;
    let low = lost - (n * PART_3 + n * TAIL);
    let r = high + low;
    (r, (high - r) + low, shifted)
}

/// sin(high + low) for |high| ≤ π/4.
#[inline(always)]
fn sine<S: Simd>(high: f64, low: f64) -> f64 {
    let z = high * high;
    let p = polynomial::<S, f64, 6>(
        z,
        &[
            -0.166_666_666_666_666_32,
            0.008_333_333_333_322_296,
            -0.000_198_412_698_297_125_9,
            2.755_731_365_831_707_6e-6,
            -2.505_075_274_939_813_6e-8,
            1.589_647_815_236_453_6e-10,
        ],
    );
    // cos(high)·low, of which the first two terms count.
    let correction = low * fma::<S, f64>(z, -0.5, 1.0);
    high + fma::<S, f64>(high * z, p, correction)
}

/// cos(high + low) for |high| ≤ π/4.
#[inline(always)]
fn cosine<S: Simd>(high: f64, low: f64) -> f64 {
    let z = high * high;
    let p = polynomial::<S, f64, 6>(
        z,
        &[
            0.041_666_666_666_666_6,
            -0.001_388_888_888_887_397_8,
            0.000_024_801_587_289_388_02,
            -2.755_731_432_423_049e-7,
            2.087_571_933_472_033e-9,
            -1.135_943_795_039_524e-11,
        ],
    );
    let half = 0.5 * z;
    let rounded = 1.0 - half;
    // 1 − half loses bits; they are put back.
    let lost = (1.0 - rounded) - half;
    rounded + (lost + fma::<S, f64>(z * z, p, -(high * low)))
}

/// sin(x + quarters·π/2).
#[inline(always)]
fn turned<S: Simd>(x: f64, quarters: u64) -> f64 {
    let (high, low, shifted) = reduce::<S>(x);
    let n = shifted.to_bits().wrapping_add(quarters);
    let (sine, cosine) = (sine::<S>(high, low), cosine::<S>(high, low));
    let y = if n & 1 == 0 { sine } else { cosine };
    f64::from_bits(y.to_bits() ^ ((n & 2) << 62))
}

/// sin x for |x| ≤ [`LARGEST`] and NaN.
#[inline(always)]
pub(crate) fn sin<S: Simd>(x: f64) -> f64 {
    let y = turned::<S>(x, 0);
    // −0 keeps its sign.
    if x == 0.0 { x } else { y }
}

/// cos x for |x| ≤ [`LARGEST`] and NaN.
#[inline(always)]
pub(crate) fn cos<S: Simd>(x: f64) -> f64 {
    turned::<S>(x, 1)
}
