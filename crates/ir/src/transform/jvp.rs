//! Forward mode: tangents pushed through a graph.

use crate::environment::Environment;
use crate::error::RuleError;
use crate::expr::{Expr, RuleResult, reachable, rebind, standing_at};
use crate::prim::{Prim, Tangent};
use crate::scope::Scope;
use smallvec::SmallVec;

/// Outputs and their tangents, for tangents of the placeholders `params` of `scope`:
/// `ẏ = ∂f(x)·ẋ`.
///
/// Only nodes of `scope` are visited; what lies outside does not depend on its placeholders. The
/// outputs come back too, because some rules compute them anew (`scan` saves what its tangents
/// need).
///
/// # Errors
/// When an operation has no derivative rule for the inputs that carry tangents.
pub fn jvp(
    scope: &Scope,
    outputs: &[Expr],
    params: &[Expr],
    tangents: &[Tangent],
) -> RuleResult<(Vec<Expr>, Vec<Tangent>)> {
    let nodes = reachable(outputs, |n| n.scope().is_some_and(|s| s.id() == scope.id()));
    // What an output has become, and its tangent. Absent: itself, zero.
    let mut env: Environment<(Expr, Tangent)> = Environment::new(params, &nodes);
    for (p, t) in params.iter().zip(tangents) {
        if let Some(t) = t {
            if t.ty() != p.ty() {
                return Err(RuleError::new(
                    "jvp",
                    "jvp",
                    format!("a tangent of {} must have that type, got {}", p.ty(), t.ty()),
                ));
            }
            env.insert(p.key(), (p.clone(), Some(t.clone())));
        }
    }
    for node in nodes {
        if matches!(node.prim(), Prim::Placeholder(_)) {
            continue;
        }
        let found: SmallVec<[Option<&(Expr, Tangent)>; 4]> =
            node.inputs().iter().map(|x| env.get(x.key())).collect();
        if found.iter().all(Option::is_none) {
            continue;
        }
        let mut pairs = node.inputs().iter().zip(&found);
        let same = pairs.all(|(x, f)| f.is_none_or(|f| f.0.key() == x.key()));
        let x: Vec<Expr> = node
            .inputs()
            .iter()
            .zip(&found)
            .map(|(x, f)| f.map_or_else(|| x.clone(), |f| f.0.clone()))
            .collect();
        let dx: Vec<Tangent> = found.iter().map(|f| f.and_then(|f| f.1.clone())).collect();
        drop(found);
        let y = if same {
            Expr::outputs_of(node)
        } else {
            let x: SmallVec<[&Expr; 4]> = x.iter().collect();
            Expr::outputs_of(&rebind(node, &x)?)
        };
        let (y, dy) = if dx.iter().all(Option::is_none) {
            let none = vec![None; y.len()];
            (y, none)
        } else {
            let rule = standing_at(node.at(), || node.prim().rules().jvp(&x, &y, &dx))
                .map_err(|e| e.or_at(node.at()))?;
            (rule.primals.unwrap_or(y), rule.tangents)
        };
        for (i, (y, dy)) in y.into_iter().zip(dy).enumerate() {
            let key = (node.id(), i as u32);
            if dy.is_some() || y.key() != key {
                debug_assert!(dy.as_ref().is_none_or(|d| d.ty() == y.ty()), "{:?}", node.prim());
                env.insert(key, (y, dy));
            }
        }
    }
    let find = |y: &Expr| env.get(y.key()).cloned().unwrap_or_else(|| (y.clone(), None));
    Ok(outputs.iter().map(find).unzip())
}
