//! Polynomials.

use crate::Tensor;

impl Tensor {
    /// `Σ_k c[k] xᵏ`, element by element, by Horner's rule. The coefficients stand along axis 0,
    /// the constant one first (as in `numpy.polynomial`, not as in `numpy.polyval`); further axes
    /// broadcast against `x`. Without coefficients it is 0.
    ///
    /// # Panics
    /// When the coefficients are a scalar or do not broadcast.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let x = Tensor::from([0.0, 2.0]);
    /// let y = x.polynomial(&Tensor::from([1.0, 0.0, 3.0])); // 1 + 3x²
    /// assert_eq!(y.to_vec::<f64>(), [1.0, 13.0]);
    /// ```
    #[track_caller]
    pub fn polynomial(&self, coefficients: &Tensor) -> Tensor {
        assert!(coefficients.ndim() > 0, "polynomial: the coefficients need an axis");
        let n = coefficients.shape()[0] as isize;
        let mut y: Option<Tensor> = None;
        for k in (0..n).rev() {
            let c = coefficients.index(0, k);
            y = Some(match y {
                Some(y) => y * self + c,
                None => {
                    let shape = array::shape::broadcast(self.shape(), c.shape());
                    let shape = shape.unwrap_or_else(|| {
                        panic!(
                            "polynomial: coefficients {} at {}",
                            coefficients.0.ty(),
                            self.0.ty()
                        )
                    });
                    c.broadcast_to(&shape)
                }
            });
        }
        y.unwrap_or_else(|| self.full_like(0.0))
    }
}
