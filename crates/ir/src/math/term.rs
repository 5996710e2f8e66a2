//! Terms: formulas in a form that can be tidied and written down.
//!
//! A [`Terms`] is an arena in which equal formulas are one, so that what a program shares stays
//! shared. Sums and products are kept flat, with coefficients in sums and whole exponents in
//! products: `2x²y⁻¹ + 1` is a sum of one term with coefficient 2 and a constant; everything that
//! is not `+ − · /` or a whole power is an operation of the language applied to operands.

use crate::prim::{Binary, Prim, Reduce, ReduceOp, Unary};
use array::Type;
use std::collections::HashMap;

/// A formula of a [`Terms`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(super) struct Id(u32);

impl Id {
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// A finite number, equal and hashed by bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Real(u64);

impl Real {
    pub(super) fn new(x: f64) -> Real {
        Real(if x == 0.0 { 0 } else { x.to_bits() })
    }
    pub(super) fn get(self) -> f64 {
        f64::from_bits(self.0)
    }
}

/// The outermost operation of a formula.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum Node {
    /// An input of the program.
    Input(u32),
    /// An array whose every element is this number.
    Number(Real),
    /// An output of an operation, and how many it has.
    Apply { prim: Prim, operands: Vec<Id>, output: u32, of: u32 },
    /// Σ coefficient · term + constant. Terms are neither numbers nor, if there are several, sums.
    Sum { constant: Real, terms: Vec<(Real, Id)> },
    /// ∏ factor^exponent. Factors are neither numbers nor products; exponents are not 0.
    Product(Vec<(Id, i32)>),
    /// 1 where the truth value holds, else 0: [P].
    Indicator(Id),
}

/// What is known of a formula from its parts.
#[derive(Clone, Copy)]
struct Facts {
    weight: u64,
    depth: u32,
    degree: i64,
    polynomial: bool,
    analytic: bool,
}

/// An arena of formulas.
pub(super) struct Terms {
    nodes: Vec<(Node, Type)>,
    known: HashMap<(Node, Type), Id>,
    facts: Vec<Facts>,
    /// How deep rewriting has called itself.
    pub(super) rewriting: usize,
}

/// More terms than this are not written as one sum or product that knows its parts.
pub(super) const WIDEST: usize = 96;

impl Terms {
    pub(super) fn new() -> Terms {
        Terms { nodes: vec![], known: HashMap::new(), facts: vec![], rewriting: 0 }
    }

