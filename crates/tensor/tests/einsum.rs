//! `einsum` against loops over all indices.

mod support;

use std::collections::BTreeMap;
use support::{assert_close, assert_says, assert_values, check_derivatives, message_of, varied};
use tensor::{Tensor, einsum, grad, vmap};

/// The definition, for explicit specifications without ellipsis.
fn naive(spec: &str, operands: &[&Tensor]) -> Tensor {
    let (left, output) = spec.split_once("->").expect("explicit");
    let inputs: Vec<Vec<char>> = left.split(',').map(|t| t.chars().collect()).collect();
    let mut sizes: BTreeMap<char, usize> = BTreeMap::new();
    for (labels, x) in inputs.iter().zip(operands) {
        sizes.extend(labels.iter().copied().zip(x.shape().iter().copied()));
    }
    let letters: Vec<char> = sizes.keys().copied().collect();
    let extents: Vec<usize> = sizes.values().copied().collect();
    let shape: Vec<usize> = output.chars().map(|c| sizes[&c]).collect();
    let mut out = vec![0.0; shape.iter().product()];
    let values: Vec<Vec<f64>> = operands.iter().map(|x| x.to_vec()).collect();
    array::shape::for_each_index(&extents, |index| {
        let of = |labels: &mut dyn Iterator<Item = char>, shape: &[usize]| {
            let place = |c: char| index[letters.iter().position(|l| *l == c).expect("a letter")];
            let index: Vec<usize> = labels.map(place).collect();
            array::shape::offset(&index, shape)
        };
        let factors = inputs.iter().zip(operands).zip(&values);
        let product: f64 =
            factors.map(|((l, x), v)| v[of(&mut l.iter().copied(), x.shape())]).product();
        out[of(&mut output.chars(), &shape)] += product;
    });
    Tensor::from_vec(out, &shape)
}

fn check(spec: &str, shapes: &[&[usize]]) {
    let operands: Vec<Tensor> =
        shapes.iter().enumerate().map(|(k, s)| varied(s, k as f64)).collect();
    let operands: Vec<&Tensor> = operands.iter().collect();
    assert_close(&einsum(spec, &operands), &naive(spec, &operands), 1e-13);
}

#[test]
fn explicit_specifications() {
    check("ij->ji", &[&[2, 3]]);
    check("ij->", &[&[2, 3]]);
    check("ii->i", &[&[3, 3]]);
    check("ii->", &[&[3, 3]]);
    check("iij->j", &[&[3, 3, 2]]);
    check("ijiji->ji", &[&[2, 3, 2, 3, 2]]);
    check("ij,jk->ik", &[&[2, 3], &[3, 4]]);
    check("ij,jk->ki", &[&[2, 3], &[3, 4]]);
    check("i,j->ij", &[&[2], &[3]]);
    check("i,i->", &[&[4], &[4]]);
    check("i,i->i", &[&[4], &[4]]);
    check("bij,bjk->bik", &[&[2, 3, 4], &[2, 4, 2]]);
    check("bhqd,bhkd->bhqk", &[&[2, 2, 3, 4], &[2, 2, 5, 4]]);
    check("ij,k->", &[&[2, 3], &[4]]);
    check("ij,kj,k->i", &[&[2, 3], &[4, 3], &[4]]);
    check("ab,bc,cd,de->ae", &[&[2, 3], &[3, 4], &[4, 2], &[2, 5]]);
    check("ij,ij,ij->ij", &[&[2, 3], &[2, 3], &[2, 3]]);
    check("aab,bcc,d->db", &[&[2, 2, 3], &[3, 4, 4], &[2]]);
    check("i,j,k,l->lkji", &[&[2], &[3], &[2], &[2]]);
    check(",ij->ij", &[&[], &[2, 3]]);
    check("ij->ij", &[&[2, 0]]);
    check("ij,jk->ik", &[&[2, 0], &[0, 3]]);
}

