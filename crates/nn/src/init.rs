//! Initial weights. Every function draws a matrix of shape `[inputs, outputs]`.

use tensor::{DType, Key, Tensor};

/// Normal with variance 1/inputs (LeCun et al. 1998): keeps the variance of linear layers.
pub fn lecun_normal(key: Key, inputs: usize, outputs: usize, dtype: DType) -> Tensor {
    key.normal(&[inputs, outputs], dtype) * (1.0 / inputs.max(1) as f64).sqrt()
}

/// Uniform on ±√(6/(inputs + outputs)), variance 2/(inputs + outputs) (Glorot, Bengio 2010).
pub fn glorot_uniform(key: Key, inputs: usize, outputs: usize, dtype: DType) -> Tensor {
    let limit = (6.0 / (inputs + outputs).max(1) as f64).sqrt();
    key.uniform(&[inputs, outputs], dtype, -limit, limit)
}

/// Normal with variance 2/(inputs + outputs) (Glorot, Bengio 2010).
pub fn glorot_normal(key: Key, inputs: usize, outputs: usize, dtype: DType) -> Tensor {
    key.normal(&[inputs, outputs], dtype) * (2.0 / (inputs + outputs).max(1) as f64).sqrt()
}

/// Normal with variance 2/inputs (He et al. 2015): keeps the second moment through ReLU layers.
pub fn he_normal(key: Key, inputs: usize, outputs: usize, dtype: DType) -> Tensor {
    key.normal(&[inputs, outputs], dtype) * (2.0 / inputs.max(1) as f64).sqrt()
}

/// A random matrix with orthonormal rows or columns, whichever are fewer: the Q of a normal
/// matrix's QR decomposition with a positive diagonal of R, which is uniform (Haar) on orthogonal
/// matrices (Mezzadri 2007; Saxe et al. 2014 for its use here).
pub fn orthogonal(key: Key, inputs: usize, outputs: usize, dtype: DType) -> Tensor {
    let tall = inputs >= outputs;
    let (rows, columns) = if tall { (inputs, outputs) } else { (outputs, inputs) };
    let (q, _) = key.normal(&[rows, columns], dtype).qr();
    if tall { q } else { q.t() }
}
