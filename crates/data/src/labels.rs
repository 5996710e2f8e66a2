//! From what a file holds as targets to classes or numbers.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::{Error, ErrorKind, Place, counted, quoted};
use crate::format::dialect::{Cell, cell};
use crate::targets::{Targets, not_finite};

/// What is to be predicted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Task {
    /// Text means classes. Numbers mean classes if they are all whole and take few different
    /// values: at most 20, or a tenth of the number of examples if that is more. Other numbers mean
    /// values. What is neither clearly is refused: text among numbers, and few whole numbers some
    /// of which are negative (but −1 and +1 together are two classes).
    #[default]
    Auto,
    /// Classification: text, or whole numbers not below 0, or −1 and +1. Gaps are allowed: labels
    /// 3 and 7 are two classes, named "3" and "7".
    Classes,
    /// Regression: any finite numbers.
    Values,
}

/// Where the targets stand, for messages.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Places<'a> {
    /// Target `i` is that of row `i`.
    Rows,
    /// Target `i` stands in line `lines[i]`.
    Lines(&'a [u64]),
}

impl Places<'_> {
    fn at(self, target: usize) -> Place {
        match self {
            Places::Rows => Place::Row(target),
            Places::Lines(lines) => {
                lines.get(target).map_or(Place::Row(target), |&line| Place::Line(line))
            }
        }
    }
}

/// The most different whole numbers that are taken for classes without being told.
fn few(count: usize) -> usize {
    (count / 10).max(20)
}

/// Targets from numbers; see [`Task`] for which are classes.
pub(crate) fn from_numbers(
    subject: &str,
    values: Vec<f64>,
    task: Task,
    places: Places<'_>,
) -> Result<Targets, Error> {
    if let Some(i) = values.iter().position(|value| !value.is_finite()) {
        return Err(not_finite(subject, values[i], places.at(i)));
    }
    if task == Task::Values {
        return Ok(Targets::Values(values));
    }
    let Some(whole) = values.iter().map(|&value| whole(value)).collect::<Option<Vec<i64>>>() else {
        if task == Task::Auto {
            return Ok(Targets::Values(values));
        }
        let i = values.iter().position(|&value| self::whole(value).is_none()).unwrap_or_default();
        let wrong = format!("{} is not a class label", values[i]);
        return Err(Error::new(ErrorKind::Label, subject, wrong, LABELS).at(places.at(i)));
    };
    let distinct: BTreeSet<i64> = whole.iter().copied().collect();
    if task == Task::Auto && distinct.len() > few(values.len()) {
        return Ok(Targets::Values(values));
    }
    let plus_and_minus = distinct.iter().copied().eq([-1, 1]);
    if let Some(i) = whole.iter().position(|&label| label < 0).filter(|_| !plus_and_minus) {
        let wrong = format!("{} is not a class label", whole[i]);
        return Err(Error::new(ErrorKind::Label, subject, wrong, LABELS).at(places.at(i)));
    }
    let names: Vec<i64> = distinct.into_iter().collect();
    Ok(Targets::Classes {
        // The label of a class is its rank, so that neither gaps nor large numbers cost anything.
        labels: whole.iter().filter_map(|label| names.binary_search(label).ok()).collect(),
        names: names.iter().map(i64::to_string).collect(),
    })
}

const LABELS: &str = "labels are whole numbers from 0, or -1 and +1, or text; \
                      ask for values if these are numbers to predict";

/// `value` as a whole number, if it is one that f64 holds exactly.
fn whole(value: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0; // 2^53
    (value.fract() == 0.0 && value.abs() <= EXACT).then_some(value as i64)
}

