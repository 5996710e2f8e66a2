//! `parse ∘ print` is the identity, and the parser is total.

use array::{Array, DType, Type};
use ir::check::{Sample, jvp_program, program_of, random_program, vjp_program};
use ir::prim::{Binary, Compare, Constant, FAMILIES, Primitive, Unary, all_examples};
use ir::{Builder, Program, Var, parse, verify};

#[track_caller]
fn round_trip(p: &Program) {
    let text = p.to_string();
    match parse(&text) {
        Ok(q) => assert_eq!(&q, p, "{text}\nbecomes\n{q}"),
        Err(e) => panic!("{e}\n in\n{text}"),
    }
    if let Err(e) = verify(p) {
        panic!("{e}\n in\n{text}");
    }
}

/// A number below `n` from a stream.
fn below(state: &mut u64, n: usize) -> usize {
    *state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
    ((*state >> 33) as usize) % n.max(1)
}

#[test]
fn every_example_and_its_derivatives() {
    for example in all_examples() {
        let p = program_of(&example).expect("examples are programs");
        round_trip(&p);
        if example.without_derivative.is_none() {
            let jvp = jvp_program(&p).expect("a derivative");
            round_trip(&jvp);
            if example.without_reverse.is_none() {
                round_trip(&vjp_program(&p).expect("a derivative"));
                round_trip(&vjp_program(&jvp).expect("a derivative"));
            }
        }
    }
}

#[test]
fn programs_inside_stand_in_braces() {
    let text = "\
program(%0: f64[], %1: f64[4], %2: i64[]) {
  %3: f64[], %4: f64[4] = scan(length: 4, reverse: false, consts: 0, carry: 1) program(%0: f64[], %1: f64[]) {
    %2: f64[] = mul %0 %1
    return %2 %0
  } %0 %1
  %5: f64[] = cond(count: 2) program(%0: f64[]) {
    return %0
  } program(%0: f64[]) {
    %1: f64[] = neg %0
    return %1
  } %2 %3
  return %4 %5
}";
    let p = parse(text).unwrap();
    assert_eq!(p.to_string(), text);
    round_trip(&p);
    // The body's one product, four times, and the most expensive branch.
    assert_eq!(p.cost().flops, 4 + 1);
    let scan = p.equation_cost(&p.equations()[0]);
    assert_eq!((scan.equations, scan.flops), (1 + 4, 4));
    assert_eq!(scan.bytes_read, (8 + 32) + 4 * 16);
    error(&text.replace("count: 2", "count: 3"), 6, 15, "`cond` contains 3 programs, not 2");
    error(&text.replace("count: 2", "count: 99999999999"), 6, 15, "programs, not 2");
    error(&text.replace("    return %2 %0", "    return %0"), 2, 27, "1 results, not 2");
    error(&text.replace("mul %0 %1", "mul %0 %2"), 3, 24, "`%2` is not defined");
    let nested = "program() { = call(kind: checkpoint) ".repeat(10_000);
    error(&nested, 1, 37 * 32 + 1, "nest at most 32 deep");
}

#[test]
fn random_programs() {
    let (mut equations, mut evaluated) = (0, 0);
    for seed in 0..300 {
        let Sample { program: p, inputs } = random_program(seed, 12);
        round_trip(&p);
        equations += p.equations().len();
        let Ok(values) = p.eval(&inputs) else { continue };
        evaluated += 1;
        let types: Vec<Type> = values.iter().map(Array::ty).collect();
        assert_eq!(types, p.output_types());
    }
    assert!(equations > 2000, "random programs are too small: {equations} equations");
    assert!(evaluated > 250, "only {evaluated} programs have values");
}

fn constant(a: Array) -> Program {
    let mut b = Builder::new(vec![]);
    let v = b.push(Constant(a).into(), &[], None).unwrap();
    b.finish(v)
}

