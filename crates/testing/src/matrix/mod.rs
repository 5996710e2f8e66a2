//! The matrix: every primitive and many composed functions, under every composition of
//! transformations, in f64 and in f32.
//!
//! A *cell* is one row (an operation or a function), one composition of transformations
//! ([`ir::check::Cell`]) and one precision:
//!
//! - in **f64** it is decided as [`ir::check::check`] does: derivatives against central
//!   differences of the function, or of its derivative (extrapolated once, to 2·10⁻⁷), reverse mode against
//!   forward mode (to 10⁻⁹), batches against loops (to 10⁻⁹);
//! - in **f32** the same composition of the same program, with every f64 in it made f32, is
//!   evaluated at the same point and agrees with the f64 one to the tolerances of [`tolerance`].
//!
//! All programs are run by the engine. A primitive's row passes where all its examples
//! ([`ir::prim::all_examples`]) pass. Operations on truth values and integers stand in the matrix
//! as functions of real numbers (see `embedding.rs`): locally constant, with derivative zero, which
//! is what a derivative that meets them in a larger function must find. The cells without meaning
//! are those of [`without_meaning`], each with its reason, counted apart; where the reason is a
//! refusal, the cell is run to see that the refusal happens.

mod composed;
mod embedding;
mod precision;
mod primitives;
mod print;
mod spec;
pub mod tolerance;
pub mod without_meaning;

use ir::check::Cell;
use serde::Serialize;
use spec::Spec;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// In which precision a composition is evaluated.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// Checked against differences, adjoints and loops.
    F64,
    /// Checked against f64.
    F32,
}

impl Precision {
    /// Both.
    pub const ALL: [Precision; 2] = [Precision::F64, Precision::F32];
}

/// What became of a cell.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every example agrees.
    Passes,
    /// What disagrees or is missing, first example first.
    Fails(Vec<String>),
    /// In the reviewed list, with this reason.
    WithoutMeaning(&'static str),
    /// Not a cell: the row holds no floats, so there is no second precision.
    Absent,
}

/// Where a row comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An operation of the language, on all its examples.
    Primitive,
    /// A function on tensors.
    Composed,
}

/// The cells of one operation or function.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The operation's or function's name.
    pub name: String,
    /// Where the row comes from.
    pub kind: Kind,
    /// One outcome per composition in the order of [`Cell::ALL`], in f64.
    pub f64: Vec<Outcome>,
    /// The same in f32.
    pub f32: Vec<Outcome>,
}

impl Row {
    /// The row's cells.
    pub fn outcomes(&self) -> impl Iterator<Item = (Precision, Cell, &Outcome)> {
        let wide = Cell::ALL.into_iter().zip(&self.f64).map(|(c, o)| (Precision::F64, c, o));
        let narrow = Cell::ALL.into_iter().zip(&self.f32).map(|(c, o)| (Precision::F32, c, o));
        wide.chain(narrow)
    }
}

/// All rows.
#[derive(Clone, Debug, Serialize)]
pub struct Matrix {
    /// Primitives in the order of the language's table, then composed functions.
    pub rows: Vec<Row>,
}

/// How many cells came out how.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Counts {
    /// Cells that pass.
    pub pass: usize,
    /// Cells that should.
    pub of: usize,
    /// Cells in the reviewed list of those without meaning, not among these.
    pub without_meaning: usize,
}

impl Matrix {
    /// The counts of the last line.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts { pass: 0, of: 0, without_meaning: 0 };
        for (_, _, outcome) in self.rows.iter().flat_map(Row::outcomes) {
            match outcome {
                Outcome::Passes => {
                    counts.pass += 1;
                    counts.of += 1;
                }
                Outcome::Fails(_) => counts.of += 1,
                Outcome::WithoutMeaning(_) => counts.without_meaning += 1,
                Outcome::Absent => {}
            }
        }
        counts
    }
}

/// The names of all rows, in order.
pub fn names() -> Vec<String> {
    specs("").into_iter().map(|s| s.name).collect()
}

/// The matrix, row by row on as many threads as the machine has. `only` restricts it to rows whose
/// name contains that text; `progress` is told after each row how many are done, of how many, and
/// which.
pub fn run(only: &str, progress: &(dyn Fn(usize, usize, &str) + Sync)) -> Matrix {
    let specs = specs(only);
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let rows: Vec<OnceLock<Row>> = specs.iter().map(|_| OnceLock::new()).collect();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((spec, row)) = {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    specs.get(i).zip(rows.get(i))
                } {
                    row.get_or_init(|| spec.decide());
                    progress(done.fetch_add(1, Ordering::Relaxed) + 1, specs.len(), &spec.name);
                }
            });
        }
    });
    Matrix { rows: rows.into_iter().filter_map(OnceLock::into_inner).collect() }
}

fn specs(only: &str) -> Vec<Spec> {
    let all = primitives::rows().into_iter().chain(composed::rows());
    all.filter(|spec| spec.name.contains(only)).collect()
}
