//! Scaled dot-product attention.

use tensor::{DType, Tensor};

/// `softmax(Q Kᵀ/√d) V` over keys, where the mask allows: from queries `[…, n, d]`, keys
/// `[…, m, d]` and values `[…, m, e]` to `[…, n, e]`. The mask, truth values that broadcast to
/// `[…, n, m]`, says which keys a query sees. A query that sees none gets zeros, with derivatives
/// zero.
///
/// Source: A. Vaswani et al., *Attention is all you need*, arXiv:1706.03762 (2017). With independent
/// standard normal queries and keys the products have variance `d`, whence the root.
///
/// # Panics
/// When the operands do not fit one another.
///
/// ```
/// use nn::attention::{causal_mask, scaled_dot_product_attention};
/// use tensor::Tensor;
/// let x = Tensor::from([[1.0, 0.0], [0.0, 1.0]]);
/// let y = scaled_dot_product_attention(&x, &x, &x, Some(&causal_mask(2)));
/// assert_eq!(y.index(0, 0).to_vec::<f64>(), [1.0, 0.0]); // the first sees itself only
/// let nothing = scaled_dot_product_attention(&x, &x, &x, Some(&Tensor::from([false, false])));
/// assert_eq!(nothing.to_vec::<f64>(), [0.0; 4]);
/// ```
#[track_caller]
pub fn scaled_dot_product_attention(
    queries: &Tensor,
    keys: &Tensor,
    values: &Tensor,
    mask: Option<&Tensor>,
) -> Tensor {
    must_fit(queries, keys, values);
    let d = queries.shape()[queries.ndim() - 1].max(1);
    let scores = queries.matmul(&keys.t()) / (d as f64).sqrt();
    let scores = match mask {
        Some(mask) => {
            must_be_mask(mask, &scores);
            scores.keep_where(mask, f64::NEG_INFINITY)
        }
        None => scores,
    };
    scores.softmax(-1).matmul(values)
}

#[track_caller]
pub(super) fn must_fit(queries: &Tensor, keys: &Tensor, values: &Tensor) {
    let (q, k, v) = (queries.shape(), keys.shape(), values.shape());
    let fit = match (q, k, v) {
        ([.., d], [.., m, e], [.., n, _]) => q.len() >= 2 && d == e && m == n,
        _ => false,
    };
    assert!(
        fit,
        "attention: queries […, n, d], keys […, m, d] and values […, m, e] are needed, they are \
         {q:?}, {k:?} and {v:?}"
    );
}

#[track_caller]
fn must_be_mask(mask: &Tensor, scores: &Tensor) {
    let (m, s) = (mask.shape(), scores.shape());
    let fits =
        m.len() <= s.len() && m.iter().rev().zip(s.iter().rev()).all(|(m, s)| *m == 1 || m == s);
    assert!(
        mask.dtype() == DType::Bool && fits,
        "attention: the mask is truth values that broadcast to [queries, keys] {s:?}, it is {} {m:?}",
        mask.dtype()
    );
}

/// Truth values `[n, n]`: query `i` sees keys `j ≤ i`, so that no output depends on later inputs.
///
/// ```
/// use nn::attention::causal_mask;
/// assert_eq!(causal_mask(2).to_vec::<bool>(), [true, false, true, true]);
/// ```
pub fn causal_mask(n: usize) -> Tensor {
    let times = Tensor::arange(n, DType::I64);
    times.expand_dims(0).le(times.expand_dims(1))
}
