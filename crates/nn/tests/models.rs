//! Whole networks: sizes that are published, what must not see what, and training.

use nn::models::{Autoencoder, Gpt, LeNet, LstmLanguageModel, ResNet, UNet, Vgg};
use nn::{Activation, ResidualOrder, cross_entropy};
use optim::{Adam, Rule, apply_updates};
use tensor::{DType, Key, Tensor, Tree, grad, jit, value_and_grad, value_and_grad_aux, vmap};

const F32: DType = DType::F32;
const F64: DType = DType::F64;

fn distance(x: &Tensor, y: &Tensor) -> f64 {
    assert_eq!(x.shape(), y.shape());
    (x - y).abs().max().item()
}

#[test]
fn numbers_of_parameters_are_the_published_ones() {
    let key = || Key::new(0);
    assert_eq!(LeNet::new(key(), [1, 28, 28], 10, F32).size(), 61_706);
    // ResNet-20 with projections for shortcuts: 269,722 for the parameter-free ones (He et al.: 0.27
    // million), plus two projections and their normalisations.
    let order = ResidualOrder::PostActivation;
    let (net, _) = ResNet::new(key(), 3, 16, 3, 10, order, F32);
    assert_eq!(net.size(), 269_722 + (16 * 32 + 64) + (32 * 64 + 128));
    // torchvision's resnet18.
    assert_eq!(ResNet::eighteen(key(), 1000, F32).0.size(), 11_689_512);
    // GPT-2's formula: 12 f² + 13 f a block, 2 f, and the tables.
    let (tokens, longest, f, blocks) = (50, 16, 24, 3);
    let gpt = Gpt::new(key(), tokens, longest, f, 4, blocks, F32);
    assert_eq!(gpt.size(), blocks * (12 * f * f + 13 * f) + 2 * f + (tokens + longest) * f);
}

#[test]
fn gpt_does_not_see_the_future() {
    let model = Gpt::new(Key::new(0), 11, 8, 12, 3, 2, F64);
    let logits = |tokens: [i64; 6]| model.call(&Tensor::from(tokens), None);
    let (a, b) = (logits([1, 2, 3, 4, 5, 6]), logits([1, 2, 3, 10, 9, 8]));
    assert_eq!(a.slice_axis(0, 0, 3).to_vec::<f64>(), b.slice_axis(0, 0, 3).to_vec::<f64>());
    assert!(distance(&a, &b) > 1e-4);
    // What does not reach the loss has no derivative: logits of the first token, later positions.
    let g = grad(|m: &Gpt| m.call(&Tensor::from([1_i64, 2, 3]), None).index(0, 0).sum())(&model);
    assert_eq!(g.positions.weight.slice_axis(0, 1, 8).abs().max().item(), 0.0);
    assert!(g.positions.weight.index(0, 0).abs().max().item() > 0.0);
}

#[test]
fn a_language_model_goes_on_where_it_stopped() {
    let model = LstmLanguageModel::new(Key::new(0), 9, 4, 6, 2, F64);
    let tokens = Tensor::from([3_i64, 1, 4, 1, 5, 8, 2, 6]);
    let (whole, _) = model.call(&tokens, &model.initial(), None);
    let (first, states) = model.call(&tokens.slice_axis(0, 0, 5), &model.initial(), None);
    let (second, _) = model.call(&tokens.slice_axis(0, 5, 8), &states, None);
    assert!(distance(&Tensor::concatenate(&[&first, &second], 0), &whole) < 1e-14);
}

#[test]
fn dropout_needs_a_key() {
    let tokens = Tensor::from([3_i64, 1, 4]);
    let model = Gpt::new(Key::new(0), 9, 4, 8, 2, 1, F64).with_dropout(0.5);
    let call = |key| model.call(&tokens, key);
    assert_eq!(distance(&call(None), &call(None)), 0.0);
    assert!(distance(&call(Some(Key::new(1))), &call(None)) > 0.0);
    assert_eq!(distance(&call(Some(Key::new(1))), &call(Some(Key::new(1)))), 0.0);
    assert!(distance(&call(Some(Key::new(1))), &call(Some(Key::new(2)))) > 0.0);
}

/// Losses before each of some Adam steps.
fn trained<M: Tree + 'static>(
    model: M,
    steps: usize,
    loss: impl Fn(&M) -> Tensor + 'static,
) -> Vec<f64> {
    let adam = Adam::new(0.02);
    let state = adam.init(&model);
    let step = jit(move |(m, s): &(M, optim::State<M>)| {
        let (loss, gradient) = value_and_grad(&loss)(m);
        let (updates, s) = adam.update(gradient, s, m);
        (loss, (apply_updates(m, &updates), s))
    });
    let mut at = (model, state);
    let mut losses = vec![];
    for _ in 0..steps {
        let loss;
        (loss, at) = step(&at);
        losses.push(loss.item());
    }
    losses
}

