//! The binary as a user meets it: what works, and what it says of bad input. Every error is one
//! line on standard error with a non-zero exit, and leaves nothing half-written.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Place {
        Place(tempfile::tempdir().unwrap())
    }
    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        std::fs::write(self.path(name), content).unwrap();
        name.to_string()
    }
    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_mathesis"))
            .args(arguments)
            .current_dir(self.0.path())
            .output()
            .unwrap()
    }
    fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let (out, err) = texts(&output);
        assert!(output.status.success(), "{arguments:?}: {err}");
        out
    }
    /// The single line of an error.
    fn error(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let (out, err) = texts(&output);
        assert!(!output.status.success(), "{arguments:?} succeeded: {out}");
        assert!(!err.contains("panicked"), "{arguments:?} panicked: {err}");
        let errors: Vec<&str> = err.lines().filter(|l| l.starts_with("error:")).collect();
        assert_eq!(errors.len(), 1, "{arguments:?}: {err}");
        errors[0].to_string()
    }
}

fn texts(output: &Output) -> (String, String) {
    let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

#[track_caller]
fn says(message: &str, words: &[&str]) {
    for word in words {
        assert!(message.contains(word), "`{message}` should say `{word}`");
    }
}

const QUICK: [&str; 7] = ["--data", "iris", "--epochs", "2", "--hidden", "4", "--quiet"];

fn train<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["train"], &QUICK[..], more].concat()
}

#[test]
fn training_leaves_a_whole_run() {
    let place = Place::new();
    let out = place.ok(&train(&[]));
    says(&out, &["report: runs/iris/report.html"]);
    assert!(out.lines().last().unwrap().starts_with("test error: "), "{out}");
    for name in [
        "config.toml",
        "model.safetensors",
        "checkpoint.safetensors",
        "metrics.jsonl",
        "summary.json",
        "input.json",
        "report.html",
    ] {
        assert!(place.path("runs/iris").join(name).exists(), "{name}");
    }
    let page = std::fs::read_to_string(place.path("runs/iris/report.html")).unwrap();
    says(&page, &["Confusion matrix", "Is the gradient right?", "The program"]);
    // Again, without saying where: a folder of its own.
    says(&place.ok(&train(&[])), &["runs/iris-2"]);
}

#[test]
fn several_seeds_give_a_mean_and_a_standard_error() {
    let place = Place::new();
    let out = place.ok(&train(&["--seeds", "3", "--out", "r"]));
    let last = out.lines().last().unwrap();
    says(last, &["test error: ", " ± ", "(3 seeds)"]);
    let json = place.ok(&train(&["--seeds", "2", "--out", "j", "--json"]));
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value["errors"].as_array().unwrap().len(), 2);
    assert!(value["standard_error"].is_number());
}

#[test]
fn settings_come_from_a_file_and_options_win() {
    let place = Place::new();
    place.file("s.toml", "data = \"iris\"\nepochs = 3\nhidden = [5]\nactivation = \"relu\"\n");
    place.ok(&["train", "--config", "s.toml", "--epochs", "1", "--out", "r", "-q"]);
    let saved = std::fs::read_to_string(place.path("r/config.toml")).unwrap();
    says(&saved, &["epochs = 1", "hidden = [5]", "activation = \"relu\""]);
    let page = std::fs::read_to_string(place.path("r/report.html")).unwrap();
    says(&page, &["relu has kinks"]);
    place.file("bad.toml", "epoch = 3\n");
    says(&place.error(&["train", "--config", "bad.toml"]), &["bad.toml", "epoch", "line 1"]);
}

#[test]
fn predictions_check_their_input() {
    let place = Place::new();
    place.ok(&train(&["--out", "r", "--epochs", "30"]));
    let file = place.file("new.csv", "5.1,3.5,1.4,0.2\n6.7,3.0,5.2,2.3\n");
    let out = place.ok(&["predict", "r", &file]);
    says(&out, &["setosa", "virginica", "%"]);
    let json = place.ok(&["predict", "r", &file, "--json"]);
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value["predictions"][0]["label"], "setosa");
    let wrong = place.file("wrong.csv", "5.1,3.5,1.4\n6.7,3.0,5.2\n");
    says(&place.error(&["predict", "r", &wrong]), &["3 features", "takes 4"]);
    says(&place.error(&["predict", "nowhere", &file]), &["nowhere", "holds no run"]);
    says(&place.error(&["predict", "r", "missing.csv"]), &["missing.csv"]);
}

#[test]
fn values_can_be_learned_too() {
    let place = Place::new();
    let out = place.ok(&["train", "--data", "diabetes", "--epochs", "3", "--out", "r", "-q"]);
    says(&out, &["unexplained variance: "]);
}

