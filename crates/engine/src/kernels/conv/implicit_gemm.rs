//! Convolution as products of matrices: the patches that outputs see are laid out as columns, a
//! block at a time, and multiplied by the kernels.

use super::Problem;
use super::patches::Group;
use crate::memory::{give_back, scratch};
use crate::threads::{Parts, for_each_chunk};
use array::Element;

/// Columns (outputs) of one block of patches.
const COLUMNS: usize = 256;

/// Rows (terms of the sums) of one block of patches.
const ROWS: usize = 512;

/// The convolution, by patches.
pub(super) fn convolve<T: Element + Copy>(c: &Problem<'_, T>, out: &mut [T]) {
    let patches = c.patches();
    let (rows, outputs) = (patches.rows(), patches.outputs());
    let (examples, features) = (c.examples, c.features);
    let groups = c.conv.feature_groups * c.conv.batch_groups; // one of them is 1
    let features_per_group = features / groups;
    let columns = examples * outputs;
    let blocks = columns.div_ceil(COLUMNS);
    let weights = c.ordered_kernels();
    let parts = Parts::new(out);
    for_each_chunk(groups * blocks, |chunk| {
        let (g, block) = (chunk / blocks, chunk % blocks);
        let group = Group {
            first_example: if c.conv.batch_groups > 1 { g * examples } else { 0 },
            first_feature: if c.conv.feature_groups > 1 { g * patches.seen } else { 0 },
        };
        let block = block * COLUMNS..((block + 1) * COLUMNS).min(columns);
        let n = block.len();
        let mut seen = scratch::<T>(ROWS.min(rows) * n);
        let mut products = scratch::<T>(features_per_group * n);
        for first in (0..rows).step_by(ROWS) {
            let count = ROWS.min(rows - first);
            let seen = &mut seen[..count * n];
            patches.read(group, first..first + count, block.clone(), seen);
            let (patch_row, patch_column) =
                if patches.columns_adjacent { (n as isize, 1) } else { (1, count as isize) };
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
                    seen.as_ptr(),
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
                let to = example * c.y_steps[0] + feature * c.y_steps[1] + output;
                // SAFETY: chunks own different columns or different groups of features, and
                // `out` is not touched until all have ended.
                let part = unsafe { parts.part(to..to + count) };
                part.copy_from_slice(&products[at - block.start..at - block.start + count]);
                at += count;
            }
        }
        give_back(seen);
        give_back(products);
    });
}