/// Targets from the cells of a text table, one per line of `lines`.
pub(crate) fn from_text(
    subject: &str,
    cells: &[String],
    lines: &[u64],
    task: Task,
) -> Result<Targets, Error> {
    let fail = |kind, i: usize, wrong: String, right: &str| {
        Err(Error::new(kind, subject, wrong, right).at(Places::Lines(lines).at(i)))
    };
    let kinds: Vec<Cell> = cells.iter().map(|text| cell(text.as_bytes())).collect();
    if let Some(i) = kinds.iter().position(|kind| *kind == Cell::Missing) {
        let wrong = format!("the target is missing ({})", quoted(&cells[i]));
        return fail(ErrorKind::Missing, i, wrong, "fill it in or drop the line");
    }
    let Some(text) = kinds.iter().position(|kind| *kind == Cell::Text) else {
        let numbers = kinds.into_iter().filter_map(Cell::number).collect();
        return from_numbers(subject, numbers, task, Places::Lines(lines));
    };
    match task {
        Task::Values => {
            let wrong = format!("the target {} is not a number", quoted(&cells[text]));
            return fail(ErrorKind::Label, text, wrong, "values to predict must be numbers");
        }
        Task::Auto if kinds.iter().any(|kind| *kind != Cell::Text) => {
            let wrong = format!(
                "the target {} is text, where other lines have numbers",
                quoted(&cells[text])
            );
            return fail(ErrorKind::Label, text, wrong, "correct it, or ask for classes");
        }
        Task::Auto | Task::Classes => {}
    }
    let mut ranks: BTreeMap<&str, usize> = cells.iter().map(|text| (text.as_str(), 0)).collect();
    if ranks.len() == cells.len() && cells.len() > 20 {
        let wrong = format!("the {} are all different", counted(cells.len(), "text target"));
        let right = "classes have several members: choose the column of the classes as target";
        return Err(Error::new(ErrorKind::Label, subject, wrong, right));
    }
    for (rank, entry) in ranks.values_mut().enumerate() {
        *entry = rank;
    }
    Ok(Targets::Classes {
        labels: cells.iter().filter_map(|text| ranks.get(text.as_str()).copied()).collect(),
        names: ranks.keys().map(|name| name.to_string()).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(values: &[f64], task: Task) -> Result<Targets, String> {
        from_numbers("y", values.to_vec(), task, Places::Rows).map_err(|error| error.to_string())
    }

    fn text(cells: &[&str], task: Task) -> Result<Targets, String> {
        let cells: Vec<String> = cells.iter().map(|text| text.to_string()).collect();
        let lines: Vec<u64> = (2..).take(cells.len()).collect();
        from_text("y", &cells, &lines, task).map_err(|error| error.to_string())
    }

    fn classes(labels: &[usize], names: &[&str]) -> Result<Targets, String> {
        let names = names.iter().map(|name| name.to_string()).collect();
        Ok(Targets::Classes { labels: labels.to_vec(), names })
    }

    #[test]
    fn whole_numbers_of_few_kinds_are_classes() {
        assert_eq!(numbers(&[0.0, 2.0, 1.0], Task::Auto), classes(&[0, 2, 1], &["0", "1", "2"]));
        // Gaps and a start at 1 cost nothing; names keep the numbers.
        assert_eq!(numbers(&[7.0, 3.0, 7.0], Task::Auto), classes(&[1, 0, 1], &["3", "7"]));
        assert_eq!(numbers(&[4e9, 0.0], Task::Auto), classes(&[1, 0], &["0", "4000000000"]));
        assert_eq!(numbers(&[-1.0, 1.0], Task::Auto), classes(&[0, 1], &["-1", "1"]));
        assert_eq!(numbers(&[5.0], Task::Auto), classes(&[0], &["5"]));
    }

    #[test]
    fn other_numbers_are_values() {
        assert_eq!(numbers(&[0.5, 1.0], Task::Auto), Ok(Targets::Values(vec![0.5, 1.0])));
        let many: Vec<f64> = (0..100).map(f64::from).collect();
        assert_eq!(numbers(&many, Task::Auto), Ok(Targets::Values(many.clone())));
        assert_eq!(numbers(&many, Task::Classes).unwrap().class_names().unwrap().len(), 100);
        assert_eq!(numbers(&[0.0, 1.0], Task::Values), Ok(Targets::Values(vec![0.0, 1.0])));
    }

    #[test]
    fn doubtful_numbers_are_refused() {
        let rule = "labels are whole numbers from 0, or -1 and +1, or text; \
                    ask for values if these are numbers to predict";
        let refused = |row: usize, what: &str| {
            Err(format!("y, row {row} (counted from 0): {what} is not a class label; {rule}"))
        };
        assert_eq!(numbers(&[0.0, 1.0, -1.0], Task::Auto), refused(2, "-1"));
        assert_eq!(numbers(&[0.0, 2.5], Task::Classes), refused(1, "2.5"));
        assert_eq!(numbers(&[1e300], Task::Classes), refused(0, &1e300.to_string()));
        assert_eq!(
            numbers(&[0.0, f64::NAN], Task::Auto),
            Err("y, row 1 (counted from 0): the target is NaN; \
                 every target must be a finite number: fill it in or drop the example"
                .into())
        );
    }

    #[test]
    fn text_is_classes_in_alphabetical_order() {
        assert_eq!(text(&["b", "a", "b"], Task::Auto), classes(&[1, 0, 1], &["a", "b"]));
        assert_eq!(text(&["1", "0"], Task::Auto), classes(&[1, 0], &["0", "1"]));
        assert_eq!(text(&["1", "x"], Task::Classes), classes(&[0, 1], &["1", "x"]));
        assert_eq!(text(&["1.5", "2"], Task::Auto), Ok(Targets::Values(vec![1.5, 2.0])));
    }

    #[test]
    fn doubtful_text_is_refused() {
        assert_eq!(
            text(&["1", "2", "two"], Task::Auto),
            Err("y, line 4: the target \"two\" is text, where other lines have numbers; \
                 correct it, or ask for classes"
                .into())
        );
        assert_eq!(
            text(&["a", "?"], Task::Auto),
            Err("y, line 3: the target is missing (\"?\"); fill it in or drop the line".into())
        );
        assert_eq!(
            text(&["a"], Task::Values),
            Err("y, line 2: the target \"a\" is not a number; values to predict must be numbers"
                .into())
        );
        let ids: Vec<String> = (0..30).map(|i| format!("id{i}")).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        assert_eq!(
            text(&ids, Task::Auto),
            Err("y: the 30 text targets are all different; \
                 classes have several members: choose the column of the classes as target"
                .into())
        );
    }
}
