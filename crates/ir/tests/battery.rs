//! The battery over every primitive's examples, with the reference evaluator.

use array::Array;
use ir::check::{Cell, check, fill, program_of};
use ir::prim::{Example, all_examples};

fn inputs(example: &Example) -> Vec<Array> {
    let with_index = example.inputs.iter().enumerate();
    with_index.map(|(i, (ty, how))| fill(ty, how, 7 + i as u64)).collect()
}

/// All failures of the examples whose name passes `only`, so that one run shows everything.
fn failures(cells: &[Cell]) -> Vec<String> {
    let only = std::env::var("ONLY").unwrap_or_default();
    let mut failures = vec![];
    for example in all_examples() {
        let name = example.prim.rules().name();
        if !name.contains(&only) {
            continue;
        }
        let x = inputs(&example);
        let shown = || format!("{name} {:?} on {:?}", example.prim.attributes(), example.inputs);
        let program = match program_of(&example) {
            Ok(p) => p,
            Err(e) => {
                failures.push(format!("{}: {e}", shown()));
                continue;
            }
        };
        let types: Vec<_> = program.eval(&x).expect("examples have values");
        let types: Vec<_> = types.iter().map(Array::ty).collect();
        if types != program.output_types() {
            failures.push(format!(
                "{}: type rule {:?}, value {types:?}",
                shown(),
                program.output_types()
            ));
        }
        for &cell in cells {
            let meaningless = cell.differentiates() && example.without_derivative.is_some()
                || cell.reverses() && example.without_reverse.is_some();
            if meaningless {
                continue;
            }
            if let Err(e) = check(cell, &program, &x, &|p, x| p.eval(x)) {
                failures.push(format!("{} {}: {e}", cell.name(), shown()));
            }
        }
    }
    failures
}

#[track_caller]
fn run(cells: &[Cell]) {
    let failures = failures(cells);
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn first_order() {
    run(&[Cell::Jvp, Cell::Vjp]);
}

#[test]
fn second_order() {
    run(&[Cell::JvpJvp, Cell::JvpVjp, Cell::VjpJvp, Cell::VjpVjp, Cell::Hvp]);
}

#[test]
fn batching() {
    run(&[Cell::Vmap, Cell::VmapVmap, Cell::VmapVjp, Cell::VjpVmap]);
}

#[test]
fn third_order() {
    run(&[Cell::Third]);
}
