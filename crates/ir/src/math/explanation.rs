//! A derivation as data, and printed.

use super::notation::Style;
use crate::program::Program;
use std::fmt;

/// A derivation: the function, its elementary steps each with the derivative that its rule gives,
/// the chain rule through them, and the derivatives of each order.
///
/// Texts are Unicode; [`Explanation::latex`] is the same in LaTeX.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The function: `f = tanh(x·w)²`, or `f(x₁, x₂)` where that would be too long.
    pub function: String,
    /// The elementary steps, in the order of evaluation.
    pub steps: Vec<Step>,
    /// The first derivative by the chain rule, where the steps have partial derivatives and the
    /// paths through them are few.
    pub chain: Option<Chain>,
    /// The derivatives from order 1 on, tidied.
    pub orders: Vec<Order>,
    /// The first order that was asked for and is too large to be read, with its number of
    /// different parts.
    pub too_large: Option<(usize, usize)>,
    pub(super) latex: String,
}

/// One elementary step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// What the step's result is called.
    pub name: String,
    /// What it is.
    pub definition: String,
    /// What the operation's rule gives for each operand that depends on the variable, or the
    /// differential for operations that mix elements.
    pub partials: Vec<Partial>,
    /// The rule.
    pub rule: String,
}

/// A derivative of one step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Partial {
    /// `∂u₂/∂u₁`, or `du₂`.
    pub symbol: String,
    /// What the rule gives.
    pub value: String,
}

/// The chain rule from the variable to the function.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Chain {
    /// The derivative that it gives.
    pub symbol: String,
    /// Products of partial derivatives along each path, summed.
    pub products: String,
    /// The same with the partial derivatives put in.
    pub values: String,
}

/// The derivative of one order.
#[derive(Clone, Debug)]
pub struct Order {
    /// The order.
    pub order: usize,
    /// Names for parts that occur more than once, with what they stand for.
    pub definitions: Vec<(String, String)>,
    /// For each output its derivative: the symbol and the formula.
    pub values: Vec<(String, String)>,
    /// The tidied derivative as a program with the function's inputs (and the direction, if the
    /// variable is an array).
    pub program: Program,
}

impl Explanation {
    /// The formula of the derivative of an order, for functions with one output.
    pub fn result(&self, order: usize) -> Option<&str> {
        let found = self.orders.iter().find(|o| o.order == order)?;
        match &found.values[..] {
            [(_, value)] => Some(value),
            _ => None,
        }
    }

    /// The whole derivation in LaTeX: displayed equations, the steps as a table.
    pub fn latex(&self) -> &str {
        &self.latex
    }

    pub(super) fn write(&self, out: &mut dyn fmt::Write, style: Style) -> fmt::Result {
        match style {
            Style::Unicode => self.write_unicode(out),
            Style::Latex => self.write_latex(out),
        }
    }

    fn write_unicode(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        let width = |s: &str| s.chars().count();
        let pad = |s: &str, n: usize| format!("{s}{}", " ".repeat(n.saturating_sub(width(s))));
        writeln!(out, "{}", self.function)?;
        let widest = |texts: &mut dyn Iterator<Item = usize>| texts.max().unwrap_or(0);
        let name = widest(&mut self.steps.iter().map(|s| width(&s.name)));
        let lines: Vec<String> = (self.steps.iter())
            .map(|s| format!("{} = {}", pad(&s.name, name), s.definition))
            .collect();
        // Very long lines do not set the width of their column.
        const COLUMN: usize = 44;
        let shown = |p: &Partial| format!("{} = {}", p.symbol, p.value);
        let partials = || self.steps.iter().flat_map(|s| &s.partials);
        let first = widest(&mut lines.iter().map(|l| width(l)).filter(|w| *w <= COLUMN));
        let second = widest(&mut partials().map(|p| width(&shown(p))).filter(|w| *w <= COLUMN));
        let number = self.steps.len().to_string().len();
        if !self.steps.is_empty() {
            writeln!(out)?;
        }
        for (i, (step, line)) in self.steps.iter().zip(&lines).enumerate() {
            let mut partials = step.partials.iter().map(shown);
            let beside = partials.next().unwrap_or_default();
            let (line, beside) = (pad(line, first), pad(&beside, second));
            let row = format!("  {:>number$}. {line}   {beside}   {}", i + 1, step.rule);
            writeln!(out, "{}", row.trim_end())?;
            for further in partials {
                writeln!(out, "  {}   {further}", " ".repeat(number + 2 + first))?;
            }
        }
        if let Some(chain) = &self.chain {
            writeln!(out, "\n  {} = {}   (chain rule)", chain.symbol, chain.products)?;
            writeln!(out, "  {} = {}", " ".repeat(width(&chain.symbol)), chain.values)?;
        }
        for (i, order) in self.orders.iter().enumerate() {
            if i == 0 {
                writeln!(out)?;
            }
            for (symbol, value) in &order.values {
                writeln!(out, "{symbol} = {value}")?;
            }
            for (i, (name, value)) in order.definitions.iter().enumerate() {
                let with = if i == 0 { "with" } else { "    " };
                writeln!(out, "  {with} {name} = {value}")?;
            }
        }
        if let Some((order, size)) = self.too_large {
            writeln!(
                out,
                "The derivative of order {order} has {size} different parts; it is left out."
            )?;
        }
        Ok(())
    }

    fn write_latex(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        writeln!(out, "\\[ {} \\]", self.function)?;
        if !self.steps.is_empty() {
            writeln!(out, "\\begin{{array}}{{rlll}}")?;
            for (i, step) in self.steps.iter().enumerate() {
                let partials: Vec<String> =
                    step.partials.iter().map(|p| format!("{} = {}", p.symbol, p.value)).collect();
                writeln!(
                    out,
                    "{}. & {} = {} & {} & {} \\\\",
                    i + 1,
                    step.name,
                    step.definition,
                    partials.join(",\\; "),
                    step.rule
                )?;
            }
            writeln!(out, "\\end{{array}}")?;
        }
        let aligned = |out: &mut dyn fmt::Write, lines: &[String]| {
            writeln!(out, "\\begin{{align*}}\n{}\n\\end{{align*}}", lines.join(" \\\\\n"))
        };
        if let Some(chain) = &self.chain {
            let lines =
                [format!("{} &= {}", chain.symbol, chain.products), format!("&= {}", chain.values)];
            aligned(out, &lines)?;
        }
        for order in &self.orders {
            let mut lines: Vec<String> =
                order.values.iter().map(|(s, v)| format!("{s} &= {v}")).collect();
            lines.extend(order.definitions.iter().map(|(n, v)| format!("{n} &= {v}")));
            aligned(out, &lines)?;
        }
        if let Some((order, size)) = self.too_large {
            writeln!(
                out,
                "The derivative of order {order} has {size} different parts; it is left out."
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, Style::Unicode)
    }
}
