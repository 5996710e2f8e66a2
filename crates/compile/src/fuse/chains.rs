//! Chains: operations on floats that feed one another and nothing else become one instruction,
//! which keeps what is between them in registers. The operations and their order are those of the
//! program: nothing is rounded otherwise.
//!
//! A chain is arithmetic, `h(g(f(x, y), z), w)` with sums, differences and products, or a function
//! with arithmetic around it, `F(x·s ± m)·y·z`, each part of which may be missing.
//!
//! In chains a value of a row stands for its repetition along the row, which is then not written
//! out.

use super::emit::{Draft, Value};
use super::{Extent, Instruction};
use array::DType;
use ir::Prim;
use ir::prim::{Binary, Unary};

/// One more operation on a result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Link {
    /// `acc ← f(acc, z)`, or `f(z, acc)` where flipped, `z` being a further operand.
    Arithmetic {
        /// `Add`, `Sub` or `Mul`.
        f: Binary,
        /// Whether the new operand comes first.
        flipped: bool,
    },
    /// `acc ← f(acc)`
    Function(Unary),
}

impl Link {
    /// The operation's name.
    pub fn name(&self) -> &str {
        match self {
            Link::Arithmetic { f, .. } => f.text(),
            Link::Function(f) => f.text(),
        }
    }
}

/// Links of arithmetic alone, at most: the engine has a loop for each combination.
const MOST_LINKS: usize = 2;

/// Operands of a chain, at most.
const MOST_OPERANDS: usize = 4;

/// Whether this is arithmetic of floats, with links or without.
pub fn is_arithmetic(prim: &Prim, dtype: DType) -> bool {
    let arithmetic = [Binary::Add, Binary::Sub, Binary::Mul, Binary::Div];
    dtype.is_float() && matches!(prim, Prim::Binary(f) if arithmetic.contains(f))
}

/// The function, if arithmetic may stand around it.
pub fn function_of_chain(prim: &Prim, dtype: DType) -> Option<Unary> {
    use Unary::{Erf, Erfc, Exp, Expm1, Logistic, Tanh};
    let Prim::Unary(f) = prim else { return None };
    let listed = [Exp, Expm1, Tanh, Logistic, Erf, Erfc].contains(f);
    (listed && dtype.is_float()).then_some(*f)
}

impl Instruction {
    /// Whether the instruction is a chain, or might be one: then it takes operands with one value
    /// for each row, and with one in all, where they are. `dtype`: of its result.
    pub fn is_chain(&self, dtype: DType) -> bool {
        is_arithmetic(&self.prim, dtype) || function_of_chain(&self.prim, dtype).is_some()
    }

    /// The function of a chain that has one, and the links before and after it.
    pub fn around_function(&self, dtype: DType) -> Option<(Unary, &[Link], &[Link])> {
        if let Some(f) = function_of_chain(&self.prim, dtype) {
            return Some((f, &[], &self.then));
        }
        let at = self.then.iter().position(|link| matches!(link, Link::Function(_)))?;
        let Link::Function(f) = self.then[at] else { return None };
        Some((f, &self.then[..at], &self.then[at + 1..]))
    }
}

/// Sums, differences and products.
fn links_up(draft: &Draft) -> Option<Binary> {
    let Prim::Binary(f) = draft.prim else { return None };
    let linked = matches!(f, Binary::Add | Binary::Sub | Binary::Mul) && draft.dtype.is_float();
    linked.then_some(f)
}

/// Whether a draft, perhaps a chain by now, has a function in it.
fn has_function(draft: &Draft) -> bool {
    function_of_chain(&draft.prim, draft.dtype).is_some()
        || draft.then.iter().any(|link| matches!(link, Link::Function(_)))
}

/// Whether the result of `earlier` may go on into arithmetic.
fn goes_on(earlier: &Draft, into: Binary) -> bool {
    if has_function(earlier) {
        let after = earlier.then.iter().rev();
        let after = after.take_while(|link| !matches!(link, Link::Function(_))).count();
        return into == Binary::Mul && after < 2 && earlier.inputs.len() < MOST_OPERANDS;
    }
    links_up(earlier).is_some() && earlier.then.len() < MOST_LINKS
}

