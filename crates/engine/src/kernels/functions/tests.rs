//! Errors in units in the last place: f32 against f64 for a grid over all bit patterns, f64
//! against `oracles/vector_functions.csv`; on every instruction set of this processor.

use crate::isa::{on_every_set, vectorised};
use ir::prim::Unary;

vectorised! {
    fn unary_f32(f: Unary, x: &[f32], out: &mut [f32]) {
        super::unary_f32::<S>(f, x, out);
    }
}

vectorised! {
    fn unary_f64(f: Unary, x: &[f64], out: &mut [f64]) {
        super::unary_f64::<S>(f, x, out);
    }
}

/// The functions of this folder, and the largest errors for f32 and f64.
const BOUNDS: [(Unary, f64, f64); 10] = [
    (Unary::Exp, 1.1, 1.0),
    (Unary::Expm1, 2.0, 2.0),
    (Unary::Log, 1.0, 1.0),
    (Unary::Log1p, 2.0, 1.5),
    (Unary::Tanh, 3.0, 2.0),
    (Unary::Logistic, 2.5, 2.0),
    (Unary::Sin, 0.6, 0.6),
    (Unary::Cos, 0.6, 0.6),
    (Unary::Erf, 5.0, 1.5),
    (Unary::Erfc, 8.0, 2.0),
];

/// The distance between neighbouring numbers at |y|.
fn spacing(y: f64, fraction: i32, least: i32) -> f64 {
    let exponent = if y == 0.0 { least } else { y.abs().log2().floor() as i32 };
    // In two factors: 2⁻¹⁰⁷⁴ is less than the reciprocal of any power.
    2_f64.powi(exponent.max(least)) * 2_f64.powi(-fraction)
}

#[test]
fn single_precision_over_all_bit_patterns() {
    // A stride without common factors visits all exponents, both signs and odd fractions.
    let x: Vec<f32> = (0..=u32::MAX).step_by(10_007).map(f32::from_bits).collect();
    on_every_set(|set| {
        for (f, bound, _) in BOUNDS {
            let mut y = vec![0.0; x.len()];
            unary_f32(f, &x, &mut y);
            let wide: Vec<f64> = x.iter().map(|&x| f64::from(x)).collect();
            let mut exact = vec![0.0; x.len()];
            f.apply_f64(&wide, &mut exact);
            let mut worst = (0.0, 0.0);
            for ((&x, &y), &exact) in x.iter().zip(&y).zip(&exact) {
                let rounded = exact as f32;
                if rounded.is_nan() || rounded.is_infinite() || y.is_infinite() {
                    let same = y == rounded || (y.is_nan() && rounded.is_nan());
                    let edge = exact.abs() > 3.402e38 && exact.is_finite();
                    assert!(same || edge, "{f:?}({x:e}) = {y:e}, not {rounded:e} ({set})");
                    continue;
                }
                let error = (f64::from(y) - exact).abs() / spacing(exact, 23, -126);
                // Of results below the normal numbers little is left to be right.
                let counts = f != Unary::Erfc || exact >= f64::from(f32::MIN_POSITIVE);
                if counts && error > worst.0 {
                    worst = (error, x);
                }
            }
            assert!(worst.0 <= bound, "{f:?}: {} ulp at {:e} ({set})", worst.0, worst.1);
        }
    });
}

#[test]
fn double_precision_against_the_oracle() {
    let table = include_str!("../../../../../oracles/vector_functions.csv");
    let rows: Vec<(&str, [f64; 3])> = table
        .lines()
        .skip(1)
        .map(|line| {
            let mut fields = line.split(',');
            let name = fields.next().expect("a name");
            (
                name,
                std::array::from_fn(|_| {
                    fields.next().and_then(|s| s.parse().ok()).expect("a number")
                }),
            )
        })
        .collect();
    on_every_set(|set| {
        for (f, _, bound) in BOUNDS {
            let rows: Vec<[f64; 3]> =
                rows.iter().filter(|r| r.0 == f.text()).map(|r| r.1).collect();
            assert!(rows.len() > 100, "{f:?} has no oracle");
            let x: Vec<f64> = rows.iter().map(|r| r[0]).collect();
            let mut y = vec![0.0; x.len()];
            unary_f64(f, &x, &mut y);
            let mut worst = (0.0, 0.0);
            for (&[x, high, low], &y) in rows.iter().zip(&y) {
                let error = ((y - high) - low).abs() / spacing(high, 52, -1022);
                // Results below the normal numbers have no relative precision to lose.
                if high.abs() >= f64::MIN_POSITIVE && (error.is_nan() || error > worst.0) {
                    worst = (error, x);
                }
            }
            assert!(worst.0 <= bound, "{f:?}: {} ulp at {:e} ({set})", worst.0, worst.1);
        }
    });
}

#[test]
fn special_values_and_large_arguments() {
    let x = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
        f64::MIN_POSITIVE,
        5e-324,
        -5e-324,
        f64::MAX,
        f64::MIN,
        1e7,
        1e22,
        -3e300,
        710.0,
        -746.0,
    ];
    on_every_set(|set| {
        for (f, _, bound) in BOUNDS {
            let (mut y, mut exact) = ([0.0; 17], [0.0; 17]);
            unary_f64(f, &x, &mut y);
            f.apply_f64(&x, &mut exact);
            for ((&x, &y), &want) in x.iter().zip(&y).zip(&exact) {
                let near = (y - want).abs() <= (bound + 1.0) * spacing(want, 52, -1022);
                let same = y == want || near || (y.is_nan() && want.is_nan());
                assert!(same, "{f:?}({x:e}) = {y:e}, not {want:e} ({set})");
                assert!(
                    want != 0.0 || y.is_sign_negative() == want.is_sign_negative(),
                    "{f:?}({x:e}): sign"
                );
            }
        }
    });
}
