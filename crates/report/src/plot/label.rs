//! Naming the series: directly where they are, or in a legend above the plot.

use super::svg::{Anchor, Outline, Rect, Svg};
use super::text;

const SIZE: f64 = 12.5;
/// Height of one line of labels.
const LINE: f64 = 16.0;
/// Length of the piece of line that shows a colour in a legend or before a label.
const SWATCH: f64 = 18.0;

/// How a series is shown next to its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sample {
    /// A piece of line with this class.
    Line(&'static str),
    /// A dot.
    Dot,
    /// A filled square.
    Square,
}

/// One name in a legend.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// The class that holds the colour.
    pub(crate) class: String,
    pub(crate) sample: Sample,
    pub(crate) name: String,
}

/// Splits a legend into rows no wider than `width`; each entry with its left edge.
fn rows(entries: &[Entry], width: f64) -> Vec<Vec<(f64, &Entry)>> {
    let mut rows: Vec<Vec<(f64, &Entry)>> = Vec::new();
    let mut x = 0.0;
    for entry in entries {
        let needed = SWATCH + 6.0 + text::width(&entry.name, SIZE);
        if rows.is_empty() || x + needed > width {
            rows.push(Vec::new());
            x = 0.0;
        }
        if let Some(row) = rows.last_mut() {
            row.push((x, entry));
        }
        x += needed + 20.0;
    }
    rows
}

/// The height of a legend, with the room below it.
pub(crate) fn legend_height(entries: &[Entry], width: f64) -> f64 {
    match rows(entries, width).len() {
        0 => 0.0,
        n => n as f64 * (LINE + 2.0) + 8.0,
    }
}

/// Draws a legend into the top of `bounds`.
pub(crate) fn draw_legend(svg: &mut Svg, entries: &[Entry], bounds: Rect) {
    for (n, row) in rows(entries, bounds.width).into_iter().enumerate() {
        let y = bounds.y + n as f64 * (LINE + 2.0) + LINE / 2.0;
        for (x, entry) in row {
            let x = bounds.x + x;
            svg.group(&entry.class, |svg| match entry.sample {
                Sample::Line(class) => {
                    svg.outline(class, &Outline::through(&[(x, y), (x + SWATCH, y)]), None);
                }
                Sample::Dot => svg.circle("mark", (x + SWATCH / 2.0, y), 4.0, None),
                Sample::Square => {
                    let square = Rect { x: x + 4.0, y: y - 5.5, width: 11.0, height: 11.0 };
                    svg.rect("bar", square, None);
                }
            });
            let room = bounds.width - SWATCH - 6.0;
            let name = text::truncate(&entry.name, room, SIZE);
            svg.text("legend", (x + SWATCH + 6.0, y + 4.0), Anchor::Start, &name);
        }
    }
}

/// The room on the right that labels of these names need.
pub(crate) fn right_margin<'a>(names: impl IntoIterator<Item = &'a str>) -> f64 {
    let widest = names.into_iter().map(|n| text::width(n, SIZE)).fold(0.0, f64::max);
    if widest > 0.0 { widest.min(190.0) + 22.0 } else { 0.0 }
}

/// A name to be written to the right of the area, level with the end of its line if it can be.
pub(crate) struct EndLabel<'a> {
    pub(crate) class: String,
    pub(crate) name: &'a str,
    pub(crate) end: (f64, f64),
}

/// Whether so many labels fit one above the other.
pub(crate) fn ends_fit(count: usize, area: Rect) -> bool {
    count as f64 * LINE <= area.height + LINE
}

/// Writes labels to the right of `area`, apart from each other, each joined to its line.
pub(crate) fn draw_ends(svg: &mut Svg, labels: &[EndLabel], area: Rect, picture_right: f64) {
    let wanted: Vec<f64> = labels.iter().map(|l| l.end.1).collect();
    let (low, high) = (area.y, area.bottom());
    for (label, y) in labels.iter().zip(spread(&wanted, LINE, low, high)) {
        let x = area.right() + 16.0;
        svg.group(&label.class, |svg| {
            let from = (label.end.0 + 4.0, label.end.1);
            let bend = (area.right() + 6.0, label.end.1);
            svg.outline("whisker", &Outline::through(&[from, bend, (x - 4.0, y)]), None);
        });
        let name = text::truncate(label.name, picture_right - x, SIZE);
        svg.text("legend", (x, y + 4.0), Anchor::Start, &name);
    }
}

