//! The elementary steps of a program, each with the derivative that its operation's rule gives.

use super::derivation::Writing;
use super::error::MathError;
use super::explanation::{Chain, Partial, Step};
use super::notation::{Form, Style, form};
use super::rule::{Asked, Operand, is_elementwise, of_operation};
use super::term::{Id, Node, Terms};
use super::write::{Level, Writer};
use crate::prim::{Binary, Prim, Reduce, ReduceOp, Unary};
use crate::program::{Equation, Program, Var};
use array::{DType, Type};
use std::collections::HashMap;

/// The chain rule is written out for at most this many paths.
const MOST_PATHS: usize = 4;
/// And for at most this many factors in all.
const MOST_FACTORS: usize = 12;

/// What a step's derivative leads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Source {
    /// The variable itself.
    Variable,
    /// An earlier step.
    Step(usize),
}

/// A derivative of a step: its symbol, its value where it is a factor, and with respect to what.
struct Factor {
    symbol: String,
    value: String,
    is_one: bool,
    source: Source,
}

/// Operations that are not written, so that they are no steps.
fn is_transparent(program: &Program, eq: &Equation) -> bool {
    if let Prim::Convert(_) = &eq.prim {
        let floats = |v: Var| program.ty(v).dtype.is_float();
        return floats(eq.inputs[0]) && floats(eq.first);
    }
    matches!(&eq.prim, Prim::BroadcastInDim(_))
}

/// Operations that are their own derivative.
fn is_linear(prim: &Prim) -> bool {
    matches!(
        prim,
        Prim::Reshape(_)
            | Prim::Transpose(_)
            | Prim::Slice(_)
            | Prim::Pad(_)
            | Prim::Concatenate(_)
            | Prim::Reverse(_)
            | Prim::Reduce(Reduce { op: ReduceOp::Sum, .. })
    )
}

struct Steps<'a> {
    writing: &'a Writing<'a>,
    terms: Terms,
    /// The term of each variable.
    ids: Vec<Id>,
    /// For each variable, the one that it is written as.
    same: Vec<Var>,
    /// Whether each variable depends on any input, and on the one in question.
    varies: Vec<bool>,
    active: Vec<bool>,
    /// The step that makes a variable.
    step_of: HashMap<Var, usize>,
    /// Names of results.
    names: HashMap<Id, String>,
    factors: Vec<Vec<Factor>>,
    /// Whether every active step so far has factors.
    factored: bool,
}

/// The steps, and the chain rule through them.
pub(super) fn steps(writing: &Writing<'_>) -> Result<(Vec<Step>, Option<Chain>), MathError> {
    let program = writing.program;
    let mut terms = Terms::new();
    let ids = terms.read(program);
    let mut steps = Steps {
        writing,
        ids,
        terms,
        same: (0..program.variables() as u32).map(Var).collect(),
        varies: vec![false; program.variables()],
        active: vec![false; program.variables()],
        step_of: HashMap::new(),
        names: HashMap::new(),
        factors: vec![],
        factored: writing.scalar,
    };
    for v in program.inputs() {
        steps.varies[v.index()] = true;
        steps.active[v.index()] = v.index() == writing.wrt;
    }
    let needed = needed(program);
    let mut first_of: HashMap<Id, Var> = HashMap::new();
    for (eq, needed) in program.equations().iter().zip(&needed) {
        let any = |marks: &[bool]| eq.inputs.iter().any(|v| marks[v.index()]);
        let (varies, active) = (any(&steps.varies), any(&steps.active));
        for v in eq.results() {
            steps.varies[v.index()] = varies;
            steps.active[v.index()] = active && program.ty(v).dtype.is_float();
            if is_transparent(program, eq) {
                steps.same[v.index()] = steps.same[eq.inputs[0].index()];
            } else if *needed {
                // What is computed twice is one step.
                let first = *first_of.entry(steps.ids[v.index()]).or_insert(v);
                steps.same[v.index()] = first;
            }
        }
    }
    steps.all(&needed)
}

