//! Where sliding windows begin and end.

/// Zeros (for convolution) or nothing (for pooling) around the spatial axes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Padding {
    /// None: windows lie inside.
    #[default]
    Valid,
    /// As much as gives `⌈n / stride⌉` windows along an axis of size `n`, the odd one at the end
    /// (TensorFlow's and XLA's `SAME`).
    Same,
    /// Before and after, per spatial axis; negative numbers cut off.
    Explicit(Vec<(i64, i64)>),
}

impl Padding {
    /// Low and high padding along each axis, for windows that extend over `extents` places.
    #[track_caller]
    pub(super) fn resolve(
        &self,
        op: &str,
        sizes: &[usize],
        extents: &[usize],
        strides: &[usize],
    ) -> Vec<(i64, i64)> {
        match self {
            Padding::Valid => vec![(0, 0); sizes.len()],
            Padding::Same => {
                let each = |d: usize| {
                    let outputs = sizes[d].div_ceil(strides[d]);
                    let span = outputs.saturating_sub(1) * strides[d] + extents[d];
                    let total = span.saturating_sub(sizes[d]) as i64;
                    (total / 2, total - total / 2)
                };
                (0..sizes.len()).map(each).collect()
            }
            Padding::Explicit(padding) => {
                let (given, n) = (padding.len(), sizes.len());
                assert!(given == n, "{op}: padding is given for {given} of {n} spatial axes");
                padding.clone()
            }
        }
    }
}

/// One number per spatial axis: as given, or 1 for each where none is.
#[track_caller]
pub(super) fn per_axis(op: &str, what: &str, given: &[usize], axes: usize) -> Vec<usize> {
    if given.is_empty() {
        return vec![1; axes];
    }
    let n = given.len();
    assert!(n == axes, "{op}: {what} are given for {n} of {axes} spatial axes");
    assert!(given.iter().all(|&g| g > 0), "{op}: {what} must be positive, they are {given:?}");
    given.to_vec()
}
