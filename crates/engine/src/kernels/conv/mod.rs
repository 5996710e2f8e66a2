//! Convolution: which of several ways to compute it is the fastest.
//!
//! * [`winograd`]: kernels of 3×3 places without strides and dilations, and enough features; their
//!   cotangents too.
//! * [`weight_gradient`]: the cotangents of kernels, where the sum is long and the result small.
//! * [`implicit_gemm`]: everything else, and where tiles give a number that is not finite.
//! * [`direct`]: where kernels or their cotangents are not finite.

mod direct;
mod implicit_gemm;
mod micro_kernel;
mod patches;
#[cfg(test)]
mod tests;
mod weight_gradient;
mod winograd;

use super::sliding::Axis;
use super::vector::Vectorised;
use crate::isa::instruction_set;
use crate::memory::written;
use array::shape::size;
use array::{Array, DType, Element};
use compile::Convolution;
use ir::prim::ConvGeneral;
use patches::Patches;
use std::borrow::Cow;

/// A convolution of floats, with operands in any order.
struct Problem<'a, T> {
    conv: &'a ConvGeneral,
    x: &'a [T],
    /// From one example, and from one feature, to the next.
    x_steps: [usize; 2],
    w: &'a [T],
    /// From one out feature, and from one feature that it sees, to the next.
    w_steps: [usize; 2],
    reversed: bool,
    /// Features that one output sees.
    seen: usize,
    /// Of the result.
    examples: usize,
    features: usize,
    y_steps: [usize; 2],
    /// Spatial sizes.
    elements: &'a [usize],
    window: &'a [usize],
    outputs: &'a [usize],
}

impl<'a, T: Element> Problem<'a, T> {
    fn axes(&self) -> Vec<Axis> {
        let p = self.conv;
        let axis = |d: usize| Axis {
            size: self.elements[d],
            outputs: self.outputs[d],
            window: self.window[d],
            stride: p.strides[d],
            low: p.padding[d].0,
            base_dilation: p.lhs_dilation[d],
            window_dilation: p.rhs_dilation[d],
        };
        (0..self.outputs.len()).map(axis).collect()
    }

    fn patches(&self) -> Patches<'a, T> {
        Patches::new(self.x, self.x_steps, self.seen, self.axes())
    }

    /// The kernels as `[out feature][feature][place]`, first place first.
    fn ordered_kernels(&self) -> Cow<'a, [T]> {
        let places = size(self.window);
        if !self.reversed && self.w_steps == [self.seen * places, places] {
            return Cow::Borrowed(self.w);
        }
        let mut ordered = Vec::with_capacity(self.w.len());
        for o in 0..self.features {
            for c in 0..self.seen {
                let at = o * self.w_steps[0] + c * self.w_steps[1];
                let kernel = &self.w[at..at + places];
                if self.reversed {
                    ordered.extend(kernel.iter().rev());
                } else {
                    ordered.extend_from_slice(kernel);
                }
            }
        }
        Cow::Owned(ordered)
    }
}

/// Whether tiles take less time than patches, for `outputs` of so many examples: in cycles per
/// vector, as measured on a Zen 5 with AVX-512, where the ratio is what counts.
fn tiles_pay(examples: usize, outputs: &[usize], features: [usize; 2], lanes: usize) -> bool {
    let pairs = (features[0] * features[1]) as f64;
    let padded: usize = features.iter().map(|n| n.next_multiple_of(lanes)).sum();
    let (outputs, tiles): (Vec<usize>, Vec<usize>) =
        outputs.iter().map(|&n| (n, n.div_ceil(4))).unzip();
    let (outputs, tiles) = ((examples * size(&outputs)) as f64, (examples * size(&tiles)) as f64);
    let patches = outputs * 9.0 * pairs / 1.2;
    let transforms = tiles * 180.0 * padded as f64 + 250.0 * pairs;
    tiles * 36.0 * pairs / 1.8 + transforms < patches
}

/// Whether all of these are 1.
fn ones(steps: &[&[usize]]) -> bool {
    steps.iter().all(|steps| steps.iter().all(|&s| s == 1))
}

