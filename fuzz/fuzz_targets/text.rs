//! Any text: it is a program or an error, a program prints as a text that means the same, and the
//! compiler takes it.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let program = match ir::parse(text) {
        Ok(program) => program,
        Err(e) => {
            assert!(!e.to_string().is_empty());
            return;
        }
    };
    if let Err(e) = ir::verify(&program) {
        panic!("{e}");
    }
    let printed = program.to_string();
    match ir::parse(&printed) {
        Ok(again) => assert_eq!(again, program, "{printed}"),
        Err(e) => panic!("{e}\nin\n{printed}"),
    }
    let plan = compile::compile(&program);
    assert_eq!(plan.output_types(), program.output_types());
});
