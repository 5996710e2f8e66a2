//! Common-subexpression elimination: what is computed twice from the same values is computed
//! once.

use crate::rewriter::{Rewriter, Vars};
use foldhash::fast::RandomState;
use ir::{Prim, Program, Var};
use std::collections::HashMap;

/// The program with equal equations on equal operands merged.
///
/// Equality of operations is by their parameters' bits (see [`array::Array`]'s), so 0 and −0 are
/// never merged. Operands are compared in order: nothing is commuted. The body of a `call` is
/// one equation, so what a checkpoint computes again is never merged with what is outside it.
pub fn common_subexpressions(program: &Program) -> Program {
    let mut merged = Rewriter::new(program.input_types());
    let mut renamed: Vec<Var> = program.inputs().collect();
    // What can change inside a `Prim` (cached values of placeholders) is not part of its hash.
    #[allow(clippy::mutable_key_type)]
    let mut known: HashMap<(&Prim, Vars), Vars, RandomState> =
        HashMap::with_capacity_and_hasher(program.equations().len(), RandomState::default());
    for eq in program.equations() {
        let inputs: Vars = eq.inputs.iter().map(|v| renamed[v.index()]).collect();
        let results = known
            .entry((&eq.prim, inputs))
            .or_insert_with_key(|(_, inputs)| merged.copy(program, eq, inputs));
        renamed.extend(results.iter());
    }
    merged.finish(program.outputs().iter().map(|v| renamed[v.index()]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use array::{Array, DType, Type};
    use ir::Builder;
    use ir::prim::{Binary, Constant, Unary};

    #[test]
    fn equal_equations_merge_transitively() {
        let mut b = Builder::new(vec![Type::new(DType::F64, vec![2])]);
        let mut branch = || {
            let e = b.push(Unary::Exp.into(), &[Var(0)], None).unwrap()[0];
            b.push(Unary::Sin.into(), &[e], None).unwrap()[0]
        };
        let (x, y) = (branch(), branch());
        let z = b.push(Binary::Mul.into(), &[x, y], None).unwrap();
        let program = common_subexpressions(&b.finish(z));
        assert_eq!(program.equations().len(), 3);
    }

    #[test]
    fn zeros_of_different_sign_and_swapped_operands_stay_apart() {
        let mut b = Builder::new(vec![]);
        let mut constant =
            |x: f64| b.push(Constant(Array::scalar(x)).into(), &[], None).unwrap()[0];
        let (p, n) = (constant(0.0), constant(-0.0));
        let x = b.push(Binary::Sub.into(), &[p, n], None).unwrap()[0];
        let y = b.push(Binary::Sub.into(), &[n, p], None).unwrap()[0];
        let program = common_subexpressions(&b.finish(vec![x, y]));
        assert_eq!(program.equations().len(), 4);
    }
}
