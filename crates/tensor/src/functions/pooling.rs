//! Pooling.

use super::windows::{Padding, per_axis};
use crate::Tensor;
use crate::execute::bind1;
use ir::prim::{ReduceWindow, WindowOp};

/// Windows over the last axes of a tensor; leading axes run in parallel.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pooling {
    /// The window's size, per spatial axis. Their number is that of the spatial axes.
    pub window: Vec<usize>,
    /// From one window to the next, per spatial axis; empty for the window's size.
    pub strides: Vec<usize>,
    /// How far windows reach beyond the ends.
    pub padding: Padding,
}

impl Pooling {
    /// Windows of this size side by side.
    pub fn new(window: &[usize]) -> Pooling {
        Pooling { window: window.to_vec(), strides: vec![], padding: Padding::Valid }
    }

    /// The reduction over all axes of `x`.
    #[track_caller]
    fn reduction(&self, name: &str, x: &Tensor, op: WindowOp) -> ReduceWindow {
        let n = self.window.len();
        assert!(n <= x.ndim(), "{name}: a window {:?} over {}", self.window, x.0.ty());
        let lead = x.ndim() - n;
        let given = if self.strides.is_empty() { &self.window } else { &self.strides };
        let strides = per_axis(name, "strides", given, n);
        let padding = self.padding.resolve(name, &x.shape()[lead..], &self.window, &strides);
        ReduceWindow {
            strides: [vec![1; lead], strides].concat(),
            padding: [vec![(0, 0); lead], padding].concat(),
            ..ReduceWindow::new(op, &[vec![1; lead], self.window.clone()].concat())
        }
    }
}

impl Tensor {
    /// The largest element of each window; padding never is. Ties share the derivative equally.
    ///
    /// # Panics
    /// When there are fewer axes than the window has, or a window sees nothing but padding.
    ///
    /// ```
    /// use tensor::{Tensor, functions::Pooling};
    /// let x = Tensor::from([1.0, 5.0, 2.0, 0.0]);
    /// assert_eq!(x.max_pool(&Pooling::new(&[2])).to_vec::<f64>(), [5.0, 2.0]);
    /// ```
    #[track_caller]
    pub fn max_pool(&self, options: &Pooling) -> Tensor {
        bind1(options.reduction("max_pool", self, WindowOp::Max), &[self])
    }

    /// The mean of each window. `count_padding` says whether padding counts, as zeros, or whether
    /// the sum is divided by the number of elements that the window sees.
    ///
    /// # Panics
    /// When there are fewer axes than the window has.
    ///
    /// ```
    /// use tensor::{Tensor, functions::{Padding, Pooling}};
    /// let x = Tensor::from([2.0, 4.0, 6.0]);
    /// let pool = Pooling { padding: Padding::Explicit(vec![(1, 0)]), ..Pooling::new(&[2]) };
    /// assert_eq!(x.avg_pool(&pool, true).to_vec::<f64>(), [1.0, 5.0]);
    /// assert_eq!(x.avg_pool(&pool, false).to_vec::<f64>(), [2.0, 5.0]);
    /// ```
    #[track_caller]
    pub fn avg_pool(&self, options: &Pooling, count_padding: bool) -> Tensor {
        let sum = options.reduction("avg_pool", self, WindowOp::Sum);
        let total = bind1(sum.clone(), &[self]);
        if count_padding {
            return total / options.window.iter().product::<usize>() as f64;
        }
        // How many elements a window sees is the same for all leading axes.
        let lead = self.ndim() - options.window.len();
        let one = Tensor::ones(&[&vec![1; lead][..], &self.shape()[lead..]].concat(), self.dtype());
        total / bind1(sum, &[&one])
    }
}
