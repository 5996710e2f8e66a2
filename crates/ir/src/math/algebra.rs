//! The algebra of terms: what makes formulas short. Sums and products of real numbers, as in
//! school: like terms are collected, common factors taken out, products expanded where that makes
//! them shorter, and a few identities applied.
//!
//! These are identities of real functions, valid where both sides are defined: `x/x` is 1 although
//! it has no value at 0. They shorten what people read, and are never applied to programs that
//! run.

use super::term::{Id, Node, Real, Terms, WIDEST};
use crate::prim::{Binary, Unary};
use array::Type;
use std::collections::BTreeMap;

/// Factors with exponents, sorted.
pub(super) type Monomial = Vec<(Id, i32)>;

/// Σ coefficient · monomial, with the sum of the absolute contributions to each coefficient, by
/// which cancellation is told from rounding.
#[derive(Clone, Default)]
struct Polynomial(BTreeMap<Monomial, (f64, f64)>);

/// How deep rewriting may call itself; deeper, things are left as they are.
const DEEPEST: usize = 40;
/// The most terms that expanding may give.
const EXPANDED: usize = 48;
/// The largest exponent that is expanded.
const EXPANDED_POWER: i32 = 4;
/// Below this part of its contributions, a coefficient is zero.
const CANCELLED: f64 = 1e-12;

impl Polynomial {
    fn add(&mut self, monomial: Monomial, coefficient: f64) {
        let entry = self.0.entry(monomial).or_insert((0.0, 0.0));
        entry.0 += coefficient;
        entry.1 += coefficient.abs();
    }

    fn drop_zeros(&mut self) {
        self.0.retain(|_, (c, scale)| c.abs() > CANCELLED * *scale);
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn is_finite(&self) -> bool {
        self.0.values().all(|c| c.0.is_finite())
    }
}

/// The largest number of which all these are whole multiples, where there is one that is a
/// fraction with a small denominator.
fn common_size(numbers: impl Iterator<Item = f64> + Clone) -> Option<f64> {
    const LARGEST: f64 = 1e9;
    let near = |x: f64| (x - x.round()).abs() <= CANCELLED * x.abs();
    let gcd = |a: f64, b: f64| {
        let (mut a, mut b) = (a.abs().round(), b.abs().round());
        while b != 0.0 {
            (a, b) = (b, a % b);
        }
        a
    };
    let least = numbers.clone().fold(f64::INFINITY, |m, c| m.min(c.abs()));
    // Whole multiples of a fraction, or of the smallest of them, whatever that is.
    let fraction = (1..=64_u32).map(|q| 1.0 / f64::from(q));
    let unit = fraction
        .chain([least])
        .find(|unit| numbers.clone().all(|c| near(c / unit) && (c / unit).abs() < LARGEST))?;
    let whole = numbers.fold(0.0, |g, c| gcd(g, c / unit));
    (whole > 0.0).then_some(whole * unit)
}

/// The product of two monomials; `None` beyond the range of exponents.
fn times(a: &[(Id, i32)], b: &[(Id, i32)]) -> Option<Monomial> {
    let mut all: BTreeMap<Id, i32> = a.iter().copied().collect();
    for &(id, e) in b {
        let sum = all.get(&id).copied().unwrap_or(0).checked_add(e)?;
        if sum == 0 {
            all.remove(&id);
        } else {
            all.insert(id, sum);
        }
    }
    Some(all.into_iter().collect())
}

impl Terms {
    /// Σ coefficient · part + constant; `None` where a number would not be finite.
    pub(super) fn sum(&mut self, parts: &[(f64, Id)], constant: f64, ty: &Type) -> Option<Id> {
        let mut polynomial = Polynomial::default();
        polynomial.add(vec![], constant);
        for &(c, id) in parts {
            self.collect(c, id, &mut polynomial)?;
        }
        self.finish(polynomial, true, ty)
    }

    /// Adds `c·id` to a polynomial, sums part by part.
    fn collect(&self, c: f64, id: Id, into: &mut Polynomial) -> Option<()> {
        // Sums nest at most once in each other (a coefficient on a sum), so this is not deep.
        match self.node(id) {
            Node::Number(x) => into.add(vec![], c * x.get()),
            Node::Sum { constant, terms } if into.len() + terms.len() <= WIDEST => {
                into.add(vec![], c * constant.get());
                for (k, t) in terms {
                    self.collect(c * k.get(), *t, into)?;
                }
            }
            _ => {
                let (k, monomial) = self.monomial(id);
                into.add(monomial, c * k);
            }
        }
        Some(())
    }

