//! Ticks: round values along an axis and how they are written.
//!
//! Linear axes step by 1, 2 or 5 times a power of ten. Logarithmic axes tick at powers of the
//! base, at 1-2-5 within few decades, and like linear axes within less than one.

use super::scale::{Scale, Span};
use crate::number;

/// A place on an axis worth a mark.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tick {
    /// Position on the scale's own line.
    pub(crate) position: f64,
    /// What is written there; empty for a mark between labelled ones.
    pub(crate) label: String,
}

/// How numbers are written along an axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TickFormat {
    /// As few digits as tell neighbours apart; powers of ten for very large or small values.
    #[default]
    Plain,
    /// A fraction of one as a percentage: 0.25 is written 25 %.
    Percent,
}

/// At most about `target` labelled ticks for the part of `scale` that `span` shows. With `whole`,
/// only whole numbers are marked on a linear axis.
pub(crate) fn ticks(
    scale: Scale,
    span: Span,
    target: usize,
    whole: bool,
    format: TickFormat,
) -> Vec<Tick> {
    let target = target.clamp(2, 50);
    match scale {
        Scale::Linear => linear(span, target, whole, format),
        Scale::Log => decades(span, target, format),
        Scale::Log2 => doublings(span, target, format),
    }
}

fn linear(span: Span, target: usize, whole: bool, format: TickFormat) -> Vec<Tick> {
    let values = round_values(span, target, whole);
    let labels = labels(&values, format);
    values.into_iter().zip(labels).map(|(position, label)| Tick { position, label }).collect()
}

/// Multiples within `span` of the smallest step of 1, 2 or 5 times a power of ten that gives no
/// more than `target` of them.
fn round_values(span: Span, target: usize, whole: bool) -> Vec<f64> {
    // In quarters, because the span may be longer than the largest number.
    let rough = (span.high / 4.0 - span.low / 4.0) / target as f64 * 4.0;
    if !rough.is_finite() || rough <= 0.0 {
        return vec![span.low, span.high];
    }
    let mut exponent = rough.log10().floor() as i32;
    let mut mantissa = [1.0, 2.0, 5.0]
        .into_iter()
        .find(|m| number::shift(*m, exponent) >= rough * (1.0 - 1e-9))
        .unwrap_or_else(|| {
            exponent += 1;
            1.0
        });
    if whole && exponent < 0 {
        (mantissa, exponent) = (1.0, 0);
    }
    let step = number::shift(mantissa, exponent);
    let slack = 1e-9;
    let first = (span.low / step - slack).ceil();
    let last = (span.high / step + slack).floor();
    let count = (last - first).max(-1.0) as usize + 1;
    if !step.is_finite() || count > 200 {
        return vec![span.low, span.high];
    }
    let mut values: Vec<f64> = (0..count)
        .map(|i| {
            let multiple = first + i as f64;
            // For steps below one, dividing by a power of ten is exact where multiplying is not:
            // 3 / 10 is 0.3, but 3 · 0.1 is not.
            if exponent < 0 && exponent > -300 {
                multiple * mantissa / 10f64.powi(-exponent)
            } else {
                multiple * step
            }
        })
        .filter(|value| value.is_finite())
        .map(|value| value.clamp(span.low, span.high) + 0.0)
        .collect();
    values.dedup();
    values
}

/// How the ticks of a linear axis are written: all with the same number of decimals.
fn labels(values: &[f64], format: TickFormat) -> Vec<String> {
    let largest = values.iter().fold(0.0f64, |m, v| m.max(v.abs()));
    let step = values.windows(2).map(|w| w[1] / 2.0 - w[0] / 2.0).fold(f64::INFINITY, f64::min);
    // The step is a round number, known only as a difference of its multiples.
    let step = if step.is_finite() && step > 0.0 { step * 2.0 } else { largest };
    let step_exponent = number::exponent_when_rounded(step, 3);
    if format == TickFormat::Percent && largest < 1e6 {
        let decimals = (-step_exponent - 2).clamp(0, 8) as usize;
        return values
            .iter()
            .map(|v| format!("{}\u{a0}%", number::fixed(v * 100.0, decimals)))
            .collect();
    }
    let exponent = number::exponent_when_rounded(largest, 3);
    if largest > 0.0 && !(-3..6).contains(&exponent) {
        let decimals = (exponent - step_exponent).clamp(0, 12) as usize;
        let power = number::superscript(exponent);
        return values
            .iter()
            .map(|&v| {
                if v == 0.0 {
                    return "0".to_string();
                }
                format!("{}×10{power}", number::fixed(number::shift(v, -exponent), decimals))
            })
            .collect();
    }
    let decimals = (-step_exponent).clamp(0, 12) as usize;
    values.iter().map(|&v| number::fixed(v, decimals)).collect()
}

fn decades(span: Span, target: usize, format: TickFormat) -> Vec<Tick> {
    let (first, last) = (span.low.ceil() as i32, span.high.floor() as i32);
    let count = (last - first + 1).max(0) as usize;
    if count == 0 || span.high - span.low < 0.7 {
        return linear_on_log(span, target, format, |p| 10f64.powf(p), f64::log10);
    }
    let plain = first >= -4 && last <= 5;
    let label = |mantissa: f64, exponent: i32| match format {
        TickFormat::Percent if plain => {
            format!(
                "{}\u{a0}%",
                number::fixed(mantissa * 10f64.powi(exponent + 2), (-exponent - 2).max(0) as usize)
            )
        }
        _ if plain => number::fixed(number::shift(mantissa, exponent), (-exponent).max(0) as usize),
        _ if mantissa == 1.0 => format!("10{}", number::superscript(exponent)),
        _ => format!("{mantissa}×10{}", number::superscript(exponent)),
    };
    let stride = count.div_ceil(target) as i32;
    let label_between = count <= 2 && target >= 4;
    let mut ticks = Vec::new();
    for exponent in first - 1..=last {
        let between = if stride == 1 && count <= 10 { 2..10 } else { 0..0 };
        if exponent >= first && exponent.rem_euclid(stride) == 0 {
            ticks.push(Tick { position: exponent.into(), label: label(1.0, exponent) });
        } else if exponent >= first && count <= 40 {
            ticks.push(Tick { position: exponent.into(), label: String::new() });
        }
        for mantissa in between.map(f64::from) {
            let position = f64::from(exponent) + mantissa.log10();
            let labelled = label_between && (mantissa == 2.0 || mantissa == 5.0);
            if span.contains(position) {
                let label = if labelled { label(mantissa, exponent) } else { String::new() };
                ticks.push(Tick { position, label });
            }
        }
    }
    ticks
}

