//! Metrics of predictions.

use tensor::Tensor;

/// Whether the largest logit is the label's, per example.
///
/// # Panics
/// When the labels do not have the logits' leading shape.
#[track_caller]
pub fn correct(logits: &Tensor, labels: &Tensor) -> Tensor {
    logits.argmax(-1).eq(labels.convert(tensor::DType::I64))
}

/// The share of examples whose largest logit is the label's.
#[track_caller]
pub fn accuracy(logits: &Tensor, labels: &Tensor) -> f64 {
    correct(logits, labels).convert(tensor::DType::F64).mean().item()
}

/// Row `i`, column `j`: how many examples of class `i` are predicted to be of class `j`.
pub fn confusion(predicted: &[usize], labels: &[usize], classes: usize) -> Vec<Vec<usize>> {
    let mut counts = vec![vec![0; classes]; classes];
    for (&p, &l) in predicted.iter().zip(labels) {
        counts[l][p] += 1;
    }
    counts
}

/// The share of variance explained, `1 − Σ(ŷ − y)²/Σ(y − ȳ)²`; NaN for constant targets.
pub fn r_squared(predicted: &[f64], targets: &[f64]) -> f64 {
    let mean = targets.iter().sum::<f64>() / targets.len() as f64;
    let residual: f64 = predicted.iter().zip(targets).map(|(p, t)| (p - t).powi(2)).sum();
    let total: f64 = targets.iter().map(|t| (t - mean).powi(2)).sum();
    if total == 0.0 { f64::NAN } else { 1.0 - residual / total }
}
