//! Copies along axes.

use crate::Tensor;
use crate::methods::axis;

impl Tensor {
    /// Elements moved by `shift` places along an axis, those beyond the end coming back at the
    /// beginning: `y[i] = x[(i − shift) mod n]`.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let x = Tensor::from([1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.roll(1, 0).to_vec::<f64>(), [4.0, 1.0, 2.0, 3.0]);
    /// ```
    #[track_caller]
    pub fn roll(&self, shift: isize, at: isize) -> Tensor {
        let at = axis(at, self.ndim());
        let n = self.shape()[at];
        if n == 0 {
            return self.clone();
        }
        let shift = shift.rem_euclid(n as isize) as usize;
        if shift == 0 {
            return self.clone();
        }
        let at = at as isize;
        let (end, start) = (self.slice_axis(at, n - shift, n), self.slice_axis(at, 0, n - shift));
        Tensor::concatenate(&[&end, &start], at)
    }

    /// The whole tensor repeated `times[d]` times along axis `d`. As in NumPy, missing numbers at
    /// the front are 1, and so are missing axes.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let x = Tensor::from([1.0, 2.0]);
    /// assert_eq!(x.tile(&[2]).to_vec::<f64>(), [1.0, 2.0, 1.0, 2.0]);
    /// assert_eq!(x.tile(&[2, 1]).shape(), [2, 2]);
    /// ```
    #[track_caller]
    pub fn tile(&self, times: &[usize]) -> Tensor {
        let rank = self.ndim().max(times.len());
        let pad = |s: &[usize]| [&vec![1; rank - s.len()][..], s].concat();
        let (shape, times) = (pad(self.shape()), pad(times));
        let interleave = |left: &[usize]| -> Vec<usize> {
            left.iter().zip(&shape).flat_map(|(&t, &n)| [t, n]).collect()
        };
        let repeated = self.reshape(&interleave(&vec![1; rank])).broadcast_to(&interleave(&times));
        repeated.reshape(&shape.iter().zip(&times).map(|(n, t)| n * t).collect::<Vec<_>>())
    }

    /// Each element `times` times in a row along an axis.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let x = Tensor::from([1.0, 2.0]);
    /// assert_eq!(x.repeat(2, 0).to_vec::<f64>(), [1.0, 1.0, 2.0, 2.0]);
    /// ```
    #[track_caller]
    pub fn repeat(&self, times: usize, at: isize) -> Tensor {
        let at = axis(at, self.ndim());
        let mut wide = self.shape().to_vec();
        wide.insert(at + 1, times);
        let mut shape = self.shape().to_vec();
        shape[at] *= times;
        self.expand_dims(at as isize + 1).broadcast_to(&wide).reshape(&shape)
    }
}

/// The coordinates of a grid: for vectors `x₁, …, x_d`, `d` tensors of shape `[n₁, …, n_d]` with
/// `y_k[i₁, …, i_d] = x_k[i_k]` (NumPy's `indexing="ij"`).
///
/// # Panics
/// When an input is not a vector.
///
/// ```
/// use tensor::{Tensor, functions::meshgrid};
/// let xy = meshgrid(&[&Tensor::from([1.0, 2.0]), &Tensor::from([3.0, 4.0])]);
/// assert_eq!(xy[0].to_vec::<f64>(), [1.0, 1.0, 2.0, 2.0]);
/// assert_eq!(xy[1].to_vec::<f64>(), [3.0, 4.0, 3.0, 4.0]);
/// ```
#[track_caller]
pub fn meshgrid(axes: &[&Tensor]) -> Vec<Tensor> {
    let shape: Vec<usize> = axes.iter().map(|x| x.dims::<1>()[0]).collect();
    axes.iter()
        .enumerate()
        .map(|(k, x)| {
            let mut own = vec![1; shape.len()];
            own[k] = shape[k];
            x.reshape(&own).broadcast_to(&shape)
        })
        .collect()
}
