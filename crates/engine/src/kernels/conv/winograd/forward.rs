//! Outputs: `y = Aᵀ[(G g Gᵀ) ⊙ (Bᵀ d B)] A`, summed over channels before the last transform.

use super::transforms::{self, IN, OUT, PRODUCTS};
use super::{Planes, Tiling, finite, transform_elements};
use crate::isa::InstructionSet;
use crate::kernels::conv::micro_kernel::{Left, Right, Sums, overlapping};
use crate::kernels::vector::{Vector, Vectorised, for_widest_vector};
use crate::memory::{give_back, scratch};
use crate::threads::{Parts, for_each_chunk};
use std::sync::atomic::{AtomicBool, Ordering};

/// The kernels: 3×3 numbers each, side by side.
#[derive(Clone, Copy)]
pub(in crate::kernels::conv) struct Kernels<'a, T> {
    pub(in crate::kernels::conv) values: &'a [T],
    /// From one out feature, and from one feature, to the next.
    pub(in crate::kernels::conv) steps: [usize; 2],
    /// Whether the last place comes first, along both axes.
    pub(in crate::kernels::conv) reversed: bool,
}

/// Rows that a tile of the product may overlap by.
const SPARE: usize = 12;

struct Job<'a, T> {
    x: Planes<'a, T>,
    w: Kernels<'a, T>,
    /// Out features.
    features: usize,
    outputs: [usize; 2],
    tiling: Tiling,
    /// Features and out features up to a multiple of the vectors' length.
    padded: [usize; 2],
    /// From one of the 36 matrices of transformed kernels to the next.
    step: usize,
    /// The transformed kernels.
    kernels: Parts<T>,
    y: Parts<T>,
    y_steps: [usize; 2],
    finite: AtomicBool,
}

/// The convolution of `x` with `w`, written to `y`. False when a result is not finite.
pub(in crate::kernels::conv) fn forward<T: Vectorised>(
    set: InstructionSet,
    x: Planes<'_, T>,
    w: Kernels<'_, T>,
    low: [i64; 2],
    [examples, features, height, width]: [usize; 4],
    y: &mut [T],
    y_steps: [usize; 2],
) -> bool {
    let lanes = T::lanes(set).0;
    let padded = [x.features, features].map(|n| n.next_multiple_of(lanes));
    // The matrices lie a little further apart than they are large, so that their beginnings do
    // not fall on one another in the caches.
    let step = x.features * padded[1] + lanes;
    let mut kernels = scratch::<T>(PRODUCTS * step);
    let job = Job {
        x,
        w,
        features,
        outputs: [height, width],
        tiling: Tiling::new(examples, [height, width], low, padded[0] + padded[1]),
        padded,
        step,
        kernels: Parts::new(&mut kernels),
        y: Parts::new(y),
        y_steps,
        finite: AtomicBool::new(true),
    };
    // SAFETY: the instruction set is one of this processor; chunks write what belongs to
    // different features, and blocks to different outputs.
    unsafe {
        for_each_chunk(x.features, |c| kernels_of_feature(set, &job, c));
        for_each_chunk(job.tiling.blocks(), |block| outputs_of_block(set, &job, block));
    }
    let all = job.finite.into_inner();
    give_back(kernels);
    all
}

