//! From a program to a plan: the order of steps, and which slot each value lives in.

use crate::fuse::{Unit, units};
use crate::plan::{Operation, Plan, Source, Step};
use crate::{convolutions, products, ties};
use array::DType;
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

/// Slots, reused as soon as their value has been read for the last time.
struct Slots {
    count: u32,
    free: Vec<u32>,
}

impl Slots {
    fn take(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            self.count += 1;
            self.count - 1
        })
    }
}

/// Lays a program out as a plan: element-by-element operations fused, slots reused as soon as
/// their value has been read for the last time, bodies of control flow compiled.
pub fn schedule(program: &Program) -> Plan {
    let equations = program.equations();
    let units = convolutions::absorb(program, ties::absorb(program, units(program)));
    let units = products::absorb(program, units);
    // The last unit that reads each variable; outputs are read after all.
    let mut last: Vec<Option<usize>> = vec![None; program.variables()];
    for (k, unit) in units.iter().enumerate() {
        for v in unit.inputs(program) {
            last[v.index()] = Some(k);
        }
    }
    for v in program.outputs() {
        last[v.index()] = Some(usize::MAX);
    }
    let mut home = vec![Home::Nowhere; program.variables()];
    for v in program.inputs() {
        home[v.index()] = Home::Slot(v.0);
    }
    let mut slots = Slots { count: program.input_types().len() as u32, free: vec![] };
    let mut constants = vec![];
    let mut steps = vec![];
    for (k, unit) in units.into_iter().enumerate() {
        if let Unit::Equation(i) = unit
            && let Prim::Constant(Constant(value)) = &equations[i].prim
        {
            home[equations[i].first.index()] = Home::Constant(constants.len() as u32);
            constants.push(value.clone());
            continue;
        }
        let inputs = unit.inputs(program);
        let mut frees: SmallVec<[u32; 2]> = SmallVec::new();
        let mut emptied: SmallVec<[u32; 4]> = SmallVec::new();
        let sources = inputs
            .iter()
            .map(|&v| match home[v.index()] {
                Home::Constant(c) => Source::Constant(c),
                Home::Slot(s) if last[v.index()] == Some(k) => {
                    let twice = inputs.iter().filter(|&&u| u == v).count() > 1;
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
        for v in &inputs {
            if let (Home::Slot(_), true) = (home[v.index()], last[v.index()] == Some(k)) {
                home[v.index()] = Home::Nowhere;
            }
        }
        // The results' slots are chosen before the operands' are given back: a value read twice
        // by this step is freed only after it.
        let mut settle = |v: Var| {
            last[v.index()].map(|_| {
                let slot = slots.take();
                home[v.index()] = Home::Slot(slot);
                slot
            })
        };
        let ty = |v: Var| program.ty(v).clone();
        let (operation, outputs, types, bodies, at) = match unit {
            Unit::Equation(i) => {
                let eq = &equations[i];
                let (outputs, types) = (eq.results().map(&mut settle), eq.results().map(ty));
                let bodies = eq.prim.rules().programs();
                let bodies = bodies.into_iter().map(|p| Arc::new(crate::compile(p))).collect();
                let operation = Operation::Primitive(eq.prim.clone());
                (operation, outputs.collect(), types.collect(), bodies, eq.at)
            }
            Unit::Loop { fused, outputs, .. } => {
                let types = outputs.iter().copied().map(ty).collect();
                let outputs = outputs.into_iter().map(&mut settle).collect();
                (Operation::Fused(fused), outputs, types, vec![], None)
            }
            Unit::Convolution { equation, convolution, output, .. } => {
                let outputs = SmallVec::from_slice(&[settle(output)]);
                let types = SmallVec::from_iter([ty(output)]);
                let at = equations[equation].at;
                (Operation::Convolution(convolution), outputs, types, vec![], at)
            }
            Unit::Product { equation, product, output, .. } => {
                let outputs = SmallVec::from_slice(&[settle(output)]);
                let types = SmallVec::from_iter([ty(output)]);
                (Operation::Product(product), outputs, types, vec![], equations[equation].at)
            }
            Unit::Ties { equation, window, inputs: [x, _], mask, counts } => {
                let outputs = SmallVec::from_slice(&[mask.and_then(&mut settle), settle(counts)]);
                let types = SmallVec::from_iter([ty(x).with_dtype(DType::Bool), ty(counts)]);
                (Operation::Ties(window), outputs, types, vec![], equations[equation].at)
            }
        };
        slots.free.extend(emptied);
        steps.push(Step { operation, bodies, inputs: sources, outputs, types, frees, at });
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
        slots: slots.count as usize,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use array::{DType, Type};
    use ir::Builder;
    use ir::prim::{Binary, Reverse, Unary};

    #[test]
    fn a_chain_needs_one_slot_beside_its_input() {
        let mut b = Builder::new(vec![Type::new(DType::F32, vec![4])]);
        let mut x = Var(0);
        for _ in 0..10 {
            x = b.push(Reverse { axes: vec![0] }.into(), &[x], None).unwrap()[0];
        }
        let plan = schedule(&b.finish(vec![x]));
        assert_eq!(plan.slots(), 2);
        assert!(plan.steps().iter().all(|s| matches!(s.inputs[0], Source::Last(_))));
    }

    #[test]
    fn a_value_read_twice_by_its_last_step_is_not_overwritten() {
        let mut b = Builder::new(vec![Type::new(DType::F32, vec![4])]);
        let x = b.push(Reverse { axes: vec![0] }.into(), &[Var(0)], None).unwrap()[0];
        let y = b.push(Binary::Mul.into(), &[x, x], None).unwrap()[0];
        let plan = schedule(&b.finish(vec![y, y]));
        let square = &plan.steps()[1];
        assert_eq!(square.inputs[0], square.inputs[1]);
        assert!(matches!(square.inputs[0], Source::Slot(_)));
        assert_eq!(square.frees.len(), 1);
        assert!(matches!(plan.outputs(), [Source::Slot(_), Source::Last(_)]));
    }

    #[test]
    fn a_chain_of_functions_is_one_step() {
        let mut b = Builder::new(vec![Type::new(DType::F32, vec![4])]);
        let mut x = Var(0);
        for _ in 0..10 {
            x = b.push(Unary::Sin.into(), &[x], None).unwrap()[0];
        }
        let plan = schedule(&b.finish(vec![x]));
        assert_eq!(plan.steps().len(), 1);
    }
}
