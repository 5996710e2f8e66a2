//! The battery: mechanical checks of every rule of a program, against differences, adjoints and
//! loops.
//!
//! A program `P: ℝⁿ → ℝᵐ` is closed under the transformations, so checking "both modes again on
//! the derivative" is checking the same two properties of another program. [`Cell`] lists the
//! compositions; [`check`] decides one of them.

mod agreement;
mod composition;
mod fill;
mod random;

pub use agreement::{close_enough, difference};
pub use composition::Composition;
pub use fill::{fill, perturbed, random_like};
pub use random::{Choices, Sample, program_from, random_program};

use crate::error::RuleError;
use crate::expr::{Expr, RuleResult, bind};
use crate::prim::{BatchAxis, Example};
use crate::program::{Program, close};
use crate::scope::{Scope, ScopeKind};
use crate::transform::{batch_program, jvp, trace, transpose};
use array::{Array, DType, Type};

/// A composition of transformations.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs)]
pub enum Cell {
    Jvp,
    Vjp,
    JvpJvp,
    JvpVjp,
    VjpJvp,
    VjpVjp,
    Vmap,
    VmapVmap,
    VmapVjp,
    VjpVmap,
    Hvp,
    Third,
}

impl Cell {
    /// All compositions, in the order of the matrix.
    pub const ALL: [Cell; 12] = [
        Cell::Jvp,
        Cell::Vjp,
        Cell::JvpJvp,
        Cell::JvpVjp,
        Cell::VjpJvp,
        Cell::VjpVjp,
        Cell::Vmap,
        Cell::VmapVmap,
        Cell::VmapVjp,
        Cell::VjpVmap,
        Cell::Hvp,
        Cell::Third,
    ];

    /// The printed name; `a∘b` applies `b` first.
    pub fn name(self) -> &'static str {
        match self {
            Cell::Jvp => "jvp",
            Cell::Vjp => "vjp",
            Cell::JvpJvp => "jvp∘jvp",
            Cell::JvpVjp => "jvp∘vjp",
            Cell::VjpJvp => "vjp∘jvp",
            Cell::VjpVjp => "vjp∘vjp",
            Cell::Vmap => "vmap",
            Cell::VmapVmap => "vmap∘vmap",
            Cell::VmapVjp => "vmap∘vjp",
            Cell::VjpVmap => "vjp∘vmap",
            Cell::Hvp => "hvp",
            Cell::Third => "third",
        }
    }

    /// Whether the composition uses reverse mode.
    pub fn reverses(self) -> bool {
        match self {
            Cell::Jvp | Cell::JvpJvp | Cell::Vmap | Cell::VmapVmap | Cell::Third => false,
            Cell::Vjp
            | Cell::JvpVjp
            | Cell::VjpJvp
            | Cell::VjpVjp
            | Cell::VmapVjp
            | Cell::VjpVmap
            | Cell::Hvp => true,
        }
    }

    /// Whether the composition takes a derivative.
    pub fn differentiates(self) -> bool {
        !matches!(self, Cell::Vmap | Cell::VmapVmap)
    }
}

/// Runs a program: the reference evaluator or an engine.
pub type Run<'a> = &'a dyn Fn(&Program, &[Array]) -> RuleResult<Vec<Array>>;

/// The value of an expression without placeholders, by the reference rules.
///
/// # Errors
/// Where an operation has no value.
pub fn evaluate(x: &Expr) -> RuleResult<Array> {
    let closed = close(None, &[], std::slice::from_ref(x), usize::MAX)?;
    Ok(closed.program.eval(&[])?.remove(0))
}

