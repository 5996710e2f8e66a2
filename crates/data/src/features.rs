//! Features: what is known of each example, as one row-major block of numbers.

use std::fmt;

use crate::error::{Error, ErrorKind, Place, counted};

/// Examples without targets: `count` examples, each an array of the same shape, stored one after
/// another in row-major (C) order.
///
/// Holds by construction: at least one example, at least one feature, every number finite,
/// `values().len() == count() * width()`, and `names()` empty or one name per feature.
///
/// ```
/// use data::Features;
///
/// let images = Features::new("two images", vec![0.0; 2 * 3 * 4], vec![3, 4], vec![])?;
/// assert_eq!((images.count(), images.width()), (2, 12));
/// assert_eq!(images.shape(), [3, 4]);
/// # Ok::<(), data::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    name: String,
    values: Vec<f64>,
    shape: Vec<usize>,
    names: Vec<String>,
}

impl Features {
    /// Features from their parts; `shape` is the shape of one example (`[]` means one number each),
    /// `names` one name per feature or none at all, `name` what messages call the data.
    ///
    /// # Errors
    /// [`Empty`](ErrorKind::Empty) without examples or features, [`Shape`](ErrorKind::Shape) if the
    /// lengths do not fit, [`NotFinite`](ErrorKind::NotFinite) with row and column of the first
    /// NaN or infinity.
    pub fn new(
        name: impl Into<String>,
        values: Vec<f64>,
        shape: Vec<usize>,
        names: Vec<String>,
    ) -> Result<Features, Error> {
        let name = name.into();
        Features::read(&name, &name, values, shape, names)
    }

    /// As [`new`](Features::new), where messages name the file, `subject`.
    pub(crate) fn read(
        subject: &str,
        name: &str,
        values: Vec<f64>,
        shape: Vec<usize>,
        names: Vec<String>,
    ) -> Result<Features, Error> {
        let width = width_of(subject, &shape)?;
        if values.is_empty() {
            return Err(Error::new(
                ErrorKind::Empty,
                subject,
                "there are no examples",
                "at least one is needed",
            ));
        }
        if !values.len().is_multiple_of(width) {
            return Err(Error::new(
                ErrorKind::Shape,
                subject,
                format!("{} are no whole number of examples", counted(values.len(), "number")),
                format!("each example of shape {shape:?} takes {width}"),
            ));
        }
        if !names.is_empty() && names.len() != width {
            return Err(Error::new(
                ErrorKind::Shape,
                subject,
                format!("{} for {}", counted(names.len(), "name"), counted(width, "feature")),
                "give one name per feature, or none",
            ));
        }
        if let Some(at) = values.iter().position(|value| !value.is_finite()) {
            return Err(Error::new(
                ErrorKind::NotFinite,
                subject,
                format!("the feature is {}", values[at]),
                "every feature must be a finite number: fill it in or drop the example",
            )
            .at(Place::Element { row: at / width, column: at % width }));
        }
        Ok(Features { name: name.to_string(), values, shape, names })
    }

    /// What messages call the data: the file's stem or the data set's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Number of examples, at least 1.
    pub fn count(&self) -> usize {
        self.values.len() / self.width()
    }

    /// Numbers per example, at least 1: the product of [`shape`](Features::shape).
    pub fn width(&self) -> usize {
        self.shape.iter().product()
    }

    /// Shape of one example: `[30]`, `[8, 8]`, `[3, 32, 32]`; `[]` is a single number.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// One name per feature, or an empty slice where the file gave none.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The name of a feature for people: its own, or its index such as `[3, 5]`.
    pub fn name_of(&self, feature: usize) -> String {
        if let Some(name) = self.names.get(feature) {
            return name.clone();
        }
        let mut index = vec![0; self.shape.len()];
        let mut rest = feature;
        for (i, &extent) in index.iter_mut().zip(&self.shape).rev() {
            *i = rest % extent;
            rest /= extent;
        }
        format!("{index:?}")
    }

    /// All numbers, example after example.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// All numbers, moved out.
    pub fn into_values(self) -> Vec<f64> {
        self.values
    }

    /// The numbers of one example.
    ///
    /// # Panics
    /// If `example` is not below [`count`](Features::count).
    #[track_caller]
    pub fn row(&self, example: usize) -> &[f64] {
        assert!(example < self.count(), "example {example} of {}", self.count());
        let width = self.width();
        &self.values[example * width..(example + 1) * width]
    }

