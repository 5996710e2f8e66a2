#!/usr/bin/env python3
"""Permutations as `crates/data/src/random.rs` documents them, from the definition of ChaCha alone.

    python3 oracles/permutation.py > crates/data/tests/oracle/permutations.csv

No packages needed. ChaCha (D. J. Bernstein, 2008) with 8 rounds, a 64-bit block counter and a zero
64-bit nonce, written from the published quarter-round.
"""

import struct

MASK32 = 0xFFFFFFFF


def rotate(x: int, bits: int) -> int:
    return (x << bits | x >> (32 - bits)) & MASK32


def quarter_round(s: list[int], a: int, b: int, c: int, d: int) -> None:
    for x, y, z, bits in [(a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)]:
        s[x] = (s[x] + s[y]) & MASK32
        s[z] = rotate(s[z] ^ s[x], bits)


def words(key: bytes):
    """The key stream, 32 bits at a time."""
    counter = 0
    while True:
        start = [*struct.unpack("<4I", b"expand 32-byte k"), *struct.unpack("<8I", key)]
        start += [counter & MASK32, counter >> 32, 0, 0]
        s = list(start)
        for _ in range(4):
            for column in range(4):
                quarter_round(s, column, 4 + column, 8 + column, 12 + column)
            for i in range(4):
                quarter_round(s, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
        yield from ((x + y) & MASK32 for x, y in zip(s, start))
        counter += 1


def permutation(n: int, seed: int, epoch: int) -> list[int]:
    stream = words(struct.pack("<QQ", seed, epoch) + b"mathesis/shuffle")

    def below(bound: int) -> int:
        while True:
            product = (next(stream) | next(stream) << 32) * bound
            if product % 2**64 >= 2**64 % bound:
                return product >> 64

    order = list(range(n))
    for i in range(n - 1, 0, -1):
        j = below(i + 1)
        order[i], order[j] = order[j], order[i]
    return order


if __name__ == "__main__":
    print("n,seed,epoch,permutation")
    for n, seed, epoch in [(8, 0, 0), (8, 0, 1), (8, 1, 0), (50, 2**64 - 1, 2**40), (300, 42, 7)]:
        print(n, seed, epoch, " ".join(map(str, permutation(n, seed, epoch))), sep=",")
