//! Backtracking.

use super::{LineSearchError, Step, descends};

/// The first of `a₀, ρa₀, ρ²a₀, …` with sufficient decrease, `φ(a) ≤ φ(0) + c₁ a φ'(0)`. Lengths
/// where φ is NaN or infinite are too long.
///
/// Source: L. Armijo, Pacific J. Math. 16 (1966); J. Nocedal, S. J. Wright, *Numerical
/// optimization* (2006), algorithm 3.1.
///
/// ```
/// use optim::Armijo;
/// // φ(a) = (1 − a)²: a = 4 and a = 2 are too long.
/// let step = Armijo::new().initial(4.0).search(|a| (1.0 - a) * (1.0 - a), 1.0, -2.0)?;
/// assert_eq!((step.length, step.evaluations), (1.0, 3));
/// # Ok::<(), optim::LineSearchError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Armijo {
    decrease: f64,
    shrink: f64,
    initial: f64,
    limit: usize,
}

impl Default for Armijo {
    fn default() -> Armijo {
        Armijo::new()
    }
}

impl Armijo {
    /// With `a₀ = 1`, `c₁ = 10⁻⁴`, `ρ = ½`, at most 60 evaluations.
    pub fn new() -> Armijo {
        Armijo { decrease: 1e-4, shrink: 0.5, initial: 1.0, limit: 60 }
    }

    /// With another first length.
    pub fn initial(mut self, length: f64) -> Armijo {
        self.initial = length;
        self
    }

    /// With another `c₁`.
    ///
    /// # Panics
    /// When it is not between 0 and 1.
    #[track_caller]
    pub fn decrease(mut self, c1: f64) -> Armijo {
        assert!(0.0 < c1 && c1 < 1.0, "Armijo: c₁ lies between 0 and 1, this is {c1}");
        self.decrease = c1;
        self
    }

    /// With another factor ρ.
    ///
    /// # Panics
    /// When it is not between 0 and 1.
    #[track_caller]
    pub fn shrink(mut self, factor: f64) -> Armijo {
        assert!(0.0 < factor && factor < 1.0, "Armijo: ρ lies between 0 and 1, this is {factor}");
        self.shrink = factor;
        self
    }

    /// Searches, given `φ`, `φ(0)` and `φ'(0)`.
    ///
    /// # Errors
    /// When the direction does not descend, or no length does within the limit.
    pub fn search(
        &self,
        mut phi: impl FnMut(f64) -> f64,
        value: f64,
        slope: f64,
    ) -> Result<Step, LineSearchError> {
        descends(slope)?;
        let mut length = self.initial;
        for evaluations in 1..=self.limit {
            let there = phi(length);
            if there <= value + self.decrease * length * slope {
                return Ok(Step { length, value: there, evaluations });
            }
            length *= self.shrink;
        }
        let length = length / self.shrink;
        Err(LineSearchError::NoStep { length, evaluations: self.limit })
    }
}
