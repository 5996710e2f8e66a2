//! Pooling: a statistic of each window, channel by channel.

use derive::Tree;
use tensor::Tensor;
use tensor::functions::{Padding, Pooling};

/// Windows over the last `D` axes.
#[track_caller]
fn windows<const D: usize>(
    layer: &str,
    x: &Tensor,
    window: [usize; D],
    stride: [usize; D],
    padding: [usize; D],
) -> Pooling {
    let shape = x.shape();
    assert!(
        shape.len() == D + 1,
        "{layer}: one example is [channels, spatial…] with {D} spatial axes, the input is \
         {shape:?}; batches come from vmap"
    );
    for d in 0..D {
        let (w, p, n) = (window[d], padding[d], shape[d + 1]);
        assert!(
            w > 0 && w <= n + 2 * p,
            "{layer}: along spatial axis {d} a window of {w} does not fit the input of {n} \
             with padding {p}"
        );
        assert!(
            2 * p <= w,
            "{layer}: along spatial axis {d} the padding {p} exceeds half the window {w}: a \
             window would see nothing else"
        );
    }
    let padding = padding.iter().map(|&p| (p as i64, p as i64)).collect();
    Pooling {
        window: window.to_vec(),
        strides: stride.to_vec(),
        padding: Padding::Explicit(padding),
    }
}

/// The largest element of each window, per channel; padding never is. Ties share the derivative.
///
/// ```
/// use nn::MaxPool;
/// use tensor::Tensor;
/// let x = Tensor::from([[1.0, 5.0, 2.0, 0.0]]);
/// assert_eq!(MaxPool::new([2]).call(&x).to_vec::<f64>(), [5.0, 2.0]);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Tree)]
pub struct MaxPool<const D: usize> {
    /// The window's sizes.
    pub window: [usize; D],
    /// From one window to the next.
    pub stride: [usize; D],
    /// How far windows reach beyond both ends.
    pub padding: [usize; D],
}

impl<const D: usize> MaxPool<D> {
    /// Windows of this size side by side.
    pub fn new(window: [usize; D]) -> MaxPool<D> {
        MaxPool { window, stride: window, padding: [0; D] }
    }

    /// With these strides.
    pub fn stride(mut self, stride: [usize; D]) -> MaxPool<D> {
        self.stride = stride;
        self
    }

    /// With windows reaching so far beyond both ends.
    pub fn padding(mut self, padding: [usize; D]) -> MaxPool<D> {
        self.padding = padding;
        self
    }

    /// From `[channels, spatial…]` to `[channels, spatial…]`.
    ///
    /// # Panics
    /// When `x` is not such an example, or windows do not fit it.
    #[track_caller]
    pub fn call(&self, x: &Tensor) -> Tensor {
        x.max_pool(&windows("MaxPool", x, self.window, self.stride, self.padding))
    }
}

/// The mean of each window, per channel.
///
/// ```
/// use nn::AveragePool;
/// use tensor::Tensor;
/// let x = Tensor::from([[1.0, 5.0, 2.0, 0.0]]);
/// assert_eq!(AveragePool::new([2]).call(&x).to_vec::<f64>(), [3.0, 1.0]);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Tree)]
pub struct AveragePool<const D: usize> {
    /// The window's sizes.
    pub window: [usize; D],
    /// From one window to the next.
    pub stride: [usize; D],
    /// How far windows reach beyond both ends.
    pub padding: [usize; D],
    /// Whether padding counts, as zeros, or the mean is that of the elements that a window sees.
    pub count_padding: bool,
}

impl<const D: usize> AveragePool<D> {
    /// Windows of this size side by side.
    pub fn new(window: [usize; D]) -> AveragePool<D> {
        AveragePool { window, stride: window, padding: [0; D], count_padding: true }
    }

    /// With these strides.
    pub fn stride(mut self, stride: [usize; D]) -> AveragePool<D> {
        self.stride = stride;
        self
    }

    /// With windows reaching so far beyond both ends.
    pub fn padding(mut self, padding: [usize; D], count_padding: bool) -> AveragePool<D> {
        (self.padding, self.count_padding) = (padding, count_padding);
        self
    }

    /// From `[channels, spatial…]` to `[channels, spatial…]`.
    ///
    /// # Panics
    /// When `x` is not such an example, or windows do not fit it.
    #[track_caller]
    pub fn call(&self, x: &Tensor) -> Tensor {
        let windows = windows("AveragePool", x, self.window, self.stride, self.padding);
        x.avg_pool(&windows, self.count_padding)
    }
}

/// All axes but the first.
#[track_caller]
fn spatial_axes(function: &str, x: &Tensor) -> Vec<isize> {
    let shape = x.shape();
    assert!(
        shape.len() >= 2 && !shape[1..].contains(&0),
        "{function}: an example is [channels, spatial…] with something to pool, it is {shape:?}"
    );
    (1..x.ndim() as isize).collect()
}

/// The mean of each channel: from `[channels, spatial…]` to `[channels]` (Lin, Chen, Yan 2014).
///
/// # Panics
/// When there is no spatial axis, or nothing along it.
///
/// ```
/// use tensor::Tensor;
/// let x = Tensor::from([[1.0, 3.0], [5.0, 6.0]]);
/// assert_eq!(nn::global_average_pool(&x).to_vec::<f64>(), [2.0, 5.5]);
/// ```
#[track_caller]
pub fn global_average_pool(x: &Tensor) -> Tensor {
    x.mean_axes(&spatial_axes("global_average_pool", x)[..])
}

/// The largest element of each channel: from `[channels, spatial…]` to `[channels]`.
///
/// # Panics
/// When there is no spatial axis, or nothing along it.
#[track_caller]
pub fn global_max_pool(x: &Tensor) -> Tensor {
    x.max_axes(&spatial_axes("global_max_pool", x)[..])
}