/// The program of one primitive, under the `vmap` that the example asks for.
///
/// # Errors
/// When the example's inputs do not fit it.
pub fn program_of(example: &Example) -> RuleResult<Program> {
    let leading = usize::from(example.mapped_over.is_some());
    let types: Vec<Type> =
        example.inputs.iter().map(|(t, _)| t.with_shape(&t.shape[leading..])).collect();
    let closed = trace("example", &types, |x| -> RuleResult<Vec<Expr>> {
        Ok(bind(example.prim.clone(), &x.iter().collect::<Vec<_>>()))
    })?;
    let program = closed.program;
    let Some(name) = &example.mapped_over else { return Ok(program) };
    let axis = BatchAxis { size: example.inputs[0].0.shape[0], name: Some(name.as_str().into()) };
    let batched = vec![true; types.len()];
    Ok(batch_program(&program, &batched, &vec![false; program.outputs().len()], &axis)?.0)
}

fn floats(types: &[Type]) -> Vec<bool> {
    types.iter().map(|t| t.dtype.is_float()).collect()
}

fn pick<T: Clone>(all: &[T], mask: &[bool]) -> Vec<T> {
    all.iter().zip(mask).filter(|(_, m)| **m).map(|(t, _)| t.clone()).collect()
}

/// (inputs, tangents of the float inputs) → tangents of the float outputs.
///
/// # Errors
/// When an operation has no jvp rule.
pub fn jvp_program(p: &Program) -> RuleResult<Program> {
    let active = floats(p.input_types());
    let types = [p.input_types(), &pick(p.input_types(), &active)].concat();
    let closed = trace("jvp", &types, |outer| -> RuleResult<Vec<Expr>> {
        let (x, dx) = outer.split_at(p.input_types().len());
        let mut dx = dx.iter().cloned();
        let dx: Vec<Option<Expr>> =
            active.iter().map(|&a| if a { dx.next() } else { None }).collect();
        derivative(p, x, |scope, params, y| {
            let (y, dy) = jvp(scope, &y, params, &dx)?;
            let pairs = y.iter().zip(dy).filter(|(y, _)| y.dtype().is_float());
            Ok(pairs.map(|(y, dy)| dy.unwrap_or_else(|| y.full_like(0.0))).collect())
        })
    })?;
    Ok(closed.program)
}

/// (inputs, cotangents of the float outputs) → cotangents of the float inputs.
///
/// # Errors
/// When an operation has no jvp rule, or its tangent has no transpose.
pub fn vjp_program(p: &Program) -> RuleResult<Program> {
    let active = floats(p.input_types());
    let out_floats = floats(&p.output_types());
    let types = [p.input_types(), &pick(&p.output_types(), &out_floats)].concat();
    let closed = trace("vjp", &types, |outer| -> RuleResult<Vec<Expr>> {
        let (x, ct) = outer.split_at(p.input_types().len());
        let mut ct = ct.iter().cloned();
        let ct: Vec<Option<Expr>> =
            out_floats.iter().map(|&f| if f { ct.next() } else { None }).collect();
        derivative(p, x, |scope, params, y| {
            let linear = Scope::enter(ScopeKind::Linear);
            let t: Vec<Option<Expr>> = params
                .iter()
                .zip(&active)
                .map(|(p, &a)| a.then(|| Expr::placeholder(p.ty().clone(), linear.scope(), None)))
                .collect();
            let (_, dy) = jvp(scope, &y, params, &t)?;
            let t: Vec<Expr> = t.into_iter().flatten().collect();
            let pulled = transpose(linear.scope(), &dy, &ct, &t)?;
            Ok(pulled
                .into_iter()
                .zip(&t)
                .map(|(c, t)| c.unwrap_or_else(|| Expr::full(t.ty(), 0.0)))
                .collect())
        })
    })?;
    Ok(closed.program)
}

/// Inlines `p` over fresh placeholders, applies `f`, and puts `x` in their place.
fn derivative(
    p: &Program,
    x: &[Expr],
    f: impl FnOnce(&Scope, &[Expr], Vec<Expr>) -> RuleResult<Vec<Expr>>,
) -> RuleResult<Vec<Expr>> {
    let guard = Scope::enter(ScopeKind::Derivative("check"));
    let params: Vec<Expr> =
        x.iter().map(|x| Expr::placeholder(x.ty().clone(), guard.scope(), None)).collect();
    let y = p.inline(&params)?;
    let results = f(guard.scope(), &params, y)?;
    Ok(crate::transform::substitute(guard.scope(), &results, &params, x)?)
}

