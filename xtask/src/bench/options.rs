//! The words behind `cargo xtask bench`.

use super::peers::FAMILIES;
use std::path::PathBuf;

pub(crate) const USAGE: &str = "cargo xtask bench [ROWS…] [--peers torch,jax,…] [--threads N] \
     [--rounds N] [--secs S] [--memory] [--json FILE] [--write]";

/// The rows of the table, in its order.
pub(crate) const TABLE: [&str; 23] = [
    "gemm_f32_1024",
    "gemm_f64_1024",
    "gemm_f32_64",
    "ew_gelu_1e6",
    "ew_gelu_1e7",
    "softmax_1024",
    "layernorm_1024",
    "sum_1e6",
    "sum_1e7",
    "sum_ax1_1024",
    "sum_ax0_1024",
    "mlp_b32",
    "mlp_b128",
    "tiny",
    "lenet_b64",
    "resblock_b32",
    "lstm",
    "transformer",
    "hvp_small",
    "hvp_mlp",
    "hess_small",
    "psgrad_small",
    "psgrad_mlp",
];

/// Rows that are run only when they are named.
const MORE: [&str; 7] = [
    "gemm_f32_256",
    "gemm_f32_2048",
    "gemm_f32_128x784x512",
    "gemm_f64_64",
    "gemm_f64_256",
    "gemm_f64_2048",
    "gemm_f64_128x784x512",
];

/// What is asked for.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Options {
    pub(crate) rows: Vec<String>,
    pub(crate) peers: Vec<String>,
    pub(crate) threads: usize,
    pub(crate) rounds: usize,
    pub(crate) seconds: f64,
    pub(crate) memory: bool,
    pub(crate) json: Option<PathBuf>,
    pub(crate) write: bool,
}

/// The rows that a word names: one, or all that begin with it (`gemm`, `sum`, `psgrad`).
fn rows_of(word: &str) -> Result<Vec<String>, String> {
    let all = || TABLE.iter().chain(&MORE);
    let found: Vec<String> = match all().find(|row| **row == word) {
        Some(row) => vec![(*row).to_string()],
        None => all().filter(|row| row.starts_with(word)).map(|r| (*r).to_string()).collect(),
    };
    if found.is_empty() {
        let known: Vec<&str> = all().copied().collect();
        return Err(format!("bench: no row begins with `{word}`; rows are {}", known.join(", ")));
    }
    Ok(found)
}

impl Options {
    pub(crate) fn parse(words: &[&str]) -> Result<Options, String> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let mut options = Options {
            rows: vec![],
            peers: FAMILIES.iter().map(|f| (*f).to_string()).collect(),
            threads: cores.min(2),
            rounds: 20,
            seconds: 0.3,
            memory: false,
            json: None,
            write: false,
        };
        let mut words = words.iter();
        while let Some(&word) = words.next() {
            let mut value = || words.next().copied().ok_or(format!("bench: {word} needs a value"));
            match word {
                "--peers" => {
                    let list = value()?.split(',').filter(|p| !p.is_empty());
                    options.peers = list.map(str::to_string).collect();
                }
                "--threads" => options.threads = positive(word, value()?)?,
                "--rounds" => options.rounds = positive(word, value()?)?,
                "--secs" => options.seconds = positive(word, value()?)?,
                "--memory" => options.memory = true,
                "--json" => options.json = Some(PathBuf::from(value()?)),
                "--write" => options.write = true,
                _ if word.starts_with('-') => return Err(format!("usage: {USAGE}")),
                row => options.rows.extend(rows_of(row)?),
            }
        }
        if options.rows.is_empty() {
            options.rows = TABLE.iter().map(|r| (*r).to_string()).collect();
        }
        let mut seen = std::collections::BTreeSet::new();
        options.rows.retain(|row| seen.insert(row.clone()));
        Ok(options)
    }
}

fn positive<T: std::str::FromStr + PartialOrd + Default>(
    name: &str,
    word: &str,
) -> Result<T, String> {
    let parsed = word.parse::<T>().ok().filter(|n| *n > T::default());
    parsed.ok_or(format!("bench: {name} needs a positive number, got `{word}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_rows_and_options() {
        let all = Options::parse(&[]).expect("options");
        assert_eq!((all.rows.len(), all.rounds, all.write), (23, 20, false));
        let some = ["tiny", "sum", "tiny", "--peers", "jax", "--secs", "0.1", "--rounds", "2"];
        let some = Options::parse(&some).expect("options");
        assert_eq!(some.rows, ["tiny", "sum_1e6", "sum_1e7", "sum_ax1_1024", "sum_ax0_1024"]);
        assert_eq!((some.peers, some.seconds, some.rounds), (vec!["jax".to_string()], 0.1, 2));
        for wrong in [&["--rounds", "0"][..], &["--secs"], &["no_row"], &["--fast"]] {
            assert!(Options::parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
