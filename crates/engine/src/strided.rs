//! Copies between strided views: what every operation that moves elements comes down to.

use crate::threads::{Parts, for_each_chunk};
use array::shape::size;
use smallvec::SmallVec;

type Axes<T> = SmallVec<[T; 6]>;

/// Elements per chunk of a parallel copy, at least.
const CHUNK: usize = 1 << 15;

/// Side of the square blocks in which a transposition goes through both arrays.
const BLOCK: usize = 16;

/// A box of indices with two linear maps to positions: where to read and where to write.
#[derive(Clone, Debug)]
pub(crate) struct Copy {
    shape: Axes<usize>,
    from: Axes<isize>,
    to: Axes<isize>,
    from_offset: isize,
    to_offset: isize,
}

impl Copy {
    /// Reads at `from_offset + i·from` and writes at `to_offset + i·to` for every index `i` of
    /// `shape`. Different indices must write to different positions.
    pub(crate) fn new(
        shape: &[usize],
        from: impl IntoIterator<Item = isize>,
        from_offset: isize,
        to: impl IntoIterator<Item = isize>,
        to_offset: isize,
    ) -> Copy {
        let all = shape.iter().copied().zip(from.into_iter().zip(to));
        let mut copy =
            Copy { shape: Axes::new(), from: Axes::new(), to: Axes::new(), from_offset, to_offset };
        for (n, (f, t)) in all.filter(|&(n, _)| n != 1) {
            // Two axes that both maps walk through as one are one.
            if let (Some(m), Some(g), Some(u)) =
                (copy.shape.last_mut(), copy.from.last_mut(), copy.to.last_mut())
                && *g == f * n as isize
                && *u == t * n as isize
            {
                (*m, *g, *u) = (*m * n, f, t);
                continue;
            }
            copy.shape.push(n);
            copy.from.push(f);
            copy.to.push(t);
        }
        copy
    }

    /// The positions of the box's corners, read and written: the least and the greatest.
    fn bounds(&self, offset: isize, strides: &[isize]) -> (isize, isize) {
        let mut bounds = (offset, offset);
        for (&n, &s) in self.shape.iter().zip(strides) {
            let reach = (n as isize - 1) * s;
            if reach < 0 { bounds.0 += reach } else { bounds.1 += reach }
        }
        bounds
    }

    /// Copies.
    ///
    /// # Panics
    /// When a position lies outside its slice.
    pub(crate) fn run<T: std::marker::Copy + Send + Sync>(
        mut self,
        source: &[T],
        target: &mut [T],
    ) {
        if size(&self.shape) == 0 {
            return;
        }
        let inside = |(low, high): (isize, isize), len: usize| low >= 0 && (high as usize) < len;
        assert!(inside(self.bounds(self.from_offset, &self.from), source.len()), "reads outside");
        assert!(inside(self.bounds(self.to_offset, &self.to), target.len()), "writes outside");
        if self.shape.is_empty() {
            target[self.to_offset as usize] = source[self.from_offset as usize];
            return;
        }
        self.order();
        let rank = self.shape.len();
        // The last axis, or the last two where neither array is contiguous along the last, are
        // one loop nest; what is before them is cut into chunks.
        let two = rank >= 2 && self.from[rank - 1] != 1 && self.from[rank - 1] != 0;
        let outer = rank - if two { 2 } else { 1 };
        let inner = size(&self.shape[outer..]);
        let count = size(&self.shape[..outer]);
        let parts = Parts::new(target);
        if count == 1 && inner > CHUNK {
            // Cut the first inner axis instead.
            let per = CHUNK.div_ceil(inner / self.shape[outer]).next_multiple_of(BLOCK);
            for_each_chunk(self.shape[outer].div_ceil(per), |i| {
                let start = i * per;
                let mut piece = self.clone();
                piece.shape[outer] = per.min(self.shape[outer] - start);
                let from = self.from_offset + start as isize * self.from[outer];
                let to = self.to_offset + start as isize * self.to[outer];
                // SAFETY: pieces write to disjoint sets of positions of the borrowed slice (see
                // `new`); each position is written through a raw pointer inside `inner`.
                unsafe { piece.inner(outer, source, from, &parts, to) };
            });
            return;
        }
        let per = CHUNK.div_ceil(inner);
        for_each_chunk(count.div_ceil(per), |i| {
            for j in i * per..((i + 1) * per).min(count) {
                let (mut from, mut to, mut rest) = (self.from_offset, self.to_offset, j);
                for d in (0..outer).rev() {
                    let k = (rest % self.shape[d]) as isize;
                    rest /= self.shape[d];
                    from += k * self.from[d];
                    to += k * self.to[d];
                }
                // SAFETY: as above.
                unsafe { self.inner(outer, source, from, &parts, to) };
            }
        });
    }

