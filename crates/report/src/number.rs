//! Numbers as people read them: few digits, a true minus sign, powers of ten as powers of ten.

/// `value` to `digits` significant digits, trailing zeros kept; very large and very small
/// magnitudes as a mantissa and a power of ten.
///
/// ```
/// use report::number::significant;
/// assert_eq!(significant(0.97312, 3), "0.973");
/// assert_eq!(significant(-12.0, 3), "−12.0");
/// assert_eq!(significant(6.02214e23, 3), "6.02×10²³");
/// assert_eq!(significant(f64::NAN, 3), "NaN");
/// ```
pub fn significant(value: f64, digits: usize) -> String {
    let digits = digits.clamp(1, 17);
    if let Some(word) = not_finite(value) {
        return word.to_string();
    }
    if value == 0.0 {
        return "0".to_string();
    }
    let exponent = exponent_when_rounded(value, digits);
    if !(-4..6).contains(&exponent) {
        return scientific(value, digits - 1);
    }
    fixed(value, (digits as i32 - 1 - exponent).max(0) as usize)
}

/// `value` with `decimals` digits after the point; whole parts of five digits and more are
/// grouped by thin spaces.
///
/// ```
/// use report::number::fixed;
/// assert_eq!(fixed(1.005, 1), "1.0");
/// assert_eq!(fixed(-0.04, 1), "0.0");
/// assert_eq!(fixed(-61706.0, 0), "−61\u{202f}706");
/// ```
pub fn fixed(value: f64, decimals: usize) -> String {
    if let Some(word) = not_finite(value) {
        return word.to_string();
    }
    let plain = format!("{:.*}", decimals.min(30), value.abs());
    // −0.0 and what rounds to it are zero.
    let negative = value < 0.0 && plain.bytes().any(|b| b.is_ascii_digit() && b != b'0');
    let (whole, fraction) = plain.split_at(plain.find('.').unwrap_or(plain.len()));
    let mut text = String::from(if negative { "−" } else { "" });
    text.push_str(&grouped(whole));
    text.push_str(fraction);
    text
}

/// `value` as a mantissa with `decimals` digits after the point, times a power of ten.
///
/// ```
/// use report::number::scientific;
/// assert_eq!(scientific(0.00025, 1), "2.5×10⁻⁴");
/// ```
pub fn scientific(value: f64, decimals: usize) -> String {
    if let Some(word) = not_finite(value) {
        return word.to_string();
    }
    let plain = format!("{:.*e}", decimals.min(16), value);
    let (mantissa, exponent) = plain.split_once('e').unwrap_or((&plain, "0"));
    format!("{}×10{}", mantissa.replace('-', "−"), superscript(exponent.parse().unwrap_or(0)))
}

/// A value with its standard error: the error to two significant digits, the value to as many
/// decimals.
///
/// ```
/// use report::number::with_error;
/// assert_eq!(with_error(0.97312, 0.00418), "0.9731 ± 0.0042");
/// assert_eq!(with_error(1234.5, 67.0), "1234 ± 67");
/// assert_eq!(with_error(6.022e23, 1.4e20), "(6.0220 ± 0.0014)×10²³");
/// ```
pub fn with_error(value: f64, error: f64) -> String {
    if !value.is_finite() || !error.is_finite() {
        return format!("{} ± {}", significant(value, 4), significant(error, 2));
    }
    let error = error.abs();
    if error == 0.0 {
        return format!("{} ± 0", significant(value, 4));
    }
    let largest = exponent_when_rounded(value.abs().max(error), 2);
    let decimals = |scale: i32| (1 - exponent_when_rounded(error, 2) + scale).clamp(0, 12) as usize;
    if (-4..6).contains(&largest) {
        let decimals = decimals(0);
        return format!("{} ± {}", fixed(value, decimals), fixed(error, decimals));
    }
    let decimals = decimals(largest);
    // Through text, because 10^308 is in range when 10^-308 of it is not.
    let shifted = |x: f64| shift(x, -largest);
    format!(
        "({} ± {})×10{}",
        fixed(shifted(value), decimals),
        fixed(shifted(error), decimals),
        superscript(largest)
    )
}

/// `value` with as many of `digits` significant digits as it needs: trailing zeros dropped.
pub(crate) fn short(value: f64, digits: usize) -> String {
    let text = significant(value, digits);
    let (mantissa, power) = text.split_at(text.find('×').unwrap_or(text.len()));
    if !mantissa.contains('.') {
        return text;
    }
    format!("{}{power}", mantissa.trim_end_matches('0').trim_end_matches('.'))
}

/// `value · 10^by`, in steps that neither overflow nor underflow on the way.
pub(crate) fn shift(value: f64, by: i32) -> f64 {
    let first = by / 2;
    value * 10f64.powi(first) * 10f64.powi(by - first)
}

/// An exponent in superscript digits.
pub(crate) fn superscript(exponent: i32) -> String {
    exponent
        .to_string()
        .chars()
        .map(|c| match c {
            '-' => '⁻',
            '1' => '¹',
            '2' => '²',
            '3' => '³',
            '0' | '4'..='9' => char::from_u32('⁰' as u32 + (c as u32 - '0' as u32)).unwrap_or(c),
            _ => c,
        })
        .collect()
}

/// The decimal exponent of `value` after rounding to `digits` digits: 0.9996 to three is 1.00.
pub(crate) fn exponent_when_rounded(value: f64, digits: usize) -> i32 {
    let text = format!("{:.*e}", digits.saturating_sub(1), value);
    text.split_once('e').and_then(|(_, exponent)| exponent.parse().ok()).unwrap_or(0)
}

fn not_finite(value: f64) -> Option<&'static str> {
    if value.is_nan() {
        Some("NaN")
    } else if value == f64::INFINITY {
        Some("∞")
    } else if value == f64::NEG_INFINITY {
        Some("−∞")
    } else {
        None
    }
}

fn grouped(digits: &str) -> String {
    if digits.len() < 5 {
        return digits.to_string();
    }
    let mut text = String::with_capacity(digits.len() * 2);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_may_carry_into_the_next_power() {
        assert_eq!(significant(0.99996, 3), "1.00");
        assert_eq!(significant(999_999.6, 3), "1.00×10⁶");
        assert_eq!(short(0.5, 3), "0.5");
        assert_eq!(short(1e7, 3), "1×10⁷");
        assert_eq!(short(120.0, 3), "120");
    }

    #[test]
    fn the_ends_of_the_range_are_text_too() {
        for value in [f64::MAX, f64::MIN, f64::MIN_POSITIVE, 5e-324, -0.0, 0.0] {
            for text in [significant(value, 3), fixed(value, 2), with_error(value, value)] {
                assert!(!text.contains("NaN") && !text.contains('∞'), "{value:e}: {text}");
            }
        }
        assert_eq!(superscript(-1067), "⁻¹⁰⁶⁷");
        assert_eq!(fixed(-0.0, 2), "0.00");
    }

    #[test]
    fn errors_larger_than_the_value() {
        assert_eq!(with_error(0.01, 2.0), "0.0 ± 2.0");
        assert_eq!(with_error(f64::NAN, 2.0), "NaN ± 2.0");
        assert_eq!(with_error(0.5, 0.0), "0.5000 ± 0");
    }
}
