//! Medians, ratios and intervals over alternated rounds.

/// The median; the mean of the middle two for an even number.
pub(crate) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len();
    match n {
        0 => None,
        _ if n % 2 == 1 => Some(sorted[n / 2]),
        _ => Some(0.5 * (sorted[n / 2 - 1] + sorted[n / 2])),
    }
}

/// A median with an interval.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Ratio {
    pub(crate) median: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
    /// Whether the interval covers the median with a probability of at least 95 %. Fewer than six
    /// values have no such interval; theirs is from the least to the greatest.
    pub(crate) covers: bool,
}

/// The median of ratios with an interval between two order statistics, which covers the
/// distribution's median with a probability of at least 95 % whatever the distribution (Thompson
/// 1936): from the k-th to the (n+1−k)-th value for the greatest k with
/// `P(Binomial(n, ½) < k) ≤ 2.5 %`.
pub(crate) fn ratio(values: &[f64]) -> Option<Ratio> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = rank(sorted.len());
    let k = rank.unwrap_or(1);
    Some(Ratio {
        median: median(&sorted)?,
        low: *sorted.get(k - 1)?,
        high: *sorted.get(sorted.len() - k)?,
        covers: rank.is_some(),
    })
}

/// The rank of the interval's lower end, from 1.
fn rank(n: usize) -> Option<usize> {
    let mut probability = 0.5_f64.powi(i32::try_from(n).ok()?); // of exactly k successes, k = 0
    let mut below = 0.0;
    let mut rank = 0;
    for k in 0..=n / 2 {
        below += probability;
        if below > 0.025 {
            break;
        }
        rank = k + 1;
        probability *= (n - k) as f64 / (k + 1) as f64;
    }
    (rank > 0).then_some(rank)
}

/// exp of the mean logarithm.
pub(crate) fn geometric_mean(values: &[f64]) -> Option<f64> {
    let n = values.len() as f64;
    (!values.is_empty()).then(|| (values.iter().map(|x| x.ln()).sum::<f64>() / n).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_have_the_ranks_of_the_tables() {
        // Ranks for 95 % in tables of the sign test.
        for (n, k) in [(5, None), (6, Some(1)), (10, Some(2)), (20, Some(6)), (50, Some(18))] {
            assert_eq!(rank(n), k, "{n}");
        }
        let values: Vec<f64> = (1..=20).map(f64::from).collect();
        let r = ratio(&values).expect("there are values");
        assert_eq!((r.median, r.low, r.high, r.covers), (10.5, 6.0, 15.0, true));
        let r = ratio(&values[..2]).expect("there are values");
        assert_eq!((r.low, r.high, r.covers), (1.0, 2.0, false));
        assert!(ratio(&[]).is_none());
    }

    #[test]
    fn the_geometric_mean_of_inverses_is_one() {
        assert!((geometric_mean(&[0.25, 4.0]).expect("values") - 1.0).abs() < 1e-15);
        assert!(geometric_mean(&[]).is_none());
    }
}
