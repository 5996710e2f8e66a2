//! A program, its plan, what it costs, and where its time goes.

use crate::peaks::Peaks;
use crate::rows;
use mathesis::prelude::*;
use mathesis::program::{Profile, StepProfile, Traced};
use std::collections::BTreeMap;

/// Runs of which each time is the median.
const RUNS: usize = 30;

/// Explains a row, or a file with the text of a program.
pub(crate) fn run(what: &str, peaks: &Peaks) -> Result<(), String> {
    let (traced, arguments) = program(what)?;
    println!("── program: {} operations\n{}\n", traced.operations(), traced.text());
    let compiled = traced.compile();
    println!("── plan: {} steps\n{}\n", compiled.steps(), compiled.text());
    let profile = compiled.profile(&arguments, RUNS);
    steps(&profile, peaks);
    kinds(&profile, peaks);
    let (flops, bytes) = traced.work();
    let f64s = arguments.iter().any(|a| a.dtype() == DType::F64);
    let floor = peaks.floor(if f64s { DType::F64 } else { DType::F32 }, flops, bytes);
    println!(
        "── in all: {:.1} µs; {:.3} Gflop and {:.3} MB of inputs and outputs set a floor of {:.1} µs ({:.0} %)",
        profile.seconds * 1e6,
        flops as f64 * 1e-9,
        bytes as f64 * 1e-6,
        floor * 1e6,
        100.0 * floor / profile.seconds
    );
    println!(
        "   {:.3} MB of results are held at once, at most, beside the inputs",
        compiled.peak_bytes() as f64 * 1e-6
    );
    println!(
        "   the machine: {:.0} Gflop/s in f32, {:.0} in f64; {}",
        peaks.flops[0] * 1e-9,
        peaks.flops[1] * 1e-9,
        peaks
            .bandwidth
            .iter()
            .map(|(size, rate)| format!("{:.0} GB/s over {} KiB", rate * 1e-9, size / 1024))
            .collect::<Vec<_>>()
            .join(", ")
    );
    Ok(())
}

/// Prints the program, and what each pass of the compiler that changes it makes of it.
pub(crate) fn passes(what: &str) -> Result<(), String> {
    let (traced, _) = program(what)?;
    println!("── program: {} operations\n{}\n", traced.operations(), traced.text());
    for (name, after) in traced.passes() {
        println!("── after {name}: {} operations\n{}\n", after.operations(), after.text());
    }
    let compiled = traced.compile();
    println!("── plan: {} steps\n{}", compiled.steps(), compiled.text());
    Ok(())
}

fn program(what: &str) -> Result<(Traced, Vec<Tensor>), String> {
    match rows::row(what) {
        Some(row) => Ok(row.program()),
        None => from_file(what),
    }
}

fn from_file(path: &str) -> Result<(Traced, Vec<Tensor>), String> {
    let text = std::fs::read_to_string(path)
        .map_err(|e| format!("`{path}` is neither a row nor a file that can be read: {e}"))?;
    let traced = Traced::parse(&text).map_err(|e| format!("{path}: {e}"))?;
    let key = Key::new(0);
    let types = traced.arguments();
    let keys = key.split_n(types.len());
    let draw = |((dtype, shape), key): ((DType, Vec<usize>), Key)| {
        if dtype.is_float() {
            key.uniform(&shape, dtype, 0.25, 0.75)
        } else {
            Tensor::zeros(&shape, dtype)
        }
    };
    Ok((traced, types.into_iter().zip(keys).map(draw).collect()))
}

/// Every step in order.
fn steps(profile: &Profile, peaks: &Peaks) {
    println!("── steps: time, share of all, floor and its share of the time, flop, bytes");
    let total: f64 = profile.steps.iter().map(|s| s.seconds).sum();
    lines(&profile.steps, "", total, peaks);
    println!("     {}", shares(total, total, profile.steps.iter().map(|s| least(s, peaks)).sum()));
}

/// A line a step; below it, indented, those inside it, with the sums over all iterations.
fn lines(steps: &[StepProfile], indent: &str, total: f64, peaks: &Peaks) {
    for (i, step) in steps.iter().enumerate() {
        let floor = peaks.floor(step.dtype, step.flops, step.bytes);
        let times = match step.iterations {
            1 => String::new(),
            n => format!("{n} × "),
        };
        println!(
            "{indent}{i:4} {} {:12} {:12}  {times}{} {}",
            shares(step.seconds, total, floor),
            step.flops,
            step.bytes,
            step.name,
            step.types
        );
        lines(&step.inside, &format!("{indent}  │"), total, peaks);
    }
}

fn least(step: &StepProfile, peaks: &Peaks) -> f64 {
    peaks.floor(step.dtype, step.flops, step.bytes)
}

fn shares(seconds: f64, total: f64, floor: f64) -> String {
    let percent = |a: f64, b: f64| if b > 0.0 { 100.0 * a / b } else { 0.0 };
    format!(
        "{:10.2} µs {:5.1} % {:10.2} µs {:4.0} %",
        seconds * 1e6,
        percent(seconds, total),
        floor * 1e6,
        percent(floor, seconds)
    )
}

/// Steps of one name together, the costliest first.
fn kinds(profile: &Profile, peaks: &Peaks) {
    let mut kinds: BTreeMap<&str, (usize, f64, f64)> = BTreeMap::new();
    for step in &profile.steps {
        let name = step.name.split('(').next().unwrap_or_default();
        let kind = kinds.entry(name).or_default();
        *kind = (kind.0 + 1, kind.1 + step.seconds, kind.2 + least(step, peaks));
    }
    let mut kinds: Vec<_> = kinds.into_iter().collect();
    kinds.sort_by(|a, b| b.1.1.total_cmp(&a.1.1));
    let total: f64 = profile.steps.iter().map(|s| s.seconds).sum();
    println!("── kinds of steps");
    for (name, (count, seconds, floor)) in kinds {
        println!("{count:4} {}  {name}", shares(seconds, total, floor));
    }
}
