//! Control flow by count as well as by value: a scan in a scan with a cond, three parameters.

use array::{Array, DType, Type};
use ir::check::{Cell, check, jvp_program, random_like, vjp_program};
use ir::prim::{BatchAxis, Batched, Cond, Custom, Example, Jvp, Operand, Scan, Tangent};
use ir::transform::trace;
use ir::{Expr, Prim, Primitive, Program, RuleResult, TypeError, bind, bind1};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// sin, counting its evaluations: a user's primitive.
#[derive(Debug)]
struct CountedSin(&'static AtomicUsize);

impl Primitive for CountedSin {
    fn name(&self) -> &'static str {
        "counted_sin"
    }
    fn typ(&self, x: &[&Type]) -> Result<Vec<Type>, TypeError> {
        Ok(vec![x[0].clone()])
    }
    fn eval(&self, x: &[&Array]) -> RuleResult<Vec<Array>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        let values: Vec<f64> = x[0].to_f64().iter().map(|v| v.sin()).collect();
        Ok(vec![Array::from_vec(values, x[0].shape())])
    }
    fn jvp(&self, x: &[Expr], _: &[Expr], dx: &[Tangent]) -> RuleResult<Jvp> {
        Ok(dx[0].as_ref().map(|dx| &x[0].cos() * dx).into())
    }
    fn transpose(&self, _: &[Tangent], x: &[Operand]) -> RuleResult<Vec<Tangent>> {
        Ok(vec![None; x.len()])
    }
    fn batch(&self, x: &[Expr], _: &[bool], _: &BatchAxis) -> RuleResult<Vec<Batched>> {
        Ok(vec![(bind1(Prim::Custom(Custom(Arc::new(CountedSin(self.0)))), &[&x[0]]), true)])
    }
    fn flops(&self, _: &[Type], y: &[Type]) -> u64 {
        y[0].len() as u64
    }
    ir::no_programs!();
    fn examples() -> Vec<Example> {
        vec![]
    }
}

fn f64s(shape: &[usize]) -> Type {
    Type::new(DType::F64, shape)
}

const OUTER: usize = 3;
const INNER: usize = 4;

/// For i in 0..3, for j in 0..4: c ← cond(j even: counted_sin(a·c) + b, else exp(−c²)·p + a).
fn nested(counter: &'static AtomicUsize) -> Program {
    let scalars = |n: usize| vec![f64s(&[]); n];
    let branch_types = scalars(4); // a, b, p, c
    let counted = Prim::Custom(Custom(Arc::new(CountedSin(counter))));
    let even = trace("cond", &branch_types, |v| -> RuleResult<Vec<Expr>> {
        Ok(vec![&bind1(counted.clone(), &[&(&v[0] * &v[3])]) + &v[1]])
    });
    let odd = trace("cond", &branch_types, |v| -> RuleResult<Vec<Expr>> {
        let c = &v[3];
        Ok(vec![&(&(c * c).neg().exp() * &v[2]) + &v[0]])
    });
    let cond = Cond::new([even, odd].map(|b| Arc::new(b.unwrap().program)).into());
    let inner_body = trace(
        "scan",
        &[scalars(4), vec![Type::new(DType::I64, [])]].concat(),
        |v| -> RuleResult<Vec<Expr>> {
            Ok(bind(cond.clone(), &[&v[4], &v[0], &v[1], &v[2], &v[3]]))
        },
    );
    let inner = Scan {
        length: INNER,
        reverse: false,
        consts: 3,
        carry: 1,
        body: Arc::new(inner_body.unwrap().program),
    };
    let outer_body = trace("scan", &scalars(5), |v| -> RuleResult<Vec<Expr>> {
        let start = &v[3] * &v[4];
        let parity = bind1(
            ir::prim::Binary::And,
            &[
                &Expr::iota(DType::I64, &[INNER], 0),
                &Expr::full(&Type::new(DType::I64, [INNER]), 1.0),
            ],
        );
        let c = bind(inner.clone(), &[&v[0], &v[1], &v[2], &start, &parity]).remove(0);
        Ok(vec![c.clone(), &c * &v[2]])
    });
    let outer = Scan {
        length: OUTER,
        reverse: false,
        consts: 3,
        carry: 1,
        body: Arc::new(outer_body.unwrap().program),
    };
    trace("nested", &[scalars(4), vec![f64s(&[OUTER])]].concat(), |v| -> RuleResult<Vec<Expr>> {
        Ok(bind(outer, &v.iter().collect::<Vec<_>>()))
    })
    .unwrap()
    .program
}

#[test]
fn values_of_all_compositions() {
    static COUNTER: AtomicUsize = AtomicUsize::new(0);
    let program = nested(&COUNTER);
    let x: Vec<Array> =
        program.input_types().iter().enumerate().map(|(i, t)| random_like(t, i as u64)).collect();
    for cell in Cell::ALL {
        check(cell, &program, &x, &|p, x| p.eval(x))
            .unwrap_or_else(|e| panic!("{}: {e}", cell.name()));
    }
}

#[test]
fn the_body_runs_once_forward_and_never_again_in_reverse() {
    static COUNTER: AtomicUsize = AtomicUsize::new(0);
    let program = nested(&COUNTER);
    let x: Vec<Array> =
        program.input_types().iter().enumerate().map(|(i, t)| random_like(t, i as u64)).collect();
    let once = OUTER * INNER / 2;
    program.eval(&x).unwrap();
    assert_eq!(COUNTER.swap(0, Ordering::Relaxed), once);
    let ct: Vec<Array> = program.output_types().iter().map(|t| random_like(t, 9)).collect();
    vjp_program(&program).unwrap().eval(&[&x[..], &ct].concat()).unwrap();
    assert_eq!(COUNTER.swap(0, Ordering::Relaxed), once, "reverse mode runs the body once");
    let t: Vec<Array> = x.iter().map(|x| random_like(&x.ty(), 5)).collect();
    jvp_program(&program).unwrap().eval(&[&x[..], &t].concat()).unwrap();
    assert_eq!(COUNTER.swap(0, Ordering::Relaxed), once, "forward mode runs the body once");
}

#[test]
fn three_scans_deep_the_body_still_runs_once() {
    static COUNTER: AtomicUsize = AtomicUsize::new(0);
    let counted = Prim::Custom(Custom(Arc::new(CountedSin(&COUNTER))));
    let mut body = trace("scan", &[f64s(&[]), f64s(&[])], |v| -> RuleResult<Vec<Expr>> {
        Ok(vec![bind1(counted, &[&(&v[0] * &v[1])])])
    })
    .unwrap()
    .program;
    for _ in 0..3 {
        let scan = Scan { length: 3, reverse: false, consts: 1, carry: 1, body: Arc::new(body) };
        body = trace("scan", &[f64s(&[]), f64s(&[])], |v| -> RuleResult<Vec<Expr>> {
            Ok(bind(scan, &[&v[0], &v[1]]))
        })
        .unwrap()
        .program;
    }
    let x = [Array::scalar(1.3), Array::scalar(0.4)];
    for cell in [Cell::Vjp, Cell::VjpVjp, Cell::Hvp, Cell::VmapVjp] {
        check(cell, &body, &x, &|p, x| p.eval(x))
            .unwrap_or_else(|e| panic!("{}: {e}", cell.name()));
    }
    COUNTER.store(0, Ordering::Relaxed);
    let vjp = vjp_program(&body).unwrap();
    vjp.eval(&[x[0].clone(), x[1].clone(), Array::scalar(1.0)]).unwrap();
    assert_eq!(COUNTER.load(Ordering::Relaxed), 27);
}
