//! One operation after another, on what is there.

use super::Choices;
use crate::prim::{
    ArgReduce, Binary, BroadcastInDim, Clamp, Compare, Constant, Convert, Gather, IntegerPow, Iota,
    IsFinite, Polygamma, Prim, Reduce, ReduceOp, Reshape, ScatterAdd, Select, Transpose, Unary,
};
use crate::program::{Builder, Program, Var};
use array::{Array, DType, Type};

/// Most elements of a value.
const LARGEST: usize = 40_000;

/// Most floating-point operations of an equation.
const MOST_WORK: u64 = 3_000_000;

pub(super) struct Generator<'c, 'b> {
    pub(super) choices: &'c mut Choices<'b>,
    /// The float type that most values have.
    pub(super) float: DType,
    builder: Builder,
    pub(super) pool: Vec<Var>,
    /// How many programs this one lies in.
    pub(super) depth: usize,
}

impl<'c, 'b> Generator<'c, 'b> {
    pub(super) fn new(
        choices: &'c mut Choices<'b>,
        float: DType,
        inputs: Vec<Type>,
        depth: usize,
    ) -> Self {
        let pool = (0..inputs.len() as u32).map(Var).collect();
        Generator { choices, float, builder: Builder::new(inputs), pool, depth }
    }

    pub(super) fn ty(&self, v: Var) -> Type {
        self.builder.ty(v).clone()
    }

    /// Adds the operation if it fits and its result is not too large.
    pub(super) fn push(&mut self, prim: impl Into<Prim>, x: &[Var]) -> Option<Var> {
        let prim = prim.into();
        let types: Vec<Type> = x.iter().map(|&v| self.ty(v)).collect();
        let results = prim.rules().typ(&types.iter().collect::<Vec<_>>()).ok()?;
        if results.iter().any(|t| t.len() > LARGEST) {
            return None;
        }
        if prim.rules().flops(&types, &results) > MOST_WORK {
            return None;
        }
        let results = self.builder.push(prim, x, None).ok()?;
        self.pool.extend(&results);
        results.first().copied()
    }

    /// A value; recent ones rather than old ones: programs get deep.
    pub(super) fn any(&mut self) -> Option<Var> {
        let n = self.pool.len();
        if n == 0 {
            return None;
        }
        let back = self.choices.below(n).min(self.choices.below(n));
        Some(self.pool[n - 1 - back])
    }

    /// A value of this type that is there.
    pub(super) fn existing(&mut self, ty: &Type) -> Option<Var> {
        let fits = |v: &Var| self.builder.ty(*v) == ty;
        let found: Vec<Var> = self.pool.iter().copied().filter(fits).collect();
        let n = found.len();
        (n > 0).then(|| found[n - 1 - self.choices.below(n)])
    }

    /// A value of this type, made if there is none.
    pub(super) fn like(&mut self, ty: &Type) -> Var {
        if !self.choices.chance(5)
            && let Some(v) = self.existing(ty)
        {
            return v;
        }
        let mut value = *self.choices.pick(&[0.0, -0.0, 1.0, 2.0, -1.5]);
        if ty.dtype == DType::Bool {
            value = 1.0;
        }
        let constant = Constant(Array::full(ty.dtype, &[], value));
        let scalar = self.push(constant, &[]).expect("a constant fits");
        if ty.rank() == 0 {
            return scalar;
        }
        let repeat = BroadcastInDim { shape: ty.shape.clone(), dims: vec![] };
        let repeated = self.builder.push(repeat.into(), &[scalar], None);
        repeated.expect("a scalar can be repeated")[0]
    }

    /// Adds about `size` operations.
    pub(super) fn steps(&mut self, size: usize) {
        for _ in 0..size {
            if self.choices.exhausted() {
                return;
            }
            self.step();
        }
    }

