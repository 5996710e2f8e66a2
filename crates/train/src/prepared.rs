//! Data made ready for training: split, standardised, in the run's precision.

use crate::config::{Config, ModelKind};
use crate::error::Error;
use crate::image::{Layout, shifted};
use crate::objective::Objective;
use data::split::Split;
use data::{Dataset, OpenOptions, Standardiser, Targets, Task};
use std::convert::Infallible;
use tensor::{Array, DType, Element, Key, Tensor};

/// Training or held-out examples.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// Those that are learned from.
    Training,
    /// Those that the error is measured on.
    HeldOut,
}

/// A data set ready for training.
#[derive(Debug)]
pub struct Prepared {
    /// The data as they were read.
    pub dataset: Dataset,
    /// What is learned.
    pub objective: Objective,
    /// Which examples train, which are held out.
    pub split: Split,
    /// Fitted on the training examples alone.
    pub standardiser: Standardiser,
    /// For values: mean and scale of the training targets.
    pub target_standardiser: Option<Standardiser>,
    dtype: DType,
    features: Array,
    targets: Array,
}

impl Prepared {
    /// Reads, splits and standardises what the settings name.
    ///
    /// # Errors
    /// Data that cannot be read, are not finite, or are too few for the settings.
    pub fn new(config: &Config) -> Result<Prepared, Error> {
        let target = match &config.target {
            Some(text) => text.parse().unwrap_or_else(|e: Infallible| match e {}),
            None => OpenOptions::default().target,
        };
        let task = match config.task.as_deref() {
            None => Task::Auto,
            Some("classes") => Task::Classes,
            Some("values") => Task::Values,
            Some(other) => {
                return Err(Error::setting(
                    "task",
                    format!("must be `classes` or `values`, got `{other}`"),
                ));
            }
        };
        let given = [("target", config.target.is_some()), ("task", config.task.is_some())];
        if let Some((name, _)) = given.into_iter().find(|(_, given)| *given)
            && data::embedded::find(&config.data).is_some()
        {
            let what = format!("is for files; the target of {} is settled", config.data);
            return Err(Error::setting(name, what));
        }
        let options = OpenOptions { target, task, ..OpenOptions::default() };
        Prepared::from_dataset(data::load(&config.data, &options)?, config)
    }

    /// Splits and standardises a data set.
    ///
    /// # Errors
    /// Data that are too few for the settings.
    pub fn from_dataset(dataset: Dataset, config: &Config) -> Result<Prepared, Error> {
        if let Targets::Classes { names, .. } = dataset.targets()
            && names.len() < 2
        {
            return Err(Error::setting(
                "data",
                format!(
                    "{} has one class, `{}`; there is nothing to tell apart",
                    dataset.name(),
                    names.first().map_or("", String::as_str)
                ),
            ));
        }
        let shape = dataset.features().shape();
        if Layout::of(shape).is_none() {
            let named = [("model", config.model == ModelKind::Cnn), ("shift", config.shift > 0)];
            if let Some((name, _)) = named.into_iter().find(|(_, asked)| *asked) {
                let what = format!("needs {}; these have shape {shape:?}", Layout::EXPECTED);
                return Err(Error::setting(name, what));
            }
        }
        let split = dataset.split(config.held_out, config.seed)?;
        if config.batch > split.train.len() {
            return Err(Error::setting(
                "batch",
                format!(
                    "a batch of {} is larger than the {} training examples of {}",
                    config.batch,
                    split.train.len(),
                    dataset.name()
                ),
            ));
        }
        let features = dataset.features();
        let image = features.shape().len() >= 2;
        let (values, width) = (features.values(), features.width());
        // Pixels share one mean and scale, so that a picture stays a picture; columns of a table
        // have units of their own.
        let standardiser = if image {
            Standardiser::fit_shared(values, width, &split.train)?
        } else {
            Standardiser::fit(values, width, &split.train)?
        };
        let mut standardised = values.to_vec();
        standardiser.apply(&mut standardised)?;
        let dtype = config.dtype.dtype();
        let features = Array::from_f64(dtype, &standardised, &[dataset.count(), width]);
        let (objective, targets, target_standardiser) = match dataset.targets() {
            Targets::Classes { labels, names } => {
                let labels: Vec<i64> = labels.iter().map(|&l| l as i64).collect();
                let n = labels.len();
                (Objective::Classes { count: names.len() }, Array::from_vec(labels, &[n]), None)
            }
            Targets::Values(values) => {
                let fitted = Standardiser::fit(values, 1, &split.train)?;
                let mut standardised = values.clone();
                fitted.apply(&mut standardised)?;
                let targets = Array::from_f64(dtype, &standardised, &[values.len()]);
                (Objective::Values, targets, Some(fitted))
            }
        };
        Ok(Prepared {
            dataset,
            objective,
            split,
            standardiser,
            target_standardiser,
            dtype,
            features,
            targets,
        })
    }

    /// The examples of a part.
    pub fn examples(&self, part: Part) -> &[usize] {
        match part {
            Part::Training => &self.split.train,
            Part::HeldOut => &self.split.held_out,
        }
    }

    /// Number of features of one example.
    pub fn width(&self) -> usize {
        self.features.shape()[1]
    }

    /// Precision of the features.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// As [`Prepared::gather`], images moved by up to so many pixels.
    ///
    /// # Errors
    /// None for images.
    pub fn gather_shifted(
        &self,
        examples: &[usize],
        pixels: usize,
        key: impl FnOnce() -> Key,
    ) -> Result<(Tensor, Tensor), Error> {
        let (x, y) = self.gather(examples);
        if pixels == 0 {
            return Ok((x, y));
        }
        let shape = self.dataset.features().shape();
        let layout = Layout::of(shape).expect("invariant: only images are accepted with shifts");
        let x = shifted(&x.value(), layout, pixels, &self.standardiser, key())?;
        Ok((Tensor::new(x), y))
    }

    /// (features `[n, width]`, targets `[n]`) of these examples.
    pub fn gather(&self, examples: &[usize]) -> (Tensor, Tensor) {
        let x = match self.dtype {
            DType::F64 => rows::<f64>(&self.features, examples),
            _ => rows::<f32>(&self.features, examples),
        };
        let y = match self.targets.dtype() {
            DType::I64 => rows::<i64>(&self.targets, examples),
            DType::F64 => rows::<f64>(&self.targets, examples),
            _ => rows::<f32>(&self.targets, examples),
        };
        (Tensor::new(x), Tensor::new(y))
    }
}

/// The given rows of an array.
fn rows<T: Element>(x: &Array, which: &[usize]) -> Array {
    let width: usize = x.shape()[1..].iter().product();
    let values = x.as_slice::<T>();
    let mut out = Vec::with_capacity(which.len() * width);
    for &i in which {
        out.extend_from_slice(&values[i * width..(i + 1) * width]);
    }
    Array::from_vec(out, &[&[which.len()], &x.shape()[1..]].concat())
}
