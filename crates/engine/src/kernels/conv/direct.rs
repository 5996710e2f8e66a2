//! The definition, term by term. The other ways multiply by the zeros of padding and holes, which
//! is wrong where the other factor is infinite or NaN; then, and only then, the answer is from here.

use super::Problem;
use super::patches::Group;
use super::weight_gradient::WeightGradient;
use crate::kernels::vector::Vectorised;
use crate::threads::for_each_part;

/// Whether all numbers are finite.
pub(super) fn finite<T: Vectorised>(x: &[T]) -> bool {
    x.iter().all(|x| x.to_f64().is_finite())
}

/// The convolution.
pub(super) fn convolve<T: Vectorised>(c: &Problem<'_, T>, out: &mut [T]) {
    let (patches, kernels) = (c.patches(), c.ordered_kernels());
    let (rows, outputs) = (patches.rows(), patches.outputs());
    let features_per_group = c.features / (c.conv.feature_groups * c.conv.batch_groups);
    let exchanged = c.y_steps[1] > c.y_steps[0] || c.examples == 1;
    for_each_part(out, outputs, |start, out| {
        let plane = start / outputs;
        let (example, feature) = match exchanged {
            true => (plane % c.examples, plane / c.examples),
            false => (plane / c.features, plane % c.features),
        };
        let g = feature / features_per_group;
        let group = Group {
            first_example: if c.conv.batch_groups > 1 { g * c.examples } else { 0 },
            first_feature: if c.conv.feature_groups > 1 { g * patches.seen } else { 0 },
        };
        let kernel = &kernels[feature * rows..][..rows];
        out.fill(T::ZERO);
        for (row, &w) in kernel.iter().enumerate() {
            patches.each_seen(group, row, example, |output, x| {
                out[output] = out[output] + w * x;
            });
        }
    });
}

/// The cotangent of the kernels.
pub(super) fn weight_gradient<T: Vectorised>(c: &WeightGradient<'_, T>, out: &mut [T]) {
    let rows = c.patches.rows();
    for_each_part(out, rows, |start, out| {
        let feature = start / rows;
        for (row, out) in out.iter_mut().enumerate() {
            let mut sum = T::ZERO;
            for example in 0..c.examples {
                let plane = &c.cotangent[example * c.steps[0] + feature * c.steps[1]..];
                c.patches.each_seen(Group::default(), row, example, |output, x| {
                    sum = sum + plane[output] * x;
                });
            }
            *out = sum;
        }
    });
}
