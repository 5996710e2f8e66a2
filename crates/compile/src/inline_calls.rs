//! Calls of programs become their equations, where the call has done its work.

use crate::rewriter::{Rewriter, Vars};
use ir::prim::CallKind;
use ir::{Prim, Program, Var};
use std::borrow::Cow;

/// The program with the bodies of functions with custom derivatives in place of their calls: a
/// plan is not differentiated any more. The call of a checkpoint stays, so that what it computes
/// again is not merged with what it should not have kept.
pub fn inline_calls(program: &Program) -> Cow<'_, Program> {
    let transparent = |prim: &Prim| {
        let Prim::Call(call) = prim else { return false };
        match call.kind {
            CallKind::CustomJvp { .. } | CallKind::CustomVjp { .. } => true,
            CallKind::Checkpoint | CallKind::CustomTangent { .. } => false,
        }
    };
    if !program.equations().iter().any(|eq| transparent(&eq.prim)) {
        return Cow::Borrowed(program);
    }
    let mut inlined = Rewriter::new(program.input_types());
    let inputs: Vec<Var> = program.inputs().collect();
    let outputs = copy_into(&mut inlined, program, &inputs, &transparent);
    Cow::Owned(inlined.finish(outputs))
}

/// Copies a program's equations, on these inputs, and gives its outputs.
fn copy_into(
    target: &mut Rewriter,
    program: &Program,
    inputs: &[Var],
    transparent: &impl Fn(&Prim) -> bool,
) -> Vec<Var> {
    let mut renamed = inputs.to_vec();
    for eq in program.equations() {
        let operands: Vars = eq.inputs.iter().map(|v| renamed[v.index()]).collect();
        let results = if let Prim::Call(call) = &eq.prim
            && transparent(&eq.prim)
        {
            copy_into(target, &call.program, &operands, transparent).into()
        } else {
            target.copy(program, eq, &operands)
        };
        renamed.extend(results);
    }
    program.outputs().iter().map(|v| renamed[v.index()]).collect()
}
