//! The convolutional layer.

use super::{PaddingMode, must_be_example, pad};
use derive::Tree;
use tensor::functions::{Convolution, Padding};
use tensor::{DType, Key, Tensor};

/// The convolution of deep learning, a cross-correlation, over `D` spatial axes:
///
/// ```text
/// y[o, i…] = b[o] + Σ_{c, k…} w[o, c, k…] · x[c₀(o) + c, i·stride + k·dilation − low…]
/// ```
///
/// from `[inputs, spatial…]` to `[outputs, spatial…]`; beyond the ends, `x` is continued by the
/// padding mode. With `g` groups, output channel `o` sees only the group of `inputs/g` consecutive
/// channels, from `c₀(o)` on, that it belongs to; with as many groups as channels the convolution is
/// depthwise.
///
/// Source: V. Dumoulin, F. Visin, *A guide to convolution arithmetic for deep learning*,
/// arXiv:1603.07285.
///
/// ```
/// use nn::Conv;
/// use tensor::{DType, Key, Tensor, vmap};
/// let layer = Conv::new(Key::new(0), 3, 8, [3, 3], DType::F32).same_padding().stride([2, 2]);
/// let images = Tensor::zeros(&[5, 3, 32, 32], DType::F32);
/// assert_eq!(vmap(|x: &Tensor| layer.call(x))(&images).shape(), [5, 8, 16, 16]);
/// ```
#[derive(Clone, Debug, Tree)]
pub struct Conv<const D: usize> {
    /// `w`, of shape `[outputs, inputs/groups, kernel…]`.
    pub weight: Tensor,
    /// `b`, of shape `[outputs]`; none in a layer without.
    pub bias: Option<Tensor>,
    /// From one output to the next, per spatial axis.
    pub stride: [usize; D],
    /// From one place of the kernel to the next, per spatial axis.
    pub dilation: [usize; D],
    /// How far the example is continued before and after, per spatial axis.
    pub padding: [(usize, usize); D],
    /// How it is continued.
    pub mode: PaddingMode,
    /// Parts into which the channels fall.
    pub groups: usize,
}

impl<const D: usize> Conv<D> {
    /// A layer with stride 1 and no padding. Weights are normal with He's variance `2/fan-in`, for
    /// rectifiers (He et al. 2015), biases zero.
    ///
    /// # Panics
    /// When a size is zero.
    #[track_caller]
    pub fn new(
        key: Key,
        inputs: usize,
        outputs: usize,
        kernel: [usize; D],
        dtype: DType,
    ) -> Conv<D> {
        Conv::grouped(key, inputs, outputs, kernel, 1, dtype)
    }

    /// The same with channels in `groups` parts.
    ///
    /// # Panics
    /// When a size is zero, or the groups do not divide the numbers of channels.
    #[track_caller]
    pub fn grouped(
        key: Key,
        inputs: usize,
        outputs: usize,
        kernel: [usize; D],
        groups: usize,
        dtype: DType,
    ) -> Conv<D> {
        must_be_sizes("Conv", inputs, outputs, &kernel, groups);
        let shape = [&[outputs, inputs / groups], &kernel[..]].concat();
        let fan_in: usize = shape[1..].iter().product();
        Conv {
            weight: key.normal(&shape, dtype) * (2.0 / fan_in as f64).sqrt(),
            bias: Some(Tensor::zeros(&[outputs], dtype)),
            stride: [1; D],
            dilation: [1; D],
            padding: [(0, 0); D],
            mode: PaddingMode::Zeros,
            groups,
        }
    }

    /// Every channel by itself, with `multiplier` output channels each.
    ///
    /// ```
    /// use nn::Conv;
    /// use tensor::{DType, Key};
    /// let layer = Conv::depthwise(Key::new(0), 4, 2, [3], DType::F64);
    /// assert_eq!(layer.weight.shape(), [8, 1, 3]);
    /// ```
    #[track_caller]
    pub fn depthwise(
        key: Key,
        channels: usize,
        multiplier: usize,
        kernel: [usize; D],
        dtype: DType,
    ) -> Conv<D> {
        Conv::grouped(key, channels, channels * multiplier, kernel, channels, dtype)
    }

