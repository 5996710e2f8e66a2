"""Ten Adam steps of a 784-512-256-10 network, in three independent implementations and two precisions -> mlp_adam.json."""
from common import *
import jax
import jax.numpy as jnp
import optax
import torch

jax.config.update("jax_enable_x64", True)
SIZES, BATCH, STEPS, LR, B1, B2, EPS = [784, 512, 256, 10], 128, 10, 1e-3, 0.9, 0.999, 1e-8


def parameters(dtype):
    """W_k [in, out] = u(seed k, scale 1/sqrt(in)) for k = 1, 2, 3; b_k = 0."""
    return [(u(k + 1, (a, b), 1 / math.sqrt(a), dtype), np.zeros(b, dtype)) for k, (a, b) in enumerate(zip(SIZES, SIZES[1:]))]


def batch(s, dtype):
    return u(100 + s, (BATCH, SIZES[0]), 1.0, dtype), labels(BATCH)


def summary(params):
    out = {}
    for k, (W, b) in enumerate(params):
        for n, a in (("W", W), ("b", b)):
            a = np.asarray(a, np.float64)
            out[f"{n}{k+1}"] = {"sum": number(a.sum()), "sum_abs": number(np.abs(a).sum()), "first": [number(v) for v in a.ravel()[:4]]}
    return out


def run_jax(act, dtype):
    act = {"tanh": jnp.tanh, "relu": jax.nn.relu}[act]

    def loss(p, x, y):
        for W, b in p[:-1]:
            x = act(x @ W + b)
        z = x @ p[-1][0] + p[-1][1]
        return optax.softmax_cross_entropy_with_integer_labels(z, y).mean()

    opt = optax.adam(LR, B1, B2, EPS)
    p = jax.tree.map(jnp.asarray, parameters(dtype))
    state = opt.init(p)

    @jax.jit
    def step(p, state, x, y):
        l, d = jax.value_and_grad(loss)(p, x, y)
        up, state = opt.update(d, state)
        p = optax.apply_updates(p, up)
        return p, state, l, loss(p, x, y)

    before, after = [], []
    with jax.default_matmul_precision("highest"):
        for s in range(STEPS):
            p, state, l0, l1 = step(p, state, *batch(s, dtype))
            assert l0.dtype == dtype and p[0][0].dtype == dtype
            before.append(float(l0)), after.append(float(l1))
    return before, after, p


def run_torch(act, dtype):
    act = {"tanh": torch.tanh, "relu": torch.relu}[act]
    p = [tuple(torch.tensor(a, requires_grad=True) for a in wb) for wb in parameters(dtype)]
    opt = torch.optim.Adam([a for wb in p for a in wb], lr=LR, betas=(B1, B2), eps=EPS)

    def loss(x, y):
        for W, b in p[:-1]:
            x = act(x @ W + b)
        return torch.nn.functional.cross_entropy(x @ p[-1][0] + p[-1][1], y)

    before, after = [], []
    for s in range(STEPS):
        x, y = map(torch.tensor, batch(s, dtype))
        opt.zero_grad()
        l = loss(x, y)
        l.backward()
        opt.step()
        before.append(l.item()), after.append(loss(x, y).item())
    return before, after, [tuple(a.detach().numpy() for a in wb) for wb in p]


