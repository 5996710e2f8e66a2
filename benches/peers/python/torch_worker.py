"""PyTorch. `--fused`: the fused optimisers. `--compile`: those, and `torch.compile` of every function."""

import math
import os
import sys

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.func import grad, hessian, jvp, vmap

from protocol import SMALL, TINY, WIDTHS, Rows, labels, layers, uniform, weights

COMPILE = "--compile" in sys.argv
FUSED = COMPILE or "--fused" in sys.argv
torch.set_num_threads(len(os.sched_getaffinity(0)))
rows = Rows()


def tensor(array):
    return torch.from_numpy(np.ascontiguousarray(array))


def compiled(f):
    return torch.compile(f) if COMPILE else f


def adam(parameters):
    return torch.optim.Adam(parameters, lr=1e-3, fused=FUSED or None)


def descent(parameters):
    return torch.optim.SGD(parameters, lr=1e-2, fused=FUSED or None)


def linear(weight, bias):
    """A layer, whose weight torch keeps as [outputs, inputs]."""
    layer = nn.Linear(*weight.shape)
    with torch.no_grad():
        layer.weight.copy_(tensor(weight.T))
        layer.bias.copy_(tensor(bias))
    return layer


def convolution(seed, inputs, outputs, scale):
    layer = nn.Conv2d(inputs, outputs, 3)
    with torch.no_grad():
        layer.weight.copy_(tensor(uniform(seed, (outputs, inputs, 3, 3), scale)))
        layer.bias.zero_()
    return layer


def perceptron(widths, activation):
    parts = []
    for weight, bias in layers(widths):
        parts += [linear(weight, bias), activation()]
    return nn.Sequential(*parts[:-1])


def function(f, arguments, check):
    """A row that applies a function without derivatives."""
    f = compiled(f)

    def step():
        with torch.no_grad():
            return f(*arguments)

    return step, check(step())


def training(loss, optimiser):
    loss = compiled(loss)

    def step():
        optimiser.zero_grad(set_to_none=True)
        value = loss()
        value.backward()
        optimiser.step()
        return value.detach()

    first = step().item()
    for _ in range(9):
        step()
    return step, dict(loss0=first, loss10=step().item())


