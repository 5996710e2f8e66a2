//! Convolutions against JAX, and the laws that JAX's fixtures do not show.

mod oracle;

use array::{Array, DType, Type};
use ir::check::{random_like, vjp_program};
use ir::prim::{BatchAxis, ConvGeneral, Example, Prim};
use ir::transform::batch_program;
use ir::{Expr, Primitive, bind1};
use oracle::{Case, cases};

fn random(shape: &[usize], seed: u64) -> Array {
    random_like(&Type::new(DType::F64, shape), seed)
}

/// Indices `start..limit` of axis 0.
fn rows(x: &Array, start: usize, limit: usize) -> Array {
    let shape = [&[limit - start], &x.shape()[1..]].concat();
    let n = array::shape::size(&x.shape()[1..]);
    Array::from_vec(x.as_slice::<f64>()[start * n..limit * n].to_vec(), &shape)
}

/// Axes 0 and 1 exchanged.
fn exchanged(x: &Array) -> Array {
    let (shape, values) = (x.shape(), x.as_slice::<f64>());
    let mut exchanged = shape.to_vec();
    exchanged.swap(0, 1);
    Array::from_fn(&exchanged, |i| {
        let mut source = i.to_vec();
        source.swap(0, 1);
        values[array::shape::offset(&source, shape)]
    })
}

/// Arrays one after the other along axis 0.
fn stacked(parts: &[Array]) -> Array {
    let count = parts.iter().map(|p| p.shape()[0]).sum();
    let values = parts.iter().flat_map(Array::to_f64).collect();
    Array::from_vec(values, &[&[count], &parts[0].shape()[1..]].concat())
}

fn run(conv: &ConvGeneral, x: &Array, w: &Array) -> Array {
    conv.eval(&[x, w]).unwrap().remove(0)
}

#[test]
fn jax_conv_general_dilated() {
    let all: Vec<Case> = (1..=3).flat_map(|d| cases(&format!("conv{d}d/"))).collect();
    assert_eq!(all.len(), 14);
    for case in all {
        let conv = ConvGeneral {
            strides: case.param("stride"),
            padding: case.param("padding"),
            lhs_dilation: case.param("lhs_dilation"),
            rhs_dilation: case.param("rhs_dilation"),
            feature_groups: case.param("groups"),
            batch_groups: 1,
        };
        case.check(&["x", "w"], |x| bind1(conv, &[&x[0], &x[1]]));
    }
}

#[test]
fn transposed_convolution_is_a_convolution_of_the_dilated_operand() {
    let all: Vec<Case> = (1..=3).flat_map(|d| cases(&format!("conv_transpose{d}d/"))).collect();
    assert_eq!(all.len(), 5);
    for case in all {
        let (stride, padding): (Vec<usize>, Vec<usize>) =
            (case.param("stride"), case.param("padding"));
        let (extra, dilation): (Vec<usize>, Vec<usize>) =
            (case.param("output_padding"), case.param("dilation"));
        let groups: usize = case.param("groups");
        case.check(&["x", "w"], |x| {
            let (x, w) = (&x[0], &x[1]);
            let spatial: Vec<usize> = (2..w.rank()).collect();
            let reach = |d: usize| (dilation[d] * (w.shape()[d + 2] - 1)) as i64;
            let low = |d: usize| reach(d) - padding[d] as i64;
            let conv = ConvGeneral {
                padding: (0..stride.len()).map(|d| (low(d), low(d) + extra[d] as i64)).collect(),
                lhs_dilation: stride.clone(),
                rhs_dilation: dilation.clone(),
                feature_groups: groups,
                ..ConvGeneral::new(stride.len())
            };
            // [(g, in), out, k…] to [(g, out), in, −k…].
            let (features, out, k) = (w.shape()[0], w.shape()[1], &w.shape()[2..]);
            let grouped = [&[groups, features / groups, out], k].concat();
            let kernel = w.reshape(&grouped).move_axis(2, 1);
            let kernel = kernel.reshape(&[&[groups * out, features / groups], k].concat());
            bind1(conv, &[x, &kernel.reverse(&spatial)])
        });
    }
}

