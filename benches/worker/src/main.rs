//! The worker of the bench: the rows of `docs/performance.md`, written as a user of the library
//! would write them, behind the line protocol that its peers speak too.
//!
//! ```text
//! mathesis-bench [--threads N]                   serves: `ROW SECONDS` in, `@@{json}` out
//! mathesis-bench [--threads N] figures [ROWS…]   what is around the kernels, a line a row
//! mathesis-bench [--threads N] peaks             what the machine can do
//! mathesis-bench [--threads N] explain ROW|FILE  a program, its plan, and where its time goes
//! mathesis-bench passes ROW|FILE                 a program after each pass of the compiler
//! mathesis-bench first-step                      one training step, then ends
//! mathesis-bench rows                            the names of the rows
//! ```

mod explain;
mod figures;
mod inputs;
mod peaks;
mod protocol;
mod row;
mod rows;
#[cfg(test)]
mod tests;

use std::process::ExitCode;

const USAGE: &str = "mathesis-bench [--threads N] [figures [ROWS…] | peaks | explain ROW|FILE | passes ROW|FILE | first-step | rows]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[&str]) -> Result<(), String> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let (threads, words) = match words {
        ["--threads", n, rest @ ..] => match n.parse() {
            Ok(n) if n > 0 => (n, rest),
            _ => return Err(format!("usage: {USAGE}")),
        },
        _ => (cores, words),
    };
    mathesis::set_threads(threads);
    let done = match words {
        [] => protocol::serve("mathesis", rows::row),
        ["figures"] => figures::run(rows::NAMES),
        ["figures", names @ ..] => figures::run(names),
        ["peaks"] => protocol::say(&peaks::Peaks::measure(threads).json()),
        ["explain", what] => return explain::run(what, &peaks::Peaks::measure(threads)),
        ["passes", what] => return explain::passes(what),
        ["first-step"] => figures::first_step(),
        ["rows"] => {
            println!("{}", rows::NAMES.join("\n"));
            Ok(())
        }
        _ => return Err(format!("usage: {USAGE}")),
    };
    done.map_err(|e| format!("mathesis-bench: {e}"))
}
