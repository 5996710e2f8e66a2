//! Loops: what need not be done in every iteration is done once, before or after the loop.
//!
//! ```text
//! invariant → sums → in_front → oriented → unused
//! ```
//!
//! - [`invariant`]: what depends on constants only leaves the loop;
//! - [`sums`]: a carry that is only added to, `c ← c + xᵀg`, becomes one contraction after the
//!   loop, over the steps too;
//! - [`in_front`]: what depends on slices and constants only is done for all steps at once,
//!   before the loop, by the operations' own batching rules (the steps are the batch);
//! - [`oriented`]: a constant matrix is transposed once, before the loop, where the products
//!   inside would read it against the grain;
//! - [`unused`]: carries and stacks that nobody reads disappear, and constants that are carried
//!   are constants.
//!
//! All but [`sums`] keep every bit; that one adds the same numbers in another order.

mod in_front;
mod invariant;
mod oriented;
mod sums;
mod unused;

pub use in_front::in_front;
pub use invariant::invariant;
pub use oriented::oriented;
pub use sums::sums;
pub use unused::unused;

use crate::rewriter::{Rewriter, Vars};
use crate::{after, common_subexpressions, dead_code, simplify, transposed_products};
use ir::prim::Scan;
use ir::{Prim, Program, Var};
use std::borrow::Cow;
use std::collections::HashMap;
use std::panic::Location;
use std::sync::Arc;

/// All passes over loops. Programs without one come back as they are.
pub fn loops(program: &Program) -> Cow<'_, Program> {
    if !program.equations().iter().any(|eq| matches!(eq.prim, Prim::Scan(_))) {
        return Cow::Borrowed(program);
    }
    let program = simple_bodies(program);
    let program = invariant(&program).into_owned();
    let program = sums(&program).into_owned();
    let program = in_front(&program).into_owned();
    let program = oriented(&program).into_owned();
    let program = unused(&program).into_owned();
    Cow::Owned(after(simplify(&program), common_subexpressions))
}

/// A loop as an equation of a program under construction.
struct Loop<'a> {
    scan: &'a Scan,
    /// Constants, initial carries, stacked slices.
    operands: &'a [Var],
    /// Which outputs are read.
    read: Vec<bool>,
    at: Option<&'static Location<'static>>,
}

impl Loop<'_> {
    fn body(&self) -> &Program {
        &self.scan.body
    }

    /// The body's inputs that are constants.
    fn consts(&self) -> impl Iterator<Item = Var> + use<> {
        (0..self.scan.consts as u32).map(Var)
    }

    /// The body's inputs that are carried.
    fn carries(&self) -> impl Iterator<Item = Var> + use<> {
        let start = self.scan.consts as u32;
        (start..start + self.scan.carry as u32).map(Var)
    }

    /// The body's inputs that are slices.
    fn slices(&self) -> impl Iterator<Item = Var> + use<> {
        let start = (self.scan.consts + self.scan.carry) as u32;
        (start..self.body().input_types().len() as u32).map(Var)
    }

    /// What an input of the body is a constant, an initial value or a slice of.
    fn operand(&self, input: Var) -> Var {
        self.operands[input.index()]
    }

    /// A loop of the same steps over another body.
    fn like(&self, consts: usize, carry: usize, body: Program) -> Scan {
        let Scan { length, reverse, .. } = *self.scan;
        Scan { length, reverse, consts, carry, body: Arc::new(body) }
    }
}

