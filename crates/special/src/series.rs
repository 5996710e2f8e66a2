//! Evaluation of polynomials, and the constants that several series share.

/// `Σᵢ coefficients[i] xⁱ`, by Horner's rule; the leading coefficient must not be zero where `x` is
/// infinite.
pub(crate) fn polynomial(x: f64, coefficients: &[f64]) -> f64 {
    // Begun with zero instead of the leading coefficient, the sum would be 0 · ∞ there.
    let (leading, rest) = coefficients.split_last().expect("a polynomial has a coefficient");
    rest.iter().rev().fold(*leading, |sum, c| sum * x + c)
}

/// `c₀ + Σᵢ≥₁ cᵢ Tᵢ(t)` with the Chebyshev polynomials `Tᵢ`, for `−1 ≤ t ≤ 1`, by Clenshaw's
/// recurrence (C. W. Clenshaw, *A note on the summation of Chebyshev series*, 1955).
pub(crate) fn chebyshev(t: f64, coefficients: &[f64]) -> f64 {
    let (mut next, mut after) = (0.0, 0.0);
    for c in coefficients[1..].iter().rev() {
        (next, after) = (c + 2.0 * t * next - after, next);
    }
    coefficients[0] + t * next - after
}

/// The Bernoulli numbers `B₂, B₄, …, B₂₄`; `BERNOULLI[j − 1]` is `B₂ⱼ` (DLMF §24.2(iv)).
pub(crate) const BERNOULLI: [f64; 12] = [
    1.0 / 6.0,
    -1.0 / 30.0,
    1.0 / 42.0,
    -1.0 / 30.0,
    5.0 / 66.0,
    -691.0 / 2730.0,
    7.0 / 6.0,
    -3617.0 / 510.0,
    43867.0 / 798.0,
    -174611.0 / 330.0,
    854513.0 / 138.0,
    -236364091.0 / 2730.0,
];

/// `cot(πx)`, exact in its argument: `x` is first reduced to its distance from the nearest integer,
/// and around half-integers, where the cotangent vanishes, to that distance (both subtractions are
/// exact). `±∞` at integers.
pub(crate) fn cotangent_pi(x: f64) -> f64 {
    use std::f64::consts::PI;
    let fraction = x - x.round();
    if fraction.abs() <= 0.25 {
        1.0 / (PI * fraction).tan()
    } else {
        (PI * (0.5 - fraction.abs())).tan().copysign(fraction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chebyshev_series_agrees_with_the_polynomials_themselves() {
        // T₀ = 1, T₁ = t, T₂ = 2t² − 1, T₃ = 4t³ − 3t.
        let t: f64 = 0.3;
        let expected =
            2.0 + 3.0 * t + 5.0 * (2.0 * t * t - 1.0) + 7.0 * (4.0 * t * t * t - 3.0 * t);
        assert!((chebyshev(t, &[2.0, 3.0, 5.0, 7.0]) - expected).abs() < 1e-14);
    }

    #[test]
    fn cotangent_is_exact_where_it_is_known() {
        assert_eq!(cotangent_pi(0.5), 0.0);
        assert_eq!(cotangent_pi(-1000000.5), 0.0);
        assert!((cotangent_pi(0.25) - 1.0).abs() < 1e-15);
        assert!((cotangent_pi(-0.25) + 1.0).abs() < 1e-15);
        assert!((cotangent_pi(1.0 / 3.0) - 1.0 / 3.0_f64.sqrt()).abs() < 1e-15);
        assert_eq!(cotangent_pi(3.0).abs(), f64::INFINITY);
    }
}
