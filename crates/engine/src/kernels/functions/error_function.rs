//! erf x and 1 − erf x.

use super::exponential::{Exponential, gaussian};
use super::real::{fma, polynomial};
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
fn erf_near_zero<S: Simd, T: Exponential>(x: T) -> T {
    let p = polynomial::<S, T, 12>(
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
fn erfc_positive<S: Simd, T: Exponential>(x: T) -> T {
    /// From here on the result is 0.
    const ZERO: f64 = 27.3;
    const K: f64 = 4.0;
    let x = x.at_most(T::literal(ZERO));
    let p = polynomial::<S, T, 23>(
        (x - T::literal(K)) / (x + T::literal(K)),
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
    let factor = fma::<S, T>(x, T::literal(2.0), T::literal(1.0));
    gaussian::<S, T>(x) * p / factor
}

/// erf x in double precision.
#[inline(always)]
pub(crate) fn erf_f64<S: Simd, T: Exponential>(x: T) -> T {
    let (one, size) = (T::literal(1.0), x.magnitude());
    let far = (one - erfc_positive::<S, T>(size)).signed_as(x);
    // NaN comes out of either.
    size.if_less(one, erf_near_zero::<S, T>(x), far)
}

/// 1 − erf x in double precision.
#[inline(always)]
pub(crate) fn erfc_f64<S: Simd, T: Exponential>(x: T) -> T {
    let size = x.magnitude();
    let far = erfc_positive::<S, T>(size);
    let y = x.if_less(T::literal(0.0), T::literal(2.0) - far, far);
    size.if_less(T::literal(0.25), T::literal(1.0) - erf_near_zero::<S, T>(x), y)
}

/// 1 − erf x in single precision: for x ≥ 0 it is e^(−x²)·t·p(1 − 2kt) with t = 1/(x + k); then
/// 1 − 2kt = (x − k)/(x + k) as in [`erfc_positive`], with an error of 2.1e-8 of p
/// (`oracles/polynomials.py`).
#[inline(always)]
pub(crate) fn erfc_f32<S: Simd, T: Exponential>(x: T) -> T {
    /// From here on the result is 0.
    const ZERO: f64 = 10.1;
    const K: f64 = 2.7;
    let size = x.magnitude().at_most(T::literal(ZERO));
    let t = T::literal(1.0) / (size + T::literal(K));
    let p = polynomial::<S, T, 9>(
        fma::<S, T>(t, T::literal(-2.0 * K), T::literal(1.0)),
        &[
            1.063_120_305_257,
            -0.839_828_481_197_1,
            0.512_813_086_483_6,
            -0.227_924_599_927_3,
            0.061_555_824_309_17,
            -0.001_212_101_030_369,
            -0.005_963_537_165_44,
            0.001_135_943_844_411,
            0.000_645_026_730_345_4,
        ],
    );
    let far = gaussian::<S, T>(size) * t * p;
    x.if_less(T::literal(0.0), T::literal(2.0) - far, far)
}
