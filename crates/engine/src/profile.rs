//! Plans run with a clock between their steps.

use crate::executable::{Executable, Frame};
use array::{Array, Type};
use compile::{Operation, Plan, Source, Step};
use ir::{Prim, RuleResult};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What one step of a run took.
#[derive(Clone, Debug)]
pub struct StepTime {
    /// From the end of the step before to its own end, its clean-up included.
    pub time: Duration,
    /// Types of its operands.
    pub inputs: Vec<Type>,
    /// Types of its results; nothing for results that nobody reads.
    pub outputs: Vec<Option<Type>>,
    /// How many times it has been run.
    pub runs: usize,
    /// What runs inside it; only from [`Executable::run_timed_inside`](crate::Executable::run_timed_inside).
    pub inside: Option<Inside>,
}

/// The body of a loop, or the branch that was chosen.
#[derive(Clone, Debug)]
pub struct Inside {
    /// Its plan.
    pub plan: Arc<Plan>,
    /// Its steps, the times of all iterations added.
    pub steps: Vec<StepTime>,
}

impl Executable {
    /// [`Executable::run`] with the time of each step of the plan, in order. Reading the clock
    /// costs some 20 ns a step.
    ///
    /// # Errors
    /// Those of [`Executable::run`].
    pub fn run_timed(&self, inputs: Vec<Array>) -> RuleResult<(Vec<Array>, Vec<StepTime>)> {
        self.timed(inputs, |_, _| ())
    }

    /// [`Executable::run_timed`] with the times of the steps inside loops and branches. For that
    /// these run once more, and their operands are kept: the times of the steps around them are
    /// those of a run that writes over nothing.
    ///
    /// # Errors
    /// Those of [`Executable::run`].
    pub fn run_timed_inside(&self, inputs: Vec<Array>) -> RuleResult<(Vec<Array>, Vec<StepTime>)> {
        let plan = self.plan();
        let mut operands: Vec<Vec<Array>> = vec![vec![]; plan.steps().len()];
        let first: Frame = inputs.iter().cloned().map(Some).collect();
        let mut look = |next: usize, frame: &Frame| {
            let Some(step) = plan.steps().get(next).filter(|step| !step.bodies.is_empty()) else {
                return;
            };
            let value = |source: &Source| match *source {
                Source::Slot(s) | Source::Last(s) => frame[s as usize].clone(),
                Source::Constant(c) => Some(plan.constants()[c as usize].clone()),
            };
            operands[next] = step.inputs.iter().filter_map(value).collect();
        };
        look(0, &first);
        drop(first);
        let (outputs, mut times) = self.timed(inputs, look)?;
        for ((step, time), operands) in plan.steps().iter().zip(&mut times).zip(operands) {
            time.inside = inside(step, operands)?;
        }
        Ok((outputs, times))
    }

    /// Runs with a clock, and shows each step but the first the frame before it runs.
    fn timed(
        &self,
        inputs: Vec<Array>,
        mut look: impl FnMut(usize, &Frame),
    ) -> RuleResult<(Vec<Array>, Vec<StepTime>)> {
        let plan = self.plan();
        let mut times: Vec<Duration> = Vec::with_capacity(plan.steps().len());
        let mut before = Instant::now();
        let outputs = self.run_observed(inputs, None, |frame| {
            times.push(before.elapsed());
            look(times.len(), frame);
            before = Instant::now();
        })?;
        let mut slots: Vec<Option<Type>> = plan.input_types().iter().cloned().map(Some).collect();
        slots.resize(plan.slots(), None);
        let record = |(step, time): (&Step, Duration)| {
            let ty = |source: &Source| match *source {
                Source::Slot(s) | Source::Last(s) => slots[s as usize].clone(),
                Source::Constant(c) => Some(plan.constants()[c as usize].ty()),
            };
            let inputs = step.inputs.iter().filter_map(ty).collect();
            let made = step.outputs.iter().zip(&step.types);
            let outputs = made.clone().map(|(slot, ty)| slot.map(|_| ty.clone())).collect();
            for (slot, ty) in made {
                if let Some(slot) = slot {
                    slots[*slot as usize] = Some(ty.clone());
                }
            }
            StepTime { time, inputs, outputs, runs: 1, inside: None }
        };
        let times = plan.steps().iter().zip(times).map(record).collect();
        Ok((outputs, times))
    }
}

