//! Who may know whom: the table of the design, checked against what each `Cargo.toml` says and
//! what sources name.

use super::source::{code_of, line_at, words};
use super::{File, Finding};
use std::collections::HashMap;
use toml::Table;

/// What each crate may depend on in the workspace. Arrows point down only; a crate that is not in
/// the table has no place yet.
const LAYERS: &[(&str, &[&str])] = &[
    ("array", &[]),
    ("special", &[]),
    ("ir", &["array", "special"]),
    ("compile", &["array", "ir"]),
    ("engine", &["array", "special", "ir", "compile"]),
    ("tensor", &["array", "ir", "compile", "engine"]),
    ("derive", &[]),
    ("data", &[]),
    ("report", &[]),
    ("optim", &["tensor", "derive"]),
    ("nn", &["tensor", "derive"]),
    ("train", &["tensor", "derive", "nn", "optim", "data", "report"]),
    ("mathesis", &["tensor", "derive", "nn", "optim", "data", "train", "report"]),
    ("cli", &["tensor", "derive", "nn", "optim", "data", "train", "report", "mathesis"]),
    ("bench", &["mathesis"]),
    ("testing", &["array", "ir", "compile", "engine", "tensor"]),
    ("xtask", &["testing"]),
];

/// Below the border; nothing above `tensor` names them.
const BELOW: [&str; 3] = ["ir", "compile", "engine"];

/// The crates that may name those: the lower half itself, `tensor`, which is its lid, and the
/// tools that look inside.
const MAY_NAME_BELOW: [&str; 8] =
    ["array", "special", "ir", "compile", "engine", "tensor", "testing", "xtask"];

pub(super) fn check(files: &[File]) -> Vec<Finding> {
    let packages = packages(files);
    let mut findings = vec![];
    for file in files {
        let Some(member) = file.member() else { continue };
        if file.path.ends_with("/Cargo.toml") {
            findings.extend(manifest(file, member, &packages));
        } else if file.is_rust() && !MAY_NAME_BELOW.contains(&member) {
            findings.extend(names(file));
        }
    }
    findings
}

/// Folder names of the workspace's packages, by package name and by the name under which the
/// workspace's table of dependencies has them.
fn packages(files: &[File]) -> HashMap<String, String> {
    let mut packages = HashMap::new();
    for file in files.iter().filter(|f| f.path.ends_with("/Cargo.toml")) {
        let name = |table: &Table| Some(table.get("package")?.get("name")?.as_str()?.to_string());
        let table = file.text.parse::<Table>().ok();
        if let (Some(member), Some(name)) = (file.member(), table.as_ref().and_then(name)) {
            packages.insert(name, member.to_string());
        }
    }
    let root = files.iter().find(|f| f.path == "Cargo.toml");
    let root = root.and_then(|f| f.text.parse::<Table>().ok()).unwrap_or_default();
    let shared = root.get("workspace").and_then(|w| w.get("dependencies"));
    for (alias, value) in shared.and_then(|d| d.as_table()).into_iter().flatten() {
        let package = value.get("package").and_then(|p| p.as_str()).unwrap_or(alias);
        if let Some(member) = packages.get(package).cloned() {
            packages.insert(alias.clone(), member);
        }
    }
    packages
}

/// The line on which a dependency stands, for the finding.
fn line_of(file: &File, dependency: &str) -> usize {
    let stands = |line: &str| {
        let line = line.trim_start().trim_start_matches("[dependencies.");
        let name = line.strip_prefix(dependency).map(str::trim_start);
        name.is_some_and(|rest| rest.starts_with(['=', '.', ']']))
    };
    file.text.lines().position(stands).map_or(1, |i| i + 1)
}

