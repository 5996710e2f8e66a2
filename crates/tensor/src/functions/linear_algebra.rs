//! Linear algebra. A matrix is the last two axes; leading axes run in parallel and, where there
//! are two operands, broadcast.

use crate::Tensor;
use crate::execute::{bind, bind1, evaluated};
use ir::linalg;
use ir::prim::{Eigh, Qr, Svd, TriangularSolve};

/// # Panics
/// When the last two axes are not a matrix, or not a square one where that is asked for.
#[track_caller]
fn matrix(op: &str, x: &Tensor, square: bool) {
    match x.shape() {
        [.., m, n] if !square || m == n => {}
        _ => {
            let kind = if square { "square matrices" } else { "matrices" };
            panic!("{op}: needs {kind} in the last two axes, got {}", x.0.ty())
        }
    }
}

/// Two arrays of matrices with equal leading axes, the second one with its columns; and whether
/// the second was a vector.
#[track_caller]
fn system(op: &str, a: &Tensor, b: &Tensor) -> (Tensor, Tensor, bool) {
    matrix(op, a, false);
    let vector = b.ndim() == 1;
    let b = if vector { b.expand_dims(-1) } else { b.clone() };
    matrix(op, &b, false);
    let (m, n) = (a.ndim() - 2, b.ndim() - 2);
    let lead = array::shape::broadcast(&a.shape()[..m], &b.shape()[..n]);
    let Some(lead) = lead else {
        panic!("{op}: leading axes of {} and {} do not broadcast", a.0.ty(), b.0.ty());
    };
    let a = a.broadcast_to(&[&lead[..], &a.shape()[m..]].concat());
    let b = b.broadcast_to(&[&lead[..], &b.shape()[n..]].concat());
    (a, b, vector)
}

fn column(x: Tensor, vector: bool) -> Tensor {
    if vector { x.squeeze(-1) } else { x }
}

impl Tensor {
    /// The lower triangular `L` with positive diagonal and `L Lᵀ = (A + Aᵀ)/2`; NaN throughout
    /// where that is not positive definite.
    ///
    /// # Panics
    /// When the matrices are not square.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let l = Tensor::from([[4.0, 2.0], [2.0, 5.0]]).cholesky();
    /// assert_eq!(l.to_vec::<f64>(), [2.0, 0.0, 1.0, 2.0]);
    /// ```
    #[track_caller]
    pub fn cholesky(&self) -> Tensor {
        matrix("cholesky", self, true);
        evaluated(linalg::cholesky(&self.0))
    }

