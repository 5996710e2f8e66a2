//! Residual networks for images.

use crate::residual::{ResidualBlock, ResidualOrder, ResidualStatistics};
use crate::{
    BatchNorm, Conv, Linear, MaxPool, RunningStatistics, global_average_pool, shared_over_batch,
};
use derive::Tree;
use tensor::transformations::VmapOptions;
use tensor::{DType, Key, Tensor, vmap_with};

/// A convolution, stages of residual blocks of which each but the first halves the image and doubles
/// the channels, the mean over pixels and a linear layer.
///
/// [`ResNet::new`] builds the one for images of CIFAR's size: a 3×3 convolution and three stages of
/// `n` blocks, `6n + 2` layers. [`ResNet::eighteen`] builds ResNet-18 for ImageNet's.
///
/// Source: K. He et al., *Deep residual learning for image recognition*, arXiv:1512.03385 (2015);
/// pre-activation order: arXiv:1603.05027 (2016).
///
/// ```
/// use nn::{ResidualOrder, models::ResNet};
/// use tensor::{DType, Key, Tensor};
/// let order = ResidualOrder::PreActivation;
/// let (net, statistics) = ResNet::new(Key::new(0), 3, 4, 1, 10, order, DType::F32);
/// let images = Tensor::ones(&[2, 3, 8, 8], DType::F32);
/// let (logits, _) = net.train(&images, &statistics);
/// assert_eq!(logits.shape(), [2, 10]);
/// ```
#[derive(Clone, Debug, Tree)]
pub struct ResNet {
    /// The first convolution.
    pub stem: Conv<2>,
    /// After the stem in post-activation order, after the last block in pre-activation order.
    pub norm: BatchNorm,
    /// Before the first block.
    pub pool: Option<MaxPool<2>>,
    /// All blocks.
    pub blocks: Vec<ResidualBlock<2>>,
    /// From the means of maps to logits.
    pub out: Linear,
    /// The order in blocks.
    pub order: ResidualOrder,
}

/// Running statistics of a [`ResNet`].
#[derive(Clone, Debug, Tree)]
pub struct ResNetStatistics {
    /// Of the normalisation outside blocks.
    pub norm: RunningStatistics,
    /// Of the blocks.
    pub blocks: Vec<ResidualStatistics>,
}

impl ResNet {
    /// For images with these channels, with `width` channels in the first stage (16 in the paper,
    /// section 4.2) and `blocks_per_stage` blocks in each of three.
    ///
    /// # Panics
    /// When a number is zero.
    #[track_caller]
    pub fn new(
        key: Key,
        channels: usize,
        width: usize,
        blocks_per_stage: usize,
        classes: usize,
        order: ResidualOrder,
        dtype: DType,
    ) -> (ResNet, ResNetStatistics) {
        let [a, b] = key.split();
        let stem = Conv::new(a, channels, width, [3, 3], dtype).same_padding().without_bias();
        ResNet::staged(b, stem, None, &[blocks_per_stage; 3], classes, order)
    }

    /// ResNet-18 for colour images of 224×224 pixels (section 4.1): a 7×7 convolution with stride 2
    /// to 64 channels, a maximum over 3×3 pixels with stride 2, and four stages of two blocks.
    #[track_caller]
    pub fn eighteen(key: Key, classes: usize, dtype: DType) -> (ResNet, ResNetStatistics) {
        let [a, b] = key.split();
        let stem = Conv::new(a, 3, 64, [7, 7], dtype).stride([2, 2]).padding([3, 3]).without_bias();
        let pool = MaxPool::new([3, 3]).stride([2, 2]).padding([1, 1]);
        ResNet::staged(b, stem, Some(pool), &[2; 4], classes, ResidualOrder::PostActivation)
    }

    /// With this first convolution and pooling, and stages of so many blocks.
    ///
    /// # Panics
    /// When a stage has no block.
    #[track_caller]
    pub fn staged(
        key: Key,
        stem: Conv<2>,
        pool: Option<MaxPool<2>>,
        stages: &[usize],
        classes: usize,
        order: ResidualOrder,
    ) -> (ResNet, ResNetStatistics) {
        assert!(
            stages.iter().all(|&n| n > 0),
            "ResNet: every stage has at least one block, they have {stages:?}"
        );
        let (width, dtype) = (stem.weight.shape()[0], stem.weight.dtype());
        let [a, b] = key.split();
        let mut keys = a.stream();
        let (mut blocks, mut statistics) = (vec![], vec![]);
        let mut inputs = width;
        for (stage, &count) in stages.iter().enumerate() {
            let outputs = width << stage;
            for i in 0..count {
                let stride = if stage > 0 && i == 0 { 2 } else { 1 };
                let key = keys.next().expect("invariant: the stream has no end");
                let (block, s) = ResidualBlock::new(key, inputs, outputs, stride, order, dtype);
                blocks.push(block);
                statistics.push(s);
                inputs = outputs;
            }
        }
        let normed = match order {
            ResidualOrder::PreActivation => inputs,
            ResidualOrder::PostActivation => width,
        };
        let (norm, running) = BatchNorm::new(normed, dtype);
        let out = Linear::new(b, inputs, classes, dtype);
        let net = ResNet { stem, norm, pool, blocks, out, order };
        (net, ResNetStatistics { norm: running, blocks: statistics })
    }

    /// Logits `[classes]` of one image `[channels, height, width]`, and the statistics after it, in
    /// training if the batch's axis is named.
    ///
    /// # Panics
    /// As [`BatchNorm::call`], and when the image has other channels.
    #[track_caller]
    pub fn call(
        &self,
        image: &Tensor,
        statistics: &ResNetStatistics,
        axis: Option<&str>,
    ) -> (Tensor, ResNetStatistics) {
        let mut after = statistics.clone();
        let mut h = self.stem.call(image);
        if self.order == ResidualOrder::PostActivation {
            (h, after.norm) = self.norm.call(&h, &statistics.norm, axis);
            h = h.relu();
        }
        if let Some(pool) = &self.pool {
            h = pool.call(&h);
        }
        for (i, block) in self.blocks.iter().enumerate() {
            (h, after.blocks[i]) = block.call(&h, &statistics.blocks[i], axis);
        }
        if self.order == ResidualOrder::PreActivation {
            (h, after.norm) = self.norm.call(&h, &statistics.norm, axis);
            h = h.relu();
        }
        (self.out.call(&global_average_pool(&h)), after)
    }

    /// Logits `[batch, classes]` of a batch in training, and the statistics after it.
    ///
    /// # Panics
    /// As [`ResNet::call`].
    #[track_caller]
    pub fn train(
        &self,
        images: &Tensor,
        statistics: &ResNetStatistics,
    ) -> (Tensor, ResNetStatistics) {
        let options = VmapOptions { name: Some("batch"), ..VmapOptions::default() };
        let one = |image: &Tensor| self.call(image, statistics, Some("batch"));
        let (logits, after) = vmap_with(options, one)(images);
        (logits, shared_over_batch(&after))
    }
}
