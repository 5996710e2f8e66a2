//! The language of programs: expressions over a closed list of primitives, each declared in one
//! place with all its rules, and the transformations, which are walks over expressions.
//!
//! The way of the data: a traced function leaves behind [`Expr`]essions; [`close`] makes them a
//! [`Program`], a flat list of equations; the compiler turns that into a plan and the engine runs
//! it. Here nothing knows how numbers are made fast: every primitive's `eval` is the slow and
//! obviously right meaning that the engine is tested against.

pub mod check;
pub mod cost;
mod environment;
pub mod error;
pub mod expr;
pub mod linalg;
pub mod math;
mod ops;
pub mod parse;
pub mod prim;
pub mod print;
pub mod program;
pub mod reference;
pub mod scope;
pub mod transform;
pub mod verify;

pub use cost::Cost;
pub use error::{RuleError, TypeError};
pub use expr::{Expr, Node, RuleResult, bind, bind1, try_bind};
pub use parse::{ParseError, parse};
pub use prim::{Prim, Primitive, Tangent};
pub use program::{Builder, Closed, EMBEDDED, Equation, Program, Var, close};
pub use scope::{Scope, ScopeGuard, ScopeKind};
pub use verify::{VerifyError, verify};
