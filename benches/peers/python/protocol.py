"""What the Python workers share: the data, the line protocol, the clock.

A line `ROW SECONDS` comes in, a line `@@{json}` goes out; the first line out says that the worker is
ready. A row is a function that returns a step and the numbers to check; it is made once.
"""

import json
import math
import os
import sys
import time

import numpy as np

SAMPLE = 2e-4  # the shortest sample, in seconds
MOST_SAMPLES = 2000
FEWEST_SAMPLES = 5

WIDTHS = (784, 512, 256, 10)
SMALL = (64, 32, 32, 10)
TINY = (2, 16, 1)


def uniform(seed, shape, scale=1.0, dtype=np.float32):
    """Numbers in [-scale, scale) from a hash of their positions, which count from 1."""
    n = math.prod(shape)
    h = np.arange(1, n + 1, dtype=np.uint64) * 0x9E3779B1 + seed * 0x85EBCA77
    h = (h & 0xFFFFFFFF).astype(np.uint32)
    for shift, factor in ((15, 0x2C1B3C6D), (12, 0x297A2D39)):
        h ^= h >> np.uint32(shift)
        h = (h.astype(np.uint64) * factor & 0xFFFFFFFF).astype(np.uint32)
    h ^= h >> np.uint32(15)
    return ((h / 2.0**31 - 1.0) * scale).astype(dtype).reshape(shape)


def labels(n):
    return (7 * np.arange(n, dtype=np.int64) + 3) % 10


def weights(seed, inputs, outputs):
    return uniform(seed, (inputs, outputs), 1.0 / math.sqrt(inputs))


def layers(widths):
    """Weights [inputs, outputs] and zero offsets, seeds 1, 2, …"""
    pairs = zip(widths[:-1], widths[1:])
    return [(weights(k, a, b), np.zeros(b, np.float32)) for k, (a, b) in enumerate(pairs, 1)]


class Rows:
    """Functions by the names of the rows that they make."""

    def __init__(self):
        self.makers = {}

    def row(self, *names):
        def register(maker):
            self.makers.update({name: maker for name in names})
            return maker

        return register

    def make(self, name):
        if name.startswith("gemm_"):
            _, dtype, sizes = name.split("_")
            sizes = [int(n) for n in sizes.split("x")]
            m, k, n = sizes if len(sizes) == 3 else sizes * 3
            return self.makers["gemm"]({"f32": np.float32, "f64": np.float64}[dtype], m, k, n)
        maker = self.makers.get(name)
        return maker(name) if maker else None

    def serve(self, label):
        out = os.fdopen(os.dup(1), "w")  # libraries print to the standard output too
        os.dup2(2, 1)

        def say(**fields):
            out.write("@@" + json.dumps(fields) + "\n")
            out.flush()

        say(ready=label)
        made = {}
        for line in sys.stdin:
            words = line.split()
            if not words:
                continue
            if words[0] == "quit":
                break
            name, seconds = words[0], float(words[1])
            try:
                if name not in made:
                    made[name] = self.make(name)
                    if made[name]:
                        warm_up(made[name][0], seconds)
                if made[name] is None:
                    say(w=name, fw=label, na=True)
                    continue
                step, checks = made[name]
                say(w=name, fw=label, **checks, **measure(step, seconds))
            except Exception as error:  # a row that fails must not end the worker
                made[name] = None
                say(w=name, fw=label, err=f"{type(error).__name__}: {error}"[:300])


def warm_up(step, seconds):
    start = time.perf_counter()
    steps = 0
    while steps < 3 or time.perf_counter() - start < min(0.5, seconds):
        step()
        steps += 1


def measure(step, seconds):
    """Quantiles of seconds per step, over samples that are long enough for the clock."""
    start = time.perf_counter()
    step()
    inner = max(1, int(SAMPLE / max(time.perf_counter() - start, 1e-9)))
    samples = []
    start = time.perf_counter()
    end, patience = start + seconds, start + 6 * seconds + 5
    while len(samples) < MOST_SAMPLES:
        before = time.perf_counter()
        if before >= end and (len(samples) >= FEWEST_SAMPLES or before >= patience):
            break
        for _ in range(inner):
            step()
        samples.append((time.perf_counter() - before) / inner)
    samples.sort()

    def quantile(p):
        return samples[min(len(samples) - 1, int(p * len(samples)))]

    return dict(
        median=quantile(0.5), min=samples[0], p25=quantile(0.25), p75=quantile(0.75),
        n=len(samples), inner=inner,
    )
