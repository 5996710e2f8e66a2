//! The cotangent of the kernels: the product of the cotangent of the outputs with the patches that
//! the outputs saw, summed over all outputs of all examples.

use super::patches::{Group, Patches, each_run};
use crate::kernels::vector::Vectorised;
use crate::memory::{give_back, scratch};
use crate::threads::{Parts, for_each_chunk, for_each_part};

/// Outputs of one block of patches.
const COLUMNS: usize = 256;

/// Partial sums, at most: their number depends on the shapes alone, and so does the result.
const PARTIAL: usize = 8;

/// Elements of all partial sums together, at most, where there can be fewer.
const LARGEST: usize = 16 << 20;

/// Numbers per chunk of the last sum.
const CHUNK: usize = 1 << 12;

/// What is summed.
pub(super) struct WeightGradient<'a, T> {
    /// What the outputs of the convolution saw.
    pub(super) patches: Patches<'a, T>,
    /// The cotangents of its outputs.
    pub(super) cotangent: &'a [T],
    /// From one example, and from one out feature, to the next.
    pub(super) steps: [usize; 2],
    pub(super) examples: usize,
    /// Out features.
    pub(super) features: usize,
}

impl<T: Vectorised> WeightGradient<'_, T> {
    /// Writes `[out feature][terms of its sum]` to `out`.
    pub(super) fn run(&self, out: &mut [T]) {
        let rows = self.patches.rows();
        let columns = self.examples * self.patches.outputs();
        let blocks = columns.div_ceil(COLUMNS);
        let size = self.features * rows;
        let partial = PARTIAL.min(LARGEST / size).clamp(1, blocks.max(1));
        let per = blocks.div_ceil(partial);
        let mut sums = scratch::<T>(partial * size);
        let parts = Parts::new(&mut sums);
        for_each_chunk(partial, |i| {
            // SAFETY: chunks have different sums, and `sums` is not touched until all have ended.
            let sums = unsafe { parts.part(i * size..(i + 1) * size) };
            sums.fill(T::ZERO);
            for block in i * per..((i + 1) * per).min(blocks) {
                self.add_block(block * COLUMNS..((block + 1) * COLUMNS).min(columns), sums);
            }
        });
        for_each_part(out, CHUNK, |start, out| {
            let n = out.len();
            out.copy_from_slice(&sums[start..start + n]);
            for part in 1..partial {
                let from = &sums[part * size + start..][..n];
                out.iter_mut().zip(from).for_each(|(o, &s)| *o = *o + s);
            }
        });
        give_back(sums);
    }

    /// Adds the products of some outputs.
    fn add_block(&self, columns: std::ops::Range<usize>, sums: &mut [T]) {
        let (n, rows, outputs) = (columns.len(), self.patches.rows(), self.patches.outputs());
        let mut cotangents = scratch::<T>(self.features * n);
        for (f, out) in cotangents.chunks_exact_mut(n).enumerate() {
            each_run(columns.clone(), outputs, out, |example, from, to, out| {
                let at = example * self.steps[0] + f * self.steps[1];
                out.copy_from_slice(&self.cotangent[at + from..at + to]);
            });
        }
        let mut seen = scratch::<T>(rows * n);
        self.patches.read(Group::default(), 0..rows, columns, &mut seen);
        let (patch_row, patch_column) =
            if self.patches.columns_adjacent { (n as isize, 1) } else { (1, rows as isize) };
        // SAFETY: all four are as large as their steps say.
        unsafe {
            gemm::gemm(
                self.features,
                rows,
                n,
                sums.as_mut_ptr(),
                1,
                rows as isize,
                true,
                cotangents.as_ptr(),
                1,
                n as isize,
                seen.as_ptr(),
                patch_row,
                patch_column,
                T::ONE,
                T::ONE,
                false,
                false,
                false,
                gemm::Parallelism::None,
            );
        }
        give_back(seen);
        give_back(cotangents);
    }
}
