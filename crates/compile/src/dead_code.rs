//! Dead-code elimination: equations that no output depends on disappear.

use crate::rewriter::{Rewriter, Vars};
use ir::{Program, Var};
use std::borrow::Cow;

/// The program without the equations that no output depends on. No primitive has effects, so
/// nothing else can be missed; inputs stay, used or not.
pub fn dead_code(program: &Program) -> Cow<'_, Program> {
    let mut live = vec![false; program.variables()];
    for v in program.outputs() {
        live[v.index()] = true;
    }
    for eq in program.equations().iter().rev() {
        if eq.results().any(|v| live[v.index()]) {
            for v in &eq.inputs {
                live[v.index()] = true;
            }
        }
    }
    if program.equations().iter().all(|eq| eq.results().any(|v| live[v.index()])) {
        return Cow::Borrowed(program);
    }
    let mut kept = Rewriter::like(program);
    let mut renamed: Vec<Option<Var>> = program.inputs().map(Some).collect();
    renamed.resize(program.variables(), None);
    for eq in program.equations() {
        if !eq.results().any(|v| live[v.index()]) {
            continue;
        }
        let inputs: Vars = eq.inputs.iter().map(|v| defined(&renamed, *v)).collect();
        let results = kept.copy(program, eq, &inputs);
        for (old, new) in eq.results().zip(results) {
            renamed[old.index()] = Some(new);
        }
    }
    Cow::Owned(kept.finish(program.outputs().iter().map(|v| defined(&renamed, *v)).collect()))
}

fn defined(renamed: &[Option<Var>], v: Var) -> Var {
    renamed[v.index()].expect("invariant: what a live equation reads is live")
}

#[cfg(test)]
mod tests {
    use super::*;
    use array::{DType, Type};
    use ir::Builder;
    use ir::prim::{Binary, Unary};

    #[test]
    fn unused_chains_disappear_and_inputs_stay() {
        let t = Type::new(DType::F64, vec![2]);
        let mut b = Builder::new(vec![t.clone(), t]);
        let y = b.push(Unary::Exp.into(), &[Var(0)], None).unwrap()[0];
        let dead = b.push(Unary::Log.into(), &[Var(1)], None).unwrap()[0];
        b.push(Binary::Add.into(), &[y, dead], None).unwrap();
        let program = b.finish(vec![y]);
        let program = dead_code(&program);
        assert_eq!(program.equations().len(), 1);
        assert_eq!(program.input_types().len(), 2);
    }
}
