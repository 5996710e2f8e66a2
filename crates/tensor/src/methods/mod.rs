//! Methods of tensors, by kind.

mod elementwise;
mod linear;
mod reductions;
mod shapes;

pub use elementwise::Operand;

/// The axis number with negative ones counted from the end.
///
/// # Panics
/// When there is no such axis.
#[track_caller]
pub(crate) fn axis(axis: isize, rank: usize) -> usize {
    let positive = if axis < 0 { axis + rank as isize } else { axis };
    assert!((0..rank as isize).contains(&positive), "axis {axis} of a tensor with {rank} axes");
    positive as usize
}

/// One or several axes: a number, an array of numbers, or a slice.
pub trait Axes {
    /// The axis numbers, ascending, negative ones counted from the end.
    ///
    /// # Panics
    /// When there is no such axis, or one is named twice.
    fn of(&self, rank: usize) -> Vec<usize>;
}

impl Axes for isize {
    #[track_caller]
    fn of(&self, rank: usize) -> Vec<usize> {
        vec![axis(*self, rank)]
    }
}

impl Axes for [isize] {
    #[track_caller]
    fn of(&self, rank: usize) -> Vec<usize> {
        let mut axes: Vec<usize> = self.iter().map(|&a| axis(a, rank)).collect();
        axes.sort_unstable();
        assert!(axes.windows(2).all(|w| w[0] < w[1]), "axes {self:?} name one axis twice");
        axes
    }
}

impl<const N: usize> Axes for [isize; N] {
    #[track_caller]
    fn of(&self, rank: usize) -> Vec<usize> {
        self[..].of(rank)
    }
}

impl<A: Axes + ?Sized> Axes for &A {
    #[track_caller]
    fn of(&self, rank: usize) -> Vec<usize> {
        (**self).of(rank)
    }
}
