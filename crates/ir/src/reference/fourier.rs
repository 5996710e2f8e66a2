//! The discrete Fourier transform by its definition, in O(n²): the meaning of the `fft` primitive.

/// The discrete Fourier transform of `n` complex numbers, given as pairs (real, imaginary):
///
/// ```text
/// forward   X_k =     Σ_j x_j e^(−2πi jk/n)
/// inverse   x_j = 1/n Σ_k X_k e^(+2πi jk/n)
/// ```
///
/// The sign and the scale are NumPy's. Source: W. L. Briggs, V. E. Henson, *The DFT: an owner's
/// manual for the discrete Fourier transform*, SIAM 1995.
///
/// ```
/// use ir::reference::fourier::dft;
/// let x = [(1.0, 0.0), (2.0, 0.0), (3.0, 0.0), (4.0, 0.0)];
/// assert_eq!(dft(4, &x, false), [(10.0, 0.0), (-2.0, 2.0), (-2.0, 0.0), (-2.0, -2.0)]);
/// assert_eq!(dft(4, &dft(4, &x, false), true), x);
/// ```
#[track_caller]
pub fn dft(n: usize, x: &[(f64, f64)], inverse: bool) -> Vec<(f64, f64)> {
    assert_eq!(x.len(), n, "dft: {} numbers are not a vector of length {n}", x.len());
    let roots: Vec<(f64, f64)> = (0..n).map(|k| root_of_unity(k, n)).collect();
    let scale = if inverse { 1.0 / n as f64 } else { 1.0 };
    (0..n)
        .map(|k| {
            let (mut real, mut imaginary) = (0.0, 0.0);
            let mut power = 0; // jk mod n
            for &(a, b) in x {
                let (cos, sin) = roots[power];
                let sin = if inverse { sin } else { -sin };
                real += a * cos - b * sin;
                imaginary += a * sin + b * cos;
                power = (power + k) % n;
            }
            (real * scale, imaginary * scale)
        })
        .collect()
}

/// `(cos 2πk/n, sin 2πk/n)` for `k < n`, with the angle reduced exactly to the first octant, so that
/// the fourth and eighth roots of unity are as symmetric in `f64` as they are in mathematics.
fn root_of_unity(k: usize, n: usize) -> (f64, f64) {
    // The angle as the fraction `eighths/n` of an eighth of the circle.
    let eighths = 8 * k as u128;
    let (octant, rest) = ((eighths / n as u128) as usize, (eighths % n as u128) as f64);
    // In odd octants count back from their end.
    let rest = if octant % 2 == 1 { n as f64 - rest } else { rest };
    let angle = std::f64::consts::FRAC_PI_4 * (rest / n as f64);
    let (sin, cos) = angle.sin_cos();
    match octant {
        0 => (cos, sin),
        1 => (sin, cos),
        2 => (-sin, cos),
        3 => (-cos, sin),
        4 => (-cos, -sin),
        5 => (-sin, -cos),
        6 => (sin, -cos),
        _ => (cos, -sin),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distance(x: &[(f64, f64)], y: &[(f64, f64)]) -> f64 {
        assert_eq!(x.len(), y.len());
        x.iter()
            .zip(y)
            .fold(0.0, |worst: f64, (x, y)| worst.max((x.0 - y.0).abs()).max((x.1 - y.1).abs()))
    }

    /// Some complex numbers without structure: fractional parts of multiples of irrationals.
    fn sample(n: usize) -> Vec<(f64, f64)> {
        (1..=n)
            .map(|k| {
                ((k as f64 * 2.0_f64.sqrt()).fract() - 0.5, (k as f64 * 3.0_f64.sqrt()).fract())
            })
            .collect()
    }

    #[test]
    fn roots_of_unity_in_every_octant() {
        for n in [1, 2, 3, 4, 5, 7, 8, 12, 16, 24, 100, 101] {
            for k in 0..n {
                let angle = std::f64::consts::TAU * k as f64 / n as f64;
                let (cos, sin) = root_of_unity(k, n);
                assert!((cos - angle.cos()).abs() < 1e-15 && (sin - angle.sin()).abs() < 1e-15);
            }
        }
        assert_eq!(root_of_unity(1, 4), (0.0, 1.0));
        let (cos, sin) = root_of_unity(3, 8);
        assert!((cos + sin).abs() < 2e-16);
    }

    #[test]
    fn a_single_frequency_is_a_single_coefficient() {
        for n in [1, 2, 5, 8, 13] {
            for frequency in 0..n {
                let wave: Vec<_> = (0..n).map(|j| root_of_unity(j * frequency % n, n)).collect();
                let mut expected = vec![(0.0, 0.0); n];
                expected[frequency].0 = n as f64;
                assert!(distance(&dft(n, &wave, false), &expected) < 1e-14);
            }
        }
    }

    #[test]
    fn the_inverse_inverts_and_parseval_holds() {
        for n in [0, 1, 2, 3, 4, 7, 16, 30] {
            let x = sample(n);
            let transform = dft(n, &x, false);
            assert!(distance(&dft(n, &transform, true), &x) < 1e-14);
            let energy = |x: &[(f64, f64)]| x.iter().map(|(a, b)| a * a + b * b).sum::<f64>();
            assert!((energy(&transform) - n as f64 * energy(&x)).abs() <= 1e-13 * (n * n) as f64);
        }
    }

    #[test]
    fn the_transform_of_a_convolution_is_the_product() {
        let n = 9;
        let (x, y) = (sample(n), sample(2 * n).split_off(n));
        let multiply =
            |a: (f64, f64), b: (f64, f64)| (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0);
        let convolution: Vec<(f64, f64)> = (0..n)
            .map(|k| {
                (0..n)
                    .map(|j| multiply(x[j], y[(n + k - j) % n]))
                    .fold((0.0, 0.0), |s, z| (s.0 + z.0, s.1 + z.1))
            })
            .collect();
        let expected: Vec<(f64, f64)> = dft(n, &x, false)
            .into_iter()
            .zip(dft(n, &y, false))
            .map(|(a, b)| multiply(a, b))
            .collect();
        assert!(distance(&dft(n, &convolution, false), &expected) < 1e-13);
    }

    #[test]
    fn nan_reaches_every_coefficient() {
        let transform = dft(3, &[(1.0, 0.0), (f64::NAN, 0.0), (2.0, 0.0)], false);
        assert!(transform.iter().all(|(a, b)| a.is_nan() && b.is_nan()));
    }
}
