//! The matrix as text.

use super::{Kind, Matrix, Outcome, Row};
use ir::check::Cell;
use std::fmt;

/// One character per precision: passes, fails, without meaning, no cell.
fn mark(outcome: &Outcome) -> char {
    match outcome {
        Outcome::Passes => '✓',
        Outcome::Fails(_) => '✗',
        Outcome::WithoutMeaning(_) => '–',
        Outcome::Absent => ' ',
    }
}

/// Columns wide enough for a cell's name and two marks.
fn width(cell: Cell) -> usize {
    cell.name().chars().count().max(2)
}

fn padded(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(text.chars().count());
    format!("{text}{}", " ".repeat(missing))
}

impl Matrix {
    fn names_width(&self) -> usize {
        let widths = self.rows.iter().map(|row| row.name.chars().count());
        widths.max().unwrap_or(0)
    }

    fn write_row(&self, f: &mut fmt::Formatter<'_>, row: &Row) -> fmt::Result {
        write!(f, "{}", padded(&row.name, self.names_width()))?;
        for ((cell, wide), narrow) in Cell::ALL.into_iter().zip(&row.f64).zip(&row.f32) {
            let marks = format!("{}{}", mark(wide), mark(narrow));
            write!(f, "  {}", padded(&marks, width(cell)))?;
        }
        writeln!(f)
    }
}

/// The table, failures with their reasons, the reasons of what has no meaning, and the counts on
/// the last line.
impl fmt::Display for Matrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "Each cell: f64 (against differences, adjoints, loops), then f32 (against f64), both by \
             the engine.\n✓ passes   ✗ fails, see below   – without meaning, see below\n"
        )?;
        for (kind, title) in [(Kind::Primitive, "primitives"), (Kind::Composed, "compositions")] {
            let rows: Vec<&Row> = self.rows.iter().filter(|row| row.kind == kind).collect();
            if rows.is_empty() {
                continue;
            }
            write!(f, "{}", padded(title, self.names_width()))?;
            for cell in Cell::ALL {
                write!(f, "  {}", padded(cell.name(), width(cell)))?;
            }
            writeln!(f)?;
            for row in rows {
                self.write_row(f, row)?;
            }
            writeln!(f)?;
        }
        let mut reasons: Vec<(&str, &str)> = vec![];
        for row in &self.rows {
            for (precision, cell, outcome) in row.outcomes() {
                match outcome {
                    Outcome::Fails(why) => {
                        let (name, cell) = (&row.name, cell.name());
                        writeln!(f, "✗ {name}, {cell} in {precision:?}: {}", why.join("\n    "))?;
                    }
                    Outcome::WithoutMeaning(why) if !reasons.contains(&(&row.name, why)) => {
                        reasons.push((&row.name, why));
                    }
                    Outcome::Passes | Outcome::WithoutMeaning(_) | Outcome::Absent => {}
                }
            }
        }
        for (name, why) in reasons {
            writeln!(f, "– {name}: {why}")?;
        }
        let counts = self.counts();
        write!(
            f,
            "matrix: {} of {} cells pass, {} without meaning",
            counts.pass, counts.of, counts.without_meaning
        )
    }
}
