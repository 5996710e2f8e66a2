//! The invariants of a program, checked.
//!
//! A program that [`close`](crate::close) or [`parse`](crate::parse()) has made satisfies them; a
//! compiler pass that breaks one shows up here, at the equation that it broke.

use crate::print::equation;
use crate::program::{Program, Var, size_fits};
use array::Type;
use std::fmt;

/// What is wrong with a program, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VerifyError {
    /// The violated invariant.
    pub message: String,
    /// For each program on the way in, the offending equation: the last is the one at fault, the
    /// others contain it. Empty where no equation is at fault but a program as a whole.
    pub path: Vec<usize>,
    /// The offending equation with its neighbours, marked.
    pub excerpt: String,
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if !self.path.is_empty() {
            let path: Vec<String> = self.path.iter().map(usize::to_string).collect();
            write!(f, " (equation {})", path.join(" → "))?;
        }
        if !self.excerpt.is_empty() {
            write!(f, "\n{}", self.excerpt)?;
        }
        Ok(())
    }
}

impl std::error::Error for VerifyError {}

/// Checks a program's invariants:
///
/// - the inputs' types can exist;
/// - each equation's operands are inputs or results of equations before it;
/// - its results are the next free variables, with the types that the operation's type rule
///   gives;
/// - the programs inside it satisfy the same;
/// - every variable belongs to an input or an equation, and every output is one of them;
/// - the stored hash is the program's.
///
/// ```
/// use ir::{Builder, Var};
/// let good = ir::parse("program(%0: f64[3]) { %1 = exp %0\n return %1 }").unwrap();
/// assert!(ir::verify(&good).is_ok());
/// let bad = Builder::new(vec![]).finish(vec![Var(7)]);
/// assert_eq!(ir::verify(&bad).unwrap_err().to_string(), "output 0 is %7, which is not defined");
/// ```
///
/// # Errors
/// The first violation.
pub fn verify(program: &Program) -> Result<(), VerifyError> {
    let plain = |message: String| VerifyError { message, path: vec![], excerpt: String::new() };
    for (i, ty) in program.input_types().iter().enumerate() {
        size_fits(ty).map_err(|e| plain(format!("input {i}: {}", e.message)))?;
    }
    let mut defined = program.input_types().len();
    for (i, eq) in program.equations().iter().enumerate() {
        let at =
            |message: String| VerifyError { message, path: vec![i], excerpt: excerpt(program, i) };
        if let Some(v) = eq.inputs.iter().find(|v| v.index() >= defined) {
            return Err(at(format!("operand %{} is not defined before it is used", v.0)));
        }
        if eq.first.index() != defined {
            return Err(at(format!(
                "the first result is %{}, the next free variable %{defined}",
                eq.first.0
            )));
        }
        for body in eq.prim.rules().programs() {
            verify(body).map_err(|mut inner| {
                // An error of the body as a whole is shown at the equation that contains it.
                if inner.path.is_empty() {
                    inner.message.insert_str(0, "in the program inside, ");
                    inner.excerpt = excerpt(program, i);
                }
                inner.path.insert(0, i);
                inner
            })?;
        }
        let operands: Vec<&Type> = eq.inputs.iter().map(|&v| program.ty(v)).collect();
        let types = eq.prim.rules().typ(&operands).map_err(|e| {
            at(format!("the operands do not fit {}: {}", eq.prim.rules().name(), e.message))
        })?;
        let end = defined + eq.outputs as usize;
        if program.types().get(defined..end) != Some(&types[..]) {
            let shown: Vec<String> = types.iter().map(Type::to_string).collect();
            return Err(at(format!("the type rule gives ({})", shown.join(", "))));
        }
        if let Some(e) = types.iter().find_map(|ty| size_fits(ty).err()) {
            return Err(at(e.message));
        }
        defined = end;
    }
    if program.variables() != defined {
        let message =
            format!("{} variables are defined, {} have types", defined, program.variables());
        return Err(plain(message));
    }
    let undefined = |(_, v): &(usize, &Var)| v.index() >= defined;
    if let Some((i, v)) = program.outputs().iter().enumerate().find(undefined) {
        return Err(plain(format!("output {i} is %{}, which is not defined", v.0)));
    }
    if !program.hash_is_right() {
        return Err(plain("the stored hash is not the program's".to_string()));
    }
    Ok(())
}

