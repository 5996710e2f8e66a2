//! Fusion: element-by-element operations that feed one another, and folds of rows between them,
//! become one loop.
//!
//! The plan of the loop is a list of instructions over registers; the engine runs it tile by
//! tile, so that what is between the operations never reaches memory. Repetitions
//! (`broadcast_in_dim`) of operands are read in place.
//!
//! ```text
//! groups (element by element) → join (with folds of rows, and with one another) → order
//!     → emit (with chains of arithmetic)
//! ```

mod chains;
mod emit;
mod groups;
mod join;
mod order;
mod source;

use crate::convolutions::Convolution;
use crate::products::Product;
use array::{DType, Type};
use ir::prim::ReduceWindow;
use ir::{Prim, Program, Var};
use smallvec::SmallVec;
use source::Sources;

pub use chains::{Link, function_of_chain, is_arithmetic};
pub use groups::is_elementwise;

/// How a loop reads an operand.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum View {
    /// Value by value.
    Whole,
    /// The same value throughout.
    Scalar,
    /// At `Σ_d i[d]·step[d]`, where the loop's shape (or that of its rows) is cut into axes of
    /// (size, step), outermost first; the step is 0 where the operand is repeated.
    Strided(Vec<(usize, usize)>),
}

/// How many values something in a loop has.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Extent {
    /// One for each element of the loop's shape.
    Element,
    /// One for each row.
    Row,
}

/// An operand of a loop.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reading {
    /// How it is read.
    pub view: View,
    /// For what.
    pub extent: Extent,
}

/// Where an instruction finds an operand, or puts its result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// In an operand of the loop.
    Input(u16),
    /// In a register: a tile that does not outlive its use.
    Register(u16),
    /// In a result of the loop.
    Result(u16),
}

/// One operation of a fused loop: element by element; a fold of rows (`Reduce`), from elements to
/// rows; a repetition along rows (`BroadcastInDim`), from rows to elements; or a chain of
/// arithmetic, with a function or without.
#[derive(Clone, Debug)]
pub struct Instruction {
    /// The operation; the first of a chain.
    pub prim: Prim,
    /// Its operands, then one for each link of arithmetic. In chains over elements (see
    /// [`Instruction::is_chain`]), an operand with one value for each row is repeated along the
    /// rows.
    pub inputs: SmallVec<[Place; 4]>,
    /// The operations that follow at once.
    pub then: SmallVec<[Link; 2]>,
    /// Its result; never an [`Place::Input`].
    pub output: Place,
    /// How many values the result has.
    pub extent: Extent,
}

/// A loop over all elements of a shape. What it folds it folds along rows, which follow one
/// another in memory; where it folds nothing, each element is a row.
#[derive(Clone, Debug)]
pub struct Fused {
    /// The shape, without axes of size 1.
    pub shape: Vec<usize>,
    /// Elements of a row.
    pub row: usize,
    /// How each operand is read.
    pub readings: Vec<Reading>,
    /// What is done, in order.
    pub code: Vec<Instruction>,
    /// The registers.
    pub registers: Vec<(DType, Extent)>,
    /// The results.
    pub results: Vec<(Type, Extent)>,
}

/// What becomes one step of the plan.
#[derive(Debug)]
pub(crate) enum Unit {
    /// An equation of the program, by number.
    Equation(usize),
    /// A fused loop with what it reads and what it makes.
    Loop { fused: Fused, inputs: Vec<Var>, outputs: Vec<Var> },
    /// A convolution, from an equation, with rearrangements around it.
    Convolution { equation: usize, convolution: Convolution, inputs: [Var; 2], output: Var },
    /// A product, from an equation, with its result transposed.
    Product { equation: usize, product: Product, inputs: [Var; 2], output: Var },
    /// Which elements equal the extremum of their window, and how many of each window do.
    Ties { equation: usize, window: ReduceWindow, inputs: [Var; 2], mask: Option<Var>, counts: Var },
}

impl Instruction {
    /// The names of its operations, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let first = std::iter::once(self.prim.rules().name());
        first.chain(self.then.iter().map(Link::name))
    }
}

impl Unit {
    /// What it reads.
    pub(crate) fn inputs(&self, program: &Program) -> SmallVec<[Var; 4]> {
        match self {
            Unit::Equation(i) => SmallVec::from_slice(&program.equations()[*i].inputs),
            Unit::Loop { inputs, .. } => SmallVec::from_slice(inputs),
            Unit::Convolution { inputs, .. }
            | Unit::Product { inputs, .. }
            | Unit::Ties { inputs, .. } => SmallVec::from_slice(inputs),
        }
    }

    /// What it makes.
    pub(crate) fn outputs(&self, program: &Program) -> SmallVec<[Var; 1]> {
        match self {
            Unit::Equation(i) => program.equations()[*i].results().collect(),
            Unit::Loop { outputs, .. } => SmallVec::from_slice(outputs),
            Unit::Convolution { output, .. } | Unit::Product { output, .. } => {
                SmallVec::from_slice(&[*output])
            }
            Unit::Ties { mask, counts, .. } => mask.iter().copied().chain([*counts]).collect(),
        }
    }
}

