//! Does the engine compute what a program means?
//!
//! A program of many operations amplifies rounding, and jumps where a comparison or a rounding
//! to integers goes the other way; so no fixed tolerance says whether two values of its outputs
//! are both right. [`check`] decides link by link instead:
//!
//! 1. each operation, on the same operands, agrees with the reference up to its own rounding;
//! 2. the plan without optimisation has the bits of its operations executed one by one (up to
//!    rounding where products or sums absorb a layout), and the same whether its inputs are given away;
//! 3. the compiled plan agrees with the reference as far as rounding determines the outputs
//!    ([`rounding`] finds out how far that is);
//! 4. it has the same bits for any number of threads.

pub mod rounding;

use array::{Array, DType};
use compile::{Operation, Step};
use engine::Executable;
use ir::check::{Sample, difference};
use ir::prim::{Primitive, ReduceOp, Unary};
use ir::{Prim, Program, RuleResult};
use rounding::disagreement;

/// Checks all four.
///
/// # Errors
/// The first disagreement, in words.
pub fn check(sample: &Sample) -> Result<(), String> {
    operations(sample)?;
    plan(sample)?;
    compiled(sample)?;
    threads(sample, &[1, 3])
}

/// Each operation agrees with the reference on the values that the engine has so far.
///
/// # Errors
/// The first disagreement.
pub fn operations(sample: &Sample) -> Result<(), String> {
    let mut values = sample.inputs.clone();
    for eq in sample.program.equations() {
        let x: Vec<&Array> = eq.inputs.iter().map(|v| &values[v.index()]).collect();
        let got = engine::apply(&eq.prim, &x);
        let want = eq.prim.rules().eval(&x);
        let name = eq.prim.rules().name();
        match (got, want) {
            (Ok(got), Ok(want)) => {
                let found = if !eq.prim.rules().programs().is_empty() {
                    disagreement(&got, &want, &mut |seed| rounding::operation(&eq.prim, &x, seed))
                } else if adds_up(&eq.prim, &x) {
                    wrong_sum(&eq.prim, &x, &got[0])
                } else {
                    difference(&got, &want, 1e-11)
                };
                if let Some(found) = found {
                    let attributes = eq.prim.attributes();
                    return Err(format!("{name} {attributes:?} of {x:?}: {found}"));
                }
                values.extend(got);
            }
            (Err(_), Err(_)) => break,
            (got, want) => return Err(format!("{name}: {got:?}, reference {want:?}")),
        }
    }
    Ok(())
}

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

/// The scheduled program has the bits of its operations executed one by one, and the same ones
/// whether its inputs are kept or given away. A product that writes its result transposed, and a
/// sum inside a loop that reads a repeated operand, add in another order: where there is such a
/// one, up to rounding.
///
/// # Errors
/// The first difference.
pub fn plan(sample: &Sample) -> Result<(), String> {
    let Sample { program, inputs } = sample;
    let Ok(values) = one_by_one(program, inputs) else { return Ok(()) };
    let ready = Executable::new(compile::schedule(program));
    let plan = ready.plan();
    // With inputs that must be kept, and with inputs that are given away.
    let run = |inputs: Vec<Array>| ready.run(inputs).map_err(|e| format!("{e}\n{plan}"));
    let kept = run(inputs.clone())?;
    let given_away = run(inputs.iter().map(unshared).collect())?;
    let want: Vec<Array> = program.outputs().iter().map(|v| values[v.index()].clone()).collect();
    let different = |a: &[Array], b: &[Array]| (0..a.len()).find(|&i| !same_bits(&a[i], &b[i]));
    if let Some(i) = different(&kept, &given_away) {
        let (kept, given_away) = (&kept[i], &given_away[i]);
        return Err(format!("output {i}: {kept:?}, inputs given away {given_away:?}\n{plan}"));
    }
    let Some(i) = different(&kept, &want) else { return Ok(()) };
    let adds_otherwise = |step: &Step| match &step.operation {
        Operation::Product(_) => true,
        Operation::Fused(f) => f.code.iter().any(|i| matches!(i.prim, Prim::Reduce(_))),
        Operation::Primitive(_) | Operation::Convolution(_) | Operation::Ties(_) => false,
    };
    if plan.steps().iter().any(adds_otherwise) {
        let moved = &mut |seed| rounding::program(program, inputs.clone(), seed);
        let found = disagreement(&kept, &want, moved);
        return found.map_or(Ok(()), |found| Err(format!("{found}\n{plan}")));
    }
    Err(format!("output {i}: {:?}, one by one {:?}\n{program}\n{plan}", kept[i], want[i]))
}

