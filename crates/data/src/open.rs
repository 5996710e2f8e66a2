//! Opening data by path: which format, which labels.

use std::path::{Path, PathBuf};

use crate::dataset::Dataset;
use crate::embedded;
use crate::error::{Error, ErrorKind};
use crate::features::Features;
use crate::folder;
use crate::format::array::Array;
use crate::format::npz::Archive;
use crate::format::{idx, npy, table};
use crate::labels::Task;
use crate::options::OpenOptions;
use crate::sibling::{self, Side, data_name};
use crate::sniff::{Format, sniff};
use crate::source::Source;

/// Opens a data set: features with their targets.
///
/// The format is told by the content, not the name:
///
/// | format | examples | targets |
/// |---|---|---|
/// | CSV and its kin | lines | a column, by default [`Column::Auto`](crate::Column::Auto) |
/// | IDX | images | the sibling: `…-images-idx3-ubyte` ↔ `…-labels-idx1-ubyte` |
/// | NPY | first axis | the sibling: `x.npy` ↔ `y.npy`; without one, a column as in CSV |
/// | NPZ | array `x`, `images`, … | array `y`, `labels`, …; [`OpenOptions::part`] for `x_train` |
/// | a folder | the one data file in it, or the training part | as above |
///
/// Text is separated by commas, semicolons, tabs or single spaces, with a header or without; an
/// unnamed first column that only numbers the lines, as pandas writes, is left out.
///
/// Each but NPZ may be inside gzip. Whether targets are classes or values is told by
/// [`Task::Auto`]. Numbers are as in the file (images from 0 to 255); see
/// [`Standardiser`](crate::Standardiser).
///
/// ```no_run
/// let mnist = data::open("mnist/t10k-images-idx3-ubyte.gz")?;
/// assert_eq!(mnist.features().shape(), [28, 28]);
/// # Ok::<(), data::Error>(())
/// ```
///
/// # Errors
/// Any [`ErrorKind`] but `Argument`; the message says what, where, and what would be right.
pub fn open(path: impl AsRef<Path>) -> Result<Dataset, Error> {
    open_with(path, &OpenOptions::default())
}

/// As [`open`], with what the file does not say given by `options`.
///
/// # Errors
/// As [`open`].
pub fn open_with(path: impl AsRef<Path>, options: &OpenOptions) -> Result<Dataset, Error> {
    let path = file_of(path.as_ref(), options)?;
    let name = data_name(&path);
    let source = Source::open(&path)?;
    match sniff(&source)? {
        Format::Text => table::read(source, &name, options),
        Format::Idx => {
            let array = idx::read(source)?;
            if array.shape.len() == 1 {
                return from_labels(&path, array, options);
            }
            let labels = labels_of(&path, options)?.ok_or_else(|| unpaired(&path, Side::Labels))?;
            array.with_targets(read_labels(&labels)?, &name, idx_task(options.task))
        }
        Format::Npy => {
            let array = npy::read(source)?;
            match labels_of(&path, options)? {
                Some(labels) => array.with_targets(read_labels(&labels)?, &name, options.task),
                None => array.with_target_column(&options.target, &name, options.task),
            }
        }
        Format::Npz => {
            let mut archive = open_archive(&path, &source)?;
            match &options.labels {
                Some(labels) => {
                    let features = archive.features(options.part)?;
                    features.with_targets(read_labels(labels)?, &name, options.task)
                }
                None => {
                    let (features, targets) = archive.pair(options.part)?;
                    features.with_targets(targets, &name, options.task)
                }
            }
        }
    }
}

/// Opens the [`embedded`] data set of that name or else the file or folder at that
/// path: what a command line takes. A file called `iris` is opened as `./iris`.
///
/// ```
/// let options = data::OpenOptions::default();
/// assert_eq!(data::load("iris", &options)?.count(), 150);
/// let error = data::load("irises", &options).unwrap_err();
/// assert!(error.to_string().ends_with("digits, iris, breast-cancer, diabetes"));
/// # Ok::<(), data::Error>(())
/// ```
///
/// # Errors
/// As [`open`].
pub fn load(name_or_path: &str, options: &OpenOptions) -> Result<Dataset, Error> {
    if let Some(entry) = embedded::find(name_or_path) {
        return Ok((entry.read)());
    }
    if Path::new(name_or_path).exists() {
        return open_with(name_or_path, options);
    }
    Err(Error::new(
        ErrorKind::NotFound,
        name_or_path,
        "no such file or folder",
        format!("check the path, or name an embedded data set: {}", embedded::names()),
    ))
}

