//! Programs as mathematics: what is written means what the program computes.

use array::{Array, DType, Type};
use ir::check::{Sample, close_enough, fill, jvp_program, program_of, random_program, vjp_program};
use ir::math::{
    Expression, MathError, Style, derivation, explain, formulas, latex, tidied, unicode,
};
use ir::prim::{Fill, Unary, all_examples};
use ir::scope::{Scope, ScopeKind};
use ir::{Builder, Expr, Program, RuleResult, Var, parse};

/// A number in (0, 1) from a stream.
fn uniform(state: &mut u64) -> f64 {
    *state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
    (*state >> 11) as f64 / (1_u64 << 53) as f64
}

/// The derivative with respect to one scalar input, untidied.
fn differentiated(p: &Program, wrt: usize) -> Program {
    let closed = ir::transform::trace("raw", p.input_types(), |x| -> RuleResult<Vec<Expr>> {
        let guard = Scope::enter(ScopeKind::Derivative("raw"));
        let params: Vec<Expr> =
            x.iter().map(|x| Expr::placeholder(x.ty().clone(), guard.scope(), None)).collect();
        let y = p.inline(&params)?;
        let dx: Vec<_> =
            (0..params.len()).map(|i| (i == wrt).then(|| params[i].full_like(1.0))).collect();
        let (y, dy) = ir::transform::jvp(guard.scope(), &y, &params, &dx)?;
        let dy: Vec<Expr> =
            y.iter().zip(dy).map(|(y, d)| d.unwrap_or_else(|| y.full_like(0.0))).collect();
        Ok(ir::transform::substitute(guard.scope(), &dy, &params, x)?)
    });
    closed.expect("a derivative").program
}

fn value(p: &Program, x: &[f64]) -> f64 {
    let x: Vec<Array> = x.iter().map(|&x| Array::scalar(x)).collect();
    p.eval(&x).expect("a value")[0].item()
}

/// The value of a text with the variables of another expression.
fn value_of_text(text: &str, variables: &[String], x: &[f64]) -> f64 {
    let e = Expression::parse(text).unwrap_or_else(|e| panic!("not an expression: {e}"));
    let of = |name: &String| x[variables.iter().position(|v| v == name).expect("a variable")];
    value(e.program(), &e.variables().iter().map(of).collect::<Vec<_>>())
}

/// Puts names of definitions in place: `t₁` by its text in parentheses, last ones first.
fn in_full(value: &str, definitions: &[(String, String)]) -> String {
    let mut text = value.to_string();
    for (name, definition) in definitions.iter().rev() {
        let mut out = String::new();
        let mut rest = text.as_str();
        while let Some(at) = rest.find(name.as_str()) {
            let after = &rest[at + name.len()..];
            out.push_str(&rest[..at]);
            let longer = after.starts_with(|c: char| ('₀'..='₉').contains(&c));
            out.push_str(&if longer { name.clone() } else { format!("({definition})") });
            rest = after;
        }
        text = out + rest;
    }
    text
}

