//! Every example of every primitive, and its derivatives: the engine agrees with the reference.

mod common;

use array::{Array, DType, Type};
use common::{difference, narrowed, run};
use ir::check::{fill, jvp_program, program_of, random_like, vjp_program};
use ir::prim::{Example, all_examples};
use ir::{Program, RuleResult};

fn inputs(example: &Example) -> Vec<Array> {
    let with_index = example.inputs.iter().enumerate();
    with_index.map(|(i, (ty, how))| fill(ty, how, 7 + i as u64)).collect()
}

fn compare(program: &Program, x: &[Array], tolerance: f64) -> Option<String> {
    let reference = program.eval(x);
    match (run(program, x), reference) {
        (Ok(got), Ok(want)) => difference(&got, &want, tolerance),
        (Err(_), Err(_)) => None,
        (got, want) => Some(format!("engine {got:?}, reference {want:?}")),
    }
}

/// The example with every f64 operand in f32, where the type rule still holds.
fn in_f32(example: &Example) -> Option<Example> {
    let mut narrow = example.clone();
    for (ty, _) in &mut narrow.inputs {
        if ty.dtype == DType::F64 {
            ty.dtype = DType::F32;
        }
    }
    let types: Vec<&Type> = narrow.inputs.iter().map(|(t, _)| t).collect();
    narrow.prim.rules().typ(&types).is_ok().then_some(narrow)
}

/// The inputs of a derivative: those of the function, then tangents or cotangents.
fn with_random_floats(derived: &Program, x: &[Array]) -> Vec<Array> {
    let rest = derived.input_types()[x.len()..].iter().map(|t| random_like(t, 5));
    x.iter().cloned().chain(rest).collect()
}

#[test]
fn examples_and_their_derivatives() {
    let only = std::env::var("ONLY").unwrap_or_default();
    let mut failures = vec![];
    for example in all_examples() {
        let name = example.prim.rules().name();
        if !name.contains(&only) {
            continue;
        }
        if cfg!(miri) {
            eprintln!("{name}"); // it stops at undefined behaviour, and does not say in which example
        }
        let mut note = |what: &str, found: Option<String>| {
            if let Some(found) = found {
                let shown = (example.prim.attributes(), &example.inputs);
                failures.push(format!("{what} {name} {shown:?}: {found}"));
            }
        };
        let x = inputs(&example);
        let program = program_of(&example).expect("examples have values");
        note("value", compare(&program, &x, 1e-12));
        // At once, outside of any plan; for what has a value on its own.
        if example.mapped_over.is_none() {
            let at_once = engine::apply(&example.prim, &x.iter().collect::<Vec<_>>());
            match (at_once, program.eval(&x)) {
                (Ok(got), Ok(want)) => note("at once", difference(&got, &want, 1e-12)),
                (Err(_), Err(_)) => {}
                (got, want) => {
                    note("at once", Some(format!("engine {got:?}, reference {want:?}")));
                }
            }
        }
        if let Some(narrow) = in_f32(&example) {
            let program = program_of(&narrow).expect("examples have values");
            note("f32 value", compare(&program, &narrowed(&x), 1e-12));
        }
        // Miri takes minutes for the values alone; derivatives use the same kernels.
        if cfg!(miri) || example.without_derivative.is_some() {
            continue;
        }
        type Derive = fn(&Program) -> RuleResult<Program>;
        let both = [("jvp", jvp_program as Derive), ("vjp", vjp_program as Derive)];
        let modes = if example.without_reverse.is_some() { &both[..1] } else { &both };
        for (first, derive) in modes {
            let derived = derive(&program).expect("examples have derivatives");
            let all = with_random_floats(&derived, &x);
            note(first, compare(&derived, &all, 1e-11));
            let (second, derive) = modes[modes.len() - 1];
            let twice = derive(&derived).expect("derivatives have derivatives");
            let all = with_random_floats(&twice, &all);
            note(&format!("{second} of {first} of"), compare(&twice, &all, 1e-10));
        }
    }
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}
