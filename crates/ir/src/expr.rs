//! Expressions: nodes of the graph that tracing a function leaves behind.

use crate::error::{RuleError, TypeError};
use crate::prim::{Constant, Placeholder, Prim};
use crate::scope::Scope;
use array::{Array, DType, Type};
use foldhash::fast::RandomState;
use smallvec::SmallVec;
use std::cell::Cell;
use std::collections::HashMap;
use std::fmt;
use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// One output of an operation: a pointer, cheap to clone.
///
/// Expressions are strict: operands of equal shapes and dtypes, no implicit broadcasting.
#[derive(Clone)]
pub struct Expr {
    node: Arc<Node>,
    output: u32,
}

/// An operation applied to inputs.
pub struct Node {
    id: u64,
    prim: Prim,
    inputs: SmallVec<[Expr; 2]>,
    types: SmallVec<[Type; 1]>,
    scope: Option<Arc<Scope>>,
    at: &'static Location<'static>,
    /// The outputs' values, once somebody has asked for them.
    values: OnceLock<Vec<Array>>,
}

static NEXT: AtomicU64 = AtomicU64::new(1);

impl Node {
    /// Unique, and greater than the ids of all inputs: ascending ids are a topological order.
    pub fn id(&self) -> u64 {
        self.id
    }
    /// The operation.
    pub fn prim(&self) -> &Prim {
        &self.prim
    }
    /// Its operands.
    pub fn inputs(&self) -> &[Expr] {
        &self.inputs
    }
    /// The types of its outputs.
    pub fn types(&self) -> &[Type] {
        &self.types
    }
    /// The deepest scope among the inputs.
    pub fn scope(&self) -> Option<&Arc<Scope>> {
        self.scope.as_ref()
    }
    /// Where the operation was made.
    pub fn at(&self) -> &'static Location<'static> {
        self.at
    }
    /// The values of the outputs, where they have been computed.
    pub fn values(&self) -> &OnceLock<Vec<Array>> {
        &self.values
    }
}

impl Expr {
    /// The node this is an output of.
    pub fn node(&self) -> &Arc<Node> {
        &self.node
    }
    /// Which output of the node.
    pub fn output(&self) -> usize {
        self.output as usize
    }
    /// Identity of this output: the node's id and the output's number.
    pub fn key(&self) -> (u64, u32) {
        (self.node.id, self.output)
    }
    /// The type.
    pub fn ty(&self) -> &Type {
        &self.node.types[self.output as usize]
    }
    /// Sizes of the axes.
    pub fn shape(&self) -> &[usize] {
        &self.ty().shape
    }
    /// Number of axes.
    pub fn rank(&self) -> usize {
        self.shape().len()
    }
    /// Element type.
    pub fn dtype(&self) -> DType {
        self.ty().dtype
    }
    /// The deepest scope this depends on.
    pub fn scope(&self) -> Option<&Arc<Scope>> {
        self.node.scope.as_ref()
    }
    /// Whether this belongs to the given scope.
    pub fn in_scope(&self, scope: &Scope) -> bool {
        self.scope().is_some_and(|s| s.id() == scope.id())
    }

    /// All outputs of a node.
    pub fn outputs_of(node: &Arc<Node>) -> Vec<Expr> {
        Expr::each_output(node).collect()
    }

    /// All outputs of a node, one after the other.
    pub(crate) fn each_output(node: &Arc<Node>) -> impl Iterator<Item = Expr> {
        (0..node.types.len() as u32).map(|output| Expr { node: node.clone(), output })
    }

    /// The expression that is this array.
    #[track_caller]
    pub fn constant(value: Array) -> Expr {
        let ty = value.ty();
        Expr::leaf(Prim::from(Constant(value)), ty, None)
    }

    /// A fresh placeholder in `scope`, standing for `binding` where that is given.
    #[track_caller]
    pub fn placeholder(ty: Type, scope: &Arc<Scope>, binding: Option<Expr>) -> Expr {
        let prim = Prim::from(Placeholder::new(ty.clone(), binding));
        Expr::leaf(prim, ty, Some(scope.clone()))
    }

