//! Tracing, differentiating and compiling take work in proportion to the program: counted in
//! memory asked for, which every walk, table and list needs, and which is the same at every run.

use array::{DType, Type};
use ir::check::vjp_program;
use ir::prim::{Binary, Reduce, ReduceOp, Transpose, Unary};
use ir::transform::trace;
use ir::{Expr, RuleResult, bind1};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering};

/// The system's allocator, counting.
struct Counting;

static BYTES: AtomicU64 = AtomicU64::new(0);
static CALLS: AtomicU64 = AtomicU64::new(0);

// SAFETY: everything is left to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        BYTES.fetch_add(layout.size() as u64, Ordering::Relaxed);
        CALLS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Bytes and calls that it takes to trace a function of `n` operations on arrays of this shape,
/// to differentiate it, to compile the derivative and to make it ready.
fn work(shape: &[usize], n: usize, f: impl Fn(&Expr, usize) -> Expr) -> [u64; 2] {
    let before = [BYTES.load(Ordering::Relaxed), CALLS.load(Ordering::Relaxed)];
    let types = [Type::new(DType::F32, shape)];
    let traced = trace("loss", &types, |x| -> RuleResult<Vec<Expr>> { Ok(vec![f(&x[0], n)]) });
    let derivative = vjp_program(&traced.expect("a program").program).expect("a derivative");
    let ready = engine::Executable::new(compile::compile(&derivative));
    assert!(ready.plan().steps().len() >= n / 100);
    [BYTES.load(Ordering::Relaxed) - before[0], CALLS.load(Ordering::Relaxed) - before[1]]
}

/// sin(sin(… x) · x) · x.
fn chain(x: &Expr, n: usize) -> Expr {
    (0..n / 2).fold(x.clone(), |y, _| &bind1(Unary::Sin, &[&y]) * x)
}

/// A sum of `n / 3` terms that all read `x`.
fn wide(x: &Expr, n: usize) -> Expr {
    let term = |i: usize| &bind1(Unary::Cos, &[x]) * &x.full_like(i as f64);
    (1..n / 3).fold(term(0), |sum, i| &sum + &term(i))
}

/// Layers that mix the elements: products with a transposed, softmax-like folds of rows.
fn layers(x: &Expr, n: usize) -> Expr {
    let rows = x.shape()[0];
    (0..n / 6).fold(x.clone(), |y, _| {
        let t = bind1(Transpose { permutation: vec![1, 0] }, &[&y]);
        let max = bind1(Reduce { op: ReduceOp::Max, axes: vec![1] }, &[&t]);
        let max = max.broadcast_in_dim(&[rows, rows], &[0]);
        let e = bind1(Unary::Tanh, &[&bind1(Binary::Sub, &[&t, &max])]);
        &e * x
    })
}

#[test]
fn work_grows_as_programs_do() {
    // What is allocated once for the process is not counted.
    work(&[], 100, chain);
    type Loss = fn(&Expr, usize) -> Expr;
    let cases: [(&str, &[usize], Loss); 4] = [
        ("a chain of scalars", &[], chain),
        ("a chain of vectors", &[5], chain),
        ("a wide sum", &[3], wide),
        ("layers", &[4, 4], layers),
    ];
    for (name, shape, f) in cases {
        let counts = [2000, 4000, 8000].map(|n| work(shape, n, f));
        for (k, what) in ["bytes", "calls"].into_iter().enumerate() {
            let [a, b, c] = counts.map(|count| count[k] as f64);
            // Tables grow by doubling, so a little more than twice is in order; n² gives 4.
            assert!(b / a < 2.4 && c / b < 2.4, "{name}: {a}, {b}, {c} {what}");
            assert!(c / a < 4.8, "{name}: {a}, {b}, {c} {what}");
        }
    }
}
