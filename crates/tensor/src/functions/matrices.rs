//! Diagonals and triangles. A matrix is the last two axes; leading axes run in parallel.

use crate::broadcasting::beside;
use crate::execute::bind1;
use crate::{DType, Tensor};
use ir::Expr;
use ir::prim::{Pad, Padding};

/// Rows and columns.
///
/// # Panics
/// When there are fewer than two axes.
#[track_caller]
fn rows_and_columns(op: &str, x: &Tensor) -> (usize, usize) {
    match x.shape() {
        [.., m, n] => (*m, *n),
        _ => panic!("{op}: a matrix has two axes, the tensor is {}", x.0.ty()),
    }
}

impl Tensor {
    /// The elements `x[i, i + offset]` of matrices, in one axis instead of two.
    ///
    /// # Panics
    /// When there are fewer than two axes.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// assert_eq!(x.diagonal(0).to_vec::<f64>(), [1.0, 5.0]);
    /// assert_eq!(x.diagonal(1).to_vec::<f64>(), [2.0, 6.0]);
    /// assert_eq!(x.diagonal(-1).to_vec::<f64>(), [4.0]);
    /// ```
    #[track_caller]
    pub fn diagonal(&self, offset: isize) -> Tensor {
        let (m, n) = rows_and_columns("diagonal", self);
        let (row, column) = (offset.min(0).unsigned_abs(), offset.max(0) as usize);
        let length = m.saturating_sub(row).min(n.saturating_sub(column));
        // In row-major order the next element of a diagonal is n + 1 places on.
        let flat = self.reshape(&[&self.shape()[..self.ndim() - 2], &[m * n]].concat());
        let last = flat.ndim() - 1;
        let (mut start, mut limit) = (vec![0; last + 1], flat.shape().to_vec());
        let mut strides = vec![1; last + 1];
        if length == 0 {
            (start[last], limit[last]) = (0, 0);
        } else {
            start[last] = row * n + column;
            limit[last] = start[last] + (length - 1) * (n + 1) + 1;
            strides[last] = n + 1;
        }
        flat.slice(&start, &limit, &strides)
    }

    /// Square matrices with these diagonals (the last axis) and zeros elsewhere: the adjoint of
    /// [`Tensor::diagonal`]`(0)`.
    ///
    /// # Panics
    /// When the tensor is a scalar.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let x = Tensor::from([1.0, 2.0]).diag();
    /// assert_eq!(x.to_vec::<f64>(), [1.0, 0.0, 0.0, 2.0]);
    /// ```
    #[track_caller]
    pub fn diag(&self) -> Tensor {
        assert!(self.ndim() > 0, "diag: a scalar is no diagonal");
        let n = self.shape()[self.ndim() - 1];
        // n zeros between neighbours: the n·n elements of the matrix in row-major order.
        let mut padding = vec![Padding { low: 0, high: 0, interior: 0 }; self.ndim()];
        padding[self.ndim() - 1].interior = n;
        let zero = Tensor::full(&[], 0.0, self.dtype());
        let flat = bind1(Pad { padding }, &[self, &zero]);
        flat.reshape(&[self.shape(), &[n]].concat())
    }

    /// The sum of the diagonal.
    ///
    /// # Panics
    /// When there are fewer than two axes.
    ///
    /// ```
    /// use tensor::Tensor;
    /// assert_eq!(Tensor::from([[1.0, 2.0], [3.0, 4.0]]).trace().item(), 5.0);
    /// ```
    #[track_caller]
    pub fn trace(&self) -> Tensor {
        self.diagonal(0).sum_axes(-1)
    }

    /// Truth values over the last two axes: column less row compared with `offset`.
    #[track_caller]
    fn triangle(&self, op: &str, offset: isize, lower: bool) -> Tensor {
        let (m, n) = rows_and_columns(op, self);
        let row = Expr::iota(DType::I64, &[m, n], 0);
        let column = Expr::iota(DType::I64, &[m, n], 1);
        let bound = row.plus(offset as f64);
        let mask = if lower { column.le(&bound) } else { column.ge(&bound) };
        self.keep_where(&beside(mask, self), 0.0)
    }

    /// The lower triangle: elements with `column ≤ row + offset`, zero elsewhere.
    ///
    /// # Panics
    /// When there are fewer than two axes.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.tril(0).to_vec::<f64>(), [1.0, 0.0, 3.0, 4.0]);
    /// assert_eq!(x.tril(-1).to_vec::<f64>(), [0.0, 0.0, 3.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn tril(&self, offset: isize) -> Tensor {
        self.triangle("tril", offset, true)
    }

    /// The upper triangle: elements with `column ≥ row + offset`, zero elsewhere.
    ///
    /// # Panics
    /// When there are fewer than two axes.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.triu(0).to_vec::<f64>(), [1.0, 2.0, 0.0, 4.0]);
    /// ```
    #[track_caller]
    pub fn triu(&self, offset: isize) -> Tensor {
        self.triangle("triu", offset, false)
    }
}
