//! Holding examples out: the part a model is judged on must not be the part it learned from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, counted};
use crate::random::{Purpose, Stream};

/// Two disjoint sets of examples that together are all of them, each in an order drawn at random,
/// so that a prefix of either is a fair sample of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Split {
    /// Examples to learn from.
    pub train: Vec<usize>,
    /// Examples to judge by.
    pub held_out: Vec<usize>,
}

/// A split in which every class keeps its share.
///
/// With `n` examples, `h = round(n · held_out_fraction)` are held out (at least one if the fraction
/// is not 0). Class `c` with `n_c` members gives `n_c · h / n` of them, rounded by largest
/// remainder: everyone the whole part, then one more each to the largest fractional parts, the
/// lower class first among equals. Two rules come before proportion:
///
/// - every class keeps at least one example to learn from, so **a class with a single member is
///   never held out**, and `h` is at most `n` minus the number of classes;
/// - which members are held out depends on `seed` alone, each set of the right size equally likely.
///
/// ```
/// let labels = [0, 0, 0, 0, 0, 0, 1, 1, 1, 2];
/// let split = data::split::stratified(&labels, 0.3, 42)?;
/// let held_out_of = |class| split.held_out.iter().filter(|&&i| labels[i] == class).count();
/// assert_eq!([held_out_of(0), held_out_of(1), held_out_of(2)], [2, 1, 0]);
/// assert_eq!(split.train.len(), 7);
/// # Ok::<(), data::Error>(())
/// ```
///
/// # Errors
/// [`Argument`](ErrorKind::Argument) if the fraction is not in `[0, 1)`,
/// [`Empty`](ErrorKind::Empty) if there are no labels, or none can be held out because no class has
/// two members.
pub fn stratified(labels: &[usize], held_out_fraction: f64, seed: u64) -> Result<Split, Error> {
    let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (example, &label) in labels.iter().enumerate() {
        members.entry(label).or_default().push(example);
    }
    let spare = labels.len() - members.len();
    let held_out = held_out_count(labels.len(), spare, held_out_fraction, "class")?;
    let sizes: Vec<usize> = members.values().map(Vec::len).collect();

    let mut stream = Stream::new(Purpose::HoldOut, seed, 0);
    let mut split = Split { train: Vec::new(), held_out: Vec::new() };
    for (mut class, quota) in members.into_values().zip(quotas(&sizes, held_out)) {
        stream.shuffle(&mut class);
        split.held_out.extend_from_slice(&class[..quota]);
        split.train.extend_from_slice(&class[quota..]);
    }
    stream.shuffle(&mut split.train);
    stream.shuffle(&mut split.held_out);
    Ok(split)
}

/// A split by a plain shuffle, for targets that are numbers: `round(n · held_out_fraction)`
/// examples are held out, at least one if the fraction is not 0 and at most `n - 1`.
///
/// ```
/// let split = data::split::shuffled(442, 0.25, 0)?;
/// assert_eq!((split.train.len(), split.held_out.len()), (331, 111));
/// # Ok::<(), data::Error>(())
/// ```
///
/// # Errors
/// [`Argument`](ErrorKind::Argument) if the fraction is not in `[0, 1)`,
/// [`Empty`](ErrorKind::Empty) without examples, or with a single one of which some is to be held
/// out.
pub fn shuffled(count: usize, held_out_fraction: f64, seed: u64) -> Result<Split, Error> {
    let spare = count.saturating_sub(1);
    let held_out = held_out_count(count, spare, held_out_fraction, "set")?;
    let mut train: Vec<usize> = (0..count).collect();
    Stream::new(Purpose::HoldOut, seed, 0).shuffle(&mut train);
    let held_out = train.split_off(count - held_out);
    Ok(Split { train, held_out })
}

