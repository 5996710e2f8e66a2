//! The worker of the bench: the rows of `docs/performance.md`, written as a user of the library
//! would write them, behind the line protocol that its peers speak too.
//!
//! ```text
//! mathesis-bench [--threads N]        serves: a line `ROW SECONDS` in, a line `@@{json}` out
//! ```

mod inputs;
mod protocol;
mod row;
mod rows;
#[cfg(test)]
mod tests;

use std::process::ExitCode;

const USAGE: &str = "usage: mathesis-bench [--threads N]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut words = arguments.iter().map(String::as_str);
    while let Some(word) = words.next() {
        match (word, words.next().and_then(|n| n.parse::<usize>().ok())) {
            ("--threads", Some(n)) if n > 0 => mathesis::set_threads(n),
            _ => {
                eprintln!("{USAGE}");
                return ExitCode::FAILURE;
            }
        }
    }
    match protocol::serve("mathesis", rows::row) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("mathesis-bench: {why}");
            ExitCode::FAILURE
        }
    }
}
