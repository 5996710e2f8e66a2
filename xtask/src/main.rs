//! The project's own tasks, in plain Rust: nothing to install.
//!
//! ```text
//! cargo xtask ci                               everything that continuous integration checks
//! cargo xtask tidy                             the rules of the house
//! cargo xtask matrix [--only NAME] [--json]    every transformation of every operation
//! cargo xtask bench [ROWS…] [--write] …        our speed beside that of other libraries
//! cargo xtask explain ROW|FILE [--passes] …  where the time of a program goes
//! cargo xtask sanitize [TOOL…]                 the unsafe code under Miri and sanitizers (nightly)
//! ```

mod bench;
mod ci;
mod matrix;
mod sanitize;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "cargo xtask ci | tidy | matrix [--only NAME] [--json] | bench [ROWS…] [--peers LIST] \
     [--threads N] [--rounds N] [--secs S] [--memory] [--json FILE] [--write] | explain ROW|FILE [--threads N] [--passes] | sanitize [TOOL…]";

/// The workspace's root.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().expect("invariant: xtask lies in the workspace").to_path_buf()
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["ci"] => ci::run(&root()),
        ["tidy"] => tidy::run(&root()),
        ["matrix", ref options @ ..] => matrix::run(options),
        ["bench", ref options @ ..] => bench::run(&root(), options),
        ["sanitize", ref names @ ..] => sanitize::run(&root(), names),
        ["explain", ref options @ ..] => bench::explain(&root(), options),
        _ => Err(format!("usage: {USAGE}")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}
