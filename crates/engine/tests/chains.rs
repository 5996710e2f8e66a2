//! Functions with arithmetic around them, `F(x·s ± m)·y·z`: as the reference computes them, for
//! every function, part of the chain, way to read an operand, precision, length and instruction
//! set.

mod common;

use array::{Array, DType, Type};
use common::difference;
use ir::check::random_like;
use ir::prim::{BroadcastInDim, Unary};
use ir::transform::trace;
use ir::{Expr, Program, RuleError, bind1};

const FUNCTIONS: [Unary; 6] =
    [Unary::Exp, Unary::Expm1, Unary::Tanh, Unary::Logistic, Unary::Erf, Unary::Erfc];

/// How an operand is given.
#[derive(Clone, Copy, Debug)]
enum Given {
    Whole,
    ByRow,
    Once,
}

/// What stands around the function: a factor and a term before it, factors after it.
#[derive(Clone, Copy, Debug)]
struct Around {
    scaled: bool,
    shifted: Option<bool>,
    factors: usize,
}

fn program(
    f: Unary,
    around: Around,
    given: Given,
    dtype: DType,
    [rows, row]: [usize; 2],
) -> Program {
    let whole = Type::new(dtype, vec![rows, row]);
    let shape = match given {
        Given::Whole => vec![rows, row],
        Given::ByRow => vec![rows],
        Given::Once => vec![],
    };
    let other = Type::new(dtype, shape.clone());
    let types = [whole, other.clone(), other.clone(), other.clone(), other];
    let traced = trace("chain", &types, |v| -> Result<Vec<Expr>, RuleError> {
        let operand = |k: usize| {
            let dims = (0..shape.len()).collect();
            bind1(BroadcastInDim { shape: vec![rows, row], dims }, &[&v[k]])
        };
        let mut x = v[0].clone();
        if around.scaled {
            x = &x * &operand(1);
        }
        match around.shifted {
            Some(true) => x = &x - &operand(2),
            Some(false) => x = &x + &operand(2),
            None => {}
        }
        let mut y = bind1(f, &[&x]);
        for k in 0..around.factors {
            y = &operand(3 + k) * &y;
        }
        // A fold of the rows, so that the loop goes by rows.
        Ok(vec![y.reduce_sum(&[1]), y])
    });
    traced.unwrap().program
}

#[test]
fn functions_with_arithmetic_around_them() {
    let mut chains = 0;
    for set in engine::InstructionSet::available() {
        engine::set_instruction_set(set);
        for (n, f) in FUNCTIONS.into_iter().enumerate() {
            for case in 0..18 {
                let shifted = [None, Some(true), Some(false)][case / 2 % 3];
                let around = Around { scaled: case % 2 == 1, shifted, factors: case / 6 };
                let given = [Given::Whole, Given::ByRow, Given::Once][(case + n) % 3];
                let dtype = [DType::F64, DType::F32][(case / 3 + n) % 2];
                for shape in [[3, 5], [2, 64], [1, 1], [2, 131], [70, 1]] {
                    let program = program(f, around, given, dtype, shape);
                    let x: Vec<Array> = (0..5)
                        .map(|k| random_like(&program.input_types()[k], (case * 5 + k) as u64))
                        .collect();
                    let plan = compile::compile(&program);
                    chains += usize::from(plan.to_string().contains("fused"));
                    let got = engine::run(plan, x.clone()).unwrap();
                    let want = program.eval(&x).unwrap();
                    let tolerance = if dtype == DType::F64 { 1e-13 } else { 2e-5 };
                    let what = difference(&got, &want, tolerance);
                    assert_eq!(what, None, "{f:?} {around:?} {given:?} {dtype} {shape:?} {set}");
                }
            }
        }
    }
    assert!(chains > 500, "{chains} of the programs are loops");
}

/// What is missing in a chain changes nothing: zeros keep their signs, and infinities and NaN go
/// through.
#[test]
fn special_values_pass_through_chains() {
    let special = [0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1e-310, -700.0, 700.0];
    for set in engine::InstructionSet::available() {
        engine::set_instruction_set(set);
        for f in FUNCTIONS {
            for factors in 0..2 {
                for shifted in [None, Some(true), Some(false)] {
                    let around = Around { scaled: factors == 0, shifted, factors };
                    let program = program(f, around, Given::Once, DType::F64, [1, 8]);
                    let one = Array::scalar(1.0);
                    // A term that changes no sign of zero.
                    let term = Array::scalar(if shifted == Some(true) { 0.0 } else { -0.0 });
                    let x = Array::from_vec(special.to_vec(), &[1, 8]);
                    let inputs = vec![x, one.clone(), term, one.clone(), one];
                    let got = engine::run(compile::compile(&program), inputs.clone()).unwrap();
                    let want = program.eval(&inputs).unwrap();
                    for ((&x, &a), &b) in
                        special.iter().zip(got[1].as_slice::<f64>()).zip(want[1].as_slice::<f64>())
                    {
                        let near = (a - b).abs() <= 1e-14 * b.abs() || a == b;
                        let same = near && a.is_sign_negative() == b.is_sign_negative();
                        assert!(
                            same || (a.is_nan() && b.is_nan()),
                            "{f:?}({x}) = {a}, not {b} ({set})"
                        );
                    }
                }
            }
        }
    }
}