    fn step(&mut self) {
        let Some(x) = self.any() else { return };
        let ty = self.ty(x);
        let rank = ty.rank();
        match self.choices.below(32) {
            0..=3 => {
                let f = *self.choices.pick(Unary::ALL);
                self.push(f, &[x]);
            }
            4..=8 => {
                let f = *self.choices.pick(Binary::ALL);
                let y = self.like(&ty);
                let pair = if self.choices.chance(2) { [y, x] } else { [x, y] };
                self.push(f, &pair);
            }
            9 => {
                let c = *self.choices.pick(&Compare::ALL);
                let y = self.like(&ty);
                self.push(c, &[x, y]);
            }
            10 => {
                let condition = self.like(&ty.with_dtype(DType::Bool));
                let y = self.like(&ty);
                self.push(Select {}, &[condition, x, y]);
            }
            11 => {
                let (low, high) = (self.like(&ty), self.like(&ty));
                self.push(Clamp {}, &[low, x, high]);
            }
            12 => {
                let float = !self.choices.chance(2);
                let dtype = if float { self.float } else { *self.choices.pick(&DType::ALL) };
                self.push(Convert { dtype }, &[x]);
                if self.choices.chance(4) {
                    self.push(IsFinite {}, &[x]);
                }
            }
            13 => {
                let n = self.choices.below(6) as i32 - 2;
                self.push(IntegerPow { n }, &[x]);
                if self.choices.chance(8) {
                    self.push(Polygamma { n: 1 }, &[x]);
                }
            }
            14..=16 => self.reduce(x, &ty),
            17 => {
                let at = self.choices.below(rank + 1);
                let mut shape = ty.shape;
                shape.insert(at, 1 + self.choices.below(4));
                let dims = (0..=rank).filter(|&d| d != at).collect();
                self.push(BroadcastInDim { shape, dims }, &[x]);
            }
            18 => {
                let n = ty.len();
                let k = (1..=4).filter(|k| n.is_multiple_of(*k)).max().unwrap_or(1);
                let shape = if self.choices.chance(2) { vec![n / k, k] } else { vec![n] };
                self.push(Reshape { shape }, &[x]);
            }
            19 => {
                let permutation = self.choices.permutation(rank);
                self.push(Transpose { permutation }, &[x]);
            }
            20 => self.layout(x, &ty),
            21..=23 => self.product(x, &ty),
            24 | 25 => self.indexing(x, &ty),
            26 => self.along_axis(x, &ty),
            27 | 28 => self.scan(x, &ty),
            29 => self.branches(),
            30 => self.called(),
            _ => {
                let dtype = *self.choices.pick(&[self.float, DType::I64]);
                if rank > 0 {
                    let axis = self.choices.below(rank);
                    self.push(Iota { dtype, shape: ty.shape, axis }, &[]);
                }
            }
        }
    }

    /// A fold, and its result repeated, as in softmax: both may become part of one loop.
    fn reduce(&mut self, x: Var, ty: &Type) {
        let axes = self.choices.subset(ty.rank());
        if self.choices.chance(6) {
            if ty.rank() > 0 {
                let (max, axis) = (self.choices.chance(2), self.choices.below(ty.rank()));
                self.push(ArgReduce { max, axis }, &[x]);
            }
            return;
        }
        let op = *self.choices.pick(&[
            ReduceOp::Sum,
            ReduceOp::Sum,
            ReduceOp::Prod,
            ReduceOp::Max,
            ReduceOp::Min,
            ReduceOp::Any,
            ReduceOp::All,
        ]);
        // Long products overflow in one order and not in another.
        let count: usize = axes.iter().map(|&a| ty.shape[a]).product();
        let op = if op == ReduceOp::Prod && count > 30 { ReduceOp::Sum } else { op };
        if let Some(y) = self.push(Reduce { op, axes: axes.clone() }, &[x]) {
            let dims = array::shape::kept(ty.rank(), &axes);
            self.push(BroadcastInDim { shape: ty.shape.clone(), dims }, &[y]);
        }
    }

    /// Elements read or added at computed places, many of them outside.
    fn indexing(&mut self, x: Var, ty: &Type) {
        let rank = ty.rank();
        if rank == 0 {
            return;
        }
        let axis = self.choices.below(rank);
        let batch = self.choices.below(axis + 1);
        let dtype = *self.choices.pick(&[DType::I64, DType::I32, DType::U32]);
        let scatter = self.choices.chance(2);
        let mut shape = ty.shape[..batch].to_vec();
        if scatter {
            shape.push(ty.shape[axis]);
        } else {
            shape.extend((0..self.choices.below(3)).map(|_| 1 + self.choices.below(5)));
        }
        let indices = match self.existing(&Type::new(dtype, shape.clone())) {
            Some(v) => Some(v),
            None if shape.is_empty() => Some(self.like(&Type::new(dtype, shape))),
            None => {
                let axis = shape.len() - 1;
                let counted = self.push(Iota { dtype, shape: shape.clone(), axis }, &[]);
                let other = self.like(&Type::new(dtype, shape));
                let f = *self.choices.pick(&[Binary::Sub, Binary::Add, Binary::Mul]);
                counted.and_then(|v| self.push(f, &[v, other]))
            }
        };
        let Some(indices) = indices else { return };
        if scatter {
            let size = self.choices.below(9);
            self.push(ScatterAdd { axis, batch, size }, &[x, indices]);
        } else if ty.shape[axis] > 0 {
            self.push(Gather { axis, batch }, &[x, indices]);
        }
    }

    /// The program; its outputs end with what nothing reads, so that hardly anything is dead.
    pub(super) fn finish(mut self) -> Program {
        let mut read = vec![false; self.builder.variables()];
        for eq in self.builder.equations() {
            eq.inputs.iter().for_each(|v| read[v.index()] = true);
        }
        let unread = |v: &Var| !read[v.index()];
        let mut outputs: Vec<Var> = self.pool.iter().copied().filter(unread).collect();
        if outputs.len() > 1 {
            outputs.remove(self.choices.below(outputs.len()));
        }
        for _ in 0..self.choices.below(4) {
            outputs.extend(self.any());
        }
        self.builder.finish(outputs)
    }

    /// The program with these outputs.
    pub(super) fn finish_with(self, outputs: Vec<Var>) -> Program {
        self.builder.finish(outputs)
    }
}
