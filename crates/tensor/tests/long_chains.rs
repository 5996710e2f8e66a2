//! Graphs of a million nodes: nothing recurses over them.

use tensor::{Tensor, grad, jit, jvp, trace};

const MILLION: usize = 1_000_000;

fn chain(x: &Tensor, n: usize) -> Tensor {
    let one = Tensor::from(1.0);
    let mut y = x.clone();
    for _ in 0..n {
        y = y + &one;
    }
    y
}

#[test]
fn a_million_additions_are_traced_and_dropped() {
    let program = trace(|x: &Tensor| chain(x, MILLION))(&Tensor::from(2.0));
    assert_eq!(program.operations(), MILLION + 1);
}

/// Far more nodes than a stack has room for frames (the threads of tests have 2 MiB), and far too
/// many for anything that takes the square of their number.
#[test]
fn a_million_nodes_are_differentiated_and_dropped() {
    assert_eq!(grad(|x: &Tensor| chain(x, MILLION))(&Tensor::from(2.0)).item(), 1.0);
}

#[test]
fn values_are_read_at_the_end_of_a_long_chain() {
    let n = MILLION / 20;
    let read = |x: &Tensor| {
        let y = chain(x, n);
        assert_eq!(y.item(), n as f64);
        y.sin()
    };
    assert_eq!(grad(read)(&Tensor::from(0.0)).item(), (n as f64).cos());
}

#[test]
fn long_chains_are_traced_and_pushed_forward() {
    let n = MILLION / 20;
    assert_eq!(jit(|x: &Tensor| chain(x, n))(&Tensor::from(1.0)).item(), 1.0 + n as f64);
    let (_, dy) = jvp(|x: &Tensor| chain(x, n))(&Tensor::from(1.0), &Tensor::from(3.0));
    assert_eq!(dy.item(), 3.0);
}
