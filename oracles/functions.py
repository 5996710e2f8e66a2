"""Losses, layers, convolutions, scans, sorting, indexing, random bits with derivatives from JAX in f64 -> functions.json."""
from common import *
import jax
import jax.numpy as jnp
import torch
import torch.nn.functional as F
from jax import lax

jax.config.update("jax_enable_x64", True)
cases = []
add = lambda *a, **k: cases.append(case(*a, **k))
tt = torch.tensor
INF = float("inf")

# ---- softmax and its family -----------------------------------------------------------------------------------------
x5, x23 = g(20, (5,), 3), g(21, (2, 3), 3)
for name, x, axis in (("5", x5, 0), ("2x3_axis1", x23, 1), ("2x3_axis0", x23, 0)):
    h = name == "5"
    add("softmax/" + name, lambda x: {"y": jax.nn.softmax(x, axis)}, {"x": x}, {"axis": axis}, hessian=h, against=torch_oracle(lambda x: {"y": F.softmax(x, axis)}))
    add("log_softmax/" + name, lambda x: {"y": jax.nn.log_softmax(x, axis)}, {"x": x}, {"axis": axis}, hessian=h, against=torch_oracle(lambda x: {"y": F.log_softmax(x, axis)}))
    add("logsumexp/" + name, lambda x: {"y": jax.nn.logsumexp(x, axis)}, {"x": x}, {"axis": axis}, hessian=h, against=torch_oracle(lambda x: {"y": torch.logsumexp(x, axis)}))
far = np.array([1000.0, 999.5, -1000.0, 998.0])
add("softmax/far", lambda x: {"y": jax.nn.softmax(x)}, {"x": far}, {"axis": 0}, against=torch_oracle(lambda x: {"y": F.softmax(x, 0)}))
add("logsumexp/far", lambda x: {"y": jax.nn.logsumexp(x)}, {"x": far}, {"axis": 0}, against=torch_oracle(lambda x: {"y": torch.logsumexp(x, 0)}))
masked = np.array([[0.5, -INF, 1.25, -INF], [-INF, -INF, -0.75, -INF]])
add("softmax/masked", lambda x: {"y": jax.nn.softmax(x, 1)}, {"x": masked}, {"axis": 1}, order=1, fd=False, against=torch_oracle(lambda x: {"y": F.softmax(x, 1)}),
    note="-inf entries have probability 0 and derivative 0")
add("logsumexp/masked", lambda x: {"y": jax.nn.logsumexp(x, 1)}, {"x": masked}, {"axis": 1}, order=1, fd=False, against=torch_oracle(lambda x: {"y": torch.logsumexp(x, 1)}))
add("logsumexp/all_masked", lambda x: {"y": jax.nn.logsumexp(x)}, {"x": np.full(3, -INF)}, {"axis": 0}, order=0, note="-inf, not NaN (value only)")

# ---- layer norm ------------------------------------------------------------------------------------------------------
def layer_norm(x, scale, bias):
    m = x.mean(-1, keepdims=True)
    v = ((x - m) ** 2).mean(-1, keepdims=True)
    return {"y": (x - m) * lax.rsqrt(v + 1e-5) * scale + bias}
add("layer_norm/3x4", layer_norm, {"x": g(22, (3, 4), 2), "scale": g(23, (4,)), "bias": g(24, (4,))}, {"eps": 1e-5, "axis": -1}, note="biased variance",
    against=torch_oracle(lambda x, scale, bias: {"y": F.layer_norm(x, (4,), scale, bias, 1e-5)}))

# ---- losses ----------------------------------------------------------------------------------------------------------
z, lab = g(25, (4, 3), 2), np.array([2, 0, 1, 1])
for eps in (0.0, 0.1):
    def cross_entropy(z):
        t = (1 - eps) * jax.nn.one_hot(lab, 3, dtype=jnp.float64) + eps / 3
        return {"loss": -(t * jax.nn.log_softmax(z, 1)).sum(1).mean()}
    add(f"cross_entropy/smoothing_{eps}", cross_entropy, {"z": z}, {"label_smoothing": eps, "reduction": "mean over rows"}, {"labels": lab}, hessian=True,
        note="targets (1-eps) onehot + eps/K", against=torch_oracle(lambda z: {"loss": F.cross_entropy(z, tt(lab), label_smoothing=eps)}))
