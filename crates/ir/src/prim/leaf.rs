//! Leaves: placeholders and constants.

use super::{BatchAxis, Batched, Example, Jvp, Operand, Primitive, Tangent};
use crate::error::{RuleError, TypeError};
use crate::expr::{Expr, RuleResult};
use array::{Array, Type};
use serde::{Deserialize, Serialize};
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};

/// A free variable of an open scope; see [`crate::scope`].
#[derive(Clone, Debug)]
pub struct Placeholder {
    id: u64,
    ty: Type,
    binding: Option<Expr>,
}

static NEXT: AtomicU64 = AtomicU64::new(1);

impl Placeholder {
    /// A fresh one, standing for `binding` where that is known.
    pub fn new(ty: Type, binding: Option<Expr>) -> Placeholder {
        Placeholder { id: NEXT.fetch_add(1, Ordering::Relaxed), ty, binding }
    }

    /// What it stands for, when derivatives are being taken at a known point.
    pub fn binding(&self) -> Option<&Expr> {
        self.binding.as_ref()
    }

    pub(crate) fn take_binding(&mut self) -> Option<Expr> {
        self.binding.take()
    }
}

impl PartialEq for Placeholder {
    fn eq(&self, other: &Placeholder) -> bool {
        self.id == other.id
    }
}
impl Eq for Placeholder {}
impl Hash for Placeholder {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

// Programs have numbered inputs instead of placeholders, so a placeholder never has a text.
impl Serialize for Placeholder {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("a placeholder has no text"))
    }
}
impl<'de> Deserialize<'de> for Placeholder {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Placeholder, D::Error> {
        Err(serde::de::Error::custom("a placeholder has no text"))
    }
}

impl Primitive for Placeholder {
    fn name(&self) -> &'static str {
        "placeholder"
    }
    fn typ(&self, _: &[&Type]) -> Result<Vec<Type>, TypeError> {
        Ok(vec![self.ty.clone()])
    }
    fn eval(&self, _: &[&Array]) -> RuleResult<Vec<Array>> {
        Err(RuleError::new("placeholder", "eval", "a placeholder has no value"))
    }
    fn jvp(&self, _: &[Expr], _: &[Expr], _: &[Tangent]) -> RuleResult<Jvp> {
        Ok(None.into())
    }
    fn transpose(&self, _: &[Tangent], _: &[Operand]) -> RuleResult<Vec<Tangent>> {
        Ok(vec![])
    }
    fn batch(&self, _: &[Expr], _: &[bool], _: &BatchAxis) -> RuleResult<Vec<Batched>> {
        Err(RuleError::new("placeholder", "batch", "a leaf has no inputs to batch"))
    }
    fn flops(&self, _: &[Type], _: &[Type]) -> u64 {
        0
    }
    crate::no_programs!();
    fn examples() -> Vec<Example> {
        vec![] // never part of a closed program
    }
}

/// An array inside a program.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Constant(pub Array);

// The printer writes constants as literals itself; their type stands on the left of the line.
impl Serialize for Constant {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_unit()
    }
}
impl<'de> Deserialize<'de> for Constant {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Constant, D::Error> {
        Err(serde::de::Error::custom("a constant is written as a literal"))
    }
}

impl Primitive for Constant {
    fn name(&self) -> &'static str {
        "constant"
    }
    fn typ(&self, _: &[&Type]) -> Result<Vec<Type>, TypeError> {
        Ok(vec![self.0.ty()])
    }
    fn eval(&self, _: &[&Array]) -> RuleResult<Vec<Array>> {
        Ok(vec![self.0.clone()])
    }
    fn jvp(&self, _: &[Expr], _: &[Expr], _: &[Tangent]) -> RuleResult<Jvp> {
        Ok(None.into())
    }
    fn transpose(&self, _: &[Tangent], _: &[Operand]) -> RuleResult<Vec<Tangent>> {
        Ok(vec![])
    }
    fn batch(&self, _: &[Expr], _: &[bool], _: &BatchAxis) -> RuleResult<Vec<Batched>> {
        Err(RuleError::new("constant", "batch", "a leaf has no inputs to batch"))
    }
    fn flops(&self, _: &[Type], _: &[Type]) -> u64 {
        0
    }
    crate::no_programs!();
    fn examples() -> Vec<Example> {
        vec![Example::new(Constant(Array::from_vec(vec![1.5, -2.0, 0.1], &[3])), &[])]
    }
}
