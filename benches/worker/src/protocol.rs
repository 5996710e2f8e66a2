//! The line protocol of the bench: one line `ROW SECONDS` in, one line `@@{json}` out.
//!
//! The first line out says that the worker is ready. The first command for a row also sets it up,
//! checks it and warms it up. Times are seconds per step: the median and quartiles of samples that
//! are at least 0.2 ms long, so that reading the clock does not count.

use crate::row::{Job, Row};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// The shortest sample, in seconds.
const SAMPLE: f64 = 2e-4;
const MOST_SAMPLES: usize = 2000;
const FEWEST_SAMPLES: usize = 5;
/// The longest warm-up, in seconds.
const WARM_UP: f64 = 0.5;

/// Answers commands until the input ends or says `quit`.
pub(crate) fn serve(label: &str, row: impl Fn(&str) -> Option<Row>) -> io::Result<()> {
    say(&json!({ "ready": label }))?;
    let mut jobs: BTreeMap<String, Option<Job>> = BTreeMap::new();
    for line in io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split_whitespace().collect();
        let (name, seconds) = match words[..] {
            [] => continue,
            ["quit"] => break,
            [name, seconds] => (name, seconds.parse().unwrap_or(0.5)),
            _ => (words[0], 0.5),
        };
        if !jobs.contains_key(name) {
            match catch_unwind(AssertUnwindSafe(|| set_up(&row, name, seconds))) {
                Ok(job) => {
                    jobs.insert(name.to_string(), job);
                }
                Err(panic) => {
                    jobs.insert(name.to_string(), None);
                    say(&json!({ "w": name, "fw": label, "err": message(&*panic) }))?;
                    continue;
                }
            }
        }
        match jobs.get_mut(name) {
            Some(Some(job)) => {
                let mut reply = Map::new();
                reply.insert("w".into(), name.into());
                reply.insert("fw".into(), label.into());
                for (check, value) in &job.checks {
                    reply.insert((*check).into(), json!(value));
                }
                reply.extend(measure(&mut job.step, seconds));
                say(&Value::Object(reply))?;
            }
            Some(None) | None => say(&json!({ "w": name, "fw": label, "na": true }))?,
        }
    }
    Ok(())
}

pub(crate) fn say(value: &Value) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "@@{value}")?;
    out.flush()
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("panic").chars().take(300).collect()
}

/// The row made, checked and warm; none if there is no such row.
fn set_up(row: &impl Fn(&str) -> Option<Row>, name: &str, seconds: f64) -> Option<Job> {
    let mut job = row(name)?.job();
    let start = Instant::now();
    let mut steps = 0;
    while steps < 3 || start.elapsed().as_secs_f64() < seconds.min(WARM_UP) {
        (job.step)();
        steps += 1;
    }
    Some(job)
}

/// Times a step for about this many seconds.
fn measure(step: &mut dyn FnMut(), seconds: f64) -> Map<String, Value> {
    let start = Instant::now();
    step();
    let once = start.elapsed().as_secs_f64();
    let inner = ((SAMPLE / once.max(1e-9)) as usize).max(1);
    let mut samples: Vec<f64> = vec![];
    let start = Instant::now();
    let limit = Duration::from_secs_f64(seconds.max(0.0));
    let patience = Duration::from_secs_f64(6.0 * seconds.max(0.0) + 5.0);
    while samples.len() < MOST_SAMPLES
        && (start.elapsed() < limit
            || (samples.len() < FEWEST_SAMPLES && start.elapsed() < patience))
    {
        let sample = Instant::now();
        for _ in 0..inner {
            step();
        }
        samples.push(sample.elapsed().as_secs_f64() / inner as f64);
    }
    samples.sort_by(f64::total_cmp);
    let quantile = |p: f64| samples[((p * samples.len() as f64) as usize).min(samples.len() - 1)];
    let fields = json!({
        "median": quantile(0.5), "min": samples[0], "p25": quantile(0.25), "p75": quantile(0.75),
        "n": samples.len(), "inner": inner,
    });
    match fields {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
