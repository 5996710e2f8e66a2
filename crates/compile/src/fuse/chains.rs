//! Chains: sums, differences and products of floats that feed one another and nothing else become
//! one instruction, which keeps what is between them in registers. The operations and their order
//! are those of the program: nothing is rounded otherwise.
//!
//! In such arithmetic a value of a row stands for its repetition along the row, which is then
//! not written out.

use super::Extent;
use super::emit::{Draft, Value};
use array::DType;
use ir::Prim;
use ir::prim::Binary;

/// One more operation on a result: `acc ← f(acc, z)`, or `f(z, acc)` where flipped, `z` being
/// a further operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Link {
    /// `Add`, `Sub` or `Mul`.
    pub f: Binary,
    /// Whether the new operand comes first.
    pub flipped: bool,
}

/// Links of one chain, at most: the engine has a loop for each combination.
const MOST_LINKS: usize = 2;

/// Whether this is arithmetic of floats, with links or without.
pub fn is_arithmetic(prim: &Prim, dtype: DType) -> bool {
    let arithmetic = [Binary::Add, Binary::Sub, Binary::Mul, Binary::Div];
    dtype.is_float() && matches!(prim, Prim::Binary(f) if arithmetic.contains(f))
}

/// Sums, differences and products.
fn links_up(draft: &Draft) -> Option<Binary> {
    let Prim::Binary(f) = draft.prim else { return None };
    let linked = matches!(f, Binary::Add | Binary::Sub | Binary::Mul) && draft.dtype.is_float();
    linked.then_some(f)
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
        let Some(f) = links_up(&drafts[k]) else { continue };
        if drafts[k].then.is_empty()
            && let [x, y] = drafts[k].inputs[..]
        {
            let earlier = |value: Value| match value {
                Value::Made(i)
                    if uses[i] == 1
                        && !returned[i]
                        && drafts[i].extent == drafts[k].extent
                        && drafts[i].then.len() < MOST_LINKS
                        && links_up(&drafts[i]).is_some() =>
                {
                    Some(i)
                }
                _ => None,
            };
            let (i, z, flipped) = match (earlier(x), earlier(y)) {
                (Some(i), _) => (i, y, false),
                (None, Some(i)) => (i, x, f == Binary::Sub),
                (None, None) => continue,
            };
            gone[i] = true;
            let first = &drafts[i];
            let (prim, mut inputs, mut then) =
                (first.prim.clone(), first.inputs.clone(), first.then.clone());
            inputs.push(z);
            then.push(Link { f, flipped });
            let draft = &mut drafts[k];
            (draft.prim, draft.inputs, draft.then) = (prim, inputs, then);
        }
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