/// `P` followed by the inner product of each float output with fixed pseudo-random weights: a
/// scalar function, for Hessians and derivatives along a line.
fn scalarised(p: &Program) -> RuleResult<Program> {
    let closed = trace("scalar", p.input_types(), |x| -> RuleResult<Vec<Expr>> {
        let y = p.inline(x)?;
        let mut total: Option<Expr> = None;
        for (i, y) in y.iter().filter(|y| y.dtype().is_float()).enumerate() {
            let w = Expr::constant(random_like(y.ty(), 900 + i as u64));
            let all: Vec<usize> = (0..y.rank()).collect();
            let term = (&w * y).reduce_sum(&all).convert(DType::F64);
            total = Some(match total {
                Some(t) => &t + &term,
                None => term,
            });
        }
        Ok(total.into_iter().collect())
    })?;
    Ok(closed.program)
}

fn fail<T>(why: String) -> Result<T, RuleError> {
    Err(RuleError::new("check", "check", why))
}

fn dot(a: &[Array], b: &[Array]) -> f64 {
    a.iter()
        .zip(b)
        .map(|(a, b)| a.to_f64().iter().zip(b.to_f64()).map(|(x, y)| x * y).sum::<f64>())
        .sum()
}

/// x + h·t on the float inputs.
fn shifted(x: &[Array], t: &[Array], h: f64) -> Vec<Array> {
    let mut t = t.iter();
    x.iter()
        .map(|x| {
            if !x.dtype().is_float() {
                return x.clone();
            }
            let t = t.next().expect("invariant: a tangent per float input").to_f64();
            let moved: Vec<f64> = x.to_f64().iter().zip(t).map(|(x, t)| x + h * t).collect();
            Array::from_f64(x.dtype(), &moved, x.shape())
        })
        .collect()
}

fn float_only(y: Vec<Array>) -> Vec<Array> {
    y.into_iter().filter(|y| y.dtype().is_float()).collect()
}

fn randoms(types: impl IntoIterator<Item = Type>, seed: u64) -> Vec<Array> {
    let floats = types.into_iter().filter(|t| t.dtype.is_float());
    floats.enumerate().map(|(i, t)| random_like(&t, seed + i as u64)).collect()
}

/// The derivative of `P` along `t` at `x` by central differences, extrapolated once (Richardson),
/// paired with `ct`.
fn by_differences(
    p: &Program,
    x: &[Array],
    t: &[Array],
    ct: &[Array],
    run: Run<'_>,
) -> RuleResult<f64> {
    let at = |h: f64| -> RuleResult<f64> { Ok(dot(ct, &float_only(run(p, &shifted(x, t, h))?))) };
    let central = |h: f64| -> RuleResult<f64> { Ok((at(h)? - at(-h)?) / (2.0 * h)) };
    let h = 2e-4;
    Ok((4.0 * central(h / 2.0)? - central(h)?) / 3.0)
}

const DIFFERENCE: f64 = 2e-7;
const EXACT: f64 = 1e-9;

fn check_jvp(p: &Program, x: &[Array], run: Run<'_>) -> RuleResult<()> {
    let t = randoms(p.input_types().to_vec(), 11);
    let ct = randoms(p.output_types(), 23);
    let forward = dot(&ct, &run(&jvp_program(p)?, &[x, &t].concat())?);
    let numeric = by_differences(p, x, &t, &ct, run)?;
    if close_enough(forward, numeric, DIFFERENCE) {
        return Ok(());
    }
    fail(format!("⟨ct, J·t⟩ is {forward} by jvp, {numeric} by differences"))
}

