//! Programs as terms, as they stand or tidied.

use super::term::{Id, Node, Terms};
use crate::prim::{Binary, Compare, Constant, IntegerPow, Prim, Reduce, ReduceOp, Unary};
use crate::program::Program;
use array::{Array, DType, Type};

/// Constants that a function of a number is replaced by are whole and at most this large; others
/// stay as they are written, log(2).
const LARGEST_VALUE: f64 = 1e6;

impl Terms {
    /// The program's variables as terms: every operation as it stands, except that arrays of one
    /// repeated number are that number.
    pub(super) fn read(&mut self, program: &Program) -> Vec<Id> {
        self.read_with(program, |_, _, _, _| None)
    }

    /// The program's variables as terms, tidied by the identities of [`super::algebra`] and of the
    /// functions of the table.
    pub(super) fn read_tidied(&mut self, program: &Program) -> Vec<Id> {
        self.read_with(program, |terms, prim, x, ty| terms.tidied(prim, x, ty))
    }

    fn read_with(
        &mut self,
        program: &Program,
        simpler: impl Fn(&mut Terms, &Prim, &[Id], &Type) -> Option<Id>,
    ) -> Vec<Id> {
        let mut ids: Vec<Id> = Vec::with_capacity(program.variables());
        for v in program.inputs() {
            ids.push(self.intern(Node::Input(v.0), program.ty(v)));
        }
        for eq in program.equations() {
            let operands: Vec<Id> = eq.inputs.iter().map(|v| ids[v.index()]).collect();
            let single = (eq.outputs == 1).then(|| program.ty(eq.first));
            let simple = single.and_then(|ty| {
                self.repeated(&eq.prim, &operands, ty).or_else(|| {
                    let algebraic = ty.dtype.is_float();
                    let truth = ty.dtype == DType::Bool;
                    if algebraic || truth { simpler(self, &eq.prim, &operands, ty) } else { None }
                })
            });
            if let Some(id) = simple {
                ids.push(id);
                continue;
            }
            for (output, v) in eq.results().enumerate() {
                let node = Node::Apply {
                    prim: eq.prim.clone(),
                    operands: operands.clone(),
                    output: output as u32,
                    of: eq.outputs,
                };
                ids.push(self.intern(node, program.ty(v)));
            }
        }
        ids
    }

    /// An array of one repeated number as that number.
    fn repeated(&mut self, prim: &Prim, x: &[Id], ty: &Type) -> Option<Id> {
        if let Prim::Constant(Constant(a)) = prim {
            let value = uniform(a)?;
            return Some(self.number(value, ty));
        }
        let moves = matches!(
            prim,
            Prim::BroadcastInDim(_)
                | Prim::Reshape(_)
                | Prim::Transpose(_)
                | Prim::Slice(_)
                | Prim::Reverse(_)
        );
        if !moves {
            return None;
        }
        let value = self.as_number(x[0])?;
        Some(self.number(value, ty))
    }

    /// A shorter term for an operation on terms, where an identity gives one.
    fn tidied(&mut self, prim: &Prim, x: &[Id], ty: &Type) -> Option<Id> {
        if let Prim::Unary(f) = prim {
            return self.tidied_unary(*f, x[0], ty);
        }
        if let Prim::Binary(f) = prim {
            return self.tidied_binary(*f, x[0], x[1], ty);
        }
        if let Prim::IntegerPow(IntegerPow { n }) = prim {
            return self.product(1.0, &[(x[0], *n)], ty);
        }
        if let Prim::Compare(relation) = prim {
            let (a, b) = (self.as_number(x[0])?, self.as_number(x[1])?);
            return Some(self.number(f64::from(u8::from(relation.holds(a, b))), ty));
        }
        if let Prim::Select(_) = prim {
            return self.tidied_select(x[0], x[1], x[2], ty);
        }
        if let Some(id) = self.tidied_linear(prim, x, ty) {
            return Some(id);
        }
        if let Prim::Convert(_) = prim {
            if self.ty(x[0]).dtype == ty.dtype {
                return Some(x[0]);
            }
            let value = Array::scalar(self.as_number(x[0])?).convert(ty.dtype).item();
            return Some(self.number(value, ty));
        }
        None
    }

