//! The loops of a product: which axes are the rows, columns and terms of one matrix product, and
//! which are gone through around it.
//!
//! An axis of a product belongs to both operands and the result (batch), to one operand and the
//! result (rows of the left, columns of the right), or to both operands alone (terms of the sums).
//! Axes of one kind that are walked through as one are one. What is left over is gone through one
//! by one: so a batch of one operand alone is rows or columns where memory allows, and a loop
//! over products where it does not.

use array::shape::strides;
use ir::prim::DotGeneral;
use smallvec::SmallVec;

/// An axis: its size, and the steps along it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Axis {
    pub(super) size: usize,
    pub(super) left: usize,
    pub(super) right: usize,
    pub(super) out: usize,
}

/// Axes of one kind.
pub(super) type Axes = SmallVec<[Axis; 4]>;

/// The loops of a product. Left and right are those of the definition, or `exchanged`.
#[derive(Debug)]
pub(super) struct Nest {
    /// Outermost first.
    pub(super) outer: Axes,
    pub(super) rows: Axis,
    pub(super) columns: Axis,
    pub(super) terms: Axis,
    /// Further terms, one sum after the other.
    pub(super) more_terms: Axes,
    pub(super) exchanged: bool,
}

const NONE: Axis = Axis { size: 1, left: 0, right: 0, out: 0 };

/// The axes without those of size 1, in the order of their steps in the result and then the
/// left operand, those that are walked through as one merged.
fn merged(axes: impl IntoIterator<Item = Axis>) -> Axes {
    let mut axes: Axes = axes.into_iter().filter(|a| a.size != 1).collect();
    axes.sort_by_key(|a| std::cmp::Reverse((a.out, a.left)));
    let mut all = Axes::new();
    for a in axes {
        match all.last_mut() {
            Some(o)
                if o.left == a.left * a.size
                    && o.right == a.right * a.size
                    && o.out == a.out * a.size =>
            {
                *o = Axis { size: o.size * a.size, ..a };
            }
            _ => all.push(a),
        }
    }
    all
}

/// Takes out the axis that is best by `key`.
fn take<K: Ord>(axes: &mut Axes, key: impl Fn(&Axis) -> K) -> Axis {
    match (0..axes.len()).max_by_key(|&i| key(&axes[i])) {
        Some(i) => axes.remove(i),
        None => NONE,
    }
}

/// The shape of the result and the loops that compute it, where axis `i` of the result is axis
/// `permutation[i]` of the product.
pub(super) fn nest(
    p: &DotGeneral,
    permutation: Option<&[usize]>,
    shapes: [&[usize]; 2],
) -> (Vec<usize>, Nest) {
    let steps = shapes.map(strides);
    let free = [p.free(0, shapes[0].len()), p.free(1, shapes[1].len())];
    let both = |axes: &[Vec<usize>; 2]| -> Axes {
        let pairs = axes[0].iter().zip(&axes[1]);
        let axis = |(&a, &b): (&usize, &usize)| Axis {
            size: shapes[0][a],
            left: steps[0][a],
            right: steps[1][b],
            out: 0,
        };
        pairs.map(axis).collect()
    };
    let mut natural = both(&p.batch);
    let batch = natural.len();
    let of_left = |&a: &usize| Axis { size: shapes[0][a], left: steps[0][a], ..NONE };
    natural.extend(free[0].iter().map(of_left));
    let right_free = natural.len();
    let of_right = |&a: &usize| Axis { size: shapes[1][a], right: steps[1][a], ..NONE };
    natural.extend(free[1].iter().map(of_right));
    let shape: Vec<usize> = match permutation {
        Some(permutation) => permutation.iter().map(|&d| natural[d].size).collect(),
        None => natural.iter().map(|a| a.size).collect(),
    };
    for (i, step) in strides(&shape).into_iter().enumerate() {
        natural[permutation.map_or(i, |p| p[i])].out = step;
    }
    let mut outer = merged(natural[..batch].iter().copied());
    let mut left = merged(natural[batch..right_free].iter().copied());
    let mut right = merged(natural[right_free..].iter().copied());
    let mut terms = merged(both(&p.contract));
    // Columns are neighbours in the result.
    let nearest = |axes: &Axes| axes.iter().map(|a| a.out).min().unwrap_or(usize::MAX);
    let exchanged = nearest(&left) < nearest(&right);
    if exchanged {
        std::mem::swap(&mut left, &mut right);
        for a in [&mut outer, &mut left, &mut right, &mut terms].into_iter().flatten() {
            std::mem::swap(&mut a.left, &mut a.right);
        }
    }
    let columns = take(&mut right, |a| std::cmp::Reverse(a.out));
    let rows = take(&mut left, |a| (a.size.min(16), std::cmp::Reverse(a.out)));
    let sum = take(&mut terms, |a| (a.size.min(16), std::cmp::Reverse(a.left)));
    outer.extend(left);
    outer.extend(right);
    outer.sort_by_key(|a| std::cmp::Reverse(a.out));
    let nest = Nest { outer, rows, columns, terms: sum, more_terms: terms, exchanged };
    (shape, nest)
}

