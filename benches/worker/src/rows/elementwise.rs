//! Functions element by element, row by row, and sums.

use crate::inputs::uniform;
use crate::row::{Row, element};
use mathesis::prelude::*;

const SIDE: usize = 1024;

/// gelu(a·x + b).
pub(crate) fn gelu(n: usize) -> Row {
    let x = (uniform(3, &[n], 1.0), uniform(1, &[n], 1.0), uniform(2, &[n], 1.0));
    let f = |(x, a, b): &(Tensor, Tensor, Tensor)| (x * a + b).gelu();
    Row::function(f, x, move |y| element(y, &[n / 3]))
}

/// Softmax of each row.
pub(crate) fn softmax() -> Row {
    let f = |x: &Tensor| x.softmax(-1);
    Row::function(f, uniform(1, &[SIDE, SIDE], 3.0), |y| element(y, &[100, 200]))
}

/// Layer normalisation of each row, with scale and shift.
pub(crate) fn layer_norm() -> Row {
    let x = (uniform(1, &[SIDE, SIDE], 3.0), uniform(2, &[SIDE], 1.0), uniform(3, &[SIDE], 1.0));
    let f = |(x, g, b): &(Tensor, Tensor, Tensor)| x.layer_norm(-1, 1e-5) * g + b;
    Row::function(f, x, |y| element(y, &[100, 200]))
}

/// The sum of a vector.
pub(crate) fn sum(n: usize) -> Row {
    Row::function(|x: &Tensor| x.sum(), uniform(1, &[n], 1.0), |y| element(y, &[]))
}

/// Sums of a matrix along an axis.
pub(crate) fn sum_along(axis: isize) -> Row {
    let f = move |x: &Tensor| x.sum_axes(axis);
    Row::function(f, uniform(1, &[SIDE, SIDE], 1.0), |y| element(y, &[5]))
}
