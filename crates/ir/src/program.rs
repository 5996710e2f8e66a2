//! Closed programs: a flat list of equations with numbered variables.

use crate::environment::Environment;
use crate::error::{RuleError, TypeError, ensure};
use crate::expr::{Expr, Node, RuleResult, bind_at, reachable};
use crate::prim::{Constant, Prim};
use crate::scope::Scope;
use array::{Array, Type};
use smallvec::SmallVec;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::Location;
use std::sync::OnceLock;

/// A variable of a program: inputs come first, then the outputs of each equation in order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Var(pub u32);

impl Var {
    /// Position in the program's table of types.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// One operation of a program. Its outputs are the next free variables.
#[derive(Clone, Debug)]
pub struct Equation {
    /// The operation.
    pub prim: Prim,
    /// Its operands.
    pub inputs: SmallVec<[Var; 2]>,
    /// The first of its outputs; the others follow.
    pub first: Var,
    /// Number of outputs.
    pub outputs: u32,
    /// Where it was made, when it comes from Rust code.
    pub at: Option<&'static Location<'static>>,
}

impl Equation {
    /// The outputs.
    pub fn results(&self) -> impl Iterator<Item = Var> + use<> {
        (self.first.0..self.first.0 + self.outputs).map(Var)
    }
}

/// A closed program in canonical numbering. Equality is structural (places are ignored), with a
/// hash that is computed once.
#[derive(Clone, Debug)]
pub struct Program {
    inputs: usize,
    types: Vec<Type>,
    equations: Vec<Equation>,
    outputs: Vec<Var>,
    /// Computed when somebody asks for it first: most programs are on the way to another one.
    hash: OnceLock<u64>,
}

impl PartialEq for Program {
    fn eq(&self, other: &Program) -> bool {
        self.stored_hash() == other.stored_hash()
            && self.inputs == other.inputs
            && self.outputs == other.outputs
            && self.types == other.types
            && self.equations.len() == other.equations.len()
            && self
                .equations
                .iter()
                .zip(&other.equations)
                .all(|(a, b)| a.inputs == b.inputs && a.prim == b.prim)
    }
}
impl Eq for Program {}
/// The program without inputs, equations and outputs.
impl Default for Program {
    fn default() -> Program {
        Builder::new(vec![]).finish(vec![])
    }
}
impl Hash for Program {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.stored_hash().hash(state);
    }
}

impl Program {
    /// Types of the inputs.
    pub fn input_types(&self) -> &[Type] {
        &self.types[..self.inputs]
    }
    /// The inputs.
    pub fn inputs(&self) -> impl Iterator<Item = Var> + use<> {
        (0..self.inputs as u32).map(Var)
    }
    /// The equations, each after those it depends on.
    pub fn equations(&self) -> &[Equation] {
        &self.equations
    }
    /// The outputs.
    pub fn outputs(&self) -> &[Var] {
        &self.outputs
    }
    /// The type of a variable.
    pub fn ty(&self, v: Var) -> &Type {
        &self.types[v.index()]
    }
    /// Types of all variables.
    pub fn types(&self) -> &[Type] {
        &self.types
    }
    /// Types of the outputs.
    pub fn output_types(&self) -> Vec<Type> {
        self.outputs.iter().map(|&v| self.ty(v).clone()).collect()
    }
    /// Number of variables.
    pub fn variables(&self) -> usize {
        self.types.len()
    }

    /// Evaluates the program with the reference rules.
    ///
    /// # Errors
    /// Where an operation has no value (see [`crate::prim::Primitive::eval`]).
    pub fn eval(&self, inputs: &[Array]) -> RuleResult<Vec<Array>> {
        let mut values: Vec<Option<Array>> = inputs.iter().cloned().map(Some).collect();
        values.resize(self.variables(), None);
        let last = self.last_uses();
        for (i, eq) in self.equations.iter().enumerate() {
            let x: SmallVec<[&Array; 4]> = eq
                .inputs
                .iter()
                .map(|v| values[v.index()].as_ref().expect("invariant: defined before use"))
                .collect();
            let y = eq.prim.rules().eval(&x).map_err(|e| match eq.at {
                Some(at) => e.or_at(at),
                None => e,
            })?;
            drop(x);
            for (v, y) in eq.results().zip(y) {
                values[v.index()] = Some(y);
            }
            for v in &eq.inputs {
                if last[v.index()] == i {
                    values[v.index()] = None;
                }
            }
        }
        let take = |v: &Var| values[v.index()].clone().expect("invariant: outputs are defined");
        Ok(self.outputs.iter().map(take).collect())
    }