/// How many of `count` examples to hold out, when `spare` may be without emptying a class.
fn held_out_count(count: usize, spare: usize, fraction: f64, group: &str) -> Result<usize, Error> {
    let subject = "held-out fraction";
    // Written so that NaN is refused as well.
    if !(0.0..1.0).contains(&fraction) {
        return Err(Error::new(
            ErrorKind::Argument,
            subject,
            format!("{fraction} is out of range"),
            "it must be at least 0 and less than 1, such as 0.2",
        ));
    }
    if count == 0 {
        return Err(Error::new(
            ErrorKind::Empty,
            subject,
            "there are no examples to divide",
            "at least one is needed",
        ));
    }
    if fraction == 0.0 {
        return Ok(0);
    }
    if spare == 0 {
        return Err(Error::new(
            ErrorKind::Empty,
            subject,
            format!("none of {} can be held out", counted(count, "example")),
            format!("a {group} needs two members to spare one; hold out 0 to train on all"),
        ));
    }
    Ok(((count as f64 * fraction).round() as usize).clamp(1, spare))
}

/// Divides `held_out` seats among classes in proportion to `sizes` by largest remainder, leaving
/// every class at least one member. Needs `held_out <= Σ (size - 1)`.
fn quotas(sizes: &[usize], held_out: usize) -> Vec<usize> {
    let total = sizes.iter().sum::<usize>() as u128;
    let share = |size: usize| size as u128 * held_out as u128;
    // held_out < total, so the whole part is below the size: one member always stays.
    let mut quotas: Vec<usize> = sizes.iter().map(|&size| (share(size) / total) as usize).collect();
    let mut by_remainder: Vec<usize> = (0..sizes.len()).collect();
    by_remainder.sort_by_key(|&class| std::cmp::Reverse(share(sizes[class]) % total));
    let mut left = held_out - quotas.iter().sum::<usize>();
    // One round is enough unless classes with nothing to spare are passed over.
    while left > 0 {
        for &class in &by_remainder {
            if left > 0 && quotas[class] + 1 < sizes[class] {
                quotas[class] += 1;
                left -= 1;
            }
        }
    }
    quotas
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message(result: Result<Split, Error>) -> String {
        result.expect_err("should be refused").to_string()
    }

    #[test]
    fn refuses_what_cannot_be_divided() {
        for fraction in [-0.1, 1.0, 2.0, f64::NAN, f64::INFINITY] {
            let expected = format!(
                "held-out fraction: {fraction} is out of range; \
                 it must be at least 0 and less than 1, such as 0.2"
            );
            assert_eq!(message(stratified(&[0, 0], fraction, 0)), expected);
            assert_eq!(message(shuffled(2, fraction, 0)), expected);
        }
        let empty = "held-out fraction: there are no examples to divide; at least one is needed";
        assert_eq!(message(stratified(&[], 0.5, 0)), empty);
        assert_eq!(message(shuffled(0, 0.5, 0)), empty);
        assert_eq!(
            message(stratified(&[5, 2, 9], 0.5, 0)),
            "held-out fraction: none of 3 examples can be held out; \
             a class needs two members to spare one; hold out 0 to train on all"
        );
        assert_eq!(
            message(shuffled(1, 0.5, 0)),
            "held-out fraction: none of 1 example can be held out; \
             a set needs two members to spare one; hold out 0 to train on all"
        );
    }

    #[test]
    fn holding_out_nothing_is_allowed() {
        let split = stratified(&[1, 2, 3], 0.0, 5).unwrap();
        assert_eq!((split.train.len(), split.held_out.len()), (3, 0));
        assert_eq!(shuffled(1, 0.0, 5).unwrap().train, [0]);
    }

    #[test]
    fn quotas_are_largest_remainders() {
        // Shares 7.5, 4.5, 3.0: the two halves compete for one seat; the lower class has it.
        assert_eq!(quotas(&[50, 30, 20], 15), [8, 4, 3]);
        // Shares 0.6, 0.3, 0.1.
        assert_eq!(quotas(&[6, 3, 1], 1), [1, 0, 0]);
        // Singletons have the largest remainders but nothing to spare.
        assert_eq!(quotas(&[1, 1, 1, 1, 3], 2), [0, 0, 0, 0, 2]);
    }

    #[test]
    fn each_example_is_held_out_as_often_as_the_others() {
        // 12 members of class 0 and 6 of class 1, a third held out: each example with chance 1/3.
        let labels: Vec<usize> = (0..18).map(|i| usize::from(i % 3 == 0)).collect();
        let mut counts = [0u32; 18];
        let seeds = 9_000;
        for seed in 0..seeds {
            for example in stratified(&labels, 1.0 / 3.0, seed).unwrap().held_out {
                counts[example] += 1;
            }
        }
        // Standard deviation √(9000 · 1/3 · 2/3) = 44.7; 4.5 of them for 18 counts.
        assert!(counts.iter().all(|&c| c.abs_diff(3_000) < 201), "{counts:?}");
    }

    #[test]
    fn orders_within_the_parts_are_mixed() {
        // Sorted labels, as in iris: a prefix of the held-out part must not be one class.
        let labels: Vec<usize> = (0..150).map(|i| i / 50).collect();
        let split = stratified(&labels, 0.2, 1).unwrap();
        let first: Vec<usize> = split.held_out[..10].iter().map(|&i| labels[i]).collect();
        assert!((0..3).all(|class| first.contains(&class)), "{first:?}");
    }

    fn check_partition(split: &Split, count: usize) -> Result<(), TestCaseError> {
        let mut all: Vec<usize> = split.train.iter().chain(&split.held_out).copied().collect();
        all.sort_unstable();
        prop_assert_eq!(all, (0..count).collect::<Vec<_>>());
        Ok(())
    }

    proptest! {
        #[test]
        fn stratified_splits_keep_proportions(
            labels in prop::collection::vec(0usize..6, 1..200),
            fraction in 0.01f64..0.99,
            seed: u64,
        ) {
            let mut sizes = [0usize; 6];
            for &label in &labels { sizes[label] += 1; }
            let classes = sizes.iter().filter(|&&size| size > 0).count();
            match stratified(&labels, fraction, seed) {
                Err(error) => {
                    prop_assert_eq!(error.kind(), ErrorKind::Empty);
                    prop_assert_eq!(labels.len(), classes);
                }
                Ok(split) => {
                    check_partition(&split, labels.len())?;
                    let held_out = split.held_out.len();
                    let wanted = (labels.len() as f64 * fraction).round().max(1.0) as usize;
                    prop_assert_eq!(held_out, wanted.min(labels.len() - classes));
                    for (class, &size) in sizes.iter().enumerate().filter(|&(_, &size)| size > 0) {
                        let out = split.held_out.iter().filter(|&&i| labels[i] == class).count();
                        prop_assert!(out < size, "a class was held out whole");
                        let share = size as f64 * held_out as f64 / labels.len() as f64;
                        // Below the whole part never; above the next only to make up for others
                        // that had nothing to spare.
                        prop_assert!(out as f64 > share - 1.0);
                        if sizes.iter().all(|&s| s == 0 || s > 12) && fraction < 0.8 {
                            prop_assert!((out as f64) < share + 1.0);
                        }
                    }
                    prop_assert_eq!(&split, &stratified(&labels, fraction, seed).unwrap());
                }
            }
        }

        #[test]
        fn shuffled_splits_are_partitions(
            count in 2usize..300, fraction in 0.01f64..0.99, seed: u64
        ) {
            let split = shuffled(count, fraction, seed).unwrap();
            check_partition(&split, count)?;
            let wanted = (count as f64 * fraction).round() as usize;
            prop_assert_eq!(split.held_out.len(), wanted.clamp(1, count - 1));
        }

        #[test]
        fn the_seed_varies_the_split(seed: u64) {
            let labels: Vec<usize> = (0..100).map(|i| i % 2).collect();
            let next = seed.wrapping_add(1);
            let held_out = |seed| {
                let mut set = stratified(&labels, 0.3, seed).unwrap().held_out;
                set.sort_unstable();
                set
            };
            prop_assert_ne!(held_out(seed), held_out(next));
        }
    }
}
