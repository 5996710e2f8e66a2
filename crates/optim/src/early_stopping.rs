//! Early stopping.

use serde::{Deserialize, Serialize};

/// What a validation loss means for training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The best so far: keep this model.
    Improved,
    /// Not better than the best, but patience lasts.
    Wait,
    /// Patience is at its end: go back to the best model.
    Stop,
}

/// Stops when a loss has not fallen below its best by more than `margin` for `patience`
/// observations in a row. NaN is no improvement.
///
/// Source: L. Prechelt, *Early stopping – but when?* (1998), criterion UP. On a quadratic with
/// eigenvalues `λᵢ`, stopping gradient descent after `t` steps multiplies direction `i` of the
/// minimum by `1 − (1 − ηλᵢ)ᵗ`: it is a regulariser.
///
/// ```
/// use optim::{EarlyStopping, Verdict};
/// let mut stopping = EarlyStopping::new(2, 0.0);
/// assert_eq!(stopping.observe(1.0), Verdict::Improved);
/// assert_eq!(stopping.observe(2.0), Verdict::Wait);
/// assert_eq!(stopping.observe(0.5), Verdict::Improved);
/// assert_eq!(stopping.observe(f64::NAN), Verdict::Wait);
/// assert_eq!(stopping.observe(0.5), Verdict::Stop);
/// assert_eq!(stopping.best(), Some((2, 0.5)));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EarlyStopping {
    patience: usize,
    margin: f64,
    observed: usize,
    best: Option<(usize, f64)>,
}

impl EarlyStopping {
    /// With patience for this many observations without an improvement by more than the margin.
    ///
    /// # Panics
    /// When the margin is negative or NaN.
    #[track_caller]
    pub fn new(patience: usize, margin: f64) -> EarlyStopping {
        assert!(margin >= 0.0, "EarlyStopping: a margin is not negative, this is {margin}");
        EarlyStopping { patience, margin, observed: 0, best: None }
    }

    /// Takes in one more loss.
    pub fn observe(&mut self, loss: f64) -> Verdict {
        let here = self.observed;
        self.observed += 1;
        let improved = match self.best {
            None => !loss.is_nan(),
            Some((_, best)) => loss < best - self.margin,
        };
        if improved {
            self.best = Some((here, loss));
            return Verdict::Improved;
        }
        let since = self.best.map_or(self.observed, |(at, _)| here - at);
        if since >= self.patience { Verdict::Stop } else { Verdict::Wait }
    }

    /// The best loss, with the number of observations before it.
    pub fn best(&self) -> Option<(usize, f64)> {
        self.best
    }
}