/// Each order of the explanation against the rules alone, as a program and as text read back.
fn agrees(expression: &str, wrt: &str, order: usize, range: (f64, f64)) {
    let e = Expression::parse(expression).unwrap_or_else(|e| panic!("{e}"));
    let explanation = explain(expression, wrt, order).unwrap_or_else(|e| panic!("{e}"));
    let place = e.variables().iter().position(|v| v == wrt).expect("a variable");
    let mut raw = e.program().clone();
    let mut state = 7;
    let function = explanation.function.split_once(" = ").map(|(_, f)| f.to_string());
    let mut compared = 0;
    for k in 0..=explanation.orders.len() {
        for _ in 0..6 {
            let x: Vec<f64> = e
                .variables()
                .iter()
                .map(|_| range.0 + (range.1 - range.0) * uniform(&mut state))
                .collect();
            let want = value(&raw, &x);
            let check = |got: f64, what: &str| {
                let ok = close_enough(got, want, 1e-7);
                assert!(ok, "{expression}, order {k} at {x:?}: {got} {what}, {want} by the rules");
            };
            if k == 0 {
                if let Some(f) = &function {
                    check(value_of_text(f, e.variables(), &x), f);
                }
                continue;
            }
            let derivative = &explanation.orders[k - 1];
            check(value(&derivative.program, &x), "tidied");
            let text = in_full(&derivative.values[0].1, &derivative.definitions);
            if text.chars().count() < 3000 {
                check(value_of_text(&text, e.variables(), &x), &text);
            }
            compared += usize::from(want.is_finite());
        }
        if k < explanation.orders.len() && raw.equations().len() < 20_000 {
            raw = differentiated(&raw, place);
        }
    }
    assert!(compared > 3 * explanation.orders.len(), "{expression}: hardly any finite values");
}

#[test]
fn derivations_agree_with_the_rules() {
    for (expression, wrt, order) in [
        ("tanh(x*w)^2", "w", 6),
        ("tanh(x*w)^2", "x", 4),
        ("x*sin(x)", "x", 6),
        ("x^x", "x", 4),
        ("1/(1+exp(-x))", "x", 5),
        ("exp(-x^2/2)/sqrt(2*pi)", "x", 6),
        ("log(1+x^2)*y", "x", 5),
        ("sin(x)^2+cos(x)^2", "x", 2),
        ("sin(x)*cos(x)*tan(x)", "x", 3),
        ("abs(x-1)*max(x,y)", "x", 3),
        ("min(x^2,y)*relu(x-1)", "x", 3),
        ("x^2.5*y^-1.5", "x", 4),
        ("x^y", "y", 4),
        ("x^y", "x", 4),
        ("2^x", "x", 3),
        ("a*x^3+b*x^2+c*x+d", "x", 4),
        ("1/(x^2-y)", "x", 4),
        ("log(exp(x)+exp(y))", "y", 4),
        ("atan2(y,x)", "x", 3),
        ("rem(y,x)", "x", 2),
        ("sqrt(1+sqrt(x))", "x", 4),
        ("cbrt(x)*x", "x", 3),
        ("(x+1)^3-(x-1)^3", "x", 3),
        ("(x+y)^2-(x-y)^2", "x", 2),
        ("x*(1-x)^2/(x+2)", "x", 4),
        ("cosh(x)^2-sinh(x)^2+x", "x", 2),
        ("expm1(x)*log1p(x)", "x", 4),
        ("rsqrt(x)^3", "x", 3),
        ("[x > 1]*x^2 + [x <= 1]*x", "x", 2),
        ("select(x > y, x^2, x*y)", "x", 2),
        ("clamp(0.5, x, 1.2)*x", "x", 2),
        ("exp(log(x)*2)+log(exp(x))", "x", 3),
        ("0.1*x + 1e-9*x^2 + 123456.789*x^3", "x", 3),
        ("exp(sin(x)*cos(x)^3)/(1+x^2)^2", "x", 6),
        ("tanh(tanh(tanh(x*w)))", "w", 6),
        ("x^x^x", "x", 6),
        ("sin(sin(sin(sin(x))))", "x", 6),
        ("stop_gradient(x)*x", "x", 2),
        ("lgamma(x)", "x", 3),
    ] {
        agrees(expression, wrt, order, (0.3, 1.7));
    }
}

#[test]
fn every_row_of_the_table() {
    for f in Unary::ALL.iter().filter(|f| f.accepts(DType::F64)) {
        if *f == Unary::Neg {
            continue;
        }
        agrees(&format!("{}(x)", f.text()), "x", 3, f.domain());
        let e = explain(&format!("{}(x)", f.text()), "x", 1).unwrap();
        assert!(e.steps[0].rule.starts_with("table: "), "{e}");
    }
}

