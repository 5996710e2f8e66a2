//! Random programs over all primitives, with inputs, for tests of this crate and of the engine.

use array::{Array, DType, Type};
use ir::check::fill;
use ir::prim::{
    ArgReduce, Binary, BroadcastInDim, Clamp, Compare, Concatenate, Constant, Convert, DotGeneral,
    Example, IntegerPow, Iota, IsFinite, Pad, Padding, Polygamma, Reduce, ReduceOp, Reshape,
    Reverse, Select, Slice, Transpose, Unary, all_examples,
};
use ir::{Builder, Prim, Program, Var};

/// A pseudo-random sequence (SplitMix64; Steele, Lea, Flood 2014).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0xD134_2543_DE82_EF95) ^ 0x632B_E59B_D9B4_E019)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `n`, which must not be 0.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    pub(crate) fn chance(&mut self, one_in: usize) -> bool {
        self.below(one_in) == 0
    }

    fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn permutation(&mut self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        for i in (1..n).rev() {
            order.swap(i, self.below(i + 1));
        }
        order
    }

    fn subset(&mut self, n: usize) -> Vec<usize> {
        (0..n).filter(|_| self.chance(2)).collect()
    }
}

/// A program with inputs to run it on.
pub(crate) struct Sample {
    pub(crate) program: Program,
    pub(crate) inputs: Vec<Array>,
}

/// Most elements of a value.
const LARGEST: usize = 40_000;

struct Generator {
    random: Random,
    /// The float type that most values have.
    float: DType,
    inputs: Vec<Array>,
    builder: Builder,
    pool: Vec<Var>,
}

/// A program of about `size` operations. Inputs hold zeros of both signs, infinities and NaN.
pub(crate) fn random_program(seed: u64, size: usize) -> Sample {
    let mut random = Random::new(seed);
    let float = *random.pick(&[DType::F32, DType::F64]);
    // The operations with rules too intricate to be drawn at random come from their examples.
    let mut examples = vec![];
    for _ in 0..random.below(3) {
        examples.push(random.pick(&catalogue()).clone());
    }
    let large = random.chance(6);
    let mut types: Vec<Type> = vec![];
    for _ in 0..1 + random.below(4) {
        let rank = random.below(4);
        let mut shape: Vec<usize> = (0..rank).map(|_| *random.pick(&[1, 2, 3, 4, 5, 7])).collect();
        if large && random.chance(2) {
            shape = vec![1 + random.below(150), 1 + random.below(260)];
        } else if random.chance(15) && rank > 0 {
            shape[random.below(rank)] = 0;
        }
        let dtype = match random.below(10) {
            0 => DType::I32,
            1 => DType::I64,
            2 => DType::U32,
            3 => DType::Bool,
            _ => float,
        };
        types.push(Type::new(dtype, shape));
    }
    let mut inputs: Vec<Array> = types.iter().map(|t| special_values(&mut random, t)).collect();
    let mut placed = vec![];
    for (i, example) in examples.into_iter().enumerate() {
        let first = inputs.len();
        for (k, (ty, how)) in example.inputs.iter().enumerate() {
            inputs.push(fill(ty, how, seed ^ (17 * i + k) as u64));
        }
        placed
            .push((example.prim, (first..inputs.len()).map(|v| Var(v as u32)).collect::<Vec<_>>()));
    }
    let builder = Builder::new(inputs.iter().map(Array::ty).collect());
    let pool = (0..inputs.len() as u32).map(Var).collect();
    let mut generator = Generator { random, float, inputs, builder, pool };
    for (prim, operands) in placed {
        generator.push(prim, &operands);
    }
    for _ in 0..size {
        generator.step();
    }
    generator.finish()
}

/// Examples of every operation that has a value on its own.
fn catalogue() -> Vec<Example> {
    all_examples()
        .into_iter()
        .filter(|e| !matches!(e.prim, Prim::Constant(_) | Prim::AxisSum(_)))
        .collect()
}

fn special_values(random: &mut Random, ty: &Type) -> Array {
    let special = random.chance(3);
    let values: Vec<f64> = (0..ty.len())
        .map(|_| match (special, random.below(8)) {
            (true, 0) => f64::NAN,
            (true, 1) => f64::INFINITY,
            (true, 2) => f64::NEG_INFINITY,
            (true, 3) => -0.0,
            (true, 4) => 0.0,
            _ => (random.unit() - 0.5) * 6.0,
        })
        .collect();
    Array::from_f64(ty.dtype, &values, &ty.shape)
}

