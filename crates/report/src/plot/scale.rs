//! Scales: how a value becomes a position along an axis.

use serde::Serialize;

/// How values are spread along an axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// Equal differences take equal room.
    #[default]
    Linear,
    /// Equal ratios take equal room; ticks at powers of ten. Only positive values have a place.
    Log,
    /// As [`Scale::Log`], with ticks at powers of two: widths, batch sizes, thread counts.
    Log2,
}

impl Scale {
    /// The position of a value on the scale's own line, or `None` if it has none there.
    pub(crate) fn position(self, value: f64) -> Option<f64> {
        let position = match self {
            Scale::Linear => value,
            Scale::Log if value > 0.0 => value.log10(),
            Scale::Log2 if value > 0.0 => value.log2(),
            Scale::Log | Scale::Log2 => return None,
        };
        position.is_finite().then_some(position)
    }

    pub(crate) fn is_logarithmic(self) -> bool {
        self != Scale::Linear
    }
}

/// The stretch of a scale that an axis shows, in positions: `low < high`, both finite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Span {
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl Span {
    /// The smallest span of some width that holds all `positions`, or `None` if there are none.
    ///
    /// Positions so close together that an axis could not tell them apart count as one, and one
    /// position gets room on both sides.
    pub(crate) fn holding(scale: Scale, positions: impl IntoIterator<Item = f64>) -> Option<Self> {
        let (low, high) = positions.into_iter().filter(|p| p.is_finite()).fold(
            None,
            |found: Option<(f64, f64)>, p| match found {
                None => Some((p, p)),
                Some((low, high)) => Some((low.min(p), high.max(p))),
            },
        )?;
        let magnitude = low.abs().max(high.abs());
        let indistinct = high / 2.0 - low / 2.0 <= (magnitude * 1e-11).max(1e-300);
        let (low, high) = match scale {
            _ if !indistinct => (low, high),
            Scale::Linear if magnitude < 1e-290 => (-1.0, 1.0),
            Scale::Linear => (low - magnitude * 0.1, high + magnitude * 0.1),
            Scale::Log | Scale::Log2 => (low - 0.5, high + 0.5),
        };
        Some(Self { low: low.max(f64::MIN), high: high.min(f64::MAX) })
    }

    /// The span with a share of its length added at both ends.
    pub(crate) fn padded(self, share: f64) -> Self {
        let room = (self.high / 2.0 - self.low / 2.0) * share * 2.0;
        Self { low: (self.low - room).max(f64::MIN), high: (self.high + room).min(f64::MAX) }
    }

    /// Where a position lies: 0 at the low end, 1 at the high end, beyond them outside.
    pub(crate) fn fraction(&self, position: f64) -> f64 {
        // Halved and quartered, because the span may be longer than the largest number.
        if self.low.abs().max(self.high.abs()).max(position.abs()) > 1e300 {
            let [low, high, position] = [self.low, self.high, position].map(|x| x / 4.0);
            return (position - low) / (high - low);
        }
        (position - self.low) / (self.high - self.low)
    }

    pub(crate) fn contains(&self, position: f64) -> bool {
        (self.low..=self.high).contains(&position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn logarithms_have_no_place_for_what_is_not_positive() {
        assert_eq!(Scale::Log.position(1000.0).map(f64::round), Some(3.0));
        assert_eq!(Scale::Log2.position(8.0), Some(3.0));
        for value in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(Scale::Log.position(value), None);
        }
        assert_eq!(Scale::Linear.position(f64::NEG_INFINITY), None);
    }

    #[test]
    fn one_value_gets_room() {
        let span = Span::holding(Scale::Linear, [5.0]).unwrap();
        assert!(span.low < 5.0 && span.high > 5.0);
        assert_eq!(Span::holding(Scale::Linear, [0.0]), Some(Span { low: -1.0, high: 1.0 }));
        assert_eq!(Span::holding(Scale::Linear, [f64::NAN]), None);
    }

    proptest! {
        #[test]
        fn fractions_are_finite_and_ordered(
            a in any::<f64>(), b in any::<f64>(), t in 0.0..1.0f64, log in any::<bool>(),
        ) {
            let scale = if log { Scale::Log } else { Scale::Linear };
            let positions: Vec<f64> = [a, b].iter().filter_map(|&v| scale.position(v)).collect();
            if let Some(span) = Span::holding(scale, positions.clone()) {
                let span = span.padded(t);
                prop_assert!(span.low < span.high, "{span:?}");
                for p in positions {
                    let fraction = span.fraction(p);
                    prop_assert!((-1e-9..=1.0 + 1e-9).contains(&fraction), "{span:?} {p} {fraction}");
                }
            }
        }
    }
}