/// A random expression of this depth.
fn random_text(state: &mut u64, depth: usize) -> String {
    let pick = |state: &mut u64, from: &[&str]| {
        from[(uniform(state) * from.len() as f64) as usize].to_string()
    };
    if depth == 0 {
        return pick(state, &["x", "y", "z", "2", "0.5", "3", "x", "1", "0", "7/3"]);
    }
    let a = random_text(state, depth - 1);
    match (uniform(state) * 9.0) as usize {
        0 | 1 => {
            let b = random_text(state, depth - 1);
            format!("({a}) {} ({b})", pick(state, &["+", "-"]))
        }
        2 | 3 => format!("({a})*({})", random_text(state, depth - 1)),
        4 => format!("({a})/({})", random_text(state, depth - 1)),
        5 => format!("({a})^{}", pick(state, &["2", "3", "-1", "-2", "1", "0"])),
        6 => format!("-({a})"),
        7 => {
            let f = pick(state, &["tanh", "sin", "cos", "exp", "logistic", "atan", "erf", "abs"]);
            format!("{f}({a})")
        }
        _ => {
            let f = pick(state, &["sqrt", "log", "max", "sinh", "relu", "expm1"]);
            if f == "max" { format!("max({a}, y)") } else { format!("{f}({a})") }
        }
    }
}

/// Values of two programs that should be the same function, at random points.
#[track_caller]
fn same_function(p: &Program, q: &Program, inputs: &[Array], what: &str) -> bool {
    let (Ok(a), Ok(b)) = (p.eval(inputs), q.eval(inputs)) else { panic!("no value: {what}") };
    let mut finite = false;
    for (a, b) in a.iter().zip(&b) {
        assert_eq!(a.ty(), b.ty(), "{what}");
        let tolerance = if a.dtype() == DType::F32 { 1e-3 } else { 1e-6 };
        for (x, y) in a.to_f64().into_iter().zip(b.to_f64()) {
            // Large intermediate values cancel differently.
            if x.is_finite() && x.abs() < 1e6 {
                finite = true;
                assert!(
                    close_enough(x, y, tolerance),
                    "{what}\n is {x}, tidied {y}, at {inputs:?}"
                );
            }
        }
    }
    finite
}

/// Whether every operation of the program has a finite value: where one has not, algebra says
/// nothing.
fn defined(p: &Program, inputs: &[Array]) -> bool {
    let mut b = Builder::new(p.input_types().to_vec());
    for eq in p.equations() {
        b.push(eq.prim.clone(), &eq.inputs, None).expect("a valid program");
    }
    let all = (0..b.variables() as u32).map(Var).collect();
    let values = b.finish(all).eval(inputs).expect("values");
    values.iter().all(|v| v.to_f64().iter().all(|x| x.is_finite()))
}

