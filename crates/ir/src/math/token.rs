//! Words and signs of expressions as people write them.

use super::ExpressionError;

/// One word or sign.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Token {
    /// A literal.
    Number(f64),
    /// A variable, a function, or one of the words `and`, `or`, `not`.
    Name(String),
    /// A raised integer: `²`, `⁻¹`.
    Raised(i32),
    /// A raised integer in parentheses, the order of a derivative: `⁽²⁾`.
    Order(u32),
    /// A sign, in its plain spelling.
    Sign(&'static str),
    /// Nothing more.
    End,
}

impl Token {
    /// As it appears in errors.
    pub(super) fn shown(&self) -> String {
        match self {
            Token::Number(x) => format!("the number {x}"),
            Token::Name(name) => format!("`{name}`"),
            Token::Raised(n) => format!("the exponent {n}"),
            Token::Order(n) => format!("the order ({n})"),
            Token::Sign(sign) => format!("`{sign}`"),
            Token::End => "the end".to_string(),
        }
    }
}

/// Signs and their plain spellings; longer ones first.
const SIGNS: [(&str, &str); 42] = [
    ("**", "^"),
    ("<=", "≤"),
    (">=", "≥"),
    ("!=", "≠"),
    ("==", "="),
    ("&&", "∧"),
    ("||", "||"),
    ("+", "+"),
    ("-", "-"),
    ("−", "-"),
    ("–", "-"),
    ("*", "*"),
    ("·", "*"),
    ("⋅", "*"),
    ("×", "*"),
    ("/", "/"),
    ("÷", "/"),
    ("^", "^"),
    ("(", "("),
    (")", ")"),
    ("[", "["),
    ("]", "]"),
    ("|", "|"),
    (",", ","),
    ("√", "√"),
    ("∛", "∛"),
    ("⌊", "⌊"),
    ("⌋", "⌋"),
    ("⌈", "⌈"),
    ("⌉", "⌉"),
    ("<", "<"),
    (">", ">"),
    ("≤", "≤"),
    ("≥", "≥"),
    ("=", "="),
    ("≠", "≠"),
    ("∧", "∧"),
    ("∨", "∨"),
    ("¬", "¬"),
    ("∞", "∞"),
    ("½", "½"),
    ("¼", "¼"),
];

/// The digits of exponents and indices, from 0 to 9.
pub(super) const RAISED: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
pub(super) const LOWERED: [char; 10] = ['₀', '₁', '₂', '₃', '₄', '₅', '₆', '₇', '₈', '₉'];

fn raised_digit(c: char) -> Option<u32> {
    RAISED.iter().position(|&r| r == c).map(|d| d as u32)
}

/// Whether a name may go on with this character.
fn in_name(c: char) -> bool {
    (c.is_alphanumeric() && raised_digit(c).is_none() && !"½¼".contains(c)) || c == '_'
}

/// A raised integer at the start of `text`, with its length in characters.
fn raised(text: &[char]) -> Option<(i64, usize)> {
    let sign = usize::from(text.first() == Some(&'⁻'));
    let digits: Vec<u32> = text[sign..].iter().map_while(|&c| raised_digit(c)).collect();
    if digits.is_empty() || digits.len() > 6 {
        return None;
    }
    let n = digits.iter().fold(0_i64, |n, &d| 10 * n + i64::from(d));
    Some((if sign == 1 { -n } else { n }, sign + digits.len()))
}

/// A decimal number at the start of `text`: its length in characters (0 where there is none).
fn decimal(text: &[char]) -> usize {
    let digits = |from: usize| text[from..].iter().take_while(|c| c.is_ascii_digit()).count();
    let whole = digits(0);
    let mut end = whole;
    if text.get(end) == Some(&'.') && (whole > 0 || digits(end + 1) > 0) {
        end += 1 + digits(end + 1);
    }
    if end > 0 && matches!(text.get(end), Some('e' | 'E')) {
        let sign = usize::from(matches!(text.get(end + 1), Some('+' | '-' | '−')));
        let exponent = digits((end + 1 + sign).min(text.len()));
        end += if exponent > 0 { 1 + sign + exponent } else { 0 };
    }
    end
}

/// The tokens of an expression, each with its column (in characters, from 0), the end included.
pub(super) fn tokens(text: &str) -> Result<Vec<(Token, usize)>, ExpressionError> {
    let chars: Vec<char> = text.chars().collect();
    let fail = |at: usize, message: String| Err(ExpressionError::new(text, at, message));
    let mut out = vec![];
    let mut at = 0;
    while at < chars.len() {
        let rest = &chars[at..];
        let c = rest[0];
        if c.is_whitespace() {
            at += 1;
            continue;
        }
        let digits = decimal(rest);
        let (token, length) = if digits > 0 {
            let word: String =
                rest[..digits].iter().map(|&c| if c == '−' { '-' } else { c }).collect();
            match word.parse::<f64>() {
                Ok(x) if x.is_finite() => (Token::Number(x), digits),
                _ => return fail(at, format!("the number {word} is too large")),
            }
        } else if let Some((n, length)) = raised(rest) {
            (Token::Raised(n as i32), length)
        } else if c == '⁽' {
            match raised(&rest[1..]) {
                Some((n, length)) if n >= 0 && rest.get(1 + length) == Some(&'⁾') => {
                    (Token::Order(n as u32), length + 2)
                }
                _ => return fail(at, "expected a raised number such as ⁽²⁾".to_string()),
            }
        } else if c.is_alphabetic() || c == '_' {
            let length = rest.iter().take_while(|&&c| in_name(c)).count();
            (Token::Name(rest[..length].iter().collect()), length)
        } else {
            let starts = |sign: &str| {
                let mut rest = rest.iter();
                sign.chars().all(|s| rest.next() == Some(&s))
            };
            match SIGNS.iter().find(|(sign, _)| starts(sign)) {
                // Two bars are the end of one absolute value and of another, or two starts.
                Some(("||", _)) => (Token::Sign("|"), 1),
                Some(("½", _)) => (Token::Number(0.5), 1),
                Some(("¼", _)) => (Token::Number(0.25), 1),
                Some((sign, plain)) => (Token::Sign(plain), sign.chars().count()),
                None => return fail(at, format!("`{c}` has no meaning in an expression")),
            }
        };
        out.push((token, at));
        at += length;
    }
    out.push((Token::End, chars.len()));
    Ok(out)
}
