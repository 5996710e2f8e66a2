//! The primitives: the closed list of operations that programs are made of.
//!
//! Each primitive is a small struct of parameters, declared in one place with everything the
//! system knows about it: the trait [`Primitive`] has no default methods, so a forgotten rule
//! does not compile. Inputs live in the node, parameters in the struct; equality and hashing are
//! derived, so that common-subexpression elimination cannot merge what differs.

mod axis_sum;
mod binary;
mod call;
mod cholesky;
mod cond;
mod conv;
mod cumulative;
mod custom_rule;
mod dot;
mod dynamic;
mod eigh;
mod family;
mod fft;
mod indexing;
mod layout;
mod leaf;
mod list;
mod lu;
mod lu_solve;
pub(crate) mod matrix;
mod qr;
mod random;
mod reduce;
mod scalar;
mod scan;
mod sliding;
mod sort;
mod svd;
mod threefry;
mod triangular;
mod unary;
mod while_loop;
mod window;

pub use call::CallKind;
pub use cumulative::CumulativeOp;
pub use custom_rule::{CustomJvp, CustomVjp, RuleRef};
pub(crate) use family::in_front;
pub use fft::FftKind;
pub use layout::Padding;
pub use list::*;
pub use reduce::ReduceOp;
pub use window::WindowOp;

use crate::error::TypeError;
use crate::expr::{Expr, RuleResult};
use crate::program::Program;
use array::{Array, Type};
use std::fmt;
use std::sync::Arc;

/// A tangent or cotangent; `None` is the symbolic zero.
pub type Tangent = Option<Expr>;

/// What a primitive's `jvp` gives.
#[derive(Debug)]
pub struct Jvp {
    /// The outputs, where the rule computes them anew together with what the tangents need
    /// (`scan` does: its body must run once). `None`: the outputs as they are.
    pub primals: Option<Vec<Expr>>,
    /// One tangent per output.
    pub tangents: Vec<Tangent>,
}

impl From<Vec<Tangent>> for Jvp {
    fn from(tangents: Vec<Tangent>) -> Jvp {
        Jvp { primals: None, tangents }
    }
}

impl From<Tangent> for Jvp {
    fn from(tangent: Tangent) -> Jvp {
        Jvp { primals: None, tangents: vec![tangent] }
    }
}

/// An input as a transpose rule sees it.
#[derive(Clone, Debug)]
pub enum Operand {
    /// An input that does not depend on the tangents.
    Known(Expr),
    /// An input in which the operation must be linear; a cotangent is asked for.
    Linear(Type),
}

impl Operand {
    /// The operand's type.
    pub fn ty(&self) -> &Type {
        match self {
            Operand::Known(x) => x.ty(),
            Operand::Linear(ty) => ty,
        }
    }

    /// Whether a cotangent is asked for.
    pub fn is_linear(&self) -> bool {
        matches!(self, Operand::Linear(_))
    }

    /// The expression of a known operand.
    pub fn known(&self) -> Option<&Expr> {
        match self {
            Operand::Known(x) => Some(x),
            Operand::Linear(_) => None,
        }
    }
}

/// The axis that `vmap` adds: always axis 0 of batched operands.
#[derive(Clone, Debug)]
pub struct BatchAxis {
    /// Number of examples.
    pub size: usize,
    /// Its name, for `axis_sum`.
    pub name: Option<Arc<str>>,
}

/// The output of a batching rule: the expression, and whether axis 0 of it is the batch axis
/// (otherwise it is the same for every example).
pub type Batched = (Expr, bool);

/// Everything the system knows about one operation. No default methods: a missing rule is a
/// compile error in the operation's own file.
pub trait Primitive: fmt::Debug + Send + Sync {
    /// The name, as in `lax` / StableHLO.
    fn name(&self) -> &'static str;

    /// Types of the outputs from the types of the inputs.
    ///
    /// # Errors
    /// The violated constraint in words; `bind` adds name, operand types and places.
    fn typ(&self, x: &[&Type]) -> Result<Vec<Type>, TypeError>;

    /// The reference meaning on plain arrays: short, slow, obviously right.
    ///
    /// # Errors
    /// Only where there is no value, such as an axis name that no `vmap` binds.
    fn eval(&self, x: &[&Array]) -> RuleResult<Vec<Array>>;

    /// Tangents of the outputs `y` from the tangents of the inputs `x`; linear in `dx`.
    fn jvp(&self, x: &[Expr], y: &[Expr], dx: &[Tangent]) -> RuleResult<Jvp>;

