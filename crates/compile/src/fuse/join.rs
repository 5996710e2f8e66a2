//! Joining loops: with the folds of rows that they feed and that feed them, so that softmax,
//! log-sum-exp, layer norm, variance and their derivatives read each row once; and with one
//! another where levels kept them apart, so that an optimiser's update is one pass.

use super::MOST_EQUATIONS;
use super::groups::Groups;
use super::source::{Sources, Squeezed};
use ir::{Prim, Var};
use smallvec::SmallVec;
use std::collections::BTreeSet;

/// Longest row: several of them fit the second-level cache.
const LONGEST_ROW: usize = 8192;

/// How many dependences a search for a way around looks at before it gives up (and nothing is
/// joined).
const SEARCH: usize = 2000;

/// How often all units are gone through; one round joins whole chains, and few need a second.
const ROUNDS: usize = 4;

/// What kind of loop a unit is or could be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// Element by element.
    Elements(Squeezed),
    /// Over this shape, with folds of its last axes; the number of leading axes that stay.
    Rows(Squeezed, usize),
    /// No loop.
    Other,
}

/// The graph of units: loops (by group) and other equations (by number, after the groups).
struct Units {
    kinds: Vec<Kind>,
    /// What each unit needs and feeds. Joined units stay in the lists; look them up.
    needs: Vec<BTreeSet<usize>>,
    feeds: Vec<BTreeSet<usize>>,
    members: Vec<Vec<usize>>,
    parent: Vec<usize>,
    /// Rise along every dependence.
    ranks: Vec<u64>,
    /// For each unit the last search that has met it, and the number of searches so far.
    met: Vec<u32>,
    searches: u32,
}

impl Units {
    fn find(&self, mut u: usize) -> usize {
        while self.parent[u] != u {
            u = self.parent[u];
        }
        u
    }

    /// Gives units ranks that rise along every dependence.
    fn rank(&mut self) {
        let n = self.kinds.len();
        let others = |units: &Units, of: &BTreeSet<usize>, u: usize| {
            let mut others: SmallVec<[usize; 8]> =
                of.iter().map(|&v| units.find(v)).filter(|&v| v != u).collect();
            others.sort_unstable();
            others.dedup();
            others
        };
        let roots = (0..n).filter(|&u| self.find(u) == u);
        let mut missing = vec![0; n];
        let mut ready = vec![];
        for u in roots {
            missing[u] = others(self, &self.needs[u], u).len();
            if missing[u] == 0 {
                ready.push(u);
            }
        }
        let distance = u64::MAX / (n as u64 + 2);
        let mut next = 0;
        self.ranks.resize(n, 0);
        while let Some(u) = ready.pop() {
            next += distance;
            self.ranks[u] = next;
            for f in others(self, &self.feeds[u], u) {
                missing[f] -= 1;
                if missing[f] == 0 {
                    ready.push(f);
                }
            }
        }
    }

    /// Makes sure that no way leads from `p` to `u`, which it feeds, through another unit, so that
    /// they can be joined; not so if there is one or the search for it takes too long.
    ///
    /// Such a way goes through units of ranks between theirs. If there is none, what `p` leads to
    /// there is given ranks behind `u`'s, and the joined unit takes that one.
    fn part(&mut self, p: usize, u: usize) -> bool {
        self.searches += 1;
        let mut met = std::mem::take(&mut self.met);
        let between = self.between(p, u, &mut met);
        self.met = met;
        let Some((mut between, limit)) = between else { return false };
        let border = self.ranks[u];
        let distance = (limit - border) / (between.len() as u64 + 1);
        if distance == 0 {
            return false; // no room, until ranks are given anew
        }
        between.sort_unstable_by_key(|&f| self.ranks[f]);
        for (k, f) in between.into_iter().enumerate() {
            self.ranks[f] = border + (k as u64 + 1) * distance;
        }
        self.ranks[p] = border;
        true
    }

