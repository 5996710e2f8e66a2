//! The rows of the primitives: all examples of one operation, one row.

use super::embedding::{embedded, is_discrete};
use super::spec::{Oracle, Spec, Subject};
use super::{Kind, without_meaning};
use array::Array;
use ir::check::{Cell, fill, program_of};
use ir::prim::{Example, Lu, Prim, Unary, all_examples};
use ir::transform::trace;
use ir::{Expr, RuleResult, bind};

/// The seed of the battery: the same points in the matrix as there.
const SEED: u64 = 7;

fn cells(which: impl Fn(Cell) -> bool) -> Vec<Cell> {
    Cell::ALL.into_iter().filter(|&c| which(c)).collect()
}

fn label(example: &Example) -> String {
    let attributes = example.prim.attributes().map_or_else(|e| e, |(_, a)| a);
    let types: Vec<String> = example.inputs.iter().map(|(t, _)| t.to_string()).collect();
    format!("{attributes} on ({})", types.join(", "))
}

/// The programs that an example stands for, each with the cells it decides.
fn subjects(example: &Example, exact: bool) -> Vec<Subject> {
    let marked = example.without_derivative.is_some();
    let decided = cells(|c| !(marked && c.differentiates()));
    let inputs: Vec<Array> = example
        .inputs
        .iter()
        .enumerate()
        .map(|(i, (ty, how))| fill(ty, how, SEED + i as u64))
        .collect();
    let program = program_of(example).expect("invariant: examples are well typed");
    let mut subjects = vec![Subject { label: label(example), program, inputs, cells: decided }];
    let mapped = example.mapped_over.is_some();
    if is_discrete(example) && !exact && !mapped {
        let (program, inputs) =
            embedded(example, SEED).expect("invariant: examples are well typed");
        let label = format!("{} as a function of real numbers", label(example));
        subjects.push(Subject { label, program, inputs, cells: cells(Cell::differentiates) });
    }
    if let Prim::LuSolve(_) = example.prim {
        subjects.push(with_factors(example, &subjects[0]));
    }
    subjects
}

/// `(A, B) ↦ op(A)⁻¹ B` for [`ir::prim::LuSolve`], whose other operands are the factors of `A` and
/// cannot be moved apart from it.
fn with_factors(example: &Example, whole: &Subject) -> Subject {
    let types = [example.inputs[0].0.clone(), example.inputs[3].0.clone()];
    let closed = trace("solve", &types, |x| -> RuleResult<Vec<Expr>> {
        let factors = bind(Lu {}, &[&x[0]]);
        Ok(bind(example.prim.clone(), &[&x[0], &factors[0], &factors[2], &x[1]]))
    });
    Subject {
        label: format!("{} with factors of the matrix", whole.label),
        program: closed.expect("invariant: examples are well typed").program,
        inputs: vec![whole.inputs[0].clone(), whole.inputs[3].clone()],
        cells: cells(Cell::differentiates),
    }
}

/// One row per operation, in the order of the language's table.
pub(super) fn rows() -> Vec<Spec> {
    let mut rows: Vec<Spec> = vec![];
    for example in all_examples() {
        let name = example.prim.rules().name();
        let exact = without_meaning::is_exact(name);
        let found = rows.iter().position(|row| row.name == name).unwrap_or_else(|| {
            let by_definition = example.prim == Prim::from(Unary::StopGradient);
            rows.push(Spec {
                name: name.to_string(),
                kind: Kind::Primitive,
                subjects: vec![],
                oracle: if by_definition { Oracle::Zero } else { Oracle::Differences },
            });
            rows.len() - 1
        });
        rows[found].subjects.extend(subjects(&example, exact));
    }
    // The one operation whose derivative is not that of its value.
    for row in rows.iter_mut().filter(|row| row.oracle == Oracle::Zero) {
        row.subjects.iter_mut().for_each(|s| s.cells = Cell::ALL.to_vec());
    }
    rows
}
