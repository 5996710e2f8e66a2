//! A page with every kind of figure, from made-up but plausible data.
//!
//! `cargo run --example gallery -- gallery.html` writes the page, to look at in a browser.

use report::{
    Axis, BarChart, Card, Cell, Column, Error, Estimate, Figure, Format, Heatmap, Histogram, Image,
    ImageGrid, LinePlot, Math, Page, Plot, Prose, Section, Series, Table, Tint, Tone,
};

fn main() -> Result<(), Error> {
    let path = std::env::args().nth(1).unwrap_or_else(|| "gallery.html".to_string());
    report::write_atomically(&path, page()?.to_html())?;
    println!("wrote {path}");
    Ok(())
}

fn page() -> Result<Page, Error> {
    Ok(Page::new("Digits: what a small network learned")
        .subtitle("Two hidden layers of 64 units, trained for 60 epochs on 1 437 images of 8 × 8 pixels; five seeds.")
        .card(Card::new("Held-out accuracy", "97.3 %").detail("± 0.4 % over 5 seeds").tone(Tone::Good))
        .card(Card::new("Held-out loss", "0.094 nats").detail("training: 0.021 nats"))
        .card(Card::new("Calibration error", "2.1 %").detail("overconfident").tone(Tone::Warning))
        .card(Card::new("Parameters", "8 970").detail("35 KiB in f32"))
        .section(learning())
        .section(mistakes()?)
        .section(layers()?)
        .section(derivatives())
        .section(claims()?)
        .section(edge_cases())
        .data("configuration", &[("epochs", 60), ("seeds", 5)])?
        .footer(Prose::new().text("Made by ").code("cargo run --example gallery").text(" with seed 7."))
        .footer("All numbers on this page are invented."))
}

/// A repeatable sequence of numbers between 0 and 1.
fn noise(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / (1u64 << 31) as f64
    }
}

/// Roughly normal: the sum of twelve uniforms, less six.
fn normal(uniform: &mut impl FnMut() -> f64) -> f64 {
    (0..12).map(|_| uniform()).sum::<f64>() - 6.0
}

fn learning() -> Section {
    let mut uniform = noise(7);
    let mut curve = |rate: f64, floor: f64, jitter: f64| -> Vec<(f64, f64, f64)> {
        (1..=60)
            .map(|epoch| {
                let epoch = f64::from(epoch);
                let loss = 2.2 * (-rate * epoch).exp() + floor;
                let loss = loss * (1.0 + jitter * (uniform() - 0.5));
                (epoch, loss, loss * (0.05 + 0.002 * epoch))
            })
            .collect()
    };
    let training = curve(0.085, 0.016, 0.06);
    let held_out = curve(0.075, 0.085, 0.12);
    let accuracy = |losses: &[(f64, f64, f64)], gap: f64| -> Vec<(f64, f64)> {
        losses.iter().map(|(epoch, loss, _)| (*epoch, (1.0 - gap) * (-0.28 * loss).exp())).collect()
    };
    let accuracies = LinePlot::new("epoch", Axis::new("accuracy").percent())
        .series(Series::line("training", accuracy(&training, 0.0)))
        .series(Series::line("held-out", accuracy(&held_out, 0.004)))
        .level(0.95, "linear model");
    let schedule = (0..=60).map(|epoch| {
        let epoch = f64::from(epoch);
        (epoch, 1e-3 * 0.5f64.powf((epoch / 15.0).floor()))
    });
    let losses = LinePlot::new("epoch", Axis::new("cross-entropy").unit("nats").log())
        .series(Series::line("training", training).band())
        .series(Series::line("held-out", held_out).band())
        .level(10f64.ln(), "chance");
    Section::new("Learning")
        .paragraph(
            Prose::new()
                .text("The training loss falls by half every eight epochs. The held-out loss follows until about epoch 35 and then stays near ")
                .math(Math::unicode("0.09 nats"))
                .text(": what is left is ")
                .emphasis("generalisation error")
                .text(", see ")
                .section_link("What it gets wrong")
                .text("."),
        )
        .figure(Figure::new(losses).caption("Loss by epoch, mean of five seeds; bands are one standard error."))
        .figures([
            Figure::new(accuracies).caption("Accuracy by epoch."),
            Figure::new(
                LinePlot::new("epoch", Axis::new("learning rate").log())
                    .series(Series::steps("", schedule)),
            )
            .caption("The learning rate halves every 15 epochs."),
        ])
}

