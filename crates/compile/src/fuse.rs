//! Fusion: element-by-element operations that feed one another become one loop.
//!
//! The plan of the loop is a list of instructions over registers; the engine runs it tile by
//! tile, so that what is between the operations never reaches memory. Repetitions
//! (`broadcast_in_dim`) of operands are read in place.

use crate::convolutions::Convolution;
use array::DType;
use array::shape::strides;
use ir::prim::ReduceWindow;
use ir::{Prim, Program, Var};
use smallvec::SmallVec;
use std::collections::{BTreeSet, HashMap};

/// How a loop reads an operand.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum View {
    /// Element by element.
    Whole,
    /// The same element throughout.
    Scalar,
    /// At `Σ_d i[d]·step[d]`, where the loop's shape is cut into axes of (size, step), outermost
    /// first; the step is 0 where the operand is repeated.
    Strided(Vec<(usize, usize)>),
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

/// One element-by-element operation of a fused loop.
#[derive(Clone, Debug)]
pub struct Instruction {
    /// The operation.
    pub prim: Prim,
    /// Its operands.
    pub inputs: SmallVec<[Place; 3]>,
    /// Its result; never an [`Place::Input`].
    pub output: Place,
}

/// A loop over all elements of a shape.
#[derive(Clone, Debug)]
pub struct Fused {
    /// The shape.
    pub shape: Vec<usize>,
    /// How each operand is read.
    pub views: Vec<View>,
    /// What is done, in order.
    pub code: Vec<Instruction>,
    /// Dtypes of the registers.
    pub registers: Vec<DType>,
    /// Dtypes of the results.
    pub results: Vec<DType>,
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
    /// Which elements equal the extremum of their window, and how many of each window do.
    Ties { equation: usize, window: ReduceWindow, inputs: [Var; 2], mask: Option<Var>, counts: Var },
}

impl Unit {
    /// What it reads.
    pub(crate) fn inputs(&self, program: &Program) -> SmallVec<[Var; 4]> {
        match self {
            Unit::Equation(i) => SmallVec::from_slice(&program.equations()[*i].inputs),
            Unit::Loop { inputs, .. } => SmallVec::from_slice(inputs),
            Unit::Convolution { inputs, .. } | Unit::Ties { inputs, .. } => {
                SmallVec::from_slice(inputs)
            }
        }
    }

    /// What it makes.
    pub(crate) fn outputs(&self, program: &Program) -> SmallVec<[Var; 1]> {
        match self {
            Unit::Equation(i) => program.equations()[*i].results().collect(),
            Unit::Loop { outputs, .. } => SmallVec::from_slice(outputs),
            Unit::Convolution { output, .. } => SmallVec::from_slice(&[*output]),
            Unit::Ties { mask, counts, .. } => mask.iter().copied().chain([*counts]).collect(),
        }
    }
}

/// Most equations of one loop, so that its tiles stay in the first-level cache.
const MOST_EQUATIONS: usize = 48;

/// Whether the operation acts element by element.
fn is_elementwise(prim: &Prim) -> bool {
    match prim {
        Prim::Unary(_)
        | Prim::Binary(_)
        | Prim::Compare(_)
        | Prim::Select(_)
        | Prim::Clamp(_)
        | Prim::Convert(_)
        | Prim::IntegerPow(_)
        | Prim::Polygamma(_) => true,
        Prim::Placeholder(_)
        | Prim::Constant(_)
        | Prim::Reduce(_)
        | Prim::ArgReduce(_)
        | Prim::BroadcastInDim(_)
        | Prim::Reshape(_)
        | Prim::Transpose(_)
        | Prim::Slice(_)
        | Prim::Pad(_)
        | Prim::Concatenate(_)
        | Prim::Reverse(_)
        | Prim::Iota(_)
        | Prim::DotGeneral(_)
        | Prim::ConvGeneral(_)
        | Prim::ReduceWindow(_)
        | Prim::Fft(_)
        | Prim::Scan(_)
        | Prim::Cond(_)
        | Prim::While(_)
        | Prim::Call(_)
        | Prim::Cholesky(_)
        | Prim::TriangularSolve(_)
        | Prim::Lu(_)
        | Prim::LuSolve(_)
        | Prim::Qr(_)
        | Prim::Svd(_)
        | Prim::Eigh(_)
        | Prim::Gather(_)
        | Prim::ScatterAdd(_)
        | Prim::DynamicSlice(_)
        | Prim::DynamicUpdateSlice(_)
        | Prim::Sort(_)
        | Prim::Cumulative(_)
        | Prim::RandomBits(_)
        | Prim::Threefry(_)
        | Prim::AxisSum(_)
        | Prim::Custom(_) => false,
    }
}

