//! Derivations: the steps of a function, and its derivatives order by order.

use super::error::MathError;
use super::explanation::{Explanation, Order};
use super::expression::Expression;
use super::formula::{PROGRAM, RESULT, Setting, free_letter, input_names, write_all};
use super::notation::{Style, lowered, raised, variable};
use super::rule;
use super::steps::steps;
use super::term::{Id, Terms};
use crate::program::{Builder, Program};
use array::Type;
use std::collections::HashMap;

/// The highest order of derivatives that is explained.
pub const HIGHEST_ORDER: usize = 6;
/// Functions with more operations are not explained step by step.
const MOST_STEPS: usize = 400;
/// Derivatives with more different parts are not written: nobody reads them.
const LARGEST: usize = 250;

/// Explains the derivatives of an expression with respect to one of its variables, up to an order.
///
/// The expression becomes a program of scalars; the steps are its equations, their derivatives what
/// the rules of its primitives give, and the results what forward mode makes of the program (each
/// order of the tidied order before it).
///
/// ```
/// let e = ir::math::explain("tanh(x*w)^2", "w", 1).unwrap();
/// assert_eq!(e.to_string(), "\
/// f = tanh(x·w)²
///
///   1. u₁ = x·w        ∂u₁/∂w = x          product rule
///   2. u₂ = tanh(u₁)   ∂u₂/∂u₁ = 1 − u₂²   table: tanh′(u) = 1 − tanh²(u)
///   3. f  = u₂²        ∂f/∂u₂ = 2·u₂       power rule
///
///   ∂f/∂w = ∂f/∂u₂·∂u₂/∂u₁·∂u₁/∂w   (chain rule)
///         = 2·u₂·(1 − u₂²)·x
///
/// ∂f/∂w = 2·x·tanh(x·w)·(1 − tanh²(x·w))
/// ");
/// ```
///
/// # Errors
/// A text that is not an expression, a variable that it does not have, an order above
/// [`HIGHEST_ORDER`]. Orders that grow too large to read are left out, and the explanation says
/// so.
pub fn explain(expression: &str, wrt: &str, order: usize) -> Result<Explanation, MathError> {
    let expression = Expression::parse(expression)?;
    let variables = expression.variables();
    let Some(wrt) = variables.iter().position(|v| v == wrt.trim()) else {
        let (name, variables) = (wrt.trim().to_string(), variables.to_vec());
        return Err(MathError::UnknownVariable { name, variables });
    };
    let names: Vec<&str> = variables.iter().map(String::as_str).collect();
    derivation_named(expression.program(), &names, wrt, order)
}

/// The derivation of any program with respect to input `wrt`, up to an order; see
/// [`derivation_named`].
///
/// # Errors
/// As [`derivation_named`].
pub fn derivation(program: &Program, wrt: usize, order: usize) -> Result<Explanation, MathError> {
    derivation_named(program, &[], wrt, order)
}

/// The derivation of any program with respect to input `wrt`, up to an order, with names for the
/// inputs.
///
/// Where the input is a scalar, the derivatives are with respect to it. Where it is an array, they
/// are taken along a direction `dx`: order n is the n-th derivative of `f(x + t·dx)` by `t` at
/// 0.
///
/// ```
/// let p = ir::parse("program(%w: f64[2,3], %x: f64[3]) {
///     %a = dot_general(contract: ([1], [0]), batch: ([], [])) %w %x
///     %y = tanh %a
///     return %y
/// }").unwrap();
/// let e = ir::math::derivation_named(&p, &["w", "x"], 0, 1).unwrap();
/// assert_eq!(e.function, "f = tanh(w x)");
/// assert_eq!(e.result(1), Some("(dw x) ⊙ (1 − tanh²(w x))"));
/// ```
///
/// # Errors
/// When the program does not have the input or it is not of floats, when it has too many
/// operations, and when one of them has no derivative.
pub fn derivation_named(
    program: &Program,
    names: &[&str],
    wrt: usize,
    order: usize,
) -> Result<Explanation, MathError> {
    if order > HIGHEST_ORDER {
        return Err(MathError::Order(order));
    }
    let count = program.input_types().len();
    let Some(ty) = program.input_types().get(wrt) else {
        return Err(MathError::Input(format!("there is no input {wrt}; the program has {count}")));
    };
    if !ty.dtype.is_float() {
        let message = format!("input {wrt} is {ty}; derivatives are with respect to floats");
        return Err(MathError::Input(message));
    }
    let size = program.equations().len();
    if size > MOST_STEPS {
        return Err(MathError::TooLarge { size, limit: MOST_STEPS });
    }
    let (derivatives, too_large) = derivatives(program, wrt, order)?;
    let mut inputs = input_names(names, count);
    let scalar = ty.rank() == 0;
    if !scalar {
        inputs.push(format!("d{}", inputs[wrt]));
    }
    let unicode = Writing::new(program, &inputs, wrt, scalar, Style::Unicode);
    let mut explanation = unicode.explanation(&derivatives, too_large)?;
    let latex = Writing::new(program, &inputs, wrt, scalar, Style::Latex);
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = latex.explanation(&derivatives, too_large)?.write(&mut text, Style::Latex);
    explanation.latex = text;
    Ok(explanation)
}

