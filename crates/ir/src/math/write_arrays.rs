//! Operations on arrays, written down: what has a mathematical notation gets it, everything else
//! is a call by name.

use super::notation::{Style, lowered, operator};
use super::term::Id;
use super::write::{Level, Writer, Written};
use crate::prim::{Constant, DotGeneral, Prim, Reduce, ReduceOp, Slice};
use array::Array;

/// Constants with at most this many elements are written out.
const SHORT: usize = 6;
/// Attributes longer than this are left out.
const LONGEST_ATTRIBUTES: usize = 48;

impl Writer<'_> {
    /// An operation that is not a scalar function. Repetition along new axes is not written: it
    /// is what the notation for arrays leaves out, too.
    pub(super) fn array_operation(&self, id: Id, prim: &Prim, x: &[Id]) -> Written {
        if let Prim::BroadcastInDim(_) = prim {
            return self.term(x[0]);
        }
        if let Prim::Constant(Constant(a)) = prim {
            return (self.constant(a), Level::Atom);
        }
        if let Prim::DotGeneral(dot) = prim {
            return self.dot(dot, x[0], x[1]);
        }
        if let Prim::Reduce(reduce) = prim {
            return self.reduce(reduce, x[0]);
        }
        if let Prim::Transpose(_) = prim
            && self.terms.ty(id).rank() == 2
        {
            let sign = self.style.pick("ᵀ", "^\\top");
            return (format!("{}{sign}", self.at(x[0], Level::Atom)), Level::Power);
        }
        if let Prim::Slice(slice) = prim {
            return self.slice(slice, x[0]);
        }
        if let Prim::Reshape(_) = prim {
            let shape: Vec<String> = self.terms.ty(id).shape.iter().map(usize::to_string).collect();
            let mut shape = shape.join(self.style.pick("×", "\\times "));
            if shape.is_empty() {
                shape = operator("scalar", self.style);
            }
            let name = operator("reshape", self.style);
            return (format!("{name}({}, {shape})", self.at(x[0], Level::Truth)), Level::Atom);
        }
        let scalar_family = matches!(prim, Prim::Select(_) | Prim::Clamp(_) | Prim::Concatenate(_));
        let (text, level) = self.named_call(prim.rules().name(), x);
        let attributes = match prim.attributes() {
            Ok((_, a)) if a != "()" && a.len() <= LONGEST_ATTRIBUTES && !scalar_family => a,
            _ => return (text, level),
        };
        // The attributes stand between the name and the operands.
        let name = operator(prim.rules().name(), self.style);
        let inner = attributes.trim_start_matches('(').trim_end_matches(')').replace(',', ", ");
        let shown = match self.style {
            Style::Unicode => format!("[{inner}]"),
            Style::Latex => {
                format!("_{{\\texttt{{{}}}}}", inner.replace('_', "\\_").replace('"', ""))
            }
        };
        (format!("{name}{shown}{}", &text[name.len()..]), level)
    }

    fn constant(&self, a: &Array) -> String {
        if a.len() > SHORT || a.shape().len() > 1 {
            return format!("{}({})", operator("constant", self.style), a.ty());
        }
        let element = |x: &f64| {
            if x.is_finite() {
                return self.number(*x, a.dtype()).0;
            }
            let infinity = self.style.pick("∞", "\\infty");
            match (x.is_nan(), *x > 0.0) {
                (true, _) => operator("NaN", self.style),
                (false, true) => infinity.to_string(),
                (false, false) => format!("{}{infinity}", self.style.pick("−", "-")),
            }
        };
        let elements: Vec<String> = a.to_f64().iter().map(element).collect();
        let inner = elements.join(", ");
        if a.shape().is_empty() { inner } else { format!("[{inner}]") }
    }

    /// Products of matrices side by side, of vectors in ⟨ ⟩; others with an index for each axis.
    fn dot(&self, dot: &DotGeneral, x: Id, y: Id) -> Written {
        let (p, q) = (self.terms.ty(x).rank(), self.terms.ty(y).rank());
        let axes = [&dot.contract[0][..], &dot.contract[1]];
        if dot.batch[0].is_empty() {
            match (p, q, axes) {
                (1, 1, [[0], [0]]) => {
                    let (l, r) = (self.at(x, Level::Truth), self.at(y, Level::Truth));
                    let text = match self.style {
                        Style::Unicode => format!("⟨{l}, {r}⟩"),
                        Style::Latex => format!("\\langle {l}, {r}\\rangle"),
                    };
                    return (text, Level::Atom);
                }
                (1, 1, [[], []]) => {
                    let sign = self.style.pick("⊗", "\\otimes");
                    let (l, r) = (self.at(x, Level::Power), self.at(y, Level::Power));
                    return (format!("{l} {sign} {r}"), Level::Fraction);
                }
                (1 | 2, 1 | 2, [[a], [b]]) => {
                    // The left operand is contracted at its last axis, the right at its first,
                    // after transposition where needed.
                    let side = |id: Id, transposed: bool| {
                        if transposed {
                            let sign = self.style.pick("ᵀ", "^\\top");
                            format!("{}{sign}", self.at(id, Level::Atom))
                        } else {
                            self.at(id, Level::Power)
                        }
                    };
                    let (l, r) = (side(x, *a + 1 != p), side(y, *b != 0));
                    // Loose enough for parentheses beside · and ⊙.
                    return (format!("{l}{}{r}", self.style.pick(" ", "\\,")), Level::Fraction);
                }
                _ => {}
            }
        }
        let (left, right, out) = indices(dot, p, q);
        let (l, r) = (self.at(x, Level::Truth), self.at(y, Level::Truth));
        let arrow = self.style.pick("→", "\\to ");
        let name = operator("einsum", self.style);
        (format!("{name}({left},{right}{arrow}{out}; {l}, {r})"), Level::Atom)
    }

    fn reduce(&self, reduce: &Reduce, x: Id) -> Written {
        let sign = match reduce.op {
            ReduceOp::Sum => self.style.pick("Σ", "\\sum"),
            ReduceOp::Prod => self.style.pick("∏", "\\prod"),
            ReduceOp::Max => self.style.pick("max", "\\max"),
            ReduceOp::Min => self.style.pick("min", "\\min"),
            ReduceOp::Any => self.style.pick("∃", "\\exists"),
            ReduceOp::All => self.style.pick("∀", "\\forall"),
        };
        // The axes, unless it is all of them.
        let mut axes = String::new();
        if reduce.axes.len() < self.terms.ty(x).rank() {
            let numbers: Vec<String> = reduce.axes.iter().map(usize::to_string).collect();
            axes = match self.style {
                Style::Unicode => reduce.axes.iter().map(|&a| lowered(a, self.style)).collect(),
                Style::Latex => format!("_{{{}}}", numbers.join(",")),
            };
        }
        let inner = self.at(x, Level::Truth);
        (format!("{sign}{axes}{}", super::notation::parentheses(&inner, self.style)), Level::Atom)
    }

    fn slice(&self, slice: &Slice, x: Id) -> Written {
        let shape = &self.terms.ty(x).shape;
        let axis = |d: usize| {
            let (from, to, step) = (slice.start[d], slice.limit[d], slice.strides[d]);
            let range = match (from, to) {
                (0, n) if n == shape[d] => ":".to_string(),
                (0, n) => format!(":{n}"),
                (m, n) if n == shape[d] => format!("{m}:"),
                (m, n) => format!("{m}:{n}"),
            };
            if step == 1 { range } else { format!("{range}:{step}") }
        };
        let ranges: Vec<String> = (0..shape.len()).map(axis).collect();
        (format!("{}[{}]", self.at(x, Level::Atom), ranges.join(", ")), Level::Atom)
    }
}

/// Letters for the axes of both operands and of the result of a product.
fn indices(dot: &DotGeneral, p: usize, q: usize) -> (String, String, String) {
    let letter = |n: usize| char::from(b'a' + (n % 26) as u8);
    let mut next = 0;
    let mut fresh = || {
        next += 1;
        letter(next - 1)
    };
    let (mut left, mut right) = (vec![None; p], vec![None; q]);
    let mut out = String::new();
    for (&a, &b) in dot.batch[0].iter().zip(&dot.batch[1]) {
        let c = fresh();
        (left[a], right[b]) = (Some(c), Some(c));
        out.push(c);
    }
    for (&a, &b) in dot.contract[0].iter().zip(&dot.contract[1]) {
        let c = fresh();
        (left[a], right[b]) = (Some(c), Some(c));
    }
    for slot in left.iter_mut().chain(&mut right) {
        if slot.is_none() {
            let c = fresh();
            *slot = Some(c);
            out.push(c);
        }
    }
    let text = |slots: Vec<Option<char>>| slots.into_iter().flatten().collect::<String>();
    (text(left), text(right), out)
}
