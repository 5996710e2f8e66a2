//! The residual block of two convolutions.

use crate::{BatchNorm, Conv, RunningStatistics};
use derive::Tree;
use tensor::{DType, Key, Tensor};

/// Where the activations of a [`ResidualBlock`] stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Tree)]
pub enum ResidualOrder {
    /// Normalisation and activation before each convolution: what is added goes on unchanged, and
    /// so does its derivative, `x_L = x_l + Σ F(x_i)` (He et al. 2016, arXiv:1603.05027).
    #[default]
    PreActivation,
    /// Convolution, normalisation, activation, the last after the addition (He et al. 2015,
    /// arXiv:1512.03385).
    PostActivation,
}

/// `x + F(x)` with two convolutions of 3 places along each axis and batch normalisations in `F`:
///
/// ```text
/// pre-activation     a = relu(norm₁ x),   y = s(a) + conv₂ relu(norm₂ conv₁ a)
/// post-activation    y = relu(s(x) + norm₂ conv₂ relu(norm₁ conv₁ x))
/// ```
///
/// The shortcut `s` is the identity (of `x`, in both orders) where sizes and channels stay. Where
/// they change, it is a convolution of one place with the block's stride, in post-activation order
/// with a normalisation behind.
///
/// ```
/// use nn::{ResidualBlock, ResidualOrder};
/// use tensor::{DType, Key, Tensor};
/// let order = ResidualOrder::PreActivation;
/// let (block, statistics) = ResidualBlock::<2>::new(Key::new(0), 4, 8, 2, order, DType::F32);
/// let (y, _) = block.call(&Tensor::zeros(&[4, 16, 16], DType::F32), &statistics, None);
/// assert_eq!(y.shape(), [8, 8, 8]);
/// ```
#[derive(Clone, Debug, Tree)]
pub struct ResidualBlock<const D: usize> {
    /// conv₁, with the block's stride.
    pub first: Conv<D>,
    /// norm₁.
    pub first_norm: BatchNorm,
    /// conv₂.
    pub second: Conv<D>,
    /// norm₂.
    pub second_norm: BatchNorm,
    /// The convolution of the shortcut; none where that is the identity.
    pub shortcut: Option<Conv<D>>,
    /// The normalisation behind it.
    pub shortcut_norm: Option<BatchNorm>,
    /// Where activations stand.
    pub order: ResidualOrder,
}

/// Running statistics of a block's normalisations.
#[derive(Clone, Debug, Tree)]
pub struct ResidualStatistics {
    /// Of norm₁.
    pub first: RunningStatistics,
    /// Of norm₂.
    pub second: RunningStatistics,
    /// Of the shortcut's normalisation.
    pub shortcut: Option<RunningStatistics>,
}

impl<const D: usize> ResidualBlock<D> {
    /// From `inputs` to `outputs` channels, with this stride along every axis. Convolutions have
    /// He's weights and no biases.
    ///
    /// # Panics
    /// When a number is zero.
    #[track_caller]
    pub fn new(
        key: Key,
        inputs: usize,
        outputs: usize,
        stride: usize,
        order: ResidualOrder,
        dtype: DType,
    ) -> (ResidualBlock<D>, ResidualStatistics) {
        assert!(stride > 0, "ResidualBlock: the stride must be positive");
        let [a, b, c] = key.split();
        let normed = match order {
            ResidualOrder::PreActivation => inputs,
            ResidualOrder::PostActivation => outputs,
        };
        let (first_norm, first) = BatchNorm::new(normed, dtype);
        let (second_norm, second) = BatchNorm::new(outputs, dtype);
        let changes = stride != 1 || inputs != outputs;
        let shortcut = changes.then(|| {
            Conv::new(c, inputs, outputs, [1; D], dtype).stride([stride; D]).without_bias()
        });
        let (shortcut_norm, shortcut_statistics) = (changes
            && order == ResidualOrder::PostActivation)
            .then(|| BatchNorm::new(outputs, dtype))
            .unzip();
        let conv = |key, inputs| {
            Conv::new(key, inputs, outputs, [3; D], dtype).same_padding().without_bias()
        };
        let block = ResidualBlock {
            first: conv(a, inputs).stride([stride; D]),
            first_norm,
            second: conv(b, outputs),
            second_norm,
            shortcut,
            shortcut_norm,
            order,
        };
        (block, ResidualStatistics { first, second, shortcut: shortcut_statistics })
    }

    /// The block's value for one example and the statistics after it, in training if the batch's
    /// axis is named, as for [`BatchNorm::call`].
    ///
    /// # Panics
    /// When `x` is not `[channels, spatial…]` with the block's channels, and as [`BatchNorm::call`].
    #[track_caller]
    pub fn call(
        &self,
        x: &Tensor,
        statistics: &ResidualStatistics,
        axis: Option<&str>,
    ) -> (Tensor, ResidualStatistics) {
        let skip = |x: &Tensor| self.shortcut.as_ref().map(|conv| conv.call(x));
        match self.order {
            ResidualOrder::PreActivation => {
                let (a, first) = self.first_norm.call(x, &statistics.first, axis);
                let a = a.relu();
                let h = self.first.call(&a);
                let (h, second) = self.second_norm.call(&h, &statistics.second, axis);
                let branch = self.second.call(&h.relu());
                let y = skip(&a).unwrap_or_else(|| x.clone()) + branch;
                (y, ResidualStatistics { first, second, shortcut: None })
            }
            ResidualOrder::PostActivation => {
                let h = self.first.call(x);
                let (h, first) = self.first_norm.call(&h, &statistics.first, axis);
                let h = self.second.call(&h.relu());
                let (branch, second) = self.second_norm.call(&h, &statistics.second, axis);
                let through = skip(x).unwrap_or_else(|| x.clone());
                let (through, shortcut) = match (&self.shortcut_norm, &statistics.shortcut) {
                    (Some(norm), Some(running)) => {
                        let (y, after) = norm.call(&through, running, axis);
                        (y, Some(after))
                    }
                    (None, None) => (through, None),
                    (norm, _) => panic!(
                        "ResidualBlock: the shortcut {} a normalisation, the statistics say \
                         otherwise; pass those of this block",
                        if norm.is_some() { "has" } else { "has not" }
                    ),
                };
                ((through + branch).relu(), ResidualStatistics { first, second, shortcut })
            }
        }
    }
}
