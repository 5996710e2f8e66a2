"""Oracle of the special functions: writes oracles/special.csv for crates/special/tests/oracle.rs.

    pip install mpmath scipy
    python oracles/special.py              # the table (under a minute)
    python oracles/special.py --dense F    # twenty times as many rows, into the file F
    python oracles/special.py --digamma    # prints the Chebyshev coefficients in digamma.rs

Values at ordinary arguments come from mpmath with 60 digits, rounded once to double; SciPy, an
independent implementation, must agree to 1e-9. Values at poles, infinities and NaN are SciPy's
conventions (with two exceptions noted below), since there mathematics leaves a choice.
Columns: function, n (order of polygamma, else empty), x, value with 17 significant digits.
"""

import math
import pathlib
import sys

import mpmath as mp
import scipy.special as sc

mp.mp.dps = 60
INF, NAN = math.inf, math.nan


def geometric(a, b, count):
    """`count` points from a to b, equally spaced in the logarithm, ends included."""
    return [a * (b / a) ** (i / (count - 1)) for i in range(count)]


def linear(a, b, count):
    """`count` points inside (a, b); the golden ratio keeps them off round numbers."""
    return [a + (b - a) * (i + 0.6180339887498949) / count for i in range(count)]


def both_signs(points):
    return points + [-x for x in points]


def digamma_root():
    return mp.findroot(mp.digamma, mp.mpf("1.4616321449683623"))


def logistic(x):
    return 1 / (1 + mp.exp(-x))


def lgamma(x):
    return mp.log(abs(mp.gamma(x))) if abs(x) < 1000 else mp.re(mp.loggamma(x))


def rows(density):
    """Yields (function, n, x, mpmath's function, SciPy's function)."""

    def table(name, exact, scipy, points, special, n=""):
        for x in points:
            yield name, n, x, exact, scipy
        for x in special:
            yield name, n, x, None, scipy

    k = density
    edges = [0.0, -0.0, INF, -INF, NAN]
    yield from table("erf", mp.erf, sc.erf,
                     both_signs(geometric(1e-300, 1e-3, 5 * k) + linear(0, 6.5, 16 * k)), edges)
    yield from table("erfc", mp.erfc, sc.erfc,
                     both_signs(geometric(1e-300, 1e-3, 4 * k) + linear(0, 6, 10 * k)) + linear(6, 26.5, 10 * k), edges)
    near_one = [1 - y for y in geometric(1e-15, 1e-1, 12 * k)] + [1 - 2.0**-53]
    yield from table("erf_inv", mp.erfinv, sc.erfinv,
                     both_signs(geometric(1e-300, 1e-3, 5 * k) + linear(0, 1, 16 * k) + near_one),
                     [0.0, 1.0, -1.0, 1.5, -2.0, INF, NAN])
    # Not at −∞: SciPy says −∞ there, C and we say +∞ (no limit exists).
    yield from table("lgamma", lgamma, sc.gammaln,
                     geometric(1e-300, 1e-3, 5 * k) + linear(0, 4, 16 * k) + geometric(4.1, 1e300, 12 * k)
                     + [-x for x in geometric(1e-300, 1e-3, 4 * k)] + linear(-2, 0, 8 * k) + linear(-60, -3, 8 * k),
                     [0.0, -0.0, 1.0, 2.0, -1.0, -7.0, INF, NAN])
    root = float(digamma_root())
    yield from table("digamma", mp.digamma, sc.psi,
                     geometric(1e-300, 1e-3, 5 * k) + linear(0, 3, 18 * k) + geometric(3.1, 1e300, 16 * k)
                     + [root, math.nextafter(root, 0), math.nextafter(root, 2), root + 1e-7, root - 1e-4]
                     + [-x for x in geometric(1e-300, 1e-3, 4 * k)] + linear(-3, 0, 9 * k) + linear(-90, -3, 6 * k)
                     + [-1234567.25, -2.0**40 - 0.375],
                     [0.0, -0.0, -1.0, -2.0, -1e17, INF, -INF, NAN])
    for n in [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 15, 20, 60]:
        yield from table("polygamma", lambda x, n=n: mp.psi(n, x), lambda x, n=n: sc.polygamma(n, x),
                         geometric(1e-8, 1e-1, 3 * k) + linear(0.1, 12, 10 * k) + geometric(15, 1e5, 5 * k)
                         + [-x for x in geometric(1e-8, 1e-1, 2 * k)] + linear(-4, 0, 4 * k) + linear(-40, -4, 3 * k)
                         + [-1234567.25],
                         # At −∞, n ≥ 1, SciPy calls +∞ a pole; there is no limit and we say NaN.
                         [0.0, -1.0, -2.0, INF, NAN] + ([-0.0, -INF] if n == 0 else []), n)
    yield from table("logistic", logistic, sc.expit, both_signs(geometric(1e-300, 1e-3, 3 * k) + linear(0, 45, 8 * k))
                     + linear(-744, -45, 6 * k), edges)


def nearly_equal(a, b, x):
    """A sanity check of one library by the other, loose where SciPy itself is (negative x)."""
    if math.isnan(a) or math.isinf(a) or a == 0 or math.isnan(b) or math.isinf(b):
        return True
    return abs(a - b) <= (1e-9 if x > 0 else 1e-4) * max(abs(a), 1e-300)


def write(path, density):
    count = 0
    with open(path, "w", newline="\n") as out:
        out.write("function,n,x,value\n")
        for name, n, x, exact, scipy in rows(density):
            theirs = float(scipy(x))
            value = theirs if exact is None else float(exact(mp.mpf(x)))
            if not nearly_equal(value, theirs, x):
                print(f"mpmath and SciPy differ: {name} {n} {x!r}: {value!r} {theirs!r}", file=sys.stderr)
            out.write(f"{name},{n},{x!r},{value:.17g}\n")
            count += 1
    print(f"{count} rows in {path}")


def print_digamma_coefficients(degree=22):
    """Chebyshev coefficients of g(x) = ψ(x)/(x − x₀) on [1, 2], by interpolation at the nodes."""
    root = digamma_root()
    nodes = degree + 24
    angles = [mp.pi * (mp.mpf(j) + 0.5) / nodes for j in range(nodes)]
    values = [mp.digamma(x) / (x - root) for x in ((3 + mp.cos(a)) / 2 for a in angles)]
    for i in range(degree + 1):
        c = 2 * mp.fsum(v * mp.cos(i * a) for v, a in zip(values, angles)) / nodes
        print(f"    {float(c / 2 if i == 0 else c)!r},")
    high = float(root)
    print(f"root = {high!r} + {float(root - high)!r}")


if __name__ == "__main__":
    if "--digamma" in sys.argv:
        print_digamma_coefficients()
    elif "--dense" in sys.argv:
        write(sys.argv[sys.argv.index("--dense") + 1], 20)
    else:
        write(pathlib.Path(__file__).with_suffix(".csv"), 1)
