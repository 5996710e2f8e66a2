//! `cargo xtask bench`: our worker and its peers in alternation, and the table that follows;
//! `cargo xtask explain`: where the time of one row goes.

mod figures;
mod options;
mod page;
mod peers;
mod process;
mod results;
mod statistics;

use figures::{Figures, Peaks};
use indicatif::{ProgressBar, ProgressStyle};
use options::Options;
use peers::Peer;
use process::{Spec, Worker};
use results::{OURS, Row, Rows};
use serde_json::Value;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Builds our worker in the default release build, the one that users get, and says where it is.
fn build(root: &Path) -> Result<PathBuf, String> {
    let cargo = |words: &[&str]| {
        let mut command = Command::new("cargo");
        command.args(words).current_dir(root);
        command
    };
    let status = cargo(&["build", "--release", "-q", "-p", "mathesis-bench"]).status();
    if !status.map_err(|e| format!("bench: cargo: {e}"))?.success() {
        return Err("bench: our worker does not build".into());
    }
    let output = cargo(&["metadata", "--no-deps", "--format-version", "1"]).output();
    let output = output.map_err(|e| format!("bench: cargo metadata: {e}"))?;
    let metadata: Value = serde_json::from_slice(&output.stdout)
        .map_err(|e| format!("bench: cargo metadata: {e}"))?;
    let target = metadata["target_directory"].as_str().unwrap_or("target");
    Ok(Path::new(target).join("release/mathesis-bench"))
}

fn ours(path: &Path, threads: usize) -> Spec {
    let words = [path.to_string_lossy().into_owned(), "--threads".into(), threads.to_string()];
    Spec { label: OURS.into(), command: words.into(), env: vec![] }
}

/// `cargo xtask explain ROW|FILE [--threads N] [--passes]`.
pub(crate) fn explain(root: &Path, words: &[&str]) -> Result<(), String> {
    let (mut what, mut threads, mut command) = (None, None, "explain");
    let mut words = words.iter();
    while let Some(&word) = words.next() {
        match word {
            "--passes" => command = "passes",
            "--threads" => threads = words.next().copied(),
            _ if what.is_none() && !word.starts_with("--") => what = Some(word),
            _ => return Err("usage: cargo xtask explain ROW|FILE [--threads N] [--passes]".into()),
        }
    }
    let what = what.ok_or("usage: cargo xtask explain ROW|FILE [--threads N] [--passes]")?;
    let mut worker = Command::new(build(root)?);
    if let Some(n) = threads {
        worker.args(["--threads", n]);
    }
    let status = worker.args([command, what]).status().map_err(|e| format!("explain: {e}"))?;
    if status.success() { Ok(()) } else { Err(format!("explain: `{what}` fails")) }
}

/// `cargo xtask bench`.
pub(crate) fn run(root: &Path, words: &[&str]) -> Result<(), String> {
    let options = Options::parse(words)?;
    let ours = ours(&build(root)?, options.threads);
    let (peers, missing) = peers::find(root, &options.peers);
    missing.iter().for_each(|line| println!("bench: {line}"));
    if options.memory && !options.write {
        return memory_only(&options, &ours, &peers);
    }
    let peaks = Peaks::measure(&ours, options.threads)?;
    let figures = Figures::measure(&ours, &options.rows, options.threads)?;
    let mut rows = alternate(&options, &ours, &peers)?;
    for (name, row) in &mut rows {
        row.check();
        row.floor = figures.floor(name, &peaks);
    }
    if options.memory {
        memory(options.threads, &ours, &peers, &mut rows);
    }
    println!("\n{}\n", results::table(&rows));
    println!("{}\n", results::all_workers(&rows));
    if let Some(memory) = results::memory(&rows) {
        println!("{memory}\n");
    }
    println!("the machine's peaks: {}", peaks.line());
    println!("{}", figures.lines());
    results::remarks(&rows).iter().for_each(|r| println!("- {r}"));
    if options.write {
        page::write(root, &options, &rows, &figures, &peaks, &peers)?;
    }
    println!("{}", results::summary(&rows));
    Ok(())
}

