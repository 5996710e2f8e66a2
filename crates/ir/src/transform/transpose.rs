//! Reverse mode's second half: cotangents pulled back through a linear graph.

use crate::environment::Environment;
use crate::expr::{Expr, Node, RuleResult, reachable, standing_at};
use crate::prim::{Operand, Prim, Tangent};
use crate::scope::Scope;
use smallvec::SmallVec;

/// Cotangents of the placeholders `params` of the linear scope, for cotangents of the outputs:
/// `x̄ = Aᵀ ȳ` where the outputs are `A·params`.
///
/// The nodes of `scope` are exactly those that depend on the tangents; all other operands are
/// known. One walk serves all outputs.
///
/// # Errors
/// When an operation is not linear in operands that depend on the tangents, such as `while`.
pub fn transpose(
    scope: &Scope,
    outputs: &[Tangent],
    cotangents: &[Tangent],
    params: &[Expr],
) -> RuleResult<Vec<Tangent>> {
    let accumulate = |env: &mut Environment<Expr>, key, ct: Expr| {
        let sum = match env.remove(key) {
            Some(before) => &before + &ct,
            None => ct,
        };
        env.insert(key, sum);
    };
    let mut roots = vec![];
    for (y, ct) in outputs.iter().zip(cotangents) {
        if let (Some(y), Some(ct)) = (y, ct) {
            // A tangent that does not depend on the tangents is a constant: zero derivative.
            if y.in_scope(scope) {
                roots.push((y, ct));
            }
        }
    }
    let of_scope = |n: &Node| n.scope().is_some_and(|s| s.id() == scope.id());
    let nodes = reachable(roots.iter().map(|(y, _)| *y), of_scope);
    let mut env = Environment::new(params, &nodes);
    for (y, ct) in roots {
        accumulate(&mut env, y.key(), ct.clone());
    }
    for node in nodes.iter().rev() {
        if matches!(node.prim(), Prim::Placeholder(_)) {
            continue;
        }
        let ct: SmallVec<[Tangent; 1]> =
            (0..node.types().len() as u32).map(|i| env.remove((node.id(), i))).collect();
        if ct.iter().all(Option::is_none) {
            continue;
        }
        let operands: SmallVec<[Operand; 2]> = node
            .inputs()
            .iter()
            .map(|x| {
                if x.in_scope(scope) {
                    Operand::Linear(x.ty().clone())
                } else {
                    Operand::Known(x.clone())
                }
            })
            .collect();
        standing_at(node.at(), || -> RuleResult<()> {
            let pulled = node.prim().rules().transpose(&ct, &operands)?;
            for ((x, operand), ct) in node.inputs().iter().zip(&operands).zip(pulled) {
                if let (Operand::Linear(ty), Some(ct)) = (operand, ct) {
                    debug_assert_eq!(ct.ty(), ty, "cotangent of {:?}", node.prim());
                    accumulate(&mut env, x.key(), ct);
                }
            }
            Ok(())
        })
        .map_err(|e| e.or_at(node.at()))?;
    }
    Ok(params.iter().map(|p| env.remove(p.key())).collect())
}
