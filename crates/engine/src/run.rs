//! Running plans once, and stopping runs.

use crate::executable::Executable;
use array::Array;
use compile::Plan;
use ir::RuleResult;
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

/// Runs a plan that is run once; see [`Executable`] for one that is run again.
///
/// # Errors
/// Those of [`Executable::run`].
pub fn run(plan: impl Into<Arc<Plan>>, inputs: Vec<Array>) -> RuleResult<Vec<Array>> {
    Executable::new(plan).run(inputs)
}
