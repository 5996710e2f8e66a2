//! `mathesis train`.

use crate::progress::{INTERRUPTED, Watcher, interrupted, listen_for_interrupts};
use clap::Args;
use nn::Activation;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use train::{Config, DTypeName, ModelKind, OptimizerKind, Outcome, ScheduleKind, fit, resume};

/// Train a network and leave a report.
#[derive(Args)]
#[command(args_override_self = true, allow_negative_numbers = true)]
#[command(after_help = "Examples:
  mathesis train                                      the embedded digits, a minute at most
  mathesis train --data iris --hidden 16 --epochs 100
  mathesis train --data table.csv --target price --task values
  mathesis train --data t10k-images-idx3-ubyte.gz --hidden 256 --epochs 20
  mathesis train --model cnn --activation relu        convolutions, for images
  mathesis train --seeds 5                            mean and standard error over seeds
  mathesis train --resume runs/digits                 go on after Ctrl-C

Ctrl-C finishes the step, saves a checkpoint and exits with status 130.
The folder holds model.safetensors, config.toml, metrics.jsonl, summary.json and report.html.")]
pub(crate) struct Arguments {
    /// Settings as TOML, under the names of these options; options given here win
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// digits, iris, breast-cancer, diabetes, or a file (IDX, CSV, NPY, NPZ; .gz too) [default: digits]
    #[arg(long, value_name = "NAME|FILE")]
    data: Option<String>,
    /// The column of a table to predict: a name, an index from 0, or last
    /// [default: the one called label, class, target or y, else the last]
    #[arg(long, value_name = "COLUMN")]
    target: Option<String>,
    /// What the target is, where the file does not say
    #[arg(long, value_parser = ["classes", "values"])]
    task: Option<String>,
    /// Share of examples held out to measure the error on [default: 0.2]
    #[arg(long, value_name = "SHARE")]
    held_out: Option<f64>,
    /// The network: mlp, or cnn for images [default: mlp]
    #[arg(long, value_parser = ["mlp", "cnn"])]
    model: Option<String>,
    /// cnn: maps of each convolution [default: 32,64]
    #[arg(long, value_name = "COUNTS")]
    maps: Option<String>,
    /// Widths of the hidden layers; `none` for a linear model [default: 128,64]
    #[arg(long, value_name = "WIDTHS")]
    hidden: Option<String>,
    /// The function between layers [default: tanh]
    #[arg(long, value_parser = activation_names())]
    activation: Option<String>,
    /// The update rule [default: adamw]
    #[arg(long, value_parser = ["sgd", "adam", "adamw"])]
    optimizer: Option<String>,
    /// The (initial) step size [default: 0.003]
    #[arg(long, value_name = "RATE")]
    learning_rate: Option<f64>,
    /// How the step size changes [default: cosine]
    #[arg(long, value_parser = ["constant", "step", "cosine"])]
    schedule: Option<String>,
    /// Epochs over which the step size rises first [default: 0]
    #[arg(long, value_name = "EPOCHS")]
    warm_up: Option<f64>,
    /// Step schedule: epochs between drops [default: 10]
    #[arg(long, value_name = "EPOCHS")]
    step_every: Option<f64>,
    /// Step schedule: factor of each drop [default: 0.5]
    #[arg(long, value_name = "FACTOR")]
    step_factor: Option<f64>,
    /// Momentum of sgd [default: 0.9]
    #[arg(long, value_name = "SHARE")]
    momentum: Option<f64>,
    /// Nesterov's form of momentum
    #[arg(long)]
    nesterov: bool,
    /// Decay of the weights (biases are spared) [default: 0.05]
    #[arg(long, value_name = "RATE")]
    weight_decay: Option<f64>,
    /// Largest global norm of a gradient [default: none]
    #[arg(long, value_name = "NORM")]
    clip: Option<f64>,
    /// Share of the target spread over all classes [default: 0.05]
    #[arg(long, value_name = "SHARE")]
    label_smoothing: Option<f64>,
    /// Images: rows and columns by which they are moved at random in training, at most [default: 0]
    #[arg(long, value_name = "PIXELS")]
    shift: Option<usize>,
    /// Passes over the training data [default: 60]
    #[arg(long)]
    epochs: Option<usize>,
    /// Examples per step [default: 32]
    #[arg(long)]
    batch: Option<usize>,
    /// Seed of split, weights and order [default: 0]
    #[arg(long)]
    seed: Option<u64>,
    /// Train this many seeds, one after the other, and report mean and standard error
    #[arg(long, value_name = "N", default_value_t = 1, conflicts_with = "resume",
          value_parser = clap::value_parser!(u64).range(1..=1000))]
    seeds: u64,
    /// Precision [default: f32]
    #[arg(long, value_parser = ["f32", "f64"])]
    dtype: Option<String>,
    /// Folder for the results [default: runs/NAME]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Go on with the run in this folder
    #[arg(long, value_name = "DIR", conflicts_with_all = ["config", "out", "data"])]
    resume: Option<PathBuf>,
    /// Print one JSON object instead of text
    #[arg(long)]
    json: bool,
    /// Say nothing while training
    #[arg(long, short)]
    quiet: bool,
    /// Threads to compute with [default: all cores]
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=1024))]
    threads: Option<u64>,
}