/// Which equations the float outputs depend on.
fn needed(program: &Program) -> Vec<bool> {
    let mut wanted = vec![false; program.variables()];
    for &v in program.outputs() {
        wanted[v.index()] = program.ty(v).dtype.is_float();
    }
    let mut needed = vec![false; program.equations().len()];
    for (i, eq) in program.equations().iter().enumerate().rev() {
        needed[i] = eq.results().any(|v| wanted[v.index()]);
        if needed[i] {
            eq.inputs.iter().for_each(|v| wanted[v.index()] = true);
        }
    }
    needed
}

impl Steps<'_> {
    fn all(mut self, needed: &[bool]) -> Result<(Vec<Step>, Option<Chain>), MathError> {
        let program = self.writing.program;
        let outputs: Vec<Var> = program
            .outputs()
            .iter()
            .filter(|&&v| program.ty(v).dtype.is_float())
            .map(|v| self.same[v.index()])
            .collect();
        let mut all: Vec<Step> = vec![];
        let mut unnamed = 0;
        for (eq, _) in program.equations().iter().zip(needed).filter(|(_, n)| **n) {
            if is_transparent(program, eq) {
                continue;
            }
            for (output, v) in eq.results().enumerate() {
                // Constants are written where they are used; what was computed before is a step
                // already.
                if !self.varies[v.index()] || self.same[v.index()] != v {
                    continue;
                }
                let name = match outputs.iter().position(|&o| o == v) {
                    Some(o) => self.writing.outputs[o].clone(),
                    None => {
                        unnamed += 1;
                        self.writing.step_name(unnamed - 1)
                    }
                };
                let id = self.ids[v.index()];
                let definition = self.definition(id);
                let (partials, rule) = self.derivative(eq, output, &name)?;
                self.names.insert(id, name.clone());
                self.step_of.insert(v, all.len());
                all.push(Step { name, definition, partials, rule });
            }
        }
        let chain = match outputs[..] {
            [output] if self.factored && self.active[output.index()] => self.chain(output),
            _ => None,
        };
        Ok((all, chain))
    }

    fn writer<'t>(&self, terms: &'t Terms, inputs: Vec<String>) -> Writer<'t> {
        Writer { terms, style: self.writing.style, inputs, names: HashMap::new() }
    }

    fn definition(&self, id: Id) -> String {
        let mut writer = self.writer(&self.terms, self.writing.styled_inputs());
        writer.names = self.names.clone();
        writer.guarded(writer.definition(id), Level::Truth)
    }

    /// How an operand is written.
    fn written(&self, v: Var) -> String {
        let program = self.writing.program;
        let v = self.same[v.index()];
        if v.index() < program.input_types().len() {
            return self.writing.input(v.index());
        }
        let id = self.ids[v.index()];
        self.names.get(&id).cloned().unwrap_or_else(|| self.definition(id))
    }

    /// What the operation's rule gives, and the rule's name.
    fn derivative(
        &mut self,
        eq: &Equation,
        output: usize,
        name: &str,
    ) -> Result<(Vec<Partial>, String), MathError> {
        let program = self.writing.program;
        let style = self.writing.style;
        self.factors.push(vec![]);
        let result = Var(eq.first.0 + output as u32);
        if !self.active[result.index()] {
            let constant = style.pick("constant in ", "\\text{constant in }");
            return Ok((vec![], format!("{constant}{}", self.writing.input(self.writing.wrt))));
        }
        // Operands that are the same variable are one variable of the rule.
        let mut variables: Vec<Var> = vec![];
        let mut operands = vec![];
        for v in &eq.inputs {
            let ty = program.ty(*v);
            if let (Some(x), false) =
                (self.terms.as_number(self.ids[v.index()]), self.active[v.index()])
            {
                operands.push(Operand::Number(x, ty.clone()));
                continue;
            }
            let known = variables
                .iter()
                .position(|w| self.same[w.index()] == self.same[v.index()] && program.ty(*w) == ty);
            let place = known.unwrap_or_else(|| {
                variables.push(*v);
                variables.len() - 1
            });
            operands.push(Operand::Variable(place));
        }
        let types: Vec<Type> = variables.iter().map(|&v| program.ty(v).clone()).collect();
        let active: Vec<bool> = variables.iter().map(|v| self.active[v.index()]).collect();
        let elementwise = is_elementwise(&eq.prim);
        let asked = if elementwise { Asked::Partials } else { Asked::Differential };
        let made = of_operation(&eq.prim, &operands, &types, &active, output, asked)?;
        let mut terms = Terms::new();
        let ids = terms.read_tidied(&made);
        let results: Vec<Id> = made.outputs().iter().map(|v| ids[v.index()]).collect();
        let mut inputs: Vec<String> = variables.iter().map(|&v| self.written(v)).collect();
        if !elementwise {
            let active = variables.iter().zip(&active).filter(|(_, a)| **a);
            let tangents: Vec<String> = active.map(|(v, _)| self.differential(*v)).collect();
            inputs.extend(tangents);
        }
        let mut writer = self.writer(&terms, inputs);
        // The result itself goes by its name in the rule, as tanh′ is written with tanh.
        if let Node::Apply { .. } = terms.node(results[output]) {
            writer.names.insert(results[output], name.to_string());
        }
        let made = &results[eq.outputs as usize..];
        if !elementwise {
            self.factored = false;
            let symbol = format!("d{name}");
            let value = writer.at(made[0], Level::Truth);
            return Ok((vec![Partial { symbol, value }], self.rule_name(eq, &operands)));
        }
        let sources: Vec<Var> =
            variables.iter().zip(&active).filter(|(_, a)| **a).map(|(v, _)| *v).collect();
        let mut partials = vec![];
        let mut factors = vec![];
        for (v, &id) in sources.iter().zip(made) {
            let symbol = self.partial_symbol(name, *v, &sources);
            let value = writer.at(id, Level::Truth);
            let source = match self.step_of.get(&self.same[v.index()]) {
                Some(step) => Source::Step(*step),
                None => Source::Variable,
            };
            factors.push(Factor {
                symbol: symbol.clone(),
                value: writer.at(id, Level::Product),
                is_one: terms.as_number(id) == Some(1.0),
                source,
            });
            partials.push(Partial { symbol, value });
        }
        if let Some(last) = self.factors.last_mut() {
            *last = factors;
        }
        Ok((partials, self.rule_name(eq, &operands)))
    }

    /// `du₁` for `u₁`.
    fn differential(&self, v: Var) -> String {
        format!("d{}", self.written(v))
    }

    /// `∂u₂/∂u₁`; with a bar and the others where the variable itself and what depends on it are
    /// both operands.
    fn partial_symbol(&self, name: &str, v: Var, all: &[Var]) -> String {
        let wrt = Var(self.writing.wrt as u32);
        let d = self.writing.style.pick("∂", "\\partial ");
        let x = self.written(v);
        let symbol = match self.writing.style {
            Style::Unicode => format!("{d}{name}/{d}{x}"),
            Style::Latex => format!("\\frac{{{d}{name}}}{{{d}{x}}}"),
        };
        if self.same[v.index()] != wrt || all.len() < 2 {
            return symbol;
        }
        let others = all.iter().filter(|w| self.same[w.index()] != wrt);
        let others: Vec<String> = others.map(|w| self.written(*w)).collect();
        match self.writing.style {
            Style::Unicode => format!("{symbol}|{}", others.join(",")),
            Style::Latex => format!("\\left.{symbol}\\right|_{{{}}}", others.join(",")),
        }
    }

    /// What the rule is called in school, or the row of the table.
    fn rule_name(&self, eq: &Equation, operands: &[Operand]) -> String {
        let number = |i: usize| matches!(operands.get(i), Some(Operand::Number(..)));
        let fixed = |i: usize| eq.inputs.get(i).is_some_and(|v| !self.active[v.index()]);
        let name = if let Prim::Unary(f) = &eq.prim {
            if *f != Unary::Neg {
                return self.table_row(*f);
            }
            "constant factor".to_string()
        } else if let Prim::Binary(f) = &eq.prim {
            let school = match f {
                Binary::Add | Binary::Sub => "sum rule",
                Binary::Mul if number(0) || number(1) => "constant factor",
                Binary::Div if number(1) => "constant factor",
                Binary::Mul => "product rule",
                Binary::Div => "quotient rule",
                Binary::Pow if fixed(1) => "power rule",
                Binary::Pow if fixed(0) => "exponential rule",
                Binary::Pow => "power and exponential rule",
                _ => "",
            };
            if school.is_empty() { format!("rule of {}", f.text()) } else { school.to_string() }
        } else if let Prim::IntegerPow(_) = &eq.prim {
            "power rule".to_string()
        } else if let Prim::DotGeneral(_) = &eq.prim {
            "product rule".to_string()
        } else if is_linear(&eq.prim) {
            "linear".to_string()
        } else {
            format!("rule of {}", eq.prim.rules().name())
        };
        match self.writing.style {
            Style::Unicode => name,
            Style::Latex => format!("\\text{{{}}}", name.replace('_', "\\_")),
        }
    }

    /// `table: tanh′(u) = 1 − tanh²(u)`, from the rule itself.
    fn table_row(&self, f: Unary) -> String {
        let style = self.writing.style;
        let scalar = Type::new(DType::F64, vec![]);
        let operand = [Operand::Variable(0)];
        let rule = of_operation(&f.into(), &operand, &[scalar], &[true], 0, Asked::Partials);
        // Every row has a rule.
        let Ok(rule) = rule else { return format!("table: {}", f.text()) };
        let mut terms = Terms::new();
        let ids = terms.read_tidied(&rule);
        let writer = self.writer(&terms, vec!["u".to_string()]);
        let value = writer.at(ids[rule.outputs()[1].index()], Level::Truth);
        let function = match form(f, style) {
            Form::Named(name) | Form::Raisable(name) => {
                format!("{name}{}(u)", style.pick("′", "'"))
            }
            Form::Plain => {
                let name = super::notation::operator(f.text(), style);
                format!("{name}{}(u)", style.pick("′", "'"))
            }
            _ => {
                let y = writer.at(ids[rule.outputs()[0].index()], Level::Atom);
                format!("{y}{}", style.pick("′", "'"))
            }
        };
        let table = style.pick("table: ", "\\text{table: }");
        format!("{table}{function} = {value}")
    }

    /// All paths from the variable to the output, the last step first.
    fn chain(&self, output: Var) -> Option<Chain> {
        let mut open: Vec<(usize, Vec<&Factor>)> = vec![(*self.step_of.get(&output)?, vec![])];
        let mut paths: Vec<Vec<&Factor>> = vec![];
        while let Some((step, path)) = open.pop() {
            // Pushed in reverse, so that paths come in the order of the operands.
            for factor in self.factors[step].iter().rev() {
                let longer = [&path[..], &[factor]].concat();
                if let Source::Step(before) = factor.source {
                    open.push((before, longer));
                } else {
                    paths.push(longer);
                }
            }
            let factors: usize = paths.iter().chain(open.iter().map(|o| &o.1)).map(Vec::len).sum();
            if paths.len() + open.len() > MOST_PATHS || factors > MOST_FACTORS {
                return None;
            }
        }
        if paths.iter().all(|p| p.len() < 2) {
            return None;
        }
        let dot = self.writing.style.pick("·", " \\cdot ");
        let products = paths.iter().map(|p| {
            let symbols: Vec<&str> = p.iter().map(|f| f.symbol.as_str()).collect();
            symbols.join(dot)
        });
        let values = paths.iter().map(|p| {
            let values: Vec<&str> =
                p.iter().filter(|f| !f.is_one).map(|f| f.value.as_str()).collect();
            if values.is_empty() { "1".to_string() } else { values.join(dot) }
        });
        Some(Chain {
            symbol: self.writing.symbol(0, 1),
            products: products.collect::<Vec<_>>().join(" + "),
            values: values.collect::<Vec<_>>().join(" + "),
        })
    }
}
