//! Jacobians and Hessians of functions of trees, against closed forms and the Hessian as one
//! matrix.

mod support;

use std::collections::BTreeMap;
use support::{assert_close, assert_says, assert_values, message_of, varied};
use tensor::tree::{Branches, Description, Path};
use tensor::{
    DType, Hessian, Jacobian, Tensor, Tree, grad, hessian, hessian_matrix, hvp, jacfwd, jacrev,
    jit, jvp, vmap,
};

type Two = (Tensor, Tensor);

/// A layer as `#[derive(Tree)]` makes a tree of it.
#[derive(Clone)]
struct Layer {
    weight: Tensor,
    bias: Option<Tensor>,
}

impl Tree for Layer {
    type Nested<B: Tree> = Branches<B>;
    fn nest<B: Tree>(&self, f: &mut dyn FnMut(&Tensor) -> B) -> Branches<B> {
        Branches::new(self, f)
    }
    fn map_with_path(&self, path: &mut Path, f: &mut dyn FnMut(&Path, &Tensor) -> Tensor) -> Self {
        Layer {
            weight: path.enter("weight", |path| self.weight.map_with_path(path, f)),
            bias: path.enter("bias", |path| self.bias.map_with_path(path, f)),
        }
    }
    fn describe(&self, description: &mut Description) {
        self.weight.describe(description);
        self.bias.describe(description);
    }
}

/// The blocks of a Hessian put together: what `hessian_matrix` should give.
fn assembled<T: Tree>(x: &T, hessian: &Hessian<T>) -> Tensor {
    let sizes: Vec<usize> = x.leaves().iter().map(Tensor::size).collect();
    let mut blocks = hessian.leaves().into_iter();
    let mut row = |&rows: &usize| {
        let parts: Vec<Tensor> = sizes
            .iter()
            .map(|&n| blocks.next().expect("a block for each pair of leaves").reshape(&[rows, n]))
            .collect();
        Tensor::concatenate(&parts.iter().collect::<Vec<_>>(), 1)
    };
    let rows: Vec<Tensor> = sizes.iter().map(&mut row).collect();
    assert!(blocks.next().is_none(), "more blocks than pairs of leaves");
    Tensor::concatenate(&rows.iter().collect::<Vec<_>>(), 0)
}

#[test]
fn a_bilinear_form_has_its_matrix_for_a_mixed_block() {
    // f(x, y) = xᵀ A y + ½|y|²: f_xx = 0, f_xy = A, f_yx = Aᵀ, f_yy = 1.
    let a = varied(&[2, 3], 0.3);
    let f = |(x, y): &Two| x.dot(&a.matmul(y)) + y.square().sum() * 0.5;
    let x = (varied(&[2], 1.0), varied(&[3], 2.0));
    let ((xx, xy), (yx, yy)) = hessian(f)(&x);
    assert_close(&xx, &Tensor::zeros(&[2, 2], DType::F64), 0.0);
    assert_close(&xy, &a, 1e-15);
    assert_close(&yx, &a.t(), 1e-15);
    assert_close(&yy, &Tensor::eye(3, DType::F64), 0.0);
}

#[test]
fn blocks_have_the_shape_of_one_leaf_and_then_the_other() {
    // f(W, x) = ½|W x|²: ∂²f/∂W_ij∂x_k = (W x)_i δ_jk + W_ik x_j.
    let (w, x) = (varied(&[2, 3], 0.7), varied(&[3], 0.1));
    let f = |(w, x): &Two| w.matmul(x).square().sum() * 0.5;
    let ((_, wx), (xw, xx)) = hessian(f)(&(w.clone(), x.clone()));
    let y = w.matmul(&x);
    let delta = Tensor::eye(3, DType::F64);
    let expected = y.reshape(&[2, 1, 1]) * delta.reshape(&[1, 3, 3])
        + w.reshape(&[2, 1, 3]) * x.reshape(&[1, 3, 1]);
    assert_close(&wx, &expected, 1e-15);
    assert_close(&xw, &expected.transpose(&[2, 0, 1]), 1e-15);
    assert_close(&xx, &w.t().matmul(&w), 1e-15);
}