m6, s6 = g(26, (6,), 2), np.array([1.0, -1, 1, -1, -1, 1])
add("hinge/binary", lambda z: {"loss": jnp.maximum(0, 1 - s6 * z).mean()}, {"z": m6}, constants={"signs": s6}, note="mean of max(0, 1 - s z), s = +-1",
    against=torch_oracle(lambda z: {"loss": torch.clamp(1 - tt(s6) * z, min=0).mean()}))
add("hinge/squared", lambda z: {"loss": (jnp.maximum(0, 1 - s6 * z) ** 2).mean()}, {"z": m6}, constants={"signs": s6}, note="mean of max(0, 1 - s z)^2",
    hessian=True, against=torch_oracle(lambda z: {"loss": (torch.clamp(1 - tt(s6) * z, min=0) ** 2).mean()}))
def multi_hinge(z):
    d = jnp.maximum(0, 1 - z[jnp.arange(4), lab][:, None] + z) * (1 - jax.nn.one_hot(lab, 3))
    return {"loss": d.sum(1).mean()}
add("hinge/multiclass", multi_hinge, {"z": z}, constants={"labels": lab}, note="mean over rows of the sum over j != label of max(0, 1 - z_label + z_j) (torch's multi_margin_loss times K)",
    against=torch_oracle(lambda z: {"loss": 3 * F.multi_margin_loss(z, tt(lab))}))
t6 = np.array([1.0, 0, 1, 0, 0.25, 0.9])
bce = lambda z: {"loss": (jax.nn.softplus(z) - t6 * z).mean()}
for name, zz in (("", m6), ("_far", np.array([800.0, 800, -800, -800, 40, -40]))):
    add("binary_cross_entropy_logits/6" + name, bce, {"z": zz}, constants={"targets": t6}, hessian=not name, note="mean of softplus(z) - t z",
        against=torch_oracle(lambda z: {"loss": F.binary_cross_entropy_with_logits(z, tt(t6))}))
add("huber/6", lambda z: {"loss": jnp.where(abs(z - t6) < 1, 0.5 * (z - t6) ** 2, abs(z - t6) - 0.5).mean()}, {"z": m6}, {"delta": 1}, {"targets": t6},
    against=torch_oracle(lambda z: {"loss": F.huber_loss(z, tt(t6))}))
add("kl_divergence/4", lambda p, q: {"kl": (jax.scipy.special.xlogy(p, p) - p * jnp.log(q)).sum()},
    {"p": np.asarray(jax.nn.softmax(g(27, (4,), 2))), "q": np.asarray(jax.nn.softmax(g(28, (4,), 2)))}, note="sum p (log p - log q); p and q free of each other",
    against=torch_oracle(lambda p, q: {"kl": (p * (p.log() - q.log())).sum()}))

# ---- a GRU scanned over five steps ------------------------------------------------------------------------------------
B, I, H, STEPS = 2, 3, 4, 5
gru_seeds = {"x": (30, 1.0), "h0": (31, 0.5), "W": (32, 1 / math.sqrt(I)), "U": (33, 1 / math.sqrt(H)), "b": (34, 0.1), "c": (35, 0.1)}
gru_in = {k: u(gru_seeds[k][0], s, gru_seeds[k][1]) for k, s in {"x": (STEPS, B, I), "h0": (B, H), "W": (I, 3 * H), "U": (H, 3 * H), "b": (3 * H,), "c": (3 * H,)}.items()}
def gru(x, h0, W, U, b, c):
    def step(h, x):
        a, d = x @ W + b, h @ U + c
        r, s = jax.nn.sigmoid(a[:, :H] + d[:, :H]), jax.nn.sigmoid(a[:, H:2*H] + d[:, H:2*H])
        n = jnp.tanh(a[:, 2*H:] + r * d[:, 2*H:])
        h = (1 - s) * n + s * h
        return h, h
    h, hs = lax.scan(step, h0, x)
    return {"hs": hs}
def torch_gru(x, h0, W, U, b, c):
    h, hs = h0, []
    for t in range(STEPS):
        h = torch.gru_cell(x[t], h, W.T, U.T, b, c)
        hs.append(h)
    return {"hs": torch.stack(hs)}
add("gru/5_steps", gru, gru_in, note="a = x W + b, d = h U + c, each [batch, 3H] in the order r, s, n; r = sigmoid(a_r + d_r); s = sigmoid(a_s + d_s); "
    "n = tanh(a_n + r d_n); h' = (1 - s) n + s h; x is [time, batch, in], hs every h' ; every input is u(seed, shape, scale), not rounded",
    against=torch_oracle(torch_gru), seeds=gru_seeds)

