"""Oracle of the samplers: writes oracles/samplers.json for crates/tensor/tests/random.rs.

    pip install jax scipy
    JAX_ENABLE_X64=1 python oracles/samplers.py

Keys, bits and samples of jax.random with jax_threefry_partitionable (the default since JAX 0.5).
"""

import json
import pathlib

import jax
import jax.numpy as jnp
from jax import random

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_threefry_partitionable", True)

N = 6


def key(seed):
    return random.key(seed, impl="threefry2x32")


def data(k):
    return [int(w) for w in random.key_data(k).ravel()]


def numbers(x):
    return [float(v) for v in jnp.ravel(x)]


cases = []
for seed in [0, 42, (1 << 40) + 7]:
    k = key(seed)
    case = {
        "seed": seed,
        "key": data(k),
        "split": data(random.split(k, 3)),
        "fold_in": [data(random.fold_in(k, i)) for i in [0, 1, 1000]],
        "bits": [int(b) for b in random.bits(k, (N,), "uint32")],
    }
    for dtype in ["float32", "float64"]:
        case[dtype] = {
            "uniform": numbers(random.uniform(k, (2, 3), dtype)),
            "uniform_between": numbers(random.uniform(k, (N,), dtype, -2.5, 1.5)),
            "normal": numbers(random.normal(k, (N,), dtype)),
            "truncated_normal": numbers(random.truncated_normal(k, -0.5, 2.0, (N,), dtype)),
            "exponential": numbers(random.exponential(k, (N,), dtype)),
            "gumbel": numbers(random.gumbel(k, (N,), dtype)),
            "bernoulli": numbers(random.bernoulli(k, jnp.asarray(0.3, dtype), (N,))),
        }
    logits = jnp.asarray([[0.5, -1.0, 2.0], [0.0, 0.0, 0.0]])
    case["categorical"] = [int(i) for i in random.categorical(k, logits, shape=(N, 2)).ravel()]
    cases.append(case)

path = pathlib.Path(__file__).with_name("samplers.json")
path.write_text(json.dumps({"jax": jax.__version__, "cases": cases}, indent=1) + "\n")
