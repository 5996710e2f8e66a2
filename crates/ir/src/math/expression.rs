//! Expressions as people write them, `tanh(x*w)^2`, as programs of scalars.
//!
//! Numbers, variables, `+ − * / ^`, parentheses, and the functions of the table of primitives by
//! name. What [rendering](super::unicode) writes is understood too: `tanh²(x·w)`, `√x`, `|x|`,
//! `ψ⁽¹⁾(x)`, `π`, and `[x > 0]`, which is 1 where the comparison holds and else 0.

use super::functions::{INVERSES, binary, is_function, similar, unary};
use super::token::{Token, tokens};
use crate::prim::{Binary, Clamp, Compare, Constant, IntegerPow, Polygamma, Prim, Select, Unary};
use crate::program::{Builder, Program, Var};
use array::{Array, DType, Type};
use std::collections::HashMap;
use std::fmt;

/// The longest expression that is read, in characters.
const LONGEST: usize = 4000;
/// How deep parentheses may nest.
const DEEPEST: usize = 100;
/// The largest exponent that becomes an [`IntegerPow`]; beyond it powers are those of floats.
const LARGEST_POWER: f64 = 1e6;

/// Why a text is not an expression.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ExpressionError {
    /// The expression.
    pub expression: String,
    /// Column in characters, from 0.
    pub column: usize,
    /// What was expected there.
    pub message: String,
}

impl ExpressionError {
    pub(super) fn new(text: &str, column: usize, message: impl Into<String>) -> ExpressionError {
        ExpressionError { expression: text.to_string(), column, message: message.into() }
    }
}

impl fmt::Display for ExpressionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Blanks of any kind are shown as one column each; of long lines the part that matters.
        const AROUND: usize = 60;
        let blank = |c: char| if c.is_whitespace() { ' ' } else { c };
        let from = self.column.saturating_sub(AROUND);
        let near = self.expression.chars().skip(from).take(2 * AROUND);
        let shown: String = near.map(blank).collect();
        write!(f, "{}\n  {shown}\n  {:2$}^", self.message, "", self.column - from)
    }
}

impl std::error::Error for ExpressionError {}

/// An expression: a program with one f64 scalar input per variable.
#[derive(Clone, Debug)]
pub struct Expression {
    program: Program,
    variables: Vec<String>,
}

impl Expression {
    /// Reads an expression.
    ///
    /// ```
    /// use ir::math::Expression;
    /// let e = Expression::parse("tanh(x*w)^2").unwrap();
    /// assert_eq!(e.variables(), ["x", "w"]);
    /// assert_eq!(e.program().equations().len(), 3); // mul, tanh, integer_pow
    /// let error = Expression::parse("tanh(x*)").unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "expected a number, a variable or a function, found `)`\n  tanh(x*)\n         ^"
    /// );
    /// ```
    ///
    /// # Errors
    /// Where the text is not an expression: the column, and what was expected there.
    pub fn parse(text: &str) -> Result<Expression, ExpressionError> {
        if text.chars().count() > LONGEST {
            let start: String = text.chars().take(60).collect();
            let message = format!("expressions have at most {LONGEST} characters");
            return Err(ExpressionError::new(&start, 0, message));
        }
        let tokens = tokens(text)?;
        let mut parser = Parser { text, tokens, next: 0, variables: vec![], depth: 0 };
        let tree = parser.expression()?;
        parser.number(&tree, 0)?;
        if *parser.peek() != Token::End {
            return parser.expected("an operator");
        }
        let scalar = Type::new(DType::F64, vec![]);
        let mut lowering = Lowering {
            builder: Builder::new(vec![scalar; parser.variables.len()]),
            known: HashMap::new(),
        };
        let output = lowering.lower(&tree).map_err(|e| ExpressionError::new(text, 0, e))?;
        let program = lowering.builder.finish(vec![output]);
        Ok(Expression { program, variables: parser.variables })
    }

    /// The program; its inputs are the variables.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// The variables' names in order of first appearance.
    pub fn variables(&self) -> &[String] {
        &self.variables
    }
}