    /// What `p` leads to, `u` and what has a higher rank apart, and the least of the higher ranks;
    /// `None` if something of it leads to `u`.
    fn between(&self, p: usize, u: usize, met: &mut [u32]) -> Option<(Vec<usize>, u64)> {
        let mut limit = u64::MAX;
        let mut between = vec![];
        let (mut open, mut looked_at) = (vec![p], 0);
        while let Some(v) = open.pop() {
            looked_at += self.feeds[v].len();
            if looked_at > SEARCH {
                return None;
            }
            for f in self.feeds[v].iter().map(|&f| self.find(f)) {
                if f == u && v != p {
                    return None;
                }
                if f == u || f == v || met[f] == self.searches {
                    continue;
                }
                if self.ranks[f] > self.ranks[u] {
                    limit = limit.min(self.ranks[f]);
                } else {
                    met[f] = self.searches;
                    between.push(f);
                    open.push(f);
                }
            }
        }
        Some((between, limit))
    }

    /// Makes one unit of two.
    fn join(&mut self, a: usize, b: usize, kind: Kind) {
        self.parent[b] = a;
        let (needs, feeds, members) = (
            std::mem::take(&mut self.needs[b]),
            std::mem::take(&mut self.feeds[b]),
            std::mem::take(&mut self.members[b]),
        );
        self.needs[a].extend(needs);
        self.feeds[a].extend(feeds);
        self.members[a].extend(members);
        self.kinds[a] = kind;
    }
}

/// The shape and the number of leading axes that stay, if an equation folds rows that are worth
/// a loop: last axes, in order, of a shape that is not empty.
fn folds_rows(sources: &Sources<'_>, eq: usize) -> Option<(Squeezed, usize)> {
    let eq = &sources.program.equations()[eq];
    let Prim::Reduce(p) = &eq.prim else { return None };
    let shape = &sources.program.ty(eq.inputs[0]).shape;
    let folded = |d: usize| p.axes.contains(&d);
    let axes: Vec<usize> = (0..shape.len()).filter(|&d| shape[d] != 1).collect();
    let stay = axes.iter().take_while(|&&d| !folded(d)).count();
    let row: usize = axes[stay..].iter().map(|&d| shape[d]).product();
    let last = axes[stay..].iter().all(|&d| folded(d));
    let sizes = sources.squeezed(eq.inputs[0]);
    (last && (2..=LONGEST_ROW).contains(&row) && !shape.contains(&0)).then_some((sizes, stay))
}

/// Joins groups with the folds of rows, and the groups, that they feed and that feed them.
pub(super) fn joined(sources: &Sources<'_>, mut groups: Groups) -> Groups {
    let mut units = graph(sources, &groups);
    units.met.resize(units.kinds.len(), 0);
    // Units by their first equation, so that what feeds comes before what is fed.
    let mut order: Vec<usize> =
        (0..units.kinds.len()).filter(|&u| !units.members[u].is_empty()).collect();
    order.sort_by_key(|&u| units.members[u].last().copied());
    for _ in 0..ROUNDS {
        let mut joined = false;
        units.rank();
        for &u in &order {
            if units.find(u) != u || units.kinds[u] == Kind::Other {
                continue;
            }
            let mut needs: SmallVec<[usize; 8]> =
                units.needs[u].iter().map(|&p| units.find(p)).collect();
            needs.sort_unstable();
            needs.dedup();
            for p in needs {
                if p == u || units.find(u) != u {
                    continue;
                }
                if units.members[p].len() + units.members[u].len() > MOST_EQUATIONS {
                    continue;
                }
                let Some(kind) = joint(sources, &units, p, u) else { continue };
                if units.part(p, u) {
                    units.join(p, u, kind);
                    joined = true;
                }
            }
        }
        if !joined {
            break;
        }
    }
    for u in 0..units.kinds.len() {
        let is_loop = units.kinds[u] != Kind::Other;
        if units.find(u) == u && is_loop && units.members[u].len() > 1 {
            let mut one: Option<usize> = None;
            for &eq in &units.members[u] {
                let group = groups.of(eq).unwrap_or_else(|| groups.found(eq));
                one = Some(one.map_or(group, |one| groups.join(one, group)));
            }
        }
    }
    groups
}