/// The table of memory without that of times.
fn memory_only(options: &Options, ours: &Spec, peers: &[Peer]) -> Result<(), String> {
    let mut rows: Rows = options.rows.iter().map(|r| (r.clone(), Row::default())).collect();
    memory(options.threads, ours, peers, &mut rows);
    results::remarks(&rows).iter().for_each(|r| println!("- {r}"));
    let table = results::memory(&rows).ok_or("bench: this system does not say what is resident")?;
    println!("\n{table}\n");
    println!("{}", results::memory_summary(&rows));
    Ok(())
}

fn bar(steps: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed} (left: {eta}) {msg}");
    ProgressBar::new(steps as u64).with_style(style.unwrap_or(ProgressStyle::default_bar()))
}

/// Every row, every round, every worker in turn.
fn alternate(options: &Options, ours: &Spec, peers: &[Peer]) -> Result<Rows, String> {
    let mut json = match &options.json {
        Some(path) => {
            let file = std::fs::File::create(path);
            Some(file.map_err(|e| format!("bench: {}: {e}", path.display()))?)
        }
        None => None,
    };
    let mut workers = vec![Worker::start(ours, options.threads)?];
    for peer in peers {
        match Worker::start(&peer.spec, options.threads) {
            Ok(worker) => workers.push(worker),
            Err(why) => println!("bench: {why}: skipped"),
        }
    }
    let bar = bar(options.rows.len() * options.rounds * workers.len());
    let mut rows = vec![];
    for name in &options.rows {
        let mut row = Row::default();
        let mut absent: Vec<String> = vec![];
        for round in 0..options.rounds {
            for worker in &mut workers {
                bar.inc(1);
                if absent.contains(&worker.label) {
                    continue;
                }
                bar.set_message(format!("{name} {}", worker.label));
                let answer = match worker.run(name, options.seconds) {
                    Ok(answer) => answer,
                    Err(why) if worker.label == OURS => return Err(format!("bench: {why}")),
                    Err(why) => {
                        absent.push(worker.label.clone());
                        row.remarks.push(why);
                        continue;
                    }
                };
                row.add(&worker.label, round, &answer);
                if answer.get("median").is_none() {
                    absent.push(worker.label.clone());
                }
                if let Some(file) = &mut json {
                    let line = serde_json::json!({
                        "worker": worker.label, "threads": options.threads, "round": round,
                        "row": name, "answer": answer,
                    });
                    writeln!(file, "{line}").map_err(|e| format!("bench: --json: {e}"))?;
                }
            }
        }
        rows.push((name.clone(), row));
    }
    bar.finish_and_clear();
    Ok(rows)
}

/// The most memory of a row's steps above what is resident when the worker is ready, each in a
/// process of its own. The set-up is not counted: its peak is forgotten before the steps.
fn memory(threads: usize, ours: &Spec, peers: &[Peer], rows: &mut Rows) {
    let specs: Vec<&Spec> = std::iter::once(ours)
        .chain(peers.iter().filter(|p| p.gives_memory_back).map(|p| &p.spec))
        .collect();
    let bar = bar(rows.len() * specs.len());
    for (name, row) in rows {
        for spec in &specs {
            bar.inc(1);
            bar.set_message(format!("memory of {name}, {}", spec.label));
            match peak(spec, name, threads) {
                Ok(Some(bytes)) => {
                    row.memory.insert(spec.label.clone(), bytes);
                }
                Ok(None) => {}
                Err(why) => row.remarks.push(why),
            }
        }
    }
    bar.finish_and_clear();
}

fn peak(spec: &Spec, row: &str, threads: usize) -> Result<Option<u64>, String> {
    let mut worker = Worker::start(spec, threads)?;
    let Some(resident) = worker.resident else { return Ok(None) };
    let answer = worker.run(row, 0.05)?;
    if answer.get("median").is_none() || !worker.forget_peak() {
        return Ok(None);
    }
    worker.run(row, 0.1)?;
    Ok(worker.status("VmHWM").map(|peak| peak.saturating_sub(resident)))
}
