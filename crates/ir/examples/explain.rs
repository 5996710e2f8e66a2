//! `explain EXPRESSION VARIABLE [ORDER]`: a derivation, rule by rule.

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (Some(expression), Some(variable)) = (arguments.first(), arguments.get(1)) else {
        println!("explain EXPRESSION VARIABLE [ORDER] [latex]");
        return;
    };
    let order = arguments.get(2).and_then(|n| n.parse().ok()).unwrap_or(1);
    match ir::math::explain(expression, variable, order) {
        Ok(e) if arguments.get(3).is_some() => print!("{}", e.latex()),
        Ok(e) => print!("{e}"),
        Err(e) => {
            eprintln!("{e}");
            std::process::exit(2);
        }
    }
}
