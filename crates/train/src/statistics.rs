//! What the parameters and their gradients look like, tensor by tensor.

use crate::config::Config;
use crate::error::Error;
use crate::network::Network;
use crate::prepared::{Part, Prepared};
use tensor::grad;

/// Numbers about one tensor of parameters.
#[derive(Clone, Debug)]
pub struct LayerStatistics {
    /// Its path in the model.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Mean of the values.
    pub mean: f64,
    /// Standard deviation of the values.
    pub deviation: f64,
    /// The largest magnitude.
    pub largest: f64,
    /// Euclidean norm of the values.
    pub norm: f64,
    /// Euclidean norm of the training loss's gradient.
    pub gradient_norm: f64,
}

/// Training examples that the gradient is taken over.
const EXAMPLES: usize = 1024;

/// Statistics of every tensor, with the gradient of the mean training loss.
///
/// # Errors
/// None beyond those of reading the data.
pub fn layer_statistics<M: Network>(
    data: &Prepared,
    model: &M,
    config: &Config,
) -> Result<Vec<LayerStatistics>, Error> {
    let examples = data.examples(Part::Training);
    let (x, y) = data.gather(&examples[..examples.len().min(EXAMPLES)]);
    let (objective, smoothing) = (data.objective, config.label_smoothing);
    let loss = |m: &M| objective.losses(&m.outputs(&x), &y, smoothing).mean();
    let gradient = grad(loss)(model);
    let norm = |v: &[f64]| v.iter().map(|x| x * x).sum::<f64>().sqrt();
    Ok(model
        .leaves_with_paths()
        .into_iter()
        .zip(gradient.leaves())
        .map(|((path, value), gradient)| {
            let (v, g) = (value.to_vec::<f64>(), gradient.to_vec::<f64>());
            let n = v.len().max(1) as f64;
            let mean = v.iter().sum::<f64>() / n;
            let deviation = (v.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
            LayerStatistics {
                name: path.to_string(),
                shape: value.shape().to_vec(),
                mean,
                deviation,
                largest: v.iter().fold(0.0, |m, x| x.abs().max(m)),
                norm: norm(&v),
                gradient_norm: norm(&g),
            }
        })
        .collect())
}