    #[track_caller]
    fn leaf(prim: Prim, ty: Type, scope: Option<Arc<Scope>>) -> Expr {
        let node = Node {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            prim,
            inputs: SmallVec::new(),
            types: SmallVec::from_iter([ty]),
            scope,
            at: Location::caller(),
            values: OnceLock::new(),
        };
        Expr { node: Arc::new(node), output: 0 }
    }

    /// The array of a constant, without a copy of the handle left behind when this was the last
    /// one: its buffer can then be written in place.
    ///
    /// # Panics
    /// When this is not a constant.
    #[track_caller]
    pub fn into_array(self) -> Array {
        let empty = || Prim::from(Constant(Array::from_vec::<bool>(vec![], &[0])));
        let prim = match Arc::try_unwrap(self.node) {
            Ok(mut node) => std::mem::replace(&mut node.prim, empty()),
            Err(shared) => shared.prim.clone(),
        };
        let Prim::Constant(Constant(array)) = prim else {
            panic!("into_array of an expression that is not a constant");
        };
        array
    }

    /// The array, when this is a constant.
    pub fn as_constant(&self) -> Option<&Array> {
        if let Prim::Constant(Constant(value)) = &self.node.prim { Some(value) } else { None }
    }
}

thread_local!(static PLACE: Cell<Option<&'static Location<'static>>> = const { Cell::new(None) });

/// Runs `f` with every node it makes said to be made at `at`: what a rule makes stands where the
/// operation stands that it differentiates, transposes or batches.
pub fn standing_at<T>(at: &'static Location<'static>, f: impl FnOnce() -> T) -> T {
    struct Restore(Option<&'static Location<'static>>);
    impl Drop for Restore {
        fn drop(&mut self) {
            PLACE.set(self.0);
        }
    }
    let _restore = Restore(PLACE.replace(Some(at)));
    f()
}

/// Applies an operation: the only way, apart from leaves, that a node comes to be.
///
/// # Errors
/// Operands that do not fit, or that belong to a scope that has been closed.
#[track_caller]
pub fn try_bind(prim: impl Into<Prim>, inputs: &[&Expr]) -> Result<Vec<Expr>, TypeError> {
    bind_at(prim.into(), inputs, Location::caller())
}

/// [`try_bind`] for a node that stands where another one stood.
pub fn bind_at(
    prim: Prim,
    inputs: &[&Expr],
    at: &'static Location<'static>,
) -> Result<Vec<Expr>, TypeError> {
    Ok(Expr::outputs_of(&node_at(prim, inputs, at)?))
}

/// The node of an operation on these operands.
fn node_at(
    prim: Prim,
    inputs: &[&Expr],
    at: &'static Location<'static>,
) -> Result<Arc<Node>, TypeError> {
    let at = PLACE.get().unwrap_or(at);
    let types: SmallVec<[&Type; 4]> = inputs.iter().map(|x| x.ty()).collect();
    let outputs = match prim.rules().typ(&types) {
        Ok(outputs) => outputs,
        Err(e) => return Err(with_operands(e, &prim, inputs)),
    };
    node_of_types(prim, inputs, SmallVec::from_vec(outputs), at)
}

/// A node's operation on other operands of the same types.
///
/// # Errors
/// Operands that belong to a scope that has been closed.
pub fn rebind(node: &Node, inputs: &[&Expr]) -> Result<Arc<Node>, TypeError> {
    debug_assert!(
        inputs.iter().zip(&node.inputs).all(|(x, old)| x.ty() == old.ty()),
        "{node:?} on operands of other types"
    );
    let at = PLACE.get().unwrap_or(node.at);
    node_of_types(node.prim.clone(), inputs, node.types.clone(), at)
}

/// The error with the operation that it is about and its operands.
#[cold]
fn with_operands(mut e: TypeError, prim: &Prim, inputs: &[&Expr]) -> TypeError {
    e.op = prim.rules().name().to_string();
    e.operands = inputs.iter().map(|x| (x.ty().clone(), Some(x.node.at))).collect();
    e
}