    /// The numbers of the chosen examples, one after another: the buffer of a batch.
    ///
    /// # Panics
    /// If an index is not below [`count`](Features::count).
    #[track_caller]
    pub fn gather(&self, examples: &[usize]) -> Vec<f64> {
        let mut out = Vec::with_capacity(examples.len() * self.width());
        for &example in examples {
            out.extend_from_slice(self.row(example));
        }
        out
    }

    /// The same numbers with examples of another shape of the same size, such as `[784]` seen as
    /// `[1, 28, 28]`. Names stay with their numbers.
    ///
    /// # Errors
    /// [`Shape`](ErrorKind::Shape) if the sizes differ.
    pub fn with_shape(mut self, shape: Vec<usize>) -> Result<Features, Error> {
        let width = width_of(&self.name, &shape)?;
        if width != self.width() {
            return Err(Error::new(
                ErrorKind::Shape,
                self.name,
                format!("shape {shape:?} holds {}", counted(width, "number")),
                format!(
                    "an example has {} (shape {:?})",
                    self.shape.iter().product::<usize>(),
                    self.shape
                ),
            ));
        }
        self.shape = shape;
        Ok(self)
    }
}

/// The product of `shape`, which must be neither 0 nor too large to count.
fn width_of(name: &str, shape: &[usize]) -> Result<usize, Error> {
    match shape.iter().try_fold(1usize, |product, &extent| product.checked_mul(extent)) {
        Some(0) => Err(Error::new(
            ErrorKind::Empty,
            name,
            format!("an example of shape {shape:?} holds no number"),
            "at least one feature is needed",
        )),
        Some(width) => Ok(width),
        None => Err(Error::new(
            ErrorKind::Shape,
            name,
            format!("shape {shape:?} holds more numbers than can be counted"),
            "give the shape of one example",
        )),
    }
}

/// "1797 examples of shape 8×8".
impl fmt::Display for Features {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} of ", self.name, counted(self.count(), "example"))?;
        match self.shape.as_slice() {
            [] => write!(f, "1 feature"),
            [width] => write!(f, "{}", counted(*width, "feature")),
            shape => {
                let extents: Vec<String> = shape.iter().map(usize::to_string).collect();
                write!(f, "shape {}", extents.join("×"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(result: Result<Features, Error>) -> String {
        result.expect_err("should be refused").to_string()
    }

    #[test]
    fn refuses_what_does_not_hold() {
        let new = |values: Vec<f64>, shape: Vec<usize>| Features::new("x", values, shape, vec![]);
        assert_eq!(
            message(new(vec![], vec![2])),
            "x: there are no examples; at least one is needed"
        );
        assert_eq!(
            message(new(vec![1.0], vec![2, 0])),
            "x: an example of shape [2, 0] holds no number; at least one feature is needed"
        );
        assert_eq!(
            message(new(vec![1.0; 5], vec![2])),
            "x: 5 numbers are no whole number of examples; each example of shape [2] takes 2"
        );
        assert_eq!(
            message(new(vec![1.0; 5], vec![usize::MAX, 3])),
            format!(
                "x: shape [{}, 3] holds more numbers than can be counted; \
                 give the shape of one example",
                usize::MAX
            )
        );
        assert_eq!(
            message(new(vec![1.0, 2.0, 3.0, f64::NAN], vec![2])),
            "x, row 1, column 1 (counted from 0): the feature is NaN; \
             every feature must be a finite number: fill it in or drop the example"
        );
        assert_eq!(
            message(Features::new("x", vec![1.0; 4], vec![2], vec!["only".into()])),
            "x: 1 name for 2 features; give one name per feature, or none"
        );
        assert_eq!(
            message(new(vec![1.0; 4], vec![2]).and_then(|x| x.with_shape(vec![3]))),
            "x: shape [3] holds 3 numbers; an example has 2 (shape [2])"
        );
    }

    #[test]
    fn features_have_names_for_people() {
        let image = Features::new("x", vec![0.0; 6], vec![2, 3], vec![]).unwrap();
        assert_eq!(image.name_of(5), "[1, 2]");
        assert_eq!(image.to_string(), "x: 1 example of shape 2×3");
        let named =
            Features::new("x", vec![0.0; 2], vec![2], vec!["a".into(), "b".into()]).unwrap();
        assert_eq!(named.name_of(1), "b");
        assert_eq!(named.to_string(), "x: 1 example of 2 features");
    }

    #[test]
    fn gathers_rows_in_order() {
        let x = Features::new("x", (0..6).map(f64::from).collect(), vec![2], vec![]).unwrap();
        assert_eq!(x.gather(&[2, 0, 2]), [4.0, 5.0, 0.0, 1.0, 4.0, 5.0]);
    }
}
