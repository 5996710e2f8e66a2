"""Minima found by SciPy and scikit-learn -> optimisation.json: logistic regression, lasso, elastic net, ridge, least squares, Rosenbrock.

The data sets are those that crate `data` embeds; each case says how they are prepared."""
from common import *
import scipy
from scipy.optimize import least_squares, minimize
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.linear_model import ElasticNet, Lasso, LogisticRegression, Ridge, lars_path

cases = []

# ---- logistic regression: columns standardised, a column of ones, rows of length 1, everything penalised -----------------------
X, y = load_breast_cancer(return_X_y=True)
n, t = len(y), 2 * y - 1
X = np.hstack([(X - X.mean(0)) / X.std(0), np.ones((n, 1))])
X /= np.linalg.norm(X, axis=1, keepdims=True)
def logistic(w):
    m = t * (X @ w)
    p = 1 / (1 + np.exp(m))
    return np.logaddexp(0, -m).mean() + w @ w / (2 * n), w / n - X.T @ (t * p) / n, (X.T * (p * (1 - p))) @ X / n + np.eye(len(w)) / n
w = np.zeros(X.shape[1])
for _ in range(30):
    f, gr, h = logistic(w)
    w = w - np.linalg.solve(h, gr)
sk = LogisticRegression(C=1.0, fit_intercept=False, solver="saga", tol=1e-10, max_iter=100000).fit(X, y).coef_[0]
ncg = minimize(lambda w: logistic(w)[0], np.zeros(31), jac=lambda w: logistic(w)[1], hess=lambda w: logistic(w)[2], method="Newton-CG", options={"xtol": 1e-12}).x
print("logistic", f, logistic(sk)[0] - f, logistic(ncg)[0] - f)
assert abs(logistic(sk)[0] - f) < 1e-15 and abs(logistic(ncg)[0] - f) < 1e-9
cases.append({"name": "logistic/breast_cancer", "rule": "mean log(1 + exp(-t x.w)) + |w|^2/(2n); columns standardised, then a column of ones, then rows divided by their norms; t = +1 for benign",
              "f": number(f), "w": array(w), "checks": {"sklearn saga, w": small(np.abs(sk - w).max()), "scipy Newton-CG, w": small(np.abs(ncg - w).max())}})

# ---- least squares with penalties: diabetes, columns standardised, y centred -----------------------------------------------------
X, y = load_diabetes(return_X_y=True, scaled=False)
n = len(y)
X, y = (X - X.mean(0)) / X.std(0), y - y.mean()
alphas, _, path = lars_path(X, y, method="lasso")
rule = "|y - X w|^2/(2n) + "
for a in (20.0, 5.0, 1.0, 0.25, 0.08):
    w = Lasso(a, fit_intercept=False, tol=1e-14, max_iter=10**6).fit(X, y).coef_
    on_path = np.array([np.interp(-a, -alphas, c) for c in path])
    assert np.abs(w - on_path).max() < 1e-9 and ((w == 0) == (np.abs(on_path) < 1e-12)).all(), (a, w, on_path)
    cases.append({"name": f"lasso/{a}", "rule": rule + "a |w|_1; columns standardised, y centred", "params": {"a": a}, "w": array(w), "checks": {"lars_path": small(np.abs(w - on_path).max())}})
for a, share in ((1.0, 0.5), (0.3, 0.2)):
    w = ElasticNet(a, l1_ratio=share, fit_intercept=False, tol=1e-14, max_iter=10**6).fit(X, y).coef_
    cases.append({"name": f"elastic_net/{a}", "rule": rule + "l1 |w|_1 + l2/2 |w|^2", "params": {"l1": a * share, "l2": a * (1 - share)}, "w": array(w), "checks": {}})
for a in (1.0, 100.0):
    w = Ridge(a, fit_intercept=False, solver="cholesky").fit(X, y).coef_
    d = np.abs(w - np.linalg.solve(X.T @ X + a * np.eye(10), X.T @ y)).max()
    cases.append({"name": f"ridge/{a}", "rule": "|y - X w|^2 + a |w|^2", "params": {"a": a}, "w": array(w), "checks": {"normal equations": small(d)}})
cases.append({"name": "lasso/breakpoints", "rule": "values of a at which a column enters or leaves, and the columns that are active below each", "a": [number(a) for a in alphas[:-1]],
              "active": [[int(j) for j in np.flatnonzero(np.abs(path[:, k] + path[:, k + 1]) > 1e-9)] for k in range(len(alphas) - 1)], "checks": {}})

# ---- nonlinear least squares: an exponential decay with noise -----------------------------------------------------------------------
s, noise = np.linspace(0, 3, 12), g(31, (12,), 0.1)
v = np.round(2.5 * np.exp(-1.3 * s) + 0.5 + noise, 3)
r = lambda p: p[0] * np.exp(-p[1] * s) + p[2] - v
fit = least_squares(r, [1.0, 1.0, 0.0], method="lm", xtol=1e-15, ftol=1e-15, gtol=1e-15)
cases.append({"name": "least_squares/decay", "rule": "sum (p0 exp(-p1 s) + p2 - v)^2 / 2 from p = (1, 1, 0)", "s": array(s), "v": array(v), "p": array(fit.x), "f": number(float(fit.cost)), "checks": {}})

# ---- Rosenbrock's function in five dimensions from two starts: two minima -------------------------------------------------------------
from scipy.optimize import rosen, rosen_der, rosen_hess
for x0 in ([-1.2, 1.0, -1.2, 1.0, -1.2], [-1.0, 1.0, 1.0, 1.0, 1.0]):
    found = {m: minimize(rosen, x0, jac=rosen_der, hess=h, method=m, options=o) for m, h, o in
             (("BFGS", None, {"gtol": 1e-10}), ("L-BFGS-B", None, {"gtol": 1e-10, "ftol": 0}), ("Newton-CG", rosen_hess, {"xtol": 1e-12}), ("trust-ncg", rosen_hess, {"gtol": 1e-10}))}
    cases.append({"name": f"rosenbrock/{'one' if x0[0] < -1 else 'other'}", "rule": "sum 100 (x[i+1] - x[i]^2)^2 + (1 - x[i])^2", "x0": array(np.array(x0)),
                  "found": {m: {"x": array(r.x), "f": number(float(r.fun)), "steps": int(r.nit), "evaluations": int(r.nfev)} for m, r in found.items()}, "checks": {}})
    print(x0, {m: (np.round(r.x, 6), r.fun, r.nit) for m, r in found.items()})

write("optimisation.json", {"about": "Minima found by SciPy and scikit-learn.", "versions": versions("scipy", "scikit-learn", "numpy")}, cases)
