//! What a specification says about operands of given shapes.

use std::collections::BTreeMap;

/// The name of an axis.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Label {
    /// An axis under an ellipsis, counted from the last one.
    Ellipsis(usize),
    /// A letter.
    Letter(char),
}

/// A specification together with the shapes it is used on.
#[derive(Debug)]
pub(super) struct Specification {
    /// The axes of each operand.
    pub(super) inputs: Vec<Vec<Label>>,
    /// The axes of the result.
    pub(super) output: Vec<Label>,
    /// The size that each name stands for.
    pub(super) sizes: BTreeMap<Label, usize>,
}

/// A term: letters, with `None` for an ellipsis.
fn term(text: &str) -> Result<Vec<Option<char>>, String> {
    let mut rest = text;
    let mut out: Vec<Option<char>> = vec![];
    while let Some(c) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("...") {
            if out.contains(&None) {
                return Err(format!("`{text}` has two ellipses"));
            }
            out.push(None);
            rest = after;
        } else if c.is_ascii_alphabetic() {
            out.push(Some(c));
            rest = &rest[1..];
        } else {
            return Err(format!("`{c}` is neither a letter nor `...`, `,` or `->`"));
        }
    }
    Ok(out)
}

/// The names with the ellipsis replaced by those of `count` axes.
fn expand(term: &[Option<char>], count: usize) -> Vec<Label> {
    let mut out = vec![];
    for part in term {
        match part {
            Some(c) => out.push(Label::Letter(*c)),
            None => out.extend((0..count).rev().map(Label::Ellipsis)),
        }
    }
    out
}

/// Reads a specification.
pub(super) fn parse(spec: &str, shapes: &[&[usize]]) -> Result<Specification, String> {
    let text: String = spec.chars().filter(|c| !c.is_whitespace()).collect();
    let (left, right) = match text.split_once("->") {
        Some((left, right)) => (left, Some(right)),
        None => (&text[..], None),
    };
    let terms: Vec<Vec<Option<char>>> = left.split(',').map(term).collect::<Result<_, _>>()?;
    if terms.len() != shapes.len() {
        return Err(format!("{} operands are named, {} are given", terms.len(), shapes.len()));
    }
    let mut inputs = vec![];
    let mut sizes: BTreeMap<Label, usize> = BTreeMap::new();
    let mut under_ellipsis = 0;
    for (k, (term, shape)) in terms.iter().zip(shapes).enumerate() {
        let letters = term.iter().flatten().count();
        let ellipsis = term.contains(&None);
        if letters > shape.len() || (!ellipsis && letters < shape.len()) {
            let n = shape.len();
            return Err(format!("operand {k} has {n} axes, its term names {letters}"));
        }
        let further = shape.len() - letters;
        under_ellipsis = under_ellipsis.max(further);
        let labels = expand(term, further);
        for (&label, &n) in labels.iter().zip(*shape) {
            let known = sizes.entry(label).or_insert(n);
            match label {
                Label::Ellipsis(_) if *known == 1 => *known = n,
                Label::Ellipsis(_) if n == 1 || n == *known => {}
                Label::Ellipsis(_) => {
                    return Err(format!("axes under `...` of sizes {known} and {n} meet"));
                }
                Label::Letter(_) if n == *known => {}
                Label::Letter(c) => {
                    return Err(format!("`{c}` stands for {known} and, in operand {k}, for {n}"));
                }
            }
        }
        inputs.push(labels);
    }
    let output = match right {
        Some(right) => explicit(&term(right)?, under_ellipsis, &sizes)?,
        None => implicit(&inputs, under_ellipsis),
    };
    Ok(Specification { inputs, output, sizes })
}

fn explicit(
    term: &[Option<char>],
    under_ellipsis: usize,
    sizes: &BTreeMap<Label, usize>,
) -> Result<Vec<Label>, String> {
    if under_ellipsis > 0 && !term.contains(&None) {
        return Err("the result must say where the axes under `...` stand".into());
    }
    let output = expand(term, under_ellipsis);
    for (i, label) in output.iter().enumerate() {
        let Label::Letter(c) = label else { continue };
        if output[..i].contains(label) {
            return Err(format!("the result names `{c}` twice"));
        }
        if !sizes.contains_key(label) {
            return Err(format!("the result names `{c}`, which no operand has"));
        }
    }
    Ok(output)
}

fn implicit(inputs: &[Vec<Label>], under_ellipsis: usize) -> Vec<Label> {
    let mut count: BTreeMap<Label, usize> = BTreeMap::new();
    for label in inputs.iter().flatten() {
        *count.entry(*label).or_insert(0) += 1;
    }
    let once = count.into_iter().filter(|&(l, n)| n == 1 && matches!(l, Label::Letter(_)));
    (0..under_ellipsis).rev().map(Label::Ellipsis).chain(once.map(|(l, _)| l)).collect()
}
