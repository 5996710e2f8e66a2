//! How far an f32 result may be from the f64 one.
//!
//! Two arrays agree to `ε` when each pair of elements does: `|a − b| ≤ ε (1 + m)`, `m` the largest
//! finite magnitude in either array. (An element that is small because larger ones cancel has the
//! larger ones' rounding errors.) The unit roundoff of f32 is 6·10⁻⁸. A derivative is a sum of
//! products of values and derivatives, each rounded, so each order loses some of the digits.

use ir::check::Cell;

/// The tolerance of a composition by the number of derivatives in it, 0 to 3.
pub const BY_ORDER: [f64; 4] = [1e-6, 3e-6, 1e-5, 3e-5];

/// How many derivatives a composition takes.
pub fn order(cell: Cell) -> usize {
    match cell {
        Cell::Vmap | Cell::VmapVmap => 0,
        Cell::Jvp | Cell::Vjp | Cell::VmapVjp | Cell::VjpVmap => 1,
        Cell::JvpJvp | Cell::JvpVjp | Cell::VjpJvp | Cell::VjpVjp | Cell::Hvp => 2,
        Cell::Third => 3,
    }
}

/// A row whose numbers are worse conditioned than its tolerance supposes.
#[derive(Clone, Copy, Debug)]
pub struct Exception {
    /// The row.
    pub row: &'static str,
    /// By what the tolerances are multiplied.
    pub factor: f64,
    /// Where the digits go.
    pub reason: &'static str,
}

/// The exceptions.
pub const EXCEPTIONS: &[Exception] = &[];

/// The tolerance of a cell in f32.
pub fn of(row: &str, cell: Cell) -> f64 {
    let factor = EXCEPTIONS.iter().find(|e| e.row == row).map_or(1.0, |e| e.factor);
    factor * BY_ORDER[order(cell)]
}