/// Most equations of one loop, so that its tiles stay in the first-level cache.
const MOST_EQUATIONS: usize = 48;

/// Cuts a program into units, in an order in which each comes after those it needs.
pub(crate) fn units(program: &Program) -> Vec<Unit> {
    let sources = Sources::new(program);
    let groups = join::joined(&sources, groups::elementwise(&sources));
    order::ordered(&sources, &groups)
}

#[cfg(test)]
mod tests {
    use super::source::merged;
    use super::*;
    use ir::Builder;
    use ir::prim::{Binary, BroadcastInDim, Reduce, ReduceOp, Reverse, Unary};

    fn builder(shape: &[usize]) -> Builder {
        Builder::new(vec![Type::new(DType::F32, shape)])
    }

    fn push(b: &mut Builder, prim: impl Into<Prim>, x: &[Var]) -> Var {
        b.push(prim.into(), x, None).unwrap()[0]
    }

    fn loops(units: &[Unit]) -> Vec<&Fused> {
        let found = units.iter().map(|u| match u {
            Unit::Loop { fused, .. } => Some(fused),
            Unit::Equation(_)
            | Unit::Convolution { .. }
            | Unit::Product { .. }
            | Unit::Ties { .. } => None,
        });
        found.flatten().collect()
    }

    #[test]
    fn axes_merge_where_one_walk_goes_through_both() {
        assert_eq!(merged(&[2, 3, 4], &[0, 4, 1]), [(2, 0), (12, 1)]);
        assert_eq!(merged(&[2, 3, 4], &[1, 0, 0]), [(2, 1), (12, 0)]);
        assert_eq!(merged(&[2, 1, 4], &[4, 0, 1]), [(8, 1)]);
    }

    /// exp(x − max)/Σ of the rows of a matrix.
    fn softmax(rows: usize, row: usize) -> Vec<Unit> {
        let mut b = builder(&[rows, row]);
        let max = push(&mut b, Reduce { op: ReduceOp::Max, axes: vec![1] }, &[Var(0)]);
        let along = || BroadcastInDim { shape: vec![rows, row], dims: vec![0] };
        let max = push(&mut b, along(), &[max]);
        let shifted = push(&mut b, Binary::Sub, &[Var(0), max]);
        let e = push(&mut b, Unary::Exp, &[shifted]);
        let sum = push(&mut b, Reduce { op: ReduceOp::Sum, axes: vec![1] }, &[e]);
        let sum = push(&mut b, along(), &[sum]);
        let y = push(&mut b, Binary::Div, &[e, sum]);
        units(&b.finish(vec![y]))
    }

    #[test]
    fn softmax_is_one_loop_over_its_rows() {
        let units = softmax(4, 5);
        let [Unit::Loop { fused, inputs, outputs }] = &units[..] else { panic!("{units:?}") };
        assert_eq!((&fused.shape[..], fused.row), (&[4, 5][..], 5));
        assert_eq!((inputs.len(), outputs.len()), (1, 1));
        let names: Vec<&str> = fused.code.iter().flat_map(Instruction::names).collect();
        // Values of rows are repeated by the arithmetic itself.
        assert_eq!(names, ["reduce_max", "sub", "exp", "reduce_sum", "div"]);
        let extents: Vec<Extent> = fused.code.iter().map(|i| i.extent).collect();
        // The exponential takes what it is shifted by with it.
        let wide = |extent: &Extent| *extent == Extent::Element;
        assert_eq!(extents.iter().map(wide).collect::<Vec<_>>(), [false, true, false, true]);
        // One tile of elements, and values of rows.
        assert_eq!(fused.registers.iter().filter(|r| wide(&r.1)).count(), 1);
    }

    #[test]
    fn rows_too_long_for_the_cache_are_folded_apart() {
        let units = softmax(4, 100_000);
        assert_eq!(units.len(), 4);
        let loops = loops(&units);
        assert_eq!(loops[0].code[0].names().collect::<Vec<_>>(), ["sub", "exp"]);
        assert_eq!(loops[0].readings[1].view, View::Strided(vec![(4, 1), (100_000, 0)]));
        assert_eq!(loops[1].code.len(), 1);
    }

    #[test]
    fn loops_that_start_early_wait_for_those_they_feed() {
        // x·c could be computed before the reversal; it is computed beside its only reader.
        let mut b = builder(&[4]);
        let early = push(&mut b, Binary::Mul, &[Var(0), Var(0)]);
        let r = push(&mut b, Reverse { axes: vec![0] }, &[Var(0)]);
        let s = push(&mut b, Unary::Sin, &[r]);
        let y = push(&mut b, Binary::Add, &[early, s]);
        let units = units(&b.finish(vec![y]));
        let names: Vec<&str> = loops(&units)[0].code.iter().flat_map(Instruction::names).collect();
        assert_eq!(names, ["sin", "mul", "add"]);
    }

