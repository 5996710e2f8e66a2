//! `jit` and `jit_step`: when functions are traced, what they capture, whose memory they write.

mod support;

use std::cell::Cell;
use support::{assert_close, assert_says, assert_values, message_of, varied};
use tensor::tree::{Branches, Description, Path};
use tensor::{DType, Key, Tensor, Tree, checkpoint, grad, hessian, jit, jit_step, trace, vmap};

/// A layer with a setting that is not a leaf.
#[derive(Clone)]
struct Power {
    weight: Tensor,
    exponent: usize,
}

impl Tree for Power {
    type Nested<B: Tree> = Branches<B>;
    fn nest<B: Tree>(&self, f: &mut dyn FnMut(&Tensor) -> B) -> Branches<B> {
        Branches::new(self, f)
    }
    fn map_with_path(&self, path: &mut Path, f: &mut dyn FnMut(&Path, &Tensor) -> Tensor) -> Self {
        let weight = path.enter("weight", |path| f(path, &self.weight));
        Power { weight, exponent: self.exponent }
    }
    fn describe(&self, description: &mut Description) {
        self.exponent.describe(description);
    }
}

#[test]
fn a_function_is_traced_once_per_kind_of_argument() {
    let traces = Cell::new(0);
    let f = jit(|p: &Power| {
        traces.set(traces.get() + 1);
        p.weight.powi(p.exponent as i32).sum()
    });
    let power = |weight: &Tensor, exponent| Power { weight: weight.clone(), exponent };
    let w = Tensor::from([1.0, 2.0]);
    assert_eq!(f(&power(&w, 2)).item(), 5.0);
    assert_eq!(traces.get(), 1);
    // Other values of the same types: the same program.
    assert_eq!(f(&power(&Tensor::from([2.0, 3.0]), 2)).item(), 13.0);
    assert_eq!(traces.get(), 1);
    // Another static field, another shape, another dtype: another program each.
    assert_eq!(f(&power(&w, 3)).item(), 9.0);
    assert_eq!(traces.get(), 2);
    assert_eq!(f(&power(&Tensor::from([1.0, 2.0, 3.0]), 2)).item(), 14.0);
    assert_eq!(traces.get(), 3);
    assert_eq!(f(&power(&w.convert(DType::F32), 2)).dtype(), DType::F32);
    assert_eq!(traces.get(), 4);
    // All of them are remembered.
    assert_eq!(f(&power(&w, 2)).item(), 5.0);
    assert_eq!(traces.get(), 4);
}

#[test]
fn structure_is_part_of_the_key() {
    let traces = Cell::new(0);
    let f = jit(|x: &Vec<Option<Tensor>>| {
        traces.set(traces.get() + 1);
        x.iter().flatten().fold(Tensor::from(0.0), |a, b| a + b)
    });
    let one = || Some(Tensor::from(1.0));
    assert_eq!(f(&vec![one(), None]).item(), 1.0);
    assert_eq!(f(&vec![None, one()]).item(), 1.0);
    assert_eq!(f(&vec![one()]).item(), 1.0);
    assert_eq!(f(&vec![]).item(), 0.0);
    assert_eq!(traces.get(), 4);
    assert_eq!(f(&vec![None, one()]).item(), 1.0);
    assert_eq!(traces.get(), 4);
}

#[test]
fn captured_arrays_are_inputs_with_the_value_they_had() {
    let large = varied(&[100, 100], 0.0);
    let small = Tensor::from([1.0, 2.0]);
    let number = Tensor::from(3.0);
    let f = jit(|x: &Tensor| (&large * x).sum() + (&small * x).sum() * &number);
    for x in [1.0, -2.0] {
        let expected = x * (large.sum().item() + 9.0);
        assert_values(&f(&Tensor::from(x)), &[expected], 1e-13);
    }
    // The same array captured twice, and as an argument.
    let f = jit(|x: &Tensor| &large + x + &large);
    assert_close(&f(&large), &(&large * 3.0), 1e-15);
    // The result is the captured array.
    let f = jit(|_: &Tensor| large.clone());
    assert_close(&f(&number), &large, 0.0);
}

#[test]
fn a_compiled_function_gives_what_the_function_gives() {
    let w = varied(&[3, 3], 0.0);
    let f = |x: &Tensor| (w.matmul(x).tanh() * x).softmax(0).norm();
    let x = varied(&[3], 1.0);
    assert_close(&jit(f)(&x), &f(&x), 1e-15);
    assert_close(&jit(|x: &Tensor| grad(f)(x))(&x), &grad(f)(&x), 1e-15);
    assert_close(&jit(|x: &Tensor| hessian(f)(x))(&x), &hessian(f)(&x), 1e-14);
    assert_close(&grad(|x: &Tensor| jit(f)(x))(&x), &grad(f)(&x), 1e-15);
    let checkpointed = |x: &Tensor| checkpoint(f)(x);
    assert_close(&jit(|x: &Tensor| grad(checkpointed)(x))(&x), &grad(f)(&x), 1e-15);
    let xs = varied(&[4, 3], 2.0);
    assert_close(&jit(|xs: &Tensor| vmap(f)(xs))(&xs), &vmap(f)(&xs), 1e-15);
}

