//! Reductions over a named `vmap` axis.

use super::is_float;
use crate::Tensor;
use ir::{Scope, ScopeKind};

impl Tensor {
    /// The sum over the examples of the innermost `vmap` whose axis has this name.
    ///
    /// # Panics
    /// When no enclosing `vmap` has it.
    #[track_caller]
    pub fn axis_sum(&self, name: &str) -> Tensor {
        let scope = named_scope(name);
        let inside = self.0.scope().is_some_and(|s| s.depth() >= scope.0);
        if inside {
            return crate::execute::bind1(ir::prim::AxisSum { name: name.into() }, &[self]);
        }
        // The same for every example.
        self * scope.1 as f64
    }

    /// The mean over the examples of the innermost `vmap` whose axis has this name.
    ///
    /// # Panics
    /// When no enclosing `vmap` has it.
    #[track_caller]
    pub fn axis_mean(&self, name: &str) -> Tensor {
        assert!(is_float(self), "axis_mean: the tensor is {}", self.0.ty());
        self.axis_sum(name) / named_scope(name).1 as f64
    }
}

/// Depth and size of the innermost open `vmap` with this name.
#[track_caller]
fn named_scope(name: &str) -> (usize, usize) {
    let found = Scope::stack().into_iter().rev().find_map(|s| match s.kind() {
        ScopeKind::Batch { name: Some(n), size } if &**n == name => Some((s.depth(), *size)),
        _ => None,
    });
    match found {
        Some(found) => found,
        None => panic!("axis_sum: no enclosing vmap has an axis named `{name}`"),
    }
}
