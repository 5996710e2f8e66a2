//! Scopes: how long a placeholder lives.
//!
//! Each transformation opens a scope, makes fresh placeholders in it, calls the user's function
//! on them, and closes it. An expression belongs to the deepest scope among its inputs; one
//! without placeholders belongs to none. Differentiating is therefore never "by node": in
//! `let z = 2x; grad(|x| x·z)(x)` the inner function's argument is a placeholder of its own, and
//! `z` belongs to an outer scope (or none), so it is constant. A placeholder whose scope is
//! closed has escaped, and using it is an error.

use std::cell::RefCell;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Which transformation opened a scope.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ScopeKind {
    /// Derivatives: placeholders stand for known values, which may be read.
    Derivative(&'static str),
    /// The tangents of a linearisation. Everything in such a scope is linear in them.
    Linear,
    /// Batching over an axis that may have a name.
    Batch {
        /// The axis's name, for `axis_sum`.
        name: Option<Arc<str>>,
        /// The axis's size.
        size: usize,
    },
    /// A program being traced: `jit`, or the body of `scan`, `cond`, `while` and the like.
    Program(&'static str),
}

impl fmt::Display for ScopeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ScopeKind::Derivative(name) | ScopeKind::Program(name) => f.write_str(name),
            ScopeKind::Linear => f.write_str("linearize"),
            ScopeKind::Batch { .. } => f.write_str("vmap"),
        }
    }
}

/// A scope. See the module's documentation.
#[derive(Debug)]
pub struct Scope {
    id: u64,
    depth: usize,
    kind: ScopeKind,
    open: AtomicBool,
    at: &'static Location<'static>,
}

static NEXT: AtomicU64 = AtomicU64::new(1);
thread_local!(static STACK: RefCell<Vec<Arc<Scope>>> = const { RefCell::new(Vec::new()) });

impl Scope {
    /// Opens a scope inside the innermost open one. Dropping the guard closes it.
    #[track_caller]
    pub fn enter(kind: ScopeKind) -> ScopeGuard {
        Scope::enter_at(kind, Location::caller())
    }

    /// [`Scope::enter`] for a transformation that was called at `at`.
    pub fn enter_at(kind: ScopeKind, at: &'static Location<'static>) -> ScopeGuard {
        STACK.with_borrow_mut(|stack| {
            let scope = Arc::new(Scope {
                id: NEXT.fetch_add(1, Ordering::Relaxed),
                depth: stack.len() + 1,
                kind,
                open: AtomicBool::new(true),
                at,
            });
            stack.push(scope.clone());
            ScopeGuard { scope }
        })
    }

    /// The open scopes of this thread, outermost first.
    pub fn stack() -> Vec<Arc<Scope>> {
        STACK.with_borrow(Clone::clone)
    }

    /// The scope that an operation on named axes belongs to even where its operands belong to
    /// none: that of the innermost `vmap` whose name is in use, or of a program that is being
    /// traced inside it (whose equation the operation becomes). `None` when no `vmap` of this
    /// thread has a name that is in use.
    pub fn of_axes(in_use: impl Fn(&str) -> bool) -> Option<Arc<Scope>> {
        STACK.with_borrow(|stack| {
            let binds = |s: &Arc<Scope>| match s.kind() {
                ScopeKind::Batch { name: Some(name), .. } => in_use(name),
                _ => false,
            };
            let traces = |s: &&Arc<Scope>| matches!(s.kind(), ScopeKind::Program(_));
            let binder = stack.iter().rposition(binds)?;
            let program = stack[binder + 1..].iter().rev().find(traces);
            Some(program.unwrap_or(&stack[binder]).clone())
        })
    }

    /// Unique among all scopes of the process.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Nesting depth, from 1.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// Which transformation opened it.
    pub fn kind(&self) -> &ScopeKind {
        &self.kind
    }

    /// Whether its transformation is still running.
    pub fn is_open(&self) -> bool {
        self.open.load(Ordering::Relaxed)
    }

    /// Where the transformation was called.
    pub fn at(&self) -> &'static Location<'static> {
        self.at
    }
}

/// Keeps a scope open.
#[derive(Debug)]
pub struct ScopeGuard {
    scope: Arc<Scope>,
}

impl ScopeGuard {
    /// The scope.
    pub fn scope(&self) -> &Arc<Scope> {
        &self.scope
    }
}

impl Drop for ScopeGuard {
    fn drop(&mut self) {
        self.scope.open.store(false, Ordering::Relaxed);
        STACK.with_borrow_mut(|stack| {
            // Guards drop in reverse order of creation, also while a panic unwinds.
            while let Some(top) = stack.pop() {
                if top.id == self.scope.id {
                    break;
                }
            }
        });
    }
}
