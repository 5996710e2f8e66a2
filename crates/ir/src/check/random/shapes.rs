//! Operations that move elements, work along an axis, or contract axes.

use super::generator::Generator;
use crate::prim::{
    Concatenate, Constant, Cumulative, CumulativeOp, DotGeneral, DynamicSlice, DynamicUpdateSlice,
    Pad, Padding, Reverse, Slice, Sort, Transpose,
};
use crate::program::Var;
use array::{Array, Type};

impl Generator<'_, '_> {
    pub(super) fn layout(&mut self, x: Var, ty: &Type) {
        let rank = ty.rank();
        match self.choices.below(6) {
            0 => {
                let start: Vec<usize> =
                    ty.shape.iter().map(|&n| self.choices.below(n / 2 + 1)).collect();
                let limit = (0..rank)
                    .map(|d| ty.shape[d] - self.choices.below((ty.shape[d] - start[d]) / 2 + 1))
                    .collect();
                let strides = (0..rank).map(|_| 1 + self.choices.below(3)).collect();
                self.push(Slice { start, limit, strides }, &[x]);
            }
            1 => {
                let padding = (0..rank)
                    .map(|_| Padding {
                        low: self.choices.below(5) as i64 - 2,
                        high: self.choices.below(5) as i64 - 2,
                        interior: self.choices.below(3) / 2,
                    })
                    .collect();
                let filler = self.like(&ty.with_shape([]));
                self.push(Pad { padding }, &[x, filler]);
            }
            2 => {
                let axes = self.choices.subset(rank);
                self.push(Reverse { axes }, &[x]);
            }
            3 if rank > 0 => {
                let y = self.like(ty);
                let axis = self.choices.below(rank);
                self.push(Concatenate { axis }, &[x, y, x]);
            }
            _ => self.dynamic(x, ty),
        }
    }

    /// A box read or replaced at a place that is data.
    fn dynamic(&mut self, x: Var, ty: &Type) {
        let start: Vec<i64> =
            ty.shape.iter().map(|&n| self.choices.below(n + 3) as i64 - 1).collect();
        let sizes: Vec<usize> =
            ty.shape.iter().map(|&n| n - self.choices.below(n / 2 + 1)).collect();
        let place = Constant(Array::from_vec(start, &[ty.rank()]));
        let Some(place) = self.push(place, &[]) else { return };
        if self.choices.chance(2) {
            let update = self.like(&ty.with_shape(sizes));
            self.push(DynamicUpdateSlice {}, &[x, update, place]);
        } else {
            self.push(DynamicSlice { sizes }, &[x, place]);
        }
    }

    /// Running folds and sorted lines.
    pub(super) fn along_axis(&mut self, x: Var, ty: &Type) {
        if ty.rank() == 0 {
            return;
        }
        let axis = self.choices.below(ty.rank());
        if self.choices.chance(2) {
            let payload = self.any().filter(|&v| self.ty(v).shape == ty.shape);
            let descending = self.choices.chance(2);
            let operands: Vec<Var> = [x].into_iter().chain(payload).collect();
            self.push(Sort { axis, descending }, &operands);
        } else {
            let op = *self.choices.pick(&[
                CumulativeOp::Sum,
                CumulativeOp::Max,
                CumulativeOp::Min,
                CumulativeOp::LogSumExp,
            ]);
            let reverse = self.choices.chance(2);
            self.push(Cumulative { op, axis, reverse }, &[x]);
        }
    }

    /// A product with a value that has some of the same axes.
    pub(super) fn product(&mut self, x: Var, ty: &Type) {
        let rank = ty.rank();
        let order = self.choices.permutation(rank);
        let contracted = self.choices.below(rank + 1).min(2);
        let batched = self.choices.below(rank - contracted + 1).min(2);
        let (contract, rest) = order.split_at(contracted);
        let batch = &rest[..batched];
        let shared: Vec<usize> = [contract, batch].concat();
        // The other operand: the shared axes and up to two more, in some order.
        let more = self.choices.below(3);
        let place = self.choices.permutation(shared.len() + more);
        let mut shape = vec![0; shared.len() + more];
        for (k, &p) in place.iter().enumerate() {
            shape[p] =
                if k < shared.len() { ty.shape[shared[k]] } else { 1 + self.choices.below(5) };
        }
        let other = ty.with_shape(shape);
        if other.len() > 40_000 {
            return;
        }
        let y = self.like(&other);
        let dot = DotGeneral {
            contract: [contract.to_vec(), place[..contracted].to_vec()],
            batch: [batch.to_vec(), place[contracted..shared.len()].to_vec()],
        };
        if let Some(z) = self.push(dot, &[x, y]) {
            let permutation = self.choices.permutation(self.ty(z).rank());
            if self.choices.chance(2) {
                self.push(Transpose { permutation }, &[z]);
            }
        }
    }
}
