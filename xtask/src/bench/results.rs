//! What was measured, and what follows from it.

use super::statistics::{Ratio, geometric_mean, median, ratio};
use serde_json::Value;
use std::collections::BTreeMap;

/// The label of our own worker.
pub(crate) const OURS: &str = "mathesis";

/// How far checks may lie apart, relative to their size. They are sums and losses in f32 whose
/// order of additions differs; after ten updates by Adam, whose first steps divide gradients by
/// their own size, rounding counts more.
fn tolerance(check: &str) -> f64 {
    if check == "loss10" { 2e-3 } else { 2e-4 }
}

const CHECKS: [&str; 4] = ["loss0", "loss10", "check", "check2"];

/// One row: seconds per round, by worker.
#[derive(Clone, Default, Debug)]
pub(crate) struct Row {
    /// By worker, by round; a round without an answer is missing.
    pub(crate) times: BTreeMap<String, BTreeMap<usize, f64>>,
    /// The numbers each worker computed.
    pub(crate) checks: BTreeMap<String, BTreeMap<String, f64>>,
    /// What went wrong.
    pub(crate) remarks: Vec<String>,
    /// The least time that the machine could take, in seconds.
    pub(crate) floor: Option<f64>,
    /// The most bytes resident above what was there before the row, by worker.
    pub(crate) memory: BTreeMap<String, u64>,
}

/// Ours against the best peer.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Comparison {
    pub(crate) ours: f64,
    pub(crate) peer: String,
    pub(crate) theirs: f64,
    pub(crate) ratio: Ratio,
}

impl Row {
    /// Notes an answer.
    pub(crate) fn add(&mut self, worker: &str, round: usize, answer: &Value) {
        if let Some(error) = answer.get("err") {
            self.remarks.push(format!("{worker}: {error}"));
        }
        let Some(seconds) = answer.get("median").and_then(Value::as_f64) else { return };
        self.times.entry(worker.to_string()).or_default().insert(round, seconds);
        let checks = self.checks.entry(worker.to_string()).or_default();
        for check in CHECKS {
            if let Some(value) = answer.get(check).and_then(Value::as_f64) {
                checks.insert(check.to_string(), value);
            }
        }
    }

    /// Compares what workers computed with what we did. A peer that computed something else is no
    /// peer of this row.
    pub(crate) fn check(&mut self) {
        let Some(ours) = self.checks.get(OURS).cloned() else { return };
        let mut wrong = vec![];
        for (worker, checks) in &self.checks {
            for (check, value) in checks {
                let Some(expected) = ours.get(check) else { continue };
                let close = (value - expected).abs() <= tolerance(check) * expected.abs().max(1e-6);
                if !close {
                    wrong.push((worker.clone(), format!("{check} {value} against {expected}")));
                }
            }
        }
        for (worker, what) in wrong {
            self.times.remove(&worker);
            self.remarks
                .push(format!("{worker} computes something else and does not count: {what}"));
        }
    }

    fn median_of(&self, worker: &str) -> Option<f64> {
        median(&self.times.get(worker)?.values().copied().collect::<Vec<_>>())
    }

    /// Ours against the peer with the least median, round by round.
    pub(crate) fn comparison(&self) -> Option<Comparison> {
        let ours = self.times.get(OURS)?;
        let peers = self.times.keys().filter(|w| *w != OURS);
        let (theirs, peer) = peers
            .filter_map(|peer| Some((self.median_of(peer)?, peer)))
            .min_by(|a, b| a.0.total_cmp(&b.0))?;
        let their_rounds = &self.times[peer];
        let ratios: Vec<f64> =
            ours.iter().filter_map(|(round, t)| Some(t / their_rounds.get(round)?)).collect();
        let ratio = ratio(&ratios)?;
        Some(Comparison { ours: self.median_of(OURS)?, peer: peer.clone(), theirs, ratio })
    }
}

/// All rows in order.
pub(crate) type Rows = Vec<(String, Row)>;

fn milliseconds(seconds: f64) -> String {
    let ms = seconds * 1e3;
    match ms {
        _ if ms < 0.1 => format!("{ms:.5}"),
        _ if ms < 10.0 => format!("{ms:.3}"),
        _ => format!("{ms:.1}"),
    }
}

/// The table in Markdown.
pub(crate) fn table(rows: &Rows) -> String {
    let mut lines = vec![
        "| row | ours, ms | best peer | its ms | ours ÷ best peer [95 %] | floor, ms | of the floor |"
            .to_string(),
        "|---|---:|---|---:|---:|---:|---:|".to_string(),
    ];
    for (name, row) in rows {
        let ours = row.median_of(OURS);
        let share = ours.zip(row.floor).map(|(t, f)| format!("{:.0} %", 100.0 * f / t));
        let floor = row.floor.map_or("–".into(), milliseconds);
        let (peer, theirs, ratio) = match row.comparison() {
            Some(c) => {
                let r = c.ratio;
                let mark = if r.covers { "" } else { " (range)" };
                let ratio = format!("{:.2} [{:.2}, {:.2}]{mark}", r.median, r.low, r.high);
                (c.peer, milliseconds(c.theirs), ratio)
            }
            None => ("–".into(), "–".into(), "–".into()),
        };
        let ours = ours.map_or("–".into(), milliseconds);
        let share = share.unwrap_or("–".into());
        lines
            .push(format!("| {name} | {ours} | {peer} | {theirs} | {ratio} | {floor} | {share} |"));
    }
    lines.join("\n")
}

