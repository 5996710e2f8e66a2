//! Plans made ready to run: what depends on the plan alone is worked out once.

use crate::execute::{Operands, Outputs, convolution, execute, is_loop};
use crate::kernels::dot::Product;
use crate::kernels::fused::Loop;
use crate::kernels::ties::ties;
use crate::run::Cancel;
use array::shape::same;
use array::{Array, Type};
use compile::{Convolution, Operation, Plan, Source, Step};
use ir::prim::ReduceWindow;
use ir::{Prim, RuleError, RuleResult};
use smallvec::{SmallVec, smallvec};
use std::sync::{Arc, Mutex, PoisonError};

/// A step with its kernel found.
#[derive(Debug)]
enum Ready {
    /// Element-by-element operations.
    Loop(Loop),
    /// A product of matrices.
    Product(Box<Product>),
    /// Another primitive, with the programs inside it.
    Primitive(Prim, Vec<Executable>),
    /// A convolution with rearrangements.
    Convolution(Convolution),
    /// See [`Operation::Ties`].
    Ties(ReduceWindow),
}

/// Where a result of a step is to be written: in memory that is part of an array that somebody
/// else fills, and that nobody reads or writes until the step is over.
#[derive(Debug)]
pub(crate) struct Destination {
    pub(crate) step: usize,
    /// Which of the step's results.
    pub(crate) result: usize,
    /// The result, when it has been written.
    pub(crate) array: Array,
    /// Its first element.
    pub(crate) start: *mut u8,
}

/// The values of a run, by slot.
pub(crate) type Frame = Vec<Option<Array>>;

/// A plan made ready to run, any number of times and from many threads at once.
///
/// Kernels and the sizes of their work are found here and not at every run; the instruction set
/// in use stays what it was (see [`crate::set_instruction_set`]).
///
/// ```
/// use array::{Array, DType, Type};
/// use ir::{Builder, Var, prim::Unary};
/// let mut b = Builder::new(vec![Type::new(DType::F32, vec![2])]);
/// let y = b.push(Unary::Sqrt.into(), &[Var(0)], None).unwrap();
/// let root = engine::Executable::new(compile::compile(&b.finish(y)));
/// let y = root.run(vec![Array::from_vec(vec![4.0_f32, 9.0], &[2])]).unwrap();
/// assert_eq!(y[0].as_slice::<f32>(), [2.0, 3.0]);
/// ```
#[derive(Debug)]
pub struct Executable {
    plan: Arc<Plan>,
    steps: Vec<Ready>,
    /// For each output the step and the result that make it, if that is a loop.
    makers: Vec<Option<(usize, usize)>>,
    /// Frames at rest, as many as there have been runs at the same time.
    frames: Mutex<Vec<Frame>>,
}

