//! Batching: a function of one example becomes a function of many.

use super::{Place, exprs};
use crate::execute::{expect_in, finish};
use crate::tree::Path;
use crate::{Tensor, Tree};
use ir::prim::{BatchAxis, Batched};
use ir::{Expr, Scope, ScopeKind};
use std::panic::Location;
use std::sync::Arc;

/// How [`vmap_with`] finds the batch axis.
#[derive(Clone, Debug, Default)]
pub struct VmapOptions {
    /// The batch axis of the inputs, `None` for what all examples share. Empty: axis 0
    /// everywhere; one entry: for all leaves; else one per component of a tuple (or struct field,
    /// vector element), in order, or one per leaf.
    pub in_axes: Vec<Option<isize>>,
    /// Where the outputs carry the batch axis. Empty: axis 0; one entry: for all leaves; else one
    /// per component or leaf.
    pub out_axes: Vec<isize>,
    /// The axis's name, over which `axis_sum` and `axis_mean` see the whole batch.
    pub name: Option<&'static str>,
}

/// The function on a batch: every leaf of the input carries the batch along axis 0, and so does
/// every leaf of the output. `f` is called once, on placeholders of one example.
///
/// # Panics
/// When the leaves' leading sizes differ, or an operation has no batching rule.
///
/// ```
/// use tensor::{Tensor, grad, vmap};
/// let f = |x: &Tensor| (x * x).sum();
/// let xs = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
/// assert_eq!(vmap(f)(&xs).to_vec::<f64>(), [5.0, 25.0]);
/// // Per-example gradients:
/// assert_eq!(vmap(|x: &Tensor| grad(f)(x))(&xs).to_vec::<f64>(), [2.0, 4.0, 6.0, 8.0]);
/// ```
#[track_caller]
pub fn vmap<T: Tree, O: Tree, F: FnOnce(&T) -> O>(f: F) -> impl FnOnce(&T) -> O {
    vmap_at(Location::caller(), VmapOptions::default(), f)
}

/// [`vmap`] along other axes, with some inputs shared, or with a name for the axis.
///
/// ```
/// use tensor::{Tensor, transformations::VmapOptions, vmap_with};
/// // One matrix for all, vectors along axis 1, results along axis 1.
/// let product = |(a, x): &(Tensor, Tensor)| a.matmul(x);
/// let options = VmapOptions { in_axes: vec![None, Some(1)], out_axes: vec![1], ..Default::default() };
/// let a = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
/// let y = vmap_with(options, product)(&(a.clone(), Tensor::eye(2, a.dtype())));
/// assert_eq!(y.to_vec::<f64>(), a.to_vec::<f64>());
/// ```
#[track_caller]
pub fn vmap_with<T: Tree, O: Tree, F: FnOnce(&T) -> O>(
    options: VmapOptions,
    f: F,
) -> impl FnOnce(&T) -> O {
    vmap_at(Location::caller(), options, f)
}

/// [`vmap_with`], said to be called at `at`.
pub(super) fn vmap_at<T: Tree, O: Tree, F: FnOnce(&T) -> O>(
    at: Place,
    options: VmapOptions,
    f: F,
) -> impl FnOnce(&T) -> O {
    move |xs| {
        let axes = per_leaf(xs, &options.in_axes, Some(0), "in_axes");
        let mut size: Option<usize> = None;
        let mut fronted: Vec<(Tensor, bool)> = vec![];
        for ((path, leaf), axis) in xs.leaves_with_paths().into_iter().zip(&axes) {
            let Some(axis) = axis else {
                fronted.push((leaf, false));
                continue;
            };
            assert!(
                leaf.ndim() > 0,
                "vmap: the leaf `{path}` is a scalar and has no axis to batch"
            );
            let front = leaf.move_axis(*axis, 0);
            let n = front.shape()[0];
            let expected = *size.get_or_insert(n);
            assert!(n == expected, "vmap: the leaf `{path}` has {n} examples, others {expected}");
            fronted.push((front, true));
        }
        let size = size.unwrap_or_else(|| panic!("vmap: no input has a batch axis"));
        let name: Option<Arc<str>> = options.name.map(Arc::from);

        // The whole batch enters as placeholders of an outer scope, so that what the batching
        // rules build is a program to compile, not operations to run one by one.
        let outer = Scope::enter_at(ScopeKind::Program("vmap"), at);
        let whole: Vec<Batched> = fronted
            .iter()
            .map(|(t, b)| (Expr::placeholder(t.0.ty().clone(), outer.scope(), None), *b))
            .collect();
        let inner = Scope::enter_at(ScopeKind::Batch { name: name.clone(), size }, at);
        let params: Vec<Expr> = whole
            .iter()
            .map(|(w, b)| {
                let ty = w.ty().with_shape(&w.shape()[usize::from(*b)..]);
                Expr::placeholder(ty, inner.scope(), None)
            })
            .collect();
        let result = f(&xs.with_leaves(params.iter().cloned().map(Tensor)));
        let axis = BatchAxis { size, name };
        let batched = ir::transform::batch(inner.scope(), &exprs(&result), &params, &whole, &axis);
        let y = expect_in("vmap", at, batched);
        drop(inner);
        let out_axes = per_leaf(&result, &options.out_axes, 0, "out_axes");
        let y: Vec<Expr> = y
            .into_iter()
            .zip(out_axes)
            .map(|((y, batched), to)| {
                let front = if batched {
                    y
                } else {
                    let shape = [&[size], y.shape()].concat();
                    y.broadcast_in_dim(&shape, &(1..=y.rank()).collect::<Vec<_>>())
                };
                let to = crate::methods::axis(to, front.rank());
                front.move_axis(0, to)
            })
            .collect();
        let params: Vec<Expr> = whole.into_iter().map(|w| w.0).collect();
        let values: Vec<Expr> = fronted.into_iter().map(|(t, _)| t.0).collect();
        // Closed first: what waits for an enclosing vmap's named axis belongs to that one's scope.
        let scope = outer.scope().clone();
        drop(outer);
        let y = expect_in("vmap", at, finish(&scope, &y, &params, &values));
        super::with_exprs(&result, y)
    }
}

/// One entry per leaf: the same for all, one per top-level component, or as given.
fn per_leaf<T: Tree, A: Clone>(tree: &T, given: &[A], default: A, what: &str) -> Vec<A> {
    let paths: Vec<Path> = tree.leaves_with_paths().into_iter().map(|(p, _)| p).collect();
    match given {
        [] => return vec![default; paths.len()],
        [one] => return vec![one.clone(); paths.len()],
        _ if given.len() == paths.len() => return given.to_vec(),
        _ => {}
    }
    let first = |p: &Path| p.as_str().split('.').next().unwrap_or("").to_string();
    let mut components: Vec<String> = vec![];
    let places: Vec<usize> = paths
        .iter()
        .map(|p| {
            let name = first(p);
            components.iter().position(|c| *c == name).unwrap_or_else(|| {
                components.push(name);
                components.len() - 1
            })
        })
        .collect();
    assert!(
        given.len() == components.len(),
        "vmap: {what} has {} entries for {} components and {} leaves",
        given.len(),
        components.len(),
        paths.len()
    );
    places.into_iter().map(|i| given[i].clone()).collect()
}
