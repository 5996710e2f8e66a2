//! Patches: for each output, the elements that its window sees, as columns of a matrix.

use crate::kernels::sliding::{Axis, Line, Table};
use array::Element;

/// What the outputs of a convolution see.
pub(super) struct Patches<'a, T> {
    pub(super) x: &'a [T],
    /// From one example of the operand, and from one of its features, to the next.
    pub(super) steps: [usize; 2],
    /// All spatial axes but the last, and the last.
    pub(super) outer: Table,
    pub(super) last: Axis,
    /// Features that one output sees.
    pub(super) seen: usize,
    /// Whether outputs stand side by side in memory (else terms do): whichever reads longer runs.
    pub(super) columns_adjacent: bool,
}

/// Examples and features that one group of out features sees.
#[derive(Clone, Copy, Default)]
pub(super) struct Group {
    pub(super) first_example: usize,
    pub(super) first_feature: usize,
}

impl<'a, T: Element> Patches<'a, T> {
    /// What outputs see that see `seen` features through these windows.
    pub(super) fn new(
        x: &'a [T],
        steps: [usize; 2],
        seen: usize,
        mut axes: Vec<Axis>,
    ) -> Patches<'a, T> {
        let last = axes.pop().unwrap_or(Axis::trivial(1));
        let columns_adjacent = last.outputs >= last.window;
        Patches { x, steps, outer: Table::new(&axes), last, seen, columns_adjacent }
    }

    /// Terms of each sum.
    pub(super) fn rows(&self) -> usize {
        self.seen * self.outer.places * self.last.window
    }

    /// Outputs of one example.
    pub(super) fn outputs(&self) -> usize {
        self.outer.outputs * self.last.outputs
    }

    /// Calls `body(output, element)` for each output of an example that sees an element as the term
    /// `row`.
    pub(super) fn each_seen(
        &self,
        group: Group,
        row: usize,
        example: usize,
        mut body: impl FnMut(usize, T),
    ) {
        let (k, rest) = (row % self.last.window, row / self.last.window);
        let (place, feature) = (rest % self.outer.places, rest / self.outer.places);
        let line = self.last.along_outputs(k);
        let (example, feature) = (group.first_example + example, group.first_feature + feature);
        let plane = &self.x[example * self.steps[0] + feature * self.steps[1]..];
        for output in 0..self.outer.outputs {
            let Some(at) = self.outer.position(place, output) else { continue };
            for (i, j) in line.members(self.last.outputs) {
                body(output * self.last.outputs + i, plane[at * self.last.size + j]);
            }
        }
    }

    /// The elements that the outputs `columns` see as the terms `rows`, zero where nothing is.
    pub(super) fn read(
        &self,
        group: Group,
        rows: std::ops::Range<usize>,
        columns: std::ops::Range<usize>,
        out: &mut [T],
    ) {
        let plane = |example: usize, feature: usize, position: usize| {
            let (example, feature) = (group.first_example + example, group.first_feature + feature);
            let at = example * self.steps[0] + feature * self.steps[1];
            &self.x[at + position * self.last.size..][..self.last.size]
        };
        if self.columns_adjacent {
            for (r, out) in rows.zip(out.chunks_exact_mut(columns.len())) {
                let (k, rest) = (r % self.last.window, r / self.last.window);
                let (place, feature) = (rest % self.outer.places, rest / self.outer.places);
                let line = self.last.along_outputs(k);
                each_run(columns.clone(), self.last.outputs, out, |group, from, to, out| {
                    let (output, example) =
                        (group % self.outer.outputs, group / self.outer.outputs);
                    match self.outer.position(place, output) {
                        Some(at) => read(line, plane(example, feature, at), from, to, out),
                        None => out.fill(T::ZERO),
                    }
                });
            }
        } else {
            for (c, out) in columns.zip(out.chunks_exact_mut(rows.len())) {
                let (i, rest) = (c % self.last.outputs, c / self.last.outputs);
                let (output, example) = (rest % self.outer.outputs, rest / self.outer.outputs);
                let line = self.last.along_window(i);
                each_run(rows.clone(), self.last.window, out, |group, from, to, out| {
                    let (place, feature) = (group % self.outer.places, group / self.outer.places);
                    match self.outer.position(place, output) {
                        Some(at) => read(line, plane(example, feature, at), from, to, out),
                        None => out.fill(T::ZERO),
                    }
                });
            }
        }
    }
}

/// Cuts `range` at the multiples of `length` and calls `body(quotient, from, to, part of out)`.
pub(super) fn each_run<T>(
    range: std::ops::Range<usize>,
    length: usize,
    out: &mut [T],
    mut body: impl FnMut(usize, usize, usize, &mut [T]),
) {
    let (mut at, mut rest) = (range.start, out);
    while at < range.end {
        let (group, from) = (at / length, at % length);
        let to = length.min(from + range.end - at);
        let (now, later) = rest.split_at_mut(to - from);
        body(group, from, to, now);
        at += to - from;
        rest = later;
    }
}

/// Members `from..to` of a line over `x`, zero where there is no element.
fn read<T: Element>(line: Line, x: &[T], from: usize, to: usize, out: &mut [T]) {
    match line.run(from, to) {
        Some((begin, end, first, step)) => {
            out[..begin - from].fill(T::ZERO);
            out[end - from..].fill(T::ZERO);
            let out = &mut out[begin - from..end - from];
            if out.is_empty() {
                return;
            }
            if step == 1 {
                out.copy_from_slice(&x[first..first + out.len()]);
            } else {
                out.iter_mut().zip(x[first..].iter().step_by(step)).for_each(|(o, &v)| *o = v);
            }
        }
        None => {
            for (v, o) in (from..to).zip(out) {
                *o = line.element(v).map_or(T::ZERO, |j| x[j]);
            }
        }
    }
}
