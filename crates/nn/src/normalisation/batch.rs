//! Batch normalisation.

use derive::Tree;
use tensor::{DType, Tensor, Tree};

/// `y = γ (x − μ)/√(σ² + ε) + β` per channel of one example `x[channels, spatial…]`.
///
/// In training, mean and variance (divided by `n`) are those of a channel over all spatial places
/// and all examples of the batch: those of the enclosing `vmap` whose axis has the given name. They
/// also move the running statistics, `running ← (1 − m)·running + m·(this batch)`, with the variance
/// divided by `n − 1`. In inference the running statistics take their place and examples do not see
/// one another. Nothing is hidden: running statistics go in and come out.
///
/// Source: S. Ioffe, C. Szegedy, *Batch normalization*, arXiv:1502.03167 (2015).
///
/// ```
/// use nn::{BatchNorm, shared_over_batch};
/// use tensor::{DType, Tensor, transformations::VmapOptions, vmap_with};
/// let (layer, running) = BatchNorm::new(1, DType::F64);
/// let batch = Tensor::from([[1.0], [3.0]]);
/// let options = VmapOptions { name: Some("batch"), ..VmapOptions::default() };
/// let train = |x: &Tensor| layer.call(x, &running, Some("batch"));
/// let (y, running) = vmap_with(options, train)(&batch);
/// let running = shared_over_batch(&running);
/// assert!((y.to_vec::<f64>()[1] - 1.0).abs() < 1e-4);
/// assert_eq!(running.mean.to_vec::<f64>(), [0.1 * 2.0]);
/// // One example alone, in inference.
/// let (_, unchanged) = layer.call(&Tensor::from([3.0]), &running, None);
/// assert_eq!(unchanged.mean.to_vec::<f64>(), running.mean.to_vec::<f64>());
/// ```
#[derive(Clone, Debug, Tree)]
pub struct BatchNorm {
    /// γ, of shape `[channels]`.
    pub scale: Tensor,
    /// β, of shape `[channels]`.
    pub shift: Tensor,
    /// m, the weight of a batch in the running statistics.
    pub momentum: f64,
    /// ε.
    pub epsilon: f64,
}

/// Means and variances of channels, averaged over past batches. No parameters: do not
/// differentiate with respect to them.
#[derive(Clone, Debug, Tree)]
pub struct RunningStatistics {
    /// Of shape `[channels]`.
    pub mean: Tensor,
    /// Of shape `[channels]`.
    pub variance: Tensor,
}

impl BatchNorm {
    /// γ = 1, β = 0, m = 0.1, ε = 10⁻⁵, with running statistics of mean 0 and variance 1.
    pub fn new(channels: usize, dtype: DType) -> (BatchNorm, RunningStatistics) {
        let (zeros, ones) = (Tensor::zeros(&[channels], dtype), Tensor::ones(&[channels], dtype));
        (
            BatchNorm { scale: ones.clone(), shift: zeros.clone(), momentum: 0.1, epsilon: 1e-5 },
            RunningStatistics { mean: zeros, variance: ones },
        )
    }

    /// The layer's value and the running statistics after it: in training if the batch's axis is
    /// named, else in inference, which gives them back as they are.
    ///
    /// # Panics
    /// When the first axis of `x` is not the number of channels, no enclosing `vmap` has an axis of
    /// this name, or a batch has one number per channel only, which has no variance.
    #[track_caller]
    pub fn call(
        &self,
        x: &Tensor,
        running: &RunningStatistics,
        axis: Option<&str>,
    ) -> (Tensor, RunningStatistics) {
        let scale = per_channel("BatchNorm", &self.scale, x);
        let shift = per_channel("BatchNorm", &self.shift, x);
        let Some(axis) = axis else {
            let mean = per_channel("BatchNorm", &running.mean, x);
            let variance = per_channel("BatchNorm", &running.variance, x);
            let y = (x - mean) * ((variance + self.epsilon).rsqrt() * scale) + shift;
            return (y, running.clone());
        };
        let spatial: Vec<isize> = (1..x.ndim() as isize).collect();
        let mean_over_batch = |t: &Tensor| t.mean_axes(&spatial[..]).axis_mean(axis);
        let mean = mean_over_batch(x);
        let centred = x - per_channel("BatchNorm", &mean, x);
        let variance = mean_over_batch(&centred.square());
        // The sum of a constant 1 over the batch: how many examples there are.
        let examples = Tensor::from(1.0).axis_sum(axis).item();
        let n = examples * x.shape()[1..].iter().product::<usize>() as f64;
        assert!(
            n > 1.0,
            "BatchNorm: a batch of {examples} examples {:?} has one number per channel; its \
             variance needs two",
            x.shape()
        );
        let factor = (per_channel("BatchNorm", &variance, x) + self.epsilon).rsqrt() * scale;
        let y = centred * factor + shift;
        let m = self.momentum;
        let moved = |old: &Tensor, new: Tensor| old * (1.0 - m) + new.stop_gradient() * m;
        let after = RunningStatistics {
            mean: moved(&running.mean, mean),
            variance: moved(&running.variance, variance * (n / (n - 1.0))),
        };
        (y, after)
    }
}

/// What is the same for all examples of a batch, from its copies along axis 0 of each leaf: the
/// running statistics that come out of a `vmap`.
///
/// # Panics
/// When a leaf has no axis, or nothing along it.
#[track_caller]
pub fn shared_over_batch<T: Tree>(copies: &T) -> T {
    copies.map(|leaf| leaf.index(0, 0))
}

/// A number per channel, shaped to broadcast against `x[channels, spatial…]`.
#[track_caller]
pub(super) fn per_channel(layer: &str, values: &Tensor, x: &Tensor) -> Tensor {
    let (channels, shape) = (values.size(), x.shape());
    assert!(
        shape.first() == Some(&channels),
        "{layer}: the layer has {channels} channels, one example is [channels, spatial…], the \
         input is {shape:?}; batches come from vmap"
    );
    let mut to = vec![1; x.ndim()];
    to[0] = channels;
    values.reshape(&to)
}
