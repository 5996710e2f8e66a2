//! Every way to compute a convolution and its two derivatives, against the reference: odd sizes,
//! strides, dilations, negative padding, groups, numbers that are not finite; in both precisions, with
//! every instruction set and for any number of threads.

mod common;

use array::{Array, DType, Type};
use common::{difference, narrowed, run};
use engine::InstructionSet;
use ir::Program;
use ir::check::{program_of, random_like, vjp_program};
use ir::prim::{ConvGeneral, Example, ReduceWindow, WindowOp};
use std::sync::Mutex;

/// Threads and instructions are settings of the process.
static SETTINGS: Mutex<()> = Mutex::new(());

fn float(shape: &[usize]) -> Type {
    Type::new(DType::F64, shape)
}

fn forward(p: impl Into<ir::Prim>, shapes: &[&[usize]]) -> Program {
    program_of(&Example::new(p, shapes)).expect("a program")
}

/// The program and its derivative agree with the reference, on these inputs of the program.
#[track_caller]
fn check(program: &Program, inputs: &[Array], tolerance: f64) {
    let _guard = SETTINGS.lock().unwrap_or_else(|e| e.into_inner());
    let derivative = vjp_program(program).expect("a derivative");
    let cotangents = derivative.input_types()[inputs.len()..].iter().map(|t| random_like(t, 9));
    let all: Vec<Array> = inputs.iter().cloned().chain(cotangents).collect();
    for (program, x) in [(program, inputs), (&derivative, &all)] {
        for narrow in [false, true] {
            let x = if narrow { narrowed(x) } else { x.to_vec() };
            let types: Vec<Type> = x.iter().map(Array::ty).collect();
            let types: Vec<&Type> = types.iter().collect();
            let program = if narrow { retyped(program, &types) } else { program.clone() };
            let want = program.eval(&x).expect("values");
            for set in InstructionSet::available() {
                engine::set_instruction_set(set);
                let mut first: Option<Vec<Array>> = None;
                for threads in [1, 2, 3, 7] {
                    engine::set_threads(threads);
                    let got = run(&program, &x).expect("values");
                    // Sums of a thousand terms of about 1, which may cancel.
                    let tolerance = if narrow { 1e-4 } else { tolerance };
                    if let Some(found) = difference(&got, &want, tolerance) {
                        panic!("{program}\n{set}, narrow: {narrow}: {found}");
                    }
                    let first = first.get_or_insert_with(|| got.clone());
                    assert!(bits(first) == bits(&got), "depends on the threads ({threads})");
                }
            }
        }
    }
}

/// The program on operands of other types.
fn retyped(program: &Program, types: &[&Type]) -> Program {
    let types: Vec<Type> = types.iter().map(|&t| t.clone()).collect();
    let mut b = ir::Builder::new(types);
    let mut renamed: Vec<ir::Var> = program.inputs().collect();
    for eq in program.equations() {
        let inputs: Vec<ir::Var> = eq.inputs.iter().map(|v| renamed[v.index()]).collect();
        let prim = match &eq.prim {
            ir::Prim::Constant(c) if c.0.dtype() == DType::F64 => {
                ir::prim::Constant(c.0.convert(DType::F32)).into()
            }
            ir::Prim::Convert(c) if c.dtype == DType::F64 => {
                ir::prim::Convert { dtype: DType::F32 }.into()
            }
            prim => prim.clone(),
        };
        renamed.extend(b.push(prim, &inputs, None).expect("a program of f32"));
    }
    b.finish(program.outputs().iter().map(|v| renamed[v.index()]).collect())
}

fn bits(x: &[Array]) -> Vec<Vec<u64>> {
    x.iter().map(|x| x.to_f64().into_iter().map(f64::to_bits).collect()).collect()
}

#[track_caller]
fn convolution(p: ConvGeneral, x: &[usize], w: &[usize]) {
    let inputs = [random_like(&float(x), 1), random_like(&float(w), 2)];
    check(&forward(p, &[x, w]), &inputs, 1e-12);
}

fn padded(padding: [(i64, i64); 2]) -> ConvGeneral {
    ConvGeneral { padding: padding.to_vec(), ..ConvGeneral::new(2) }
}

#[test]
fn three_by_three_places() {
    // Whole tiles; parts of tiles and of vectors of features; elements cut off.
    convolution(padded([(1, 1), (1, 1)]), &[2, 16, 8, 12], &[32, 16, 3, 3]);
    convolution(padded([(0, 0), (0, 0)]), &[3, 20, 9, 7], &[17, 20, 3, 3]);
    convolution(padded([(-1, 2), (3, -2)]), &[2, 24, 10, 13], &[16, 24, 3, 3]);
    // Several bands of one example; several examples of one tile each.
    convolution(padded([(1, 1), (1, 1)]), &[1, 16, 30, 41], &[16, 16, 3, 3]);
    convolution(padded([(1, 1), (1, 1)]), &[30, 16, 3, 4], &[16, 16, 3, 3]);
    // More features than one slice of a kernel's cotangent has.
    convolution(padded([(1, 1), (1, 1)]), &[1, 136, 4, 5], &[16, 136, 3, 3]);
    // Not worth tiles.
    convolution(padded([(1, 1), (1, 1)]), &[3, 1, 14, 13], &[5, 1, 3, 3]);
    convolution(padded([(1, 1), (1, 1)]), &[2, 3, 9, 35], &[4, 3, 3, 3]);
    convolution(padded([(1, 1), (1, 1)]), &[1, 16, 1, 1], &[16, 16, 3, 3]);
}

