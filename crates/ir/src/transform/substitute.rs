//! Substitution: a graph over placeholders becomes the same graph over what they stand for.

use crate::environment::Environment;
use crate::error::{TypeError, ensure};
use crate::expr::{Expr, reachable, rebind};
use crate::prim::Prim;
use crate::scope::Scope;
use smallvec::SmallVec;

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
    let nodes = reachable(outputs, |n| n.scope().is_some_and(|s| s.id() == scope.id()));
    let mut env: Environment<Expr> = Environment::new(params, &nodes);
    for (p, v) in params.iter().zip(values) {
        ensure(p.ty() == v.ty(), || format!("{} cannot stand for {}", v.ty(), p.ty()))?;
        env.insert(p.key(), v.clone());
    }
    for node in nodes {
        if matches!(node.prim(), Prim::Placeholder(_)) {
            continue;
        }
        let x: SmallVec<[&Expr; 4]> =
            node.inputs().iter().map(|x| env.get(x.key()).unwrap_or(x)).collect();
        let new = rebind(node, &x)?;
        drop(x);
        for y in Expr::each_output(&new) {
            env.insert((node.id(), y.output() as u32), y);
        }
    }
    Ok(outputs.iter().map(|y| env.get(y.key()).unwrap_or(y).clone()).collect())
}
