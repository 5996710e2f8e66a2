//! Structures of tensors as arguments and results of transformations.

mod support;

use std::collections::{BTreeMap, HashMap};
use support::{assert_says, assert_values, message_of};
use tensor::{
    DType, Tensor, Tree, grad, hessian_matrix, jit, jvp, scan, value_and_grad, vjp, vmap,
};

fn number(x: f64) -> Tensor {
    Tensor::from(x)
}

/// Gradient leaves with their paths.
fn paths<T: Tree>(tree: &T) -> Vec<(String, f64)> {
    tree.leaves_with_paths().iter().map(|(p, t)| (p.to_string(), t.item())).collect()
}

#[test]
fn gradients_have_the_type_of_the_argument() {
    let f = |(x, y): &(Tensor, Tensor)| x * x * y;
    let g: (Tensor, Tensor) = grad(f)(&(number(3.0), number(5.0)));
    assert_eq!((g.0.item(), g.1.item()), (30.0, 9.0));

    let g: Vec<Tensor> = grad(|v: &Vec<Tensor>| &v[0] * &v[1])(&vec![number(2.0), number(7.0)]);
    assert_eq!(paths(&g), [("0".into(), 7.0), ("1".into(), 2.0)]);

    let g: [Tensor; 2] = grad(|v: &[Tensor; 2]| &v[0] - &v[1])(&[number(2.0), number(7.0)]);
    assert_eq!((g[0].item(), g[1].item()), (1.0, -1.0));

    let f = |x: &Option<Tensor>| x.as_ref().map_or_else(|| number(0.0), Tensor::square);
    assert_eq!(grad(f)(&Some(number(3.0))).map(|t| t.item()), Some(6.0));
    assert!(grad(f)(&None).is_none());

    let map: BTreeMap<String, Tensor> =
        [("b".to_string(), number(1.0)), ("a".to_string(), number(2.0))].into();
    let g = grad(|m: &BTreeMap<String, Tensor>| &m["a"] * &m["b"] * 3.0)(&map);
    assert_eq!(paths(&g), [("a".into(), 3.0), ("b".into(), 6.0)]);

    let map: HashMap<String, Tensor> = map.into_iter().collect();
    let g = grad(|m: &HashMap<String, Tensor>| &m["a"] * &m["b"] * 3.0)(&map);
    assert_eq!(paths(&g), [("a".into(), 3.0), ("b".into(), 6.0)]);
}

type Nested = (Vec<(Tensor, Option<Tensor>)>, BTreeMap<String, [Tensor; 2]>, Box<Tensor>);

fn nested() -> Nested {
    let map = [("w".to_string(), [number(4.0), number(5.0)])].into();
    (vec![(number(1.0), None), (number(2.0), Some(number(3.0)))], map, Box::new(number(6.0)))
}

#[test]
fn paths_name_places_and_the_identity_gives_an_equal_tree() {
    let tree = nested();
    let expected = ["0.0.0", "0.1.0", "0.1.1", "1.w.0", "1.w.1", "2"];
    let names: Vec<String> = paths(&tree).into_iter().map(|p| p.0).collect();
    assert_eq!(names, expected);
    assert_eq!(paths(&tree.map(Tensor::clone)), paths(&tree));
    assert_eq!(paths(&tree.with_leaves(tree.leaves())), paths(&tree));
    assert_eq!(Tree::size(&tree), 6);
    let doubled = tree.zip_map(&tree, |a, b| a + b);
    assert_eq!(paths(&doubled).iter().map(|p| p.1).sum::<f64>(), 42.0);
    assert_says(&message_of(|| tree.with_leaves(vec![number(1.0)])), &["fewer leaves"]);
}

#[test]
fn nested_trees_pass_through_every_transformation() {
    let f = |t: &Nested| {
        let leaves = t.leaves();
        leaves.iter().enumerate().map(|(i, x)| x.powi(i as i32 + 1)).fold(number(0.0), |a, b| a + b)
    };
    let tree = nested();
    let expected: Vec<f64> =
        (0..6).map(|i| (f64::from(i) + 1.0) * (f64::from(i) + 1.0).powi(i)).collect();
    let values = |t: &Nested| -> Vec<f64> { paths(t).into_iter().map(|p| p.1).collect() };
    assert_eq!(values(&grad(f)(&tree)), expected);
    let (y, g) = value_and_grad(f)(&tree);
    assert_eq!((y.item(), values(&g)), (f(&tree).item(), expected.clone()));
    let (_, pull_back) = vjp(f)(&tree);
    assert_eq!(values(&pull_back(&number(1.0))), expected);
    let ones = tree.map(|_| number(1.0));
    assert_eq!(jvp(f)(&tree, &ones).1.item(), expected.iter().sum::<f64>());
    assert_eq!(jit(f)(&tree).item(), f(&tree).item());
    assert_eq!(values(&jit(|t: &Nested| grad(f)(t))(&tree)), expected);
    let batch = tree.map(|x| Tensor::stack(&[x, &(x * 0.0)], 0));
    assert_eq!(vmap(f)(&batch).to_vec::<f64>(), [f(&tree).item(), 0.0]);
    let rows = vmap(|t: &Nested| grad(f)(t))(&batch);
    assert_eq!(rows.leaves().iter().map(|l| l.index(0, 0).item()).collect::<Vec<_>>(), expected);
    // The Hessian of a sum of functions of one leaf each is diagonal.
    let h = hessian_matrix(f)(&tree);
    assert_values(&(&h - h.diagonal(0).diag()), &[0.0; 36], 0.0);
    let (last, ()) =
        scan(|t: &Nested, _: &Tensor| (t.map(|x| x * 2.0), ()), &tree, &Tensor::from([0.0, 0.0]));
    assert_eq!(values(&last), [4.0, 8.0, 12.0, 16.0, 20.0, 24.0]);
}

#[test]
fn leaves_that_are_not_floats_have_no_derivative() {
    let f = |(x, i): &(Tensor, Tensor)| x.take(i, 0).sum();
    let (x, i) = (Tensor::from([1.0, 2.0]), Tensor::from([1_i64, 1]));
    let (dx, di) = grad(f)(&(x.clone(), i.clone()));
    assert_values(&dx, &[0.0, 2.0], 0.0);
    assert_eq!((di.dtype(), di.to_vec::<i64>()), (DType::I64, vec![0, 0]));
    // And may be read as plain values, under jit too they are arguments.
    assert_eq!(jit(f)(&(x, i)).item(), 4.0);
}

#[test]
fn structures_without_leaves() {
    assert_eq!(jit(|_: &()| number(2.0))(&()).item(), 2.0);
    let (y, pull_back) = vjp(|_: &()| number(2.0))(&());
    assert_eq!(y.item(), 2.0);
    pull_back(&number(1.0));
    grad(|_: &Vec<Tensor>| number(1.0))(&vec![]);
    let both = (number(3.0), 2_usize);
    let g = grad(|(x, n): &(Tensor, usize)| x.powi(*n as i32))(&both);
    assert_eq!((g.0.item(), g.1), (6.0, 2));
}
