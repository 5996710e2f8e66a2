//! `mathesis predict`.

use clap::Args;
use report::{Column, Format, Table};
use serde::Serialize;
use std::path::PathBuf;
use std::process::ExitCode;
use train::{Prediction, Predictor};

/// Use a trained network on new examples.
#[derive(Args)]
#[command(after_help = "Example:
  mathesis predict runs/iris flowers.csv")]
pub(crate) struct Arguments {
    /// The folder of a run
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Examples without labels (IDX, CSV, NPY, NPZ; .gz too)
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Print one JSON object instead of a table
    #[arg(long)]
    json: bool,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Printed {
    schema: u32,
    target: String,
    predictions: Vec<Prediction>,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, String> {
    let predictor = Predictor::open(&arguments.folder).map_err(|e| e.to_string())?;
    let features = data::open_features(&arguments.file).map_err(|e| e.to_string())?;
    let predictions = predictor.predict(&features).map_err(|e| e.to_string())?;
    let target = predictor.target().to_string();
    if arguments.json {
        let printed = Printed { schema: 1, target, predictions };
        println!("{}", serde_json::to_string(&printed).map_err(|e| e.to_string())?);
        return Ok(ExitCode::SUCCESS);
    }
    let probable = predictions.iter().any(|p| p.probability.is_some());
    let mut columns = vec![Column::new("example"), Column::new(target)];
    if probable {
        columns.push(Column::new("probability").format(Format::Percent(1)));
    }
    let mut table = Table::new(columns);
    for (i, p) in predictions.into_iter().enumerate() {
        table = match p.probability {
            Some(probability) => table.row((i, p.label, probability)),
            None => table.row((i, p.label)),
        };
    }
    print!("{}", table.to_text());
    Ok(ExitCode::SUCCESS)
}
