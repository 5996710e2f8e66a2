//! Random programs: each operation agrees with the reference, plans agree with operations
//! executed one by one, and nothing depends on the number of threads.

mod common;
#[path = "../../compile/tests/common/mod.rs"]
mod generator;

use array::{Array, DType};
use common::difference;
use engine::Executable;
use generator::{Sample, random_program, same_bits};
use ir::prim::{Primitive, ReduceOp, Unary};
use ir::{Prim, Program, RuleResult};

/// Every variable's value, each operation executed at once on the values before.
fn one_by_one(program: &Program, inputs: &[Array]) -> RuleResult<Vec<Array>> {
    let mut values = inputs.to_vec();
    for eq in program.equations() {
        let x: Vec<&Array> = eq.inputs.iter().map(|v| &values[v.index()]).collect();
        let y = engine::apply(&eq.prim, &x)?;
        values.extend(y);
    }
    Ok(values)
}

/// Whether the operation adds up many floats: its error is relative to the sum of magnitudes.
fn adds_up(prim: &Prim, x: &[&Array]) -> bool {
    let sums = match prim {
        Prim::Reduce(p) => p.op == ReduceOp::Sum,
        Prim::DotGeneral(_) => true,
        _ => false,
    };
    sums && x[0].dtype().is_float()
}

/// What is wrong with a sum: more than rounding. (The reference adds one after the other, which is
/// less accurate than the engine in f32; so it is asked in f64.)
fn wrong_sum(prim: &Prim, x: &[&Array], got: &Array) -> Option<String> {
    let exact: Vec<Array> = x.iter().map(|x| x.convert(DType::F64)).collect();
    let sizes: Vec<Array> =
        exact.iter().map(|x| Unary::Abs.eval(&[x]).expect("a value").remove(0)).collect();
    let sum = |x: &[Array]| {
        let x: Vec<&Array> = x.iter().collect();
        prim.rules().eval(&x).expect("sums have values").remove(0).to_f64()
    };
    let (want, scale, values) = (sum(&exact), sum(&sizes), got.to_f64());
    let terms = x[0].len() as f64;
    let unit = got.dtype().epsilon() * (10.0 + terms.sqrt()) + terms * f64::EPSILON;
    let wrong = |k: &usize| {
        let (got, want, scale) = (values[*k], want[*k], scale[*k]);
        match scale.is_finite() {
            // What overflows f32 on the way is not compared.
            true => scale < f64::from(f32::MAX) && (got - want).abs() > unit * scale,
            false => !(got == want || (got.is_nan() && want.is_nan())),
        }
    };
    let k = (0..values.len()).find(wrong)?;
    Some(format!("element {k} is {}, expected {}", values[k], want[k]))
}

#[test]
fn operations_agree_with_the_reference() {
    for seed in 0..3000 {
        let Sample { program, inputs } = random_program(seed, 30);
        let mut values = inputs.clone();
        for eq in program.equations() {
            let x: Vec<&Array> = eq.inputs.iter().map(|v| &values[v.index()]).collect();
            let got = engine::apply(&eq.prim, &x);
            let want = eq.prim.rules().eval(&x);
            let name = eq.prim.rules().name();
            match (got, want) {
                (Ok(got), Ok(want)) => {
                    let found = if adds_up(&eq.prim, &x) {
                        wrong_sum(&eq.prim, &x, &got[0])
                    } else {
                        difference(&got, &want, 1e-11)
                    };
                    if let Some(found) = found {
                        let attributes = eq.prim.attributes();
                        panic!("seed {seed}, {name} {attributes:?} of {x:?}: {found}");
                    }
                    values.extend(got);
                }
                (Err(_), Err(_)) => break,
                (got, want) => panic!("seed {seed}, {name}: {got:?}, reference {want:?}"),
            }
        }
    }
}

#[test]
fn plans_compute_what_their_operations_compute() {
    for seed in 20000..23000 {
        let Sample { program, inputs } = random_program(seed, 30);
        let Ok(values) = one_by_one(&program, &inputs) else { continue };
        let ready = Executable::new(compile::schedule(&program));
        let shown = || format!("seed {seed}\n{}", ready.plan());
        // With inputs that must be kept, and with inputs that are given away.
        let kept = ready.run(inputs.clone()).expect("the operations have values");
        let given_away = inputs.iter().map(unshared).collect();
        let given_away = ready.run(given_away).expect("the operations have values");
        for (i, v) in program.outputs().iter().enumerate() {
            let want = &values[v.index()];
            assert!(same_bits(&kept[i], want), "{i}: {:?}, {want:?}, {}", kept[i], shown());
            assert!(same_bits(&given_away[i], want), "{i}, given away: {}", shown());
        }
    }
}

/// A copy that nobody else holds.
fn unshared(x: &Array) -> Array {
    array::with_dtype!(x.dtype(), T => Array::from_vec(x.to_vec::<T>(), x.shape()))
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    for seed in 40000..42000 {
        let Sample { program, inputs } = random_program(seed, 30);
        let ready = Executable::new(compile::compile(&program));
        let run = |threads: usize| {
            engine::set_threads(threads);
            ready.run(inputs.clone())
        };
        let Ok(alone) = run(1) else { continue };
        for threads in [2, 3, 7] {
            let together = run(threads).expect("it had a value before");
            for (a, b) in alone.iter().zip(&together) {
                assert!(same_bits(a, b), "seed {seed}, {threads} threads\n{}", ready.plan());
            }
        }
    }
}

#[test]
fn a_plan_runs_from_many_threads_at_once() {
    let Sample { program, inputs } = (3000..)
        .map(|seed| random_program(seed, 60))
        .find(|s| s.program.eval(&s.inputs).is_ok())
        .expect("one");
    let ready = Executable::new(compile::compile(&program));
    let want = ready.run(inputs.clone()).expect("it has a value");
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                for _ in 0..20 {
                    let got = ready.run(inputs.clone()).expect("it has a value");
                    assert!(got.iter().zip(&want).all(|(a, b)| same_bits(a, b)));
                }
            });
        }
    });
}