fn activation_names() -> Vec<&'static str> {
    Activation::ALL.iter().map(|(name, _)| *name).collect()
}

impl Arguments {
    /// The settings: defaults, then the file's, then the options'.
    fn settings(&self) -> Result<Config, String> {
        let mut config = match &self.config {
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|e| format!("{}: cannot be read: {e}", path.display()))?;
                Config::from_toml(&text).map_err(|e| format!("{}: {e}", path.display()))?
            }
            None => Config::default(),
        };
        macro_rules! take {
            ($($field:ident),*) => { $(
                if let Some(value) = &self.$field {
                    config.$field = value.clone().into();
                }
            )* };
        }
        take!(
            data,
            target,
            task,
            held_out,
            learning_rate,
            warm_up,
            step_every,
            step_factor,
            momentum,
            weight_decay,
            clip,
            label_smoothing,
            shift,
            epochs,
            batch,
            seed
        );
        config.nesterov |= self.nesterov;
        if let Some(text) = &self.hidden {
            // Without hidden layers a model is linear in what it is given.
            config.hidden = if text == "none" { vec![] } else { counts("hidden", text)? };
        }
        // The parser has checked these names.
        if let Some(name) = &self.activation {
            let found = Activation::ALL.iter().find(|(n, _)| n == name);
            config.activation = found.map_or(config.activation, |(_, a)| *a);
        }
        if let Some(text) = &self.maps {
            config.maps = counts("maps", text)?;
        }
        match self.model.as_deref() {
            Some("mlp") => config.model = ModelKind::Mlp,
            Some("cnn") => config.model = ModelKind::Cnn,
            _ => {}
        }
        match self.optimizer.as_deref() {
            Some("sgd") => config.optimizer = OptimizerKind::Sgd,
            Some("adam") => config.optimizer = OptimizerKind::Adam,
            Some("adamw") => config.optimizer = OptimizerKind::Adamw,
            _ => {}
        }
        match self.schedule.as_deref() {
            Some("constant") => config.schedule = ScheduleKind::Constant,
            Some("step") => config.schedule = ScheduleKind::Step,
            Some("cosine") => config.schedule = ScheduleKind::Cosine,
            _ => {}
        }
        match self.dtype.as_deref() {
            Some("f32") => config.dtype = DTypeName::F32,
            Some("f64") => config.dtype = DTypeName::F64,
            _ => {}
        }
        config.validate().map_err(|e| e.to_string())?;
        Ok(config)
    }

    /// Whether an option was given that a resumed run would ignore.
    fn ignored_when_resuming(&self) -> bool {
        self.target.is_some()
            || self.hidden.is_some()
            || self.activation.is_some()
            || self.optimizer.is_some()
            || self.learning_rate.is_some()
            || self.schedule.is_some()
            || self.epochs.is_some()
            || self.batch.is_some()
            || self.seed.is_some()
            || self.dtype.is_some()
            || self.model.is_some()
            || self.maps.is_some()
            || self.shift.is_some()
            || self.nesterov
    }
}

/// `128,64`.
fn counts(option: &str, text: &str) -> Result<Vec<usize>, String> {
    text.split(',')
        .map(|n| {
            n.trim().parse().map_err(|_| {
                let or = if option == "hidden" { ", or none" } else { "" };
                format!("--{option}: `{n}` is not a number; write numbers like 128,64{or}")
            })
        })
        .collect()
}

/// `runs/NAME`, or `runs/NAME-2` and so on where there is a run already.
fn free_folder(data: &str) -> PathBuf {
    let stem = Path::new(data).file_name().map_or("data".into(), |n| n.to_string_lossy());
    let stem = stem.split('.').next().unwrap_or("data");
    let first = Path::new("runs").join(if stem.is_empty() { "data" } else { stem });
    let numbered = (2..).map(|i| first.with_file_name(format!("{}-{i}", stem)));
    std::iter::once(first.clone()).chain(numbered).find(|folder| !folder.exists()).unwrap_or(first)
}

