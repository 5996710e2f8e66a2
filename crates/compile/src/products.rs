//! Matrix products and transpositions of their results become one step.
//!
//! Derivatives and batches of products come with transpositions that bring the axes into the
//! order of the definition. Those that are not an exchange of sides (see
//! [`transposed_products`](crate::transposed_products())) are found here, after fusion, and left
//! to the kernel, which writes its sums in any order of axes. Which of its methods computes them depends on that
//! order, so they may be rounded otherwise.

use crate::fuse::Unit;
use ir::prim::DotGeneral;
use ir::{Prim, Program};

/// A product with its result transposed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Product {
    /// The product.
    pub dot: DotGeneral,
    /// Axis `i` of the result is axis `permutation[i]` of the product.
    pub permutation: Vec<usize>,
}

/// The units with products in the place of transpositions of products that nobody reads
/// otherwise.
pub(crate) fn absorb(program: &Program, mut units: Vec<Unit>) -> Vec<Unit> {
    let equations = program.equations();
    let mut reads = vec![0_usize; program.variables()];
    // Which unit makes each variable, if it is a product.
    let mut made = vec![usize::MAX; program.variables()];
    for (k, unit) in units.iter().enumerate() {
        for v in unit.inputs(program) {
            reads[v.index()] += 1;
        }
        if let Unit::Equation(i) = unit
            && let Prim::DotGeneral(_) = equations[*i].prim
        {
            made[equations[*i].first.index()] = k;
        }
    }
    for v in program.outputs() {
        reads[v.index()] += 1;
    }
    let mut gone = vec![false; units.len()];
    for k in 0..units.len() {
        let Unit::Equation(i) = units[k] else { continue };
        let Prim::Transpose(t) = &equations[i].prim else { continue };
        let x = equations[i].inputs[0];
        let by = made[x.index()];
        if by == usize::MAX || reads[x.index()] != 1 {
            continue;
        }
        let Unit::Equation(equation) = units[by] else { continue };
        let Prim::DotGeneral(dot) = &equations[equation].prim else { continue };
        // In the place of the product, whose operands may be gone by the transposition's time.
        let product = Product { dot: (**dot).clone(), permutation: t.permutation.clone() };
        let inputs = [equations[equation].inputs[0], equations[equation].inputs[1]];
        let output = equations[i].first;
        units[by] = Unit::Product { equation, product, inputs, output };
        gone[k] = true;
    }
    let mut gone = gone.into_iter();
    units.retain(|_| gone.next() == Some(false));
    units
}

#[cfg(test)]
mod tests {
    use crate::{Operation, Plan, compile};
    use array::{DType, Type};
    use ir::Builder;
    use ir::Var;
    use ir::prim::{DotGeneral, Transpose};

    fn plan(permutation: &[usize], also: bool) -> Plan {
        let (a, b) = (Type::new(DType::F32, vec![3, 5]), Type::new(DType::F32, vec![4, 5, 2]));
        let mut builder = Builder::new(vec![a, b]);
        let dot = DotGeneral { contract: [vec![1], vec![1]], batch: [vec![], vec![]] };
        let y = builder.push(dot.into(), &[Var(0), Var(1)], None).unwrap()[0];
        let t = Transpose { permutation: permutation.to_vec() };
        let z = builder.push(t.into(), &[y], None).unwrap()[0];
        compile(&builder.finish(if also { vec![z, y] } else { vec![z] }))
    }

    #[test]
    fn a_transposed_product_is_one_step() {
        let plan = plan(&[1, 0, 2], false);
        let [step] = plan.steps() else { panic!("{plan}") };
        let Operation::Product(product) = &step.operation else { panic!("{plan}") };
        assert_eq!(product.permutation, [1, 0, 2]);
    }

    #[test]
    fn a_product_needed_in_both_orders_is_computed_once() {
        assert_eq!(plan(&[1, 0, 2], true).steps().len(), 2);
    }
}
