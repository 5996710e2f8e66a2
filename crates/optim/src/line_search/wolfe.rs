//! The strong Wolfe conditions.

use super::{LineSearchError, Step, descends, rounding};

/// A length with sufficient decrease and flat enough a slope:
/// `φ(a) ≤ φ(0) + c₁ a φ'(0)` and `|φ'(a)| ≤ c₂ |φ'(0)|`. Quasi-Newton methods need both: then
/// `yᵀs > 0`, and their matrices stay positive definite.
///
/// Lengths double until the conditions are bracketed, then cubic interpolation closes in; lengths
/// where φ is NaN or infinite are too long. Where the decrease is below rounding, it is judged by
/// the slope, `φ'(a) ≤ (2c₁ − 1) φ'(0)`, which is the same for a parabola (W. W. Hager, H. Zhang,
/// SIAM J. Optim. 16, 2005, equation 4.1): without this no search ends near a minimum.
///
/// Source: P. Wolfe, SIAM Review 11 (1969); J. Nocedal, S. J. Wright, *Numerical optimization*
/// (2006), algorithms 3.5 and 3.6.
///
/// ```
/// use optim::StrongWolfe;
/// let phi = |a: f64| (a.powi(4) - 2.0 * a, 4.0 * a.powi(3) - 2.0);
/// let step = StrongWolfe::new().flatness(0.01).search(phi, 0.0, -2.0)?;
/// assert!((step.length - 0.5_f64.cbrt()).abs() < 0.01);
/// # Ok::<(), optim::LineSearchError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct StrongWolfe {
    decrease: f64,
    flatness: f64,
    initial: f64,
    limit: usize,
}

impl Default for StrongWolfe {
    fn default() -> StrongWolfe {
        StrongWolfe::new()
    }
}

/// A length that was tried.
#[derive(Clone, Copy)]
struct Point {
    length: f64,
    value: f64,
    slope: f64,
}

impl Point {
    /// Whether the value is higher by more than rounding: within it the slope decides.
    fn is_above(&self, other: &Point) -> bool {
        self.value > other.value + rounding(other.value)
    }
}

/// One search: φ with what is known of it.
struct Search<F> {
    phi: F,
    start: Point,
    evaluations: usize,
    wolfe: StrongWolfe,
}

impl StrongWolfe {
    /// With `c₁ = 10⁻⁴`, `c₂ = 0.9`, first length 1, at most 60 evaluations.
    pub fn new() -> StrongWolfe {
        StrongWolfe { decrease: 1e-4, flatness: 0.9, initial: 1.0, limit: 60 }
    }

    /// With another `c₁`.
    ///
    /// # Panics
    /// When it is not between 0 and 1.
    #[track_caller]
    pub fn decrease(mut self, c1: f64) -> StrongWolfe {
        assert!(0.0 < c1 && c1 < 1.0, "StrongWolfe: c₁ lies between 0 and 1, this is {c1}");
        self.decrease = c1;
        self
    }

    /// With another `c₂`: small values ask for nearly exact minima.
    ///
    /// # Panics
    /// When it is not between 0 and 1.
    #[track_caller]
    pub fn flatness(mut self, c2: f64) -> StrongWolfe {
        assert!(0.0 < c2 && c2 < 1.0, "StrongWolfe: c₂ lies between 0 and 1, this is {c2}");
        self.flatness = c2;
        self
    }

    /// With another first length.
    pub fn initial(mut self, length: f64) -> StrongWolfe {
        self.initial = length;
        self
    }

    /// Searches, given `a ↦ (φ(a), φ'(a))`, `φ(0)` and `φ'(0)`.
    ///
    /// Where the limit of evaluations comes before a slope that is flat enough, the best length
    /// with sufficient decrease is given.
    ///
    /// # Errors
    /// When the direction does not descend, or no length does within the limit.
    pub fn search(
        &self,
        phi: impl FnMut(f64) -> (f64, f64),
        value: f64,
        slope: f64,
    ) -> Result<Step, LineSearchError> {
        descends(slope)?;
        let start = Point { length: 0.0, value, slope };
        let mut search = Search { phi, start, evaluations: 0, wolfe: *self };
        let mut before = start;
        let mut length = self.initial;
        while search.evaluations < self.limit {
            let here = search.at(length);
            let defined = here.value.is_finite() && here.slope.is_finite();
            if !defined || !search.decreases(&here) || here.is_above(&before) {
                return search.zoom(before, here);
            }
            if search.is_flat(&here) {
                return Ok(search.step(&here));
            }
            if here.slope >= 0.0 {
                return search.zoom(here, before);
            }
            before = here;
            length *= 2.0;
        }
        Err(search.failed(length))
    }
}

impl<F: FnMut(f64) -> (f64, f64)> Search<F> {
    fn at(&mut self, length: f64) -> Point {
        self.evaluations += 1;
        let (value, slope) = (self.phi)(length);
        Point { length, value, slope }
    }

    /// Whether a value differs from that at 0 by rounding only.
    fn is_noise(&self, p: &Point) -> bool {
        (p.value - self.start.value).abs() <= rounding(self.start.value)
    }

    fn decreases(&self, p: &Point) -> bool {
        let line = self.start.value + self.wolfe.decrease * p.length * self.start.slope;
        let by_slope = p.slope <= (2.0 * self.wolfe.decrease - 1.0) * self.start.slope;
        p.value <= line || self.is_noise(p) && by_slope
    }

    fn is_flat(&self, p: &Point) -> bool {
        p.slope.abs() <= self.wolfe.flatness * self.start.slope.abs()
    }

    fn step(&self, p: &Point) -> Step {
        Step { length: p.length, value: p.value, evaluations: self.evaluations }
    }

    fn failed(&self, length: f64) -> LineSearchError {
        LineSearchError::NoStep { length, evaluations: self.evaluations }
    }

    /// Closes in on an acceptable length between `low`, the best so far, and `high`.
    fn zoom(mut self, mut low: Point, mut high: Point) -> Result<Step, LineSearchError> {
        while self.evaluations < self.wolfe.limit {
            let here = self.at(between(&low, &high));
            let defined = here.value.is_finite() && here.slope.is_finite();
            if !defined || !self.decreases(&here) || here.is_above(&low) {
                high = here;
                continue;
            }
            if self.is_flat(&here) {
                return Ok(self.step(&here));
            }
            if here.slope * (high.length - low.length) >= 0.0 {
                high = low;
            }
            low = here;
        }
        // What decreases is a step, if not a flat one.
        if low.length > 0.0 { Ok(self.step(&low)) } else { Err(self.failed(high.length)) }
    }
}

/// The minimiser of the cubic through two values and slopes (Nocedal, Wright, equation 3.59),
/// kept away from the ends; the middle where it has none.
fn between(a: &Point, b: &Point) -> f64 {
    let width = b.length - a.length;
    let middle = a.length + 0.5 * width;
    let d1 = a.slope + b.slope - 3.0 * (a.value - b.value) / (a.length - b.length);
    let square = d1 * d1 - a.slope * b.slope;
    let d2 = width.signum() * square.sqrt();
    let length = b.length - width * (b.slope + d2 - d1) / (b.slope - a.slope + 2.0 * d2);
    let share = (length - a.length) / width;
    if (0.1..=0.9).contains(&share) { length } else { middle }
}
