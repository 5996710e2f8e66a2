//! How far rounding determines a program's outputs: stochastic arithmetic.
//!
//! The reference runs several times with the operands and results of every operation that
//! rounds moved by some units at random. What the outputs scatter is how far two correct ways to
//! compute them may differ; an element that scatters into NaN, or by its whole size, is not
//! determined at all.
//!
//! Source: J. Vignes, *A stochastic arithmetic for reliable scientific computation*,
//! Mathematics and Computers in Simulation 35 (1993).

use array::{Array, DType, Element};
use ir::check::Choices;
use ir::prim::{Binary, CumulativeOp, ReduceOp, Unary, WindowOp};
use ir::{Prim, Program, RuleResult};
use std::cmp::Ordering;

/// How far operands and results are moved, in units of the last place.
const UNITS: f64 = 64.0;

/// How many times the scatter a difference may be.
const FACTOR: f64 = 64.0;

/// Runs of the reference before, and after, a difference looks like one.
const RUNS: [u64; 2] = [6, 60];

/// What differs between the engine's outputs and the reference's, more than `scattered`, runs of
/// the reference with moved roundings, allows.
pub fn disagreement(
    got: &[Array],
    want: &[Array],
    scattered: &mut dyn FnMut(u64) -> RuleResult<Vec<Array>>,
) -> Option<String> {
    super::difference(got, want, 1e-13)?;
    let types = |all: &[Array]| all.iter().map(Array::ty).collect::<Vec<_>>();
    if types(got) != types(want) {
        return Some(format!("outputs {:?}, expected {:?}", types(got), types(want)));
    }
    let values = |all: &[Array]| all.iter().map(Array::to_f64).collect::<Vec<_>>();
    let (got_values, want_values) = (values(got), values(want));
    let mut spread: Vec<Vec<f64>> = want_values.iter().map(|w| vec![0.0; w.len()]).collect();
    let mut found = None;
    let mut seed = 0;
    for runs in RUNS {
        while seed < runs {
            seed += 1;
            // Without a value when moved a little: nothing is determined.
            let moved = values(&scattered(seed).ok()?);
            for ((spread, want), moved) in spread.iter_mut().zip(&want_values).zip(&moved) {
                for ((spread, &want), &moved) in spread.iter_mut().zip(want).zip(moved) {
                    let same = want == moved || (want.is_nan() && moved.is_nan());
                    let distance = if same { 0.0 } else { (want - moved).abs() };
                    // The distance to NaN, or between infinities, is no number: undetermined.
                    *spread = if distance.is_nan() { f64::INFINITY } else { spread.max(distance) };
                }
            }
        }
        found = first_beyond(got, &got_values, &want_values, &spread);
        found.as_ref()?;
    }
    found
}

fn first_beyond(
    got: &[Array],
    values: &[Vec<f64>],
    want: &[Vec<f64>],
    spread: &[Vec<f64>],
) -> Option<String> {
    for (i, array) in got.iter().enumerate() {
        let unit = if array.dtype().is_float() { array.dtype().epsilon() } else { 0.0 };
        let smallest = match array.dtype() {
            DType::F32 => f64::from(f32::MIN_POSITIVE),
            DType::F64 => f64::MIN_POSITIVE,
            DType::I32 | DType::I64 | DType::U32 | DType::Bool => 0.0,
        };
        for (k, (&g, &w)) in values[i].iter().zip(&want[i]).enumerate() {
            let allowed = FACTOR * (spread[i][k] + UNITS * unit * w.abs() + UNITS * smallest);
            let same = g == w || (g.is_nan() && w.is_nan());
            // The distance to NaN is NaN, which is beyond everything.
            let beyond = (g - w).abs().partial_cmp(&allowed) != Some(Ordering::Less);
            if !same && allowed < f64::INFINITY && beyond {
                return Some(format!(
                    "output {i}, element {k} is {g}, expected {w} ± {:.1e}",
                    spread[i][k]
                ));
            }
        }
    }
    None
}

/// The outputs of a program with moved roundings.
///
/// # Errors
/// Where an operation has no value.
pub fn program(program: &Program, inputs: Vec<Array>, seed: u64) -> RuleResult<Vec<Array>> {
    Run::new(seed).program(program, inputs)
}

