//! The rows by name, a file per group.

mod attention;
mod convolutional;
mod elementwise;
mod perceptrons;
mod products;
mod recurrent;
mod second_order;

use crate::row::Row;
pub(crate) use perceptrons::WIDTHS;

/// All names, in the order of the table.
pub(crate) const NAMES: &[&str] = &[
    "gemm_f32_64",
    "gemm_f32_256",
    "gemm_f32_1024",
    "gemm_f32_2048",
    "gemm_f32_128x784x512",
    "gemm_f64_64",
    "gemm_f64_256",
    "gemm_f64_1024",
    "gemm_f64_2048",
    "gemm_f64_128x784x512",
    "ew_gelu_1e6",
    "ew_gelu_1e7",
    "softmax_1024",
    "layernorm_1024",
    "sum_1e6",
    "sum_1e7",
    "sum_ax0_1024",
    "sum_ax1_1024",
    "mlp_b32",
    "mlp_b128",
    "tiny",
    "lenet_b64",
    "resblock_b32",
    "lstm",
    "transformer",
    "hvp_small",
    "hvp_mlp",
    "hess_small",
    "psgrad_small",
    "psgrad_mlp",
];

/// The row of this name.
pub(crate) fn row(name: &str) -> Option<Row> {
    if let Some(size) = name.strip_prefix("gemm_") {
        return products::row(size);
    }
    Some(match name {
        "ew_gelu_1e6" => elementwise::gelu(1_000_000),
        "ew_gelu_1e7" => elementwise::gelu(10_000_000),
        "softmax_1024" => elementwise::softmax(),
        "layernorm_1024" => elementwise::layer_norm(),
        "sum_1e6" => elementwise::sum(1_000_000),
        "sum_1e7" => elementwise::sum(10_000_000),
        "sum_ax0_1024" => elementwise::sum_along(0),
        "sum_ax1_1024" => elementwise::sum_along(1),
        "mlp_b32" => perceptrons::classifier(32),
        "mlp_b128" => perceptrons::classifier(128),
        "tiny" => perceptrons::tiny(),
        "lenet_b64" => convolutional::lenet(),
        "resblock_b32" => convolutional::residual_block(),
        "lstm" => recurrent::lstm(),
        "transformer" => attention::transformer_block(),
        "hvp_small" => second_order::hessian_vector(&second_order::SMALL),
        "hvp_mlp" => second_order::hessian_vector(&perceptrons::WIDTHS),
        "hess_small" => second_order::full_hessian(),
        "psgrad_small" => second_order::per_sample_gradients(&second_order::SMALL),
        "psgrad_mlp" => second_order::per_sample_gradients(&perceptrons::WIDTHS),
        _ => return None,
    })
}
