//! `cargo xtask matrix`: see [`testing::matrix`].

use std::io::{IsTerminal, Write};
use testing::matrix;

/// Runs the matrix and prints it; an error when a cell fails.
pub(crate) fn run(options: &[&str]) -> Result<(), String> {
    let (mut only, mut json) = ("", false);
    let mut rest = options.iter();
    while let Some(&option) = rest.next() {
        match option {
            "--json" => json = true,
            "--only" => only = rest.next().ok_or("matrix: --only needs a NAME")?,
            other => return Err(format!("matrix: no option `{other}`; --only NAME, --json")),
        }
    }
    let matrix = matrix::run(only, &progress);
    if std::io::stderr().is_terminal() {
        eprint!("\r\x1b[K");
    }
    if matrix.rows.is_empty() {
        return Err(format!("matrix: no row's name contains `{only}`"));
    }
    if json {
        let text = serde_json::to_string_pretty(&matrix).map_err(|e| e.to_string())?;
        println!("{text}");
    } else {
        println!("{matrix}");
    }
    let counts = matrix.counts();
    if counts.pass == counts.of {
        return Ok(());
    }
    Err(format!("matrix: {} cells fail", counts.of - counts.pass))
}

/// One line that moves on a terminal; elsewhere a line now and then.
fn progress(done: usize, of: usize, name: &str) {
    let mut err = std::io::stderr().lock();
    // A progress line that cannot be written is no reason to stop.
    let _ = if err.is_terminal() {
        write!(err, "\r\x1b[Kmatrix: row {done} of {of}  {name}")
    } else if done.is_multiple_of(50) || done == of {
        writeln!(err, "matrix: row {done} of {of}")
    } else {
        Ok(())
    };
    let _ = err.flush();
}
