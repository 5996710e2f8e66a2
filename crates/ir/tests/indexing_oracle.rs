//! Indexing, sorting, cumulative operations and random bits against JAX.

mod oracle;

use array::{Array, DType};
use ir::check::evaluate;
use ir::prim::CumulativeOp;
use ir::{Expr, RuleResult};
use oracle::{Case, cases};

/// The integers that a case holds constant.
fn indices(case: &Case, name: &str) -> Expr {
    let shape: Vec<usize> = case.read(&["constants", name, "shape"]);
    let data: Vec<i64> = case.read(&["constants", name, "data"]);
    Expr::constant(Array::from_vec(data, &shape))
}

/// Row-major positions `row·columns + column` of the rows of a matrix of index pairs.
fn positions(pairs: &Expr, columns: usize) -> Expr {
    let column = |d| pairs.slice_axis(1, d, d + 1).reshape(&[pairs.shape()[0]]);
    &column(0).times(columns as f64) + &column(1)
}

#[test]
fn gather() {
    let all = cases("gather/");
    assert_eq!(all.len(), 4);
    for case in all {
        let at = indices(&case, "indices");
        case.check(&["t"], |x| match case.name() {
            "gather/take_along_axis1" => x[0].take_along_axis(&at, 1),
            "gather/points" => x[0].reshape(&[15]).gather(&positions(&at, 3), 0, 0),
            _ => x[0].gather(&at, 0, 0),
        });
    }
}

#[test]
fn scatter_add() {
    let all = cases("scatter_add/");
    assert_eq!(all.len(), 3);
    for case in all {
        let at = indices(&case, "indices");
        case.check(&["t", "v"], |x| {
            let added = match case.name() {
                "scatter_add/points" => x[1].scatter_add(&positions(&at, 3), 0, 0, 15),
                _ => x[1].scatter_add(&at, 0, 0, 5),
            };
            &x[0] + &added.reshape(x[0].shape())
        });
    }
    for case in cases("segment_sum/") {
        let segment = indices(&case, "segment");
        case.check(&["v"], |x| x[0].scatter_add(&segment, 0, 0, case.param("segments")));
    }
}

#[test]
fn cumulative() {
    use CumulativeOp::{LogSumExp, Max, Min, Prod, Sum};
    let table =
        [("sum", Sum), ("prod", Prod), ("max", Max), ("min", Min), ("logsumexp", LogSumExp)];
    let mut seen = 0;
    for (name, op) in table {
        for case in cases(&format!("cum{name}/")) {
            let (axis, reverse): (usize, bool) = (case.param("axis"), case.param("reverse"));
            let f = |x: &[Expr]| x[0].cumulative(op, axis, reverse);
            // Where a value is not a number or infinite the table has no derivatives.
            if case.name().ends_with("nan") || case.name().ends_with("minus_inf") {
                case.check_value(&["x"], f);
            } else {
                case.check(&["x"], f);
            }
            seen += 1;
        }
    }
    assert_eq!(seen, 26);
}

#[test]
fn sort() {
    let mut all = cases("sort/6");
    all.extend(cases("sort/2x4"));
    assert_eq!(all.len(), 4);
    for case in all {
        let axis = usize::from(case.name().ends_with("axis1"));
        let descending = case.name().ends_with("descending");
        case.check(&["x"], |x| Expr::sort(&[&x[0]], axis, descending).remove(0));
    }
    let special = cases("sort/special");
    assert_eq!(special.len(), 2);
    // Descending, JAX puts NaN first; here it is last in either direction.
    special[0].check_value(&["x"], |x| Expr::sort(&[&x[0]], 0, false).remove(0));
}

/// Moving by the permutation that an iota payload gives is what the table calls argsort.
#[test]
fn argsort() -> RuleResult<()> {
    for case in cases("sort/payload_ties") {
        let key: Vec<f64> = case.read(&["inputs", "key", "data"]);
        let want: Vec<i64> = case.read(&["discrete", "argsort", "data"]);
        let counts = Expr::iota(DType::I64, &[key.len()], 0);
        let key = Expr::constant(Array::from_vec(key, &[want.len()]));
        assert_eq!(evaluate(&Expr::sort(&[&key, &counts], 0, false)[1])?.to_vec::<i64>(), want);
    }
    Ok(())
}

#[test]
fn random_bits() -> RuleResult<()> {
    let all = cases("threefry/seed_");
    let mut seen = 0;
    for case in all.iter().filter(|c| c.name().ends_with("/partitionable")) {
        let key: Vec<u32> = case.read(&["key"]);
        let key = Expr::constant(Array::from_vec(key, &[2]));
        for (name, shape) in
            [("1", &[1][..]), ("2", &[2]), ("5", &[5]), ("8", &[8]), ("2x3", &[2, 3])]
        {
            let want: Vec<u32> = case.read(&["bits_u32", name, "data"]);
            let bits = evaluate(&key.random_bits(shape))?;
            assert_eq!(bits, Array::from_vec(want, shape), "{} {name}", case.name());
            seen += 1;
        }
    }
    assert_eq!(seen, 4 * 5);
    Ok(())
}
