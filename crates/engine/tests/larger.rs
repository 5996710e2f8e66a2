//! Operations on arrays large enough to be cut into chunks, with parameters of every kind: the
//! engine agrees with the reference, and with itself for any number of threads.

mod common;

use array::{Array, DType, Type};
use common::difference;
use ir::Prim;
use ir::check::random_like;
use ir::prim::{
    ArgReduce, BroadcastInDim, Concatenate, ConvGeneral, Cumulative, CumulativeOp, DotGeneral,
    DynamicSlice, DynamicUpdateSlice, Fft, FftKind, Gather, Iota, Pad, Padding, RandomBits, Reduce,
    ReduceOp, ReduceWindow, Reverse, ScatterAdd, Slice, Sort, Threefry, Transpose, WindowOp,
};

/// Compares on random operands of these types, floats in both precisions.
#[track_caller]
fn check(prim: impl Into<Prim>, types: &[Type], tolerance: f64) {
    let prim = prim.into();
    for float in [DType::F64, DType::F32] {
        let x: Vec<Array> = types
            .iter()
            .enumerate()
            .map(|(i, t)| {
                let narrow = if t.dtype.is_float() { t.with_dtype(float) } else { t.clone() };
                if t.dtype.is_float() {
                    return random_like(&narrow, i as u64);
                }
                // Integers from a little below 0 to a little above the largest axis.
                let reach = types.iter().flat_map(|t| &t.shape).max().map_or(3, |n| n + 2) as f64;
                let spread = random_like(&t.with_dtype(DType::F64), i as u64).to_f64();
                let values: Vec<f64> =
                    spread.iter().map(|v| ((v + 0.9) * reach / 1.9).floor()).collect();
                Array::from_f64(t.dtype, &values, &t.shape)
            })
            .collect();
        let x: Vec<&Array> = x.iter().collect();
        let want = prim.rules().eval(&x).expect("a value");
        let tolerance = if float == DType::F32 { tolerance.max(1e-6) * 30.0 } else { tolerance };
        let mut first: Option<Vec<Array>> = None;
        for threads in [1, 2, 3, 7] {
            engine::set_threads(threads);
            let got = engine::apply(&prim, &x).expect("a value");
            if let Some(found) = difference(&got, &want, tolerance) {
                panic!("{prim:?} {:?} of {types:?} in {float}: {found}", prim.attributes());
            }
            let first = first.get_or_insert_with(|| got.clone());
            assert!(*first == got, "{prim:?} depends on the number of threads ({threads})");
        }
    }
}

fn float(shape: &[usize]) -> Type {
    Type::new(DType::F64, shape)
}

fn integer(dtype: DType, shape: &[usize]) -> Type {
    Type::new(dtype, shape)
}

#[test]
fn layout() {
    for permutation in [vec![1, 0, 2], vec![2, 1, 0], vec![0, 2, 1], vec![2, 0, 1], vec![1, 2, 0]] {
        check(Transpose { permutation }, &[float(&[61, 33, 47])], 0.0);
    }
    check(Transpose { permutation: vec![1, 0] }, &[float(&[700, 300])], 0.0);
    check(Transpose { permutation: vec![1, 0] }, &[integer(DType::Bool, &[700, 300])], 0.0);
    for dims in [vec![0], vec![1], vec![0, 1], vec![0, 2], vec![1, 2]] {
        let shape = [51, 37, 43];
        let x: Vec<usize> = dims.iter().map(|&d| shape[d]).collect();
        check(BroadcastInDim { shape: shape.to_vec(), dims }, &[float(&x)], 0.0);
    }
    let slice = Slice { start: vec![3, 0, 1], limit: vec![60, 33, 47], strides: vec![2, 1, 3] };
    check(slice, &[float(&[61, 33, 47])], 0.0);
    check(Reverse { axes: vec![0, 2] }, &[float(&[61, 33, 47])], 0.0);
    let padding = [(3, -2, 1), (-1, 4, 0), (0, 2, 2)].map(|(low, high, interior)| Padding {
        low,
        high,
        interior,
    });
    check(Pad { padding: padding.to_vec() }, &[float(&[41, 33, 27]), float(&[])], 0.0);
    check(Concatenate { axis: 1 }, &[float(&[41, 33, 27]), float(&[41, 9, 27])], 0.0);
    check(Iota { dtype: DType::F64, shape: vec![41, 70, 30], axis: 1 }, &[], 0.0);
}

#[test]
fn reductions() {
    let shape = [43, 61, 39];
    for axes in [vec![0], vec![1], vec![2], vec![0, 1], vec![1, 2], vec![0, 2], vec![0, 1, 2]] {
        for op in [ReduceOp::Sum, ReduceOp::Max, ReduceOp::Min] {
            check(Reduce { op, axes: axes.clone() }, &[float(&shape)], 1e-12);
        }
    }
    check(Reduce { op: ReduceOp::Sum, axes: vec![0] }, &[float(&[5000, 20])], 1e-11);
    check(Reduce { op: ReduceOp::Sum, axes: vec![0] }, &[float(&[300_000])], 1e-10);
    check(Reduce { op: ReduceOp::Sum, axes: vec![0] }, &[integer(DType::I32, &[300_000])], 0.0);
    for axis in 0..3 {
        check(ArgReduce { max: axis == 1, axis }, &[float(&shape)], 0.0);
    }
}

