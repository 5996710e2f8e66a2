//! # The whole idea in 400 lines
//!
//! Mathesis in small: a language of five operations, forward mode, reverse mode and batching, which
//! compose without end. It needs the standard library alone. Read it from top to bottom; run it with
//! `cargo run --example autodidax`; it ends in assertions. (Name and plan are those of JAX's
//! *Autodidax*. What takes a few lines here has a file of its own in `crates/ir`.)

use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

// ## Arrays: numbers in row-major order under a shape

struct Array {
    shape: Vec<usize>,
    data: Vec<f64>,
}

impl Array {
    fn from_fn(shape: &[usize], mut f: impl FnMut(&[usize]) -> f64) -> Array {
        let mut data = vec![];
        for_each(shape, |index| data.push(f(index)));
        Array { shape: shape.to_vec(), data }
    }
    fn at(&self, index: &[usize]) -> f64 {
        self.data[offset(index, &self.shape)]
    }
}

fn for_each(shape: &[usize], mut f: impl FnMut(&[usize])) {
    let mut index = vec![0; shape.len()];
    for k in 0..shape.iter().product() {
        shape.iter().enumerate().rfold(k, |k, (d, n)| {
            index[d] = k % n;
            k / n
        });
        f(&index);
    }
}
fn offset(index: &[usize], shape: &[usize]) -> usize {
    index.iter().zip(shape).fold(0, |o, (i, n)| o * n + i)
}
fn kept(rank: usize, dropped: &[usize]) -> Vec<usize> {
    (0..rank).filter(|axis| !dropped.contains(axis)).collect()
}
fn pick(from: &[usize], at: &[usize]) -> Vec<usize> {
    at.iter().map(|&i| from[i]).collect()
}

// ## Operations
//
// Scalar functions are rows of a table: a value, and a derivative in x and y = f(x). The derivative
// is written in the language itself, so it has derivatives too. Subtraction is x + (−1)·y, and a
// product of matrices repeats both, multiplies and sums.

#[derive(Clone, Debug)]
enum Op {
    Map(Scalar), // y = f(x), element by element
    Add,
    Mul,
    Sum(Vec<usize>),                   // over axes, which disappear
    Broadcast(Vec<usize>, Vec<usize>), // to a shape; axis d becomes axis dims[d]
}

macro_rules! scalar_functions {
    ($x:ident, $y:ident; $($name:ident $value:expr => $derivative:expr;)*) => {
        #[allow(non_camel_case_types)]
        #[derive(Clone, Copy, Debug)]
        enum Scalar { $($name),* }
        impl Scalar {
            fn value(self, $x: f64) -> f64 {
                match self { $(Scalar::$name => $value),* }
            }
            #[allow(unused_variables)]
            fn derivative(self, $x: &Tensor, $y: &Tensor) -> Tensor {
                match self { $(Scalar::$name => $derivative),* }
            }
        }
        impl Tensor {
            $(fn $name(&self) -> Tensor { bind(Op::Map(Scalar::$name), &[self]) })*
        }
    };
}
scalar_functions! { x, y;
    sin x.sin() => x.cos();
    cos x.cos() => x.sin().times(-1.0);
    tanh x.tanh() => y.mul(y).times(-1.0).add(&y.like(1.0));
    logistic 1.0 / (1.0 + (-x).exp()) => y.mul(&y.times(-1.0).add(&y.like(1.0)));
}

