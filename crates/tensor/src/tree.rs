//! Trees: structures whose leaves are tensors.
//!
//! Tuples, vectors, arrays, options, maps, and structs with `#[derive(Tree)]` are trees;
//! numbers, strings and flags are trees without leaves. A gradient has the type of the tree it
//! is taken with respect to.

pub use crate::branches::Branches;

use crate::Tensor;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

/// The place of a leaf: field names, indices and keys, joined by dots (`layers.0.weight`). The
/// names of a saved model.
#[derive(Clone, Default, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path {
    text: String,
    /// Nobody will ask where a leaf is: names are not put together.
    ignored: bool,
}

impl Path {
    /// The place of the root.
    pub fn root() -> Path {
        Path::default()
    }

    /// A path that is not looked at.
    fn ignored() -> Path {
        Path { text: String::new(), ignored: true }
    }

    /// Runs `f` one level further in.
    pub fn enter<R>(&mut self, name: impl std::fmt::Display, f: impl FnOnce(&mut Path) -> R) -> R {
        if self.ignored {
            return f(self);
        }
        let before = self.text.len();
        let dot = if before == 0 { "" } else { "." };
        write!(self.text, "{dot}{name}").expect("invariant: writing to a string succeeds");
        let result = f(self);
        self.text.truncate(before);
        result
    }

    /// The dotted name.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl std::fmt::Display for Path {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

/// What a tree is apart from its leaves' values: lengths, variants, static fields. Two trees
/// with equal descriptions and equal leaf types run the same compiled program.
#[derive(Clone, Default, Debug, PartialEq, Eq, Hash)]
pub struct Description {
    bytes: Vec<u8>,
}

impl Description {
    /// Adds something that distinguishes trees. Self-delimiting: the length comes first.
    pub fn put(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        self.bytes.extend_from_slice(bytes);
    }

    /// A description that is written behind these bytes.
    pub(crate) fn behind(bytes: Vec<u8>) -> Description {
        Description { bytes }
    }

    /// All bytes.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// A structure whose leaves are tensors.
///
/// Laws: `map_with_path` and `for_each_leaf` visit the leaves in the same order, which depends only
/// on the structure, and the identity function gives back an equal tree.
pub trait Tree: Sized {
    /// The tree of trees: this structure with a `B` in place of each leaf. A tensor becomes a `B`,
    /// a pair of tensors a pair of `B`s, and a struct with `#[derive(Tree)]` becomes
    /// [`Branches<B>`](Branches), which finds them by their paths. The type of Jacobians and
    /// Hessians.
    type Nested<B: Tree>: Tree;

    /// The tree of trees with `f(leaf)` in place of each leaf; leaves in the order of
    /// [`Tree::map_with_path`].
    ///
    /// ```
    /// use tensor::{Tensor, Tree};
    /// let x = (Tensor::from(2.0), Tensor::from(3.0));
    /// let (a, b) = x.nest(&mut |leaf| (leaf.clone(), leaf.square()));
    /// assert_eq!((a.1.item(), b.1.item()), (4.0, 9.0));
    /// ```
    fn nest<B: Tree>(&self, f: &mut dyn FnMut(&Tensor) -> B) -> Self::Nested<B>;

    /// The tree with each leaf replaced by `f(path, leaf)`.
    fn map_with_path(&self, path: &mut Path, f: &mut dyn FnMut(&Path, &Tensor) -> Tensor) -> Self;

    /// Adds what distinguishes this tree from others of its type, the leaves' values apart.
    fn describe(&self, description: &mut Description);

    /// Calls `f` with each leaf, in order. Trees that are written by hand may leave this to the
    /// general way, which rebuilds the tree.
    fn for_each_leaf(&self, f: &mut dyn FnMut(&Tensor)) {
        self.map(|leaf| {
            f(leaf);
            leaf.clone()
        });
    }

    /// The tree with each leaf replaced by `f(leaf)`.
    fn map(&self, mut f: impl FnMut(&Tensor) -> Tensor) -> Self {
        self.map_with_path(&mut Path::ignored(), &mut |_, leaf| f(leaf))
    }

    /// The leaves, in order.
    fn leaves(&self) -> Vec<Tensor> {
        let mut leaves = vec![];
        self.for_each_leaf(&mut |leaf| leaves.push(leaf.clone()));
        leaves
    }

    /// The leaves with their places, in order.
    fn leaves_with_paths(&self) -> Vec<(Path, Tensor)> {
        let mut leaves = vec![];
        self.map_with_path(&mut Path::root(), &mut |path, leaf| {
            leaves.push((path.clone(), leaf.clone()));
            leaf.clone()
        });
        leaves
    }

    /// The tree with its leaves replaced in order.
    ///
    /// # Panics
    /// When there are not as many leaves as the tree has.
    #[track_caller]
    fn with_leaves(&self, leaves: impl IntoIterator<Item = Tensor>) -> Self {
        let mut leaves = leaves.into_iter();
        let tree =
            self.map(|_| leaves.next().expect("with_leaves: fewer leaves than the tree has"));
        assert!(leaves.next().is_none(), "with_leaves: more leaves than the tree has");
        tree
    }

