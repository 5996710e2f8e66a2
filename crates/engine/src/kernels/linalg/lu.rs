//! LU factors, and systems with triangular matrices.

use super::{axes, count, doubles, each, finite, matrix, nan, row_major, shaped};
use crate::execute::Outputs;
use array::Array;
use faer::linalg::matmul::matmul;
use faer::linalg::triangular_solve::{
    solve_lower_triangular_in_place, solve_unit_lower_triangular_in_place,
    solve_unit_upper_triangular_in_place, solve_upper_triangular_in_place,
};
use faer::{Accum, MatMut, MatRef, Par};
use ir::prim::{LuSolve, TriangularSolve};

pub(crate) fn lu(x: &Array) -> Outputs {
    let (leading, m, n) = axes(x);
    let k = m.min(n);
    let a = doubles(x);
    let parts = each(x, count(leading), m * n * k, [m * n, k, m], |i| {
        let a = &a[i * m * n..(i + 1) * m * n];
        let (packed, pivots) =
            if finite(a) { factor(m, n, a) } else { (nan(m * n), (0..k).collect()) };
        let mut permutation: Vec<usize> = (0..m).collect();
        pivots.iter().enumerate().for_each(|(step, &pivot)| permutation.swap(step, pivot));
        let numbers = |v: Vec<usize>| v.into_iter().map(|i| i as f64).collect();
        [packed, numbers(pivots), numbers(permutation)]
    });
    // Indices have come as floats: those of any matrix that fits into memory are exact.
    let mut outputs = shaped(parts, leading, [&[m, n], &[k], &[m]]);
    for indices in &mut outputs[1..] {
        *indices = indices.convert(array::DType::I64);
    }
    outputs
}

/// The packed factors and the pivots.
fn factor(m: usize, n: usize, a: &[f64]) -> (Vec<f64>, Vec<usize>) {
    let k = m.min(n);
    let mut lu = matrix(m, n, a);
    let mut pivots = vec![0; k];
    let (mut left, mut right) = lu.as_mut().split_at_col_mut(k);
    columns(left.as_mut(), &mut pivots);
    // What is to the right of a square only follows.
    if n > k {
        exchange(right.as_mut(), &pivots);
        let unit = left.as_ref().submatrix(0, 0, k, k);
        solve_unit_lower_triangular_in_place(unit, right.as_mut(), Par::Seq);
    }
    (row_major(lu.as_ref()), pivots)
}

/// Exchanges row `i` with row `pivots[i]`, one after the other.
fn exchange(mut a: MatMut<'_, f64>, pivots: &[usize]) {
    for j in 0..a.ncols() {
        for (i, &pivot) in pivots.iter().enumerate() {
            let (x, y) = (a[(i, j)], a[(pivot, j)]);
            (a[(i, j)], a[(pivot, j)]) = (y, x);
        }
    }
}

/// Factors a matrix with at least as many rows as columns in place: the left half first, then what
/// it leaves of the right one. Source: S. Toledo, *Locality of reference in LU decomposition with
/// partial pivoting*, SIAM J. Matrix Anal. Appl. 18 (1997).
fn columns(mut a: MatMut<'_, f64>, pivots: &mut [usize]) {
    let n = a.ncols();
    if n <= NARROW {
        return narrow(a, pivots);
    }
    let half = n / 2;
    columns(a.as_mut().split_at_col_mut(half).0, &mut pivots[..half]);
    let (left, mut right) = a.as_mut().split_at_col_mut(half);
    exchange(right.as_mut(), &pivots[..half]);
    let left = left.as_ref();
    let (mut top, mut bottom) = right.split_at_row_mut(half);
    let unit = left.submatrix(0, 0, half, half);
    solve_unit_lower_triangular_in_place(unit, top.as_mut(), Par::Seq);
    let below = left.submatrix(half, 0, left.nrows() - half, half);
    matmul(bottom.as_mut(), Accum::Add, below, top.as_ref(), -1.0, Par::Seq);
    columns(bottom, &mut pivots[half..]);
    pivots[half..].iter_mut().for_each(|p| *p += half);
    // The rows that the right half has exchanged, in the left one.
    let (_, below) = a.split_at_col_mut(half).0.split_at_row_mut(half);
    let local: Vec<usize> = pivots[half..].iter().map(|p| p - half).collect();
    exchange(below, &local);
}