// What an operation is, five times: the shapes it takes and gives, what it means, its derivative,
// its transpose, and what it is on a batch. (In `crates/ir` these are the methods of one trait.)
impl Op {
    fn shape(&self, x: &[&Tensor]) -> Vec<usize> {
        let shape = x[0].shape();
        assert!(x.iter().all(|x| x.shape() == shape), "{self:?}: nothing is repeated silently");
        match self {
            Op::Map(_) | Op::Add | Op::Mul => shape.to_vec(),
            Op::Sum(axes) => pick(shape, &kept(shape.len(), axes)),
            Op::Broadcast(to, _) => to.clone(),
        }
    }
    fn eval(&self, x: &[&Array], shape: &[usize]) -> Array {
        match self {
            Op::Map(f) => Array::from_fn(shape, |i| f.value(x[0].at(i))),
            Op::Add => Array::from_fn(shape, |i| x[0].at(i) + x[1].at(i)),
            Op::Mul => Array::from_fn(shape, |i| x[0].at(i) * x[1].at(i)),
            Op::Broadcast(_, dims) => Array::from_fn(shape, |i| x[0].at(&pick(i, dims))),
            Op::Sum(axes) => {
                let (kept, mut sums) =
                    (kept(x[0].shape.len(), axes), Array::from_fn(shape, |_| 0.0));
                for_each(&x[0].shape, |i| sums.data[offset(&pick(i, &kept), shape)] += x[0].at(i));
                sums
            }
        }
    }
    /// dy from dx; `None` is a zero that is never computed. This is all that is ever said about
    /// derivatives: one rule per operation, linear in dx.
    fn jvp(&self, x: &[Tensor], y: &Tensor, dx: &[Option<Tensor>]) -> Option<Tensor> {
        let sum = |a: Tensor, b: Tensor| a.add(&b);
        match self {
            Op::Map(f) => Some(f.derivative(&x[0], y).mul(dx[0].as_ref()?)),
            Op::Add => dx.iter().flatten().cloned().reduce(sum),
            Op::Mul => {
                let left = dx[0].as_ref().map(|dx| dx.mul(&x[1]));
                let right = dx[1].as_ref().map(|dx| x[0].mul(dx));
                left.into_iter().chain(right).reduce(sum)
            }
            Op::Sum(_) | Op::Broadcast(..) => Some(bind(self.clone(), &[dx[0].as_ref()?])),
        }
    }
    /// The cotangent of operand `i` from that of the result, which is linear in it.
    fn transpose(&self, ct: &Tensor, x: &[Tensor], i: usize) -> Tensor {
        match self {
            Op::Map(f) => panic!("{f:?} is not linear"),
            Op::Add => ct.clone(),
            Op::Mul => ct.mul(&x[1 - i]),
            Op::Sum(axes) => ct.broadcast(x[0].shape(), &kept(x[0].shape().len(), axes)),
            Op::Broadcast(shape, dims) => ct.sum(&kept(shape.len(), dims)),
        }
    }
    /// The operation where every operand carries a batch axis of size `n` in front.
    fn batch(&self, n: usize) -> Op {
        let up = |axes: &[usize]| axes.iter().map(|a| a + 1).collect::<Vec<_>>();
        match self {
            Op::Map(_) | Op::Add | Op::Mul => self.clone(),
            Op::Sum(axes) => Op::Sum(up(axes)),
            Op::Broadcast(shape, dims) => {
                Op::Broadcast([&[n], &shape[..]].concat(), [&[0], &up(dims)[..]].concat())
            }
        }
    }
}

// ## Expressions
//
// A tensor is a pointer to an operation applied to tensors, or a leaf: an array, or a placeholder.
// It belongs to the deepest scope among its operands. Outside of all scopes (0) a value is computed
// at once, so without transformations a program runs line by line.

#[derive(Clone)]
struct Tensor(Rc<Node>);

struct Node {
    id: usize, // greater than the operands' ids: a topological order
    op: Option<Op>,
    inputs: Vec<Tensor>,
    shape: Vec<usize>,
    scope: usize,
    value: Option<Array>,
}

/// A number greater than all before.
fn fresh() -> usize {
    thread_local!(static NEXT: Cell<usize> = const { Cell::new(1) });
    NEXT.replace(NEXT.get() + 1)
}

