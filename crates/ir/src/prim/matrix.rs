//! What the decompositions share: the types of matrices, evaluation one matrix after the other,
//! and the triangles, diagonals and products that their derivatives are written in.
//!
//! A matrix is the last two axes of an array; all leading axes run in parallel. For that reason
//! batching a decomposition is nothing but one more leading axis ([`batch_in_front`]).

use super::family::floating;
use super::{BatchAxis, Batched, Compare, Prim, ReduceOp, TriangularSolve};
use crate::error::{TypeError, ensure};
use crate::expr::{Expr, RuleResult, bind, bind1};
use array::shape::size;
use array::{Array, DType, Type};

/// The axes of an array of matrices.
pub(crate) struct Matrices<'a> {
    /// Sizes of the leading axes.
    pub(crate) leading: &'a [usize],
    /// Number of rows of each matrix.
    pub(crate) rows: usize,
    /// Number of columns of each matrix.
    pub(crate) columns: usize,
}

impl Matrices<'_> {
    /// The smaller side, `min(m, n)`.
    pub(crate) fn smaller(&self) -> usize {
        self.rows.min(self.columns)
    }
    /// How many matrices there are.
    pub(crate) fn count(&self) -> usize {
        size(self.leading)
    }
    /// The leading axes followed by others.
    pub(crate) fn with(&self, last: &[usize]) -> Vec<usize> {
        [self.leading, last].concat()
    }
}

/// The axes of an array of at least two axes.
pub(crate) fn axes_of(shape: &[usize]) -> Matrices<'_> {
    let (leading, last) = shape.split_at(shape.len() - 2);
    Matrices { leading, rows: last[0], columns: last[1] }
}

/// The operand must be an array of matrices of floats.
pub(crate) fn matrices(x: &Type) -> Result<Matrices<'_>, TypeError> {
    floating(x)?;
    ensure(x.rank() >= 2, || format!("needs matrices in the last two axes, got {x}"))?;
    Ok(axes_of(&x.shape))
}

/// The operand must be an array of square matrices of floats.
pub(crate) fn square_matrices(x: &Type) -> Result<Matrices<'_>, TypeError> {
    let a = matrices(x)?;
    ensure(a.rows == a.columns, || format!("needs square matrices, got {x}"))?;
    Ok(a)
}

/// The right-hand sides `b` must be matrices with as many rows as the square matrices `a`, over
/// the same leading axes.
pub(crate) fn right_hand_sides(a: &Type, b: &Type) -> Result<(), TypeError> {
    let (matrix, right) = (square_matrices(a)?, matrices(b)?);
    ensure(a.dtype == b.dtype, || "operand dtypes must agree; convert one of them".into())?;
    ensure(matrix.leading == right.leading, || {
        format!("leading axes differ: {:?} and {:?}", matrix.leading, right.leading)
    })?;
    ensure(matrix.rows == right.rows, || {
        format!("right-hand sides of {} rows for matrices of {}", right.rows, matrix.rows)
    })
}

/// Evaluates a decomposition on one matrix after the other, in f64, and rounds to `types`. The
/// function is given (m, n, row-major entries).
pub(crate) fn each_matrix<const K: usize>(
    x: &Array,
    types: &[Type],
    f: impl Fn(usize, usize, &[f64]) -> [Vec<f64>; K],
) -> Vec<Array> {
    let a = axes_of(x.shape());
    let (entries, values) = (a.rows * a.columns, x.to_f64());
    let mut out = [const { Vec::new() }; K];
    for i in 0..a.count() {
        let parts = f(a.rows, a.columns, &values[i * entries..(i + 1) * entries]);
        for (out, part) in out.iter_mut().zip(parts) {
            out.extend(part);
        }
    }
    let pairs = types.iter().zip(&out);
    pairs.map(|(ty, values)| Array::from_f64(ty.dtype, values, &ty.shape)).collect()
}

/// Solves one system after the other, in f64. The function is given (n, k, the matrix, the
/// right-hand sides, the number of the system).
pub(crate) fn each_system(
    a: &Array,
    b: &Array,
    f: impl Fn(usize, usize, &[f64], &[f64], usize) -> Vec<f64>,
) -> Array {
    let right = axes_of(b.shape());
    let (n, k) = (right.rows, right.columns);
    let (matrix, values) = (a.to_f64(), b.to_f64());
    let solve = |i: usize| {
        let matrix = &matrix[i * n * n..(i + 1) * n * n];
        f(n, k, matrix, &values[i * n * k..(i + 1) * n * k], i)
    };
    let x: Vec<f64> = (0..right.count()).flat_map(solve).collect();
    Array::from_f64(b.dtype(), &x, b.shape())
}

/// Leading axes run in parallel: the batch axis is one more of them.
pub(crate) fn batch_in_front(prim: impl Into<Prim>, x: &Expr) -> Vec<Batched> {
    bind(prim, &[x]).into_iter().map(|y| (y, true)).collect()
}

/// Systems that share their matrix and differ in the right-hand sides `b` are one system with
/// more columns: `solve` is called with the batch axis (axis 0 of `b`) folded into the columns.
pub(crate) fn batch_in_columns(
    b: &Expr,
    axis: &BatchAxis,
    solve: impl FnOnce(&Expr) -> Expr,
) -> RuleResult<Vec<Batched>> {
    let last = b.rank() - 1;
    let apart = b.move_axis(0, last);
    let mut folded = apart.shape()[..last].to_vec();
    folded[last - 1] *= axis.size;
    let x = solve(&apart.reshape(&folded)).reshape(apart.shape());
    Ok(vec![(x.move_axis(last, 0), true)])
}