fn doublings(span: Span, target: usize, format: TickFormat) -> Vec<Tick> {
    let (first, last) = (span.low.ceil() as i32, span.high.floor() as i32);
    let count = (last - first + 1).max(0) as usize;
    if count < 2 {
        return linear_on_log(span, target, format, f64::exp2, f64::log2);
    }
    let plain = first >= -3 && last <= 16;
    let stride = count.div_ceil(target) as i32;
    (first..=last)
        .filter(|exponent| exponent.rem_euclid(stride) == 0)
        .map(|exponent| {
            let label = if plain {
                number::fixed(f64::from(exponent).exp2(), (-exponent).max(0) as usize)
            } else {
                format!("2{}", number::superscript(exponent))
            };
            Tick { position: exponent.into(), label }
        })
        .collect()
}

/// Within one power of the base, round values as on a linear axis.
fn linear_on_log(
    span: Span,
    target: usize,
    format: TickFormat,
    value: impl Fn(f64) -> f64,
    position: impl Fn(f64) -> f64,
) -> Vec<Tick> {
    let (low, high) = (value(span.low), value(span.high));
    let sound = low > 0.0 && high.is_finite() && high / low > 1.0 + 1e-9;
    if !sound {
        return vec![
            Tick { position: span.low, label: number::short(low, 6) },
            Tick { position: span.high, label: number::short(high, 6) },
        ];
    }
    linear(Span { low, high }, target, false, format)
        .into_iter()
        .filter(|tick| tick.position > 0.0)
        .map(|tick| Tick { position: position(tick.position), label: tick.label })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn labels_of(scale: Scale, low: f64, high: f64, target: usize) -> Vec<String> {
        ticks(scale, Span { low, high }, target, false, TickFormat::Plain)
            .into_iter()
            .map(|tick| tick.label)
            .filter(|label| !label.is_empty())
            .collect()
    }

    #[test]
    fn linear_axes_step_by_one_two_or_five() {
        assert_eq!(
            labels_of(Scale::Linear, 0.0, 60.0, 7),
            ["0", "10", "20", "30", "40", "50", "60"]
        );
        assert_eq!(labels_of(Scale::Linear, -0.3, 0.31, 4), ["−0.2", "0.0", "0.2"]);
        assert_eq!(labels_of(Scale::Linear, 0.0, 2e-7, 3), ["0", "1×10⁻⁷", "2×10⁻⁷"]);
        assert_eq!(labels_of(Scale::Linear, 0.0, 2.5e7, 3), ["0", "1×10⁷", "2×10⁷"]);
        let whole = ticks(Scale::Linear, Span { low: 1.0, high: 3.0 }, 8, true, TickFormat::Plain);
        assert_eq!(whole.len(), 3);
    }

    #[test]
    fn percentages() {
        let ticks =
            ticks(Scale::Linear, Span { low: 0.9, high: 1.0 }, 5, false, TickFormat::Percent);
        assert_eq!(ticks[1].label, "92\u{a0}%");
    }

    #[test]
    fn logarithmic_axes_tick_at_powers() {
        assert_eq!(labels_of(Scale::Log, -2.0, 1.0, 5), ["0.01", "0.1", "1", "10"]);
        assert_eq!(labels_of(Scale::Log, -12.0, -3.0, 4), ["10⁻¹²", "10⁻⁹", "10⁻⁶", "10⁻³"]);
        assert_eq!(labels_of(Scale::Log, -1.0, 0.5, 6), ["0.1", "0.2", "0.5", "1", "2"]);
        assert_eq!(labels_of(Scale::Log, 0.05, 0.25, 4), ["1.2", "1.4", "1.6"]);
        assert_eq!(labels_of(Scale::Log2, 4.0, 8.0, 5), ["16", "32", "64", "128", "256"]);
    }

    proptest! {
        #[test]
        fn ticks_stay_inside_and_ascend(
            a in any::<f64>(), b in any::<f64>(), target in 0usize..60, which in 0..3u8,
        ) {
            let scale = [Scale::Linear, Scale::Log, Scale::Log2][which as usize];
            let positions: Vec<f64> = [a, b].iter().filter_map(|&v| scale.position(v)).collect();
            if let Some(span) = Span::holding(scale, positions) {
                let ticks = ticks(scale, span, target, false, TickFormat::Plain);
                prop_assert!(ticks.len() <= 400);
                for pair in ticks.windows(2) {
                    prop_assert!(pair[0].position < pair[1].position, "{span:?} {ticks:?}");
                }
                for tick in &ticks {
                    let fraction = span.fraction(tick.position);
                    prop_assert!((-1e-6..=1.0 + 1e-6).contains(&fraction), "{span:?} {tick:?}");
                    prop_assert!(!tick.label.contains("NaN"), "{tick:?}");
                }
            }
        }
    }
}
