//! The normal distribution in several dimensions.

use crate::Tensor;
use std::f64::consts::TAU;

impl Tensor {
    /// The logarithm of the density of the normal distribution with this mean and covariance Σ at
    /// the points `x[…, d]`:
    ///
    /// ```text
    /// −½ (x − μ)ᵀ Σ⁻¹ (x − μ) − ½ log det Σ − ½ d log 2π,
    /// ```
    ///
    /// by `Σ = L Lᵀ`: the quadratic form is `‖L⁻¹(x − μ)‖²`, the determinant `∏ L_ii²`. Leading
    /// axes broadcast; NaN where Σ is not positive definite.
    ///
    /// Source: C. E. Rasmussen, C. K. I. Williams, *Gaussian processes for machine learning*
    /// (2006), §A.2, A.4.
    ///
    /// # Panics
    /// When the sizes do not fit.
    ///
    /// ```
    /// use tensor::{DType, Tensor};
    /// let origin = Tensor::from([0.0, 0.0]);
    /// let log = origin.multivariate_normal_log_density(&origin, &Tensor::eye(2, DType::F64));
    /// assert_eq!(log.item(), -std::f64::consts::TAU.ln());
    /// ```
    #[track_caller]
    pub fn multivariate_normal_log_density(&self, mean: &Tensor, covariance: &Tensor) -> Tensor {
        let centred = self - mean;
        let d = match (centred.shape(), covariance.shape()) {
            ([.., d], [.., m, n]) if d == m && d == n => *d,
            _ => panic!(
                "multivariate_normal_log_density: points less mean are {}, the covariance {}",
                centred.0.ty(),
                covariance.0.ty()
            ),
        };
        let l = covariance.cholesky();
        let squares = if covariance.ndim() == 2 {
            // One factor for all points: they are the columns of one system.
            let lead = centred.shape()[..centred.ndim() - 1].to_vec();
            let columns = centred.reshape(&[lead.iter().product(), d]).t();
            l.triangular_solve(&columns, true, false).square().sum_axes(0).reshape(&lead)
        } else {
            let column = centred.expand_dims(-1);
            l.triangular_solve(&column, true, false).square().sum_axes([-2, -1])
        };
        let log_det = l.diagonal(0).log().sum_axes(-1) * 2.0;
        (squares + log_det + d as f64 * TAU.ln()) * -0.5
    }
}
