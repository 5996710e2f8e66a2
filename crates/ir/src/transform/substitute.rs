//! Substitution: a graph over placeholders becomes the same graph over what they stand for.

use crate::error::TypeError;
use crate::expr::{Expr, bind_at, reachable};
use crate::prim::Prim;
use crate::scope::Scope;
use std::collections::HashMap;

/// The outputs with each placeholder of `scope` in `params` replaced by its value.
///
/// # Errors
/// When a value does not have its placeholder's type.
pub fn substitute(
    scope: &Scope,
    outputs: &[Expr],
    params: &[Expr],
    values: &[Expr],
) -> Result<Vec<Expr>, TypeError> {
    let mut env: HashMap<(u64, u32), Expr> =
        params.iter().zip(values).map(|(p, v)| (p.key(), v.clone())).collect();
    let nodes = reachable(&outputs.iter().collect::<Vec<_>>(), |n| {
        n.scope().is_some_and(|s| s.id() == scope.id())
    });
    for node in nodes {
        if matches!(node.prim(), Prim::Placeholder(_)) {
            continue;
        }
        let x: Vec<&Expr> = node.inputs().iter().map(|x| env.get(&x.key()).unwrap_or(x)).collect();
        let y = bind_at(node.prim().clone(), &x, node.at())?;
        for (i, y) in y.into_iter().enumerate() {
            env.insert((node.id(), i as u32), y);
        }
    }
    Ok(outputs.iter().map(|y| env.get(&y.key()).unwrap_or(y).clone()).collect())
}