/// Groups of equations: which group each belongs to, with joining of groups.
struct Groups {
    /// For each equation, its group or a group that was joined with it.
    of: Vec<Option<usize>>,
    parent: Vec<usize>,
    members: Vec<usize>,
}

impl Groups {
    fn find(&self, mut g: usize) -> usize {
        while self.parent[g] != g {
            g = self.parent[g];
        }
        g
    }

    fn of(&self, eq: usize) -> Option<usize> {
        self.of[eq].map(|g| self.find(g))
    }

    fn join(&mut self, a: usize, b: usize) -> usize {
        if a != b {
            self.parent[b] = a;
            self.members[a] += self.members[b];
        }
        a
    }
}

/// Cuts a program into units, in an order in which each comes after those it needs.
///
/// Every equation has a *level* that never falls along a dependence, and that rises from an
/// equation that is not element by element to one that is. A loop consists of equations of one
/// shape and one level, and takes in every such equation that reads one of its members (or is
/// given a higher level). So a path that leaves a loop and comes back would have to go through
/// another loop of the same level: not of the same shape, because the loops would be one; and not
/// of another, because repetition only adds axes. Therefore units do not depend on one another in
/// circles.
pub(crate) fn units(program: &Program) -> Vec<Unit> {
    let equations = program.equations();
    let mut definition = vec![usize::MAX; program.variables()];
    for (i, eq) in equations.iter().enumerate() {
        for v in eq.results() {
            definition[v.index()] = i;
        }
    }
    // What a loop reads in place of a repetition.
    let source = |v: Var| -> Var {
        match equations.get(definition[v.index()]) {
            Some(eq) => {
                let Prim::BroadcastInDim(p) = &eq.prim else { return v };
                if p.shape.len() > p.dims.len() { eq.inputs[0] } else { v }
            }
            None => v,
        }
    };

    let n = equations.len();
    let mut groups = Groups { of: vec![None; n], parent: vec![], members: vec![] };
    let mut level = vec![0_usize; n];
    // Loops by level, shape and operand: what reads the same operand may as well be one loop.
    let mut readers: HashMap<(usize, &[usize], Var), usize> = HashMap::new();
    for (i, eq) in equations.iter().enumerate() {
        let made_by = |v: Var| Some(definition[v.index()]).filter(|&d| d != usize::MAX);
        if !is_elementwise(&eq.prim) {
            level[i] =
                eq.inputs.iter().filter_map(|&v| made_by(v)).map(|d| level[d]).max().unwrap_or(0);
            continue;
        }
        let shape = &program.ty(eq.first).shape[..];
        let needed = || eq.inputs.iter().filter_map(|&v| made_by(source(v)));
        let mut here =
            needed().map(|d| level[d] + usize::from(groups.of[d].is_none())).max().unwrap_or(0);
        let feeding = |here: usize, groups: &Groups| -> BTreeSet<usize> {
            eq.inputs
                .iter()
                .filter_map(|&v| made_by(v))
                .filter(|&d| level[d] == here && program.ty(equations[d].first).shape == shape)
                .filter_map(|d| groups.of(d))
                .collect()
        };
        let mut joined = feeding(here, &groups);
        let total: usize = joined.iter().map(|&g| groups.members[g]).sum();
        if total >= MOST_EQUATIONS {
            here += 1;
            joined = BTreeSet::new();
        } else {
            let beside = eq.inputs.iter().filter_map(|&v| readers.get(&(here, shape, source(v))));
            let mut total = total;
            for g in beside.map(|&g| groups.find(g)).collect::<BTreeSet<_>>() {
                if !joined.contains(&g) && total + groups.members[g] < MOST_EQUATIONS {
                    total += groups.members[g];
                    joined.insert(g);
                }
            }
        }
        level[i] = here;
        let group = match joined.into_iter().reduce(|a, b| groups.join(a, b)) {
            Some(g) => g,
            None => {
                groups.parent.push(groups.parent.len());
                groups.members.push(0);
                groups.parent.len() - 1
            }
        };
        groups.members[group] += 1;
        groups.of[i] = Some(group);
        for &v in &eq.inputs {
            readers.insert((here, shape, source(v)), group);
        }
    }
    let mut members: HashMap<usize, Vec<usize>> = HashMap::new();
    for i in 0..n {
        if let Some(g) = groups.of(i) {
            members.entry(g).or_default().push(i);
        }
    }
    let in_loop: Vec<Option<usize>> = (0..n).map(|i| groups.of(i)).collect();
    ordered(program, &definition, &in_loop, members, &source)
}