fn strided() -> ConvGeneral {
    ConvGeneral {
        strides: vec![2],
        padding: vec![(1, 2)],
        lhs_dilation: vec![2],
        rhs_dilation: vec![3],
        ..ConvGeneral::new(1)
    }
}

#[test]
fn a_group_of_features_is_a_convolution_of_its_own() {
    let (x, w) = (random(&[2, 6, 5], 1), random(&[6, 2, 3], 2));
    let grouped = run(&ConvGeneral { feature_groups: 3, ..strided() }, &x, &w);
    let x = exchanged(&x);
    let parts: Vec<Array> = (0..3)
        .map(|g| {
            let features = exchanged(&rows(&x, 2 * g, 2 * g + 2));
            exchanged(&run(&strided(), &features, &rows(&w, 2 * g, 2 * g + 2)))
        })
        .collect();
    assert_eq!(grouped, exchanged(&stacked(&parts)));
}

#[test]
fn a_group_of_the_batch_is_a_convolution_of_its_own() {
    let (x, w) = (random(&[6, 2, 5], 3), random(&[6, 2, 3], 4));
    let grouped = run(&ConvGeneral { batch_groups: 3, ..strided() }, &x, &w);
    let parts: Vec<Array> = (0..3)
        .map(|g| {
            let part = rows(&x, 2 * g, 2 * g + 2);
            exchanged(&run(&strided(), &part, &rows(&w, 2 * g, 2 * g + 2)))
        })
        .collect();
    assert_eq!(grouped, exchanged(&stacked(&parts)));
}

#[test]
fn without_spatial_axes_it_is_the_matrix_product() {
    let x = Array::from_vec(vec![1.0, 2.0, 3.0, 4.0], &[2, 2]);
    let w = Array::from_vec(vec![1.0, 0.0, 1.0, 1.0, 0.0, -1.0], &[3, 2]);
    let product = Array::from_vec(vec![1.0, 3.0, -2.0, 3.0, 7.0, -4.0], &[2, 3]);
    assert_eq!(run(&ConvGeneral::new(0), &x, &w), product);
}

#[test]
fn gradients_are_convolutions() {
    for feature_groups in [1, 2] {
        for batch_groups in [1, 2] {
            if feature_groups * batch_groups == 4 {
                continue;
            }
            let conv = ConvGeneral { feature_groups, batch_groups, ..strided() };
            let example = Example::new(conv, &[&[2, 2 * feature_groups, 5], &[4, 2, 3]]);
            let gradient = vjp_program(&ir::check::program_of(&example).unwrap()).unwrap();
            let mut convolutions = 0;
            for equation in gradient.equations() {
                match equation.prim.rules().name() {
                    "conv_general_dilated" => convolutions += 1,
                    "reshape" | "transpose" | "reverse" => {}
                    other => panic!("{other} in the gradient of a convolution"),
                }
            }
            // The value itself, which nothing reads, is not among them.
            assert_eq!(convolutions, 2);
        }
    }
}

#[test]
fn sizes() {
    let spatial = |conv: &ConvGeneral, n: usize, k: usize| {
        let [x, w] = [Type::new(DType::F32, [1, 1, n]), Type::new(DType::F32, [1, 1, k])];
        conv.typ(&[&x, &w]).unwrap()[0].shape[2]
    };
    let plain = ConvGeneral::new(1);
    assert_eq!(spatial(&plain, 5, 3), 3);
    assert_eq!(spatial(&plain, 2, 3), 0);
    assert_eq!(spatial(&plain, 0, 1), 0);
    let cut_off = ConvGeneral { padding: vec![(-4, -4)], ..plain.clone() };
    assert_eq!(spatial(&cut_off, 5, 1), 0);
    // Cut off entirely on one side, and padded on the other: only zeros.
    let beside = ConvGeneral { padding: vec![(-6, 5)], ..plain };
    assert_eq!(spatial(&beside, 5, 3), 2);
    let (x, w) = (random(&[1, 1, 5], 5), random(&[1, 1, 3], 6));
    assert_eq!(run(&beside, &x, &w).to_f64(), [0.0, 0.0]);
    // ⌊(5·2 − 1 + 3 − 7) / 2⌋ + 1.
    assert_eq!(spatial(&strided(), 5, 3), 3);
}

