//! What lies around an example.

use derive::Tree;
use tensor::Tensor;

/// How an example is continued beyond its ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Tree)]
pub enum PaddingMode {
    /// By zeros.
    #[default]
    Zeros,
    /// Periodically: `x[−1] = x[n − 1]`. With stride 1 the layer then commutes with every cyclic
    /// shift.
    Circular,
    /// Mirrored at the last element, which is not repeated: `x[−1] = x[1]`.
    Reflect,
}

/// The last `D` axes of `x` continued by `amounts[d] = (before, after)` elements.
///
/// # Panics
/// When `x` has fewer than `D` axes, or an axis is too short: circular padding repeats at most the
/// whole axis, reflection all but its end.
///
/// ```
/// use nn::{PaddingMode, pad};
/// use tensor::Tensor;
/// let x = Tensor::from([1.0, 2.0, 3.0]);
/// let values = |mode| pad(&x, &[(2, 1)], mode).to_vec::<f64>();
/// assert_eq!(values(PaddingMode::Zeros), [0.0, 0.0, 1.0, 2.0, 3.0, 0.0]);
/// assert_eq!(values(PaddingMode::Circular), [2.0, 3.0, 1.0, 2.0, 3.0, 1.0]);
/// assert_eq!(values(PaddingMode::Reflect), [3.0, 2.0, 1.0, 2.0, 3.0, 2.0]);
/// ```
#[track_caller]
pub fn pad<const D: usize>(x: &Tensor, amounts: &[(usize, usize); D], mode: PaddingMode) -> Tensor {
    let shape = x.shape();
    assert!(shape.len() >= D, "pad: {shape:?} has not the {D} axes that are padded");
    let lead = x.ndim() - D;
    if mode == PaddingMode::Zeros {
        if amounts.iter().all(|&a| a == (0, 0)) {
            return x.clone();
        }
        let around = amounts.iter().map(|&(low, high)| (low as i64, high as i64));
        let all: Vec<(i64, i64)> = std::iter::repeat_n((0, 0), lead).chain(around).collect();
        return x.pad(&all, 0.0);
    }
    let mut y = x.clone();
    for (d, &(low, high)) in amounts.iter().enumerate() {
        if (low, high) == (0, 0) {
            continue;
        }
        let (at, n) = ((lead + d) as isize, y.shape()[lead + d]);
        let most = if mode == PaddingMode::Circular { n } else { n.saturating_sub(1) };
        assert!(
            low <= most && high <= most,
            "pad: {mode:?} padding of spatial axis {d} by ({low}, {high}); its {n} elements \
             allow at most {most}"
        );
        let (before, after) = if mode == PaddingMode::Circular {
            (y.slice_axis(at, n - low, n), y.slice_axis(at, 0, high))
        } else {
            let mirrored = |from, to| y.slice_axis(at, from, to).flip(at);
            (mirrored(1, low + 1), mirrored(n - 1 - high, n - 1))
        };
        y = Tensor::concatenate(&[&before, &y, &after], at);
    }
    y
}
