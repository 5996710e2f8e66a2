//! The settings of a run: what `config.toml` holds and the command line sets, under the same
//! names.

use crate::error::Error;
use nn::Activation;
use optim::Schedule;
use serde::{Deserialize, Serialize};
use tensor::DType;

/// Which network.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModelKind {
    /// A multilayer perceptron.
    #[default]
    Mlp,
    /// Convolutions, then a multilayer perceptron.
    Cnn,
}

/// Which update rule.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OptimizerKind {
    /// (Stochastic) gradient descent, with `momentum` and `nesterov`.
    Sgd,
    /// Adam; `weight-decay` is added to the gradient.
    Adam,
    /// Adam with decoupled weight decay.
    #[default]
    Adamw,
}

/// How the learning rate changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScheduleKind {
    /// Not at all.
    Constant,
    /// By a factor, every so many epochs.
    Step,
    /// To zero along half a cosine.
    #[default]
    Cosine,
}

/// Precision of training.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DTypeName {
    /// Single.
    #[default]
    F32,
    /// Double.
    F64,
}

impl DTypeName {
    /// The element type.
    pub fn dtype(self) -> DType {
        match self {
            DTypeName::F32 => DType::F32,
            DTypeName::F64 => DType::F64,
        }
    }
}

/// The settings of a training run.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Config {
    /// An embedded data set (`digits`, `iris`, `breast-cancer`, `diabetes`) or a file.
    pub data: String,
    /// The column of a table that is to be predicted: a name, an index, or `last`.
    pub target: Option<String>,
    /// `classes` or `values`, where the file alone does not say.
    pub task: Option<String>,
    /// The share of examples held out of training, to measure the error on.
    pub held_out: f64,
    /// Which network.
    pub model: ModelKind,
    /// Maps of each convolution, for a model that has some.
    pub maps: Vec<usize>,
    /// Widths of the hidden layers.
    pub hidden: Vec<usize>,
    /// The activation between layers.
    pub activation: Activation,
    /// Which update rule.
    pub optimizer: OptimizerKind,
    /// The (initial) step size.
    pub learning_rate: f64,
    /// How it changes.
    pub schedule: ScheduleKind,
    /// Epochs over which it rises from zero first.
    pub warm_up: f64,
    /// For the step schedule: epochs between drops.
    pub step_every: f64,
    /// For the step schedule: the factor of each drop.
    pub step_factor: f64,
    /// Momentum of gradient descent.
    pub momentum: f64,
    /// Nesterov's form of momentum.
    pub nesterov: bool,
    /// Decay of the weights (biases are spared).
    pub weight_decay: f64,
    /// The largest global norm of a gradient; longer ones are scaled down.
    pub clip: Option<f64>,
    /// Share of the target spread evenly over the classes.
    pub label_smoothing: f64,
    /// Rows and columns by which training images are moved at random, at most.
    pub shift: usize,
    /// Passes over the training data.
    pub epochs: usize,
    /// Examples per step.
    pub batch: usize,
    /// Seed of the split, the initial weights and the order of examples.
    pub seed: u64,
    /// Precision.
    pub dtype: DTypeName,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            data: "digits".into(),
            target: None,
            task: None,
            held_out: 0.2,
            model: ModelKind::Mlp,
            maps: vec![32, 64],
            hidden: vec![128, 64],
            activation: Activation::Tanh,
            optimizer: OptimizerKind::Adamw,
            learning_rate: 3e-3,
            schedule: ScheduleKind::Cosine,
            warm_up: 0.0,
            step_every: 10.0,
            step_factor: 0.5,
            momentum: 0.9,
            nesterov: false,
            weight_decay: 0.05,
            clip: None,
            label_smoothing: 0.05,
            shift: 0,
            epochs: 60,
            batch: 32,
            seed: 0,
            dtype: DTypeName::F32,
        }
    }
}