fn check_vjp(p: &Program, x: &[Array], run: Run<'_>) -> RuleResult<()> {
    let t = randoms(p.input_types().to_vec(), 11);
    let ct = randoms(p.output_types(), 23);
    let reverse = dot(&t, &run(&vjp_program(p)?, &[x, &ct].concat())?);
    // A function with a rule for reverse mode alone (`custom_vjp`) has no forward mode to agree
    // with; that forward mode is there where it should be is the first cell's business.
    let forward = jvp_program(p).and_then(|jvp| run(&jvp, &[x, &t].concat()));
    if let Ok(forward) = forward.map(|dy| dot(&ct, &dy))
        && !close_enough(forward, reverse, EXACT)
    {
        return fail(format!("⟨ct, J·t⟩ is {forward} by jvp, ⟨Jᵀ·ct, t⟩ {reverse} by vjp"));
    }
    let numeric = by_differences(p, x, &t, &ct, run)?;
    if !close_enough(reverse, numeric, DIFFERENCE) {
        return fail(format!("⟨Jᵀ·ct, t⟩ is {reverse} by vjp, {numeric} by differences"));
    }
    Ok(())
}

/// Each choice of batched inputs (all subsets up to four inputs; else singles and all).
fn choices(n: usize) -> Vec<Vec<bool>> {
    if n <= 4 {
        (1..1_usize << n).map(|bits| (0..n).map(|i| bits >> i & 1 == 1).collect()).collect()
    } else {
        let single = (0..n).map(|k| (0..n).map(|i| i == k).collect());
        single.chain([vec![true; n]]).collect()
    }
}

/// Slices of the batch axis.
fn example_of(x: &Array, i: usize) -> Array {
    let shape = x.shape()[1..].to_vec();
    let n = array::shape::size(&shape);
    array::with_dtype!(x.dtype(), T => Array::from_vec(x.as_slice::<T>()[i * n..(i + 1) * n].to_vec(), &shape))
}

fn stack(parts: &[Array]) -> Array {
    let shape = [&[parts.len()], parts[0].shape()].concat();
    array::with_dtype!(parts[0].dtype(), T => {
        Array::from_vec(parts.iter().flat_map(|p| p.as_slice::<T>().to_vec()).collect(), &shape)
    })
}

fn batched_program(p: &Program, mask: &[bool], size: usize) -> RuleResult<Program> {
    let force = vec![true; p.outputs().len()];
    Ok(batch_program(p, mask, &force, &BatchAxis { size, name: None })?.0)
}

/// Inputs where those in `mask` are stacks of `size` different examples.
fn stacked(x: &[Array], mask: &[bool], size: usize) -> Vec<Array> {
    let stack_one =
        |x: &Array| stack(&(0..size).map(|k| perturbed(x, k as u64)).collect::<Vec<_>>());
    x.iter().zip(mask).map(|(x, &m)| if m { stack_one(x) } else { x.clone() }).collect()
}

fn compare(got: &[Array], want: &[Array], tolerance: f64, what: &str) -> RuleResult<()> {
    match difference(got, want, tolerance) {
        Some(found) => fail(format!("{what}: {found}")),
        None => Ok(()),
    }
}

fn check_vmap(p: &Program, x: &[Array], run: Run<'_>) -> RuleResult<()> {
    const SIZE: usize = 3;
    for mask in choices(x.len()) {
        let inputs = stacked(x, &mask, SIZE);
        let got = run(&batched_program(p, &mask, SIZE)?, &inputs)?;
        let mut loops: Vec<Vec<Array>> = vec![];
        for i in 0..SIZE {
            let one: Vec<Array> = inputs
                .iter()
                .zip(&mask)
                .map(|(x, &m)| if m { example_of(x, i) } else { x.clone() })
                .collect();
            loops.push(run(p, &one)?);
        }
        let want: Vec<Array> = (0..got.len())
            .map(|o| stack(&loops.iter().map(|l| l[o].clone()).collect::<Vec<_>>()))
            .collect();
        compare(&got, &want, EXACT, &format!("inputs batched: {mask:?}"))?;
    }
    Ok(())
}