fn bind(op: Op, x: &[&Tensor]) -> Tensor {
    let (shape, inputs) = (op.shape(x), x.iter().map(|&x| x.clone()).collect());
    let scope = x.iter().map(|x| x.0.scope).max().unwrap_or(0);
    if scope == 0 {
        let values: Vec<&Array> = x.iter().filter_map(|x| x.0.value.as_ref()).collect();
        return Tensor::leaf(shape.clone(), 0, Some(op.eval(&values, &shape)));
    }
    Tensor(Rc::new(Node { id: fresh(), op: Some(op), inputs, shape, scope, value: None }))
}

impl Tensor {
    fn leaf(shape: Vec<usize>, scope: usize, value: Option<Array>) -> Tensor {
        Tensor(Rc::new(Node { id: fresh(), op: None, inputs: vec![], shape, scope, value }))
    }
    fn from_fn(shape: &[usize], f: impl FnMut(&[usize]) -> f64) -> Tensor {
        Tensor::leaf(shape.to_vec(), 0, Some(Array::from_fn(shape, f)))
    }
    fn shape(&self) -> &[usize] {
        &self.0.shape
    }
    fn add(&self, other: &Tensor) -> Tensor {
        bind(Op::Add, &[self, other])
    }
    fn mul(&self, other: &Tensor) -> Tensor {
        bind(Op::Mul, &[self, other])
    }
    fn times(&self, c: f64) -> Tensor {
        self.mul(&self.like(c))
    }
    fn sum(&self, axes: &[usize]) -> Tensor {
        bind(Op::Sum(axes.to_vec()), &[self])
    }
    fn broadcast(&self, shape: &[usize], dims: &[usize]) -> Tensor {
        bind(Op::Broadcast(shape.to_vec(), dims.to_vec()), &[self])
    }
    fn in_front(&self, n: usize) -> Tensor {
        let dims: Vec<usize> = (1..=self.shape().len()).collect();
        self.broadcast(&[&[n], self.shape()].concat(), &dims)
    }
    fn like(&self, value: f64) -> Tensor {
        Tensor::from_fn(&[], |_| value).broadcast(self.shape(), &[])
    }
    fn matmul(&self, other: &Tensor) -> Tensor {
        let shape = [self.shape()[0], self.shape()[1], other.shape()[1]];
        self.broadcast(&shape, &[0, 1]).mul(&other.broadcast(&shape, &[1, 2])).sum(&[1])
    }
}

// ## Scopes
//
// A transformation does not differentiate "with respect to a node". It opens a scope, calls the
// function on fresh placeholders, walks over the nodes of that scope, and puts the arguments in the
// placeholders' place. So with z = 2x the gradient of x·z is z: z was made outside, and is constant.

/// Inner scopes are opened later, so they have greater numbers.
struct Scope(usize);

impl Scope {
    fn placeholders<'a>(&self, shapes: impl Iterator<Item = &'a [usize]>) -> Vec<Tensor> {
        shapes.map(|shape| Tensor::leaf(shape.to_vec(), self.0, None)).collect()
    }
    /// The scope's operations that `ys` depend on, operands first: one walk for all outputs.
    fn nodes(&self, ys: &[Tensor]) -> Vec<(Tensor, Op)> {
        let (mut seen, mut found) = (HashSet::new(), vec![]);
        let mut stack: Vec<&Tensor> = ys.iter().collect();
        while let Some(y) = stack.pop() {
            if y.0.scope == self.0 && seen.insert(y.0.id) {
                stack.extend(&y.0.inputs);
                found.extend(y.0.op.clone().map(|op| (y.clone(), op)));
            }
        }
        found.sort_by_key(|(y, _)| y.0.id);
        found
    }
    /// The same expressions where `env` says what stands for the placeholders: values, or, for a
    /// `batch` of that size, values with a batch axis in front.
    fn rewrite(&self, ys: &[Tensor], mut env: Env, batch: Option<usize>) -> Vec<Tensor> {
        let get = |env: &Env, x: &Tensor| match (env.get(&x.0.id), batch) {
            (Some(value), _) => value.clone(),
            (None, None) => x.clone(),
            (None, Some(n)) => x.in_front(n),
        };
        for (y, op) in self.nodes(ys) {
            let x: Vec<Tensor> = y.0.inputs.iter().map(|x| get(&env, x)).collect();
            let op = batch.map_or(op.clone(), |n| op.batch(n));
            env.insert(y.0.id, bind(op, &x.iter().collect::<Vec<_>>()));
        }
        ys.iter().map(|y| get(&env, y)).collect()
    }
}

