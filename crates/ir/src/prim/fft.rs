//! The discrete Fourier transform on pairs (real, imaginary).

use super::family::{arity, floating, linear_jvp};
use super::{BatchAxis, Batched, Example, Fill, Jvp, Operand, Padding, Primitive, Tangent};
use crate::error::{RuleError, TypeError, ensure};
use crate::expr::{Expr, RuleResult, bind1};
use crate::prim::Pad;
use crate::reference::fourier::dft;
use array::{Array, Type};
use serde::{Deserialize, Serialize};

/// Which transform.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FftKind {
    /// Complex to complex: `[…, n, 2]` to `[…, n, 2]`.
    Fft,
    /// Its inverse: `[…, n, 2]` to `[…, n, 2]`.
    Ifft,
    /// Real to the first half of the spectrum: `[…, n]` to `[…, ⌊n/2⌋ + 1, 2]`.
    Rfft,
    /// Its inverse: `[…, ⌊n/2⌋ + 1, 2]` to `[…, n]`.
    Irfft,
}

/// The discrete Fourier transform along one axis, in parallel over all leading axes. There is no
/// complex dtype: complex numbers are pairs (real, imaginary) on a trailing axis of length 2. With
/// θ = 2π/n,
///
/// ```text
/// fft    X_k = Σ_j x_j e^(−iθjk)
/// ifft   x_j = 1/n Σ_k X_k e^(+iθjk)
/// rfft   the X_k with 0 ≤ k ≤ n/2, for real x; the others are their conjugates, X_{n−k} = X̄_k
/// irfft  the real x_j = 1/n Σ_{k ≤ n/2} w_k Re(X_k e^(+iθjk))
/// ```
///
/// where `w_k` is the number of coefficients that `X_k` stands for: 1 for its own conjugate, which
/// are `k = 0` and, n even, `k = n/2`; else 2. The imaginary parts of those with weight 1 are
/// ignored. Sign and scale are NumPy's.
///
/// The transforms are linear over the reals. Multiplication by `e^(−iθ)` is a rotation of the pair,
/// whose transpose is the rotation back, multiplication by `e^(+iθ)`; so
///
/// ```text
/// fftᵀ = n·ifft        rfftᵀ(c)  = n·irfft(c / w)
/// ifftᵀ = fft / n      irfftᵀ(c) = w / n · rfft(c)
/// ```
///
/// (for `rfft`: `x̄_j = Re Σ_{k ≤ n/2} c_k e^(+iθjk)`, which is the sum of `irfft` without its
/// weights).
///
/// # Errors
/// Operands that are not floats; shapes that are not as above; n = 0.
///
/// Source: W. L. Briggs, V. E. Henson, *The DFT: an owner's manual for the discrete Fourier
/// transform*, SIAM 1995; NumPy's `numpy.fft` for the conventions.
///
/// ```
/// use array::Array;
/// use ir::Primitive;
/// use ir::prim::{Fft, FftKind};
///
/// let x = Array::from_vec(vec![1.0, 2.0, 3.0, 4.0], &[4]);
/// let spectrum = Fft { kind: FftKind::Rfft, n: 4 }.eval(&[&x])?.remove(0);
/// assert_eq!(spectrum.to_f64(), [10.0, 0.0, -2.0, 2.0, -2.0, 0.0]);
/// assert_eq!(Fft { kind: FftKind::Irfft, n: 4 }.eval(&[&spectrum])?, [x]);
/// # Ok::<(), ir::RuleError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Fft {
    /// Which transform.
    pub kind: FftKind,
    /// How many numbers are transformed; for `irfft`, the length of the result.
    pub n: usize,
}

type Complex = (f64, f64);

impl Fft {
    /// What the innermost axes of operand and result must be.
    fn inner(&self) -> [Vec<usize>; 2] {
        let (complex, half, real) = (vec![self.n, 2], vec![self.n / 2 + 1, 2], vec![self.n]);
        match self.kind {
            FftKind::Fft | FftKind::Ifft => [complex.clone(), complex],
            FftKind::Rfft => [real, half],
            FftKind::Irfft => [half, real],
        }
    }

    /// The transform of one run of numbers, in the layout of the innermost axes.
    fn evaluate(&self, x: &[f64]) -> Vec<f64> {
        let n = self.n;
        let pairs =
            |x: &[f64]| -> Vec<Complex> { x.chunks_exact(2).map(|z| (z[0], z[1])).collect() };
        let flat = |x: &[Complex]| -> Vec<f64> { x.iter().flat_map(|&(a, b)| [a, b]).collect() };
        match self.kind {
            FftKind::Fft => flat(&dft(n, &pairs(x), false)),
            FftKind::Ifft => flat(&dft(n, &pairs(x), true)),
            FftKind::Rfft => {
                let complex: Vec<Complex> = x.iter().map(|&v| (v, 0.0)).collect();
                flat(&dft(n, &complex, false)[..n / 2 + 1])
            }
            FftKind::Irfft => {
                let half = pairs(x);
                let whole: Vec<Complex> = (0..n)
                    .map(|k| match half[k.min(n - k)] {
                        (real, _) if k == 0 || 2 * k == n => (real, 0.0),
                        (real, imaginary) if 2 * k < n => (real, imaginary),
                        (real, imaginary) => (real, -imaginary),
                    })
                    .collect();
                dft(n, &whole, true).into_iter().map(|z| z.0).collect()
            }
        }
    }

