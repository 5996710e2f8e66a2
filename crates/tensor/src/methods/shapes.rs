//! Shapes, axes and slices.

use super::axis;
use crate::Tensor;
use crate::execute::bind1;
use array::shape::kept;
use ir::prim::{Concatenate, Pad, Padding, Reshape, Reverse, Slice, Transpose};

impl Tensor {
    /// The same elements in row-major order under another shape.
    ///
    /// # Panics
    /// When the sizes differ.
    #[track_caller]
    pub fn reshape(&self, shape: &[usize]) -> Tensor {
        if shape == self.shape() {
            return self.clone();
        }
        bind1(Reshape { shape: shape.to_vec() }, &[self])
    }

    /// One axis with all elements in row-major order.
    #[track_caller]
    pub fn ravel(&self) -> Tensor {
        self.reshape(&[self.size()])
    }

    /// Permuted axes: axis `d` of the result is axis `order[d]` of this tensor.
    #[track_caller]
    pub fn transpose(&self, order: &[isize]) -> Tensor {
        let permutation: Vec<usize> = order.iter().map(|&a| axis(a, self.ndim())).collect();
        if permutation.iter().copied().eq(0..self.ndim()) {
            return self.clone();
        }
        bind1(Transpose { permutation }, &[self])
    }

    /// The last two axes exchanged: the transposed matrix.
    ///
    /// # Panics
    /// When there are fewer than two axes.
    #[track_caller]
    pub fn t(&self) -> Tensor {
        assert!(self.ndim() >= 2, "t: a matrix has two axes, the tensor is {}", self.0.ty());
        self.swap_axes(-1, -2)
    }

    /// Two axes exchanged.
    #[track_caller]
    pub fn swap_axes(&self, a: isize, b: isize) -> Tensor {
        let mut order: Vec<isize> = (0..self.ndim() as isize).collect();
        order.swap(axis(a, self.ndim()), axis(b, self.ndim()));
        self.transpose(&order)
    }

    /// One axis moved to another place, the others in order.
    #[track_caller]
    pub fn move_axis(&self, from: isize, to: isize) -> Tensor {
        let (from, to) = (axis(from, self.ndim()), axis(to, self.ndim()));
        let mut order = kept(self.ndim(), &[from]);
        order.insert(to, from);
        self.transpose(&order.into_iter().map(|d| d as isize).collect::<Vec<_>>())
    }

    /// A new axis of size 1 at this place of the result.
    #[track_caller]
    pub fn expand_dims(&self, at: isize) -> Tensor {
        let at = axis(at, self.ndim() + 1);
        let mut shape = self.shape().to_vec();
        shape.insert(at, 1);
        self.reshape(&shape)
    }

    /// An axis of size 1 removed.
    ///
    /// # Panics
    /// When its size is not 1.
    #[track_caller]
    pub fn squeeze(&self, at: isize) -> Tensor {
        let at = axis(at, self.ndim());
        assert!(
            self.shape()[at] == 1,
            "squeeze: axis {at} of {} has size {}",
            self.0.ty(),
            self.shape()[at]
        );
        let mut shape = self.shape().to_vec();
        shape.remove(at);
        self.reshape(&shape)
    }

    /// Indices `start..limit` of one axis.
    #[track_caller]
    pub fn slice_axis(&self, at: isize, start: usize, limit: usize) -> Tensor {
        let at = axis(at, self.ndim());
        let (mut from, mut to) = (vec![0; self.ndim()], self.shape().to_vec());
        (from[at], to[at]) = (start, limit);
        if start == 0 && to == self.shape() {
            return self.clone();
        }
        bind1(Slice { start: from, limit: to, strides: vec![1; self.ndim()] }, &[self])
    }

    /// A strided box: `y[i] = x[start + i·strides]` below `limit`, axis by axis.
    #[track_caller]
    pub fn slice(&self, start: &[usize], limit: &[usize], strides: &[usize]) -> Tensor {
        let slice =
            Slice { start: start.to_vec(), limit: limit.to_vec(), strides: strides.to_vec() };
        bind1(slice, &[self])
    }

    /// The sub-tensor at one index of an axis, which disappears; negative indices count from the
    /// end.
    #[track_caller]
    pub fn index(&self, at: isize, i: isize) -> Tensor {
        let at = axis(at, self.ndim());
        let n = self.shape()[at];
        let positive = if i < 0 { i + n as isize } else { i };
        assert!((0..n as isize).contains(&positive), "index: index {i} of axis {at} with size {n}");
        let i = positive as usize;
        self.slice_axis(at as isize, i, i + 1).squeeze(at as isize)
    }

    /// Padding with a value: elements before and after, per axis; negative numbers cut off.
    #[track_caller]
    pub fn pad(&self, low_high: &[(i64, i64)], value: f64) -> Tensor {
        let padding: Vec<Padding> =
            low_high.iter().map(|&(low, high)| Padding { low, high, interior: 0 }).collect();
        bind1(Pad { padding }, &[self, &Tensor::scalar(value, self.dtype())])
    }

    /// Tensors one after the other along an axis.
    ///
    /// # Panics
    /// When there is none, or their types do not fit.
    #[track_caller]
    pub fn concatenate(parts: &[&Tensor], at: isize) -> Tensor {
        assert!(!parts.is_empty(), "concatenate: there is nothing to concatenate");
        bind1(Concatenate { axis: axis(at, parts[0].ndim()) }, parts)
    }

    /// Tensors of one type along a new axis.
    ///
    /// # Panics
    /// When there is none, or their types differ.
    #[track_caller]
    pub fn stack(parts: &[&Tensor], at: isize) -> Tensor {
        let expanded: Vec<Tensor> = parts.iter().map(|p| p.expand_dims(at)).collect();
        Tensor::concatenate(&expanded.iter().collect::<Vec<_>>(), at)
    }

    /// Axes read backwards.
    #[track_caller]
    pub fn flip(&self, axes: impl super::Axes) -> Tensor {
        bind1(Reverse { axes: axes.of(self.ndim()) }, &[self])
    }
}
