//! The report of a run: one self-contained page.

use crate::config::Config;
use crate::error::Error;
use crate::fit::Outcome;
use crate::gradient_check::GradientCheck;
use crate::network::Network;
use crate::objective::Objective;
use crate::prepared::{Part, Prepared};
use crate::statistics::LayerStatistics;
use report::number::{fixed, significant};
use report::{
    Axis, BarChart, Card, Column, Figure, Format, Heatmap, Image, ImageGrid, LinePlot, Page, Plot,
    Prose, Section, Series, Table, Tint, Tone,
};
use tensor::{trace, value_and_grad};

/// Images shown of the most confident mistakes.
const MISTAKES: usize = 16;

/// The page as HTML text.
pub(crate) fn page<M: Network>(
    config: &Config,
    data: &Prepared,
    model: &M,
    outcome: &Outcome,
    statistics: &[LayerStatistics],
    check: &GradientCheck,
) -> Result<String, Error> {
    let held_out = &outcome.held_out;
    let n = held_out.examples.len();
    let mut page = Page::new(format!("{}: what the network learned", data.dataset.name()))
        .subtitle(format!(
            "{}, {} epochs of {} examples in batches of {}, seed {}.",
            model.summary(),
            outcome.metrics.len(),
            data.examples(Part::Training).len(),
            config.batch,
            config.seed
        ));
    page = match data.objective {
        Objective::Classes { .. } => {
            let error = held_out.error();
            // The standard error of a proportion.
            let se = (error * (1.0 - error) / n as f64).sqrt();
            page.card(Card::new("Test error", format!("{} %", fixed(100.0 * error, 2))).detail(
                format!("± {} % (standard error, {n} held-out examples)", fixed(100.0 * se, 2)),
            ))
        }
        Objective::Values => page.card(
            Card::new("R² on held-out data", fixed(held_out.score, 3))
                .detail(format!("{n} held-out examples")),
        ),
    };
    page = page
        .card(Card::new("Held-out loss", significant(held_out.loss, 3)))
        .card(
            Card::new("Parameters", outcome.parameters.to_string())
                .detail(format!("{} bytes each", data.dtype().size())),
        )
        .card(gradient_card(check));
    let page = page.section(learning(data, outcome));
    let page = match data.objective {
        Objective::Classes { .. } => page.section(mistakes(data, outcome)?),
        Objective::Values => page.section(predictions(data, outcome)),
    };
    let page = page
        .section(parameters(statistics))
        .section(cost(config, data, model)?)
        .section(derivative(check))
        .section(Section::new("Settings").details("config.toml", config.to_toml()))
        .data("metrics", &outcome.metrics)?
        .footer("Made by mathesis train.");
    Ok(page.to_html())
}

fn gradient_card(check: &GradientCheck) -> Card {
    let card = Card::new("Gradient check", format!("{:.1e}", check.best));
    let card = card.detail(match check.kink {
        Some(kink) => format!("smallest relative error of differences; {kink} has kinks"),
        None => format!(
            "slopes {} and {} (2 and −1 expected)",
            fixed(check.truncation_slope, 2),
            fixed(check.rounding_slope, 2)
        ),
    });
    card.tone(if check.best < 1e-6 { Tone::Good } else { Tone::Warning })
}

fn learning(data: &Prepared, outcome: &Outcome) -> Section {
    let points = |f: fn(&crate::run::Metrics) -> f64| -> Vec<(f64, f64)> {
        outcome.metrics.iter().map(|m| (m.epoch as f64, f(m))).collect()
    };
    let loss_axis = match data.objective {
        Objective::Classes { .. } => Axis::new("cross-entropy").unit("nats").log(),
        Objective::Values => Axis::new("squared error (standardised)").log(),
    };
    let mut losses = LinePlot::new("epoch", loss_axis)
        .series(Series::line("training", points(|m| m.training_loss)))
        .series(Series::line("held-out", points(|m| m.held_out_loss)));
    if let Objective::Classes { count } = data.objective {
        losses = losses.level((count as f64).ln(), "chance");
    }
    let score_axis = match data.objective {
        Objective::Classes { .. } => Axis::new("accuracy").percent(),
        Objective::Values => Axis::new("R²"),
    };
    let scores = LinePlot::new("epoch", score_axis)
        .series(Series::line("training", points(|m| m.training_score)))
        .series(Series::line("held-out", points(|m| m.held_out_score)));
    let rate = LinePlot::new("epoch", Axis::new("learning rate"))
        .series(Series::line("", points(|m| m.learning_rate)));
    Section::new("Learning")
        .paragraph(
            "The training loss is the mean over an epoch while the weights move (with label \
             smoothing, if any); the held-out loss is measured after it, without.",
        )
        .figure(Figure::new(losses).caption("Loss by epoch."))
        .figures([
            Figure::new(scores).caption("Score by epoch."),
            Figure::new(rate).caption("Learning rate at the end of each epoch."),
        ])
}