/// The times of the bodies of a step on these operands.
fn inside(step: &Step, mut operands: Vec<Array>) -> RuleResult<Option<Inside>> {
    let bodies: Vec<Executable> = step.bodies.iter().cloned().map(Executable::new).collect();
    let mut all: Option<Inside> = None;
    let mut run = |which: usize, inputs: Vec<Array>| {
        let (outputs, steps) = bodies[which].run_timed_inside(inputs)?;
        add(&mut all, Inside { plan: Arc::clone(&step.bodies[which]), steps });
        RuleResult::Ok(outputs)
    };
    match &step.operation {
        Operation::Primitive(Prim::Scan(p)) => {
            let xs = operands.split_off(p.consts + p.carry);
            let mut carry = operands.split_off(p.consts);
            for step_number in 0..p.length {
                let i = if p.reverse { p.length - 1 - step_number } else { step_number };
                let slices = xs.iter().map(|x| x.index_first(i));
                let inputs = operands.iter().cloned().chain(carry).chain(slices).collect();
                carry = run(0, inputs)?;
                carry.truncate(p.carry);
            }
        }
        Operation::Primitive(Prim::While(p)) => {
            let mut carry = operands.split_off(p.condition_consts + p.body_consts);
            let body_consts = operands.split_off(p.condition_consts);
            let holds = |carry: &[Array]| {
                let condition = bodies[0].run([&operands[..], carry].concat());
                condition.map(|c| c[0].as_slice::<bool>()[0])
            };
            while holds(&carry)? {
                carry = run(1, [body_consts.clone(), carry].concat())?;
            }
        }
        Operation::Primitive(Prim::Cond(p)) => {
            let last = p.branches.len() as i64 - 1;
            let chosen = operands[0].as_slice::<i64>()[0].clamp(0, last) as usize;
            run(chosen, operands.split_off(1))?;
        }
        Operation::Primitive(Prim::Call(_)) => {
            run(0, operands)?;
        }
        Operation::Primitive(_)
        | Operation::Fused(_)
        | Operation::Convolution(_)
        | Operation::Product(_)
        | Operation::Ties(_) => {}
    }
    Ok(all)
}

/// Adds the times of a further run of the same steps.
fn add(all: &mut Option<Inside>, more: Inside) {
    let Some(all) = all else {
        *all = Some(more);
        return;
    };
    for (all, more) in all.steps.iter_mut().zip(more.steps) {
        all.time += more.time;
        all.runs += more.runs;
        if let Some(more) = more.inside {
            add(&mut all.inside, more);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use array::DType;

    #[test]
    fn every_step_has_a_time_and_its_types() {
        let program = ir::parse(
            "program(%0: f32[3,4], %1: f32[4,2]) {
               %2 = dot_general(contract: ([1], [0]), batch: ([], [])) %0 %1
               %3 = tanh %2
               return %3
             }",
        );
        let ready = Executable::new(compile::compile(&program.expect("a program")));
        let x = |shape: &[usize]| Array::full(DType::F32, shape, 0.5);
        let inputs = vec![x(&[3, 4]), x(&[4, 2])];
        let (timed, steps) = ready.run_timed(inputs.clone()).expect("a value");
        let plain = ready.run(inputs).expect("a value");
        assert_eq!(timed[0].as_slice::<f32>(), plain[0].as_slice::<f32>());
        assert_eq!(steps.len(), ready.plan().steps().len());
        assert_eq!(
            steps[0].inputs.iter().map(|t| t.shape.clone()).collect::<Vec<_>>(),
            [[3, 4], [4, 2]]
        );
        let last = steps.last().and_then(|s| s.outputs[0].clone()).expect("a result");
        assert_eq!(last.shape, [3, 2]);
    }

    #[test]
    fn the_steps_of_a_loop_have_times() {
        let program = ir::parse(
            "program(%0: f32[3,3], %1: f32[5,3], %2: f32[3]) {
               %3, %4 = scan(length: 5, reverse: true, consts: 1, carry: 1) program(%0: f32[3,3], %1: f32[3], %2: f32[3]) {
                 %3 = dot_general(contract: ([1], [0]), batch: ([], [])) %0 %1
                 %4 = tanh %3
                 %5 = add %4 %2
                 return %5 %4
               } %0 %2 %1
               %5 = tanh %4
               return %3 %5
             }",
        );
        let ready = Executable::new(compile::compile(&program.expect("a program")));
        let x = |shape: &[usize]| Array::full(DType::F32, shape, 0.5);
        let inputs = vec![x(&[3, 3]), x(&[5, 3]), x(&[3])];
        let plain = ready.run(inputs.clone()).expect("a value");
        let (timed, steps) = ready.run_timed_inside(inputs).expect("a value");
        let plan = ready.plan();
        assert!(timed.iter().zip(&plain).all(|(a, b)| a == b));
        let k = plan.steps().iter().position(|s| !s.bodies.is_empty()).expect("a loop");
        let inside = steps[k].inside.as_ref().expect("a body");
        assert_eq!(inside.steps.len(), plan.steps()[k].bodies[0].steps().len());
        assert!(inside.steps.iter().all(|s| s.runs == 5), "{steps:?}");
        assert_eq!(inside.steps[0].outputs[0].as_ref().map(|t| t.shape.clone()), Some(vec![3]));
    }
}
