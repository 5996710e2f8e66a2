//! Convolution, its adjoint, and pooling, against loops.

mod support;

use support::{assert_close, assert_says, assert_values, check_derivatives, message_of, varied};
use tensor::functions::{Convolution, Padding, Pooling};
use tensor::{DType, Tensor, grad, vmap};

/// The definition in two dimensions.
fn naive(x: &Tensor, w: &Tensor, c: &Convolution, low: [i64; 2], out: [usize; 2]) -> Tensor {
    let [n, channels, h, width] = x.dims();
    let [o, per_group, kh, kw] = w.dims();
    let one = |v: &[usize], d: usize| v.get(d).copied().unwrap_or(1) as i64;
    let (xs, ws) = (x.to_vec::<f64>(), w.to_vec::<f64>());
    let outs_per_group = o / c.groups;
    assert_eq!(per_group * c.groups, channels);
    let mut y = vec![];
    array::shape::for_each_index(&[n, o, out[0], out[1]], |i| {
        let group = i[1] / outs_per_group;
        let mut sum = 0.0;
        array::shape::for_each_index(&[per_group, kh, kw], |k| {
            let at = |d: usize| {
                i[2 + d] as i64 * one(&c.strides, d) + k[1 + d] as i64 * one(&c.dilation, d)
                    - low[d]
            };
            let (a, b) = (at(0), at(1));
            if (0..h as i64).contains(&a) && (0..width as i64).contains(&b) {
                let place = [i[0], group * per_group + k[0], a as usize, b as usize];
                sum += xs[array::shape::offset(&place, x.shape())]
                    * ws[array::shape::offset(&[i[1], k[0], k[1], k[2]], w.shape())];
            }
        });
        y.push(sum);
    });
    Tensor::from_vec(y, &[n, o, out[0], out[1]])
}

fn cases() -> Vec<(Convolution, [i64; 2], [usize; 2])> {
    // On 2×4×7×6 with a kernel 6×4/g×3×2.
    let plain = Convolution::default();
    let explicit = |p: [(i64, i64); 2]| Padding::Explicit(p.to_vec());
    vec![
        (plain.clone(), [0, 0], [5, 5]),
        (Convolution { padding: Padding::Same, ..plain.clone() }, [1, 0], [7, 6]),
        (
            Convolution { strides: vec![2, 3], padding: Padding::Same, ..plain.clone() },
            [1, 0],
            [4, 2],
        ),
        (
            Convolution {
                strides: vec![2, 1],
                dilation: vec![1, 3],
                padding: explicit([(2, 1), (-1, 3)]),
                ..plain.clone()
            },
            [2, -1],
            [4, 5],
        ),
        (Convolution { groups: 2, ..plain.clone() }, [0, 0], [5, 5]),
        (Convolution { groups: 2, strides: vec![3, 2], ..plain }, [0, 0], [2, 3]),
    ]
}

#[test]
fn convolutions_are_those_of_the_definition_and_have_adjoints() {
    for (c, low, out) in cases() {
        let x = varied(&[2, 4, 7, 6], 0.0);
        let w = varied(&[6, 4 / c.groups, 3, 2], 1.0);
        let y = x.conv(&w, &c);
        assert_close(&y, &naive(&x, &w, &c, low, out), 1e-13);
        // ⟨conv x, y⟩ = ⟨x, convᵀ y⟩, and the gradient is the adjoint.
        let ct = varied(y.shape(), 2.0);
        let back = ct.conv_transpose(&w, &c, Some(&[7, 6]));
        assert_eq!(back.shape(), x.shape());
        assert_close(&y.vdot(&ct), &x.vdot(&back), 1e-12);
        assert_close(&grad(|x: &Tensor| x.conv(&w, &c).vdot(&ct))(&x), &back, 1e-13);
        // One example, and a batch by vmap.
        let one = |x: &Tensor| x.conv(&w, &c);
        assert_close(&one(&x.index(0, 1)), &y.index(0, 1), 1e-14);
        assert_close(&vmap(one)(&x), &y, 1e-14);
        let one = |ct: &Tensor| ct.conv_transpose(&w, &c, Some(&[7, 6]));
        assert_close(&vmap(one)(&ct), &back, 1e-14);
    }
}

