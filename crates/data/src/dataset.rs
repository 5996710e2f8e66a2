//! A data set: features with their targets.

use std::fmt;

use crate::error::{Error, ErrorKind, counted};
use crate::features::Features;
use crate::split::{self, Split};
use crate::targets::Targets;

/// Examples with their targets, checked: as many targets as examples, every label below the number
/// of classes, every number finite.
///
/// ```
/// let digits = data::embedded::digits();
/// assert_eq!(digits.to_string(), "digits: 1797 examples of shape 8×8, 10 classes");
/// let split = digits.split(0.2, 7)?;
/// let first_batch = digits.features().gather(&split.train[..32]);
/// assert_eq!(first_batch.len(), 32 * 64);
/// # Ok::<(), data::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    features: Features,
    targets: Targets,
    target_name: String,
}

impl Dataset {
    /// A data set from its parts; `target_name` is what is predicted, such as `species`.
    ///
    /// # Errors
    /// [`Counts`](ErrorKind::Counts) if there are not as many targets as examples,
    /// [`Label`](ErrorKind::Label) if a label is not below the number of classes,
    /// [`NotFinite`](ErrorKind::NotFinite) if a target is NaN or infinite.
    pub fn new(
        features: Features,
        targets: Targets,
        target_name: impl Into<String>,
    ) -> Result<Dataset, Error> {
        if features.count() != targets.count() {
            return Err(Error::new(
                ErrorKind::Counts,
                features.name(),
                format!(
                    "{} but {}",
                    counted(features.count(), "example"),
                    counted(targets.count(), "target")
                ),
                "each example needs exactly one target",
            ));
        }
        targets.check(features.name())?;
        Ok(Dataset { features, targets, target_name: target_name.into() })
    }

    /// What messages call the data: the file's stem or the embedded set's name.
    pub fn name(&self) -> &str {
        self.features.name()
    }

    /// Number of examples, at least 1.
    pub fn count(&self) -> usize {
        self.features.count()
    }

    /// What is known of each example.
    pub fn features(&self) -> &Features {
        &self.features
    }

    /// What is to be predicted.
    pub fn targets(&self) -> &Targets {
        &self.targets
    }

    /// The name of what is predicted: the column's name, or `label`.
    pub fn target_name(&self) -> &str {
        &self.target_name
    }

    /// The two parts, moved out.
    pub fn into_parts(self) -> (Features, Targets) {
        (self.features, self.targets)
    }

    /// Divides the examples in two: stratified by class, or by a plain shuffle for numbers.
    ///
    /// # Errors
    /// As [`split::stratified`] and [`split::shuffled`].
    pub fn split(&self, held_out_fraction: f64, seed: u64) -> Result<Split, Error> {
        match &self.targets {
            Targets::Classes { labels, .. } => split::stratified(labels, held_out_fraction, seed),
            Targets::Values(values) => split::shuffled(values.len(), held_out_fraction, seed),
        }
    }

    /// The same data with classes numbered as in `names`, the classes a model was trained on: a
    /// file numbers only the classes it holds, so a test file may number them differently.
    ///
    /// ```
    /// # use data::{Dataset, Features, Targets};
    /// # let features = Features::new("test", vec![0.0, 1.0], vec![1], vec![])?;
    /// // The test file holds only classes "3" and "7" of a model that knows ten digits.
    /// let targets = Targets::Classes { labels: vec![1, 0], names: vec!["3".into(), "7".into()] };
    /// let test = Dataset::new(features, targets, "digit")?;
    /// let known: Vec<String> = (0..10).map(|digit| digit.to_string()).collect();
    /// assert_eq!(test.with_classes(&known)?.targets().labels(), Some(&[7, 3][..]));
    /// # Ok::<(), data::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Label`](ErrorKind::Label) if an example has a class that `names` lacks, or if the targets
    /// are numbers.
    pub fn with_classes(self, names: &[String]) -> Result<Dataset, Error> {
        let targets = self.targets.renumbered(self.features.name(), names)?;
        Ok(Dataset { targets, ..self })
    }

    /// The same data with examples of another shape of the same size; see [`Features::with_shape`].
    ///
    /// # Errors
    /// [`Shape`](ErrorKind::Shape) if the sizes differ.
    pub fn with_shape(self, shape: Vec<usize>) -> Result<Dataset, Error> {
        Ok(Dataset { features: self.features.with_shape(shape)?, ..self })
    }
}

/// "iris: 150 examples of 4 features, 3 classes".
impl fmt::Display for Dataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.features, self.targets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features(count: usize) -> Features {
        Features::new("toy", vec![0.5; count], vec![1], vec![]).unwrap()
    }

    fn message(result: Result<Dataset, Error>) -> String {
        result.expect_err("should be refused").to_string()
    }

    #[test]
    fn refuses_what_does_not_hold() {
        let classes = |labels: Vec<usize>| Targets::Classes { labels, names: vec!["a".into()] };
        assert_eq!(
            message(Dataset::new(features(3), classes(vec![0, 0]), "y")),
            "toy: 3 examples but 2 targets; each example needs exactly one target"
        );
        assert_eq!(
            message(Dataset::new(features(2), classes(vec![0, 1]), "y")),
            "toy, row 1 (counted from 0): label 1 with 1 class; \
             labels count from 0 and stay below the number of classes"
        );
        assert_eq!(
            message(Dataset::new(features(1), Targets::Values(vec![f64::INFINITY]), "y")),
            "toy, row 0 (counted from 0): the target is inf; \
             every target must be a finite number: fill it in or drop the example"
        );
    }

    #[test]
    fn renumbering_refuses_strangers() {
        let targets = Targets::Classes { labels: vec![0, 1], names: vec!["a".into(), "c".into()] };
        let toy = Dataset::new(features(2), targets, "y").unwrap();
        assert_eq!(
            message(toy.clone().with_classes(&["a".into(), "b".into()])),
            "toy, row 1 (counted from 0): \"c\" is none of the classes; \
             the classes are \"a\", \"b\""
        );
        let same = toy.with_classes(&["c".into(), "b".into(), "a".into()]).unwrap();
        assert_eq!(same.targets().labels(), Some(&[2, 0][..]));
        assert_eq!(same.targets().class_counts(), Some(vec![1, 0, 1]));
        let numbers = Dataset::new(features(1), Targets::Values(vec![2.5]), "y").unwrap();
        assert_eq!(
            message(numbers.with_classes(&["a".into()])),
            "toy: the targets are numbers; the classes are \"a\""
        );
    }
}