fn mistakes() -> Result<Section, Error> {
    let mut uniform = noise(3);
    let mut counts = [0.0; 100];
    for class in 0..10 {
        counts[class * 10 + class] = 33.0 + (uniform() * 5.0).floor();
    }
    for (truth, predicted, count) in
        [(8, 1, 3.0), (3, 8, 2.0), (9, 3, 1.0), (4, 7, 1.0), (1, 8, 2.0), (5, 9, 1.0), (7, 4, 1.0)]
    {
        counts[truth * 10 + predicted] = count;
    }
    let classes = (0..10).map(|c| c.to_string());
    let confusion = Heatmap::confusion(classes, counts)?;

    let captions = [
        (8, 1, 99.2),
        (3, 8, 97.9),
        (1, 8, 97.1),
        (9, 3, 95.0),
        (8, 1, 93.8),
        (4, 7, 91.1),
        (5, 9, 88.4),
        (7, 4, 86.0),
        (3, 8, 84.7),
        (1, 8, 79.9),
        (8, 1, 71.5),
        (6, 0, 68.2),
    ];
    let images = captions
        .into_iter()
        .map(|(truth, predicted, confidence)| {
            Ok(Image::new(8, 8, digit(truth, &mut uniform))?
                .caption(format!("{truth} read as {predicted}\nwith {confidence}\u{a0}%")))
        })
        .collect::<Result<Vec<Image>, Error>>()?;
    Ok(Section::new("What it gets wrong")
        .paragraph("Of 360 held-out images 11 are misclassified. Most of them are eights written so narrowly that they resemble a one.")
        .figure(Figure::new(confusion).caption("Confusion matrix of the held-out set. Shades follow the square root of the counts."))
        .figure(
            Figure::new(ImageGrid::new(images).tint(Tint::Ink).range(0.0, 16.0))
                .caption("The most confidently wrong predictions, most confident first."),
        ))
}

/// Something like a handwritten digit: rings and strokes with some noise.
fn digit(class: u32, uniform: &mut impl FnMut() -> f64) -> Vec<f64> {
    let ring = |x: f64, y: f64, cy: f64, r: f64| {
        (1.0 - ((x - 3.5).hypot((y - cy) * 0.9) - r).abs() * 1.3).max(0.0)
    };
    let stroke =
        |x: f64, y: f64, slope: f64| (1.0 - (x - 3.5 - slope * (y - 3.5)).abs() * 0.8).max(0.0);
    (0..64)
        .map(|i| {
            let (x, y) = (f64::from(i % 8), f64::from(i / 8));
            let ink: f64 = match class {
                1 => stroke(x, y, -0.15),
                4 | 7 => stroke(x, y, -0.4).max(if (y - 1.5).abs() < 1.0 { 0.8 } else { 0.0 }),
                8 => ring(x, y, 1.8, 1.4).max(ring(x, y, 5.4, 1.6)),
                3 => {
                    ring(x, y, 1.8, 1.6).max(ring(x, y, 5.4, 1.7))
                        * if x < 3.0 { 0.25 } else { 1.0 }
                }
                9 => ring(x, y, 2.2, 1.7).max(if x > 3.5 && y > 2.0 {
                    stroke(x, y, -0.2)
                } else {
                    0.0
                }),
                6 => ring(x, y, 5.0, 1.8).max(if x < 4.5 && y < 5.0 {
                    stroke(x, y, -0.3)
                } else {
                    0.0
                }),
                _ => ring(x, y, 3.5, 2.5),
            };
            (16.0 * ink * (0.8 + 0.3 * uniform())).min(16.0)
        })
        .collect()
}

