//! What can be wrong with an operation: its operands' types, or a rule it does not have.

use array::Type;
use std::fmt;
use std::panic::Location;

/// Operands that do not fit an operation.
#[derive(Clone, Debug)]
pub struct TypeError {
    /// The operation's name.
    pub op: String,
    /// Which constraint is violated, in words.
    pub message: String,
    /// Each operand's type, with where it was made when that is known.
    pub operands: Vec<(Type, Option<&'static Location<'static>>)>,
}

impl TypeError {
    /// An error that does not know its operands yet; `bind` adds them.
    pub fn new(message: impl Into<String>) -> TypeError {
        TypeError { op: String::new(), message: message.into(), operands: vec![] }
    }
}

impl fmt::Display for TypeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.op, self.message)?;
        for (i, (ty, at)) in self.operands.iter().enumerate() {
            write!(f, "\n   operand {i}  {ty}")?;
            if let Some(at) = at {
                write!(f, "   made at {}:{}", at.file(), at.line())?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for TypeError {}

/// Fails with `message` unless `ok`.
pub fn ensure(ok: bool, message: impl FnOnce() -> String) -> Result<(), TypeError> {
    if ok { Ok(()) } else { Err(TypeError::new(message())) }
}

/// A transformation that an operation does not have, such as the transpose of something that is
/// not linear, or reverse mode through a `while`.
#[derive(Clone, Debug)]
pub struct RuleError {
    /// The operation's name.
    pub op: String,
    /// `jvp`, `transpose`, `batch` or `eval`.
    pub transformation: &'static str,
    /// Why not, and what would do instead.
    pub reason: String,
    /// Where the operation was made.
    pub at: Option<&'static Location<'static>>,
}

impl RuleError {
    /// An error that does not know where its operation was made yet; the drivers add that.
    pub fn new(op: &str, transformation: &'static str, reason: impl Into<String>) -> RuleError {
        RuleError { op: op.to_string(), transformation, reason: reason.into(), at: None }
    }

    /// Adds the place unless a more precise one is known.
    pub fn or_at(mut self, at: &'static Location<'static>) -> RuleError {
        self.at.get_or_insert(at);
        self
    }
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of `{}`: {}", self.transformation, self.op, self.reason)?;
        if let Some(at) = self.at {
            write!(f, "\n   `{}` made at {}:{}", self.op, at.file(), at.line())?;
        }
        Ok(())
    }
}

impl std::error::Error for RuleError {}

impl From<TypeError> for RuleError {
    fn from(e: TypeError) -> RuleError {
        RuleError { op: e.op.clone(), transformation: "type", reason: e.to_string(), at: None }
    }
}