fn mistakes(data: &Prepared, outcome: &Outcome) -> Result<Section, Error> {
    let held_out = &outcome.held_out;
    let labels = data.dataset.targets().labels().unwrap_or_default();
    let names = data.dataset.targets().class_names().unwrap_or_default();
    let truth: Vec<usize> = held_out.examples.iter().map(|&i| labels[i]).collect();
    let counts = nn::metrics::confusion(&held_out.predicted, &truth, names.len());
    let counts = counts.into_iter().flatten().map(|c| c as f64);
    let confusion = Heatmap::confusion(names.iter().cloned(), counts)?;

    let mut wrong: Vec<usize> =
        (0..truth.len()).filter(|&i| held_out.predicted[i] != truth[i]).collect();
    wrong.sort_by(|&a, &b| held_out.values[b].total_cmp(&held_out.values[a]));
    let section = Section::new("What it gets wrong")
        .paragraph(format!(
            "{} of {} held-out examples are misclassified.",
            wrong.len(),
            truth.len()
        ))
        .figure(Figure::new(confusion).caption("Confusion matrix of the held-out examples."));
    wrong.truncate(MISTAKES);
    if wrong.is_empty() {
        return Ok(section);
    }
    let caption = |i: usize| {
        format!(
            "{} read as {}\nwith {} %",
            names[truth[i]],
            names[held_out.predicted[i]],
            fixed(100.0 * held_out.values[i], 1)
        )
    };
    if let [.., height, width] = *data.dataset.features().shape() {
        let features = data.dataset.features();
        let (low, high) =
            features.values().iter().fold((0.0_f64, 0.0_f64), |(l, h), &v| (l.min(v), h.max(v)));
        let images = wrong
            .iter()
            .map(|&i| {
                let pixels = features.row(held_out.examples[i])[..height * width].to_vec();
                Ok(Image::new(width, height, pixels)?.caption(caption(i)))
            })
            .collect::<Result<Vec<Image>, Error>>()?;
        return Ok(section.figure(
            Figure::new(ImageGrid::new(images).tint(Tint::Ink).range(low, high))
                .caption("The most confidently wrong predictions, most confident first."),
        ));
    }
    let mut table = Table::new([
        Column::new("example"),
        Column::new("is"),
        Column::new("predicted"),
        Column::new("probability").format(Format::Percent(1)),
    ])
    .caption("The most confidently wrong predictions, most confident first.");
    for &i in &wrong {
        table = table.row((
            held_out.examples[i],
            names[truth[i]].clone(),
            names[held_out.predicted[i]].clone(),
            held_out.values[i],
        ));
    }
    Ok(section.table(table))
}

fn predictions(data: &Prepared, outcome: &Outcome) -> Section {
    let held_out = &outcome.held_out;
    let truth = data.dataset.targets().values().unwrap_or_default();
    let points: Vec<(f64, f64)> =
        held_out.examples.iter().zip(&held_out.values).map(|(&i, &v)| (truth[i], v)).collect();
    let ends = points
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), p| (l.min(p.0), h.max(p.0)));
    let plot = LinePlot::new(data.dataset.target_name(), Axis::new("prediction"))
        .series(Series::points("held-out examples", points))
        .series(Series::reference("exact", [(ends.0, ends.0), (ends.1, ends.1)]));
    Section::new("Predictions").figure(Figure::new(plot).caption("Prediction against truth."))
}

