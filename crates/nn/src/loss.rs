//! Losses. Each gives one number per example, so that callers weigh and average them.

use tensor::{DType, Tensor};

/// `−log softmax(z)_y` per example, for logits `z` of shape `[…, classes]` and labels of shape
/// `[…]` (integers), in nats. Computed from logits by log-sum-exp, so no probability underflows.
///
/// # Panics
/// When the labels are not integers of the logits' leading shape. Labels outside `0..classes`
/// give the loss of an impossible class, log-sum-exp itself; check them where they enter.
#[track_caller]
pub fn cross_entropy(logits: &Tensor, labels: &Tensor) -> Tensor {
    smoothed_cross_entropy(logits, labels, 0.0)
}

/// Cross-entropy against the smoothed target `(1 − ε) e_y + ε/classes` (Szegedy et al. 2016).
///
/// # Panics
/// As [`cross_entropy`].
#[track_caller]
pub fn smoothed_cross_entropy(logits: &Tensor, labels: &Tensor, smoothing: f64) -> Tensor {
    let (lead, classes) = match logits.shape() {
        [lead @ .., classes] => (lead, *classes),
        [] => panic!("cross_entropy: the logits are a scalar; they need an axis of classes"),
    };
    assert!(
        labels.dtype().is_integer() && labels.shape() == lead,
        "cross_entropy: logits of shape {:?} need integer labels of shape {lead:?}, got {} {:?}",
        logits.shape(),
        labels.dtype(),
        labels.shape()
    );
    let dtype = logits.dtype();
    let classes_row = Tensor::arange(classes, DType::I64);
    let hit = labels.convert(DType::I64).expand_dims(-1).eq(&classes_row).convert(dtype);
    let log_normaliser = logits.logsumexp(-1);
    let chosen = (logits * &hit).sum_axes(-1);
    if smoothing == 0.0 {
        return log_normaliser - chosen;
    }
    let mean = logits.mean_axes(-1);
    log_normaliser - chosen * (1.0 - smoothing) - mean * smoothing
}

/// `log(1 + e^z) − y z` per element: the cross-entropy of a Bernoulli variable with logit `z` and
/// target probability `y`.
#[track_caller]
pub fn binary_cross_entropy(logits: &Tensor, targets: &Tensor) -> Tensor {
    logits.softplus() - targets * logits
}

/// `max(0, 1 − t z)` per element, for targets `t = ±1`; derivative 0 at the kink.
#[track_caller]
pub fn hinge(scores: &Tensor, targets: &Tensor) -> Tensor {
    (1.0 - targets * scores).relu()
}

/// `Σ (ŷ − y)²` over the last axis, per example.
#[track_caller]
pub fn squared_error(predictions: &Tensor, targets: &Tensor) -> Tensor {
    (predictions - targets).square().sum_axes(-1)
}

/// The mean of `(ŷ − y)²` over all elements.
#[track_caller]
pub fn mean_squared_error(predictions: &Tensor, targets: &Tensor) -> Tensor {
    (predictions - targets).square().mean()
}

/// The mean of the losses where the mask (truth values of the same shape) holds: what a batch of
/// padded sequences is trained on. Padding counts neither above nor below the fraction bar, and may
/// be anything. With nothing to average the mean is 0, and so are its derivatives.
///
/// # Panics
/// When the mask is not truth values of the losses' shape.
///
/// ```
/// use tensor::Tensor;
/// let losses = Tensor::from([1.0, 3.0, f64::NAN]);
/// let mask = Tensor::from([true, true, false]);
/// assert_eq!(nn::masked_mean(&losses, &mask).item(), 2.0);
/// ```
#[track_caller]
pub fn masked_mean(losses: &Tensor, mask: &Tensor) -> Tensor {
    assert!(
        mask.dtype() == DType::Bool && mask.shape() == losses.shape(),
        "masked_mean: losses of shape {:?} need a mask of truth values of this shape, got {} {:?}",
        losses.shape(),
        mask.dtype(),
        mask.shape()
    );
    let count = mask.convert(losses.dtype()).sum().maximum(1.0);
    losses.keep_where(mask, 0.0).sum() / count
}
