//! `cargo xtask ci`: everything that continuous integration checks, and the README's commands.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

/// The steps before the README's own commands, which come last because they build in release.
const STEPS: &[(&str, &[&str], &[(&str, &str)])] = &[
    ("format", &["cargo", "fmt", "--all", "--check"], &[]),
    ("tidy", &["cargo", "run", "-q", "-p", "xtask", "--", "tidy"], &[]),
    ("lints", &["cargo", "clippy", "--workspace", "--all-targets", "--", "-D", "warnings"], &[]),
    (
        "documentation",
        &["cargo", "doc", "--workspace", "--no-deps"],
        &[("RUSTDOCFLAGS", "-D warnings")],
    ),
    ("matrix", &["cargo", "run", "-q", "-p", "xtask", "--", "matrix"], &[]),
];

/// The commands of a README: the lines of its `sh` blocks, without comments.
fn commands(readme: &str) -> Vec<Vec<String>> {
    let mut inside = false;
    let mut commands = vec![];
    for line in readme.lines().map(str::trim) {
        if line.starts_with("```") {
            inside = line == "```sh";
            continue;
        }
        let command = line.split(" #").next().unwrap_or_default().trim();
        if inside && !command.is_empty() && !command.starts_with('#') {
            commands.push(command.split_whitespace().map(str::to_string).collect());
        }
    }
    commands
}

/// Runs one step in the root; an error when it fails.
fn step<S: AsRef<str>>(
    root: &Path,
    name: &str,
    words: &[S],
    env: &[(&str, &str)],
) -> Result<(), String> {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    let shown = words.join(" ");
    println!("── {name}: {shown}");
    let [program, arguments @ ..] = &words[..] else { return Ok(()) };
    let start = Instant::now();
    let status = Command::new(program)
        .args(arguments)
        .envs(env.iter().copied())
        .current_dir(root)
        .status()
        .map_err(|e| format!("ci: `{shown}`: {e}"))?;
    println!("── {name}: {:.0} s", start.elapsed().as_secs_f64());
    if status.success() { Ok(()) } else { Err(format!("ci: `{shown}` fails: {status}")) }
}

/// Runs all steps, then the README's commands; an error with the first that fails.
pub(crate) fn run(root: &Path) -> Result<(), String> {
    let readme = root.join("README.md");
    let text =
        std::fs::read_to_string(&readme).map_err(|e| format!("ci: {}: {e}", readme.display()))?;
    for (name, words, env) in STEPS {
        step(root, name, words, env)?;
    }
    for command in commands(&text) {
        step(root, "README", &command, &[])?;
    }
    println!("ci: all steps pass");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_those_of_sh_blocks() {
        let readme = "# A\n```sh\ncargo test --workspace  # all\n\n# not this\n```\ntext\n\
                      ```rust\nlet x = 1;\n```\n```sh\ncargo run\n```\n";
        let words = [&["cargo", "test", "--workspace"][..], &["cargo", "run"]];
        assert_eq!(commands(readme), words);
    }

    #[test]
    fn the_readme_and_continuous_integration_run_the_same_tests() {
        let read = |path: &str| {
            std::fs::read_to_string(crate::root().join(path)).expect("the file is there")
        };
        let tests: Vec<String> = commands(&read("README.md"))
            .into_iter()
            .map(|words| words.join(" "))
            .filter(|command| command.starts_with("cargo test"))
            .collect();
        assert_eq!(tests, ["cargo test --workspace"]);
        assert!(read(".ci/run").lines().any(|line| line.trim() == tests[0]));
    }

    #[test]
    fn a_step_that_fails_is_an_error() {
        let error = step(&crate::root(), "test", &["cargo", "no-such-command"], &[]);
        assert!(error.is_err_and(|e| e.contains("cargo no-such-command")));
    }
}