#[test]
fn random_expressions_mean_what_they_say() {
    let mut state = 3;
    let mut finite = 0;
    for i in 0..1500 {
        let text = random_text(&mut state, 1 + i % 4);
        let e = Expression::parse(&text).unwrap_or_else(|e| panic!("{e}"));
        let names: Vec<&str> = e.variables().iter().map(String::as_str).collect();
        let x: Vec<f64> = names.iter().map(|_| 0.2 + 1.5 * uniform(&mut state)).collect();
        let arrays: Vec<Array> = x.iter().map(|&x| Array::scalar(x)).collect();
        if !defined(e.program(), &arrays) {
            continue;
        }
        // As written.
        let lines = formulas(e.program(), &names, Style::Unicode);
        let (definitions, value_text) = (&lines[..lines.len() - 1], &lines[lines.len() - 1].1);
        let written = in_full(value_text, definitions);
        let want = value(e.program(), &x);
        let got = value_of_text(&written, e.variables(), &x);
        assert!(
            close_enough(got, want, 1e-9) || want.abs() > 1e12,
            "{text}\n is written {written}\n and is {want}, not {got}"
        );
        // Tidied.
        let tidy = tidied(e.program()).unwrap();
        assert_eq!(ir::verify(&tidy), Ok(()));
        finite += usize::from(same_function(e.program(), &tidy, &arrays, &text));
        // And differentiated twice.
        if let Some(first) = names.first() {
            let explanation = explain(&text, first, 2).unwrap_or_else(|e| panic!("{e}"));
            let raw = differentiated(e.program(), 0);
            for (order, raw) in
                explanation.orders.iter().zip([raw.clone(), differentiated(&raw, 0)])
            {
                let what = format!("order {} of {text}: {:?}", order.order, order.values);
                same_function(&raw, &order.program, &arrays, &what);
                let text = in_full(&order.values[0].1, &order.definitions);
                if text.chars().count() < 3000 {
                    let (a, b) =
                        (value(&order.program, &x), value_of_text(&text, e.variables(), &x));
                    // [P] wins over infinity in programs, not in arithmetic.
                    let bracket = b.is_nan() && text.contains('[');
                    let fine =
                        !a.is_finite() || a.abs() > 1e6 || close_enough(a, b, 1e-6) || bracket;
                    assert!(fine, "{what} is {a}, its text {b}");
                }
            }
        }
    }
    assert!(finite > 800, "only {finite} expressions had a value");
}

/// Inputs in general position: where equalities hold by accident of an example's values, the
/// algebra of functions says nothing.
fn generic_inputs(p: &Program, seed: u64) -> Vec<Array> {
    let with_index = p.input_types().iter().enumerate();
    with_index.map(|(i, t)| fill(t, &Fill::Range(0.2, 0.9), seed + i as u64)).collect()
}

#[test]
fn tidied_programs_of_arrays_are_the_same_functions() {
    let mut finite = 0;
    let mut check = |p: &Program, inputs: &[Array], what: &str| {
        let tidy = tidied(p).unwrap();
        assert_eq!(ir::verify(&tidy), Ok(()));
        finite += usize::from(same_function(p, &tidy, inputs, &format!("{what}\n{p}\n{tidy}")));
    };
    for example in all_examples() {
        let p = program_of(&example).unwrap();
        let ends = !p.to_string().contains("while");
        let special =
            example.inputs.iter().any(|(_, f)| !matches!(f, Fill::Range(..) | Fill::Values(_)));
        if !ends || special {
            continue;
        }
        check(&p, &generic_inputs(&p, 5), example.prim.rules().name());
        if example.without_derivative.is_some() || example.without_reverse.is_some() {
            continue;
        }
        for q in [jvp_program(&p).unwrap(), vjp_program(&p).unwrap()] {
            check(&q, &generic_inputs(&q, 9), example.prim.rules().name());
        }
    }
    for seed in 0..200 {
        let Sample { program: p, inputs } = random_program(seed, 10);
        // Accidents of special values again: only floats in general position.
        let generic = generic_inputs(&p, seed);
        let inputs: Vec<Array> = inputs
            .into_iter()
            .zip(generic)
            .map(|(a, g)| if a.dtype().is_float() { g } else { a })
            .collect();
        check(&p, &inputs, "random");
    }
    assert!(finite > 200, "only {finite} programs had finite values");
}

/// Braces and delimiters come in pairs.
#[track_caller]
fn balanced(text: &str) {
    let mut depth = 0_i64;
    for c in text.chars() {
        depth += i64::from(c == '{') - i64::from(c == '}');
        assert!(depth >= 0, "{text}");
    }
    assert_eq!(depth, 0, "{text}");
    assert_eq!(text.matches("\\left").count(), text.matches("\\right").count(), "{text}");
    assert_eq!(text.matches("\\begin").count(), text.matches("\\end").count(), "{text}");
    assert!(!text.contains("\\\\left"), "{text}");
    let plain = |c: char| c.is_ascii() || c == '′';
    assert!(text.chars().all(plain), "signs that LaTeX does not know: {text}");
}

