//! The recurrent language model.

use crate::recurrent::{Lstm, LstmState, Stacked};
use crate::{Embedding, Linear, dropout};
use derive::Tree;
use tensor::{DType, Key, Tensor};

/// Tokens to vectors, LSTM layers, and a linear map to the logits of the next token.
///
/// Source: W. Zaremba, I. Sutskever, O. Vinyals, *Recurrent neural network regularization*,
/// arXiv:1409.2329 (2014), dropout included: on what goes up, not on what goes on.
///
/// ```
/// use nn::models::LstmLanguageModel;
/// use tensor::{DType, Key, Tensor};
/// let model = LstmLanguageModel::new(Key::new(0), 27, 8, 16, 2, DType::F32);
/// let tokens = Tensor::from([3_i64, 1, 4, 1]);
/// let (logits, states) = model.call(&tokens, &model.initial(), None);
/// assert_eq!(logits.shape(), [4, 27]);
/// let (next, _) = model.call(&Tensor::from([5_i64]), &states, None); // goes on from there
/// assert_eq!(next.shape(), [1, 27]);
/// ```
#[derive(Clone, Debug, Tree)]
pub struct LstmLanguageModel {
    /// Vectors of tokens.
    pub embedding: Embedding,
    /// The recurrent layers.
    pub recurrent: Stacked<Lstm>,
    /// To logits.
    pub out: Linear,
    /// The rate of dropout, on embeddings and on the outputs of every layer.
    pub dropout: f64,
}

impl LstmLanguageModel {
    /// With so many tokens, features of embeddings, hidden units and layers; without dropout.
    ///
    /// # Panics
    /// Without layers.
    #[track_caller]
    pub fn new(
        key: Key,
        tokens: usize,
        features: usize,
        hidden: usize,
        layers: usize,
        dtype: DType,
    ) -> LstmLanguageModel {
        assert!(layers > 0, "LstmLanguageModel: at least one layer is needed");
        let [a, b, c] = key.split();
        let cell = |(i, key)| Lstm::new(key, if i == 0 { features } else { hidden }, hidden, dtype);
        let layers = b.split_n(layers).into_iter().enumerate().map(cell).collect();
        LstmLanguageModel {
            embedding: Embedding::new(a, tokens, features, dtype),
            recurrent: Stacked { layers },
            out: Linear::new(c, hidden, tokens, dtype),
            dropout: 0.0,
        }
    }

    /// The states before a text.
    pub fn initial(&self) -> Vec<LstmState> {
        self.recurrent.initial()
    }

    /// Logits `[time, tokens]` of what follows each of `tokens[time]`, and the states to go on from;
    /// with dropout if a key is given.
    ///
    /// # Panics
    /// When the tokens are not integers `[time]`, or there are not as many states as layers.
    #[track_caller]
    pub fn call(
        &self,
        tokens: &Tensor,
        states: &[LstmState],
        key: Option<Key>,
    ) -> (Tensor, Vec<LstmState>) {
        let (given, layers) = (states.len(), self.recurrent.layers.len());
        assert!(given == layers, "LstmLanguageModel: {given} states for {layers} layers");
        let mut keys = key.map(Key::stream);
        let mut drop =
            |x: Tensor| dropout(&x, self.dropout, keys.as_mut().and_then(Iterator::next));
        let mut h = drop(self.embedding.call(tokens));
        let mut after = vec![];
        for (cell, state) in self.recurrent.layers.iter().zip(states) {
            let (last, ys) = crate::recurrent::run(cell, &h, state, None, false);
            h = drop(ys);
            after.push(last);
        }
        (self.out.call(&h), after)
    }
}