#[test]
fn constants_are_bit_exact() {
    let f64s = vec![
        0.1,
        -0.0,
        0.0,
        f64::NAN,
        -f64::NAN,
        f64::from_bits(0x7ff0_0000_0000_0001),
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::MIN_POSITIVE / 8.0,
        f64::MAX,
        5e-324,
        1.0 / 3.0,
    ];
    let f32s: Vec<f32> = vec![
        0.1,
        -0.0,
        f32::NAN,
        -f32::NAN,
        f32::from_bits(0x7f80_0001),
        f32::INFINITY,
        f32::MAX,
        1e-45,
    ];
    round_trip(&constant(Array::from_vec(f64s.clone(), &[12])));
    round_trip(&constant(Array::from_vec(f64s, &[2, 3, 2])));
    round_trip(&constant(Array::from_vec(f32s, &[2, 4])));
    round_trip(&constant(Array::from_vec(vec![i64::MIN, -1, 0, i64::MAX], &[4, 1])));
    round_trip(&constant(Array::from_vec(vec![i32::MIN, i32::MAX], &[1, 2])));
    round_trip(&constant(Array::from_vec(vec![u32::MAX, 0], &[2])));
    round_trip(&constant(Array::from_vec(vec![true, false], &[2, 1, 1])));
    for shape in [&[0][..], &[0, 3], &[3, 0], &[2, 0, 2]] {
        round_trip(&constant(Array::full(DType::F32, shape, 0.0)));
    }
    round_trip(&constant(Array::scalar(-2.5_f64)));
    // Large, and random bits.
    let mut state = 9;
    let bits =
        |state: &mut u64| (below(state, 1 << 31) as u64) << 33 | below(state, 1 << 31) as u64;
    let large: Vec<f64> = (0..20_000).map(|_| f64::from_bits(bits(&mut state))).collect();
    round_trip(&constant(Array::from_vec(large, &[100, 200])));
}

#[test]
fn the_empty_program() {
    round_trip(&Program::default());
    assert_eq!(Program::default().to_string(), "program() {\n  return\n}");
}

#[test]
fn no_keyword_is_a_scalar_function() {
    let scalars: Vec<&str> = (Unary::ALL.iter().map(|f| f.text()))
        .chain(Binary::ALL.iter().map(|f| f.text()))
        .chain(Compare::ALL.iter().map(|c| c.name()))
        .collect();
    for (i, name) in scalars.iter().enumerate() {
        assert!(!scalars[..i].contains(name), "two scalar functions are called {name}");
        assert!(!FAMILIES.iter().any(|(k, _)| k == name), "{name} is a keyword too");
    }
    for reserved in ["program", "return", "custom"] {
        assert!(!FAMILIES.iter().any(|(k, _)| *k == reserved), "{reserved} is reserved");
    }
}

#[test]
fn the_form_of_the_text() {
    let text = "\
program(%0: f64[2,3], %1: f64[3]) {
  %2: f64[2] = dot_general(contract: ([1], [0]), batch: ([], [])) %0 %1
  %3: f64[] = constant 0.5
  %4: f64[2] = broadcast_in_dim(shape: [2], dims: []) %3
  %5: f64[2] = mul %2 %4
  %6: f64[2] = tanh %5
  %7: bool[2] = gt %6 %5
  %8: i64[2,2] = constant [[1, 2], [3, 4]]
  return %6 %7 %8
}";
    let p = parse(text).unwrap();
    assert_eq!(p.to_string(), text);
    round_trip(&p);
}

#[test]
fn a_text_may_say_less() {
    let terse = "// a comment
        program ( %x : f64[ 2 , 2 ] ,%y:f64[2,2] ) {
            %sum = add %x %y; %c: f64[2,2] = constant [1, 2, 3, 4]  // flat
            %out = mul %sum
            %bad = 3";
    let e = parse(terse).unwrap_err();
    assert_eq!((e.line, e.column), (4, 20), "{e}");
    let terse = "program ( %x : f64[ 2 , 2 ] ,%y:f64[2,2] ) {
            %sum = add %x %y; %c: f64[2,2] = constant [1, 2, 3, 4]  // flat
            %out = mul %sum %c
            return %out }";
    round_trip(&parse(terse).unwrap());
}

#[track_caller]
fn error(text: &str, line: usize, column: usize, contains: &str) {
    let e = parse(text).expect_err(text);
    assert!(e.message.contains(contains), "{e}");
    assert_eq!((e.line, e.column), (line, column), "{e}");
}