/// What has been read.
#[derive(Clone)]
enum Tree {
    Number(f64),
    Variable(usize),
    Apply(Prim, Vec<Tree>),
}

impl Tree {
    fn of(prim: impl Into<Prim>, operands: Vec<Tree>) -> Tree {
        Tree::Apply(prim.into(), operands)
    }

    /// Whether this is a truth value.
    fn is_truth(&self) -> bool {
        use Binary::{And, Or};
        match self {
            Tree::Apply(Prim::Compare(_), _) => true,
            Tree::Apply(Prim::Binary(And | Or) | Prim::Unary(Unary::Not), _) => true,
            Tree::Apply(..) | Tree::Number(_) | Tree::Variable(_) => false,
        }
    }

    /// The value, where there are no variables in it.
    fn value(&self) -> Option<f64> {
        match self {
            Tree::Number(x) => Some(*x),
            Tree::Variable(_) => None,
            Tree::Apply(prim, operands) => {
                let values: Option<Vec<Array>> =
                    operands.iter().map(|t| t.value().map(Array::scalar)).collect();
                let values = values?;
                let y = prim.rules().eval(&values.iter().collect::<Vec<_>>()).ok()?;
                (y[0].dtype() == DType::F64).then(|| y[0].item())
            }
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<(Token, usize)>,
    next: usize,
    variables: Vec<String>,
    depth: usize,
}

type Parsed<T> = Result<T, ExpressionError>;

impl Parser<'_> {
    fn peek(&self) -> &Token {
        &self.tokens[self.next].0
    }
    fn column(&self) -> usize {
        self.tokens[self.next].1
    }
    fn advance(&mut self) -> Token {
        let token = self.peek().clone();
        self.next = (self.next + 1).min(self.tokens.len() - 1);
        token
    }
    fn take(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Token::Sign(s) if *s == sign);
        if found {
            self.advance();
        }
        found
    }
    fn take_word(&mut self, sign: &str, word: &str) -> bool {
        let found = matches!(self.peek(), Token::Name(n) if n == word);
        if found {
            self.advance();
        }
        found || self.take(sign)
    }
    fn fail<T>(&self, column: usize, message: impl Into<String>) -> Parsed<T> {
        Err(ExpressionError::new(self.text, column, message))
    }
    fn expected<T>(&self, what: &str) -> Parsed<T> {
        self.fail(self.column(), format!("expected {what}, found {}", self.peek().shown()))
    }
    fn require(&mut self, sign: &str) -> Parsed<()> {
        if self.take(sign) { Ok(()) } else { self.expected(&format!("`{sign}`")) }
    }

    fn number(&self, tree: &Tree, column: usize) -> Parsed<()> {
        if tree.is_truth() {
            let message = "expected a number, found a comparison; [x > 0] in brackets is the \
                           number 1 where it holds and else 0";
            return self.fail(column, message);
        }
        Ok(())
    }
    fn truth(&self, tree: &Tree, column: usize) -> Parsed<()> {
        if tree.is_truth() {
            return Ok(());
        }
        self.fail(column, "expected a comparison such as x > 0")
    }

    fn expression(&mut self) -> Parsed<Tree> {
        if self.depth >= DEEPEST {
            return self.fail(self.column(), format!("nested more than {DEEPEST} deep"));
        }
        self.depth += 1;
        let tree = self.disjunction();
        self.depth -= 1;
        tree
    }

    fn disjunction(&mut self) -> Parsed<Tree> {
        let at = self.column();
        let mut left = self.conjunction()?;
        while self.take_word("∨", "or") {
            self.truth(&left, at)?;
            let column = self.column();
            let right = self.conjunction()?;
            self.truth(&right, column)?;
            left = Tree::of(Binary::Or, vec![left, right]);
        }
        Ok(left)
    }

    fn conjunction(&mut self) -> Parsed<Tree> {
        let at = self.column();
        let mut left = self.negation()?;
        while self.take_word("∧", "and") {
            self.truth(&left, at)?;
            let column = self.column();
            let right = self.negation()?;
            self.truth(&right, column)?;
            left = Tree::of(Binary::And, vec![left, right]);
        }
        Ok(left)
    }

