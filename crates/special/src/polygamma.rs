//! The polygamma functions.

use crate::digamma;
use crate::series::{BERNOULLI, cotangent_pi};
use std::f64::consts::PI;

/// The polygamma function `ψ⁽ⁿ⁾(x) = dⁿ⁺¹/dxⁿ⁺¹ log Γ(x)`; of order 0, [`digamma`].
///
/// For `n ≥ 1`, `ψ⁽ⁿ⁾(x) = (−1)ⁿ⁺¹ n! Σₖ≥₀ (x + k)⁻⁽ⁿ⁺¹⁾`. The poles 0, −1, −2, … give `+∞` for
/// odd `n` and, as in SciPy, `−∞` for even `n ≥ 2` (the limit from the right); −∞ gives NaN.
///
/// The relative error for `x > 0` is at most 1.0e-15 for `n ≤ 20` (1.5e-15 at `n = 60`). For
/// `x < 0` and `n ≤ 20` it is at most 4.5e-15 for odd `n`; for even `n` that bounds the error over
/// the largest term `n!/dⁿ⁺¹` of the sum, `d` the distance to the nearest pole, as ψ⁽ⁿ⁾ has a zero
/// between any two poles. Results that overflow are infinite.
/// The time grows with `n`, as `n²` for `x < 0`.
///
/// Positive arguments use the Euler–Maclaurin expansion of the sum (F. Johansson, *Rigorous
/// high-precision computation of the Hurwitz zeta function and its derivatives*, Numerical
/// Algorithms 69 (2015) 253–270), negative ones the reflection
/// `ψ⁽ⁿ⁾(x) = (−1)ⁿ ψ⁽ⁿ⁾(1 − x) − π dⁿ/dxⁿ cot(πx)` (DLMF 5.15.6).
///
/// ```
/// use std::f64::consts::PI;
/// assert!((special::polygamma(1, 1.0) - PI * PI / 6.0).abs() < 1e-15);
/// assert!((special::polygamma(1, 0.5) - PI * PI / 2.0).abs() < 1e-14);
/// ```
pub fn polygamma(n: u32, x: f64) -> f64 {
    if n == 0 {
        return digamma(x);
    }
    let sign = if n % 2 == 1 { 1.0 } else { -1.0 };
    if x.is_nan() || x == f64::NEG_INFINITY {
        f64::NAN
    } else if x == f64::INFINITY {
        sign * 0.0
    } else if x > 0.0 {
        sign * absolute(n, x)
    } else if x == x.round() {
        sign * f64::INFINITY
    } else {
        // (−1)ⁿ ψ⁽ⁿ⁾(1 − x) is −|ψ⁽ⁿ⁾(1 − x)| for every n.
        -cotangent_derivative(n, x) - absolute(n, 1.0 - x)
    }
}

/// `|ψ⁽ⁿ⁾(x)| = n! Σₖ≥₀ (x + k)⁻⁽ⁿ⁺¹⁾` for `n ≥ 1` and finite `x > 0`, as
///
/// ```text
/// n! Σ_{k<N} (x + k)⁻⁽ⁿ⁺¹⁾ + (n−1)! a⁻ⁿ (1 + n/(2a) + Σⱼ B₂ⱼ/(2j)! · n(n+1)⋯(n+2j−1) a⁻²ʲ),  a = x + N.
/// ```
///
/// The common factor `(n−1)! x⁻ⁿ` stands in front, so that neither the factorial nor the powers
/// overflow alone.
fn absolute(n: u32, x: f64) -> f64 {
    let order = f64::from(n);
    // With a ≥ n + 9, successive terms of the series over j shrink by ((n + 2j)/(2πa))² < 0.2,
    // and the thirteenth, the first left out, is below 1e-18 for every n.
    let smallest_end = order + 9.0;
    let (mut end, mut sum) = (x, 0.0);
    while end < smallest_end {
        let term = (x / end).powf(order + 1.0);
        if term < 1e-3 * f64::EPSILON {
            // All further terms together are below 12 times this one, and the first was 1; the
            // expansion, which `end` is still too small for, is not needed.
            return factorial_over_power(n, x) * (order / x) * sum;
        }
        sum += term;
        end += 1.0;
    }
    let mut tail = 1.0 + order / (2.0 * end);
    let mut factor = 1.0;
    for (j, bernoulli) in (1..).zip(BERNOULLI) {
        let even = f64::from(2 * j);
        factor *= (order + even - 2.0) / even * (order + even - 1.0) / (even - 1.0) / (end * end);
        tail += bernoulli * factor;
    }
    factorial_over_power(n, x) * (order / x * sum + (x / end).powf(order) * tail)
}