/// One order: its tidied terms, the outputs among them, and the program that they make.
struct Derivative {
    terms: Terms,
    outputs: Vec<Id>,
    program: Program,
}

/// The tidied derivatives from order 1 on, each by the rules from the one before, up to the first
/// that is too large: its order and its number of different parts.
#[allow(clippy::type_complexity)]
fn derivatives(
    program: &Program,
    wrt: usize,
    order: usize,
) -> Result<(Vec<Derivative>, Option<(usize, usize)>), MathError> {
    let mut types: Vec<Type> = program.input_types().to_vec();
    let direction = (types[wrt].rank() > 0).then(|| {
        types.push(types[wrt].clone());
        types.len() - 1
    });
    // The function itself with the direction as an input that it does not read.
    let mut current = float_outputs(program, types)?;
    let mut all = vec![];
    for order in 1..=order {
        let raw = rule::of_program(&current, wrt, direction)?;
        let mut terms = Terms::new();
        let ids = terms.read_tidied(&raw);
        let outputs: Vec<Id> = raw.outputs().iter().map(|v| ids[v.index()]).collect();
        let size = terms.reachable(&outputs).len();
        if size > LARGEST {
            return Ok((all, Some((order, size))));
        }
        current = terms.emit(raw.input_types(), &outputs)?;
        all.push(Derivative { terms, outputs, program: current.clone() });
    }
    Ok((all, None))
}

/// The program with these inputs, of which its own are the first, and its float outputs.
fn float_outputs(program: &Program, inputs: Vec<Type>) -> Result<Program, MathError> {
    let own = program.input_types().len();
    let added = (inputs.len() - own) as u32;
    let renamed = |v: crate::program::Var| {
        if v.index() < own { v } else { crate::program::Var(v.0 + added) }
    };
    let mut builder = Builder::new(inputs);
    for eq in program.equations() {
        let x: Vec<_> = eq.inputs.iter().map(|&v| renamed(v)).collect();
        builder.push(eq.prim.clone(), &x, eq.at)?;
    }
    let outputs: Vec<_> =
        program.outputs().iter().copied().filter(|&v| program.ty(v).dtype.is_float()).collect();
    if outputs.is_empty() {
        let message = "the program has no outputs of floats, which alone have derivatives";
        return Err(MathError::Input(message.to_string()));
    }
    Ok(builder.finish(outputs.into_iter().map(renamed).collect()))
}

/// What a derivation is written with.
pub(super) struct Writing<'a> {
    pub(super) program: &'a Program,
    /// The inputs as given, with the direction as the last where there is one.
    pub(super) inputs: &'a [String],
    pub(super) wrt: usize,
    /// Whether the variable is a scalar, so that derivatives are with respect to it.
    pub(super) scalar: bool,
    pub(super) style: Style,
    /// What the outputs are called.
    pub(super) outputs: Vec<String>,
    /// The letter of the steps.
    pub(super) letter: String,
}

