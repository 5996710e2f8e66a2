//! What a regulariser is.

use crate::decay::Paths;
use tensor::tree::Path;
use tensor::{DType, Tensor, Tree};

/// A convex function `R` of one tensor, with its proximal operator
/// `prox_{sR}(v) = argmin_x s R(x) + ½ ‖x − v‖²` in closed form.
///
/// Source of the closed forms: N. Parikh, S. Boyd, *Proximal algorithms*, Foundations and Trends
/// in Optimization 1 (2014), sections 6.1 to 6.7.
pub trait Penalty: Send + Sync {
    /// `R(x)`, a scalar of the tensor's dtype.
    fn value(&self, x: &Tensor) -> Tensor;

    /// `prox_{sR}(v)` for a scalar `s ≥ 0` of the tensor's dtype.
    fn prox(&self, v: &Tensor, s: &Tensor) -> Tensor;
}

/// A penalty of every float leaf of a tree, or of those that a predicate on paths picks: the sum
/// over the leaves. Its proximal operator acts leaf by leaf.
///
/// As a term of a loss it is differentiated (`loss + r.value(&model)`); with
/// [`ProximalGradient`](crate::ProximalGradient) or [`ProximalUpdate`](crate::ProximalUpdate) it is
/// not, and zeros are exact.
///
/// ```
/// use optim::{L1, Regulariser};
/// use tensor::Tensor;
/// let model = (Tensor::from([3.0, -0.5]), Tensor::from([4.0]));
/// let sparse = Regulariser::new(L1::new(2.0)).only(|path| path == "0");
/// assert_eq!(sparse.value(&model).item(), 7.0);
/// let (weights, bias) = sparse.prox(&model, &Tensor::from(0.5));
/// assert_eq!((weights.to_vec::<f64>(), bias.item()), (vec![2.0, 0.0], 4.0));
/// ```
#[derive(Clone, Debug)]
pub struct Regulariser<P> {
    penalty: P,
    which: Paths,
}

impl<P: Penalty> Regulariser<P> {
    /// Of all float leaves.
    pub fn new(penalty: P) -> Regulariser<P> {
        Regulariser { penalty, which: Paths::all() }
    }

    /// Of the leaves whose path the predicate picks, such as all but biases.
    pub fn only(mut self, which: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        self.which = Paths::new(which);
        self
    }

    fn applies(&self, path: &Path, leaf: &Tensor) -> bool {
        leaf.dtype().is_float() && self.which.pick(path.as_str())
    }

    /// The sum over the leaves, in the dtype of the first of them.
    pub fn value<M: Tree>(&self, model: &M) -> Tensor {
        let leaves = model.leaves_with_paths();
        let parts = leaves.iter().filter(|(path, leaf)| self.applies(path, leaf));
        parts
            .map(|(_, leaf)| self.penalty.value(leaf))
            .reduce(|sum, part| &sum + part.convert(sum.dtype()))
            .unwrap_or_else(|| {
                let float = leaves.iter().map(|(_, l)| l.dtype()).find(|d| d.is_float());
                Tensor::scalar(0.0, float.unwrap_or(DType::F64))
            })
    }

    /// The proximal operator with step `s` (a float scalar); leaves that are not penalised stay.
    pub fn prox<M: Tree>(&self, model: &M, s: &Tensor) -> M {
        model.map_with_path(&mut Path::root(), &mut |path, leaf| {
            if self.applies(path, leaf) {
                self.penalty.prox(leaf, &s.convert(leaf.dtype()))
            } else {
                leaf.clone()
            }
        })
    }
}