impl Executable {
    /// Makes a plan ready.
    pub fn new(plan: impl Into<Arc<Plan>>) -> Executable {
        let plan = plan.into();
        let mut slots: Vec<Option<&Type>> = plan.input_types().iter().map(Some).collect();
        slots.resize(plan.slots(), None);
        let mut makers: Vec<Option<(usize, usize)>> = vec![None; plan.slots()];
        let constants: Vec<Type> = plan.constants().iter().map(Array::ty).collect();
        let mut steps = Vec::with_capacity(plan.steps().len());
        for step in plan.steps() {
            let operands: SmallVec<[&Type; 8]> = step
                .inputs
                .iter()
                .map(|source| match *source {
                    Source::Constant(c) => &constants[c as usize],
                    Source::Slot(s) | Source::Last(s) => {
                        slots[s as usize].expect("invariant: a plan reads slots that are full")
                    }
                })
                .collect();
            steps.push(match &step.operation {
                Operation::Primitive(prim) if is_loop(prim) => {
                    Ready::Loop(Loop::of(prim, &operands))
                }
                Operation::Primitive(Prim::DotGeneral(p)) => {
                    let shapes = [&operands[0].shape[..], &operands[1].shape];
                    Ready::Product(Box::new(Product::new(p, None, shapes)))
                }
                Operation::Product(p) => {
                    let shapes = [&operands[0].shape[..], &operands[1].shape];
                    Ready::Product(Box::new(Product::new(&p.dot, Some(&p.permutation), shapes)))
                }
                Operation::Primitive(prim) => {
                    let bodies = step.bodies.iter().map(|p| Executable::new(p.clone()));
                    Ready::Primitive(prim.clone(), bodies.collect())
                }
                Operation::Fused(fused) => Ready::Loop(Loop::new(fused, &operands)),
                Operation::Convolution(c) => Ready::Convolution(c.clone()),
                Operation::Ties(window) => Ready::Ties(window.clone()),
            });
            let is_loop = matches!(steps.last(), Some(Ready::Loop(_)));
            for (k, (slot, ty)) in step.outputs.iter().zip(&step.types).enumerate() {
                if let Some(slot) = slot {
                    slots[*slot as usize] = Some(ty);
                    makers[*slot as usize] = is_loop.then_some((steps.len() - 1, k));
                }
            }
        }
        drop(slots);
        let maker = |source: &Source| match *source {
            Source::Constant(_) => None,
            Source::Slot(s) | Source::Last(s) => makers[s as usize],
        };
        let makers = plan.outputs().iter().map(maker).collect();
        Executable { plan, steps, makers, frames: Mutex::default() }
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// For each output the step and the result that make it, if it can be written to a
    /// [`Destination`].
    pub(crate) fn makers(&self) -> &[Option<(usize, usize)>] {
        &self.makers
    }

    /// Runs it.
    ///
    /// # Errors
    /// Inputs that do not have the plan's input types, and operations without a value (see
    /// [`ir::Primitive::eval`]).
    pub fn run(&self, inputs: Vec<Array>) -> RuleResult<Vec<Array>> {
        self.run_with(inputs, None)
    }

    /// [`Executable::run`] that can be stopped from another thread.
    ///
    /// # Errors
    /// Those of [`Executable::run`], and `cancelled`.
    pub fn run_cancellable(&self, inputs: Vec<Array>, cancel: &Cancel) -> RuleResult<Vec<Array>> {
        self.run_with(inputs, Some(cancel))
    }

    pub(crate) fn run_with(
        &self,
        inputs: Vec<Array>,
        cancel: Option<&Cancel>,
    ) -> RuleResult<Vec<Array>> {
        self.run_observed(inputs, cancel, |_| ())
    }

    /// Runs it and calls `after` behind each step, with the frame as the step leaves it.
    pub(crate) fn run_observed(
        &self,
        inputs: Vec<Array>,
        cancel: Option<&Cancel>,
        after: impl FnMut(&Frame),
    ) -> RuleResult<Vec<Array>> {
        self.check(&inputs)?;
        let mut frame = self.frame();
        frame.extend(inputs.into_iter().map(Some));
        self.run_steps(&mut frame, &[], cancel, after)?;
        let results = self.results(&mut frame).collect();
        self.give_back(frame);
        Ok(results)
    }

    /// An empty frame.
    pub(crate) fn frame(&self) -> Frame {
        let frame = self.frames.lock().unwrap_or_else(PoisonError::into_inner).pop();
        frame.unwrap_or_else(|| Vec::with_capacity(self.plan.slots()))
    }

    /// Keeps a frame for the next run, without what is in it.
    pub(crate) fn give_back(&self, mut frame: Frame) {
        frame.clear();
        self.frames.lock().unwrap_or_else(PoisonError::into_inner).push(frame);
    }

    fn check(&self, inputs: &[Array]) -> RuleResult<()> {
        let expected = self.plan.input_types();
        let wrong = |why: String| Err(RuleError::new("program", "eval", why));
        if inputs.len() != expected.len() {
            return wrong(format!("takes {} inputs, got {}", expected.len(), inputs.len()));
        }
        for (i, (x, ty)) in inputs.iter().zip(expected).enumerate() {
            if x.dtype() != ty.dtype || !same(x.shape(), &ty.shape) {
                return wrong(format!("input {i} must be {ty}, got {}", x.ty()));
            }
        }
        Ok(())
    }

    /// Runs the steps over a frame that holds the inputs, which have the right types. A loop does
    /// this once an iteration, with places for what it stacks, in the order of their steps.
    pub(crate) fn run_steps(
        &self,
        frame: &mut Frame,
        mut places: &[Destination],
        cancel: Option<&Cancel>,
        mut after: impl FnMut(&Frame),
    ) -> RuleResult<()> {
        frame.resize(self.plan.slots(), None);
        for (k, (step, ready)) in self.plan.steps().iter().zip(&self.steps).enumerate() {
            if cancel.is_some_and(Cancel::is_cancelled) {
                return Err(RuleError::new("program", "eval", "cancelled"));
            }
            let mut operands = Operands::new(frame, self.plan.constants(), &step.inputs);
            let here = places.iter().take_while(|p| p.step == k).count();
            let (now, later) = places.split_at(here);
            places = later;
            let results = perform(ready, &mut operands, now, cancel).map_err(|e| at(step, e))?;
            for source in &step.inputs {
                if let Source::Last(slot) = *source {
                    frame[slot as usize] = None;
                }
            }
            for &slot in &step.frees {
                frame[slot as usize] = None;
            }
            for (slot, result) in step.outputs.iter().zip(results) {
                if let Some(slot) = slot {
                    frame[*slot as usize] = Some(result);
                }
            }
            after(frame);
        }
        Ok(())
    }

    /// The outputs, out of the frame, when the steps have been run.
    pub(crate) fn results(&self, frame: &mut Frame) -> impl Iterator<Item = Array> {
        const FULL: &str = "invariant: a plan's outputs are in full slots";
        self.plan.outputs().iter().map(|source| match *source {
            Source::Constant(c) => self.plan.constants()[c as usize].clone(),
            Source::Slot(s) => frame[s as usize].clone().expect(FULL),
            Source::Last(s) => frame[s as usize].take().expect(FULL),
        })
    }
}

/// The error with the place of the step, unless it has one.
#[cold]
fn at(step: &Step, e: RuleError) -> RuleError {
    match step.at {
        Some(at) => e.or_at(at),
        None => e,
    }
}

fn perform(
    ready: &Ready,
    operands: &mut Operands<'_>,
    places: &[Destination],
    cancel: Option<&Cancel>,
) -> RuleResult<Outputs> {
    match ready {
        Ready::Loop(l) => Ok(l.run(operands, places)),
        Ready::Product(p) => Ok(smallvec![p.run(operands.array(0), operands.array(1))]),
        Ready::Primitive(prim, bodies) => execute(prim, bodies, operands, cancel),
        Ready::Convolution(c) => Ok(smallvec![convolution(c, operands)?]),
        Ready::Ties(p) => Ok(ties(p, operands.array(0), operands.array(1))),
    }
}