    /// Orders the axes so that writing goes through memory forwards: the axis with the smallest
    /// step last. Where reading along it jumps, the axis along which reading does not comes
    /// second to last, for blocks of both.
    fn order(&mut self) {
        let mut order: Axes<usize> = (0..self.shape.len()).collect();
        order.sort_by_key(|&d| std::cmp::Reverse(self.to[d].unsigned_abs()));
        let last = order[order.len() - 1];
        if self.from[last].unsigned_abs() > 1
            && let Some(at) = order.iter().position(|&d| self.from[d] == 1)
        {
            let d = order.remove(at);
            order.insert(order.len() - 1, d);
        }
        self.shape = order.iter().map(|&d| self.shape[d]).collect();
        self.from = order.iter().map(|&d| self.from[d]).collect();
        self.to = order.iter().map(|&d| self.to[d]).collect();
    }

    /// The loops over the axes from `outer` on.
    ///
    /// # Safety
    /// No other thread may write the positions that this writes, and all must be in bounds.
    unsafe fn inner<T: std::marker::Copy>(
        &self,
        outer: usize,
        source: &[T],
        from: isize,
        target: &Parts<T>,
        to: isize,
    ) {
        let (from_steps, to_steps) = (&self.from[outer..], &self.to[outer..]);
        let (source, target) = (source.as_ptr(), target.start());
        // SAFETY: all positions were checked against the slices in `run`; exclusiveness is the
        // caller's promise.
        unsafe {
            match self.shape[outer..] {
                [n] => line(n, source.offset(from), from_steps[0], target.offset(to), to_steps[0]),
                [m, n] => {
                    for i0 in (0..m).step_by(BLOCK) {
                        for j0 in (0..n).step_by(BLOCK) {
                            for i in i0..(i0 + BLOCK).min(m) {
                                let (i, j) = (i as isize, j0 as isize);
                                line(
                                    BLOCK.min(n - j0),
                                    source.offset(from + i * from_steps[0] + j * from_steps[1]),
                                    from_steps[1],
                                    target.offset(to + i * to_steps[0] + j * to_steps[1]),
                                    to_steps[1],
                                );
                            }
                        }
                    }
                }
                _ => unreachable!("invariant: one or two inner axes"),
            }
        }
    }
}

/// Copies `n` elements from every `from_step`-th place to every `to_step`-th place.
///
/// # Safety
/// All places must be valid, and the written ones not otherwise in use.
#[inline]
unsafe fn line<T: std::marker::Copy>(
    n: usize,
    source: *const T,
    from_step: isize,
    target: *mut T,
    to_step: isize,
) {
    // SAFETY: by the caller's promise. Source and target belong to different borrows, so they do
    // not overlap.
    unsafe {
        match (from_step, to_step) {
            (1, 1) => std::ptr::copy_nonoverlapping(source, target, n),
            (0, 1) => std::slice::from_raw_parts_mut(target, n).fill(*source),
            (_, 1) => {
                for i in 0..n as isize {
                    *target.offset(i) = *source.offset(i * from_step);
                }
            }
            _ => {
                for i in 0..n as isize {
                    *target.offset(i * to_step) = *source.offset(i * from_step);
                }
            }
        }
    }
}

/// Row-major strides as signed numbers.
pub(crate) fn signed_strides(shape: &[usize]) -> Vec<isize> {
    array::shape::strides(shape).into_iter().map(|s| s as isize).collect()
}