    /// Corresponding leaves of two trees of one structure, combined.
    ///
    /// # Panics
    /// When the trees do not have equally many leaves.
    #[track_caller]
    fn zip_map(&self, other: &Self, mut f: impl FnMut(&Tensor, &Tensor) -> Tensor) -> Self {
        let others = other.leaves();
        let mut others = others.iter();
        let tree = self
            .map(|leaf| f(leaf, others.next().expect("zip_map: the trees differ in structure")));
        assert!(others.next().is_none(), "zip_map: the trees differ in structure");
        tree
    }

    /// Number of elements in all leaves.
    fn size(&self) -> usize {
        let mut size = 0;
        self.for_each_leaf(&mut |leaf| size += leaf.size());
        size
    }
}

impl Tree for Tensor {
    type Nested<B: Tree> = B;
    fn nest<B: Tree>(&self, f: &mut dyn FnMut(&Tensor) -> B) -> B {
        f(self)
    }
    fn map_with_path(&self, path: &mut Path, f: &mut dyn FnMut(&Path, &Tensor) -> Tensor) -> Self {
        f(path, self)
    }
    fn describe(&self, _: &mut Description) {}
    fn for_each_leaf(&self, f: &mut dyn FnMut(&Tensor)) {
        f(self);
    }
}

impl<T: Tree> Tree for Vec<T> {
    type Nested<B: Tree> = Vec<T::Nested<B>>;
    fn nest<B: Tree>(&self, f: &mut dyn FnMut(&Tensor) -> B) -> Self::Nested<B> {
        self.iter().map(|t| t.nest(f)).collect()
    }
    fn map_with_path(&self, path: &mut Path, f: &mut dyn FnMut(&Path, &Tensor) -> Tensor) -> Self {
        let each = |(i, t): (usize, &T)| path.enter(i, |path| t.map_with_path(path, f));
        self.iter().enumerate().map(each).collect()
    }
    fn describe(&self, description: &mut Description) {
        description.put(&self.len().to_le_bytes());
        self.iter().for_each(|t| t.describe(description));
    }
    fn for_each_leaf(&self, f: &mut dyn FnMut(&Tensor)) {
        self.iter().for_each(|t| t.for_each_leaf(f));
    }
}

impl<T: Tree, const N: usize> Tree for [T; N] {
    type Nested<B: Tree> = [T::Nested<B>; N];
    fn nest<B: Tree>(&self, f: &mut dyn FnMut(&Tensor) -> B) -> Self::Nested<B> {
        std::array::from_fn(|i| self[i].nest(f))
    }
    fn map_with_path(&self, path: &mut Path, f: &mut dyn FnMut(&Path, &Tensor) -> Tensor) -> Self {
        std::array::from_fn(|i| path.enter(i, |path| self[i].map_with_path(path, f)))
    }
    fn describe(&self, description: &mut Description) {
        self.iter().for_each(|t| t.describe(description));
    }
    fn for_each_leaf(&self, f: &mut dyn FnMut(&Tensor)) {
        self.iter().for_each(|t| t.for_each_leaf(f));
    }
}

impl<T: Tree> Tree for Option<T> {
    type Nested<B: Tree> = Option<T::Nested<B>>;
    fn nest<B: Tree>(&self, f: &mut dyn FnMut(&Tensor) -> B) -> Self::Nested<B> {
        self.as_ref().map(|t| t.nest(f))
    }
    fn map_with_path(&self, path: &mut Path, f: &mut dyn FnMut(&Path, &Tensor) -> Tensor) -> Self {
        self.as_ref().map(|t| t.map_with_path(path, f))
    }
    fn describe(&self, description: &mut Description) {
        description.put(&[u8::from(self.is_some())]);
        self.iter().for_each(|t| t.describe(description));
    }
    fn for_each_leaf(&self, f: &mut dyn FnMut(&Tensor)) {
        self.iter().for_each(|t| t.for_each_leaf(f));
    }
}

impl<T: Tree> Tree for Box<T> {
    type Nested<B: Tree> = Box<T::Nested<B>>;
    fn nest<B: Tree>(&self, f: &mut dyn FnMut(&Tensor) -> B) -> Self::Nested<B> {
        Box::new(T::nest(self, f))
    }
    fn map_with_path(&self, path: &mut Path, f: &mut dyn FnMut(&Path, &Tensor) -> Tensor) -> Self {
        Box::new(T::map_with_path(self, path, f))
    }
    fn describe(&self, description: &mut Description) {
        T::describe(self, description);
    }
    fn for_each_leaf(&self, f: &mut dyn FnMut(&Tensor)) {
        T::for_each_leaf(self, f);
    }
}

impl<T: Tree> Tree for BTreeMap<String, T> {
    type Nested<B: Tree> = BTreeMap<String, T::Nested<B>>;
    fn nest<B: Tree>(&self, f: &mut dyn FnMut(&Tensor) -> B) -> Self::Nested<B> {
        self.iter().map(|(k, t)| (k.clone(), t.nest(f))).collect()
    }
    fn map_with_path(&self, path: &mut Path, f: &mut dyn FnMut(&Path, &Tensor) -> Tensor) -> Self {
        let each =
            |(k, t): (&String, &T)| (k.clone(), path.enter(k, |path| t.map_with_path(path, f)));
        self.iter().map(each).collect()
    }
    fn describe(&self, description: &mut Description) {
        for (k, t) in self {
            description.put(k.as_bytes());
            t.describe(description);
        }
    }
    fn for_each_leaf(&self, f: &mut dyn FnMut(&Tensor)) {
        self.values().for_each(|t| t.for_each_leaf(f));
    }
}

/// Keys are visited in ascending order.
impl<T: Tree> Tree for HashMap<String, T> {
    type Nested<B: Tree> = HashMap<String, T::Nested<B>>;
    fn nest<B: Tree>(&self, f: &mut dyn FnMut(&Tensor) -> B) -> Self::Nested<B> {
        let sorted: BTreeMap<&String, &T> = self.iter().collect();
        sorted.into_iter().map(|(k, t)| (k.clone(), t.nest(f))).collect()
    }
    fn map_with_path(&self, path: &mut Path, f: &mut dyn FnMut(&Path, &Tensor) -> Tensor) -> Self {
        let sorted: BTreeMap<&String, &T> = self.iter().collect();
        let each =
            |(k, t): (&String, &T)| (k.clone(), path.enter(k, |path| t.map_with_path(path, f)));
        sorted.into_iter().map(each).collect()
    }
    fn describe(&self, description: &mut Description) {
        let sorted: BTreeMap<&String, &T> = self.iter().collect();
        for (k, t) in sorted {
            description.put(k.as_bytes());
            t.describe(description);
        }
    }
    fn for_each_leaf(&self, f: &mut dyn FnMut(&Tensor)) {
        let sorted: BTreeMap<&String, &T> = self.iter().collect();
        sorted.into_values().for_each(|t| t.for_each_leaf(f));
    }
}

macro_rules! tuples {
    ($($($T:ident $i:tt),*;)*) => { $(
        impl<$($T: Tree),*> Tree for ($($T,)*) {
            type Nested<Branch: Tree> = ($($T::Nested<Branch>,)*);
            #[allow(unused_variables, clippy::unused_unit)] // the tuple of nothing
            fn nest<Branch: Tree>(
                &self,
                f: &mut dyn FnMut(&Tensor) -> Branch,
            ) -> Self::Nested<Branch> {
                ($(self.$i.nest(f),)*)
            }
            #[allow(unused_variables, clippy::unused_unit)] // the tuple of nothing
            fn map_with_path(
                &self,
                path: &mut Path,
                f: &mut dyn FnMut(&Path, &Tensor) -> Tensor,
            ) -> Self {
                ($(path.enter($i, |path| self.$i.map_with_path(path, f)),)*)
            }
            #[allow(unused_variables)]
            fn describe(&self, description: &mut Description) {
                $(self.$i.describe(description);)*
            }
            #[allow(unused_variables)]
            fn for_each_leaf(&self, f: &mut dyn FnMut(&Tensor)) {
                $(self.$i.for_each_leaf(f);)*
            }
        }
    )* };
}
tuples! {
    ;
    A 0;
    A 0, B 1;
    A 0, B 1, C 2;
    A 0, B 1, C 2, D 3;
    A 0, B 1, C 2, D 3, E 4;
    A 0, B 1, C 2, D 3, E 4, F 5;
}

macro_rules! leafless {
    ($($T:ty, $x:ident => $bytes:expr;)*) => { $(
        /// No leaves: a static field.
        impl Tree for $T {
            type Nested<B: Tree> = $T;
            fn nest<B: Tree>(&self, _: &mut dyn FnMut(&Tensor) -> B) -> $T {
                self.clone()
            }
            fn map_with_path(&self, _: &mut Path, _: &mut dyn FnMut(&Path, &Tensor) -> Tensor) -> Self {
                self.clone()
            }
            fn describe(&self, description: &mut Description) {
                let $x = self;
                description.put($bytes.as_ref());
            }
            fn for_each_leaf(&self, _: &mut dyn FnMut(&Tensor)) {}
        }
    )* };
}
leafless! {
    f64, x => x.to_bits().to_le_bytes();
    f32, x => x.to_bits().to_le_bytes();
    usize, x => x.to_le_bytes();
    u8, x => x.to_le_bytes();
    u32, x => x.to_le_bytes();
    u64, x => x.to_le_bytes();
    i32, x => x.to_le_bytes();
    i64, x => x.to_le_bytes();
    bool, x => [u8::from(*x)];
    String, x => x.as_bytes();
    &'static str, x => x.as_bytes();
    array::DType, x => x.name().as_bytes();
}
