//! What depends on slices and constants only is done for all steps at once.

use super::{Loop, costs_nothing, each_loop, part, uses};
use crate::rewriter::Rewriter;
use ir::prim::BatchAxis;
use ir::transform::batch_program;
use ir::{Equation, Prim, Program, Var};
use std::borrow::Cow;

/// The program whose loops compute beforehand, for all steps, what does not depend on the carry.
/// The products of all the slices with a matrix are one product.
///
/// Products leave unless they are much larger than what they read; other operations leave where
/// their results are no larger than what they are computed from, so that the loop does not read
/// more than before. What only moves elements, and arithmetic, leaves where a product or a
/// function needs it.
pub fn in_front(program: &Program) -> Cow<'_, Program> {
    each_loop(program, hoisted)
}

/// How many times larger than what it reads of a step a product may be: all its results are in
/// memory at once.
const GROWTH: usize = 16;

/// Whether an operation that could leave should.
fn worthwhile(body: &Program, eq: &Equation, varies: &[bool]) -> bool {
    // A checkpoint computes again what was not to be kept.
    if matches!(eq.prim, Prim::Call(_)) || costs_nothing(&eq.prim) {
        return false;
    }
    let size = |v: &Var| body.ty(*v).bytes();
    let read: usize = eq.inputs.iter().filter(|v| varies[v.index()]).map(size).sum();
    let written: usize = eq.results().map(|v| size(&v)).sum();
    let product = matches!(eq.prim, Prim::DotGeneral(_) | Prim::ConvGeneral(_));
    written <= if product { GROWTH * read } else { read }
}

/// Whether the loop should rather repeat an operation than read its results: what it reads
/// instead is no larger.
fn stays(body: &Program, eq: &Equation, varies: &[bool]) -> bool {
    let size = |v: &Var| body.ty(*v).bytes();
    match &eq.prim {
        Prim::Slice(_) | Prim::Transpose(_) | Prim::Reshape(_) | Prim::Reverse(_) => true,
        Prim::Binary(_)
        | Prim::Compare(_)
        | Prim::Select(_)
        | Prim::Clamp(_)
        | Prim::Convert(_)
        | Prim::IsFinite(_) => {
            let read: usize = eq.inputs.iter().filter(|v| varies[v.index()]).map(size).sum();
            read <= eq.results().map(|v| size(&v)).sum()
        }
        Prim::Placeholder(_)
        | Prim::Constant(_)
        | Prim::Iota(_)
        | Prim::Unary(_)
        | Prim::IntegerPow(_)
        | Prim::Polygamma(_)
        | Prim::BroadcastInDim(_)
        | Prim::Pad(_)
        | Prim::Concatenate(_)
        | Prim::Reduce(_)
        | Prim::ArgReduce(_)
        | Prim::DotGeneral(_)
        | Prim::ConvGeneral(_)
        | Prim::ReduceWindow(_)
        | Prim::Fft(_)
        | Prim::Scan(_)
        | Prim::Cond(_)
        | Prim::While(_)
        | Prim::Call(_)
        | Prim::Cholesky(_)
        | Prim::TriangularSolve(_)
        | Prim::Lu(_)
        | Prim::LuSolve(_)
        | Prim::Qr(_)
        | Prim::Svd(_)
        | Prim::Eigh(_)
        | Prim::Gather(_)
        | Prim::ScatterAdd(_)
        | Prim::DynamicSlice(_)
        | Prim::DynamicUpdateSlice(_)
        | Prim::Sort(_)
        | Prim::Cumulative(_)
        | Prim::RandomBits(_)
        | Prim::Threefry(_)
        | Prim::AxisSum(_)
        | Prim::Custom(_) => false,
    }
}

fn hoisted(new: &mut Rewriter, found: &Loop<'_>) -> Option<Vec<Option<Var>>> {
    let body = found.body();
    // What the constants decide, what is known before the loop, and of that what varies.
    let mut known = vec![false; body.variables()];
    let mut varies = vec![false; body.variables()];
    let mut border = vec![false; body.variables()];
    for v in found.consts().chain(found.slices()) {
        known[v.index()] = true;
    }
    for v in found.slices() {
        varies[v.index()] = true;
    }
    let mut leaves = vec![false; body.variables()];
    for eq in body.equations() {
        let inputs = || eq.inputs.iter().map(|v| v.index());
        let before = inputs().all(|v| known[v]);
        let with_steps = inputs().any(|v| varies[v]);
        let leaving = before && with_steps && worthwhile(body, eq, &varies);
        for v in eq.results() {
            known[v.index()] = before && (leaving || !with_steps);
            varies[v.index()] = leaving;
            leaves[v.index()] = leaving;
        }
        if !leaving {
            inputs().for_each(|v| border[v] = true);
        }
    }
    for v in body.outputs() {
        border[v.index()] = true;
    }
    for eq in body.equations().iter().rev() {
        let read_inside = eq.results().any(|v| leaves[v.index()] && border[v.index()]);
        if read_inside && stays(body, eq, &varies) {
            eq.results().for_each(|v| leaves[v.index()] = false);
            eq.inputs.iter().for_each(|v| border[v.index()] = true);
        }
    }
    let read = uses(body);
    let leaving: Vec<Var> = body
        .equations()
        .iter()
        .flat_map(Equation::results)
        .filter(|v| leaves[v.index()] && border[v.index()] && read[v.index()] > 0)
        .collect();
    if leaving.is_empty() {
        return None;
    }
    let (consts, slices): (Vec<Var>, Vec<Var>) =
        (found.consts().collect(), found.slices().collect());
    let inputs = [&consts[..], &slices].concat();
    let batched: Vec<bool> = inputs.iter().map(|v| slices.contains(v)).collect();
    let axis = BatchAxis { size: found.scan.length, name: None };
    let force = vec![true; leaving.len()];
    // An operation without a batching rule stays in the loop.
    let (all_steps, _) =
        batch_program(&part(body, &inputs, &leaving), &batched, &force, &axis).ok()?;
    let operands: Vec<Var> = inputs.iter().map(|&v| found.operand(v)).collect();
    let stacks = new.inline(&all_steps, &operands);
    let all: Vec<Var> = body.inputs().chain(leaving.iter().copied()).collect();
    let scan = found.like(found.scan.consts, found.scan.carry, part(body, &all, body.outputs()));
    let operands = [found.operands, &stacks].concat();
    Some(new.push_all(scan, &operands, found.at).into_iter().map(Some).collect())
}