/// Positions at least `gap` apart, as close to the wanted ones as that allows (in the sense of
/// least squares), within `low..=high` if there is room.
///
/// Positions that are pushed together form a block centred on the mean of what its members
/// wanted: pooling adjacent violators.
fn spread(wanted: &[f64], gap: f64, low: f64, high: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|&a, &b| wanted[a].total_cmp(&wanted[b]));
    // Each block: sum of (wanted − offset within the stack), number of members.
    let mut blocks: Vec<(f64, usize)> = Vec::new();
    for (n, &i) in order.iter().enumerate() {
        blocks.push((wanted[i] - n as f64 * gap, 1));
        while let [.., (a, m), (b, k)] = blocks[..] {
            if a / m as f64 <= b / k as f64 {
                break;
            }
            blocks.truncate(blocks.len() - 2);
            blocks.push((a + b, m + k));
        }
    }
    let stack = wanted.len().saturating_sub(1) as f64 * gap;
    let highest = (high - stack).max(low);
    let bases = blocks.iter().flat_map(|&(sum, count)| {
        std::iter::repeat_n((sum / count as f64).clamp(low, highest), count)
    });
    let mut positions = vec![0.0; wanted.len()];
    for (n, (&i, base)) in order.iter().zip(bases).enumerate() {
        positions[i] = base + n as f64 * gap;
    }
    positions
}

/// Finds room for labels inside the data area, next to their lines.
pub(crate) struct Placer {
    area: Rect,
    /// Pixels on the drawn lines, each with its line, close enough together that no label slips
    /// between.
    ink: Vec<(usize, (f64, f64))>,
    taken: Vec<Rect>,
}

/// A label placed inside the data area.
pub(crate) struct Placed {
    pub(crate) place: Rect,
    swatch: bool,
}

impl Placer {
    pub(crate) fn new(area: Rect) -> Self {
        Self { area, ink: Vec::new(), taken: Vec::new() }
    }

    /// Notes that line number `owner` runs through `points`.
    pub(crate) fn add_ink(&mut self, owner: usize, points: &[(f64, f64)]) {
        self.ink.extend(points.first().map(|&point| (owner, point)));
        for pair in points.windows(2) {
            let (from, to) = (pair[0], pair[1]);
            let length = (to.0 - from.0).hypot(to.1 - from.1);
            let pieces = (length / 4.0).clamp(1.0, 500.0) as usize;
            self.ink.extend((1..=pieces).map(|i| {
                let t = i as f64 / pieces as f64;
                (owner, (from.0 + t * (to.0 - from.0), from.1 + t * (to.1 - from.1)))
            }));
        }
    }

    /// The best place for the name of line `owner` beside one of its `points`, or `None` if it
    /// would cover too much.
    pub(crate) fn place(
        &mut self,
        owner: usize,
        name: &str,
        points: &[(f64, f64)],
        swatch: bool,
    ) -> Option<Placed> {
        let width = text::width(name, SIZE) + if swatch { 20.0 } else { 4.0 };
        let height = LINE;
        let last = points.len().checked_sub(1)?;
        let mut best: Option<(usize, Rect)> = None;
        // The ends of a line name it best; places further in are second choice.
        let anchors = [last, 0, last * 3 / 4, last / 4, last / 2, last * 9 / 10, last / 10];
        for (rank, &(x, y)) in anchors.iter().map(|&i| &points[i]).enumerate() {
            let doubt = if self.is_crowded(owner, (x, y)) { 60 } else { 0 };
            let (left, right) = (x - width - 7.0, x + 7.0);
            let (above, below, level) = (y - height - 5.0, y + 5.0, y - height / 2.0);
            let candidates = [
                (right, level),
                (left, level),
                (x - width / 2.0, above),
                (x - width / 2.0, below),
                (right, above),
                (left, above),
                (right, below),
                (left, below),
            ];
            for (order, (x, y)) in candidates.into_iter().enumerate() {
                let place = Rect { x, y, width, height };
                let covered = self.covered(place);
                let cost = covered * 100 + doubt + rank * 3 + order;
                if best.is_none_or(|(least, _)| cost < least) {
                    best = Some((cost, place));
                }
            }
        }
        let (cost, place) = best?;
        if cost >= 300 {
            return None;
        }
        self.taken.push(place);
        Some(Placed { place, swatch })
    }