for_widest_vector! {
    /// Transforms the kernels of feature `c`.
    unsafe fn kernels_of_feature<T>(job: &Job<'_, T>, c: usize) = transform_kernels
}
for_widest_vector! {
    /// Computes the outputs of a block.
    unsafe fn outputs_of_block<T>(job: &Job<'_, T>, block: usize) = compute
}

/// For each product number `f` and each panel of out features: `[feature][out feature]`.
///
/// # Safety
/// No two calls for one feature at once; and the promise of [`Vector`].
#[inline(always)]
unsafe fn transform_kernels<V: Vector>(job: &Job<'_, V::T>, c: usize) {
    let l = V::LANES;
    let vectors = job.padded[1] / l;
    for v in 0..vectors {
        let mut places = [[<V::T as array::Element>::ZERO; 16]; 9];
        for lane in 0..l.min(job.features - v * l) {
            let at = (v * l + lane) * job.w.steps[0] + c * job.w.steps[1];
            let kernel = &job.w.values[at..at + 9];
            for (i, place) in places.iter_mut().enumerate() {
                place[lane] = kernel[if job.w.reversed { 8 - i } else { i }];
            }
        }
        let (panel, inside) = (v / V::PANEL, v % V::PANEL);
        let wide = V::PANEL.min(vectors - panel * V::PANEL);
        let at = (panel * V::PANEL * job.x.features + c * wide + inside) * l;
        // SAFETY: `places` has 9 rows of at least `LANES` numbers; what is written belongs to this
        // feature.
        unsafe {
            transforms::kernel::<V>(
                places.as_ptr().cast(),
                [3 * 16, 16],
                job.kernels.start().add(at),
                [IN * job.step, job.step],
            );
        }
    }
}

/// # Safety
/// No two calls for one block at once, the kernels being transformed; and the promise of
/// [`Vector`].
#[inline(always)]
unsafe fn compute<V: Vector>(job: &Job<'_, V::T>, block: usize) {
    let l = V::LANES;
    let (tiling, [channels, features]) = (&job.tiling, job.padded);
    let most = tiling.most().max(SPARE);
    // Apart by one vector more than needed, as above.
    let (from, to) = (most * channels + l, most * features + l);
    let mut buffer = scratch::<V::T>(tiling.buffer() * l);
    let mut elements = scratch::<V::T>(PRODUCTS * from);
    let mut products = scratch::<V::T>(PRODUCTS * to);
    let count = tiling.tiles(block).max(SPARE);
    // SAFETY: the buffers are as large as the steps say; `count` does not exceed `most`. (Rows
    // beyond the block's tiles hold arbitrary numbers, which nobody reads.)
    unsafe {
        transform_elements::<V>(
            &job.x,
            0..job.x.features,
            tiling,
            block,
            buffer.as_mut_ptr(),
            elements.as_mut_ptr(),
            [from, channels],
        );
        let vectors = features / l;
        for f in 0..PRODUCTS {
            let kernels = job.kernels.start().cast_const().add(f * job.step);
            for v in (0..vectors).step_by(V::PANEL) {
                let wide = V::PANEL.min(vectors - v);
                overlapping::<V>(
                    count,
                    wide,
                    job.x.features,
                    Left { at: elements.as_ptr().add(f * from), row: channels, term: 1 },
                    Right { at: kernels.add(v * l * job.x.features), term: wide * l },
                    Sums {
                        at: products.as_mut_ptr().add(f * to + v * l),
                        row: features,
                        add: false,
                    },
                );
            }
        }
        let mut all = true;
        for segment in tiling.segments(block) {
            let extent = tiling.written(segment.rows);
            for k in (0..job.features).step_by(l) {
                for row in 0..segment.rows {
                    for column in 0..tiling.across {
                        let tile = segment.tile + row * tiling.across + column;
                        transforms::outputs::<V>(
                            products.as_ptr().add(tile * features + k),
                            [IN * to, to],
                            buffer.as_mut_ptr().add((row * extent[1] + column) * OUT * l),
                            [extent[1] * l, l],
                        );
                    }
                }
                all &= finite::<V>(buffer.as_ptr(), extent[0] * extent[1]);
                let first = segment.first * OUT;
                let plane = segment.example * job.y_steps[0] + k * job.y_steps[1];
                for r in 0..extent[0].min(job.outputs[0] - first) {
                    let row = plane + (first + r) * job.outputs[1];
                    for c in (0..job.outputs[1]).step_by(l) {
                        V::transpose(
                            buffer.as_ptr().add((r * extent[1] + c) * l),
                            l,
                            l.min(job.outputs[1] - c),
                            l.min(job.features - k),
                            job.y.start().add(row + c),
                            job.y_steps[1],
                            l.min(job.outputs[1] - c),
                        );
                    }
                }
            }
        }
        if !all {
            job.finite.store(false, Ordering::Relaxed);
        }
    }
    give_back(buffer);
    give_back(elements);
    give_back(products);
}
