//! erf x and 1 − erf x.

use super::exponential::{Exponential, exp};
use super::real::{Real, fma, polynomial};
use crate::isa::Simd;

/// erf x in single precision: x·P(x²)/Q(x²) up to where it is 1, with an error of 1.9e-8
/// (`oracles/polynomials.py`). All coefficients are positive, so nothing cancels.
#[inline(always)]
pub(crate) fn erf_f32<S: Simd, T: Exponential>(x: T) -> T {
    /// From here on erf is 1 in single precision.
    const ONE: f64 = 3.92;
    let x = x.at_most(T::literal(ONE)).at_least(T::literal(-ONE));
    let z = x * x;
    let p = polynomial::<S, T, 6>(
        z,
        &[
            1.128_379_146_18,
            0.190_400_243_4,
            0.052_747_899_198_9,
            0.003_765_353_122_12,
            0.000_284_877_384_901,
            2.050_140_908_88e-6,
        ],
    );
    let q = polynomial::<S, T, 6>(
        z,
        &[
            1.0,
            0.502_070_564_088,
            0.114_106_539_65,
            0.014_968_683_402_5,
            0.001_162_472_899_31,
            3.809_199_550_55e-5,
        ],
    );
    (x * p / q).at_most(T::literal(1.0)).at_least(T::literal(-1.0))
}

/// erf x for |x| ≤ 1: x·p(x²), error 7e-18.
#[inline(always)]
fn erf_near_zero<S: Simd>(x: f64) -> f64 {
    let p = polynomial::<S, f64, 12>(
        x * x,
        &[
            1.128_379_167_095_512_6,
            -0.376_126_389_031_835_2,
            0.112_837_916_709_441_83,
            -0.026_866_170_643_111_205,
            0.005_223_977_606_116_405,
            -0.000_854_832_592_921_912_7,
            0.000_120_552_935_741_551_88,
            -0.000_014_924_712_251_188_196,
            1.644_713_096_632_916_5e-6,
            -1.620_630_928_336_178e-7,
            1.371_096_167_659_660_7e-8,
            -7.779_434_647_498_16e-10,
        ],
    );
    x * p
}

/// 1 − erf x for x ≥ 0: e^(−x²)/(1 + 2x)·p((x − 4)/(x + 4)), the form of Shepherd & Laframboise
/// (*Math. Comp.* 36, 1981), with an error of 1.2e-17 of p (`oracles/polynomials.py`).
#[inline(always)]
fn erfc_positive<S: Simd>(x: f64) -> f64 {
    /// From here on the result is 0.
    const ZERO: f64 = 27.3;
    let x = if x > ZERO { ZERO } else { x };
    // x² = square + rest, through the upper half of x's bits where there is no fused product.
    let square = x * x;
    let rest = if S::FMA {
        x.mul_add(x, -square)
    } else {
        let high = x.upper();
        let low = x - high;
        ((high * high - square) + 2.0 * high * low) + low * low
    };
    let gauss = exp::<S, f64>(-square);
    let gauss = fma::<S, f64>(gauss, -rest, gauss);
    let p = polynomial::<S, f64, 23>(
        (x - 4.0) / (x + 4.0),
        &[
            1.232_995_118_625_552_5,
            -0.139_621_116_840_562_9,
            0.015_379_652_102_619_779,
            0.068_097_054_254_736_67,
            -0.101_039_066_036_301_98,
            0.093_732_834_996_821_71,
            -0.066_330_365_812_546_87,
            0.037_167_515_561_885_06,
            -0.016_197_734_048_600_623,
            0.005_031_969_763_277_338,
            -0.000_757_773_403_824_365_5,
            -0.000_199_255_559_623_941_94,
            0.000_150_622_467_916_888_75,
            -0.000_024_402_947_435_936_78,
            -0.000_011_225_275_375_201_759,
            5.717_308_992_939_76e-6,
            3.019_476_675_482_494_6e-7,
            -8.342_600_965_919_156e-7,
            6.239_249_630_349_654e-8,
            1.145_771_509_045_515e-7,
            -7.776_410_589_935_241e-9,
            -1.339_172_738_630_682_4e-8,
            -1.719_775_507_116_521_7e-9,
        ],
    );
    gauss * p / (1.0 + 2.0 * x)
}

/// erf x.
#[inline(always)]
pub(crate) fn erf<S: Simd>(x: f64) -> f64 {
    let size = x.abs();
    let far = (1.0 - erfc_positive::<S>(size)).copysign(x);
    // NaN comes out of either.
    if size < 1.0 { erf_near_zero::<S>(x) } else { far }
}

/// 1 − erf x.
#[inline(always)]
pub(crate) fn erfc<S: Simd>(x: f64) -> f64 {
    let far = erfc_positive::<S>(x.abs());
    let y = if x < 0.0 { 2.0 - far } else { far };
    if x.abs() < 0.25 { 1.0 - erf_near_zero::<S>(x) } else { y }
}

/// 1 − erf x in single precision: the form of [`erfc_positive`] about 2, with an error of 1.3e-8
/// of p (`oracles/polynomials.py`) and one division for both quotients.
#[inline(always)]
pub(crate) fn erfc_f32<S: Simd, T: Exponential>(x: T) -> T {
    /// From here on the result is 0.
    const ZERO: f64 = 10.1;
    let (one, two) = (T::literal(1.0), T::literal(2.0));
    let size = x.magnitude().at_most(T::literal(ZERO));
    let square = size * size;
    let rest = if S::FMA {
        size.fused(size, -square)
    } else {
        let high = size.upper();
        let low = size - high;
        ((high * high - square) + two * high * low) + low * low
    };
    let gauss = exp::<S, T>(-square);
    let gauss = fma::<S, T>(gauss, -rest, gauss);
    let (above, below) = (size + two, fma::<S, T>(two, size, one));
    let reciprocal = one / (above * below);
    let p = polynomial::<S, T, 10>(
        (size - two) * below * reciprocal,
        &[
            1.276_978_393_407,
            -0.092_763_981_176_95,
            -0.166_031_421_323_6,
            0.164_055_352_047_1,
            -0.054_204_335_630_01,
            -0.008_059_905_922_469,
            0.008_631_796_111_294,
            0.001_313_609_405_955,
            -0.001_230_039_933_494,
            -0.000_400_668_755_783_2,
        ],
    );
    let far = gauss * p * (above * reciprocal);
    x.if_less(T::literal(0.0), two - far, far)
}