    /// One cotangent per input (`None` for known inputs and for zeros) from the cotangents of
    /// the outputs, given that the outputs are linear in the inputs marked
    /// [`Operand::Linear`] jointly.
    fn transpose(&self, ct: &[Tangent], x: &[Operand]) -> RuleResult<Vec<Tangent>>;

    /// The operation on a batch: inputs with `batched` carry the batch axis in front. At least
    /// one input is batched.
    fn batch(&self, x: &[Expr], batched: &[bool], axis: &BatchAxis) -> RuleResult<Vec<Batched>>;

    /// Floating-point operations of one evaluation (a multiply-add counts 2, a transcendental
    /// function 1).
    fn flops(&self, x: &[Type], y: &[Type]) -> u64;

    /// The programs inside (bodies of control flow); see [`no_programs!`](crate::no_programs).
    fn programs(&self) -> Vec<&Arc<Program>>;

    /// The programs inside, to be replaced.
    fn programs_mut(&mut self) -> Vec<&mut Arc<Program>>;

    /// Parameter values with inputs to try them on. The battery iterates over these: no
    /// primitive without a test.
    fn examples() -> Vec<Example>
    where
        Self: Sized;
}

/// How to fill an example's input.
#[derive(Clone, Debug)]
pub enum Fill {
    /// Pseudo-random values inside the open interval; distinct, and away from its ends.
    Range(f64, f64),
    /// These values (converted to the input's dtype), repeated as needed.
    Values(Vec<f64>),
    /// A symmetric positive definite matrix in the last two axes, well conditioned.
    PositiveDefinite,
    /// A symmetric matrix in the last two axes with well-separated eigenvalues.
    Symmetric,
    /// A matrix in the last two axes that is well conditioned with separated singular values.
    WellConditioned,
}

/// A primitive with inputs to try it on.
#[derive(Clone, Debug)]
pub struct Example {
    /// The operation.
    pub prim: Prim,
    /// Types and contents of the inputs.
    pub inputs: Vec<(Type, Fill)>,
    /// Why derivative checks make no sense here, if they do not (integers, kinks, `while`).
    pub without_derivative: Option<&'static str>,
    /// Why reverse mode has no meaning here, if it has none (`while`).
    pub without_reverse: Option<&'static str>,
    /// The name of an axis that every input carries in front and that a `vmap` around the
    /// operation binds, for operations that have no value without one.
    pub mapped_over: Option<String>,
}

impl Example {
    /// An example whose inputs are f64 arrays of these shapes with values in (0.2, 0.9).
    pub fn new(prim: impl Into<Prim>, shapes: &[&[usize]]) -> Example {
        let inputs = shapes
            .iter()
            .map(|s| (Type::new(array::DType::F64, *s), Fill::Range(0.2, 0.9)))
            .collect();
        Example {
            prim: prim.into(),
            inputs,
            without_derivative: None,
            without_reverse: None,
            mapped_over: None,
        }
    }

    /// Replaces the contents of input `i`.
    pub fn fill(mut self, i: usize, fill: Fill) -> Example {
        self.inputs[i].1 = fill;
        self
    }

    /// Replaces the contents of every input.
    pub fn fill_all(mut self, fill: &Fill) -> Example {
        for input in &mut self.inputs {
            input.1 = fill.clone();
        }
        self
    }

    /// Replaces the dtype of input `i`.
    pub fn dtype(mut self, i: usize, dtype: array::DType) -> Example {
        self.inputs[i].0.dtype = dtype;
        self
    }

    /// Marks the example as one that only forward mode can differentiate, and says why.
    pub fn forward_only(mut self, why: &'static str) -> Example {
        self.without_reverse = Some(why);
        self
    }

    /// Marks the example as one whose derivative has no meaning, and says why.
    pub fn without_derivative(mut self, why: &'static str) -> Example {
        self.without_derivative = Some(why);
        self
    }

    /// Runs the example under a `vmap` of this name, over axis 0 of every input.
    pub fn mapped_over(mut self, name: &str) -> Example {
        self.mapped_over = Some(name.to_string());
        self
    }
}

/// A dtype in printed parameters: its name.
pub(crate) mod dtype_text {
    use array::DType;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(crate) fn serialize<S: Serializer>(dtype: &DType, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(dtype.name())
    }
    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<DType, D::Error> {
        let name = String::deserialize(d)?;
        DType::from_name(&name).ok_or_else(|| D::Error::custom(format!("no dtype `{name}`")))
    }
}
