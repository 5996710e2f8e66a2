//! Norms of vectors, and what divides by them.

use crate::Tensor;
use crate::methods::Axes;

impl Tensor {
    /// The Euclidean norm of all elements: see [`Tensor::norm_axes`].
    ///
    /// ```
    /// use tensor::{Tensor, grad};
    /// assert_eq!(Tensor::from([3.0, 4.0]).norm().item(), 5.0);
    /// // At 0, where there is no derivative, it is defined to be 0.
    /// assert_eq!(grad(Tensor::norm)(&Tensor::from([0.0, 0.0])).to_vec::<f64>(), [0.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn norm(&self) -> Tensor {
        let all: Vec<isize> = (0..self.ndim() as isize).collect();
        self.norm_axes(&all[..])
    }

    /// `‖x‖₂ = √Σx²` over the given axes, which disappear. At 0 all derivatives are 0 (the
    /// subgradient of least norm); elsewhere the gradient is `x/‖x‖`.
    ///
    /// The largest magnitude is taken out first, constant to derivatives (it cancels), so that
    /// squares neither overflow nor vanish (J. L. Blue, *A portable Fortran program to find the
    /// Euclidean norm of a vector*, TOMS 1978, for the aim).
    ///
    /// # Panics
    /// When the tensor does not hold floats.
    #[track_caller]
    pub fn norm_axes(&self, axes: impl Axes) -> Tensor {
        let shape = self.sum_shape(&axes);
        self.norm_kept(&axes).reshape(&shape)
    }

    /// The shape without some axes.
    #[track_caller]
    fn sum_shape(&self, axes: &impl Axes) -> Vec<usize> {
        let kept = array::shape::kept(self.ndim(), &axes.of(self.ndim()));
        kept.into_iter().map(|d| self.shape()[d]).collect()
    }

    /// The norm over axes that stay, with size 1.
    #[track_caller]
    fn norm_kept(&self, axes: &impl Axes) -> Tensor {
        let nothing = axes.of(self.ndim()).iter().any(|&a| self.shape()[a] == 0);
        if nothing {
            return self.sum_axes(axes).keep_dims(axes, self);
        }
        let scale = self.stop_gradient().abs().max_axes(axes).keep_dims(axes, self);
        let usable = scale.gt(0.0).logical_and(scale.is_finite());
        let scale = scale.keep_where(&usable, 1.0);
        let squares = (self / &scale).square().sum_axes(axes).keep_dims(axes, self);
        squares.apply_where(&squares.ne(0.0), 1.0, Tensor::sqrt, 0.0) * scale
    }

    /// `‖x‖₁ = Σ|x|` over the given axes; the derivative of an element that is 0 is 0.
    ///
    /// ```
    /// use tensor::Tensor;
    /// assert_eq!(Tensor::from([3.0, -4.0]).l1_norm(0).item(), 7.0);
    /// ```
    #[track_caller]
    pub fn l1_norm(&self, axes: impl Axes) -> Tensor {
        self.abs().sum_axes(axes)
    }

    /// `x / ‖x‖₂` along the given axes. At 0 value and derivatives are 0 (there is no limit), in
    /// agreement with those of the norm, of which this is the gradient.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let x = Tensor::from([[3.0, 4.0], [0.0, 0.0]]);
    /// assert_eq!(x.normalise(1).to_vec::<f64>(), [0.6, 0.8, 0.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn normalise(&self, axes: impl Axes) -> Tensor {
        let norm = self.norm_kept(&axes);
        let something = norm.ne(0.0);
        self.keep_where(&something, 0.0) / norm.keep_where(&something, 1.0)
    }

    /// `x` if `‖x‖₂ ≤ max_norm` over the given axes, else `x` scaled to that norm.
    ///
    /// Source: R. Pascanu, T. Mikolov, Y. Bengio, *On the difficulty of training recurrent neural
    /// networks*, ICML 2013, algorithm 1.
    ///
    /// # Panics
    /// When `max_norm` is negative or NaN.
    ///
    /// ```
    /// use tensor::Tensor;
    /// assert_eq!(Tensor::from([3.0, 4.0]).clip_by_norm(0, 2.5).to_vec::<f64>(), [1.5, 2.0]);
    /// ```
    #[track_caller]
    pub fn clip_by_norm(&self, axes: impl Axes, max_norm: f64) -> Tensor {
        assert!(max_norm >= 0.0, "clip_by_norm: the largest norm is {max_norm}");
        let norm = self.norm_kept(&axes);
        let long = norm.gt(max_norm);
        // Short vectors are divided by 1, whatever their norm.
        let factor = norm.apply_where(&long, 1.0, |n| max_norm / n, 1.0);
        self * factor
    }
}
