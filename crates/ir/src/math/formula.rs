//! Formulas: terms written down, with names for what would otherwise be written again and again.

use super::notation::{Style, lowered, variable};
use super::term::{Id, Node, Terms};
use super::write::{Level, Writer, Written};
use std::collections::HashMap;

/// When parts of formulas get names.
#[derive(Clone, Copy)]
pub(super) struct Naming {
    /// Names for shared parts only where everything written in full weighs more than this.
    pub(super) in_full: u64,
    /// Parts of this weight or more get names where they are shared.
    pub(super) shared: u64,
    /// Parts of this weight or more get names in any case.
    pub(super) heavy: u64,
}

/// Formulas nest at most this deep without a name.
const DEEPEST: u32 = 24;

/// For results: in full as long as that is readable.
pub(super) const RESULT: Naming = Naming { in_full: 70, shared: 4, heavy: 160 };
/// For programs: what is computed once and used twice has a name.
pub(super) const PROGRAM: Naming = Naming { in_full: 0, shared: 3, heavy: 24 };

/// The input names, with defaults `x`, or `x₁`, `x₂`, … where none are given.
pub(super) fn input_names(given: &[&str], count: usize) -> Vec<String> {
    let default = |i: usize| {
        let index = lowered(i + 1, Style::Unicode);
        if count == 1 { "x".to_string() } else { format!("x{index}") }
    };
    let given_at = |i: usize| given.get(i).filter(|n| !n.is_empty());
    (0..count).map(|i| given_at(i).map_or_else(|| default(i), |n| n.to_string())).collect()
}

/// A letter for names that no input starts with followed by an index, and, for a `function`,
/// that no input is.
pub(super) fn free_letter(letters: &str, inputs: &[String]) -> String {
    let taken = |letter: &str| {
        inputs.iter().any(|name| {
            name.strip_prefix(letter).is_some_and(|rest| rest.chars().all(char::is_numeric))
        })
    };
    let mut free = letters.chars().map(String::from).find(|l| !taken(l));
    // All taken: the first, primed as often as it takes to be new.
    let mut primed = letters.chars().next().map(String::from).unwrap_or_default();
    while free.is_none() {
        primed.push('′');
        free = (!taken(&primed)).then(|| primed.clone());
    }
    free.unwrap_or_default()
}

impl Terms {
    /// The terms that get names when these are written.
    pub(super) fn worth_naming(
        &self,
        roots: &[Id],
        named: &HashMap<Id, String>,
        naming: Naming,
    ) -> Vec<Id> {
        // Only what is reached without passing through a name is written.
        let mut uses: HashMap<Id, usize> = HashMap::new();
        let mut stack: Vec<Id> = roots.to_vec();
        while let Some(id) = stack.pop() {
            for child in self.children(id) {
                let count = uses.entry(child).or_insert(0);
                *count += 1;
                if *count == 1 && !named.contains_key(&child) {
                    stack.push(child);
                }
            }
        }
        let mut written: Vec<Id> = uses.keys().chain(roots).copied().collect();
        written.sort_unstable();
        written.dedup();
        let total = roots.iter().fold(0, |n: u64, r| n.saturating_add(self.weight(*r)));
        let share = total > naming.in_full;
        // Weight and depth as written, names counting as one symbol.
        let mut as_written: HashMap<Id, (u64, u32)> = HashMap::new();
        let mut names = vec![];
        for id in written {
            let children = self.children(id);
            let parts = children.iter().map(|c| as_written.get(c).copied().unwrap_or((1, 0)));
            let (mut weight, mut depth) = parts
                .fold((1, 0), |(w, d): (u64, u32), (cw, cd)| (w.saturating_add(cw), d.max(cd + 1)));
            let plain = matches!(self.node(id), Node::Input(_) | Node::Number(_));
            let is_named = named.contains_key(&id);
            let shared = share && uses.get(&id).is_some_and(|n| *n > 1) && weight >= naming.shared;
            let large = weight >= naming.heavy || depth >= DEEPEST;
            if !plain && !is_named && !roots.contains(&id) && (shared || large) {
                names.push(id);
                (weight, depth) = (1, 0);
            } else if is_named || plain {
                (weight, depth) = (1, 0);
            }
            as_written.insert(id, (weight, depth));
        }
        names
    }
}

/// What writing terms needs besides the terms.
pub(super) struct Setting<'a> {
    pub(super) style: Style,
    /// The inputs' names, in the style.
    pub(super) inputs: Vec<String>,
    /// Terms with names already, in the style.
    pub(super) named: HashMap<Id, String>,
    pub(super) naming: Naming,
    /// The letter for new names.
    pub(super) letter: &'a str,
}

/// Writes terms, shared parts by names that are the same for all of them: the names with what they
/// stand for, and one text per term.
pub(super) fn write_all(
    terms: &Terms,
    roots: &[Id],
    setting: Setting<'_>,
) -> (Vec<(String, String)>, Vec<String>) {
    let style = setting.style;
    let worth = terms.worth_naming(roots, &setting.named, setting.naming);
    let mut writer = Writer { terms, style, inputs: setting.inputs, names: setting.named };
    let letter = variable(setting.letter, style);
    for (i, id) in worth.iter().enumerate() {
        writer.names.insert(*id, format!("{letter}{}", lowered(i + 1, style)));
    }
    // An equation would read strangely behind another equality sign.
    let shown = |written: Written| writer.guarded(written, Level::Sum);
    let define = |id: &Id| (writer.names[id].clone(), shown(writer.definition(*id)));
    let definitions = worth.iter().map(define).collect();
    let texts = roots.iter().map(|id| shown(writer.term(*id))).collect();
    (definitions, texts)
}