# ---- attention -------------------------------------------------------------------------------------------------------
qkv = {"q": g(40, (1, 2, 3, 4), 2), "k": g(41, (1, 2, 5, 4), 2), "v": g(42, (1, 2, 5, 3))}
def attention(mask):
    def f(q, k, v):
        a = jnp.einsum("bhqd,bhkd->bhqk", q, k) / math.sqrt(q.shape[-1])
        if mask is not None:
            a = jnp.where(mask, a, -INF)
        return {"y": jnp.einsum("bhqk,bhkd->bhqd", jax.nn.softmax(a, -1), v)}
    return f
add("attention/cross", attention(None), qkv, note="softmax(q k^T/sqrt(d)) v, [batch, head, position, feature]",
    against=torch_oracle(lambda q, k, v: {"y": F.scaled_dot_product_attention(q, k, v)}))
causal = np.tril(np.ones((3, 3), bool))
add("attention/causal", attention(causal), {"q": qkv["q"], "k": qkv["k"][:, :, :3], "v": qkv["v"][:, :, :3]}, constants={"mask": causal}, note="true = may look",
    against=torch_oracle(lambda q, k, v: {"y": F.scaled_dot_product_attention(q, k, v, is_causal=True)}))

# ---- convolution, 1-, 2- and 3-d ----------------------------------------------------------------------------------------
def dilate(x, d):
    """Zeros between the entries, for torch, which has no input dilation."""
    for ax, k in enumerate(d):
        s = list(x.shape)
        s[ax + 2] = (s[ax + 2] - 1) * k + 1
        y = torch.zeros(s, dtype=x.dtype)
        y[tuple([slice(None)] * (ax + 2) + [slice(None, None, k)])] = x
        x = y
    return x
def conv(name, xs, ws, stride, pad, lhs, rhs, groups, seed):
    n = len(stride)
    L = "DHW"[-n:]
    dims = ("NC" + L, "OI" + L, "NC" + L)
    def f(x, w):
        return {"y": lax.conv_general_dilated(x, w, stride, pad, lhs, rhs, dims, feature_group_count=groups)}
    def tf(x, w):
        x = dilate(x, lhs)
        x = F.pad(x, [q for p in pad[::-1] for q in (max(p[0], 0), max(p[1], 0))])
        x = x[tuple([slice(None)] * 2 + [slice(max(-p[0], 0), x.shape[i+2] - max(-p[1], 0)) for i, p in enumerate(pad)])]
        return {"y": [F.conv1d, F.conv2d, F.conv3d][n-1](x, w, stride=stride, dilation=rhs, groups=groups)}
    add(f"conv{n}d/{name}", f, {"x": g(seed, xs), "w": g(seed + 1, ws)},
        {"stride": stride, "padding": pad, "lhs_dilation": lhs, "rhs_dilation": rhs, "groups": groups}, against=torch_oracle(tf),
        note="cross-correlation, NC.., OI..; the input is dilated (zeros between entries), then padded [low, high] per axis (negative = cropped)")
conv("plain", (2, 2, 7), (3, 2, 3), [1], [[0, 0]], [1], [1], 1, 50)
conv("stride2_pad", (1, 2, 8), (3, 2, 3), [2], [[1, 2]], [1], [1], 1, 52)
conv("groups_depthwise", (1, 4, 6), (4, 1, 3), [1], [[1, 1]], [1], [1], 4, 54)
conv("all", (2, 4, 5), (6, 2, 3), [3], [[3, 1]], [2], [2], 2, 56)
conv("negative_padding", (1, 1, 8), (1, 1, 3), [1], [[-1, -2]], [1], [1], 1, 58)
conv("plain", (2, 2, 5, 5), (3, 2, 3, 3), [1, 1], [[0, 0]] * 2, [1, 1], [1, 1], 1, 60)
conv("stride2_same", (1, 2, 6, 5), (2, 2, 3, 3), [2, 2], [[1, 1]] * 2, [1, 1], [1, 1], 1, 62)
conv("kernel_1x1", (2, 3, 3, 3), (2, 3, 1, 1), [1, 1], [[0, 0]] * 2, [1, 1], [1, 1], 1, 64)
conv("groups2", (1, 4, 5, 4), (4, 2, 2, 3), [1, 1], [[0, 1], [1, 1]], [1, 1], [1, 1], 2, 66)
conv("rhs_dilation", (1, 2, 7, 6), (2, 2, 3, 2), [1, 2], [[1, 0], [2, 1]], [1, 1], [2, 3], 1, 68)
conv("lhs_dilation", (1, 2, 3, 4), (2, 2, 3, 3), [1, 1], [[2, 1], [1, 2]], [2, 3], [1, 1], 1, 70)
conv("all", (2, 4, 4, 3), (4, 2, 3, 2), [3, 2], [[3, 1], [1, 2]], [2, 3], [2, 1], 2, 72)
conv("plain", (1, 2, 3, 4, 3), (2, 2, 2, 2, 2), [1, 1, 1], [[0, 0]] * 3, [1, 1, 1], [1, 1, 1], 1, 74)
conv("all", (1, 2, 3, 3, 4), (2, 1, 2, 2, 3), [2, 1, 3], [[1, 2], [0, 1], [2, 2]], [2, 1, 2], [1, 2, 2], 2, 76)