#[test]
fn a_struct_gives_blocks_by_path() {
    let layer = Layer { weight: varied(&[2, 3], 0.2), bias: Some(varied(&[2], 0.9)) };
    let x = varied(&[3], 1.1);
    let f = |l: &Layer| {
        let y = l.weight.matmul(&x);
        l.bias.as_ref().map_or(y.clone(), |b| y + b).tanh().logsumexp(0)
    };
    let h = hessian(f)(&layer);
    assert_eq!(h["weight"].bias.as_ref().unwrap().shape(), [2, 3, 2]);
    assert_eq!(h["bias"].weight.shape(), [2, 2, 3]);
    assert_eq!(h.iter().map(|(p, _)| p.to_string()).collect::<Vec<_>>(), ["weight", "bias"]);
    assert_close(&assembled(&layer, &h), &hessian_matrix(f)(&layer), 1e-14);
    // A row of blocks is the derivative of a part of the gradient.
    let of_bias = jacrev(|l: &Layer| grad(f)(l).bias.unwrap())(&layer);
    assert_close(&h["bias"].weight, &of_bias.weight, 1e-14);
    // Contracted with v, the blocks give the product with v.
    let v = layer.map(|leaf| varied(leaf.shape(), 3.0));
    let hv = hvp(f)(&layer, &v);
    let contracted = (&h["bias"].weight * &v.weight).sum_axes([1, 2])
        + h["bias"].bias.as_ref().unwrap().matmul(v.bias.as_ref().unwrap());
    assert_close(&contracted, &hv.bias.unwrap(), 1e-14);
    // Without a bias there is no block for it.
    let bare = Layer { bias: None, ..layer };
    let h = hessian(f)(&bare);
    assert!(h.get("bias").is_none() && h["weight"].bias.is_none());
    assert_says(&message_of(|| h["bias"].weight.clone()), &["`bias`", "there are `weight`"]);
}

#[test]
fn every_structure_nests() {
    type Deep = (Vec<(Tensor, Option<Tensor>)>, BTreeMap<String, [Tensor; 2]>, Box<Tensor>, f64);
    let map = [("w".to_string(), [varied(&[2], 0.1), varied(&[], 0.2)])].into();
    let list = vec![(varied(&[1, 2], 0.3), None), (varied(&[2], 0.4), Some(varied(&[3], 0.5)))];
    let x: Deep = (list, map, Box::new(varied(&[], 0.6)), 2.5);
    let f = |x: &Deep| {
        let sum = |t: &Tensor| t.sin().sum();
        let parts = x.leaves().iter().map(sum).reduce(|a, b| &a * &b + a.square()).unwrap();
        parts * x.3
    };
    let h: Hessian<Deep> = hessian(f)(&x);
    assert_close(&assembled(&x, &h), &hessian_matrix(f)(&x), 1e-13);
    // One block by its place: the second entry's option against the map's first.
    let block = &h.0[1].1.as_ref().unwrap().1["w"][0];
    assert_eq!(block.shape(), [3, 2]);
    // Static fields stay what they are.
    assert_eq!((h.3, h.2.3), (2.5, 2.5));
    // The Hessian is a tree itself: its paths are those of the leaves, one after the other.
    let paths: Vec<String> = h.leaves_with_paths().iter().map(|(p, _)| p.to_string()).collect();
    assert_eq!(paths.len(), 36);
    assert!(paths.contains(&"0.1.1.1.w.0".to_string()), "{paths:?}");
}