impl Config {
    /// Reads settings from TOML text; what it does not name keeps its default.
    ///
    /// # Errors
    /// Unknown names and wrong types, with the line.
    pub fn from_toml(text: &str) -> Result<Config, Error> {
        toml::from_str(text).map_err(|e| {
            let message = e.to_string();
            let line: Vec<&str> =
                message.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
            Error::setting("config", line.join(" "))
        })
    }

    /// The settings as TOML text.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("invariant: settings are plain values")
    }

    /// Checks every setting that can be checked without the data.
    ///
    /// # Errors
    /// The first impossible one, with its range.
    pub fn validate(&self) -> Result<(), Error> {
        let positive = |name: &str, x: f64| {
            let ok = x.is_finite() && x > 0.0;
            if ok {
                Ok(())
            } else {
                Err(Error::setting(name, format!("must be a positive number, got {x}")))
            }
        };
        let within = |name: &str, x: f64, low: f64, high: f64| {
            let ok = (low..high).contains(&x);
            let message = format!("must be at least {low} and less than {high}, got {x}");
            if ok { Ok(()) } else { Err(Error::setting(name, message)) }
        };
        positive("learning-rate", self.learning_rate)?;
        positive("step-every", self.step_every)?;
        positive("step-factor", self.step_factor)?;
        if let Some(clip) = self.clip {
            positive("clip", clip)?;
        }
        within("held-out", self.held_out, 0.0, 1.0)?;
        if self.held_out == 0.0 {
            return Err(Error::setting(
                "held-out",
                "must be positive: the error is measured on it",
            ));
        }
        within("momentum", self.momentum, 0.0, 1.0)?;
        within("label-smoothing", self.label_smoothing, 0.0, 1.0)?;
        within("weight-decay", self.weight_decay, 0.0, f64::INFINITY)?;
        within("warm-up", self.warm_up, 0.0, f64::INFINITY)?;
        if self.nesterov && self.momentum == 0.0 {
            return Err(Error::setting("nesterov", "needs a positive --momentum"));
        }
        if self.epochs == 0 {
            return Err(Error::setting("epochs", "must be at least 1"));
        }
        if self.batch == 0 {
            return Err(Error::setting("batch", "must be at least 1"));
        }
        if self.hidden.contains(&0) {
            return Err(Error::setting("hidden", "a layer must have at least 1 unit"));
        }
        const LARGEST: usize = 1 << 20;
        if self.shift > LARGEST {
            return Err(Error::setting(
                "shift",
                format!("{} pixels are over {LARGEST}", self.shift),
            ));
        }
        if self.model == ModelKind::Cnn && self.maps.is_empty() {
            return Err(Error::setting("maps", "a cnn has at least one convolution"));
        }
        if let Some(n) = self.maps.iter().find(|n| !(1..=LARGEST).contains(*n)) {
            let what = format!("a convolution has from 1 to {LARGEST} maps, got {n}");
            return Err(Error::setting("maps", what));
        }
        if let Some(w) = self.hidden.iter().find(|w| **w > LARGEST) {
            return Err(Error::setting(
                "hidden",
                format!("a layer of {w} units is over {LARGEST}"),
            ));
        }
        Ok(())
    }

    /// The learning-rate schedule for this many steps an epoch.
    pub fn learning_rate_schedule(&self, steps_per_epoch: usize) -> Schedule {
        let steps = |epochs: f64| ((epochs * steps_per_epoch as f64).round() as u64).max(1);
        let warm_up = if self.warm_up > 0.0 { steps(self.warm_up) } else { 0 };
        let rate = self.learning_rate;
        let after = match self.schedule {
            ScheduleKind::Constant => Schedule::Constant { rate },
            ScheduleKind::Step => {
                Schedule::Step { rate, factor: self.step_factor, every: steps(self.step_every) }
            }
            ScheduleKind::Cosine => Schedule::Cosine {
                rate,
                end: 0.0,
                total: steps(self.epochs as f64).saturating_sub(warm_up).max(1),
            },
        };
        if warm_up == 0 {
            return after;
        }
        Schedule::WarmUp { steps: warm_up, after: Box::new(after) }
    }
}