    fn negation(&mut self) -> Parsed<Tree> {
        let mut count = 0;
        while self.take_word("¬", "not") {
            count += 1;
        }
        let column = self.column();
        let tree = self.comparison()?;
        if count > 0 {
            self.truth(&tree, column)?;
        }
        Ok(if count % 2 == 1 { Tree::of(Unary::Not, vec![tree]) } else { tree })
    }

    fn comparison(&mut self) -> Parsed<Tree> {
        let at = self.column();
        let left = self.sum()?;
        let relations = [
            ("<", Compare::Lt),
            ("≤", Compare::Le),
            (">", Compare::Gt),
            ("≥", Compare::Ge),
            ("=", Compare::Eq),
            ("≠", Compare::Ne),
        ];
        let Some((_, relation)) = relations.into_iter().find(|(sign, _)| self.take(sign)) else {
            return Ok(left);
        };
        let column = self.column();
        let right = self.sum()?;
        self.number(&left, at)?;
        self.number(&right, column)?;
        Ok(Tree::of(relation, vec![left, right]))
    }

    fn sum(&mut self) -> Parsed<Tree> {
        let at = self.column();
        let mut left = self.product()?;
        loop {
            let op = if self.take("+") {
                Binary::Add
            } else if self.take("-") {
                Binary::Sub
            } else {
                return Ok(left);
            };
            let column = self.column();
            let right = self.product()?;
            self.number(&left, at)?;
            self.number(&right, column)?;
            left = Tree::of(op, vec![left, right]);
        }
    }

    fn product(&mut self) -> Parsed<Tree> {
        let at = self.column();
        let mut left = self.signed()?;
        loop {
            let after_number =
                matches!(self.tokens[self.next.saturating_sub(1)].0, Token::Number(_));
            let op = if self.take("*") {
                Binary::Mul
            } else if self.take("/") {
                Binary::Div
            } else if after_number
                && matches!(self.peek(), Token::Sign("(" | "√" | "∛") | Token::Name(_))
                && !matches!(self.peek(), Token::Name(n) if n == "and" || n == "or")
            {
                Binary::Mul // 2x, 3(x + 1)
            } else {
                return Ok(left);
            };
            let column = self.column();
            let right = self.signed()?;
            self.number(&left, at)?;
            self.number(&right, column)?;
            left = Tree::of(op, vec![left, right]);
        }
    }

    /// A power with signs in front: −x² is −(x²).
    fn signed(&mut self) -> Parsed<Tree> {
        let mut negative = false;
        let signed = matches!(self.peek(), Token::Sign("+" | "-"));
        while matches!(self.peek(), Token::Sign("+" | "-")) {
            negative ^= self.advance() == Token::Sign("-");
        }
        let column = self.column();
        let tree = self.power()?;
        if signed {
            self.number(&tree, column)?;
        }
        Ok(match tree {
            Tree::Number(x) if negative => Tree::Number(-x),
            tree if negative => Tree::of(Unary::Neg, vec![tree]),
            tree => tree,
        })
    }

    fn power(&mut self) -> Parsed<Tree> {
        let at = self.column();
        let mut base = self.primary()?;
        while let Token::Raised(n) = *self.peek() {
            self.number(&base, at)?;
            self.advance();
            base = Tree::of(IntegerPow { n }, vec![base]);
        }
        if !self.take("^") {
            return Ok(base);
        }
        self.number(&base, at)?;
        let column = self.column();
        if self.depth >= DEEPEST {
            return self.fail(column, format!("nested more than {DEEPEST} deep"));
        }
        self.depth += 1;
        let exponent = self.signed()?;
        self.depth -= 1;
        self.number(&exponent, column)?;
        Ok(power_of(base, exponent))
    }

