"""Decompositions and matrix functions with first and second derivatives from JAX in f64 -> linalg.json."""
from common import *
import jax
import jax.numpy as jnp
import jax.scipy.linalg as jsl
import scipy.linalg as sl
import torch
from jax import lax

jax.config.update("jax_enable_x64", True)
T = lambda a: jnp.swapaxes(a, -1, -2)
sym = lambda a: (a + T(a)) / 2
eye = np.eye
cases = []
add = lambda *a, **k: cases.append(case(*a, **k))

M3, M4, M5 = g(1, (3, 3)), g(2, (4, 4)), g(3, (5, 5))
spd = lambda m: m @ np.swapaxes(m, -1, -2) + 0.5 * eye(m.shape[-1])
S3, S5 = np.round(spd(M3), 3), np.round(spd(M5), 3)

# -- Cholesky: the function differentiated is A -> cholesky((A + A^T)/2), so its gradient is symmetric
for name, A in (("cholesky/3", S3), ("cholesky/5", S5), ("cholesky/batch_2x3x3", np.round(spd(g(4, (2, 3, 3))), 3))):
    add(name, lambda A: {"L": jnp.linalg.cholesky(sym(A))}, {"A": A}, note="A -> lower Cholesky factor of (A + A^T)/2; the gradient is symmetric",
        hessian=name == "cholesky/3", against=torch_oracle(lambda A: {"L": torch.linalg.cholesky((A + A.mT) / 2)}))

# -- LU with partial pivoting: A[permutation] = L U
def lu(A):
    f, piv, perm = lax.linalg.lu(A)
    n = min(A.shape)
    return f, perm, jnp.tril(f, -1)[:, :n] + jnp.eye(A.shape[0], n), jnp.triu(f)[:n]
def torch_lu(A):
    P, L, U = torch.linalg.lu(A)
    return {"L": L, "U": U}
for name, A in (("lu/4", M4), ("lu/5", M5), ("lu/tall_5x3", g(5, (5, 3))), ("lu/wide_3x4", g(6, (3, 4)))):
    add(name, lambda A: dict(zip("LU", lu(A)[2:])), {"A": A}, discrete={"permutation": lu(A)[1]},
        note="partial pivoting, A[permutation] = L U, L unit lower", against=torch_oracle(torch_lu))

# -- QR, signs fixed so that diag(R) > 0
def qr(A):
    Q, R = jnp.linalg.qr(A)
    s = jnp.sign(jnp.diagonal(R))
    return {"Q": Q * s, "R": R * s[:, None]}
def torch_qr(A):
    Q, R = torch.linalg.qr(A)
    s = torch.sign(torch.diagonal(R))
    return {"Q": Q * s, "R": R * s[:, None]}
for name, A in (("qr/4", M4), ("qr/tall_5x3", g(5, (5, 3)))):
    add(name, qr, {"A": A}, note="reduced, columns of Q and rows of R with the sign that makes diag(R) > 0", against=torch_oracle(torch_qr))

# -- SVD: singular values, and U diag(tanh s) V^T, which does not see the signs of U and V
def svd(A):
    U, s, V = jnp.linalg.svd(A, full_matrices=False)
    return {"s": s, "UfV": (U * jnp.tanh(s)) @ V}
def torch_svd(A):
    U, s, V = torch.linalg.svd(A, full_matrices=False)
    return {"s": s, "UfV": (U * torch.tanh(s)) @ V}
for name, A in (("svd/3", M3), ("svd/tall_5x3", g(5, (5, 3))), ("svd/wide_3x4", g(6, (3, 4)))):
    add(name, svd, {"A": A}, note="s decreasing; UfV = U diag(tanh(s)) V^T", against=torch_oracle(torch_svd))

# -- symmetric eigenproblem of (A + A^T)/2: eigenvalues increasing, V diag(tanh w) V^T
def eigh(A):
    w, V = jnp.linalg.eigh(sym(A))
    return {"w": w, "VfV": (V * jnp.tanh(w)) @ T(V)}
def torch_eigh(A):
    w, V = torch.linalg.eigh((A + A.mT) / 2)
    return {"w": w, "VfV": (V * torch.tanh(w)) @ V.mT}
for name, A in (("eigh/3", S3), ("eigh/5_indefinite", M5)):
    add(name, eigh, {"A": A}, note="of (A + A^T)/2: w increasing; VfV = V diag(tanh(w)) V^T; the gradient is symmetric", against=torch_oracle(torch_eigh))

