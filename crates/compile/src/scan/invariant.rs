//! What depends on constants only leaves the loop.

use super::{Loop, costs_nothing, each_loop, part, uses};
use crate::rewriter::Rewriter;
use ir::{Program, Var};
use std::borrow::Cow;

/// The program whose loops do not compute again in every iteration what their constants decide.
/// Constants and broadcasts stay inside, where they cost nothing.
pub fn invariant(program: &Program) -> Cow<'_, Program> {
    each_loop(program, hoisted)
}

fn hoisted(new: &mut Rewriter, found: &Loop<'_>) -> Option<Vec<Option<Var>>> {
    let body = found.body();
    let mut constant = vec![false; body.variables()];
    for v in found.consts() {
        constant[v.index()] = true;
    }
    // What varies, and the outputs, read what has left the loop.
    let mut border = vec![false; body.variables()];
    for eq in body.equations() {
        let fixed = eq.inputs.iter().all(|v| constant[v.index()]);
        for v in eq.results() {
            constant[v.index()] = fixed;
        }
        if !fixed || costs_nothing(&eq.prim) {
            for v in &eq.inputs {
                border[v.index()] = true;
            }
        }
    }
    for v in body.outputs() {
        border[v.index()] = true;
    }
    let read = uses(body);
    let leaving: Vec<Var> = body
        .equations()
        .iter()
        .filter(|eq| !costs_nothing(&eq.prim))
        .flat_map(ir::Equation::results)
        .filter(|v| constant[v.index()] && border[v.index()] && read[v.index()] > 0)
        .collect();
    if leaving.is_empty() {
        return None;
    }
    let consts: Vec<Var> = found.consts().collect();
    let values = new.inline(&part(body, &consts, &leaving), &found.operands[..found.scan.consts]);
    let rest: Vec<Var> = found.carries().chain(found.slices()).collect();
    let inputs = [&consts[..], &leaving, &rest].concat();
    let scan = found.like(
        consts.len() + leaving.len(),
        found.scan.carry,
        part(body, &inputs, body.outputs()),
    );
    let operands: Vec<Var> =
        [&found.operands[..consts.len()], &values, &found.operands[consts.len()..]].concat();
    Some(new.push_all(scan, &operands, found.at).into_iter().map(Some).collect())
}
