//! Every picture is well-formed XML with finite coordinates, whatever the data.

use proptest::prelude::*;
use report::{
    Axis, BarChart, Estimate, Heatmap, Histogram, Image, ImageGrid, Labels, LinePlot, Plot, Point,
    Scale, Series, Shading, Theme, Tint,
};

/// Parses a picture and checks that every number in it is one.
fn check(plot: &Plot) -> String {
    let svg = plot.to_svg();
    let document = roxmltree::Document::parse(&svg)
        .unwrap_or_else(|error| panic!("not well-formed: {error}\n{svg}"));
    for element in document.descendants().filter(|node| node.is_element()) {
        for name in ["x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "width", "height"] {
            if let Some(value) = element.attribute(name) {
                let value: f64 = value.parse().unwrap_or_else(|_| panic!("{name}={value}"));
                assert!(value.is_finite() && value.abs() <= 1e5, "{name}={value}");
            }
        }
        for name in ["width", "height", "r"] {
            if let Some(value) = element.attribute(name) {
                assert!(!value.starts_with('-'), "{name}={value} in {}", element.tag_name().name());
            }
        }
        if let Some(d) = element.attribute("d") {
            assert!(!d.contains("NaN") && !d.contains("inf"), "{d}");
        }
        assert_eq!(element.attribute("id"), None, "identifiers would clash within a page");
    }
    svg
}

/// The text of a picture, one line per element.
fn texts(svg: &str) -> String {
    let document = roxmltree::Document::parse(svg).expect("well-formed");
    let texts = document.descendants().filter(|node| node.has_tag_name("text"));
    texts.filter_map(|node| node.text()).collect::<Vec<_>>().join("\n")
}

const AWKWARD: [f64; 14] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    1e-300,
    5e-324,
    -5e-324,
    1e300,
    f64::MAX,
    f64::MIN,
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    0.1,
];

fn axes() -> [Axis; 4] {
    [
        Axis::new("x"),
        Axis::new("x").log(),
        Axis::new("x").log2().percent(),
        Axis::new("x").range(-1.0, 1.0).include(f64::NAN),
    ]
}

#[test]
fn awkward_numbers_never_stop_a_picture() {
    for axis in axes() {
        for a in AWKWARD {
            for b in AWKWARD {
                let points = [
                    Point::new(a, Estimate::in_interval(b, a, b)),
                    Point::new(b, (a, b)),
                    Point::new(1.0, a),
                ];
                for series in [
                    Series::line("s", points),
                    Series::points("s", points),
                    Series::steps("s", points).band(),
                ] {
                    let plot = LinePlot::new(axis.clone(), axis.clone());
                    check(&Plot::new(plot.series(series).level(b, "level").event(a, "event")));
                }
                check(&BarChart::new(axis.clone()).bars([("a", a), ("b", b)]).into());
                check(&BarChart::new(axis.clone()).flat().bars([("a", (a, b))]).into());
                check(&Histogram::of(axis.clone(), [a, b, 1.0]).density().into());
                check(&Histogram::counted(axis.clone(), [(a, b, 2.0), (0.5, 1.0, b)]).into());
            }
        }
    }
}

#[test]
fn awkward_matrices_and_images() {
    for a in AWKWARD {
        for b in AWKWARD {
            for shading in [Shading::Linear, Shading::Root] {
                let heatmap = Heatmap::new(["p", "q"], ["r"], [a, b]).unwrap().shading(shading);
                check(&heatmap.clone().with_numbers().into());
                check(&heatmap.range(a, b).into());
            }
            for tint in [Tint::Grey, Tint::Ink, Tint::Signed] {
                let image = Image::new(2, 1, [a, b]).unwrap();
                check(&ImageGrid::new([image]).tint(tint).range(b, a).own_ranges().into());
            }
        }
    }
}

#[test]
fn nothing_to_show_is_said() {
    let empty: [(f64, f64); 0] = [];
    let plots: [Plot; 6] = [
        LinePlot::new("x", "y").into(),
        LinePlot::new("x", "y").series(Series::line("a", empty)).into(),
        BarChart::new("x").into(),
        Histogram::of("x", []).into(),
        Heatmap::new([""; 0], [""; 0], []).unwrap().into(),
        ImageGrid::new([]).into(),
    ];
    for plot in plots {
        assert!(texts(&check(&plot)).contains("No data"), "{}", plot.to_svg());
    }
    let plot =
        LinePlot::new("x", "y").series(Series::line("a", [(1.0, f64::NAN), (2.0, f64::NAN)]));
    let said = texts(&check(&plot.into()));
    assert!(said.contains("none of 2 values is drawable"), "{said}");
    assert!(said.contains("2 non-finite values not shown"), "{said}");
}

#[test]
fn what_is_left_out_is_counted() {
    let points = [(1.0, 1.0), (2.0, f64::NAN), (3.0, f64::INFINITY), (4.0, -1.0), (5.0, 2.0)];
    let plot = LinePlot::new("x", Axis::new("y").log()).series(Series::line("a", points));
    let said = texts(&check(&plot.into()));
    assert!(said.contains("2 non-finite values not shown"), "{said}");
    assert!(said.contains("1 value ≤ 0 not shown on a logarithmic axis"), "{said}");
}

#[test]
fn one_point_is_visible() {
    let svg = check(&LinePlot::new("x", "y").series(Series::line("a", [(1.0, 1.0)])).into());
    assert!(svg.contains("<circle"));
}