/// Whether the result of `earlier` may go on into a function: x·s, x ± m or x·s ± m.
fn leads_to_function(earlier: &Draft) -> bool {
    let Some(first) = links_up(earlier) else { return false };
    match earlier.then[..] {
        [] => true,
        [Link::Arithmetic { f, flipped }] => {
            first == Binary::Mul && f != Binary::Mul && !(f == Binary::Sub && flipped)
        }
        _ => false,
    }
}

/// How often each draft is read.
fn uses(drafts: &[Draft]) -> Vec<usize> {
    let mut uses = vec![0; drafts.len()];
    for value in drafts.iter().flat_map(|d| &d.inputs) {
        if let Value::Made(i) = value {
            uses[*i] += 1;
        }
    }
    uses
}

/// The drafts with values of rows read by arithmetic directly, and arithmetic in chains.
/// `returned`: which drafts' results leave the loop.
pub(super) fn linked(mut drafts: Vec<Draft>, returned: &[bool]) -> Vec<Draft> {
    let mut gone = vec![false; drafts.len()];
    read_rows_directly(&mut drafts, &mut gone);
    let uses = uses(&drafts);
    for k in 0..drafts.len() {
        let draft = &drafts[k];
        let earlier = |value: Value| match value {
            Value::Made(i) if uses[i] == 1 && !returned[i] && drafts[i].extent == draft.extent => {
                Some(i)
            }
            _ => None,
        };
        let (i, link, operand) = if function_of_chain(&draft.prim, draft.dtype).is_some() {
            let Some(i) = earlier(draft.inputs[0]).filter(|&i| leads_to_function(&drafts[i]))
            else {
                continue;
            };
            let Prim::Unary(f) = draft.prim else { continue };
            (i, Link::Function(f), None)
        } else if let (Some(f), &[x, y]) = (links_up(draft), &draft.inputs[..]) {
            let earlier = |value| earlier(value).filter(|&i| goes_on(&drafts[i], f));
            match (earlier(x), earlier(y)) {
                (Some(i), _) => (i, Link::Arithmetic { f, flipped: false }, Some(y)),
                (None, Some(i)) => (i, Link::Arithmetic { f, flipped: f == Binary::Sub }, Some(x)),
                (None, None) => continue,
            }
        } else {
            continue;
        };
        gone[i] = true;
        let first = &drafts[i];
        let (prim, mut inputs, mut then) =
            (first.prim.clone(), first.inputs.clone(), first.then.clone());
        inputs.extend(operand);
        then.push(link);
        let draft = &mut drafts[k];
        (draft.prim, draft.inputs, draft.then) = (prim, inputs, then);
    }
    without(drafts, &gone)
}

/// Lets arithmetic read values of rows in place of their repetitions.
fn read_rows_directly(drafts: &mut [Draft], gone: &mut [bool]) {
    // Whether something else than arithmetic reads a draft.
    let mut otherwise = vec![false; drafts.len()];
    for draft in drafts.iter().filter(|d| !is_arithmetic(&d.prim, d.dtype)) {
        for value in &draft.inputs {
            if let Value::Made(i) = value {
                otherwise[*i] = true;
            }
        }
    }
    for i in 0..drafts.len() {
        let repeats = matches!(drafts[i].prim, Prim::BroadcastInDim(_));
        if !repeats || otherwise[i] || drafts[i].extent != Extent::Element {
            continue;
        }
        gone[i] = true;
        let of_row = drafts[i].inputs[0];
        for value in drafts[i + 1..].iter_mut().flat_map(|d| &mut d.inputs) {
            if *value == Value::Made(i) {
                *value = of_row;
            }
        }
    }
}

/// What is left, counted anew.
fn without(drafts: Vec<Draft>, gone: &[bool]) -> Vec<Draft> {
    let mut number = vec![0; drafts.len()];
    let mut left: Vec<Draft> = vec![];
    for (i, mut draft) in drafts.into_iter().enumerate().filter(|&(i, _)| !gone[i]) {
        number[i] = left.len();
        for value in &mut draft.inputs {
            if let Value::Made(j) = value {
                *j = number[*j];
            }
        }
        left.push(draft);
    }
    left
}
