//! The transposed convolution.

use super::direct::{add_bias, must_be_sizes};
use super::must_be_example;
use derive::Tree;
use tensor::functions::{Convolution, Padding};
use tensor::{DType, Key, Tensor};

/// The adjoint of a [`Conv`](super::Conv) with zero padding, plus biases: it maps what that one
/// gives to what that one takes, `⟨w ⋆ x, y⟩ = ⟨x, wᵀ y⟩`, and so enlarges where that one strides:
///
/// ```text
/// y[o, j…] = b[o] + Σ_{c, i·stride + k·dilation − low = j} w[c, o, k…] · x[c, i…]
/// ```
///
/// from `[inputs, spatial…]` to `[outputs, spatial…]`, of size
/// `(n − 1)·stride − 2·padding + dilation·(k − 1) + 1 + extra` along an axis of size `n`.
///
/// Source: M. D. Zeiler et al., *Deconvolutional networks* (CVPR 2010); arithmetic as in
/// arXiv:1603.07285.
///
/// ```
/// use nn::ConvTranspose;
/// use tensor::{DType, Key, Tensor};
/// let layer = ConvTranspose::new(Key::new(0), 8, 3, [2, 2], DType::F32).stride([2, 2]);
/// let x = Tensor::zeros(&[8, 7, 7], DType::F32);
/// assert_eq!(layer.call(&x).shape(), [3, 14, 14]);
/// ```
#[derive(Clone, Debug, Tree)]
pub struct ConvTranspose<const D: usize> {
    /// `w`, of shape `[inputs, outputs/groups, kernel…]`.
    pub weight: Tensor,
    /// `b`, of shape `[outputs]`; none in a layer without.
    pub bias: Option<Tensor>,
    /// From the contribution of one input to the next one's, per spatial axis.
    pub stride: [usize; D],
    /// From one place of the kernel to the next, per spatial axis.
    pub dilation: [usize; D],
    /// What the convolution pads on both sides, and this cuts off.
    pub padding: [usize; D],
    /// What the result has more than the smallest size, below the stride: the convolution maps
    /// several sizes to one.
    pub extra: [usize; D],
    /// Parts into which the channels fall.
    pub groups: usize,
}

impl<const D: usize> ConvTranspose<D> {
    /// A layer with stride 1 and no padding. Weights are normal with variance `2/fan-in`, the
    /// fan-in being `inputs` times the size of the kernel; biases zero.
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
    ) -> ConvTranspose<D> {
        ConvTranspose::grouped(key, inputs, outputs, kernel, 1, dtype)
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
    ) -> ConvTranspose<D> {
        must_be_sizes("ConvTranspose", inputs, outputs, &kernel, groups);
        let shape = [&[inputs, outputs / groups], &kernel[..]].concat();
        let fan_in = inputs / groups * kernel.iter().product::<usize>();
        ConvTranspose {
            weight: key.normal(&shape, dtype) * (2.0 / fan_in as f64).sqrt(),
            bias: Some(Tensor::zeros(&[outputs], dtype)),
            stride: [1; D],
            dilation: [1; D],
            padding: [0; D],
            extra: [0; D],
            groups,
        }
    }

    /// With these strides.
    pub fn stride(mut self, stride: [usize; D]) -> ConvTranspose<D> {
        self.stride = stride;
        self
    }

    /// With these dilations.
    pub fn dilation(mut self, dilation: [usize; D]) -> ConvTranspose<D> {
        self.dilation = dilation;
        self
    }

    /// The adjoint of a convolution with this padding.
    pub fn padding(mut self, padding: [usize; D]) -> ConvTranspose<D> {
        self.padding = padding;
        self
    }

    /// With results this much larger than the smallest.
    pub fn extra(mut self, extra: [usize; D]) -> ConvTranspose<D> {
        self.extra = extra;
        self
    }

    /// Without biases.
    pub fn without_bias(mut self) -> ConvTranspose<D> {
        self.bias = None;
        self
    }

    /// `wᵀ x + b` for one example `x[inputs, spatial…]`.
    ///
    /// # Panics
    /// When `x` is not such an example, the extra size is not below the stride, or the padding cuts
    /// off more than there is.
    #[track_caller]
    pub fn call(&self, x: &Tensor) -> Tensor {
        let kernel = self.weight.shape();
        must_be_example::<D>("ConvTranspose", x, kernel[0]);
        let mut sizes = [0; D];
        for (d, size) in sizes.iter_mut().enumerate() {
            let (n, stride, extra) = (x.shape()[d + 1], self.stride[d], self.extra[d]);
            assert!(
                extra == 0 || extra < stride,
                "ConvTranspose: along spatial axis {d} the extra size {extra} must be below the \
                 stride {stride}"
            );
            let extent = self.dilation[d] * (kernel[d + 2] - 1) + 1;
            let (all, cut) = (n.saturating_sub(1) * stride + extent + extra, 2 * self.padding[d]);
            assert!(
                cut < all,
                "ConvTranspose: along spatial axis {d} the padding cuts {cut} elements off {all}"
            );
            *size = all - cut;
        }
        let options = Convolution {
            strides: self.stride.to_vec(),
            dilation: self.dilation.to_vec(),
            groups: self.groups,
            padding: Padding::Explicit(
                self.padding.iter().map(|&p| (p as i64, p as i64)).collect(),
            ),
        };
        let y = x.conv_transpose(&self.weight, &options, Some(&sizes));
        add_bias::<D>(y, &self.bias)
    }
}