#[test]
fn derivatives_of_convolutions() {
    let x = varied(&[1, 2, 5, 4], 0.0);
    let w = varied(&[2, 1, 2, 3], 1.0);
    let c = Convolution {
        groups: 2,
        strides: vec![2, 1],
        padding: Padding::Same,
        ..Default::default()
    };
    check_derivatives(|x| x.conv(&w, &c).sin().sum(), &x);
    check_derivatives(|w| x.conv(w, &c).sin().sum(), &w);
    let y = varied(&[1, 2, 3, 4], 2.0);
    check_derivatives(|y| y.conv_transpose(&w, &c, None).sin().sum(), &y);
    check_derivatives(|w| y.conv_transpose(w, &c, None).sin().sum(), &w);
}

#[test]
fn sizes_of_the_adjoint() {
    let w = varied(&[2, 3, 3], 0.0);
    let y = varied(&[2, 4], 1.0);
    let stride = Convolution { strides: vec![2], ..Default::default() };
    assert_eq!(y.conv_transpose(&w, &stride, None).shape(), [3, 9]);
    assert_eq!(y.conv_transpose(&w, &stride, Some(&[10])).shape(), [3, 10]);
    let message = message_of(|| y.conv_transpose(&w, &stride, Some(&[11])));
    assert_says(&message, &["conv_transpose", "11 elements have 5 outputs, not 4"]);
    let same = Convolution { padding: Padding::Same, ..stride };
    assert_eq!(y.conv_transpose(&w, &same, None).shape(), [3, 8]);
    let nothing = Tensor::zeros(&[2, 0], DType::F64);
    assert_eq!(nothing.conv_transpose(&w, &Convolution::default(), Some(&[2])).shape(), [3, 2]);
}

#[test]
fn messages_name_the_operands() {
    let w = varied(&[2, 3, 3], 0.0);
    let c = Convolution::default();
    let message = message_of(|| varied(&[3], 0.0).conv(&w, &c));
    assert_says(&message, &["conv", "[batch, channels, spatial…]", "f64[2,3,3]", "f64[3]"]);
    let strides = Convolution { strides: vec![1, 1], ..Convolution::default() };
    let message = message_of(|| varied(&[3, 5], 0.0).conv(&w, &strides));
    assert_says(&message, &["strides are given for 2 of 1 spatial axes"]);
    let zero = Convolution { dilation: vec![0], ..Convolution::default() };
    assert_says(&message_of(|| varied(&[3, 5], 0.0).conv(&w, &zero)), &["must be positive"]);
    assert_says(&message_of(|| varied(&[4, 5], 0.0).conv(&w, &c)), &["conv", "f64[1,4,5]"]);
}

#[test]
fn pooling() {
    let x = varied(&[2, 5, 6], 0.0);
    // By reshaping, where windows lie side by side.
    let pool = Pooling::new(&[3]);
    let split = x.reshape(&[2, 5, 2, 3]);
    assert_close(&x.max_pool(&pool), &split.max_axes(3), 0.0);
    assert_close(&x.avg_pool(&pool, true), &split.mean_axes(3), 1e-15);
    assert_close(&x.avg_pool(&pool, false), &split.mean_axes(3), 1e-15);
    // Overlapping windows with padding, in two dimensions.
    let pool = Pooling {
        window: vec![3, 2],
        strides: vec![2, 1],
        padding: Padding::Explicit(vec![(1, 1), (0, 1)]),
    };
    let (max, mean) = (x.max_pool(&pool), x.avg_pool(&pool, false));
    assert_eq!(max.shape(), [2, 3, 6]);
    let corner = x.slice(&[0, 0, 0], &[2, 2, 2], &[1, 1, 1]);
    assert_close(&max.index(1, 0).index(1, 0), &corner.max_axes([1, 2]), 0.0);
    assert_close(&mean.index(1, 0).index(1, 0), &corner.mean_axes([1, 2]), 1e-15);
    let counted = x.avg_pool(&pool, true).index(1, 0).index(1, 0);
    assert_close(&counted, &(corner.sum_axes([1, 2]) / 6.0), 1e-15);
    check_derivatives(|x| (x.max_pool(&pool) * varied(&[2, 3, 6], 1.0)).sin().sum(), &x);
    check_derivatives(|x| x.avg_pool(&pool, false).sin().sum(), &x);
    // Ties share.
    let g = grad(|x: &Tensor| x.max_pool(&Pooling::new(&[2])).sum())(&Tensor::from([1.0, 1.0]));
    assert_values(&g, &[0.5, 0.5], 0.0);
    // All negative, with padding on both sides: padding is never the largest.
    let low = Tensor::full(&[3], -5.0, DType::F64);
    let same = Pooling { strides: vec![1], padding: Padding::Same, ..Pooling::new(&[3]) };
    assert_values(&low.max_pool(&same), &[-5.0; 3], 0.0);
}
