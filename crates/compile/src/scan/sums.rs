//! Carries that are only added to become one contraction after the loop.

use super::{Loop, each_loop, makers, part, uses};
use crate::rewriter::Rewriter;
use ir::prim::{Binary, DotGeneral, Reduce, ReduceOp, Transpose};
use ir::{Equation, Prim, Program, Var};
use std::borrow::Cow;

/// The program whose loops do not carry sums of products: with `c ← c + Aᵢ Bᵢ` in step `i` and
/// `c` read nowhere else, the last `c` is `c₀ + Σᵢ Aᵢ Bᵢ`, one product in which the steps are
/// contracted too. `dW += xᵀg` is the case that matters. Sums of products, their transpositions
/// and sums of what is stacked anyway are taken apart term by term.
///
/// The factors are stacked, so this trades memory for time: not more than the loop's slices and
/// stacks take already. The order of the summation is another one.
pub fn sums(program: &Program) -> Cow<'_, Program> {
    each_loop(program, contracted)
}

/// A body, and what is known of its variables.
struct Body<'a> {
    makers: Vec<Option<&'a Equation>>,
    uses: Vec<usize>,
    /// Slices, and what the loop stacks.
    stacked: Vec<Var>,
    /// How many inputs are the same in every step.
    consts: usize,
}