/// The node of an operation whose results have these types.
fn node_of_types(
    prim: Prim,
    inputs: &[&Expr],
    types: SmallVec<[Type; 1]>,
    at: &'static Location<'static>,
) -> Result<Arc<Node>, TypeError> {
    let mut scope: Option<&Arc<Scope>> = None;
    for s in inputs.iter().filter_map(|x| x.scope()) {
        if !s.is_open() {
            let e = TypeError::new(format!(
                "an operand is a placeholder of `{}` (called at {}:{}) that has escaped: the \
                 transformation is over, and what it traced has no value outside; return it from \
                 the function instead",
                s.kind(),
                s.at().file(),
                s.at().line()
            ));
            return Err(with_operands(e, &prim, inputs));
        }
        if scope.is_none_or(|t| s.depth() > t.depth()) {
            scope = Some(s);
        }
    }
    // A named axis is a free variable too, which the `vmap` of that name binds.
    let axes = Scope::of_axes(|name| prim.uses_axis(name));
    let scope = match (scope, axes) {
        (Some(s), Some(axes)) if s.depth() >= axes.depth() => Some(s.clone()),
        (s, axes) => axes.or_else(|| s.cloned()),
    };
    Ok(Arc::new(Node {
        id: NEXT.fetch_add(1, Ordering::Relaxed),
        inputs: inputs.iter().map(|&x| x.clone()).collect(),
        types,
        scope,
        at,
        prim,
        values: OnceLock::new(),
    }))
}

/// Applies an operation whose operands are known to fit.
///
/// # Panics
/// At the caller's line when they do not.
#[track_caller]
pub fn bind(prim: impl Into<Prim>, inputs: &[&Expr]) -> Vec<Expr> {
    match bind_at(prim.into(), inputs, Location::caller()) {
        Ok(outputs) => outputs,
        Err(e) => panic!("{e}"),
    }
}

/// [`bind`] for operations with one output.
#[track_caller]
pub fn bind1(prim: impl Into<Prim>, inputs: &[&Expr]) -> Expr {
    match node_at(prim.into(), inputs, Location::caller()) {
        Ok(node) => {
            let n = node.types.len();
            assert_eq!(n, 1, "bind1 of an operation with {n} outputs");
            Expr { node, output: 0 }
        }
        Err(e) => panic!("{e}"),
    }
}

/// The nodes that `roots` depend on, each after its inputs, entering only nodes that `enter`
/// allows. Iterative: a chain of a million nodes is no problem.
pub fn reachable<'a>(
    roots: impl IntoIterator<Item = &'a Expr>,
    mut enter: impl FnMut(&Node) -> bool,
) -> Vec<&'a Arc<Node>> {
    // Bits by number, 64 to an entry: what has been met is met in a few places of memory.
    let mut seen: HashMap<u64, u64, RandomState> = HashMap::default();
    let mut stack: Vec<&Arc<Node>> = roots.into_iter().map(|r| &r.node).collect();
    let mut out: Vec<(u64, &Arc<Node>)> = vec![];
    while let Some(node) = stack.pop() {
        if enter(node) {
            let (bits, bit) = (seen.entry(node.id / 64).or_default(), 1 << (node.id % 64));
            if *bits & bit == 0 {
                *bits |= bit;
                stack.extend(node.inputs.iter().map(|x| &x.node));
                out.push((node.id, node));
            }
        }
    }
    out.sort_unstable_by_key(|&(id, _)| id);
    out.into_iter().map(|(_, node)| node).collect()
}

// Dropping the last reference to the end of a long chain would recurse once per node. Instead the
// inputs that nobody else holds are moved onto a worklist.
impl Drop for Node {
    fn drop(&mut self) {
        let mut work: SmallVec<[Expr; 4]> = self.inputs.drain(..).collect();
        if let Some(b) = self.prim.take_binding() {
            work.push(b);
        }
        while let Some(expr) = work.pop() {
            if let Some(mut node) = Arc::into_inner(expr.node) {
                work.extend(node.inputs.drain(..));
                if let Some(b) = node.prim.take_binding() {
                    work.push(b);
                }
            }
        }
    }
}

impl fmt::Debug for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}#{}.{}: {}",
            self.node.prim.rules().name(),
            self.node.id,
            self.output,
            self.ty()
        )
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.prim.rules().name(), self.id)
    }
}

/// Shorthand in rules: the transformation failed for this operation.
pub type RuleResult<T> = Result<T, RuleError>;