/// What `--json` prints.
#[derive(Serialize)]
struct Printed {
    schema: u32,
    folder: PathBuf,
    finished: bool,
    score_name: &'static str,
    /// Held-out error per seed: 1 − accuracy, or 1 − R².
    errors: Vec<f64>,
    seeds: Vec<u64>,
    mean_error: f64,
    standard_error: Option<f64>,
    seconds: f64,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, String> {
    if let Some(n) = arguments.threads {
        tensor::set_threads(n as usize);
    }
    listen_for_interrupts()?;
    if let Some(folder) = &arguments.resume {
        if arguments.ignored_when_resuming() {
            return Err(
                "--resume goes on with the settings in the folder's config.toml; the other \
                        options must not be given"
                    .into(),
            );
        }
        let mut watcher = Watcher::new(arguments.quiet, String::new());
        let result = resume(folder, &mut watcher);
        watcher.finish();
        let (outcome, config) = result.map_err(|e| e.to_string())?;
        return finish(arguments, folder, vec![(config.seed, outcome)]);
    }
    let config = arguments.settings()?;
    let out = arguments.out.clone().unwrap_or_else(|| free_folder(&config.data));
    let mut outcomes = vec![];
    for k in 0..arguments.seeds {
        let config = Config { seed: config.seed.wrapping_add(k), ..config.clone() };
        let several = arguments.seeds > 1;
        let folder = if several { out.join(format!("seed-{}", config.seed)) } else { out.clone() };
        let label = if several { format!("seed {}: ", config.seed) } else { String::new() };
        let mut watcher = Watcher::new(arguments.quiet, label);
        let result = fit(&config, &folder, &mut watcher);
        watcher.finish();
        outcomes.push((config.seed, result.map_err(|e| e.to_string())?));
        if interrupted() {
            break;
        }
    }
    finish(arguments, &out, outcomes)
}

/// Prints the result.
fn finish(
    arguments: &Arguments,
    folder: &Path,
    outcomes: Vec<(u64, Outcome)>,
) -> Result<ExitCode, String> {
    let finished = outcomes.iter().all(|(_, o)| o.finished);
    let whole: Vec<&(u64, Outcome)> = outcomes.iter().filter(|(_, o)| o.finished).collect();
    let errors: Vec<f64> = whole.iter().map(|(_, o)| o.held_out.error()).collect();
    let n = errors.len() as f64;
    let mean = errors.iter().sum::<f64>() / n;
    let variance = errors.iter().map(|e| (e - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let standard_error = (errors.len() > 1).then(|| (variance / n).sqrt());
    let classes = outcomes.iter().any(|(_, o)| !o.held_out.predicted.is_empty());
    let printed = Printed {
        schema: 1,
        folder: folder.to_path_buf(),
        finished,
        score_name: if classes { "accuracy" } else { "R²" },
        seeds: whole.iter().map(|(s, _)| *s).collect(),
        mean_error: mean,
        standard_error,
        seconds: outcomes.iter().map(|(_, o)| o.seconds).sum(),
        errors,
    };
    if arguments.seeds > 1 && finished {
        let text = serde_json::to_string_pretty(&printed).map_err(|e| e.to_string())?;
        report::write_atomically(folder.join("summary.json"), text + "\n")
            .map_err(|e| e.to_string())?;
    }
    if arguments.json {
        println!("{}", serde_json::to_string(&printed).map_err(|e| e.to_string())?);
    } else if finished {
        if arguments.seeds == 1 {
            println!("report: {}", folder.join("report.html").display());
        } else {
            println!("runs: {}", folder.display());
        }
        let what = if classes { "test error" } else { "unexplained variance" };
        let percent = 100.0 * mean;
        match standard_error {
            None => println!("{what}: {percent:.2} %"),
            Some(se) => {
                println!(
                    "{what}: {percent:.2} % ± {:.2} ({} seeds)",
                    100.0 * se,
                    printed.errors.len()
                );
            }
        }
    }
    if finished {
        return Ok(ExitCode::SUCCESS);
    }
    let stopped = outcomes.iter().find(|(_, o)| !o.finished).map(|(s, _)| *s);
    let at = match stopped {
        Some(seed) if arguments.seeds > 1 => folder.join(format!("seed-{seed}")),
        _ => folder.to_path_buf(),
    };
    eprintln!("stopped; go on with: mathesis train --resume {}", at.display());
    Ok(ExitCode::from(INTERRUPTED))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{Args, Command, FromArgMatches};

    #[test]
    fn the_defaults_in_the_help_are_the_defaults() {
        let command = Arguments::augment_args(Command::new("train"));
        // What stands for a rule, not for a value that could be given.
        let described = ["target", "clip", "out", "seeds", "threads"];
        let mut checked = 0;
        for argument in command.get_arguments() {
            let name = argument.get_id().as_str();
            let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
            let Some((_, default)) = help.split_once("[default: ") else { continue };
            if described.contains(&name) {
                continue;
            }
            let option = format!("--{}", name.replace('_', "-"));
            let words = ["train", &option, default.trim_end_matches(']')];
            let matches = command.clone().try_get_matches_from(words).expect("a valid value");
            let arguments = Arguments::from_arg_matches(&matches).expect("valid arguments");
            assert_eq!(arguments.settings(), Ok(Config::default()), "{option}");
            checked += 1;
        }
        assert_eq!(checked, 20);
    }
}
