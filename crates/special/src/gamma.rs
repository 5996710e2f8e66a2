//! The logarithm of the gamma function.

/// The logarithm of the absolute value of the gamma function, `log |Γ(x)|`, where
/// `Γ(x) = ∫₀^∞ t^(x−1) e^(−t) dt` for `x > 0` and `Γ(x + 1) = x Γ(x)` continues it.
///
/// The poles 0, −1, −2, … and both infinities give `+∞`. For `x > 0` the relative error is at most
/// 2.5e-16, near the zeros at 1 and 2 too. For `x < 0` the absolute error is at most
/// 4.5e-16 times the larger of `|log |Γ(x)||` and 1, so digits are lost next to the zeros
/// (−2.457…, −2.747…, −3.143…, two beyond each further pole).
///
/// Source: DLMF §5.2; the algorithm is that of FreeBSD's msun, in the `libm` crate.
///
/// ```
/// assert!((special::lgamma(0.5) - std::f64::consts::PI.sqrt().ln()).abs() < 1e-15);
/// assert_eq!(special::lgamma(-3.0), f64::INFINITY);
/// ```
pub fn lgamma(x: f64) -> f64 {
    libm::lgamma(x)
}
