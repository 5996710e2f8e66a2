//! Convolution as products of matrices: the patches that outputs see are laid out as columns, a
//! block at a time, and multiplied by the kernel.

use super::sliding::{Axis, Table};
use crate::memory::{give_back, scratch};
use crate::threads::{Parts, for_each_chunk};
use array::shape::size;
use array::{Array, DType, Element};
use ir::prim::ConvGeneral;

/// Columns (outputs) of one block of patches.
const COLUMNS: usize = 256;

/// Rows (terms of the sums) of one block of patches.
const ROWS: usize = 512;

/// What the loops need to know.
struct Plan<'a, T> {
    x: &'a [T],
    /// Features of the operand.
    features: usize,
    /// Elements of one feature of one example.
    plane: usize,
    /// All spatial axes but the last, and the last.
    outer: Table,
    last: Axis,
    /// Features that one output sees.
    seen: usize,
    /// Whether outputs stand side by side in memory (else terms do): whichever reads longer runs.
    columns_adjacent: bool,
}

/// Examples and features that one group of out features sees.
#[derive(Clone, Copy)]
struct Group {
    first_example: usize,
    first_feature: usize,
}

impl<T: Element> Plan<'_, T> {
    /// Terms of each sum.
    fn rows(&self) -> usize {
        self.seen * self.outer.places * self.last.window
    }

    /// Outputs of one example.
    fn outputs(&self) -> usize {
        self.outer.outputs * self.last.outputs
    }

    /// The elements that the outputs `columns` see as the terms `rows`, zero where nothing is.
    fn patches(
        &self,
        group: Group,
        rows: std::ops::Range<usize>,
        columns: std::ops::Range<usize>,
        out: &mut [T],
    ) {
        let plane = |example: usize, feature: usize, position: usize| {
            let at =
                (group.first_example + example) * self.features + group.first_feature + feature;
            &self.x[at * self.plane + position * self.last.size..][..self.last.size]
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
fn each_run<T>(
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
fn read<T: Element>(line: super::sliding::Line, x: &[T], from: usize, to: usize, out: &mut [T]) {
    match line.run(from, to) {
        Some((begin, end, first, step)) => {
            out[..begin - from].fill(T::ZERO);
            out[end - from..].fill(T::ZERO);
            let out = &mut out[begin - from..end - from];
            if step == 1 {
                out.copy_from_slice(&x[first..first + out.len()]);
            } else if !out.is_empty() {
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

/// The convolution of floats; `None` for other dtypes.
pub(crate) fn conv(p: &ConvGeneral, x: &Array, w: &Array, shape: &[usize]) -> Option<Array> {
    match x.dtype() {
        DType::F32 => Some(floats::<f32>(p, x, w, shape)),
        DType::F64 => Some(floats::<f64>(p, x, w, shape)),
        DType::I32 | DType::I64 | DType::U32 | DType::Bool => None,
    }
}

fn floats<T: Element + Copy>(p: &ConvGeneral, x: &Array, w: &Array, shape: &[usize]) -> Array {
    let (from, kernel) = (x.shape(), w.shape());
    let mut axes: Vec<Axis> = (0..p.strides.len())
        .map(|d| Axis {
            size: from[d + 2],
            outputs: shape[d + 2],
            window: kernel[d + 2],
            stride: p.strides[d],
            low: p.padding[d].0,
            base_dilation: p.lhs_dilation[d],
            window_dilation: p.rhs_dilation[d],
        })
        .collect();
    let last = axes.pop().unwrap_or(Axis::trivial(1));
    let plan = Plan {
        x: x.as_slice::<T>(),
        features: from[1],
        plane: size(&from[2..]),
        outer: Table::new(&axes),
        last,
        seen: kernel[1],
        columns_adjacent: last.outputs >= last.window,
    };
    let (rows, outputs) = (plan.rows(), plan.outputs());
    let (examples, features) = (shape[0], shape[1]);
    let mut out = scratch::<T>(size(shape));
    if out.is_empty() || rows == 0 {
        out.fill(T::ZERO);
        return Array::from_vec(out, shape);
    }
    let groups = p.feature_groups * p.batch_groups; // one of them is 1
    let features_per_group = features / groups;
    let columns = examples * outputs;
    let blocks = columns.div_ceil(COLUMNS);
    let weights = w.as_slice::<T>();
    let parts = Parts::new(&mut out);
    for_each_chunk(groups * blocks, |chunk| {
        let (g, block) = (chunk / blocks, chunk % blocks);
        let group = Group {
            first_example: if p.batch_groups > 1 { g * examples } else { 0 },
            first_feature: if p.feature_groups > 1 { g * plan.seen } else { 0 },
        };
        let block = block * COLUMNS..((block + 1) * COLUMNS).min(columns);
        let n = block.len();
        let mut patches = scratch::<T>(ROWS.min(rows) * n);
        let mut products = scratch::<T>(features_per_group * n);
        for first in (0..rows).step_by(ROWS) {
            let count = ROWS.min(rows - first);
            let patches = &mut patches[..count * n];
            plan.patches(group, first..first + count, block.clone(), patches);
            let (patch_row, patch_column) =
                if plan.columns_adjacent { (n as isize, 1) } else { (1, count as isize) };
            let kernel = &weights[g * features_per_group * rows + first..];
            // SAFETY: the kernel's rows are `rows` apart and have `count` elements from `first`
            // on; patches and products are as large as their steps say.
            unsafe {
                gemm::gemm(
                    features_per_group,
                    n,
                    count,
                    products.as_mut_ptr(),
                    1,
                    n as isize,
                    first > 0,
                    kernel.as_ptr(),
                    1,
                    rows as isize,
                    patches.as_ptr(),
                    patch_column,
                    patch_row,
                    T::ONE,
                    T::ONE,
                    false,
                    false,
                    false,
                    gemm::Parallelism::None,
                );
            }
        }
        for (f, products) in products.chunks_exact(n).enumerate() {
            let feature = g * features_per_group + f;
            let mut at = block.start;
            while at < block.end {
                let (example, output) = (at / outputs, at % outputs);
                let count = (outputs - output).min(block.end - at);
                let to = (example * features + feature) * outputs + output;
                // SAFETY: chunks own different columns or different groups of features, and
                // `out` is not touched until all have ended.
                let part = unsafe { parts.part(to..to + count) };
                part.copy_from_slice(&products[at - block.start..at - block.start + count]);
                at += count;
            }
        }
        give_back(patches);
        give_back(products);
    });
    Array::from_vec(out, shape)
}