impl<T: Vectorised> Problem<'_, T> {
    /// The convolution by tiles, if it is one that has them, if they pay, and if the result is
    /// finite.
    fn by_tiles(&self, out: &mut [T]) -> bool {
        let (p, set) = (self.conv, instruction_set());
        let (&[3, 3], &[height, width], &[rows, columns]) =
            (self.window, self.outputs, self.elements)
        else {
            return false;
        };
        let features = [self.seen, self.features];
        if !ones(&[&p.strides, &p.lhs_dilation, &p.rhs_dilation])
            || p.feature_groups * p.batch_groups > 1
            || !tiles_pay(self.examples, self.outputs, features, T::lanes(set).0)
        {
            return false;
        }
        let x = winograd::Planes {
            values: self.x,
            steps: self.x_steps,
            features: self.seen,
            size: [rows, columns],
        };
        let w = winograd::Kernels { values: self.w, steps: self.w_steps, reversed: self.reversed };
        let low = [p.padding[0].0, p.padding[1].0];
        let shape = [self.examples, self.features, height, width];
        winograd::forward(set, x, w, low, shape, out, self.y_steps)
    }

    /// The cotangent of a kernel, see [`Problem::weight_gradient`], by tiles under the same
    /// conditions as [`Problem::by_tiles`].
    fn weights_by_tiles(&self, out: &mut [T]) -> bool {
        let (p, set) = (self.conv, instruction_set());
        let [features, examples] = [self.examples, self.seen];
        let (&[3, 3], &[height, width], &[rows, columns]) =
            (self.outputs, self.window, self.elements)
        else {
            return false;
        };
        if !ones(&[&p.strides, &p.lhs_dilation, &p.rhs_dilation])
            || !tiles_pay(examples, self.window, [features, self.features], T::lanes(set).0)
        {
            return false;
        }
        let x = winograd::Planes {
            values: self.x,
            steps: [self.x_steps[1], self.x_steps[0]],
            features,
            size: [rows, columns],
        };
        let y = winograd::Planes {
            values: self.w,
            steps: [self.w_steps[1], self.w_steps[0]],
            features: self.features,
            size: [height, width],
        };
        let low = [p.padding[0].0, p.padding[1].0];
        winograd::weight_gradient(set, x, y, examples, low, out, [features * 9, 9])
    }

    /// The same by patches.
    fn weights_by_patches(&self) -> weight_gradient::WeightGradient<'_, T> {
        // The sums of the convolution that this is a derivative of run over what are outputs here.
        let axis = |a: Axis| Axis {
            outputs: a.window,
            window: a.outputs,
            stride: a.window_dilation,
            window_dilation: a.stride,
            ..a
        };
        let axes = self.axes().into_iter().map(axis).collect();
        let steps = [self.x_steps[1], self.x_steps[0]];
        weight_gradient::WeightGradient {
            patches: Patches::new(self.x, steps, self.examples, axes),
            cotangent: self.w,
            steps: [self.w_steps[1], self.w_steps[0]],
            examples: self.seen,
            features: self.features,
        }
    }

    /// The convolution of the operand's features as examples with a cotangent as the kernel, which
    /// is the cotangent of a kernel. Writes `[out feature][feature][place]`.
    fn weight_gradient(&self, out: &mut [T]) {
        if self.weights_by_tiles(out) {
            return;
        }
        let sum = self.weights_by_patches();
        sum.run(out);
        if !direct::finite(out) {
            direct::weight_gradient(&sum, out);
        }
    }
}

/// The convolution of floats; `None` for other dtypes.
pub(crate) fn conv(c: &Convolution, x: &Array, w: &Array, shape: &[usize]) -> Option<Array> {
    match x.dtype() {
        DType::F32 => Some(floats::<f32>(c, x, w, shape)),
        DType::F64 => Some(floats::<f64>(c, x, w, shape)),
        DType::I32 | DType::I64 | DType::U32 | DType::Bool => None,
    }
}

/// `shape` is that of the convolution itself, before its axes are exchanged.
fn floats<T: Vectorised>(c: &Convolution, x: &Array, w: &Array, shape: &[usize]) -> Array {
    let p = &c.conv;
    // Steps along the first two axes of an array, and along what they stand for.
    let steps = |shape: &[usize], exchanged: bool| {
        let plane = size(&shape[2..]);
        if exchanged { [plane, shape[1] * plane] } else { [shape[1] * plane, plane] }
    };
    let result = match c.exchanged[2] {
        true => [&[shape[1], shape[0]], &shape[2..]].concat(),
        false => shape.to_vec(),
    };
    let problem = Problem {
        conv: p,
        x: x.as_slice::<T>(),
        x_steps: steps(x.shape(), c.exchanged[0]),
        w: w.as_slice::<T>(),
        w_steps: steps(w.shape(), c.exchanged[1]),
        reversed: c.reversed,
        seen: w.shape()[usize::from(!c.exchanged[1])],
        examples: shape[0],
        features: shape[1],
        y_steps: steps(&result, c.exchanged[2]),
        elements: &x.shape()[2..],
        window: &w.shape()[2..],
        outputs: &shape[2..],
    };
    written(&result, |out| {
        if out.is_empty() || size(problem.window) * problem.seen == 0 {
            out.fill(T::ZERO);
        } else if c.exchanged == [true; 3] && !c.reversed {
            problem.weight_gradient(out);
        } else if problem.by_tiles(out) {
            // Done.
        } else if direct::finite(problem.w) {
            implicit_gemm::convolve(&problem, out);
        } else {
            direct::convolve(&problem, out);
        }
    })
}
