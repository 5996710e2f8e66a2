//! Operations on small constants are evaluated.

use super::At;
use crate::rewriter::Rewriter;
use array::Array;
use ir::prim::Constant;
use ir::{EMBEDDED, Prim, Var};

/// The value of an element-by-element operation on constants of few elements.
pub(super) fn fold(new: &mut Rewriter, prim: &Prim, x: &[Var], at: At) -> Option<Var> {
    let values: Vec<&Array> = x.iter().map(|&v| new.constant(v)).collect::<Option<_>>()?;
    if values.iter().any(|a| a.len() > EMBEDDED) {
        return None;
    }
    let mut results = prim.rules().eval(&values).ok()?;
    let value = results.pop().filter(|_| results.is_empty())?;
    Some(new.push(Constant(value), &[], at))
}