    /// A formula as a coefficient and factors.
    fn monomial(&self, id: Id) -> (f64, Monomial) {
        match self.node(id) {
            Node::Number(x) => (x.get(), vec![]),
            Node::Product(factors) => (1.0, factors.clone()),
            Node::Sum { constant, terms } if constant.get() == 0.0 && terms.len() == 1 => {
                let (k, monomial) = self.monomial(terms[0].1);
                (k * terms[0].0.get(), monomial)
            }
            _ => (1.0, vec![(id, 1)]),
        }
    }

    /// `coefficient · ∏ factor^exponent`; `None` where a number would not be finite or an exponent
    /// too large.
    pub(super) fn product(
        &mut self,
        coefficient: f64,
        factors: &[(Id, i32)],
        ty: &Type,
    ) -> Option<Id> {
        let mut c = coefficient;
        let mut all: Monomial = vec![];
        for &(f, e) in factors {
            let (k, monomial) = self.monomial(f);
            c *= k.powi(e);
            for (g, n) in monomial {
                let (k, g) = self.primitive_part(g, ty);
                let n = n.checked_mul(e)?;
                c *= k.powi(n);
                all = times(&all, &[(g, n)])?;
            }
        }
        if !c.is_finite() {
            return None;
        }
        if c == 0.0 {
            return Some(self.number(0.0, ty));
        }
        if self.rewriting < DEEPEST && all.len() <= WIDEST {
            self.rewriting += 1;
            let rewritten = self.rewrite_factors(&mut c, &mut all, ty);
            self.rewriting -= 1;
            rewritten?;
        }
        Some(self.scaled(c, &all, ty))
    }

    /// The formula with this coefficient and these factors, as they are.
    fn scaled(&mut self, c: f64, factors: &[(Id, i32)], ty: &Type) -> Id {
        let id = match factors {
            [] => return self.number(c, ty),
            [(id, 1)] => *id,
            _ => self.intern(Node::Product(factors.to_vec()), ty),
        };
        if c == 1.0 {
            return id;
        }
        // A coefficient on a sum of one term joins that term's.
        let (k, id) = match self.node(id) {
            Node::Sum { constant, terms } if constant.get() == 0.0 && terms.len() == 1 => {
                (terms[0].0.get(), terms[0].1)
            }
            _ => (1.0, id),
        };
        if c * k == 1.0 {
            return id;
        }
        self.intern(Node::Sum { constant: Real::new(0.0), terms: vec![(Real::new(c * k), id)] }, ty)
    }

    /// A sum as a number times a sum whose coefficients have no common factor and whose sign is
    /// settled, so that multiples of one another share that part.
    fn primitive_part(&mut self, id: Id, ty: &Type) -> (f64, Id) {
        let Node::Sum { constant, terms } = self.node(id) else { return (1.0, id) };
        let (constant, terms) = (*constant, terms.clone());
        let parts = terms.len() + usize::from(constant.get() != 0.0);
        if parts < 2 {
            return (1.0, id);
        }
        let coefficients = || terms.iter().map(|t| t.0.get()).chain([constant.get()]);
        let nonzero = || coefficients().filter(|c| *c != 0.0);
        let size = common_size(nonzero()).unwrap_or(1.0);
        let negative = nonzero().filter(|c| *c < 0.0).count();
        // More minus than plus signs are turned around. Of as many, the highest power of a
        // polynomial gets the plus, x² − 1, and the constant beside functions, 1 − tanh²(x).
        let highest = terms.iter().max_by_key(|t| (self.degree(t.1), std::cmp::Reverse(t.1)));
        let leading = match highest {
            Some(term) if constant.get() == 0.0 || self.is_polynomial(id) => term.0.get(),
            _ => constant.get(),
        };
        let flip = 2 * negative > parts || (2 * negative == parts && leading < 0.0);
        let content = if flip { -size } else { size };
        if content == 1.0 {
            return (1.0, id);
        }
        // What is nearly whole is whole: the division has rounded.
        let scale = |c: Real| {
            let c = c.get() / content;
            let near = (c - c.round()).abs() <= CANCELLED * c.abs();
            Real::new(if near { c.round() } else { c })
        };
        let terms = terms.iter().map(|&(c, t)| (scale(c), t)).collect();
        let primitive = self.intern(Node::Sum { constant: scale(constant), terms }, ty);
        (content, primitive)
    }