/// Columns that are eliminated one by one.
const NARROW: usize = 16;

/// [`columns`] for few of them.
fn narrow(mut a: MatMut<'_, f64>, pivots: &mut [usize]) {
    let (m, n) = (a.nrows(), a.ncols());
    for (step, at) in pivots.iter_mut().enumerate() {
        let mut pivot = step;
        for i in step + 1..m {
            // The first of equal ones.
            if a[(i, step)].abs() > a[(pivot, step)].abs() {
                pivot = i;
            }
        }
        *at = pivot;
        for j in 0..n {
            let (x, y) = (a[(step, j)], a[(pivot, j)]);
            (a[(step, j)], a[(pivot, j)]) = (y, x);
        }
        let greatest = a[(step, step)];
        if greatest == 0.0 {
            continue; // a column of zeros is passed over
        }
        (step + 1..m).for_each(|i| a[(i, step)] /= greatest);
        for j in step + 1..n {
            let factor = a[(step, j)];
            (step + 1..m).for_each(|i| a[(i, j)] -= a[(i, step)] * factor);
        }
    }
}

/// Solves `op(A) X = B` in place, `B` being row-major n×k. Only the named triangle is read.
fn solve(n: usize, k: usize, p: &TriangularSolve, a: &[f64], b: &mut [f64]) {
    let a = MatRef::from_row_major_slice(a, n, n);
    let a = if p.transpose { a.transpose() } else { a };
    let b = MatMut::from_row_major_slice_mut(b, n, k);
    // The transpose of a lower triangle is an upper one.
    match (p.lower != p.transpose, p.unit_diagonal) {
        (true, true) => solve_unit_lower_triangular_in_place(a, b, Par::Seq),
        (true, false) => solve_lower_triangular_in_place(a, b, Par::Seq),
        (false, true) => solve_unit_upper_triangular_in_place(a, b, Par::Seq),
        (false, false) => solve_upper_triangular_in_place(a, b, Par::Seq),
    }
}

pub(crate) fn triangular_solve(p: &TriangularSolve, a: &Array, b: &Array) -> Array {
    let (leading, n, k) = axes(b);
    let (matrices, values) = (doubles(a), doubles(b));
    let [x] = each(b, count(leading), n * n * k, [n * k], |i| {
        let mut x = values[i * n * k..(i + 1) * n * k].to_vec();
        solve(n, k, p, &matrices[i * n * n..(i + 1) * n * n], &mut x);
        [x]
    });
    x.reshape(b.shape())
}

/// `P A = L U`, so `A X = B` is `L U X = P B`, and `Aᵀ X = B` is `Uᵀ Lᵀ (P X) = B`. Indices outside
/// are clamped.
pub(crate) fn lu_solve(p: &LuSolve, packed: &Array, permutation: &Array, b: &Array) -> Array {
    let (leading, n, k) = axes(b);
    let (matrices, values) = (doubles(packed), doubles(b));
    let rows = permutation.as_slice::<i64>();
    let lower = TriangularSolve { lower: true, transpose: p.transpose, unit_diagonal: true };
    let upper = TriangularSolve { lower: false, transpose: p.transpose, unit_diagonal: false };
    let [x] = each(b, count(leading), 2 * n * n * k, [n * k], |i| {
        let b = &values[i * n * k..(i + 1) * n * k];
        let packed = &matrices[i * n * n..(i + 1) * n * n];
        let row = |r: usize| rows[i * n + r].clamp(0, n as i64 - 1) as usize;
        if p.transpose {
            let mut y = b.to_vec();
            solve(n, k, &upper, packed, &mut y);
            solve(n, k, &lower, packed, &mut y);
            let mut x = vec![0.0; n * k];
            for r in 0..n {
                x[row(r) * k..][..k].copy_from_slice(&y[r * k..][..k]);
            }
            return [x];
        }
        let mut x: Vec<f64> = (0..n).flat_map(|r| b[row(r) * k..][..k].iter().copied()).collect();
        solve(n, k, &lower, packed, &mut x);
        solve(n, k, &upper, packed, &mut x);
        [x]
    });
    x.reshape(b.shape())
}
