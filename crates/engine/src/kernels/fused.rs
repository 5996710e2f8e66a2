//! Fused loops: a list of element-by-element instructions, run tile by tile.

use super::elementwise::{TILE, cost, tile};
use super::lanes::{Lane, Lanes, LanesMut, lanes_of};
use crate::execute::{Operand, Outputs};
use crate::threads::for_each_chunk;
use crate::vectors::{Vector, VectorParts};
use array::shape::size;
use array::{Array, DType, with_dtype};
use compile::{Fused, Place, View};
use smallvec::SmallVec;

/// How one chunk gets at an operand.
enum Input<'a> {
    /// From the array.
    Direct(&'a Array),
    /// From a tile that is filled anew for each tile of the loop: a repeated operand.
    Strided(&'a Array, &'a [(usize, usize)], Vector),
    /// From a tile that is the same throughout.
    Scalar(Vector),
    /// From a copy of the elements that result `.0` is about to overwrite.
    Overwritten(usize, Vector),
}

pub(crate) fn fused(f: &Fused, x: &mut [Operand<'_>]) -> Outputs {
    let n = size(&f.shape);
    // Results go to the memory of operands that are free.
    let mut taken: SmallVec<[Option<usize>; 8]> = SmallVec::from_elem(None, x.len());
    let mut results: SmallVec<[Vector; 2]> = SmallVec::new();
    for (k, &dtype) in f.results.iter().enumerate() {
        let mut free = None;
        for i in 0..x.len() {
            let fits = f.views[i] == View::Whole && x[i].array().dtype() == dtype;
            if fits
                && taken[i].is_none()
                && let Some(memory) = take(&mut x[i], dtype)
            {
                free = Some((i, memory));
                break;
            }
        }
        results.push(match free {
            Some((i, memory)) => {
                taken[i] = Some(k);
                memory
            }
            None => Vector::scratch(dtype, n),
        });
    }
    let parts: SmallVec<[VectorParts; 2]> = results.iter_mut().map(Vector::parts).collect();
    let cost: usize = f.code.iter().map(|i| cost(&i.prim)).sum();
    let chunk = ((1 << 16) / cost.max(1)).next_multiple_of(TILE);
    let x = &*x;
    for_each_chunk(n.div_ceil(chunk), |c| {
        let (start, end) = (c * chunk, ((c + 1) * chunk).min(n));
        let mut worker = Worker::new(f, x, &taken, TILE.min(n));
        for from in (start..end).step_by(TILE) {
            let to = (from + TILE).min(end);
            // SAFETY: the tiles of all chunks are disjoint, and `results` is not touched until
            // the loop has ended.
            let results = parts.iter().map(|p| Some(unsafe { p.part(from..to) })).collect();
            worker.tile(f, from, to - from, results);
        }
    });
    results.into_iter().map(|v| v.into_array(&f.shape)).collect()
}

/// The memory of an operand, if it is free.
fn take(x: &mut Operand<'_>, dtype: DType) -> Option<Vector> {
    with_dtype!(dtype, T => x.take::<T>().map(Vector::from))
}

/// What one chunk works with.
struct Worker<'a> {
    inputs: SmallVec<[Input<'a>; 8]>,
    registers: SmallVec<[Vector; 8]>,
}

impl<'a> Worker<'a> {
    fn new(
        f: &'a Fused,
        x: &'a [Operand<'_>],
        taken: &[Option<usize>],
        width: usize,
    ) -> Worker<'a> {
        let input = |i: usize| {
            if let Some(k) = taken[i] {
                return Input::Overwritten(k, Vector::scratch(f.results[k], width));
            }
            let array = x[i].array();
            match &f.views[i] {
                View::Whole => Input::Direct(array),
                View::Scalar => Input::Scalar(with_dtype!(array.dtype(), T => {
                    Vector::from(vec![array.as_slice::<T>()[0]; width])
                })),
                View::Strided(axes) => {
                    Input::Strided(array, axes, Vector::scratch(array.dtype(), width))
                }
            }
        };
        Worker {
            inputs: (0..x.len()).map(input).collect(),
            registers: f.registers.iter().map(|&d| Vector::scratch(d, width)).collect(),
        }
    }

    /// Computes the `n` elements from `from` on.
    fn tile(
        &mut self,
        f: &Fused,
        from: usize,
        n: usize,
        mut results: SmallVec<[Option<LanesMut<'_>>; 2]>,
    ) {
        for input in &mut self.inputs {
            match input {
                Input::Strided(array, axes, tile) => load(array, axes, from, tile.lanes_mut(n)),
                Input::Overwritten(k, tile) => {
                    if let Some(result) = &results[*k] {
                        copy(result.read(), tile.lanes_mut(n));
                    }
                }
                Input::Direct(_) | Input::Scalar(_) => {}
            }
        }
        for instruction in &f.code {
            // What is written is taken out of its place, so that the rest can be read.
            let mut register = Vector::default();
            let mut result = None;
            let mut out = match instruction.output {
                Place::Register(r) => {
                    register = std::mem::take(&mut self.registers[r as usize]);
                    register.lanes_mut(n)
                }
                Place::Result(k) => {
                    result = results[k as usize].take();
                    let result = result.as_mut();
                    result.expect("invariant: an instruction writes one place").borrow()
                }
                Place::Input(_) => unreachable!("invariant: operands are not written"),
            };
            let operands: SmallVec<[Lanes<'_>; 3]> = instruction
                .inputs
                .iter()
                .map(|place| match *place {
                    Place::Input(i) => match &self.inputs[i as usize] {
                        Input::Direct(array) => lanes_of(array, from..from + n),
                        Input::Strided(_, _, tile)
                        | Input::Scalar(tile)
                        | Input::Overwritten(_, tile) => tile.lanes(n),
                    },
                    Place::Register(r) => self.registers[r as usize].lanes(n),
                    Place::Result(k) => {
                        let result = results[k as usize].as_ref();
                        result.expect("invariant: results are read after they are made").read()
                    }
                })
                .collect();
            tile(&instruction.prim, &operands, out.borrow());
            drop(operands);
            match instruction.output {
                Place::Register(r) => self.registers[r as usize] = register,
                Place::Result(k) => results[k as usize] = result,
                Place::Input(_) => {}
            }
        }
    }
}

fn copy(from: Lanes<'_>, to: LanesMut<'_>) {
    match to {
        LanesMut::F32(to) => to.copy_from_slice(f32::of(from)),
        LanesMut::F64(to) => to.copy_from_slice(f64::of(from)),
        LanesMut::I32(to) => to.copy_from_slice(i32::of(from)),
        LanesMut::I64(to) => to.copy_from_slice(i64::of(from)),
        LanesMut::U32(to) => to.copy_from_slice(u32::of(from)),
        LanesMut::Bool(to) => to.copy_from_slice(bool::of(from)),
    }
}

/// Reads a repeated operand at the positions from `start` on of the loop's shape.
fn load(array: &Array, axes: &[(usize, usize)], start: usize, out: LanesMut<'_>) {
    fn typed<T: Lane>(array: &Array, axes: &[(usize, usize)], start: usize, out: &mut [T]) {
        let x = array.as_slice::<T>();
        let Some((&(inner, step), outer)) = axes.split_last() else { return out.fill(x[0]) };
        let mut done = 0;
        while done < out.len() {
            let (mut rest, first) = ((start + done) / inner, (start + done) % inner);
            let mut base = first * step;
            for &(n, s) in outer.iter().rev() {
                base += rest % n * s;
                rest /= n;
            }
            let run = (inner - first).min(out.len() - done);
            let to = &mut out[done..done + run];
            match step {
                0 => to.fill(x[base]),
                1 => to.copy_from_slice(&x[base..base + run]),
                _ => to.iter_mut().zip(x[base..].iter().step_by(step)).for_each(|(o, &v)| *o = v),
            }
            done += run;
        }
    }
    match out {
        LanesMut::F32(out) => typed(array, axes, start, out),
        LanesMut::F64(out) => typed(array, axes, start, out),
        LanesMut::I32(out) => typed(array, axes, start, out),
        LanesMut::I64(out) => typed(array, axes, start, out),
        LanesMut::U32(out) => typed(array, axes, start, out),
        LanesMut::Bool(out) => typed(array, axes, start, out),
    }
}
