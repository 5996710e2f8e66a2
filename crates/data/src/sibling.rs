//! Files that belong together by their names.

use std::path::{Path, PathBuf};

/// What files of features and their labels are called, in order of preference.
const PAIRS: &[(&str, &str)] = &[
    ("images", "labels"),
    ("x", "y"),
    ("X", "Y"),
    ("X", "y"),
    ("features", "targets"),
    ("features", "labels"),
    ("inputs", "targets"),
    ("inputs", "labels"),
    ("data", "target"),
    ("data", "targets"),
    ("data", "labels"),
];

/// Which of a pair is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Features,
    Labels,
}

/// The paths where the other file of a pair may be: one word of the name exchanged
/// (`t10k-images-idx3-ubyte` ↔ `t10k-labels-idx1-ubyte`, `x_train.npy` ↔ `y_train.npy`), each as it
/// is and with or without `.gz`.
pub(crate) fn candidates(path: &Path, side: Side) -> Vec<PathBuf> {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return Vec::new() };
    let (stem, ending) = match name.strip_suffix(".gz") {
        Some(stem) => (stem, ".gz"),
        None => (name, ""),
    };
    let other_ending = if ending.is_empty() { ".gz" } else { "" };
    let mut found = Vec::new();
    for &(features, labels) in PAIRS {
        let (here, there) = match side {
            Side::Labels => (features, labels),
            Side::Features => (labels, features),
        };
        let exchanged = exchange(stem, here, there);
        if exchanged == stem {
            continue;
        }
        // IDX files carry their number of dimensions in their names.
        let exchanged = match side {
            Side::Labels => exchange(&exchanged, "idx3", "idx1"),
            Side::Features => exchange(&exchanged, "idx1", "idx3"),
        };
        for ending in [ending, other_ending] {
            found.push(path.with_file_name(format!("{exchanged}{ending}")));
        }
    }
    found
}

/// `text` with the words equal to `from` exchanged for `to`; words are separated by anything that
/// is neither letter nor digit.
fn exchange(text: &str, from: &str, to: &str) -> String {
    text.split_inclusive(|c: char| !c.is_alphanumeric())
        .map(|piece| {
            let word = piece.trim_end_matches(|c: char| !c.is_alphanumeric());
            if word == from { format!("{to}{}", &piece[word.len()..]) } else { piece.to_string() }
        })
        .collect()
}

/// The name of the data in a file: its name without the endings that tell the format.
pub(crate) fn data_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    let mut stem = name.as_ref();
    const ENDINGS: [&str; 9] =
        [".gz", ".csv", ".tsv", ".txt", ".npy", ".npz", ".data", "-idx3-ubyte", ".idx3-ubyte"];
    for ending in ENDINGS {
        stem = stem.strip_suffix(ending).filter(|rest| !rest.is_empty()).unwrap_or(stem);
    }
    stem.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(path: &str, side: Side) -> Vec<String> {
        let found = candidates(Path::new(path), side);
        found.iter().map(|path| path.display().to_string()).collect()
    }

    #[test]
    fn pairs_find_each_other() {
        let (images, labels) = ("d/t10k-images-idx3-ubyte", "d/t10k-labels-idx1-ubyte");
        assert_eq!(names(images, Side::Labels), [labels, "d/t10k-labels-idx1-ubyte.gz"]);
        assert_eq!(names("a-images.idx3-ubyte.gz", Side::Labels)[0], "a-labels.idx1-ubyte.gz");
        assert_eq!(names(labels, Side::Features)[0], images);
        assert_eq!(names("x_train.npy", Side::Labels)[0], "y_train.npy");
        assert_eq!(names("d/X.npy", Side::Labels)[..1], ["d/Y.npy"]);
        assert!(names("d/X.npy", Side::Labels).contains(&"d/y.npy".to_string()));
        assert!(names("d/examples.npy", Side::Labels).is_empty());
    }

    #[test]
    fn names_of_data() {
        assert_eq!(data_name(Path::new("d/t10k-images-idx3-ubyte.gz")), "t10k-images");
        assert_eq!(data_name(Path::new("d/wine.csv.gz")), "wine");
        assert_eq!(data_name(Path::new(".csv")), ".csv");
    }
}