fn parameters(statistics: &[LayerStatistics]) -> Section {
    let mut table = Table::new([
        Column::new("tensor"),
        Column::new("shape"),
        Column::new("mean").format(Format::Significant(3)),
        Column::new("deviation").format(Format::Significant(3)),
        Column::new("largest").format(Format::Significant(3)),
        Column::new("norm").format(Format::Significant(3)),
        Column::new("gradient norm").format(Format::Significant(3)),
    ])
    .caption("Values of each tensor, and the norm of the training loss's gradient there.");
    for s in statistics {
        let shape: Vec<String> = s.shape.iter().map(ToString::to_string).collect();
        table = table.row((
            s.name.clone(),
            shape.join(" × "),
            s.mean,
            s.deviation,
            s.largest,
            s.norm,
            s.gradient_norm,
        ));
    }
    let bars = |f: fn(&LayerStatistics) -> f64| -> Vec<(String, f64)> {
        statistics.iter().map(|s| (s.name.clone(), f(s))).collect()
    };
    let weights = BarChart::new(Axis::new("norm").log()).bars(bars(|s| s.norm));
    let gradients = BarChart::new(Axis::new("gradient norm").log()).bars(bars(|s| s.gradient_norm));
    Section::new("Parameters").table(table).figures([
        Figure::new(Plot::new(weights)).caption("Norm of each tensor."),
        Figure::new(Plot::new(gradients)).caption("Norm of the gradient at the end of training."),
    ])
}

fn cost<M: Network>(config: &Config, data: &Prepared, model: &M) -> Result<Section, Error> {
    let examples = data.examples(Part::Training);
    let (x, y) = data.gather(&examples[..config.batch.min(examples.len())]);
    let (objective, smoothing) = (data.objective, config.label_smoothing);
    let loss = |m: &M| objective.losses(&m.outputs(&x), &y, smoothing).mean();
    let forward = trace(loss)(model);
    let backward = trace(|m: &M| value_and_grad(loss)(m))(model);
    let per_example = |flops: u64| flops as f64 / config.batch as f64;
    let mut table = Table::new([
        Column::new("program"),
        Column::new("operations"),
        Column::new("floating-point operations per example").format(Format::Significant(3)),
    ])
    .caption("A multiply-add counts as two operations, a transcendental function as one.");
    for (name, program) in [("loss", &forward), ("loss and gradient", &backward)] {
        table = table.row((name, program.operations(), per_example(program.flops())));
    }
    let ratio = backward.flops() as f64 / forward.flops().max(1) as f64;
    Ok(Section::new("The program")
        .paragraph(Prose::new().text(format!(
            "Loss and gradient cost {} times the loss. (Reverse mode promises a small constant, \
             whatever the number of parameters: here {}.)",
            fixed(ratio, 2),
            model.size()
        )))
        .table(table)
        .details("The program of the loss", forward.text()))
}

fn derivative(check: &GradientCheck) -> Section {
    let shown: Vec<(f64, f64)> = check.points.iter().copied().filter(|p| p.1 > 0.0).collect();
    let anchor = |power: i32, from: f64, to: f64| {
        // Through the measured point nearest to the middle of the range.
        let middle = (from * to).sqrt();
        let nearest = check
            .points
            .iter()
            .min_by(|a, b| (a.0 / middle).ln().abs().total_cmp(&(b.0 / middle).ln().abs()));
        let (h0, e0) = nearest.copied().unwrap_or((middle, 1.0));
        [from, to].map(|h: f64| (h, e0 * (h / h0).powi(power)))
    };
    let plot = LinePlot::new(Axis::new("step h").log(), Axis::new("relative error").log())
        .series(Series::points("central difference", shown))
        .series(Series::reference("slope 2", anchor(2, 1e-4, 0.1)))
        .series(Series::reference("slope −1", anchor(-1, 1e-11, 1e-7)));
    let text = match check.kink {
        None => format!(
            "In f64 at the trained weights, along a random direction: the error falls with slope \
             {} (2 is expected of a smooth network: truncation h²) until rounding takes over, and \
             then grows with slope {} (−1 is expected: ε/h).",
            fixed(check.truncation_slope, 2),
            fixed(check.rounding_slope, 2)
        ),
        Some(kink) => format!(
            "In f64 at the trained weights, along a random direction. The network is not smooth: \
             {kink} has kinks, and a step that crosses one makes an error of order h instead of \
             h². The measured slope on the truncation side is {}, on the rounding side {} (−1 is \
             expected).",
            fixed(check.truncation_slope, 2),
            fixed(check.rounding_slope, 2)
        ),
    };
    Section::new("Is the gradient right?")
        .paragraph(text)
        .figure(Figure::new(plot).caption("Error of central differences against the gradient."))
}