#[test]
fn latex_is_balanced_for_everything() {
    for example in all_examples() {
        let p = program_of(&example).unwrap();
        balanced(&latex(&p));
        assert!(!unicode(&p).is_empty());
        if example.without_derivative.is_some() || example.without_reverse.is_some() {
            continue;
        }
        balanced(&latex(&vjp_program(&p).unwrap()));
        if p.input_types()[..].first().is_some_and(|t| t.dtype.is_float()) {
            let e = derivation(&p, 0, 2).unwrap_or_else(|e| panic!("{e}\n{p}"));
            balanced(e.latex());
            assert!(!e.to_string().is_empty());
        }
    }
    for seed in 0..60 {
        balanced(&latex(&random_program(seed, 10).program));
    }
    let mut state = 11;
    for _ in 0..100 {
        let text = random_text(&mut state, 4);
        if let Ok(e) = explain(&text, "x", 2) {
            balanced(e.latex());
        }
    }
    let e = explain("tanh(alpha*w_1)^2/x2", "w_1", 1).unwrap();
    assert!(e.latex().contains("\\tanh(\\alpha\\,w_{1})"), "{}", e.latex());
    assert!(e.latex().contains("x_{2}"), "{}", e.latex());
}

fn results(expression: &str, wrt: &str, order: usize) -> Vec<String> {
    let e = explain(expression, wrt, order).unwrap_or_else(|e| panic!("{e}"));
    (1..=order).map(|k| e.result(k).expect("a result").to_string()).collect()
}

#[test]
fn results_are_as_a_student_would_write_them() {
    assert_eq!(
        results("tanh(x*w)^2", "w", 4),
        [
            "2·x·tanh(x·w)·(1 − tanh²(x·w))",
            "2·x²·(1 − tanh²(x·w))·(1 − 3·tanh²(x·w))",
            "−8·x³·tanh(x·w)·(1 − tanh²(x·w))·(2 − 3·tanh²(x·w))",
            "−8·x⁴·(1 − tanh²(x·w))·(15·tanh⁴(x·w) − 15·tanh²(x·w) + 2)",
        ]
    );
    assert_eq!(
        results("sigmoid(x)", "x", 3),
        [
            "σ(x)·(1 − σ(x))",
            "σ(x)·(1 − σ(x))·(1 − 2·σ(x))",
            "σ(x)·(1 − σ(x))·(6·σ(x)² − 6·σ(x) + 1)",
        ]
    );
    // Hermite polynomials.
    assert_eq!(
        results("exp(-x^2/2)", "x", 4),
        [
            "−x·exp(−x²/2)",
            "exp(−x²/2)·(x² − 1)",
            "x·exp(−x²/2)·(3 − x²)",
            "exp(−x²/2)·(x⁴ − 6·x² + 3)",
        ]
    );
    assert_eq!(results("sqrt(x)", "x", 3), ["1/(2·√x)", "−1/(4·x·√x)", "3/(8·x²·√x)"]);
    assert_eq!(results("log(1+x^2)", "x", 2), ["2·x/(x² + 1)", "2·(1 − x²)/(x² + 1)²"]);
    assert_eq!(results("erf(x)", "x", 2), ["2·exp(−x²)/√π", "−4·x·exp(−x²)/√π"]);
    assert_eq!(results("x^y", "x", 2), ["y·x^(y − 1)", "y·x^(y − 2)·(y − 1)"]);
    assert_eq!(results("x^x", "x", 2)[1], "x^x·((log(x) + 1)² + 1/x)");
    assert_eq!(results("sin(x)^2+cos(x)^2", "x", 1), ["0"]);
    assert_eq!(results("relu(x)", "x", 2), ["[x > 0]", "0"]);
    assert_eq!(results("a*x^2+b*x+c", "x", 3), ["2·a·x + b", "2·a", "0"]);
    assert_eq!(results("lgamma(x)", "x", 3), ["ψ(x)", "ψ⁽¹⁾(x)", "ψ⁽²⁾(x)"]);
    assert_eq!(results("max(x,y)", "x", 1), ["[x > y]"]);
    assert_eq!(results("x/y", "y", 2), ["−x/y²", "2·x/y³"]);
    assert_eq!(results("log(2)*x + x/3", "x", 1), ["log(2) + 1/3"]);
}

