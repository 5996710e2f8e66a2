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
fn vanishes(cell: Cell, s: &Subject, run: ir::check::Run<'_>) -> Result<RuleResult<()>, String> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::program_of;
    use tensor::{Tensor, custom_jvp};

    fn spec(name: &str, f: impl FnOnce(&Tensor) -> Tensor) -> Spec {
        let (program, inputs) = program_of(f, &Tensor::from([0.3, 0.8, -0.4]));
        let cells = Cell::ALL.to_vec();
        let subjects = vec![Subject { label: String::new(), program, inputs, cells }];
        Spec { name: name.into(), kind: Kind::Composed, subjects, oracle: Oracle::Differences }
    }

    fn failing(outcomes: &[Outcome]) -> Vec<&'static str> {
        let failed = Cell::ALL.into_iter().zip(outcomes);
        let failed = failed.filter(|(_, o)| matches!(o, Outcome::Fails(_)));
        failed.map(|(cell, _)| cell.name()).collect()
    }

    #[test]
    fn a_right_function_passes_everywhere() {
        let row = spec("right", |x| (x.sin() * x).exp()).decide();
        assert!(row.f64.iter().chain(&row.f32).all(|o| *o == Outcome::Passes), "{row:?}");
    }

    #[test]
    fn a_wrong_first_derivative_fails_every_derivative_but_no_batch() {
        let wrong = custom_jvp(
            |x: &Tensor| x.sin(),
            |x: &Tensor, dx: &Tensor| (x.sin(), x.cos() * dx * 1.001),
        );
        let row = spec("wrong", wrong).decide();
        let failing = failing(&row.f64);
        assert!(failing.contains(&"jvp") && failing.contains(&"vjp"), "{failing:?}");
        assert!(failing.contains(&"vjp∘vmap"), "{failing:?}");
        assert!(!failing.contains(&"vmap"), "{failing:?}");
    }

    #[test]
    fn a_derivative_that_is_right_once_and_wrong_twice_fails_at_the_second_order() {
        // The value of the derivative is right, but it is constant to further derivatives.
        let frozen = custom_jvp(
            |x: &Tensor| x.sin(),
            |x: &Tensor, dx: &Tensor| (x.sin(), x.cos().stop_gradient() * dx),
        );
        let row = spec("frozen", frozen).decide();
        // The third is compared with differences of the second, which is consistently wrong.
        let expected = ["jvp∘jvp", "jvp∘vjp", "vjp∘jvp", "vjp∘vjp", "hvp"].to_vec();
        assert_eq!(failing(&row.f64), expected);
    }

    #[test]
    fn digits_lost_in_f32_fail_in_f32_alone() {
        // 10⁴ + x has 10⁻³ between neighbours in f32.
        let row = spec("cancels", |x| (x + 1e4) - 1e4).decide();
        assert!(failing(&row.f64).is_empty(), "{row:?}");
        assert!(failing(&row.f32).contains(&"vmap"), "{row:?}");
    }

    #[test]
    fn what_is_listed_as_refused_and_is_not_fails() {
        let row = spec("while", |x| x.sin()).decide();
        assert_eq!(failing(&row.f64), failing(&row.f32));
        assert!(failing(&row.f64).contains(&"vjp") && failing(&row.f64).contains(&"hvp"));
    }

    #[test]
    fn a_panic_is_a_failure_of_its_cell() {
        let row =
            spec("panics", custom_jvp(|x: &Tensor| x.sin(), |_, _| panic!("no rule"))).decide();
        let Outcome::Fails(why) = &row.f64[0] else { panic!("{row:?}") };
        assert!(why[0].contains("no rule"), "{why:?}");
    }

    #[test]
    fn a_row_whose_examples_leave_a_cell_open_fails_it() {
        let mut open = spec("open", |x| x.sin());
        open.subjects[0].cells = vec![Cell::Jvp];
        assert_eq!(failing(&open.decide().f64).len(), Cell::ALL.len() - 1);
    }
}