/// The results of an operation with moved roundings.
///
/// # Errors
/// Where it has no value.
pub fn operation(prim: &Prim, x: &[&Array], seed: u64) -> RuleResult<Vec<Array>> {
    Run::new(seed).operation(prim, x)
}

struct Run {
    random: Choices<'static>,
    /// Results are moved by a few units only, often by none, and operands not at all: so numbers
    /// that are equal but for rounding become equal now and then, which decides jumps.
    least: bool,
}

impl Run {
    fn new(seed: u64) -> Run {
        Run { random: Choices::from_seed(seed), least: seed % 2 == 1 }
    }

    fn program(&mut self, program: &Program, inputs: Vec<Array>) -> RuleResult<Vec<Array>> {
        let mut values = inputs;
        for eq in program.equations() {
            let x: Vec<&Array> = eq.inputs.iter().map(|v| &values[v.index()]).collect();
            let y = self.operation(&eq.prim, &x)?;
            values.extend(y);
        }
        Ok(program.outputs().iter().map(|v| values[v.index()].clone()).collect())
    }

    fn operation(&mut self, prim: &Prim, x: &[&Array]) -> RuleResult<Vec<Array>> {
        let owned = || x.iter().map(|&x| x.clone()).collect::<Vec<Array>>();
        match prim {
            Prim::Call(call) => self.program(&call.program, owned()),
            Prim::Cond(cond) => {
                let last = cond.branches.len() as i64 - 1;
                let i = x[0].as_slice::<i64>()[0].clamp(0, last) as usize;
                self.program(&cond.branches[i], owned().split_off(1))
            }
            Prim::While(p) => {
                let mut rest = owned();
                let mut carry = rest.split_off(p.condition_consts + p.body_consts);
                let body_consts = rest.split_off(p.condition_consts);
                let with = |consts: &[Array], carry: &[Array]| [consts, carry].concat();
                while self.program(&p.condition, with(&rest, &carry))?[0].as_slice::<bool>()[0] {
                    carry = self.program(&p.body, with(&body_consts, &carry))?;
                }
                Ok(carry)
            }
            Prim::Scan(p) => self.scan(p, x),
            _ if rounds(prim) => {
                let mut x = owned();
                if !self.least {
                    x.iter_mut().for_each(|x| *x = self.moved(x, false));
                }
                let y = prim.rules().eval(&x.iter().collect::<Vec<_>>())?;
                // An empty sum, or one of zeros, may have either sign.
                let sum = !matches!(prim, Prim::Unary(_) | Prim::Binary(_) | Prim::Convert(_));
                Ok(y.iter().map(|y| self.moved(y, sum)).collect())
            }
            _ => prim.rules().eval(x),
        }
    }

    fn scan(&mut self, p: &ir::prim::Scan, x: &[&Array]) -> RuleResult<Vec<Array>> {
        let consts: Vec<Array> = x[..p.consts].iter().map(|&x| x.clone()).collect();
        let mut carry: Vec<Array> =
            x[p.consts..p.consts + p.carry].iter().map(|&x| x.clone()).collect();
        let types = p.body.output_types().split_off(p.carry);
        let mut stacks: Vec<Vec<Array>> = vec![vec![]; types.len()];
        for step in 0..p.length {
            let i = if p.reverse { p.length - 1 - step } else { step };
            let slices = x[p.consts + p.carry..].iter().map(|x| x.index_first(i));
            let inputs = consts.iter().cloned().chain(carry).chain(slices).collect();
            carry = self.program(&p.body, inputs)?;
            for (stack, y) in stacks.iter_mut().zip(carry.split_off(p.carry)) {
                stack.push(y);
            }
        }
        let stacked = stacks.into_iter().zip(&types).map(|(mut stack, ty)| {
            if p.reverse {
                stack.reverse();
            }
            Array::stack(&stack, ty)
        });
        Ok(carry.into_iter().chain(stacked).collect())
    }