#[test]
fn implicit_results_are_alphabetical() {
    let a = varied(&[2, 3], 0.0);
    let b = varied(&[3, 4], 1.0);
    assert_close(&einsum("ba", &[&a]), &a.t(), 0.0);
    assert_close(&einsum("ij,jk", &[&a, &b]), &a.matmul(&b), 1e-15);
    // Upper case sorts first.
    assert_close(&einsum("aB", &[&a]), &a.t(), 0.0);
    assert_values(&einsum(" i j , i j ", &[&a, &a]), &[a.square().sum().item()], 1e-15);
}

#[test]
fn ellipses_broadcast() {
    let x = varied(&[2, 1, 3, 4], 0.0);
    let y = varied(&[5, 4, 2], 1.0);
    let z = einsum("...ij,...jk->...ik", &[&x, &y]);
    assert_close(&z, &x.matmul(&y), 1e-14);
    assert_close(&einsum("...ij,...jk", &[&x, &y]), &z, 0.0);
    // In the middle, at the end, of no axes, alone.
    assert_close(&einsum("i...j->j...i", &[&x]), &x.transpose(&[3, 1, 2, 0]), 0.0);
    assert_close(&einsum("ij...->...", &[&x]), &x.sum_axes([0, 1]), 1e-15);
    let m = varied(&[3, 3], 0.0);
    assert_close(&einsum("...ii->...", &[&m]), &m.trace(), 1e-15);
    assert_close(&einsum("...", &[&m]), &m, 0.0);
    assert_close(
        &einsum("...,...", &[&m, &varied(&[3, 1], 2.0)]),
        &(&m * varied(&[3, 1], 2.0)),
        0.0,
    );
    let ones = varied(&[1, 2], 0.0);
    assert_eq!(einsum("...i,...i->...", &[&ones, &ones]).shape(), [1]);
}

#[test]
fn messages_quote_the_specification() {
    let a = varied(&[2, 3], 0.0);
    let fails = |spec: &str, operands: &[&Tensor], parts: &[&str]| {
        let message = message_of(|| einsum(spec, operands));
        assert_says(&message, &[&format!("einsum(\"{spec}\""), "f64[2,3]"]);
        assert_says(&message, parts);
    };
    fails("ijk", &[&a], &["operand 0 has 2 axes, its term names 3"]);
    fails("i", &[&a], &["operand 0 has 2 axes, its term names 1"]);
    fails("ij,jk", &[&a], &["2 operands are named, 1 are given"]);
    fails("ij,ij", &[&a, &a.t()], &["`i` stands for 2 and, in operand 1, for 3"]);
    fails("ii", &[&a], &["`i` stands for 2 and, in operand 0, for 3"]);
    fails("ij->k", &[&a], &["names `k`, which no operand has"]);
    fails("ij->ii", &[&a], &["names `i` twice"]);
    fails("i?", &[&a], &["`?` is neither"]);
    fails("......", &[&a], &["two ellipses"]);
    fails("...i->i", &[&a], &["must say where the axes under `...` stand"]);
    fails("...,...", &[&a, &varied(&[4, 3], 0.0)], &["sizes 2 and 4 meet"]);
    let single = Tensor::from([1.0_f32, 2.0]);
    fails("ij,i", &[&a, &single], &["hold f64 and f32"]);
}

#[test]
fn derivatives_and_vmap() {
    let (a, b, c) = (varied(&[3, 2], 0.0), varied(&[2, 4], 1.0), varied(&[4, 3], 2.0));
    check_derivatives(|x| einsum("ij,jk,kl,lm,mi->", &[x, &b, &c, x, &b.matmul(&c)]), &a);
    let g = grad(|a: &Tensor| einsum("ij,jk,ki->", &[a, &b, &c]))(&a);
    assert_close(&g, &b.matmul(&c).t(), 1e-14);
    let rows = varied(&[5, 3, 3], 4.0);
    let y = vmap(|x: &Tensor| einsum("ii,ij->j", &[x, &a]))(&rows);
    assert_close(&y, &einsum("nii,ij->nj", &[&rows, &a]), 1e-14);
}
