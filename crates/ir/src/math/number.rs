//! Numbers as people write them: 3, 1/2, 2/√π.

use super::notation::Style;
use array::DType;

/// A number as a fraction of tokens, so that it can join the fraction it stands in front of.
pub(super) struct Ratio {
    /// Whether there is a minus in front.
    pub(super) negative: bool,
    /// Factors above the line; none for 1.
    pub(super) over: Vec<String>,
    /// Factors below the line.
    pub(super) under: Vec<String>,
}

/// Whole numbers up to this are written out.
const LARGEST_WHOLE: f64 = 1e15;
/// The largest denominator of a fraction.
const LARGEST_DENOMINATOR: u32 = 64;
/// The largest numerator of a fraction.
const LARGEST_NUMERATOR: f64 = 1e5;
/// Decimals of at most this many characters are clearer than fractions (except halves, quarters…).
const SHORT_DECIMAL: usize = 6;
/// Two numbers within this part of each other are the same number, rounded differently.
const SAME: f64 = 4.0 * f64::EPSILON;

/// p/q in lowest terms with small p and q.
fn fraction(x: f64) -> Option<(f64, u32)> {
    (1..=LARGEST_DENOMINATOR).find_map(|q| {
        let p = (x * f64::from(q)).round();
        let near = p != 0.0 && (x * f64::from(q) - p).abs() <= SAME * p.abs();
        (near && p.abs() <= LARGEST_NUMERATOR).then_some((p, q))
    })
}

/// The shortest decimal that reads back to the number.
fn decimal(x: f64, dtype: DType, style: Style) -> String {
    let large = x != 0.0 && (x.abs() >= 1e16 || x.abs() < 1e-5);
    let text = match (dtype, large) {
        (DType::F32, false) => format!("{}", x as f32),
        (DType::F32, true) => format!("{:e}", x as f32),
        (_, false) => format!("{x}"),
        (_, true) => format!("{x:e}"),
    };
    match (style, text.split_once('e')) {
        (Style::Latex, Some((digits, exponent))) => format!("{digits} \\cdot 10^{{{exponent}}}"),
        _ => text,
    }
}

/// A number, for standing in front of a product.
pub(super) fn ratio(value: f64, dtype: DType, style: Style) -> Ratio {
    let x = value.abs();
    let negative = value < 0.0;
    let of = |over: Vec<String>, under: Vec<String>| Ratio { negative, over, under };
    let whole = |p: f64| if p == 1.0 { vec![] } else { vec![format!("{p}")] };
    if x.fract() == 0.0 && x <= LARGEST_WHOLE {
        return of(whole(x), vec![]);
    }
    let plain = decimal(x, dtype, style);
    // f32 has too few digits to tell a fraction from its neighbours.
    if dtype == DType::F32 && plain.len() > SHORT_DECIMAL {
        return of(vec![plain], vec![]);
    }
    if let Some((p, q)) = fraction(x)
        && (plain.len() > SHORT_DECIMAL || q.is_power_of_two())
    {
        return of(whole(p), vec![format!("{q}")]);
    }
    if dtype == DType::F32 || plain.len() <= SHORT_DECIMAL {
        return of(vec![plain], vec![]);
    }
    for (constant, unicode, latex) in [
        (std::f64::consts::PI, "π", "\\pi"),
        (std::f64::consts::PI.sqrt(), "√π", "\\sqrt{\\pi}"),
        (std::f64::consts::TAU.sqrt(), "√(2·π)", "\\sqrt{2 \\pi}"),
        (std::f64::consts::SQRT_2, "√2", "\\sqrt{2}"),
        (3_f64.sqrt(), "√3", "\\sqrt{3}"),
        (std::f64::consts::LN_2, "log(2)", "\\log(2)"),
        (std::f64::consts::LN_10, "log(10)", "\\log(10)"),
        (std::f64::consts::E, "e", "e"),
    ] {
        let name = style.pick(unicode, latex).to_string();
        let small = |x: f64| fraction(x).filter(|&(p, q)| p <= 1000.0 && q <= 16);
        let below = |q: u32| if q == 1 { vec![] } else { vec![format!("{q}")] };
        if let Some((p, q)) = small(x / constant) {
            return of([whole(p), vec![name]].concat(), below(q));
        }
        if let Some((p, q)) = small(x * constant) {
            return of(whole(p), [below(q), vec![name]].concat());
        }
    }
    of(vec![plain], vec![])
}