# ---- transposed convolution: torch's convention, as the adjoint of the convolution --------------------------------------
def conv_transpose(name, xs, ws, stride, pad, out_pad, dil, groups, seed):
    n = len(stride)
    size = [(xs[i+2] - 1) * stride[i] - 2 * pad[i] + dil[i] * (ws[i+2] - 1) + out_pad[i] + 1 for i in range(n)]
    L = "DHW"[-n:]
    dims = ("NC" + L, "OI" + L, "NC" + L)
    def f(x, w):
        down = lambda y: lax.conv_general_dilated(y, w, stride, [(p, p) for p in pad], [1] * n, dil, dims, feature_group_count=groups)
        return {"y": jax.linear_transpose(down, jax.ShapeDtypeStruct((xs[0], ws[1] * groups, *size), jnp.float64))(x)[0]}
    tf = lambda x, w: {"y": [F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d][n-1](x, w, None, stride, pad, out_pad, groups, dil)}
    add(f"conv_transpose{n}d/{name}", f, {"x": g(seed, xs), "w": g(seed + 1, ws)}, {"stride": stride, "padding": pad, "output_padding": out_pad, "dilation": dil, "groups": groups},
        against=torch_oracle(tf), note="the adjoint of x -> conv(x, w): w is [in, out/groups, ..]; size out = (in-1) stride - 2 padding + dilation (kernel-1) + output_padding + 1")
conv_transpose("stride2", (1, 2, 4), (2, 3, 3), [2], [1], [1], [1], 1, 80)
conv_transpose("plain", (1, 2, 3, 3), (2, 2, 3, 3), [1, 1], [0, 0], [0, 0], [1, 1], 1, 82)
conv_transpose("stride2", (1, 2, 3, 3), (2, 3, 3, 3), [2, 2], [1, 1], [1, 1], [1, 1], 1, 84)
conv_transpose("all", (1, 4, 3, 2), (4, 2, 3, 2), [2, 3], [1, 0], [1, 2], [2, 1], 2, 86)
conv_transpose("stride2", (1, 1, 2, 2, 3), (1, 2, 2, 2, 3), [2, 2, 2], [0, 0, 1], [0, 1, 0], [1, 1, 1], 1, 88)

# ---- pooling -------------------------------------------------------------------------------------------------------------
def pool(name, x, window, stride, pad, kinds=("max", "avg", "avg_valid")):
    n = len(window)
    full = lambda v, e: (e, e) + tuple(v)
    pads = ((0, 0), (0, 0)) + tuple((p, p) for p in pad)
    sums = lambda x: lax.reduce_window(x, 0.0, lax.add, full(window, 1), full(stride, 1), pads)
    P = {"window": window, "stride": stride, "padding": [[p, p] for p in pad]}
    mp, ap = [F.max_pool1d, F.max_pool2d, F.max_pool3d][n-1], [F.avg_pool1d, F.avg_pool2d, F.avg_pool3d][n-1]
    if "max" in kinds:
        add(f"max_pool{n}d/{name}", lambda x: {"y": lax.reduce_window(x, -INF, lax.max, full(window, 1), full(stride, 1), pads)}, {"x": x}, P, fd=name != "ties",
            order=1 if name == "ties" else 2, note="padding counts as -inf" + ("; equal maxima: the first in row-major order takes the whole derivative" if name == "ties" else ""),
            against=torch_oracle(lambda x: {"y": mp(x, window, stride, pad)}))
    if "avg" in kinds:
        add(f"avg_pool{n}d/{name}", lambda x: {"y": sums(x) / math.prod(window)}, {"x": x}, {**P, "count_padding": True}, against=torch_oracle(lambda x: {"y": ap(x, window, stride, pad)}))
    if "avg_valid" in kinds:
        add(f"avg_pool{n}d/{name}_valid", lambda x: {"y": sums(x) / sums(jnp.ones_like(x))}, {"x": x}, {**P, "count_padding": False},
            against=torch_oracle(lambda x: {"y": ap(x, window, stride, pad, count_include_pad=False)}))