impl Generator {
    fn ty(&self, v: Var) -> Type {
        self.builder.ty(v).clone()
    }

    /// Adds the operation if it fits and its result is not too large.
    fn push(&mut self, prim: impl Into<Prim>, x: &[Var]) -> Option<Var> {
        let prim = prim.into();
        let types: Vec<Type> = x.iter().map(|&v| self.ty(v)).collect();
        let results = prim.rules().typ(&types.iter().collect::<Vec<_>>()).ok()?;
        if results.iter().any(|t| t.len() > LARGEST) {
            return None;
        }
        let work = prim.rules().flops(&types, &results);
        if work > 3_000_000 {
            return None;
        }
        let results = self.builder.push(prim, x, None).ok()?;
        self.pool.extend(&results);
        results.first().copied()
    }

    fn any(&mut self) -> Var {
        // Recent values rather than old ones: programs get deep.
        let n = self.pool.len();
        let back = self.random.below(n).min(self.random.below(n));
        self.pool[n - 1 - back]
    }

    /// A value of this type, made if there is none.
    fn like(&mut self, ty: &Type) -> Var {
        let found: Vec<Var> =
            self.pool.iter().copied().filter(|&v| self.builder.ty(v) == ty).collect();
        if !found.is_empty() && !self.random.chance(5) {
            return *self.random.pick(&found);
        }
        let mut value = *self.random.pick(&[0.0, -0.0, 1.0, 2.0, -1.5]);
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

    fn step(&mut self) {
        let x = self.any();
        let ty = self.ty(x);
        let (rank, shape) = (ty.rank(), ty.shape.clone());
        match self.random.below(24) {
            0..=3 => {
                let f = *self.random.pick(Unary::ALL);
                self.push(f, &[x]);
            }
            4..=8 => {
                let f = *self.random.pick(Binary::ALL);
                let y = self.like(&ty);
                let pair = if self.random.chance(2) { [x, y] } else { [y, x] };
                self.push(f, &pair);
            }
            9 => {
                let c = *self.random.pick(&Compare::ALL);
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
                let dtype =
                    if self.random.chance(2) { self.float } else { *self.random.pick(&DType::ALL) };
                self.push(Convert { dtype }, &[x]);
                if self.random.chance(4) {
                    self.push(IsFinite {}, &[x]);
                }
            }
            13 => {
                let n = self.random.below(6) as i32 - 2;
                self.push(IntegerPow { n }, &[x]);
                if self.random.chance(8) {
                    self.push(Polygamma { n: 1 }, &[x]);
                }
            }
            14 | 15 => {
                let op = *self.random.pick(&[
                    ReduceOp::Sum,
                    ReduceOp::Sum,
                    ReduceOp::Prod,
                    ReduceOp::Max,
                    ReduceOp::Min,
                    ReduceOp::Any,
                    ReduceOp::All,
                ]);
                let axes = self.random.subset(rank);
                // Long products overflow in one order and not in another.
                let count: usize = axes.iter().map(|&a| shape[a]).product();
                let op = if op == ReduceOp::Prod && count > 30 { ReduceOp::Sum } else { op };
                if let Some(y) = self.push(Reduce { op, axes: axes.clone() }, &[x]) {
                    let dims = array::shape::kept(rank, &axes);
                    self.push(BroadcastInDim { shape, dims }, &[y]);
                }
            }
            16 => {
                if rank > 0 {
                    let (max, axis) = (self.random.chance(2), self.random.below(rank));
                    self.push(ArgReduce { max, axis }, &[x]);
                }
            }
            17 => {
                let mut shape = shape;
                let mut dims: Vec<usize> = (0..rank).collect();
                let at = self.random.below(rank + 1);
                shape.insert(at, 1 + self.random.below(4));
                dims.iter_mut().filter(|d| **d >= at).for_each(|d| *d += 1);
                self.push(BroadcastInDim { shape, dims }, &[x]);
            }
            18 => {
                let n = ty.len();
                let k = (1..=4).filter(|k| n.is_multiple_of(*k)).max().unwrap_or(1);
                let shape = if self.random.chance(2) { vec![n / k, k] } else { vec![n] };
                self.push(Reshape { shape }, &[x]);
            }
            19 => {
                let permutation = self.random.permutation(rank);
                self.push(Transpose { permutation }, &[x]);
            }
            20 => self.layout(x, &ty),
            21 | 22 => self.product(x, &ty),
            _ => {
                let dtype = *self.random.pick(&[self.float, DType::I64]);
                if rank > 0 {
                    let axis = self.random.below(rank);
                    self.push(Iota { dtype, shape, axis }, &[]);
                }
            }
        }
    }

    fn layout(&mut self, x: Var, ty: &Type) {
        let rank = ty.rank();
        match self.random.below(4) {
            0 => {
                let start: Vec<usize> =
                    ty.shape.iter().map(|&n| self.random.below(n / 2 + 1)).collect();
                let limit = (0..rank)
                    .map(|d| ty.shape[d] - self.random.below((ty.shape[d] - start[d]) / 2 + 1))
                    .collect();
                let strides = (0..rank).map(|_| 1 + self.random.below(3)).collect();
                self.push(Slice { start, limit, strides }, &[x]);
            }
            1 => {
                let padding = (0..rank)
                    .map(|_| Padding {
                        low: self.random.below(5) as i64 - 2,
                        high: self.random.below(5) as i64 - 2,
                        interior: self.random.below(3) / 2,
                    })
                    .collect();
                let filler = self.like(&ty.with_shape([]));
                self.push(Pad { padding }, &[x, filler]);
            }
            2 => {
                let axes = self.random.subset(rank);
                self.push(Reverse { axes }, &[x]);
            }
            _ => {
                if rank > 0 {
                    let y = self.like(ty);
                    let axis = self.random.below(rank);
                    self.push(Concatenate { axis }, &[x, y, x]);
                }
            }
        }
    }

    /// A product with a value that has some of the same axes.
    fn product(&mut self, x: Var, ty: &Type) {
        let rank = ty.rank();
        let order = self.random.permutation(rank);
        let contracted = self.random.below(rank + 1).min(2);
        let batched = self.random.below(rank - contracted + 1).min(1);
        let (contract, rest) = order.split_at(contracted);
        let batch = &rest[..batched];
        let shared: Vec<usize> = [contract, batch].concat();
        // The other operand: the shared axes and one more, in some order.
        let place = self.random.permutation(shared.len() + 1);
        let mut shape = vec![0; shared.len() + 1];
        for (k, &p) in place.iter().enumerate() {
            shape[p] =
                if k < shared.len() { ty.shape[shared[k]] } else { 1 + self.random.below(5) };
        }
        let other = ty.with_shape(shape);
        if other.len() > LARGEST {
            return;
        }
        let y = self.like(&other);
        let dot = DotGeneral {
            contract: [contract.to_vec(), place[..contracted].to_vec()],
            batch: [batch.to_vec(), place[contracted..shared.len()].to_vec()],
        };
        if let Some(z) = self.push(dot, &[x, y]) {
            let permutation = self.random.permutation(self.ty(z).rank());
            if self.random.chance(2) {
                self.push(Transpose { permutation }, &[z]);
            }
        }
    }

    /// What nothing reads is returned, so that hardly anything is dead.
    fn finish(mut self) -> Sample {
        let mut read = vec![false; self.builder.variables()];
        for eq in self.builder.equations() {
            eq.inputs.iter().for_each(|v| read[v.index()] = true);
        }
        let unread = |v: &Var| !read[v.index()];
        let mut outputs: Vec<Var> = self.pool.iter().copied().filter(unread).collect();
        if outputs.len() > 1 {
            outputs.remove(self.random.below(outputs.len()));
        }
        for _ in 0..self.random.below(4) {
            outputs.push(self.any());
        }
        Sample { program: self.builder.finish(outputs), inputs: self.inputs }
    }
}

/// Whether two arrays have the same type and the same bits, any NaN being like any other.
pub(crate) fn same_bits(a: &Array, b: &Array) -> bool {
    fn bits(a: &Array) -> Vec<u64> {
        fn of<T: array::Element>(a: &Array) -> Vec<u64> {
            let one = |x: &T| if x.to_f64().is_nan() { 1 << 63 | 1 } else { x.to_bits64() };
            a.as_slice::<T>().iter().map(one).collect()
        }
        array::with_dtype!(a.dtype(), T => of::<T>(a))
    }
    a.ty() == b.ty() && bits(a) == bits(b)
}