#[test]
fn several_paths_are_summed() {
    let e = explain("x*sin(x)", "x", 1).unwrap();
    let chain = e.chain.as_ref().expect("a chain");
    assert_eq!(chain.products, "∂f/∂x|u₁ + ∂f/∂u₁·∂u₁/∂x");
    assert_eq!(chain.values, "u₁ + x·cos(x)");
    let e = explain("sin(y)*x", "x", 1).unwrap();
    assert_eq!(e.steps[0].rule, "constant in x");
    assert!(e.chain.is_none());
    // What is written twice is one step.
    let e = explain("tanh(x)*tanh(x)", "x", 1).unwrap();
    assert_eq!(e.steps.len(), 2);
    assert_eq!(e.steps[1].partials[0].value, "2·u₁");
    // Names that are taken are not used.
    let e = explain("f*u1*sin(u1*x)", "x", 1).unwrap();
    assert!(e.function.starts_with("g = "), "{e}");
    assert!(e.steps[0].name.starts_with('v'), "{e}");
}

#[test]
fn orders_that_nobody_reads_are_left_out() {
    let e = explain("exp(sin(x)*cos(x)^3)/(1+x^2)^2", "x", 6).unwrap();
    assert!(e.too_large.is_some() && e.orders.len() >= 2 && e.orders.len() < 6);
    assert!(e.to_string().contains("it is left out"), "{e}");
    let long = vec!["sin(x*y)"; 300].join("+");
    assert!(explain(&long, "x", 6).is_ok());
    let distinct: Vec<String> = (0..250).map(|i| format!("sin({i}x)")).collect();
    let result = explain(&distinct.join("+"), "x", 1);
    assert!(matches!(result, Err(MathError::TooLarge { .. })), "{result:?}");
}

#[track_caller]
fn expression_error(text: &str, column: usize, contains: &str) {
    let e = Expression::parse(text).expect_err(text);
    assert!(e.message.contains(contains), "{e}");
    assert_eq!(e.column, column, "{e}");
}

#[test]
fn errors_in_expressions() {
    expression_error("", 0, "expected a number, a variable or a function, found the end");
    expression_error("tanh(x*)", 7, "found `)`");
    expression_error("tanh(x", 6, "expected `)`, found the end");
    expression_error("x + + ", 6, "found the end");
    expression_error("2 3", 2, "expected an operator, found the number 3");
    expression_error("x y", 2, "expected an operator, found `y`");
    expression_error("tahn(x)", 0, "did you mean `tanh`?");
    expression_error("w(x+1)", 0, "for a product write w*(…)");
    expression_error("x * tanh", 4, "`tanh` is a function");
    expression_error("max(x)", 3, "takes 2 arguments, found 1");
    expression_error("sin(x, y)", 3, "takes 1 argument, found 2");
    expression_error("x > 0", 0, "expected a number, found a comparison");
    expression_error("1 + (x > 0)", 4, "expected a number, found a comparison");
    expression_error("[x]", 1, "expected a comparison");
    expression_error("x # y", 2, "`#` has no meaning");
    expression_error("1e999", 0, "too large");
    expression_error("|x", 2, "expected `|`");
    expression_error("polygamma(x, y)", 10, "whole number");
    expression_error(&"(".repeat(10_000), 0, "at most");
    expression_error(&"(".repeat(2000), 100, "nested more than");
    expression_error(&"-√".repeat(1000), 2, "found `-`");
    expression_error(&"√".repeat(1000), 99, "nested more than");
    let shown = explain("tanh(x*)", "x", 1).unwrap_err().to_string();
    assert_eq!(
        shown,
        "expected a number, a variable or a function, found `)`\n  tanh(x*)\n         ^"
    );
    let e = explain("x*y", "z", 1).unwrap_err().to_string();
    assert_eq!(e, "`z` is not a variable of the expression; its variables are x, y");
    let e = explain("x", "z", 1).unwrap_err().to_string();
    assert_eq!(e, "`z` is not a variable of the expression; its only variable is x");
    let e = explain("2+3", "x", 1).unwrap_err().to_string();
    assert_eq!(e, "`x` is not a variable: the expression has none");
    let e = explain("x", "x", 7).unwrap_err().to_string();
    assert_eq!(e, "derivatives are explained up to order 6, not 7");
    assert!(explain("x", "x", 0).unwrap().orders.is_empty());
}

