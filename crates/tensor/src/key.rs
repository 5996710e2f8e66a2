//! Random keys: state that is used once.

use crate::Tensor;
use crate::tree::{Description, Path, Tree};

/// The key of a counter-based random number generator.
///
/// Neither `Copy` nor `Clone`: drawing consumes the key, so using one twice, the commonest error
/// with such generators, does not compile. Split a key to draw more than once.
///
/// ```compile_fail
/// use tensor::Key;
/// let key = Key::new(0);
/// let a = key.split();
/// let b = key.split(); // use of moved value
/// ```
#[derive(Debug)]
pub struct Key(pub(crate) Tensor);

impl Key {
    /// The key of a seed.
    #[track_caller]
    pub fn new(seed: u64) -> Key {
        Key(Tensor::from([(seed >> 32) as u32, seed as u32]))
    }

    /// The same key again, to replay what it drew (a line search evaluates one minibatch many
    /// times). The name is the warning.
    pub fn replay(&self) -> Key {
        Key(self.0.clone())
    }
}

impl Tree for Key {
    type Nested<B: Tree> = B;
    fn nest<B: Tree>(&self, f: &mut dyn FnMut(&Tensor) -> B) -> B {
        f(&self.0)
    }
    fn map_with_path(&self, path: &mut Path, f: &mut dyn FnMut(&Path, &Tensor) -> Tensor) -> Self {
        Key(f(path, &self.0))
    }
    fn describe(&self, _: &mut Description) {}
    fn for_each_leaf(&self, f: &mut dyn FnMut(&Tensor)) {
        f(&self.0);
    }
}
