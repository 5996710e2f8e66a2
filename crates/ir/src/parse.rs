//! Programs from text: the inverse of [printing](crate::print).
//!
//! Any text gives a program or an error with its line, its column and what was expected there.
//! Memory is proportional to the text, whatever sizes it claims; programs inside programs nest
//! [`MAX_NESTING`] deep. Every equation goes through [`Builder::push`], so its types follow from
//! the operation's type rule, and types that the text states are checked against them.
//!
//! The text may say less, and say it otherwise, than the printer does: variables may have names
//! (`%weights`), types of results may be left out (except a constant's), constants may be flat
//! lists, and `//` starts a comment.

use crate::prim::{Constant, Prim};
use crate::print::scalar_function;
use crate::program::{Builder, MAX_RANK, Program, Var, size_fits};
use array::{Array, DType, Type};
use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

/// How deep programs may nest in a text.
pub const MAX_NESTING: usize = 32;

/// Why a text is not a program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParseError {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What was expected, and what stands there instead.
    pub message: String,
    /// The line.
    pub source: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Long lines (constants) are shown around the column only.
        const AROUND: usize = 60;
        let from = (self.column - 1).saturating_sub(AROUND);
        let excerpt: String = self.source.chars().skip(from).take(2 * AROUND).collect();
        let caret = self.column - 1 - from;
        write!(f, "line {}, column {}: {}", self.line, self.column, self.message)?;
        write!(f, "\n  {excerpt}\n  {:caret$}^", "")
    }
}

impl std::error::Error for ParseError {}

/// Reads a program.
///
/// ```
/// let p = ir::parse("program(%x: f64[3]) { %y = tanh %x\n return %y }").unwrap();
/// assert_eq!(p.to_string(), "program(%0: f64[3]) {\n  %1: f64[3] = tanh %0\n  return %1\n}");
/// let e = ir::parse("program(%x: f64[3]) { %y = tan %x %x\n return %y }").unwrap_err();
/// assert_eq!((e.line, e.column), (1, 28));
/// ```
///
/// # Errors
/// Where the text is not a program, or an operation's operands do not fit it.
pub fn parse(text: &str) -> Result<Program, ParseError> {
    let mut parser = Parser { text, at: 0 };
    let program = parser.program(1)?;
    parser.space();
    if parser.at < text.len() {
        return parser.expected("the end of the text");
    }
    Ok(program)
}

impl FromStr for Program {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Program, ParseError> {
        parse(text)
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

type Parsed<T> = Result<T, ParseError>;

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn fail<T>(&self, at: usize, message: impl Into<String>) -> Parsed<T> {
        let before = &self.text[..at];
        let start = before.rfind('\n').map_or(0, |n| n + 1);
        Err(ParseError {
            line: before.matches('\n').count() + 1,
            column: before[start..].chars().count() + 1,
            message: message.into(),
            source: self.text[start..].lines().next().unwrap_or_default().to_string(),
        })
    }

    fn expected<T>(&self, what: &str) -> Parsed<T> {
        let found: String = self.rest().chars().take_while(|&c| is_word(c)).take(30).collect();
        let found = match (found.as_str(), self.rest().chars().next()) {
            ("", None) => "the end of the text".to_string(),
            ("", Some('\n' | '\r')) => "the end of the line".to_string(),
            ("", Some(c)) => format!("`{c}`"),
            (word, _) => format!("`{word}`"),
        };
        self.fail(self.at, format!("expected {what}, found {found}"))
    }

    /// Skips blanks on this line.
    fn blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\r']).len();
    }

    /// Skips blanks, ends of lines and comments.
    fn space(&mut self) {
        loop {
            let rest = self.rest();
            self.at += rest.len() - rest.trim_start().len();
            if !self.rest().starts_with("//") {
                return;
            }
            self.at += self.rest().find('\n').unwrap_or(self.rest().len());
        }
    }

    /// Takes `token` if it comes next.
    fn take(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    fn require(&mut self, token: &str) -> Parsed<()> {
        self.space();
        if self.take(token) { Ok(()) } else { self.expected(&format!("`{token}`")) }
    }

    fn word(&mut self, what: &str) -> Parsed<&'a str> {
        let rest = self.rest();
        let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        if end == 0 {
            return self.expected(what);
        }
        self.at += end;
        Ok(&rest[..end])
    }