/// The units in order: whatever is ready and comes first in the program, a loop at the place of
/// its last equation.
fn ordered(
    program: &Program,
    definition: &[usize],
    in_loop: &[Option<usize>],
    members: HashMap<usize, Vec<usize>>,
    source: &impl Fn(Var) -> Var,
) -> Vec<Unit> {
    let equations = program.equations();
    // A unit is named by its last equation.
    let name = |i: usize| in_loop[i].map_or(i, |g| *members[&g].last().unwrap_or(&i));
    let made_by = |v: Var| Some(definition[v.index()]).filter(|&d| d != usize::MAX);
    // Who needs which unit; repetitions that only loops read are needed by nobody.
    let mut needed = vec![false; equations.len()];
    for &v in program.outputs() {
        if let Some(d) = made_by(v) {
            needed[d] = true;
        }
    }
    let mut read_outside = vec![false; program.variables()];
    for &v in program.outputs() {
        read_outside[v.index()] = true;
    }
    let mut waits: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); equations.len()];
    for (i, eq) in equations.iter().enumerate().rev() {
        let is_loop = in_loop[i].is_some();
        if !is_loop && !eq.results().any(|v| read_outside[v.index()]) && !needed[i] {
            continue; // dead, or read in place everywhere
        }
        needed[i] = true;
        for &v in &eq.inputs {
            let v = if is_loop { source(v) } else { v };
            let Some(d) = made_by(v) else { continue };
            needed[d] = true;
            if in_loop[d].is_none() || in_loop[d] != in_loop[i] {
                read_outside[v.index()] = true;
                waits[name(i)].insert(name(d));
            }
        }
    }
    let mut feeds: Vec<Vec<usize>> = vec![vec![]; equations.len()];
    let mut missing = vec![0_usize; equations.len()];
    let mut ready = BTreeSet::new();
    for i in 0..equations.len() {
        if name(i) != i || !needed[i] {
            continue;
        }
        missing[i] = waits[i].len();
        for &d in &waits[i] {
            feeds[d].push(i);
        }
        if missing[i] == 0 {
            ready.insert(i);
        }
    }
    let mut units = vec![];
    while let Some(i) = ready.pop_first() {
        match in_loop[i] {
            None => units.push(Unit::Equation(i)),
            Some(g) => {
                units.push(loop_of(program, &members[&g], definition, &read_outside, source))
            }
        }
        for &f in &feeds[i] {
            missing[f] -= 1;
            if missing[f] == 0 {
                ready.insert(f);
            }
        }
    }
    units
}

/// One loop of these equations; an equation of its own where there is nothing to fuse.
fn loop_of(
    program: &Program,
    members: &[usize],
    definition: &[usize],
    read_outside: &[bool],
    source: &impl Fn(Var) -> Var,
) -> Unit {
    let equations = program.equations();
    let shape = program.ty(equations[members[0]].first).shape.clone();
    let whole = |v: Var| source(v) == v && program.ty(v).shape == shape;
    if let [only] = members
        && equations[*only].inputs.iter().all(|&v| whole(v))
    {
        return Unit::Equation(*only);
    }
    let mut inputs: Vec<Var> = vec![];
    let mut views: Vec<View> = vec![];
    let mut known: HashMap<Var, Place> = HashMap::new();
    // The last member that reads each of the members' results.
    let mut last: HashMap<Var, usize> = HashMap::new();
    for &i in members {
        for &v in &equations[i].inputs {
            last.insert(v, i);
        }
    }
    let outputs: Vec<Var> =
        members.iter().map(|&i| equations[i].first).filter(|v| read_outside[v.index()]).collect();
    let mut registers: Vec<DType> = vec![];
    let mut free: Vec<u16> = vec![];
    let mut code = vec![];
    for &i in members {
        let eq = &equations[i];
        let places: SmallVec<[Place; 3]> = eq
            .inputs
            .iter()
            .map(|&v| {
                *known.entry(v).or_insert_with(|| {
                    let (from, view) = (source(v), view(program, v, source(v), definition));
                    // The same array may be read in several ways.
                    let found = (0..inputs.len()).find(|&k| inputs[k] == from && views[k] == view);
                    let k = found.unwrap_or_else(|| {
                        inputs.push(from);
                        views.push(view);
                        inputs.len() - 1
                    });
                    Place::Input(k as u16)
                })
            })
            .collect();
        let result = eq.first;
        let output = match outputs.iter().position(|&v| v == result) {
            Some(k) => Place::Result(k as u16),
            None => {
                let dtype = program.ty(result).dtype;
                let reuse = free.iter().position(|&r| registers[r as usize] == dtype);
                Place::Register(match reuse {
                    Some(at) => free.swap_remove(at),
                    None => {
                        registers.push(dtype);
                        registers.len() as u16 - 1
                    }
                })
            }
        };
        known.insert(result, output);
        // Registers are given back after the result has got its own: operands are intact while
        // it is written.
        for (k, v) in eq.inputs.iter().enumerate() {
            if let (Place::Register(r), true) = (places[k], last[v] == i)
                && !eq.inputs[..k].contains(v)
            {
                free.push(r);
            }
        }
        code.push(Instruction { prim: eq.prim.clone(), inputs: places, output });
    }
    let results = outputs.iter().map(|&v| program.ty(v).dtype).collect();
    Unit::Loop { fused: Fused { shape, views, code, registers, results }, inputs, outputs }
}

