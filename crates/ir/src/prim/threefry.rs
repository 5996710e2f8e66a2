//! The block cipher behind random bits, on counters that are data.

use super::family::{arity, elementwise_batch, no_cotangents, same_types};
use super::{BatchAxis, Batched, Example, Fill, Jvp, Operand, Primitive, Tangent};
use crate::error::{TypeError, ensure};
use crate::expr::{Expr, RuleResult, bind1};
use array::{Array, DType, Type};
use serde::{Deserialize, Serialize};

/// `threefry2x32(key, counter)`, 20 rounds: `u32[…, 2], u32[…, 2] → u32[…, 2]`, pair by pair along
/// the last axis.
///
/// [`RandomBits`](super::RandomBits) counts by itself and folds each pair into one word, which is
/// what samples need; keys that are made from keys, and 64-bit words, need the pair.
///
/// Source: see [`special::threefry2x32`]; `jax._src.prng.threefry2x32_p`.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Threefry {}

impl Expr {
    /// This key applied to counters; see [`Threefry`].
    #[track_caller]
    pub fn threefry(&self, counters: &Expr) -> Expr {
        bind1(Threefry {}, &[self, counters])
    }
}

impl Primitive for Threefry {
    fn name(&self) -> &'static str {
        "threefry2x32"
    }
    fn typ(&self, x: &[&Type]) -> Result<Vec<Type>, TypeError> {
        arity(x, 2)?;
        same_types(x)?;
        ensure(x[0].dtype == DType::U32 && x[0].shape.last() == Some(&2), || {
            format!("keys and counters are u32[…,2], got {}", x[0])
        })?;
        Ok(vec![x[0].clone()])
    }
    fn eval(&self, x: &[&Array]) -> RuleResult<Vec<Array>> {
        let pairs = |a: &'_ Array| -> Vec<[u32; 2]> {
            a.as_slice::<u32>().chunks_exact(2).map(|p| [p[0], p[1]]).collect()
        };
        let words: Vec<u32> = pairs(x[0])
            .into_iter()
            .zip(pairs(x[1]))
            .flat_map(|(key, counter)| special::threefry2x32(key, counter))
            .collect();
        Ok(vec![Array::from_vec(words, x[0].shape())])
    }
    fn jvp(&self, _: &[Expr], _: &[Expr], _: &[Tangent]) -> RuleResult<Jvp> {
        Ok(None.into())
    }
    fn transpose(&self, _: &[Tangent], x: &[Operand]) -> RuleResult<Vec<Tangent>> {
        no_cotangents(self, x)
    }
    fn batch(&self, x: &[Expr], batched: &[bool], axis: &BatchAxis) -> RuleResult<Vec<Batched>> {
        elementwise_batch(self, x, batched, axis)
    }
    /// Of integers: 20 rounds of an addition, a rotation and an exclusive or, per pair.
    fn flops(&self, _: &[Type], y: &[Type]) -> u64 {
        30 * y[0].len() as u64
    }
    crate::no_programs!();
    fn examples() -> Vec<Example> {
        [&[2][..], &[3, 2], &[0, 2], &[2, 1, 2]]
            .map(|shape| {
                Example::new(Threefry {}, &[shape, shape])
                    .dtype(0, DType::U32)
                    .dtype(1, DType::U32)
                    .fill_all(&Fill::Values(vec![256.0, 7.0, 42.0, 4294967295.0, 0.0]))
                    .without_derivative("integers")
            })
            .into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::evaluate;

    /// File kat_vectors of Random123, rows "threefry2x32 20".
    #[test]
    fn known_answers() {
        let ones = u32::MAX;
        let pairs = |values: Vec<u32>| Expr::constant(Array::from_vec(values, &[2, 2]));
        let keys = pairs(vec![0, 0, ones, ones]);
        let words = evaluate(&keys.threefry(&keys)).unwrap().to_vec::<u32>();
        assert_eq!(words, [0x6b200159, 0x99ba4efe, 0x1cb996fc, 0xbb002be7]);
    }
}