    /// Identities among the factors of a product.
    fn rewrite_factors(&mut self, c: &mut f64, all: &mut Monomial, ty: &Type) -> Option<()> {
        // Each rewrite removes a factor or lowers an exponent, so this ends; the bound is for
        // safety.
        for _ in 0..2 * WIDEST {
            let Some((removed, k, added)) = self.factor_identity(all, ty) else { return Some(()) };
            all.retain(|(id, _)| !removed.contains(id));
            *c *= k;
            for (f, e) in added {
                let (k, monomial) = self.monomial(f);
                *c *= k.powi(e);
                for (g, n) in monomial {
                    let (k, g) = self.primitive_part(g, ty);
                    let n = n.checked_mul(e)?;
                    *c *= k.powi(n);
                    *all = times(all, &[(g, n)])?;
                }
            }
            if !c.is_finite() {
                return None;
            }
        }
        Some(())
    }

    /// The first identity that applies: factors to be removed, and what replaces them.
    #[allow(clippy::type_complexity)]
    fn factor_identity(
        &mut self,
        all: &Monomial,
        ty: &Type,
    ) -> Option<(Vec<Id>, f64, Vec<(Id, i32)>)> {
        for &(id, e) in all {
            match self.as_unary(id) {
                // (√u)² = u, and u/√u = √u.
                Some((Unary::Sqrt, u)) if e.abs() >= 2 => {
                    let rest = if e % 2 == 0 { vec![] } else { vec![(id, e % 2)] };
                    return Some((vec![id], 1.0, [vec![(u, e / 2)], rest].concat()));
                }
                Some((Unary::Sqrt, u)) => {
                    let (1.0, monomial) = self.monomial(u) else { continue };
                    let [(base, 1)] = monomial[..] else { continue };
                    let power = all.iter().find(|(f, n)| *f == base && n.signum() != e);
                    if let Some(&(_, n)) = power {
                        let rest = (n + e != 0).then_some((base, n + e));
                        let added = [(id, -e)].into_iter().chain(rest).collect();
                        return Some((vec![id, base], 1.0, added));
                    }
                }
                // |u|² = u².
                Some((Unary::Abs, u)) if e % 2 == 0 => return Some((vec![id], 1.0, vec![(u, e)])),
                _ => {}
            }
            // [P]² = [P].
            if matches!(self.node(id), Node::Indicator(_)) && e > 1 {
                return Some((vec![id], 1.0, vec![(id, 1)]));
            }
            // bⁿ · bʸ⁻ⁿ = bʸ.
            if let Some((Binary::Pow, base, exponent)) = self.as_binary(id)
                && e == 1
                && let (1.0, monomial) = self.monomial(base)
                && let [(base_factor, 1)] = monomial[..]
                && let Some(&(_, n)) = all.iter().find(|(f, _)| *f == base_factor)
                && (self.as_number(exponent).is_some()
                    || self.constant_part(exponent) == -f64::from(n))
            {
                let exponent = self.sum(&[(1.0, exponent)], f64::from(n), ty)?;
                let power = self.power(base, exponent, ty)?;
                return Some((vec![id, base_factor], 1.0, vec![(power, 1)]));
            }
        }
        // (a + b)(a − b) = a² − b², and whatever else two sums make that is no longer than one.
        for (i, &(p, m)) in all.iter().enumerate() {
            for &(q, n) in &all[i + 1..] {
                if m.signum() == n.signum() && self.two_parts(p) && self.two_parts(q) {
                    let e = if m.abs() < n.abs() { m } else { n };
                    let expanded = self.expanded_product(p, q)?;
                    if expanded.len() <= 2 {
                        let collapsed = self.finish(expanded, false, ty)?;
                        let mut rest = vec![(collapsed, e)];
                        rest.extend((m != e).then_some((p, m - e)));
                        rest.extend((n != e).then_some((q, n - e)));
                        return Some((vec![p, q], 1.0, rest));
                    }
                }
            }
        }
        None
    }

