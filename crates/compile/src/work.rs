//! What a step of a plan amounts to: a name, and how many floating-point operations.

use crate::{Extent, Fused, Instruction, Link, Operation};
use array::{DType, Type};
use ir::{Prim, Primitive};

impl Operation {
    /// What is computed, in a word or a few: the primitive's name, or the names of a loop's
    /// operations, each once, with how often it occurs.
    pub fn name(&self) -> String {
        match self {
            Operation::Primitive(prim) => prim.rules().name().to_string(),
            Operation::Fused(fused) => loop_name(fused),
            Operation::Convolution(c) => c.name().to_string(),
            Operation::Product(_) => "dot_general, transposed".to_string(),
            Operation::Ties(_) => "ties of windows".to_string(),
        }
    }

    /// Floating-point operations, by the primitives' own counts (see [`ir::Primitive::flops`]).
    pub fn flops(&self, inputs: &[Type], outputs: &[Type]) -> u64 {
        match self {
            Operation::Primitive(prim) => prim.rules().flops(inputs, outputs),
            Operation::Fused(fused) => fused.code.iter().map(|i| flops_inside(fused, i)).sum(),
            Operation::Convolution(c) => c.flops(inputs, outputs),
            // The count does not depend on the order of the results.
            Operation::Product(product) => product.dot.flops(inputs, outputs),
            // One comparison and one addition for each element.
            Operation::Ties(_) => inputs.first().map_or(0, |x| 2 * x.len() as u64),
        }
    }
}

/// Operations of one instruction over the whole loop. Their counts depend on the number of values
/// alone: of a fold's operands, of any other operation's results.
fn flops_inside(fused: &Fused, instruction: &Instruction) -> u64 {
    let elements: usize = fused.shape.iter().product();
    let values = |extent: Extent| {
        let n = match extent {
            Extent::Element => elements,
            Extent::Row => elements / fused.row.max(1),
        };
        Type::new(DType::F32, vec![n])
    };
    let result = values(instruction.extent);
    let folds = matches!(instruction.prim, Prim::Reduce(_));
    let operand = if folds { values(Extent::Element) } else { result.clone() };
    let operands_of_links =
        instruction.then.iter().filter(|l| matches!(l, Link::Arithmetic { .. }));
    let operands = vec![operand; instruction.inputs.len() - operands_of_links.count()];
    let results = [result.clone()];
    let link = |link: &Link| match link {
        Link::Arithmetic { f, .. } => f.flops(&[result.clone(), result.clone()], &results),
        Link::Function(f) => f.flops(&results, &results),
    };
    let links: u64 = instruction.then.iter().map(link).sum();
    instruction.prim.rules().flops(&operands, &results) + links
}

fn loop_name(fused: &Fused) -> String {
    let mut counted: Vec<(&str, usize)> = vec![];
    for name in fused.code.iter().flat_map(Instruction::names) {
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
