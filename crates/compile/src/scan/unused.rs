//! Carries, stacks and constants that nobody needs.

use super::{Loop, each_loop, part};
use crate::rewriter::Rewriter;
use ir::prim::BroadcastInDim;
use ir::{Program, Var};
use std::borrow::Cow;

/// The program whose loops carry and stack only what is read.
///
/// A carry that comes out as it went in is a constant. A stack of slices is what was sliced, a
/// stack of a constant its repetition, and what is stacked twice is stacked once.
pub fn unused(program: &Program) -> Cow<'_, Program> {
    each_loop(program, reduced)
}

/// Which variables the given ones depend on, themselves included.
fn needed(body: &Program, roots: impl Iterator<Item = Var>) -> Vec<bool> {
    let mut needed = vec![false; body.variables()];
    for v in roots {
        needed[v.index()] = true;
    }
    for eq in body.equations().iter().rev() {
        if eq.results().any(|v| needed[v.index()]) {
            for v in &eq.inputs {
                needed[v.index()] = true;
            }
        }
    }
    needed
}

fn reduced(new: &mut Rewriter, found: &Loop<'_>) -> Option<Vec<Option<Var>>> {
    let body = found.body();
    let (carried, ys) = body.outputs().split_at(found.scan.carry);
    let (carry_read, ys_read) = found.read.split_at(found.scan.carry);
    let carries: Vec<Var> = found.carries().collect();
    // Constants in fact: given as such, or carried without a change.
    let unchanged: Vec<Var> =
        carries.iter().zip(carried).filter(|(c, out)| c == out).map(|(c, _)| *c).collect();
    let constant = |v: Var| v.index() < found.scan.consts || unchanged.contains(&v);
    let slices: Vec<Var> = found.slices().collect();

    // What has to be stacked: each value once, and none that is there already.
    let mut stacked: Vec<Var> = vec![];
    for (&y, _) in ys.iter().zip(ys_read).filter(|(_, read)| **read) {
        if !constant(y) && !slices.contains(&y) && !stacked.contains(&y) {
            stacked.push(y);
        }
    }
    // What has to be carried, which may need more to be carried.
    let mut live: Vec<bool> =
        carries.iter().zip(carry_read).map(|(&c, &read)| read && !constant(c)).collect();
    let needed = loop {
        let outputs = carried.iter().zip(&live).filter(|(_, live)| **live).map(|(v, _)| *v);
        let needed = needed(body, outputs.chain(stacked.iter().copied()));
        let more: Vec<bool> = carries
            .iter()
            .zip(&live)
            .map(|(&c, &live)| live || (needed[c.index()] && !constant(c)))
            .collect();
        if more == live {
            break needed;
        }
        live = more;
    };
    let kept = |v: &Var| needed[v.index()];
    let consts: Vec<Var> = found.consts().chain(unchanged.iter().copied()).filter(kept).collect();
    let live_carries: Vec<usize> = (0..carries.len()).filter(|&k| live[k]).collect();
    let xs: Vec<Var> = slices.iter().copied().filter(kept).collect();
    if consts.len() == found.scan.consts
        && live_carries.len() == carries.len()
        && xs.len() == slices.len()
        && stacked.len() == ys.len()
    {
        return None;
    }
    let inputs: Vec<Var> =
        consts.iter().copied().chain(live_carries.iter().map(|&k| carries[k])).chain(xs).collect();
    let outputs: Vec<Var> =
        live_carries.iter().map(|&k| carried[k]).chain(stacked.iter().copied()).collect();
    let operands: Vec<Var> = inputs.iter().map(|&v| found.operand(v)).collect();
    let results = if outputs.is_empty() {
        vec![]
    } else {
        let body = part(body, &inputs, &outputs);
        new.push_all(found.like(consts.len(), live_carries.len(), body), &operands, found.at)
    };
    let (last, stacks) = results.split_at(live_carries.len());
    let from_carry = (0..carries.len()).map(|k| {
        let position = live_carries.iter().position(|&l| l == k);
        if constant(carries[k]) {
            Some(found.operand(carries[k]))
        } else {
            position.map(|p| last[p])
        }
    });
    let from_carry: Vec<Option<Var>> = from_carry.collect();
    let from_stacks = ys.iter().zip(ys_read).map(|(&y, &read)| {
        if !read {
            None
        } else if constant(y) {
            let shape = [&[found.scan.length], &body.ty(y).shape[..]].concat();
            let dims = (1..shape.len()).collect();
            Some(new.push(BroadcastInDim { shape, dims }, &[found.operand(y)], found.at))
        } else if slices.contains(&y) {
            Some(found.operand(y))
        } else {
            stacked.iter().position(|&s| s == y).map(|p| stacks[p])
        }
    });
    Some(from_carry.into_iter().chain(from_stacks.collect::<Vec<_>>()).collect())
}