/// Tensors by the id of the node that they stand for.
type Env = HashMap<usize, Tensor>;

fn pairs(keys: &[Tensor], values: &[Tensor]) -> Env {
    keys.iter().map(|k| k.0.id).zip(values.iter().cloned()).collect()
}
fn or_zero(env: &Env, xs: &[Tensor]) -> Vec<Tensor> {
    xs.iter().map(|x| env.get(&x.0.id).cloned().unwrap_or_else(|| x.like(0.0))).collect()
}

// ## Forward mode: tangents pushed through the graph

fn push_forward(scope: &Scope, ys: &[Tensor], xs: &[Tensor], dxs: &[Tensor]) -> Vec<Tensor> {
    let mut tangents = pairs(xs, dxs);
    for (y, op) in scope.nodes(ys) {
        let dx: Vec<_> = y.0.inputs.iter().map(|x| tangents.get(&x.0.id).cloned()).collect();
        if let Some(dy) = op.jvp(&y.0.inputs, &y, &dx) {
            tangents.insert(y.0.id, dy);
        }
    }
    or_zero(&tangents, ys)
}

/// ∂f(x)·dx.
fn jvp(f: &dyn Fn(&[Tensor]) -> Vec<Tensor>, xs: &[Tensor], dxs: &[Tensor]) -> Vec<Tensor> {
    let scope = Scope(fresh());
    let params = scope.placeholders(xs.iter().map(Tensor::shape));
    let dys = push_forward(&scope, &f(&params), &params, dxs);
    scope.rewrite(&dys, pairs(&params, xs), None)
}

// ## Reverse mode: the transpose of forward mode
//
// Let the tangents be placeholders of a scope of their own. What forward mode builds from them is
// linear in them: its nodes in that scope are the linear part, all others are known. Walking the
// linear part backwards transposes it. No operation needs a second derivative rule for this.

/// ∂f(x)ᵀ·ct.
fn vjp(f: &dyn Fn(&[Tensor]) -> Vec<Tensor>, xs: &[Tensor], cts: &[Tensor]) -> Vec<Tensor> {
    let scope = Scope(fresh());
    let params = scope.placeholders(xs.iter().map(Tensor::shape));
    let ys = f(&params);
    let linear = Scope(fresh());
    let ts = linear.placeholders(xs.iter().map(Tensor::shape));
    let dys = push_forward(&scope, &ys, &params, &ts);
    let mut pulled = Env::new();
    let add = |pulled: &mut Env, x: &Tensor, ct: &Tensor| {
        let sum = pulled.get(&x.0.id).map_or(ct.clone(), |before| before.add(ct));
        pulled.insert(x.0.id, sum);
    };
    dys.iter().zip(cts).for_each(|(dy, ct)| add(&mut pulled, dy, ct));
    for (y, op) in linear.nodes(&dys).iter().rev() {
        let ct = pulled[&y.0.id].clone();
        for (i, x) in y.0.inputs.iter().enumerate().filter(|(_, x)| x.0.scope == linear.0) {
            add(&mut pulled, x, &op.transpose(&ct, &y.0.inputs, i));
        }
    }
    scope.rewrite(&or_zero(&pulled, &ts), pairs(&params, xs), None)
}

fn grad(f: &dyn Fn(&Tensor) -> Tensor, x: &Tensor) -> Tensor {
    let one = Tensor::from_fn(&[], |_| 1.0);
    vjp(&|x| vec![f(&x[0])], std::slice::from_ref(x), &[one]).remove(0)
}

