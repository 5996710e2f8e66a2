//! The command line of Mathesis. Each verb is a file.

mod explain_command;
mod predict_command;
mod progress;
mod train_command;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Deep learning as checkable mathematics.
#[derive(Parser)]
#[command(name = "mathesis", version, arg_required_else_help = true)]
#[command(after_help = "Examples:
  mathesis train                            learn the embedded handwritten digits
  mathesis predict runs/digits new.csv      classify new examples
  mathesis explain 'tanh(x*w)^2' --wrt w    derive, rule by rule")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Train a network and leave a report.
    Train(Box<train_command::Arguments>),
    /// Use a trained network on new examples.
    Predict(predict_command::Arguments),
    /// Differentiate an expression, rule by rule.
    Explain(explain_command::Arguments),
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Train(arguments) => train_command::run(&arguments),
        Command::Predict(arguments) => predict_command::run(&arguments),
        Command::Explain(arguments) => explain_command::run(&arguments),
    };
    match result {
        Ok(code) => code,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}
