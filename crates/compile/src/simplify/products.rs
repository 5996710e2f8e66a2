//! Transpositions of the operands of `dot_general` become part of it.

use super::{At, emit};
use crate::rewriter::Rewriter;
use ir::prim::DotGeneral;
use ir::{Prim, Var};

/// An operand that is a transposition: the product names the axes of what is transposed instead,
/// if the free ones stay in order.
pub(super) fn dot_general(new: &mut Rewriter, p: &DotGeneral, x: &[Var], at: At) -> Option<Var> {
    for side in 0..2 {
        let Some((Prim::Transpose(t), y)) = new.definition(x[side]) else { continue };
        let named = |axes: &[usize]| axes.iter().map(|&a| t.permutation[a]).collect::<Vec<_>>();
        if !named(&p.free(side, t.permutation.len())).is_sorted() {
            continue;
        }
        let (mut dot, mut operands) = (p.clone(), [x[0], x[1]]);
        dot.contract[side] = named(&p.contract[side]);
        dot.batch[side] = named(&p.batch[side]);
        operands[side] = y[0];
        return Some(emit(new, dot, &operands, at));
    }
    None
}