#[test]
fn notation_that_is_understood() {
    let v = |text: &str| {
        let e = Expression::parse(text).unwrap_or_else(|e| panic!("{e}"));
        value(e.program(), &vec![0.7; e.variables().len()])
    };
    let x: f64 = 0.7;
    for (text, want) in [
        ("2x", 2.0 * x),
        ("2x^2", 2.0 * x * x),
        ("2(x+1)", 2.0 * (x + 1.0)),
        ("-x^2", -x * x),
        ("2^-1", 0.5),
        ("x^2^3", x.powi(8)),
        ("x**2", x * x),
        ("1/2x", 0.5 * x),
        ("x − 1·2", x - 2.0),
        ("sin²(x)", x.sin().powi(2)),
        ("sin⁻¹(x)", x.asin()),
        ("x⁻²", 1.0 / (x * x)),
        ("√x + √(x+1)", x.sqrt() + (x + 1.0).sqrt()),
        ("|x−1| + ||x|−2|", (x - 1.0).abs() + (x - 2.0).abs()),
        ("⌊3x⌋ + ⌈3x⌉", 2.0 + 3.0),
        ("π + pi + e", 2.0 * std::f64::consts::PI + std::f64::consts::E),
        ("½x", 0.5 * x),
        ("[x > 0 and not x > 1]", 1.0),
        ("[x ≤ 0 ∨ ¬(x ≥ 1)]·3", 3.0),
        ("1e-3 + 2e", 1e-3 + 2.0 * std::f64::consts::E),
        ("ln(x)", x.ln()),
        ("σ·x", x * x),
        (".5x + 1.", 0.5 * x + 1.0),
        ("x^0.5", x.sqrt()),
        ("(-2)^3", -8.0),
        ("pow(x, 2)", x * x),
        ("- - x", x),
    ] {
        assert!(close_enough(v(text), want, 1e-14), "{text} is {}, expected {want}", v(text));
    }
}

#[test]
fn any_text_is_an_expression_or_an_error() {
    const PIECES: [&str; 40] = [
        "x",
        "y",
        "2",
        "0.5",
        "+",
        "-",
        "*",
        "/",
        "^",
        "(",
        ")",
        "(",
        ")",
        "tanh(",
        "max(",
        ",",
        "|",
        "[",
        "]",
        ">",
        "=",
        "and",
        "not ",
        "√",
        "²",
        "⁻¹",
        "⁽²⁾",
        "ψ",
        "e",
        "1e",
        ".",
        " ",
        "π",
        "≤",
        "¬",
        "select(",
        "polygamma(",
        "#",
        "₁",
        "x₁",
    ];
    let mut state = 17;
    let mut fine = 0;
    for _ in 0..30_000 {
        let length = 1 + (uniform(&mut state) * 12.0) as usize;
        let text: String = (0..length)
            .map(|_| PIECES[(uniform(&mut state) * PIECES.len() as f64) as usize])
            .collect();
        match Expression::parse(&text) {
            Ok(e) => {
                fine += 1;
                assert_eq!(ir::verify(e.program()), Ok(()));
                if let Some(x) = e.variables().first() {
                    explain(&text, x, 1).unwrap_or_else(|e| panic!("{text}: {e}"));
                }
            }
            Err(e) => assert!(e.column <= text.chars().count(), "{e}"),
        }
    }
    assert!(fine > 200, "only {fine} texts were expressions");
}

