//! Standardising: features (or targets) of mean 0 and standard deviation 1 on the training part.

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, counted};

/// The map `x ↦ (x - mean) / scale` on each feature.
///
/// Fit it on the training part alone: a mean that has seen the held-out part has leaked it.
/// `scale` is the standard deviation (dividing by `n`, as is usual here and in scikit-learn), and 1
/// for features that are constant on the part it was fitted on, which are then only centred.
///
/// Saved with serde as `{"mean": […], "scale": […]}`; reading checks that the two fit together.
///
/// ```
/// use data::Standardiser;
///
/// let iris = data::embedded::iris();
/// let split = iris.split(0.2, 0)?;
/// let standardiser = Standardiser::fit(iris.features().values(), 4, &split.train)?;
///
/// let mut batch = iris.features().gather(&split.train[..8]);
/// standardiser.apply(&mut batch)?;
/// assert!(batch.iter().all(|x| x.abs() < 4.0));
/// standardiser.invert(&mut batch)?;
///
/// // Targets of a regression are standardised in the same way, as one feature.
/// let diabetes = data::embedded::diabetes();
/// let progression = diabetes.targets().values().unwrap_or_default();
/// let all: Vec<usize> = (0..diabetes.count()).collect();
/// let of_targets = Standardiser::fit(progression, 1, &all)?;
/// assert_eq!(of_targets.mean()[0].round(), 152.0);
/// # Ok::<(), data::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Parts")]
pub struct Standardiser {
    mean: Vec<f64>,
    scale: Vec<f64>,
}

/// What is stored, before it is checked.
#[derive(Deserialize)]
struct Parts {
    mean: Vec<f64>,
    scale: Vec<f64>,
}

impl TryFrom<Parts> for Standardiser {
    type Error = Error;

    fn try_from(parts: Parts) -> Result<Standardiser, Error> {
        Standardiser::new(parts.mean, parts.scale)
    }
}

impl Standardiser {
    /// A standardiser from its means and scales, one of each per feature.
    ///
    /// # Errors
    /// [`Shape`](ErrorKind::Shape) if their numbers differ, [`Empty`](ErrorKind::Empty) if there
    /// are none, [`Argument`](ErrorKind::Argument) if a mean is not finite or a scale not finite
    /// and positive.
    pub fn new(mean: Vec<f64>, scale: Vec<f64>) -> Result<Standardiser, Error> {
        let refuse =
            |kind, wrong: String, right: &str| Err(Error::new(kind, SUBJECT, wrong, right));
        if mean.len() != scale.len() {
            let wrong =
                format!("{} but {}", counted(mean.len(), "mean"), counted(scale.len(), "scale"));
            return refuse(ErrorKind::Shape, wrong, "each feature needs one of each");
        }
        if mean.is_empty() {
            let wrong = "there are no features".to_string();
            return refuse(ErrorKind::Empty, wrong, "at least one is needed");
        }
        for (feature, (&mean, &scale)) in mean.iter().zip(&scale).enumerate() {
            if !(mean.is_finite() && scale.is_finite() && scale > 0.0) {
                let wrong = format!("feature {feature} has mean {mean} and scale {scale}");
                let right = "means must be finite, scales finite and positive";
                return refuse(ErrorKind::Argument, wrong, right);
            }
        }
        Ok(Standardiser { mean, scale })
    }

    /// Fits each of `width` features by itself. `values` holds examples one after another, of which
    /// only those in `examples` are looked at. Right for columns of different units.
    ///
    /// # Errors
    /// [`Shape`](ErrorKind::Shape) if `values` is no whole number of examples,
    /// [`Empty`](ErrorKind::Empty) if `examples` is, [`Argument`](ErrorKind::Argument) if an
    /// example is out of range or a number is not finite.
    pub fn fit(values: &[f64], width: usize, examples: &[usize]) -> Result<Standardiser, Error> {
        check_examples(values, width, examples)?;
        let column = |feature| examples.iter().map(move |&i| values[i * width + feature]);
        let (mean, scale) = (0..width).map(|feature| moments(column(feature))).unzip();
        Standardiser::new(mean, scale)
    }

    /// Fits one mean and one scale for all features together. Right for images, where all pixels
    /// have the same unit and a pixel that is nearly always 0 must not be blown up.
    ///
    /// # Errors
    /// As [`fit`](Standardiser::fit).
    pub fn fit_shared(
        values: &[f64],
        width: usize,
        examples: &[usize],
    ) -> Result<Standardiser, Error> {
        check_examples(values, width, examples)?;
        let (mean, scale) =
            moments(examples.iter().flat_map(|&i| &values[i * width..(i + 1) * width]).copied());
        Standardiser::new(vec![mean; width], vec![scale; width])
    }