impl Body<'_> {
    /// Finds the values whose stacks `Σᵢ v` can be computed from; says whether it can.
    fn collect(&self, v: Var, factors: &mut Vec<Var>) -> bool {
        if self.stacked.contains(&v) {
            return true;
        }
        let Some(eq) = self.makers[v.index()] else { return false };
        if self.uses[v.index()] != 1 {
            return false;
        }
        match &eq.prim {
            Prim::Binary(Binary::Add) => eq.inputs.iter().all(|&x| self.collect(x, factors)),
            Prim::Transpose(_) => self.collect(eq.inputs[0], factors),
            Prim::Reduce(Reduce { op: ReduceOp::Sum, .. }) => self.stacked.contains(&eq.inputs[0]),
            Prim::DotGeneral(_) => {
                factors.extend(&eq.inputs);
                // A factor that is the same in every step has no stack.
                eq.inputs.iter().all(|x| x.index() >= self.consts)
            }
            Prim::Placeholder(_)
            | Prim::Constant(_)
            | Prim::Iota(_)
            | Prim::Unary(_)
            | Prim::Binary(_)
            | Prim::Compare(_)
            | Prim::Select(_)
            | Prim::Clamp(_)
            | Prim::Convert(_)
            | Prim::IsFinite(_)
            | Prim::IntegerPow(_)
            | Prim::Polygamma(_)
            | Prim::BroadcastInDim(_)
            | Prim::Reshape(_)
            | Prim::Slice(_)
            | Prim::Pad(_)
            | Prim::Concatenate(_)
            | Prim::Reverse(_)
            | Prim::Reduce(_)
            | Prim::ArgReduce(_)
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

    /// `Σᵢ v`, from the stacks.
    fn sum(&self, v: Var, new: &mut Rewriter, stack: &impl Fn(Var) -> Var) -> Var {
        let reduce = |axes: Vec<usize>| Reduce { op: ReduceOp::Sum, axes };
        if self.stacked.contains(&v) {
            return new.push(reduce(vec![0]), &[stack(v)], None);
        }
        let eq = self.makers[v.index()].expect("invariant: only what is computed is collected");
        if let Prim::Binary(Binary::Add) = &eq.prim {
            let terms = [0, 1].map(|k| self.sum(eq.inputs[k], new, stack));
            return new.push(Binary::Add, &terms, eq.at);
        }
        if let Prim::Transpose(p) = &eq.prim {
            let x = self.sum(eq.inputs[0], new, stack);
            return new.push(Transpose { permutation: p.permutation.clone() }, &[x], eq.at);
        }
        if let Prim::Reduce(p) = &eq.prim {
            let axes = std::iter::once(0).chain(p.axes.iter().map(|a| a + 1)).collect();
            return new.push(reduce(axes), &[stack(eq.inputs[0])], eq.at);
        }
        let Prim::DotGeneral(p) = &eq.prim else {
            unreachable!("invariant: `collect` does not accept {:?}", eq.prim)
        };
        let up = |axes: &[usize]| axes.iter().map(|a| a + 1).collect::<Vec<_>>();
        let with_steps = |side: usize| [&[0], &up(&p.contract[side])[..]].concat();
        let dot = DotGeneral {
            contract: [with_steps(0), with_steps(1)],
            batch: [up(&p.batch[0]), up(&p.batch[1])],
        };
        new.push(dot, &[stack(eq.inputs[0]), stack(eq.inputs[1])], eq.at)
    }
}

fn contracted(new: &mut Rewriter, found: &Loop<'_>) -> Option<Vec<Option<Var>>> {
    let program = found.body();
    let n = found.scan.carry;
    let (carried, ys) = program.outputs().split_at(n);
    let slices: Vec<Var> = found.slices().collect();
    let mut body = Body {
        makers: makers(program),
        uses: uses(program),
        stacked: [&slices[..], ys].concat(),
        consts: found.scan.consts,
    };
    // By carry: what is added to it in a step, if nothing else happens to it.
    let carries: Vec<Var> = found.carries().collect();
    let addend = |body: &Body<'_>, k: usize| {
        let (c, out) = (carries[k], carried[k]);
        let eq = body.makers[out.index()]?;
        let [l, r] = eq.inputs[..] else { return None };
        let alone = body.uses[c.index()] == 1 && body.uses[out.index()] == 1;
        (matches!(eq.prim, Prim::Binary(Binary::Add)) && alone)
            .then(|| [(l, r), (r, l)].into_iter().find(|(a, _)| *a == c).map(|(_, b)| b))?
    };
    let bytes = |v: &Var| program.ty(*v).bytes();
    let mut budget: usize = body.stacked.iter().map(bytes).sum();
    let mut extra: Vec<Var> = vec![];
    let mut terms: Vec<Option<Var>> = vec![None; n];
    // Twice: the sum of a gradient may find its stack only after a product has asked for it.
    for _ in 0..2 {
        for (k, leaves) in terms.iter_mut().enumerate() {
            let Some(term) = addend(&body, k).filter(|_| leaves.is_none()) else { continue };
            let mut factors = vec![];
            if !body.collect(term, &mut factors) {
                continue;
            }
            factors.sort_unstable();
            factors.dedup();
            factors.retain(|f| !body.stacked.contains(f));
            let cost: usize = factors.iter().map(bytes).sum();
            if cost <= budget {
                budget -= cost;
                *leaves = Some(term);
                body.stacked.extend(&factors);
                extra.extend(factors);
            }
        }
    }
    if terms.iter().all(Option::is_none) {
        return None;
    }
    let still: Vec<usize> = (0..n).filter(|&k| terms[k].is_none()).collect();
    let inputs: Vec<Var> = found
        .consts()
        .chain(still.iter().map(|&k| carries[k]))
        .chain(slices.iter().copied())
        .collect();
    let outputs: Vec<Var> =
        still.iter().map(|&k| carried[k]).chain(ys.iter().copied()).chain(extra.clone()).collect();
    let operands: Vec<Var> = inputs.iter().map(|&v| found.operand(v)).collect();
    let scan = found.like(found.scan.consts, still.len(), part(program, &inputs, &outputs));
    let results = new.push_all(scan, &operands, found.at);
    let stack = |v: Var| {
        if slices.contains(&v) {
            return found.operand(v);
        }
        let y = outputs[still.len()..].iter().position(|&y| y == v);
        results[still.len() + y.expect("invariant: factors are stacked")]
    };
    let mut last: Vec<Option<Var>> = vec![];
    for (k, term) in terms.iter().enumerate() {
        last.push(Some(match term {
            Some(term) => {
                let sum = body.sum(*term, new, &stack);
                new.push(Binary::Add, &[found.operand(carries[k]), sum], found.at)
            }
            None => {
                let position = still.iter().position(|&s| s == k);
                results[position.expect("invariant: carried, or a sum")]
            }
        }));
    }
    let stacks = &results[still.len()..][..ys.len()];
    Some(last.into_iter().chain(stacks.iter().copied().map(Some)).collect())
}
