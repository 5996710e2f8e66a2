//! What a walk over a graph knows of each expression.

use crate::expr::{Expr, Node};
use foldhash::fast::RandomState;
use std::collections::HashMap;
use std::sync::Arc;

/// Numbers of nodes that are passed over at most for each node that a walk visits, if values are
/// to be found by position.
const SPARSEST: u64 = 8;

/// A value for some of the expressions that a walk meets.
///
/// Nodes of one graph are mostly made one after the other, and so are their numbers: values of
/// first outputs lie in a table by number. Other outputs, and graphs whose nodes are far apart, are
/// looked up by hash.
#[derive(Debug)]
pub(crate) struct Environment<V> {
    base: u64,
    table: Vec<Option<V>>,
    others: HashMap<(u64, u32), V, RandomState>,
}

impl<V> Environment<V> {
    /// An empty one for a walk over `nodes`, in the order of their numbers, that begins at
    /// `params`.
    pub(crate) fn new(params: &[Expr], nodes: &[&Arc<Node>]) -> Environment<V> {
        let ends = [nodes.first(), nodes.last()].into_iter().flatten().map(|n| n.id());
        let ids = ends.chain(params.iter().map(|p| p.node().id()));
        let (low, high) = ids.fold((u64::MAX, 0), |(l, h), id| (l.min(id), h.max(id)));
        let count = (nodes.len() + params.len()) as u64;
        let span = (high + 1).saturating_sub(low);
        let mut table = vec![];
        if span <= SPARSEST * count {
            table.resize_with(span as usize, || None);
        }
        Environment { base: low, table, others: HashMap::default() }
    }

    fn place(&self, (id, output): (u64, u32)) -> Option<usize> {
        let place = id.wrapping_sub(self.base);
        (output == 0 && place < self.table.len() as u64).then_some(place as usize)
    }

    /// The value of an expression (see [`Expr::key`]).
    pub(crate) fn get(&self, key: (u64, u32)) -> Option<&V> {
        match self.place(key) {
            Some(place) => self.table[place].as_ref(),
            None => self.others.get(&key),
        }
    }

    /// Gives an expression a value.
    pub(crate) fn insert(&mut self, key: (u64, u32), value: V) {
        match self.place(key) {
            Some(place) => self.table[place] = Some(value),
            None => {
                self.others.insert(key, value);
            }
        }
    }

    /// Takes the value of an expression away.
    pub(crate) fn remove(&mut self, key: (u64, u32)) -> Option<V> {
        match self.place(key) {
            Some(place) => self.table[place].take(),
            None => self.others.remove(&key),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Scope;
    use crate::ScopeKind;
    use array::{DType, Type};

    #[test]
    fn nodes_near_and_far_have_values() {
        let guard = Scope::enter(ScopeKind::Derivative("grad"));
        let placeholder = || Expr::placeholder(Type::new(DType::F64, vec![]), guard.scope(), None);
        let x = placeholder();
        let near: Vec<Expr> = (0..20).map(|_| x.sin()).collect();
        for _ in 0..1000 {
            placeholder();
        }
        let far = x.cos();
        for nodes in [&near[..], std::slice::from_ref(&far)] {
            let walked: Vec<&Arc<Node>> = nodes.iter().map(Expr::node).collect();
            let mut env = Environment::new(std::slice::from_ref(&x), &walked);
            assert_eq!(env.table.is_empty(), nodes.len() == 1);
            let keys = [x.key(), near[3].key(), (near[3].node().id(), 1), far.key()];
            for (i, key) in keys.into_iter().enumerate() {
                assert_eq!(env.get(key), None);
                env.insert(key, i);
            }
            for (i, key) in keys.into_iter().enumerate() {
                assert_eq!(env.get(key), Some(&i));
                assert_eq!(env.remove(key), Some(i));
                assert_eq!(env.get(key), None);
            }
        }
    }
}