#[test]
fn other_windows() {
    convolution(padded([(2, 2), (2, 2)]), &[2, 5, 11, 13], &[6, 5, 5, 5]);
    convolution(padded([(0, 0), (0, 0)]), &[2, 9, 7, 6], &[10, 9, 1, 1]);
    convolution(padded([(1, 0), (0, 3)]), &[2, 3, 8, 6], &[4, 3, 2, 4]);
    let strided = |p: ConvGeneral| ConvGeneral { strides: vec![2, 3], ..p };
    convolution(strided(padded([(1, 1), (1, 1)])), &[2, 16, 11, 13], &[16, 16, 3, 3]);
    convolution(strided(padded([(2, -1), (-1, 3)])), &[2, 3, 9, 14], &[4, 3, 3, 4]);
    let dilated = ConvGeneral {
        lhs_dilation: vec![2, 1],
        rhs_dilation: vec![1, 2],
        ..padded([(1, 1), (2, 2)])
    };
    convolution(dilated, &[2, 16, 5, 9], &[16, 16, 3, 3]);
    convolution(ConvGeneral::new(0), &[7, 9], &[5, 9]);
    convolution(ConvGeneral::new(1), &[3, 4, 50], &[5, 4, 7]);
    let volume = ConvGeneral { padding: vec![(1, 0); 3], ..ConvGeneral::new(3) };
    convolution(volume, &[2, 3, 4, 5, 6], &[4, 3, 2, 3, 2]);
}

#[test]
fn groups() {
    let feature_groups = |n| ConvGeneral { feature_groups: n, ..padded([(1, 1), (1, 1)]) };
    convolution(feature_groups(2), &[2, 8, 7, 9], &[6, 4, 3, 3]);
    convolution(feature_groups(6), &[2, 6, 7, 9], &[12, 1, 3, 3]);
    let batch_groups = ConvGeneral { batch_groups: 3, ..padded([(1, 1), (1, 1)]) };
    convolution(batch_groups, &[6, 4, 7, 5], &[9, 4, 3, 3]);
}

#[test]
fn nothing_to_do() {
    let same = padded([(1, 1), (1, 1)]);
    convolution(same.clone(), &[0, 16, 8, 8], &[16, 16, 3, 3]);
    convolution(same.clone(), &[2, 0, 8, 8], &[16, 0, 3, 3]);
    convolution(same.clone(), &[2, 16, 8, 8], &[0, 16, 3, 3]);
    convolution(same, &[2, 16, 0, 8], &[16, 16, 3, 3]);
    convolution(padded([(0, 0), (0, 0)]), &[2, 16, 2, 8], &[16, 16, 3, 3]);
}

/// One number that is not finite is seen by nine outputs, not by its whole tile.
#[test]
fn numbers_that_are_not_finite() {
    let (x_shape, w_shape) = ([2, 16, 12, 9], [16, 16, 3, 3]);
    let program = forward(padded([(1, 1), (1, 1)]), &[&x_shape, &w_shape]);
    for special in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        for operand in 0..2 {
            let mut inputs = [random_like(&float(&x_shape), 1), random_like(&float(&w_shape), 2)];
            let mut values = inputs[operand].to_f64();
            values[77] = special;
            inputs[operand] = Array::from_vec(values, inputs[operand].shape());
            check(&program, &inputs, 1e-12);
        }
    }
}

/// A derivative of order two brings the rearranged operands in every order.
#[test]
fn derivatives_of_derivatives() {
    let shapes: [&[usize]; 2] = [&[2, 16, 6, 7], &[16, 16, 3, 3]];
    let once = vjp_program(&forward(padded([(1, 1), (1, 1)]), &shapes)).expect("a derivative");
    let inputs: Vec<Array> =
        once.input_types().iter().enumerate().map(|(i, t)| random_like(t, i as u64)).collect();
    check(&once, &inputs, 1e-11);
}

#[test]
fn pooling() {
    for op in [WindowOp::Max, WindowOp::Min, WindowOp::Sum] {
        for (window, strides, padding, shape) in [
            ([1, 1, 2, 2], [1, 1, 2, 2], [(0, 0); 4], [2, 3, 8, 26]),
            ([1, 1, 3, 3], [1, 1, 3, 3], [(0, 0); 4], [2, 3, 9, 12]),
            ([1, 1, 2, 2], [1, 1, 2, 2], [(0, 0); 4], [2, 3, 9, 11]),
            ([1, 2, 1, 2], [1, 2, 1, 2], [(0, 0); 4], [2, 4, 5, 6]),
            ([2, 1, 2, 1], [2, 1, 2, 1], [(0, 0); 4], [2, 4, 6, 5]),
            ([1, 1, 2, 3], [1, 1, 3, 4], [(0, 0), (0, 0), (1, 1), (1, 2)], [2, 3, 7, 10]),
            ([1, 1, 3, 3], [1, 1, 2, 2], [(0, 0), (0, 0), (1, 1), (1, 1)], [2, 3, 9, 10]),
        ] {
            let pool = ReduceWindow {
                strides: strides.to_vec(),
                padding: padding.to_vec(),
                ..ReduceWindow::new(op, &window)
            };
            let program = forward(pool, &[&shape]);
            // Few different values: ties.
            let values = random_like(&float(&shape), 3).to_f64();
            let mut coarse: Vec<f64> = values.iter().map(|v| (v * 3.0).round()).collect();
            check(&program, &[Array::from_vec(coarse.clone(), &shape)], 1e-12);
            (coarse[5], coarse[40]) = (f64::NAN, f64::INFINITY);
            check(&program, &[Array::from_vec(coarse, &shape)], 1e-12);
        }
    }
    check(&forward(ReduceWindow::new(WindowOp::Max, &[]), &[&[]]), &[Array::scalar(2.0)], 1e-12);
}
