//! Finding the data in a folder.

use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind, quoted};
use crate::options::Part;
use crate::sibling::{self, Side};
use crate::source::cannot_open;

/// The file of features that opening a folder means: the only one there is; of several, that of the
/// part asked for; and if none was asked for, the training part.
///
/// Files count by their names (`.csv`, `.tsv`, `.npy`, `.npz`, `…ubyte`, each also with `.gz`),
/// labels of another file do not count, and of a file that is there with and without `.gz` only the
/// latter.
pub(crate) fn find(folder: &Path, part: Option<Part>) -> Result<PathBuf, Error> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|error| cannot_open(folder, error))? {
        let entry = entry.map_err(|error| cannot_open(folder, error))?;
        if let Ok(name) = entry.file_name().into_string() {
            names.push(name);
        }
    }
    // The order in which a file system lists files must not decide anything.
    names.sort_unstable();
    let has = |name: &str| names.binary_search_by(|other| other.as_str().cmp(name)).is_ok();
    let is_label = |name: &str| {
        sibling::candidates(Path::new(name), Side::Features)
            .iter()
            .any(|features| features.to_str().is_some_and(has))
    };
    let data: Vec<&String> = names
        .iter()
        .filter(|name| is_data(name) && !is_label(name))
        .filter(|name| !name.strip_suffix(".gz").is_some_and(has))
        .collect();
    let of = |part: Part| -> Vec<&String> {
        data.iter().filter(|name| is_of(name, part)).copied().collect()
    };
    let chosen = match part {
        Some(part) => of(part),
        None if data.len() > 1 => of(Part::Train),
        None => data.clone(),
    };
    if let [only] = chosen[..] {
        return Ok(folder.join(only));
    }
    let listed: Vec<String> = data.iter().take(5).map(|name| quoted(name)).collect();
    let more = if data.len() > 5 { ", …" } else { "" };
    let (kind, wrong, right) = match data.len() {
        0 => (ErrorKind::NotFound, "no data in this folder".to_string(), FILES.to_string()),
        _ => (
            ErrorKind::Column,
            format!("several files could be meant: {}{more}", listed.join(", ")),
            "give the path of one of them".to_string(),
        ),
    };
    Err(Error::new(kind, folder.display().to_string(), wrong, right))
}

const FILES: &str = "files ending in .csv, .tsv, .npy, .npz or ubyte are looked for, also with .gz";

fn is_data(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let stem = lower.strip_suffix(".gz").unwrap_or(&lower);
    [".csv", ".tsv", ".npy", ".npz", "ubyte"].iter().any(|ending| stem.ends_with(ending))
}

fn is_of(name: &str, part: Part) -> bool {
    let lower = name.to_ascii_lowercase();
    lower.split(|c: char| !c.is_alphanumeric()).any(|word| part.words().contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(files: &[&str], part: Option<Part>) -> Result<String, String> {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            std::fs::write(folder.path().join(file), "").unwrap();
        }
        let shown = folder.path().display().to_string();
        match find(folder.path(), part) {
            Ok(path) => Ok(path.file_name().unwrap().to_str().unwrap().to_string()),
            Err(error) => Err(error.to_string().replace(&shown, "folder")),
        }
    }

    #[test]
    fn the_file_that_is_meant() {
        let mnist = [
            "t10k-images-idx3-ubyte.gz",
            "t10k-labels-idx1-ubyte.gz",
            "train-images-idx3-ubyte",
            "train-images-idx3-ubyte.gz",
            "train-labels-idx1-ubyte.gz",
            "README.md",
        ];
        assert_eq!(chosen(&mnist, None), Ok("train-images-idx3-ubyte".into()));
        assert_eq!(chosen(&mnist, Some(Part::Test)), Ok("t10k-images-idx3-ubyte.gz".into()));
        assert_eq!(chosen(&mnist[..2], None), Ok("t10k-images-idx3-ubyte.gz".into()));
        assert_eq!(chosen(&["x.npy", "y.npy"], None), Ok("x.npy".into()));
        assert_eq!(chosen(&["wine.CSV", "notes"], None), Ok("wine.CSV".into()));
    }

    #[test]
    fn folders_that_do_not_say() {
        assert_eq!(
            chosen(&["notes"], None),
            Err("folder: no data in this folder; \
                 files ending in .csv, .tsv, .npy, .npz or ubyte are looked for, also with .gz"
                .into())
        );
        assert_eq!(
            chosen(&["a.csv", "b.csv"], None),
            Err("folder: several files could be meant: \"a.csv\", \"b.csv\"; \
                 give the path of one of them"
                .into())
        );
    }
}
