//! How windows slide over an operand: for each output and each place of the window, which
//! element is seen.

use array::shape::{advance, size};

/// The parameters along one axis; see [`ir::prim::ConvGeneral`] and [`ir::prim::ReduceWindow`].
#[derive(Clone, Copy)]
pub(super) struct Axis {
    /// Elements of the operand.
    pub(super) size: usize,
    /// Outputs.
    pub(super) outputs: usize,
    /// Places of the window.
    pub(super) window: usize,
    pub(super) stride: usize,
    pub(super) low: i64,
    pub(super) base_dilation: usize,
    pub(super) window_dilation: usize,
}

impl Axis {
    /// The axis of an operand without windows: each output sees its element.
    pub(super) fn trivial(size: usize) -> Axis {
        Axis {
            size,
            outputs: size,
            window: 1,
            stride: 1,
            low: 0,
            base_dilation: 1,
            window_dilation: 1,
        }
    }

    /// Whether each output sees one element at most.
    pub(super) fn sees_one_at_most(&self) -> bool {
        self.window.saturating_sub(1).saturating_mul(self.window_dilation) < self.base_dilation
    }

    /// Whether output `i` sees elements `i·window..(i + 1)·window`.
    pub(super) fn in_pairs(&self) -> bool {
        self.stride == self.window
            && self.low == 0
            && self.base_dilation == 1
            && self.window_dilation == 1
            && self.outputs * self.window <= self.size
    }

    /// Whether outputs `j·base_dilation..(j + 1)·base_dilation` see element `j`, and no others.
    pub(super) fn repeats(&self) -> bool {
        self.stride == 1
            && self.window == self.base_dilation
            && self.window_dilation == 1
            && self.low == self.window as i64 - 1
            && self.outputs == self.size * self.base_dilation
    }

    /// The element that output `i` sees at place `k`.
    pub(super) fn element(&self, i: usize, k: usize) -> Option<usize> {
        self.along_outputs(k).element(i)
    }

    /// What the outputs see at place `k`.
    pub(super) fn along_outputs(&self, k: usize) -> Line {
        Line {
            first: k as i64 * self.window_dilation as i64 - self.low,
            step: self.stride,
            dilation: self.base_dilation,
            size: self.size,
        }
    }

    /// What output `i` sees at its places.
    pub(super) fn along_window(&self, i: usize) -> Line {
        Line {
            first: i as i64 * self.stride as i64 - self.low,
            step: self.window_dilation,
            dilation: self.base_dilation,
            size: self.size,
        }
    }
}

/// An arithmetic progression over the elements of a dilated operand: member `v` is element
/// `(first + v·step) / dilation`, where that is one.
#[derive(Clone, Copy)]
pub(super) struct Line {
    first: i64,
    step: usize,
    dilation: usize,
    size: usize,
}

impl Line {
    pub(super) fn element(&self, v: usize) -> Option<usize> {
        let at = self.first + v as i64 * self.step as i64;
        let dilation = self.dilation as i64;
        let j = at.div_euclid(dilation);
        (at.rem_euclid(dilation) == 0 && j >= 0 && j < self.size as i64).then_some(j as usize)
    }

    /// The members below `count` that are elements, with the elements.
    pub(super) fn members(&self, count: usize) -> impl Iterator<Item = (usize, usize)> {
        // Every `period`-th member falls on an element.
        let (step, dilation) = (self.step as i64, self.dilation as i64);
        let period = dilation / common_divisor(dilation, step);
        let line = *self;
        let first = (0..period.min(count as i64))
            .find(|v| (line.first + v * step).rem_euclid(dilation) == 0)
            .map_or(count, |v| v as usize);
        (first..count).step_by(period as usize).filter_map(move |v| Some((v, line.element(v)?)))
    }

    /// The members of `low..high` that are elements, if they are an unbroken run: where it begins
    /// and ends, the first element, and the step from one to the next.
    pub(super) fn run(&self, low: usize, high: usize) -> Option<(usize, usize, usize, usize)> {
        if self.dilation != 1 {
            return None;
        }
        let step = self.step as i64;
        let begin = (-self.first).max(0).div_ceil_by(step).max(low as i64).min(high as i64);
        let behind = (self.size as i64 - self.first).max(0).div_ceil_by(step);
        let end = behind.clamp(begin, high as i64);
        let first = (self.first + begin * step).max(0) as usize;
        Some((begin as usize, end as usize, first, self.step))
    }
}

fn common_divisor(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { common_divisor(b, a % b) }
}

trait DivCeil {
    fn div_ceil_by(self, d: i64) -> i64;
}

impl DivCeil for i64 {
    /// Division rounding up, of what is not negative.
    fn div_ceil_by(self, d: i64) -> i64 {
        (self + d - 1) / d
    }
}

/// For several axes taken together: for each combined place of the window (row) and combined
/// output (column), the flat position of the element in those axes.
pub(super) struct Table {
    pub(super) outputs: usize,
    pub(super) places: usize,
    positions: Vec<Option<usize>>,
}

impl Table {
    pub(super) fn new(axes: &[Axis]) -> Table {
        let outputs: Vec<usize> = axes.iter().map(|a| a.outputs).collect();
        let windows: Vec<usize> = axes.iter().map(|a| a.window).collect();
        let (count, places) = (size(&outputs), size(&windows));
        let mut positions = Vec::with_capacity(count * places);
        if count * places > 0 {
            let mut k = vec![0; axes.len()];
            loop {
                let mut i = vec![0; axes.len()];
                loop {
                    let mut seen = axes.iter().zip(i.iter().zip(&k));
                    positions.push(
                        seen.try_fold(0, |flat, (a, (&i, &k))| {
                            Some(flat * a.size + a.element(i, k)?)
                        }),
                    );
                    if !advance(&mut i, &outputs) {
                        break;
                    }
                }
                if !advance(&mut k, &windows) {
                    break;
                }
            }
        }
        Table { outputs: count, places, positions }
    }

    /// The position that `output` sees at `place`.
    pub(super) fn position(&self, place: usize, output: usize) -> Option<usize> {
        self.positions[place * self.outputs + output]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_where_the_elements_are() {
        for first in -5..5 {
            for step in 1..4 {
                for size in 0..6 {
                    let line = Line { first, step, dilation: 1, size };
                    for (low, high) in [(0, 8), (2, 5), (3, 3)] {
                        let (begin, end, element, by) = line.run(low, high).unwrap();
                        for v in low..high {
                            let inside = (begin..end).contains(&v);
                            let want = inside.then(|| element + (v - begin) * by);
                            assert_eq!(line.element(v), want, "{first} {step} {size} {low} {v}");
                        }
                    }
                }
            }
        }
    }
}
