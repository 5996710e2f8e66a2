//! A run that was stopped and resumed equals one that was not, bit for bit; a run that diverges
//! keeps its last good network.

use std::path::Path;
use train::{Config, Error, ModelKind, Observer, OptimizerKind, Progress, Silent, fit, resume};

fn config() -> Config {
    Config { data: "iris".into(), hidden: vec![8], epochs: 6, batch: 16, ..Config::default() }
}

fn read(folder: &Path, name: &str) -> Vec<u8> {
    std::fs::read(folder.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// Asks to stop once, after so many steps.
struct StopAfter {
    steps: usize,
    made: usize,
}

impl Observer for StopAfter {
    fn step(&mut self, _: &Progress) {
        self.made += 1;
    }
    fn stop(&self) -> bool {
        self.made >= self.steps
    }
}

#[test]
fn a_resumed_run_equals_an_uninterrupted_one_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    let outcome = fit(&config(), &whole, &mut Silent).unwrap();
    assert!(outcome.finished);
    // 120 training examples make 8 batches an epoch: stop in the middle of the third epoch, at
    // the end of one, and at the very first step.
    for steps in [19, 16, 1] {
        let parts = folder.path().join(format!("stopped-after-{steps}"));
        let first = fit(&config(), &parts, &mut StopAfter { steps, made: 0 }).unwrap();
        assert!(!first.finished);
        assert!(!parts.join("report.html").exists(), "an unfinished run has no report");
        let (second, _) = resume(&parts, &mut Silent).unwrap();
        assert!(second.finished);
        for file in ["model.safetensors", "checkpoint.safetensors", "metrics.jsonl"] {
            assert!(read(&whole, file) == read(&parts, file), "{file} after {steps} steps");
        }
    }
}

/// Also with convolutions and images that are moved at random.
#[test]
fn a_resumed_run_on_moved_images_makes_the_same_moves() {
    let config = Config {
        model: ModelKind::Cnn,
        maps: vec![3],
        hidden: vec![],
        shift: 1,
        epochs: 2,
        batch: 128,
        ..Config::default()
    };
    let folder = tempfile::tempdir().unwrap();
    let (whole, parts) = (folder.path().join("whole"), folder.path().join("parts"));
    fit(&config, &whole, &mut Silent).unwrap();
    fit(&config, &parts, &mut StopAfter { steps: 7, made: 0 }).unwrap();
    resume(&parts, &mut Silent).unwrap();
    for file in ["model.safetensors", "checkpoint.safetensors", "metrics.jsonl"] {
        assert!(read(&whole, file) == read(&parts, file), "{file}");
    }
    let still = folder.path().join("still");
    fit(&Config { shift: 0, ..config }, &still, &mut Silent).unwrap();
    assert!(read(&whole, "model.safetensors") != read(&still, "model.safetensors"));
}

#[test]
fn convolutions_are_for_images() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    for wrong in [
        Config { model: ModelKind::Cnn, ..config() },
        Config { shift: 1, ..config() },
        Config { model: ModelKind::Cnn, maps: vec![], data: "digits".into(), ..config() },
    ] {
        let error = fit(&wrong, &run, &mut Silent).unwrap_err().to_string();
        assert!(error.contains("images") || error.contains("at least one"), "{error}");
        assert!(!run.exists(), "nothing is left of a run that cannot be");
    }
}

/// Metrics are read and written again when a run goes on: every digit must come back. (By default
/// serde_json reads some numbers one unit in the last place off.)
#[test]
fn metrics_that_are_read_and_written_again_are_the_same() {
    for epoch in 1..2000 {
        let x = (epoch as f64).sqrt().sin().abs();
        let metrics = train::Metrics {
            epoch,
            training_loss: x,
            training_score: x / 3.0,
            held_out_loss: x.exp(),
            held_out_score: 1.0 - x,
            learning_rate: x * 1e-7,
        };
        let line = serde_json::to_string(&metrics).unwrap();
        assert_eq!(serde_json::from_str::<train::Metrics>(&line).unwrap(), metrics, "{line}");
    }
}

#[test]
fn equal_seeds_give_equal_runs_and_different_seeds_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let run = |name: &str, seed| {
        let at = folder.path().join(name);
        fit(&Config { seed, epochs: 2, ..config() }, &at, &mut Silent).unwrap();
        read(&at, "model.safetensors")
    };
    let first = run("a", 3);
    assert!(first == run("b", 3));
    assert!(first != run("c", 4));
}

#[test]
fn a_diverging_run_stops_and_keeps_the_last_good_network() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().join("run");
    let wild = Config {
        data: "diabetes".into(),
        optimizer: OptimizerKind::Sgd,
        activation: nn::Activation::Identity,
        learning_rate: 1e6,
        ..config()
    };
    let error = fit(&wild, &at, &mut Silent).unwrap_err();
    assert!(matches!(error, Error::Diverged { .. }), "{error}");
    let message = error.to_string();
    assert!(message.contains("training diverged") && message.contains("--learning-rate"));
    assert!(!at.join("report.html").exists());
    assert!(at.join("model.safetensors").exists() && at.join("checkpoint.safetensors").exists());
}

#[test]
fn a_broken_checkpoint_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().join("run");
    fit(&config(), &at, &mut StopAfter { steps: 3, made: 0 }).unwrap();
    let path = at.join("checkpoint.safetensors");
    let bytes = std::fs::read(&path).unwrap();
    for cut in [0, 7, 100, bytes.len() / 2, bytes.len() - 1] {
        std::fs::write(&path, &bytes[..cut]).unwrap();
        let error = resume(&at, &mut Silent).unwrap_err().to_string();
        assert!(error.contains("checkpoint.safetensors"), "{error}");
    }
}