    fn primary(&mut self) -> Parsed<Tree> {
        let column = self.column();
        match self.advance() {
            Token::Number(x) => Ok(Tree::Number(x)),
            Token::Name(name) => self.named(name, column),
            Token::Sign("(") => {
                let tree = self.expression()?;
                self.require(")")?;
                Ok(tree)
            }
            Token::Sign("[") => {
                let inner = self.column();
                let condition = self.expression()?;
                self.truth(&condition, inner)?;
                self.require("]")?;
                let numbers = vec![condition, Tree::Number(1.0), Tree::Number(0.0)];
                Ok(Tree::of(Select {}, numbers))
            }
            Token::Sign("|") => self.enclosed("|", Unary::Abs),
            Token::Sign("⌊") => self.enclosed("⌋", Unary::Floor),
            Token::Sign("⌈") => self.enclosed("⌉", Unary::Ceil),
            Token::Sign(sign @ ("√" | "∛")) => {
                if self.depth >= DEEPEST {
                    return self.fail(column, format!("nested more than {DEEPEST} deep"));
                }
                self.depth += 1;
                let at = self.column();
                let tree = self.primary()?;
                self.depth -= 1;
                self.number(&tree, at)?;
                let root = if sign == "√" { Unary::Sqrt } else { Unary::Cbrt };
                Ok(Tree::of(root, vec![tree]))
            }
            _ => {
                self.next = self.tokens.iter().position(|t| t.1 == column).unwrap_or(self.next);
                self.expected("a number, a variable or a function")
            }
        }
    }

    fn enclosed(&mut self, close: &str, f: Unary) -> Parsed<Tree> {
        let column = self.column();
        let tree = self.expression()?;
        self.number(&tree, column)?;
        self.require(close)?;
        Ok(Tree::of(f, vec![tree]))
    }

    /// A function with its arguments, a constant or a variable.
    fn named(&mut self, name: String, column: usize) -> Parsed<Tree> {
        // tanh²(x), sin⁻¹(x), ψ⁽²⁾(x): a raised number between a function and its argument.
        let raised = match *self.peek() {
            Token::Raised(n) if self.opens_at(1) && is_function(&name) => Some(n),
            _ => None,
        };
        let order = match *self.peek() {
            Token::Order(n) => Some(n),
            _ => None,
        };
        if raised.is_some() || order.is_some() {
            self.advance();
        }
        if let Some(n) = order {
            if unary(&name) != Some(Unary::Digamma) {
                return self.fail(column, "only ψ has an order, as in ψ⁽¹⁾(x)");
            }
            let x = self.arguments(&name, 1)?.remove(0);
            let f = if n == 0 { Unary::Digamma.into() } else { Prim::from(Polygamma { n }) };
            return Ok(Tree::Apply(f, vec![x]));
        }
        let call = matches!(self.peek(), Token::Sign("("));
        if !call || !is_function(&name) {
            return self.variable(name, column, call);
        }
        if let Some(f) = unary(&name) {
            let x = self.arguments(&name, 1)?;
            return match raised {
                Some(-1) => match INVERSES.iter().find(|(g, _)| *g == f) {
                    Some((_, inverse)) => Ok(Tree::of(*inverse, x)),
                    None => {
                        let message = format!("{name}⁻¹ is not a function here; write 1/{name}(…)");
                        self.fail(column, message)
                    }
                },
                Some(n) => Ok(Tree::of(IntegerPow { n }, vec![Tree::of(f, x)])),
                None => Ok(Tree::of(f, x)),
            };
        }
        if raised.is_some() {
            return self.fail(column, format!("`{name}` takes no exponent before its arguments"));
        }
        if let Some(f) = binary(&name) {
            let mut x = self.arguments(&name, 2)?;
            if f == Binary::Pow {
                let exponent = x.remove(1);
                return Ok(power_of(x.remove(0), exponent));
            }
            return Ok(Tree::of(f, x));
        }
        match name.as_str() {
            "clamp" => Ok(Tree::of(Clamp {}, self.arguments(&name, 3)?)),
            "select" => Ok(Tree::of(Select {}, self.arguments(&name, 3)?)),
            _ => {
                let at = self.column();
                let mut x = self.arguments(&name, 2)?;
                let n =
                    x.remove(0).value().filter(|n| n.fract() == 0.0 && (0.0..=100.0).contains(n));
                match n {
                    Some(0.0) => Ok(Tree::of(Unary::Digamma, x)),
                    Some(n) => Ok(Tree::of(Polygamma { n: n as u32 }, x)),
                    None => self.fail(at + 1, "expected the order, a whole number up to 100"),
                }
            }
        }
    }