/// Every worker's median, in Markdown.
pub(crate) fn all_workers(rows: &Rows) -> String {
    let mut workers: Vec<&str> = vec![OURS];
    for (_, row) in rows {
        for worker in row.times.keys() {
            if !workers.contains(&worker.as_str()) {
                workers.push(worker);
            }
        }
    }
    let mut lines = vec![
        format!("| row, ms | {} |", workers.join(" | ")),
        format!("|---|{}", "---:|".repeat(workers.len())),
    ];
    for (name, row) in rows {
        let cell = |w: &&str| row.median_of(w).map_or("–".into(), milliseconds);
        let cells: Vec<String> = workers.iter().map(cell).collect();
        lines.push(format!("| {name} | {} |", cells.join(" | ")));
    }
    lines.join("\n")
}

/// Peak memory, in Markdown; nothing where it was not measured.
pub(crate) fn memory(rows: &Rows) -> Option<String> {
    let mebibytes = |bytes: u64| format!("{:.1}", bytes as f64 / f64::from(1 << 20));
    let mut lines = vec![
        "| row | ours, MiB | least peer | its MiB | ours ÷ least peer |".to_string(),
        "|---|---:|---|---:|---:|".to_string(),
    ];
    for (name, row) in rows {
        let Some(&ours) = row.memory.get(OURS) else { continue };
        let peers = row.memory.iter().filter(|(w, _)| *w != OURS);
        let line = match peers.min_by_key(|(_, bytes)| **bytes) {
            Some((peer, &theirs)) => {
                let ratio = ours as f64 / theirs.max(1) as f64;
                format!("{} | {peer} | {} | {ratio:.2}", mebibytes(ours), mebibytes(theirs))
            }
            None => format!("{} | – | – | –", mebibytes(ours)),
        };
        lines.push(format!("| {name} | {line} |"));
    }
    (lines.len() > 2).then(|| lines.join("\n"))
}

/// In how many rows we take at most what the least peer takes.
pub(crate) fn memory_summary(rows: &Rows) -> String {
    let at_most = |(_, row): &(String, Row)| {
        let ours = row.memory.get(OURS)?;
        let peers = row.memory.iter().filter(|(worker, _)| *worker != OURS);
        Some(*ours <= *peers.map(|(_, bytes)| bytes).min()?)
    };
    let compared: Vec<bool> = rows.iter().filter_map(at_most).collect();
    let held = compared.iter().filter(|&&at_most| at_most).count();
    format!("memory: at most the least peer's in {held} of {} rows", compared.len())
}

/// What did not go as it should.
pub(crate) fn remarks(rows: &Rows) -> Vec<String> {
    rows.iter()
        .flat_map(|(name, row)| row.remarks.iter().map(move |r| format!("{name}: {r}")))
        .collect()
}

/// The last line.
pub(crate) fn summary(rows: &Rows) -> String {
    let ratios: Vec<f64> =
        rows.iter().filter_map(|(_, row)| Some(row.comparison()?.ratio.median)).collect();
    match geometric_mean(&ratios) {
        Some(mean) => {
            format!("geometric mean: {mean:.3} of the best peer over {} rows", ratios.len())
        }
        None => "geometric mean: there is no peer to compare with".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn row(of: &[(&str, &[f64], f64)]) -> Row {
        let mut row = Row::default();
        for (worker, times, check) in of {
            for (round, seconds) in times.iter().enumerate() {
                row.add(worker, round, &json!({ "median": seconds, "check": check }));
            }
        }
        row.check();
        row
    }

    #[test]
    fn the_best_peer_is_the_fastest_that_computes_the_same() {
        let a = [
            ("mathesis", &[1.0, 2.0][..], 5.0),
            ("slow", &[4.0, 4.0], 5.0),
            ("fast", &[2.0, 2.0], 5.0001),
            ("wrong", &[0.1, 0.1], 4.0),
        ];
        let row = row(&a);
        let c = row.comparison().expect("a comparison");
        assert_eq!((c.peer.as_str(), c.ours, c.theirs, c.ratio.median), ("fast", 1.5, 2.0, 0.75));
        assert_eq!(row.remarks.len(), 1);
        assert!(row.remarks[0].starts_with("wrong computes something else"));
        let rows = vec![("tiny".to_string(), row)];
        assert_eq!(summary(&rows), "geometric mean: 0.750 of the best peer over 1 rows");
        assert!(
            table(&rows).contains("| tiny | 1500.0 | fast | 2000.0 | 0.75 [0.50, 1.00] (range) |")
        );
        assert!(!all_workers(&rows).contains("wrong"));
    }

    #[test]
    fn a_row_without_peers_has_no_ratio() {
        let rows = vec![("tiny".to_string(), row(&[("mathesis", &[1.0], 1.0)]))];
        assert!(rows[0].1.comparison().is_none());
        assert!(summary(&rows).contains("no peer"));
        assert!(memory(&rows).is_none());
    }
}