fn layers() -> Result<Section, Error> {
    let names = [
        "layers.0.weight",
        "layers.0.bias",
        "layers.1.weight",
        "layers.1.bias",
        "layers.2.weight",
        "layers.2.bias",
    ];
    let before = [0.91, 0.22, 0.63, 0.17, 0.48, 0.31];
    let after = [0.034, 0.008, 0.051, 0.011, 0.087, 0.029];
    let norms = BarChart::new(Axis::new("gradient norm").log())
        .group("first epoch", names.into_iter().zip(before))
        .group("last epoch", names.into_iter().zip(after));
    let accuracies = BarChart::new(Axis::new("held-out accuracy").percent())
        .bars([
            ("linear", (0.951, 0.004)),
            ("1 × 64", (0.966, 0.005)),
            ("2 × 64", (0.973, 0.004)),
            ("3 × 64", (0.971, 0.006)),
        ])
        .upright();
    let flow = BarChart::new("change of the loss when the layer is frozen").bars([
        ("layers.0", (0.41, 0.05)),
        ("layers.1", (0.12, 0.03)),
        ("layers.2", (-0.06, 0.02)),
    ]);

    let mut uniform = noise(11);
    let activations: Vec<f64> = (0..4000).map(|_| normal(&mut uniform) * 0.93 + 0.05).collect();
    let density = |x: f64| (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let curve = (-80..=80).map(|i| (f64::from(i) / 20.0, density(f64::from(i) / 20.0)));
    let histogram = Histogram::of("preactivation of layers.1", activations)
        .density()
        .named("measured")
        .curve(Series::line("N(0, 1)", curve));
    let spectrum = Histogram::of(
        Axis::new("Hessian eigenvalue").log(),
        (0..900).map(|_| 10f64.powf(-2.5 + 0.8 * normal(&mut uniform))).collect::<Vec<_>>(),
    )
    .log_counts();

    let correlation = (0..24 * 24).map(|i| {
        let (row, column) = (f64::from(i / 24), f64::from(i % 24));
        if row == column {
            1.0
        } else {
            0.75 * ((row - column) * 0.55).cos() * (-(row - column).abs() / 9.0).exp()
        }
    });
    let units: Vec<String> = (0..24).map(|u| u.to_string()).collect();
    let correlations = Heatmap::new(units.clone(), units, correlation)?
        .row_label("unit")
        .column_label("unit")
        .value_label("correlation")
        .range(-1.0, 1.0);
    let filters = (0..6).map(|f| {
        let wave = move |i: i32| {
            let (x, y) = (f64::from(i % 8) - 3.5, f64::from(i / 8) - 3.5);
            let angle = f64::from(f) * 0.5;
            ((x * angle.cos() + y * angle.sin()) * 1.1).sin() * (-(x * x + y * y) / 14.0).exp()
        };
        Image::new(8, 8, (0..64).map(wave)).map(|image| image.caption(format!("unit {f}")))
    });
    let filters = ImageGrid::new(filters.collect::<Result<Vec<_>, Error>>()?).tint(Tint::Signed);
    Ok(Section::new("Inside the layers")
        .paragraph("Gradients shrink by a factor of ten to thirty, and the bias of the first layer hardly moves at the end.")
        .figure(Figure::new(norms).caption("Norm of the gradient by parameter."))
        .figures([
            Figure::new(accuracies).caption("Depth against accuracy; error bars are standard errors over five seeds."),
            Figure::new(flow).caption("Freezing the last layer helps a little."),
        ])
        .figures([
            Figure::new(histogram).caption("Preactivations stay close to a standard normal."),
            Figure::new(spectrum).caption("Eigenvalues of the Hessian span five orders of magnitude."),
        ])
        .figures([
            Figure::new(correlations).caption("Correlation of the units of the first layer."),
            Figure::new(filters).caption("Weights of six units; blue is positive."),
        ]))
}

fn derivatives() -> Section {
    let mut uniform = noise(5);
    let steps: Vec<f64> = (0..45).map(|i| 10f64.powf(-13.0 + f64::from(i) * 0.27)).collect();
    let mut errors = |truncation: fn(f64) -> f64| -> Vec<(f64, f64)> {
        steps.iter().map(|&h| (h, truncation(h) + 1.1e-16 / h * (0.4 + 1.2 * uniform()))).collect()
    };
    let forward = errors(|h| 0.6 * h);
    let central = errors(|h| 0.3 * h * h);
    let slope = |power: i32, from: f64, to: f64, factor: f64| {
        [from, to].map(|h: f64| (h, factor * h.powi(power)))
    };
    let check = LinePlot::new(Axis::new("step h").log(), Axis::new("relative error").log())
        .series(Series::points("forward difference", forward))
        .series(Series::points("central difference", central))
        .series(Series::reference("slope 1", slope(1, 1e-7, 0.1, 0.15)))
        .series(Series::reference("slope 2", slope(2, 1e-4, 0.1, 0.04)))
        .series(Series::reference("slope −1", slope(-1, 1e-13, 1e-9, 3e-17)));
    let scaling = LinePlot::new(
        Axis::new("width").log2(),
        Axis::new("generalisation gap").unit("nats").log(),
    )
    .series(
        Series::line(
            "measured",
            [16u32, 32, 64, 128, 256, 512, 1024].map(|w| {
                let w = f64::from(w);
                (w, 1.9 * w.powf(-0.52), 0.16 * w.powf(-0.4))
            }),
        )
        .with_markers(),
    )
    .series(Series::reference("∝ width⁻¹ᐟ²", [16.0, 1024.0].map(|w: f64| (w, 2.6 * w.powf(-0.5)))));
    Section::new("Derivatives, checked")
        .paragraph("Finite differences agree with reverse mode until rounding takes over: the error falls with slope 1 or 2 and rises again with slope −1.")
        .formula(Math::unicode("|(f(x + h) − f(x − h)) / 2h − f′(x)| ≤ h²·max|f‴| / 6 + ε·|f(x)| / h"))
        .figure(Figure::new(check).caption("Error of finite differences against the step."))
        .figure(Figure::new(scaling).caption("Error bars are standard errors over five seeds."))
        .details("The program of one step", "program step(w: f32[64,10], x: f32[32,64], y: i32[32]) -> (f32, f32[64,10]) {\n  let a = dot_general(x, w) contracting [1] x [0]\n  let m = reduce_max(a) over [1]\n  let e = exp(sub(a, broadcast(m)))\n  …\n}")
}

fn claims() -> Result<Section, Error> {
    let verdict = |word: &str, tone| Cell::Verdict(word.to_string(), tone);
    let table = Table::new([
        Column::new("claim"),
        Column::new("predicted"),
        Column::new("measured"),
        Column::new("runs"),
        Column::new("verdict"),
    ])
    .caption("Every claim compares a prediction with a measurement and its standard error.")
    .row((
        "Gradient noise scales as 1/√batch",
        -0.5,
        (-0.494, 0.008),
        40,
        verdict("holds", Tone::Good),
    ))
    .row(("Wider networks generalise worse", 0.1, (-0.52, 0.03), 35, verdict("refuted", Tone::Bad)))
    .row((
        "The loss is convex along the path",
        Cell::Empty,
        Estimate::in_interval(0.91, 0.83, 0.94),
        20,
        verdict("under conditions", Tone::Warning),
    ));
    let layers = Table::new([
        Column::new("parameter"),
        Column::new("shape"),
        Column::new("entries"),
        Column::new("norm"),
        Column::new("zeroes").format(Format::Percent(1)),
    ])
    .caption("Parameters")
    .row((Cell::Code("layers.0.weight".into()), "64 × 64", 4096, 7.213, 0.0))
    .row((Cell::Code("layers.0.bias".into()), "64", 64, 0.352, 0.125))
    .row((Cell::Code("layers.2.weight".into()), "10 × 64", 640, 4.08, 0.0031));
    let fisher = Math::mathml(
        "<math display=\"block\"><mi>F</mi><mo>=</mo><msub><mi mathvariant=\"normal\">E</mi><mi>x</mi></msub>\
         <mo>[</mo><mrow><mo>∇</mo><mi>log</mi><mi>p</mi><mo>·</mo><msup><mrow><mo>∇</mo><mi>log</mi><mi>p</mi></mrow><mi>⊤</mi></msup></mrow><mo>]</mo></math>",
    )?;
    Ok(Section::new("Theory against measurement")
        .callout(
            Tone::Bad,
            Prose::new()
                .strong("Refuted: ")
                .text("wider networks do not generalise worse here; the gap shrinks as width⁻¹ᐟ²."),
        )
        .table(table)
        .table(layers)
        .paragraph("The Fisher information of the classifier:")
        .formula(fisher))
}

fn edge_cases() -> Section {
    let diverged = (1..=30).map(|step| {
        let step = f64::from(step);
        (
            step,
            if step > 24.0 {
                f64::NAN
            } else if step > 21.0 {
                f64::INFINITY
            } else {
                (0.02 * step * step).exp()
            },
        )
    });
    let many = (0..9).map(|s| {
        let points = (0..40).map(move |i| {
            (f64::from(i), (f64::from(i) / 9.0 + f64::from(s)).sin() + f64::from(s) * 0.4)
        });
        Series::line(format!("seed {s}"), points)
    });
    let many = many.fold(LinePlot::new("step", "value"), LinePlot::series);
    let long_names = BarChart::new(Axis::new("largest eigenvalue")).bars([
        ("encoder.blocks.11.attention.projection.query.weight", 13_400.0),
        ("encoder.blocks.11.mlp.up.weight", 8_120.5),
        ("a <script>alert('x')</script> & \"b\"", f64::NAN),
    ]);
    Section::new("Odd data")
        .paragraph("What cannot be drawn is left out, and the picture says so.")
        .figures([
            Figure::new(
                LinePlot::new("step", Axis::new("loss").log())
                    .series(Series::line("diverging run", diverged)),
            ),
            Figure::new(LinePlot::new("epoch", "loss")).caption("An empty plot."),
        ])
        .figures([
            Figure::new(many).caption("More lines than fit beside each other."),
            Figure::new(LinePlot::new("x", "y").series(Series::line("one point", [(3.0, 0.25)]))),
        ])
        .figure(Figure::new(Plot::new(long_names).title("Largest eigenvalue by parameter")))
}
