//! Constant factors of products are laid out before the loop as the products read them.

use super::{Loop, each_loop};
use crate::rewriter::Rewriter;
use ir::prim::{DotGeneral, Transpose};
use ir::{Prim, Program, Var};
use std::borrow::Cow;

/// Steps from which on one transposition beforehand costs less than reading against the grain
/// in every step: a transposition reads and writes each element once, a product packs it anew.
const WORTH: usize = 4;

/// The program whose loops do not multiply from the right by the transposition of a constant
/// matrix, as in `dx = g Wᵀ` for every step: `Wᵀ` is made once. With `W` stored by rows, each
/// product would gather its columns again.
pub fn oriented(program: &Program) -> Cow<'_, Program> {
    each_loop(program, transposed)
}

/// Whether a product reads its right operand, a matrix, along the columns.
fn against_the_grain(p: &DotGeneral, rank: usize) -> bool {
    rank == 2 && p.batch[1].is_empty() && p.contract[1] == [1]
}

fn transposed(new: &mut Rewriter, found: &Loop<'_>) -> Option<Vec<Option<Var>>> {
    let body = found.body();
    if found.scan.length < WORTH {
        return None;
    }
    let mut matrices: Vec<Var> = vec![];
    for eq in body.equations() {
        if let Prim::DotGeneral(p) = &eq.prim
            && let right = eq.inputs[1]
            && right.index() < found.scan.consts
            && against_the_grain(p, body.ty(right).rank())
            && !matrices.contains(&right)
        {
            matrices.push(right);
        }
    }
    if matrices.is_empty() {
        return None;
    }
    let turn = || Transpose { permutation: vec![1, 0] };
    let turned: Vec<Var> =
        matrices.iter().map(|&m| new.push(turn(), &[found.operand(m)], found.at)).collect();
    // The new constants stand behind the old ones.
    let n = found.scan.consts;
    let mut types = body.input_types().to_vec();
    types.splice(n..n, turned.iter().map(|&v| new.ty(v).clone()));
    let mut changed = Rewriter::new(&types);
    let behind = |v: Var| if v.index() < n { v } else { Var(v.0 + matrices.len() as u32) };
    let mut renamed: Vec<Var> = body.inputs().map(behind).collect();
    for eq in body.equations() {
        let mut inputs: Vec<Var> = eq.inputs.iter().map(|v| renamed[v.index()]).collect();
        if let Prim::DotGeneral(p) = &eq.prim
            && let Some(k) = matrices.iter().position(|&m| m == eq.inputs[1])
            && against_the_grain(p, 2)
        {
            inputs[1] = Var((n + k) as u32);
            let dot = DotGeneral { contract: [p.contract[0].clone(), vec![0]], ..(**p).clone() };
            renamed.push(changed.push(dot, &inputs, eq.at));
        } else {
            renamed.extend(changed.copy(body, eq, &inputs));
        }
    }
    let body = changed.finish(body.outputs().iter().map(|v| renamed[v.index()]).collect());
    let operands = [&found.operands[..n], &turned, &found.operands[n..]].concat();
    let scan = found.like(n + turned.len(), found.scan.carry, body);
    Some(new.push_all(scan, &operands, found.at).into_iter().map(Some).collect())
}
