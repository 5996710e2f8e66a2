//! From programs to plans: pure functions, no numbers, no threads.
//!
//! A [`Program`] goes through passes that return programs of the same meaning (each in its own
//! file) and is then laid out as a [`Plan`]: steps in order, which slot each value lives in, and
//! where each is needed for the last time.
//!
//! ```text
//! simplify → common_subexpressions → dead_code → schedule
//! ```
//!
//! The law of every pass: the program it returns has the same inputs, and evaluates to the same
//! bits for all of them.
//!
//! ```
//! use array::{DType, Type};
//! use ir::{Builder, prim::Binary};
//! let mut b = Builder::new(vec![Type::new(DType::F32, vec![3])]);
//! let x = b.variables() as u32 - 1;
//! let y = b.push(Binary::Add.into(), &[ir::Var(x), ir::Var(x)], None).unwrap();
//! let plan = compile::compile(&b.finish(y));
//! assert_eq!(plan.steps().len(), 1);
//! ```

mod common_subexpressions;
mod dead_code;
mod plan;
mod schedule;

pub use common_subexpressions::common_subexpressions;
pub use dead_code::dead_code;
pub use plan::{Operation, Plan, Source, Step};
pub use schedule::schedule;

use ir::Program;

/// The plan of a program: optimised, then scheduled. The bodies of control flow are compiled
/// with it, once.
pub fn compile(program: &Program) -> Plan {
    schedule(&optimise(program))
}

/// All passes from programs to programs.
pub fn optimise(program: &Program) -> Program {
    dead_code(&common_subexpressions(program))
}

/// Adds an equation of an existing program to a new one.
fn push(builder: &mut ir::Builder, eq: &ir::Equation, inputs: &[ir::Var]) -> Vec<ir::Var> {
    let pushed = builder.push(eq.prim.clone(), inputs, eq.at);
    pushed.expect("invariant: operands keep their types, so what fitted before fits again")
}