    /// How many pixels of ink a label would cover; very many if it would leave the area or cover
    /// another label.
    fn covered(&self, place: Rect) -> usize {
        let inside = self.area.contains(place.x, place.y)
            && self.area.contains(place.right(), place.bottom());
        if !inside || self.taken.iter().any(|t| t.overlaps(&place)) {
            return 10_000;
        }
        self.ink.iter().filter(|(_, (x, y))| place.contains(*x, *y)).count()
    }

    /// Whether another line passes so close that a name here could be taken for its name.
    fn is_crowded(&self, owner: usize, (x, y): (f64, f64)) -> bool {
        self.ink.iter().any(|(line, at)| *line != owner && (at.0 - x).hypot(at.1 - y) < 22.0)
    }
}

impl Placed {
    /// Writes the label, with a piece of its line before it where it has a colour.
    pub(crate) fn draw(&self, svg: &mut Svg, class: &str, sample: Sample, name: &str) {
        let Rect { x, y, height, .. } = self.place;
        let middle = y + height / 2.0;
        let mut start = x + 2.0;
        if self.swatch {
            svg.group(class, |svg| match sample {
                Sample::Line(line) => {
                    let piece = Outline::through(&[(x + 2.0, middle), (x + 14.0, middle)]);
                    svg.outline(line, &piece, None);
                }
                // A dot would look like one more point of the data.
                Sample::Dot | Sample::Square => {
                    let bar = Rect { x: x + 9.0, y: middle - 6.0, width: 3.0, height: 12.0 };
                    svg.rect("bar", bar, None);
                }
            });
            start += 16.0;
        }
        svg.text("legend halo", (start, middle + 4.0), Anchor::Start, name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn labels_that_do_not_collide_stay() {
        assert_eq!(spread(&[10.0, 50.0], 16.0, 0.0, 100.0), [10.0, 50.0]);
        assert_eq!(spread(&[50.0, 50.0], 16.0, 0.0, 100.0), [42.0, 58.0]);
        assert_eq!(spread(&[], 16.0, 0.0, 100.0), Vec::<f64>::new());
    }

    proptest! {
        #[test]
        fn labels_are_apart(wanted in prop::collection::vec(-50.0..150.0f64, 0..6)) {
            let mut found = spread(&wanted, 16.0, 0.0, 100.0);
            found.sort_by(f64::total_cmp);
            for pair in found.windows(2) {
                prop_assert!(pair[1] - pair[0] >= 16.0 - 1e-9, "{wanted:?} {found:?}");
            }
            for y in found {
                prop_assert!((-1e-9..=100.0 + 1e-9).contains(&y));
            }
        }
    }

    #[test]
    fn a_label_finds_a_free_corner() {
        let area = Rect { x: 0.0, y: 0.0, width: 200.0, height: 200.0 };
        let line = [(0.0, 100.0), (190.0, 100.0)];
        let mut placer = Placer::new(area);
        placer.add_ink(0, &line);
        let first = placer.place(0, "one", &line, true).unwrap();
        let second = placer.place(0, "two", &line, true).unwrap();
        assert!(!first.place.overlaps(&second.place));
        assert!(placer.place(0, "far too long for this area, by a lot", &line, true).is_none());
    }
}
