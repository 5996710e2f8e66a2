//! Products of matrices and vectors.

use super::axis;
use crate::Tensor;
use crate::execute::bind1;
use ir::prim::DotGeneral;

impl Tensor {
    /// `Σ_k x[b…, i…, k…] y[b…, j…, k…]` with contracted and batch axes named per operand; the
    /// result has the batch axes, then the free axes of each.
    ///
    /// # Panics
    /// When corresponding sizes or the dtypes differ.
    #[track_caller]
    pub fn dot_general(
        &self,
        other: &Tensor,
        contract: [&[isize]; 2],
        batch: [&[isize]; 2],
    ) -> Tensor {
        let of = |axes: [&[isize]; 2]| {
            let left = axes[0].iter().map(|&a| axis(a, self.ndim())).collect();
            let right = axes[1].iter().map(|&a| axis(a, other.ndim())).collect();
            [left, right]
        };
        bind1(DotGeneral { contract: of(contract), batch: of(batch) }, &[self, other])
    }

    /// The matrix product by NumPy's rules: vectors are rows on the left and columns on the
    /// right, leading axes broadcast.
    ///
    /// # Panics
    /// When an operand is a scalar, or the inner sizes differ.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let a = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// let x = Tensor::from([1.0, 10.0]);
    /// assert_eq!(a.matmul(&x).to_vec::<f64>(), [21.0, 43.0]);
    /// ```
    #[track_caller]
    pub fn matmul(&self, other: &Tensor) -> Tensor {
        let (m, n) = (self.ndim(), other.ndim());
        assert!(m > 0 && n > 0, "matmul: {} and {}; scalars use `*`", self.0.ty(), other.0.ty());
        let contracted = if n == 1 { 0 } else { -2 };
        if m <= 2 || n <= 2 {
            // At most one side has leading axes, so nothing is paired up; only the order of the
            // free axes may differ from NumPy's.
            let y = self.dot_general(other, [&[-1], &[contracted]], [&[], &[]]);
            return if n > 2 && m == 2 { y.move_axis(0, -2) } else { y };
        }
        let lead = array::shape::broadcast(&self.shape()[..m - 2], &other.shape()[..n - 2]);
        let Some(lead) = lead else {
            panic!("matmul: leading axes of {} and {} do not broadcast", self.0.ty(), other.0.ty());
        };
        let left = self.broadcast_to(&[&lead[..], &self.shape()[m - 2..]].concat());
        let right = other.broadcast_to(&[&lead[..], &other.shape()[n - 2..]].concat());
        let batch: Vec<isize> = (0..lead.len() as isize).collect();
        left.dot_general(&right, [&[-1], &[-2]], [&batch, &batch])
    }
}