    fn opens_at(&self, ahead: usize) -> bool {
        matches!(self.tokens.get(self.next + ahead), Some((Token::Sign("("), _)))
    }

    fn arguments(&mut self, name: &str, count: usize) -> Parsed<Vec<Tree>> {
        let start = self.column();
        self.require("(")?;
        let mut all = vec![];
        loop {
            let column = self.column();
            let tree = self.expression()?;
            // The first argument of select is a condition.
            if name == "select" && all.is_empty() {
                self.truth(&tree, column)?;
            } else {
                self.number(&tree, column)?;
            }
            all.push(tree);
            if !self.take(",") {
                break;
            }
        }
        self.require(")")?;
        if all.len() != count {
            let plural = if count == 1 { "" } else { "s" };
            let message = format!("`{name}` takes {count} argument{plural}, found {}", all.len());
            return self.fail(start, message);
        }
        Ok(all)
    }

    fn variable(&mut self, name: String, column: usize, call: bool) -> Parsed<Tree> {
        if call {
            let hint = match similar(&name) {
                Some(near) => format!("; did you mean `{near}`?"),
                None => format!("; for a product write {name}*(…)"),
            };
            return self.fail(column, format!("no function is called `{name}`{hint}"));
        }
        match name.as_str() {
            "pi" | "π" => return Ok(Tree::Number(std::f64::consts::PI)),
            "e" => return Ok(Tree::Number(std::f64::consts::E)),
            "and" | "or" | "not" => {
                self.next -= 1;
                return self.expected("a number, a variable or a function");
            }
            _ => {}
        }
        // A Greek letter that stands for a function may be a variable too.
        if is_function(&name) && name.chars().count() > 1 {
            let message = format!("`{name}` is a function; its argument goes in parentheses");
            return self.fail(column, message);
        }
        let known = self.variables.iter().position(|v| *v == name);
        Ok(Tree::Variable(known.unwrap_or_else(|| {
            self.variables.push(name);
            self.variables.len() - 1
        })))
    }
}

/// A power; with a constant whole exponent an [`IntegerPow`], exact also for negative bases.
fn power_of(base: Tree, exponent: Tree) -> Tree {
    match exponent.value() {
        Some(n) if n.fract() == 0.0 && n.abs() <= LARGEST_POWER => {
            Tree::of(IntegerPow { n: n as i32 }, vec![base])
        }
        Some(y) if y.is_finite() => Tree::of(Binary::Pow, vec![base, Tree::Number(y)]),
        _ => Tree::of(Binary::Pow, vec![base, exponent]),
    }
}

/// Trees as equations; what is written twice becomes one equation.
struct Lowering {
    builder: Builder,
    known: HashMap<(Prim, Vec<Var>), Var>,
}

impl Lowering {
    fn lower(&mut self, tree: &Tree) -> Result<Var, String> {
        let (prim, operands) = match tree {
            Tree::Variable(i) => return Ok(Var(*i as u32)),
            Tree::Number(x) => (Constant(Array::scalar(*x)).into(), vec![]),
            Tree::Apply(prim, operands) => {
                let operands: Result<Vec<Var>, String> =
                    operands.iter().map(|t| self.lower(t)).collect();
                (prim.clone(), operands?)
            }
        };
        let key = (prim.clone(), operands.clone());
        if let Some(&v) = self.known.get(&key) {
            return Ok(v);
        }
        let v = self.builder.push(prim, &operands, None).map_err(|e| e.to_string())?[0];
        self.known.insert(key, v);
        Ok(v)
    }
}
