//! Tensors and compiled functions are used from several threads at once.

mod support;

use std::thread;
use support::{assert_close, varied};
use tensor::{Key, Tensor, grad, hessian, jit, vmap};

fn sent_and_shared<T: Send + Sync>() {}

#[test]
fn types_can_be_sent_and_shared() {
    sent_and_shared::<Tensor>();
    sent_and_shared::<Key>();
    sent_and_shared::<Vec<Option<(Tensor, Key)>>>();
}

#[test]
fn transformations_in_different_threads_do_not_see_each_other() {
    let x = varied(&[4], 0.0);
    let f = |x: &Tensor| (x.sin() * x).sum();
    let expected = (grad(f)(&x), hessian(f)(&x), vmap(f)(&varied(&[3, 4], 1.0)));
    thread::scope(|s| {
        for _ in 0..4 {
            s.spawn(|| {
                for _ in 0..20 {
                    assert_close(&grad(f)(&x), &expected.0, 0.0);
                    assert_close(&hessian(f)(&x), &expected.1, 0.0);
                    assert_close(&vmap(f)(&varied(&[3, 4], 1.0)), &expected.2, 0.0);
                }
            });
        }
    });
}

#[test]
fn one_compiled_function_runs_in_many_threads() {
    let w = varied(&[8, 8], 0.0);
    let f = jit(|x: &Tensor| w.matmul(x).tanh());
    let x = varied(&[8], 1.0);
    let expected = w.matmul(&x).tanh();
    thread::scope(|s| {
        for _ in 0..4 {
            s.spawn(|| {
                for _ in 0..50 {
                    assert_close(&f(&x), &expected, 1e-15);
                }
            });
        }
    });
}

#[test]
fn a_value_is_read_by_two_threads_inside_a_derivative() {
    let g = grad(|x: &Tensor| {
        let y = x.exp() * x;
        let other = y.clone();
        let there = thread::spawn(move || other.item()).join().expect("the thread reads");
        assert_eq!(there, y.item());
        y
    })(&Tensor::from(1.0));
    assert_close(&g, &Tensor::from(2.0 * 1.0_f64.exp()), 1e-15);
}