    #[test]
    fn values_of_rows_are_repeated_along_rows_only() {
        // Sums of the rows of a square matrix, put beside its columns: not the same loop.
        let mut b = builder(&[4, 4]);
        let e = push(&mut b, Unary::Exp, &[Var(0)]);
        let sum = push(&mut b, Reduce { op: ReduceOp::Sum, axes: vec![1] }, &[e]);
        let down = push(&mut b, BroadcastInDim { shape: vec![4, 4], dims: vec![1] }, &[sum]);
        let y = push(&mut b, Binary::Div, &[e, down]);
        let units = units(&b.finish(vec![y]));
        assert_eq!(loops(&units).iter().map(|l| l.code.len()).collect::<Vec<_>>(), [2, 1]);
    }

    #[test]
    fn a_loop_is_not_closed_around_what_depends_on_it() {
        // The product lies on a way from the exponential to the quotient.
        let mut b = builder(&[4, 5]);
        let e = push(&mut b, Unary::Exp, &[Var(0)]);
        let sum = push(&mut b, Reduce { op: ReduceOp::Sum, axes: vec![1] }, &[e]);
        let total = push(&mut b, Reverse { axes: vec![0] }, &[sum]);
        let total = push(&mut b, BroadcastInDim { shape: vec![4, 5], dims: vec![0] }, &[total]);
        let s = push(&mut b, Unary::Sin, &[e]);
        let y = push(&mut b, Binary::Div, &[s, total]);
        let units = units(&b.finish(vec![y]));
        let loops = loops(&units);
        // exp, the sum and sin; then the quotient.
        assert_eq!(loops.iter().map(|l| l.code.len()).collect::<Vec<_>>(), [3, 1]);
        assert_eq!(loops[0].results.len(), 2);
    }

    #[test]
    fn arithmetic_that_nobody_else_reads_is_one_instruction() {
        // ((x·y + x) − y)·x, each result read once; the sum's order is kept.
        let mut b = builder(&[4]);
        let y = push(&mut b, Unary::Sin, &[Var(0)]);
        let p = push(&mut b, Binary::Mul, &[Var(0), y]);
        let s = push(&mut b, Binary::Add, &[p, Var(0)]);
        let d = push(&mut b, Binary::Sub, &[y, s]);
        let q = push(&mut b, Binary::Mul, &[d, Var(0)]);
        let units = units(&b.finish(vec![q]));
        let code = &loops(&units)[0].code;
        let names: Vec<Vec<&str>> = code.iter().map(|i| i.names().collect()).collect();
        assert_eq!(names, [&["sin"][..], &["mul", "add", "sub"], &["mul"]]);
        assert_eq!(code[1].then[1], Link::Arithmetic { f: Binary::Sub, flipped: true });
        assert_eq!(code[1].inputs.len(), 4);
    }

    #[test]
    fn arithmetic_around_a_function_is_one_instruction() {
        // tanh(x·y − x)·x, then a sum, which does not belong to it; 1 − exp(x·x) neither.
        let mut b = builder(&[4]);
        let y = push(&mut b, Unary::Sin, &[Var(0)]);
        let p = push(&mut b, Binary::Mul, &[Var(0), y]);
        let d = push(&mut b, Binary::Sub, &[p, Var(0)]);
        let t = push(&mut b, Unary::Tanh, &[d]);
        let q = push(&mut b, Binary::Mul, &[y, t]);
        let s = push(&mut b, Binary::Add, &[q, y]);
        let z = push(&mut b, Binary::Mul, &[s, s]);
        let e = push(&mut b, Unary::Exp, &[z]);
        let f = push(&mut b, Binary::Sub, &[s, e]);
        let units = units(&b.finish(vec![f]));
        let code = &loops(&units)[0].code;
        let names: Vec<Vec<&str>> = code.iter().map(|i| i.names().collect()).collect();
        assert_eq!(
            names,
            [&["sin"][..], &["mul", "sub", "tanh", "mul"], &["add"], &["mul", "exp"], &["sub"]]
        );
        let (f, before, after) = code[1].around_function(DType::F64).unwrap();
        assert_eq!((f, before.len(), after.len(), code[1].inputs.len()), (Unary::Tanh, 1, 1, 4));
        assert!(code[4].around_function(DType::F64).is_none());
    }

    #[test]
    fn long_chains_are_cut() {
        let mut b = builder(&[3]);
        let mut x = Var(0);
        for _ in 0..200 {
            x = push(&mut b, Unary::Sin, &[x]);
        }
        let units = units(&b.finish(vec![x]));
        assert_eq!(loops(&units).iter().map(|l| l.code.len()).sum::<usize>(), 200);
        assert!(loops(&units).iter().all(|l| l.code.len() <= MOST_EQUATIONS));
        // A tile is read while the next is written: two registers do.
        assert!(loops(&units).iter().all(|l| l.registers.len() == 2));
    }
}
