//! Plans run with a clock between their steps.

use crate::executable::Executable;
use array::{Array, Type};
use compile::{Source, Step};
use ir::RuleResult;
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
}

impl Executable {
    /// [`Executable::run`] with the time of each step of the plan, in order. Reading the clock
    /// costs some 20 ns a step.
    ///
    /// # Errors
    /// Those of [`Executable::run`].
    pub fn run_timed(&self, inputs: Vec<Array>) -> RuleResult<(Vec<Array>, Vec<StepTime>)> {
        let plan = self.plan();
        let mut times: Vec<Duration> = Vec::with_capacity(plan.steps().len());
        let mut before = Instant::now();
        let outputs = self.run_observed(inputs, None, || {
            times.push(before.elapsed());
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
            StepTime { time, inputs, outputs }
        };
        let times = plan.steps().iter().zip(times).map(record).collect();
        Ok((outputs, times))
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
}