/// The positions in left, right and result for each index of some axes, from the `start`-th on.
pub(super) struct Walk<'a> {
    axes: &'a [Axis],
    index: SmallVec<[usize; 4]>,
    at: [usize; 3],
}

impl<'a> Walk<'a> {
    pub(super) fn new(axes: &'a [Axis], start: usize) -> Walk<'a> {
        let mut index: SmallVec<[usize; 4]> = SmallVec::from_elem(0, axes.len());
        let (mut rest, mut at) = (start, [0; 3]);
        for (i, a) in index.iter_mut().zip(axes).rev() {
            *i = rest % a.size;
            rest /= a.size;
            at[0] += *i * a.left;
            at[1] += *i * a.right;
            at[2] += *i * a.out;
        }
        Walk { axes, index, at }
    }

    pub(super) fn at(&self) -> [usize; 3] {
        self.at
    }

    /// Goes on to the next index; after the last to the first.
    pub(super) fn step(&mut self) {
        for (i, a) in self.index.iter_mut().zip(self.axes).rev() {
            let steps = [a.left, a.right, a.out];
            *i += 1;
            if *i < a.size {
                for (at, step) in self.at.iter_mut().zip(steps) {
                    *at += step;
                }
                return;
            }
            *i = 0;
            for (at, step) in self.at.iter_mut().zip(steps) {
                *at -= step * (a.size - 1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dot(contract: [&[usize]; 2], batch: [&[usize]; 2]) -> DotGeneral {
        DotGeneral { contract: contract.map(<[_]>::to_vec), batch: batch.map(<[_]>::to_vec) }
    }

    #[test]
    fn leading_axes_of_the_left_are_rows() {
        let (shape, nest) = nest(&dot([&[2], &[0]], [&[], &[]]), None, [&[5, 6, 3], &[3, 4]]);
        assert_eq!(shape, [5, 6, 4]);
        assert!(nest.outer.is_empty() && !nest.exchanged);
        assert_eq!(nest.rows, Axis { size: 30, left: 3, right: 0, out: 4 });
        assert_eq!(nest.columns, Axis { size: 4, left: 0, right: 1, out: 1 });
    }

    #[test]
    fn a_batch_of_one_side_in_front_of_the_result_is_a_loop() {
        // [128, 64] × [9, 64, 32] → [9, 128, 32]
        let p = dot([&[1], &[1]], [&[], &[]]);
        let (shape, nest) = nest(&p, Some(&[1, 0, 2]), [&[128, 64], &[9, 64, 32]]);
        assert_eq!(shape, [9, 128, 32]);
        assert_eq!(nest.outer[..], [Axis { size: 9, left: 0, right: 2048, out: 4096 }]);
        assert_eq!((nest.rows.size, nest.columns.size, nest.terms.size), (128, 32, 64));
    }

    #[test]
    fn columns_are_neighbours_in_the_result() {
        let p = dot([&[1], &[0]], [&[], &[]]);
        let (shape, nest) = nest(&p, Some(&[1, 0]), [&[5, 3], &[3, 4]]);
        assert_eq!(shape, [4, 5]);
        assert!(nest.exchanged);
        assert_eq!(nest.columns, Axis { size: 5, left: 0, right: 3, out: 1 });
    }

    #[test]
    fn a_walk_visits_every_index_from_any_start() {
        let axes = [
            Axis { size: 2, left: 100, right: 0, out: 7 },
            Axis { size: 3, left: 10, right: 1, out: 0 },
        ];
        let mut walk = Walk::new(&axes, 0);
        for i in 0..6 {
            let expected = [i / 3 * 100 + i % 3 * 10, i % 3, i / 3 * 7];
            assert_eq!((walk.at(), Walk::new(&axes, i).at()), (expected, expected));
            walk.step();
        }
        assert_eq!(walk.at(), [0; 3]);
    }
}
