//! Terms written down, with no more parentheses than needed.

use super::notation::{Form, Style, form, operator, parentheses, raised, relation};
use super::number::{Ratio, ratio};
use super::term::{Id, Node, Terms};
use crate::prim::{Binary, IntegerPow, Polygamma, Prim, Unary};
use array::DType;
use std::collections::HashMap;

/// How tightly a text holds together; a part that holds less tightly than its place needs goes in
/// parentheses.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Level {
    /// Comparisons and logic.
    Truth,
    /// Sums, and whatever starts with a minus.
    Sum,
    /// Fractions written with a slash.
    Fraction,
    /// Products.
    Product,
    /// Powers and roots.
    Power,
    /// Symbols, calls, brackets.
    Atom,
}

/// A text and how tightly it holds together.
pub(super) type Written = (String, Level);

/// Writes terms in a style, some of them by name.
pub(super) struct Writer<'a> {
    pub(super) terms: &'a Terms,
    pub(super) style: Style,
    /// What the inputs are called, in the style.
    pub(super) inputs: Vec<String>,
    /// Terms that are written by name, in the style.
    pub(super) names: HashMap<Id, String>,
}

impl Writer<'_> {
    /// The term in a place that needs this level.
    pub(super) fn at(&self, id: Id, least: Level) -> String {
        self.guarded(self.term(id), least)
    }

    pub(super) fn guarded(&self, (text, level): Written, least: Level) -> String {
        if level < least { parentheses(&text, self.style) } else { text }
    }

    /// The term, by name where it has one.
    pub(super) fn term(&self, id: Id) -> Written {
        match self.names.get(&id) {
            Some(name) => (name.clone(), Level::Atom),
            None => self.definition(id),
        }
    }

    /// What the term is, whether or not it has a name.
    pub(super) fn definition(&self, id: Id) -> Written {
        match self.terms.node(id) {
            Node::Input(i) => (self.inputs[*i as usize].clone(), Level::Atom),
            Node::Number(x) => self.number(x.get(), self.terms.ty(id).dtype),
            Node::Sum { constant, terms } => {
                let mut parts: Vec<(f64, Option<Id>)> =
                    terms.iter().map(|&(c, t)| (c.get(), Some(t))).collect();
                parts.extend((constant.get() != 0.0).then_some((constant.get(), None)));
                self.sum(parts, self.terms.ty(id).dtype)
            }
            Node::Product(factors) => {
                self.monomial(1.0, factors.clone(), self.terms.ty(id).dtype, true)
            }
            Node::Indicator(truth) => self.bracket(*truth),
            Node::Apply { prim, operands, output, of } => {
                let written = self.operation(id, prim, operands);
                if *of > 1 {
                    // One of several results: (…)₂.
                    let text = self.guarded(written, Level::Atom);
                    let index = super::notation::lowered(*output as usize + 1, self.style);
                    return (text + &index, Level::Atom);
                }
                written
            }
        }
    }

    fn bracket(&self, truth: Id) -> Written {
        (format!("[{}]", self.at(truth, Level::Truth)), Level::Atom)
    }

    pub(super) fn number(&self, x: f64, dtype: DType) -> Written {
        if dtype == DType::Bool {
            return (if x == 0.0 { "false" } else { "true" }.to_string(), Level::Atom);
        }
        self.fraction(&ratio(x, dtype, self.style), vec![], vec![])
    }

    /// A number times a fraction of factors.
    fn fraction(
        &self,
        number: &Ratio,
        over: Vec<(String, Level, bool)>,
        under: Vec<(String, Level, bool)>,
    ) -> Written {
        let plain = |texts: &[String]| -> Vec<(String, Level, bool)> {
            texts.iter().map(|t| (t.clone(), Level::Atom, false)).collect()
        };
        let over = [plain(&number.over), over].concat();
        let under = [plain(&number.under), under].concat();
        let top = match over.len() {
            0 => ("1".to_string(), Level::Atom),
            1 if under.is_empty() => (over[0].0.clone(), over[0].1),
            _ => (self.join(&over), Level::Product),
        };
        let (text, level) = if under.is_empty() {
            top
        } else if self.style == Style::Latex {
            (format!("\\frac{{{}}}{{{}}}", top.0, self.join(&under)), Level::Product)
        } else {
            let below = self.join(&under);
            let below = if under.len() > 1 { format!("({below})") } else { below };
            (format!("{}/{below}", top.0), Level::Fraction)
        };
        if number.negative {
            (format!("{}{text}", self.style.pick("−", "-")), Level::Sum)
        } else {
            (text, level)
        }
    }

    /// Factors side by side: ⊙ between arrays, else · (in LaTeX, a thin space).
    fn join(&self, factors: &[(String, Level, bool)]) -> String {
        let mut out = String::new();
        for (i, (text, _, is_array)) in factors.iter().enumerate() {
            if i > 0 {
                let both = *is_array && factors[i - 1].2;
                let digit = text.starts_with(|c: char| c.is_ascii_digit());
                out.push_str(match (self.style, both) {
                    (Style::Unicode, true) => " ⊙ ",
                    (Style::Unicode, false) => "·",
                    (Style::Latex, true) => " \\odot ",
                    (Style::Latex, false) if digit => " \\cdot ",
                    (Style::Latex, false) => "\\,",
                });
            }
            out.push_str(text);
        }
        out
    }

    /// Whether a term is an array of different elements.
    pub(super) fn is_array(&self, id: Id) -> bool {
        let node = self.terms.node(id);
        if let Node::Apply { prim: Prim::BroadcastInDim(_), operands, .. } = node {
            return self.is_array(operands[0]);
        }
        !matches!(node, Node::Number(_)) && self.terms.ty(id).rank() > 0
    }

    /// The place of a factor in a product: symbols, functions, sums.
    fn class(&self, id: Id) -> (u8, Id) {
        let class = match self.terms.node(id) {
            Node::Number(_) => 0,
            Node::Input(_) => 1,
            _ if self.names.contains_key(&id) => 2,
            Node::Apply { .. } => 3,
            Node::Product(_) => 4,
            Node::Sum { .. } => 5,
            Node::Indicator(_) => 6,
        };
        (class, id)
    }

    /// A coefficient times factors with exponents; `alone` where no other part of a sum stands
    /// beside it.
    fn monomial(&self, c: f64, mut factors: Vec<(Id, i32)>, dtype: DType, alone: bool) -> Written {
        factors.sort_by_key(|f| self.class(f.0));
        let mut number = ratio(c, dtype, self.style);
        // −x·(1 − x) reads better as x·(x − 1).
        let mut flipped = None;
        if number.negative && alone {
            flipped = factors.iter().position(|&(f, e)| e % 2 != 0 && self.may_flip(f));
            number.negative = flipped.is_none();
        }
        let (mut over, mut under) = (vec![], vec![]);
        let bare = number.over.is_empty()
            && number.under.is_empty()
            && factors.len() == 1
            && !number.negative;
        for (i, &(f, e)) in factors.iter().enumerate() {
            let least = if bare && e == 1 { Level::Truth } else { Level::Product };
            let written = if flipped == Some(i) {
                let parts = self.sum(self.flipped_parts(f), dtype);
                match e.abs() {
                    1 => parts,
                    n => {
                        let base = self.guarded(parts, Level::Atom);
                        (format!("{base}{}", raised(i64::from(n), self.style)), Level::Power)
                    }
                }
            } else {
                self.power(f, i64::from(e.unsigned_abs()))
            };
            let side = if e > 0 { &mut over } else { &mut under };
            // Below a slash a product would be torn apart; below a line it is not.
            let least = match (e > 0, self.style) {
                (true, _) => least,
                (false, Style::Unicode) => Level::Power,
                (false, Style::Latex) if factors.len() == 1 => Level::Truth,
                (false, Style::Latex) => Level::Product,
            };
            let level = if written.1 < least { Level::Atom } else { written.1 };
            side.push((self.guarded(written, least), level, self.is_array(f)));
        }
        if over.len() == 1 && under.is_empty() && bare {
            let (text, level, _) = over.remove(0);
            return (text, level);
        }
        self.fraction(&number, over, under)
    }

    /// Whether a sum is as well written with all signs turned: a polynomial with as many pluses as
    /// minuses.
    fn may_flip(&self, id: Id) -> bool {
        let Node::Sum { constant, terms } = self.terms.node(id) else { return false };
        let coefficients = terms.iter().map(|t| t.0.get()).chain([constant.get()]);
        let balance: f64 = coefficients.filter(|c| *c != 0.0).map(f64::signum).sum();
        balance == 0.0 && !self.names.contains_key(&id) && self.terms.is_polynomial(id)
    }

    fn flipped_parts(&self, id: Id) -> Vec<(f64, Option<Id>)> {
        let Node::Sum { constant, terms } = self.terms.node(id) else { return vec![] };
        let mut parts: Vec<(f64, Option<Id>)> =
            terms.iter().map(|&(c, t)| (-c.get(), Some(t))).collect();
        parts.extend((constant.get() != 0.0).then_some((-constant.get(), None)));
        parts
    }

    /// A term as factors with exponents.
    fn factors(&self, id: Id) -> Vec<(Id, i32)> {
        match self.terms.node(id) {
            Node::Product(factors) if !self.names.contains_key(&id) => factors.clone(),
            _ => vec![(id, 1)],
        }
    }

    /// By this key, higher powers come first, and those of earlier inputs.
    fn falling(&self, id: Option<Id>) -> (i64, Vec<(u32, i32)>, Option<Id>) {
        let Some(id) = id else { return (0, vec![], None) };
        let mut inputs: Vec<(u32, i32)> = self
            .factors(id)
            .iter()
            .filter_map(|(f, e)| match self.terms.node(*f) {
                Node::Input(i) => Some((*i, -e)),
                _ => None,
            })
            .collect();
        inputs.sort_unstable();
        (-self.terms.degree(id), inputs, Some(id))
    }

    /// Parts with their coefficients.
    fn sum(&self, mut parts: Vec<(f64, Option<Id>)>, dtype: DType) -> Written {
        // Falling powers if that starts with a plus, else rising ones, else pluses first.
        parts.sort_by_cached_key(|&(_, id)| self.falling(id));
        if parts[0].0 < 0.0 {
            if parts[parts.len() - 1].0 > 0.0 {
                parts.reverse();
            } else {
                parts.sort_by_key(|p| p.0 < 0.0);
            }
        }
        let alone = parts.len() == 1;
        let mut out = String::new();
        let mut level = Level::Sum;
        for (i, &(c, id)) in parts.iter().enumerate() {
            let factors = id.map(|id| self.factors(id)).unwrap_or_default();
            let shown = if i == 0 { c } else { c.abs() };
            let (text, own) = self.monomial(shown, factors, dtype, alone);
            if alone {
                level = own;
            }
            if i > 0 {
                out.push_str(match (c < 0.0, self.style) {
                    (true, Style::Unicode) => " − ",
                    (true, Style::Latex) => " - ",
                    (false, _) => " + ",
                });
            }
            // A sum inside a sum is only a part with another sign.
            let inner = !alone && own == Level::Sum && (i > 0 || !text.starts_with(['−', '-']));
            out.push_str(&if inner { parentheses(&text, self.style) } else { text });
        }
        (out, level)
    }

    /// base^n for n ≥ 0.
    pub(super) fn power(&self, base: Id, n: i64) -> Written {
        if n == 1 {
            return self.term(base);
        }
        let named = self.names.contains_key(&base);
        if let Some((f, x)) = self.terms.as_unary(base)
            && let Form::Raisable(name) = form(f, self.style)
            && !named
        {
            let argument = parentheses(&self.at(x, Level::Truth), self.style);
            return (format!("{name}{}{argument}", raised(n, self.style)), Level::Power);
        }
        self.plain_power(base, n)
    }

    /// base^n with the exponent behind the base, also where that is a function.
    fn plain_power(&self, base: Id, n: i64) -> Written {
        if n == 1 {
            return self.term(base);
        }
        (format!("{}{}", self.at(base, Level::Atom), raised(n, self.style)), Level::Power)
    }

    fn call(&self, name: &str, operands: &[Id]) -> Written {
        let arguments: Vec<String> = operands.iter().map(|x| self.at(*x, Level::Truth)).collect();
        (format!("{name}{}", parentheses(&arguments.join(", "), self.style)), Level::Atom)
    }

    /// A call of a function by its plain name.
    pub(super) fn named_call(&self, name: &str, operands: &[Id]) -> Written {
        self.call(&operator(name, self.style), operands)
    }

    fn unary(&self, f: Unary, x: Id) -> Written {
        match form(f, self.style) {
            Form::Named(name) | Form::Raisable(name) => self.call(name, &[x]),
            Form::Plain => self.named_call(f.text(), &[x]),
            Form::Enclosed(open, close) => {
                (format!("{open}{}{close}", self.at(x, Level::Truth)), Level::Atom)
            }
            Form::Root(sign) if self.style == Style::Latex => {
                (format!("{sign}{{{}}}", self.at(x, Level::Truth)), Level::Atom)
            }
            Form::Root(sign) => (format!("{sign}{}", self.at(x, Level::Atom)), Level::Power),
            Form::Minus => {
                let minus = self.style.pick("−", "-");
                (format!("{minus}{}", self.at(x, Level::Fraction)), Level::Sum)
            }
            Form::Not => {
                let sign = self.style.pick("¬", "\\neg ");
                (format!("{sign}{}", self.at(x, Level::Atom)), Level::Power)
            }
        }
    }

    fn binary(&self, f: Binary, x: Id, y: Id) -> Written {
        let minus = self.style.pick("−", "-");
        // (−a)·b and (−a)/b are −a·b and −a/b.
        if let (Binary::Mul | Binary::Div, Some((Unary::Neg, inner))) = (f, self.terms.as_unary(x))
            && !self.names.contains_key(&x)
        {
            let (text, level) = self.binary(f, inner, y);
            let text = if level < Level::Fraction { parentheses(&text, self.style) } else { text };
            return (format!("{minus}{text}"), Level::Sum);
        }
        match f {
            Binary::Add | Binary::Sub => {
                let left = self.at(x, Level::Sum);
                // a − (b + c), a + (−b), but a + b + c.
                let (right, level) = self.term(y);
                let tight = f == Binary::Add && !right.starts_with(['−', '-']);
                let least = if tight { Level::Sum } else { Level::Fraction };
                let right = self.guarded((right, level), least);
                let sign = if f == Binary::Add { "+" } else { minus };
                (format!("{left} {sign} {right}"), Level::Sum)
            }
            Binary::Mul => {
                // Numbers stand in front.
                let swap = self.terms.as_number(y).is_some() && self.terms.as_number(x).is_none();
                let (x, y) = if swap { (y, x) } else { (x, y) };
                let factors =
                    [x, y].map(|f| (self.at(f, Level::Product), Level::Product, self.is_array(f)));
                (self.join(&factors), Level::Product)
            }
            Binary::Div if self.style == Style::Latex => {
                let (over, under) = (self.at(x, Level::Truth), self.at(y, Level::Truth));
                (format!("\\frac{{{over}}}{{{under}}}"), Level::Product)
            }
            Binary::Div => {
                let text = format!("{}/{}", self.at(x, Level::Product), self.at(y, Level::Power));
                (text, Level::Fraction)
            }
            Binary::Pow => {
                let base = self.at(x, Level::Atom);
                let text = match self.style {
                    Style::Latex => format!("{base}^{{{}}}", self.at(y, Level::Truth)),
                    Style::Unicode => format!("{base}^{}", self.at(y, Level::Atom)),
                };
                (text, Level::Power)
            }
            Binary::And | Binary::Or if self.terms.ty(x).dtype == DType::Bool => {
                let sign = match f {
                    Binary::And => self.style.pick("∧", "\\land"),
                    _ => self.style.pick("∨", "\\lor"),
                };
                // Comparisons in them need no parentheses, other logic does.
                let side = |id: Id| {
                    let plain =
                        matches!(self.terms.node(id), Node::Apply { prim: Prim::Compare(_), .. });
                    self.at(id, if plain { Level::Truth } else { Level::Power })
                };
                (format!("{} {sign} {}", side(x), side(y)), Level::Truth)
            }
            Binary::Max | Binary::Min => {
                let name = f.text();
                self.call(style_name(name, self.style).as_str(), &[x, y])
            }
            Binary::Rem | Binary::Atan2 | Binary::And | Binary::Or | Binary::Xor => {
                self.named_call(f.text(), &[x, y])
            }
        }
    }

    fn operation(&self, id: Id, prim: &Prim, x: &[Id]) -> Written {
        if let Prim::Unary(f) = prim {
            return self.unary(*f, x[0]);
        }
        if let Prim::Binary(f) = prim {
            return self.binary(*f, x[0], x[1]);
        }
        if let Prim::IntegerPow(IntegerPow { n }) = prim {
            let (text, level) = self.plain_power(x[0], i64::from(*n).abs());
            if *n >= 0 {
                return (text, level);
            }
            let below = self.guarded((text, level), Level::Power);
            let text = match self.style {
                Style::Latex => format!("\\frac{{1}}{{{below}}}"),
                Style::Unicode => format!("1/{below}"),
            };
            return (text, self.style.pick(Level::Fraction, Level::Product));
        }
        if let Prim::Polygamma(Polygamma { n }) = prim {
            let order = raised(i64::from(*n), Style::Unicode);
            let name = self.style.pick(format!("ψ⁽{order}⁾"), format!("\\psi^{{({n})}}"));
            return self.call(&name, x);
        }
        if let Prim::IsFinite(_) = prim {
            let argument = self.at(x[0], Level::Sum);
            return (format!("|{argument}| < {}", self.style.pick("∞", "\\infty")), Level::Truth);
        }
        if let Prim::Compare(c) = prim {
            let sign = relation(*c, self.style);
            let text =
                format!("{} {sign} {}", self.at(x[0], Level::Sum), self.at(x[1], Level::Sum));
            return (text, Level::Truth);
        }
        if let Prim::Select(_) = prim {
            let one = |id: Id, n: f64| self.terms.as_number(id) == Some(n);
            if one(x[1], 1.0) && one(x[2], 0.0) {
                return self.bracket(x[0]);
            }
            if self.style == Style::Latex {
                let [c, a, b] = [x[0], x[1], x[2]].map(|id| self.at(id, Level::Truth));
                let text = format!(
                    "\\begin{{cases}}{a} & {c} \\\\ {b} & \\text{{otherwise}}\\end{{cases}}"
                );
                return (text, Level::Atom);
            }
        }
        if let Prim::Convert(_) = prim {
            let truth = self.terms.ty(x[0]).dtype == DType::Bool;
            return if truth { self.bracket(x[0]) } else { self.term(x[0]) };
        }
        self.array_operation(id, prim, x)
    }
}

fn style_name(name: &str, style: Style) -> String {
    style.pick(name.to_string(), format!("\\{name}"))
}