#[test]
fn products() {
    let dot = |contract: [&[usize]; 2], batch: [&[usize]; 2]| DotGeneral {
        contract: contract.map(<[_]>::to_vec),
        batch: batch.map(<[_]>::to_vec),
    };
    let plain = dot([&[1], &[0]], [&[], &[]]);
    check(plain.clone(), &[float(&[130, 177]), float(&[177, 211])], 1e-12);
    check(plain.clone(), &[float(&[1, 177]), float(&[177, 411])], 1e-12);
    check(plain.clone(), &[float(&[411, 177]), float(&[177, 1])], 1e-12);
    check(plain.clone(), &[integer(DType::I32, &[30, 17]), integer(DType::I32, &[17, 21])], 0.0);
    check(plain, &[integer(DType::U32, &[30, 17]), integer(DType::U32, &[17, 21])], 0.0);
    check(dot([&[0], &[1]], [&[], &[]]), &[float(&[177, 130]), float(&[211, 177])], 1e-12);
    let batched = dot([&[2], &[1]], [&[0], &[0]]);
    check(batched.clone(), &[float(&[7, 60, 50]), float(&[7, 50, 40])], 1e-12);
    check(batched, &[float(&[300, 5, 6]), float(&[300, 6, 4])], 1e-12);
    // Batch axes in the middle, contracted axes that do not merge.
    let tangled = dot([&[3, 0], &[0, 2]], [&[1], &[1]]);
    check(tangled, &[float(&[9, 6, 20, 11]), float(&[11, 6, 9, 13])], 1e-12);
}

#[test]
fn indexing() {
    for dtype in [DType::I32, DType::I64, DType::U32] {
        check(Gather { axis: 0, batch: 0 }, &[float(&[100, 64]), integer(dtype, &[900])], 0.0);
        check(
            ScatterAdd { axis: 0, batch: 0, size: 100 },
            &[float(&[900, 64]), integer(dtype, &[900])],
            1e-12,
        );
    }
    let wide = [float(&[40, 3000]), integer(DType::I64, &[40])];
    check(ScatterAdd { axis: 0, batch: 0, size: 10 }, &wide, 1e-12);
    let along = [float(&[200, 300]), integer(DType::I64, &[200, 170])];
    check(Gather { axis: 1, batch: 1 }, &along, 0.0);
    let add = [float(&[200, 170]), integer(DType::I64, &[200, 170])];
    check(ScatterAdd { axis: 1, batch: 1, size: 90 }, &add, 1e-12);
    let between = [float(&[9, 30, 20, 14]), integer(DType::I64, &[9, 13])];
    check(Gather { axis: 2, batch: 1 }, &between, 0.0);
    let between = [float(&[9, 30, 13, 14]), integer(DType::I64, &[9, 13])];
    check(ScatterAdd { axis: 2, batch: 1, size: 8 }, &between, 1e-12);
    let start = integer(DType::I64, &[3]);
    check(DynamicSlice { sizes: vec![30, 9, 40] }, &[float(&[50, 40, 41]), start.clone()], 0.0);
    check(DynamicUpdateSlice {}, &[float(&[50, 40, 41]), float(&[9, 30, 21]), start], 0.0);
}

#[test]
fn sorting_and_accumulating() {
    for descending in [false, true] {
        for axis in 0..3 {
            let same = float(&[21, 43, 37]);
            let payload = integer(DType::I64, &[21, 43, 37]);
            check(Sort { axis, descending }, &[same, payload], 0.0);
        }
        for dtype in [DType::I32, DType::I64, DType::U32, DType::Bool] {
            let key = integer(dtype, &[5, 700]);
            check(Sort { axis: 1, descending }, &[key, float(&[5, 700])], 0.0);
        }
        for op in [
            CumulativeOp::Sum,
            CumulativeOp::Prod,
            CumulativeOp::Max,
            CumulativeOp::Min,
            CumulativeOp::LogSumExp,
        ] {
            for axis in 0..3 {
                check(Cumulative { op, axis, reverse: descending }, &[float(&[21, 43, 37])], 1e-12);
            }
        }
    }
    check(RandomBits { shape: vec![300, 70] }, &[integer(DType::U32, &[3, 2])], 0.0);
    let pairs = integer(DType::U32, &[9000, 2]);
    check(Threefry {}, &[pairs.clone(), pairs], 0.0);
}

