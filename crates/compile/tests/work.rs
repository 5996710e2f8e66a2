//! What steps amount to.

use array::{DType, Type};

#[test]
fn a_loop_counts_its_operations() {
    let program = ir::parse(
        "program(%0: f32[5], %1: f32[5]) {
           %2 = mul %0 %1
           %3 = add %2 %0
           %4 = add %3 %1
           return %4
         }",
    );
    let plan = compile::compile(&program.expect("a program"));
    assert_eq!(plan.steps().len(), 1);
    let operation = &plan.steps()[0].operation;
    assert_eq!(operation.flops(plan.input_types(), plan.output_types()), 15);
    assert_eq!(operation.name(), "loop(mul add×2)");
}

#[test]
fn a_fold_counts_what_it_folds_and_rows_count_once() {
    let program = ir::parse(
        "program(%0: f32[4,8]) {
           %1 = exp %0
           %2 = reduce(op: sum, axes: [1]) %1
           %3 = log %2
           return %3
         }",
    );
    let plan = compile::compile(&program.expect("a program"));
    let mut flops = 0;
    let ty = |shape: &[usize]| Type::new(DType::F32, shape.to_vec());
    for step in plan.steps() {
        flops += step.operation.flops(&[ty(&[4, 8])], &[ty(&[4])]);
    }
    assert_eq!((plan.steps().len(), flops), (1, 32 + 32 + 4));
}
