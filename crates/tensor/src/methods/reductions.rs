//! Reductions over axes.

use super::Axes;
use crate::execute::bind1;
use crate::{DType, Tensor};
use ir::prim::{ArgReduce, Reduce, ReduceOp};

macro_rules! reductions {
    ($($all:ident $axes:ident $Op:ident $doc:literal;)*) => {
        /// Reductions over all axes, or over some, which disappear.
        impl Tensor { $(
            #[doc = concat!($doc, " Over all axes.")]
            #[track_caller]
            pub fn $all(&self) -> Tensor {
                self.reduce(ReduceOp::$Op, (0..self.ndim()).collect())
            }
            #[doc = concat!($doc, " Over the given axes.")]
            #[track_caller]
            pub fn $axes(&self, axes: impl Axes) -> Tensor {
                self.reduce(ReduceOp::$Op, axes.of(self.ndim()))
            }
        )* }
    };
}
reductions! {
    sum sum_axes Sum "Σx; 0 of nothing.";
    prod prod_axes Prod "∏x; 1 of nothing.";
    max max_axes Max "The largest element; ties share the derivative equally; NaN propagates.";
    min min_axes Min "The smallest element; ties share the derivative equally; NaN propagates.";
    any any_axes Any "Whether one of the truth values holds.";
    all all_axes All "Whether all of the truth values hold.";
}

impl Tensor {
    #[track_caller]
    fn reduce(&self, op: ReduceOp, axes: Vec<usize>) -> Tensor {
        if axes.is_empty() { self.clone() } else { bind1(Reduce { op, axes }, &[self]) }
    }

    /// The mean of all elements; NaN of nothing.
    #[track_caller]
    pub fn mean(&self) -> Tensor {
        self.sum() / self.size() as f64
    }

    /// The mean over the given axes; NaN of nothing.
    #[track_caller]
    pub fn mean_axes(&self, axes: impl Axes) -> Tensor {
        let axes = axes.of(self.ndim());
        let n: usize = axes.iter().map(|&a| self.shape()[a]).product();
        self.reduce(ReduceOp::Sum, axes) / n as f64
    }

    /// The index (i64) of the first largest element along an axis.
    #[track_caller]
    pub fn argmax(&self, axis: isize) -> Tensor {
        bind1(ArgReduce { max: true, axis: super::axis(axis, self.ndim()) }, &[self])
    }

    /// The index (i64) of the first smallest element along an axis.
    #[track_caller]
    pub fn argmin(&self, axis: isize) -> Tensor {
        bind1(ArgReduce { max: false, axis: super::axis(axis, self.ndim()) }, &[self])
    }

    /// Reduced axes put back with size 1, for broadcasting against the original.
    #[track_caller]
    pub fn keep_dims(&self, axes: impl Axes, original: &Tensor) -> Tensor {
        let mut shape = original.shape().to_vec();
        for a in axes.of(original.ndim()) {
            shape[a] = 1;
        }
        self.reshape(&shape)
    }

    /// The number of true elements, as i64.
    #[track_caller]
    pub fn count_true(&self) -> Tensor {
        self.convert(DType::I64).sum()
    }
}
