//! Running plans.

use crate::execute::{Operand, Outputs, convolution, execute};
use crate::kernels::dot::dot_general;
use crate::kernels::fused::fused;
use crate::kernels::ties::ties;
use array::Array;
use compile::{Operation, Plan, Source, Step};
use ir::{RuleError, RuleResult};
use smallvec::{SmallVec, smallvec};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A request to stop, which a run looks at between its steps. Clones are the same request.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// A request that has not been made yet.
    pub fn new() -> Cancel {
        Cancel::default()
    }

    /// Asks every run that holds this to stop.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it has been asked for.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Runs a plan.
///
/// # Errors
/// Inputs that do not have the plan's input types, and operations without a value (see
/// [`ir::Primitive::eval`]).
pub fn run(plan: &Plan, inputs: Vec<Array>) -> RuleResult<Vec<Array>> {
    run_with(plan, inputs, None)
}

/// [`run`] that can be stopped from another thread.
///
/// # Errors
/// Those of [`run`], and `cancelled`.
pub fn run_cancellable(plan: &Plan, inputs: Vec<Array>, cancel: &Cancel) -> RuleResult<Vec<Array>> {
    run_with(plan, inputs, Some(cancel))
}

fn check(plan: &Plan, inputs: &[Array]) -> RuleResult<()> {
    let expected = plan.input_types();
    let wrong = |why: String| Err(RuleError::new("program", "eval", why));
    if inputs.len() != expected.len() {
        return wrong(format!("takes {} inputs, got {}", expected.len(), inputs.len()));
    }
    for (i, (x, ty)) in inputs.iter().zip(expected).enumerate() {
        if x.dtype() != ty.dtype || x.shape() != ty.shape {
            return wrong(format!("input {i} must be {ty}, got {}", x.ty()));
        }
    }
    Ok(())
}

pub(crate) fn run_with(
    plan: &Plan,
    inputs: Vec<Array>,
    cancel: Option<&Cancel>,
) -> RuleResult<Vec<Array>> {
    run_observed(plan, inputs, cancel, |_, _| ())
}

/// Runs a plan and calls `after` behind each step, with the frame as the step leaves it.
pub(crate) fn run_observed(
    plan: &Plan,
    inputs: Vec<Array>,
    cancel: Option<&Cancel>,
    after: impl FnMut(&Step, &[Option<Array>]),
) -> RuleResult<Vec<Array>> {
    check(plan, &inputs)?;
    let mut frame: Vec<Option<Array>> = inputs.into_iter().map(Some).collect();
    run_steps(plan, &mut frame, cancel, after)?;
    Ok(results(plan, &mut frame).collect())
}

/// Runs the steps of a plan over a frame that holds its inputs, which have the right types. A
/// loop does this once an iteration.
pub(crate) fn run_steps(
    plan: &Plan,
    frame: &mut Vec<Option<Array>>,
    cancel: Option<&Cancel>,
    mut after: impl FnMut(&Step, &[Option<Array>]),
) -> RuleResult<()> {
    frame.resize(plan.slots(), None);
    for step in plan.steps() {
        if cancel.is_some_and(Cancel::is_cancelled) {
            return Err(RuleError::new("program", "eval", "cancelled"));
        }
        let results = perform(plan, step, frame, cancel).map_err(|e| match step.at {
            Some(at) => e.or_at(at),
            None => e,
        })?;
        for &slot in &step.frees {
            frame[slot as usize] = None;
        }
        for (slot, result) in step.outputs.iter().zip(results) {
            if let Some(slot) = slot {
                frame[*slot as usize] = Some(result);
            }
        }
        after(step, frame);
    }
    Ok(())
}

/// The outputs of a plan whose steps have been run, out of the frame.
pub(crate) fn results<'a>(
    plan: &'a Plan,
    frame: &'a mut [Option<Array>],
) -> impl Iterator<Item = Array> + use<'a> {
    plan.outputs().iter().map(|source| match *source {
        Source::Constant(c) => plan.constants()[c as usize].clone(),
        Source::Slot(s) => full(frame, s).clone(),
        Source::Last(s) => take(frame, s),
    })
}

fn full(frame: &[Option<Array>], slot: u32) -> &Array {
    frame[slot as usize].as_ref().expect("invariant: a plan reads slots that are full")
}

fn take(frame: &mut [Option<Array>], slot: u32) -> Array {
    frame[slot as usize].take().expect("invariant: a plan reads slots that are full")
}

fn perform(
    plan: &Plan,
    step: &Step,
    frame: &mut [Option<Array>],
    cancel: Option<&Cancel>,
) -> RuleResult<Outputs> {
    // First what leaves its slot, then, with the frame at rest, what is only looked at.
    let mut leaving: SmallVec<[Option<Array>; 4]> = step
        .inputs
        .iter()
        .map(|source| match *source {
            Source::Last(s) => Some(take(frame, s)),
            Source::Slot(_) | Source::Constant(_) => None,
        })
        .collect();
    let mut operands: SmallVec<[Operand<'_>; 4]> = step
        .inputs
        .iter()
        .zip(&mut leaving)
        .map(|(source, leaving)| match (*source, leaving.take()) {
            (_, Some(array)) => Operand::Last(array),
            (Source::Constant(c), None) => Operand::Kept(&plan.constants()[c as usize]),
            (Source::Slot(s) | Source::Last(s), None) => Operand::Kept(full(frame, s)),
        })
        .collect();
    let results = match &step.operation {
        Operation::Primitive(prim) => execute(prim, &step.bodies, &mut operands, cancel)?,
        Operation::Fused(f) => fused(f, &mut operands),
        Operation::Convolution(c) => smallvec![convolution(c, &operands)?],
        Operation::Product(p) => {
            let (x, y) = (operands[0].array(), operands[1].array());
            smallvec![dot_general(&p.dot, Some(&p.permutation), x, y)]
        }
        Operation::Ties(p) => ties(p, operands[0].array(), operands[1].array()),
    };
    Ok(results)
}
