//! What can be wrong with a request for mathematics.

use super::derivation::HIGHEST_ORDER;
use super::expression::ExpressionError;
use crate::error::{RuleError, TypeError};
use std::fmt;

/// Why there is no derivation.
#[derive(Clone, Debug)]
pub enum MathError {
    /// The text is not an expression.
    Expression(ExpressionError),
    /// The expression does not have the variable.
    UnknownVariable {
        /// The variable asked for.
        name: String,
        /// Those it has.
        variables: Vec<String>,
    },
    /// The program does not have the input, or its input or outputs are not floats.
    Input(String),
    /// The order is beyond [`HIGHEST_ORDER`].
    Order(usize),
    /// The function has more operations than are explained step by step.
    TooLarge {
        /// How many operations it has.
        size: usize,
        /// How many it may have.
        limit: usize,
    },
    /// An operation has no derivative.
    Rule(RuleError),
    /// Operands do not fit; not for valid programs.
    Type(TypeError),
}

impl fmt::Display for MathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MathError::Expression(e) => e.fmt(f),
            MathError::UnknownVariable { name, variables } if variables.is_empty() => {
                write!(f, "`{name}` is not a variable: the expression has none")
            }
            MathError::UnknownVariable { name, variables } => {
                let one = variables.len() == 1;
                let are = if one { "its only variable is" } else { "its variables are" };
                let variables = variables.join(", ");
                write!(f, "`{name}` is not a variable of the expression; {are} {variables}")
            }
            MathError::Input(message) => f.write_str(message),
            MathError::Order(order) => {
                write!(f, "derivatives are explained up to order {HIGHEST_ORDER}, not {order}")
            }
            MathError::TooLarge { size, limit } => {
                write!(f, "the function has {size} operations; derivations have at most {limit}")
            }
            MathError::Rule(e) => e.fmt(f),
            MathError::Type(e) => e.fmt(f),
        }
    }
}

impl std::error::Error for MathError {}

impl From<ExpressionError> for MathError {
    fn from(e: ExpressionError) -> MathError {
        MathError::Expression(e)
    }
}
impl From<RuleError> for MathError {
    fn from(e: RuleError) -> MathError {
        MathError::Rule(e)
    }
}
impl From<TypeError> for MathError {
    fn from(e: TypeError) -> MathError {
        MathError::Type(e)
    }
}