#[test]
fn integers_wrap_and_single_precision_is_summed_in_double() {
    let conv = ConvGeneral::new(1);
    let x = Array::from_vec(vec![i32::MAX, 2], &[1, 1, 2]);
    let w = Array::from_vec(vec![2, 3], &[1, 1, 2]);
    assert_eq!(run(&conv, &x, &w), Array::from_vec(vec![4], &[1, 1, 1]));
    let x = Array::from_vec(vec![1e8_f32, 1.0, -1e8], &[1, 1, 3]);
    let w = Array::from_vec(vec![1.0_f32; 3], &[1, 1, 3]);
    assert_eq!(run(&conv, &x, &w), Array::from_vec(vec![1.0_f32], &[1, 1, 1]));
}

#[test]
fn a_batch_of_no_examples_has_no_groups() {
    for batch_groups in [1, 2] {
        let conv = ConvGeneral { batch_groups, ..strided() };
        let example = Example::new(conv, &[&[2, 1, 5], &[2, 1, 3]]);
        let program = ir::check::program_of(&example).unwrap();
        let axis = BatchAxis { size: 0, name: None };
        for batched in [[true, false], [false, true], [true, true]] {
            let (program, _) = batch_program(&program, &batched, &[true], &axis).unwrap();
            let expected = Type::new(DType::F64, [0, 2 / batch_groups, 2, 3]);
            assert_eq!(program.output_types(), [expected]);
        }
    }
}

#[test]
fn what_does_not_fit_is_said() {
    let message = |conv: &ConvGeneral, x: &[usize], w: &[usize]| {
        let [x, w] = [x, w].map(|shape| Expr::constant(Array::full(DType::F32, shape, 0.0)));
        ir::try_bind(conv.clone(), &[&x, &w]).unwrap_err().message
    };
    let (plain, x, w) = (ConvGeneral::new(1), [2, 4, 5], [6, 4, 3]);
    let groups = |feature_groups, batch_groups| ConvGeneral {
        feature_groups,
        batch_groups,
        ..ConvGeneral::new(1)
    };
    let expected = [
        (message(&plain, &[4], &[4]), "of the same rank, at least 2"),
        (message(&plain, &x, &[6, 4, 3, 3]), "of the same rank, at least 2"),
        (message(&ConvGeneral::new(2), &x, &w), "strides has 2 entries for 1 spatial axes"),
        (message(&plain, &x, &[6, 2, 3]), "4 features in 1 groups, but the kernel takes 2 in each"),
        (message(&groups(3, 1), &x, &w), "4 features in 3 groups, but the kernel takes 4 in each"),
        (message(&groups(4, 1), &x, &[6, 1, 3]), "4 groups do not divide 6 out features"),
        (message(&groups(1, 3), &x, &w), "3 batch groups do not divide batch 2"),
        (message(&groups(1, 2), &x, &[5, 4, 3]), "2 groups do not divide 5 out features"),
        (message(&groups(2, 2), &x, &w), "only one may exceed 1"),
        (message(&groups(0, 1), &x, &w), "at least one group"),
        (
            message(&ConvGeneral { strides: vec![0], ..plain.clone() }, &x, &w),
            "strides and dilations must be at least 1; spatial axis 0 has stride 0",
        ),
        (
            message(&ConvGeneral { padding: vec![(i64::MIN, 0)], ..plain.clone() }, &x, &w),
            "padding of spatial axis 0 are too large",
        ),
        (
            message(&ConvGeneral { padding: vec![(1 << 59, 1 << 59)], ..plain }, &[64, 4, 5], &w),
            "more than can be",
        ),
    ];
    for (message, part) in expected {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn parameters_print_and_parse() {
    let prim = Prim::from(ConvGeneral { batch_groups: 2, ..strided() });
    let (keyword, attributes) = prim.attributes().unwrap();
    assert_eq!(Prim::from_attributes(keyword, &attributes), Ok(prim));
}
