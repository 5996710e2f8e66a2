//! Well-typed programs whose decisions are the fuzzer's bytes: the engine computes what they mean.

#![no_main]

use arbitrary::Arbitrary;
use ir::check::{Choices, program_from};
use libfuzzer_sys::fuzz_target;
use testing::differential;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    /// Most operations.
    size: u8,
    decisions: &'a [u8],
}

fuzz_target!(|input: Input<'_>| {
    let sample = program_from(
        &mut Choices::from_bytes(input.decisions),
        usize::from(input.size) % 60,
    );
    if let Err(why) = differential::check(&sample) {
        panic!("{why}");
    }
    let text = sample.program.to_string();
    match ir::parse(&text) {
        Ok(again) => assert_eq!(again, sample.program, "{text}"),
        Err(e) => panic!("{e}\nin\n{text}"),
    }
});