    /// The constant of a sum.
    fn constant_part(&self, id: Id) -> f64 {
        match self.node(id) {
            Node::Sum { constant, .. } => constant.get(),
            _ => 0.0,
        }
    }

    fn two_parts(&self, id: Id) -> bool {
        match self.node(id) {
            Node::Sum { constant, terms } => terms.len() + usize::from(constant.get() != 0.0) == 2,
            _ => false,
        }
    }

    /// The parts of a sum as a polynomial.
    fn parts(&self, id: Id) -> Polynomial {
        let mut parts = Polynomial::default();
        if self.collect(1.0, id, &mut parts).is_none() {
            parts = Polynomial::default();
            parts.add(vec![(id, 1)], 1.0);
        }
        parts.drop_zeros();
        parts
    }

    fn expanded_product(&self, p: Id, q: Id) -> Option<Polynomial> {
        let mut product = Polynomial::default();
        for (a, (x, _)) in &self.parts(p).0 {
            for (b, (y, _)) in &self.parts(q).0 {
                product.add(times(a, b)?, x * y);
            }
        }
        product.drop_zeros();
        Some(product)
    }

    /// The polynomial with all products of sums multiplied out, unless that is too long or there
    /// is nothing to multiply out.
    fn expanded(&self, polynomial: &Polynomial) -> Option<Polynomial> {
        let mut expanded = self.expanded_once(polynomial)?;
        // Sums in the sums that were multiplied out.
        for _ in 0..EXPANDED_POWER {
            match self.expanded_once(&expanded) {
                Some(further) => expanded = further,
                None => break,
            }
        }
        Some(expanded)
    }

    fn expanded_once(&self, polynomial: &Polynomial) -> Option<Polynomial> {
        let is_sum = |id: &Id| matches!(self.node(*id), Node::Sum { .. });
        let expandable = |&(id, e): &(Id, i32)| is_sum(&id) && (1..=EXPANDED_POWER).contains(&e);
        if !polynomial.0.keys().any(|m| m.iter().any(expandable)) {
            return None;
        }
        let mut out = Polynomial::default();
        for (monomial, (c, _)) in &polynomial.0 {
            let (sums, plain): (Monomial, Monomial) = monomial.iter().partition(|f| expandable(f));
            let mut product = Polynomial::default();
            product.add(plain, *c);
            for (sum, e) in sums {
                for _ in 0..e {
                    let mut next = Polynomial::default();
                    for (a, (x, _)) in &product.0 {
                        for (b, (y, _)) in &self.parts(sum).0 {
                            next.add(times(a, b)?, x * y);
                        }
                        if next.len() > EXPANDED {
                            return None;
                        }
                    }
                    product = next;
                }
            }
            for (monomial, (c, scale)) in product.0 {
                let entry = out.0.entry(monomial).or_insert((0.0, 0.0));
                entry.0 += c;
                entry.1 += scale;
            }
            if out.len() > EXPANDED {
                return None;
            }
        }
        out.drop_zeros();
        Some(out)
    }

    /// What writing the polynomial down takes.
    fn polynomial_weight(&self, polynomial: &Polynomial) -> u64 {
        let mut weight = 0_u64;
        for (monomial, (c, _)) in &polynomial.0 {
            weight += u64::from(monomial.is_empty() || c.abs() != 1.0);
            for &(id, e) in monomial {
                weight = weight.saturating_add(self.weight(id)).saturating_add(u64::from(e != 1));
            }
        }
        weight
    }

    /// The factors that all monomials have.
    fn common(polynomial: &Polynomial) -> Monomial {
        let mut monomials = polynomial.0.keys();
        let Some(first) = monomials.next() else { return vec![] };
        let mut common: BTreeMap<Id, i32> = first.iter().copied().collect();
        for monomial in monomials {
            let here: BTreeMap<Id, i32> = monomial.iter().copied().collect();
            common = common
                .into_iter()
                .filter_map(|(id, e)| {
                    let other = *here.get(&id)?;
                    (e.signum() == other.signum()).then_some((id, e.min(other)))
                })
                .collect();
        }
        common.into_iter().collect()
    }

    /// The shortest of a few ways to write a polynomial.
    fn finish(&mut self, mut polynomial: Polynomial, expand: bool, ty: &Type) -> Option<Id> {
        polynomial.drop_zeros();
        if !polynomial.is_finite() {
            return None;
        }
        let shallow = self.rewriting < DEEPEST && polynomial.len() <= WIDEST;
        if !shallow || polynomial.len() < 2 {
            return self.plain_sum(polynomial, ty);
        }
        self.rewriting += 1;
        let id = self.shortest(polynomial, expand, ty);
        self.rewriting -= 1;
        id
    }