impl<'a> Writing<'a> {
    fn new(
        program: &'a Program,
        inputs: &'a [String],
        wrt: usize,
        scalar: bool,
        style: Style,
    ) -> Writing<'a> {
        let floats = program.outputs().iter().filter(|&&v| program.ty(v).dtype.is_float()).count();
        let outputs = super::output_names(inputs, floats, style);
        let letter = variable(&free_letter("uvtsz", inputs), style);
        Writing { program, inputs, wrt, scalar, style, outputs, letter }
    }

    pub(super) fn input(&self, i: usize) -> String {
        if i == self.own_inputs() {
            return format!("d{}", self.input(self.wrt)); // the direction
        }
        variable(&self.inputs[i], self.style)
    }

    pub(super) fn styled_inputs(&self) -> Vec<String> {
        (0..self.inputs.len()).map(|i| self.input(i)).collect()
    }

    pub(super) fn step_name(&self, i: usize) -> String {
        format!("{}{}", self.letter, lowered(i + 1, self.style))
    }

    /// The inputs without the direction.
    fn own_inputs(&self) -> usize {
        self.inputs.len() - usize::from(!self.scalar)
    }

    /// `∂ⁿf/∂wⁿ`, `dⁿf/dxⁿ` for functions of one variable, or `dⁿf` along a direction.
    pub(super) fn symbol(&self, output: usize, order: usize) -> String {
        let f = &self.outputs[output];
        let power = if order == 1 { String::new() } else { raised(order as i64, self.style) };
        if !self.scalar {
            return format!("d{power}{f}");
        }
        let d = if self.own_inputs() > 1 { self.style.pick("∂", "\\partial ") } else { "d" };
        let x = self.input(self.wrt);
        match self.style {
            Style::Unicode => format!("{d}{power}{f}/{d}{x}{power}"),
            Style::Latex => format!("\\frac{{{d}{power} {f}}}{{{d}{x}{power}}}"),
        }
    }

    fn explanation(
        &self,
        derivatives: &[Derivative],
        too_large: Option<(usize, usize)>,
    ) -> Result<Explanation, MathError> {
        let function = self.function();
        let (steps, chain) = steps(self)?;
        let orders = derivatives.iter().enumerate().map(|(i, d)| self.order(i + 1, d)).collect();
        Ok(Explanation { function, steps, chain, orders, too_large, latex: String::new() })
    }

    /// The function in full, or only its name and inputs where that is too long.
    fn function(&self) -> String {
        let mut terms = Terms::new();
        let ids = terms.read(self.program);
        let floats = self.program.outputs().iter();
        let roots: Vec<Id> = floats
            .filter(|&&v| self.program.ty(v).dtype.is_float())
            .map(|v| ids[v.index()])
            .collect();
        let setting = self.setting();
        let (definitions, values) = write_all(&terms, &roots, setting);
        if definitions.is_empty() {
            let lines = self.outputs.iter().zip(values).map(|(f, v)| format!("{f} = {v}"));
            return lines.collect::<Vec<_>>().join(self.style.pick("\n", " \\\\ "));
        }
        let arguments: Vec<String> = (0..self.own_inputs()).map(|i| self.input(i)).collect();
        let of = format!("({})", arguments.join(", "));
        self.outputs.iter().map(|f| format!("{f}{of}")).collect::<Vec<_>>().join(", ")
    }

    fn setting(&self) -> Setting<'_> {
        let naming = super::formula::Naming { in_full: RESULT.in_full, ..PROGRAM };
        let naming = super::formula::Naming { heavy: RESULT.in_full, ..naming };
        Setting {
            style: self.style,
            inputs: self.styled_inputs(),
            named: HashMap::new(),
            naming,
            letter: "t",
        }
    }

    fn order(&self, order: usize, derivative: &Derivative) -> Order {
        let setting = Setting {
            style: self.style,
            inputs: self.styled_inputs(),
            named: HashMap::new(),
            naming: RESULT,
            letter: &free_letter("tsrzv", self.inputs),
        };
        let (definitions, values) = write_all(&derivative.terms, &derivative.outputs, setting);
        let values = values.into_iter().enumerate();
        let values = values.map(|(o, value)| (self.symbol(o, order), value)).collect();
        Order { order, definitions, values, program: derivative.program.clone() }
    }
}
