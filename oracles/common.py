"""What the oracle scripts share: the deterministic numbers, the JSON form, and `case`, which differentiates.

The generator: for i = 1..n in wrapping u32 arithmetic
    h = i*0x9E3779B1 + seed*0x85EBCA77;  h ^= h>>15;  h *= 0x2C1B3C6D;  h ^= h>>12;  h *= 0x297A2D39;  h ^= h>>15
    value = h / 2^31 - 1            exact in f64, in [-1, 1)
`u(seed, shape, scale)` = value*scale computed in f64, filled in row-major order, then rounded once to the dtype asked for.
"""
import json
import math
import os
import sys

os.environ.setdefault("JAX_PLATFORMS", "cpu")
import numpy as np

made = 0
HERE = os.path.dirname(os.path.abspath(__file__))


def u(seed, shape, scale=1.0, dtype=np.float64):
    i = np.arange(1, math.prod(shape) + 1, dtype=np.uint32)
    h = i * np.uint32(0x9E3779B1) + np.uint32((seed * 0x85EBCA77) & 0xFFFFFFFF)
    h ^= h >> np.uint32(15)
    h *= np.uint32(0x2C1B3C6D)
    h ^= h >> np.uint32(12)
    h *= np.uint32(0x297A2D39)
    h ^= h >> np.uint32(15)
    return ((h.astype(np.float64) / 2147483648.0 - 1.0) * scale).astype(dtype).reshape(shape)


def g(seed, shape, scale=1.0):
    """`u` rounded to three decimals: short to print, exact to read."""
    return np.round(u(seed, shape, scale), 3) + 0.0


def labels(n, k=10):
    return (np.arange(n) * 7 + 3) % k


# ---- the JSON form -------------------------------------------------------------------------------------------------

def number(x):
    """Shortest decimal that reads back to the same f64 (at most 17 digits); JSON has no NaN, so three strings."""
    if isinstance(x, (bool, np.bool_)):
        return bool(x)
    if isinstance(x, (int, np.integer)):
        return int(x)
    x = float(x)
    return x if math.isfinite(x) else "NaN" if math.isnan(x) else "inf" if x > 0 else "-inf"


DTYPES = {"float32": "f32", "int32": "i32", "int64": "i64", "uint32": "u32", "uint64": "u64", "bool": "bool"}


def array(x):
    """{"shape", "data" (row-major), "dtype" unless f64}. u64 data are hexadecimal strings."""
    x = np.asarray(x)
    data = [hex(int(v)) for v in x.ravel()] if x.dtype == np.uint64 else [number(v) for v in x.ravel()]
    a = {"shape": list(x.shape), "data": data}
    if x.dtype != np.float64:
        a["dtype"] = DTYPES[str(x.dtype)]
    return a


def arrays(d):
    return {k: array(v) for k, v in d.items()}


def small(x):
    """A difference, to two digits."""
    return float(f"{float(x):.1e}")


