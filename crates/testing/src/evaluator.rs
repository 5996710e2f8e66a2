//! Programs run by the engine, compiled once each.

use array::Array;
use compile::Plan;
use ir::{Program, RuleResult};
use std::cell::RefCell;
use std::collections::HashMap;

/// Plans of the programs run so far: a check runs the same few programs at many points.
#[derive(Default)]
pub(crate) struct Evaluator {
    plans: RefCell<HashMap<Program, Plan>>,
}

impl Evaluator {
    /// The program's outputs, by the engine.
    pub(crate) fn run(&self, program: &Program, inputs: &[Array]) -> RuleResult<Vec<Array>> {
        let mut plans = self.plans.borrow_mut();
        let plan = plans.entry(program.clone()).or_insert_with(|| compile::compile(program));
        engine::run(plan, inputs.to_vec())
    }
}
