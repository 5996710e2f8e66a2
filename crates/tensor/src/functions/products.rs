//! Products of vectors and tensors by NumPy's names.

use crate::Tensor;

impl Tensor {
    /// NumPy's `dot`: `Σ_k x[…, k] y[…, k, j]`, over the last axis of `x` and the last but one of
    /// `y` (its only one, for a vector); with a scalar, the product.
    ///
    /// # Panics
    /// When the sizes differ.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let (x, y) = (Tensor::from([1.0, 2.0]), Tensor::from([3.0, 4.0]));
    /// assert_eq!(x.dot(&y).item(), 11.0);
    /// ```
    #[track_caller]
    pub fn dot(&self, other: &Tensor) -> Tensor {
        if self.ndim() == 0 || other.ndim() == 0 {
            return self * other;
        }
        let contracted = if other.ndim() == 1 { -1 } else { -2 };
        self.dot_general(other, [&[-1], &[contracted]], [&[], &[]])
    }

    /// `Σ x y` over all elements of two tensors of one shape.
    ///
    /// # Panics
    /// When the shapes differ.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.vdot(&x).item(), 30.0);
    /// ```
    #[track_caller]
    pub fn vdot(&self, other: &Tensor) -> Tensor {
        assert!(
            self.shape() == other.shape(),
            "vdot: the shapes of {} and {} differ",
            self.0.ty(),
            other.0.ty()
        );
        self.ravel().dot(&other.ravel())
    }

    /// `Σ_k x[…, k] y[…, k]` over the last axis of both; the free axes of `x` come first.
    ///
    /// # Panics
    /// When the last sizes differ.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.inner(&x).to_vec::<f64>(), [5.0, 11.0, 11.0, 25.0]);
    /// ```
    #[track_caller]
    pub fn inner(&self, other: &Tensor) -> Tensor {
        if self.ndim() == 0 || other.ndim() == 0 {
            return self * other;
        }
        self.dot_general(other, [&[-1], &[-1]], [&[], &[]])
    }

    /// `y[i…, j…] = x[i…] y[j…]`.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let y = Tensor::from([1.0, 2.0]).outer(&Tensor::from([3.0, 4.0]));
    /// assert_eq!(y.to_vec::<f64>(), [3.0, 4.0, 6.0, 8.0]);
    /// ```
    #[track_caller]
    pub fn outer(&self, other: &Tensor) -> Tensor {
        self.dot_general(other, [&[], &[]], [&[], &[]])
    }

    /// The Kronecker product `(x ⊗ y)[i p + k, j q + l] = x[i, j] y[k, l]` for `y` of shape
    /// `[p, q]`, and likewise for any equal number of axes.
    ///
    /// # Panics
    /// When the numbers of axes differ.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let y = Tensor::from([1.0, 2.0]).kron(&Tensor::from([3.0, 4.0]));
    /// assert_eq!(y.to_vec::<f64>(), [3.0, 4.0, 6.0, 8.0]);
    /// ```
    #[track_caller]
    pub fn kron(&self, other: &Tensor) -> Tensor {
        let n = self.ndim();
        assert!(
            n == other.ndim(),
            "kron: {} and {} differ in the number of axes",
            self.0.ty(),
            other.0.ty()
        );
        let interleaved: Vec<isize> = (0..n as isize).flat_map(|d| [d, d + n as isize]).collect();
        let sizes = self.shape().iter().zip(other.shape());
        let shape: Vec<usize> = sizes.map(|(a, b)| a * b).collect();
        self.outer(other).transpose(&interleaved).reshape(&shape)
    }
}
