//! Sorting. The order is stable, and NaN comes last, also when descending. Derivatives move as the
//! elements do; among equal elements that is one choice of several.

use crate::broadcasting::beside;
use crate::execute::bind;
use crate::methods::axis;
use crate::{DType, Tensor};
use ir::Expr;
use ir::prim::Sort;

impl Tensor {
    /// Sorted along an axis, and the permutation (i64) that sorts.
    #[track_caller]
    fn sorted(&self, at: isize, descending: bool) -> (Tensor, Tensor) {
        let at = axis(at, self.ndim());
        let places = beside(Expr::iota(DType::I64, self.shape(), at), self);
        let mut sorted = bind(Sort { axis: at, descending }, &[self, &places]);
        let permutation = sorted.remove(1);
        (sorted.remove(0), permutation)
    }

    /// The elements in ascending order along an axis.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let x = Tensor::from([3.0, 1.0, 2.0]);
    /// assert_eq!(x.sort(0).to_vec::<f64>(), [1.0, 2.0, 3.0]);
    /// ```
    #[track_caller]
    pub fn sort(&self, at: isize) -> Tensor {
        let at = axis(at, self.ndim());
        bind(Sort { axis: at, descending: false }, &[self]).remove(0)
    }

    /// The indices (i64) along an axis at which the elements stand in ascending order; equal ones
    /// in the order in which they stand.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let x = Tensor::from([3.0, 1.0, 2.0]);
    /// assert_eq!(x.argsort(0).to_vec::<i64>(), [1, 2, 0]);
    /// ```
    #[track_caller]
    pub fn argsort(&self, at: isize) -> Tensor {
        self.sorted(at, false).1
    }

    /// The `k` largest elements along an axis, in descending order, and their indices (i64); of
    /// equal ones the first. NaN counts as smallest.
    ///
    /// # Panics
    /// When there are fewer than `k`.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let (values, indices) = Tensor::from([3.0, 1.0, 4.0, 1.5]).top_k(2, 0);
    /// assert_eq!(values.to_vec::<f64>(), [4.0, 3.0]);
    /// assert_eq!(indices.to_vec::<i64>(), [2, 0]);
    /// ```
    #[track_caller]
    pub fn top_k(&self, k: usize, at: isize) -> (Tensor, Tensor) {
        let n = self.shape()[axis(at, self.ndim())];
        assert!(k <= n, "top_k: the {k} largest of {n}");
        let (values, indices) = self.sorted(at, true);
        (values.slice_axis(at, 0, k), indices.slice_axis(at, 0, k))
    }
}
