//! A decoder in the manner of GPT.

use crate::attention::{LearnedPositions, MultiHeadAttention, causal_mask};
use crate::{Embedding, LayerNorm, Linear, dropout};
use derive::Tree;
use tensor::{DType, Key, Tensor, Tree as _};

/// Self-attention and a network of two layers, each on a normalised input and added to it:
///
/// ```text
/// h = x + attention(norm₁ x)        y = h + W₂ gelu(W₁ norm₂ h)
/// ```
///
/// Source: A. Radford et al., *Language models are unsupervised multitask learners* (2019), section
/// 2.3; the order of R. Xiong et al., arXiv:2002.04745.
#[derive(Clone, Debug, Tree)]
pub struct DecoderBlock {
    /// norm₁.
    pub attention_norm: LayerNorm,
    /// Attention of the sequence to itself.
    pub attention: MultiHeadAttention,
    /// norm₂.
    pub mlp_norm: LayerNorm,
    /// `W₁`, to four times the features unless built otherwise.
    pub expand: Linear,
    /// `W₂`, back.
    pub contract: Linear,
    /// The rate of dropout on both branches.
    pub dropout: f64,
}

impl DecoderBlock {
    /// With `hidden` units between the linear layers; without dropout.
    ///
    /// # Panics
    /// When the heads do not divide the features.
    #[track_caller]
    pub fn new(
        key: Key,
        features: usize,
        heads: usize,
        hidden: usize,
        dtype: DType,
    ) -> DecoderBlock {
        let [a, b, c] = key.split();
        DecoderBlock {
            attention_norm: LayerNorm::new(&[features], dtype),
            attention: MultiHeadAttention::new(a, features, heads, dtype),
            mlp_norm: LayerNorm::new(&[features], dtype),
            expand: Linear::new(b, features, hidden, dtype),
            contract: Linear::new(c, hidden, features, dtype),
            dropout: 0.0,
        }
    }

    /// One sequence `[time, features]` to the next; with dropout if a key is given.
    ///
    /// # Panics
    /// When sequence or mask do not fit.
    #[track_caller]
    pub fn call(&self, x: &Tensor, mask: Option<&Tensor>, key: Option<Key>) -> Tensor {
        let [a, b] = key.map_or([None, None], |key| key.split::<2>().map(Some));
        let normed = self.attention_norm.call(x);
        let h = x + dropout(&self.attention.call(&normed, &normed, mask), self.dropout, a);
        let inner = self.expand.call(&self.mlp_norm.call(&h)).gelu();
        &h + dropout(&self.contract.call(&inner), self.dropout, b)
    }
}

/// A language model of decoder blocks: tokens and learned positions, blocks that see what lies
/// before, a normalisation, and the table of tokens again for logits.
///
/// ```
/// use nn::models::Gpt;
/// use tensor::{DType, Key, Tensor};
/// let model = Gpt::new(Key::new(0), 27, 16, 8, 2, 3, DType::F32);
/// let logits = model.call(&Tensor::from([3_i64, 1, 4, 1]), None);
/// assert_eq!(logits.shape(), [4, 27]);
/// ```
#[derive(Clone, Debug, Tree)]
pub struct Gpt {
    /// Vectors of tokens, for the input and for logits.
    pub tokens: Embedding,
    /// Vectors of positions.
    pub positions: LearnedPositions,
    /// The blocks, from the input on.
    pub blocks: Vec<DecoderBlock>,
    /// Before logits.
    pub norm: LayerNorm,
    /// The rate of dropout on embeddings.
    pub dropout: f64,
}

impl Gpt {
    /// With so many tokens, times, features, heads and blocks; without dropout. Weights are normal
    /// with standard deviation 0.02, those that end branches divided by √(2·blocks) (Radford et al.
    /// 2019).
    ///
    /// # Panics
    /// When the heads do not divide the features.
    #[track_caller]
    pub fn new(
        key: Key,
        tokens: usize,
        longest: usize,
        features: usize,
        heads: usize,
        blocks: usize,
        dtype: DType,
    ) -> Gpt {
        let [a, b, c] = key.split();
        let deviation = 0.02;
        let block = |key: Key| {
            let [key, redraw] = key.split();
            let mut keys = redraw.stream();
            let block = DecoderBlock::new(key, features, heads, 4 * features, dtype);
            let mut block = block.map(|leaf| match (leaf.ndim(), keys.next()) {
                (2, Some(key)) => key.normal(leaf.shape(), dtype) * deviation,
                _ => leaf.clone(),
            });
            let fewer = (2.0 * blocks as f64).sqrt();
            block.attention.out.weight = &block.attention.out.weight / fewer;
            block.contract.weight = &block.contract.weight / fewer;
            block
        };
        Gpt {
            tokens: Embedding { weight: a.normal(&[tokens, features], dtype) * deviation },
            positions: LearnedPositions::new(b, longest, features, dtype),
            blocks: c.split_n(blocks).into_iter().map(block).collect(),
            norm: LayerNorm::new(&[features], dtype),
            dropout: 0.0,
        }
    }

    /// With this rate of dropout everywhere.
    pub fn with_dropout(mut self, rate: f64) -> Gpt {
        self.dropout = rate;
        self.blocks.iter_mut().for_each(|block| block.dropout = rate);
        self
    }

    /// Logits `[time, tokens]` of what follows each of `tokens[time]`; with dropout if a key is
    /// given.
    ///
    /// # Panics
    /// When the tokens are not integers `[time]`, or there are more times than positions.
    #[track_caller]
    pub fn call(&self, tokens: &Tensor, key: Option<Key>) -> Tensor {
        let mut keys = key.map(Key::stream);
        let mut next = || keys.as_mut().and_then(Iterator::next);
        let x = self.positions.call(&self.tokens.call(tokens));
        let mask = causal_mask(tokens.shape()[0]);
        let mut h = dropout(&x, self.dropout, next());
        for block in &self.blocks {
            h = block.call(&h, Some(&mask), next());
        }
        self.tokens.logits(&self.norm.call(&h))
    }
}