    /// Number of features.
    pub fn width(&self) -> usize {
        self.mean.len()
    }

    /// The mean of each feature on the part it was fitted on.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// What each feature is divided by: a standard deviation, or 1 if it was constant.
    pub fn scale(&self) -> &[f64] {
        &self.scale
    }

    /// Replaces each `x` by `(x - mean) / scale`.
    ///
    /// # Errors
    /// [`Shape`](ErrorKind::Shape) if `values` is no whole number of examples.
    pub fn apply(&self, values: &mut [f64]) -> Result<(), Error> {
        self.each(values, |x, mean, scale| (x - mean) / scale)
    }

    /// Replaces each `z` by `z · scale + mean`: the inverse of [`apply`](Standardiser::apply), up
    /// to rounding.
    ///
    /// # Errors
    /// [`Shape`](ErrorKind::Shape) if `values` is no whole number of examples.
    pub fn invert(&self, values: &mut [f64]) -> Result<(), Error> {
        self.each(values, |z, mean, scale| z * scale + mean)
    }

    fn each(&self, values: &mut [f64], map: impl Fn(f64, f64, f64) -> f64) -> Result<(), Error> {
        check_width(values.len(), self.width())?;
        for row in values.chunks_exact_mut(self.width()) {
            for ((x, &mean), &scale) in row.iter_mut().zip(&self.mean).zip(&self.scale) {
                *x = map(*x, mean, scale);
            }
        }
        Ok(())
    }
}

const SUBJECT: &str = "standardiser";

fn check_width(len: usize, width: usize) -> Result<(), Error> {
    if width != 0 && len.is_multiple_of(width) {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Shape,
        SUBJECT,
        format!("{} are no whole number of examples", counted(len, "number")),
        format!("each example has {}", counted(width, "feature")),
    ))
}

fn check_examples(values: &[f64], width: usize, examples: &[usize]) -> Result<(), Error> {
    check_width(values.len(), width)?;
    let count = values.len() / width;
    if examples.is_empty() {
        let wrong = "there are no examples to fit";
        return Err(Error::new(ErrorKind::Empty, SUBJECT, wrong, "at least one is needed"));
    }
    if let Some(example) = examples.iter().find(|&&example| example >= count) {
        let wrong = format!("example {example} of {count}");
        let right = "examples count from 0 and stay below their number";
        return Err(Error::new(ErrorKind::Argument, SUBJECT, wrong, right));
    }
    Ok(())
}

