//! The program that a function leaves behind when it is traced, to look at: its size, its cost.

pub use crate::profile::{Compiled, Profile, StepProfile};

use crate::execute::expect;
use crate::transformations::{exprs, open};
use crate::{DType, Tensor, Tree};
use ir::{Expr, Program, Scope, ScopeKind, close};

/// The program of a function for arguments of certain types.
#[derive(Clone, Debug)]
pub struct Traced {
    program: Program,
    captured: Vec<Expr>,
}

/// Traces a function, without running it: the program that `jit` would compile, captured arrays as
/// further inputs.
///
/// ```
/// use tensor::{Tensor, grad, trace};
/// let loss = |x: &Tensor| x.tanh().square().sum();
/// let forward = trace(loss)(&Tensor::from([1.0, 2.0]));
/// let with_gradient = trace(|x: &Tensor| grad(loss)(x))(&Tensor::from([1.0, 2.0]));
/// assert!(with_gradient.operations() > forward.operations());
/// ```
#[track_caller]
pub fn trace<T: Tree, O: Tree, F: FnOnce(&T) -> O>(f: F) -> impl FnOnce(&T) -> Traced {
    let at = std::panic::Location::caller();
    move |x| {
        let guard = Scope::enter_at(ScopeKind::Program("trace"), at);
        let input = open(x, guard.scope(), false, |_| true);
        let result = f(&input.tree);
        let closed =
            expect(close(Some(guard.scope()), &input.params, &exprs(&result), ir::EMBEDDED));
        Traced { program: closed.program, captured: closed.captured }
    }
}

impl Traced {
    /// A program from its text (see [`Traced::text`]), such as one from a file.
    ///
    /// # Errors
    /// What is wrong with the text, and where.
    pub fn parse(text: &str) -> Result<Traced, String> {
        let program = ir::parse(text).map_err(|e| e.to_string())?;
        Ok(Traced { program, captured: vec![] })
    }

    /// Element types and shapes of the arguments' leaves, captured arrays not included.
    pub fn arguments(&self) -> Vec<(DType, Vec<usize>)> {
        let own = self.program.input_types().len() - self.captured.len();
        let types = &self.program.input_types()[..own];
        types.iter().map(|t| (t.dtype, t.shape.clone())).collect()
    }

    /// Number of operations, bodies of control flow not counted.
    pub fn operations(&self) -> usize {
        self.program.equations().len()
    }

    /// Floating-point operations of one run; a multiply-add counts 2.
    pub fn flops(&self) -> u64 {
        self.program.flops()
    }

    /// The program as text, one operation a line.
    pub fn text(&self) -> String {
        self.program.to_string()
    }

    /// The program as formulas in Unicode text: what is used more than once has a name.
    ///
    /// ```
    /// use tensor::{Tensor, trace};
    /// let f = trace(|x: &Tensor| x.tanh().square())(&Tensor::from(1.0));
    /// assert!(f.formulas().contains("tanh"));
    /// ```
    pub fn formulas(&self) -> String {
        ir::math::unicode(&self.program)
    }

    /// The derivation of the derivative with respect to one input (the leaves of the argument,
    /// counted from 0), rule by rule.
    ///
    /// # Errors
    /// When an operation has no derivative, or the program has no formula (control flow).
    pub fn derivation(&self, input: usize, order: usize) -> Result<String, String> {
        let derivation = ir::math::derivation(&self.program, input, order);
        derivation.map(|d| d.to_string()).map_err(|e| e.to_string())
    }

    /// The values of the captured arrays, which are the program's last inputs.
    ///
    /// # Panics
    /// When one of them is traced by an enclosing transformation.
    pub fn captured(&self) -> Vec<Tensor> {
        self.captured.iter().cloned().map(Tensor).collect()
    }

    /// Another program that captures the same.
    pub(crate) fn with_program(&self, program: Program) -> Traced {
        Traced { program, captured: self.captured.clone() }
    }

    /// The program itself, for the project's own tools.
    #[doc(hidden)]
    pub fn program(&self) -> &Program {
        &self.program
    }
}

/// The derivation of a derivative of an expression of scalars, such as `tanh(x*w)^2`, rule by
/// rule, as a student would write it down.
///
/// # Errors
/// What is wrong with the expression, and where; a variable that does not occur; an order that is
/// too high.
///
/// ```
/// let text = tensor::explain("tanh(x*w)^2", "w", 1).unwrap();
/// assert!(text.contains("2·x·tanh(x·w)·(1 − tanh²(x·w))"));
/// ```
pub fn explain(expression: &str, wrt: &str, order: usize) -> Result<String, String> {
    let explanation = ir::math::explain(expression, wrt, order);
    explanation.map(|e| e.to_string()).map_err(|e| e.to_string())
}
