//! Discrete distributions and permutations.

use crate::methods::axis;
use crate::{DType, Key, Tensor};

/// 2³², by which the higher of two words counts.
const WORD: f64 = 4294967296.0;

impl Key {
    /// True with probability `p`, which broadcasts to `shape`: whether a uniform number of the
    /// dtype of `p` is below `p`.
    ///
    /// # Panics
    /// When `p` does not hold floats or does not broadcast to the shape.
    ///
    /// ```
    /// use tensor::{Key, Tensor};
    /// let x = Key::new(0).bernoulli(&Tensor::from([0.0, 1.0]), &[3, 2]);
    /// assert_eq!(x.to_vec::<bool>(), [false, true, false, true, false, true]);
    /// ```
    #[track_caller]
    pub fn bernoulli(self, p: &Tensor, shape: &[usize]) -> Tensor {
        assert!(p.dtype().is_float(), "bernoulli: the probability is {}", p.0.ty());
        self.uniform(shape, p.dtype(), 0.0, 1.0).lt(p.broadcast_to(shape))
    }

    /// −1 or 1, each with probability ½: the highest bit of a word says which.
    ///
    /// ```
    /// use tensor::{DType, Key};
    /// assert_eq!(Key::new(0).rademacher(&[5], DType::F64).square().sum().item(), 5.0);
    /// ```
    #[track_caller]
    pub fn rademacher(self, shape: &[usize], dtype: DType) -> Tensor {
        let half = 2.0_f64.powi(31);
        let one = Tensor::ones(shape, dtype);
        self.bits(shape).lt(half).select(&one, &-&one)
    }

    /// Indices (i64) drawn from the categorical distributions with these unnormalised
    /// log-probabilities along the last axis: an array of shape `shape` of them for each.
    ///
    /// The largest of log-probabilities plus independent Gumbel numbers stands at index `i` with
    /// probability `softmax(logits)ᵢ` (E. J. Gumbel 1954; C. J. Maddison, D. Tarlow, T. Minka,
    /// *A\* sampling*, NeurIPS 2014).
    ///
    /// # Panics
    /// When the logits are a scalar or do not hold floats.
    ///
    /// ```
    /// use tensor::{Key, Tensor};
    /// let logits = Tensor::from([f64::NEG_INFINITY, 0.0, f64::NEG_INFINITY]);
    /// assert_eq!(Key::new(0).categorical(&logits, &[4]).to_vec::<i64>(), [1, 1, 1, 1]);
    /// ```
    #[track_caller]
    pub fn categorical(self, logits: &Tensor, shape: &[usize]) -> Tensor {
        assert!(logits.ndim() > 0, "categorical: the logits are a scalar");
        let all = [shape, logits.shape()].concat();
        (self.gumbel(&all, logits.dtype()) + logits).argmax(-1)
    }

    /// Integers (i64) from `lo` to `hi − 1`, each nearly equally likely: a 64-bit word modulo
    /// `hi − lo`, so that probabilities differ from `1/(hi − lo)` by less than 2⁻⁶⁴. (This is not
    /// `jax.random.randint`, whose remainders are taken in fewer bits.)
    ///
    /// # Panics
    /// When not `lo < hi`, or `hi − lo` exceeds 2³¹.
    ///
    /// ```
    /// use tensor::Key;
    /// let x = Key::new(0).randint(&[100], -1, 2);
    /// assert_eq!((x.min().item(), x.max().item()), (-1.0, 1.0));
    /// ```
    #[track_caller]
    pub fn randint(self, shape: &[usize], lo: i64, hi: i64) -> Tensor {
        let span = hi.checked_sub(lo).filter(|s| (1..=1 << 31).contains(s));
        let Some(span) = span else {
            panic!("randint: from {lo} to {hi} there are none or more than 2³¹ integers");
        };
        let (high, low) = self.words64("randint", shape);
        let modulo = Tensor::from(span);
        let high = high.convert(DType::I64) % &modulo;
        let low = low.convert(DType::I64) % &modulo;
        // 2³² high + low, modulo the span: all products are below 2⁶².
        let word = Tensor::from((1_i64 << 32) % span);
        (high * word + low) % modulo + Tensor::from(lo)
    }

    /// The numbers 0 to n − 1 (i64) in random order: those that sort `n` random 64-bit words. (Not
    /// that of `jax.random.permutation`.) Two words are equal, and so their order not random, with
    /// probability below n²/2⁶⁵.
    ///
    /// ```
    /// use tensor::Key;
    /// let p = Key::new(0).permutation(5);
    /// assert_eq!(p.sort(0).to_vec::<i64>(), [0, 1, 2, 3, 4]);
    /// ```
    #[track_caller]
    pub fn permutation(self, n: usize) -> Tensor {
        let (high, low) = self.words64("permutation", &[n]);
        (high.convert(DType::I64) * WORD + low.convert(DType::I64)).argsort(0)
    }

    /// `x` with the places along an axis exchanged by a random [permutation](Key::permutation).
    ///
    /// ```
    /// use tensor::{Key, Tensor};
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(Key::new(0).shuffle(&x, 0).sum_axes(0).to_vec::<f64>(), [4.0, 6.0]);
    /// ```
    #[track_caller]
    pub fn shuffle(self, x: &Tensor, at: isize) -> Tensor {
        let n = x.shape()[axis(at, x.ndim())];
        if n == 0 { x.clone() } else { x.take(&self.permutation(n), at) }
    }
}
