//! Diagonals, sums and pairwise products that a specification comes down to.

use super::specification::{Label, Specification};
use crate::Tensor;

/// An operand with its axes named.
struct Term {
    tensor: Tensor,
    labels: Vec<Label>,
}

/// The result of a specification.
#[track_caller]
pub(super) fn contract(spec: &Specification, operands: &[&Tensor]) -> Tensor {
    let mut terms: Vec<Term> = vec![];
    for (tensor, labels) in operands.iter().zip(&spec.inputs) {
        let term = Term { tensor: (*tensor).clone(), labels: labels.clone() };
        terms.push(term.without_repetitions().without_broadcasts(spec));
    }
    for k in 0..terms.len() {
        let needed = needed(&terms, &[k], &spec.output);
        let own = terms[k].labels.iter().copied().enumerate();
        let summed: Vec<isize> =
            own.filter(|(_, l)| !needed.contains(l)).map(|(d, _)| d as isize).collect();
        terms[k].tensor = terms[k].tensor.sum_axes(&summed[..]);
        terms[k].labels.retain(|l| needed.contains(l));
    }
    while terms.len() > 1 {
        let (i, j) = cheapest(&terms, spec);
        let keep = needed(&terms, &[i, j], &spec.output);
        let right = terms.remove(j);
        let left = terms.remove(i);
        terms.push(left.times(&right, &keep));
    }
    let last = &terms[0];
    let order: Vec<isize> = spec.output.iter().map(|l| last.place(l)).collect();
    last.tensor.transpose(&order)
}

/// The names that the result or an operand other than `without` has.
fn needed(terms: &[Term], without: &[usize], output: &[Label]) -> Vec<Label> {
    let others = terms.iter().enumerate().filter(|(k, _)| !without.contains(k));
    others.flat_map(|(_, t)| t.labels.iter()).chain(output).copied().collect()
}

/// The pair to contract next, the first one smaller.
fn cheapest(terms: &[Term], spec: &Specification) -> (usize, usize) {
    let size = |labels: &[Label]| -> f64 { labels.iter().map(|l| spec.sizes[l] as f64).product() };
    let cost = |i: usize, j: usize| -> (f64, f64) {
        let (a, b) = (&terms[i].labels, &terms[j].labels);
        let all: Vec<Label> =
            a.iter().chain(b.iter().filter(|l| !a.contains(l))).copied().collect();
        let keep = needed(terms, &[i, j], &spec.output);
        let kept: Vec<Label> = all.iter().copied().filter(|l| keep.contains(l)).collect();
        (size(&kept) - size(a) - size(b), size(&all))
    };
    let n = terms.len();
    let pairs = (0..n).flat_map(|i| (i + 1..n).map(move |j| (i, j)));
    let by_cost = |&(a, b): &(usize, usize), &(c, d): &(usize, usize)| {
        let (x, y) = (cost(a, b), cost(c, d));
        x.0.total_cmp(&y.0).then(x.1.total_cmp(&y.1))
    };
    pairs.min_by(by_cost).expect("invariant: there are two operands")
}

impl Term {
    /// The axis of a name.
    fn place(&self, label: &Label) -> isize {
        let place = self.labels.iter().position(|l| l == label);
        place.expect("invariant: the operand has this name") as isize
    }

    /// Diagonals in place of names that occur twice.
    #[track_caller]
    fn without_repetitions(mut self) -> Term {
        let repeated = |labels: &[Label]| {
            let pairs = (0..labels.len()).flat_map(|i| (0..i).map(move |j| (j, i)));
            pairs.map(|p| (p, labels[p.0] == labels[p.1])).find(|p| p.1).map(|p| p.0)
        };
        while let Some((i, j)) = repeated(&self.labels) {
            let moved = self.tensor.move_axis(j as isize, -1).move_axis(i as isize, -1);
            let label = self.labels.remove(j);
            self.labels.remove(i);
            self.labels.push(label);
            self.tensor = moved.diagonal(0);
        }
        self
    }

    /// Axes of size 1 that stand for a larger size under an ellipsis, dropped.
    #[track_caller]
    fn without_broadcasts(mut self, spec: &Specification) -> Term {
        let mut stay = vec![];
        for (label, &n) in self.labels.iter().zip(self.tensor.shape()) {
            stay.push(matches!(label, Label::Letter(_)) || n == spec.sizes[label]);
        }
        let shape: Vec<usize> =
            self.tensor.shape().iter().zip(&stay).filter(|(_, s)| **s).map(|(n, _)| *n).collect();
        let mut keep = stay.iter();
        self.labels.retain(|_| keep.next().is_some_and(|s| *s));
        self.tensor = self.tensor.reshape(&shape);
        self
    }

    /// The product with another operand, summed over the names they share and nobody else needs.
    #[track_caller]
    fn times(&self, other: &Term, keep: &[Label]) -> Term {
        let shared: Vec<Label> =
            self.labels.iter().copied().filter(|l| other.labels.contains(l)).collect();
        let (batch, summed): (Vec<Label>, Vec<Label>) =
            shared.iter().copied().partition(|l| keep.contains(l));
        let places = |labels: &[Label]| -> [Vec<isize>; 2] {
            [self, other].map(|t| labels.iter().map(|l| t.place(l)).collect())
        };
        let ([b0, b1], [c0, c1]) = (places(&batch), places(&summed));
        let free = |t: &Term| -> Vec<Label> {
            t.labels.iter().copied().filter(|l| !shared.contains(l)).collect()
        };
        Term {
            tensor: self.tensor.dot_general(&other.tensor, [&c0, &c1], [&b0, &b1]),
            labels: [batch, free(self), free(other)].concat(),
        }
    }
}
