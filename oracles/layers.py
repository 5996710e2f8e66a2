"""Layers of crate nn against PyTorch: the same weights, the same inputs, values and gradients, in f64. Writes layers.json.

    python -B layers.py

A case is a function y = f(parameters, x) of arrays in Mathesis's own layout and names (`weight` of a linear layer is
[inputs, outputs]); f hands them to PyTorch in PyTorch's layout, so that autograd gives gradients in Mathesis's layout.
`outputs[0]` is differentiated: `gradient` has, by parameter and for `x`, the gradient of <cotangent, outputs[0]>. Further
outputs (states, running statistics) are compared only. `constants` are integers and masks. The first axis of x is the batch.
"""
import json
import os
import zlib

import numpy as np
import torch
import torch.nn.functional as F
from torch.func import functional_call

from common import HERE, array, arrays, g

torch.set_default_dtype(torch.float64)
cases = []


def seed(*words):
    return zlib.crc32("/".join(words).encode()) % 100000


def case(name, shapes, x_shape, f, scale=0.8, positive=(), **constants):
    """`shapes`: parameter -> shape; `f(p, x)` returns the outputs; x_shape None: there is nothing but constants."""
    p = {k: torch.tensor(g(seed(name, k), s, scale) + (1.5 if k in positive or k.endswith("scale") else 0.0),
                         requires_grad=True) for k, s in shapes.items()}
    x = None if x_shape is None else torch.tensor(g(seed(name, "x"), x_shape, 1.5), requires_grad=True)
    outputs = f(p, x)
    outputs = outputs if isinstance(outputs, (tuple, list)) else (outputs,)
    y = outputs[0]
    ct = torch.tensor(g(seed(name, "ct"), tuple(y.shape)))
    wrt = {**p, **({} if x is None else {"x": x})}
    gradient = torch.autograd.grad((y * ct).sum(), list(wrt.values()), allow_unused=True)
    numpy = lambda t: t.detach().numpy()
    cases.append({
        "name": name,
        "parameters": arrays({k: numpy(v) for k, v in p.items()}),
        **({} if x is None else {"x": array(numpy(x))}),
        "constants": arrays({k: np.asarray(v) for k, v in constants.items()}),
        "cotangent": array(numpy(ct)),
        "outputs": [array(numpy(o)) for o in outputs],
        "gradient": arrays({k: np.zeros(tuple(v.shape)) if d is None else numpy(d) for (k, v), d in zip(wrt.items(), gradient)}),
    })


# ---- convolution ---------------------------------------------------------------------------------------------------

CONV = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
TRANSPOSED = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}


def conv(name, weight, x, mode=None, around=None, **options):
    def f(p, x):
        if mode:
            x = F.pad(x, around, mode=mode)
        return CONV[len(weight) - 2](x, p["weight"], p["bias"], **options)
    case("convolution/" + name, {"weight": weight, "bias": [weight[0]]}, x, f)


def transposed(name, weight, x, groups=1, **options):
    case("convolution/" + name, {"weight": weight, "bias": [weight[1] * groups]}, x,
         lambda p, x: TRANSPOSED[len(weight) - 2](x, p["weight"], p["bias"], groups=groups, **options))


conv("1d", [4, 2, 3], [2, 4, 9], stride=2, dilation=2, padding=2, groups=2)
conv("2d", [3, 2, 3, 2], [2, 2, 6, 7], stride=(2, 1), padding=(1, 2), dilation=(1, 2))
conv("2d/depthwise", [4, 1, 3, 3], [2, 2, 4, 5], padding="same", groups=2)
conv("2d/same, even kernel", [2, 2, 2, 4], [2, 2, 4, 5], padding="same")
conv("3d", [2, 2, 2, 1, 2], [2, 2, 3, 4, 3], stride=(1, 2, 1), padding=(0, 0, 1))
conv("1d/circular", [2, 2, 3], [2, 2, 5], mode="circular", around=(2, 2), dilation=2)
conv("2d/circular", [2, 1, 3, 3], [2, 1, 4, 3], mode="circular", around=(1, 1, 1, 1))
conv("2d/reflect", [2, 1, 3, 3], [2, 1, 4, 5], mode="reflect", around=(1, 1, 2, 2), stride=2)
transposed("1d/transposed", [4, 1, 3], [2, 4, 4], groups=2, stride=2, padding=1, output_padding=1)
transposed("2d/transposed", [2, 3, 3, 2], [2, 2, 3, 4], stride=(2, 3), padding=(1, 0), output_padding=(0, 2), dilation=(2, 1))
transposed("3d/transposed", [1, 2, 2, 2, 1], [2, 1, 2, 2, 2], stride=(1, 2, 1))


