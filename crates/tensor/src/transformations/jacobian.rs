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

/// The derivative of a function `T → O`: the tree of the outputs with a `T` in place of each leaf.
/// The block of an output leaf `y` and an input leaf `x` holds `∂yᵢ/∂xⱼ` at `[i, j]`, with shape
/// `(shape of y, shape of x)`. For `O = Tensor` it is a `T`; between two tensors, a tensor.
pub type Jacobian<O, T> = <O as Tree>::Nested<T>;

/// The second derivatives of a scalar function of a `T`: the Jacobian of its gradient. For each
/// leaf `u` a `T` whose leaf `v` holds `∂²f/∂uᵢ∂vⱼ` at `[i, j]`.
pub type Hessian<T> = Jacobian<T, T>;

/// The Jacobian `∂f(x)` column by column in forward mode: for each leaf of `f(x)` a tree of the
/// type of `x`, with blocks of shape `(shape of the output leaf, shape of the input leaf)`.
/// Cheaper than [`jacrev`] when `x` has fewer elements than `f(x)`. Blocks have the dtype of the
/// output; those of leaves that are not floats are zeros.
///
/// ```
/// use tensor::{Tensor, jacfwd};
/// let j = jacfwd(|x: &Tensor| x * x)(&Tensor::from([1.0, 2.0]));
/// assert_eq!(j.to_vec::<f64>(), [2.0, 0.0, 0.0, 4.0]);
/// // Two inputs, two outputs: four blocks.
/// let polar = |(r, t): &(Tensor, Tensor)| (r * t.cos(), r * t.sin());
/// let ((xr, xt), (yr, yt)) = jacfwd(polar)(&(Tensor::from(2.0), Tensor::from(0.0)));
/// assert_eq!([xr, xt, yr, yt].map(|block| block.item()), [1.0, 0.0, 0.0, 2.0]);
/// ```
#[track_caller]
pub fn jacfwd<T: Tree, O: Tree, F: FnOnce(&T) -> O>(f: F) -> impl FnOnce(&T) -> Jacobian<O, T> {
    jacfwd_at(Location::caller(), f)
}

fn jacfwd_at<T: Tree, O: Tree, F: FnOnce(&T) -> O>(
    at: Place,
    f: F,
) -> impl FnOnce(&T) -> Jacobian<O, T> {
    move |x| {
        if x.leaves().is_empty() {
            return f(x).nest(&mut |_| x.map(Tensor::clone));
        }
        // Row i holds ∂f/∂xᵢ: the elements of x lead. They must come last.
        let column = |dx: &T| jvp_at(at, f)(x, dx).1;
        let columns = vmap_at(at, VmapOptions::default(), column)(&basis(x));
        columns.nest(&mut |leaf| {
            let last = leaf.move_axis(0, -1);
            let out = last.shape()[..last.ndim() - 1].to_vec();
            let mut start = 0;
            x.map(|leaf| {
                let n = leaf.size();
                let part = last.slice_axis(-1, start, start + n);
                start += n;
                part.reshape(&[&out[..], leaf.shape()].concat())
            })
        })
    }
}

/// The Jacobian `∂f(x)` row by row in reverse mode: for each leaf of `f(x)` a tree of the type of
/// `x`, with blocks of shape `(shape of the output leaf, shape of the input leaf)`. Cheaper than
/// [`jacfwd`] when `f(x)` has fewer elements than `x`. Blocks have the dtype of the input; those
/// of leaves that are not floats are zeros.
///
/// ```
/// use tensor::{Tensor, jacrev};
/// let j = jacrev(|x: &Tensor| x * x)(&Tensor::from([1.0, 2.0]));
/// assert_eq!(j.to_vec::<f64>(), [2.0, 0.0, 0.0, 4.0]);
/// // Outputs may be any tree: the gradients of a mean and of a maximum.
/// let [mean, max] = jacrev(|x: &Tensor| [x.mean(), x.max()])(&Tensor::from([1.0, 2.0]));
/// assert_eq!((mean.to_vec::<f64>(), max.to_vec::<f64>()), (vec![0.5, 0.5], vec![0.0, 1.0]));
/// ```
#[track_caller]
pub fn jacrev<T: Tree + 'static, O: Tree + 'static, F: FnOnce(&T) -> O>(
    f: F,
) -> impl FnOnce(&T) -> Jacobian<O, T> {
    let at = Location::caller();
    move |x| {
        let (y, pull_back) = vjp_at(at, f)(x);
        if y.leaves().is_empty() {
            return y.nest(&mut |_| x.map(Tensor::clone));
        }
        let rows = vmap_at(at, VmapOptions::default(), |ct: &O| pull_back(ct))(&basis(&y));
        let mut start = 0;
        y.nest(&mut |leaf| {
            let (from, to) = (start, start + leaf.size());
            start = to;
            rows.map(|row| {
                let part = row.slice_axis(0, from, to);
                part.reshape(&[leaf.shape(), &row.shape()[1..]].concat())
            })
        })
    }
}

/// The Hessian of a scalar function, the Jacobian of its gradient (forward over reverse). For one
/// tensor an array of shape `(shape of x, shape of x)`; for a tree the [tree of
/// trees](Tree::Nested): for each leaf `u` a tree of the type of `x` whose leaf `v` has shape
/// `(shape of u, shape of v)`. As one matrix: [`hessian_matrix`]; times a vector, without ever
/// being formed: [`hvp`](super::hvp).
///
/// # Panics
/// When `f` does not return one float number, or an operation has no second derivative.
///
/// ```
/// use tensor::{Tensor, hessian};
/// let h = hessian(|x: &Tensor| (x * x * x).sum())(&Tensor::from([1.0, 2.0]));
/// assert_eq!(h.to_vec::<f64>(), [6.0, 0.0, 0.0, 12.0]);
/// // f = x²y: f_xx = 2y, f_xy = f_yx = 2x, f_yy = 0.
/// let f = |(x, y): &(Tensor, Tensor)| x * x * y;
/// let ((xx, xy), (yx, yy)) = hessian(f)(&(Tensor::from(2.0), Tensor::from(3.0)));
/// assert_eq!([xx, xy, yx, yy].map(|block| block.item()), [6.0, 4.0, 4.0, 0.0]);
/// ```
#[track_caller]
pub fn hessian<T: Tree, F: FnOnce(&T) -> Tensor>(f: F) -> impl FnOnce(&T) -> Hessian<T> {
    let at = Location::caller();
    move |x| jacfwd_at(at, |x: &T| grad_at(at, f)(x))(x)
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
pub fn hessian_matrix<T: Tree, F: FnOnce(&T) -> Tensor>(f: F) -> impl FnOnce(&T) -> Tensor {
    let at = Location::caller();
    move |x| {
        let rows = vmap_at(at, VmapOptions::default(), |v: &T| {
            let row = hvp_at(at, f)(x, v);
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
