//! Reading and adding at computed places. Indices are integers; reading clamps those outside to
//! the nearest end (negative ones too: they do not count from the end), adding drops them.

use crate::broadcasting::beside;
use crate::execute::bind1;
use crate::methods::axis;
use crate::{DType, Tensor};
use ir::Expr;
use ir::prim::{DynamicSlice, DynamicUpdateSlice, Gather, ScatterAdd};

impl Tensor {
    #[track_caller]
    fn must_be_indices(&self, op: &str) {
        let ty = self.0.ty();
        assert!(self.dtype().is_integer(), "{op}: indices are integers, these are {ty}");
    }

    /// `y[…, k, …] = 1` where `k` is the index, else 0: a new last axis of size `n`. Indices
    /// outside give zeros.
    ///
    /// # Panics
    /// When the tensor does not hold integers.
    ///
    /// ```
    /// use tensor::{DType, Tensor};
    /// let y = Tensor::from([1_i64, 0]).one_hot(3, DType::F64);
    /// assert_eq!(y.to_vec::<f64>(), [0.0, 1.0, 0.0, 1.0, 0.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn one_hot(&self, n: usize, dtype: DType) -> Tensor {
        self.must_be_indices("one_hot");
        let places = beside(Expr::iota(self.dtype(), &[n], 0), self);
        self.expand_dims(-1).eq(&places).convert(dtype)
    }

    /// Elements read at indices along an axis, whose place the axes of the indices take:
    /// `y[pre…, i…, post…] = x[pre…, indices[i…], post…]`. Rows of a table are `take(&rows, 0)`.
    ///
    /// # Panics
    /// When the indices are not integers, or there is no such axis, or it is empty.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let table = Tensor::from([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
    /// let rows = table.take(&Tensor::from([2_i64, 0]), 0);
    /// assert_eq!(rows.to_vec::<f64>(), [5.0, 6.0, 1.0, 2.0]);
    /// ```
    #[track_caller]
    pub fn take(&self, indices: &Tensor, at: isize) -> Tensor {
        self.gather(indices, at, 0)
    }

    /// [`Tensor::take`] in parallel: the first `batch` axes of tensor and indices correspond, and
    /// `y[b…, pre…, i…, post…] = x[b…, pre…, indices[b…, i…], post…]`.
    ///
    /// # Panics
    /// When the indices are not integers, the axis is none or among the first, or the sizes of
    /// these differ.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// let y = x.gather(&Tensor::from([1_i64, 0]), 1, 1);
    /// assert_eq!(y.to_vec::<f64>(), [2.0, 3.0]);
    /// ```
    #[track_caller]
    pub fn gather(&self, indices: &Tensor, at: isize, batch: usize) -> Tensor {
        indices.must_be_indices("gather");
        bind1(Gather { axis: axis(at, self.ndim()), batch }, &[self, indices])
    }

    /// `y[…, i, …] = x[…, indices[…, i, …], …]` along an axis; along the others, tensor and
    /// indices correspond. With the indices of [`Tensor::argsort`], the sorted tensor.
    ///
    /// # Panics
    /// When the indices are not integers, or the other axes differ in size.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// let y = x.take_along_axis(&Tensor::from([[1_i64], [0]]), 1);
    /// assert_eq!(y.to_vec::<f64>(), [2.0, 3.0]);
    /// ```
    #[track_caller]
    pub fn take_along_axis(&self, indices: &Tensor, at: isize) -> Tensor {
        indices.must_be_indices("take_along_axis");
        let at = axis(at, self.ndim());
        let fits = indices.ndim() == self.ndim()
            && (0..self.ndim()).all(|d| d == at || indices.shape()[d] == self.shape()[d]);
        let (a, b) = (self.0.ty(), indices.0.ty());
        assert!(fits, "take_along_axis: {a} and indices {b} differ in other axes than {at}");
        let last = self.ndim() - 1;
        let (x, indices) = (self.move_axis(at as isize, -1), indices.move_axis(at as isize, -1));
        bind1(Gather { axis: last, batch: last }, &[&x, &indices]).move_axis(-1, at as isize)
    }

    /// These updates added up at indices into zeros of `size` along an axis: the adjoint of
    /// [`Tensor::gather`]. For updates `[b…, pre…, i…, post…]` and indices `[b…, i…]`,
    /// `y[b…, pre…, k, post…] = Σ updates[b…, pre…, i…, post…]` over the `i…` whose index is `k`.
    ///
    /// # Panics
    /// When the indices are not integers, or the sizes do not correspond.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let updates = Tensor::from([1.0, 2.0, 4.0]);
    /// let y = updates.scatter_add(&Tensor::from([1_i64, 1, 7]), 0, 0, 3);
    /// assert_eq!(y.to_vec::<f64>(), [0.0, 3.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn scatter_add(&self, indices: &Tensor, at: isize, batch: usize, size: usize) -> Tensor {
        indices.must_be_indices("scatter_add");
        // The result has one axis where the updates have those of the indices.
        let rank = (self.ndim() + 1 + batch).saturating_sub(indices.ndim());
        bind1(ScatterAdd { axis: axis(at, rank), batch, size }, &[self, indices])
    }

    /// The tensor with updates added at indices along an axis, several at one index one after the
    /// other; updates outside are dropped.
    ///
    /// # Panics
    /// When the indices are not integers, or the sizes do not correspond.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let x = Tensor::from([1.0, 1.0]);
    /// let y = x.index_add(&Tensor::from([1_i64, 1]), 0, &Tensor::from([10.0, 20.0]));
    /// assert_eq!(y.to_vec::<f64>(), [1.0, 31.0]);
    /// ```
    #[track_caller]
    pub fn index_add(&self, indices: &Tensor, at: isize, updates: &Tensor) -> Tensor {
        let at = axis(at, self.ndim());
        self + updates.scatter_add(indices, at as isize, 0, self.shape()[at])
    }

    /// The box of these sizes that begins at `start`, an integer vector with one entry per axis:
    /// `y[i…] = x[start + i…]`. The start is clamped so that the box fits.
    ///
    /// # Panics
    /// When start or sizes do not have one entry per axis, or the box is too large.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let x = Tensor::from([1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.dynamic_slice(&Tensor::from([1_i64]), &[2]).to_vec::<f64>(), [2.0, 3.0]);
    /// assert_eq!(x.dynamic_slice(&Tensor::from([9_i64]), &[2]).to_vec::<f64>(), [3.0, 4.0]);
    /// ```
    #[track_caller]
    pub fn dynamic_slice(&self, start: &Tensor, sizes: &[usize]) -> Tensor {
        bind1(DynamicSlice { sizes: sizes.to_vec() }, &[self, start])
    }

    /// The tensor with the box that begins at `start` replaced by `update`; the start is clamped
    /// so that the box fits.
    ///
    /// # Panics
    /// When the update has another rank or dtype, or is larger somewhere.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let x = Tensor::from([1.0, 2.0, 3.0]);
    /// let y = x.dynamic_update_slice(&Tensor::from([9.0]), &Tensor::from([1_i64]));
    /// assert_eq!(y.to_vec::<f64>(), [1.0, 9.0, 3.0]);
    /// ```
    #[track_caller]
    pub fn dynamic_update_slice(&self, update: &Tensor, start: &Tensor) -> Tensor {
        bind1(DynamicUpdateSlice {}, &[self, update, start])
    }
}
