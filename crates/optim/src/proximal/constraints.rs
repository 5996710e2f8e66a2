//! Constraints: regularisers that are 0 where a condition holds and infinite elsewhere. Their
//! proximal operators are projections.

use super::Penalty;
use tensor::Tensor;

/// Max-norm: `‖x_g‖₂ ≤ c` for every group, the elements along some axes; with axis 0 of a weight
/// `[inputs, outputs]` all that goes into one output. Longer groups are scaled to length `c`,
/// whatever the step. Not for use as a term of a loss: the value is 0 or ∞.
///
/// Source: N. Srebro, A. Shraibman, *Rank, trace-norm and max-norm*, COLT 2005; for networks
/// N. Srivastava et al., *Dropout*, JMLR 15 (2014), section 5.1.
///
/// ```
/// use optim::{MaxNorm, Penalty};
/// use tensor::Tensor;
/// let columns = MaxNorm::new(1.0, &[0]);
/// let x = columns.prox(&Tensor::from([[3.0, 0.0], [4.0, 0.5]]), &Tensor::from(1.0));
/// assert!((x - Tensor::from([[0.6, 0.0], [0.8, 0.5]])).abs().max().item() < 1e-15);
/// ```
#[derive(Clone, Debug)]
pub struct MaxNorm {
    limit: f64,
    axes: Vec<isize>,
}

impl MaxNorm {
    /// With limit `c` and the axes along which the elements of a group lie.
    ///
    /// # Panics
    /// When the limit is not positive.
    #[track_caller]
    pub fn new(limit: f64, axes: &[isize]) -> MaxNorm {
        assert!(limit > 0.0, "MaxNorm: the limit is positive, this is {limit}");
        MaxNorm { limit, axes: axes.to_vec() }
    }
}

impl Penalty for MaxNorm {
    fn value(&self, x: &Tensor) -> Tensor {
        // What a projection leaves outside by rounding counts as inside.
        let limit =
            self.limit * if x.dtype() == tensor::DType::F32 { 1.0 + 1e-6 } else { 1.0 + 1e-14 };
        let outside = x.norm_axes(&self.axes[..]).gt(limit).any();
        outside.select(&Tensor::scalar(f64::INFINITY, x.dtype()), &Tensor::scalar(0.0, x.dtype()))
    }

    fn prox(&self, v: &Tensor, _: &Tensor) -> Tensor {
        v.clip_by_norm(&self.axes[..], self.limit)
    }
}

/// The point of the ball `‖x‖₁ ≤ r` that is nearest to a vector with a scalar `r ≥ 0`: soft
/// thresholding with the level that makes the norm `r`.
///
/// Source: J. Duchi, S. Shalev-Shwartz, Y. Singer, T. Chandra, *Efficient projections onto the
/// ℓ₁-ball for learning in high dimensions*, ICML 2008, figure 1.
///
/// # Panics
/// When `v` is not a vector.
///
/// ```
/// use optim::project_onto_l1_ball;
/// use tensor::Tensor;
/// let x = project_onto_l1_ball(&Tensor::from([3.0, -2.0, 0.5]), &Tensor::from(2.0));
/// assert_eq!(x.to_vec::<f64>(), [1.5, -0.5, 0.0]);
/// ```
#[track_caller]
pub fn project_onto_l1_ball(v: &Tensor, r: &Tensor) -> Tensor {
    let [n] = v.dims();
    if n == 0 {
        return v.clone();
    }
    let magnitudes = v.abs();
    let descending = -(-&magnitudes).sort(0);
    // With k elements that stay, the level is (their sum − r)/k; the right k is the largest whose
    // element does not lie below its level; levels rise up to there.
    let counts = Tensor::arange(n, v.dtype()) + 1.0;
    let levels = (descending.cumsum(0) - r) / counts;
    let stays = descending.ge(&levels);
    let level = levels.keep_where(&stays, f64::NEG_INFINITY).max().maximum(0.0);
    v.sign() * (magnitudes - level).maximum(0.0)
}
