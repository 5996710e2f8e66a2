//! Fourier transforms against JAX, and what follows from their definitions.

mod oracle;

use array::{Array, DType, Type};
use ir::check::random_like;
use ir::prim::{Fft, FftKind, Padding, Prim};
use ir::{Expr, Primitive, bind1};
use oracle::cases;

fn transform(kind: FftKind, n: usize, x: &Expr) -> Expr {
    bind1(Fft { kind, n }, &[x])
}

#[test]
fn jax_fft() {
    use FftKind::{Fft, Ifft, Irfft, Rfft};
    for (name, kind) in [("fft/", Fft), ("ifft/", Ifft), ("rfft/", Rfft), ("irfft/", Irfft)] {
        let all = cases(name);
        assert_eq!(all.len(), 2);
        for case in all {
            let n: usize = case.name()[name.len()..].parse().unwrap();
            if kind == Irfft {
                assert_eq!(case.param::<usize>("n"), n);
            }
            case.check(&["x"], |x| transform(kind, n, &x[0]));
        }
    }
}

/// The transform along both of the axes before the pairs.
fn fft2(kind: FftKind, x: &Expr) -> Expr {
    let [rows, columns] = [x.shape()[0], x.shape()[1]];
    let along_rows = transform(kind, columns, x);
    transform(kind, rows, &along_rows.move_axis(1, 0)).move_axis(1, 0)
}

#[test]
fn jax_fft2() {
    let all = cases("fft2/");
    assert_eq!(all.len(), 1);
    for case in all {
        case.check(&["x"], |x| fft2(FftKind::Fft, &x[0]));
    }
}

/// Zeros after the last element, up to length `n` along each axis.
fn lengthened(x: &Expr, n: usize) -> Expr {
    let zeros = |m: usize| Padding { low: 0, high: (n - m) as i64, interior: 0 };
    x.pad_zero(&x.shape().iter().map(|&m| zeros(m)).collect::<Vec<_>>())
}

/// The product of complex numbers on a trailing axis.
fn product(x: &Expr, y: &Expr) -> Expr {
    let last = x.rank() - 1;
    let parts = |z: &Expr| [z.slice_axis(last, 0, 1), z.slice_axis(last, 1, 2)];
    let ([a, b], [c, d]) = (parts(x), parts(y));
    let real = &(&a * &c) - &(&b * &d);
    let imaginary = &(&a * &d) + &(&b * &c);
    Expr::concatenate(&[&real, &imaginary], last)
}

#[test]
fn the_transform_of_a_convolution_is_the_product_of_transforms() {
    for (name, n) in [("full_1d", 9), ("circular_1d", 7)] {
        let all = cases(&format!("fft_convolution/{name}"));
        assert_eq!(all.len(), 1);
        all[0].check(&["x", "w"], |x| {
            let spectrum = |x: &Expr| transform(FftKind::Rfft, n, &lengthened(x, n));
            transform(FftKind::Irfft, n, &product(&spectrum(&x[0]), &spectrum(&x[1])))
        });
    }
    let all = cases("fft_convolution/full_2d");
    assert_eq!(all.len(), 1);
    all[0].check(&["x", "w"], |x| {
        // Real along the last axis, then complex along the first.
        let first = |kind, z: &Expr| transform(kind, 6, &z.move_axis(0, 1)).move_axis(1, 0);
        let spectrum = |x: &Expr| {
            let rows = transform(FftKind::Rfft, 6, &lengthened(x, 6));
            first(FftKind::Fft, &rows)
        };
        let y = product(&spectrum(&x[0]), &spectrum(&x[1]));
        transform(FftKind::Irfft, 6, &first(FftKind::Ifft, &y))
    });
}

#[test]
fn inverses_invert_for_even_and_odd_lengths_in_both_precisions() {
    for n in 1..=9 {
        for (dtype, tolerance) in [(DType::F64, 1e-15), (DType::F32, 1e-6)] {
            let pairs = [
                (FftKind::Fft, FftKind::Ifft, vec![2, n, 2]),
                (FftKind::Rfft, FftKind::Irfft, vec![2, n]),
            ];
            for (kind, inverse, shape) in pairs {
                let x = random_like(&Type::new(dtype, shape), 5);
                let there = Fft { kind, n }.eval(&[&x]).unwrap();
                let back = Fft { kind: inverse, n }.eval(&[&there[0]]).unwrap();
                assert_eq!(back[0].ty(), x.ty());
                for (a, b) in back[0].to_f64().into_iter().zip(x.to_f64()) {
                    assert!((a - b).abs() <= tolerance, "{kind:?} {n}: {a} and {b}");
                }
            }
        }
    }
}

#[test]
fn coefficients_that_are_their_own_conjugates_have_no_imaginary_part() {
    // n even: the first and the last; n odd: the first.
    for (n, half) in [(4, 3), (5, 3)] {
        let x = random_like(&Type::new(DType::F64, [half, 2]), 8);
        let mut values = x.to_f64();
        values[1] = 7.0;
        if n % 2 == 0 {
            values[2 * half - 1] = -7.0;
        }
        let changed = Array::from_vec(values, &[half, 2]);
        let irfft = Fft { kind: FftKind::Irfft, n };
        assert_eq!(irfft.eval(&[&x]).unwrap(), irfft.eval(&[&changed]).unwrap());
    }
}

#[test]
fn what_does_not_fit_is_said() {
    let message = |kind, n, dtype, shape: &[usize]| {
        let x = Expr::full(&Type::new(dtype, shape), 0.0);
        ir::try_bind(Fft { kind, n }, &[&x]).unwrap_err().message
    };
    let (fft, irfft, f32) = (FftKind::Fft, FftKind::Irfft, DType::F32);
    let cases = [
        (message(fft, 4, f32, &[4]), "the last axes must have sizes [4, 2]"),
        (message(fft, 4, f32, &[5, 2]), "the last axes must have sizes [4, 2]"),
        (message(irfft, 5, f32, &[4, 2]), "with n = 5 the last axes must have sizes [3, 2]"),
        (message(FftKind::Rfft, 5, f32, &[]), "the last axes must have sizes [5]"),
        (message(fft, 4, DType::I32, &[4, 2]), "needs floats"),
        (message(FftKind::Rfft, 0, f32, &[0]), "no transform of no numbers"),
    ];
    for (message, part) in cases {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn parameters_print_and_parse() {
    for kind in [FftKind::Fft, FftKind::Ifft, FftKind::Rfft, FftKind::Irfft] {
        let prim = Prim::from(Fft { kind, n: 5 });
        let (keyword, attributes) = prim.attributes().unwrap();
        assert_eq!(Prim::from_attributes(keyword, &attributes), Ok(prim));
    }
}
