//! Threefry-2x32: random bits as a pure function of a key and a counter.

/// The 64 random bits that the Threefry-2x32 generator with 20 rounds assigns to a counter.
///
/// Threefry is the block cipher Threefish with its work cut to what randomness needs: for each key,
/// a bijection of the 2⁶⁴ counters that no known statistical test tells from a random one. Drawing
/// in parallel means handing out counters; no state is shared, and no sample depends on who drew
/// it. Identical, bit for bit, with Random123 and with `jax.random`'s default generator.
///
/// Source: J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, *Parallel random numbers: as easy as
/// 1, 2, 3*, SC11 (2011).
///
/// ```
/// assert_eq!(special::threefry2x32([0, 0], [0, 0]), [0x6b20_0159, 0x99ba_4efe]);
/// ```
pub fn threefry2x32(key: [u32; 2], counter: [u32; 2]) -> [u32; 2] {
    let keys = [key[0], key[1], PARITY ^ key[0] ^ key[1]];
    let mut x = [counter[0].wrapping_add(keys[0]), counter[1].wrapping_add(keys[1])];
    for group in 0..5 {
        for rotation in ROTATIONS[group % 2] {
            x[0] = x[0].wrapping_add(x[1]);
            x[1] = x[1].rotate_left(rotation) ^ x[0];
        }
        // After every fourth round a word of the extended key is added to each half.
        x[0] = x[0].wrapping_add(keys[(group + 1) % 3]);
        x[1] = x[1].wrapping_add(keys[(group + 2) % 3]).wrapping_add(group as u32 + 1);
    }
    x
}

/// `SKEIN_KS_PARITY32` of Random123: keeps the extended key of the zero key from being all zero
/// (Salmon et al. 2011, after the Skein hash, version 1.3).
const PARITY: u32 = 0x1bd1_1bda;

/// Rotation distances of the rounds, `R_32x2` in Random123's `threefry.h`: alternately four from
/// each row.
const ROTATIONS: [[u32; 4]; 2] = [[13, 15, 26, 6], [17, 29, 16, 24]];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_answers_of_random123() {
        // File kat_vectors of Random123, rows "threefry2x32 20".
        let ones = u32::MAX;
        assert_eq!(threefry2x32([0, 0], [0, 0]), [0x6b200159, 0x99ba4efe]);
        assert_eq!(threefry2x32([ones, ones], [ones, ones]), [0x1cb996fc, 0xbb002be7]);
        assert_eq!(
            threefry2x32([0x13198a2e, 0x03707344], [0x243f6a88, 0x85a308d3]),
            [0xc4923a9c, 0x483df7a0]
        );
    }

    #[test]
    fn one_bit_of_the_counter_changes_half_of_the_output() {
        // Avalanche: over 64 single-bit flips the mean Hamming distance of 64 bits is 32, with
        // standard error √(16/64) = 0.5; five of them leave room for nothing but a bug.
        let distance = |a: [u32; 2], b: [u32; 2]| {
            (a[0] ^ b[0]).count_ones() as f64 + (a[1] ^ b[1]).count_ones() as f64
        };
        let base = threefry2x32([1, 2], [0, 0]);
        let total: f64 = (0..64)
            .map(|bit| {
                let mut counter = [0, 0];
                counter[bit / 32] = 1 << (bit % 32);
                distance(base, threefry2x32([1, 2], counter))
            })
            .sum();
        assert!((total / 64.0 - 32.0).abs() < 2.5, "mean distance {}", total / 64.0);
    }
}
