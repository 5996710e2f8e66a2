//! Random bits as a function of a key.

use super::family::{arity, no_cotangents};
use super::{BatchAxis, Batched, Example, Fill, Jvp, Operand, Primitive, Tangent};
use crate::error::{TypeError, ensure};
use crate::expr::{Expr, RuleResult, bind1};
use array::{Array, DType, Type};
use serde::{Deserialize, Serialize};

/// Random 32-bit words: `key: u32[…, 2] → u32[…, shape…]`.
///
/// Word `i` (the row-major position within `shape`, as a 64-bit number) is
/// `a ⊕ b` where `(a, b) = threefry2x32(key, (⌊i / 2³²⌋, i mod 2³²))`, 20 rounds. So every word is
/// a function of its key and its position alone: the same for any number of threads, a prefix of
/// any longer draw, and unchanged by `vmap`, which is nothing but leading axes on the key.
/// Bit for bit `jax.random.bits(key, shape, "uint32")` with `jax_threefry_partitionable` set
/// (JAX's default since version 0.5), where the key of `seed` is `(⌊seed / 2³²⌋, seed mod 2³²)`.
///
/// There is no derivative: everything smooth that is drawn is a function of these bits.
///
/// Source: see [`special::threefry2x32`].
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct RandomBits {
    /// Shape of the words drawn from each key.
    pub shape: Vec<usize>,
}

impl RandomBits {
    /// The word at a position.
    pub fn word(key: [u32; 2], position: u64) -> u32 {
        let [a, b] = special::threefry2x32(key, [(position >> 32) as u32, position as u32]);
        a ^ b
    }
}

impl Expr {
    /// Random words from this key; see [`RandomBits`].
    #[track_caller]
    pub fn random_bits(&self, shape: &[usize]) -> Expr {
        bind1(RandomBits { shape: shape.to_vec() }, &[self])
    }
}

impl Primitive for RandomBits {
    fn name(&self) -> &'static str {
        "random_bits"
    }
    fn typ(&self, x: &[&Type]) -> Result<Vec<Type>, TypeError> {
        arity(x, 1)?;
        ensure(x[0].dtype == DType::U32 && x[0].shape.last() == Some(&2), || {
            format!("a key is u32[…,2], got {}", x[0])
        })?;
        let keys = &x[0].shape[..x[0].rank() - 1];
        Ok(vec![x[0].with_shape([keys, &self.shape].concat())])
    }
    fn eval(&self, x: &[&Array]) -> RuleResult<Vec<Array>> {
        let (keys, n) = (x[0].as_slice::<u32>(), array::shape::size(&self.shape) as u64);
        let words = keys
            .chunks_exact(2)
            .flat_map(|key| (0..n).map(|i| RandomBits::word([key[0], key[1]], i)))
            .collect();
        let leading = &x[0].shape()[..x[0].shape().len() - 1];
        Ok(vec![Array::from_vec(words, &[leading, &self.shape].concat())])
    }
    fn jvp(&self, _: &[Expr], _: &[Expr], _: &[Tangent]) -> RuleResult<Jvp> {
        Ok(None.into())
    }
    fn transpose(&self, _: &[Tangent], x: &[Operand]) -> RuleResult<Vec<Tangent>> {
        no_cotangents(self, x)
    }
    fn batch(&self, x: &[Expr], _: &[bool], _: &BatchAxis) -> RuleResult<Vec<Batched>> {
        Ok(vec![(x[0].random_bits(&self.shape), true)])
    }
    /// Of integers: 20 rounds of an addition, a rotation and an exclusive or.
    fn flops(&self, _: &[Type], y: &[Type]) -> u64 {
        60 * y[0].len() as u64
    }
    crate::no_programs!();
    fn examples() -> Vec<Example> {
        let of = |shape: &[usize], key: &[usize]| {
            Example::new(RandomBits { shape: shape.to_vec() }, &[key])
                .dtype(0, DType::U32)
                .fill(0, Fill::Values(vec![256.0, 7.0, 42.0, 4294967295.0, 0.0, 1.0, 3.0]))
                .without_derivative("integers")
        };
        vec![of(&[5], &[2]), of(&[2, 3], &[3, 2]), of(&[], &[2, 2, 2]), of(&[0, 2], &[2])]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::evaluate;
    use crate::transform::{batch_program, trace};

    fn draw(key: [u32; 2], shape: &[usize]) -> Vec<u32> {
        let key = Expr::constant(Array::from_vec(key.to_vec(), &[2]));
        evaluate(&key.random_bits(shape)).unwrap().to_vec()
    }

    #[test]
    fn the_high_half_of_the_position_is_the_first_word_of_the_counter() {
        let [a, b] = special::threefry2x32([3, 4], [5, 6]);
        assert_eq!(RandomBits::word([3, 4], 5 << 32 | 6), a ^ b);
    }

    /// Uniformity of each bit over 4096 words: the count of ones is binomial with standard
    /// deviation 32; five of them leave room for nothing but a bug.
    #[test]
    fn bits_are_fair() {
        let words = draw([12, 34], &[4096]);
        for bit in 0..32 {
            let ones = words.iter().filter(|w| *w >> bit & 1 == 1).count() as f64;
            assert!((ones - 2048.0).abs() < 5.0 * 32.0, "bit {bit}: {ones} ones");
        }
    }

    #[test]
    fn vmap_never_changes_a_sample() {
        let closed = trace("test", &[Type::new(DType::U32, [2])], |x| -> RuleResult<Vec<Expr>> {
            Ok(vec![x[0].random_bits(&[3])])
        });
        let axis = BatchAxis { size: 2, name: None };
        let (batched, _) =
            batch_program(&closed.unwrap().program, &[true], &[true], &axis).unwrap();
        let keys = Array::from_vec(vec![0_u32, 42, 256, 7], &[2, 2]);
        let got = batched.eval(&[keys]).unwrap()[0].to_vec::<u32>();
        assert_eq!(got, [draw([0, 42], &[3]), draw([256, 7], &[3])].concat());
    }

    #[test]
    fn a_key_is_two_words() {
        let bits = RandomBits { shape: vec![4] };
        assert!(bits.typ(&[&Type::new(DType::U32, [3, 2])]).is_ok());
        assert!(bits.typ(&[&Type::new(DType::U32, [3])]).is_err());
        assert!(bits.typ(&[&Type::new(DType::U32, [])]).is_err());
        assert!(bits.typ(&[&Type::new(DType::I32, [2])]).is_err());
    }
}
