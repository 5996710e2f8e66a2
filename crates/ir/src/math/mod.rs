//! Programs as mathematics: formulas in Unicode text and LaTeX, and derivations rule by rule.
//!
//! There is one truth about derivatives: the `jvp` rules of the primitives. This module does not
//! differentiate; it runs those rules on the graph, equation by equation for the steps of a
//! derivation and as a whole for its results, and writes down what they made. What it adds is
//! school algebra: `0·x`, `1·x`, like terms, common factors, so that the results are readable. The
//! tidied programs can be run ([`tidied`]), and tests compare them with the untidied ones, and read
//! the texts back.
//!
//! Two conventions of results: `[P]` is 1 where P holds and else 0, and such a 0 wins over an
//! infinite factor; and where a rule distinguishes a case that is an equation between analytic
//! functions (the exponent 0 of a power, a tie of two maxima), the other case is written, which
//! holds almost everywhere.
//!
//! ```
//! use ir::math::explain;
//! let e = explain("tanh(x*w)^2", "w", 2).unwrap();
//! assert_eq!(e.result(1), Some("2·x·tanh(x·w)·(1 − tanh²(x·w))"));
//! assert_eq!(e.result(2), Some("2·x²·(1 − tanh²(x·w))·(1 − 3·tanh²(x·w))"));
//! ```

mod algebra;
mod derivation;
mod emit;
mod error;
mod explanation;
mod expression;
mod formula;
mod functions;
mod notation;
mod number;
mod read;
mod rule;
mod steps;
mod term;
mod token;
mod write;
mod write_arrays;

pub use derivation::{HIGHEST_ORDER, derivation, derivation_named, explain};
pub use error::MathError;
pub use explanation::{Chain, Explanation, Order, Partial, Step};
pub use expression::{Expression, ExpressionError};
pub use notation::Style;

use crate::program::Program;
use formula::{PROGRAM, Setting, free_letter, input_names, write_all};
use std::collections::HashMap;
use term::Terms;

/// The program as formulas in Unicode text: what is used more than once has a name, everything
/// else stands where it is used. Inputs are `x`, or `x₁`, `x₂`, …; outputs `f`, or `f₁`, `f₂`, ….
///
/// Repetition along new axes and conversion between kinds of floats are left out, as notation
/// for arrays does. A product of matrices is written side by side, an element by element product
/// of arrays with ⊙.
///
/// ```
/// let p = ir::parse("program(%0: f64[2,3], %1: f64[3]) {
///     %2 = dot_general(contract: ([1], [0]), batch: ([], [])) %0 %1
///     %3 = tanh %2
///     %4 = mul %3 %3
///     %5 = reduce(op: sum, axes: [0]) %4
///     return %5
/// }").unwrap();
/// assert_eq!(
///     ir::math::unicode(&p),
///     "u₁ = tanh(x₁ x₂)\nf = Σ(u₁ ⊙ u₁)"
/// );
/// ```
pub fn unicode(program: &Program) -> String {
    let lines = formulas(program, &[], Style::Unicode);
    let lines: Vec<String> =
        lines.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    lines.join("\n")
}

/// The program as formulas in LaTeX, an `aligned` block for math mode where there are several; see
/// [`unicode`].
///
/// ```
/// let e = ir::math::Expression::parse("tanh(x*w)^2/sqrt(x)").unwrap();
/// assert_eq!(
///     ir::math::latex(e.program()),
///     r"f = \frac{\tanh(x_{1}\,x_{2})^{2}}{\sqrt{x_{1}}}"
/// );
/// ```
pub fn latex(program: &Program) -> String {
    aligned(&formulas(program, &[], Style::Latex))
}

/// The program's formulas, each a name and what it stands for, with names for the inputs (empty or
/// missing ones have defaults). The last are the outputs.
pub fn formulas(program: &Program, names: &[&str], style: Style) -> Vec<(String, String)> {
    let inputs = input_names(names, program.input_types().len());
    let mut terms = Terms::new();
    let ids = terms.read(program);
    let roots: Vec<_> = program.outputs().iter().map(|v| ids[v.index()]).collect();
    let setting = Setting {
        style,
        inputs: inputs.iter().map(|n| notation::variable(n, style)).collect(),
        named: HashMap::new(),
        naming: PROGRAM,
        letter: &free_letter("utvs", &inputs),
    };
    let (mut lines, values) = write_all(&terms, &roots, setting);
    lines.extend(output_names(&inputs, values.len(), style).into_iter().zip(values));
    lines
}

/// What the outputs are called.
fn output_names(inputs: &[String], count: usize, style: Style) -> Vec<String> {
    let letter = notation::variable(&free_letter("fghF", inputs), style);
    let name = |i: usize| format!("{letter}{}", notation::lowered(i + 1, style));
    if count == 1 { vec![letter.clone()] } else { (0..count).map(name).collect() }
}

/// Equations below each other in LaTeX.
fn aligned(lines: &[(String, String)]) -> String {
    match lines {
        [(name, value)] => format!("{name} = {value}"),
        _ => {
            let lines: Vec<String> = lines.iter().map(|(n, v)| format!("{n} &= {v}")).collect();
            format!("\\begin{{aligned}}\n{}\n\\end{{aligned}}", lines.join(" \\\\\n"))
        }
    }
}

/// The program with the algebra of this module applied, as it is written in results: for people
/// and tests, not for running (the identities hold where both sides are defined, and rounding
/// differs).
///
/// # Errors
/// When an operation refuses its operands, which those of a valid program do not.
pub fn tidied(program: &Program) -> Result<Program, MathError> {
    let mut terms = Terms::new();
    let ids = terms.read_tidied(program);
    let roots: Vec<_> = program.outputs().iter().map(|v| ids[v.index()]).collect();
    Ok(terms.emit(program.input_types(), &roots)?)
}
