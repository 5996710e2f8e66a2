"""JAX, everything under `jit`; optimisers from optax, their state donated."""

import math

import jax
import jax.numpy as jnp
import optax
from jax import lax
from jax.flatten_util import ravel_pytree

from protocol import SMALL, TINY, WIDTHS, Rows, labels, layers, uniform, weights

jax.config.update("jax_enable_x64", True)
rows = Rows()


def arrays(tree):
    return jax.tree.map(jnp.asarray, tree)


def function(f, arguments, check):
    f = jax.jit(f)

    def step():
        return jax.block_until_ready(f(*arguments))

    return step, check(step())


def training(loss, optimiser, parameters, data):
    def update(parameters, state, *data):
        value, gradient = jax.value_and_grad(loss)(parameters, *data)
        updates, state = optimiser.update(gradient, state, parameters)
        return optax.apply_updates(parameters, updates), state, value

    f = jax.jit(update, donate_argnums=(0, 1))
    held = [parameters, optimiser.init(parameters)]

    def step():
        held[0], held[1], value = f(*held, *data)
        jax.block_until_ready(held[0])
        return value

    first = float(step())
    for _ in range(9):
        step()
    return step, dict(loss0=first, loss10=float(step()))


def perceptron(parameters, x, activation):
    for weight, bias in parameters[:-1]:
        x = activation(x @ weight + bias)
    weight, bias = parameters[-1]
    return x @ weight + bias


def cross_entropy(logits, y):
    return optax.softmax_cross_entropy_with_integer_labels(logits, y).mean()


def layer_norm(x, scale, shift):
    centred = x - x.mean(-1, keepdims=True)
    return centred * lax.rsqrt((centred**2).mean(-1, keepdims=True) + 1e-5) * scale + shift


