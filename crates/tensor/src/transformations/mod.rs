//! Transformations of functions: functions go in, functions come out.

mod checkpointing;
mod control;
mod custom;
mod derivative;
mod jacobian;
mod jit;
mod named_axis;
mod vmap;

pub use checkpointing::checkpoint;
pub use control::{cond, scan, scan_with, switch, while_loop};
pub use custom::{custom_jvp, custom_vjp};
pub use derivative::{grad, hvp, jvp, linearize, value_and_grad, value_and_grad_aux, vjp};
pub use jacobian::{Hessian, Jacobian, hessian, hessian_matrix, jacfwd, jacrev};
pub use jit::{jit, jit_step};
pub use vmap::{VmapOptions, vmap, vmap_with};

use crate::{Tensor, Tree};
use ir::{Expr, Scope};
use std::sync::Arc;

/// Where a transformation was called. The functions that transformations return are closures, and
/// closures do not know their callers.
type Place = &'static std::panic::Location<'static>;

/// A tree over fresh placeholders, with the leaves they stand for.
pub(crate) struct Opened<T> {
    /// The tree that the user's function gets.
    pub(crate) tree: T,
    /// The placeholders, in the order of the leaves that got one.
    pub(crate) params: Vec<Expr>,
    /// What they stand for.
    pub(crate) values: Vec<Expr>,
    /// For each leaf, whether it got a placeholder.
    pub(crate) opened: Vec<bool>,
}

/// Replaces the leaves that `choose` picks by placeholders of `scope`, bound to the leaves' values
/// if `bound`, which is what makes reading possible.
pub(crate) fn open<T: Tree>(
    tree: &T,
    scope: &Arc<Scope>,
    bound: bool,
    choose: impl Fn(&Tensor) -> bool,
) -> Opened<T> {
    let (mut params, mut values, mut opened) = (vec![], vec![], vec![]);
    let tree = tree.map(|leaf| {
        opened.push(choose(leaf));
        if !choose(leaf) {
            return leaf.clone();
        }
        let binding = bound.then(|| leaf.0.clone());
        let param = Expr::placeholder(leaf.0.ty().clone(), scope, binding);
        params.push(param.clone());
        values.push(leaf.0.clone());
        Tensor(param)
    });
    Opened { tree, params, values, opened }
}

/// Whether derivatives with respect to a leaf make sense.
fn is_float(leaf: &Tensor) -> bool {
    leaf.dtype().is_float()
}

/// The expressions of a tree's leaves.
pub(crate) fn exprs<T: Tree>(tree: &T) -> Vec<Expr> {
    tree.leaves().into_iter().map(|t| t.0).collect()
}

/// The tree with its leaves replaced in order.
fn with_exprs<T: Tree>(tree: &T, leaves: impl IntoIterator<Item = Expr>) -> T {
    tree.with_leaves(leaves.into_iter().map(Tensor))
}
