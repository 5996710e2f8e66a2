//! Random words, many at a time.

use crate::memory::scratch;
use crate::threads::for_each_part;
use array::Array;
use array::shape::size;
use ir::prim::RandomBits;

pub(crate) fn random_bits(p: &RandomBits, keys: &Array) -> Array {
    let shape = [&keys.shape()[..keys.shape().len() - 1], &p.shape].concat();
    let (n, words) = (size(&p.shape), keys.as_slice::<u32>());
    let mut out = scratch::<u32>(size(&shape));
    for_each_part(&mut out, 1 << 13, |start, part| {
        let mut at = start;
        let mut rest = part;
        while !rest.is_empty() {
            // Words of one key, and of positions that share the upper half.
            let (key, position) = (at / n, (at % n) as u64);
            let until_carry = (1_u64 << 32) - (position & u64::from(u32::MAX));
            let count = rest.len().min(n - at % n).min(until_carry as usize);
            let (now, later) = rest.split_at_mut(count);
            let key = [words[2 * key], words[2 * key + 1]];
            threefry(key, (position >> 32) as u32, position as u32, now);
            at += count;
            rest = later;
        }
    });
    Array::from_vec(out, &shape)
}

/// The block cipher, pair by pair.
pub(crate) fn threefry2x32(keys: &Array, counters: &Array) -> Array {
    let (keys_of, counters_of) = (keys.as_slice::<u32>(), counters.as_slice::<u32>());
    let mut out = scratch::<u32>(keys_of.len());
    for_each_part(&mut out, 1 << 12, |start, part| {
        let pairs = keys_of[start..].chunks_exact(2).zip(counters_of[start..].chunks_exact(2));
        for (o, (key, counter)) in part.chunks_exact_mut(2).zip(pairs) {
            let words = special::threefry2x32([key[0], key[1]], [counter[0], counter[1]]);
            o.copy_from_slice(&words);
        }
    });
    Array::from_vec(out, keys.shape())
}

/// `out[i] = a ⊕ b` with `(a, b) = threefry2x32(key, (high, low + i))`, side by side in vectors.
/// Source: see [`special::threefry2x32`], which this computes.
fn threefry(key: [u32; 2], high: u32, low: u32, out: &mut [u32]) {
    const LANES: usize = 16;
    const PARITY: u32 = 0x1bd1_1bda;
    const ROTATIONS: [[u32; 4]; 2] = [[13, 15, 26, 6], [17, 29, 16, 24]];
    let keys = [key[0], key[1], PARITY ^ key[0] ^ key[1]];
    for (block, out) in out.chunks_mut(LANES).enumerate() {
        let mut a = [high.wrapping_add(keys[0]); LANES];
        let first = low.wrapping_add((block * LANES) as u32).wrapping_add(keys[1]);
        let mut b: [u32; LANES] = std::array::from_fn(|i| first.wrapping_add(i as u32));
        for group in 0..5 {
            for rotation in ROTATIONS[group % 2] {
                for (a, b) in a.iter_mut().zip(&mut b) {
                    *a = a.wrapping_add(*b);
                    *b = b.rotate_left(rotation) ^ *a;
                }
            }
            let (to_a, to_b) = (keys[(group + 1) % 3], keys[(group + 2) % 3]);
            for (a, b) in a.iter_mut().zip(&mut b) {
                *a = a.wrapping_add(to_a);
                *b = b.wrapping_add(to_b).wrapping_add(group as u32 + 1);
            }
        }
        for ((o, a), b) in out.iter_mut().zip(a).zip(b) {
            *o = a ^ b;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ir::Primitive;

    #[test]
    fn words_are_those_of_the_reference() {
        let keys = Array::from_vec(vec![1_u32, 2, u32::MAX, 7, 0, 0], &[3, 2]);
        for n in [0, 1, 15, 16, 17, 5000] {
            let p = RandomBits { shape: vec![n] };
            assert_eq!(random_bits(&p, &keys), p.eval(&[&keys]).unwrap()[0]);
        }
    }

    #[test]
    fn the_upper_half_of_the_position_counts() {
        let mut out = [0; 20];
        threefry([3, 4], 5, u32::MAX - 25, &mut out);
        for (i, &word) in (0..).zip(&out) {
            assert_eq!(word, RandomBits::word([3, 4], (5 << 32) + u64::from(u32::MAX - 25) + i));
        }
    }
}
