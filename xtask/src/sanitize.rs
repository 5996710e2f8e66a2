//! `cargo xtask sanitize`: the tests of the unsafe code under the tools that see what it does.
//!
//! Needs a nightly toolchain; says so where it is not there, and which component it lacks.

use std::path::Path;
use std::process::{Command, Stdio};

/// A tool: its name, what it finds, the component of the toolchain that it needs, the command of
/// cargo, the tests it runs, which of those (their names contain one of these; all where
/// there is none), and variables of its environment.
struct Tool {
    name: &'static str,
    finds: &'static str,
    component: Option<&'static str>,
    command: &'static [&'static str],
    tests: &'static [&'static str],
    only: &'static [&'static str],
    env: &'static [(&'static str, &'static str)],
}

impl Tool {
    /// The words after `cargo`.
    fn arguments(&self) -> Vec<&'static str> {
        [&["+nightly"], self.command, self.tests, &["--"], self.only].concat()
    }
}

/// The tests of the unsafe code, and those of random programs. A sanitizer needs the target named,
/// so that build scripts are not instrumented too.
const KERNELS: &[&str] = &[
    "-p",
    "mathesis-engine",
    "-p",
    "mathesis-testing",
    "--lib",
    "--tests",
    "--target",
    "x86_64-unknown-linux-gnu",
];

/// The pool's threads outlive the tests, on purpose, and tests ask for the number of cores.
const MIRI: &[(&str, &str)] = &[("MIRIFLAGS", "-Zmiri-disable-isolation -Zmiri-ignore-leaks")];

const TOOLS: &[Tool] = &[
    Tool {
        name: "miri-array",
        finds: "undefined behaviour in the buffers",
        component: Some("miri"),
        command: &["miri", "test"],
        tests: &["-p", "mathesis-array", "--lib"],
        only: &[],
        env: &[],
    },
    Tool {
        name: "miri-engine",
        finds: "undefined behaviour and data races in the pool, and in plans with loops and products",
        component: Some("miri"),
        command: &["miri", "test"],
        tests: &["-p", "mathesis-engine", "--lib"],
        only: &["threads::", "profile::", "kernels::sliding::", "kernels::dot::nest::"],
        env: MIRI,
    },
    Tool {
        name: "miri-examples",
        finds: "undefined behaviour in the kernels for processors without AVX, on every example",
        component: Some("miri"),
        command: &["miri", "test"],
        tests: &["-p", "mathesis-engine", "--test", "examples"],
        only: &["--nocapture"],
        env: MIRI,
    },
    Tool {
        name: "address",
        finds: "accesses out of bounds and after free, in the kernels on examples and random programs",
        component: None,
        command: &["test"],
        tests: KERNELS,
        only: &[],
        env: &[("RUSTFLAGS", "-Zsanitizer=address --cfg exact_memory")],
    },
    Tool {
        name: "thread",
        finds: "data races, in the pool and the kernels that use it",
        component: Some("rust-src"),
        command: &["test", "-Zbuild-std"],
        tests: KERNELS,
        only: &["thread"],
        env: &[("RUSTFLAGS", "-Zsanitizer=thread")],
    },
];

/// Runs the tools whose names begin with one of `names`, all when there is none. All are run
/// before the first failure is returned.
pub(crate) fn run(root: &Path, names: &[&str]) -> Result<(), String> {
    let known = || TOOLS.iter().map(|tool| tool.name).collect::<Vec<_>>().join(", ");
    if let Some(name) = names.iter().find(|n| !TOOLS.iter().any(|t| t.name.starts_with(**n))) {
        return Err(format!("sanitize: `{name}` is none of {}", known()));
    }
    if !answers(&["cargo", "+nightly", "--version"]) {
        return Err(
            "sanitize: there is no nightly toolchain: `rustup toolchain install nightly`".into()
        );
    }
    let asked = |tool: &&Tool| names.is_empty() || names.iter().any(|n| tool.name.starts_with(n));
    let mut missing = vec![];
    let mut failed = vec![];
    for tool in TOOLS.iter().filter(asked) {
        if let Some(component) = tool.component
            && !is_installed(component)
        {
            println!(
                "── {}: the nightly toolchain has no {component}: \
                 `rustup component add {component} --toolchain nightly`",
                tool.name
            );
            missing.push(tool.name);
            continue;
        }
        let arguments = tool.arguments();
        println!("── {}: {}\n   cargo {}", tool.name, tool.finds, arguments.join(" "));
        let status = Command::new("cargo")
            .args(arguments)
            .envs(tool.env.iter().copied())
            // Artefacts of another toolchain and other flags must not displace the usual ones.
            .env("CARGO_TARGET_DIR", root.join("target/sanitize").join(tool.name))
            .current_dir(root)
            .status()
            .map_err(|e| format!("sanitize: cargo: {e}"))?;
        if !status.success() {
            failed.push(tool.name);
        }
    }
    match (&failed[..], &missing[..]) {
        ([], []) => Ok(()),
        ([], missing) => Err(format!("sanitize: not run: {}", missing.join(", "))),
        (failed, _) => Err(format!("sanitize: {} found something", failed.join(", "))),
    }
}

fn answers(words: &[&str]) -> bool {
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Whether the nightly toolchain has a component.
fn is_installed(component: &str) -> bool {
    let list = Command::new("rustup")
        .args(["component", "list", "--toolchain", "nightly", "--installed"])
        .output();
    list.is_ok_and(|list| {
        String::from_utf8_lossy(&list.stdout).lines().any(|line| line.starts_with(component))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_tool_is_named() {
        let error = run(Path::new("."), &["valgrind"]).unwrap_err();
        assert!(error.contains("`valgrind` is none of miri-array, miri-engine, "));
    }
}