    /// Whether the next word is `word`.
    fn at_word(&self, word: &str) -> bool {
        self.rest().strip_prefix(word).is_some_and(|r| !r.starts_with(is_word))
    }

    fn variable(&mut self) -> Parsed<&'a str> {
        if !self.take("%") {
            return self.expected("a variable such as `%0`");
        }
        self.word("a variable's name")
    }

    fn defined(&mut self, names: &HashMap<&'a str, Var>) -> Parsed<Var> {
        let at = self.at;
        let name = self.variable()?;
        match names.get(name) {
            Some(&v) => Ok(v),
            None => self.fail(at, format!("the variable `%{name}` is not defined before here")),
        }
    }

    fn ty(&mut self) -> Parsed<Type> {
        let at = self.at;
        let Some(dtype) = DType::from_name(self.word("a type such as `f64[2,3]`")?) else {
            self.at = at;
            return self.expected("a type such as `f64[2,3]`");
        };
        self.require("[")?;
        let mut shape = vec![];
        self.space();
        while !self.take("]") {
            if !shape.is_empty() {
                self.require(",")?;
                self.space();
            }
            let digits = self.word("the size of an axis or `]`")?;
            match digits.parse::<usize>() {
                Ok(n) if shape.len() < MAX_RANK => shape.push(n),
                Ok(_) => return self.fail(at, format!("an array has at most {MAX_RANK} axes")),
                Err(_) => {
                    self.at -= digits.len();
                    return self.expected("the size of an axis");
                }
            }
            self.space();
        }
        let ty = Type::new(dtype, shape);
        match size_fits(&ty) {
            Ok(()) => Ok(ty),
            Err(e) => self.fail(at, e.message),
        }
    }

    /// A program; `level` counts how many it stands in, itself included.
    fn program(&mut self, level: usize) -> Parsed<Program> {
        self.space();
        if level > MAX_NESTING {
            let message = format!("programs nest at most {MAX_NESTING} deep");
            return self.fail(self.at, message);
        }
        self.require("program")?;
        self.require("(")?;
        let mut names: HashMap<&str, Var> = HashMap::new();
        let mut inputs = vec![];
        self.space();
        while !self.take(")") {
            if !inputs.is_empty() {
                self.require(",")?;
                self.space();
            }
            let at = self.at;
            let name = self.variable()?;
            if names.insert(name, Var(inputs.len() as u32)).is_some() {
                return self.fail(at, format!("there already is an input `%{name}`"));
            }
            self.require(":")?;
            self.space();
            inputs.push(self.ty()?);
            self.space();
        }
        self.require("{")?;
        let mut builder = Builder::new(inputs);
        loop {
            self.space();
            if self.at_word("return") {
                self.at += "return".len();
                break;
            }
            self.equation(&mut builder, &mut names, level)?;
            self.blanks();
            let ended = self.rest().is_empty()
                || self.rest().starts_with(['\n', '}'])
                || self.rest().starts_with("//")
                || self.take(";");
            if !ended {
                return self.expected("an operand or the end of the line");
            }
        }
        let mut outputs = vec![];
        self.space();
        while self.rest().starts_with('%') {
            outputs.push(self.defined(&names)?);
            self.space();
        }
        self.require("}")?;
        Ok(builder.finish(outputs))
    }

    /// `%3: f32[2], %4: i64[2] = keyword(attributes) program(…) {…} %1 %2`.
    fn equation(
        &mut self,
        builder: &mut Builder,
        names: &mut HashMap<&'a str, Var>,
        level: usize,
    ) -> Parsed<()> {
        let mut results: Vec<(&str, usize, Option<Type>)> = vec![];
        if !self.rest().starts_with(['%', '=']) {
            return self.expected("an equation or `return`");
        }
        while !self.take("=") {
            if !results.is_empty() {
                self.require(",")?;
                self.space();
            }
            let at = self.at;
            let name = self.variable()?;
            let again = results.iter().any(|r| r.0 == name);
            if names.contains_key(name) || again {
                return self.fail(at, format!("the variable `%{name}` is already defined"));
            }
            self.space();
            let mut ty = None;
            if self.take(":") {
                self.space();
                ty = Some(self.ty()?);
            }
            results.push((name, at, ty));
            self.space();
        }
        self.space();
        let at = self.at;
        let prim = self.operation(results.first().and_then(|r| r.2.as_ref()), level)?;
        let mut operands = vec![];
        self.blanks();
        while self.rest().starts_with('%') {
            operands.push(self.defined(names)?);
            self.blanks();
        }
        let outputs = match builder.push(prim, &operands, None) {
            Ok(outputs) => outputs,
            Err(e) => return self.fail(at, e.to_string()),
        };
        if outputs.len() != results.len() {
            let message =
                format!("the operation has {} results, not {}", outputs.len(), results.len());
            return self.fail(at, message);
        }
        for (&v, (name, at, ty)) in outputs.iter().zip(results) {
            let actual = builder.ty(v);
            if ty.as_ref().is_some_and(|ty| ty != actual) {
                return self.fail(at, format!("the type of `%{name}` is {actual}"));
            }
            names.insert(name, v);
        }
        Ok(())
    }

    fn operation(&mut self, ty: Option<&Type>, level: usize) -> Parsed<Prim> {
        let at = self.at;
        let keyword = self.word("the name of an operation")?;
        if keyword == "constant" {
            let Some(ty) = ty else {
                return self.fail(at, "a constant needs its type: `%0: f64[] = constant 0.5`");
            };
            return Ok(Constant(self.literal(ty)?).into());
        }
        if let Some(prim) = scalar_function(keyword) {
            return Ok(prim);
        }
        if keyword == "custom" {
            return self.fail(at, "an operation from outside this crate has no text");
        }
        let attributes = if self.take(".") {
            let from = self.at;
            while self.rest().starts_with(is_word) {
                self.word("an attribute")?;
            }
            self.group()?;
            &self.text[from..self.at]
        } else {
            let group = self.group()?;
            if group.is_empty() { "()" } else { group }
        };
        let mut prim = match Prim::from_attributes(keyword, attributes) {
            Ok(prim) => prim,
            Err(message) if message.starts_with("no primitive") => return self.fail(at, message),
            Err(message) => return self.attribute_error(keyword, attributes, &message),
        };
        let mut bodies = vec![];
        self.blanks();
        while self.at_word("program") {
            bodies.push(self.program(level + 1)?);
            self.blanks();
        }
        let places = prim.programs_mut();
        if places.len() != bodies.len() {
            let message =
                format!("`{keyword}` contains {} programs, not {}", places.len(), bodies.len());
            return self.fail(at, message);
        }
        for (place, body) in places.into_iter().zip(bodies) {
            *place = body.into();
        }
        Ok(prim)
    }

    /// A bracketed group, strings in it skipped over; empty where no bracket comes next.
    fn group(&mut self) -> Parsed<&'a str> {
        let from = self.at;
        // The closing brackets that are due, each with the place of its opening one.
        let mut due: Vec<(char, usize)> = vec![];
        let (mut quoted, mut escaped) = (false, false);
        for (i, c) in self.rest().char_indices() {
            if quoted {
                quoted = escaped || c != '"';
                escaped = c == '\\' && !escaped;
                continue;
            }
            let closing = match c {
                '(' => Some(')'),
                '[' => Some(']'),
                '{' => Some('}'),
                _ => None,
            };
            if let Some(closing) = closing {
                due.push((closing, from + i));
            } else if due.is_empty() {
                return Ok("");
            } else if let (')' | ']' | '}', Some(&(expected, opened))) = (c, due.last()) {
                if c != expected {
                    return self.fail(opened, "this bracket is not closed");
                }
                due.pop();
                if due.is_empty() {
                    self.at += i + c.len_utf8();
                    return Ok(&self.text[from..self.at]);
                }
            } else {
                quoted = c == '"';
            }
        }
        match due.last() {
            Some(&(_, opened)) => self.fail(opened, "this bracket is not closed"),
            None => Ok(""),
        }
    }

    /// The error of attributes, at the place in them that RON complains of.
    fn attribute_error<T>(&self, keyword: &str, attributes: &'a str, message: &str) -> Parsed<T> {
        let prefix = format!("`{keyword}{attributes}`: ");
        let Some(error) = message.strip_prefix(&prefix) else {
            return self.fail(self.at, message);
        };
        // `line:column: what`, counted from the start of the attributes.
        let (place, what) = error.split_once(": ").unwrap_or(("", error));
        let mut numbers = place.split(|c: char| !c.is_ascii_digit()).map(str::parse::<usize>);
        let offset = match (numbers.next(), numbers.next()) {
            (Some(Ok(line)), Some(Ok(column))) => {
                let before: usize =
                    attributes.split_inclusive('\n').take(line - line.min(1)).map(str::len).sum();
                let rest = attributes.get(before..).unwrap_or_default();
                before
                    + rest.chars().take(column.saturating_sub(1)).map(char::len_utf8).sum::<usize>()
            }
            _ => 0,
        };
        // The attributes end where the parser stands, except for the implied `()`.
        let start = if self.text[..self.at].ends_with(attributes) {
            self.at - attributes.len() + offset
        } else {
            self.at
        };
        self.fail(start, format!("attributes of `{keyword}`: {what}"))
    }

    /// The literal of a constant: nested as the shape says, or one flat list.
    fn literal(&mut self, ty: &Type) -> Parsed<Array> {
        self.space();
        match ty.dtype {
            DType::F64 => {
                self.elements(ty, |w| float(w, |b| Some(f64::from_bits(b)), f64::is_finite))
            }
            DType::F32 => self.elements(ty, |w| {
                float(w, |b| u32::try_from(b).ok().map(f32::from_bits), f32::is_finite)
            }),
            DType::I32 => self.elements(ty, |w| w.parse::<i32>().ok()),
            DType::I64 => self.elements(ty, |w| w.parse::<i64>().ok()),
            DType::U32 => self.elements(ty, |w| w.parse::<u32>().ok()),
            DType::Bool => self.elements(ty, |w| w.parse::<bool>().ok()),
        }
    }

    fn elements<T: array::Element>(
        &mut self,
        ty: &Type,
        read: impl Fn(&str) -> Option<T>,
    ) -> Parsed<Array> {
        let from = self.at;
        let mut values: Vec<T> = vec![];
        // How many elements or lists each open bracket has had; a flat list nests once.
        let mut open: Vec<usize> = vec![];
        let (mut nested, mut deepest) = (true, 0);
        loop {
            self.space();
            if self.take("[") {
                open.push(0);
                deepest = deepest.max(open.len());
                if open.len() > MAX_RANK {
                    return self.fail(self.at - 1, format!("an array has at most {MAX_RANK} axes"));
                }
                self.space();
                if !self.take("]") {
                    continue;
                }
                self.at -= 1;
            } else {
                let at = self.at;
                let rest = self.rest();
                let stop = |c: char| !(is_word(c) || matches!(c, '+' | '-' | '.' | ':'));
                let word = &rest[..rest.find(stop).unwrap_or(rest.len())];
                let Some(value) = read(word) else {
                    return self.expected(&format!("a value of type {}", ty.dtype));
                };
                self.at = at + word.len();
                values.push(value);
                if let Some(count) = open.last_mut() {
                    *count += 1;
                }
            }
            // Close what is complete, until another element is due.
            loop {
                let Some(&count) = open.last() else {
                    return self.array(ty, from, values, nested, deepest);
                };
                self.space();
                if self.take(",") {
                    break;
                }
                if !self.take("]") {
                    return self.expected("`,` or `]`");
                }
                nested &= ty.shape.get(open.len() - 1) == Some(&count);
                open.pop();
                if let Some(count) = open.last_mut() {
                    *count += 1;
                }
            }
        }
    }

    fn array<T: array::Element>(
        &self,
        ty: &Type,
        from: usize,
        values: Vec<T>,
        nested: bool,
        deepest: usize,
    ) -> Parsed<Array> {
        let flat = deepest == 1 || deepest == ty.rank() && nested;
        if values.len() != ty.len() || !flat {
            let shape = &ty.shape;
            let message = format!(
                "expected {} values for {ty}, nested as its shape {shape:?} or flat, found {}",
                ty.len(),
                values.len()
            );
            return self.fail(from, message);
        }
        Ok(Array::from_vec(values, &ty.shape))
    }
}

/// A float: a decimal within range, `inf`, `-inf`, `NaN`, or `NaN:` with its bits in hexadecimal.
fn float<T: Copy + PartialOrd + FromStr>(
    word: &str,
    from_bits: impl Fn(u64) -> Option<T>,
    is_finite: impl Fn(T) -> bool,
) -> Option<T> {
    if let Some(bits) = word.strip_prefix("NaN:") {
        let value = from_bits(u64::from_str_radix(bits, 16).ok()?)?;
        let is_nan = value.partial_cmp(&value).is_none();
        return is_nan.then_some(value);
    }
    let value = word.parse().ok()?;
    let digits = word.contains(|c: char| c.is_ascii_digit());
    (is_finite(value) || !digits).then_some(value)
}