#[test]
fn bad_data_are_named() {
    let place = Place::new();
    let error = |name: &str, words: &[&str]| {
        let message = place.error(&["train", "--data", name, "--out", "r"]);
        says(&message, words);
        assert!(!place.path("r").exists(), "{name}: nothing is written");
    };
    error("missing.csv", &["missing.csv"]);
    place.file("empty.csv", "");
    error("empty.csv", &["empty.csv"]);
    place.file("nan.csv", "a,b,label\n1,2,x\n3,nan,y\n5,6,x\n");
    error("nan.csv", &["nan.csv", "line 3"]);
    place.file("ragged.csv", "a,b,label\n1,2,x\n3,y\n");
    error("ragged.csv", &["ragged.csv", "3"]);
    place.file("one.csv", "a,b,label\n1,2,x\n3,4,x\n5,6,x\n7,8,x\n9,1,x\n");
    error("one.csv", &["one class", "`x`"]);
    // A label that is no class, in the third line.
    place.file("label.csv", "a,b,label\n1,2,0\n3,4,-5\n5,6,1\n7,8,0\n");
    error("label.csv", &["label.csv", "-5"]);
    // Three images, two labels.
    let images = [&[0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 2][..], &[9; 12]].concat();
    place.file("pair-images-idx3-ubyte", images);
    place.file("pair-labels-idx1-ubyte", [0, 0, 8, 1, 0, 0, 0, 2, 0, 1]);
    error("pair-images-idx3-ubyte", &["pair-", "3", "2"]);
    // An IDX header that promises more than there is.
    let mut idx = vec![0, 0, 8, 3, 0, 0, 0, 10, 0, 0, 0, 28, 0, 0, 0, 28];
    idx.extend([7; 100]);
    place.file("cut-images-idx3-ubyte", &idx);
    error("cut-images-idx3-ubyte", &["cut-images-idx3-ubyte"]);
}

#[test]
fn impossible_settings_are_named() {
    let place = Place::new();
    let error = |more: &[&str], words: &[&str]| {
        says(&place.error(&train(&[more, &["--out", "r"]].concat())), words);
        assert!(!place.path("r").exists(), "{more:?}: nothing is written");
    };
    error(&["--batch", "1000"], &["--batch", "larger than the 120 training examples"]);
    error(&["--batch", "0"], &["--batch", "at least 1"]);
    error(&["--learning-rate", "-1"], &["--learning-rate", "positive"]);
    error(&["--learning-rate", "nan"], &["--learning-rate", "positive"]);
    error(&["--held-out", "1.5"], &["--held-out", "less than 1"]);
    error(&["--label-smoothing", "1"], &["--label-smoothing"]);
    error(&["--target", "species"], &["--target", "is for files"]);
    error(&["--task", "values"], &["--task", "is for files"]);
}

#[test]
fn every_embedded_data_set_can_be_trained_on_by_the_name_in_the_help() {
    let place = Place::new();
    for name in ["digits", "iris", "breast-cancer", "diabetes"] {
        says(&place.ok(&["train", "--help"]), &[name]);
        place.ok(&["train", "--data", name, "--epochs", "1", "--hidden", "none", "-q"]);
        assert!(place.path("runs").join(name).join("report.html").exists());
    }
}

#[test]
fn a_diverging_run_says_so() {
    let place = Place::new();
    let message = place.error(&[
        "train",
        "--data",
        "diabetes",
        "--optimizer",
        "sgd",
        "--activation",
        "identity",
        "--learning-rate",
        "1e8",
        "--epochs",
        "5",
        "--out",
        "d",
        "-q",
    ]);
    says(&message, &["training diverged", "epoch", "--learning-rate"]);
    assert!(place.path("d/checkpoint.safetensors").exists());
    assert!(!place.path("d/report.html").exists());
}

#[test]
fn outputs_are_not_overwritten_and_must_be_writable() {
    let place = Place::new();
    place.ok(&train(&["--out", "r"]));
    let before = std::fs::read(place.path("r/model.safetensors")).unwrap();
    says(&place.error(&train(&["--out", "r", "--seed", "9"])), &["already holds a run"]);
    assert!(before == std::fs::read(place.path("r/model.safetensors")).unwrap());
    place.file("file", "not a folder");
    says(&place.error(&train(&["--out", "file/below"])), &["file/below"]);
}

#[test]
fn resuming_needs_a_run() {
    let place = Place::new();
    says(&place.error(&["train", "--resume", "nowhere"]), &["nowhere", "holds no run"]);
    place.ok(&train(&["--out", "r"]));
    says(&place.error(&["train", "--resume", "r", "--epochs", "5"]), &["--resume", "config.toml"]);
}

#[cfg(unix)]
#[test]
fn an_interrupt_saves_a_checkpoint_and_the_resumed_run_is_the_same() {
    let place = Place::new();
    let arguments = |out: &'static str| {
        ["train", "--data", "digits", "--epochs", "12", "--hidden", "32", "-q", "--out", out]
    };
    let mut child = Command::new(env!("CARGO_BIN_EXE_mathesis"))
        .args(arguments("a"))
        .current_dir(place.0.path())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    // Wait for the first epoch's line, then interrupt.
    let metrics = place.path("a/metrics.jsonl");
    while !metrics.exists() {
        std::thread::sleep(std::time::Duration::from_millis(2));
        assert!(child.try_wait().unwrap().is_none() || metrics.exists());
    }
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let status = child.wait().unwrap();
    if status.code() == Some(130) {
        assert!(!place.path("a/report.html").exists());
        says(&place.ok(&["train", "--resume", "a", "-q"]), &["test error: "]);
    }
    place.ok(&arguments("b"));
    let read = |at: &Path| std::fs::read(at.join("model.safetensors")).unwrap();
    assert!(read(&place.path("a")) == read(&place.path("b")));
}

#[test]
fn help_has_examples() {
    let place = Place::new();
    for command in ["train", "predict"] {
        says(&place.ok(&[command, "--help"]), &["Example", "mathesis"]);
    }
}