    /// Linear operations on arrays: A(c·x) = c·A(x), and A(0) = 0.
    fn tidied_linear(&mut self, prim: &Prim, x: &[Id], ty: &Type) -> Option<Id> {
        let linear = matches!(
            prim,
            Prim::BroadcastInDim(_)
                | Prim::Reshape(_)
                | Prim::Transpose(_)
                | Prim::Slice(_)
                | Prim::Reverse(_)
                | Prim::DotGeneral(_)
                | Prim::Reduce(Reduce { op: ReduceOp::Sum, .. })
        );
        if !linear || !ty.dtype.is_float() {
            return None;
        }
        if x.iter().any(|x| self.as_number(*x) == Some(0.0)) {
            return Some(self.number(0.0, ty));
        }
        let mut factor = 1.0;
        let mut plain = x.to_vec();
        for operand in &mut plain {
            if let Node::Sum { constant, terms } = self.node(*operand)
                && let ([(c, term)], 0.0) = (&terms[..], constant.get())
            {
                factor *= c.get();
                *operand = *term;
            }
        }
        if factor == 1.0 {
            return None;
        }
        let inner = self.apply(prim.clone(), &plain, ty);
        self.product(factor, &[(inner, 1)], ty)
    }

    fn unary(&mut self, f: Unary, x: Id, ty: &Type) -> Id {
        self.apply(f, &[x], ty)
    }

    fn tidied_unary(&mut self, f: Unary, x: Id, ty: &Type) -> Option<Id> {
        if ty.dtype == DType::Bool {
            let value = self.as_number(x)?;
            return (f == Unary::Not).then(|| self.number(1.0 - value, ty));
        }
        if f == Unary::Neg {
            return self.sum(&[(-1.0, x)], 0.0, ty);
        }
        if let Some(value) = self.as_number(x) {
            let y = scalar_value(f, value);
            let plain = y.fract() == 0.0 && y.abs() <= LARGEST_VALUE;
            return plain.then(|| self.number(y, ty));
        }
        // Odd and even functions of −u.
        if let Some(u) = self.negated(x, ty) {
            match f {
                Unary::Sin
                | Unary::Tan
                | Unary::Asin
                | Unary::Atan
                | Unary::Sinh
                | Unary::Tanh
                | Unary::Asinh
                | Unary::Atanh
                | Unary::Cbrt
                | Unary::Erf
                | Unary::ErfInv
                | Unary::Sign => {
                    let y = self.tidied_unary(f, u, ty).unwrap_or_else(|| self.unary(f, u, ty));
                    return self.sum(&[(-1.0, y)], 0.0, ty);
                }
                Unary::Cos | Unary::Cosh | Unary::Abs => {
                    return Some(
                        self.tidied_unary(f, u, ty).unwrap_or_else(|| self.unary(f, u, ty)),
                    );
                }
                // σ(−u) = 1 − σ(u).
                Unary::Logistic => {
                    let y = self.unary(f, u, ty);
                    return self.sum(&[(-1.0, y)], 1.0, ty);
                }
                _ => {}
            }
        }
        match (f, self.as_unary(x)) {
            (Unary::Log, Some((Unary::Exp, u))) | (Unary::Exp, Some((Unary::Log, u))) => Some(u),
            (Unary::Rsqrt, _) => {
                let root = self.unary(Unary::Sqrt, x, ty);
                self.product(1.0, &[(root, -1)], ty)
            }
            (Unary::Expm1, _) => {
                let y = self.unary(Unary::Exp, x, ty);
                self.sum(&[(1.0, y)], -1.0, ty)
            }
            (Unary::Log1p, _) => {
                let inner = self.sum(&[(1.0, x)], 1.0, ty)?;
                Some(self.unary(Unary::Log, inner, ty))
            }
            _ => None,
        }
    }

    /// `u` where the term is best written −u.
    fn negated(&mut self, x: Id, ty: &Type) -> Option<Id> {
        let Node::Sum { constant, terms } = self.node(x) else { return None };
        let negative =
            terms.iter().filter(|t| t.0.get() < 0.0).count() + usize::from(constant.get() < 0.0);
        let parts = terms.len() + usize::from(constant.get() != 0.0);
        if negative == parts { self.sum(&[(-1.0, x)], 0.0, ty) } else { None }
    }