@rows.row("gemm")
def product(dtype, m, k, n):
    arguments = arrays((uniform(1, (m, k), dtype=dtype), uniform(2, (k, n), dtype=dtype)))
    return function(jnp.matmul, arguments, lambda c: dict(check=float(c[m // 2, n // 3])))


@rows.row("ew_gelu_1e6", "ew_gelu_1e7")
def gelu(name):
    n = int(float(name.split("_")[-1]))
    arguments = arrays([uniform(seed, (n,)) for seed in (3, 1, 2)])
    f = lambda x, a, b: jax.nn.gelu(a * x + b, approximate=False)
    return function(f, arguments, lambda y: dict(check=float(y[n // 3])))


@rows.row("softmax_1024")
def softmax(name):
    x = jnp.asarray(uniform(1, (1024, 1024), 3.0))
    return function(lambda x: jax.nn.softmax(x, -1), [x], lambda y: dict(check=float(y[100, 200])))


@rows.row("layernorm_1024")
def normalised(name):
    arguments = arrays([uniform(1, (1024, 1024), 3.0), uniform(2, (1024,)), uniform(3, (1024,))])
    return function(layer_norm, arguments, lambda y: dict(check=float(y[100, 200])))


@rows.row("sum_1e6", "sum_1e7")
def total(name):
    x = jnp.asarray(uniform(1, (int(float(name.split("_")[1])),)))
    return function(jnp.sum, [x], lambda y: dict(check=float(y)))


@rows.row("sum_ax0_1024", "sum_ax1_1024")
def sums(name):
    axis = int(name[6])
    x = jnp.asarray(uniform(1, (1024, 1024)))
    return function(lambda x: x.sum(axis), [x], lambda y: dict(check=float(y[5])))


@rows.row("mlp_b32", "mlp_b128")
def classifier(name):
    batch = int(name[5:])
    loss = lambda p, x, y: cross_entropy(perceptron(p, x, jax.nn.relu), y)
    data = arrays((uniform(10, (batch, WIDTHS[0])), labels(batch)))
    return training(loss, optax.adam(1e-3), arrays(layers(WIDTHS)), data)


@rows.row("tiny")
def tiny(name):
    loss = lambda p, x, y: ((perceptron(p, x, jnp.tanh) - y) ** 2).mean()
    data = arrays((uniform(10, (8, 2)), uniform(11, (8, 1))))
    return training(loss, optax.adam(1e-3), arrays(layers(TINY)), data)


def conv(x, kernel, padding):
    layout = ("NHWC", "HWIO", "NHWC")  # the faster one here
    return lax.conv_general_dilated(x, kernel, (1, 1), padding, dimension_numbers=layout)


def channels_last(images):
    return images.transpose(0, 2, 3, 1)


def channels_last_kernel(kernel):
    return kernel.transpose(2, 3, 1, 0)


@rows.row("lenet_b64")
def lenet(name):
    zeros = lambda n: jnp.zeros(n, jnp.float32)
    # The first dense layer is drawn for channels first.
    dense = weights(3, 9216, 128).reshape(64, 12, 12, 128).transpose(1, 2, 0, 3).reshape(9216, 128)
    parameters = arrays(dict(
        c1=channels_last_kernel(uniform(1, (32, 1, 3, 3), 1 / 3)), b1=zeros(32),
        c2=channels_last_kernel(uniform(2, (64, 32, 3, 3), 1 / math.sqrt(288))), b2=zeros(64),
        w1=dense, d1=zeros(128), w2=weights(4, 128, 10), d2=zeros(10),
    ))

    def loss(p, x, y):
        h = jax.nn.relu(conv(x, p["c1"], "VALID") + p["b1"])
        h = jax.nn.relu(conv(h, p["c2"], "VALID") + p["b2"])
        window = (1, 2, 2, 1)
        h = lax.reduce_window(h, -jnp.inf, lax.max, window, window, "VALID").reshape(64, -1)
        return cross_entropy(jax.nn.relu(h @ p["w1"] + p["d1"]) @ p["w2"] + p["d2"], y)

    data = arrays((channels_last(uniform(10, (64, 1, 28, 28))), labels(64)))
    return training(loss, optax.sgd(1e-2), parameters, data)


@rows.row("resblock_b32")
def residual_block(name):
    kernel = lambda seed: channels_last_kernel(uniform(seed, (64, 64, 3, 3), 1 / math.sqrt(576)))

    def loss(x, w1, w2):
        h = jax.nn.relu(conv(x, w1, "SAME"))
        h = jax.nn.relu(conv(h, w2, "SAME") + x)
        return (h * h).mean()

    arguments = arrays((channels_last(uniform(10, (32, 64, 32, 32))), kernel(1), kernel(2)))
    check = lambda r: dict(loss0=float(r[0]), check=float(jnp.abs(r[1][1]).sum()))
    return function(jax.value_and_grad(loss, (0, 1, 2)), arguments, check)


@rows.row("lstm")
def lstm(name):
    scale = 1 / math.sqrt(128)
    parameters = arrays((
        uniform(1, (512, 64), scale).T.copy(), uniform(2, (512, 128), scale).T.copy(), uniform(3, (512,), 0.1)
    ))
    x = jnp.asarray(uniform(10, (32, 64, 64)))

    def loss(parameters, x):
        w_input, w_recurrent, bias = parameters
        driven = jnp.swapaxes(x, 0, 1) @ w_input + bias

        def cell(carry, driven):
            h, c = carry
            i, f, g, o = jnp.split(driven + h @ w_recurrent, 4, -1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            h = jax.nn.sigmoid(o) * jnp.tanh(c)
            return (h, c), h

        start = jnp.zeros((32, 128), jnp.float32)
        _, outputs = lax.scan(cell, (start, start), driven)
        return (outputs**2).mean()

    check = lambda r: dict(loss0=float(r[0]), check=float(jnp.abs(r[1][1]).sum()))
    return function(jax.value_and_grad(loss), (parameters, x), check)


@rows.row("transformer")
def transformer(name):
    batch, tokens, width, heads, inner = 16, 128, 128, 4, 512
    zeros, ones = (lambda n: jnp.zeros(n, jnp.float32)), (lambda n: jnp.ones(n, jnp.float32))
    parameters = arrays(dict(
        qkv=weights(1, width, 3 * width), b_qkv=zeros(3 * width), out=weights(2, width, width), b_out=zeros(width),
        widen=weights(3, width, inner), b_widen=zeros(inner), narrow=weights(4, inner, width), b_narrow=zeros(width),
        scale1=ones(width), shift1=zeros(width), scale2=ones(width), shift2=zeros(width),
    ))

    def loss(p, x, target):
        h = layer_norm(x, p["scale1"], p["shift1"]) @ p["qkv"] + p["b_qkv"]
        q, k, v = jnp.moveaxis(h.reshape(batch, tokens, 3, heads, width // heads), 2, 0)
        mixed = jax.nn.dot_product_attention(q, k, v).reshape(batch, tokens, width)
        y = x + mixed @ p["out"] + p["b_out"]
        h = jax.nn.gelu(layer_norm(y, p["scale2"], p["shift2"]) @ p["widen"] + p["b_widen"], approximate=False)
        return ((y + h @ p["narrow"] + p["b_narrow"] - target) ** 2).mean()

    data = arrays(tuple(uniform(seed, (batch, tokens, width)) for seed in (10, 11)))
    return training(loss, optax.adam(1e-3), parameters, data)


def problem(widths):
    loss = lambda p, x, y: cross_entropy(perceptron(p, x, jnp.tanh), y)
    return arrays(layers(widths)), loss, *arrays((uniform(10, (128, widths[0])), labels(128)))


def inner_product(a, b):
    pairs = zip(jax.tree.leaves(a), jax.tree.leaves(b))
    return float(sum((a.astype(jnp.float64) * b.astype(jnp.float64)).sum() for a, b in pairs))


@rows.row("hvp_small", "hvp_mlp")
def hessian_vector(name):
    p, loss, x, y = problem(SMALL if name == "hvp_small" else WIDTHS)
    leaves, structure = jax.tree.flatten(p)
    v = structure.unflatten([jnp.asarray(uniform(20 + i, leaf.shape)) for i, leaf in enumerate(leaves)])
    f = lambda p, v, x, y: jax.jvp(lambda q: jax.grad(loss)(q, x, y), (p,), (v,))[1]
    return function(f, (p, v, x, y), lambda hv: dict(check=inner_product(hv, v)))


@rows.row("hess_small")
def full_hessian(name):
    p, loss, x, y = problem(SMALL)
    flat, unflatten = ravel_pytree(p)
    f = jax.hessian(lambda z, x, y: loss(unflatten(z), x, y))
    check = lambda h: dict(check=float(jnp.trace(h)), check2=float(jnp.abs(h).sum()))
    return function(f, (flat, x, y), check)


@rows.row("psgrad_small", "psgrad_mlp")
def per_sample_gradients(name):
    p, loss, x, y = problem(SMALL if name == "psgrad_small" else WIDTHS)
    one = jax.grad(lambda p, x, y: loss(p, x[None], y[None]))
    return function(jax.vmap(one, (None, 0, 0)), (p, x, y), lambda g: dict(check=inner_product(g, g)))


if __name__ == "__main__":
    rows.serve("jax")
