//! What our worker says of itself: the machine's peaks, what is around the kernels.

use super::process::{Spec, command};
use super::statistics::median;
use serde_json::Value;
use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Instant;

/// Fresh processes whose first step is timed.
const STARTS: usize = 7;

/// The lines of the protocol that one call of the worker says.
fn say(worker: &Spec, words: &[&str], threads: usize) -> Result<Vec<Value>, String> {
    let mut spec = worker.clone();
    spec.command.extend(words.iter().map(|w| (*w).to_string()));
    let output = command(&spec, threads).stdin(Stdio::null()).output();
    let output = output.map_err(|e| format!("bench: `{}`: {e}", spec.command.join(" ")))?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(format!("bench: `{}` fails: {why}", spec.command.join(" ")));
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines = text.lines().filter_map(|l| l.strip_prefix("@@"));
    lines.map(|l| serde_json::from_str(l).map_err(|e| format!("bench: `{l}`: {e}"))).collect()
}

/// What the machine can do.
#[derive(Clone, Debug)]
pub(crate) struct Peaks {
    f32: f64,
    f64: f64,
    /// Sizes in bytes, ascending, with bytes per second.
    bandwidth: Vec<(f64, f64)>,
}

impl Peaks {
    pub(crate) fn measure(worker: &Spec, threads: usize) -> Result<Peaks, String> {
        let answer = say(worker, &["peaks"], threads)?.pop().unwrap_or_default();
        let number = |name: &str| {
            answer[name].as_f64().ok_or_else(|| format!("bench: the worker says no peak {name}"))
        };
        let pairs = answer["bandwidth"].as_array().cloned().unwrap_or_default();
        let pair = |p: &Value| Some((p[0].as_f64()?, p[1].as_f64()?));
        let bandwidth = pairs.iter().filter_map(pair).collect();
        Ok(Peaks { f32: number("f32")?, f64: number("f64")?, bandwidth })
    }

    /// The least time for this work, in seconds; see the worker's own `explain` for the rule.
    pub(crate) fn floor(&self, f64s: bool, flops: f64, bytes: f64) -> f64 {
        let compute = flops / if f64s { self.f64 } else { self.f32 };
        let fits = self.bandwidth.iter().rev().find(|(size, _)| *size <= bytes);
        let rate = fits.or(self.bandwidth.first()).map_or(f64::INFINITY, |(_, rate)| *rate);
        compute.max(bytes / rate)
    }

    pub(crate) fn line(&self) -> String {
        let sizes = self.bandwidth.iter().map(|(size, rate)| {
            let (gigabytes, kibibytes) = (rate * 1e-9, size / 1024.0);
            format!("{gigabytes:.0} GB/s over {kibibytes:.0} KiB")
        });
        let (f32, f64) = (self.f32 * 1e-9, self.f64 * 1e-9);
        let sizes = sizes.collect::<Vec<_>>().join(", ");
        format!("{f32:.0} Gflop/s in f32, {f64:.0} Gflop/s in f64; {sizes}")
    }
}

/// What is around the kernels.
#[derive(Clone, Debug)]
pub(crate) struct Figures {
    /// By row: everything the worker says.
    rows: BTreeMap<String, Value>,
    overheads: Value,
    first_step: f64,
}

impl Figures {
    pub(crate) fn measure(
        worker: &Spec,
        rows: &[String],
        threads: usize,
    ) -> Result<Figures, String> {
        let words: Vec<&str> =
            std::iter::once("figures").chain(rows.iter().map(String::as_str)).collect();
        let mut lines = say(worker, &words, threads)?;
        let overheads = lines.pop().unwrap_or_default();
        let named = lines.into_iter().filter_map(|l| Some((l["w"].as_str()?.to_string(), l)));
        let rows = named.collect();
        let mut starts = vec![];
        for _ in 0..STARTS {
            let start = Instant::now();
            say(worker, &["first-step"], threads)?;
            starts.push(start.elapsed().as_secs_f64());
        }
        let first_step = median(&starts).unwrap_or_default();
        Ok(Figures { rows, overheads, first_step })
    }

    /// A row's least time.
    pub(crate) fn floor(&self, row: &str, peaks: &Peaks) -> Option<f64> {
        let row = self.rows.get(row)?;
        let f64s = row["dtype"] == "f64";
        Some(peaks.floor(f64s, row["flop"].as_f64()?, row["bytes"].as_f64()?))
    }

    /// Lines in Markdown, aims beside.
    pub(crate) fn lines(&self) -> String {
        let number = |name: &str| self.overheads[name].as_f64().unwrap_or(f64::NAN);
        let (run, call) = (number("run") * 1e6, number("jit_call") * 1e6);
        let (links, operations) = (number("chain_links"), number("chain_operations"));
        let mut lines = vec![
            format!(
                "- one run of a compiled program of one scalar addition, kernel included: {run:.2} µs (aim: ≤ 0.3 beyond the kernels); by a call of a `jit`ted function: {call:.2} µs"
            ),
            format!(
                "- a chain of {links:.0} nodes traced, differentiated (then {operations:.0} operations) and compiled: {:.2} s, {:.2} s of it before the compiler (aim: ≤ 1)",
                number("chain"),
                number("chain_trace")
            ),
            format!(
                "- from the start of a process to the end of the first training step of the 784-512-256-10 network: {:.3} s (aim: ≤ 0.3)",
                self.first_step
            ),
        ];
        let mut compiles: Vec<(f64, &str)> = self
            .rows
            .iter()
            .filter_map(|(name, row)| Some((row["compile"].as_f64()?, name.as_str())))
            .collect();
        compiles.sort_by(|a, b| b.0.total_cmp(&a.0));
        let shown: Vec<String> = compiles
            .iter()
            .take(6)
            .map(|(seconds, name)| format!("{name} {:.2}", seconds * 1e3))
            .collect();
        lines.push(format!(
            "- compiling the programs of the rows, ms, the slowest first (aim: ≤ 50 each): {}",
            shown.join(", ")
        ));
        lines.join("\n")
    }
}
