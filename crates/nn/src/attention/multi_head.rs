//! Multi-head attention.

use super::scaled_dot_product_attention;
use crate::Linear;
use derive::Tree;
use tensor::{DType, Key, Tensor};

/// `h` attentions side by side, on linear images of queries, keys and values, and a linear map of
/// their concatenated results:
///
/// ```text
/// head_i = softmax((x W_q)_i (y W_k)_iᵀ/√(features/h)) (y W_v)_i        out = [head_1 … head_h] W_o
/// ```
///
/// from queries' sequence `x[n, features]` and keys' sequence `y[m, features]` to `[n, features]`.
///
/// Source: A. Vaswani et al., *Attention is all you need*, arXiv:1706.03762 (2017).
///
/// ```
/// use nn::attention::{MultiHeadAttention, causal_mask};
/// use tensor::{DType, Key, Tensor};
/// let layer = MultiHeadAttention::new(Key::new(0), 8, 2, DType::F64);
/// let x = Tensor::zeros(&[5, 8], DType::F64);
/// assert_eq!(layer.call(&x, &x, Some(&causal_mask(5))).shape(), [5, 8]);
/// ```
#[derive(Clone, Debug, Tree)]
pub struct MultiHeadAttention {
    /// `W_q`, with biases; head `i` has the `i`-th of equal parts of its outputs.
    pub query: Linear,
    /// `W_k`, with biases.
    pub key: Linear,
    /// `W_v`, with biases.
    pub value: Linear,
    /// `W_o`, with biases.
    pub out: Linear,
    /// h.
    pub heads: usize,
}

impl MultiHeadAttention {
    /// Glorot's uniform weights, zero biases.
    ///
    /// # Panics
    /// When the heads do not divide the features.
    #[track_caller]
    pub fn new(key: Key, features: usize, heads: usize, dtype: DType) -> MultiHeadAttention {
        assert!(
            heads > 0 && features.is_multiple_of(heads),
            "MultiHeadAttention: {heads} heads must divide {features} features"
        );
        let [q, k, v, o] = key.split();
        let linear = |key| Linear::new(key, features, features, dtype);
        MultiHeadAttention {
            query: linear(q),
            key: linear(k),
            value: linear(v),
            out: linear(o),
            heads,
        }
    }

    /// What each of `x[n, features]` finds in `y[m, features]`; self-attention with `y = x`. The
    /// mask, truth values, broadcasts to `[n, m]` and holds for all heads.
    ///
    /// # Panics
    /// When `x` or `y` is not a sequence of the layer's features, or the mask does not fit.
    #[track_caller]
    pub fn call(&self, x: &Tensor, y: &Tensor, mask: Option<&Tensor>) -> Tensor {
        let features = self.query.weight.shape()[0];
        for sequence in [x, y] {
            assert!(
                sequence.ndim() == 2 && sequence.shape()[1] == features,
                "MultiHeadAttention: one sequence is [time, {features}], it is {:?}; batches come \
                 from vmap",
                sequence.shape()
            );
        }
        let split = |projection: &Linear, sequence: &Tensor| {
            let z = projection.call(sequence);
            let [time, all] = z.dims();
            z.reshape(&[time, self.heads, all / self.heads]).swap_axes(0, 1)
        };
        let (q, k, v) = (split(&self.query, x), split(&self.key, y), split(&self.value, y));
        let heads = scaled_dot_product_attention(&q, &k, &v, mask).swap_axes(0, 1);
        let [time, _, _] = heads.dims();
        self.out.call(&heads.reshape(&[time, heads.size() / time.max(1)]))
    }
}
