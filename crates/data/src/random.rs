//! The source of randomness: ChaCha8, keyed by what is being drawn.
//!
//! Permutations and splits are part of what makes a run repeatable, so they must never change. The
//! whole path from seed to permutation is therefore fixed here, on nothing but the published
//! ChaCha stream, and does not pass through a library's shuffle or integer sampling, which may be
//! improved from one release to the next:
//!
//! - the 32-byte ChaCha8 key is the seed (8 bytes, little-endian), the index (likewise) and 16
//!   bytes of ASCII naming the purpose, so that no two purposes share numbers; the nonce is 0;
//! - a 64-bit draw is two successive 32-bit words of the stream, the low word first;
//! - a number below `n` is the high half of `draw · n` (128 bits), where draws whose low half is
//!   below `2⁶⁴ mod n` are drawn again, which makes every result equally likely (Lemire 2019);
//! - a shuffle is Fisher–Yates from the last position down: swap `i` with a number below `i + 1`.
//!
//! `oracles/permutation.py` does the same in Python from the published definition of ChaCha; the
//! tests hold the two together.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// What numbers are drawn for; each purpose has a stream of its own under the same seed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    /// The order of the examples in an epoch.
    Shuffle,
    /// Which examples are held out.
    HoldOut,
}

impl Purpose {
    fn tag(self) -> &'static [u8; 16] {
        match self {
            Purpose::Shuffle => b"mathesis/shuffle",
            Purpose::HoldOut => b"mathesis/holdout",
        }
    }
}

/// A stream of numbers determined by a purpose, a seed and an index such as the epoch.
pub(crate) struct Stream(ChaCha8Rng);

impl Stream {
    pub(crate) fn new(purpose: Purpose, seed: u64, index: u64) -> Stream {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&index.to_le_bytes());
        key[16..].copy_from_slice(purpose.tag());
        Stream(ChaCha8Rng::from_seed(key))
    }

    /// A number from `0..n`, each equally likely. `n` must not be 0.
    fn below(&mut self, n: u64) -> u64 {
        let uneven = n.wrapping_neg() % n; // 2^64 mod n
        loop {
            let product = u128::from(self.0.next_u64()) * u128::from(n);
            if product as u64 >= uneven {
                return (product >> 64) as u64;
            }
        }
    }

    /// Puts `items` in an order drawn from all orders alike.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            let j = self.below(i as u64 + 1) as usize;
            items.swap(i, j);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_below_n_are_even() {
        let mut stream = Stream::new(Purpose::Shuffle, 1, 0);
        let mut counts = [0u32; 6];
        for _ in 0..60_000 {
            counts[stream.below(6) as usize] += 1;
        }
        // Chi-square with 5 degrees of freedom: 20.5 is its 99.9th percentile.
        let chi_square: f64 = counts.iter().map(|&c| (f64::from(c) - 1e4).powi(2) / 1e4).sum();
        assert!(chi_square < 20.5, "{counts:?}");
    }

    #[test]
    fn large_bounds_stay_in_range() {
        let mut stream = Stream::new(Purpose::HoldOut, u64::MAX, u64::MAX);
        let n = (1 << 63) + 1; // rejects nearly half of the draws
        assert!((0..1000).all(|_| stream.below(n) < n));
    }
}