# -- solving
for name, A, B in (("solve/4_matrix", M4, g(7, (4, 2))), ("solve/3_vector", M3, g(8, (3,))),
                   ("solve/batch_2x3x3", g(9, (2, 3, 3)) + 2 * eye(3), g(10, (2, 3, 2)))):
    add(name, lambda A, B: {"X": jnp.linalg.solve(A, B)}, {"A": A, "B": B}, note="A X = B", against=torch_oracle(lambda A, B: {"X": torch.linalg.solve(A, B)}))
L4 = np.round(g(11, (4, 4)) + 2 * eye(4), 3)
for lower in (True, False):
    for trans in (False, True):
        for unit in (False, True):
            def torch_tri(A, B):
                A = A.tril() if lower else A.triu()
                return {"X": torch.linalg.solve_triangular(A.mT if trans else A, B, upper=lower if trans else not lower, unitriangular=unit)}
            add(f"triangular_solve/{'lower' if lower else 'upper'}{'_transposed' if trans else ''}{'_unit' if unit else ''}",
                lambda A, B: {"X": lax.linalg.triangular_solve(A, B, left_side=True, lower=lower, transpose_a=trans, unit_diagonal=unit)},
                {"A": L4, "B": g(12, (4, 2))}, params={"left_side": True, "lower": lower, "transpose_a": trans, "unit_diagonal": unit},
                note="op(A) X = B with only the named triangle of A read; the gradient is zero elsewhere", against=torch_oracle(torch_tri))
add("triangular_solve/right_lower", lambda A, B: {"X": lax.linalg.triangular_solve(A, B, left_side=False, lower=True)}, {"A": L4, "B": g(13, (2, 4))},
    params={"left_side": False, "lower": True, "transpose_a": False, "unit_diagonal": False}, note="X A = B",
    against=torch_oracle(lambda A, B: {"X": torch.linalg.solve_triangular(A.tril(), B, upper=False, left=False)}))

# -- determinants and inverses
flip = M4.copy()
flip[[0, 1]] = flip[[1, 0]]
for name, A in (("slogdet/4", M4), ("slogdet/4_rows_swapped", flip), ("slogdet/3_spd", S3), ("slogdet/5_small", 1e-3 * M5)):
    add(name, lambda A: {"logabsdet": jnp.linalg.slogdet(A)[1]}, {"A": A}, discrete={"sign": jnp.linalg.slogdet(A)[0]}, hessian=name == "slogdet/3_spd",
        fd="small" not in name, against=torch_oracle(lambda A: {"logabsdet": torch.linalg.slogdet(A)[1]}), tolerance=1e-11)
add("det/3", lambda A: {"det": jnp.linalg.det(A)}, {"A": M3}, hessian=True, against=torch_oracle(lambda A: {"det": torch.linalg.det(A)}))
add("inv/4", lambda A: {"inverse": jnp.linalg.inv(A)}, {"A": M4}, against=torch_oracle(lambda A: {"inverse": torch.linalg.inv(A)}))
add("pinv/tall_5x3", lambda A: {"pinv": jnp.linalg.pinv(A)}, {"A": g(5, (5, 3))}, against=torch_oracle(lambda A: {"pinv": torch.linalg.pinv(A)}))
def lstsq(A, B):  # from the normal equations through QR, so that both derivatives are plain
    Q, R = jnp.linalg.qr(A)
    return {"X": jnp.linalg.solve(R, Q.T @ B)}
add("lstsq/5x3", lstsq, {"A": g(5, (5, 3)), "B": g(14, (5, 2))}, note="least squares, full column rank",
    against=torch_oracle(lambda A, B: {"X": torch.linalg.pinv(A) @ B}))

# -- matrix exponential: small, larger (scaling and squaring), nilpotent, rotation
def scipy_expm(A, cotangents):
    E = sl.expm(A)
    return {"E": E}, {"A": sl.expm_frechet(A.T, cotangents["E"], compute_expm=False)}
for name, A in (("expm/3", M3), ("expm/4_norm_8", np.round(4 * M4, 3)), ("expm/3_nilpotent", np.triu(g(15, (3, 3)), 1)),
                ("expm/2_rotation", np.array([[0, 2.0], [-2.0, 0]])), ("expm/3_zero", np.zeros((3, 3)))):
    add(name, lambda A: {"E": jsl.expm(A)}, {"A": A}, against=("scipy", scipy_expm), tolerance=1e-11)

write("linalg.json", {"about": "Linear algebra with derivatives from JAX in f64.", "case": CASE, "versions": versions("jax", "scipy", "torch", "numpy")}, cases)
