//! Matrix decompositions, one matrix after the other over all leading axes: the algorithms of
//! `faer`, with the signs and the treatment of NaN of [`ir::reference::decompositions`].
//!
//! Everything is computed in f64 and rounded to the operand's dtype at the end, as the reference
//! does it.

mod factors;
mod lu;
mod spectra;

pub(crate) use factors::{cholesky, qr};
pub(crate) use lu::{lu, lu_solve, triangular_solve};
pub(crate) use spectra::{eigh, svd};

use crate::execute::Outputs;
use crate::threads::{Parts, for_each_chunk};
use array::shape::size;
use array::{Array, Element, with_dtype};
use faer::{Mat, MatRef};
use std::borrow::Cow;

/// The leading axes, rows and columns of an array of matrices.
fn axes(x: &Array) -> (&[usize], usize, usize) {
    let (leading, last) = x.shape().split_at(x.shape().len() - 2);
    (leading, last[0], last[1])
}

/// The elements in f64.
fn doubles(x: &Array) -> Cow<'_, [f64]> {
    match x.dtype() {
        array::DType::F64 => x.as_slice::<f64>().into(),
        _ => x.to_f64().into(),
    }
}

/// Runs `f` on each of `count` matrices, on several threads where they are worth it; `work` is
/// about the number of operations for one. Results of `sizes` numbers each are put one after the
/// other, and rounded to the dtype of `like`.
fn each<const K: usize>(
    like: &Array,
    count: usize,
    work: usize,
    sizes: [usize; K],
    f: impl Fn(usize) -> [Vec<f64>; K] + Sync,
) -> [Array; K] {
    fn typed<T: Element, const K: usize>(
        count: usize,
        work: usize,
        sizes: [usize; K],
        f: impl Fn(usize) -> [Vec<f64>; K] + Sync,
    ) -> [Array; K] {
        let mut out = sizes.map(|n| vec![T::ZERO; n * count]);
        let parts: Vec<Parts<T>> = out.iter_mut().map(|v| Parts::new(v)).collect();
        let per = (1_usize << 14).div_ceil(work.max(1));
        for_each_chunk(count.div_ceil(per), |c| {
            for i in c * per..((c + 1) * per).min(count) {
                for ((part, n), values) in parts.iter().zip(sizes).zip(f(i)) {
                    // SAFETY: each matrix has places of its own, and `out` is not touched until
                    // all are done.
                    let part = unsafe { part.part(i * n..(i + 1) * n) };
                    part.iter_mut().zip(values).for_each(|(o, v)| *o = T::from_f64(v));
                }
            }
        });
        out.map(|v| {
            let n = v.len();
            Array::from_vec(v, &[n])
        })
    }
    with_dtype!(like.dtype(), T => typed::<T, K>(count, work, sizes, f))
}

/// Gives flat results their shapes.
fn shaped<const K: usize>(flat: [Array; K], leading: &[usize], last: [&[usize]; K]) -> Outputs {
    flat.iter().zip(last).map(|(a, last)| a.reshape(&[leading, last].concat())).collect()
}

/// The elements of a matrix, row-major.
fn row_major(a: MatRef<'_, f64>) -> Vec<f64> {
    let mut out = Vec::with_capacity(a.nrows() * a.ncols());
    for i in 0..a.nrows() {
        out.extend((0..a.ncols()).map(|j| a[(i, j)]));
    }
    out
}

/// A matrix from its elements, row-major.
fn matrix(m: usize, n: usize, a: &[f64]) -> Mat<f64> {
    Mat::from_fn(m, n, |i, j| a[i * n + j])
}

/// `(A + Aᵀ)/2`, halved first so that nothing overflows.
fn symmetric_part(n: usize, a: &[f64]) -> Vec<f64> {
    (0..n * n).map(|i| 0.5 * a[i] + 0.5 * a[i % n * n + i / n]).collect()
}

/// The power of two that brings the greatest magnitude near one, so that no square over- or
/// underflows; multiplying by it rounds nothing. 1 for zeros.
fn scale_to_unit(a: &[f64]) -> f64 {
    let greatest = a.iter().fold(0.0_f64, |greatest, x| greatest.max(x.abs()));
    if greatest == 0.0 {
        return 1.0;
    }
    let exponent = ((greatest.to_bits() >> 52) & 0x7ff) as i32 - 1023;
    2.0_f64.powi(-exponent)
}

/// Whether all are numbers.
fn finite(a: &[f64]) -> bool {
    a.iter().all(|x| x.is_finite())
}

fn nan(n: usize) -> Vec<f64> {
    vec![f64::NAN; n]
}

/// Number of matrices with these leading axes.
fn count(leading: &[usize]) -> usize {
    size(leading)
}
