//! Batching: one example's graph becomes the graph of many.

use crate::environment::Environment;
use crate::expr::{Expr, RuleResult, reachable, standing_at};
use crate::prim::{BatchAxis, Batched, Prim, in_front};
use crate::scope::Scope;

/// The outputs for a whole batch, given for each placeholder of `scope` what it stands for: an
/// array with the batch axis in front, or one that all examples share.
///
/// # Errors
/// When an operation has no batching rule for its operands.
pub fn batch(
    scope: &Scope,
    outputs: &[Expr],
    params: &[Expr],
    values: &[Batched],
    axis: &BatchAxis,
) -> RuleResult<Vec<Batched>> {
    let nodes = reachable(outputs, |n| n.scope().is_some_and(|s| s.id() == scope.id()));
    let mut env: Environment<Batched> = Environment::new(params, &nodes);
    for (p, v) in params.iter().zip(values) {
        env.insert(p.key(), v.clone());
    }
    for node in nodes {
        if matches!(node.prim(), Prim::Placeholder(_)) {
            continue;
        }
        let (mut x, mut batched): (Vec<Expr>, Vec<bool>) = node
            .inputs()
            .iter()
            .map(|x| env.get(x.key()).cloned().unwrap_or_else(|| (x.clone(), false)))
            .unzip();
        // A sum over this axis also counts what all examples share: give each example its own.
        let uses_axis = axis.name.as_ref().is_some_and(|name| node.prim().uses_axis(name));
        if uses_axis && !batched.contains(&true) {
            x[0] = in_front(&x[0], false, axis);
            batched[0] = true;
        }
        let y = if batched.contains(&true) {
            standing_at(node.at(), || node.prim().rules().batch(&x, &batched, axis))
                .map_err(|e| e.or_at(node.at()))?
        } else {
            let x: Vec<&Expr> = x.iter().collect();
            let new = crate::expr::rebind(node, &x)?;
            Expr::outputs_of(&new).into_iter().map(|y| (y, false)).collect()
        };
        for (i, y) in y.into_iter().enumerate() {
            debug_assert_eq!(
                &y.0.shape()[usize::from(y.1)..],
                &node.types()[i].shape[..],
                "batching rule of {:?}",
                node.prim()
            );
            env.insert((node.id(), i as u32), y);
        }
    }
    let find = |y: &Expr| env.get(y.key()).cloned().unwrap_or_else(|| (y.clone(), false));
    Ok(outputs.iter().map(find).collect())
}
