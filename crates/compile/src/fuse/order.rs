//! The order of units.

use super::groups::Groups;
use super::source::Sources;
use super::{Unit, emit};
use ir::Var;
use smallvec::SmallVec;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The units in order: whatever is ready and comes first in the program, a loop at the place of
/// its last equation.
pub(super) fn ordered(sources: &Sources<'_>, groups: &Groups) -> Vec<Unit> {
    let program = sources.program;
    let equations = program.equations();
    let in_loop: Vec<Option<usize>> = (0..equations.len()).map(|i| groups.of(i)).collect();
    let mut members: Vec<Vec<usize>> = vec![vec![]; groups.count()];
    for (i, group) in in_loop.iter().enumerate() {
        if let Some(g) = group {
            members[*g].push(i);
        }
    }
    // A unit is named by its last equation.
    let name = |i: usize| in_loop[i].map_or(i, |g| *members[g].last().unwrap_or(&i));
    // Who needs which unit; repetitions that only loops read are needed by nobody.
    let mut needed = vec![false; equations.len()];
    let mut read_outside = vec![false; program.variables()];
    for &v in program.outputs() {
        if let Some(d) = sources.equation(v) {
            needed[d] = true;
        }
        read_outside[v.index()] = true;
    }
    let mut waits: Vec<SmallVec<[usize; 2]>> = vec![SmallVec::new(); equations.len()];
    for (i, eq) in equations.iter().enumerate().rev() {
        let is_loop = in_loop[i].is_some();
        if !is_loop && !eq.results().any(|v| read_outside[v.index()]) && !needed[i] {
            continue; // dead, or read in place everywhere
        }
        needed[i] = true;
        for &v in &eq.inputs {
            let v: Var = if is_loop { sources.of(v) } else { v };
            let Some(d) = sources.equation(v) else { continue };
            needed[d] = true;
            if in_loop[d].is_none() || in_loop[d] != in_loop[i] {
                read_outside[v.index()] = true;
                waits[name(i)].push(name(d));
            }
        }
    }
    let mut feeds: Vec<SmallVec<[usize; 2]>> = vec![SmallVec::new(); equations.len()];
    let mut missing = vec![0_usize; equations.len()];
    let mut ready = BinaryHeap::new();
    for i in 0..equations.len() {
        if name(i) != i || !needed[i] {
            continue;
        }
        waits[i].sort_unstable();
        waits[i].dedup();
        missing[i] = waits[i].len();
        for &d in &waits[i] {
            feeds[d].push(i);
        }
        if missing[i] == 0 {
            ready.push(Reverse(i));
        }
    }
    let mut units = vec![];
    while let Some(Reverse(i)) = ready.pop() {
        match in_loop[i] {
            None => units.push(Unit::Equation(i)),
            Some(g) => units.push(emit::loop_of(sources, &members[g], &read_outside)),
        }
        for &f in &feeds[i] {
            missing[f] -= 1;
            if missing[f] == 0 {
                ready.push(Reverse(f));
            }
        }
    }
    units
}