    pub(super) fn node(&self, id: Id) -> &Node {
        &self.nodes[id.index()].0
    }
    pub(super) fn ty(&self, id: Id) -> &Type {
        &self.nodes[id.index()].1
    }
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }
    /// All formulas, operands before what is made of them.
    pub(super) fn all(&self) -> impl Iterator<Item = Id> + use<> {
        (0..self.nodes.len() as u32).map(Id)
    }

    /// The number of symbols that writing the formula in full takes, roughly.
    pub(super) fn weight(&self, id: Id) -> u64 {
        self.facts[id.index()].weight
    }
    /// Whether the formula is made of inputs by sums, products and whole powers ≥ 0.
    pub(super) fn is_polynomial(&self, id: Id) -> bool {
        self.facts[id.index()].polynomial
    }
    /// The degree of the formula as a polynomial in its inputs and functions.
    pub(super) fn degree(&self, id: Id) -> i64 {
        self.facts[id.index()].degree
    }
    /// Whether the formula is an analytic function of the inputs, so that it takes a value on a
    /// set of measure zero only, unless it is constant.
    pub(super) fn is_analytic(&self, id: Id) -> bool {
        self.facts[id.index()].analytic
    }

    fn facts_of(&self, node: &Node, ty: &Type) -> Facts {
        let part = |id: &Id| self.facts[id.index()];
        let none = Facts { weight: 0, depth: 0, degree: 0, polynomial: true, analytic: true };
        // Everything but the degree, which depends on how the parts are put together.
        let with = |facts: Facts, part: Facts| Facts {
            weight: facts.weight.saturating_add(part.weight),
            depth: facts.depth.max(part.depth + 1),
            degree: facts.degree,
            polynomial: facts.polynomial && part.polynomial,
            analytic: facts.analytic && part.analytic,
        };
        match node {
            Node::Input(_) => Facts { weight: 1, degree: 1, analytic: ty.dtype.is_float(), ..none },
            Node::Number(_) => Facts { weight: 1, ..none },
            Node::Apply { prim, operands, .. } => {
                let own = Facts {
                    weight: 1,
                    degree: 1,
                    polynomial: false,
                    analytic: is_analytic(prim),
                    ..none
                };
                operands.iter().map(part).fold(own, with)
            }
            Node::Sum { constant, terms } => {
                let mut facts = Facts { weight: u64::from(constant.get() != 0.0), ..none };
                for (c, t) in terms {
                    facts = with(facts, part(t));
                    facts.weight += u64::from(c.get().abs() != 1.0);
                    facts.degree = facts.degree.max(part(t).degree);
                }
                facts
            }
            Node::Product(factors) => {
                let mut facts = none;
                for (f, e) in factors {
                    facts = with(facts, part(f));
                    facts.weight += u64::from(*e != 1);
                    let degree = part(f).degree.saturating_mul(i64::from(*e));
                    facts.degree = facts.degree.saturating_add(degree);
                    facts.polynomial &= *e > 0;
                }
                facts
            }
            Node::Indicator(truth) => {
                let own = Facts { degree: 1, polynomial: false, analytic: false, ..none };
                with(own, part(truth))
            }
        }
    }

    /// The formulas that this one is made of directly.
    pub(super) fn children(&self, id: Id) -> Vec<Id> {
        match self.node(id) {
            Node::Input(_) | Node::Number(_) => vec![],
            Node::Apply { operands, .. } => operands.clone(),
            Node::Sum { terms, .. } => terms.iter().map(|t| t.1).collect(),
            Node::Product(factors) => factors.iter().map(|f| f.0).collect(),
            Node::Indicator(truth) => vec![*truth],
        }
    }

    /// The formula with this outermost operation, the same one for equal operations.
    pub(super) fn intern(&mut self, node: Node, ty: &Type) -> Id {
        let key = (node, ty.clone());
        if let Some(&id) = self.known.get(&key) {
            return id;
        }
        let id = Id(self.nodes.len() as u32);
        let facts = self.facts_of(&key.0, ty);
        self.facts.push(facts);
        self.nodes.push(key.clone());
        self.known.insert(key, id);
        id
    }

    pub(super) fn number(&mut self, x: f64, ty: &Type) -> Id {
        self.intern(Node::Number(Real::new(x)), ty)
    }

    /// The number that a formula is.
    pub(super) fn as_number(&self, id: Id) -> Option<f64> {
        match self.node(id) {
            Node::Number(x) => Some(x.get()),
            _ => None,
        }
    }

    pub(super) fn apply(&mut self, prim: impl Into<Prim>, operands: &[Id], ty: &Type) -> Id {
        let node = Node::Apply { prim: prim.into(), operands: operands.to_vec(), output: 0, of: 1 };
        self.intern(node, ty)
    }

    /// The operand of a scalar function of one argument.
    pub(super) fn as_unary(&self, id: Id) -> Option<(Unary, Id)> {
        let Node::Apply { prim: Prim::Unary(f), operands, .. } = self.node(id) else { return None };
        Some((*f, operands[0]))
    }

    /// The operands of a scalar function of two arguments.
    pub(super) fn as_binary(&self, id: Id) -> Option<(Binary, Id, Id)> {
        let Node::Apply { prim: Prim::Binary(f), operands, .. } = self.node(id) else {
            return None;
        };
        Some((*f, operands[0], operands[1]))
    }

    /// The formulas that these are made of, themselves included, operands first.
    pub(super) fn reachable(&self, roots: &[Id]) -> Vec<Id> {
        let mut seen = vec![false; self.len()];
        let mut stack = roots.to_vec();
        while let Some(id) = stack.pop() {
            if !std::mem::replace(&mut seen[id.index()], true) {
                stack.extend(self.children(id));
            }
        }
        self.all().filter(|id| seen[id.index()]).collect()
    }
}

/// Whether an operation is analytic where it is defined.
fn is_analytic(prim: &Prim) -> bool {
    if let Prim::Unary(f) = prim {
        return !matches!(
            f,
            Unary::Abs
                | Unary::Sign
                | Unary::Relu
                | Unary::Floor
                | Unary::Ceil
                | Unary::Round
                | Unary::Trunc
                | Unary::Not
        );
    }
    matches!(
        prim,
        Prim::Binary(Binary::Pow | Binary::Atan2)
            | Prim::Polygamma(_)
            | Prim::BroadcastInDim(_)
            | Prim::Reshape(_)
            | Prim::Transpose(_)
            | Prim::DotGeneral(_)
            | Prim::Reduce(Reduce { op: ReduceOp::Sum | ReduceOp::Prod, .. })
    )
}