def pooling(name, x, f):
    case("pooling/" + name, {}, x, lambda p, x: f(x))


pooling("max 1d", [2, 2, 7], lambda x: F.max_pool1d(x, 3, 2, 1))
pooling("max 2d", [2, 2, 5, 6], lambda x: F.max_pool2d(x, (3, 2), (2, 1), (1, 0)))
pooling("max 3d", [2, 1, 4, 2, 3], lambda x: F.max_pool3d(x, (2, 1, 2), (2, 1, 1)))
pooling("average 2d", [2, 2, 5, 4], lambda x: F.avg_pool2d(x, (3, 2), (2, 2), (1, 1), count_include_pad=True))
pooling("average 2d, what is seen", [2, 2, 5, 4], lambda x: F.avg_pool2d(x, (3, 2), (2, 2), (1, 1), count_include_pad=False))
pooling("global average", [2, 3, 2, 3], lambda x: F.adaptive_avg_pool2d(x, 1)[..., 0, 0])
pooling("global max", [2, 3, 2, 3], lambda x: F.adaptive_max_pool2d(x, 1)[..., 0, 0])

# ---- normalisation -------------------------------------------------------------------------------------------------

AFFINE = lambda *shape: {"scale": list(shape), "shift": list(shape)}
case("normalisation/layer", AFFINE(3, 4), [2, 2, 3, 4], lambda p, x: F.layer_norm(x, (3, 4), p["scale"], p["shift"]))
case("normalisation/group", AFFINE(4), [2, 4, 2, 3], lambda p, x: F.group_norm(x, 2, p["scale"], p["shift"]))
case("normalisation/instance", AFFINE(2), [2, 2, 5], lambda p, x: F.instance_norm(x, weight=p["scale"], bias=p["shift"]))
case("normalisation/root mean square", {"scale": [4]}, [2, 3, 4], lambda p, x: F.rms_norm(x, (4,), p["scale"], eps=1e-5))


def batch_norm(training, x, mean, variance):
    def f(p, x):
        m, v = torch.tensor(mean), torch.tensor(variance)
        y = F.batch_norm(x, m, v, p["scale"], p["shift"], training=training, momentum=0.1, eps=1e-5)
        return y, m, v
    name = f"normalisation/batch, {'training' if training else 'inference'}, {len(x) - 2}d"
    case(name, AFFINE(x[1]), x, f, mean=mean, variance=variance)


for training in (True, False):
    batch_norm(training, [4, 2], [0.5, -0.25], [2.0, 0.5])
    batch_norm(training, [3, 2, 2, 3], [0.5, -0.25], [2.0, 0.5])

# ---- embedding -----------------------------------------------------------------------------------------------------

TOKENS = np.array([[1, 3, 1], [0, 4, 4]])
case("embedding", {"weight": [5, 3]}, None, lambda p, x: F.embedding(torch.tensor(TOKENS), p["weight"]), tokens=TOKENS)

# ---- recurrent -----------------------------------------------------------------------------------------------------

IN, H, T = 3, 2, 4
GATES = {"elman": 1, "lstm": 4, "gru": 3}
MODULES = {"elman": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}


def cell(kind, inputs, prefix=""):
    n = GATES[kind] * H
    shapes = {"input_weight": [inputs, n], "recurrent_weight": [H, n], "bias": [n]}
    if kind == "gru":
        shapes["recurrent_bias"] = [n]
    return {prefix + k: s for k, s in shapes.items()}


def torch_names(kind, p, suffix, prefix=""):
    n = GATES[kind] * H
    return {"weight_ih_" + suffix: p[prefix + "input_weight"].T, "weight_hh_" + suffix: p[prefix + "recurrent_weight"].T,
            "bias_ih_" + suffix: p[prefix + "bias"],
            "bias_hh_" + suffix: p[prefix + "recurrent_bias"] if kind == "gru" else torch.zeros(n)}


