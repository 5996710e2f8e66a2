//! Random programs: each operation agrees with the reference, plans agree with operations
//! executed one by one and with the reference, and nothing depends on the number of threads.
//!
//! The same checks run on the programs of a fuzzer in `fuzz/`. `RANDOM_PROGRAMS=20` tries twenty
//! times as many here.

use engine::Executable;
use ir::Prim;
use ir::check::{Choices, Sample, program_from, random_program};
use testing::differential;

/// How many times as many programs as usual.
fn times() -> u64 {
    std::env::var("RANDOM_PROGRAMS").map_or(1, |n| n.parse().expect("RANDOM_PROGRAMS is a number"))
}

#[track_caller]
fn all(seeds: std::ops::Range<u64>, size: usize, check: fn(&Sample) -> Result<(), String>) {
    for seed in seeds.start..seeds.start + (seeds.end - seeds.start) * times() {
        if let Err(why) = check(&random_program(seed, size)) {
            panic!("seed {seed}: {why}");
        }
    }
}

#[test]
fn operations_agree_with_the_reference() {
    all(0..1500, 30, differential::operations);
}

#[test]
fn plans_compute_what_their_operations_compute() {
    all(20000..21500, 30, differential::plan);
}

#[test]
fn compiled_programs_agree_with_the_reference() {
    all(30000..31000, 30, differential::compiled);
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    all(40000..41000, 30, |sample| differential::threads(sample, &[1, 2, 3, 7]));
}

/// As a fuzzer makes them: decisions from bytes, which end.
#[test]
fn programs_from_bytes_pass_all_checks() {
    let mut random = Choices::from_seed(5);
    let mut equations = 0;
    for _ in 0..300 * times() {
        let bytes: Vec<u8> = (0..20 + random.below(200)).map(|_| random.below(256) as u8).collect();
        let sample = program_from(&mut Choices::from_bytes(&bytes), 40);
        equations += sample.program.equations().len();
        if let Err(why) = differential::check(&sample) {
            panic!("{bytes:?}: {why}");
        }
    }
    assert!(equations > 3000, "programs are too small: {equations} equations");
}

/// Programs are about something: most operations occur, nested ones too, and not only on
/// undefined values.
#[test]
fn random_programs_are_rich() {
    let mut kinds = std::collections::BTreeMap::<&str, usize>::new();
    let (mut loops, mut finite, mut outputs) = (0, 0, 0);
    for seed in 0..500 {
        let Sample { program, inputs } = random_program(seed, 30);
        for eq in program.equations() {
            *kinds.entry(eq.prim.rules().name()).or_default() += 1;
            loops += usize::from(matches!(&eq.prim, Prim::Scan(p) if p.body.equations().len() > 2));
        }
        let Ok(values) = program.eval(&inputs) else { continue };
        outputs += values.len();
        let is_finite = |a: &&array::Array| a.to_f64().iter().any(|x| x.is_finite());
        finite += values.iter().filter(is_finite).count();
    }
    assert!(kinds.len() > 90, "{} operations occur: {kinds:?}", kinds.len());
    assert!(loops > 100, "{loops} loops with something in them");
    assert!(2 * finite > outputs, "{finite} of {outputs} outputs have finite elements");
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
                    let same = got.iter().zip(&want).all(|(a, b)| differential::same_bits(a, b));
                    assert!(same);
                }
            });
        }
    });
}