    fn shortest(&mut self, mut polynomial: Polynomial, expand: bool, ty: &Type) -> Option<Id> {
        self.squares(&mut polynomial);
        let common = Terms::common(&polynomial);
        if !common.is_empty() {
            let inverse: Monomial = common.iter().map(|&(id, e)| (id, -e)).collect();
            let mut rest = Polynomial::default();
            for (monomial, c) in polynomial.0 {
                rest.0.insert(times(&monomial, &inverse)?, c);
            }
            let rest = self.finish(rest, expand, ty)?;
            return self.product(1.0, &[&common[..], &[(rest, 1)]].concat(), ty);
        }
        if expand
            && let Some(expanded) = self.expanded(&polynomial)
            && self.polynomial_weight(&expanded) < self.polynomial_weight(&polynomial)
        {
            return self.finish(expanded, false, ty);
        }
        self.plain_sum(polynomial, ty)
    }

    /// c·M·sin²u + c·M·cos²u = c·M and c·M·cosh²u − c·M·sinh²u = c·M.
    fn squares(&self, polynomial: &mut Polynomial) {
        let find = |polynomial: &Polynomial| {
            for (monomial, (c, _)) in &polynomial.0 {
                for &(id, e) in monomial {
                    let (partner, sign) = match self.as_unary(id) {
                        Some((Unary::Sin, u)) if e == 2 => ((Unary::Cos, u), 1.0),
                        Some((Unary::Sinh, u)) if e == 2 => ((Unary::Cosh, u), -1.0),
                        _ => continue,
                    };
                    let rest: Monomial = monomial.iter().copied().filter(|f| f.0 != id).collect();
                    let factors = polynomial.0.keys().flatten();
                    let Some(&(g, _)) =
                        factors.into_iter().find(|f| self.as_unary(f.0) == Some(partner))
                    else {
                        continue;
                    };
                    let Some(other) = times(&rest, &[(g, 2)]) else { continue };
                    let Some(&(k, _)) = polynomial.0.get(&other) else { continue };
                    if other != *monomial && (k - sign * c).abs() <= CANCELLED * c.abs() {
                        return Some((monomial.clone(), other, rest, k));
                    }
                }
            }
            None
        };
        while let Some((a, b, rest, c)) = find(polynomial) {
            polynomial.0.remove(&a);
            polynomial.0.remove(&b);
            polynomial.add(rest, c);
            polynomial.drop_zeros();
        }
    }

    /// The polynomial as a sum, with a common size of all its coefficients taken out.
    fn plain_sum(&mut self, polynomial: Polynomial, ty: &Type) -> Option<Id> {
        let mut constant = 0.0;
        let mut terms = vec![];
        for (monomial, (c, _)) in polynomial.0 {
            if monomial.is_empty() {
                constant = c;
            } else {
                terms.push((c, self.scaled(1.0, &monomial, ty)));
            }
        }
        match terms[..] {
            [] => return Some(self.number(constant, ty)),
            [(c, id)] if constant == 0.0 => {
                let (k, monomial) = self.monomial(id);
                return Some(self.scaled(c * k, &monomial, ty));
            }
            _ => {}
        }
        terms.sort_by_key(|t| t.1);
        let size = terms[0].0.abs();
        let alike = |c: f64| (c.abs() - size).abs() <= CANCELLED * size;
        if size != 1.0 && terms.iter().all(|t| alike(t.0)) && (constant == 0.0 || alike(constant)) {
            let terms = terms.iter().map(|&(c, t)| (Real::new(c.signum()), t)).collect();
            let unit = if constant == 0.0 { 0.0 } else { constant.signum() };
            let inner = self.intern(Node::Sum { constant: Real::new(unit), terms }, ty);
            let outer = vec![(Real::new(size), inner)];
            return Some(self.intern(Node::Sum { constant: Real::new(0.0), terms: outer }, ty));
        }
        let terms = terms.into_iter().map(|(c, t)| (Real::new(c), t)).collect();
        Some(self.intern(Node::Sum { constant: Real::new(constant), terms }, ty))
    }
}