#[test]
fn both_modes_give_one_jacobian_of_any_tree_of_outputs() {
    let f = |(x, y): &Two| {
        let outer = x.reshape(&[2, 1]) * y.reshape(&[1, 3]);
        let map: BTreeMap<String, Tensor> = [("sum".to_string(), y.exp().sum())].into();
        ((outer, x.sin()), map)
    };
    let x = (varied(&[2], 1.0), varied(&[3], 2.0));
    type Outputs = ((Tensor, Tensor), BTreeMap<String, Tensor>);
    let forward: Jacobian<Outputs, Two> = jacfwd(f)(&x);
    let reverse = jacrev(f)(&x);
    for (a, b) in forward.leaves().iter().zip(reverse.leaves()) {
        assert_close(a, &b, 1e-15);
    }
    let ((outer, sine), map) = forward;
    // ∂(xᵢyⱼ)/∂xₖ = δᵢₖ yⱼ.
    let delta = Tensor::eye(2, DType::F64).reshape(&[2, 1, 2]);
    assert_close(&outer.0, &(delta * x.1.reshape(&[1, 3, 1])), 1e-15);
    assert_eq!(outer.1.shape(), [2, 3, 3]);
    assert_close(&sine.0, &x.0.cos().diag(), 1e-15);
    assert_close(&sine.1, &Tensor::zeros(&[2, 3], DType::F64), 0.0);
    assert_close(&map["sum"].1, &x.1.exp(), 1e-15);
    // A column of it is what `jvp` gives along that direction.
    let e1 = (Tensor::from([0.0, 1.0]), x.1.zeros_like());
    let ((along, _), _) = jvp(f)(&x, &e1).1;
    assert_close(&outer.0.index(-1, 1), &along, 1e-15);
}

#[test]
fn hessians_of_trees_stand_under_other_transformations() {
    let f = |(x, y): &Two| (x * y.exp()).sum() * x.square().sum();
    let rows = (varied(&[4, 2], 0.3), varied(&[4, 2], 0.8));
    let all = vmap(|x: &Two| hessian(f)(x))(&rows);
    let compiled = jit(|x: &Two| hessian(f)(x));
    for i in 0..4 {
        let one = (rows.0.index(0, i), rows.1.index(0, i));
        let h = hessian(f)(&one);
        for (a, b) in all.leaves().iter().zip(h.leaves()) {
            assert_close(&a.index(0, i), &b, 1e-14);
        }
        for (a, b) in compiled(&one).leaves().iter().zip(h.leaves()) {
            assert_close(a, &b, 1e-14);
        }
    }
    // The third derivatives: symmetric in all three places, as in closed form
    // ∂³(x·eʸ·x²)/∂x²∂y = 6x eʸ for numbers x, y.
    let third = jacfwd(|x: &Two| hessian(f)(x))(&(Tensor::from(2.0), Tensor::from(0.5)));
    let e = 12.0 * 0.5_f64.exp();
    let (((xxx, xxy), (xyx, _)), ((yxx, _), (_, yyy))) = third;
    assert_values(&Tensor::stack(&[&xxy, &xyx, &yxx], 0), &[e, e, e], 1e-14);
    assert_values(&xxx, &[6.0 * 0.5_f64.exp()], 1e-14);
    assert_values(&yyy, &[8.0 * 0.5_f64.exp()], 1e-14);
}

#[test]
fn leaves_without_derivatives_and_trees_without_leaves() {
    let f = |(x, i): &Two| x.take(i, 0).square().sum();
    let x = (Tensor::from([1.0, 2.0]), Tensor::from([1_i64, 1]));
    let ((xx, xi), (ix, _)) = hessian(f)(&x);
    assert_values(&xx, &[0.0, 0.0, 0.0, 4.0], 0.0);
    assert_values(&xi, &[0.0; 4], 0.0);
    assert_values(&ix, &[0.0; 4], 0.0);
    // No inputs, no outputs: nothing in each place.
    assert!(hessian(|_: &Vec<Tensor>| Tensor::from(1.0))(&vec![]).is_empty());
    assert!(jacfwd(|x: &Vec<Tensor>| x.clone())(&vec![]).is_empty());
    assert!(jacrev(|_: &Tensor| Vec::<Tensor>::new())(&Tensor::from(1.0)).is_empty());
    let (first, ()) = jacrev(|_: &()| (Tensor::from(1.0), ()))(&());
    assert_eq!(first, ());
    // Leaves of no elements have blocks of no elements.
    let empty = (Tensor::zeros(&[0], DType::F64), Tensor::from([1.0, 2.0]));
    let ((_, ey), (ye, yy)) = hessian(|(x, y): &Two| x.sum() + y.prod())(&empty);
    assert_eq!((ey.shape(), ye.shape()), (&[0, 2][..], &[2, 0][..]));
    assert_values(&yy, &[0.0, 1.0, 1.0, 0.0], 0.0);
}
