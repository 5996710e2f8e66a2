//! Derivative rules given by users, and how programs refer to them.

use super::Tangent;
use crate::expr::{Expr, RuleResult};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::collections::HashMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, Weak};

/// A user's forward rule.
pub trait CustomJvp: Send + Sync {
    /// (outputs, their tangents) from the inputs and their tangents (zeros made explicit for
    /// float inputs, `None` for the others); must be linear in the tangents.
    ///
    /// # Errors
    /// Whatever the rule's operations report.
    fn jvp(&self, x: &[Expr], dx: &[Tangent]) -> RuleResult<(Vec<Expr>, Vec<Tangent>)>;
}

/// A user's reverse rule.
pub trait CustomVjp: Send + Sync {
    /// (outputs, residuals) from the inputs.
    ///
    /// # Errors
    /// Whatever the rule's operations report.
    fn forward(&self, x: &[Expr]) -> RuleResult<(Vec<Expr>, Vec<Expr>)>;

    /// One cotangent per input from the residuals and the cotangents of the outputs (zeros made
    /// explicit for float outputs, `None` for the others).
    ///
    /// # Errors
    /// Whatever the rule's operations report.
    fn backward(&self, residuals: &[Expr], ct: &[Tangent]) -> RuleResult<Vec<Tangent>>;
}

/// A rule in a program's parameters. Compared and printed by number: a rule is Rust code and has
/// no text, so a printed program finds its rules again only in the process that printed it.
pub struct RuleRef<R: ?Sized> {
    id: u64,
    rule: Arc<R>,
}

impl<R: ?Sized> RuleRef<R> {
    /// The rule.
    pub fn rule(&self) -> &Arc<R> {
        &self.rule
    }
}

impl<R: ?Sized> Clone for RuleRef<R> {
    fn clone(&self) -> Self {
        RuleRef { id: self.id, rule: self.rule.clone() }
    }
}
impl<R: ?Sized> PartialEq for RuleRef<R> {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}
impl<R: ?Sized> Eq for RuleRef<R> {}
impl<R: ?Sized> Hash for RuleRef<R> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}
impl<R: ?Sized> fmt::Debug for RuleRef<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rule {}", self.id)
    }
}
impl<R: ?Sized> Serialize for RuleRef<R> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_u64(self.id)
    }
}

type Registry<R> = LazyLock<Mutex<HashMap<u64, Weak<R>>>>;
static NEXT: AtomicU64 = AtomicU64::new(1);
static JVP: Registry<dyn CustomJvp> = LazyLock::new(Mutex::default);
static VJP: Registry<dyn CustomVjp> = LazyLock::new(Mutex::default);

macro_rules! registered {
    ($Rule:ty, $registry:ident) => {
        impl RuleRef<$Rule> {
            /// A number for this rule.
            pub fn new(rule: Arc<$Rule>) -> Self {
                let id = NEXT.fetch_add(1, Ordering::Relaxed);
                let mut known = $registry.lock().unwrap_or_else(|e| e.into_inner());
                known.retain(|_, rule| rule.strong_count() > 0);
                known.insert(id, Arc::downgrade(&rule));
                RuleRef { id, rule }
            }
        }
        impl<'de> Deserialize<'de> for RuleRef<$Rule> {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let id = u64::deserialize(d)?;
                let known = $registry.lock().unwrap_or_else(|e| e.into_inner());
                match known.get(&id).and_then(Weak::upgrade) {
                    Some(rule) => Ok(RuleRef { id, rule }),
                    None => {
                        Err(D::Error::custom(format!("rule {id} does not live in this process")))
                    }
                }
            }
        }
    };
}
registered!(dyn CustomJvp, JVP);
registered!(dyn CustomVjp, VJP);
