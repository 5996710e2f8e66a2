//! Groups of element-by-element equations that can be one loop.

use super::MOST_EQUATIONS;
use super::source::{Sources, Squeezed};
use foldhash::fast::RandomState;
use ir::{Prim, Var};
use smallvec::SmallVec;
use std::collections::HashMap;

/// Whether the operation acts element by element.
pub fn is_elementwise(prim: &Prim) -> bool {
    match prim {
        Prim::Unary(_)
        | Prim::Binary(_)
        | Prim::Compare(_)
        | Prim::Select(_)
        | Prim::Clamp(_)
        | Prim::Convert(_)
        | Prim::IntegerPow(_)
        | Prim::Polygamma(_)
        | Prim::IsFinite(_) => true,
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

/// Which equations belong together.
#[derive(Debug)]
pub(super) struct Groups {
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

    /// The group of an equation.
    pub(super) fn of(&self, eq: usize) -> Option<usize> {
        self.of[eq].map(|g| self.find(g))
    }

    /// The number of groups, those included that have been joined with others.
    pub(super) fn count(&self) -> usize {
        self.parent.len()
    }

    /// The number of members of a group.
    pub(super) fn len(&self, group: usize) -> usize {
        self.members[group]
    }

    /// Makes one group of two.
    pub(super) fn join(&mut self, a: usize, b: usize) -> usize {
        if a != b {
            self.parent[b] = a;
            self.members[a] += self.members[b];
        }
        a
    }

    /// A new group of this equation alone.
    pub(super) fn found(&mut self, eq: usize) -> usize {
        let group = self.parent.len();
        self.parent.push(group);
        self.members.push(1);
        self.of[eq] = Some(group);
        group
    }
}

/// Groups of equations of one shape that are element by element.
///
/// Every equation has a *level* that never falls along a dependence, and that rises from an
/// equation that is not element by element to one that is. A loop consists of equations of one
/// shape and one level, and takes in every such equation that reads one of its members (or is
/// given a higher level). So a path that leaves a loop and comes back would have to go through
/// another loop of the same level: not of the same shape, because the loops would be one; and not
/// of another, because repetition only adds axes. Therefore units do not depend on one another in
/// circles.
pub(super) fn elementwise(sources: &Sources<'_>) -> Groups {
    let program = sources.program;
    let equations = program.equations();
    let n = equations.len();
    let mut groups = Groups { of: vec![None; n], parent: vec![], members: vec![] };
    let mut level = vec![0_usize; n];
    // Loops by level, shape and operand: what reads the same operand may as well be one loop.
    let mut readers: HashMap<(usize, Squeezed, Var), usize, RandomState> = HashMap::default();
    for (i, eq) in equations.iter().enumerate() {
        if !is_elementwise(&eq.prim) {
            let before = eq.inputs.iter().filter_map(|&v| sources.equation(v));
            level[i] = before.map(|d| level[d]).max().unwrap_or(0);
            continue;
        }
        let shape = sources.squeezed(eq.first);
        let needed = || eq.inputs.iter().filter_map(|&v| sources.equation(sources.of(v)));
        let mut here =
            needed().map(|d| level[d] + usize::from(groups.of[d].is_none())).max().unwrap_or(0);
        let mut joined: SmallVec<[usize; 4]> = eq
            .inputs
            .iter()
            .map(|&v| sources.same(v))
            .filter(|&v| sources.squeezed(v) == shape)
            .filter_map(|v| sources.equation(v))
            .filter(|&d| level[d] == here)
            .filter_map(|d| groups.of(d))
            .collect();
        joined.sort_unstable();
        joined.dedup();
        let total: usize = joined.iter().map(|&g| groups.len(g)).sum();
        if total >= MOST_EQUATIONS {
            here += 1;
            joined.clear();
        } else {
            let of_same = |&v: &Var| readers.get(&(here, shape, sources.of(v))).copied();
            let mut beside: SmallVec<[usize; 4]> =
                eq.inputs.iter().filter_map(of_same).map(|g| groups.find(g)).collect();
            beside.sort_unstable();
            let mut total = total;
            for g in beside {
                if !joined.contains(&g) && total + groups.len(g) < MOST_EQUATIONS {
                    total += groups.len(g);
                    joined.push(g);
                }
            }
        }
        joined.sort_unstable();
        level[i] = here;
        let group = match joined.into_iter().reduce(|a, b| groups.join(a, b)) {
            Some(g) => {
                groups.members[g] += 1;
                groups.of[i] = Some(g);
                g
            }
            None => groups.found(i),
        };
        for &v in &eq.inputs {
            readers.insert((here, shape, sources.of(v)), group);
        }
    }
    groups
}
