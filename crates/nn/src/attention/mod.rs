//! Attention. Sequences are `[time, features]`, of one example; masks are truth values of whether a
//! query (row) may see a key (column), and broadcast.

mod blockwise;
mod multi_head;
mod positions;
mod product;

pub use blockwise::blockwise_attention;
pub use multi_head::MultiHeadAttention;
pub use positions::{LearnedPositions, sinusoidal_positions};
pub use product::{causal_mask, scaled_dot_product_attention};