    /// Every float moved by some units of its last place, and the sign of zeros where asked.
    fn moved(&mut self, x: &Array, zeros: bool) -> Array {
        fn of<T: Element>(random: &mut Choices<'_>, least: bool, x: &Array, zeros: bool) -> Array {
            // Three quarters of the epsilon are one unit after rounding, wherever x lies.
            let (most, units) = if least { (2, 1.5) } else { (1 << 20, UNITS) };
            let step = units * T::DTYPE.epsilon() / most as f64;
            let one = |x: &T| {
                let by = random.below(2 * most + 1) as f64 - most as f64;
                let x = x.to_f64();
                if x == 0.0 {
                    return T::from_f64(if zeros { x.copysign(by) } else { x });
                }
                T::from_f64(x + x * (by * step))
            };
            Array::from_vec(x.as_slice::<T>().iter().map(one).collect(), x.shape())
        }
        match x.dtype() {
            DType::F32 => of::<f32>(&mut self.random, self.least, x, zeros),
            DType::F64 => of::<f64>(&mut self.random, self.least, x, zeros),
            DType::I32 | DType::I64 | DType::U32 | DType::Bool => x.clone(),
        }
    }
}

/// Whether results of the operation on floats need not be exact.
fn rounds(prim: &Prim) -> bool {
    match prim {
        Prim::Unary(f) => !matches!(
            f,
            Unary::Neg
                | Unary::Abs
                | Unary::Sign
                | Unary::Relu
                | Unary::Floor
                | Unary::Ceil
                | Unary::Round
                | Unary::Trunc
                | Unary::StopGradient
                | Unary::Not
        ),
        Prim::Binary(f) => !matches!(f, Binary::Max | Binary::Min),
        Prim::Reduce(p) => matches!(p.op, ReduceOp::Sum | ReduceOp::Prod),
        Prim::Cumulative(p) => !matches!(p.op, CumulativeOp::Max | CumulativeOp::Min),
        Prim::ReduceWindow(p) => p.op == WindowOp::Sum,
        Prim::IntegerPow(_)
        | Prim::Polygamma(_)
        | Prim::Convert(_)
        | Prim::DotGeneral(_)
        | Prim::ConvGeneral(_)
        | Prim::Fft(_)
        | Prim::Cholesky(_)
        | Prim::TriangularSolve(_)
        | Prim::Lu(_)
        | Prim::LuSolve(_)
        | Prim::Qr(_)
        | Prim::Svd(_)
        | Prim::Eigh(_)
        | Prim::ScatterAdd(_)
        | Prim::AxisSum(_)
        | Prim::Custom(_) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ir::parse;

    /// The disagreement of made-up outputs with a program's own.
    fn found(text: &str, x: &[f64], got: &[f64]) -> Option<String> {
        let p = parse(text).expect("a program");
        let inputs = vec![Array::from_vec(x.to_vec(), &[x.len()])];
        let want = p.eval(&inputs).expect("values");
        let got = [Array::from_f64(want[0].dtype(), got, want[0].shape())];
        disagreement(&got, &want, &mut |seed| program(&p, inputs.clone(), seed))
    }

    #[test]
    fn rounding_is_allowed_and_more_is_not() {
        let tanh = "program(%x: f64[2]) { %y = tanh %x\n return %y }";
        let (a, b) = (0.5_f64.tanh(), 2.0_f64.tanh());
        assert_eq!(found(tanh, &[0.5, 2.0], &[a, b * (1.0 + 1e-14)]), None);
        assert!(found(tanh, &[0.5, 2.0], &[a, b * (1.0 + 1e-10)]).is_some());
        assert!(found(tanh, &[0.5, 2.0], &[a, f64::NAN]).is_some());
        assert_eq!(found(tanh, &[0.5, f64::NAN], &[a, f64::NAN]), None);
    }

    #[test]
    fn what_rounding_decides_is_not_determined() {
        // exp(log(3)) may lie on either side of 3.
        let jump = "program(%x: f64[1]) { %y = log %x\n %z = exp %y\n %f = floor %z\n return %f }";
        assert_eq!(found(jump, &[3.0], &[2.0]), None);
        assert_eq!(found(jump, &[3.0], &[3.0]), None);
        assert!(found(jump, &[3.5], &[2.0]).is_some());
    }

    #[test]
    fn cancellation_is_seen() {
        let difference = "program(%x: f64[1]) { %y = sin %x\n %e = sub %y %y\n return %e }";
        assert_eq!(found(difference, &[1.0], &[1e-16]), None);
        assert!(found(difference, &[1.0], &[1e-9]).is_some());
    }
}
