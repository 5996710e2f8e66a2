//! The digamma function.

use crate::series::{BERNOULLI, chebyshev, cotangent_pi};
use std::f64::consts::PI;

/// The digamma function, `ψ(x) = d/dx log Γ(x)`.
///
/// `ψ(+0) = −∞`, `ψ(−0) = +∞`, and the further poles −1, −2, … and −∞ give NaN, as in SciPy. For
/// `x > 0` the relative error is at most 4.5e-16, next to the root `x₀ = 1.4616…` too. For `x < 0`
/// the error is at most 1.1e-15 times the larger of `|ψ(x)|` and 1.
///
/// Three formulae cover the axis (DLMF 5.5.2, 5.5.4, 5.11.2): the recurrence
/// `ψ(x + 1) = ψ(x) + 1/x` leads to `[1, 2]`, the asymptotic series serves `x ≥ 10`, and the
/// reflection `ψ(x) = ψ(1 − x) − π cot(πx)` the negative axis.
///
/// ```
/// const EULER: f64 = 0.577_215_664_901_532_9;
/// assert!((special::digamma(1.0) + EULER).abs() < 1e-16);
/// assert!((special::digamma(2.0) - (1.0 - EULER)).abs() < 1e-16);
/// ```
pub fn digamma(x: f64) -> f64 {
    if x == 0.0 {
        return -f64::INFINITY.copysign(x);
    }
    if x < 0.0 {
        // Beyond 2⁵³ every number is an integer, so infinity is caught here as well.
        return if x == x.round() { f64::NAN } else { digamma(1.0 - x) - PI * cotangent_pi(x) };
    }
    if x >= SMALLEST_ASYMPTOTIC {
        return asymptotic(x);
    }
    if x < 1.0 {
        return around_root(x + 1.0) - 1.0 / x;
    }
    // Largest terms last would be more accurate still; with at most eight of them it hardly shows.
    let (mut argument, mut sum) = (x, 0.0);
    while argument > 2.0 {
        argument -= 1.0;
        sum += 1.0 / argument;
    }
    sum + around_root(argument)
}

/// From here on eight terms of the asymptotic series suffice: the ninth is below 4e-18.
const SMALLEST_ASYMPTOTIC: f64 = 10.0;

/// `log x − 1/(2x) − Σⱼ B₂ⱼ/(2j x²ʲ)`, DLMF 5.11.2.
fn asymptotic(x: f64) -> f64 {
    // In this form infinity stays infinity and the square cannot overflow.
    let inverse = 1.0 / x;
    let inverse_square = inverse * inverse;
    let tail = (1..=8)
        .rev()
        .fold(0.0, |sum, j| inverse_square * (sum + BERNOULLI[j - 1] / (2 * j) as f64));
    x.ln() - (0.5 * inverse + tail)
}

/// ψ on `[1, 2]`, as `(x − x₀) g(x)` with a Chebyshev series for the smooth factor `g`, so that the
/// relative accuracy survives next to the root.
fn around_root(x: f64) -> f64 {
    ((x - ROOT_HIGH) - ROOT_LOW) * chebyshev(2.0 * x - 3.0, &QUOTIENT)
}

/// The positive root of ψ, `x₀ = ROOT_HIGH + ROOT_LOW` to 32 digits; OEIS A030169, computed by
/// `oracles/special.py --digamma`.
const ROOT_HIGH: f64 = 1.461_632_144_968_362_2;
const ROOT_LOW: f64 = 9.549_995_429_965_697e-17;

/// Chebyshev coefficients of `g(x) = ψ(x)/(x − x₀)` on `[1, 2]`; the first is already halved. The
/// nearest singularity is the pole at 0, so they fall by `3 + √8` each, and the first one left out
/// is 2e-18. Computed with 60 digits by `oracles/special.py --digamma`.
const QUOTIENT: [f64; 23] = [
    0.983570260441567,
    -0.2270640863346444,
    0.03336889902393011,
    -0.005320077271596548,
    0.0008788656937820505,
    -0.00014773492650606044,
    2.5060543468359146e-05,
    -4.2721034029993324e-06,
    7.302769272465923e-07,
    -1.2502886813559594e-07,
    2.1425009322359472e-08,
    -3.673295918565179e-09,
    6.299717236108931e-10,
    -1.080593028883266e-10,
    1.853735192053638e-11,
    -3.18023536582553e-12,
    5.456147570322795e-13,
    -9.360993131036438e-14,
    1.606064636295075e-14,
    -2.7555431377438815e-15,
    4.727736178601912e-16,
    -8.11148420346509e-17,
    1.391707769474154e-17,
];