/// The graph of units before anything is joined.
fn graph(sources: &Sources<'_>, groups: &Groups) -> Units {
    let equations = sources.program.equations();
    // The unit of each group.
    let mut number: Vec<Option<usize>> = vec![None; groups.count()];
    let mut unit_of = Vec::with_capacity(equations.len());
    let mut units = Units {
        kinds: vec![],
        needs: vec![],
        feeds: vec![],
        members: vec![],
        parent: vec![],
        ranks: vec![],
        met: vec![],
        searches: 0,
    };
    for (i, eq) in equations.iter().enumerate() {
        let group = groups.of(i);
        let unit = group.and_then(|g| number[g]).unwrap_or_else(|| {
            let kind = match (group, folds_rows(sources, i)) {
                (Some(_), _) => Kind::Elements(sources.squeezed(eq.first)),
                (None, Some((shape, stay))) => Kind::Rows(shape, stay),
                (None, None) => Kind::Other,
            };
            units.kinds.push(kind);
            units.needs.push(BTreeSet::new());
            units.feeds.push(BTreeSet::new());
            units.members.push(vec![]);
            units.parent.push(units.parent.len());
            units.kinds.len() - 1
        });
        if let Some(g) = group {
            number[g] = Some(unit);
        }
        units.members[unit].push(i);
        unit_of.push(unit);
    }
    for (i, eq) in equations.iter().enumerate() {
        let looped = !matches!(units.kinds[unit_of[i]], Kind::Other);
        for &v in &eq.inputs {
            let v = if looped { sources.of(v) } else { v };
            if let Some(d) = sources.equation(v)
                && unit_of[d] != unit_of[i]
            {
                units.needs[unit_of[i]].insert(unit_of[d]);
                units.feeds[unit_of[d]].insert(unit_of[i]);
            }
        }
    }
    units
}

/// What `p` and `u`, which it feeds, would be as one loop, if they can be.
fn joint(sources: &Sources<'_>, units: &Units, p: usize, u: usize) -> Option<Kind> {
    let begins = |long: Squeezed, stay: usize, short: Squeezed| {
        sources.axes(long)[..stay] == *sources.axes(short)
    };
    let kind = match (units.kinds[p], units.kinds[u]) {
        (Kind::Elements(s), Kind::Elements(t)) if s == t => Kind::Elements(t),
        (Kind::Elements(s), Kind::Rows(t, k)) if s == t => Kind::Rows(t, k),
        (Kind::Rows(s, k), Kind::Rows(t, l)) if (s, k) == (t, l) => Kind::Rows(s, k),
        (Kind::Rows(s, k), Kind::Elements(t)) if s == t || begins(s, k, t) => Kind::Rows(s, k),
        _ => return None,
    };
    let (shape, rows) = match kind {
        Kind::Elements(shape) => (shape, None),
        Kind::Rows(shape, stay) => (shape, Some(&sources.axes(shape)[..stay])),
        Kind::Other => return None,
    };
    // Every value of `p` that `u` reads must be there in the same tile: value by value, or
    // repeated along rows.
    let made_in_p = |v: Var| sources.equation(v).is_some_and(|d| units.members[p].contains(&d));
    let equations = sources.program.equations();
    let fits = units.members[u].iter().all(|&i| {
        let wide = sources.squeezed(equations[i].first) == shape;
        equations[i].inputs.iter().filter(|&&v| made_in_p(sources.of(v))).all(|&v| {
            let direct = sources.repetition(v).is_none();
            direct || (wide && rows.is_some_and(|rows| sources.fills_rows(v, rows)))
        })
    });
    fits.then_some(kind)
}