    fn tidied_binary(&mut self, f: Binary, x: Id, y: Id, ty: &Type) -> Option<Id> {
        if ty.dtype == DType::Bool {
            let (a, b) = (self.as_number(x), self.as_number(y));
            return match (f, a, b) {
                (Binary::And, Some(0.0), _) | (Binary::And, _, Some(1.0)) => Some(x),
                (Binary::And, Some(1.0), _) | (Binary::And, _, Some(0.0)) => Some(y),
                (Binary::Or, Some(1.0), _) | (Binary::Or, _, Some(0.0)) => Some(x),
                (Binary::Or, Some(0.0), _) | (Binary::Or, _, Some(1.0)) => Some(y),
                _ => None,
            };
        }
        match f {
            Binary::Add => self.sum(&[(1.0, x), (1.0, y)], 0.0, ty),
            Binary::Sub => self.sum(&[(1.0, x), (-1.0, y)], 0.0, ty),
            Binary::Mul => self.product(1.0, &[(x, 1), (y, 1)], ty),
            Binary::Div => self.product(1.0, &[(x, 1), (y, -1)], ty),
            Binary::Pow => self.power(x, y, ty),
            Binary::Max | Binary::Min if x == y => Some(x),
            Binary::Max
            | Binary::Min
            | Binary::Rem
            | Binary::Atan2
            | Binary::And
            | Binary::Or
            | Binary::Xor => None,
        }
    }

    /// xʸ; whole and half exponents as products and roots.
    pub(super) fn power(&mut self, x: Id, y: Id, ty: &Type) -> Option<Id> {
        if let Some(n) = self.as_number(y) {
            if n.fract() == 0.0 && n.abs() <= LARGEST_VALUE {
                return self.product(1.0, &[(x, n as i32)], ty);
            }
            if n.abs() == 0.5 {
                let root = self.unary(Unary::Sqrt, x, ty);
                return self.product(1.0, &[(root, (2.0 * n) as i32)], ty);
            }
            if let Some(base) = self.as_number(x) {
                let value = base.powf(n);
                let plain = value.fract() == 0.0 && value.abs() <= LARGEST_VALUE;
                if plain {
                    return Some(self.number(value, ty));
                }
            }
        }
        Some(self.apply(Binary::Pow, &[x, y], ty))
    }

    /// `select(c, a, b)`. Where `c` is an equation between different analytic functions it holds
    /// almost nowhere: such guards of rules are read as their other branch. With a zero on one
    /// side it is a product with [c].
    fn tidied_select(&mut self, c: Id, a: Id, b: Id, ty: &Type) -> Option<Id> {
        if a == b {
            return Some(a);
        }
        if let Some(value) = self.as_number(c) {
            return Some(if value != 0.0 { a } else { b });
        }
        if let Node::Apply { prim: Prim::Compare(relation), operands, .. } = self.node(c) {
            let (relation, l, r) = (*relation, operands[0], operands[1]);
            let between = self.ty(l).clone();
            let equation = matches!(relation, Compare::Eq | Compare::Ne);
            if equation
                && between.dtype.is_float()
                && self.is_analytic(l)
                && self.is_analytic(r)
                && let Some(difference) = self.sum(&[(1.0, l), (-1.0, r)], 0.0, &between)
                && self.as_number(difference).is_none()
            {
                return Some(if relation == Compare::Eq { b } else { a });
            }
        }
        if !ty.dtype.is_float() {
            return None;
        }
        if self.as_number(b) == Some(0.0) {
            let indicator = self.intern(Node::Indicator(c), ty);
            return self.product(1.0, &[(a, 1), (indicator, 1)], ty);
        }
        if self.as_number(a) == Some(0.0) {
            let otherwise = self.opposite(c);
            let indicator = self.intern(Node::Indicator(otherwise), ty);
            return self.product(1.0, &[(b, 1), (indicator, 1)], ty);
        }
        None
    }

    /// The negation of a truth value; a comparison turns around (NaN aside).
    fn opposite(&mut self, c: Id) -> Id {
        let ty = self.ty(c).clone();
        if let Node::Apply { prim: Prim::Compare(relation), operands, .. } = self.node(c) {
            let opposite = match relation {
                Compare::Eq => Compare::Ne,
                Compare::Ne => Compare::Eq,
                Compare::Lt => Compare::Ge,
                Compare::Le => Compare::Gt,
                Compare::Gt => Compare::Le,
                Compare::Ge => Compare::Lt,
            };
            let operands = operands.clone();
            return self.apply(opposite, &operands, &ty);
        }
        match self.as_unary(c) {
            Some((Unary::Not, inner)) => inner,
            _ => self.unary(Unary::Not, c, &ty),
        }
    }
}

/// The number that every element of an array is, where f64 has it.
fn uniform(a: &Array) -> Option<f64> {
    let values = a.to_f64();
    let first = *values.first()?;
    let exact = a.dtype().is_float() || first.abs() <= 2_f64.powi(53);
    (first.is_finite() && exact && values.iter().all(|v| *v == first)).then_some(first)
}

/// f(x) for one number.
fn scalar_value(f: Unary, x: f64) -> f64 {
    let mut y = [0.0];
    f.apply_f64(&[x], &mut y);
    y[0]
}
