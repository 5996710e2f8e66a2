//! Data sets that are part of the program, so that a first run needs no download.
//!
//! Values are those of `sklearn.datasets.load_*`, bit for bit; `oracles/datasets.py` makes the
//! files and `embedded/CREDITS.md` says whose work they are and under which licence.

use crate::dataset::Dataset;
use crate::error::{Error, ErrorKind};
use crate::format::table;
use crate::labels::Task;
use crate::open::idx_pair;
use crate::options::{Column, OpenOptions};
use crate::source::Source;
use crate::targets::Targets;

/// An embedded data set.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// Its name, as [`open`] takes it.
    pub name: &'static str,
    /// One line on what it holds.
    pub summary: &'static str,
    /// Whose work it is and under which licence, in one line.
    pub credit: &'static str,
    /// Reads it.
    pub read: fn() -> Dataset,
}

/// The embedded data sets.
pub const CATALOGUE: &[Entry] = &[
    Entry {
        name: "digits",
        summary: "1,797 handwritten digits, 8×8 pixels from 0 to 16, in 10 classes",
        credit: "E. Alpaydin and C. Kaynak, 1998, UCI Machine Learning Repository, CC BY 4.0",
        read: digits,
    },
    Entry {
        name: "iris",
        summary: "150 flowers, 4 lengths in cm, in 3 species",
        credit: "R. A. Fisher, 1936, UCI Machine Learning Repository, CC BY 4.0",
        read: iris,
    },
    Entry {
        name: "breast-cancer",
        summary: "569 tumours, 30 measures of cell nuclei, malignant or benign",
        credit: "W. Wolberg, O. Mangasarian, N. Street and W. Street, 1993, \
                 UCI Machine Learning Repository, CC BY 4.0",
        read: breast_cancer,
    },
    Entry {
        name: "diabetes",
        summary: "442 patients, 10 measures in their own units, progression after a year",
        credit: "B. Efron, T. Hastie, I. Johnstone and R. Tibshirani, 2004, as in scikit-learn",
        read: diabetes,
    },
];

/// The entry of that name; `_` stands for `-`.
pub fn find(name: &str) -> Option<&'static Entry> {
    let name = name.replace('_', "-");
    CATALOGUE.iter().find(|entry| entry.name == name)
}

/// The embedded data set of that name.
///
/// ```
/// assert_eq!(data::embedded::open("iris")?.count(), 150);
/// # Ok::<(), data::Error>(())
/// ```
///
/// # Errors
/// [`NotFound`](ErrorKind::NotFound), listing the names there are.
pub fn open(name: &str) -> Result<Dataset, Error> {
    match find(name) {
        Some(entry) => Ok((entry.read)()),
        None => {
            let right = format!("there are {}", names());
            Err(Error::new(ErrorKind::NotFound, name, "no such embedded data set", right))
        }
    }
}

/// The names of the embedded data sets, for messages.
pub(crate) fn names() -> String {
    let names: Vec<&str> = CATALOGUE.iter().map(|entry| entry.name).collect();
    names.join(", ")
}

/// Optical recognition of handwritten digits: 1,797 images of 8×8 pixels, whole numbers from 0 to
/// 16, in 10 classes. Feature shape `[8, 8]`.
///
/// ```
/// let digits = data::embedded::digits();
/// assert_eq!(digits.features().shape(), [8, 8]);
/// assert_eq!(digits.targets().class_names().map(<[String]>::len), Some(10));
/// ```
pub fn digits() -> Dataset {
    let images = include_bytes!("../embedded/digits-images-idx3-ubyte.gz");
    let labels = include_bytes!("../embedded/digits-labels-idx1-ubyte.gz");
    Source::embedded("digits images", images)
        .and_then(|images| idx_pair("digits", images, Source::embedded("digits labels", labels)?))
        .expect(INTACT)
}

/// Fisher's irises: 150 flowers, length and width of sepal and petal in cm, in 3 species. The
/// numbers are Fisher's; the copy at UCI has errors in two flowers.
pub fn iris() -> Dataset {
    let file = include_bytes!("../embedded/iris.csv.gz");
    classes("iris", file, &["setosa", "versicolor", "virginica"])
}

/// Breast cancer Wisconsin (diagnostic): 569 tumours, mean, standard error and worst of ten
/// measures of their cell nuclei, malignant (class 0) or benign (class 1).
pub fn breast_cancer() -> Dataset {
    let file = include_bytes!("../embedded/breast_cancer.csv.gz");
    classes("breast-cancer", file, &["malignant", "benign"])
}

/// Diabetes: 442 patients, age, sex (1 or 2), body mass index, blood pressure and six blood serum
/// measurements, with a number from 25 to 346 for the progression of the disease a year later.
///
/// The features are in their own units: `load_diabetes(scaled=False)`. What scikit-learn gives by
/// default is each column standardised over all examples and divided by √442.
pub fn diabetes() -> Dataset {
    let file = include_bytes!("../embedded/diabetes.csv.gz");
    table_of("diabetes", file, Task::Values)
}

const INTACT: &str = "invariant: embedded data sets are intact, as the tests check";

fn table_of(name: &'static str, file: &[u8], task: Task) -> Dataset {
    let options = OpenOptions { target: Column::Last, task, ..OpenOptions::default() };
    Source::embedded(name, file)
        .and_then(|source| table::read(source, name, &options))
        .expect(INTACT)
}

/// A table whose last column numbers the classes, with their names.
fn classes(name: &'static str, file: &[u8], names: &[&str]) -> Dataset {
    let data = table_of(name, file, Task::Classes);
    let target_name = data.target_name().to_string();
    let (features, targets) = data.into_parts();
    let labels = targets.labels().unwrap_or_default().to_vec();
    let names = names.iter().map(|name| name.to_string()).collect();
    Dataset::new(features, Targets::Classes { labels, names }, target_name).expect(INTACT)
}