@rows.row("gemm")
def product(dtype, m, k, n):
    a, b = tensor(uniform(1, (m, k), dtype=dtype)), tensor(uniform(2, (k, n), dtype=dtype))
    c = torch.empty(m, n, dtype=a.dtype)

    def step():
        torch.mm(a, b, out=c)

    step()
    return step, dict(check=c[m // 2, n // 3].item())


@rows.row("ew_gelu_1e6", "ew_gelu_1e7")
def gelu(name):
    n = int(float(name.split("_")[-1]))
    arguments = [tensor(uniform(seed, (n,))) for seed in (3, 1, 2)]
    return function(lambda x, a, b: F.gelu(a * x + b), arguments, lambda y: dict(check=y[n // 3].item()))


@rows.row("softmax_1024")
def softmax(name):
    x = tensor(uniform(1, (1024, 1024), 3.0))
    return function(lambda x: F.softmax(x, -1), [x], lambda y: dict(check=y[100, 200].item()))


@rows.row("layernorm_1024")
def layer_norm(name):
    x, g, b = tensor(uniform(1, (1024, 1024), 3.0)), tensor(uniform(2, (1024,))), tensor(uniform(3, (1024,)))
    f = lambda x, g, b: F.layer_norm(x, (1024,), g, b, 1e-5)
    return function(f, [x, g, b], lambda y: dict(check=y[100, 200].item()))


@rows.row("sum_1e6", "sum_1e7")
def total(name):
    x = tensor(uniform(1, (int(float(name.split("_")[1])),)))
    return function(lambda x: x.sum(), [x], lambda y: dict(check=y.item()))


@rows.row("sum_ax0_1024", "sum_ax1_1024")
def sums(name):
    axis = int(name[6])
    x = tensor(uniform(1, (1024, 1024)))
    return function(lambda x: x.sum(axis), [x], lambda y: dict(check=y[5].item()))


@rows.row("mlp_b32", "mlp_b128")
def classifier(name):
    batch = int(name[5:])
    model = perceptron(WIDTHS, nn.ReLU)
    x, y = tensor(uniform(10, (batch, WIDTHS[0]))), tensor(labels(batch))
    return training(lambda: F.cross_entropy(model(x), y), adam(model.parameters()))


@rows.row("tiny")
def tiny(name):
    model = perceptron(TINY, nn.Tanh)
    x, y = tensor(uniform(10, (8, 2))), tensor(uniform(11, (8, 1)))
    return training(lambda: F.mse_loss(model(x), y), adam(model.parameters()))


@rows.row("lenet_b64")
def lenet(name):
    model = nn.Sequential(
        convolution(1, 1, 32, 1 / 3), nn.ReLU(), convolution(2, 32, 64, 1 / math.sqrt(288)), nn.ReLU(),
        nn.MaxPool2d(2), nn.Flatten(),
        linear(weights(3, 9216, 128), np.zeros(128)), nn.ReLU(), linear(weights(4, 128, 10), np.zeros(10)),
    )
    x, y = tensor(uniform(10, (64, 1, 28, 28))), tensor(labels(64))
    return training(lambda: F.cross_entropy(model(x), y), descent(model.parameters()))


@rows.row("resblock_b32")
def residual_block(name):
    kernel = lambda seed: tensor(uniform(seed, (64, 64, 3, 3), 1 / math.sqrt(576))).requires_grad_()
    x, w1, w2 = tensor(uniform(10, (32, 64, 32, 32))).requires_grad_(), kernel(1), kernel(2)

    @compiled
    def loss(x, w1, w2):
        h = F.conv2d(x, w1, padding=1).relu()
        h = (F.conv2d(h, w2, padding=1) + x).relu()
        return h.square().mean()

    def step():
        value = loss(x, w1, w2)
        return value, torch.autograd.grad(value, (x, w1, w2))

    value, (_, dw1, _) = step()
    return step, dict(loss0=value.item(), check=dw1.abs().sum().item())


@rows.row("lstm")
def lstm(name):
    layer = nn.LSTM(64, 128, batch_first=True)
    scale = 1 / math.sqrt(128)
    with torch.no_grad():
        layer.weight_ih_l0.copy_(tensor(uniform(1, (512, 64), scale)))
        layer.weight_hh_l0.copy_(tensor(uniform(2, (512, 128), scale)))
        layer.bias_ih_l0.copy_(tensor(uniform(3, (512,), 0.1)))
        layer.bias_hh_l0.zero_()
    x = tensor(uniform(10, (32, 64, 64)))
    parameters = [layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0, layer.bias_hh_l0]
    loss = compiled(lambda x: layer(x)[0].square().mean())

    def step():
        value = loss(x)
        return value, torch.autograd.grad(value, parameters)

    value, gradient = step()
    return step, dict(loss0=value.item(), check=gradient[1].abs().sum().item())


class Block(nn.Module):
    """Attention and a perceptron, each behind a normalisation and beside a shortcut."""

    def __init__(self, width=128, heads=4, inner=512):
        super().__init__()
        self.heads = heads
        self.before_attention, self.before_perceptron = (nn.LayerNorm(width, eps=1e-5) for _ in range(2))
        zero = lambda n: np.zeros(n, np.float32)
        self.queries_keys_values = linear(weights(1, width, 3 * width), zero(3 * width))
        self.out = linear(weights(2, width, width), zero(width))
        self.widen = linear(weights(3, width, inner), zero(inner))
        self.narrow = linear(weights(4, inner, width), zero(width))

    def forward(self, x):
        batch, tokens, width = x.shape
        all = self.queries_keys_values(self.before_attention(x))
        q, k, v = all.view(batch, tokens, 3, self.heads, -1).permute(2, 0, 3, 1, 4).unbind(0)
        mixed = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(batch, tokens, width)
        y = x + self.out(mixed)
        return y + self.narrow(F.gelu(self.widen(self.before_perceptron(y))))


@rows.row("transformer")
def transformer(name):
    model = Block()
    x, target = (tensor(uniform(seed, (16, 128, 128))) for seed in (10, 11))
    return training(lambda: (model(x) - target).square().mean(), adam(model.parameters()))


def problem(widths):
    """Parameters as a flat tuple, the loss as a function of them, the data."""
    parameters = tuple(tensor(p) for pair in layers(widths) for p in pair)
    x, y = tensor(uniform(10, (128, widths[0]))), tensor(labels(128))

    def loss(p, x, y):
        for k in range(0, len(p), 2):
            x = x @ p[k] + p[k + 1]
            x = torch.tanh(x) if k + 2 < len(p) else x
        return F.cross_entropy(x, y)

    return parameters, loss, x, y


@rows.row("hvp_small", "hvp_mlp")
def hessian_vector(name):
    p, loss, x, y = problem(SMALL if name == "hvp_small" else WIDTHS)
    v = tuple(tensor(uniform(20 + i, q.shape)) for i, q in enumerate(p))
    f = compiled(lambda p, v: jvp(grad(lambda q: loss(q, x, y)), (p,), (v,))[1])
    step = lambda: f(p, v)
    return step, dict(check=sum((a.double() * b.double()).sum().item() for a, b in zip(step(), v)))


@rows.row("hess_small")
def full_hessian(name):
    p, loss, x, y = problem(SMALL)
    flat = torch.cat([q.reshape(-1) for q in p])
    sizes, shapes = [q.numel() for q in p], [q.shape for q in p]
    unflatten = lambda z: tuple(part.view(s) for part, s in zip(z.split(sizes), shapes))
    f = compiled(hessian(lambda z: loss(unflatten(z), x, y)))
    step = lambda: f(flat)
    h = step()
    return step, dict(check=h.trace().item(), check2=h.abs().sum().item())


@rows.row("psgrad_small", "psgrad_mlp")
def per_sample_gradients(name):
    p, loss, x, y = problem(SMALL if name == "psgrad_small" else WIDTHS)
    one = lambda p, x, y: loss(p, x[None], y[None])
    f = compiled(vmap(grad(one), (None, 0, 0)))
    step = lambda: f(p, x, y)
    return step, dict(check=sum(g.double().square().sum().item() for g in step()))


if __name__ == "__main__":
    rows.serve("torch")
