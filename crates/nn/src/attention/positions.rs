//! Positions: attention by itself does not know the order of a sequence.

use derive::Tree;
use tensor::{DType, Key, Tensor};

/// `p[t, 2i] = sin(t/10000^(2i/features))`, `p[t, 2i + 1] = cos` of the same, of shape
/// `[time, features]`, to be added to a sequence.
///
/// Source: A. Vaswani et al., *Attention is all you need*, arXiv:1706.03762 (2017), section 3.5.
///
/// # Panics
/// When the number of features is odd.
///
/// ```
/// let p = nn::attention::sinusoidal_positions(2, 2, tensor::DType::F64);
/// assert_eq!(p.to_vec::<f64>(), [0.0, 1.0, 1.0_f64.sin(), 1.0_f64.cos()]);
/// ```
#[track_caller]
pub fn sinusoidal_positions(time: usize, features: usize, dtype: DType) -> Tensor {
    assert!(
        features.is_multiple_of(2),
        "sinusoidal_positions: sines and cosines come in pairs, {features} features are odd"
    );
    let value = |i: usize| {
        let (t, feature) = (i / features, i % features);
        let wavelength = 10_000.0_f64.powf((feature - feature % 2) as f64 / features as f64);
        let angle = t as f64 / wavelength;
        if feature % 2 == 0 { angle.sin() } else { angle.cos() }
    };
    let values: Vec<f64> = (0..time * features).map(value).collect();
    Tensor::from_vec(values, &[time, features]).convert(dtype)
}

/// A parameter per position, added to a sequence.
///
/// ```
/// use nn::attention::LearnedPositions;
/// use tensor::{DType, Key, Tensor};
/// let positions = LearnedPositions::new(Key::new(0), 16, 4, DType::F32);
/// assert_eq!(positions.call(&Tensor::zeros(&[10, 4], DType::F32)).shape(), [10, 4]);
/// ```
#[derive(Clone, Debug, Tree)]
pub struct LearnedPositions {
    /// Of shape `[longest, features]`.
    pub weight: Tensor,
}

impl LearnedPositions {
    /// Normal with standard deviation 0.02 (Radford et al. 2018), for sequences up to `longest`.
    pub fn new(key: Key, longest: usize, features: usize, dtype: DType) -> LearnedPositions {
        LearnedPositions { weight: key.normal(&[longest, features], dtype) * 0.02 }
    }

    /// `x[t] + p[t]`.
    ///
    /// # Panics
    /// When `x` is not `[time, features]` with these features, or is longer than the longest.
    #[track_caller]
    pub fn call(&self, x: &Tensor) -> Tensor {
        let (longest, features) = (self.weight.shape()[0], self.weight.shape()[1]);
        let shape = x.shape();
        assert!(
            shape.len() == 2 && shape[1] == features && shape[0] <= longest,
            "LearnedPositions: a sequence is [time, {features}] with at most {longest} times, it is \
             {shape:?}"
        );
        x + self.weight.slice_axis(0, 0, shape[0])
    }
}