    /// For each variable, the last equation that reads it; `usize::MAX` for outputs and for
    /// variables that nothing reads.
    pub fn last_uses(&self) -> Vec<usize> {
        let mut last = vec![usize::MAX; self.variables()];
        for (i, eq) in self.equations.iter().enumerate() {
            for v in &eq.inputs {
                last[v.index()] = i;
            }
        }
        for v in &self.outputs {
            last[v.index()] = usize::MAX;
        }
        last
    }

    /// The program's outputs as expressions over the given inputs.
    ///
    /// # Errors
    /// When the inputs do not have the program's input types.
    pub fn inline(&self, inputs: &[Expr]) -> Result<Vec<Expr>, TypeError> {
        self.check_inputs(&inputs.iter().map(|x| x.ty()).collect::<Vec<_>>())?;
        let mut exprs: Vec<Expr> = Vec::with_capacity(self.variables());
        exprs.extend(inputs.iter().cloned());
        for eq in &self.equations {
            let x: SmallVec<[&Expr; 4]> = eq.inputs.iter().map(|v| &exprs[v.index()]).collect();
            let y = if let Prim::Constant(Constant(a)) = &eq.prim {
                vec![Expr::constant(a.clone())]
            } else {
                bind_at(eq.prim.clone(), &x, eq.at.unwrap_or(Location::caller()))?
            };
            drop(x);
            exprs.extend(y);
        }
        Ok(self.outputs.iter().map(|v| exprs[v.index()].clone()).collect())
    }

    /// Whether arrays of these types can be given as inputs.
    ///
    /// # Errors
    /// Naming the first that does not fit.
    pub fn check_inputs(&self, types: &[&Type]) -> Result<(), TypeError> {
        let expected = self.input_types();
        if types.len() != expected.len() {
            let message = format!("takes {} inputs, got {}", expected.len(), types.len());
            return Err(TypeError { op: "program".into(), message, operands: vec![] });
        }
        for (i, (got, want)) in types.iter().zip(expected).enumerate() {
            if *got != want {
                let message = format!("input {i} must be {want}, got {got}");
                return Err(TypeError { op: "program".into(), message, operands: vec![] });
            }
        }
        Ok(())
    }

    fn stored_hash(&self) -> u64 {
        *self.hash.get_or_init(|| self.structural_hash())
    }

    /// The hash, computed anew.
    fn structural_hash(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.types[..self.inputs].hash(&mut hasher);
        for eq in &self.equations {
            eq.prim.hash(&mut hasher);
            eq.inputs.hash(&mut hasher);
        }
        self.outputs.hash(&mut hasher);
        hasher.finish()
    }

    /// Whether the hash, if it is stored, is the one that belongs to the program.
    pub(crate) fn hash_is_right(&self) -> bool {
        self.hash.get().is_none_or(|&hash| hash == self.structural_hash())
    }

    /// A program of these parts, right or wrong, for testing the verifier.
    #[cfg(test)]
    pub(crate) fn from_parts(
        inputs: usize,
        types: Vec<Type>,
        equations: Vec<Equation>,
        outputs: Vec<Var>,
    ) -> Program {
        Program { inputs, types, equations, outputs, hash: OnceLock::new() }
    }

    /// Stores a wrong hash, for testing the verifier.
    #[cfg(test)]
    pub(crate) fn spoil_hash(&mut self) {
        self.hash = (!self.structural_hash()).into();
    }