// ## Batching: a function of one example becomes a function of many

fn vmap(f: &dyn Fn(&[Tensor]) -> Vec<Tensor>, xs: &[Tensor]) -> Vec<Tensor> {
    let scope = Scope(fresh());
    let params = scope.placeholders(xs.iter().map(|x| &x.shape()[1..]));
    scope.rewrite(&f(&params), pairs(&params, xs), Some(xs[0].shape()[0]))
}

// ## All of it at once

/// A network with a hidden layer, ψ₂(ψ₁(x W₁) W₂), and its squared error on one example (x, y).
fn loss(w: &[Tensor], example: &[Tensor]) -> Tensor {
    let y = example[0].matmul(&w[0]).tanh().matmul(&w[1]).logistic();
    let error = y.add(&example[1].times(-1.0));
    error.mul(&error).sum(&[0, 1])
}

#[cfg_attr(test, test)]
fn main() {
    let scalar = |v: f64| Tensor::from_fn(&[], |_| v);
    let at = |x: &Tensor| x.0.value.as_ref().expect("outside of transformations").data[0];
    let close = |a: f64, b: f64, e: f64| assert!((a - b).abs() <= e * (1.0 + b.abs()), "{a}, {b}");

    // Scopes: what was made outside is constant.
    let x = scalar(3.0);
    let z = x.times(2.0);
    assert_eq!(at(&grad(&|x| x.mul(&z), &x)), 6.0);
    assert_eq!(at(&grad(&|x| x.mul(&x.times(2.0)), &x)), 12.0);

    // Derivatives of derivatives, in reverse mode three times.
    let third = grad(&|x| grad(&|x| grad(&Tensor::sin, x), x), &scalar(0.7));
    close(at(&third), -(0.7_f64.cos()), 1e-12);

    // A network on a batch: reverse mode agrees with forward mode, and with a difference.
    let wave = |shape: &[usize], k: f64| {
        Tensor::from_fn(shape, |i| (k + i.iter().fold(0.3, |s, &i| 2.1 * s + i as f64)).sin())
    };
    let weights = |k: f64| [wave(&[3, 4], k), wave(&[4, 2], k + 1.0)];
    let (mut w, u, v) = (weights(1.0), weights(3.0), weights(5.0));
    let data = [wave(&[5, 1, 3], 7.0), wave(&[5, 1, 2], 8.0).logistic()];
    let mean = |w: &[Tensor]| {
        let each = vmap(&|example| vec![loss(w, example)], &data);
        vec![each[0].sum(&[0]).times(0.2)]
    };
    let gradient = |w: &[Tensor]| vjp(&mean, w, &[scalar(1.0)]);
    let dot = |a: &[Tensor], b: &[Tensor]| {
        at(&a[0].mul(&b[0]).sum(&[0, 1])) + at(&a[1].mul(&b[1]).sum(&[0, 1]))
    };
    let step = |w: &[Tensor], v: &[Tensor], h: f64| [0, 1].map(|k| w[k].add(&v[k].times(h)));
    let value = |w: &[Tensor]| at(&mean(w)[0]);
    let along = at(&jvp(&mean, &w, &v)[0]);
    close(along, dot(&gradient(&w), &v), 1e-12);
    close(along, (value(&step(&w, &v, 1e-5)) - value(&step(&w, &v, -1e-5))) / 2e-5, 1e-8);

    // The Hessian (forward mode over reverse mode over batching) is symmetric.
    close(dot(&u, &jvp(&gradient, &w, &v)), dot(&v, &jvp(&gradient, &w, &u)), 1e-12);

    // And it learns: gradient descent, as a plain loop.
    let start = value(&w);
    for _ in 0..200 {
        w = step(&w, &gradient(&w), -0.2);
    }
    println!("loss {start:.3} → {:.3}", value(&w));
    assert!(value(&w) < 0.1 * start);
}