#[test]
fn errors_say_where_and_what() {
    error("", 1, 1, "expected `program`, found the end of the text");
    error("program(", 1, 9, "expected a variable");
    error("program(%0: f65[])", 1, 13, "expected a type such as `f64[2,3]`, found `f65`");
    error("program(%0: f64[-1])", 1, 17, "expected the size of an axis or `]`, found `-`");
    error("program(%0: f64[], %0: f64[]) {", 1, 20, "already is an input");
    let body = |line: &str| format!("program(%0: f64[3]) {{\n  {line}\n  return %1\n}}");
    error(&body("%1: f64[3] = tan %2"), 2, 20, "`%2` is not defined");
    error(&body("%1: f64[3] = tin %0"), 2, 16, "no primitive is called `tin`");
    error(&body("%1: f64[4] = tan %0"), 2, 3, "the type of `%1` is f64[3]");
    error(&body("%0: f64[3] = tan %0"), 2, 3, "already defined");
    error(&body("%1, %2 = tan %0"), 2, 12, "1 results, not 2");
    error(&body("%1 = tan %0 %0"), 2, 8, "takes 1 operands");
    error(&body("%1 = reduce(op: sum, axes: [7]) %0"), 2, 8, "not ascending axes of f64[3]");
    error(&body("%1 = reduce(op: sum, axes: [0] %0"), 2, 14, "bracket is not closed");
    error(&body("%1 = reduce(op: sum, axes: (0]) %0"), 2, 30, "bracket is not closed");
    error(&body("%1 = reduce(op: some, axes: [0]) %0"), 2, 19, "some");
    error(&body("%1 = reduce(op: sum,\n axes: [0], axes: [0]) %0"), 3, 13, "axes");
    error(&body("%1 = reduce %0"), 2, 14, "attributes of `reduce`");
    error(&body("%1 = tan %0 tan"), 2, 15, "expected an operand or the end of the line");
    error(&body("%1 = constant 3.0"), 2, 8, "a constant needs its type");
    error(&body("%1: f64[] = constant one"), 2, 24, "expected a value of type f64, found `one`");
    error(&body("%1: f64[] = constant 1e999"), 2, 24, "expected a value");
    error(&body("%1: bool[] = constant 1"), 2, 25, "expected a value of type bool");
    error(&body("%1: f64[2] = constant [1, 2, 3]"), 2, 25, "expected 2 values");
    error(&body("%1: f64[2,2] = constant [[1, 2, 3], [4]]"), 2, 27, "nested");
    error(&body("%1: f64[2,2] = constant [[1, 2], [3, 4"), 3, 3, "expected `,` or `]`");
    error(&body("%1: f64[1] = custom(\"f\") %0"), 2, 16, "has no text");
    error("program() { return }}", 1, 21, "expected the end of the text");
    error("program() { return %a }", 1, 20, "`%a` is not defined");
    error("program() {\n  é = 3", 2, 3, "expected an equation or `return`");
    // The caret stands below the column.
    let e = parse("program(%ä: f64[], %b: f64[] {").unwrap_err();
    assert_eq!(
        e.to_string(),
        "line 1, column 30: expected `,`, found `{`\n  program(%ä: f64[], %b: f64[] {\n  \
         ........................"
            .replace('.', "")
            + &" ".repeat(29)
            + "^"
    );
}

#[test]
fn hostile_sizes_allocate_nothing() {
    error("program(%0: f64[99999999999,99999999]) { return }", 1, 13, "larger than");
    error("program(%0: f64[99999999999999999999]) { return }", 1, 17, "the size of an axis");
    let rank = format!("program(%0: f64[{}1]) {{ return }}", "1,".repeat(5000));
    error(&rank, 1, 13, "at most 64 axes");
    let scalar = |line: &str| format!("program(%0: f64[]) {{\n{line}\nreturn }}");
    let huge = "%1 = broadcast_in_dim(shape: [99999999999, 99999999], dims: []) %0";
    error(&scalar(huge), 2, 6, "larger than");
    error(&scalar("%1 = reshape(shape: [9223372036854775807, 2]) %0"), 2, 6, "do not fill");
    error(&scalar("%1 = iota(dtype: \"f64\", shape: [9999999999999], axis: 0)"), 2, 6, "larger");
    error(&scalar("%1: f64[1000000000] = constant []"), 2, 32, "expected 1000000000 values");
    let brackets = format!("%1: f64[2] = constant {}", "[".repeat(100_000));
    error(&scalar(&brackets), 2, 87, "at most 64 axes");
    let deep = format!("%1 = reduce{} %0", "(".repeat(100_000));
    error(&scalar(&deep), 2, 100_011, "not closed");
    let deep = format!("%1 = reduce{}{} %0", "(".repeat(50_000), ")".repeat(50_000));
    error(&scalar(&deep), 2, 13, "reduce");
}

