//! Measuring a network on examples it was not trained on.

use crate::error::Error;
use crate::network::Network;
use crate::objective::Objective;
use crate::prepared::{Part, Prepared};
use tensor::{DType, Tensor};

/// What a network does on some examples.
#[derive(Clone, Debug)]
pub struct Evaluation {
    /// Mean loss (nats, or squared standardised error), without label smoothing.
    pub loss: f64,
    /// Accuracy or R².
    pub score: f64,
    /// The examples, as indices into the data set.
    pub examples: Vec<usize>,
    /// For classes: the predicted class of each.
    pub predicted: Vec<usize>,
    /// For classes: the probability given to the predicted class. For values: the prediction, in
    /// the targets' own unit.
    pub values: Vec<f64>,
}

impl Evaluation {
    /// The share of examples that are wrong; for values, the share of variance not explained.
    pub fn error(&self) -> f64 {
        1.0 - self.score
    }
}

/// Examples evaluated at once.
const CHUNK: usize = 512;

/// Evaluates a network on a part of the data.
pub(crate) fn evaluate<M: Network>(
    data: &Prepared,
    model: &M,
    part: Part,
) -> Result<Evaluation, Error> {
    let examples = data.examples(part).to_vec();
    let (mut loss, mut score) = (0.0, 0.0);
    let (mut predicted, mut values) = (vec![], vec![]);
    for chunk in examples.chunks(CHUNK) {
        let (x, y) = data.gather(chunk);
        let outputs = model.outputs(&x);
        loss += data.objective.losses(&outputs, &y, 0.0).convert(DType::F64).sum().item();
        score += data.objective.scores(&outputs, &y).sum().item();
        let (p, v) = readings(data.objective, &outputs);
        predicted.extend(p);
        values.extend(v);
    }
    let n = examples.len() as f64;
    let score = match data.objective {
        Objective::Classes { .. } => score / n,
        Objective::Values => {
            if let Some(standardiser) = &data.target_standardiser {
                standardiser.invert(&mut values)?;
            }
            let truth = data.dataset.targets().values().unwrap_or_default();
            let truth: Vec<f64> = examples.iter().map(|&i| truth[i]).collect();
            nn::metrics::r_squared(&values, &truth)
        }
    };
    Ok(Evaluation { loss: loss / n, score, examples, predicted, values })
}

/// For classes: the most probable class and its probability, per example. For values: nothing and
/// the standardised value.
pub(crate) fn readings(objective: Objective, outputs: &Tensor) -> (Vec<usize>, Vec<f64>) {
    match objective {
        Objective::Classes { .. } => {
            let probability = outputs.convert(DType::F64).softmax(-1).max_axes(-1);
            let class = outputs.argmax(-1).to_vec::<i64>();
            (class.into_iter().map(|c| c as usize).collect(), probability.to_vec())
        }
        Objective::Values => (vec![], outputs.squeeze(-1).to_vec()),
    }
}
