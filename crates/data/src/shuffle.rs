//! The order of examples in an epoch.

use crate::random::{Purpose, Stream};

/// A permutation of `0..n`, all equally likely, determined by `seed` and `epoch` for ever: neither
/// a new version of this crate nor another machine changes it.
///
/// ```
/// assert_eq!(data::shuffle::permutation(8, 0, 0), [3, 1, 4, 2, 0, 7, 6, 5]);
/// assert_ne!(data::shuffle::permutation(8, 0, 1), data::shuffle::permutation(8, 0, 0));
/// ```
pub fn permutation(n: usize, seed: u64, epoch: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    Stream::new(Purpose::Shuffle, seed, epoch).shuffle(&mut order);
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permutations_are_those_of_the_oracle() {
        // From `oracles/permutation.py`.
        let table = include_str!("../tests/oracle/permutations.csv");
        let mut seen = 0;
        for line in table.lines().skip(1) {
            let mut fields = line.split(',');
            let mut next = || fields.next().unwrap();
            let [n, seed, epoch] =
                [next(), next(), next()].map(|field| field.parse::<u64>().unwrap());
            let expected: Vec<usize> =
                next().split(' ').map(|field| field.parse().unwrap()).collect();
            assert_eq!(permutation(n as usize, seed, epoch), expected, "{n}, {seed}, {epoch}");
            seen += 1;
        }
        assert_eq!(seen, 5);
    }

    #[test]
    fn every_order_is_equally_likely() {
        let mut counts = std::collections::BTreeMap::new();
        for epoch in 0..24_000 {
            *counts.entry(permutation(4, 3, epoch)).or_insert(0u32) += 1;
        }
        assert_eq!(counts.len(), 24);
        // Chi-square with 23 degrees of freedom: 49.7 is its 99.9th percentile.
        let chi_square: f64 = counts.values().map(|&c| (f64::from(c) - 1e3).powi(2) / 1e3).sum();
        assert!(chi_square < 49.7, "{chi_square}");
    }

    #[test]
    fn nothing_and_one_are_permuted_too() {
        assert!(permutation(0, 1, 2).is_empty());
        assert_eq!(permutation(1, 1, 2), [0]);
    }
}
