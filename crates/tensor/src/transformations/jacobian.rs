//! Jacobians and Hessians.

use super::derivative::{grad_at, hvp_at, jvp_at, vjp_at};
use super::vmap::vmap_at;
use super::{Place, VmapOptions};
use crate::{DType, Tensor, Tree};
use std::panic::Location;

/// One tree per element of `x`: all zeros but for a one at that element. Leaves get a leading
/// axis over the elements of the whole tree.
fn basis<T: Tree>(x: &T) -> T {
    let sizes: Vec<usize> = x.leaves().iter().map(Tensor::size).collect();
    let total: usize = sizes.iter().sum();
    let mut start = 0;
    let mut sizes = sizes.into_iter();
    x.map(|leaf| {
        let n = sizes.next().expect("invariant: one size per leaf");
        let from = start;
        start += n;
        let one = |i: &[usize]| f64::from(u8::from(i[0] == from + i[1]));
        let rows = array::Array::from_fn::<f64>(&[total, n], one).convert(leaf.dtype());
        Tensor::new(rows.reshape(&[&[total], leaf.shape()].concat()))
    })
}

/// The Jacobian `∂f(x)` column by column in forward mode: for each leaf of `x` an array of shape
/// `(shape of f(x), shape of the leaf)`. Cheaper than [`jacrev`] when `x` is smaller than `f(x)`.
///
/// ```
/// use tensor::{Tensor, jacfwd};
/// let j = jacfwd(|x: &Tensor| x * x)(&Tensor::from([1.0, 2.0]));
/// assert_eq!(j.to_vec::<f64>(), [2.0, 0.0, 0.0, 4.0]);
/// ```
#[track_caller]
pub fn jacfwd<T: Tree, F: Fn(&T) -> Tensor>(f: F) -> impl FnOnce(&T) -> T {
    jacfwd_at(Location::caller(), f)
}

fn jacfwd_at<T: Tree, F: Fn(&T) -> Tensor>(at: Place, f: F) -> impl FnOnce(&T) -> T {
    move |x| {
        // Row i holds ∂f/∂xᵢ: the elements of x lead. They must come last.
        let column = |dx: &T| jvp_at(at, &f)(x, dx).1;
        let columns = vmap_at(at, VmapOptions::default(), column)(&basis(x));
        let last = columns.move_axis(0, -1);
        let out = last.shape()[..last.ndim() - 1].to_vec();
        let mut start = 0;
        x.map(|leaf| {
            let n = leaf.size();
            let part = last.slice_axis(-1, start, start + n);
            start += n;
            part.reshape(&[&out[..], leaf.shape()].concat())
        })
    }
}

/// The Jacobian `∂f(x)` row by row in reverse mode: for each leaf of `x` an array of shape
/// `(shape of f(x), shape of the leaf)`. Cheaper than [`jacfwd`] when `f(x)` is smaller than `x`.
///
/// ```
/// use tensor::{Tensor, jacrev};
/// let j = jacrev(|x: &Tensor| x * x)(&Tensor::from([1.0, 2.0]));
/// assert_eq!(j.to_vec::<f64>(), [2.0, 0.0, 0.0, 4.0]);
/// ```
#[track_caller]
pub fn jacrev<T: Tree + 'static, F: FnOnce(&T) -> Tensor>(f: F) -> impl FnOnce(&T) -> T {
    let at = Location::caller();
    move |x| {
        let (y, pull_back) = vjp_at(at, f)(x);
        let row = |ct: &Tensor| pull_back(ct);
        let rows = vmap_at(at, VmapOptions::default(), row)(&basis(&y));
        rows.map(|leaf| leaf.reshape(&[y.shape(), &leaf.shape()[1..]].concat()))
    }
}

/// The Hessian of a scalar function of one tensor: shape `(shape of x, shape of x)`. For a tree,
/// see [`hessian_matrix`].
///
/// ```
/// use tensor::{Tensor, hessian};
/// let h = hessian(|x: &Tensor| (x * x * x).sum())(&Tensor::from([1.0, 2.0]));
/// assert_eq!(h.to_vec::<f64>(), [6.0, 0.0, 0.0, 12.0]);
/// ```
#[track_caller]
pub fn hessian<F: Fn(&Tensor) -> Tensor>(f: F) -> impl FnOnce(&Tensor) -> Tensor {
    let at = Location::caller();
    move |x| jacfwd_at(at, |x: &Tensor| grad_at(at, &f)(x))(x)
}

/// The Hessian of a scalar function of a tree as one matrix, the elements of all leaves numbered
/// in order. Every leaf must be a float tensor of one dtype.
///
/// ```
/// use tensor::{Tensor, hessian_matrix};
/// let f = |(x, y): &(Tensor, Tensor)| x * x * y;
/// let h = hessian_matrix(f)(&(Tensor::from(2.0), Tensor::from(3.0)));
/// assert_eq!(h.to_vec::<f64>(), [6.0, 4.0, 4.0, 0.0]);
/// ```
#[track_caller]
pub fn hessian_matrix<T: Tree, F: Fn(&T) -> Tensor>(f: F) -> impl FnOnce(&T) -> Tensor {
    let at = Location::caller();
    move |x| {
        let rows = vmap_at(at, VmapOptions::default(), |v: &T| {
            let row = hvp_at(at, &f)(x, v);
            let parts: Vec<Tensor> =
                row.leaves().iter().map(|leaf| leaf.reshape(&[leaf.size()])).collect();
            if parts.is_empty() {
                return Tensor::zeros(&[0], DType::F64);
            }
            Tensor::concatenate(&parts.iter().collect::<Vec<_>>(), 0)
        });
        rows(&basis(x))
    }
}
