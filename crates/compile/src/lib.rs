//! From programs to plans: pure functions, no numbers, no threads.
//!
//! A [`Program`] goes through passes that return programs of the same meaning (each in its own
//! file) and is then laid out as a [`Plan`]: steps in order, which slot each value lives in, and
//! where each is needed for the last time.
//!
//! ```text
//! inline_calls → simplify → common_subexpressions → loops → side_by_side → transposed_products
//!     → dead_code → schedule
//! ```
//!
//! The law of every pass: the program it returns has the same inputs, and evaluates to the same
//! bits for all of them. The exception is the part of [`loops`] that takes sums out of loops
//! ([`sums`]): it adds the same numbers in another order.
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
mod convolutions;
mod dead_code;
mod fuse;
mod inline_calls;
mod plan;
mod products;
mod rewriter;
mod scan;
mod schedule;
mod side_by_side;
mod simplify;
mod ties;
mod transposed_products;
mod work;

pub use common_subexpressions::common_subexpressions;
pub use convolutions::Convolution;
pub use dead_code::dead_code;
pub use fuse::{
    Extent, Fused, Instruction, Link, Place, Reading, View, function_of_chain, is_arithmetic,
    is_elementwise,
};
pub use inline_calls::inline_calls;
pub use plan::{Operation, Plan, Source, Step};
pub use products::Product;
pub use scan::{in_front, invariant, loops, oriented, sums, unused};
pub use schedule::schedule;
pub use side_by_side::side_by_side;
pub use simplify::simplify;
pub use transposed_products::transposed_products;

use ir::Program;
use std::borrow::Cow;

/// The plan of a program: optimised, then scheduled. The bodies of control flow are compiled
/// with it, once.
pub fn compile(program: &Program) -> Plan {
    schedule(&optimise(program))
}

/// A pass from programs to programs; what it has nothing to do with it gives back as it is.
pub type Pass = fn(&Program) -> Cow<'_, Program>;

/// All passes from programs to programs by name, in their order.
pub const PASSES: [(&str, Pass); 7] = [
    ("inline_calls", inline_calls),
    ("simplify", |p| Cow::Owned(simplify(p))),
    ("common_subexpressions", common_subexpressions),
    ("loops", loops),
    ("side_by_side", side_by_side),
    ("transposed_products", transposed_products),
    ("dead_code", dead_code),
];

/// All passes from programs to programs, one after the other.
pub fn optimise(program: &Program) -> Program {
    let mut program = Cow::Borrowed(program);
    for (_, pass) in PASSES {
        if let Cow::Owned(changed) = pass(&program) {
            program = Cow::Owned(changed);
        }
    }
    program.into_owned()
}

/// The program after a pass that may leave it as it is, which then costs nothing.
pub(crate) fn after(program: Program, pass: impl FnOnce(&Program) -> Cow<'_, Program>) -> Program {
    let changed = match pass(&program) {
        Cow::Owned(changed) => Some(changed),
        Cow::Borrowed(_) => None,
    };
    changed.unwrap_or(program)
}
