//! What a row of the matrix checks, and the checking.

use super::without_meaning::{self, Why};
use super::{Kind, Outcome, Precision, Row, precision};
use crate::evaluator::Evaluator;
use array::Array;
use ir::check::{Cell, Composition, check};
use ir::{Program, RuleResult};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A program at a point.
pub(super) struct Subject {
    /// Shown with a failure.
    pub(super) label: String,
    pub(super) program: Program,
    pub(super) inputs: Vec<Array>,
    /// Which cells it decides.
    pub(super) cells: Vec<Cell>,
}

/// What the derivatives of a row are compared with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Oracle {
    /// Differences and adjoints.
    Differences,
    /// Zero, by definition (`stop_gradient`).
    Zero,
}

/// A row before it is decided.
pub(super) struct Spec {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) subjects: Vec<Subject>,
    pub(super) oracle: Oracle,
}

impl Spec {
    /// Decides the row's cells.
    pub(super) fn decide(&self) -> Row {
        let of = |precision| Cell::ALL.into_iter().map(|c| self.outcome(c, precision)).collect();
        Row {
            name: self.name.clone(),
            kind: self.kind,
            f64: of(Precision::F64),
            f32: of(Precision::F32),
        }
    }

    fn outcome(&self, cell: Cell, precision: Precision) -> Outcome {
        if let Some(entry) = without_meaning::find(&self.name, cell) {
            let exact = entry.why == Why::NothingToVary;
            if exact && precision == Precision::F32 {
                return Outcome::Absent;
            }
            let wrong: Vec<String> =
                self.subjects.iter().filter_map(|s| contradicts(entry.why, cell, s)).collect();
            return if wrong.is_empty() {
                Outcome::WithoutMeaning(entry.reason)
            } else {
                Outcome::Fails(wrong)
            };
        }
        if precision == Precision::F32 && without_meaning::is_exact(&self.name) {
            return Outcome::Absent;
        }
        let applicable: Vec<&Subject> =
            self.subjects.iter().filter(|s| s.cells.contains(&cell)).collect();
        if applicable.is_empty() {
            return Outcome::Fails(vec!["no example decides this cell".into()]);
        }
        let failure = |s: &&Subject| {
            let why = without_panic(|| self.verdict(s, cell, precision)).err()?;
            Some(if s.label.is_empty() { why } else { format!("{}: {why}", s.label) })
        };
        let failures: Vec<String> = applicable.iter().filter_map(failure).collect();
        if failures.is_empty() { Outcome::Passes } else { Outcome::Fails(failures) }
    }

    fn verdict(&self, s: &Subject, cell: Cell, precision: Precision) -> Result<(), String> {
        let evaluator = Evaluator::default();
        let run = |p: &Program, x: &[Array]| evaluator.run(p, x);
        let decided = match (precision, self.oracle) {
            (Precision::F32, _) => return precision::agrees(&self.name, cell, s, &run),
            (Precision::F64, Oracle::Zero) if cell.differentiates() => vanishes(cell, s, &run)?,
            (Precision::F64, _) => check(cell, &s.program, &s.inputs, &run),
        };
        decided.map_err(|e| e.to_string())
    }
}

/// Whether the derivatives of a cell are all zero.
fn vanishes(
    cell: Cell,
    s: &Subject,
    run: &dyn Fn(&Program, &[Array]) -> RuleResult<Vec<Array>>,
) -> Result<RuleResult<()>, String> {
    let outputs = Composition::of(cell, &s.program, &s.inputs)
        .and_then(|composed| run(&composed.program, &composed.inputs));
    let zero = |y: &Array| y.to_f64().iter().all(|&v| v == 0.0);
    match outputs {
        Ok(outputs) if outputs.iter().all(zero) => Ok(Ok(())),
        Ok(outputs) => Err(format!("must be zero, is {outputs:?}")),
        Err(e) => Ok(Err(e)),
    }
}

/// How a subject contradicts the claim that a cell has no meaning for it, if it does.
fn contradicts(why: Why, cell: Cell, s: &Subject) -> Option<String> {
    match why {
        Why::NothingToVary => {
            let floats = s.program.input_types().iter().filter(|t| t.dtype.is_float()).count();
            (floats > 0).then(|| format!("{}: {floats} inputs are floats", s.label))
        }
        Why::Refused => {
            let evaluator = Evaluator::default();
            let result = Composition::of(cell, &s.program, &s.inputs)
                .and_then(|composed| evaluator.run(&composed.program, &composed.inputs));
            let number = result.ok()?;
            Some(format!("{}: must be refused, gives {number:?}", s.label))
        }
    }
}

/// A panic inside a rule is a failure of the cell, not of the matrix.
fn without_panic(f: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        Err(format!("panics: {}", text.unwrap_or("without a message")))
    })
}
