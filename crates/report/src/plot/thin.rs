//! Drawing many points with few: what the eye cannot tell apart is drawn once.

use std::collections::BTreeSet;

/// Lines with fewer points are drawn as they are.
const FEW: usize = 1500;
/// No more markers than this are drawn for one series.
const MOST_MARKERS: usize = 4000;

/// A line that looks the same as the one through `points`, in pixels, with few points.
///
/// Where the line runs steadily to the right, each pixel column keeps its first, lowest, highest
/// and last point (the M4 aggregation of Jugel et al., VLDB 2014, exact to the pixel), so spikes
/// survive. Any other line loses points closer than half a pixel to their neighbour.
pub(crate) fn line(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    if points.len() <= FEW {
        return points.to_vec();
    }
    if points.windows(2).all(|pair| pair[0].0 <= pair[1].0) {
        return points.chunk_by(|a, b| a.0.floor() == b.0.floor()).flat_map(extremes).collect();
    }
    let mut kept: Vec<(f64, f64)> = Vec::new();
    for (i, &(x, y)) in points.iter().enumerate() {
        let far = kept.last().is_none_or(|last| (x - last.0).hypot(y - last.1) >= 0.5);
        if far || i + 1 == points.len() {
            kept.push((x, y));
        }
    }
    kept
}

/// First, lowest, highest and last of a column, in the order they came.
fn extremes(column: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut low = 0;
    let mut high = 0;
    for (i, point) in column.iter().enumerate() {
        if point.1 < column[low].1 {
            low = i;
        }
        if point.1 > column[high].1 {
            high = i;
        }
    }
    let indices = BTreeSet::from([0, low, high, column.len() - 1]);
    indices.into_iter().map(|i| column[i]).collect()
}

/// Indices of the markers to draw: where several would cover each other, the first.
pub(crate) fn markers(points: &[(f64, f64)]) -> Vec<usize> {
    let mut cell = 0.25;
    loop {
        let mut seen = BTreeSet::new();
        let kept: Vec<usize> = points
            .iter()
            .enumerate()
            .filter(|(_, p)| {
                seen.insert(((p.0 / cell).floor() as i64, (p.1 / cell).floor() as i64))
            })
            .map(|(i, _)| i)
            .collect();
        if kept.len() <= MOST_MARKERS {
            return kept;
        }
        cell *= 2.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spike_survives() {
        let points: Vec<(f64, f64)> = (0..100_000)
            .map(|i| (f64::from(i) * 0.005, if i == 41_234 { 300.0 } else { f64::from(i % 7) }))
            .collect();
        let kept = line(&points);
        assert!(kept.len() <= 4 * 501, "{}", kept.len());
        assert!(kept.contains(&(41_234.0 * 0.005, 300.0)));
        assert_eq!((kept[0], kept[kept.len() - 1]), (points[0], points[99_999]));
    }

    #[test]
    fn a_loop_keeps_its_shape() {
        let points: Vec<(f64, f64)> = (0..50_000)
            .map(|i| {
                let angle = f64::from(i) * 1e-3;
                (100.0 * angle.cos(), 100.0 * angle.sin())
            })
            .collect();
        let kept = line(&points);
        assert!(kept.len() < 15_000 && kept.len() > 5_000, "{}", kept.len());
    }

    #[test]
    fn markers_on_top_of_each_other_are_drawn_once() {
        assert_eq!(markers(&[(1.0, 1.0), (1.1, 1.1), (5.0, 1.0)]), [0, 2]);
        let many: Vec<(f64, f64)> =
            (0..100_000).map(|i| (f64::from(i % 317), f64::from(i / 317))).collect();
        assert!(markers(&many).len() <= MOST_MARKERS);
    }
}
