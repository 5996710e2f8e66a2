//! Plans: what an engine runs.

use crate::convolutions::Convolution;
use crate::fuse::{Fused, Instruction};
use crate::products::Product;
use array::{Array, Type};
use ir::Prim;
use ir::prim::ReduceWindow;
use smallvec::SmallVec;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

/// Where a step finds an operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// In a slot, where it stays.
    Slot(u32),
    /// In a slot, for the last time: the step may overwrite the value's buffer if nobody outside
    /// the plan holds it.
    Last(u32),
    /// Among the plan's constants.
    Constant(u32),
}

/// What a step computes.
#[derive(Clone, Debug)]
pub enum Operation {
    /// A primitive.
    Primitive(Prim),
    /// Element-by-element operations in one loop.
    Fused(Fused),
    /// A convolution with rearrangements of its operands and result.
    Convolution(Convolution),
    /// A product with its result transposed.
    Product(Product),
    /// For an operand and its extrema over windows that tile it: which elements equal the extremum
    /// of their window (bools), and how many of each window do (as a float).
    Ties(ReduceWindow),
}

/// One step of a plan.
#[derive(Clone, Debug)]
pub struct Step {
    /// What is computed.
    pub operation: Operation,
    /// The plans of the programs inside the operation, in the order of
    /// [`ir::Primitive::programs`].
    pub bodies: Vec<Arc<Plan>>,
    /// Where the operands are.
    pub inputs: SmallVec<[Source; 3]>,
    /// The slots that the results go to; `None` for results that nobody reads.
    pub outputs: SmallVec<[Option<u32>; 1]>,
    /// The types of the results.
    pub types: SmallVec<[Type; 1]>,
    /// Slots that are empty after the step, besides those read for the last time.
    pub frees: SmallVec<[u32; 2]>,
    /// Where the operation was made, when it comes from Rust code.
    pub at: Option<&'static Location<'static>>,
}

/// A program ready to be run: immutable, so that it can be shared and run from many threads at
/// once.
///
/// Every value lives in a slot of a frame that each run makes for itself. Inputs come in slots
/// `0..n`. A value leaves its slot when it is read for the last time.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(crate) inputs: Vec<Type>,
    pub(crate) outputs: Vec<Source>,
    pub(crate) output_types: Vec<Type>,
    pub(crate) constants: Vec<Array>,
    pub(crate) steps: Vec<Step>,
    pub(crate) slots: usize,
}

impl Plan {
    /// Types of the inputs.
    pub fn input_types(&self) -> &[Type] {
        &self.inputs
    }
    /// Types of the outputs.
    pub fn output_types(&self) -> &[Type] {
        &self.output_types
    }
    /// Where the outputs are found after the last step.
    pub fn outputs(&self) -> &[Source] {
        &self.outputs
    }
    /// The arrays that [`Source::Constant`] refers to.
    pub fn constants(&self) -> &[Array] {
        &self.constants
    }
    /// The steps, in order.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }
    /// Number of slots of a frame.
    pub fn slots(&self) -> usize {
        self.slots
    }

    /// Bytes of results that a run holds at once, at most, beside its inputs, by their lifetimes:
    /// less where a result takes over the memory of an operand.
    pub fn peak_bytes(&self) -> usize {
        let mut held = vec![0; self.slots];
        let (mut live, mut peak) = (0, 0);
        for step in &self.steps {
            for (slot, ty) in step.outputs.iter().zip(&step.types) {
                if let Some(slot) = slot {
                    held[*slot as usize] = ty.bytes();
                    live += ty.bytes();
                }
            }
            let inside = step.bodies.iter().map(|body| body.peak_bytes()).max().unwrap_or(0);
            peak = peak.max(live + inside);
            let last = step.inputs.iter().filter_map(|source| match source {
                Source::Last(slot) => Some(*slot),
                Source::Slot(_) | Source::Constant(_) => None,
            });
            for slot in last.chain(step.frees.iter().copied()) {
                live -= std::mem::take(&mut held[slot as usize]);
            }
        }
        peak
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = |s: &Source| match s {
            Source::Slot(i) => format!("s{i}"),
            Source::Last(i) => format!("s{i}†"),
            Source::Constant(i) => format!("c{i}"),
        };
        let list = |all: &[Source]| all.iter().map(source).collect::<Vec<_>>().join(", ");
        for (i, ty) in self.inputs.iter().enumerate() {
            writeln!(f, "s{i}: {ty}")?;
        }
        for (i, c) in self.constants.iter().enumerate() {
            writeln!(f, "c{i} = {c:?}")?;
        }
        for step in &self.steps {
            let outputs: Vec<String> = step
                .outputs
                .iter()
                .map(|o| o.map_or("_".to_string(), |o| format!("s{o}")))
                .collect();
            write!(f, "{} = ", outputs.join(", "))?;
            match &step.operation {
                Operation::Primitive(prim) => write!(f, "{prim:?}")?,
                Operation::Convolution(convolution) => write!(f, "{convolution:?}")?,
                Operation::Product(product) => write!(f, "{product:?}")?,
                Operation::Ties(window) => write!(f, "ties {:?}", window.window)?,
                Operation::Fused(fused) => {
                    let names: Vec<&str> = fused.code.iter().flat_map(Instruction::names).collect();
                    write!(f, "fused {:?} [{}]", fused.shape, names.join(", "))?;
                }
            }
            writeln!(f, "({})", list(&step.inputs))?;
        }
        write!(f, "return {}", list(&self.outputs))
    }
}
