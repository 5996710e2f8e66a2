//! Rules shared by whole families of primitives, each named after the theorem it states.

use super::{BatchAxis, Batched, Operand, Primitive, Tangent};
use crate::error::{RuleError, TypeError};
use crate::expr::{Expr, RuleResult, bind1};
use crate::prim::Prim;
use array::Type;
use array::shape::same;

/// Implements [`Primitive::programs`] for an operation without bodies.
#[macro_export]
macro_rules! no_programs {
    () => {
        fn programs(&self) -> Vec<&std::sync::Arc<$crate::Program>> {
            vec![]
        }
        fn programs_mut(&mut self) -> Vec<&mut std::sync::Arc<$crate::Program>> {
            vec![]
        }
    };
}

/// `dy = p(dx)` for an operation that is linear in its only input.
pub(crate) fn linear_jvp<P: Primitive + Clone + Into<Prim>>(p: &P, dx: &[Tangent]) -> Tangent {
    dx[0].as_ref().map(|dx| bind1(p.clone(), &[dx]))
}

/// The error of a transpose that does not exist.
pub(crate) fn not_linear<T>(p: &dyn Primitive) -> RuleResult<T> {
    Err(RuleError::new(
        p.name(),
        "transpose",
        "it is not linear in the inputs that depend on the tangents (reverse mode transposes a \
         linear program; this is a defect in a derivative rule, or a user rule that is not linear)",
    ))
}

/// The transpose of an operation through which no tangent ever flows.
pub(crate) fn no_cotangents(p: &dyn Primitive, x: &[Operand]) -> RuleResult<Vec<Tangent>> {
    if x.iter().any(Operand::is_linear) { not_linear(p) } else { Ok(vec![None; x.len()]) }
}

/// Element-by-element operations commute with batching once every operand carries the axis.
pub(crate) fn elementwise_batch<P: Primitive + Clone + Into<Prim>>(
    p: &P,
    x: &[Expr],
    batched: &[bool],
    axis: &BatchAxis,
) -> RuleResult<Vec<Batched>> {
    let x = all_in_front(x, batched, axis);
    Ok(vec![(bind1(p.clone(), &x.iter().collect::<Vec<_>>()), true)])
}

/// Every operand with the batch axis in front, repeated where it had none.
pub(crate) fn all_in_front(x: &[Expr], batched: &[bool], axis: &BatchAxis) -> Vec<Expr> {
    x.iter().zip(batched).map(|(x, &b)| in_front(x, b, axis)).collect()
}

/// One operand with the batch axis in front, repeated where it had none.
pub(crate) fn in_front(x: &Expr, batched: bool, axis: &BatchAxis) -> Expr {
    if batched {
        return x.clone();
    }
    let shape = [&[axis.size], x.shape()].concat();
    x.broadcast_in_dim(&shape, &(1..=x.rank()).collect::<Vec<_>>())
}

/// The sum of two tangents.
pub(crate) fn add_tangents(a: Tangent, b: Tangent) -> Tangent {
    match (a, b) {
        (Some(a), Some(b)) => Some(&a + &b),
        (a, b) => a.or(b),
    }
}

/// The number of operands must be `n`.
pub(crate) fn arity(x: &[&Type], n: usize) -> Result<(), TypeError> {
    crate::error::ensure(x.len() == n, || format!("takes {n} operands, got {}", x.len()))
}

/// Every operand must have the first one's type.
pub(crate) fn same_types(x: &[&Type]) -> Result<(), TypeError> {
    crate::error::ensure(x.windows(2).all(|w| same(&w[0].shape, &w[1].shape)), || {
        "operand shapes must agree".to_string()
    })?;
    crate::error::ensure(x.windows(2).all(|w| w[0].dtype == w[1].dtype), || {
        "operand dtypes must agree; convert one of them".to_string()
    })
}

/// The operand must be an array of floats.
pub(crate) fn floating(x: &Type) -> Result<(), TypeError> {
    crate::error::ensure(x.dtype.is_float(), || format!("needs floats, got {}", x.dtype))
}