/// The program with each loop put through `rule`, which adds what takes its place and gives the
/// outputs, `None` for those that are not read. Loops of no steps stay as they are.
fn each_loop<'p>(
    program: &'p Program,
    mut rule: impl FnMut(&mut Rewriter, &Loop<'_>) -> Option<Vec<Option<Var>>>,
) -> Cow<'p, Program> {
    let mut read = vec![false; program.variables()];
    for v in program.equations().iter().flat_map(|eq| &eq.inputs).chain(program.outputs()) {
        read[v.index()] = true;
    }
    let mut new = Rewriter::new(program.input_types());
    let mut renamed: Vec<Option<Var>> = program.inputs().map(Some).collect();
    let now = |renamed: &[Option<Var>], v: &Var| {
        renamed[v.index()].expect("invariant: what is read has not been dropped")
    };
    let mut changed = false;
    for eq in program.equations() {
        let operands: Vars = eq.inputs.iter().map(|v| now(&renamed, v)).collect();
        if let Prim::Scan(scan) = &eq.prim
            && scan.length > 0
        {
            let read = eq.results().map(|v| read[v.index()]).collect();
            let found = Loop { scan, operands: &operands, read, at: eq.at };
            if let Some(results) = rule(&mut new, &found) {
                renamed.extend(results);
                changed = true;
                continue;
            }
        }
        renamed.extend(new.copy(program, eq, &operands).into_iter().map(Some));
    }
    if !changed {
        return Cow::Borrowed(program);
    }
    Cow::Owned(new.finish(program.outputs().iter().map(|v| now(&renamed, v)).collect()))
}

/// The program with the bodies of its loops simplified.
fn simple_bodies(program: &Program) -> Program {
    let changed = each_loop(program, |new, found| {
        let body = simplify(&crate::inline_calls(found.body()));
        let body = after(after(body, common_subexpressions), transposed_products);
        let body = after(body, dead_code);
        let scan = found.like(found.scan.consts, found.scan.carry, body);
        Some(new.push_all(scan, found.operands, found.at).into_iter().map(Some).collect())
    });
    changed.into_owned()
}

/// The program from the variables `inputs` of a program to `outputs`: what `inputs` depend on is
/// not part of it. The outputs must not depend on other inputs.
fn part(program: &Program, inputs: &[Var], outputs: &[Var]) -> Program {
    let mut needed = vec![false; program.variables()];
    for v in outputs {
        needed[v.index()] = true;
    }
    let mut given = vec![false; program.variables()];
    for v in inputs {
        given[v.index()] = true;
    }
    let makes = |needed: &[bool], eq: &ir::Equation| {
        eq.results().any(|v| needed[v.index()] && !given[v.index()])
    };
    for eq in program.equations().iter().rev() {
        if makes(&needed, eq) {
            for v in &eq.inputs {
                needed[v.index()] = true;
            }
        }
    }
    let types: Vec<_> = inputs.iter().map(|&v| program.ty(v).clone()).collect();
    let mut new = Rewriter::new(&types);
    let mut renamed: HashMap<Var, Var> =
        inputs.iter().enumerate().map(|(i, &v)| (v, Var(i as u32))).collect();
    for eq in program.equations() {
        if makes(&needed, eq) {
            let operands: Vec<Var> = eq.inputs.iter().map(|v| renamed[v]).collect();
            let results = new.copy(program, eq, &operands);
            for (old, new) in eq.results().zip(results) {
                renamed.entry(old).or_insert(new);
            }
        }
    }
    new.finish(outputs.iter().map(|v| renamed[v]).collect())
}

/// For each variable of a program how often it is read, outputs counted too.
fn uses(program: &Program) -> Vec<usize> {
    let mut uses = vec![0; program.variables()];
    for v in program.equations().iter().flat_map(|eq| &eq.inputs).chain(program.outputs()) {
        uses[v.index()] += 1;
    }
    uses
}

/// For each variable of a program the equation that makes it; `None` for inputs.
fn makers(program: &Program) -> Vec<Option<&ir::Equation>> {
    let mut makers = vec![None; program.variables()];
    for eq in program.equations() {
        for v in eq.results() {
            makers[v.index()] = Some(eq);
        }
    }
    makers
}

/// Whether an operation is free where it stands: a value without operands, or one that a fused
/// loop reads without having it in memory.
fn costs_nothing(prim: &Prim) -> bool {
    matches!(prim, Prim::Constant(_) | Prim::Iota(_) | Prim::BroadcastInDim(_))
}
