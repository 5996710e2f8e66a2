//! Where the decisions of a generator come from: a seed, or the bytes of a fuzzer.

/// A sequence of decisions.
#[derive(Clone, Debug)]
pub struct Choices<'a> {
    state: u64,
    bytes: Option<&'a [u8]>,
}

impl<'a> Choices<'a> {
    /// Endless and pseudo-random, the same on every machine (SplitMix64; Steele, Lea, Flood
    /// 2014).
    pub fn from_seed(seed: u64) -> Choices<'static> {
        let state = seed.wrapping_mul(0xD134_2543_DE82_EF95) ^ 0x632B_E59B_D9B4_E019;
        Choices { state, bytes: None }
    }

    /// Taken from these bytes, one for a decision among up to 256: a fuzzer that changes a byte
    /// changes a decision. Behind the last byte, always the first possibility.
    pub fn from_bytes(bytes: &'a [u8]) -> Choices<'a> {
        Choices { state: 0, bytes: Some(bytes) }
    }

    /// Whether nothing is left to decide with.
    pub fn exhausted(&self) -> bool {
        self.bytes.is_some_and(<[u8]>::is_empty)
    }

    fn word(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `n`.
    ///
    /// # Panics
    /// When `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        let Some(mut bytes) = self.bytes else { return (self.word() % n as u64) as usize };
        let (mut value, mut largest) = (0_usize, 0_usize);
        while largest < n - 1
            && let Some((&first, rest)) = bytes.split_first()
        {
            (value, largest) = ((value << 8) | usize::from(first), (largest << 8) | 255);
            bytes = rest;
        }
        self.bytes = Some(bytes);
        value % n
    }

    /// True once in `one_in` times.
    pub fn chance(&mut self, one_in: usize) -> bool {
        // The last possibility, so that exhausted bytes take the plain way.
        self.below(one_in) == one_in - 1
    }

    /// One of these.
    ///
    /// # Panics
    /// When there are none.
    pub fn pick<'b, T>(&mut self, all: &'b [T]) -> &'b T {
        &all[self.below(all.len())]
    }

    /// An order of `0..n`.
    pub fn permutation(&mut self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        for i in (1..n).rev() {
            let k = self.below(i + 1);
            order.swap(i, i - k);
        }
        order
    }

    /// Some of `0..n`, in order.
    pub fn subset(&mut self, n: usize) -> Vec<usize> {
        (0..n).filter(|_| self.chance(2)).collect()
    }

    /// A sequence of its own, endless also where this one comes from bytes: for data, of which
    /// there is more than of decisions.
    pub fn seed(&mut self) -> u64 {
        match self.bytes {
            None => self.word(),
            Some(_) => self.below(1 << 16) as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_decide_one_by_one_and_then_the_first() {
        let mut choices = Choices::from_bytes(&[7, 1, 2, 255]);
        assert_eq!(choices.below(5), 2);
        assert_eq!(choices.below(1), 0); // no decision, no byte
        assert_eq!(choices.below(1000), 258);
        assert!(!choices.exhausted());
        assert_eq!(choices.below(256), 255);
        assert!(choices.exhausted());
        assert_eq!((choices.below(9), choices.chance(3)), (0, false));
        assert_eq!(choices.permutation(4), [0, 1, 2, 3]);
    }

    #[test]
    fn permutations_are_permutations() {
        let mut choices = Choices::from_seed(1);
        for n in 0..7 {
            let mut order = choices.permutation(n);
            order.sort_unstable();
            assert!(order.into_iter().eq(0..n));
        }
    }
}
