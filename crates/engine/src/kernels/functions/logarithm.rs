//! log x and log(1 + x).
//!
//! With x = 2ᵉ·(1 + f), √½ ≤ 1 + f < √2: log x = e·ln 2 + log(1 + f).

use super::real::{Real, fma, polynomial};
use crate::isa::Simd;
use std::f64::consts::LN_2;

/// What differs between the precisions.
pub(crate) trait Logarithm: Real + PartialOrd {
    /// e and f of a finite x > 0.
    fn split(x: Self) -> (Self, Self);
    /// log(1 + f) + e·ln 2.
    fn join<S: Simd>(e: Self, f: Self) -> Self;
}

impl Logarithm for f32 {
    #[inline(always)]
    fn split(x: f32) -> (f32, f32) {
        const SQRT_HALF: i32 = 0x3f35_04f3;
        let subnormal = x < f32::MIN_POSITIVE;
        let bits = (if subnormal { x * (1 << 23) as f32 } else { x }).to_bits().cast_signed();
        let e = bits.wrapping_sub(SQRT_HALF) >> 23;
        let f = f32::from_bits(bits.wrapping_sub(e << 23).cast_unsigned()) - 1.0;
        (e as f32 - if subnormal { 23.0 } else { 0.0 }, f)
    }

    /// log(1 + f) = f − f²/2 + f³·p(f); error of p's share 7.5e-10 (`oracles/polynomials.py`).
    #[inline(always)]
    fn join<S: Simd>(e: f32, f: f32) -> f32 {
        /// 15 bits of ln 2, so that e·HIGH is exact.
        const HIGH: f32 = 0.693_145_75;
        let p = polynomial::<S, f32, 9>(
            f,
            &[
                0.333_333_124_621_830_8,
                -0.250_000_090_375_949_64,
                0.200_021_257_812_973_6,
                -0.166_680_256_086_250_68,
                0.142_194_548_270_245_86,
                -0.124_050_878_882_814_51,
                0.118_883_190_815_022_05,
                -0.116_783_510_154_102_09,
                0.067_494_308_281_634_63,
            ],
        );
        let square = f * f;
        let small = fma::<S, f32>(square * f, p, e * (LN_2 - f64::from(HIGH)) as f32);
        let small = fma::<S, f32>(square, -0.5, small);
        fma::<S, f32>(e, HIGH, f + small)
    }
}

impl Logarithm for f64 {
    #[inline(always)]
    fn split(x: f64) -> (f64, f64) {
        const SQRT_HALF: u64 = 0x3fe6_a09e_667f_3bcd;
        const BIAS: u64 = 1023;
        let subnormal = x < f64::MIN_POSITIVE;
        let bits = (if subnormal { x * (1_u64 << 52) as f64 } else { x }).to_bits();
        // e + 1023, which is not negative; as a number through the fraction of 2^52.
        let biased = bits.wrapping_sub(SQRT_HALF).wrapping_add(BIAS << 52) >> 52;
        let f = f64::from_bits(bits.wrapping_sub(biased << 52).wrapping_add(BIAS << 52)) - 1.0;
        let two_52 = (1_u64 << 52) as f64;
        let e = f64::from_bits(biased | two_52.to_bits()) - (two_52 + BIAS as f64);
        (e - if subnormal { 52.0 } else { 0.0 }, f)
    }

    /// With s = f/(2 + f): log(1 + f) = 2 artanh s = f − s·(f − R(s²)·s²…), written so that the
    /// large part f is exact, as in fdlibm's `e_log.c` (Sun Microsystems, 1993). Error of the
    /// polynomial 1.3e-18 (`oracles/polynomials.py`).
    #[inline(always)]
    fn join<S: Simd>(e: f64, f: f64) -> f64 {
        const HIGH: f64 = 0.693_147_180_369_123_8; // 32 bits
        const LOW: f64 = 1.908_214_929_270_587_7e-10;
        let s = f / (2.0 + f);
        let z = s * s;
        let p = z * polynomial::<S, f64, 7>(
            z,
            &[
                0.666_666_666_666_673_5,
                0.399_999_999_994_121_7,
                0.285_714_287_429_441_5,
                0.222_221_985_152_468_05,
                0.181_835_674_059_763_1,
                0.153_139_696_394_060_55,
                0.147_967_894_690_742_34,
            ],
        );
        let half_square = 0.5 * f * f;
        let small = fma::<S, f64>(s, half_square + p, e * LOW);
        fma::<S, f64>(e, HIGH, f - (half_square - small))
    }
}

/// log x: −∞ at ±0, NaN below.
#[inline(always)]
pub(crate) fn log<S: Simd, T: Logarithm>(x: T) -> T {
    let zero = T::literal(0.0);
    let (e, f) = T::split(x);
    let y = T::join::<S>(e, f);
    let y = if x < T::literal(f64::INFINITY) { y } else { x };
    let y = if x == zero { T::literal(f64::NEG_INFINITY) } else { y };
    if x >= zero { y } else { T::literal(f64::NAN) }
}

/// log(1 + x) = log u + (x − (u − 1))/u, where u is 1 + x rounded (Kahan; see Higham, *Accuracy
/// and Stability of Numerical Algorithms*, 2nd ed., §1.14.1 and problem 1.5).
#[inline(always)]
pub(crate) fn log1p<S: Simd, T: Logarithm>(x: T) -> T {
    let one = T::literal(1.0);
    let u = one + x;
    let y = log::<S, T>(u);
    let lost = if x > one { one - (u - x) } else { x - (u - one) };
    let y = if u < T::literal(f64::INFINITY) { y + lost / u } else { y };
    let y = if x == T::literal(-1.0) { T::literal(f64::NEG_INFINITY) } else { y };
    if x == T::literal(0.0) { x } else { y }
}