def recurrent(name, kind, prefixes, lengths=None, bidirectional=False):
    """`prefixes`: torch's suffix -> ours, in order of layers."""
    layers = len(prefixes) // (2 if bidirectional else 1)
    module = MODULES[kind](IN, H, num_layers=layers, bidirectional=bidirectional, batch_first=True)
    shapes = {}
    for suffix, prefix in prefixes.items():
        inputs = IN if "l0" in suffix else H * (2 if bidirectional else 1)
        shapes |= cell(kind, inputs, prefix)

    def f(p, x):
        names = {}
        for suffix, prefix in prefixes.items():
            names |= torch_names(kind, p, suffix, prefix)
        if lengths is not None:
            x = torch.nn.utils.rnn.pack_padded_sequence(x, torch.tensor(lengths), batch_first=True, enforce_sorted=False)
        y, last = functional_call(module, names, (x,))
        if lengths is not None:
            y, _ = torch.nn.utils.rnn.pad_packed_sequence(y, batch_first=True, total_length=T)
        if bidirectional:
            return (y,)
        last = last if isinstance(last, tuple) else (last,)
        return (y, *[s[layer] for layer in range(layers) for s in last])
    constants = {} if lengths is None else {"lengths": np.array(lengths)}
    case("recurrent/" + name, shapes, [3, T, IN], f, **constants)


for kind in GATES:
    recurrent(kind, kind, {"l0": ""})
recurrent("lstm, ragged", "lstm", {"l0": ""}, lengths=[4, 2, 1])
recurrent("gru, stacked, ragged", "gru", {"l0": "layers.0.", "l1": "layers.1."}, lengths=[3, 4, 2])
recurrent("lstm, bidirectional, ragged", "lstm", {"l0": "forward.", "l0_reverse": "backward."}, lengths=[2, 4, 3], bidirectional=True)
recurrent("elman, stacked bidirectional", "elman", {"l0": "0.forward.", "l0_reverse": "0.backward.", "l1": "1.forward.",
                                                    "l1_reverse": "1.backward."}, bidirectional=True)


def gru_reset_before(p, x):
    """Cho et al. 2014: the reset gate multiplies the state before the product with its weights."""
    wi, wh, b, bh = (p[k] for k in ("input_weight", "recurrent_weight", "bias", "recurrent_bias"))
    h, ys = torch.zeros(x.shape[0], H), []
    for t in range(T):
        a = x[:, t] @ wi + b
        r = torch.sigmoid(a[:, :H] + h @ wh[:, :H] + bh[:H])
        z = torch.sigmoid(a[:, H:2 * H] + h @ wh[:, H:2 * H] + bh[H:2 * H])
        n = torch.tanh(a[:, 2 * H:] + (r * h) @ wh[:, 2 * H:] + bh[2 * H:])
        h = (1 - z) * n + z * h
        ys.append(h)
    return torch.stack(ys, 1), h


case("recurrent/gru, reset before", cell("gru", IN), [3, T, IN], gru_reset_before)

# ---- attention -----------------------------------------------------------------------------------------------------

E, HEADS = 4, 2


def product_attention(name, mask=None, causal=False):
    def f(p, x):
        m = None if mask is None else torch.tensor(mask)
        return F.scaled_dot_product_attention(x, p["key"], p["value"], attn_mask=m, is_causal=causal)
    case("attention/product" + name, {"key": [2, 3, E], "value": [2, 3, 5]}, [2, 3, E], f, **({} if mask is None else {"mask": mask}))


product_attention("")
product_attention(", causal", causal=True)
product_attention(", masked", mask=np.array([[True, False, True], [False, False, True], [True, True, True]]))

LINEAR = lambda name, i, o: {name + ".weight": [i, o], name + ".bias": [o]}
HEAD_SHAPES = LINEAR("query", E, E) | LINEAR("key", E, E) | LINEAR("value", E, E) | LINEAR("out", E, E)


def attention_names(p, prefix=""):
    part = lambda k: [p[f"{prefix}{n}.{k}"] for n in ("query", "key", "value")]
    return {"in_proj_weight": torch.cat(part("weight"), 1).T, "in_proj_bias": torch.cat(part("bias")),
            "out_proj.weight": p[prefix + "out.weight"].T, "out_proj.bias": p[prefix + "out.bias"]}


def multi_head(name, lengths=None, causal=False):
    module = torch.nn.MultiheadAttention(E, HEADS, batch_first=True)

    def f(p, x):
        padding = None if lengths is None else torch.arange(3)[None] >= torch.tensor(lengths)[:, None]
        mask = torch.ones(3, 3, dtype=torch.bool).triu(1) if causal else None
        return functional_call(module, attention_names(p), (x, x, x),
                               {"key_padding_mask": padding, "attn_mask": mask, "need_weights": False})[0]
    case("attention/multi-head" + name, HEAD_SHAPES, [2, 3, E], f, **({} if lengths is None else {"lengths": np.array(lengths)}))