    /// Factors for the half spectra of type `ty`: `own` for the coefficients that are their own
    /// conjugates, `other` for the rest.
    fn factors(&self, ty: &Type, own: f64, other: f64) -> Expr {
        let rest = (self.n - 1) / 2;
        let high = i64::from(self.n.is_multiple_of(2));
        let pad = Pad { padding: vec![Padding { low: 1, high, interior: 0 }] };
        let others = Expr::full(&ty.with_shape([rest]), other);
        let along = bind1(pad, &[&others, &Expr::scalar(ty.dtype, own)]);
        along.broadcast_in_dim(&ty.shape, &[ty.rank() - 2])
    }
}

impl Primitive for Fft {
    fn name(&self) -> &'static str {
        match self.kind {
            FftKind::Fft => "fft",
            FftKind::Ifft => "ifft",
            FftKind::Rfft => "rfft",
            FftKind::Irfft => "irfft",
        }
    }
    fn typ(&self, x: &[&Type]) -> Result<Vec<Type>, TypeError> {
        arity(x, 1)?;
        floating(x[0])?;
        ensure(self.n > 0, || "there is no transform of no numbers".into())?;
        let [from, to] = self.inner();
        let leading = x[0].shape.strip_suffix(&from[..]).ok_or_else(|| {
            TypeError::new(format!("with n = {} the last axes must have sizes {from:?}", self.n))
        })?;
        Ok(vec![x[0].with_shape([leading, &to].concat())])
    }
    fn eval(&self, x: &[&Array]) -> RuleResult<Vec<Array>> {
        let dtype = x[0].dtype();
        if !dtype.is_float() {
            return Err(RuleError::new(self.name(), "eval", format!("needs floats, got {dtype}")));
        }
        let [from, to] = self.inner();
        let runs = x[0].to_f64();
        let y: Vec<f64> = runs
            .chunks_exact(array::shape::size(&from))
            .flat_map(|run| self.evaluate(run))
            .collect();
        let leading = &x[0].shape()[..x[0].shape().len() - from.len()];
        Ok(vec![Array::from_f64(dtype, &y, &[leading, &to].concat())])
    }
    fn jvp(&self, _: &[Expr], _: &[Expr], dx: &[Tangent]) -> RuleResult<Jvp> {
        Ok(linear_jvp(self, dx).into())
    }
    fn transpose(&self, ct: &[Tangent], _: &[Operand]) -> RuleResult<Vec<Tangent>> {
        let Some(ct) = &ct[0] else { return Ok(vec![None]) };
        let n = self.n as f64;
        let run = |kind: FftKind, x: &Expr| bind1(Fft { kind, n: self.n }, &[x]);
        Ok(vec![Some(match self.kind {
            FftKind::Fft => run(FftKind::Ifft, ct).times(n),
            FftKind::Ifft => run(FftKind::Fft, ct).times(1.0 / n),
            FftKind::Rfft => run(FftKind::Irfft, &(ct * &self.factors(ct.ty(), n, n / 2.0))),
            FftKind::Irfft => {
                let spectrum = run(FftKind::Rfft, ct);
                &spectrum * &self.factors(spectrum.ty(), 1.0 / n, 2.0 / n)
            }
        })])
    }
    fn batch(&self, x: &[Expr], _: &[bool], _: &BatchAxis) -> RuleResult<Vec<Batched>> {
        Ok(vec![(bind1(self.clone(), &[&x[0]]), true)])
    }
    /// The customary count 5 n log₂ n for complex, half of it for real numbers (M. Frigo,
    /// S. G. Johnson, *The design and implementation of FFTW3*, Proc. IEEE 93, 2005).
    fn flops(&self, x: &[Type], _: &[Type]) -> u64 {
        let runs = x[0].len() / array::shape::size(&self.inner()[0]);
        let half_count = match self.kind {
            FftKind::Fft | FftKind::Ifft => 10.0,
            FftKind::Rfft | FftKind::Irfft => 5.0,
        };
        let n = self.n as f64;
        (runs as f64 * half_count / 2.0 * n * n.log2()).round() as u64
    }
    crate::no_programs!();
    fn examples() -> Vec<Example> {
        let mut all = vec![];
        for kind in [FftKind::Fft, FftKind::Ifft, FftKind::Rfft, FftKind::Irfft] {
            for (n, leading) in
                [(1, &[][..]), (2, &[2]), (3, &[]), (4, &[2]), (5, &[1, 2]), (6, &[0]), (6, &[])]
            {
                let fft = Fft { kind, n };
                let shape = [leading, &fft.inner()[0]].concat();
                all.push(Example::new(fft, &[&shape]).fill(0, Fill::Range(-1.0, 1.0)));
            }
        }
        all
    }
}