pool("overlap", g(90, (1, 2, 8)), [3], [2], [1])
pool("overlap", g(91, (1, 2, 5, 6)), [3, 3], [2, 2], [1, 1])
pool("even", g(92, (1, 1, 4, 6)), [2, 3], [2, 3], [0, 0], ("max", "avg"))
pool("overlap", g(93, (1, 1, 4, 3, 4)), [2, 3, 3], [1, 2, 2], [1, 1, 0], ("max", "avg"))
pool("ties", np.array([[[[0.0, 0, 1, 1], [0, 0, 1, 0], [2, 0, 0, 2], [2, 2, -1, -1]]]]), [3, 3], [1, 1], [0, 0], ("max",))

# ---- Fourier: a trailing axis of length 2 holds (real, imaginary) --------------------------------------------------------
C = lambda a: a[..., 0] + 1j * a[..., 1]
R = lambda a: jnp.stack([a.real, a.imag], -1)
for n in (5, 8):
    add(f"fft/{n}", lambda x: {"y": R(jnp.fft.fft(C(x)))}, {"x": g(100, (n, 2))}, note="y_k = sum x_j exp(-2 pi i j k/n); (re, im) on the last axis",
        against=torch_oracle(lambda x: {"y": torch.view_as_real(torch.fft.fft(torch.view_as_complex(x)))}))
    add(f"ifft/{n}", lambda x: {"y": R(jnp.fft.ifft(C(x)))}, {"x": g(101, (n, 2))}, note="with 1/n",
        against=torch_oracle(lambda x: {"y": torch.view_as_real(torch.fft.ifft(torch.view_as_complex(x)))}))
    add(f"rfft/{n}", lambda x: {"y": R(jnp.fft.rfft(x))}, {"x": g(102, (n,))}, against=torch_oracle(lambda x: {"y": torch.view_as_real(torch.fft.rfft(x))}))
    add(f"irfft/{n}", lambda x: {"y": jnp.fft.irfft(C(x), n)}, {"x": g(103, (n // 2 + 1, 2))}, {"n": n}, note="imaginary parts of the first (and, n even, last) entry are ignored",
        against=torch_oracle(lambda x: {"y": torch.fft.irfft(torch.view_as_complex(x), n)}))
add("fft2/3x4", lambda x: {"y": R(jnp.fft.fft2(C(x)))}, {"x": g(104, (3, 4, 2))}, against=torch_oracle(lambda x: {"y": torch.view_as_real(torch.fft.fft2(torch.view_as_complex(x)))}))
xa, wa = g(105, (7,)), g(106, (3,))
add("fft_convolution/full_1d", lambda x, w: {"y": jnp.fft.irfft(jnp.fft.rfft(x, 9) * jnp.fft.rfft(w, 9), 9)}, {"x": xa, "w": wa}, note="true convolution, full length n + m - 1",
    against=("numpy", lambda x, w, cotangents: ({"y": np.convolve(x, w)}, {"x": np.correlate(cotangents["y"], w, "valid"), "w": np.correlate(cotangents["y"], x, "valid")})))
circ = lambda x, w: np.array([sum(w[j] * x[(i - j) % 7] for j in range(3)) for i in range(7)])
add("fft_convolution/circular_1d", lambda x, w: {"y": jnp.fft.irfft(jnp.fft.rfft(x) * jnp.fft.rfft(w, 7), 7)}, {"x": xa, "w": wa}, note="circular convolution of period 7",
    against=("numpy", lambda x, w, cotangents: ({"y": circ(x, w)}, None)))
def conv2(x, w):
    y = jnp.fft.irfft2(jnp.fft.rfft2(x, (6, 6)) * jnp.fft.rfft2(w, (6, 6)), (6, 6))
    return {"y": y}
import scipy.signal
add("fft_convolution/full_2d", conv2, {"x": g(107, (4, 5)), "w": g(108, (3, 2))}, note="true convolution, full",
    against=("scipy", lambda x, w, cotangents: ({"y": scipy.signal.convolve2d(x, w)}, {"x": scipy.signal.correlate2d(cotangents["y"], w, "valid"), "w": scipy.signal.correlate2d(cotangents["y"], x, "valid")})))

# ---- cumulative operations -------------------------------------------------------------------------------------------------
c24 = g(110, (2, 4), 2)
for nm, jf, tf in (("cumsum", lax.cumsum, torch.cumsum), ("cumprod", lax.cumprod, torch.cumprod),
                   ("cummax", lax.cummax, lambda x, a: torch.cummax(x, a)[0]), ("cummin", lax.cummin, lambda x, a: torch.cummin(x, a)[0]),
                   ("cumlogsumexp", lax.cumlogsumexp, torch.logcumsumexp)):
    for axis in (0, 1):
        for rev in (False, True):
            t = lambda x: {"y": tf(x.flip(axis), axis).flip(axis) if rev else tf(x, axis)}
            add(f"{nm}/axis{axis}{'_reverse' if rev else ''}", lambda x: {"y": jf(x, axis, reverse=rev)}, {"x": c24}, {"axis": axis, "reverse": rev}, against=torch_oracle(t))
add("cumprod/zeros", lambda x: {"y": lax.cumprod(x)}, {"x": np.array([1.5, 0.0, -2.0, 0.0, 3.0])}, {"axis": 0, "reverse": False}, note="the derivative is exact through zeros",
    against=torch_oracle(lambda x: {"y": torch.cumprod(x, 0)}))
add("cumlogsumexp/far", lambda x: {"y": lax.cumlogsumexp(x)}, {"x": np.array([-1000.0, 0, 1000, 999, -5])}, {"axis": 0, "reverse": False},
    against=torch_oracle(lambda x: {"y": torch.logcumsumexp(x, 0)}))
add("cumlogsumexp/from_minus_inf", lambda x: {"y": lax.cumlogsumexp(x)}, {"x": np.array([-INF, -INF, 0.5, -INF, 1.0])}, {"axis": 0, "reverse": False}, order=0)
nan = np.array([1.0, 3.0, np.nan, 2.0, 5.0])
for nm, jf in (("cummax", lax.cummax), ("cummin", lax.cummin), ("cumsum", lax.cumsum)):
    add(nm + "/nan", lambda x: {"y": jf(x)}, {"x": nan}, {"axis": 0, "reverse": False}, order=0, note="NaN propagates to everything after it")

# ---- sorting -------------------------------------------------------------------------------------------------------------------
s6v = np.array([0.5, -1.25, 3.0, 0.25, -0.5, 2.0])
add("sort/6", lambda x: {"y": jnp.sort(x)}, {"x": s6v}, {"descending": False}, discrete={"argsort": jnp.argsort(s6v)}, against=torch_oracle(lambda x: {"y": x.sort()[0]}))
add("sort/6_descending", lambda x: {"y": jnp.sort(x, descending=True)}, {"x": s6v}, {"descending": True}, discrete={"argsort": jnp.argsort(s6v, descending=True)},
    against=torch_oracle(lambda x: {"y": x.sort(descending=True)[0]}))
add("sort/2x4_axis1", lambda x: {"y": jnp.sort(x, 1)}, {"x": c24}, {"axis": 1}, discrete={"argsort": jnp.argsort(c24, 1)}, against=torch_oracle(lambda x: {"y": x.sort(1)[0]}))
add("sort/2x4_axis0", lambda x: {"y": jnp.sort(x, 0)}, {"x": c24}, {"axis": 0}, discrete={"argsort": jnp.argsort(c24, 0)}, against=torch_oracle(lambda x: {"y": x.sort(0)[0]}))
key = np.array([2.0, 1.0, 2.0, 0.0, 1.0, 2.0])
pay = np.array([10.0, 20.0, 30.0, 40.0, 50.0, 60.0])
def payload(key, a, b):
    k, a, b = lax.sort((key, a, b), num_keys=1, is_stable=True)
    return {"key": k, "a": a, "b": b}
def torch_payload(key, a, b):
    k, i = key.sort(stable=True)
    return {"key": k, "a": a[i], "b": b[i]}
add("sort/payload_ties", payload, {"key": key, "a": pay, "b": g(111, (6,))}, {"keys": 1, "stable": True}, fd=False, discrete={"argsort": jnp.argsort(key, stable=True)},
    note="a and b travel with the key; equal keys keep their order", against=torch_oracle(torch_payload))
def two_keys(k1, k2, a):
    return dict(zip(("k1", "k2", "a"), lax.sort((k1, k2, a), num_keys=2)))
add("sort/two_keys", two_keys, {"k1": key, "k2": s6v, "a": pay}, {"keys": 2}, fd=False, note="lexicographic by k1, then k2")
special = np.array([np.nan, 1.0, -INF, 0.0, -0.0, INF, np.nan, -1.0])
def sort_special(x, descending):
    return {"y": jnp.sort(x, descending=descending)}
for d in (False, True):
    add("sort/special" + ("_descending" if d else ""), lambda x: sort_special(x, d), {"x": special}, {"descending": d}, order=0,
        discrete={"argsort_stable": jnp.argsort(special, stable=True, descending=d)}, note="-0.0 and 0.0 are equal; NaN last ascending; descending JAX and torch put NaN first (the reverse order); argsort_stable keeps equal entries in their order")
def topk(x):
    return {"y": lax.top_k(x, 3)[0]}
add("top_k/3_of_6", topk, {"x": s6v}, {"k": 3}, discrete={"indices": lax.top_k(jnp.asarray(s6v), 3)[1]}, against=torch_oracle(lambda x: {"y": x.topk(3)[0]}))

# ---- extrema with ties and NaN -----------------------------------------------------------------------------------------------
tie = np.array([1.0, 3.0, 3.0, -2.0])
add("max/ties", lambda x: {"y": x.max()}, {"x": tie}, order=1, fd=False, discrete={"argmax": jnp.argmax(tie)}, note="JAX and torch share the derivative evenly among equal maxima",
    against=torch_oracle(lambda x: {"y": x.amax()}))
add("max/nan", lambda x: {"y": x.max()}, {"x": nan}, order=0, discrete={"argmax": jnp.argmax(nan), "argmin": jnp.argmin(nan)}, note="NaN propagates; argmax and argmin point at it")
add("relu/zero", lambda x: {"y": jax.nn.relu(x)}, {"x": np.array([-1.0, 0.0, 2.0])}, fd=False, note="derivative 0 at 0", against=torch_oracle(lambda x: {"y": F.relu(x)}))

# ---- gather and scatter-add ------------------------------------------------------------------------------------------------------
t53, idx, out_of = g(112, (5, 3)), np.array([3, 0, 3, 4]), np.array([3, -1, 7, 0, 3])
inb = lambda i: (i >= 0) & (i < 5)
add("gather/rows", lambda t: {"y": t[idx]}, {"t": t53}, {"axis": 0}, {"indices": idx}, note="repeated indices add up in the gradient", against=torch_oracle(lambda t: {"y": t[tt(idx)]}))
add("gather/rows_clamped", lambda t: {"y": t.at[out_of].get(mode="clip", wrap_negative_indices=False)}, {"t": t53}, {"axis": 0, "mode": "clip"}, {"indices": out_of},
    note="indices below 0 and above 4 are clamped (no wrapping of negative ones)", against=torch_oracle(lambda t: {"y": t[tt(np.clip(out_of, 0, 4))]}))
along = np.array([[2, 0], [1, 1], [0, 2], [2, 2], [0, 1]])
add("gather/take_along_axis1", lambda t: {"y": jnp.take_along_axis(t, along, 1)}, {"t": t53}, {"axis": 1}, {"indices": along}, against=torch_oracle(lambda t: {"y": t.gather(1, tt(along))}))
nd = np.array([[0, 2], [4, 1], [0, 2]])
add("gather/points", lambda t: {"y": t[nd[:, 0], nd[:, 1]]}, {"t": t53}, None, {"indices": nd}, note="indices [n, 2]: one entry each", against=torch_oracle(lambda t: {"y": t[tt(nd[:, 0]), tt(nd[:, 1])]}))
upd = g(113, (4, 3))
add("scatter_add/rows", lambda t, v: {"y": t.at[idx].add(v)}, {"t": t53, "v": upd}, {"axis": 0}, {"indices": idx}, against=torch_oracle(lambda t, v: {"y": t.index_add(0, tt(idx), v)}))
keep = inb(out_of)
add("scatter_add/rows_dropped", lambda t, v: {"y": t.at[out_of].add(v, mode="drop", wrap_negative_indices=False)}, {"t": t53, "v": g(114, (5, 3))}, {"axis": 0, "mode": "drop"}, {"indices": out_of},
    note="rows whose index lies outside 0..4 are dropped (no wrapping)", against=torch_oracle(lambda t, v: {"y": t.index_add(0, tt(out_of[keep]), v[tt(keep)])}))
add("scatter_add/points", lambda t, v: {"y": t.at[nd[:, 0], nd[:, 1]].add(v)}, {"t": t53, "v": g(115, (3,))}, None, {"indices": nd},
    against=torch_oracle(lambda t, v: {"y": t.index_put((tt(nd[:, 0]), tt(nd[:, 1])), v, accumulate=True)}))
seg = np.array([0, 2, 0, 2])
add("segment_sum/4_into_3", lambda v: {"y": jax.ops.segment_sum(v, seg, 3)}, {"v": upd}, {"segments": 3}, {"segment": seg}, note="empty segments are 0",
    against=torch_oracle(lambda v: {"y": torch.zeros(3, 3, dtype=v.dtype).index_add(0, tt(seg), v)}))

# ---- Threefry ------------------------------------------------------------------------------------------------------------------------
def threefry():
    from jax.extend.random import threefry_2x32 as block
    out = []
    vectors = [((0, 0), (0, 0)), ((0xffffffff,) * 2, (0xffffffff,) * 2), ((0x13198a2e, 0x03707344), (0x243f6a88, 0x85a308d3))]
    known = [(0x6b200159, 0x99ba4efe), (0x1cb996fc, 0xbb002be7), (0xc4923a9c, 0x483df7a0)]
    for (k, c), want in zip(vectors, known):
        got = block(jnp.array(k, jnp.uint32), jnp.array(c, jnp.uint32))
        assert tuple(int(v) for v in got) == want
        out.append({"key": list(k), "counter": list(c), "output": list(want)})
    blocks = {"name": "threefry/2x32_20_blocks", "note": "known-answer vectors of Random123, reproduced", "vectors": out}
    cases = [blocks]
    for part in (False, True):
        jax.config.update("jax_threefry_partitionable", part)
        for seed in (0, 1, 42, 2**40 + 7):
            k = jax.random.key(seed, impl="threefry2x32")
            d = lambda k: jax.random.key_data(k)
            assert list(d(k)) == [seed >> 32, seed & 0xffffffff]
            r = {"name": f"threefry/seed_{seed}/{'partitionable' if part else 'original'}", "params": {"seed": seed, "partitionable": part}, "key": [int(v) for v in d(k)]}
            r["bits_u32"] = {str(n): array(jax.random.bits(k, (n,), "uint32")) for n in (1, 2, 5, 8)}
            r["bits_u32"]["2x3"] = array(jax.random.bits(k, (2, 3), "uint32"))
            r["bits_u64"] = {str(n): array(jax.random.bits(k, (n,), "uint64")) for n in (1, 4)}
            r["split_2"] = array(d(jax.random.split(k, 2)))
            r["split_3"] = array(d(jax.random.split(k, 3)))
            r["fold_in_7"] = array(d(jax.random.fold_in(k, 7)))
            r["uniform_f32_4"] = array(jax.random.uniform(k, (4,), "float32"))
            r["uniform_f64_4"] = array(jax.random.uniform(k, (4,), "float64"))
            r["normal_f32_4"] = array(jax.random.normal(k, (4,), "float32"))
            r["normal_f64_4"] = array(jax.random.normal(k, (4,), "float64"))
            r["bernoulli_0.3_8"] = array(jax.random.bernoulli(k, 0.3, (8,)))
            cases.append(r)
    return cases

if __name__ == "__main__":
    import elementwise
    tables = elementwise.table()
    write("functions.json", {"about": "Scalar functions, losses, layers, convolutions, scans, sorting, indexing and random bits, in f64.", "case": CASE,
        "elementwise": "f and its first three derivatives at x, from mpmath at 400 digits, rounded to f64; |v| < 1e-300 written 0; checks.jax: JAX's error relative to max(1, |v|), by order of derivative",
        "threefry": "key = [seed >> 32, seed & 0xffffffff]; u64 as hexadecimal strings; 'partitionable' is JAX's flag jax_threefry_partitionable (true by default), 'original' is false",
        "versions": versions("jax", "torch", "numpy", "scipy", "mpmath")}, tables + cases + threefry())
