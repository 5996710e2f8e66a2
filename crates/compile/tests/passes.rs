//! The law of every pass, on random programs: same inputs, same bits.

mod common;

use common::same_bits;
use ir::Program;
use ir::check::{Sample, random_program};

fn check(name: &str, seeds: std::ops::Range<u64>, pass: impl Fn(&Program) -> Program) {
    let mut changed = 0;
    for seed in seeds {
        let Sample { program, inputs } = random_program(seed, 30);
        let after = pass(&program);
        changed += usize::from(after != program);
        assert_eq!(after.input_types(), program.input_types());
        match (program.eval(&inputs), after.eval(&inputs)) {
            (Ok(before), Ok(after_values)) => {
                for (i, (a, b)) in before.iter().zip(&after_values).enumerate() {
                    assert!(
                        same_bits(a, b),
                        "{name}, seed {seed}, output {i}: {a:?} became {b:?}\n{program:?}\n{after:?}"
                    );
                }
            }
            // A value that does not exist may not be needed any more.
            (Err(_), _) => {}
            (Ok(_), Err(e)) => panic!("{name}, seed {seed}: {e}"),
        }
    }
    assert!(changed > 20, "{name} hardly ever changes a program");
}

#[test]
fn simplify() {
    check("simplify", 0..1000, compile::simplify);
}

#[test]
fn common_subexpressions() {
    check("common_subexpressions", 1000..1300, |p| compile::common_subexpressions(p).into_owned());
}

#[test]
fn dead_code() {
    check("dead_code", 1300..1600, |p| compile::dead_code(p).into_owned());
}

#[test]
fn all_passes() {
    check("optimise", 2000..4000, compile::optimise);
}
