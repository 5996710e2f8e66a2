//! `cargo xtask tidy`: the rules of the house that the compiler does not know.
//!
//! Each finding is one line, `file:line: what is wrong`. The rules look at text: comments and
//! literals are blanked out first, and what stands below a file's `#[cfg(test)]` module, or in
//! `tests/` and `examples/`, is free of those rules that are about the product.

mod layers;
mod matches;
mod rules;
mod source;

use std::fmt;
use std::path::Path;

/// One finding.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Finding {
    path: String,
    line: usize,
    message: String,
}

impl Finding {
    fn new(file: &File, line: usize, message: impl Into<String>) -> Finding {
        Finding { path: file.path.clone(), line, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.message)
    }
}

/// A text file of the repository.
#[derive(Clone, Debug)]
pub(crate) struct File {
    /// From the root, with `/`.
    path: String,
    text: String,
}

impl File {
    /// The crate's folder name: `nn` for `crates/nn/src/lib.rs`, `xtask` for its own files, `bench`
    /// for the bench's worker. The bench's peers are no members.
    fn member(&self) -> Option<&str> {
        let mut parts = self.path.split('/');
        match parts.next()? {
            "crates" => parts.next(),
            "xtask" => Some("xtask"),
            "benches" if parts.next() == Some("worker") => Some("bench"),
            _ => None,
        }
    }

    fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }
}

/// Every finding in these files.
fn check(files: &[File]) -> Vec<Finding> {
    let mut findings = layers::check(files);
    findings.extend(files.iter().flat_map(rules::check));
    findings.sort();
    findings
}

/// Files that are text by their names.
fn is_text(name: &str) -> bool {
    const EXTENSIONS: [&str; 11] =
        [".rs", ".toml", ".md", ".py", ".sh", ".yml", ".json", ".css", ".html", ".txt", "/run"];
    EXTENSIONS.iter().any(|e| name.ends_with(e))
}

/// The text files under a folder, without what is built or generated.
fn read(root: &Path) -> Result<Vec<File>, String> {
    let mut files = vec![];
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let failed = |e: std::io::Error| format!("tidy: {}: {e}", folder.display());
        for entry in std::fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let path = entry.path();
            let from_root = path.strip_prefix(root).unwrap_or(&path);
            let name = from_root.to_string_lossy().replace('\\', "/");
            if entry.file_type().map_err(failed)?.is_dir() {
                if !["target", ".git", "runs"].contains(&&*name) {
                    folders.push(path);
                }
            } else if is_text(&format!("/{name}")) {
                let text = std::fs::read_to_string(&path)
                    .map_err(|e| format!("tidy: {}: {e}", path.display()))?;
                files.push(File { path: name, text });
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// Checks the repository; an error with one line per finding.
pub(crate) fn run(root: &Path) -> Result<(), String> {
    let findings = check(&read(root)?);
    if findings.is_empty() {
        println!("tidy: the house is in order");
        return Ok(());
    }
    let lines: Vec<String> = findings.iter().map(Finding::to_string).collect();
    Err(format!("{}\ntidy: {} findings", lines.join("\n"), findings.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_house_is_in_order() {
        if let Err(findings) = run(&crate::root()) {
            panic!("{findings}");
        }
    }
}