#[test]
fn fourier_transforms() {
    for n in [1, 2, 3, 8, 97, 100, 128] {
        let (complex, half) = (float(&[130, n, 2]), float(&[130, n / 2 + 1, 2]));
        check(Fft { kind: FftKind::Fft, n }, std::slice::from_ref(&complex), 1e-12);
        check(Fft { kind: FftKind::Ifft, n }, &[complex], 1e-12);
        check(Fft { kind: FftKind::Rfft, n }, &[float(&[130, n])], 1e-12);
        check(Fft { kind: FftKind::Irfft, n }, &[half], 1e-12);
    }
}

#[test]
fn convolutions() {
    let plain = ConvGeneral::new(2);
    let same = ConvGeneral { padding: vec![(1, 1); 2], ..plain.clone() };
    check(same.clone(), &[float(&[4, 5, 19, 23]), float(&[7, 5, 3, 3])], 1e-12);
    // More terms than one block of patches holds.
    check(same.clone(), &[float(&[2, 70, 9, 8]), float(&[6, 70, 3, 3])], 1e-12);
    // Small outputs of a large kernel: the gradient of a kernel.
    check(plain.clone(), &[float(&[3, 8, 19, 23]), float(&[5, 8, 17, 21])], 1e-12);
    let strided =
        ConvGeneral { strides: vec![2, 3], padding: vec![(2, -1), (-1, 3)], ..plain.clone() };
    check(strided, &[float(&[4, 5, 19, 23]), float(&[7, 5, 3, 4])], 1e-12);
    let dilated =
        ConvGeneral { lhs_dilation: vec![2, 3], rhs_dilation: vec![3, 2], ..same.clone() };
    check(dilated, &[float(&[4, 3, 9, 11]), float(&[5, 3, 3, 4])], 1e-12);
    let grouped = ConvGeneral { feature_groups: 4, ..same.clone() };
    check(grouped, &[float(&[3, 8, 19, 23]), float(&[12, 2, 3, 3])], 1e-12);
    let depthwise = ConvGeneral { feature_groups: 8, ..same.clone() };
    check(depthwise, &[float(&[3, 8, 19, 23]), float(&[8, 1, 3, 3])], 1e-12);
    let batch_groups = ConvGeneral { batch_groups: 3, ..same };
    check(batch_groups, &[float(&[6, 4, 19, 13]), float(&[9, 4, 3, 3])], 1e-12);
    check(ConvGeneral::new(0), &[float(&[40, 50]), float(&[30, 50])], 1e-12);
    check(ConvGeneral::new(1), &[float(&[4, 5, 600]), float(&[3, 5, 7])], 1e-12);
    let volume = ConvGeneral { padding: vec![(1, 0); 3], ..ConvGeneral::new(3) };
    check(volume, &[float(&[2, 3, 7, 8, 9]), float(&[4, 3, 2, 3, 2])], 1e-12);
    check(plain, &[integer(DType::I32, &[2, 2, 9, 8]), integer(DType::I32, &[3, 2, 3, 3])], 0.0);
}

#[test]
fn windows() {
    for op in [WindowOp::Sum, WindowOp::Max, WindowOp::Min] {
        let pool =
            ReduceWindow { strides: vec![1, 1, 2, 2], ..ReduceWindow::new(op, &[1, 1, 2, 2]) };
        check(pool, &[float(&[3, 9, 40, 31])], 1e-12);
        let wide = ReduceWindow {
            padding: vec![(0, 0), (1, 2), (2, 1)],
            window_dilation: vec![1, 2, 1],
            ..ReduceWindow::new(op, &[1, 3, 4])
        };
        check(wide.clone(), &[float(&[30, 20, 50])], 1e-12);
        check(wide, &[integer(DType::I64, &[30, 20, 50])], 0.0);
        check(ReduceWindow::new(op, &[5]), &[float(&[20_000])], 1e-12);
    }
    let dilated = ReduceWindow {
        base_dilation: vec![2, 3],
        strides: vec![1, 2],
        padding: vec![(3, -1), (-2, 4)],
        ..ReduceWindow::new(WindowOp::Sum, &[3, 4])
    };
    check(dilated, &[float(&[90, 110])], 1e-12);
}

/// Products too large for the caches, written past them: each element is one product, exactly.
#[test]
fn outer_products_beyond_the_caches() {
    // Whole cache lines or not, and rows and columns that are no multiple of a block's.
    for (rows, columns) in [(1051, 4112), (1051, 4109)] {
        let outer = DotGeneral { contract: [vec![1], vec![0]], batch: [vec![], vec![]] };
        let x = random_like(&Type::new(DType::F32, [rows, 1]), 1);
        let y = random_like(&Type::new(DType::F32, [1, columns]), 2);
        let got = engine::apply(&outer.into(), &[&x, &y]).expect("a value");
        let (x, y) = (x.as_slice::<f32>(), y.as_slice::<f32>());
        for (row, &x) in got[0].as_slice::<f32>().chunks_exact(columns).zip(x) {
            assert!(row.iter().zip(y).all(|(&z, &y)| z == x * y));
        }
    }
}
