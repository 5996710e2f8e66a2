//! What a step of a plan amounts to: a name, and how many floating-point operations.

use crate::{Fused, Operation};
use array::{DType, Type};

impl Operation {
    /// What is computed, in a word or a few: the primitive's name, or the names of a loop's
    /// operations, each once, with how often it occurs.
    pub fn name(&self) -> String {
        match self {
            Operation::Primitive(prim) => prim.rules().name().to_string(),
            Operation::Fused(fused) => loop_name(fused),
        }
    }

    /// Floating-point operations, by the primitives' own counts (see [`ir::Primitive::flops`]).
    pub fn flops(&self, inputs: &[Type], outputs: &[Type]) -> u64 {
        match self {
            Operation::Primitive(prim) => prim.rules().flops(inputs, outputs),
            Operation::Fused(fused) => {
                // An element-by-element count depends on the shape alone.
                let ty = Type::new(DType::F32, fused.shape.clone());
                let count = |i: &crate::Instruction| {
                    let operands = vec![ty.clone(); i.inputs.len()];
                    i.prim.rules().flops(&operands, std::slice::from_ref(&ty))
                };
                fused.code.iter().map(count).sum()
            }
        }
    }
}

fn loop_name(fused: &Fused) -> String {
    let mut counted: Vec<(&str, usize)> = vec![];
    for instruction in &fused.code {
        let name = instruction.prim.rules().name();
        match counted.iter_mut().find(|(n, _)| *n == name) {
            Some((_, count)) => *count += 1,
            None => counted.push((name, 1)),
        }
    }
    let shown = |(name, count): &(&str, usize)| match count {
        1 => (*name).to_string(),
        n => format!("{name}×{n}"),
    };
    format!("loop({})", counted.iter().map(shown).collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_loop_counts_its_operations() {
        let program = ir::parse(
            "program(%0: f32[5], %1: f32[5]) {
               %2 = mul %0 %1
               %3 = add %2 %0
               %4 = add %3 %1
               return %4
             }",
        );
        let plan = crate::compile(&program.expect("a program"));
        assert_eq!(plan.steps().len(), 1);
        let operation = &plan.steps()[0].operation;
        assert_eq!(operation.flops(plan.input_types(), plan.output_types()), 15);
        assert_eq!(operation.name(), "loop(mul add×2)");
    }
}
