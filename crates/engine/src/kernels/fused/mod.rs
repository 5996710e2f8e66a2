//! Fused loops: a list of instructions run tile by tile, so that what is between them stays in
//! the first-level cache.
//!
//! A tile is a few rows of the loop's shape (single elements, where nothing is folded along
//! rows). For each instruction there is one function over tiles ([`instructions`]), found once per
//! run; a tile costs one indirect call per instruction.

mod chain;
mod instructions;
mod reading;
mod tiles;

use crate::execute::{Operand, Outputs};
use crate::threads::for_each_chunk;
use crate::vectors::Vector;
use array::shape::size;
use array::{DType, with_dtype};
use compile::{Extent, Fused, Instruction, Place, Reading, View};
use instructions::cost;
use ir::Prim;
use smallvec::{SmallVec, smallvec};
use tiles::Loop;

/// Elements of a tile, about: so few that the tiles of a loop stay in the first-level cache, so
/// many that an indirect call does not count.
const TILE: usize = 1024;

/// What a chunk of a loop costs at least (see [`cost`]): some ten microseconds, much more than
/// handing it to another thread.
const CHUNK: usize = 1 << 17;

pub(crate) fn fused(f: &Fused, x: &mut [Operand<'_>]) -> Outputs {
    let row = f.row;
    let rows = size(&f.shape) / row.max(1);
    let (donors, mut results) = memory_of_results(f, x);
    if rows > 0 && row > 0 {
        let tile_rows = reading::rows_of_tile(f, TILE / row, rows);
        let work = Loop::new(f, x, &donors, &mut results, tile_rows);
        let cost: usize = f.code.iter().map(|i| cost(&i.prim) + i.then.len()).sum();
        let chunk = (CHUNK / (cost.max(1) * row)).max(1).next_multiple_of(tile_rows);
        for_each_chunk(rows.div_ceil(chunk), |c| {
            work.rows(c * chunk, ((c + 1) * chunk).min(rows));
        });
    }
    results.into_iter().zip(&f.results).map(|(v, (ty, _))| v.into_array(&ty.shape)).collect()
}

/// A single element-by-element operation as a loop.
pub(crate) fn elementwise(prim: &Prim, x: &mut [Operand<'_>]) -> Outputs {
    if let (Prim::Unary(ir::prim::Unary::StopGradient), Operand::Kept(a)) = (prim, &x[0]) {
        return SmallVec::from_elem((*a).clone(), 1);
    }
    let ty = x[0].array().ty();
    let dtype = match prim {
        Prim::Compare(_) | Prim::IsFinite(_) => DType::Bool,
        Prim::Convert(c) => c.dtype,
        Prim::Select(_) => x[1].array().dtype(),
        _ => ty.dtype,
    };
    let f = Fused {
        row: 1,
        readings: (0..x.len())
            .map(|_| Reading { view: View::Whole, extent: Extent::Element })
            .collect(),
        code: vec![Instruction {
            prim: prim.clone(),
            inputs: (0..x.len() as u16).map(Place::Input).collect(),
            then: smallvec![],
            output: Place::Result(0),
            extent: Extent::Element,
        }],
        registers: vec![],
        results: vec![(ty.with_dtype(dtype), Extent::Element)],
        shape: ty.shape,
    };
    fused(&f, x)
}

/// Memory for the results: that of an operand that is free, else new. For each operand, the
/// result that has its memory.
#[allow(clippy::type_complexity)]
fn memory_of_results(
    f: &Fused,
    x: &mut [Operand<'_>],
) -> (SmallVec<[Option<usize>; 8]>, SmallVec<[Vector; 2]>) {
    let mut donors: SmallVec<[Option<usize>; 8]> = SmallVec::from_elem(None, x.len());
    let mut results = SmallVec::new();
    for (k, (ty, extent)) in f.results.iter().enumerate() {
        let mut found = None;
        for i in 0..x.len() {
            let fits = f.readings[i].view == View::Whole
                && f.readings[i].extent == *extent
                && x[i].array().dtype() == ty.dtype;
            if fits
                && donors[i].is_none()
                && let Some(memory) = with_dtype!(ty.dtype, T => x[i].take::<T>().map(Vector::from))
            {
                donors[i] = Some(k);
                found = Some(memory);
                break;
            }
        }
        results.push(found.unwrap_or_else(|| Vector::scratch(ty.dtype, ty.len())));
    }
    (donors, results)
}