#[test]
fn long_programs_are_written_and_tidied_without_recursion() {
    let scalar = Type::new(DType::F64, vec![]);
    let mut b = Builder::new(vec![scalar]);
    let mut v = Var(0);
    for i in 0..20_000 {
        let op = if i % 3 == 0 { Unary::Sin } else { Unary::Tanh };
        v = b.push(op.into(), &[v], None).unwrap()[0];
        if i % 5 == 0 {
            v = b.push(ir::prim::Binary::Add.into(), &[v, Var(0)], None).unwrap()[0];
        }
    }
    let p = b.finish(vec![v]);
    assert!(unicode(&p).lines().count() > 500);
    balanced(&latex(&p));
    let q = tidied(&p).unwrap();
    let x = [Array::scalar(0.3)];
    assert!(close_enough(p.eval(&x).unwrap()[0].item(), q.eval(&x).unwrap()[0].item(), 1e-9));
}

#[test]
fn derivations_of_programs_with_arrays() {
    let p = parse(
        "program(%w: f64[4,3], %x: f64[3], %s: f64[]) {
            %a = dot_general(contract: ([1], [0]), batch: ([], [])) %w %x
            %h = tanh %a
            %b = broadcast_in_dim(shape: [4], dims: []) %s
            %c = mul %h %b
            %y = reduce(op: sum, axes: [0]) %c
            return %y }",
    )
    .unwrap();
    let e = ir::math::derivation_named(&p, &["w", "x", "s"], 0, 2).unwrap();
    assert_eq!(e.function, "f = Σ(tanh(w x)·s)");
    assert_eq!(e.steps[0].partials[0].value, "dw x");
    assert_eq!(e.result(1), Some("Σ(s·(dw x) ⊙ (1 − tanh²(w x)))"));
    assert_eq!(e.orders[1].values[0].0, "d²f");
    // Against the derivative along a line.
    let (w, x, s) = (generic_inputs(&p, 1)[0].clone(), generic_inputs(&p, 2)[1].clone(), 0.7);
    let direction = generic_inputs(&p, 3)[0].clone();
    let along = |t: f64| {
        let moved: Vec<f64> =
            w.to_f64().iter().zip(direction.to_f64()).map(|(w, d)| w + t * d).collect();
        let w = Array::from_f64(DType::F64, &moved, &[4, 3]);
        p.eval(&[w, x.clone(), Array::scalar(s)]).unwrap()[0].item()
    };
    let h = 1e-3;
    let first = (along(h) - along(-h)) / (2.0 * h);
    let second = (along(h) - 2.0 * along(0.0) + along(-h)) / (h * h);
    let inputs = [w.clone(), x.clone(), Array::scalar(s), direction.clone()];
    for (order, want) in e.orders.iter().zip([first, second]) {
        let got = order.program.eval(&inputs).unwrap()[0].item();
        assert!(
            close_enough(got, want, 1e-5),
            "order {}: {got}, {want} by differences",
            order.order
        );
    }
    let e = ir::math::derivation_named(&p, &["w", "x", "s"], 2, 2).unwrap();
    assert_eq!((e.result(1), e.result(2)), (Some("Σ(tanh(w x))"), Some("0")));
    let e = derivation(&p, 3, 1).unwrap_err().to_string();
    assert_eq!(e, "there is no input 3; the program has 3");
}