/// The compiled plan agrees with the reference evaluator.
///
/// # Errors
/// The first disagreement.
pub fn compiled(sample: &Sample) -> Result<(), String> {
    let Sample { program, inputs } = sample;
    // A value that does not exist may not be needed any more.
    let Ok(want) = program.eval(inputs) else { return Ok(()) };
    let ready = Executable::new(compile::compile(program));
    let plan = ready.plan();
    let got = ready.run(inputs.clone()).map_err(|e| format!("{e}\n{plan}"))?;
    let found =
        disagreement(&got, &want, &mut |seed| rounding::program(program, inputs.clone(), seed));
    found.map_or(Ok(()), |found| Err(format!("{found}\n{program}\n{plan}")))
}

/// The compiled plan has the same bits for each of these numbers of threads.
///
/// # Errors
/// The first difference.
pub fn threads(sample: &Sample, counts: &[usize]) -> Result<(), String> {
    let ready = Executable::new(compile::compile(&sample.program));
    let plan = ready.plan();
    let mut first: Option<Vec<Array>> = None;
    for &count in counts {
        engine::set_threads(count);
        let Ok(values) = ready.run(sample.inputs.clone()) else { return Ok(()) };
        let first = first.get_or_insert_with(|| values.clone());
        if let Some(i) = (0..values.len()).find(|&i| !same_bits(&values[i], &first[i])) {
            return Err(format!("output {i} is another with {count} threads\n{plan}"));
        }
    }
    Ok(())
}

/// A copy that nobody else holds.
pub fn unshared(x: &Array) -> Array {
    array::with_dtype!(x.dtype(), T => Array::from_vec(x.to_vec::<T>(), x.shape()))
}

/// Whether two arrays have the same type and the same bits, any NaN being like any other.
pub fn same_bits(a: &Array, b: &Array) -> bool {
    fn bits(a: &Array) -> Vec<u64> {
        fn of<T: array::Element>(a: &Array) -> Vec<u64> {
            let one = |x: &T| if x.to_f64().is_nan() { 1 << 63 | 1 } else { x.to_bits64() };
            a.as_slice::<T>().iter().map(one).collect()
        }
        array::with_dtype!(a.dtype(), T => of::<T>(a))
    }
    a.ty() == b.ty() && bits(a) == bits(b)
}

/// Whether the operation adds up many floats: its error is relative to the sum of magnitudes.
fn adds_up(prim: &Prim, x: &[&Array]) -> bool {
    let sums = match prim {
        Prim::Reduce(p) => p.op == ReduceOp::Sum,
        Prim::Cumulative(p) => p.op == ir::prim::CumulativeOp::Sum,
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
    // Without infinite operands: where that is infinite, terms overflow.
    let finite: Vec<Array> = sizes
        .iter()
        .map(|x| {
            let values = x.to_f64().into_iter().map(|x| if x.is_finite() { x } else { 0.0 });
            Array::from_vec(values.collect::<Vec<f64>>(), x.shape())
        })
        .collect();
    let finite = sum(&finite);
    let terms = x[0].len() as f64;
    let unit = got.dtype().epsilon() * (10.0 + terms.sqrt()) + terms * f64::EPSILON;
    let wrong = |k: &usize| {
        let (got, want, scale) = (values[*k], want[*k], scale[*k]);
        // What overflows on the way is not compared.
        finite[*k] < largest(x[0].dtype())
            && match scale.is_finite() {
                true => (got - want).abs() > unit * scale,
                false => !(got == want || (got.is_nan() && want.is_nan())),
            }
    };
    let k = (0..values.len()).find(wrong)?;
    Some(format!("element {k} is {}, expected {}", values[k], want[k]))
}

/// The largest sum of magnitudes that cannot overflow on the way.
fn largest(dtype: DType) -> f64 {
    if dtype == DType::F32 { f64::from(f32::MAX) } else { f64::MAX }
}
