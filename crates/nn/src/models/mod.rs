//! Whole networks, each readable in one screen.

mod autoencoder;
mod conv_net;
mod gpt;
mod language_model;
mod le_net;
mod res_net;
mod u_net;
mod vgg;

pub use autoencoder::Autoencoder;
pub use conv_net::ConvNet;
pub use gpt::{DecoderBlock, Gpt};
pub use language_model::LstmLanguageModel;
pub use le_net::LeNet;
pub use res_net::{ResNet, ResNetStatistics};
pub use u_net::UNet;
pub use vgg::Vgg;
