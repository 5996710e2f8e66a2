//! Programs run by the engine, compiled once each.

use array::Array;
use engine::Executable;
use ir::{Program, RuleResult};
use std::cell::RefCell;
use std::collections::HashMap;

/// The run so far, ready: a check runs the same few programs at many points.
#[derive(Default)]
pub(crate) struct Evaluator {
    ready: RefCell<HashMap<Program, Executable>>,
}

impl Evaluator {
    /// The program's outputs, by the engine.
    pub(crate) fn run(&self, program: &Program, inputs: &[Array]) -> RuleResult<Vec<Array>> {
        let mut ready = self.ready.borrow_mut();
        let compiled = || Executable::new(compile::compile(program));
        ready.entry(program.clone()).or_insert_with(compiled).run(inputs.to_vec())
    }
}
