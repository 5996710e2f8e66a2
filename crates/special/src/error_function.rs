//! The error function, its complement and its inverse.

use crate::series::polynomial;

/// The error function, `erf x = 2/√π ∫₀ˣ e^(−t²) dt`.
///
/// Relative error at most 2.3e-16. Source: DLMF §7.2; the algorithm is that of FreeBSD's msun, in
/// the `libm` crate.
///
/// ```
/// assert_eq!(special::erf(f64::INFINITY), 1.0);
/// assert_eq!(special::erf(-0.5), -special::erf(0.5));
/// ```
pub fn erf(x: f64) -> f64 {
    libm::erf(x)
}

/// The complementary error function, `erfc x = 1 − erf x = 2/√π ∫ₓ^∞ e^(−t²) dt`.
///
/// Keeps its relative accuracy where `1 − erf x` would have none: at most 3.0e-16 until the result
/// is subnormal (`x > 26.5`). Source: as for [`erf`].
///
/// ```
/// assert_eq!(special::erfc(0.0), 1.0);
/// assert!(special::erfc(20.0) > 0.0 && special::erf(20.0) == 1.0);
/// ```
pub fn erfc(x: f64) -> f64 {
    libm::erfc(x)
}

/// The inverse error function: `erf(erf_inv x) = x` for `−1 ≤ x ≤ 1`.
///
/// `erf_inv(±1) = ±∞`; outside `[−1, 1]` it is NaN. Relative error at most 2.5e-16.
///
/// The start is the normal quantile `Φ⁻¹((1 + x)/2)/√2` by the rational functions of PPND16, whose
/// own error is about 1e-16 plus the rounding of a dozen operations; one step of Halley's method
/// removes the latter. M. J. Wichura, *Algorithm AS 241: The percentage points of the normal
/// distribution*, Applied Statistics 37 (1988) 477–484.
///
/// ```
/// assert_eq!(special::erf_inv(1.0), f64::INFINITY);
/// assert!((special::erf(special::erf_inv(0.3)) - 0.3).abs() < 1e-16);
/// ```
pub fn erf_inv(x: f64) -> f64 {
    let magnitude = x.abs();
    if magnitude >= 1.0 || x.is_nan() {
        return if magnitude == 1.0 { x * f64::INFINITY } else { f64::NAN };
    }
    let start = normal_quantile(magnitude) / std::f64::consts::SQRT_2;
    // Halley's step for f(y) = erf y − |x|: with f″/f′ = −2y it is u/(1 + y·u), where u = f/f′.
    // In the tail the residual is taken between the complements, whose difference is not lost to
    // the rounding of numbers near one; 1 − |x| is exact there.
    let residual =
        if magnitude < 0.5 { erf(start) - magnitude } else { (1.0 - magnitude) - erfc(start) };
    let u = residual / (std::f64::consts::FRAC_2_SQRT_PI * (-start * start).exp());
    (start - u / (1.0 + start * u)).copysign(x)
}

/// `Φ⁻¹((1 + x)/2)` for `0 ≤ x < 1`, where Φ is the distribution function of the standard normal:
/// PPND16 of Algorithm AS 241, written in `x = 2p − 1`, which loses nothing near the median.
fn normal_quantile(x: f64) -> f64 {
    let q = 0.5 * x;
    if q <= 0.425 {
        let r = 0.180625 - q * q;
        return q * polynomial(r, &CENTRE_NUMERATOR) / polynomial(r, &CENTRE_DENOMINATOR);
    }
    let r = (-(0.5 * (1.0 - x)).ln()).sqrt();
    if r <= 5.0 {
        let r = r - 1.6;
        polynomial(r, &TAIL_NUMERATOR) / polynomial(r, &TAIL_DENOMINATOR)
    } else {
        let r = r - 5.0;
        polynomial(r, &FAR_TAIL_NUMERATOR) / polynomial(r, &FAR_TAIL_DENOMINATOR)
    }
}

// The coefficients of PPND16 of Wichura (1988), rounded to double, constant term first; his arrays
// a, b (|q| ≤ 0.425), c, d (r ≤ 5) and e, f (r > 5), where b₀ = d₀ = f₀ = 1.
const CENTRE_NUMERATOR: [f64; 8] = [
    3.387_132_872_796_366_6,
    1.331_416_678_917_843_8e2,
    1.971_590_950_306_551_3e3,
    1.373_169_376_550_946e4,
    4.592_195_393_154_987e4,
    6.726_577_092_700_87e4,
    3.343_057_558_358_813e4,
    2.509_080_928_730_122_7e3,
];
const CENTRE_DENOMINATOR: [f64; 8] = [
    1.0,
    4.231_333_070_160_091e1,
    6.871_870_074_920_579e2,
    5.394_196_021_424_751e3,
    2.121_379_430_158_659_7e4,
    3.930_789_580_009_271e4,
    2.872_908_573_572_194_3e4,
    5.226_495_278_852_854e3,
];
const TAIL_NUMERATOR: [f64; 8] = [
    1.423_437_110_749_683_5,
    4.630_337_846_156_546,
    5.769_497_221_460_691,
    3.647_848_324_763_204_5,
    1.270_458_252_452_368_4,
    2.417_807_251_774_506e-1,
    2.272_384_498_926_918_4e-2,
    7.745_450_142_783_414e-4,
];
const TAIL_DENOMINATOR: [f64; 8] = [
    1.0,
    2.053_191_626_637_759,
    1.676_384_830_183_803_8,
    6.897_673_349_851e-1,
    1.481_039_764_274_800_8e-1,
    1.519_866_656_361_645_7e-2,
    5.475_938_084_995_345e-4,
    1.050_750_071_644_416_9e-9,
];
const FAR_TAIL_NUMERATOR: [f64; 8] = [
    6.657_904_643_501_103,
    5.463_784_911_164_114,
    1.784_826_539_917_291_3,
    2.965_605_718_285_048_7e-1,
    2.653_218_952_657_612_4e-2,
    1.242_660_947_388_078_4e-3,
    2.711_555_568_743_487_6e-5,
    2.010_334_399_292_288_1e-7,
];
const FAR_TAIL_DENOMINATOR: [f64; 8] = [
    1.0,
    5.998_322_065_558_88e-1,
    1.369_298_809_227_358e-1,
    1.487_536_129_085_061_5e-2,
    7.868_691_311_456_133e-4,
    1.846_318_317_510_054_8e-5,
    1.421_511_758_316_446e-7,
    2.044_263_103_389_939_8e-15,
];
