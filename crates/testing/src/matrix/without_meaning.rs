//! The cells without meaning: the reviewed list. Nothing else in the matrix is left out.

use ir::check::Cell;

/// How it shows that a cell has no meaning.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Why {
    /// The row's functions have no float among their inputs. There is no f32 column either.
    NothingToVary,
    /// The transformation is refused with an error that says why. The matrix checks that it is.
    Refused,
}

/// Cells of one row, without meaning in either precision.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The row.
    pub row: &'static str,
    /// Its cells.
    pub cells: &'static [Cell],
    /// How it shows.
    pub why: Why,
    /// Why there is nothing to check.
    pub reason: &'static str,
}

/// Every composition that takes a derivative.
const DERIVATIVES: &[Cell] = &[
    Cell::Jvp,
    Cell::Vjp,
    Cell::JvpJvp,
    Cell::JvpVjp,
    Cell::VjpJvp,
    Cell::VjpVjp,
    Cell::VmapVjp,
    Cell::VjpVmap,
    Cell::Hvp,
    Cell::Third,
];

/// Every composition with reverse mode in it.
const REVERSE: &[Cell] =
    &[Cell::Vjp, Cell::JvpVjp, Cell::VjpJvp, Cell::VjpVjp, Cell::VmapVjp, Cell::VjpVmap, Cell::Hvp];

/// Every composition that pushes tangents through the function itself. (`jvp∘vjp` and `hvp` push
/// them through its gradient.)
const FORWARD: &[Cell] = &[Cell::Jvp, Cell::JvpJvp, Cell::VjpJvp, Cell::Third];

/// The list.
pub const LIST: &[Entry] = &[
    Entry {
        row: "constant",
        cells: &Cell::ALL,
        why: Why::NothingToVary,
        reason: "an array has no operands",
    },
    Entry {
        row: "iota",
        cells: &Cell::ALL,
        why: Why::NothingToVary,
        reason: "0, 1, 2, … has no operands",
    },
    Entry {
        row: "random_bits",
        cells: DERIVATIVES,
        why: Why::NothingToVary,
        reason: "random words are integers, and so are keys",
    },
    Entry {
        row: "threefry2x32",
        cells: DERIVATIVES,
        why: Why::NothingToVary,
        reason: "random words are integers, and so are keys and counters",
    },
    Entry {
        row: "while",
        cells: REVERSE,
        why: Why::Refused,
        reason: "reverse mode would have to keep an unknown number of states; scan keeps a known one",
    },
    Entry {
        row: "square root by a while loop",
        cells: REVERSE,
        why: Why::Refused,
        reason: "reverse mode would have to keep an unknown number of states; scan keeps a known one",
    },
    Entry {
        row: "custom_vjp",
        cells: FORWARD,
        why: Why::Refused,
        reason: "the user gave a rule for reverse mode alone",
    },
];

/// The entry of a cell, if it has no meaning.
pub fn find(row: &str, cell: Cell) -> Option<&'static Entry> {
    LIST.iter().find(|entry| entry.row == row && entry.cells.contains(&cell))
}

/// Whether a row holds nothing that has a precision.
pub fn is_exact(row: &str) -> bool {
    LIST.iter().any(|entry| entry.row == row && entry.why == Why::NothingToVary)
}