/// Opens examples without targets, to predict them: the same formats as [`open`], all columns of a
/// table being features.
///
/// ```no_run
/// let flowers = data::open_features("unlabelled.csv")?;
/// println!("{flowers}"); // unlabelled: 12 examples of 4 features
/// # Ok::<(), data::Error>(())
/// ```
///
/// # Errors
/// As [`open`].
pub fn open_features(path: impl AsRef<Path>) -> Result<Features, Error> {
    open_features_with(path, &OpenOptions::default())
}

/// As [`open_features`], with `header` and `part` given by `options`.
///
/// # Errors
/// As [`open`].
pub fn open_features_with(
    path: impl AsRef<Path>,
    options: &OpenOptions,
) -> Result<Features, Error> {
    let path = file_of(path.as_ref(), options)?;
    let name = data_name(&path);
    let source = Source::open(&path)?;
    match sniff(&source)? {
        Format::Text => table::read_features(source, &name, options.header),
        Format::Idx => {
            let array = idx::read(source)?;
            if array.shape.len() == 1 {
                return Err(unpaired(&path, Side::Features));
            }
            array.into_features(&name)
        }
        Format::Npy => npy::read(source)?.into_features(&name),
        Format::Npz => open_archive(&path, &source)?.features(options.part)?.into_features(&name),
    }
}

/// IDX pairs embedded in memory, read by the same rules as files.
pub(crate) fn idx_pair(
    name: &str,
    images: Source<'_>,
    labels: Source<'_>,
) -> Result<Dataset, Error> {
    idx::read(images)?.with_targets(idx::read(labels)?, name, Task::Classes)
}

/// The file that `path` means, which may be a folder.
fn file_of(path: &Path, options: &OpenOptions) -> Result<PathBuf, Error> {
    if path.is_dir() { folder::find(path, options.part) } else { Ok(path.to_path_buf()) }
}

/// IDX labels are classes, however many, unless one says otherwise.
fn idx_task(task: Task) -> Task {
    if task == Task::Auto { Task::Classes } else { task }
}

/// The file of the labels of `path`, if it is named or there is a sibling.
fn labels_of(path: &Path, options: &OpenOptions) -> Result<Option<PathBuf>, Error> {
    if let Some(labels) = &options.labels {
        return Ok(Some(labels.clone()));
    }
    Ok(sibling::candidates(path, Side::Labels).into_iter().find(|labels| labels.is_file()))
}

/// A data set for which the file of labels was given in place of the images.
fn from_labels(path: &Path, labels: Array, options: &OpenOptions) -> Result<Dataset, Error> {
    let images = sibling::candidates(path, Side::Features);
    let Some(images) = images.into_iter().find(|images| images.is_file()) else {
        return Err(unpaired(path, Side::Features));
    };
    let array = read_array(&images)?;
    array.with_targets(labels, &data_name(&images), idx_task(options.task))
}

fn unpaired(path: &Path, wanted: Side) -> Error {
    let wrong = match wanted {
        Side::Labels => "these images have no labels",
        Side::Features => "these are labels, in one dimension, not images",
    };
    let looked_for = sibling::candidates(path, wanted);
    let right = match (looked_for.first(), wanted) {
        (Some(first), _) => format!("{} was looked for beside them", first.display()),
        (None, Side::Labels) => "name the pair …-images-idx3-ubyte and …-labels-idx1-ubyte, \
                                 give the labels' path, or open features alone"
            .to_string(),
        (None, Side::Features) => "give the path of the images".to_string(),
    };
    Error::new(ErrorKind::Unpaired, path.display().to_string(), wrong, right)
}

/// The array in a file of labels, which must be one-dimensional if it is IDX.
fn read_labels(path: &Path) -> Result<Array, Error> {
    let array = read_array(path)?;
    if array.shape.len() > 2 {
        return Err(Error::new(
            ErrorKind::Format,
            path.display().to_string(),
            format!("an array of shape {:?} in the place of labels", array.shape),
            "labels are one number per example: the file is mislabelled",
        ));
    }
    Ok(array)
}

/// The array in an IDX or NPY file.
fn read_array(path: &Path) -> Result<Array, Error> {
    let source = Source::open(path)?;
    match sniff(&source)? {
        Format::Idx => idx::read(source),
        Format::Npy => npy::read(source),
        Format::Npz | Format::Text => Err(Error::new(
            ErrorKind::Format,
            path.display().to_string(),
            "this is no single array",
            "labels of arrays come as IDX or NPY",
        )),
    }
}

fn open_archive(path: &Path, source: &Source<'_>) -> Result<Archive, Error> {
    if source.compressed() {
        return Err(Error::new(
            ErrorKind::Format,
            path.display().to_string(),
            "an NPZ archive inside gzip",
            "it is compressed already: unpack the outer layer with gunzip",
        ));
    }
    Archive::open(path)
}
