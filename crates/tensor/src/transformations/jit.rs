//! Compilation: a function is traced once per kind of argument, and its program kept.

use super::{Place, exprs, open, with_exprs};
use crate::execute::{Executable, expect_in, waits_for_an_axis};
use crate::tree::Description;
use crate::{Tensor, Tree};
use array::{Array, Type};
use ir::{EMBEDDED, Expr, Scope, ScopeKind, close};
use std::collections::HashMap;
use std::panic::Location;
use std::sync::{Arc, Mutex, PoisonError};

/// What must agree for a compiled program to be used again: the structure and static fields of
/// the arguments, and the types of their leaves.
#[derive(PartialEq, Eq, Hash)]
struct Key(Description, Vec<Type>);

impl Key {
    fn of<T: Tree>(x: &T) -> Key {
        let mut description = Description::default();
        x.describe(&mut description);
        Key(description, x.leaves().iter().map(|l| l.0.ty().clone()).collect())
    }
}

/// A compiled function: the program, arrays its closure captured, and the shape of its result.
struct Compiled<O> {
    executable: Executable,
    captured: Vec<Array>,
    result: O,
}

struct Cache<O>(Mutex<HashMap<Key, Arc<Compiled<O>>>>);

impl<O: Tree> Cache<O> {
    fn new() -> Cache<O> {
        Cache(Mutex::default())
    }

    /// The compiled program for arguments like `x`, traced now if there is none. `None` when the
    /// closure captures something that an enclosing transformation traces, or reduces over its axis.
    fn get<T: Tree>(
        &self,
        name: &'static str,
        at: Place,
        x: &T,
        f: impl FnOnce(&T) -> O,
    ) -> Option<Arc<Compiled<O>>> {
        let key = Key::of(x);
        // A poisoned cache is still a cache: entries are inserted whole.
        let found = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if found.is_some() {
            return found;
        }
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
        cache.insert(key, compiled.clone());
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
        let arrays: Option<Vec<Array>> =
            exprs(x).iter().map(|e| e.as_constant().cloned()).collect();
        let Some(mut inputs) = arrays else { return f(x) };
        let Some(compiled) = cache.get("jit", at, x, &f) else { return f(x) };
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
        let pair = Pair(&state, batch);
        let concrete = pair.leaves().iter().all(Tensor::is_concrete);
        let compiled = if concrete { cache.get_pair("jit_step", at, &pair, &f) } else { None };
        let Some(compiled) = compiled else { return f(&state, batch) };
        // The state's leaves are taken out of it and the state is dropped before the program
        // runs, so that buffers without another owner can be reused.
        let mut inputs: Vec<Expr> = exprs(&state);
        drop(state);
        let mut arrays: Vec<Array> = inputs.drain(..).map(Expr::into_array).collect();
        arrays.extend(exprs(batch).into_iter().map(Expr::into_array));
        arrays.extend(compiled.captured.iter().cloned());
        let results = expect_in("jit_step", at, compiled.executable.run(arrays));
        with_exprs(&compiled.result, results.into_iter().map(Expr::constant))
    }
}

/// Borrowed arguments of a step.
struct Pair<'a, S, B>(&'a S, &'a B);

impl<S: Tree, B: Tree> Pair<'_, S, B> {
    fn leaves(&self) -> Vec<Tensor> {
        [self.0.leaves(), self.1.leaves()].concat()
    }
}

impl<S: Tree, O: Tree> Cache<(S, O)> {
    fn get_pair<B: Tree>(
        &self,
        name: &'static str,
        at: Place,
        pair: &Pair<'_, S, B>,
        f: impl FnOnce(&S, &B) -> (S, O),
    ) -> Option<Arc<Compiled<(S, O)>>> {
        let copy = (pair.0.map(Tensor::clone), pair.1.map(Tensor::clone));
        self.get(name, at, &copy, |(s, b)| f(s, b))
    }
}
