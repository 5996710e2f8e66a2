"""Fifty steps of each optimiser on a quadratic and on Rosenbrock's function (Muon: on a matrix), and schedules -> optimisers.json.

Every trajectory is made three times: by the formula in RULES written out in plain Python, by optax, by torch.optim."""
from common import *
import jax
import jax.numpy as jnp
import optax
import torch

jax.config.update("jax_enable_x64", True)
STEPS = 50
A = np.array([[3.0, 0.5, 0.0], [0.5, 1.0, -0.25], [0.0, -0.25, 10.0]])
b = np.array([1.0, -2.0, 0.5])
PROBLEMS = {
    "quadratic": ("x'Ax/2 - b'x", lambda x, m: 0.5 * (x @ m(A) @ x) - m(b) @ x, lambda x: A @ x - b, np.array([1.0, 1.0, -1.0])),
    "rosenbrock": ("(1 - x0)^2 + 100 (x1 - x0^2)^2", lambda x, m: (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2,
                   lambda x: np.array([-2 * (1 - x[0]) - 400 * x[0] * (x[1] - x[0] ** 2), 200 * (x[1] - x[0] ** 2)]), np.array([-1.2, 1.0])),
}

# name -> (rule in words, parameters, plain Python step(x, g, state, t), optax, torch); lr per problem
def momentum(mu, nesterov=False, wd=0.0):
    def step(x, g, s, t, lr):
        g = g + wd * x
        m = s["m"] = mu * s.get("m", 0) + g
        return x - lr * (g + mu * m if nesterov else m)
    return step
def adam(b1=0.9, b2=0.999, eps=1e-8, decay=0.0):
    def step(x, g, s, t, lr):
        m = s["m"] = b1 * s.get("m", 0) + (1 - b1) * g
        v = s["v"] = b2 * s.get("v", 0) + (1 - b2) * g * g
        x = x * (1 - lr * decay)
        return x - lr * (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + eps)
    return step
def rmsprop(alpha=0.99, eps=1e-8, mu=0.0, centred=False):
    def step(x, g, s, t, lr):
        v = s["v"] = alpha * s.get("v", 0) + (1 - alpha) * g * g
        m = s["m"] = alpha * s.get("m", 0) + (1 - alpha) * g
        b = s["b"] = mu * s.get("b", 0) + g / (np.sqrt(v - m * m if centred else v) + eps)
        return x - lr * b
    return step
def adagrad(eps=1e-10, v0=0.0):
    def step(x, g, s, t, lr):
        v = s["v"] = s.get("v", v0) + g * g
        return x - lr * g / (np.sqrt(v) + eps)
    return step
def clipped(limit):
    def step(x, g, s, t, lr):
        n = np.sqrt((g * g).sum())
        return x - lr * g * (limit / n if n > limit else 1)
    return step

def torch_clipped(limit):
    def make(p, lr):
        o = torch.optim.SGD(p, lr)
        base = o.step
        def step():  # torch's clip_grad_norm_ adds 1e-6 to the norm, so the rule is written out
            n = p[0].grad.norm()
            if n > limit:
                p[0].grad.mul_(limit / n)
            base()
        o.step = step
        return o
    return make

S, T = {"quadratic": 0.05, "rosenbrock": 5e-4}, {"quadratic": 0.1, "rosenbrock": 0.05}
OPTIMISERS = {
    "gd": ("x -= lr g", {"lr": S}, momentum(0), lambda lr: optax.sgd(lr), lambda p, lr: torch.optim.SGD(p, lr)),
    "momentum": ("m = mu m + g; x -= lr m   (m starts at 0; no dampening)", {"lr": S, "mu": 0.9}, momentum(0.9), lambda lr: optax.sgd(lr, 0.9), lambda p, lr: torch.optim.SGD(p, lr, 0.9)),
    "nesterov": ("m = mu m + g; x -= lr (g + mu m)   (torch's and optax's form: g is taken at x, not at the point ahead)", {"lr": S, "mu": 0.9},
                 momentum(0.9, True), lambda lr: optax.sgd(lr, 0.9, nesterov=True), lambda p, lr: torch.optim.SGD(p, lr, 0.9, nesterov=True)),
    "momentum_coupled_decay": ("g += wd x; m = mu m + g; x -= lr m   (decay inside the gradient)", {"lr": S, "mu": 0.9, "wd": 0.1}, momentum(0.9, wd=0.1),
                               lambda lr: optax.chain(optax.add_decayed_weights(0.1), optax.sgd(lr, 0.9)), lambda p, lr: torch.optim.SGD(p, lr, 0.9, weight_decay=0.1)),
    "gd_clipped": ("n = |g|; g *= c/n if n > c; x -= lr g", {"lr": S, "c": 1.5}, clipped(1.5), lambda lr: optax.chain(optax.clip_by_global_norm(1.5), optax.sgd(lr)), torch_clipped(1.5)),
    "adam": ("m = b1 m + (1-b1) g; v = b2 v + (1-b2) g^2; x -= lr (m/(1-b1^t)) / (sqrt(v/(1-b2^t)) + eps), t = 1, 2, ..", {"lr": T, "b1": 0.9, "b2": 0.999, "eps": 1e-8},
             adam(), lambda lr: optax.adam(lr), lambda p, lr: torch.optim.Adam(p, lr)),
    "adamw": ("x -= lr wd x, then Adam's step; the decay is not part of g (torch: x *= 1 - lr wd)", {"lr": T, "b1": 0.9, "b2": 0.999, "eps": 1e-8, "wd": 0.1},
              adam(decay=0.1), lambda lr: optax.adamw(lr, weight_decay=0.1), lambda p, lr: torch.optim.AdamW(p, lr, weight_decay=0.1)),
    "adamw_other": ("as adamw, other parameters", {"lr": T, "b1": 0.8, "b2": 0.95, "eps": 1e-3, "wd": 0.5}, adam(0.8, 0.95, 1e-3, 0.5),
                    lambda lr: optax.adamw(lr, 0.8, 0.95, 1e-3, weight_decay=0.5), lambda p, lr: torch.optim.AdamW(p, lr, (0.8, 0.95), 1e-3, 0.5)),
    "rmsprop": ("v = a v + (1-a) g^2; x -= lr g/(sqrt(v) + eps)   (eps outside the root)", {"lr": T, "a": 0.99, "eps": 1e-8}, rmsprop(),
                lambda lr: optax.rmsprop(lr, 0.99, 1e-8, eps_in_sqrt=False), lambda p, lr: torch.optim.RMSprop(p, lr)),
    "rmsprop_centred_momentum": ("v = a v + (1-a) g^2; m = a m + (1-a) g; b = mu b + g/(sqrt(v - m^2) + eps); x -= lr b", {"lr": {"quadratic": 0.01, "rosenbrock": 0.002}, "a": 0.9, "eps": 1e-3, "mu": 0.8},
                                 rmsprop(0.9, 1e-3, 0.8, True), None, lambda p, lr: torch.optim.RMSprop(p, lr, 0.9, 1e-3, momentum=0.8, centered=True)),
    "adagrad_initial": ("as adagrad, v starts at v0", {"lr": T, "eps": 1e-10, "v0": 0.5}, adagrad(v0=0.5), None, lambda p, lr: torch.optim.Adagrad(p, lr, initial_accumulator_value=0.5)),
    "adagrad": ("v += g^2; x -= lr g/(sqrt(v) + eps)", {"lr": T, "eps": 1e-10}, adagrad(), None, lambda p, lr: torch.optim.Adagrad(p, lr)),
}

cases = []
for opt, (rule, params, plain, ox, th) in OPTIMISERS.items():
    for prob, (formula, value, grad, x0) in PROBLEMS.items():
        lr = params["lr"][prob]
        x, s, way = x0, {}, [x0]
        for t in range(1, STEPS + 1):
            x = plain(x, grad(x), s, t, lr)
            way.append(x)
        checks = {}
        if ox:
            o, x = ox(lr), jnp.asarray(x0)
            s, oway = o.init(x), [x0]
            dx = jax.jit(jax.grad(lambda x: value(x, jnp.asarray)))
            for _ in range(STEPS):
                up, s = o.update(dx(x), s, x)
                x = optax.apply_updates(x, up)
                oway.append(np.asarray(x))
            checks["optax"] = difference(np.array(way), np.array(oway))
        p = torch.tensor(x0, requires_grad=True)
        o, tway = th([p], lr), [x0]
        for _ in range(STEPS):
            o.zero_grad()
            value(p, torch.tensor).backward()
            o.step()
            tway.append(p.detach().numpy().copy())
        checks["torch"] = difference(np.array(way), np.array(tway))
        assert max(checks.values()) < 1e-11, (opt, prob, checks)
        f = [float(value(w, np.asarray)) for w in way]
        assert np.isfinite(f).all() and f[-1] < f[0]
        cases.append({"name": f"{opt}/{prob}", "rule": rule, "params": {**params, "lr": lr}, "x": array(tway), "f": [number(float(value(w, np.asarray))) for w in tway],
                      "checks": {k: small(v) for k, v in checks.items()}})
        print(f"  {opt}/{prob:12s}", f"f {f[0]:.4g} -> {f[-1]:.4g}", cases[-1]["checks"])

# ---- Muon: a matrix, f = |A X - B|^2 / 2. torch's parameter is [outputs, inputs], ours its transpose; torch's iteration runs in
# bfloat16, here in f64 ------------------------------------------------------------------------------------------------------
from unittest import mock
MA, MB, MX = g(11, (4, 3)), g(12, (4, 5), 2.0), g(13, (3, 5))
def muon(mu, nesterov, wd):
    def step(x, d, s, t, lr):
        b = s["b"] = mu * s.get("b", 0) + d
        o = d + mu * b if nesterov else b
        o = o / max(np.linalg.norm(o), 1e-7)
        for _ in range(5):
            q = o @ o.T
            o = 3.4445 * o + (-4.7750 * q + 2.0315 * q @ q) @ o
        return x - lr * wd * x - lr * math.sqrt(max(1, x.shape[1] / x.shape[0])) * o
    return step
for name, nesterov, wd in (("muon", True, 0.0), ("muon_heavy_ball_decay", False, 0.1)):
    lr, mu = 0.05, 0.9
    x, s, way = MX, {}, [MX]
    for t in range(1, STEPS + 1):
        x = muon(mu, nesterov, wd)(x, MA.T @ (MA @ x - MB), s, t, lr)
        way.append(x)
    p = torch.tensor(MX.T.copy(), requires_grad=True)
    o, tway = torch.optim.Muon([p], lr, weight_decay=wd, momentum=mu, nesterov=nesterov), [MX]
    with mock.patch.object(torch, "bfloat16", torch.float64):
        for _ in range(STEPS):
            o.zero_grad()
            (0.5 * ((torch.tensor(MA) @ p.T - torch.tensor(MB)) ** 2).sum()).backward()
            o.step()
            tway.append(p.detach().numpy().T.copy())
    d = difference(np.array(way), np.array(tway))
    assert d < 1e-9, (name, d)
    f = [0.5 * ((MA @ w - MB) ** 2).sum() for w in tway]
    assert f[-1] < f[0]
    cases.append({"name": f"{name}/matrix", "rule": "b = mu b + g; d = g + mu b (nesterov) or b; O = quintic Newton-Schulz of d/|d|, five steps; x -= lr wd x + lr sqrt(max(1, columns/rows)) O",
                  "params": {"lr": lr, "mu": mu, "nesterov": nesterov, "wd": wd}, "A": array(MA), "B": array(MB), "x": array(np.array(tway)), "f": [number(v) for v in f], "checks": {"torch": small(d)}})
    print(f"  {name}", f"f {f[0]:.4g} -> {f[-1]:.4g}", small(d))

# ---- Shampoo and SOAP: no library here has them; the rules written out in NumPy ------------------------------------------------
SB, SX = g(14, (4, 3), 2.0), g(15, (3, 3))
def shampoo(x, d, s, t, lr, eps=1e-4):
    root = lambda a: (lambda v, q: (q * v ** -0.25) @ q.T)(*np.linalg.eigh(a))
    l = s["l"] = s.get("l", eps * np.eye(3)) + d @ d.T
    r = s["r"] = s.get("r", eps * np.eye(3)) + d.T @ d
    return x - lr * root(l) @ d @ root(r)
def soap(x, d, s, t, lr, b1=0.9, b2=0.95, eps=1e-3, every=3):
    m = s["m"] = b1 * s.get("m", 0) + (1 - b1) * d
    for k, a in (("l", d @ d.T), ("r", d.T @ d)):
        s[k] = b2 * s.get(k, 0) + (1 - b2) * a
        if t == 1:
            s["q" + k] = np.linalg.eigh(s[k])[1]
        elif (t - 1) % every == 0:
            q, u = np.linalg.qr(s[k] @ s["q" + k])
            s["q" + k] = q * np.sign(np.diag(u))
    q, p = s["ql"], s["qr"]
    v = s["v"] = b2 * s.get("v", 0) + (1 - b2) * (q.T @ d @ p) ** 2
    return x - lr * q @ ((q.T @ m @ p) / (1 - b1**t) / (np.sqrt(v / (1 - b2**t)) + eps)) @ p.T
for name, rule, lr in (("shampoo", shampoo, 0.2), ("soap", soap, 0.05)):
    x, s, way = SX, {}, [SX]
    for t in range(1, STEPS + 1):
        x = rule(x, MA.T @ (MA @ x - SB), s, t, lr)
        way.append(x)
    f = [0.5 * ((MA @ w - SB) ** 2).sum() for w in way]
    assert f[-1] < f[0]
    cases.append({"name": f"{name}/matrix", "rule": "written out in optimisers.py", "params": {"lr": lr, "b1": 0.9, "b2": 0.95, "eps": 1e-3 if name == "soap" else 1e-4, "every": 3}, "A": array(MA), "B": array(SB), "x": array(np.array(way)), "f": [number(v) for v in f], "checks": {}})
    print(f"  {name}", f"f {f[0]:.4g} -> {f[-1]:.4g}")

# ---- averages of weights: torch.optim.swa_utils over a fixed sequence -----------------------------------------------------------
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
way = g(21, (51, 2))
for name, fn in (("ema", get_ema_multi_avg_fn(0.9)), ("polyak", None)):
    model = torch.nn.Linear(2, 1, bias=False).double()
    average, out = AveragedModel(model, multi_avg_fn=fn), []
    for w in way:
        model.weight.data[:] = torch.tensor(w)
        average.update_parameters(model)
        out.append(average.module.weight.detach().numpy()[0].copy())
    cases.append({"name": f"average/{name}", "rule": "a = 0.9 a + 0.1 x, from a = the first x" if fn else "the mean of all x so far", "params": {"decay": 0.9} if fn else {},
                  "sequence": array(way), "average": array(np.array(out)), "checks": {}})

# ---- schedules --------------------------------------------------------------------------------------------------------------
def schedule(name, formula, params, f, reference, library="optax", at=(0, 1, 2, 5, 9, 10, 11, 25, 50, 55, 75, 99, 100, 101, 150)):
    v = [float(f(t)) for t in at]
    d = max(abs(float(reference(t)) - w) for t, w in zip(at, v))
    assert d < 1e-15, (name, d)
    cases.append({"name": "schedule/" + name, "rule": formula, "params": params, "steps": list(at), "lr": [number(w) for w in v], "checks": {library: small(d)}})
    print(f"  schedule/{name}", small(d))

peak, end, warm, total = 3e-3, 1e-5, 10, 100
cos = lambda lo, hi, q: lo + (hi - lo) * (1 + math.cos(math.pi * min(max(q, 0.0), 1.0))) / 2
schedule("cosine", "end + (peak-end)(1 + cos(pi min(t/total, 1)))/2", {"peak": peak, "end": end, "total": total}, lambda t: cos(end, peak, t / total),
         optax.cosine_decay_schedule(peak, total, end / peak))
schedule("cosine_warmup", "t < warm: peak t/warm; then end + (peak-end)(1 + cos(pi min((t-warm)/(total-warm), 1)))/2", {"peak": peak, "end": end, "warm": warm, "total": total},
         lambda t: peak * t / warm if t < warm else cos(end, peak, (t - warm) / (total - warm)), optax.warmup_cosine_decay_schedule(0.0, peak, warm, total, end))
schedule("step", "peak gamma^floor(t/every)", {"peak": peak, "gamma": 0.5, "every": 25}, lambda t: peak * 0.5 ** (t // 25), optax.exponential_decay(peak, 25, 0.5, staircase=True))
for grow in (1, 2):
    def restarts(t, grow=grow):
        n = 20
        while t >= n:
            t, n = t - n, n * grow
        return cos(end, peak, t / n)
    o = torch.optim.SGD([torch.zeros(1)], peak)
    sgdr = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(o, 20, grow, end)
    def sgdr_at(t, o=o, sgdr=sgdr):
        sgdr.step(t)
        return o.param_groups[0]["lr"]
    schedule(f"cosine_restarts_{grow}", "cosines from peak to end; the first takes period steps, each further one grow times as many", {"peak": peak, "end": end, "period": 20, "grow": grow},
             restarts, sgdr_at, "torch", at=(0, 1, 5, 10, 19, 20, 21, 39, 40, 59, 60, 61, 139, 140, 150, 299, 300))
schedule("milestones", "peak times gamma for every milestone m <= t", {"peak": peak, "gamma": 0.1, "milestones": [10, 75]}, lambda t: peak * 0.1 ** sum(t >= m for m in (10, 75)),
         optax.piecewise_constant_schedule(peak, {10: 0.1, 75: 0.1}))
schedule("exponential", "peak gamma^(t/every)", {"peak": peak, "gamma": 0.5, "every": 25}, lambda t: peak * 0.5 ** (t / 25), optax.exponential_decay(peak, 25, 0.5))
schedule("linear", "peak + (end-peak) min(t/total, 1)", {"peak": peak, "end": end, "total": total}, lambda t: peak + (end - peak) * min(t / total, 1), optax.linear_schedule(peak, end, total))
schedule("inverse_sqrt", "peak sqrt(warm) / sqrt(max(t, warm)), linear warm-up peak t/warm before", {"peak": peak, "warm": warm},
         lambda t: peak * t / warm if t < warm else peak * math.sqrt(warm / t), lambda t: peak * min(t / warm, (warm / max(t, warm)) ** 0.5))

write("optimisers.json", {"about": "Optimiser trajectories and schedules in f64. x [51, n]: the start and the point after each of 50 steps (torch's, which agrees with the rule written out and with optax within checks: relative to the largest entry); f: the function there; t counts steps from 1 in the rules, from 0 in the schedules.",
    "problems": {k: {"formula": p[0], "x0": array(p[3])} for k, p in PROBLEMS.items()}, "A": array(A), "b": array(b),
    "versions": versions("optax", "jax", "torch", "numpy")}, cases)
