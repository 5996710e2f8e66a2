"""Oracle of the engine's vector functions in f64: writes oracles/vector_functions.csv for
crates/engine/src/kernels/functions/tests.rs.

    pip install mpmath
    python oracles/vector_functions.py

Columns: function, x, high, low: the value is high + low to about 106 bits, so that errors can be
told in hundredths of a unit in the last place. x and high are exact (shortest round-trip digits).
"""

import math
import pathlib

import mpmath as mp

mp.mp.prec = 400


def geometric(a, b, count):
    # By logarithms: b / a may overflow.
    ratio = math.log(b) - math.log(a)
    return [a * math.exp(ratio * i / (count - 1) / 2) * math.exp(ratio * i / (count - 1) / 2) for i in range(count)]


def linear(a, b, count):
    return [a + (b - a) * (i + 0.6180339887498949) / count for i in range(count)]


def both_signs(points):
    return points + [-x for x in points]


# Multiples of π/2, rounded: where the reduction of the argument cancels most.
NEAR_ZEROS = [float(k * mp.pi / 2) for k in [1, 2, 3, 4, 11, 100, 1001, 99999, 600001, 1000000]]

FUNCTIONS = {
    "exp": (mp.exp, both_signs(geometric(1e-300, 700.0, 60)) + linear(-745.0, -700.0, 20) + linear(-2, 2, 60)),
    "expm1": (mp.expm1, both_signs(geometric(1e-300, 700.0, 60)) + linear(-2, 2, 80)),
    "log": (mp.log, [5e-324, 3e-310] + geometric(2.3e-308, 1e308, 80) + linear(0.5, 2, 80) + geometric(1 + 1e-15, 1.1, 20)),
    "log1p": (mp.log1p, both_signs(geometric(1e-300, 0.9, 60)) + geometric(1, 1e300, 40) + linear(-0.999, 2, 60)),
    "tanh": (mp.tanh, both_signs(geometric(1e-300, 25.0, 60)) + linear(-3, 3, 80)),
    "logistic": (lambda x: 1 / (1 + mp.exp(-x)), both_signs(geometric(1e-300, 700.0, 60)) + linear(-5, 5, 60)),
    "sin": (mp.sin, both_signs(geometric(1e-300, 1.5e6, 60)) + linear(-7, 7, 60) + NEAR_ZEROS),
    "cos": (mp.cos, both_signs(geometric(1e-300, 1.5e6, 60)) + linear(-7, 7, 60) + NEAR_ZEROS),
    "erf": (mp.erf, both_signs(geometric(1e-300, 6.5, 60)) + linear(-3, 3, 80)),
    "erfc": (mp.erfc, both_signs(geometric(1e-300, 6.0, 40)) + linear(-3, 26.5, 100)),
}

lines = ["function,x,high,low"]
for name, (f, points) in FUNCTIONS.items():
    for x in points:
        y = f(mp.mpf(x))
        high = float(y)
        lines.append(f"{name},{x!r},{high!r},{float(y - mp.mpf(high)):.4e}")
path = pathlib.Path(__file__).parent / "vector_functions.csv"
path.write_text("\n".join(lines) + "\n")