#[test]
fn a_checkpoint_trades_memory_for_time() {
    const BLOCKS: usize = 8;
    const DEPTH: usize = 8;
    // tanh(1.1·x) over and over: the derivative of each needs its result.
    let block = |x: &Tensor| (0..DEPTH).fold(x.clone(), |x, _| (x * 1.1).tanh());
    let chain = |x: &Tensor| (0..BLOCKS).fold(x.clone(), |x, _| block(&x)).sum();
    let checkpointed = |x: &Tensor| (0..BLOCKS).fold(x.clone(), |x, _| checkpoint(block)(&x)).sum();
    let x = varied(&[1000], 0.0);
    let (plain, again) =
        (trace(grad(chain))(&x).compile(), trace(grad(checkpointed))(&x).compile());
    assert_eq!(
        plain.run(std::slice::from_ref(&x))[0].to_vec::<f64>(),
        again.run(std::slice::from_ref(&x))[0].to_vec::<f64>()
    );
    // In arrays: the results of all operations; those between blocks, and of one block.
    let arrays = |bytes: usize| bytes / (x.size() * size_of::<f64>());
    let (all, few) = (arrays(plain.peak_bytes()), arrays(again.peak_bytes()));
    assert!(all >= BLOCKS * DEPTH && few <= BLOCKS + DEPTH + 4, "{all} arrays, {few} with them");
}

#[test]
fn results_may_be_arguments_constants_and_repetitions() {
    let f =
        jit(|(x, y): &(Tensor, Tensor)| (y.clone(), x.clone(), x + y, Tensor::from([7.0]), x + y));
    let (x, y) = (Tensor::from([1.0]), Tensor::from([2.0]));
    let (a, b, c, d, e) = f(&(x, y));
    let got = [a, b, c, d, e].map(|t| t.item());
    assert_eq!(got, [2.0, 1.0, 3.0, 7.0, 3.0]);
}

#[test]
fn a_step_with_two_names_for_one_buffer() {
    // Both parts of the state are the same array; writing one must not change the other.
    let step = jit_step(|(x, y): &(Tensor, Tensor), _: &()| ((y + 1.0, x * 10.0), ()));
    let shared = Tensor::from([1.0, 2.0]);
    let ((x, y), ()) = step((shared.clone(), shared.clone()), &());
    assert_values(&x, &[2.0, 3.0], 0.0);
    assert_values(&y, &[10.0, 20.0], 0.0);
    assert_values(&shared, &[1.0, 2.0], 0.0);
    // State and batch are the same array; the state is given away.
    let step = jit_step(|x: &Tensor, b: &Tensor| (x * 2.0 + b, b.sum()));
    let (x, sum) = step(shared.clone(), &shared);
    assert_values(&x, &[3.0, 6.0], 0.0);
    assert_eq!(sum.item(), 3.0);
    assert_values(&shared, &[1.0, 2.0], 0.0);
    // The two parts exchanged, with nobody else holding them.
    let step = jit_step(|(x, y): &(Tensor, Tensor), _: &()| ((y.clone(), x + y), ()));
    let ((x, y), ()) = step((Tensor::from([1.0]), Tensor::from([2.0])), &());
    assert_eq!((x.item(), y.item()), (2.0, 3.0));
}

#[test]
fn an_old_state_that_is_held_elsewhere_stays() {
    let step = jit_step(|x: &Tensor, _: &()| (x * 2.0 + 1.0, ()));
    let mut states = vec![varied(&[64], 0.0)];
    for _ in 0..4 {
        let (next, ()) = step(states[states.len() - 1].clone(), &());
        states.push(next);
    }
    let mut expected = varied(&[64], 0.0);
    for state in &states {
        assert_close(state, &expected, 0.0);
        expected = &expected * 2.0 + 1.0;
    }
}

#[test]
fn a_step_with_a_key_in_its_state() {
    let step = jit_step(|(x, key): &(Tensor, Key), _: &()| {
        let [next, now] = key.replay().split();
        let noise = now.normal(&[2], DType::F64);
        ((x + &noise, next), noise)
    });
    let mut state = (Tensor::zeros(&[2], DType::F64), Key::new(9));
    let mut sum = Tensor::zeros(&[2], DType::F64);
    let mut last = vec![0.0, 0.0];
    for _ in 0..3 {
        let noise;
        (state, noise) = step(state, &());
        assert_ne!(noise.to_vec::<f64>(), last);
        last = noise.to_vec();
        sum = sum + noise;
    }
    assert_close(&state.0, &sum, 0.0);
}

#[test]
fn a_step_inside_a_transformation_is_a_call() {
    let step = jit_step(|x: &Tensor, b: &Tensor| (x * b, x.square()));
    let f = |x: &Tensor| {
        let (x, a) = step(x.clone(), &Tensor::from(2.0));
        let (x, b) = step(x, &Tensor::from(3.0));
        x + a + b // 6x + x² + 4x²
    };
    assert_eq!(grad(f)(&Tensor::from(1.5)).item(), 6.0 + 10.0 * 1.5);
}

#[test]
fn a_wrong_shape_is_reported_where_it_is_made_while_tracing() {
    let f = jit(|x: &Tensor| x + Tensor::from([1.0, 2.0]));
    let message = message_of(|| f(&Tensor::from([1.0, 2.0, 3.0])));
    assert_says(&message, &["add", "do not broadcast", "f64[3]", "f64[2]", "compiled.rs"]);
    // The failed trace left nothing behind.
    assert_eq!(f(&Tensor::from([1.0, 1.0])).to_vec::<f64>(), [2.0, 3.0]);
}
