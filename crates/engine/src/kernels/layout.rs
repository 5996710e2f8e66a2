//! Operations that move elements without computing.

use crate::memory::written;
use crate::strided::{Copy, signed_strides};
use crate::threads::for_each_part;
use array::shape::size;
use array::{Array, Element, with_dtype};
use ir::prim::{BroadcastInDim, Concatenate, Iota, Pad, Reverse, Slice, Transpose};

/// The array of `shape` whose element at `i` is `x`'s at the flat position `offset + i·steps`.
pub(super) fn view(x: &Array, shape: &[usize], steps: &[isize], offset: isize) -> Array {
    fn typed<T: Element>(x: &Array, shape: &[usize], steps: &[isize], offset: isize) -> Array {
        let copy = Copy::new(shape, steps.iter().copied(), offset, signed_strides(shape), 0);
        written(shape, |out| copy.run(x.as_slice::<T>(), out))
    }
    with_dtype!(x.dtype(), T => typed::<T>(x, shape, steps, offset))
}

pub(crate) fn broadcast_in_dim(p: &BroadcastInDim, x: &Array) -> Array {
    let mut steps = vec![0; p.shape.len()];
    for (&d, s) in p.dims.iter().zip(signed_strides(x.shape())) {
        steps[d] = s;
    }
    if x.len() == size(&p.shape) {
        return x.reshape(&p.shape); // new axes of size 1 only: the order of elements is the same
    }
    view(x, &p.shape, &steps, 0)
}

pub(crate) fn transpose(p: &Transpose, x: &Array) -> Array {
    let strides = signed_strides(x.shape());
    let shape: Vec<usize> = p.permutation.iter().map(|&d| x.shape()[d]).collect();
    let steps: Vec<isize> = p.permutation.iter().map(|&d| strides[d]).collect();
    let moved = p.permutation.iter().filter(|&&d| x.shape()[d] != 1);
    if moved.is_sorted() {
        return x.reshape(&shape); // only axes of size 1 change their place
    }
    view(x, &shape, &steps, 0)
}

pub(crate) fn slice(p: &Slice, x: &Array) -> Array {
    let strides = signed_strides(x.shape());
    let rank = strides.len();
    let shape: Vec<usize> =
        (0..rank).map(|d| (p.limit[d] - p.start[d]).div_ceil(p.strides[d])).collect();
    let steps: Vec<isize> = (0..rank).map(|d| strides[d] * p.strides[d] as isize).collect();
    let offset = (0..rank).map(|d| strides[d] * p.start[d] as isize).sum();
    view(x, &shape, &steps, offset)
}

pub(crate) fn reverse(p: &Reverse, x: &Array) -> Array {
    let mut steps = signed_strides(x.shape());
    let mut offset = 0;
    for &d in &p.axes {
        if x.shape()[d] > 0 {
            offset += (x.shape()[d] as isize - 1) * steps[d];
        }
        steps[d] = -steps[d];
    }
    view(x, x.shape(), &steps, offset)
}

pub(crate) fn pad(p: &Pad, x: &Array, filler: &Array) -> Array {
    fn typed<T: Element>(p: &Pad, x: &Array, filler: T) -> Array {
        // Along each axis: where the first kept element of x goes, and how many are kept.
        let mut shape = vec![];
        let mut kept = vec![];
        let (mut from, mut to) = (0, 0);
        let strides = signed_strides(x.shape());
        let sizes = x.shape().iter().zip(&p.padding);
        let out_size = |(&n, p): (&usize, &ir::prim::Padding)| -> usize {
            let inner = if n == 0 { 0 } else { ((n - 1) * (p.interior + 1) + 1) as i64 };
            (inner + p.low + p.high).max(0) as usize
        };
        shape.extend(sizes.map(out_size));
        let out_strides = signed_strides(&shape);
        for (d, p) in p.padding.iter().enumerate() {
            let step = p.interior as i64 + 1;
            // Source i goes to low + i·step, which must lie in 0..shape[d].
            let first = if p.low < 0 { (-p.low + step - 1) / step } else { 0 };
            let behind = shape[d] as i64 - p.low; // low + i·step < shape  ⇔  i·step < behind
            let end = if behind <= 0 { 0 } else { (behind + step - 1) / step };
            let end = end.min(x.shape()[d] as i64);
            kept.push((end - first).max(0) as usize);
            from += first as isize * strides[d];
            to += (p.low + first * step) as isize * out_strides[d];
        }
        written(&shape, |out| {
            for_each_part(out, 1 << 16, |_, part| part.fill(filler));
            if size(&kept) > 0 {
                let steps =
                    out_strides.iter().zip(&p.padding).map(|(s, p)| s * (p.interior as isize + 1));
                Copy::new(&kept, strides, from, steps, to).run(x.as_slice::<T>(), out);
            }
        })
    }
    with_dtype!(x.dtype(), T => typed::<T>(p, x, filler.as_slice::<T>()[0]))
}

pub(crate) fn concatenate(p: &Concatenate, parts: &[&Array]) -> Array {
    fn typed<T: Element>(axis: usize, parts: &[&Array]) -> Array {
        let mut shape = parts[0].shape().to_vec();
        shape[axis] = parts.iter().map(|a| a.shape()[axis]).sum();
        let strides = signed_strides(&shape);
        written(&shape, |out| {
            let mut start = 0;
            for part in parts {
                let (from, to) = (signed_strides(part.shape()), start * strides[axis]);
                Copy::new(part.shape(), from, 0, strides.iter().copied(), to)
                    .run(part.as_slice::<T>(), out);
                start += part.shape()[axis] as isize;
            }
        })
    }
    with_dtype!(parts[0].dtype(), T => typed::<T>(p.axis, parts))
}

pub(crate) fn iota(p: &Iota) -> Array {
    fn typed<T: Element>(p: &Iota) -> Array {
        let inner = size(&p.shape[p.axis + 1..]).max(1);
        let n = p.shape[p.axis].max(1);
        written(&p.shape, |out| {
            for_each_part(out, 1 << 15, |start, part| {
                for (i, x) in part.iter_mut().enumerate() {
                    *x = T::from_i64(((start + i) / inner % n) as i64);
                }
            });
        })
    }
    with_dtype!(p.dtype, T => typed::<T>(p))
}
