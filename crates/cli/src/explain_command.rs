//! `mathesis explain`.

use clap::Args;
use std::process::ExitCode;

/// Differentiate an expression, rule by rule.
#[derive(Args)]
#[command(after_help = "Example:
  mathesis explain 'tanh(x*w)^2' --wrt w --order 2")]
pub(crate) struct Arguments {
    /// An expression of scalars: + − * / ^, numbers, names, and functions such as tanh(x)
    #[arg(value_name = "EXPRESSION")]
    expression: String,
    /// The variable to differentiate with respect to
    #[arg(long, value_name = "NAME")]
    wrt: String,
    /// How many times
    #[arg(long, default_value_t = 1)]
    order: usize,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, String> {
    let text = tensor::explain(&arguments.expression, &arguments.wrt, arguments.order)?;
    println!("{text}");
    Ok(ExitCode::SUCCESS)
}