/// The equation with its neighbours; long lines are cut.
fn excerpt(program: &Program, at: usize) -> String {
    const AROUND: usize = 2;
    const WIDTH: usize = 120;
    let last = (at + AROUND + 1).min(program.equations().len());
    let mut out = vec![];
    for i in at.saturating_sub(AROUND)..last {
        let mut line = String::new();
        // Writing to a string does not fail.
        let _ = equation(&mut line, program, &program.equations()[i], 0);
        let first = line.lines().next().unwrap_or_default();
        let mut shown: String = first.chars().take(WIDTH).collect();
        if shown.len() < line.len() {
            shown.push('…');
        }
        let mark = if i == at { '>' } else { ' ' };
        out.push(format!("{mark} {shown}"));
    }
    out.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prim::{Binary, Unary};
    use crate::program::{Builder, Equation};
    use array::DType;
    use smallvec::smallvec;

    fn vector(n: usize) -> Type {
        Type::new(DType::F64, [n])
    }

    /// `tanh`, then `add` of its result and the input, then `exp` of that.
    fn parts() -> (Vec<Type>, Vec<Equation>) {
        let eq = |prim: crate::Prim, inputs: &[u32], first| Equation {
            prim,
            inputs: inputs.iter().map(|&v| Var(v)).collect(),
            first: Var(first),
            outputs: 1,
            at: None,
        };
        let equations = vec![
            eq(Unary::Tanh.into(), &[0], 1),
            eq(Binary::Add.into(), &[0, 1], 2),
            eq(Unary::Exp.into(), &[2], 3),
        ];
        (vec![vector(3); 4], equations)
    }

    fn error(change: impl FnOnce(&mut Vec<Type>, &mut Vec<Equation>)) -> VerifyError {
        let (mut types, mut equations) = parts();
        change(&mut types, &mut equations);
        let program = Program::from_parts(1, types, equations, vec![Var(3)]);
        verify(&program).expect_err("the program is broken")
    }

    #[test]
    fn the_whole_parts_are_right() {
        let (types, equations) = parts();
        assert_eq!(verify(&Program::from_parts(1, types, equations, vec![Var(3)])), Ok(()));
        assert_eq!(verify(&Program::default()), Ok(()));
    }

    #[test]
    fn use_before_definition_is_shown_with_its_neighbours() {
        let e = error(|_, eq| eq[1].inputs = smallvec![Var(0), Var(3)]);
        let shown = "operand %3 is not defined before it is used (equation 1)\n  \
             %1: f64[3] = tanh %0\n\
             > %2: f64[3] = add %0 %3\n  \
             %3: f64[3] = exp %2";
        assert_eq!(e.to_string(), shown);
    }

    #[test]
    fn types_must_be_those_of_the_rules() {
        let e = error(|types, _| types[1] = vector(4));
        assert_eq!((e.path, &*e.message), (vec![0], "the type rule gives (f64[3])"));
        let e = error(|types, _| types[0] = Type::new(DType::Bool, [3]));
        assert_eq!(e.path, [0]);
        assert!(e.message.contains("not defined on bool"), "{e}");
    }

    #[test]
    fn numbering_outputs_and_hash() {
        let e = error(|_, eq| eq[2].first = Var(4));
        assert_eq!(e.path, [2]);
        let e = error(|types, _| types.push(vector(1)));
        assert_eq!(e.message, "4 variables are defined, 5 have types");
        let e = error(|types, _| types.truncate(3));
        assert_eq!(e.path, [2]);
        let e = verify(&Builder::new(vec![vector(2)]).finish(vec![Var(0), Var(1)])).unwrap_err();
        assert_eq!(e.message, "output 1 is %1, which is not defined");
        let (types, equations) = parts();
        let mut program = Program::from_parts(1, types, equations, vec![Var(3)]);
        program.spoil_hash();
        assert_eq!(verify(&program).unwrap_err().message, "the stored hash is not the program's");
    }

    #[test]
    fn programs_inside_are_checked_and_found() {
        let body = Builder::new(vec![vector(2)]).finish(vec![Var(0), Var(5)]);
        let call = crate::prim::Call {
            kind: crate::prim::CallKind::Checkpoint,
            program: std::sync::Arc::new(body),
        };
        let eq = Equation {
            prim: call.into(),
            inputs: smallvec![Var(0)],
            first: Var(1),
            outputs: 2,
            at: None,
        };
        let e = verify(&Program::from_parts(1, vec![vector(2); 3], vec![eq], vec![])).unwrap_err();
        assert_eq!(
            e.to_string(),
            "in the program inside, output 1 is %5, which is not defined (equation 0)\n\
             > %1: f64[2], %2: f64[2] = call(kind: checkpoint) program(%0: f64[2]) {…"
        );
    }

    #[test]
    fn types_that_cannot_exist() {
        let huge = Type::new(DType::F64, [99_999_999_999, 99_999_999]);
        let e = verify(&Builder::new(vec![huge]).finish(vec![])).unwrap_err();
        assert!(e.message.starts_with("input 0: "), "{e}");
    }
}