/// `(n − 1)!/xⁿ`.
fn factorial_over_power(n: u32, x: f64) -> f64 {
    let (factorial, power) = ((1..n).map(f64::from).product::<f64>(), x.powf(f64::from(n)));
    if factorial.is_finite() && power.is_normal() {
        factorial / power
    } else {
        // Factor by factor: each partial product lies between 1 and the result, or close to it.
        (1..n).fold(1.0 / x, |product, k| product * (f64::from(k) / x))
    }
}

/// `π dⁿ/dxⁿ cot(πx)` for `x` not an integer.
///
/// With `c = cot(πx)`, `dⁿ/dxⁿ cot(πx) = πⁿ n! pₙ(c)` for the polynomials `p₀ = c`,
/// `pₙ₊₁ = −(1 + c²) pₙ′/(n + 1)`. Their coefficients all have the sign `(−1)ⁿ`, and only every
/// other one is not zero, so that nothing cancels in evaluating them.
fn cotangent_derivative(n: u32, x: f64) -> f64 {
    let mut coefficients = vec![0.0, 1.0];
    for k in 1..=n {
        let mut next = vec![0.0; coefficients.len() + 1];
        for (power, c) in coefficients.iter().enumerate().skip(1) {
            let derivative = -c * power as f64 / f64::from(k);
            next[power - 1] += derivative;
            next[power + 1] += derivative;
        }
        coefficients = next;
    }
    let cotangent = cotangent_pi(x);
    let value = crate::series::polynomial(cotangent, &coefficients);
    // Power and factorial in one product: π · Π (kπ), in which nothing overflows early.
    (1..=n).fold(PI * value, |product, k| product * (PI * f64::from(k)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recurrence_holds_on_both_sides_of_zero() {
        // ψ⁽ⁿ⁾(x + 1) = ψ⁽ⁿ⁾(x) + (−1)ⁿ n!/xⁿ⁺¹, DLMF 5.15.5.
        for n in 1..=10 {
            for x in [-7.3_f64, -0.9, -0.2, 0.1, 0.8, 3.7, 12.2] {
                let factorial: f64 = (1..=n).map(f64::from).product();
                let step = (-1.0_f64).powi(n as i32) * factorial / x.powi(n as i32 + 1);
                let (left, right) = (polygamma(n, x + 1.0), polygamma(n, x) + step);
                let scale = left.abs() + step.abs();
                assert!((left - right).abs() <= 1e-13 * scale, "n = {n}, x = {x}: {left} {right}");
            }
        }
    }

    #[test]
    fn extreme_orders_and_arguments_neither_overflow_early_nor_hang() {
        // 200! and 100²⁰⁰ are both beyond the range of f64; the value is from mpmath.
        let value = polygamma(200, 100.0);
        assert!((value / -9.125_424_691_096_223e-28 - 1.0).abs() < 1e-13, "{value:e}");
        assert_eq!(polygamma(1, 5e-324), f64::INFINITY);
        assert_eq!(polygamma(1, -5e-324), f64::INFINITY);
        assert_eq!(polygamma(2, -5e-324), f64::INFINITY);
        assert_eq!(polygamma(200, 0.5), f64::NEG_INFINITY);
        assert_eq!(polygamma(1, 1e300), 1e-300);
        assert!((polygamma(171, 3.5) / 3.266_438_433_811_045_5e215 - 1.0).abs() < 1e-13);
        assert!(polygamma(3, -1e300).is_infinite(), "every number so large is an integer");
    }
}
