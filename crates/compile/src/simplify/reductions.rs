//! Reductions over nothing.

use super::{At, emit};
use crate::rewriter::Rewriter;
use array::shape::kept;
use ir::Var;
use ir::prim::{Reduce, ReduceOp, Reshape};

pub(super) fn reduce(new: &mut Rewriter, p: &Reduce, x: Var, at: At) -> Option<Var> {
    if p.axes.is_empty() && p.op != ReduceOp::Sum {
        return Some(x);
    }
    let shape = new.shape(x);
    // The one element of a group is its extremum. (A sum is 0 + x, which is not −0.)
    let singles = p.axes.iter().all(|&a| shape[a] == 1);
    let exact = match p.op {
        ReduceOp::Max | ReduceOp::Min | ReduceOp::Any | ReduceOp::All | ReduceOp::Prod => true,
        ReduceOp::Sum => !new.dtype(x).is_float(),
    };
    if singles && exact {
        let shape: Vec<usize> = kept(shape.len(), &p.axes).iter().map(|&d| shape[d]).collect();
        return Some(emit(new, Reshape { shape }, &[x], at));
    }
    None
}