/// Mean and standard deviation (1 for a constant), of any finite numbers, however large.
fn moments(numbers: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let count = numbers.clone().count() as f64;
    let first = numbers.clone().next().unwrap_or(0.0);
    let largest = numbers.clone().fold(0.0, |largest: f64, x| largest.max(x.abs()));
    if numbers.clone().all(|x| x == first) {
        return (first, 1.0);
    }
    // Dividing by a power of two is exact and keeps squares and sums from overflowing. Clearing the
    // fraction bits of a float leaves the power of two just below it.
    let unit = f64::from_bits(largest.to_bits() & f64::INFINITY.to_bits()).max(f64::MIN_POSITIVE);
    let shifted = |origin: f64| numbers.clone().map(move |x| x / unit - origin);
    // Two passes about a nearby origin: no cancellation when the mean is large beside the spread.
    let near = first / unit + shifted(first / unit).sum::<f64>() / count;
    let slip = shifted(near).sum::<f64>() / count;
    let mean = near + slip;
    let deviation = (shifted(mean).map(|d| d * d).sum::<f64>() / count).sqrt();
    // Numbers that differ by rounding alone (0.3 and 0.1 + 0.2) are constant as well; dividing by
    // their deviation would turn the next rounding error into a signal.
    let rounding = 10.0 * f64::EPSILON * (largest / unit);
    (mean * unit, if deviation <= rounding { 1.0 } else { deviation * unit })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
        result.expect_err("should be refused").to_string()
    }

    #[test]
    fn refuses_what_does_not_fit() {
        assert_eq!(
            message(Standardiser::fit(&[1.0; 5], 2, &[0])),
            "standardiser: 5 numbers are no whole number of examples; each example has 2 features"
        );
        assert_eq!(
            message(Standardiser::fit(&[1.0; 4], 0, &[0])),
            "standardiser: 4 numbers are no whole number of examples; each example has 0 features"
        );
        assert_eq!(
            message(Standardiser::fit(&[1.0; 4], 2, &[])),
            "standardiser: there are no examples to fit; at least one is needed"
        );
        assert_eq!(
            message(Standardiser::fit_shared(&[1.0; 4], 2, &[2])),
            "standardiser: example 2 of 2; examples count from 0 and stay below their number"
        );
        assert_eq!(
            message(Standardiser::fit(&[1.0, f64::NAN], 1, &[0, 1])),
            "standardiser: feature 0 has mean NaN and scale NaN; \
             means must be finite, scales finite and positive"
        );
        assert_eq!(
            message(Standardiser::new(vec![0.0], vec![])),
            "standardiser: 1 mean but 0 scales; each feature needs one of each"
        );
        assert_eq!(
            message(Standardiser::new(vec![], vec![])),
            "standardiser: there are no features; at least one is needed"
        );
        let unit = Standardiser::new(vec![0.0; 3], vec![1.0; 3]).unwrap();
        assert_eq!(
            message(unit.apply(&mut [0.0; 4])),
            "standardiser: 4 numbers are no whole number of examples; each example has 3 features"
        );
    }

    #[test]
    fn fits_the_chosen_examples_alone() {
        let values = [1.0, 10.0, 3.0, 10.0, 1e9, 1e9];
        let fitted = Standardiser::fit(&values, 2, &[0, 1]).unwrap();
        assert_eq!(fitted.mean(), [2.0, 10.0]);
        assert_eq!(fitted.scale(), [1.0, 1.0]);
        let shared = Standardiser::fit_shared(&values, 2, &[0, 1]).unwrap();
        assert_eq!(shared.mean(), [6.0, 6.0]);
        assert_eq!(shared.scale(), [16.5f64.sqrt(), 16.5f64.sqrt()]);
    }

    #[test]
    fn constants_are_centred_only() {
        let nearly = [0.3, 0.1 + 0.2, 0.3, 0.1 + 0.2];
        assert_ne!(nearly[0], nearly[1]);
        for values in [[0.1; 4], nearly, [0.0; 4], [-1e300; 4]] {
            let fitted = Standardiser::fit(&values, 1, &[0, 1, 2, 3]).unwrap();
            assert_eq!(fitted.scale(), [1.0]);
            assert!((fitted.mean()[0] - values[0]).abs() <= 1e-15 * values[0].abs());
        }
    }

    #[test]
    fn extreme_numbers_neither_overflow_nor_vanish() {
        let huge = Standardiser::fit(&[f64::MAX, -f64::MAX], 1, &[0, 1]).unwrap();
        assert_eq!((huge.mean()[0], huge.scale()[0]), (0.0, f64::MAX));
        let tiny = Standardiser::fit(&[1e-300, 3e-300], 1, &[0, 1]).unwrap();
        assert!((tiny.scale()[0] / 1e-300 - 1.0).abs() < 1e-12);
        // A spread of 1 about a mean of 10^12 keeps four digits more than the naive formula has.
        let far: Vec<f64> = (0..1000).map(|i| 1e12 + f64::from(i % 2) * 2.0).collect();
        let all: Vec<usize> = (0..1000).collect();
        let fitted = Standardiser::fit(&far, 1, &all).unwrap();
        assert_eq!((fitted.mean()[0], fitted.scale()[0]), (1e12 + 1.0, 1.0));
    }

    #[test]
    fn is_saved_and_checked_when_read() {
        let fitted = Standardiser::fit(&[0.1, 0.7, 0.2], 1, &[0, 1, 2]).unwrap();
        let text = serde_json::to_string(&fitted).unwrap();
        assert_eq!(serde_json::from_str::<Standardiser>(&text).unwrap(), fitted);
        let error = serde_json::from_str::<Standardiser>(r#"{"mean":[0.0],"scale":[0.0]}"#);
        assert!(error.unwrap_err().to_string().contains("scales finite and positive"));
    }

    proptest! {
        #[test]
        fn standardised_columns_have_mean_0_and_deviation_1(
            columns in prop::collection::vec((-1e6f64..1e6, 1e-3f64..1e3), 1..4),
            noise in prop::collection::vec(-1.0f64..1.0, 30..60),
        ) {
            let width = columns.len();
            let mut values = Vec::new();
            for &z in &noise {
                values.extend(columns.iter().map(|(centre, spread)| centre + spread * z));
            }
            let all: Vec<usize> = (0..noise.len()).collect();
            let fitted = Standardiser::fit(&values, width, &all).unwrap();
            let mut z = values.clone();
            fitted.apply(&mut z).unwrap();
            for feature in 0..width {
                let column: Vec<f64> = z.iter().skip(feature).step_by(width).copied().collect();
                let n = column.len() as f64;
                let mean = column.iter().sum::<f64>() / n;
                let variance = column.iter().map(|z| (z - mean).powi(2)).sum::<f64>() / n;
                prop_assert!(mean.abs() < 1e-5 && (variance - 1.0).abs() < 1e-5);
            }
            fitted.invert(&mut z).unwrap();
            for (back, value) in z.iter().zip(&values) {
                prop_assert!((back - value).abs() <= 1e-9 * (1.0 + value.abs()));
            }
        }
    }
}