    /// The solution of `A X = B` by LU factors. `B` is a vector or matrices. A singular `A` gives
    /// infinities or NaN.
    ///
    /// # Panics
    /// When the sizes do not fit.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let a = Tensor::from([[2.0, 0.0], [0.0, 4.0]]);
    /// assert_eq!(a.solve(&Tensor::from([2.0, 4.0])).to_vec::<f64>(), [1.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn solve(&self, b: &Tensor) -> Tensor {
        matrix("solve", self, true);
        let (a, b, vector) = system("solve", self, b);
        column(evaluated(linalg::solve(&a.0, &b.0)), vector)
    }

    /// The solution of `A X = B` for a triangular `A`, of which the other triangle is not read; of
    /// `Aᵀ X = B` if `transposed`. `B` is a vector or matrices.
    ///
    /// # Panics
    /// When the sizes do not fit.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let l = Tensor::from([[2.0, f64::NAN], [1.0, 1.0]]);
    /// let x = l.triangular_solve(&Tensor::from([2.0, 4.0]), true, false);
    /// assert_eq!(x.to_vec::<f64>(), [1.0, 3.0]);
    /// ```
    #[track_caller]
    pub fn triangular_solve(&self, b: &Tensor, lower: bool, transposed: bool) -> Tensor {
        matrix("triangular_solve", self, true);
        let (a, b, vector) = system("triangular_solve", self, b);
        let solve = TriangularSolve { lower, transpose: transposed, unit_diagonal: false };
        column(bind1(solve, &[&a, &b]), vector)
    }

    /// The `X` that minimises `‖A X − B‖`, and among these `‖X‖`, for `A` of full rank. `B` is a
    /// vector or matrices.
    ///
    /// # Panics
    /// When the sizes do not fit.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let a = Tensor::from([[1.0], [1.0]]);
    /// assert!((a.lstsq(&Tensor::from([1.0, 3.0])).item() - 2.0).abs() < 1e-14);
    /// ```
    #[track_caller]
    pub fn lstsq(&self, b: &Tensor) -> Tensor {
        let (a, b, vector) = system("lstsq", self, b);
        column(evaluated(linalg::lstsq(&a.0, &b.0)), vector)
    }

    /// The inverse. Where it is multiplied afterwards, [`Tensor::solve`] is better.
    ///
    /// # Panics
    /// When the matrices are not square.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let a = Tensor::from([[2.0, 1.0], [4.0, 3.0]]);
    /// assert_eq!(a.inv().to_vec::<f64>(), [1.5, -0.5, -2.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn inv(&self) -> Tensor {
        matrix("inv", self, true);
        evaluated(linalg::inv(&self.0))
    }

    /// The pseudo-inverse of matrices of full rank; without it, infinities or NaN.
    ///
    /// # Panics
    /// When there are fewer than two axes.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let a = Tensor::from([[1.0], [1.0]]);
    /// assert!((a.pinv() - 0.5).abs().max().item() < 1e-15);
    /// ```
    #[track_caller]
    pub fn pinv(&self) -> Tensor {
        matrix("pinv", self, false);
        evaluated(linalg::pinv(&self.0))
    }

    /// The determinant. It over- and underflows soon: see [`Tensor::slogdet`]. Its derivative is
    /// NaN for singular matrices.
    ///
    /// # Panics
    /// When the matrices are not square.
    ///
    /// ```
    /// use tensor::Tensor;
    /// assert_eq!(Tensor::from([[0.0, 2.0], [3.0, 0.0]]).det().item(), -6.0);
    /// ```
    #[track_caller]
    pub fn det(&self) -> Tensor {
        matrix("det", self, true);
        evaluated(linalg::det(&self.0))
    }

    /// The sign of the determinant (−1, 0 or 1) and the logarithm of its magnitude (−∞ for
    /// singular matrices).
    ///
    /// # Panics
    /// When the matrices are not square.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let (sign, log) = Tensor::from([[0.0, 2.0], [3.0, 0.0]]).slogdet();
    /// assert_eq!((sign.item(), log.item()), (-1.0, 2.0_f64.ln() + 3.0_f64.ln()));
    /// ```
    #[track_caller]
    pub fn slogdet(&self) -> (Tensor, Tensor) {
        matrix("slogdet", self, true);
        let (sign, log) = linalg::slogdet(&self.0);
        (evaluated(sign), evaluated(log))
    }

    /// The reduced QR decomposition `(Q, R)`: orthonormal columns times an upper triangle with a
    /// diagonal that is not negative.
    ///
    /// # Panics
    /// When there are fewer than two axes.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let (q, r) = Tensor::from([[0.0, 2.0], [3.0, 0.0]]).qr();
    /// assert!((r - Tensor::from([[3.0, 0.0], [0.0, 2.0]])).abs().max().item() < 1e-15);
    /// assert_eq!(q.shape(), [2, 2]);
    /// ```
    #[track_caller]
    pub fn qr(&self) -> (Tensor, Tensor) {
        matrix("qr", self, false);
        let [q, r] = fixed(bind(Qr {}, &[self]));
        (q, r)
    }

    /// The thin singular value decomposition `(U, s, Vᵀ)` with `A = U diag(s) Vᵀ`, the values in
    /// descending order.
    ///
    /// # Panics
    /// When there are fewer than two axes.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let (_, s, _) = Tensor::from([[0.0, 2.0], [3.0, 0.0]]).svd();
    /// assert!((s - Tensor::from([3.0, 2.0])).abs().max().item() < 1e-14);
    /// ```
    #[track_caller]
    pub fn svd(&self) -> (Tensor, Tensor, Tensor) {
        matrix("svd", self, false);
        let [u, s, vt] = fixed(bind(Svd {}, &[self]));
        (u, s, vt)
    }

    /// The spectral decomposition `(λ, V)` of the symmetric part, `(A + Aᵀ)/2 = V diag(λ) Vᵀ`,
    /// eigenvalues ascending, eigenvectors in the columns of `V`.
    ///
    /// # Panics
    /// When the matrices are not square.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let (values, _) = Tensor::from([[0.0, 1.0], [1.0, 0.0]]).eigh();
    /// assert!((values - Tensor::from([-1.0, 1.0])).abs().max().item() < 1e-14);
    /// ```
    #[track_caller]
    pub fn eigh(&self) -> (Tensor, Tensor) {
        matrix("eigh", self, true);
        let [values, vectors] = fixed(bind(Eigh {}, &[self]));
        (values, vectors)
    }

    /// The matrix exponential, `Σ Aᵏ/k!`, by scaling and squaring (N. J. Higham, SIAM J. Matrix
    /// Anal. Appl. 26, 2005).
    ///
    /// # Panics
    /// When the matrices are not square.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let a = Tensor::from([[0.0, 1.0], [0.0, 0.0]]);
    /// let expected = Tensor::from([[1.0, 1.0], [0.0, 1.0]]);
    /// assert!((a.expm() - expected).abs().max().item() < 1e-15);
    /// ```
    #[track_caller]
    pub fn expm(&self) -> Tensor {
        matrix("expm", self, true);
        evaluated(linalg::expm(&self.0))
    }

    /// `Aⁿ` by repeated squaring; negative powers are those of the inverse.
    ///
    /// # Panics
    /// When the matrices are not square.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let fibonacci = Tensor::from([[1.0, 1.0], [1.0, 0.0]]).matrix_power(10);
    /// assert_eq!(fibonacci.to_vec::<f64>(), [89.0, 55.0, 55.0, 34.0]);
    /// ```
    #[track_caller]
    pub fn matrix_power(&self, n: i32) -> Tensor {
        matrix("matrix_power", self, true);
        let mut square = if n < 0 { self.inv() } else { self.clone() };
        let mut rest = n.unsigned_abs();
        let mut power: Option<Tensor> = None;
        while rest > 0 {
            if rest & 1 == 1 {
                power = Some(power.map_or_else(|| square.clone(), |p| p.matmul(&square)));
            }
            rest >>= 1;
            if rest > 0 {
                square = square.matmul(&square);
            }
        }
        let size = self.shape()[self.ndim() - 1];
        power.unwrap_or_else(|| Tensor::eye(size, self.dtype()).broadcast_to(self.shape()))
    }
}

/// The outputs of an operation that has this many.
fn fixed<const N: usize>(outputs: Vec<Tensor>) -> [Tensor; N] {
    outputs.try_into().expect("invariant: the number of outputs is the operation's")
}