/// Whatever the text, the parser answers; what it accepts is valid and prints back.
fn is_total(text: &str) -> bool {
    match parse(text) {
        Ok(p) => {
            round_trip(&p);
            true
        }
        Err(e) => {
            assert!(e.line >= 1 && e.column >= 1 && !e.message.is_empty());
            assert!(e.line <= text.lines().count() + 1);
            let _ = e.to_string();
            false
        }
    }
}

const NUMBERS: [&str; 10] = [
    "0",
    "1",
    "7",
    "64",
    "-1",
    "4294967295",
    "2147483648",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551615",
];

const PIECES: [&str; 24] = [
    "%0",
    "%1",
    "%2",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "=",
    "\n",
    " ",
    "program",
    "return",
    "f64[]",
    "f64[2,3]",
    "bool",
    "tanh",
    "constant",
    "NaN:7ff8000000000001",
    "é",
    "\"",
];

/// The text with each number in turn replaced by a hostile one.
#[test]
fn hostile_numbers() {
    for example in all_examples() {
        let text = program_of(&example).expect("examples are programs").to_string();
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            let digits = bytes[at..].iter().take_while(|b| b.is_ascii_digit()).count();
            for number in NUMBERS.iter().filter(|_| digits > 0) {
                is_total(&format!("{}{number}{}", &text[..at], &text[at + digits..]));
            }
            at += digits.max(1);
        }
    }
}

/// Several numbers at once, which may cancel where one alone is refused.
#[test]
fn pairs_of_hostile_numbers() {
    let mut state = 5;
    for example in all_examples() {
        let text = program_of(&example).expect("examples are programs").to_string();
        let header = text.find('{').expect("a body");
        for _ in 0..40 {
            let mut out = text[..header].to_string();
            for part in text[header..].split_inclusive(|c: char| !c.is_ascii_digit()) {
                let digits = part.trim_end_matches(|c: char| !c.is_ascii_digit());
                let replace = !digits.is_empty() && below(&mut state, 4) == 0;
                let number = NUMBERS[below(&mut state, NUMBERS.len())];
                out.push_str(if replace { number } else { digits });
                out.push_str(&part[digits.len()..]);
            }
            is_total(&out);
        }
    }
}

#[test]
fn mutated_texts() {
    let mut state = 1;
    let mut texts: Vec<String> =
        (0..40).map(|seed| random_program(seed, 6).program.to_string()).collect();
    texts.extend(all_examples().iter().map(|e| program_of(e).unwrap().to_string()));
    let mut accepted = 0;
    for text in &texts {
        for _ in 0..60 {
            let mut t: Vec<char> = text.chars().collect();
            for _ in 0..1 + below(&mut state, 3) {
                let at = below(&mut state, t.len() + 1);
                let to = (at + below(&mut state, 8)).min(t.len());
                match below(&mut state, 4) {
                    0 => drop(t.drain(at..to)),
                    1 => {
                        let piece = PIECES[below(&mut state, PIECES.len())];
                        t.splice(at..at, piece.chars());
                    }
                    2 => {
                        let copy: Vec<char> = t[at..to].to_vec();
                        let place = below(&mut state, t.len() + 1);
                        t.splice(place..place, copy);
                    }
                    _ => t.truncate(at),
                }
            }
            accepted += usize::from(is_total(&t.into_iter().collect::<String>()));
        }
    }
    assert!(accepted > 50, "only {accepted} mutants were programs: the test tries too little");
}

#[test]
fn a_long_program_is_no_problem() {
    let mut b = Builder::new(vec![Type::new(DType::F64, vec![])]);
    let mut v = Var(0);
    for _ in 0..100_000 {
        v = b.push(Unary::Sin.into(), &[v], None).unwrap()[0];
    }
    let p = b.finish(vec![v]);
    round_trip(&p);
    assert_eq!(p.cost().peak_memory, 24);
}
