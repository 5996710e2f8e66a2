//! From a program to a plan: the order of steps, and which slot each value lives in.

use crate::plan::{Operation, Plan, Source, Step};
use ir::prim::Constant;
use ir::{Prim, Program, Var};
use smallvec::SmallVec;
use std::sync::Arc;

/// Where a variable lives.
#[derive(Clone, Copy)]
enum Home {
    Slot(u32),
    Constant(u32),
    /// Nowhere (any more).
    Nowhere,
}

/// Lays a program out as a plan: steps in the program's order, slots reused as soon as their
/// value has been read for the last time, bodies of control flow compiled.
pub fn schedule(program: &Program) -> Plan {
    let last = program.last_uses();
    let mut read = vec![false; program.variables()];
    let uses = program.equations().iter().flat_map(|eq| &eq.inputs).chain(program.outputs());
    for v in uses {
        read[v.index()] = true;
    }
    let inputs = program.input_types().len() as u32;
    let mut home = vec![Home::Nowhere; program.variables()];
    for v in program.inputs() {
        home[v.index()] = Home::Slot(v.0);
    }
    let mut slots = inputs;
    let mut free: Vec<u32> = vec![];
    let mut constants = vec![];
    let mut steps = vec![];
    for (i, eq) in program.equations().iter().enumerate() {
        if let Prim::Constant(Constant(value)) = &eq.prim {
            home[eq.first.index()] = Home::Constant(constants.len() as u32);
            constants.push(value.clone());
            continue;
        }
        let mut frees: SmallVec<[u32; 2]> = SmallVec::new();
        let mut emptied: SmallVec<[u32; 4]> = SmallVec::new();
        let sources = eq
            .inputs
            .iter()
            .map(|&v| match home[v.index()] {
                Home::Constant(c) => Source::Constant(c),
                Home::Slot(s) if last[v.index()] == i => {
                    let twice = eq.inputs.iter().filter(|&&u| u == v).count() > 1;
                    if !emptied.contains(&s) {
                        emptied.push(s);
                        if twice {
                            frees.push(s);
                        }
                    }
                    if twice { Source::Slot(s) } else { Source::Last(s) }
                }
                Home::Slot(s) => Source::Slot(s),
                Home::Nowhere => unreachable!("invariant: variables are read after they are made"),
            })
            .collect();
        for v in &eq.inputs {
            if let (Home::Slot(_), true) = (home[v.index()], last[v.index()] == i) {
                home[v.index()] = Home::Nowhere;
            }
        }
        // The results' slots are chosen before the operands' are given back: a value read twice
        // by this step is freed only after it.
        let outputs = eq
            .results()
            .map(|v| {
                let slot = read[v.index()].then(|| {
                    free.pop().unwrap_or_else(|| {
                        slots += 1;
                        slots - 1
                    })
                });
                if let Some(s) = slot {
                    home[v.index()] = Home::Slot(s);
                }
                slot
            })
            .collect();
        free.extend(emptied);
        let bodies = eq.prim.rules().programs();
        steps.push(Step {
            operation: Operation::Primitive(eq.prim.clone()),
            bodies: bodies.into_iter().map(|p| Arc::new(crate::compile(p))).collect(),
            inputs: sources,
            outputs,
            frees,
            at: eq.at,
        });
    }
    let output = |(i, v): (usize, &Var)| match home[v.index()] {
        Home::Constant(c) => Source::Constant(c),
        // A value that is returned twice is moved out the last time.
        Home::Slot(s) if program.outputs()[i + 1..].contains(v) => Source::Slot(s),
        Home::Slot(s) => Source::Last(s),
        Home::Nowhere => unreachable!("invariant: outputs are kept to the end"),
    };
    Plan {
        inputs: program.input_types().to_vec(),
        outputs: program.outputs().iter().enumerate().map(output).collect(),
        output_types: program.output_types(),
        constants,
        steps,
        slots: slots as usize,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use array::{DType, Type};
    use ir::Builder;
    use ir::prim::{Binary, Unary};

    #[test]
    fn a_chain_needs_two_slots_beside_its_input() {
        let mut b = Builder::new(vec![Type::new(DType::F32, vec![4])]);
        let mut x = Var(0);
        for _ in 0..10 {
            x = b.push(Unary::Sin.into(), &[x], None).unwrap()[0];
        }
        let plan = schedule(&b.finish(vec![x]));
        assert_eq!(plan.slots(), 2);
        assert!(plan.steps().iter().all(|s| matches!(s.inputs[0], Source::Last(_))));
    }

    #[test]
    fn a_value_read_twice_by_its_last_step_is_not_overwritten() {
        let mut b = Builder::new(vec![Type::new(DType::F32, vec![4])]);
        let x = b.push(Unary::Sin.into(), &[Var(0)], None).unwrap()[0];
        let y = b.push(Binary::Mul.into(), &[x, x], None).unwrap()[0];
        let plan = schedule(&b.finish(vec![y, y]));
        let square = &plan.steps()[1];
        assert_eq!(square.inputs[0], square.inputs[1]);
        assert!(matches!(square.inputs[0], Source::Slot(_)));
        assert_eq!(square.frees.len(), 1);
        assert!(matches!(plan.outputs(), [Source::Slot(_), Source::Last(_)]));
    }
}
