//! Common-subexpression elimination: what is computed twice from the same values is computed
//! once.

use crate::rewriter::{Rewriter, Vars};
use foldhash::fast::RandomState;
use ir::{Equation, Prim, Program, Var};
use std::borrow::Cow;
use std::hash::BuildHasher;

/// The program with equal equations on equal operands merged.
///
/// Equality of operations is by their parameters' bits (see [`array::Array`]'s), so 0 and −0 are
/// never merged. Operands are compared in order: nothing is commuted. The body of a `call` is
/// one equation, so what a checkpoint computes again is never merged with what is outside it.
pub fn common_subexpressions(program: &Program) -> Cow<'_, Program> {
    let equations = program.equations();
    // For each variable the first one with its value; for each equation whether it is the first.
    let mut same: Vec<Var> = program.inputs().collect();
    let mut first = vec![true; equations.len()];
    let mut known = Known::new(equations.len());
    for (i, eq) in equations.iter().enumerate() {
        match known.find_or_insert(i, equations, &same) {
            Some(before) => {
                first[i] = false;
                same.extend(before.results());
            }
            None => same.extend(eq.results()),
        }
    }
    if first.iter().all(|&first| first) {
        return Cow::Borrowed(program);
    }
    let mut merged = Rewriter::like(program);
    let mut renamed: Vec<Var> = program.inputs().collect();
    for (eq, first) in equations.iter().zip(first) {
        if first {
            let now = |v: &Var| renamed[same[v.index()].index()];
            let inputs: Vars = eq.inputs.iter().map(now).collect();
            renamed.extend(merged.copy(program, eq, &inputs));
        } else {
            // Never looked at.
            renamed.extend(eq.results());
        }
    }
    let outputs = program.outputs().iter().map(|v| renamed[same[v.index()].index()]);
    Cow::Owned(merged.finish(outputs.collect()))
}

/// The equations seen so far, by a hash of what they compute: an open table of hashes and numbers.
struct Known {
    table: Vec<(u32, u32)>,
    hasher: RandomState,
}

const EMPTY: (u32, u32) = (0, u32::MAX);

impl Known {
    fn new(equations: usize) -> Known {
        let size = (2 * equations).next_power_of_two();
        Known { table: vec![EMPTY; size], hasher: RandomState::default() }
    }

    /// An equation before number `i` that computes the same from the same values; if there is
    /// none, number `i` is known from now on.
    fn find_or_insert<'a>(
        &mut self,
        i: usize,
        equations: &'a [Equation],
        same: &[Var],
    ) -> Option<&'a Equation> {
        let operands = |eq: &'a Equation| eq.inputs.iter().map(|v| same[v.index()]);
        let eq = &equations[i];
        let key: (&Prim, Vars) = (&eq.prim, operands(eq).collect());
        let hash = self.hasher.hash_one(&key);
        // The place and the mark come from different bits.
        let (mut place, mark) = (hash as usize, (hash >> 32) as u32);
        loop {
            place &= self.table.len() - 1;
            let found = self.table[place];
            if found == EMPTY {
                self.table[place] = (mark, i as u32);
                return None;
            }
            if found.0 == mark {
                let before = &equations[found.1 as usize];
                if operands(before).eq(key.1.iter().copied()) && before.prim == eq.prim {
                    return Some(before);
                }
            }
            place += 1;
        }
    }
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
        let program = b.finish(z);
        let program = common_subexpressions(&program);
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
        let program = b.finish(vec![x, y]);
        let program = common_subexpressions(&program);
        assert_eq!(program.equations().len(), 4);
    }
}