#[test]
fn hostile_text_is_only_text() {
    let evil = "</text><script>alert(\"1\")</script>\u{0}&amp;'";
    let plots: [Plot; 4] = [
        LinePlot::new(Axis::new(evil).unit(evil), evil)
            .series(Series::line(evil, [(1.0, 1.0), (2.0, 2.0)]).with_markers())
            .labels(Labels::Legend)
            .level(1.5, evil)
            .into(),
        BarChart::new(evil).group(evil, [(evil, 1.0)]).into(),
        Heatmap::new([evil], [evil], [1.0]).unwrap().row_label(evil).value_label(evil).into(),
        ImageGrid::new([Image::new(1, 1, [0.0]).unwrap().caption(evil)]).into(),
    ];
    for plot in plots {
        let svg = check(&plot.title(evil).description(evil));
        assert!(!svg.contains("<script"), "{svg}");
    }
}

#[test]
fn any_size_will_do() {
    let plot = LinePlot::new("x", "y").series(Series::line("a", [(1.0, 1.0), (2.0, 4.0)]));
    for size in [0.0, -5.0, 120.0, 1e9, f64::NAN, f64::INFINITY] {
        check(&Plot::new(plot.clone()).title("A title that is rather long").size(size, size));
    }
}

#[test]
fn many_points_make_a_small_picture() {
    let points = |n: u32| (0..n).map(|i| (f64::from(i), (f64::from(i) * 0.37).sin()));
    for series in [Series::line("a", points(200_000)), Series::points("a", points(200_000))] {
        let svg = check(&LinePlot::new("x", "y").series(series).into());
        assert!(svg.len() < 800_000, "{}", svg.len());
    }
    let entries = (0..300 * 400).map(f64::from);
    let names = |n: usize| (0..n).map(|i| i.to_string());
    let heatmap = Heatmap::new(names(300), names(400), entries).unwrap();
    let svg = check(&heatmap.into());
    assert!(svg.len() < 400_000, "{}", svg.len());
}

#[test]
fn both_themes_are_complete() {
    let plot = Plot::new(Heatmap::confusion(["a", "b"], [3.0, 1.0, 0.0, 2.0]).unwrap());
    for theme in [Theme::Light, Theme::Dark] {
        assert!(!plot.to_svg_in(theme).contains("var("));
    }
}

#[test]
fn data_serialises() {
    let plot = Plot::new(
        LinePlot::new("x", Axis::new("y").log())
            .series(Series::line("a", [(1.0, 1.0, 0.5), (2.0, f64::NAN, 0.5)])),
    );
    let json = serde_json::to_value(&plot).unwrap();
    assert_eq!(json["kind"], "lines");
    assert_eq!(json["y"]["scale"], "log");
    assert_eq!(json["series"][0]["points"][0]["y"]["interval"][1], 1.5);
    assert!(json["series"][0]["points"][1]["y"]["value"].is_null());
}

#[cfg(feature = "png")]
mod raster {
    use super::*;

    #[test]
    fn a_png_of_the_size_asked_for() {
        let plot = Plot::new(BarChart::new("x").bars([("a", 1.0)])).size(200.0, 150.0);
        let file = plot.to_png(Theme::Light, 2.0).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(&file)).read_info().unwrap();
        assert_eq!((reader.info().width, reader.info().height), (400, 300));
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        let blue = pixels.chunks(4).filter(|pixel| pixel[..3] == [0x00, 0x72, 0xb2]).count();
        assert!(blue > 1000, "the bar is drawn in its colour: {blue} pixels");
        for scale in [0.0, -1.0, f64::NAN, 1e9] {
            assert!(plot.to_png(Theme::Light, scale).is_err());
        }
    }
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => -10.0..10.0f64,
        2 => any::<f64>(),
        1 => prop::sample::select(AWKWARD.to_vec()),
    ]
}

fn axis() -> impl Strategy<Value = Axis> {
    let scale = prop::sample::select(vec![Scale::Linear, Scale::Log, Scale::Log2]);
    (scale, any::<bool>(), "\\PC{0,12}", prop::option::of((number(), number()))).prop_map(
        |(scale, percent, label, range)| {
            let axis = Axis::new(label).scale(scale);
            let axis = if percent { axis.percent() } else { axis };
            range.map_or(axis.clone(), |(low, high)| axis.range(low, high))
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_line_plot(
        x in axis(),
        y in axis(),
        data in prop::collection::vec(
            ("\\PC{0,30}", prop::collection::vec((number(), number(), number()), 0..40)), 0..12,
        ),
        width in 0.0..900.0f64,
        height in 0.0..600.0f64,
    ) {
        let mut plot = LinePlot::new(x, y);
        for (i, (name, points)) in data.into_iter().enumerate() {
            plot = plot.series(match i % 4 {
                0 => Series::line(name, points).band(),
                1 => Series::points(name, points),
                2 => Series::steps(name, points).dotted(),
                _ => Series::reference(name, points),
            });
        }
        check(&Plot::new(plot).size(width, height));
    }

    #[test]
    fn any_bar_chart(
        value in axis(),
        groups in prop::collection::vec(
            ("\\PC{0,12}", prop::collection::vec(("\\PC{0,40}", (number(), number())), 0..8)), 0..4,
        ),
        upright in any::<bool>(),
    ) {
        let chart = groups.into_iter().fold(BarChart::new(value), |c, (name, bars)| c.group(name, bars));
        check(&if upright { chart.upright() } else { chart }.into());
    }

    #[test]
    fn any_histogram(x in axis(), values in prop::collection::vec(number(), 0..80), log in any::<bool>()) {
        let histogram = Histogram::of(x, values).curve(Series::line("c", [(0.0, 1.0), (1.0, 2.0)]));
        check(&if log { histogram.log_counts() } else { histogram.density() }.into());
    }
}