/// Four images and their classes.
fn images(shape: [usize; 3]) -> (Tensor, Tensor) {
    let x = Key::new(5).normal(&[&[4], &shape[..]].concat(), F64);
    (x, Tensor::from([0_i64, 1, 2, 1]))
}

fn assert_learns(name: &str, losses: &[f64]) {
    let (first, last) = (losses[0], losses[losses.len() - 1]);
    assert!(last < 0.2 * first, "{name}: {losses:?}");
}

#[test]
fn classifiers_learn_four_images() {
    let (x, y) = images([1, 12, 12]);
    let net = LeNet::new(Key::new(0), [1, 12, 12], 3, F64);
    let loss = move |net: &LeNet| cross_entropy(&vmap(|x: &Tensor| net.call(x))(&x), &y).mean();
    assert_learns("LeNet", &trained(net, 30, loss));
    let (x, y) = images([2, 8, 8]);
    let net = Vgg::new(Key::new(0), [2, 8, 8], &[(1, 4), (2, 8)], 16, 3, F64);
    let loss = move |net: &Vgg| cross_entropy(&vmap(|x: &Tensor| net.call(x))(&x), &y).mean();
    assert_learns("Vgg", &trained(net, 30, loss));
}

#[test]
fn language_models_learn_a_line() {
    let line = Tensor::from([3_i64, 1, 4, 1, 5, 2, 6, 5, 3, 5]);
    let (x, y) = (line.slice_axis(0, 0, 9), line.slice_axis(0, 1, 10));
    let gpt = Gpt::new(Key::new(0), 7, 9, 16, 2, 2, F64);
    let (a, b) = (x.clone(), y.clone());
    let loss = move |m: &Gpt| cross_entropy(&m.call(&a, None), &b).mean();
    assert_learns("Gpt", &trained(gpt, 60, loss));
    let lstm = LstmLanguageModel::new(Key::new(0), 7, 8, 16, 2, F64);
    let loss =
        move |m: &LstmLanguageModel| cross_entropy(&m.call(&x, &m.initial(), None).0, &y).mean();
    assert_learns("LSTM", &trained(lstm, 60, loss));
}

#[test]
fn an_autoencoder_and_a_u_net_learn() {
    let x = Key::new(0).normal(&[4, 6], F64);
    let net = Autoencoder::new(Key::new(1), &[6, 8, 3], Activation::Tanh, F64);
    let loss = move |net: &Autoencoder| (net.call(&x) - &x).square().mean();
    assert_learns("autoencoder", &trained(net, 150, loss));
    // Where is the image positive, left and right exchanged?
    let x = Key::new(2).normal(&[2, 1, 4, 4], F64);
    let y = x.flip(-1).gt(0.0).convert(F64);
    let net = UNet::new(Key::new(3), 1, 8, 1, 1, F64);
    let loss =
        move |net: &UNet| nn::binary_cross_entropy(&vmap(|x: &Tensor| net.call(x))(&x), &y).mean();
    assert_learns("U-Net", &trained(net, 80, loss));
}

/// Running statistics come out beside the loss; with them, inference says what training said.
#[test]
fn residual_networks_train_with_their_statistics() {
    for order in [ResidualOrder::PreActivation, ResidualOrder::PostActivation] {
        let (x, y) = images([2, 4, 4]);
        let (net, statistics) = ResNet::new(Key::new(0), 2, 4, 1, 3, order, F64);
        let adam = Adam::new(0.02);
        let state = adam.init(&net);
        let (images, labels) = (x.clone(), y.clone());
        let step = jit(move |((m, running), s): &((ResNet, _), optim::State<ResNet>)| {
            let loss = |m: &ResNet| {
                let (logits, running) = m.train(&images, running);
                (cross_entropy(&logits, &labels).mean(), running)
            };
            let ((loss, running), gradient) = value_and_grad_aux(loss)(m);
            let (updates, s) = adam.update(gradient, s, m);
            (loss, ((apply_updates(m, &updates), running), s))
        });
        let mut at = ((net, statistics), state);
        let mut losses = vec![];
        for _ in 0..40 {
            let loss;
            (loss, at) = step(&at);
            losses.push(loss.item());
        }
        assert_learns("ResNet", &losses);
        let (net, running) = &at.0;
        let classify = |x: &Tensor| net.call(x, running, None).0;
        let correct = nn::metrics::accuracy(&vmap(classify)(&x), &y);
        assert_eq!(correct, 1.0, "{order:?}, in inference");
    }
}
