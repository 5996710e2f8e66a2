//! How a window slides along one axis: the arithmetic that convolutions and windowed reductions
//! share.

use crate::error::{TypeError, ensure};

/// Sizes, steps and paddings beyond this are refused, so that sums of a few of them fit in `i64`.
const LIMIT: i64 = 1 << 60;

/// Checks that an array of this shape has a number of elements that can be counted.
pub(crate) fn countable(what: &str, shape: &[usize]) -> Result<(), TypeError> {
    let count = shape.iter().try_fold(1_usize, |count, &n| count.checked_mul(n));
    ensure(count.is_some(), || format!("{what} would have sizes {shape:?}, more than can be"))
}

/// A window sliding along one axis of an operand. Window `i` at its place `k` sees element `j` where
///
/// ```text
/// i·stride + k·window_dilation − low = j·base_dilation,    0 ≤ j < size
/// ```
///
/// and nothing where there is no such `j` (padding, a hole between dilated elements, or what
/// negative padding has cut off). Everything follows from this one equation, in particular both
/// adjoints: solved for `j` instead of `i` it has the same form again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Sliding {
    /// Elements of the operand.
    pub(crate) size: i64,
    /// Places of the window.
    pub(crate) window: i64,
    /// From one window to the next.
    pub(crate) stride: i64,
    /// Padding before the first element; negative cuts off.
    pub(crate) low: i64,
    /// Padding after the last element; negative cuts off.
    pub(crate) high: i64,
    /// From one element of the operand to the next.
    pub(crate) base_dilation: i64,
    /// From one place of the window to the next.
    pub(crate) window_dilation: i64,
}

/// What `n` elements cover when neighbours lie `step` apart: `(n − 1)·step + 1`, and 0 for none.
fn spread(n: i64, step: i64) -> i64 {
    if n == 0 { 0 } else { (n - 1) * step + 1 }
}

impl Sliding {
    /// A window sliding along axis `axis`, a number used in messages only.
    pub(crate) fn new(
        axis: usize,
        [size, window]: [usize; 2],
        stride: usize,
        (low, high): (i64, i64),
        [base_dilation, window_dilation]: [usize; 2],
    ) -> Result<Sliding, TypeError> {
        ensure(stride > 0 && base_dilation > 0 && window_dilation > 0, || {
            format!(
                "strides and dilations must be at least 1; spatial axis {axis} has stride \
                 {stride} and dilations {base_dilation} and {window_dilation}"
            )
        })?;
        let bounded = |v: usize| i64::try_from(v).ok().filter(|&v| v <= LIMIT);
        let covered = |n: usize, step: usize| match n {
            0 => Some(0),
            _ => bounded(step)?.checked_mul(bounded(n)? - 1).filter(|&v| v < LIMIT),
        };
        let checked = || -> Option<Sliding> {
            covered(size, base_dilation)?;
            covered(window, window_dilation)?;
            (low.checked_abs()? <= LIMIT && high.checked_abs()? <= LIMIT).then_some(())?;
            Some(Sliding {
                size: bounded(size)?,
                window: bounded(window)?,
                stride: bounded(stride)?,
                low,
                high,
                base_dilation: bounded(base_dilation)?,
                window_dilation: bounded(window_dilation)?,
            })
        };
        checked().ok_or_else(|| {
            TypeError::new(format!("sizes, steps or padding of spatial axis {axis} are too large"))
        })
    }

    /// What the dilated window covers.
    fn span(&self) -> i64 {
        spread(self.window, self.window_dilation)
    }

    /// Number of windows: `⌊(padded − span) / stride⌋ + 1` with `padded = spread + low + high`, at
    /// least 0.
    pub(crate) fn windows(&self) -> usize {
        let padded = spread(self.size, self.base_dilation) + self.low + self.high;
        ((padded - self.span()).div_euclid(self.stride) + 1).max(0) as usize
    }

    /// The element that window `i` sees at its place `k`.
    pub(crate) fn element(&self, i: usize, k: usize) -> Option<usize> {
        let at = i as i64 * self.stride + k as i64 * self.window_dilation - self.low;
        let j = at.div_euclid(self.base_dilation);
        let there = at.rem_euclid(self.base_dilation) == 0 && (0..self.size).contains(&j);
        there.then_some(j as usize)
    }

    /// Whether every window sees an element, given that the operand is not dilated. (Where more
    /// than a million windows begin in front of an operand smaller than the dilation, which
    /// nothing but a hostile file has, the answer is no without looking.)
    pub(crate) fn every_window_sees(&self) -> bool {
        let (windows, d) = (self.windows() as i64, self.window_dilation);
        if windows == 0 || self.window == 0 {
            return windows == 0;
        }
        // Windows that begin inside or behind: the last one begins last.
        let last = (windows - 1) * self.stride - self.low;
        if last >= self.size {
            return false;
        }
        // Windows that begin in front: the first one needs most places to reach the operand, and
        // the place that each reaches lies within one dilation of its beginning.
        let in_front =
            windows.min(self.low.max(0).unsigned_abs().div_ceil(self.stride as u64) as i64);
        if in_front == 0 {
            return true;
        }
        let most = (self.low as u64).div_ceil(d as u64) as i64;
        if most >= self.window {
            return false;
        }
        const MANY: i64 = 1 << 20;
        d <= self.size
            || in_front <= MANY
                && (0..in_front).all(|i| (i * self.stride - self.low).rem_euclid(d) < self.size)
    }