    /// With these strides.
    pub fn stride(mut self, stride: [usize; D]) -> Conv<D> {
        self.stride = stride;
        self
    }

    /// With these dilations. Say them before [`Conv::same_padding`].
    pub fn dilation(mut self, dilation: [usize; D]) -> Conv<D> {
        self.dilation = dilation;
        self
    }

    /// With as many elements of padding on both sides of each axis.
    pub fn padding(mut self, padding: [usize; D]) -> Conv<D> {
        self.padding = padding.map(|p| (p, p));
        self
    }

    /// With padding that, for stride 1, keeps the spatial sizes. Kernels of even extent have one
    /// more element of it behind than before.
    pub fn same_padding(mut self) -> Conv<D> {
        for (d, padding) in self.padding.iter_mut().enumerate() {
            let total = self.dilation[d] * (self.weight.shape()[d + 2] - 1);
            *padding = (total / 2, total - total / 2);
        }
        self
    }

    /// With this kind of padding.
    pub fn mode(mut self, mode: PaddingMode) -> Conv<D> {
        self.mode = mode;
        self
    }

    /// Without biases.
    pub fn without_bias(mut self) -> Conv<D> {
        self.bias = None;
        self
    }

    /// `w ⋆ x + b` for one example `x[inputs, spatial…]`.
    ///
    /// # Panics
    /// When `x` is not such an example, or the kernel is larger than the padded example.
    #[track_caller]
    pub fn call(&self, x: &Tensor) -> Tensor {
        let kernel = self.weight.shape();
        must_be_example::<D>("Conv", x, kernel[1] * self.groups);
        for d in 0..D {
            let (low, high) = self.padding[d];
            let (extent, n) = (self.dilation[d] * (kernel[d + 2] - 1) + 1, x.shape()[d + 1]);
            assert!(
                extent <= n + low + high,
                "Conv: along spatial axis {d} the kernel extends over {extent} elements, the \
                 input of {n} with padding ({low}, {high}) has {}",
                n + low + high
            );
        }
        let options = Convolution {
            strides: self.stride.to_vec(),
            dilation: self.dilation.to_vec(),
            groups: self.groups,
            padding: match self.mode {
                PaddingMode::Zeros => Padding::Explicit(
                    self.padding.iter().map(|&(l, h)| (l as i64, h as i64)).collect(),
                ),
                PaddingMode::Circular | PaddingMode::Reflect => Padding::Valid,
            },
        };
        let y = match self.mode {
            PaddingMode::Zeros => x.conv(&self.weight, &options),
            PaddingMode::Circular | PaddingMode::Reflect => {
                pad(x, &self.padding, self.mode).conv(&self.weight, &options)
            }
        };
        add_bias::<D>(y, &self.bias)
    }
}

/// `y[o, i…] + b[o]`.
pub(super) fn add_bias<const D: usize>(y: Tensor, bias: &Option<Tensor>) -> Tensor {
    match bias {
        Some(bias) => y + bias.reshape(&[&[bias.size()], &[1; D][..]].concat()),
        None => y,
    }
}

/// # Panics
/// When a layer of these sizes cannot be.
#[track_caller]
pub(super) fn must_be_sizes(
    layer: &str,
    inputs: usize,
    outputs: usize,
    kernel: &[usize],
    groups: usize,
) {
    assert!(
        inputs > 0 && outputs > 0 && kernel.iter().all(|&k| k > 0),
        "{layer}: sizes must be positive: {inputs} inputs, {outputs} outputs, kernel {kernel:?}"
    );
    assert!(
        groups > 0 && inputs.is_multiple_of(groups) && outputs.is_multiple_of(groups),
        "{layer}: {groups} groups must divide {inputs} input and {outputs} output channels"
    );
}
