//! Rules about one file.

use super::matches::catch_all_arms;
use super::source::{code_of, line_at, product, words};
use super::{File, Finding};

/// The most lines a source file may have.
const MOST_LINES: usize = 1000;

/// The most lines a note may have: one decision, a page.
const MOST_NOTE_LINES: usize = 100;

/// Words that some crates may not say.
struct Reserved {
    words: &'static [&'static str],
    /// Whether the rule binds a crate.
    binds: fn(&str) -> bool,
    /// Whether tests, examples and test modules may.
    tests_may: bool,
    rule: &'static str,
}

const RESERVED: &[Reserved] = &[
    Reserved {
        words: &["unsafe"],
        binds: |member| !["engine", "array"].contains(&member),
        tests_may: false,
        rule: "unsafe code lives in `engine` (and a little in `array`)",
    },
    Reserved {
        words: &["thread::spawn", "thread::scope", "thread::Builder", "rayon::"],
        // `train` prefetches batches; `testing`, `bench` and `xtask` are tools.
        binds: |member| !["engine", "train", "testing", "bench", "xtask"].contains(&member),
        tests_may: true,
        rule: "threads are the engine's business",
    },
    Reserved {
        words: &["fs::", "File::", "OpenOptions", "DirBuilder", "std::fs"],
        binds: |member| {
            !["data", "train", "report", "onnx", "cli", "bench", "xtask"].contains(&member)
        },
        tests_may: true,
        rule: "only `data`, `train`, `report`, `onnx` and `cli` touch the file system",
    },
    Reserved {
        words: &["std::time", "std::env", "std::io", "std::process", "std::net", "thread_local!"],
        binds: |member| member == "compile",
        tests_may: true,
        rule: "`compile` is a pure function",
    },
];

/// Macros that stand for work not done, or not meant to stay.
const UNFINISHED: [&str; 3] = ["todo!", "unimplemented!", "dbg!"];

/// Where machines keep what is not part of the repository.
fn machine_paths() -> [String; 4] {
    // In pieces, so that this file does not find itself.
    ["work", "home", "root", "Users"].map(|folder| format!("/{folder}/"))
}

pub(super) fn check(file: &File) -> Vec<Finding> {
    let mut findings = vec![];
    let lines = file.text.lines().count();
    if file.path.starts_with("docs/notes/") && file.path.ends_with(".md") && lines > MOST_NOTE_LINES
    {
        let message = format!("{lines} lines; a note is one decision, at most {MOST_NOTE_LINES}");
        findings.push(Finding::new(file, MOST_NOTE_LINES + 1, message));
    }
    for (number, line) in file.text.lines().enumerate() {
        for path in machine_paths() {
            if names_machine_path(line, &path) {
                findings.push(Finding::new(
                    file,
                    number + 1,
                    format!("a path of one machine, `{path}`"),
                ));
            }
        }
    }
    // The bench's peers are other libraries' programs: unsafe calls and files are theirs.
    if file.is_rust() && !file.path.starts_with("benches/peers/") {
        findings.extend(rust(file, lines));
    }
    findings
}

/// Whether a path stands in a line as an absolute one, not as the end of a longer one or of a
/// URL.
fn names_machine_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || ".-_/~$}".contains(c))
    })
}

