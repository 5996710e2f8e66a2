//! Operations with programs inside, whose bodies are random too.

use super::generator::Generator;
use crate::prim::{
    Binary, Call, CallKind, Compare, Cond, Constant, Gather, Prim, Scan, Unary, While,
};
use crate::program::{Builder, Program, Var};
use array::{Array, DType, Type};
use std::sync::Arc;

/// How deep bodies nest.
const DEEPEST: usize = 2;

impl Generator<'_, '_> {
    /// A body with these inputs that gives back values of the types `carry` and then `free` others.
    fn body(&mut self, inputs: Vec<Type>, carry: &[Type], free: usize, first: &[Prim]) -> Program {
        let size = 1 + self.choices.below(7);
        let mut inner = Generator::new(self.choices, self.float, inputs, self.depth + 1);
        for prim in first {
            // What loops are made for: products with what comes in.
            let (Some(x), Some(y)) = (inner.any(), inner.any()) else { break };
            inner.push(prim.clone(), &[x, y]);
        }
        inner.steps(size);
        let mut outputs: Vec<Var> = vec![];
        for ty in carry {
            // Tamed, because loops amplify: sums of one another, or bounded.
            let y = inner.like(ty);
            let y = match inner.choices.below(3) {
                0 if ty.dtype.is_float() => inner.push(Unary::Tanh, &[y]),
                1 if ty.dtype != DType::Bool => {
                    let z = inner.like(ty);
                    inner.push(Binary::Add, &[y, z])
                }
                _ => None,
            }
            .unwrap_or(y);
            outputs.push(y);
        }
        for _ in 0..free {
            outputs.extend(inner.any());
        }
        inner.finish_with(outputs)
    }

    fn some(&mut self, most: usize) -> Vec<Var> {
        let n = self.choices.below(most + 1);
        let some: Vec<Var> = (0..n).filter_map(|_| self.any()).collect();
        some.into_iter().filter(|&v| self.ty(v).len() <= 2000).collect()
    }

    fn types(&self, of: &[Var]) -> Vec<Type> {
        of.iter().map(|&v| self.ty(v)).collect()
    }

    /// A loop over the leading axis of `x`.
    pub(super) fn scan(&mut self, x: Var, ty: &Type) {
        if self.depth >= DEEPEST || ty.rank() == 0 || ty.shape[0] > 17 || ty.len() > 2000 {
            return;
        }
        let length = ty.shape[0];
        let (consts, carry) = (self.some(2), self.some(2));
        let mut xs = vec![x];
        if let Some(v) = self.any()
            && self.ty(v).shape.first() == Some(&length)
            && self.ty(v).len() <= 2000
        {
            xs.push(v);
        }
        let operands: Vec<Var> = [&consts[..], &carry, &xs].concat();
        let mut inputs = self.types(&operands);
        for ty in &mut inputs[consts.len() + carry.len()..] {
            ty.shape.remove(0);
        }
        let carried = self.types(&carry);
        let (free, reverse) = (self.choices.below(3), self.choices.chance(2));
        let body = Arc::new(self.body(inputs, &carried, free, &[Binary::Mul.into()]));
        let scan = Scan { length, reverse, consts: consts.len(), carry: carry.len(), body };
        self.push(scan, &operands);
    }

    /// One of two programs, or a loop that counts to a number.
    pub(super) fn branches(&mut self) {
        if self.depth >= DEEPEST {
            return;
        }
        let operands = self.some(3);
        let types = self.types(&operands);
        if self.choices.chance(3) {
            self.counting(operands, types);
            return;
        }
        let results: Vec<Type> = types.iter().filter(|_| self.choices.chance(2)).cloned().collect();
        let count = 1 + self.choices.below(3);
        let branches: Vec<Arc<Program>> =
            (0..count).map(|_| Arc::new(self.body(types.clone(), &results, 0, &[]))).collect();
        // The index comes from a constant table: where to is known to nobody but the run.
        let table = Constant(Array::from_vec(vec![2, -1, 0, 1_i64], &[4]));
        let at = Constant(Array::scalar(self.choices.below(4) as i64));
        let (Some(table), Some(at)) = (self.push(table, &[]), self.push(at, &[])) else { return };
        let Some(index) = self.push(Gather { axis: 0, batch: 0 }, &[table, at]) else { return };
        let operands: Vec<Var> = [&[index], &operands[..]].concat();
        self.push(Cond::new(branches), &operands);
    }

    /// A loop that counts to a number; nothing where the bodies do not fit.
    fn counting(&mut self, carry: Vec<Var>, types: Vec<Type>) -> Option<Var> {
        let scalar = Type::new(DType::I64, []);
        let inputs = [&[scalar], &types[..]].concat();
        let mut condition = Builder::new(inputs.clone());
        let bound = Constant(Array::scalar(self.choices.below(5) as i64));
        let bound = condition.push(bound.into(), &[], None).ok()?;
        let more = condition.push(Compare::Lt.into(), &[Var(0), bound[0]], None).ok()?;
        let condition = Arc::new(condition.finish(more));
        let inner = self.body(inputs.clone(), &types, 0, &[]);
        // The counter goes first, and up.
        let mut body = Builder::new(inputs);
        let one = body.push(Constant(Array::scalar(1_i64)).into(), &[], None).ok()?;
        let next = body.push(Binary::Add.into(), &[Var(0), one[0]], None).ok()?;
        let call = Call { kind: CallKind::Checkpoint, program: Arc::new(inner) };
        let all: Vec<Var> = (0..=types.len() as u32).map(Var).collect();
        let rest = body.push(call.into(), &all, None).ok()?;
        let body = Arc::new(body.finish([next, rest].concat()));
        let zero = self.push(Constant(Array::scalar(0_i64)), &[])?;
        let operands: Vec<Var> = [&[zero], &carry[..]].concat();
        self.push(While { condition_consts: 0, body_consts: 0, condition, body }, &operands)
    }

    /// A program behind a barrier.
    pub(super) fn called(&mut self) {
        if self.depth >= DEEPEST {
            return;
        }
        let operands = self.some(3);
        let types = self.types(&operands);
        let free = 1 + self.choices.below(2);
        let program = Arc::new(self.body(types, &[], free, &[]));
        self.push(Call { kind: CallKind::Checkpoint, program }, &operands);
    }
}
