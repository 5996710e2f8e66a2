//! The transposition of a matrix product becomes the product in the other order.

use crate::rewriter::{Rewriter, Vars};
use ir::prim::{DotGeneral, Transpose};
use ir::{Prim, Program, Var};
use std::borrow::Cow;

/// The program with `(A B)ᵀ` written `Bᵀ Aᵀ`, which `dot_general` does without moving anything:
/// the same products and sums of numbers, so the same bits. Only where the product is not needed
/// in its own order too.
pub fn transposed_products(program: &Program) -> Cow<'_, Program> {
    let mut uses = vec![0_usize; program.variables()];
    let read = program.equations().iter().flat_map(|eq| &eq.inputs).chain(program.outputs());
    for v in read {
        uses[v.index()] += 1;
    }
    // By variable: the product that it is, if one.
    let mut products: Vec<Option<(&DotGeneral, [Var; 2])>> = vec![None; program.variables()];
    let mut found: Vec<Option<DotGeneral>> = vec![None; program.equations().len()];
    for (i, eq) in program.equations().iter().enumerate() {
        if let Prim::DotGeneral(p) = &eq.prim {
            products[eq.first.index()] = Some((p, [eq.inputs[0], eq.inputs[1]]));
        }
        if let Prim::Transpose(t) = &eq.prim
            && uses[eq.inputs[0].index()] == 1
            && let Some((p, x)) = products[eq.inputs[0].index()]
        {
            found[i] = exchanged(t, p, x.map(|v| program.ty(v).rank()));
        }
    }
    if found.iter().all(Option::is_none) {
        return Cow::Borrowed(program);
    }
    let mut new = Rewriter::new(program.input_types());
    let mut renamed: Vec<Var> = program.inputs().collect();
    for (eq, found) in program.equations().iter().zip(found) {
        let product = products[eq.inputs.first().map_or(0, |v| v.index())];
        if let (Some(dot), Some((_, [l, r]))) = (found, product) {
            renamed.push(new.push(dot, &[renamed[r.index()], renamed[l.index()]], eq.at));
            continue;
        }
        let inputs: Vars = eq.inputs.iter().map(|v| renamed[v.index()]).collect();
        renamed.extend(new.copy(program, eq, &inputs));
    }
    Cow::Owned(new.finish(program.outputs().iter().map(|v| renamed[v.index()]).collect()))
}

/// The product with its sides exchanged, if `t` exchanges their free axes in its result.
fn exchanged(t: &Transpose, p: &DotGeneral, ranks: [usize; 2]) -> Option<DotGeneral> {
    let b = p.batch[0].len();
    let (l, r) = (p.free(0, ranks[0]).len(), p.free(1, ranks[1]).len());
    let order = (0..b).chain(b + l..b + l + r).chain(b..b + l);
    (l > 0 && r > 0 && t.permutation.iter().copied().eq(order)).then(|| DotGeneral {
        contract: [p.contract[1].clone(), p.contract[0].clone()],
        batch: [p.batch[1].clone(), p.batch[0].clone()],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dead_code;
    use array::{DType, Type};
    use ir::Builder;
    use ir::check::random_like;

    fn program(also: bool) -> Program {
        let (a, b) = (Type::new(DType::F32, vec![3, 5]), Type::new(DType::F32, vec![5, 2]));
        let mut builder = Builder::new(vec![a, b]);
        let dot = DotGeneral { contract: [vec![1], vec![0]], batch: [vec![], vec![]] };
        let y = builder.push(dot.into(), &[Var(0), Var(1)], None).unwrap()[0];
        let t = Transpose { permutation: vec![1, 0] };
        let z = builder.push(t.into(), &[y], None).unwrap()[0];
        builder.finish(if also { vec![z, y] } else { vec![z] })
    }

    #[test]
    fn a_transposed_product_is_the_product_of_the_transposed() {
        let before = program(false);
        let after = transposed_products(&before);
        let after = dead_code(&after);
        assert_eq!(after.equations().len(), 1);
        let x: Vec<_> = before.input_types().iter().map(|t| random_like(t, 3)).collect();
        assert_eq!(before.eval(&x).unwrap(), after.eval(&x).unwrap());
    }

    #[test]
    fn a_product_needed_in_both_orders_is_computed_once() {
        let before = program(true);
        assert_eq!(*dead_code(&transposed_products(&before)), before);
    }
}
