"""The polynomials in crates/engine/src/kernels/functions: prints coefficients and errors.

    pip install mpmath
    python oracles/polynomials.py

Each is the best approximation in the maximum norm, weighted so that the relative error of the
function is what is minimised, found by Lawson's iteration (C. L. Lawson, 1961) on Chebyshev nodes.
"""

import mpmath as mp

mp.mp.dps = 60


def nodes(a, b, count):
    return [(a + b) / 2 + (b - a) / 2 * mp.cos(mp.pi * (2 * i + 1) / (2 * count)) for i in range(count)]


def solve(rows, values, weights):
    """Least squares by the normal equations; 60 digits leave enough."""
    size = len(rows[0])
    a, b = mp.matrix(size, size), mp.matrix(size, 1)
    for row, y, w in zip(rows, values, weights):
        for i in range(size):
            b[i] += w * row[i] * y
            for j in range(size):
                a[i, j] += w * row[i] * row[j]
    x = mp.lu_solve(a, b)
    return [x[i] for i in range(size)]


def polynomial(name, f, a, b, degree, weight, rounds=12):
    """f(x) by Σ cₖ xᵏ on [a, b]."""
    count = 12 * (degree + 1)
    xs = nodes(mp.mpf(a), mp.mpf(b), count)
    fs, ws = [f(x) for x in xs], [weight(x) for x in xs]
    rows = [[x**k for k in range(degree + 1)] for x in xs]
    lawson, best = [mp.mpf(1) / count] * count, None
    for _ in range(rounds):
        c = solve(rows, fs, [q * w * w for q, w in zip(lawson, ws)])
        errors = [abs(w * (mp.polyval(c[::-1], x) - y)) for x, y, w in zip(xs, fs, ws)]
        if best is None or max(errors) < best[0]:
            best = (max(errors), c)
        lawson = [q * e for q, e in zip(lawson, errors)]
        lawson = [q / sum(lawson) for q in lawson]
    show(name, *best)


def rational(name, f, a, b, above, below, rounds=25, count=200):
    """f(x) by P(x)/Q(x), Q(0) = 1, relative error; the denominator of the round before weighs."""
    xs = nodes(mp.mpf(a), mp.mpf(b), count)
    fs = [f(x) for x in xs]
    rows = [[x**k for k in range(above + 1)] + [-y * x**k for k in range(1, below + 1)] for x, y in zip(xs, fs)]
    q, lawson, best = [mp.mpf(1)] * count, [mp.mpf(1) / count] * count, None
    for step in range(rounds):
        c = solve(rows, fs, [w / (y * d) ** 2 for w, y, d in zip(lawson, fs, q)])
        top, bottom = c[: above + 1], [mp.mpf(1)] + c[above + 1 :]
        q = [mp.polyval(bottom[::-1], x) for x in xs]
        errors = [abs(mp.polyval(top[::-1], x) / d / y - 1) for x, y, d in zip(xs, fs, q)]
        if min(q) > 0 and (best is None or max(errors) < best[0]):
            best = (max(errors), top, bottom)
        if step > 4:
            lawson = [w * mp.sqrt(e) for w, e in zip(lawson, errors)]
            lawson = [w / sum(lawson) for w in lawson]
    show(name, *best)


def show(name, error, *parts):
    print(f"{name}: error {mp.nstr(error, 2)}")
    for part in parts:
        print("   ", ", ".join(mp.nstr(c, 17) for c in part))


if __name__ == "__main__":
    half_log = mp.log(2) / 2 * mp.mpf("1.0001")
    exp_q = lambda r: mp.expm1(r) / r
    for name, degree in (("exp, f32", 5), ("exp, f64", 11)):
        polynomial(name, exp_q, -half_log, half_log, degree, lambda r: 1 / exp_q(r))
    log_p = lambda f: (mp.log1p(f) - f + f * f / 2) / f**3
    polynomial("log, f32", log_p, mp.sqrt(0.5) - 1, mp.sqrt(2) - 1, 8, lambda f: abs(f**3 / mp.log1p(f)))
    atanh_r = lambda z: (2 * mp.atanh(mp.sqrt(z)) / mp.sqrt(z) - 2) / z
    polynomial("log, f64", atanh_r, "1e-8", "0.02945", 6, lambda z: z / 2)
    square = (mp.pi / 4 * mp.mpf("1.001")) ** 2
    polynomial("sin", lambda z: (mp.sin(mp.sqrt(z)) / mp.sqrt(z) - 1) / z, "1e-8", square, 5, lambda z: z)
    polynomial("cos", lambda z: (mp.cos(mp.sqrt(z)) - 1 + z / 2) / z**2, "1e-8", square, 5, lambda z: z * z)
    erf_p = lambda z: mp.erf(mp.sqrt(z)) / mp.sqrt(z)
    rational("erf, f32, all", erf_p, "1e-10", mp.mpf("3.92") ** 2, 5, 5)
    polynomial("erf, f64, |x| <= 1", erf_p, "1e-12", 1, 11, lambda z: 1 / erf_p(z))

    # By (x - k)/(x + k), times 1 + 2x or, with one division for both, x + k.
    erfc_forms = (("f32", "2.7", "10.1", 8, 60, lambda x, k: x + k), ("f64", 4, "28", 22, 6, lambda x, k: 1 + 2 * x))
    for name, k, top, degree, rounds, factor in erfc_forms:
        k = mp.mpf(k)

        def erfc_p(t):
            x = k * (1 + t) / (1 - t)
            return mp.erfc(x) * mp.exp(x * x) * factor(x, k)

        end = (mp.mpf(top) - k) / (mp.mpf(top) + k)
        polynomial(f"erfc, {name}", erfc_p, -1, end, degree, lambda t: 1 / erfc_p(t), rounds)
