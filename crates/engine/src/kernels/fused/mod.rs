//! Fused loops: a list of instructions run tile by tile, so that what is between them stays in
//! the first-level cache.
//!
//! A tile is a few rows of the loop's shape (single elements, where nothing is folded along
//! rows). For each instruction there is one function over tiles ([`instructions`]), found when a
//! plan is made ready; a tile costs one indirect call per instruction.

mod around_function;
mod chain;
mod instructions;
mod reading;
mod tiles;

use crate::executable::Destination;
use crate::execute::{Operands, Outputs};
use crate::threads::for_each_chunk;
use array::shape::size;
use array::{Array, DType, Type};
use compile::{Extent, Fused, Instruction, Place, Reading, View};
use instructions::cost;
use ir::Prim;
use smallvec::{SmallVec, smallvec};
use tiles::{Tiling, with_work};

/// Elements of a tile, about: so few that the tiles of a loop stay in the first-level cache, so
/// many that an indirect call does not count.
const TILE: usize = 1024;

/// What a chunk of a loop costs at least (see [`cost`]): some ten microseconds, much more than
/// handing it to another thread.
const CHUNK: usize = 1 << 17;

/// A result, and the operands whose memory it may take over.
#[derive(Debug)]
struct Made {
    ty: Type,
    /// The operand, and whether it is copied into a tile first, because it is read after the
    /// result is written.
    donors: SmallVec<[(usize, bool); 4]>,
}

/// A loop ready to run: everything that does not depend on where its operands are.
#[derive(Debug)]
pub(crate) struct Loop {
    tiling: Tiling,
    results: Vec<Made>,
    rows: usize,
    /// Rows of a chunk.
    chunk: usize,
}

impl Loop {
    /// The loop, for operands of these types.
    pub(crate) fn new(f: &Fused, operands: &[&Type]) -> Loop {
        let rows = size(&f.shape).checked_div(f.row).unwrap_or(0);
        let tile_rows = if rows == 0 { 1 } else { reading::rows_of_tile(f, TILE / f.row, rows) };
        let made = |(k, (ty, extent)): (usize, &(Type, Extent))| {
            let fits = |&i: &usize| {
                f.readings[i] == Reading { view: View::Whole, extent: *extent }
                    && operands[i].dtype == ty.dtype
            };
            let donors = (0..operands.len()).filter(fits);
            let donors = donors.map(|i| (i, tiles::overwritten_before_read(f, i, k)));
            Made { ty: ty.clone(), donors: donors.collect() }
        };
        let cost: usize = f.code.iter().map(cost).sum();
        Loop {
            tiling: Tiling::new(f, operands, rows, tile_rows),
            results: f.results.iter().enumerate().map(made).collect(),
            rows,
            chunk: (CHUNK / (cost * f.row).max(1)).max(1).next_multiple_of(tile_rows),
        }
    }

    /// A single element-by-element operation as a loop.
    pub(crate) fn of(prim: &Prim, operands: &[&Type]) -> Loop {
        let ty = operands[0];
        let dtype = match prim {
            Prim::Compare(_) | Prim::IsFinite(_) => DType::Bool,
            Prim::Convert(c) => c.dtype,
            Prim::Select(_) => operands[1].dtype,
            _ => ty.dtype,
        };
        let whole = Reading { view: View::Whole, extent: Extent::Element };
        let f = Fused {
            row: 1,
            readings: vec![whole; operands.len()],
            code: vec![Instruction {
                prim: prim.clone(),
                inputs: (0..operands.len() as u16).map(Place::Input).collect(),
                then: smallvec![],
                output: Place::Result(0),
                extent: Extent::Element,
            }],
            registers: vec![],
            results: vec![(ty.with_dtype(dtype), Extent::Element)],
            shape: ty.shape.clone(),
        };
        Loop::new(&f, operands)
    }

    /// Runs the loop. Results that have a destination are written there.
    pub(crate) fn run(&self, x: &mut Operands<'_>, places: &[Destination]) -> Outputs {
        // For each operand the result that has its memory, and whether it is copied first.
        let mut donated: SmallVec<[Option<(u16, bool)>; 24]> = smallvec![None; x.len()];
        let mut results = Outputs::new();
        for (k, made) in self.results.iter().enumerate() {
            if let Some(place) = places.iter().find(|p| p.result == k) {
                results.push(place.array.clone());
                continue;
            }
            let take = |&(i, copied): &(usize, bool)| {
                let memory = x.take(i)?;
                donated[i] = Some((k as u16, copied));
                Some(memory.into_shape(&made.ty.shape))
            };
            let found = made.donors.iter().find_map(take);
            results.push(found.unwrap_or_else(|| Array::fresh(&made.ty)));
        }
        if self.rows > 0 {
            with_work(&self.tiling, x, &donated, &mut results, places, |work| {
                for_each_chunk(self.rows.div_ceil(self.chunk), |c| {
                    work.rows(c * self.chunk, ((c + 1) * self.chunk).min(self.rows));
                });
            });
        }
        results
    }
}
