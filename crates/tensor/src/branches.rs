//! Trees in place of the leaves of a struct.

use crate::tree::{Description, Path};
use crate::{Tensor, Tree};
use std::ops::Index;

/// A tree in place of each leaf of a struct, found by the leaf's path: what
/// [`Tree::Nested`] is for a struct with `#[derive(Tree)]`.
///
/// The Hessian of a function of a model is of this type: with `h = hessian(loss)(&model)`, the
/// mixed second derivatives in `model.hidden.weight` and `model.out.bias` are
/// `h["hidden.weight"].out.bias`.
#[derive(Clone, Debug, Default)]
pub struct Branches<B> {
    branches: Vec<(Path, B)>,
}

impl<B> Branches<B> {
    /// `f(leaf)` for each leaf of a tree, under the leaf's path.
    pub fn new<T: Tree>(tree: &T, f: &mut dyn FnMut(&Tensor) -> B) -> Branches<B> {
        let leaves = tree.leaves_with_paths();
        Branches { branches: leaves.into_iter().map(|(path, leaf)| (path, f(&leaf))).collect() }
    }

    /// What stands in place of the leaf with this path.
    pub fn get(&self, path: &str) -> Option<&B> {
        self.branches.iter().find(|(p, _)| p.as_str() == path).map(|(_, branch)| branch)
    }

    /// The branches with the paths of their leaves, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Path, &B)> {
        self.branches.iter().map(|(path, branch)| (path, branch))
    }
}

/// What stands in place of the leaf with this path.
///
/// # Panics
/// When there is no such leaf; the message lists those that there are.
impl<B> Index<&str> for Branches<B> {
    type Output = B;

    #[track_caller]
    fn index(&self, path: &str) -> &B {
        self.get(path).unwrap_or_else(|| {
            let paths: Vec<&str> = self.branches.iter().map(|(p, _)| p.as_str()).collect();
            panic!("no leaf is called `{path}`; there are `{}`", paths.join("`, `"))
        })
    }
}

impl<B: Tree> Tree for Branches<B> {
    type Nested<C: Tree> = Branches<B::Nested<C>>;
    fn nest<C: Tree>(&self, f: &mut dyn FnMut(&Tensor) -> C) -> Self::Nested<C> {
        let each = |(path, branch): &(Path, B)| (path.clone(), branch.nest(f));
        Branches { branches: self.branches.iter().map(each).collect() }
    }
    fn map_with_path(&self, path: &mut Path, f: &mut dyn FnMut(&Path, &Tensor) -> Tensor) -> Self {
        let each = |(p, branch): &(Path, B)| {
            (p.clone(), path.enter(p, |path| branch.map_with_path(path, f)))
        };
        Branches { branches: self.branches.iter().map(each).collect() }
    }
    fn describe(&self, description: &mut Description) {
        description.put(&self.branches.len().to_le_bytes());
        for (path, branch) in &self.branches {
            description.put(path.as_str().as_bytes());
            branch.describe(description);
        }
    }
    fn for_each_leaf(&self, f: &mut dyn FnMut(&Tensor)) {
        self.branches.iter().for_each(|(_, branch)| branch.for_each_leaf(f));
    }
}
