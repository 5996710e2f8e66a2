//! Products of matrices.

use crate::inputs::uniform_of;
use crate::row::{Row, element};
use mathesis::prelude::*;

/// `f32_1024` and the like: a dtype, and the sizes m, k, n (one number for all three).
pub(crate) fn row(size: &str) -> Option<Row> {
    let (dtype, sizes) = size.split_once('_')?;
    let dtype = match dtype {
        "f32" => DType::F32,
        "f64" => DType::F64,
        _ => return None,
    };
    let sizes: Option<Vec<usize>> = sizes.split('x').map(|n| n.parse().ok()).collect();
    let (m, k, n) = match sizes?[..] {
        [n] => (n, n, n),
        [m, k, n] => (m, k, n),
        _ => return None,
    };
    let x = (uniform_of(dtype, 1, &[m, k], 1.0), uniform_of(dtype, 2, &[k, n], 1.0));
    let product = |(a, b): &(Tensor, Tensor)| a.matmul(b);
    Some(Row::function(product, x, move |c| element(c, &[m / 2, n / 3])))
}
