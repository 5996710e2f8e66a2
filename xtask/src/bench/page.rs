//! `docs/performance.md`: what was measured, where, with what.

use super::figures::{Figures, Peaks};
use super::options::Options;
use super::peers::Peer;
use super::results::{self, Rows};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

const INTRODUCTION: &str = "\
# Performance

Written by `cargo xtask bench --write`; `MATHESIS_BENCH_PYTHON` names the Python that has PyTorch and
JAX. Workers are processes that run the same programs on the same data and speak one line protocol
(`benches/worker` is ours, `benches/peers` are the others). They take turns, A B C A B C …, and whoever
does not run is stopped. A round's time is the median over its samples; the table has the medians of
the rounds, the median of the ratios *in the same round* to the peer with the least median, and
between brackets an interval between order statistics that covers that ratio's median with 95 %
probability, whatever the distribution. Losses and sums agree (to 2e-4 relative, 2e-3 after ten
updates), or the worker does not count.

The floor is what the program's operations and its inputs and outputs, moved once, take at the
machine's peak as measured in the same run. A multiply-add is two operations, an exponential one, so
rows of transcendental functions cannot come near.

\"As installed\" is `pip install`; \"tuned\" peers have glibc's malloc told to keep memory, and torch
has the fused optimiser and MKL's AVX-512 code, which it does not take by itself on this processor's
make. Rust peers are built for this processor.
";

/// The page, with one section per number of threads; those of other numbers stay.
pub(crate) fn write(
    root: &Path,
    options: &Options,
    rows: &Rows,
    figures: &Figures,
    peaks: &Peaks,
    peers: &[Peer],
) -> Result<(), String> {
    let path = root.join("docs/performance.md");
    let title =
        format!("On {} thread{}", options.threads, if options.threads == 1 { "" } else { "s" });
    let before = std::fs::read_to_string(&path).unwrap_or_default();
    let mut sections: Vec<(String, String)> =
        sections(&before).into_iter().filter(|(t, _)| *t != title).collect();
    sections.push((title, section(options, rows, figures, peaks, peers)));
    sections.sort_by(|a, b| b.0.cmp(&a.0));
    let mut text = INTRODUCTION.to_string();
    for (title, body) in sections {
        text.push_str(&format!("\n## {title}\n\n{}\n", body.trim()));
    }
    std::fs::write(&path, text).map_err(|e| format!("bench: {}: {e}", path.display()))?;
    println!("bench: written to docs/performance.md");
    Ok(())
}

/// The sections of a page: titles and bodies.
fn sections(page: &str) -> Vec<(String, String)> {
    let parts = page.split("\n## ").skip(1);
    let named = parts.filter_map(|part| part.split_once('\n'));
    named.map(|(title, body)| (title.trim().to_string(), body.trim().to_string())).collect()
}

fn section(
    options: &Options,
    rows: &Rows,
    figures: &Figures,
    peaks: &Peaks,
    peers: &[Peer],
) -> String {
    let mut parts = vec![
        format!(
            "{}; {}. {} rounds of {} s. Peaks: {}.",
            machine(),
            versions(peers),
            options.rounds,
            options.seconds,
            peaks.line()
        ),
        results::table(rows),
        format!("**{}**", results::summary(rows)),
    ];
    let remarks = results::remarks(rows);
    if !remarks.is_empty() {
        parts.push(remarks.iter().map(|r| format!("- {r}")).collect::<Vec<_>>().join("\n"));
    }
    parts.push("Around the kernels:".into());
    parts.push(figures.lines());
    if let Some(memory) = results::memory(rows) {
        parts.push(
            "Peak memory of a step above what is resident after loading, in a process of its own:"
                .into(),
        );
        parts.push(memory);
    }
    parts.push("Every worker:".into());
    parts.push(results::all_workers(rows));
    parts.join("\n\n")
}

/// The processor and its cores.
fn machine() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        let line = text.lines().find(|l| l.split(':').next().is_some_and(|k| k.trim() == name));
        line.and_then(|l| l.split_once(':')).map(|(_, v)| v.trim().to_string())
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let model = field("model name").unwrap_or_else(|| std::env::consts::ARCH.into());
    let family = match (field("cpu family"), field("model")) {
        (Some(family), Some(model)) => format!(" (family {family}, model {model})"),
        _ => String::new(),
    };
    format!("{model}{family}, {cores} cores, {}", std::env::consts::OS)
}

fn versions(peers: &[Peer]) -> String {
    let rustc = Command::new("rustc").arg("--version").output();
    let rustc = rustc.map(|o| String::from_utf8_lossy(&o.stdout).trim().to_string());
    let mut all: BTreeSet<String> = BTreeSet::new();
    for peer in peers {
        let family = peer.spec.label.split([' ', '.']).next().unwrap_or_default();
        all.insert(format!("{family} {}", peer.version));
    }
    let listed: Vec<String> = rustc.into_iter().chain(all).collect();
    listed.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_of_other_numbers_of_threads_are_kept() {
        let page = format!("{INTRODUCTION}\n## On 2 threads\n\nbody\n\n## On 1 thread\n\nother\n");
        let found = sections(&page);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0], ("On 2 threads".to_string(), "body".to_string()));
        assert_eq!(found[1].1, "other");
        assert!(sections("").is_empty());
    }
}
