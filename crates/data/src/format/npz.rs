//! NPZ: a zip archive of NPY arrays, as `numpy.savez` and `numpy.savez_compressed` write it.
//!
//! # Names
//! Features and targets are told by their names, in any case, in this order of preference: `x` with
//! `y`, `images` with `labels`, `features` with `targets` or `labels`, `data` with `target`,
//! `targets` or `labels`, `inputs` with `targets` or `labels`, `arr_0` with `arr_1` (what `savez`
//! calls arrays without names). Each may carry a part, in front or behind: `x_train` with
//! `y_train`, `test_images` with `test_labels`; see
//! [`OpenOptions::part`](crate::OpenOptions::part).

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use zip::ZipArchive;
use zip::result::ZipError;

use crate::error::{Error, ErrorKind, quoted};
use crate::format::array::Array;
use crate::format::npy;
use crate::options::Part;
use crate::source::{Source, open_file};

const PAIRS: &[(&str, &str)] = &[
    ("x", "y"),
    ("images", "labels"),
    ("features", "targets"),
    ("features", "labels"),
    ("data", "target"),
    ("data", "targets"),
    ("data", "labels"),
    ("inputs", "targets"),
    ("inputs", "labels"),
    ("arr_0", "arr_1"),
];

/// An archive that was opened; its arrays are read when asked for.
pub(crate) struct Archive {
    subject: String,
    zip: ZipArchive<BufReader<File>>,
    names: Vec<String>,
}

impl Archive {
    pub(crate) fn open(path: &Path) -> Result<Archive, Error> {
        let subject = path.display().to_string();
        let (file, _) = open_file(path)?;
        let zip = ZipArchive::new(BufReader::new(file)).map_err(|error| broken(&subject, error))?;
        // Names in no known encoding are not those of arrays.
        let mut names: Vec<String> = zip
            .file_names()
            .filter_map(|name| name.ok()?.strip_suffix(".npy").map(String::from))
            .collect();
        names.sort_unstable();
        if names.is_empty() {
            return Err(Error::new(
                ErrorKind::Format,
                subject,
                "a zip archive without NPY arrays",
                "an NPZ archive from numpy.savez holds entries such as x.npy and y.npy",
            ));
        }
        Ok(Archive { subject, zip, names })
    }

    /// The arrays of features and of targets.
    pub(crate) fn pair(&mut self, part: Option<Part>) -> Result<(Array, Array), Error> {
        for forms in forms(part) {
            for (features, targets) in PAIRS {
                for form in &forms {
                    let found = (self.find(&form(features)), self.find(&form(targets)));
                    if let (Some(features), Some(targets)) = found {
                        return Ok((self.array(&features)?, self.array(&targets)?));
                    }
                }
            }
        }
        Err(self.nothing("features with targets", "x and y (or x_train and y_train)"))
    }

    /// The array of features alone; an archive of a single array needs no particular name.
    pub(crate) fn features(&mut self, part: Option<Part>) -> Result<Array, Error> {
        for forms in forms(part) {
            for (features, _) in PAIRS {
                for form in &forms {
                    if let Some(name) = self.find(&form(features)) {
                        return self.array(&name);
                    }
                }
            }
        }
        match self.names.as_slice() {
            [only] => self.array(&only.clone()),
            _ => Err(self.nothing("features", "x (or x_train)")),
        }
    }

    fn find(&self, wanted: &str) -> Option<String> {
        self.names.iter().find(|name| name.eq_ignore_ascii_case(wanted)).cloned()
    }

    fn nothing(&self, what: &str, names: &str) -> Error {
        let listed: Vec<String> = self.names.iter().take(10).map(|name| quoted(name)).collect();
        let more = if self.names.len() > 10 { ", …" } else { "" };
        Error::new(
            ErrorKind::Unpaired,
            self.subject.clone(),
            format!("no arrays are named as {what}, only {}{more}", listed.join(", ")),
            format!("name them {names}"),
        )
    }

    fn array(&mut self, name: &str) -> Result<Array, Error> {
        let subject = format!("{}[{name}]", self.subject);
        let entry = self.zip.by_name(&format!("{name}.npy"));
        let entry = entry.map_err(|error| broken(&subject, error))?;
        let (packed, unpacked) = (entry.compressed_size(), entry.size());
        npy::read(Source::entry(subject, packed, unpacked, entry)?)
    }
}

type Form = Box<dyn Fn(&str) -> String>;

/// The ways a name may carry a part, the preferred group first.
fn forms(part: Option<Part>) -> Vec<Vec<Form>> {
    let of = |part: Part| -> Vec<Form> {
        let words = part.words().iter();
        words
            .flat_map(|word| -> [Form; 2] {
                [
                    Box::new(move |name| format!("{name}_{word}")),
                    Box::new(move |name| format!("{word}_{name}")),
                ]
            })
            .collect()
    };
    match part {
        Some(part) => vec![of(part)],
        None => vec![vec![Box::new(str::to_string)], of(Part::Train), of(Part::Test)],
    }
}

fn broken(subject: &str, error: ZipError) -> Error {
    let (kind, right) = match &error {
        ZipError::Io(_) => {
            (ErrorKind::Truncated, "the file is cut short or damaged: fetch it again")
        }
        ZipError::UnsupportedArchive(_) => {
            (ErrorKind::Format, "archives as numpy.savez writes them are read: stored or deflated")
        }
        _ => (ErrorKind::Compression, "the file is cut short or damaged: fetch it again"),
    };
    Error::new(kind, subject, format!("the zip archive cannot be read ({error})"), right)
}
