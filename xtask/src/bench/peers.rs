//! What we are compared with: other libraries behind the same protocol, each in its best build.

use super::process::{Spec, is_there};
use std::path::Path;
use std::process::{Command, Stdio};

/// The families of peers.
pub(crate) const FAMILIES: [&str; 6] = ["torch", "jax", "burn", "candle", "gemm", "rlx"];

/// glibc gives large blocks back to the kernel, and page faults then dominate training steps;
/// peers that are tuned keep them.
const KEEP_MEMORY: [(&str, &str); 3] = [
    ("MALLOC_MMAP_THRESHOLD_", "1073741824"),
    ("MALLOC_TRIM_THRESHOLD_", "8589934592"),
    ("MALLOC_TOP_PAD_", "268435456"),
];

/// A peer to run, and what it is.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) spec: Spec,
    /// Its version, for the page.
    pub(crate) version: String,
    /// Whether it gives memory back, so that its peak means something.
    pub(crate) gives_memory_back: bool,
}

/// The peers of these families that are there, and a line about each family that is not.
pub(crate) fn find(root: &Path, families: &[String]) -> (Vec<Peer>, Vec<String>) {
    let mut peers = vec![];
    let mut missing = vec![];
    for family in families {
        let found = match family.as_str() {
            "torch" => torch(root),
            "jax" => jax(root),
            family => rust(root, family),
        };
        match found {
            Ok(found) => peers.extend(found),
            Err(why) => missing.push(format!("{family} is skipped: {why}")),
        }
    }
    (peers, missing)
}

fn python() -> String {
    std::env::var("MATHESIS_BENCH_PYTHON").unwrap_or_else(|_| "python3".into())
}

/// The version of a module, if it can be imported.
fn module_version(module: &str) -> Result<String, String> {
    let python = python();
    let code = format!("import {module}; print({module}.__version__)");
    let output = Command::new(&python).args(["-c", &code]).stdin(Stdio::null()).output();
    let output = output.map_err(|e| format!("`{python}`: {e}"))?;
    if !output.status.success() {
        return Err(format!(
            "`{python}` has no module `{module}` (MATHESIS_BENCH_PYTHON names another)"
        ));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_string())
}

fn script(root: &Path, name: &str, options: &[&str]) -> Vec<String> {
    let path = root.join("benches/peers/python").join(name);
    let words = [python(), path.to_string_lossy().into_owned()];
    words.into_iter().chain(options.iter().map(|o| (*o).to_string())).collect()
}

fn pairs(env: &[(&str, &str)]) -> Vec<(String, String)> {
    env.iter().map(|(k, v)| ((*k).to_string(), (*v).to_string())).collect()
}

fn peer(label: &str, version: &str, command: Vec<String>, env: Vec<(String, String)>) -> Peer {
    let gives_memory_back = !env.iter().any(|(k, _)| k.starts_with("MALLOC"));
    let version = version.to_string();
    Peer { spec: Spec { label: label.into(), command, env }, version, gives_memory_back }
}

/// As installed; with the fused optimiser, MKL's AVX-512 code and memory kept; compiled, the same.
fn torch(root: &Path) -> Result<Vec<Peer>, String> {
    let version = module_version("torch")?;
    let mut tuned = pairs(&KEEP_MEMORY);
    match unlocked_mkl(root) {
        Ok(library) => tuned.push(("LD_PRELOAD".into(), library)),
        Err(why) => println!("bench: torch runs with MKL as installed: {why}"),
    }
    let run = |options: &[&str]| script(root, "torch_worker.py", options);
    Ok(vec![
        peer("torch as installed", &version, run(&[]), vec![]),
        peer("torch tuned", &version, run(&["--fused"]), tuned.clone()),
        peer("torch.compile tuned", &version, run(&["--compile"]), tuned),
    ])
}

/// MKL asks a function of its own whether the processor is its maker's, and else takes AVX2 code.
/// A library of one function, loaded before it, says yes.
fn unlocked_mkl(root: &Path) -> Result<String, String> {
    let folder = root.join("target/bench");
    std::fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let library = folder.join("libmkl_unlocked.so");
    let source = root.join("benches/peers/python/mkl_unlocked.c");
    let status = Command::new("cc")
        .args(["-shared", "-fPIC", "-O2", "-o"])
        .args([&library, &source])
        .status()
        .map_err(|e| format!("no C compiler: {e}"))?;
    if !status.success() {
        return Err("the C compiler fails".into());
    }
    Ok(library.to_string_lossy().into_owned())
}

fn jax(root: &Path) -> Result<Vec<Peer>, String> {
    module_version("optax")?;
    let version = module_version("jax")?;
    let run = || script(root, "jax_worker.py", &[]);
    Ok(vec![
        peer("jax", &version, run(), vec![]),
        peer("jax tuned", &version, run(), pairs(&KEEP_MEMORY)),
    ])
}

/// A worker in Rust, built for this processor.
fn rust(root: &Path, family: &str) -> Result<Vec<Peer>, String> {
    let folder = root.join("benches/peers").join(family);
    let manifest = folder.join("Cargo.toml");
    let text = std::fs::read_to_string(&manifest).map_err(|_| "there is no such peer")?;
    if !is_there("cargo") {
        return Err("cargo is not there".into());
    }
    let target = root.join("target/bench/peers");
    println!("bench: building {family} (the first time takes minutes)");
    let status = Command::new("cargo")
        .args(["build", "--release", "-q", "--manifest-path"])
        .arg(&manifest)
        .arg("--target-dir")
        .arg(&target)
        .env("RUSTFLAGS", "-Ctarget-cpu=native")
        .env_remove("CARGO_TARGET_DIR")
        .status()
        .map_err(|e| e.to_string())?;
    if !status.success() {
        return Err("it does not build".into());
    }
    let worker = target.join(format!("release/bench-{family}")).to_string_lossy().into_owned();
    let version = pinned(&text, family).unwrap_or_default();
    Ok(vec![
        peer(family, &version, vec![worker.clone()], vec![]),
        peer(&format!("{family} tuned"), &version, vec![worker], pairs(&KEEP_MEMORY)),
    ])
}

/// The version after `=` that a manifest asks of its family's crate.
fn pinned(manifest: &str, family: &str) -> Option<String> {
    let table: toml::Table = manifest.parse().ok()?;
    let dependencies = table.get("dependencies")?.as_table()?;
    let entry = dependencies.get(family).or_else(|| dependencies.get(&format!("{family}-core")))?;
    let version = entry.as_str().or_else(|| entry.get("version")?.as_str())?;
    Some(version.trim_start_matches('=').to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_peer_is_said() {
        let (peers, missing) = find(&crate::root(), &["no-such-family".into()]);
        assert!(peers.is_empty());
        assert_eq!(missing, ["no-such-family is skipped: there is no such peer"]);
    }

    #[test]
    fn versions_are_those_of_the_manifest() {
        let manifest = "[dependencies]\nburn = { version = \"=0.22.1\" }\n";
        assert_eq!(pinned(manifest, "burn").as_deref(), Some("0.22.1"));
        assert_eq!(
            pinned("[dependencies]\ncandle-core = \"=1.2\"\n", "candle").as_deref(),
            Some("1.2")
        );
    }
}
