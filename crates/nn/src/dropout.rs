//! Multiplicative noise. Every function takes the rate at which it *drops* (Srivastava et al. write
//! the rate of keeping), acts when it is given a key, and is the identity without one. What is kept
//! is scaled so that the expectation is the input: nothing is to be rescaled afterwards.
//!
//! Examples of a batch get keys of their own:
//!
//! ```
//! use nn::dropout;
//! use tensor::{DType, Key, Tensor, vmap};
//! let x = Tensor::ones(&[4, 1000], DType::F64);
//! let keys = Key::new(0).split_batch(4);
//! let noisy = |(x, key): &(Tensor, Key)| dropout(x, 0.5, Some(key.replay()));
//! let y = vmap(noisy)(&(x, keys));
//! assert_ne!(y.index(0, 0).to_vec::<f64>(), y.index(0, 1).to_vec::<f64>());
//! ```

use tensor::{Key, Tensor, Tree};

#[track_caller]
fn must_be_rate(function: &str, rate: f64) {
    assert!(
        (0.0..=1.0).contains(&rate),
        "{function}: the rate is the probability of dropping, from 0 to 1; it is {rate}"
    );
}

/// `x · r / (1 − rate)` with `r` of this shape, which broadcasts, 0 with probability `rate`, else 1.
#[track_caller]
fn drop_blocks(x: &Tensor, rate: f64, key: Key, shape: &[usize]) -> Tensor {
    if rate == 0.0 {
        return x.clone();
    }
    if rate == 1.0 {
        // The quotient would be 0/0; with nothing kept there is nothing to scale.
        return x * 0.0;
    }
    let keep = key.bernoulli(&Tensor::scalar(1.0 - rate, x.dtype()), shape);
    (x / (1.0 - rate)).keep_where(&keep, 0.0)
}

/// Every element is zero with probability `rate`, else divided by `1 − rate`, independently; all
/// stay as they are without a key. In a batch every example needs its own: see
/// [`Key::split_batch`].
///
/// For linear least squares, in expectation, this is ridge regression with the penalty
/// `rate/(1 − rate) · Σ_j ‖x_j‖² w_j²`.
///
/// Source: N. Srivastava et al., *Dropout*, JMLR 15 (2014).
///
/// # Panics
/// When the rate is not in [0, 1].
///
/// ```
/// use nn::dropout;
/// use tensor::{Key, Tensor};
/// let x = Tensor::from([1.0, 2.0, 3.0]);
/// assert_eq!(dropout(&x, 0.5, None).to_vec::<f64>(), [1.0, 2.0, 3.0]);
/// for (x, y) in [1.0, 2.0, 3.0].iter().zip(dropout(&x, 0.5, Some(Key::new(0))).to_vec::<f64>()) {
///     assert!(y == 0.0 || y == 2.0 * x);
/// }
/// ```
#[track_caller]
pub fn dropout(x: &Tensor, rate: f64, key: Option<Key>) -> Tensor {
    must_be_rate("dropout", rate);
    match key {
        Some(key) => drop_blocks(x, rate, key, x.shape()),
        None => x.clone(),
    }
}

/// [`dropout`] of whole channels of one example `x[channels, spatial…]`: neighbouring pixels say
/// the same, so that dropping single ones drops little.
///
/// Source: J. Tompson et al., *Efficient object localization using convolutional networks*,
/// arXiv:1411.4280 (2015).
///
/// # Panics
/// When the rate is not in [0, 1], or `x` is a scalar.
#[track_caller]
pub fn spatial_dropout(x: &Tensor, rate: f64, key: Option<Key>) -> Tensor {
    must_be_rate("spatial_dropout", rate);
    assert!(x.ndim() > 0, "spatial_dropout: an example is [channels, spatial…], it is a scalar");
    let mut shape = vec![1; x.ndim()];
    shape[0] = x.shape()[0];
    match key {
        Some(key) => drop_blocks(x, rate, key, &shape),
        None => x.clone(),
    }
}

/// Every element times an independent normal number with mean 1 and variance `rate/(1 − rate)`:
/// mean and variance are those of [`dropout`].
///
/// Source: N. Srivastava et al., *Dropout*, JMLR 15 (2014), section 10.
///
/// # Panics
/// When the rate is not in [0, 1): at 1 the variance is infinite.
#[track_caller]
pub fn gaussian_dropout(x: &Tensor, rate: f64, key: Option<Key>) -> Tensor {
    must_be_rate("gaussian_dropout", rate);
    assert!(rate < 1.0, "gaussian_dropout: at rate 1 the noise has infinite variance");
    match key {
        Some(key) => x * (key.normal(x.shape(), x.dtype()) * (rate / (1.0 - rate)).sqrt() + 1.0),
        None => x.clone(),
    }
}

/// [`dropout`] of the parameters of a layer instead of its inputs: `drop_connect(&layer, …).call(x)`.
///
/// Source: L. Wan et al., *Regularization of neural networks using DropConnect*, ICML 2013.
///
/// # Panics
/// When the rate is not in [0, 1].
///
/// ```
/// use nn::{Linear, drop_connect};
/// use tensor::{DType, Key, Tensor};
/// let layer = Linear::new(Key::new(0), 3, 2, DType::F64);
/// let y = drop_connect(&layer, 0.5, Some(Key::new(1))).call(&Tensor::from([1.0, 2.0, 3.0]));
/// assert_eq!(y.shape(), [2]);
/// ```
#[track_caller]
pub fn drop_connect<M: Tree>(layer: &M, rate: f64, key: Option<Key>) -> M {
    must_be_rate("drop_connect", rate);
    let mut keys = key.map(Key::stream);
    layer.map(|leaf| match keys.as_mut().and_then(Iterator::next) {
        Some(key) if leaf.dtype().is_float() => drop_blocks(leaf, rate, key, leaf.shape()),
        _ => leaf.clone(),
    })
}

/// The branch of a residual block, all of it zero with probability `rate`, else divided by
/// `1 − rate`: `x + stochastic_depth(&branch(x), …)`.
///
/// Source: G. Huang et al., *Deep networks with stochastic depth*, arXiv:1603.09382 (2016), there
/// with the scaling at inference.
///
/// # Panics
/// When the rate is not in [0, 1].
#[track_caller]
pub fn stochastic_depth(branch: &Tensor, rate: f64, key: Option<Key>) -> Tensor {
    must_be_rate("stochastic_depth", rate);
    match key {
        Some(key) => drop_blocks(branch, rate, key, &[]),
        None => branch.clone(),
    }
}

/// The rate for block `i` of `blocks`, growing linearly from the first to `last`:
/// `(i + 1)/blocks · last`, the schedule of Huang et al.
pub fn linear_depth_rate(i: usize, blocks: usize, last: f64) -> f64 {
    (i + 1) as f64 / blocks.max(1) as f64 * last
}
