//! A transformer block.

use crate::inputs::{inverse_root, linear, uniform, zeros};
use crate::row::Row;
use mathesis::prelude::*;

const WIDTH: usize = 128;
const HEADS: usize = 4;
const TOKENS: usize = 128;
const BATCH: usize = 16;
const INNER: usize = 512;

/// Layer normalisation over the last axis.
#[derive(Clone, Tree)]
struct LayerNorm {
    scale: Tensor,
    shift: Tensor,
}

impl LayerNorm {
    fn new() -> LayerNorm {
        LayerNorm { scale: Tensor::ones(&[WIDTH], DType::F32), shift: zeros(&[WIDTH]) }
    }

    fn call(&self, x: &Tensor) -> Tensor {
        x.layer_norm(-1, 1e-5) * &self.scale + &self.shift
    }
}

/// Attention and a perceptron, each behind a normalisation and beside a shortcut (Vaswani et al.
/// 2017, in the order of Xiong et al. 2020).
#[derive(Clone, Tree)]
struct Block {
    before_attention: LayerNorm,
    queries_keys_values: Linear,
    out: Linear,
    before_perceptron: LayerNorm,
    widen: Linear,
    narrow: Linear,
}

impl Block {
    fn attention(&self, x: &Tensor) -> Tensor {
        let each = WIDTH / HEADS;
        let all = self.queries_keys_values.call(x).reshape(&[BATCH, TOKENS, 3, HEADS, each]);
        let part = |i: isize| all.index(2, i).swap_axes(1, 2); // [batch, heads, tokens, each]
        let (q, k, v) = (part(0), part(1), part(2));
        let scores = q.matmul(&k.swap_axes(-1, -2)) * inverse_root(each);
        let mixed = scores.softmax(-1).matmul(&v);
        self.out.call(&mixed.swap_axes(1, 2).reshape(&[BATCH, TOKENS, WIDTH]))
    }

    fn call(&self, x: &Tensor) -> Tensor {
        let y = x + self.attention(&self.before_attention.call(x));
        let h = self.widen.call(&self.before_perceptron.call(&y)).gelu();
        y + self.narrow.call(&h)
    }
}

/// Training towards given outputs, with Adam.
pub(crate) fn transformer_block() -> Row {
    let model = Block {
        before_attention: LayerNorm::new(),
        queries_keys_values: linear(1, WIDTH, 3 * WIDTH),
        out: linear(2, WIDTH, WIDTH),
        before_perceptron: LayerNorm::new(),
        widen: linear(3, WIDTH, INNER),
        narrow: linear(4, INNER, WIDTH),
    };
    let draw = |seed| uniform(seed, &[BATCH, TOKENS, WIDTH], 1.0);
    let loss = |m: &Block, (x, target): &(Tensor, Tensor)| (m.call(x) - target).square().mean();
    Row::training(model, Adam::new(1e-3), loss, (draw(10), draw(11)))
}
