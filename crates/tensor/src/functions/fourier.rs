//! Fourier transforms. Complex numbers are pairs (real, imaginary) on the last axis, which has
//! length 2; axes are counted with it, so the last that can be transformed is −2.
//!
//! Sign and scale are NumPy's: `X_k = Σ_j x_j e^(−2πijk/n)`, and the inverse has the factor 1/n.

use crate::Tensor;
use crate::broadcasting::common;
use crate::execute::bind1;
use crate::methods::axis;
use ir::prim::{Fft, FftKind};

/// The smallest number ≥ `n` without prime factors above 5, for which transforms are fast.
fn fast_length(n: usize) -> usize {
    let smooth = |mut m: usize| {
        for p in [2_usize, 3, 5] {
            while m.is_multiple_of(p) {
                m /= p;
            }
        }
        m == 1
    };
    (n.max(1)..).find(|&m| smooth(m)).expect("invariant: there is a larger power of two")
}

impl Tensor {
    /// The pairs (real, imaginary) of two tensors, which broadcast.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let z = Tensor::complex(&Tensor::from([1.0, 2.0]), &Tensor::from(0.0));
    /// assert_eq!(z.to_vec::<f64>(), [1.0, 0.0, 2.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn complex(real: &Tensor, imaginary: &Tensor) -> Tensor {
        let (real, imaginary) = common("complex", real, imaginary);
        Tensor::stack(&[&real, &imaginary], -1)
    }

    /// # Panics
    /// When the last axis has not length 2.
    #[track_caller]
    fn parts(&self, op: &str) -> (Tensor, Tensor) {
        self.must_be_complex(op);
        (self.index(-1, 0), self.index(-1, 1))
    }

    #[track_caller]
    fn must_be_complex(&self, op: &str) {
        let ty = self.0.ty();
        assert!(
            self.shape().last() == Some(&2),
            "{op}: the last axis holds (real, imaginary), but the tensor is {ty}"
        );
    }

    /// The product of complex numbers, with broadcasting: `(a + ib)(c + id)`.
    ///
    /// # Panics
    /// When the last axes have not length 2.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let i = Tensor::from([0.0, 1.0]);
    /// assert_eq!(i.complex_mul(&i).to_vec::<f64>(), [-1.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn complex_mul(&self, other: &Tensor) -> Tensor {
        let ((a, b), (c, d)) = (self.parts("complex_mul"), other.parts("complex_mul"));
        Tensor::complex(&(&a * &c - &b * &d), &(a * d + b * c))
    }

    /// The complex conjugates.
    ///
    /// # Panics
    /// When the last axis has not length 2.
    ///
    /// ```
    /// use tensor::Tensor;
    /// assert_eq!(Tensor::from([1.0, 2.0]).complex_conj().to_vec::<f64>(), [1.0, -2.0]);
    /// ```
    #[track_caller]
    pub fn complex_conj(&self) -> Tensor {
        let (a, b) = self.parts("complex_conj");
        Tensor::complex(&a, &-b)
    }

    #[track_caller]
    fn transformed(&self, op: &str, kind: FftKind, at: isize) -> Tensor {
        self.must_be_complex(op);
        let at = axis(at, self.ndim());
        assert!(at + 1 < self.ndim(), "{op}: the last axis holds (real, imaginary)");
        let moved = self.move_axis(at as isize, -2);
        let n = self.shape()[at];
        bind1(Fft { kind, n }, &[&moved]).move_axis(-2, at as isize)
    }

    /// The discrete Fourier transform of complex numbers along an axis.
    ///
    /// # Panics
    /// When the last axis has not length 2, or the axis is the last or empty.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let z = Tensor::from([[1.0, 0.0], [3.0, 0.0]]);
    /// assert_eq!(z.fft(-2).to_vec::<f64>(), [4.0, 0.0, -2.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn fft(&self, at: isize) -> Tensor {
        self.transformed("fft", FftKind::Fft, at)
    }

    /// The inverse of [`Tensor::fft`].
    ///
    /// # Panics
    /// When the last axis has not length 2, or the axis is the last or empty.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let z = Tensor::from([[4.0, 0.0], [-2.0, 0.0]]);
    /// assert_eq!(z.ifft(-2).to_vec::<f64>(), [1.0, 0.0, 3.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn ifft(&self, at: isize) -> Tensor {
        self.transformed("ifft", FftKind::Ifft, at)
    }

    /// The transform of real numbers along an axis of size `n`: the complex coefficients 0 to
    /// ⌊n/2⌋ in its place, with (real, imaginary) as a new last axis. The others are conjugates.
    ///
    /// # Panics
    /// When there is no such axis, or it is empty.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let x = Tensor::from([1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.rfft(0).to_vec::<f64>(), [10.0, 0.0, -2.0, 2.0, -2.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn rfft(&self, at: isize) -> Tensor {
        let at = axis(at, self.ndim());
        let n = self.shape()[at];
        let spectrum = bind1(Fft { kind: FftKind::Rfft, n }, &[&self.move_axis(at as isize, -1)]);
        spectrum.move_axis(-2, at as isize)
    }

    /// The inverse of [`Tensor::rfft`]: the `n` real numbers with these first ⌊n/2⌋ + 1
    /// coefficients along an axis (counted with the last, which disappears).
    ///
    /// # Panics
    /// When the last axis has not length 2, or the axis has another size.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let x = Tensor::from([1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.rfft(0).irfft(4, -2).to_vec::<f64>(), x.to_vec::<f64>());
    /// ```
    #[track_caller]
    pub fn irfft(&self, n: usize, at: isize) -> Tensor {
        self.must_be_complex("irfft");
        let at = axis(at, self.ndim());
        assert!(at + 1 < self.ndim(), "irfft: the last axis holds (real, imaginary)");
        let moved = self.move_axis(at as isize, -2);
        bind1(Fft { kind: FftKind::Irfft, n }, &[&moved]).move_axis(-1, at as isize)
    }

    /// The linear convolution of sequences along the last axis, `y[k] = Σ_i x[i] h[k − i]` for
    /// `0 ≤ k < m + n − 1`, by the convolution theorem: O(N log N) operations. Leading axes
    /// broadcast.
    ///
    /// # Panics
    /// When one is a scalar or has an empty last axis.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let y = Tensor::from([1.0, 2.0, 3.0]).fft_convolve(&Tensor::from([1.0, 1.0]));
    /// let error = (y - Tensor::from([1.0, 3.0, 5.0, 3.0])).abs().max();
    /// assert!(error.item() < 1e-14);
    /// ```
    #[track_caller]
    pub fn fft_convolve(&self, other: &Tensor) -> Tensor {
        let last = |x: &Tensor| x.shape().last().copied().unwrap_or(0);
        let (m, n) = (last(self), last(other));
        let (a, b) = (self.0.ty(), other.0.ty());
        assert!(m > 0 && n > 0, "fft_convolve: {a} and {b} need a last axis with elements");
        let length = fast_length(m + n - 1);
        let spectrum = |x: &Tensor| {
            let mut padding = vec![(0, 0); x.ndim()];
            padding[x.ndim() - 1].1 = (length - last(x)) as i64;
            x.pad(&padding, 0.0).rfft(-1)
        };
        let product = spectrum(self).complex_mul(&spectrum(other));
        product.irfft(length, -2).slice_axis(-1, 0, m + n - 1)
    }
}
