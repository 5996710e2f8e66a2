//! What is minimised, and what is counted.

use nn::smoothed_cross_entropy;
use tensor::{DType, Tensor};

/// The task that a data set's targets set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Objective {
    /// One of some classes: cross-entropy from logits.
    Classes {
        /// How many.
        count: usize,
    },
    /// A number: squared error of the standardised target.
    Values,
}

impl Objective {
    /// Number of outputs of the network.
    pub fn outputs(self) -> usize {
        match self {
            Objective::Classes { count } => count,
            Objective::Values => 1,
        }
    }

    /// The loss per example.
    pub fn losses(self, outputs: &Tensor, targets: &Tensor, label_smoothing: f64) -> Tensor {
        match self {
            Objective::Classes { .. } => smoothed_cross_entropy(outputs, targets, label_smoothing),
            Objective::Values => (outputs.squeeze(-1) - targets).square(),
        }
    }

    /// Per example: 1 for a right class, the squared error for a value.
    pub fn scores(self, outputs: &Tensor, targets: &Tensor) -> Tensor {
        match self {
            Objective::Classes { .. } => nn::metrics::correct(outputs, targets).convert(DType::F64),
            Objective::Values => (outputs.squeeze(-1) - targets).square().convert(DType::F64),
        }
    }

    /// The mean score as it is shown: accuracy, or R² against targets of variance 1.
    pub fn shown(self, mean_score: f64) -> f64 {
        match self {
            Objective::Classes { .. } => mean_score,
            Objective::Values => 1.0 - mean_score,
        }
    }

    /// What the shown score is called.
    pub fn score_name(self) -> &'static str {
        match self {
            Objective::Classes { .. } => "accuracy",
            Objective::Values => "R²",
        }
    }
}
