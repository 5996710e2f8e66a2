//! Tables: the same rows as HTML, as aligned text and as CSV.

mod cell;
mod column;
mod csv;
mod html;
mod plain;
mod row;

pub use cell::{Cell, Tone};
pub use column::{Column, Format};
pub use row::Row;

use serde::Serialize;

/// Rows of [`Cell`]s under named [`Column`]s.
///
/// ```
/// use report::Table;
/// let table = Table::new(["layer", "parameters", "norm"])
///     .caption("Layers")
///     .row(("layers.0", 640, (3.217, 0.014)))
///     .row(("layers.1", 330, 2.9));
/// assert_eq!(
///     table.to_text(),
///     "\
/// Layers
///
/// layer     parameters           norm
/// ────────  ──────────  ─────────────
/// layers.0         640  3.217 ± 0.014
/// layers.1         330           2.90
/// "
/// );
/// assert!(table.to_csv().starts_with("layer,parameters,norm,norm low,norm high\n"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Table {
    caption: Option<String>,
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// An empty table with these columns.
    pub fn new<C: Into<Column>>(columns: impl IntoIterator<Item = C>) -> Self {
        let columns = columns.into_iter().map(Into::into).collect();
        Self { caption: None, columns, rows: Vec::new() }
    }

    /// Says what the table shows.
    pub fn caption(mut self, caption: impl Into<String>) -> Self {
        self.caption = Some(caption.into());
        self
    }

    /// Adds a row. A row that is too short is filled with empty cells; one that is too long adds
    /// columns without a name, so that nothing is lost.
    pub fn row(mut self, row: impl Row) -> Self {
        self.push(row);
        self
    }

    /// Adds a row, as [`Table::row`] does, to a table that is built in a loop.
    pub fn push(&mut self, row: impl Row) {
        let mut row = row.into_cells();
        while self.columns.len() < row.len() {
            self.columns.push(Column::new(""));
            for earlier in &mut self.rows {
                earlier.push(Cell::Empty);
            }
        }
        row.resize(self.columns.len(), Cell::Empty);
        self.rows.push(row);
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table as an HTML `<table>` element, everything in it escaped.
    pub fn to_html(&self) -> String {
        html::write(self)
    }

    /// The table as text with aligned columns, ending in a line break.
    pub fn to_text(&self) -> String {
        plain::write(self)
    }

    /// The table as CSV (RFC 4180): a line of names, then numbers in full precision. A column
    /// with intervals becomes three: value, low, high.
    pub fn to_csv(&self) -> String {
        csv::write(self)
    }

    fn cells_of(&self, column: usize) -> impl Iterator<Item = &Cell> {
        self.rows.iter().filter_map(move |row| row.get(column))
    }

    /// Whether a column holds numbers and nothing else, and so is aligned to the right.
    fn is_numeric(&self, column: usize) -> bool {
        let mut filled = self.cells_of(column).filter(|c| !matches!(c, Cell::Empty)).peekable();
        filled.peek().is_some() && filled.all(Cell::is_number)
    }

    /// The text of every cell, row by row, formatted to suit its column.
    fn texts(&self) -> Vec<Vec<String>> {
        let writers: Vec<column::Writer> =
            (0..self.columns.len()).map(|i| self.columns[i].writer(self.cells_of(i))).collect();
        let write = |row: &Vec<Cell>| row.iter().zip(&writers).map(|(c, w)| w.write(c)).collect();
        self.rows.iter().map(write).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_lost() {
        let table = Table::new(["a", "b"]).row([1]).row([1, 2, 3]).row(Vec::<Cell>::new());
        assert_eq!(table.columns.len(), 3);
        assert!(table.rows.iter().all(|row| row.len() == 3));
        assert!(table.to_text().contains('3'));
    }

    #[test]
    fn an_empty_table_is_a_table() {
        let table = Table::new(Vec::<Column>::new());
        assert!(table.is_empty());
        for text in [table.to_html(), table.to_text(), table.to_csv()] {
            assert!(!text.contains("NaN"));
        }
    }
}
