//! What the Rust workers of the bench share: the data, the line protocol, the clock.

use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::io::{BufRead, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

fn number(seed: u32, i: u32) -> f64 {
    let mut h = i.wrapping_mul(0x9E37_79B1).wrapping_add(seed.wrapping_mul(0x85EB_CA77));
    h ^= h >> 15;
    h = h.wrapping_mul(0x2C1B_3C6D);
    h ^= h >> 12;
    h = h.wrapping_mul(0x297A_2D39);
    h ^= h >> 15;
    f64::from(h) / 2_147_483_648.0 - 1.0
}

/// Numbers in [−scale, scale) from a hash of their positions, which count from 1.
pub fn uniform(seed: u32, n: usize, scale: f64) -> Vec<f32> {
    (1..=n as u32).map(|i| (number(seed, i) * scale) as f32).collect()
}

/// The same in f64.
pub fn uniform_f64(seed: u32, n: usize, scale: f64) -> Vec<f64> {
    (1..=n as u32).map(|i| number(seed, i) * scale).collect()
}

/// Labels in ten classes.
pub fn labels(n: usize) -> Vec<i64> {
    (0..n as i64).map(|i| (7 * i + 3) % 10).collect()
}

/// 1/√n.
pub fn inverse_root(n: usize) -> f64 {
    1.0 / (n as f64).sqrt()
}

/// `gemm_f64_128x784x512`: whether it is f64, and m, k, n.
pub fn product(row: &str) -> Option<(bool, usize, usize, usize)> {
    let (dtype, sizes) = row.strip_prefix("gemm_")?.split_once('_')?;
    let sizes: Option<Vec<usize>> = sizes.split('x').map(|n| n.parse().ok()).collect();
    let (m, k, n) = match sizes?[..] {
        [n] => (n, n, n),
        [m, k, n] => (m, k, n),
        _ => return None,
    };
    Some((dtype == "f64", m, k, n))
}

/// `1e6` in `sum_1e6`, as a number.
pub fn size(row: &str) -> Option<usize> {
    Some(row.rsplit('_').next()?.parse::<f64>().ok()? as usize)
}

/// A step to time, and what it computes.
pub struct Job {
    step: Box<dyn FnMut()>,
    checks: Vec<(&'static str, f64)>,
}

/// A step with its checks.
pub fn job(checks: Vec<(&'static str, f64)>, step: impl FnMut() + 'static) -> Option<Job> {
    Some(Job { step: Box::new(step), checks })
}

/// A training step, which gives its loss when asked to.
pub fn training(mut step: impl FnMut(bool) -> f64 + 'static) -> Option<Job> {
    let first = step(true);
    for _ in 0..9 {
        step(false);
    }
    let tenth = step(true);
    job(vec![("loss0", first), ("loss10", tenth)], move || {
        step(false);
    })
}

fn say(value: &Value) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "@@{value}").and_then(|()| out.flush()).expect("standard output is open");
}

/// Answers commands until the input ends.
pub fn serve(label: &str, row: impl Fn(&str) -> Option<Job>) {
    say(&json!({ "ready": label }));
    let mut jobs: HashMap<String, Option<Job>> = HashMap::new();
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let mut words = line.split_whitespace();
        let (Some(name), Some(seconds)) = (words.next(), words.next()) else { continue };
        let seconds: f64 = seconds.parse().unwrap_or(0.5);
        if !jobs.contains_key(name) {
            let made = catch_unwind(AssertUnwindSafe(|| row(name).map(|j| warm(j, seconds))));
            if made.is_err() {
                say(&json!({ "w": name, "fw": label, "err": "panic" }));
                jobs.insert(name.into(), None);
                continue;
            }
            jobs.insert(name.into(), made.ok().flatten());
        }
        match jobs.get_mut(name) {
            Some(Some(job)) => {
                let mut reply = Map::new();
                reply.insert("w".into(), name.into());
                reply.insert("fw".into(), label.into());
                reply.extend(job.checks.iter().map(|(k, v)| ((*k).to_string(), json!(v))));
                reply.extend(measure(&mut job.step, seconds));
                say(&Value::Object(reply));
            }
            _ => say(&json!({ "w": name, "fw": label, "na": true })),
        }
    }
}

fn warm(mut job: Job, seconds: f64) -> Job {
    let start = Instant::now();
    let mut steps = 0;
    while steps < 3 || start.elapsed().as_secs_f64() < seconds.min(0.5) {
        (job.step)();
        steps += 1;
    }
    job
}

/// Quantiles of seconds per step, over samples of at least 0.2 ms.
fn measure(step: &mut dyn FnMut(), seconds: f64) -> Map<String, Value> {
    let start = Instant::now();
    step();
    let inner = ((2e-4 / start.elapsed().as_secs_f64().max(1e-9)) as usize).max(1);
    let mut samples = vec![];
    let start = Instant::now();
    let (limit, patience) =
        (Duration::from_secs_f64(seconds), Duration::from_secs_f64(6.0 * seconds + 5.0));
    while samples.len() < 2000
        && (start.elapsed() < limit || (samples.len() < 5 && start.elapsed() < patience))
    {
        let sample = Instant::now();
        (0..inner).for_each(|_| step());
        samples.push(sample.elapsed().as_secs_f64() / inner as f64);
    }
    samples.sort_by(f64::total_cmp);
    let at = |p: f64| samples[((p * samples.len() as f64) as usize).min(samples.len() - 1)];
    let fields = json!({
        "median": at(0.5), "min": samples[0], "p25": at(0.25), "p75": at(0.75),
        "n": samples.len(), "inner": inner,
    });
    fields.as_object().cloned().unwrap_or_default()
}
