//! A trained network used on new input.

use crate::checkpoint::load_tree;
use crate::config::{Config, ModelKind};
use crate::error::Error;
use crate::evaluate::readings;
use crate::network::{Images, Network, mlp};
use crate::objective::Objective;
use crate::prepared::Prepared;
use crate::run::Run;
use data::{Features, Standardiser};
use nn::Mlp;
use serde::{Deserialize, Serialize};
use std::path::Path;
use tensor::{Array, Tensor};

/// What a network takes in, saved beside it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Input {
    schema: u32,
    /// Shape of one example.
    shape: Vec<usize>,
    /// How features were standardised.
    standardiser: Standardiser,
    /// Names of the classes, in the order of the outputs; none for values.
    classes: Option<Vec<String>>,
    /// How values were standardised.
    target_standardiser: Option<Standardiser>,
    /// What is predicted.
    target: String,
}

impl Input {
    pub(crate) fn new(data: &Prepared) -> Input {
        Input {
            schema: 1,
            shape: data.dataset.features().shape().to_vec(),
            standardiser: data.standardiser.clone(),
            classes: data.dataset.targets().class_names().map(<[String]>::to_vec),
            target_standardiser: data.target_standardiser.clone(),
            target: data.dataset.target_name().to_string(),
        }
    }
}

/// What a network says of one example.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Prediction {
    /// The class's name, or the value.
    pub label: String,
    /// The probability of the class; none for values.
    pub probability: Option<f64>,
}

/// A network of one of the kinds.
#[derive(Debug)]
enum Trained {
    Mlp(Mlp),
    Cnn(Images),
}

/// A trained network, ready for new input.
#[derive(Debug)]
pub struct Predictor {
    model: Trained,
    config: Config,
    input: Input,
}

impl Predictor {
    /// Opens a run's folder.
    ///
    /// # Errors
    /// When it holds no run, or one that has no trained network yet, or a file is not whole.
    pub fn open(folder: &Path) -> Result<Predictor, Error> {
        let (run, config) = Run::open(folder)?;
        let path = run.file("input.json");
        let text = std::fs::read_to_string(&path)
            .map_err(|e| Error::run(&path, format!("cannot be read: {e}")))?;
        let input: Input = serde_json::from_str(&text)
            .map_err(|e| Error::run(&path, format!("is not what it should be: {e}")))?;
        let outputs = input.classes.as_ref().map_or(1, Vec::len);
        let file = run.file("model.safetensors");
        // The weights are replaced; only the structure matters.
        let model = match config.model {
            ModelKind::Mlp => {
                let template = mlp(&config, input.shape.iter().product(), outputs);
                Trained::Mlp(load_tree(&file, "", &template)?)
            }
            ModelKind::Cnn => {
                let template = Images::new(&config, &input.shape, outputs)?;
                Trained::Cnn(load_tree(&file, "", &template)?)
            }
        };
        Ok(Predictor { model, config, input })
    }

    /// What is predicted: the name of the target.
    pub fn target(&self) -> &str {
        &self.input.target
    }

    /// Predictions for every example.
    ///
    /// # Errors
    /// When the examples do not have the shape that the network was trained on.
    pub fn predict(&self, features: &Features) -> Result<Vec<Prediction>, Error> {
        let width: usize = self.input.shape.iter().product();
        if features.width() != width {
            return Err(Error::run(
                Path::new(features.name()),
                format!(
                    "has {} features per example (shape {:?}), the network takes {width} \
                     (shape {:?})",
                    features.width(),
                    features.shape(),
                    self.input.shape
                ),
            ));
        }
        let mut values = features.values().to_vec();
        self.input.standardiser.apply(&mut values)?;
        let x = Array::from_f64(self.config.dtype.dtype(), &values, &[features.count(), width]);
        let x = Tensor::new(x);
        let outputs = match &self.model {
            Trained::Mlp(model) => model.outputs(&x),
            Trained::Cnn(model) => model.outputs(&x),
        };
        match &self.input.classes {
            Some(names) => {
                let (classes, probabilities) =
                    readings(Objective::Classes { count: names.len() }, &outputs);
                let named = classes
                    .into_iter()
                    .zip(probabilities)
                    .map(|(c, p)| Prediction { label: names[c].clone(), probability: Some(p) });
                Ok(named.collect())
            }
            None => {
                let (_, mut values) = readings(Objective::Values, &outputs);
                if let Some(standardiser) = &self.input.target_standardiser {
                    standardiser.invert(&mut values)?;
                }
                let named = |v: f64| Prediction { label: format!("{v}"), probability: None };
                Ok(values.into_iter().map(named).collect())
            }
        }
    }
}
