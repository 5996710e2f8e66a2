//! Attention in memory linear in the length of the sequence.

use super::product::must_fit;
use super::scaled_dot_product_attention;
use tensor::{DType, Tensor, checkpoint, scan};

/// [`scaled_dot_product_attention`](super::scaled_dot_product_attention) for `block` queries at a
/// time, whose derivatives compute the block's weights anew instead of keeping them: memory grows
/// with `block · m` and not with `n · m`, at the price of a second evaluation in reverse mode. With
/// `causal`, query `i` sees keys `j ≤ i`; `seen`, truth values `[m]`, says which keys count at all.
///
/// Source: M. N. Rabe, C. Staats, *Self-attention does not need O(n²) memory*, arXiv:2112.05682.
///
/// # Panics
/// When the operands do not fit one another, or the block is empty.
///
/// ```
/// use nn::attention::{blockwise_attention, causal_mask, scaled_dot_product_attention};
/// use tensor::{DType, Key};
/// let x = Key::new(0).normal(&[7, 3], DType::F64);
/// let whole = scaled_dot_product_attention(&x, &x, &x, Some(&causal_mask(7)));
/// let blocks = blockwise_attention(&x, &x, &x, true, None, 2);
/// let distance = (whole - blocks).abs().max().item();
/// assert!(distance < 1e-14);
/// ```
#[track_caller]
pub fn blockwise_attention(
    queries: &Tensor,
    keys: &Tensor,
    values: &Tensor,
    causal: bool,
    seen: Option<&Tensor>,
    block: usize,
) -> Tensor {
    must_fit(queries, keys, values);
    assert!(block > 0, "blockwise_attention: a block has at least one query");
    let rank = queries.ndim();
    let (lead, n, m) = (rank - 2, queries.shape()[rank - 2], keys.shape()[rank - 2]);
    if n == 0 {
        return scaled_dot_product_attention(queries, keys, values, None);
    }
    let blocks = n.div_ceil(block);
    let mut padding = vec![(0, 0); rank];
    padding[lead].1 = (blocks * block - n) as i64;
    let mut shape = queries.shape().to_vec();
    shape[lead] = block;
    shape.insert(lead, blocks);
    let queries = queries.pad(&padding, 0.0).reshape(&shape).move_axis(lead as isize, 0);
    let starts = Tensor::arange(blocks, DType::I64) * block as i32;
    let (rows, columns) = (Tensor::arange(block, DType::I64), Tensor::arange(m, DType::I64));
    let seen = match seen {
        Some(seen) => seen.expand_dims(0),
        None => Tensor::from_vec(vec![true; m], &[1, m]),
    };
    let one_block = |(): &(), (queries, start): &(Tensor, Tensor)| {
        let attend = |(queries, start, keys, values): &(Tensor, Tensor, Tensor, Tensor)| {
            let mask = if causal {
                let before = columns.expand_dims(0).le((&rows + start).expand_dims(1));
                before.logical_and(&seen)
            } else {
                seen.clone()
            };
            scaled_dot_product_attention(queries, keys, values, Some(&mask))
        };
        let operands = (queries.clone(), start.clone(), keys.clone(), values.clone());
        ((), checkpoint(attend)(&operands))
    };
    let ((), ys) = scan(one_block, &(), &(queries, starts));
    let ys = ys.move_axis(0, lead as isize);
    let mut shape = ys.shape().to_vec();
    shape.remove(lead);
    shape[lead] = blocks * block;
    ys.reshape(&shape).slice_axis(lead as isize, 0, n)
}