    /// The padding with which windows over the outputs see, at element `j`, exactly the windows
    /// that see `j`: with `k = window − 1 − k'` the equation reads
    ///
    /// ```text
    /// j·base_dilation + k'·window_dilation − low' = i·stride,    low' = span − 1 − low
    /// ```
    ///
    /// so stride and base dilation change roles, and the window is read backwards. `high'` makes
    /// the number of windows come out as `size`.
    pub(crate) fn adjoint_padding(&self) -> (i64, i64) {
        let outputs = spread(self.windows() as i64, self.stride);
        let low = self.span() - 1 - self.low;
        (low, spread(self.size, self.base_dilation) + self.span() - 1 - outputs - low)
    }

    /// The padding with which the outputs, as a window over the operand, see at place `k` of the
    /// old window what belongs to it: in the equation `i` and `k` change roles, stride and window
    /// dilation with them; `low` stays, and `high'` makes the number of windows come out as
    /// `window`.
    pub(crate) fn filter_adjoint_padding(&self) -> (i64, i64) {
        let outputs = spread(self.windows() as i64, self.stride);
        let operand = spread(self.size, self.base_dilation);
        (self.low, outputs + self.span() - 1 - operand - self.low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every combination of small parameters.
    fn all() -> Vec<Sliding> {
        let mut all = vec![];
        for size in 0..4 {
            for window in 0..4 {
                for low in -2..3 {
                    for high in -2..3 {
                        for steps in 0..8 {
                            let [s, b, w] = [0, 1, 2].map(|bit| 1 + 2 * (steps >> bit & 1));
                            let dilations = [b, w];
                            all.push(
                                Sliding::new(0, [size, window], s, (low, high), dilations).unwrap(),
                            );
                        }
                    }
                }
            }
        }
        all
    }

    #[test]
    fn windows_fill_the_padded_operand() {
        for a in all() {
            // The definition by trying: windows fit as long as their last place is inside.
            let padded = spread(a.size, a.base_dilation) + a.low + a.high;
            let fits = |i: i64| i * a.stride + a.span() <= padded;
            let count = (0..).take_while(|&i| fits(i)).count();
            assert_eq!(a.windows(), count, "{a:?}");
        }
    }

    #[test]
    fn the_adjoint_sees_the_windows_that_see_an_element() {
        for a in all() {
            let (low, high) = a.adjoint_padding();
            let back = Sliding {
                size: a.windows() as i64,
                stride: a.base_dilation,
                low,
                high,
                base_dilation: a.stride,
                ..a
            };
            assert_eq!(back.windows() as i64, a.size, "{a:?}");
            for (i, j, k) in triples(&a) {
                let seen = a.element(i, k) == Some(j);
                let reversed = a.window as usize - 1 - k;
                assert_eq!(back.element(j, reversed) == Some(i), seen, "{a:?} {i} {j} {k}");
            }
        }
    }

    #[test]
    fn the_filter_adjoint_exchanges_windows_and_places() {
        for a in all() {
            let (low, high) = a.filter_adjoint_padding();
            let back = Sliding {
                window: a.windows() as i64,
                stride: a.window_dilation,
                low,
                high,
                window_dilation: a.stride,
                ..a
            };
            assert_eq!(back.windows() as i64, a.window, "{a:?}");
            for (i, j, k) in triples(&a) {
                let seen = a.element(i, k) == Some(j);
                assert_eq!(back.element(k, i) == Some(j), seen, "{a:?} {i} {j} {k}");
            }
        }
    }

    fn triples(a: &Sliding) -> Vec<(usize, usize, usize)> {
        let (n, m) = (a.size as usize, a.window as usize);
        let pairs = move |i| (0..n).flat_map(move |j| (0..m).map(move |k| (i, j, k)));
        (0..a.windows()).flat_map(pairs).collect()
    }

    #[test]
    fn windows_that_see_nothing_are_found() {
        for a in all().into_iter().filter(|a| a.base_dilation == 1) {
            let sees = |i| (0..a.window as usize).any(|k| a.element(i, k).is_some());
            assert_eq!(a.every_window_sees(), (0..a.windows()).all(sees), "{a:?}");
        }
    }

    #[test]
    fn absurd_parameters_are_refused() {
        let huge = usize::MAX;
        assert!(Sliding::new(0, [2, 2], 0, (0, 0), [1, 1]).is_err());
        assert!(Sliding::new(0, [2, 2], huge, (0, 0), [1, 1]).is_err());
        assert!(Sliding::new(0, [2, 2], 1, (i64::MIN, 0), [1, 1]).is_err());
        assert!(Sliding::new(0, [2, 2], 1, (0, i64::MAX), [1, 1]).is_err());
        assert!(Sliding::new(0, [huge, 2], 1, (0, 0), [1, 1]).is_err());
        assert!(Sliding::new(0, [3, 2], 1, (0, 0), [1 << 60, 1]).is_err());
        // The largest that pass do not overflow anything.
        let n = (1 << 60) - 1;
        let far = Sliding::new(0, [2, 2], 1 << 60, (1 << 60, 1 << 60), [n, n]).unwrap();
        assert_eq!(far.windows(), 3);
        assert_eq!(far.element(2, 1), None);
        far.adjoint_padding();
        far.filter_adjoint_padding();
    }
}