def run_numpy(act, dtype):
    """Written out by hand: no automatic differentiation and no optimiser library."""
    f, df = {"tanh": (np.tanh, lambda h: 1 - h * h), "relu": (lambda a: np.maximum(a, 0), lambda h: (h > 0).astype(dtype))}[act]
    p = [a for wb in parameters(dtype) for a in wb]
    m, v = [np.zeros_like(a) for a in p], [np.zeros_like(a) for a in p]

    def forward(x, y):
        h1 = f(x @ p[0] + p[1])
        h2 = f(h1 @ p[2] + p[3])
        z = h2 @ p[4] + p[5]
        z = z - z.max(1, keepdims=True)
        logp = z - np.log(np.exp(z).sum(1, keepdims=True))
        return h1, h2, logp, -logp[np.arange(len(y)), y].mean()

    before, after = [], []
    for s in range(STEPS):
        x, y = batch(s, dtype)
        h1, h2, logp, l = forward(x, y)
        dz = np.exp(logp)
        dz[np.arange(BATCH), y] -= 1
        dz = dz / dtype(BATCH)
        d2 = (dz @ p[4].T) * df(h2)
        d1 = (d2 @ p[2].T) * df(h1)
        d = [x.T @ d1, d1.sum(0), h1.T @ d2, d2.sum(0), h2.T @ dz, dz.sum(0)]
        t = s + 1
        for i in range(6):
            m[i] = dtype(B1) * m[i] + dtype(1 - B1) * d[i]
            v[i] = dtype(B2) * v[i] + dtype(1 - B2) * d[i] * d[i]
            p[i] = p[i] - dtype(LR) * (m[i] / dtype(1 - B1**t)) / (np.sqrt(v[i] / dtype(1 - B2**t)) + dtype(EPS))
        assert all(a.dtype == dtype for a in p)
        before.append(float(l)), after.append(float(forward(x, y)[3]))
    return before, after, list(zip(p[::2], p[1::2]))


cases, libraries = [], {"jax": run_jax, "torch": run_torch, "numpy": run_numpy}
for act in ("tanh", "relu"):
    got = {}
    for dt, dtype in (("f64", np.float64), ("f32", np.float32)):
        for lib, run in libraries.items():
            got[lib, dt] = run(act, dtype)
    gap = lambda a, b: small(max(abs(p - q) for i in (0, 1) for p, q in zip(got[a][i], got[b][i])))
    for dt in ("f64", "f32"):
        cases.append({
            "activation": act, "dtype": dt,
            "loss_before": {l: [number(v) for v in got[l, dt][0]] for l in libraries},
            "loss_after": {l: [number(v) for v in got[l, dt][1]] for l in libraries},
            "final_parameters_jax": summary(got["jax", dt][2]),
            "largest_loss_difference": {"jax_torch": gap(("jax", dt), ("torch", dt)), "jax_numpy": gap(("jax", dt), ("numpy", dt)),
                                        "torch_numpy": gap(("torch", dt), ("numpy", dt)),
                                        **({f"{l}_to_jax_f64": gap((l, "f32"), ("jax", "f64")) for l in libraries} if dt == "f32" else {})},
        })
        print(act, dt, cases[-1]["largest_loss_difference"], cases[-1]["loss_before"]["jax"])
        assert cases[-1]["largest_loss_difference"]["jax_torch"] < (1e-11 if dt == "f64" else 1e-4)

write("mlp_adam.json", {
    "about": "Losses of a 784-512-256-10 network over ten Adam steps, each on a fresh batch; nothing random, nothing stored: all inputs come from u(seed, shape, scale) (README).",
    "network": "h1 = act(x W1 + b1); h2 = act(h1 W2 + b2); z = h2 W3 + b3; loss = mean over the batch of softmax cross-entropy(z, label)",
    "parameters": {f"W{k+1}": {"shape": [a, b], "seed": k + 1, "scale": "1/sqrt(%d)" % a} for k, (a, b) in enumerate(zip(SIZES, SIZES[1:]))} | {"b": "zeros"},
    "batches": {"steps": "s = 0..9", "x": {"shape": [BATCH, 784], "seed": "100 + s", "scale": 1}, "labels": "(7 i + 3) mod 10 for row i, the same every step"},
    "precision": "f32: u computed in f64, multiplied by the scale in f64, rounded once to f32; all else in f32. f64: not rounded",
    "adam": {"lr": LR, "b1": B1, "b2": B2, "eps": EPS, "weight_decay": 0, "rule": "t = s+1; m = b1 m + (1-b1) g; v = b2 v + (1-b2) g^2; p -= lr (m/(1-b1^t)) / (sqrt(v/(1-b2^t)) + eps)"},
    "fields": "loss_before[s]: loss on batch s with the parameters before update s (what value_and_grad returns); loss_after[s]: loss on the same batch s after update s; final_parameters: sums and the first four entries (row-major) after ten steps",
    "versions": versions("jax", "optax", "torch", "numpy"),
}, cases)
