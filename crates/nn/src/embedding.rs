//! Embeddings.

use derive::Tree;
use tensor::{DType, Key, Tensor};

/// A table of vectors: token `i` becomes row `W[i]`.
///
/// Source: Y. Bengio et al., *A neural probabilistic language model*, JMLR 3 (2003).
///
/// ```
/// use nn::Embedding;
/// use tensor::{DType, Key, Tensor};
/// let table = Embedding::new(Key::new(0), 10, 4, DType::F32);
/// assert_eq!(table.call(&Tensor::from([3_i64, 1, 3])).shape(), [3, 4]);
/// ```
#[derive(Clone, Debug, Tree)]
pub struct Embedding {
    /// `W`, of shape `[tokens, features]`.
    pub weight: Tensor,
}

impl Embedding {
    /// Rows with independent normal entries of variance 1/features, so of expected squared norm 1.
    pub fn new(key: Key, tokens: usize, features: usize, dtype: DType) -> Embedding {
        let weight = key.normal(&[tokens, features], dtype) / (features.max(1) as f64).sqrt();
        Embedding { weight }
    }

    /// From integers `[…]` to `[…, features]`.
    ///
    /// # Panics
    /// When `tokens` does not hold integers, or, where its values are there to look at, one of them
    /// is no row. Inside transformations, where they are not, those outside read the nearest end.
    #[track_caller]
    pub fn call(&self, tokens: &Tensor) -> Tensor {
        assert!(
            tokens.dtype().is_integer(),
            "Embedding: tokens are integers, these are {} {:?}",
            tokens.dtype(),
            tokens.shape()
        );
        let rows = self.weight.shape()[0] as i64;
        if tokens.is_concrete() {
            let outside = tokens.to_vec::<i64>().into_iter().find(|t| !(0..rows).contains(t));
            if let Some(token) = outside {
                panic!("Embedding: token {token} is not one of the {rows} rows of the table");
            }
        }
        self.weight.take(tokens, 0)
    }

    /// `h Wᵀ`, from `[…, features]` to logits `[…, tokens]`: the table as the last layer too (tied
    /// weights; Press, Wolf 2017).
    ///
    /// # Panics
    /// When the last axis of `h` is not the number of features.
    #[track_caller]
    pub fn logits(&self, h: &Tensor) -> Tensor {
        h.matmul(&self.weight.t())
    }
}