fn rust(file: &File, lines: usize) -> Vec<Finding> {
    let mut findings = vec![];
    let mut add = |line: usize, message: String| findings.push(Finding::new(file, line, message));
    if lines > MOST_LINES {
        add(MOST_LINES + 1, format!("{lines} lines, at most {MOST_LINES}: split it by meaning"));
    }
    let code = code_of(&file.text);
    let member = file.member().unwrap_or_default();
    let for_tests = ["/tests/", "/examples/", "/benches/"].iter().any(|d| file.path.contains(d));
    for reserved in RESERVED.iter().filter(|r| (r.binds)(member)) {
        if for_tests && reserved.tests_may {
            continue;
        }
        let bound = if reserved.tests_may { product(&code) } else { &code };
        let mut at: Vec<usize> = reserved.words.iter().flat_map(|w| words(bound, w)).collect();
        at.sort_unstable();
        let mut said: Vec<usize> = at.into_iter().map(|at| line_at(&code, at)).collect();
        said.dedup();
        said.into_iter().for_each(|line| add(line, reserved.rule.to_string()));
    }
    for word in UNFINISHED {
        for at in words(&code, word) {
            add(line_at(&code, at), format!("`{word}` is work left open"));
        }
    }
    for at in words(&code, "#[ignore") {
        add(line_at(&code, at), "a test that does not run decides nothing".into());
    }
    if ["ir", "compile"].contains(&member) && !for_tests {
        for line in catch_all_arms(product(&code)) {
            add(line, "an arm that catches every other `Prim`: list them".into());
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        let file = File { path: path.into(), text: text.into() };
        check(&file).iter().map(Finding::to_string).collect()
    }

    #[track_caller]
    fn one(path: &str, text: &str, line: usize, contains: &str) {
        let found = found(path, text);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with(&format!("{path}:{line}: ")), "{found:?}");
        assert!(found[0].contains(contains), "{found:?}");
    }

    #[test]
    fn unsafe_code_outside_the_engine_is_found_even_in_tests() {
        let code = "fn f() {}\nfn g() { unsafe { h() } }\n";
        one("crates/nn/src/lib.rs", code, 2, "unsafe");
        one("crates/nn/tests/a.rs", code, 2, "unsafe");
        assert!(found("crates/engine/src/lib.rs", code).is_empty());
        assert!(found("crates/nn/src/lib.rs", "#![deny(unsafe_code)] // unsafe\n").is_empty());
    }

    #[test]
    fn threads_and_files_outside_their_crates_are_found() {
        one("crates/nn/src/a.rs", "use std::thread;\nfn f() { thread::spawn(g); }", 2, "threads");
        one("crates/tensor/src/a.rs", "\n\nuse std::fs;", 3, "file system");
        one("crates/optim/src/a.rs", "fn f() { File::open(p); }", 1, "file system");
        assert!(found("crates/data/src/a.rs", "use std::fs::File;").is_empty());
        assert!(found("crates/tensor/tests/a.rs", "fn f() { thread::scope(g); }").is_empty());
        let module = "fn f() {}\n#[cfg(test)]\nmod tests {\n use std::fs;\n}\n";
        assert!(found("crates/tensor/src/a.rs", module).is_empty());
    }

    #[test]
    fn an_impure_compiler_is_found() {
        one("crates/compile/src/a.rs", "fn f() { std::env::var(x); }", 1, "pure");
        assert!(found("crates/engine/src/a.rs", "use std::sync::Arc;").is_empty());
    }

    #[test]
    fn long_files_and_notes_are_found() {
        one("crates/nn/src/a.rs", &"\n".repeat(1001), 1001, "at most 1000");
        one("docs/notes/a.md", &"x\n".repeat(101), 101, "at most 100");
        assert!(found("docs/notes/a.md", &"x\n".repeat(100)).is_empty());
    }

    #[test]
    fn unfinished_work_is_found() {
        one("crates/nn/src/a.rs", "fn f() { todo!() }", 1, "todo!");
        one("crates/nn/tests/a.rs", "\nfn f() { dbg!(x); }", 2, "dbg!");
        one("crates/nn/src/a.rs", "fn f() { unimplemented!(\"x\") }", 1, "unimplemented!");
        one("crates/nn/tests/a.rs", "#[ignore = \"slow\"]\nfn f() {}", 1, "does not run");
        assert!(found("crates/nn/src/a.rs", "// todo!() in words, \"dbg!\"").is_empty());
    }

    #[test]
    fn paths_of_a_machine_are_found() {
        let path = format!("see {}me/notes", machine_paths()[1]);
        one("README.md", &path, 1, "one machine");
        let url = format!("https://example.org{}page", machine_paths()[1]);
        assert!(found("README.md", &url).is_empty());
    }

    #[test]
    fn catch_all_arms_are_found_in_passes_alone() {
        let code = "fn f() { match p { Prim::Scan(_) => 1, _ => 2 } }";
        one("crates/compile/src/a.rs", code, 1, "list them");
        assert!(found("crates/engine/src/a.rs", code).is_empty());
    }
}
