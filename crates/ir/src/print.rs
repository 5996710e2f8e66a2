//! The text of programs. [`parse`](crate::parse()) reads it back to an equal program, bit for bit.
//!
//! ```text
//! program(%0: f64[2,3], %1: f64[3]) {
//!   %2: f64[2] = dot_general(contract: ([1], [0]), batch: ([], [])) %0 %1
//!   %3: f64[] = constant 0.5
//!   %4: f64[2] = tanh %2
//!   return %4
//! }
//! ```
//!
//! One equation per line: its results with their types, the operation, its attributes, the
//! programs inside it, its operands. Scalar functions and comparisons go by their own names; every
//! other operation by the keyword of its family, with the attributes of
//! [`Prim::attributes`](crate::Prim::attributes) (an attribute that is an enum follows a dot:
//! `keyword.Name(…)`). Constants are literals: `[[1.0, 2.0], [3.0, 4.0]]`.

use crate::prim::{Binary, Compare, Constant, Prim, Unary};
use crate::program::{Equation, Program, Var};
use array::{Array, DType, Element as _, with_elements};
use std::fmt::{self, Write};

/// The scalar functions and comparisons, which print as their own names.
pub(crate) fn scalar_function(name: &str) -> Option<Prim> {
    let unary = Unary::ALL.iter().find(|f| f.text() == name).map(|&f| Prim::from(f));
    let binary = || Binary::ALL.iter().find(|f| f.text() == name).map(|&f| Prim::from(f));
    let compare = || {
        let named = |c: &&Compare| crate::Primitive::name(*c) == name;
        Compare::ALL.iter().find(named).map(|&c| Prim::from(c))
    };
    unary.or_else(binary).or_else(compare)
}

/// An operation as the text has it: keyword and attributes, without bodies and operands.
pub(crate) fn operation(prim: &Prim) -> String {
    if let Prim::Unary(_) | Prim::Binary(_) | Prim::Compare(_) = prim {
        return prim.rules().name().to_string();
    }
    match prim.attributes() {
        Ok((keyword, attributes)) if attributes == "()" => keyword.to_string(),
        Ok((keyword, attributes)) if attributes.starts_with('(') => {
            format!("{keyword}{}", spaced(&attributes))
        }
        Ok((keyword, attributes)) => format!("{keyword}.{}", spaced(&attributes)),
        // Operations from outside this crate have no text; the parser says so when it meets one.
        Err(_) => format!("custom({:?})", prim.rules().name()),
    }
}

/// RON with a space after each comma and colon outside of strings.
fn spaced(ron: &str) -> String {
    let mut out = String::with_capacity(ron.len() + 16);
    let (mut quoted, mut escaped) = (false, false);
    for c in ron.chars() {
        out.push(c);
        if quoted {
            quoted = escaped || c != '"';
            escaped = c == '\\' && !escaped;
        } else if c == '"' {
            quoted = true;
        } else if c == ',' || c == ':' {
            out.push(' ');
        }
    }
    out
}

/// The bits of [`f64::NAN`] and [`f32::NAN`], which print as `NaN`; others name their bits.
const NAN64: u64 = f64::NAN.to_bits();
const NAN32: u32 = f32::NAN.to_bits();

fn element(out: &mut dyn Write, a: &Array, i: usize) -> fmt::Result {
    let bits = with_elements!(a, v => v[i].to_bits64());
    let other_nan = match a.dtype() {
        DType::F64 => f64::from_bits(bits).is_nan() && bits != NAN64,
        DType::F32 => a.as_slice::<f32>()[i].is_nan() && bits != u64::from(NAN32),
        DType::I32 | DType::I64 | DType::U32 | DType::Bool => false,
    };
    if other_nan {
        return write!(out, "NaN:{bits:x}");
    }
    // `{:?}` of a float is the shortest decimal that reads back to the same bits.
    with_elements!(a, v => write!(out, "{:?}", v[i]))
}

/// An array as a literal: nested brackets, nothing left out. Arrays without elements print as
/// `[]`: their shape stands in the type.
pub(crate) fn literal(out: &mut dyn Write, a: &Array) -> fmt::Result {
    let shape = a.shape();
    if a.is_empty() {
        return out.write_str("[]");
    }
    for i in 0..a.len() {
        // Before element i close and open as many brackets as axes begin a new row there.
        let starting = |i: usize| {
            let mut stride = 1;
            let rows = shape.iter().rev().take_while(|&&n| {
                stride *= n;
                i.is_multiple_of(stride)
            });
            rows.count()
        };
        if i > 0 {
            let ended = starting(i);
            out.write_str(&"]".repeat(ended))?;
            out.write_str(", ")?;
            out.write_str(&"[".repeat(ended))?;
        } else {
            out.write_str(&"[".repeat(shape.len()))?;
        }
        element(out, a, i)?;
    }
    out.write_str(&"]".repeat(shape.len()))
}

fn typed(out: &mut dyn Write, program: &Program, v: Var) -> fmt::Result {
    match program.types().get(v.index()) {
        Some(ty) => write!(out, "%{}: {ty}", v.0),
        None => write!(out, "%{}: ?", v.0), // only in programs that the verifier rejects
    }
}

/// One equation, without the spaces in front and the end of the line.
pub(crate) fn equation(
    out: &mut dyn Write,
    program: &Program,
    eq: &Equation,
    indent: usize,
) -> fmt::Result {
    for (i, v) in eq.results().enumerate() {
        out.write_str(if i > 0 { ", " } else { "" })?;
        typed(out, program, v)?;
    }
    write!(out, " = {}", operation(&eq.prim))?;
    if let Prim::Constant(Constant(a)) = &eq.prim {
        out.write_str(" ")?;
        literal(out, a)?;
    }
    for body in eq.prim.rules().programs() {
        out.write_str(" ")?;
        write_program(out, body, indent)?;
    }
    for v in &eq.inputs {
        write!(out, " %{}", v.0)?;
    }
    Ok(())
}

fn write_program(out: &mut dyn Write, program: &Program, indent: usize) -> fmt::Result {
    out.write_str("program(")?;
    for v in program.inputs() {
        out.write_str(if v.0 > 0 { ", " } else { "" })?;
        typed(out, program, v)?;
    }
    out.write_str(") {\n")?;
    for eq in program.equations() {
        write!(out, "{:1$}", "", indent + 2)?;
        equation(out, program, eq, indent + 2)?;
        out.write_str("\n")?;
    }
    write!(out, "{:1$}return", "", indent + 2)?;
    for v in program.outputs() {
        write!(out, " %{}", v.0)?;
    }
    write!(out, "\n{:1$}}}", "", indent)
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_program(f, self, 0)
    }
}