multi_head("")
multi_head(", causal, ragged", lengths=[3, 2], causal=True)

BLOCK = ({"attention." + k: s for k, s in HEAD_SHAPES.items()} | {"attention_norm." + k: s for k, s in AFFINE(E).items()}
         | {"mlp_norm." + k: s for k, s in AFFINE(E).items()} | LINEAR("expand", E, 6) | LINEAR("contract", 6, E))


def decoder_block(p, x):
    module = torch.nn.TransformerEncoderLayer(E, HEADS, 6, dropout=0.0, activation="gelu", batch_first=True, norm_first=True)
    names = {"self_attn." + k: v for k, v in attention_names(p, "attention.").items()}
    for ours, theirs in (("attention_norm", "norm1"), ("mlp_norm", "norm2")):
        names |= {theirs + ".weight": p[ours + ".scale"], theirs + ".bias": p[ours + ".shift"]}
    for ours, theirs in (("expand", "linear1"), ("contract", "linear2")):
        names |= {theirs + ".weight": p[ours + ".weight"].T, theirs + ".bias": p[ours + ".bias"]}
    mask = torch.ones(3, 3, dtype=torch.bool).triu(1)
    return functional_call(module, names, (x,), {"src_mask": mask})


case("attention/decoder block", BLOCK, [2, 3, E], decoder_block)
POSITIONS, I = np.arange(5)[:, None], np.arange(3)[None]
ANGLES = POSITIONS / 10000.0 ** (2 * I / 6)
case("attention/sinusoidal positions", {}, [1], lambda p, x: torch.tensor(np.stack([np.sin(ANGLES), np.cos(ANGLES)], -1).reshape(5, 6)) + 0 * x)

# ---- residual ------------------------------------------------------------------------------------------------------


def norm(p, prefix, x):
    return F.batch_norm(x, None, None, p[prefix + ".scale"], p[prefix + ".shift"], training=True)


def residual(order, channels, outputs, stride):
    shapes = {"first.weight": [outputs, channels, 3, 3], "second.weight": [outputs, outputs, 3, 3]}
    pre = order == "pre"
    for n, c in (("first_norm", channels if pre else outputs), ("second_norm", outputs)):
        shapes |= {f"{n}.{k}": s for k, s in AFFINE(c).items()}
    project = stride != 1 or channels != outputs
    if project:
        shapes["shortcut.weight"] = [outputs, channels, 1, 1]
        if not pre:
            shapes |= {f"shortcut_norm.{k}": s for k, s in AFFINE(outputs).items()}

    def f(p, x):
        if pre:                                          # K. He et al., arXiv:1603.05027, figure 1(b)
            a = F.relu(norm(p, "first_norm", x))
            skip = F.conv2d(a, p["shortcut.weight"], stride=stride) if project else x
            h = F.conv2d(a, p["first.weight"], stride=stride, padding=1)
            return skip + F.conv2d(F.relu(norm(p, "second_norm", h)), p["second.weight"], padding=1)
        h = F.relu(norm(p, "first_norm", F.conv2d(x, p["first.weight"], stride=stride, padding=1)))
        h = norm(p, "second_norm", F.conv2d(h, p["second.weight"], padding=1))
        skip = norm(p, "shortcut_norm", F.conv2d(x, p["shortcut.weight"], stride=stride)) if project else x
        return F.relu(skip + h)
    case(f"residual/{order}-activation, {channels} to {outputs}", shapes, [2, channels, 4, 4], f)


for order in ("pre", "post"):
    residual(order, 2, 2, 1)
    residual(order, 2, 3, 2)


def squeeze_excite(p, x):
    s = F.relu(x.mean((2, 3)) @ p["reduce.weight"] + p["reduce.bias"])
    return x * torch.sigmoid(s @ p["expand.weight"] + p["expand.bias"])[..., None, None]


case("residual/squeeze-excite", LINEAR("reduce", 4, 2) | LINEAR("expand", 2, 4), [2, 4, 2, 3], squeeze_excite)

with open(os.path.join(HERE, "layers.json"), "w") as out:
    head = {"about": "Layers of crate nn against PyTorch, f64; see layers.py", "versions": {"torch": torch.__version__, "numpy": np.__version__}}
    lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases)
    out.write(json.dumps(head, separators=(",", ":"))[:-1] + ',"cases":[\n' + lines + "\n]}\n")
print(len(cases), "cases")