/// How a loop reads `v` from what it repeats.
fn view(program: &Program, v: Var, from: Var, definition: &[usize]) -> View {
    if v == from {
        return if program.ty(v).rank() == 0 { View::Scalar } else { View::Whole };
    }
    let ty = program.ty(from);
    if ty.len() == 1 {
        return View::Scalar;
    }
    let Prim::BroadcastInDim(p) = &program.equations()[definition[v.index()]].prim else {
        unreachable!("invariant: only repetitions are read in place");
    };
    let mut steps = vec![0; p.shape.len()];
    for ((&d, s), &n) in p.dims.iter().zip(strides(&ty.shape)).zip(&ty.shape) {
        steps[d] = if n == 1 { 0 } else { s };
    }
    View::Strided(merged(&p.shape, &steps))
}

/// The axes (size, step), with those that are walked through as one merged.
fn merged(shape: &[usize], steps: &[usize]) -> Vec<(usize, usize)> {
    let mut axes: Vec<(usize, usize)> = vec![];
    for (&n, &step) in shape.iter().zip(steps).filter(|&(&n, _)| n != 1) {
        match axes.last_mut() {
            Some(outer) if outer.1 == step * n => *outer = (outer.0 * n, step),
            _ => axes.push((n, step)),
        }
    }
    axes
}

#[cfg(test)]
mod tests {
    use super::*;
    use array::Type;
    use ir::Builder;
    use ir::prim::{Binary, BroadcastInDim, Reduce, ReduceOp, Unary};

    fn builder(shape: &[usize]) -> Builder {
        Builder::new(vec![Type::new(DType::F32, shape)])
    }

    fn push(b: &mut Builder, prim: impl Into<Prim>, x: &[Var]) -> Var {
        b.push(prim.into(), x, None).unwrap()[0]
    }

    fn loops(units: &[Unit]) -> Vec<&Fused> {
        let found = units.iter().map(|u| match u {
            Unit::Loop { fused, .. } => Some(fused),
            Unit::Equation(_) | Unit::Convolution { .. } | Unit::Ties { .. } => None,
        });
        found.flatten().collect()
    }

    #[test]
    fn axes_merge_where_one_walk_goes_through_both() {
        assert_eq!(merged(&[2, 3, 4], &[0, 4, 1]), [(2, 0), (12, 1)]);
        assert_eq!(merged(&[2, 3, 4], &[1, 0, 0]), [(2, 1), (12, 0)]);
        assert_eq!(merged(&[2, 1, 4], &[4, 0, 1]), [(8, 1)]);
    }

    #[test]
    fn softmax_is_two_loops_around_its_reductions() {
        let mut b = builder(&[4, 5]);
        let max = push(&mut b, Reduce { op: ReduceOp::Max, axes: vec![1] }, &[Var(0)]);
        let along = || BroadcastInDim { shape: vec![4, 5], dims: vec![0] };
        let max = push(&mut b, along(), &[max]);
        let shifted = push(&mut b, Binary::Sub, &[Var(0), max]);
        let e = push(&mut b, Unary::Exp, &[shifted]);
        let sum = push(&mut b, Reduce { op: ReduceOp::Sum, axes: vec![1] }, &[e]);
        let sum = push(&mut b, along(), &[sum]);
        let y = push(&mut b, Binary::Div, &[e, sum]);
        let units = units(&b.finish(vec![y]));
        assert_eq!(units.len(), 4);
        let loops = loops(&units);
        assert_eq!(loops[0].code.len(), 2);
        assert_eq!(loops[0].views[1], View::Strided(vec![(4, 1), (5, 0)]));
        assert_eq!(loops[1].code.len(), 1);
    }

    #[test]
    fn a_loop_is_not_closed_around_what_depends_on_it() {
        let mut b = builder(&[4]);
        let e = push(&mut b, Unary::Exp, &[Var(0)]);
        let total = push(&mut b, Reduce { op: ReduceOp::Sum, axes: vec![0] }, &[e]);
        let total = push(&mut b, BroadcastInDim { shape: vec![4], dims: vec![] }, &[total]);
        let s = push(&mut b, Unary::Sin, &[e]);
        let y = push(&mut b, Binary::Div, &[s, total]);
        let units = units(&b.finish(vec![y]));
        let loops = loops(&units);
        // exp and sin, giving both; then the quotient.
        assert_eq!(loops.iter().map(|l| l.code.len()).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(loops[0].results.len(), 2);
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