    /// Floating-point operations of one run (see [`crate::prim::Primitive::flops`]).
    pub fn flops(&self) -> u64 {
        let of = |eq: &Equation| {
            let x: Vec<Type> = eq.inputs.iter().map(|&v| self.ty(v).clone()).collect();
            let y: Vec<Type> = eq.results().map(|v| self.ty(v).clone()).collect();
            eq.prim.rules().flops(&x, &y)
        };
        self.equations.iter().map(of).fold(0, u64::saturating_add)
    }

    /// Whether an operation inside waits for a `vmap` of this name.
    pub fn uses_axis(&self, name: &str) -> bool {
        self.equations.iter().any(|e| e.prim.uses_axis(name))
    }

    /// The deepest nesting of programs inside, 1 for a program without control flow.
    pub fn depth(&self) -> usize {
        let inner = self.equations.iter().flat_map(|e| e.prim.rules().programs());
        1 + inner.map(|p| p.depth()).max().unwrap_or(0)
    }
}

/// Builds a program equation by equation.
#[derive(Debug)]
pub struct Builder {
    program: Program,
}

/// The most axes that an array of a program from outside may have (NumPy's limit).
pub const MAX_RANK: usize = 64;

/// The most elements that an array of a program from outside may have, counting empty axes as
/// one: beyond any machine's memory, and far from overflow in the arithmetic of shapes.
pub const MAX_ELEMENTS: u64 = 1 << 40;

/// Whether an array of this type could exist.
///
/// # Errors
/// When it has more than [`MAX_RANK`] axes or more than [`MAX_ELEMENTS`] elements.
pub fn size_fits(ty: &Type) -> Result<(), TypeError> {
    ensure(ty.rank() <= MAX_RANK, || {
        format!("an array has at most {MAX_RANK} axes, not {}", ty.rank())
    })?;
    let elements = ty.shape.iter().fold(1_u64, |n, &d| n.saturating_mul(d.max(1) as u64));
    ensure(elements <= MAX_ELEMENTS, || {
        format!("{ty} is larger than {MAX_ELEMENTS} elements, the most an array may have")
    })
}

impl Builder {
    /// A builder for a program with these inputs.
    pub fn new(inputs: Vec<Type>) -> Builder {
        let program = Program {
            inputs: inputs.len(),
            types: inputs,
            equations: vec![],
            outputs: vec![],
            hash: OnceLock::new(),
        };
        Builder { program }
    }

    /// Makes room for so many equations and variables.
    pub fn reserve(&mut self, equations: usize, variables: usize) {
        self.program.equations.reserve(equations);
        self.program.types.reserve(variables);
    }

    /// The type of a variable made so far.
    pub fn ty(&self, v: Var) -> &Type {
        self.program.ty(v)
    }

    /// Number of variables so far.
    pub fn variables(&self) -> usize {
        self.program.variables()
    }

    /// Adds an equation; its outputs' types follow from the operation's type rule. This is the
    /// gate for programs that do not come from expressions.
    ///
    /// # Errors
    /// Operands that do not exist or do not fit, or a result too large to exist.
    pub fn push(
        &mut self,
        prim: Prim,
        inputs: &[Var],
        at: Option<&'static Location<'static>>,
    ) -> Result<Vec<Var>, TypeError> {
        let named = |mut e: TypeError, operands: Vec<Type>| {
            e.op = prim.rules().name().to_string();
            e.operands = operands.into_iter().map(|t| (t, None)).collect();
            e
        };
        if let Some(v) = inputs.iter().find(|v| v.index() >= self.program.variables()) {
            let message = format!("variable %{} is not defined", v.0);
            return Err(named(TypeError::new(message), vec![]));
        }
        let operands: SmallVec<[&Type; 4]> = inputs.iter().map(|&v| self.program.ty(v)).collect();
        let outputs = prim
            .rules()
            .typ(&operands)
            .and_then(|types| types.iter().try_for_each(size_fits).map(|()| types))
            .map_err(|e| named(e, operands.iter().map(|&t| t.clone()).collect()))?;
        drop(operands);
        Ok(self.push_typed(prim, SmallVec::from_slice(inputs), outputs, at).to_vec())
    }

