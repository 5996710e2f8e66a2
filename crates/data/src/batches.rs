//! Batches of one size: an epoch cut so that a compiled step with one shape serves all of it.

use crate::error::{Error, ErrorKind};
use crate::shuffle;

/// Some examples, padded to the batch size.
///
/// The mean loss over the true examples is `Σ weight·loss / Σ weight`; padding has weight 0 and
/// repeats the batch's first example, so that no operation on it leaves the range of the data.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// Examples, as many as the batch size; those from `count` on are padding.
    pub indices: Vec<usize>,
    /// 1 for each true example, 0 for padding; as many as the batch size.
    pub weights: Vec<f64>,
    /// Number of true examples, from 1 to the batch size.
    pub count: usize,
}

/// The batches of one pass over some examples: every example in exactly one batch, all batches of
/// the same size, the last one padded if the division leaves a remainder.
///
/// ```
/// use data::Batches;
///
/// let batches: Vec<_> = Batches::in_order(&[10, 11, 12, 13, 14], 3)?.collect();
/// assert_eq!(batches[0].indices, [10, 11, 12]);
/// assert_eq!(batches[1].indices, [13, 14, 13]);
/// assert_eq!(batches[1].weights, [1.0, 1.0, 0.0]);
/// assert_eq!(batches[1].count, 2);
/// # Ok::<(), data::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Batches {
    order: Vec<usize>,
    size: usize,
    next: usize,
}

impl Batches {
    /// The batches of an epoch of training: `examples` in the order of
    /// [`shuffle::permutation`]`(examples.len(), seed, epoch)`.
    ///
    /// # Errors
    /// [`Argument`](ErrorKind::Argument) if `size` is 0.
    pub fn shuffled(
        examples: &[usize],
        size: usize,
        seed: u64,
        epoch: u64,
    ) -> Result<Batches, Error> {
        let order = shuffle::permutation(examples.len(), seed, epoch);
        Batches::new(order.into_iter().map(|i| examples[i]).collect(), size)
    }

    /// The batches of a pass in the given order, as for evaluation.
    ///
    /// # Errors
    /// [`Argument`](ErrorKind::Argument) if `size` is 0.
    pub fn in_order(examples: &[usize], size: usize) -> Result<Batches, Error> {
        Batches::new(examples.to_vec(), size)
    }

    fn new(order: Vec<usize>, size: usize) -> Result<Batches, Error> {
        if size == 0 {
            return Err(Error::new(
                ErrorKind::Argument,
                "batch size",
                "0 examples make no batch",
                "it must be at least 1",
            ));
        }
        Ok(Batches { order, size, next: 0 })
    }
}

impl Iterator for Batches {
    type Item = Batch;

    fn next(&mut self) -> Option<Batch> {
        let rest = &self.order[self.next..];
        let first = *rest.first()?;
        let count = rest.len().min(self.size);
        let mut indices = rest[..count].to_vec();
        indices.resize(self.size, first);
        let mut weights = vec![1.0; count];
        weights.resize(self.size, 0.0);
        self.next += count;
        Some(Batch { indices, weights, count })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = (self.order.len() - self.next).div_ceil(self.size);
        (left, Some(left))
    }
}

impl ExactSizeIterator for Batches {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_size_of_zero_is_refused() {
        assert_eq!(
            Batches::in_order(&[1], 0).unwrap_err().to_string(),
            "batch size: 0 examples make no batch; it must be at least 1"
        );
    }

    #[test]
    fn no_examples_make_no_batches() {
        assert_eq!(Batches::in_order(&[], 4).unwrap().next(), None);
    }

    proptest! {
        #[test]
        fn every_example_is_in_exactly_one_batch(
            count in 0usize..100, size in 1usize..40, seed: u64, epoch in 0u64..5
        ) {
            let examples: Vec<usize> = (0..count).map(|i| 7 * i).collect();
            let batches = Batches::shuffled(&examples, size, seed, epoch).unwrap();
            prop_assert_eq!(batches.len(), count.div_ceil(size));
            let mut seen = Vec::new();
            for batch in batches {
                prop_assert_eq!(batch.indices.len(), size);
                prop_assert_eq!(batch.weights.len(), size);
                prop_assert_eq!(batch.weights.iter().sum::<f64>(), batch.count as f64);
                prop_assert!(batch.weights[..batch.count].iter().all(|&w| w == 1.0));
                prop_assert!(batch.indices.iter().all(|i| examples.contains(i)));
                seen.extend_from_slice(&batch.indices[..batch.count]);
            }
            seen.sort_unstable();
            prop_assert_eq!(seen, examples);
        }
    }
}
