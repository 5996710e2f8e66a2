//! How functions, variables and exponents are written, in Unicode text and in LaTeX.

use super::token::{LOWERED, RAISED};
use crate::prim::{Compare, Unary};

/// Which of the two ways of writing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    /// Plain text with Unicode signs: `tanh²(x·w)`.
    Unicode,
    /// LaTeX, for math mode: `\tanh^{2}(x\,w)`.
    Latex,
}

impl Style {
    /// One of two texts.
    pub(super) fn pick<T>(self, unicode: T, latex: T) -> T {
        match self {
            Style::Unicode => unicode,
            Style::Latex => latex,
        }
    }
}

fn digits(n: i64, signs: (char, [char; 10])) -> String {
    let digit = |c: char| c.to_digit(10).map_or(signs.0, |d| signs.1[d as usize]);
    n.to_string().chars().map(digit).collect()
}

/// A raised integer.
pub(super) fn raised(n: i64, style: Style) -> String {
    match style {
        Style::Unicode => digits(n, ('⁻', RAISED)),
        Style::Latex => format!("^{{{n}}}"),
    }
}

/// A lowered index.
pub(super) fn lowered(n: usize, style: Style) -> String {
    match style {
        Style::Unicode => digits(n as i64, ('₋', LOWERED)),
        Style::Latex => format!("_{{{n}}}"),
    }
}

/// The Greek letters by name.
const GREEK: [(&str, &str); 24] = [
    ("alpha", "α"),
    ("beta", "β"),
    ("gamma", "γ"),
    ("delta", "δ"),
    ("epsilon", "ε"),
    ("zeta", "ζ"),
    ("eta", "η"),
    ("theta", "θ"),
    ("iota", "ι"),
    ("kappa", "κ"),
    ("lambda", "λ"),
    ("mu", "μ"),
    ("nu", "ν"),
    ("xi", "ξ"),
    ("omicron", "ο"),
    ("pi", "π"),
    ("rho", "ρ"),
    ("sigma", "σ"),
    ("tau", "τ"),
    ("upsilon", "υ"),
    ("phi", "φ"),
    ("chi", "χ"),
    ("psi", "ψ"),
    ("omega", "ω"),
];

/// A variable's name as it is given.
pub(super) fn variable(name: &str, style: Style) -> String {
    if style == Style::Unicode {
        return name.to_string();
    }
    // x1, x₁ and x_1 are x with an index.
    let plain: String = name
        .chars()
        .map(|c| {
            let lowered = LOWERED.iter().position(|&l| l == c);
            lowered.map_or(c, |d| char::from(b'0' + d as u8))
        })
        .collect();
    let (base, index) = match plain.split_once('_') {
        Some((base, index)) if !base.is_empty() && !index.is_empty() => (base, index),
        _ => {
            let base = plain.trim_end_matches(|c: char| c.is_ascii_digit());
            if base.is_empty() { (plain.as_str(), "") } else { plain.split_at(base.len()) }
        }
    };
    let word = |word: &str| {
        let greek = GREEK.iter().find(|(n, g)| *n == word || *g == word);
        match greek {
            Some((n, _)) => format!("\\{n}"),
            None if word.chars().count() == 1 => word.to_string(),
            None if word.chars().all(|c| c.is_ascii_digit()) => word.to_string(),
            None => format!("\\mathrm{{{}}}", word.replace('_', "\\_")),
        }
    };
    if index.is_empty() { word(base) } else { format!("{}_{{{}}}", word(base), word(index)) }
}

/// How a scalar function of one argument is written.
pub(super) enum Form {
    /// A name before its argument in parentheses.
    Named(&'static str),
    /// The same, with exponents behind the name: tanh²(x).
    Raisable(&'static str),
    /// The argument between two signs.
    Enclosed(&'static str, &'static str),
    /// A root sign in front of the argument.
    Root(&'static str),
    /// The argument with a minus.
    Minus,
    /// The argument after ¬.
    Not,
    /// The name of the table before the argument in parentheses.
    Plain,
}

/// The form of a function in a style; in LaTeX, roots take their argument in braces.
pub(super) fn form(f: Unary, style: Style) -> Form {
    use Form::{Enclosed, Minus, Named, Not, Plain, Raisable, Root};
    let pick = |unicode: &'static str, latex: &'static str| style.pick(unicode, latex);
    match f {
        Unary::Neg => Minus,
        Unary::Not => Not,
        Unary::Abs => Enclosed(pick("|", "\\left|"), pick("|", "\\right|")),
        Unary::Floor => Enclosed(pick("⌊", "\\lfloor "), pick("⌋", "\\rfloor ")),
        Unary::Ceil => Enclosed(pick("⌈", "\\lceil "), pick("⌉", "\\rceil ")),
        Unary::Sqrt => Root(pick("√", "\\sqrt")),
        Unary::Cbrt => Root(pick("∛", "\\sqrt[3]")),
        Unary::Sin => Raisable(pick("sin", "\\sin")),
        Unary::Cos => Raisable(pick("cos", "\\cos")),
        Unary::Tan => Raisable(pick("tan", "\\tan")),
        Unary::Sinh => Raisable(pick("sinh", "\\sinh")),
        Unary::Cosh => Raisable(pick("cosh", "\\cosh")),
        Unary::Tanh => Raisable(pick("tanh", "\\tanh")),
        Unary::Exp => Named(pick("exp", "\\exp")),
        Unary::Log => Named(pick("log", "\\log")),
        Unary::Asin => Named(pick("arcsin", "\\arcsin")),
        Unary::Acos => Named(pick("arccos", "\\arccos")),
        Unary::Atan => Named(pick("arctan", "\\arctan")),
        Unary::Asinh => Named(pick("arsinh", "\\operatorname{arsinh}")),
        Unary::Acosh => Named(pick("arcosh", "\\operatorname{arcosh}")),
        Unary::Atanh => Named(pick("artanh", "\\operatorname{artanh}")),
        Unary::Logistic => Named(pick("σ", "\\sigma")),
        Unary::Erf => Named(pick("erf", "\\operatorname{erf}")),
        Unary::Erfc => Named(pick("erfc", "\\operatorname{erfc}")),
        Unary::ErfInv => Named(pick("erf⁻¹", "\\operatorname{erf}^{-1}")),
        Unary::Lgamma => Named(pick("logΓ", "\\log\\Gamma")),
        Unary::Digamma => Named(pick("ψ", "\\psi")),
        _ => Plain,
    }
}

/// The sign of a comparison.
pub(super) fn relation(c: Compare, style: Style) -> &'static str {
    match c {
        Compare::Eq => "=",
        Compare::Ne => style.pick("≠", "\\neq"),
        Compare::Lt => "<",
        Compare::Le => style.pick("≤", "\\leq"),
        Compare::Gt => ">",
        Compare::Ge => style.pick("≥", "\\geq"),
    }
}

/// The name of a function that has no form of its own.
pub(super) fn operator(name: &str, style: Style) -> String {
    match style {
        Style::Unicode => name.to_string(),
        Style::Latex => format!("\\operatorname{{{}}}", name.replace('_', "\\_")),
    }
}

/// A text between parentheses that grow in LaTeX with what they hold.
pub(super) fn parentheses(inner: &str, style: Style) -> String {
    match style {
        Style::Unicode => format!("({inner})"),
        Style::Latex if inner.contains("\\frac") || inner.contains("\\begin") => {
            format!("\\left({inner}\\right)")
        }
        Style::Latex => format!("({inner})"),
    }
}
