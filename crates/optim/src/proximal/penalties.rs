//! Penalties of elements and of groups of them.

use super::Penalty;
use tensor::Tensor;

/// # Panics
/// When a weight is negative or NaN: the function would not be convex.
#[track_caller]
pub(super) fn weight(name: &str, weight: f64) -> f64 {
    assert!(weight >= 0.0, "{name}: a weight is not negative, this is {weight}");
    weight
}

/// `λ ‖x‖₁ = λ Σ|xᵢ|`, with soft thresholding, `sign(v) max(|v| − sλ, 0)`.
///
/// Source: R. Tibshirani, *Regression shrinkage and selection via the lasso*, J. R. Statist. Soc.
/// B 58 (1996).
///
/// ```
/// use optim::{L1, Penalty};
/// use tensor::Tensor;
/// let v = Tensor::from([3.0, -0.5, -2.0]);
/// assert_eq!(L1::new(1.0).prox(&v, &Tensor::from(1.0)).to_vec::<f64>(), [2.0, 0.0, -1.0]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct L1 {
    weight: f64,
}

impl L1 {
    /// With weight λ.
    ///
    /// # Panics
    /// When it is negative.
    #[track_caller]
    pub fn new(weight: f64) -> L1 {
        L1 { weight: self::weight("L1", weight) }
    }
}

/// `sign(v) max(|v| − t, 0)`, without a negative zero.
fn soft_threshold(v: &Tensor, t: &Tensor) -> Tensor {
    (v - t).maximum(0.0) + (v + t).minimum(0.0)
}

impl Penalty for L1 {
    fn value(&self, x: &Tensor) -> Tensor {
        x.abs().sum() * self.weight
    }

    fn prox(&self, v: &Tensor, s: &Tensor) -> Tensor {
        soft_threshold(v, &(s * self.weight))
    }
}

/// `λ/2 ‖x‖₂²`, whose gradient is the decay `λ x`; `v/(1 + sλ)`.
///
/// Source: A. E. Hoerl, R. W. Kennard, *Ridge regression*, Technometrics 12 (1970).
///
/// ```
/// use optim::{L2, Penalty};
/// use tensor::Tensor;
/// assert_eq!(L2::new(3.0).value(&Tensor::from([1.0, 1.0])).item(), 3.0);
/// assert_eq!(L2::new(3.0).prox(&Tensor::from([4.0]), &Tensor::from(1.0)).item(), 1.0);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct L2 {
    weight: f64,
}

impl L2 {
    /// With weight λ.
    ///
    /// # Panics
    /// When it is negative.
    #[track_caller]
    pub fn new(weight: f64) -> L2 {
        L2 { weight: self::weight("L2", weight) }
    }
}

impl Penalty for L2 {
    fn value(&self, x: &Tensor) -> Tensor {
        x.square().sum() * (0.5 * self.weight)
    }

    fn prox(&self, v: &Tensor, s: &Tensor) -> Tensor {
        v / (s * self.weight + 1.0)
    }
}

/// `λ₁ ‖x‖₁ + λ₂/2 ‖x‖₂²`: soft thresholding, then shrinkage.
///
/// Source: H. Zou, T. Hastie, *Regularization and variable selection via the elastic net*,
/// J. R. Statist. Soc. B 67 (2005).
///
/// ```
/// use optim::{ElasticNet, Penalty};
/// use tensor::Tensor;
/// let net = ElasticNet::new(1.0, 1.0);
/// let x = net.prox(&Tensor::from([3.0, 0.5]), &Tensor::from(1.0));
/// assert_eq!(x.to_vec::<f64>(), [1.0, 0.0]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ElasticNet {
    l1: L1,
    l2: L2,
}

impl ElasticNet {
    /// With weights λ₁ and λ₂.
    ///
    /// # Panics
    /// When one is negative.
    #[track_caller]
    pub fn new(l1: f64, l2: f64) -> ElasticNet {
        ElasticNet { l1: L1::new(l1), l2: L2::new(l2) }
    }
}

impl Penalty for ElasticNet {
    fn value(&self, x: &Tensor) -> Tensor {
        self.l1.value(x) + self.l2.value(x)
    }

    fn prox(&self, v: &Tensor, s: &Tensor) -> Tensor {
        self.l2.prox(&self.l1.prox(v, s), s)
    }
}

/// `λ Σ_g ‖x_g‖₂`, where a group holds the elements along some axes: with axis 1 of a weight
/// `[inputs, outputs]` all weights of one input, so that inputs are dropped as a whole. Groups
/// shrink by `max(1 − sλ/‖v_g‖, 0)`. To weigh groups by `√size`, choose λ accordingly: all groups
/// of a tensor are of one size.
///
/// Source: M. Yuan, Y. Lin, *Model selection and estimation in regression with grouped variables*,
/// J. R. Statist. Soc. B 68 (2006).
///
/// ```
/// use optim::{GroupLasso, Penalty};
/// use tensor::Tensor;
/// let rows = GroupLasso::new(2.5, &[1]);
/// let x = Tensor::from([[3.0, 4.0], [1.0, -1.0]]);
/// assert_eq!(rows.prox(&x, &Tensor::from(1.0)).to_vec::<f64>(), [1.5, 2.0, 0.0, 0.0]);
/// ```
#[derive(Clone, Debug)]
pub struct GroupLasso {
    weight: f64,
    axes: Vec<isize>,
}

impl GroupLasso {
    /// With weight λ and the axes along which the elements of a group lie.
    ///
    /// # Panics
    /// When the weight is negative.
    #[track_caller]
    pub fn new(weight: f64, axes: &[isize]) -> GroupLasso {
        GroupLasso { weight: self::weight("GroupLasso", weight), axes: axes.to_vec() }
    }
}

impl Penalty for GroupLasso {
    fn value(&self, x: &Tensor) -> Tensor {
        x.norm_axes(&self.axes[..]).sum() * self.weight
    }

    fn prox(&self, v: &Tensor, s: &Tensor) -> Tensor {
        let norms = v.norm_axes(&self.axes[..]).keep_dims(&self.axes[..], v);
        let threshold = s * self.weight;
        let kept = norms.gt(&threshold);
        // Groups that are dropped are divided by 1, whatever their norm.
        let factor = 1.0 - threshold / norms.keep_where(&kept, 1.0);
        v * factor.keep_where(&kept, 0.0)
    }
}
