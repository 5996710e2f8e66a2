//! Rows: what can stand side by side in a table.

use super::cell::Cell;

/// Something that becomes the cells of one row: an array or a vector of one kind of cell, or a
/// tuple of several kinds.
///
/// ```
/// use report::{Estimate, Table};
/// let table = Table::new(["name", "count", "mean", "limit"])
///     .row(("a", 12, Estimate::with_error(0.51, 0.02), None::<f64>))
///     .row(("b", 7, (0.48, 0.03), 0.5));
/// assert_eq!(table.len(), 2);
/// ```
pub trait Row {
    /// The cells, from left to right.
    fn into_cells(self) -> Vec<Cell>;
}

impl<C: Into<Cell>> Row for Vec<C> {
    fn into_cells(self) -> Vec<Cell> {
        self.into_iter().map(Into::into).collect()
    }
}

impl<C: Into<Cell>, const N: usize> Row for [C; N] {
    fn into_cells(self) -> Vec<Cell> {
        self.into_iter().map(Into::into).collect()
    }
}

macro_rules! row_of_tuple {
    ($($cell:ident)+) => {
        impl<$($cell: Into<Cell>),+> Row for ($($cell,)+) {
            fn into_cells(self) -> Vec<Cell> {
                #[allow(non_snake_case)]
                let ($($cell,)+) = self;
                vec![$($cell.into()),+]
            }
        }
    };
}

row_of_tuple!(A);
row_of_tuple!(A B);
row_of_tuple!(A B C);
row_of_tuple!(A B C D);
row_of_tuple!(A B C D E);
row_of_tuple!(A B C D E F);
row_of_tuple!(A B C D E F G);
row_of_tuple!(A B C D E F G H);