/// Decides one composition for a program at given inputs (f64 where they are floats).
///
/// # Errors
/// A missing rule, or a number that disagrees with its oracle.
pub fn check(cell: Cell, p: &Program, x: &[Array], run: Run<'_>) -> RuleResult<()> {
    let n = x.len();
    let with_tangents = || [x, &randoms(p.input_types().to_vec(), 31)].concat();
    let with_cotangents = || [x, &randoms(p.output_types(), 41)].concat();
    match cell {
        Cell::Jvp => check_jvp(p, x, run),
        Cell::Vjp => check_vjp(p, x, run),
        Cell::JvpJvp => check_jvp(&jvp_program(p)?, &with_tangents(), run),
        Cell::JvpVjp => check_jvp(&vjp_program(p)?, &with_cotangents(), run),
        Cell::VjpJvp => check_vjp(&jvp_program(p)?, &with_tangents(), run),
        Cell::VjpVjp => check_vjp(&vjp_program(p)?, &with_cotangents(), run),
        Cell::Vmap => check_vmap(p, x, run),
        Cell::VmapVmap => {
            for first in choices(n).into_iter().filter(|m| m.iter().any(|&b| b)) {
                let inner = batched_program(p, &first, 2)?;
                check_vmap(&inner, &stacked(x, &first, 2), run)?;
            }
            Ok(())
        }
        Cell::VmapVjp => check_vmap(&vjp_program(p)?, &with_cotangents(), run),
        Cell::VjpVmap => {
            let mask = vec![true; n];
            if n == 0 {
                return Ok(());
            }
            check_vjp(&batched_program(p, &mask, 2)?, &stacked(x, &mask, 2), run)
        }
        Cell::Hvp => {
            let gradient = gradient_program(&scalarised(p)?)?;
            let (u, v) =
                (randoms(p.input_types().to_vec(), 51), randoms(p.input_types().to_vec(), 61));
            let hessian = jvp_program(&gradient)?;
            let uhv = dot(&u, &run(&hessian, &[x, &v].concat())?);
            let vhu = dot(&v, &run(&hessian, &[x, &u].concat())?);
            if !close_enough(uhv, vhu, EXACT) {
                return fail(format!("the Hessian is not symmetric: {uhv} and {vhu}"));
            }
            let numeric = by_differences(&gradient, x, &v, &u, run)?;
            if !close_enough(uhv, numeric, DIFFERENCE) {
                return fail(format!("uᵀHv is {uhv}, {numeric} by differences"));
            }
            Ok(())
        }
        Cell::Third => {
            let second = jvp_program(&jvp_program(&scalarised(p)?)?)?;
            // Inputs of the second derivative: x, v, then tangents of both: v again, and 0.
            let v = randoms(p.input_types().to_vec(), 71);
            let zero: Vec<Array> = v.iter().map(|v| Array::zeros(&v.ty())).collect();
            let third = jvp_program(&second)?;
            let direction = [&v, &zero[..], &zero, &zero].concat();
            let at = [x, &v, &v, &zero].concat();
            let exact = dot(&[Array::scalar(1.0)], &run(&third, &[&at[..], &direction].concat())?);
            let numeric = by_differences(&second, &at, &direction, &[Array::scalar(1.0)], run)?;
            if !close_enough(exact, numeric, DIFFERENCE) {
                return fail(format!("φ‴ along a line is {exact}, {numeric} by differences"));
            }
            Ok(())
        }
    }
}

/// The gradient of a scalar program.
fn gradient_program(p: &Program) -> RuleResult<Program> {
    let vjp = vjp_program(p)?;
    let closed = trace("grad", p.input_types(), |x| -> RuleResult<Vec<Expr>> {
        let one = p.outputs().iter().map(|_| Expr::scalar(DType::F64, 1.0));
        Ok(vjp.inline(&[x.to_vec(), one.collect()].concat())?)
    })?;
    Ok(closed.program)
}
