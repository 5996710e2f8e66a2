//! Compilation: a function is traced once per kind of argument, and its program kept.

use super::{Place, exprs, open, with_exprs};
use crate::execute::{Executable, expect_in, waits_for_an_axis};
use crate::tree::Description;
use crate::{Tensor, Tree};
use array::Array;
use foldhash::fast::RandomState;
use ir::{EMBEDDED, Expr, Scope, ScopeKind, close};
use std::cell::Cell;
use std::collections::HashMap;
use std::panic::Location;
use std::sync::{Arc, Mutex, PoisonError};

/// What must agree for a compiled program to be used again, as bytes: the structure and static
/// fields of the arguments (behind their length), then the types of the leaves.
struct Key(Vec<u8>);

thread_local!(
    /// Memory for the next key: looking a program up allocates nothing.
    static MEMORY: Cell<Vec<u8>> = const { Cell::new(vec![]) }
);

impl Key {
    /// The key of arguments, from functions that describe them and that go through their leaves;
    /// `None` if a leaf is not a plain array.
    fn of(
        describe: impl FnOnce(&mut Description),
        for_each_leaf: impl FnOnce(&mut dyn FnMut(&Tensor)),
    ) -> Option<Key> {
        let mut bytes = MEMORY.take();
        bytes.clear();
        bytes.extend([0; size_of::<u64>()]);
        let mut description = Description::behind(bytes);
        describe(&mut description);
        let mut bytes = description.into_bytes();
        let length = bytes.len() as u64;
        bytes[..size_of::<u64>()].copy_from_slice(&length.to_le_bytes());
        let mut concrete = true;
        for_each_leaf(&mut |leaf| {
            concrete &= leaf.is_concrete();
            let ty = leaf.0.ty();
            bytes.push(ty.dtype as u8);
            bytes.extend((ty.rank() as u64).to_le_bytes());
            ty.shape.iter().for_each(|&n| bytes.extend((n as u64).to_le_bytes()));
        });
        concrete.then_some(Key(bytes))
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        MEMORY.set(std::mem::take(&mut self.0));
    }
}

/// A compiled function: the program, arrays its closure captured, and the shape of its result.
struct Compiled<O> {
    executable: Executable,
    captured: Vec<Array>,
    result: O,
}

/// Programs by the bytes of their keys.
type Programs<O> = HashMap<Box<[u8]>, Arc<Compiled<O>>, RandomState>;

/// The programs of a function.
struct Cache<O>(Mutex<Programs<O>>);

impl<O: Tree> Cache<O> {
    fn new() -> Cache<O> {
        Cache(Mutex::default())
    }

    /// The compiled program for arguments of a kind, if there is one.
    fn get(&self, key: &Key) -> Option<Arc<Compiled<O>>> {
        // A poisoned cache is still a cache: entries are inserted whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key.0[..]).cloned()
    }

    /// The program for arguments like `x`, traced now. `None` when the closure captures something
    /// that an enclosing transformation traces, or reduces over its axis.
    fn insert<T: Tree>(
        &self,
        key: &Key,
        name: &'static str,
        at: Place,
        x: &T,
        f: impl FnOnce(&T) -> O,
    ) -> Option<Arc<Compiled<O>>> {
        let guard = Scope::enter_at(ScopeKind::Program(name), at);
        let input = open(x, guard.scope(), false, |_| true);
        let result = f(&input.tree);
        let closed = expect_in(
            name,
            at,
            close(Some(guard.scope()), &input.params, &exprs(&result), EMBEDDED),
        );
        if waits_for_an_axis(&closed.program) {
            return None;
        }
        let captured: Option<Vec<Array>> =
            closed.captured.iter().map(|c| c.as_constant().cloned()).collect();
        let compiled = Arc::new(Compiled {
            executable: Executable::new(&closed.program),
            captured: captured?,
            result,
        });
        let mut cache = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        cache.insert(key.0.as_slice().into(), compiled.clone());
        Some(compiled)
    }
}

/// The function, compiled: traced at its first call with arguments of a kind (leaf types,
/// structure, static fields), run from the compiled program ever after.
///
/// `f` must be a function of its arguments: what it captures is looked at when it is traced, and
/// captured tensors become hidden inputs with the value they had then. Inside another
/// transformation it is simply called.
///
/// ```
/// use tensor::{Tensor, jit};
/// let f = jit(|x: &Tensor| (x.sin() * 2.0).sum());
/// assert_eq!(f(&Tensor::from([0.0, 0.0])).item(), 0.0);
/// ```
#[track_caller]
pub fn jit<T: Tree, O: Tree, F: Fn(&T) -> O>(f: F) -> impl Fn(&T) -> O {
    let at = Location::caller();
    let cache = Cache::new();
    move |x| {
        let key = Key::of(|d| x.describe(d), |f| x.for_each_leaf(f));
        let Some(key) = key else { return f(x) };
        let Some(compiled) = cache.get(&key).or_else(|| cache.insert(&key, "jit", at, x, &f))
        else {
            return f(x);
        };
        let mut inputs = vec![];
        x.for_each_leaf(&mut |leaf| inputs.extend(leaf.0.as_constant().cloned()));
        inputs.extend(compiled.captured.iter().cloned());
        let results = expect_in("jit", at, compiled.executable.run(inputs));
        with_exprs(&compiled.result, results.into_iter().map(Expr::constant))
    }
}

/// A compiled step of a loop, `(state, &batch) → (state, output)`. The state is moved in, so the
/// engine may write the new state into the old one's memory; it does so for each buffer that
/// nobody else holds, which is checked at run time.
///
/// ```
/// use tensor::{Tensor, jit_step};
/// let step = jit_step(|x: &Tensor, dx: &Tensor| (x + dx, x.sum()));
/// let mut x = Tensor::from([1.0, 2.0]);
/// for _ in 0..3 {
///     (x, _) = step(x, &Tensor::from([1.0, 1.0]));
/// }
/// assert_eq!(x.to_vec::<f64>(), [4.0, 5.0]);
/// ```
#[track_caller]
pub fn jit_step<S: Tree, B: Tree, O: Tree, F: Fn(&S, &B) -> (S, O)>(
    f: F,
) -> impl Fn(S, &B) -> (S, O) {
    let at = Location::caller();
    let cache: Cache<(S, O)> = Cache::new();
    move |state, batch| {
        let key = Key::of(
            |d| {
                state.describe(d);
                batch.describe(d);
            },
            |f| {
                state.for_each_leaf(f);
                batch.for_each_leaf(f);
            },
        );
        let Some(key) = key else { return f(&state, batch) };
        let traced = || {
            let copy = (state.map(Tensor::clone), batch.map(Tensor::clone));
            cache.insert(&key, "jit_step", at, &copy, |(s, b)| f(s, b))
        };
        let Some(compiled) = cache.get(&key).or_else(traced) else { return f(&state, batch) };
        // The state's leaves are taken out of it and the state is dropped before the program
        // runs, so that buffers without another owner can be reused.
        let mut leaves: Vec<Expr> = vec![];
        state.for_each_leaf(&mut |leaf| leaves.push(leaf.0.clone()));
        drop(state);
        let mut inputs: Vec<Array> = leaves.into_iter().map(Expr::into_array).collect();
        batch.for_each_leaf(&mut |leaf| inputs.extend(leaf.0.as_constant().cloned()));
        inputs.extend(compiled.captured.iter().cloned());
        let results = expect_in("jit_step", at, compiled.executable.run(inputs));
        with_exprs(&compiled.result, results.into_iter().map(Expr::constant))
    }
}