def difference(a, b):
    """max |a-b| / max(1, max |b|); NaN and infinities have to agree in place."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    assert a.shape == b.shape, (a.shape, b.shape)
    f = np.isfinite(b)
    assert np.array_equal(f, np.isfinite(a)) and np.array_equal(a[~f], b[~f], equal_nan=True), (a, b)
    return 0.0 if not f.any() else float(np.max(np.abs(a[f] - b[f])) / max(1.0, np.max(np.abs(b[f]))))


def versions(*names):
    from importlib.metadata import version
    return {"python": "%d.%d" % sys.version_info[:2], **{n: version(n) for n in names}}


def write(name, head, cases=None):
    """One case a line, so that a change shows as the lines that changed."""
    path = os.path.join(HERE, name)
    dump = lambda v: json.dumps(v, separators=(",", ":"), allow_nan=False)
    text = "{\n" + ",\n".join(f"{dump(k)}:{dump(v)}" for k, v in head.items())
    if cases is not None:
        text += ',\n"cases":[\n' + ",\n".join(dump(c) for c in cases) + "\n]"
    with open(path, "w") as o:
        o.write(text + "\n}\n")
    print(f"{name}: {os.path.getsize(path)/1024:.0f} KiB" + (f", {len(cases)} cases" if cases is not None else ""))


# ---- one case: a function with its derivatives -----------------------------------------------------------------------

CASE = ("inputs x (differentiable) and constants; outputs y = f(x); tangents v, jvp = Df(x) v; cotangents c, gradient and hvp = of "
        "phi(x) = sum over outputs of <c, y> : its gradient, and its Hessian times v (all inputs together); hessian where "
        "there is one input: d2 phi, shape [n, n]; discrete = outputs that have no derivative; checks = largest differences, relative to "
        "max(1, largest entry): jvp_fd and hvp_fd against central differences, the others against the library named")


def case(name, f, inputs, params=None, constants=None, discrete=None, order=2, hessian=False, against=None, fd=True,
         note=None, tolerance=1e-12, seeds=None, cotangents=None):
    """f(**inputs) -> {output: array}; against = (library, g) with g(**inputs, cotangents=c) -> (outputs, gradients or None)."""
    import jax
    import jax.numpy as jnp
    assert jax.config.jax_enable_x64
    x = {k: jnp.asarray(v, jnp.float64) for k, v in inputs.items()}
    y = f(**x)
    v = {k: jnp.asarray(g(8000 + i, a.shape)) for i, (k, a) in enumerate(x.items())}
    c = cotangents or {k: jnp.asarray(g(9000 + i, a.shape)) for i, (k, a) in enumerate(y.items())}
    if not any(a.ndim for a in y.values()) and len(y) == 1:
        c = {k: jnp.ones(()) for k in y}
    phi = lambda x: sum(jnp.sum(c[k] * o) for k, o in f(**x).items())
    r = {"name": name}
    if note:
        r["note"] = note
    if params:
        r["params"] = params
    r["inputs"] = arrays(x)
    for k, s in (seeds or {}).items():
        r["inputs"][k].update(seed=s[0], scale=s[1])
    if constants:
        r["constants"] = arrays(constants)
    r["outputs"] = arrays(y)
    if discrete:
        r["discrete"] = arrays(discrete)
    checks = {}
    gr = None
    if order >= 1:
        grad = jax.grad(phi)
        gr = grad(x)
        assert all(np.any(np.asarray(a) != 0) for a in gr.values()), (name, "a gradient that is zero everywhere tests nothing")
        dy = jax.jvp(lambda x: f(**x), (x,), (v,))[1]
        r.update(tangents=arrays(v), jvp=arrays(dy), cotangents=arrays(c), gradient=arrays(gr))
        if all(np.isfinite(np.asarray(a)).all() for a in (*dy.values(), *gr.values())):
            lhs = sum(float(jnp.sum(c[k] * dy[k])) for k in dy)
            rhs = sum(float(jnp.sum(gr[k] * v[k])) for k in v)
            assert abs(lhs - rhs) < 1e-11 * max(1, abs(lhs)), (name, lhs, rhs)
        move = lambda h: {k: x[k] + h * v[k] for k in x}
        h = 2e-4
        cd = lambda F, k: (8 * (F(move(h))[k] - F(move(-h))[k]) - (F(move(2*h))[k] - F(move(-2*h))[k])) / (12*h)
        if fd:
            checks["jvp_fd"] = max(difference(cd(lambda x: f(**x), k), dy[k]) for k in dy)
            assert checks["jvp_fd"] < 1e-7, (name, checks)
    if order >= 2:
        hv = jax.jvp(grad, (x,), (v,))[1]
        r["hvp"] = arrays(hv)
        if fd:
            checks["hvp_fd"] = max(difference(cd(grad, k), hv[k]) for k in hv)
            assert checks["hvp_fd"] < 1e-6, (name, checks)
    if hessian:
        (k,) = x
        n = x[k].size
        r["hessian"] = array(jax.hessian(lambda a: phi({k: a.reshape(x[k].shape)}))(x[k].reshape(-1)).reshape(n, n))
    if against:
        library, other = against
        yo, go = other(**{k: np.asarray(a) for k, a in x.items()}, cotangents={k: np.asarray(a) for k, a in c.items()})
        checks["value_" + library] = max(difference(y[k], yo[k]) for k in yo)
        if go is not None:
            checks["gradient_" + library] = max(difference(gr[k], go[k]) for k in go)
        assert all(d < tolerance for k, d in checks.items() if k.endswith(library)), (name, checks)
    r["checks"] = {k: small(d) for k, d in checks.items()}
    print(f"  {name:42s}", r["checks"])
    global made
    made += 1
    if made % 20 == 0:
        jax.clear_caches()                               # compiled programs of past cases would fill several GB
    return r


def torch_oracle(f):
    """Makes `against` of a torch function with the same inputs and outputs as the JAX one."""
    def other(cotangents, **x):
        import torch
        t = {k: torch.tensor(np.asarray(a), dtype=torch.float64, requires_grad=True) for k, a in x.items()}
        y = f(**t)
        phi = sum((torch.tensor(np.asarray(cotangents[k])) * o).sum() for k, o in y.items())
        gr = torch.autograd.grad(phi, list(t.values()), allow_unused=True)
        return ({k: o.detach().numpy() for k, o in y.items()},
                {k: (np.zeros(x[k].shape) if d is None else d.numpy()) for k, d in zip(t, gr)})
    return ("torch", other)
