//! Whole networks, each readable in one screen.

mod gpt;
mod language_model;
mod le_net;
mod res_net;

pub use gpt::{DecoderBlock, Gpt};
pub use language_model::LstmLanguageModel;
pub use le_net::LeNet;
pub use res_net::{ResNet, ResNetStatistics};