fn manifest(file: &File, member: &str, packages: &HashMap<String, String>) -> Vec<Finding> {
    let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == member) else {
        let message = format!("the crate `{member}` has no place in the table of layers");
        return vec![Finding::new(file, 1, message)];
    };
    let table = match file.text.parse::<Table>() {
        Ok(table) => table,
        Err(e) => return vec![Finding::new(file, 1, format!("not TOML: {e}"))],
    };
    // Tests may look where the product may not, but not below the border.
    let kinds =
        [("dependencies", false), ("build-dependencies", false), ("dev-dependencies", true)];
    let mut findings = vec![];
    for (kind, for_tests) in kinds {
        for (name, value) in table.get(kind).and_then(|d| d.as_table()).into_iter().flatten() {
            let package = value.get("package").and_then(|p| p.as_str()).unwrap_or(name);
            let Some(dependency) = packages.get(package) else { continue };
            let border = MAY_NAME_BELOW.contains(&member) || !BELOW.contains(&&**dependency);
            let fits = allowed.contains(&&**dependency) || (for_tests && border);
            if !fits {
                let message = format!("`{member}` may not depend on `{dependency}`");
                findings.push(Finding::new(file, line_of(file, name), message));
            }
        }
    }
    findings
}

/// Paths that begin with a crate below the border.
fn names(file: &File) -> Vec<Finding> {
    let code = code_of(&file.text);
    let mut findings = vec![];
    for below in BELOW {
        for form in [format!("{below}::"), format!("use {below};"), format!("extern crate {below}")]
        {
            for at in words(&code, &form) {
                let before = code[..at].trim_end();
                if before.ends_with("::") || before.ends_with('.') {
                    continue; // a module of that name somewhere else
                }
                let message = format!("nothing above `tensor` names `{below}`");
                findings.push(Finding::new(file, line_at(&code, at), message));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> File {
        File { path: path.into(), text: text.into() }
    }

    fn workspace(more: &[File]) -> Vec<String> {
        let root =
            "[workspace.dependencies]\nir = { package = \"mathesis-ir\", path = \"crates/ir\" }";
        let package = |name: &str, rest: &str| {
            let text = format!("[package]\nname = \"mathesis-{name}\"\n{rest}");
            file(&format!("crates/{name}/Cargo.toml"), &text)
        };
        let files =
            [&[file("Cargo.toml", root), package("ir", ""), package("tensor", "")][..], more];
        check(&files.concat()).iter().map(Finding::to_string).collect()
    }

    #[test]
    fn an_arrow_that_points_up_or_past_the_border_is_found() {
        let nn = "[package]\nname = \"mathesis-nn\"\n[dependencies]\nir.workspace = true\n";
        let found = workspace(&[file("crates/nn/Cargo.toml", nn)]);
        assert_eq!(found, ["crates/nn/Cargo.toml:4: `nn` may not depend on `ir`"]);
        // Under another name, and for tests only.
        let renamed = "[package]\nname = \"mathesis-nn\"\n[dev-dependencies]\n\
                       inner = { package = \"mathesis-ir\", path = \"../ir\" }\n";
        let found = workspace(&[file("crates/nn/Cargo.toml", renamed)]);
        assert_eq!(found, ["crates/nn/Cargo.toml:4: `nn` may not depend on `ir`"]);
        let fits = "[package]\nname = \"mathesis-nn\"\n[dependencies]\nmathesis-tensor = { path = \"../tensor\" }\n";
        assert!(workspace(&[file("crates/nn/Cargo.toml", fits)]).is_empty());
    }

    #[test]
    fn a_crate_without_a_place_is_found() {
        let found = workspace(&[file("crates/magic/Cargo.toml", "[package]\nname = \"magic\"\n")]);
        assert_eq!(found.len(), 1);
        assert!(found[0].contains("no place in the table"), "{found:?}");
    }

    #[test]
    fn a_name_from_below_is_found_and_a_namesake_is_not() {
        let source = "use tensor::Tensor;\n// ir:: in a comment\nfn f() { let x = ir::Expr; }\n";
        let found = workspace(&[file("crates/nn/src/lib.rs", source)]);
        assert_eq!(found, ["crates/nn/src/lib.rs:3: nothing above `tensor` names `ir`"]);
        let namesakes = "use crate::engine::run; fn f() { self::compile::g(); their::x(); }";
        assert!(workspace(&[file("crates/nn/src/lib.rs", namesakes)]).is_empty());
        let lid = "use ir::Expr;";
        assert!(workspace(&[file("crates/tensor/src/lib.rs", lid)]).is_empty());
    }
}