    /// The equations so far.
    pub fn equations(&self) -> &[Equation] {
        &self.program.equations
    }

    /// Adds an equation whose outputs' types are known: one that comes from a program, on
    /// operands of the same types.
    pub fn push_typed(
        &mut self,
        prim: Prim,
        inputs: SmallVec<[Var; 2]>,
        types: impl IntoIterator<Item = Type>,
        at: Option<&'static Location<'static>>,
    ) -> SmallVec<[Var; 4]> {
        let first = Var(self.program.types.len() as u32);
        self.program.types.extend(types);
        let outputs = self.program.types.len() as u32 - first.0;
        self.program.equations.push(Equation { prim, inputs, first, outputs, at });
        (first.0..first.0 + outputs).map(Var).collect()
    }

    /// The finished program.
    pub fn finish(mut self, outputs: Vec<Var>) -> Program {
        self.program.outputs = outputs;
        self.program
    }
}

/// A program closed over a scope, with the outer expressions it captured.
#[derive(Debug)]
pub struct Closed {
    /// The program; its inputs are the parameters, then the captured expressions.
    pub program: Program,
    /// Expressions of outer scopes (and large arrays) that the outputs depend on.
    pub captured: Vec<Expr>,
}

/// Constants with more elements than this become inputs of a program that is closed for being
/// run, instead of being stored in it.
pub const EMBEDDED: usize = 16;

/// Closes expressions over the placeholders `params` of `scope` into a program. Expressions of
/// outer scopes are captured; so are constants of more than `embedded` elements.
///
/// # Errors
/// When an output depends on a placeholder of `scope` that is not among `params`.
pub fn close(
    scope: Option<&Scope>,
    params: &[Expr],
    outputs: &[Expr],
    embedded: usize,
) -> RuleResult<Closed> {
    let inside = |node: &Node| match (node.scope(), scope) {
        (None, _) => true,
        (Some(s), Some(scope)) => s.id() == scope.id(),
        (Some(_), None) => false,
    };
    let large =
        |node: &Node| matches!(node.prim(), Prim::Constant(Constant(a)) if a.len() > embedded);
    let nodes = reachable(outputs, inside);
    let mut vars: Environment<Var> = Environment::new(params, &nodes);
    let mut captured: Vec<Expr> = vec![];
    for (i, p) in params.iter().enumerate() {
        vars.insert(p.key(), Var(i as u32));
    }
    // Captured expressions are inputs too, so they must be numbered before any equation.
    let uses = nodes.iter().flat_map(|n| n.inputs()).chain(outputs);
    for x in uses {
        if (!inside(x.node()) || large(x.node())) && vars.get(x.key()).is_none() {
            vars.insert(x.key(), Var((params.len() + captured.len()) as u32));
            captured.push(x.clone());
        }
    }
    let types = params.iter().chain(&captured).map(|x| x.ty().clone()).collect();
    let mut builder = Builder::new(types);
    builder.reserve(nodes.len(), nodes.len());
    let var = |vars: &Environment<Var>, x: &Expr| {
        *vars.get(x.key()).expect("invariant: inputs come before the nodes that read them")
    };
    for node in &nodes {
        if vars.get((node.id(), 0)).is_some() {
            continue; // a parameter or a captured constant
        }
        if let Prim::Placeholder(_) = node.prim() {
            return Err(RuleError::new(
                "placeholder",
                "trace",
                "a placeholder of this scope is not among its parameters",
            )
            .or_at(node.at()));
        }
        let inputs = node.inputs().iter().map(|x| var(&vars, x)).collect();
        let types = node.types().iter().cloned();
        let results = builder.push_typed(node.prim().clone(), inputs, types, Some(node.at()));
        for (i, v) in results.into_iter().enumerate() {
            vars.insert((node.id(), i as u32), v);
        }
    }
    let program = builder.finish(outputs.iter().map(|y| var(&vars, y)).collect());
    Ok(Closed { program, captured })
}
