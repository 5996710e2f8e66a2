"""Scalar functions and their first three derivatives from mpmath at 400 digits, rounded once to f64; a table for functions.py."""
from common import *
import mpmath as mp

mp.mp.dps = 400              # d2 of gelu at 30 is 1e-190 beside a value of 30
half = mp.mpf(1) / 2
sigmoid = lambda x: 1 / (1 + mp.exp(-x)) if x >= 0 else mp.exp(x) / (1 + mp.exp(x))
softplus = lambda x: (x if x > 0 else 0) + mp.log1p(mp.exp(-abs(x)))
def gelu_tanh(x):
    y = mp.sqrt(2 / mp.pi) * (x + mp.mpf("0.044715") * x**3)
    return x * sigmoid(2 * y)                        # (1 + tanh y)/2 without cancellation

import jax
import jax.numpy as jnp
import jax.scipy.special as js

WIDE = [-30, -10, -5.5, -3, -2, -1, -0.75, -0.25, -1e-3, 1e-8, 1e-3, 0.5, 1, 2.25, 4, 7, 10, 30]
EXACT0 = WIDE[:9] + [0] + WIDE[9:]
OPEN = [-0.99, -0.5, -0.1, 1e-6, 0.3, 0.7, 0.95, 0.999]
POSITIVE = [1e-3, 0.1, 0.5, 1, 1.5, 2, 3.25, 10, 50]

# name -> (formula, mpmath, jax, points)
TABLE = {
    "gelu_erf": ("x Phi(x) = x erfc(-x/sqrt 2)/2", lambda x: x * mp.erfc(-x / mp.sqrt(2)) / 2, lambda x: jax.nn.gelu(x, approximate=False), EXACT0),
    "gelu_tanh": ("x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))/2", gelu_tanh, lambda x: jax.nn.gelu(x, approximate=True), EXACT0),
    "softplus": ("log(1 + exp x)", softplus, jax.nn.softplus, EXACT0),
    "sigmoid": ("1/(1 + exp(-x))", sigmoid, jax.nn.sigmoid, EXACT0),
    "log_sigmoid": ("-log(1 + exp(-x))", lambda x: -softplus(-x), jax.nn.log_sigmoid, EXACT0),
    "silu": ("x sigmoid(x)", lambda x: x * sigmoid(x), jax.nn.silu, EXACT0),
    "mish": ("x tanh(softplus x)", lambda x: x * mp.tanh(softplus(x)), jax.nn.mish, EXACT0),
    "elu": ("x if x > 0 else exp(x) - 1", lambda x: x if x > 0 else mp.expm1(x), jax.nn.elu, WIDE),
    "softsign": ("x/(1 + |x|)", lambda x: x / (1 + abs(x)), jax.nn.soft_sign, WIDE),
    "tanh": ("", mp.tanh, jnp.tanh, EXACT0),
    "erf": ("", mp.erf, js.erf, EXACT0),
    "erfc": ("", mp.erfc, js.erfc, EXACT0),
    "erf_inv": ("", mp.erfinv, js.erfinv, OPEN),
    "log1p": ("", mp.log1p, jnp.log1p, OPEN + [10, 1e6]),
    "expm1": ("", mp.expm1, jnp.expm1, EXACT0),
    "atanh": ("", mp.atanh, jnp.arctanh, OPEN),
    "asinh": ("", mp.asinh, jnp.arcsinh, EXACT0),
    "lgamma": ("log Gamma", mp.loggamma, js.gammaln, POSITIVE),
    "digamma": ("", mp.digamma, js.digamma, POSITIVE),
    "x_log_x": ("x log x", lambda x: x * mp.log(x), lambda x: js.xlogy(x, x), POSITIVE),
}


def table():
    out = []
    for name, (formula, exact, f, points) in TABLE.items():
        rows, jaxd = [], []
        ds = [f]
        for _ in range(3):
            ds.append(jax.grad(ds[-1]))
        for order in range(4):
            row = [mp.diff(exact, mp.mpf(x), order) if order else exact(mp.mpf(x)) for x in points]
            row = [float(mp.re(v)) for v in row]
            row = [0.0 if abs(v) < 1e-300 else v for v in row]      # below the normal numbers: an implementation may flush
            rows.append(row)
            try:
                j = np.asarray(jax.vmap(ds[order])(jnp.asarray(points, jnp.float64)))
                err = np.abs(j - row) / np.maximum(1, np.abs(row))
                jaxd.append(small(np.nanmax(err)) if np.isfinite(err).any() else None)
                if np.isnan(err).any():
                    jaxd[-1] = str(jaxd[-1]) + ", NaN at " + ", ".join(str(p) for p, e in zip(points, err) if np.isnan(e))
            except Exception:
                jaxd.append("no such derivative")
        out.append({"name": "elementwise/" + name, "formula": formula, "x": [number(p) for p in map(float, points)],
                    "f": [number(v) for v in rows[0]], "d1": [number(v) for v in rows[1]], "d2": [number(v) for v in rows[2]],
                    "d3": [number(v) for v in rows[3]], "checks": {"jax": jaxd}})
        print(f"  elementwise/{name:30s}", jaxd)
    return out