/// Truth values over the last two axes of `shape`: where the row's number compares so with the
/// column's. `Ge` is the lower triangle, `Gt` without its diagonal, `Eq` the diagonal.
pub(crate) fn mask(shape: &[usize], row_to_column: Compare) -> Expr {
    let r = shape.len();
    let row = Expr::iota(DType::I64, &shape[r - 2..], 0);
    let column = Expr::iota(DType::I64, &shape[r - 2..], 1);
    bind1(row_to_column, &[&row, &column]).broadcast_in_dim(shape, &[r - 2, r - 1])
}

/// The entries where the row's number compares so with the column's; zero elsewhere. A selection
/// and not a product, so that NaN elsewhere does not matter.
pub(crate) fn masked(x: &Expr, row_to_column: Compare) -> Expr {
    mask(x.shape(), row_to_column).select(x, &x.full_like(0.0))
}

/// Murray's Φ: the lower triangle, its diagonal halved.
pub(crate) fn lower_triangle_half_diagonal(x: &Expr) -> Expr {
    mask(x.shape(), Compare::Eq).select(&x.times(0.5), &masked(x, Compare::Gt))
}

/// `(A + Aᵀ)/2`, halved first so that nothing overflows.
pub(crate) fn symmetric_part(x: &Expr) -> Expr {
    let half = x.times(0.5);
    &half + &half.matrix_transpose()
}

/// The same on the entries of one n×n matrix.
pub(crate) fn symmetric_part_of(n: usize, a: &[f64]) -> Vec<f64> {
    (0..n * n).map(|i| 0.5 * a[i] + 0.5 * a[i % n * n + i / n]).collect()
}

/// The diagonal of square matrices.
pub(crate) fn diagonal(x: &Expr) -> Expr {
    masked(x, Compare::Eq).reduce_sum(&[x.rank() - 1])
}

/// `A diag(d)`: column `j` times `d[j]`.
pub(crate) fn columns_times(x: &Expr, d: &Expr) -> Expr {
    x * &d.broadcast_along(x.shape(), &[x.rank() - 2])
}

/// `diag(d) A`: row `i` times `d[i]`.
pub(crate) fn rows_times(d: &Expr, x: &Expr) -> Expr {
    x * &d.broadcast_along(x.shape(), &[x.rank() - 1])
}

/// `d[j] − d[i]` at row `i`, column `j`.
pub(crate) fn differences(d: &Expr) -> Expr {
    let (rows, columns) = repeated(d);
    &columns - &rows
}

/// `d[i] + d[j]` at row `i`, column `j`.
pub(crate) fn sums(d: &Expr) -> Expr {
    let (rows, columns) = repeated(d);
    &rows + &columns
}

/// The matrices with `d[i]`, and with `d[j]`, at row `i`, column `j`.
fn repeated(d: &Expr) -> (Expr, Expr) {
    let r = d.rank();
    let shape = [d.shape(), &d.shape()[r - 1..]].concat();
    (d.broadcast_along(&shape, &[r]), d.broadcast_along(&shape, &[r - 1]))
}

/// What cannot be told from zero among the spectrum `d` (last axis) of matrices whose larger side
/// is `side`: `side·ε·max|d|`, the backward error of a decomposition, by which it moves each of
/// the values. Its derivative is zero. (The same number is the default tolerance of the rank in
/// LAPACK-based libraries; Golub, Van Loan, *Matrix Computations*, 4th edition, §5.4.1.)
pub(crate) fn resolution(d: &Expr, side: usize) -> Expr {
    let greatest = d.stop_gradient().abs().reduce(ReduceOp::Max, &[d.rank() - 1]);
    greatest.times(side as f64 * d.dtype().epsilon())
}

/// `1/x`, but 0 where `|x|` is at most `threshold`, whose axes are the leading ones of `x`. The
/// argument is guarded, not the result, so that derivatives of every order are finite there too.
pub(crate) fn guarded_reciprocal(x: &Expr, threshold: &Expr) -> Expr {
    let threshold =
        threshold.broadcast_in_dim(x.shape(), &(0..threshold.rank()).collect::<Vec<_>>());
    // With NaN this is false, and NaN is the result.
    let negligible = x.abs().le(&threshold);
    let safe = negligible.select(&x.full_like(1.0), x);
    negligible.select(&x.full_like(0.0), &safe.recip())
}

/// The solution `X` of `op(A) X = B`.
pub(crate) fn solve_left(solve: TriangularSolve, a: &Expr, b: &Expr) -> Expr {
    bind1(solve, &[a, b])
}

/// The solution `X` of `X op(A) = B`, which is `op(A)ᵀ Xᵀ = Bᵀ`.
pub(crate) fn solve_right(solve: TriangularSolve, a: &Expr, b: &Expr) -> Expr {
    let transposed = TriangularSolve { transpose: !solve.transpose, ..solve };
    bind1(transposed, &[a, &b.matrix_transpose()]).matrix_transpose()
}
