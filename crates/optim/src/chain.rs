//! Rules one after the other.

use crate::rule::{Rule, State};
use tensor::Tree;

/// Each link turns the gradient that the link before gives into another; the last one's result is
/// the update.
#[derive(Default)]
pub struct Chain<M> {
    links: Vec<Box<dyn Rule<M>>>,
}

impl<M: Tree> Chain<M> {
    /// The empty chain: updates are gradients.
    pub fn new() -> Chain<M> {
        Chain { links: vec![] }
    }

    /// With one more link at the end.
    pub fn then(mut self, rule: impl Rule<M> + 'static) -> Chain<M> {
        self.links.push(Box::new(rule));
        self
    }
}

impl<M: Tree> Rule<M> for Chain<M> {
    fn init(&self, model: &M) -> State<M> {
        State::new(vec![], self.links.iter().map(|l| l.init(model)).collect())
    }

    fn update(&self, gradient: M, state: &State<M>, model: &M) -> (M, State<M>) {
        let mut updates = gradient;
        let mut links = vec![];
        for (rule, before) in self.links.iter().zip(&state.links) {
            let (next, after) = rule.update(updates, before, model);
            updates = next;
            links.push(after);
        }
        (updates, state.next(vec![], links))
    }
}
