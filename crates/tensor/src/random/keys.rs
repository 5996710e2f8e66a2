//! Keys from keys.

use crate::broadcasting::beside;
use crate::execute::bind1;
use crate::{DType, Key, Tensor};
use ir::Expr;
use ir::prim::{RandomBits, Threefry};

impl Key {
    /// The two words of a key that is not a batch.
    ///
    /// # Panics
    /// When it is a batch of keys, outside the `vmap` over it.
    #[track_caller]
    fn single(&self, op: &str) -> &Tensor {
        let ty = self.0.0.ty();
        assert!(self.0.ndim() == 1, "{op}: this is a batch of keys, {ty}; use it inside a vmap");
        &self.0
    }

    /// The pairs of words of the counters `0..n`: `u32[n, 2]`.
    #[track_caller]
    pub(super) fn pairs(self, op: &str, n: usize) -> Tensor {
        let key = self.single(op).broadcast_to(&[n, 2]);
        let low = u32::try_from(n).map(|n| Expr::iota(DType::U32, &[n as usize, 1], 0));
        let Ok(low) = low else { panic!("{op}: {n} is more than 2³² − 1 pairs of one key") };
        let counters = Expr::concatenate(&[&low.full_like(0.0), &low], 1);
        bind1(Threefry {}, &[&key, &beside(counters, &key)])
    }

    /// 64 random bits per element as two tensors of u32 words, the higher ones first.
    #[track_caller]
    pub(super) fn words64(self, op: &str, shape: &[usize]) -> (Tensor, Tensor) {
        let pairs = self.pairs(op, shape.iter().product());
        (pairs.index(1, 0).reshape(shape), pairs.index(1, 1).reshape(shape))
    }

    /// 32 random bits per element, as u32.
    ///
    /// ```
    /// use tensor::Key;
    /// assert_eq!(Key::new(0).bits(&[1]).to_vec::<u32>(), Key::new(0).bits(&[]).to_vec::<u32>());
    /// ```
    #[track_caller]
    pub fn bits(self, shape: &[usize]) -> Tensor {
        bind1(RandomBits { shape: shape.to_vec() }, &[self.single("bits")])
    }

    /// `N` keys whose numbers are independent of each other's.
    ///
    /// ```
    /// use tensor::{DType, Key};
    /// let [weights, biases] = Key::new(0).split();
    /// let w = weights.normal(&[2, 3], DType::F32);
    /// let b = biases.normal(&[3], DType::F32);
    /// assert_ne!(w.index(0, 0).to_vec::<f32>(), b.to_vec::<f32>());
    /// ```
    #[track_caller]
    pub fn split<const N: usize>(self) -> [Key; N] {
        let keys = self.pairs("split", N);
        std::array::from_fn(|i| Key(keys.index(0, i as isize)))
    }

    /// `n` keys whose numbers are independent of each other's. The first ones do not depend on
    /// `n`.
    ///
    /// ```
    /// use tensor::Key;
    /// let keys = Key::new(0).split_n(3);
    /// assert_eq!(keys.len(), 3);
    /// ```
    #[track_caller]
    pub fn split_n(self, n: usize) -> Vec<Key> {
        let keys = self.pairs("split_n", n);
        (0..n as isize).map(|i| Key(keys.index(0, i))).collect()
    }

    /// The keys of [`Key::split_n`] as a batch, `u32[n, 2]`: an argument for `vmap`, inside of which
    /// each example has its own. Drawing from a batch outside a `vmap` is an error.
    ///
    /// ```
    /// use tensor::{DType, Key, vmap};
    /// let draw = |key: &Key| key.replay().normal(&[3], DType::F64);
    /// let batch = vmap(draw)(&Key::new(0).split_batch(4));
    /// let loop_: Vec<_> = Key::new(0).split_n(4).iter().map(draw).collect();
    /// assert_eq!(batch.index(0, 2).to_vec::<f64>(), loop_[2].to_vec::<f64>());
    /// ```
    #[track_caller]
    pub fn split_batch(self, n: usize) -> Key {
        Key(self.pairs("split_batch", n))
    }

    /// The key with a number folded in: other numbers give independent keys. It is the key that
    /// splitting gives at that place, so do not also split the key. Numbers count modulo 2³².
    ///
    /// # Panics
    /// When the number is not one integer.
    ///
    /// ```
    /// use tensor::Key;
    /// let step = 7_i64;
    /// let a = Key::new(0).fold_in(step).bits(&[2]);
    /// let b = Key::new(0).split_n(8).remove(7).bits(&[2]);
    /// assert_eq!(a.to_vec::<u32>(), b.to_vec::<u32>());
    /// ```
    #[track_caller]
    pub fn fold_in(self, number: impl Into<Tensor>) -> Key {
        let number: Tensor = number.into();
        let ty = number.0.ty();
        let one = number.dtype().is_integer() && number.size() == 1;
        assert!(one, "fold_in: the number must be one integer, it is {ty}");
        let low = number.convert(DType::U32).reshape(&[1]);
        let counter = Tensor::concatenate(&[&low.full_like(0.0), &low], 0);
        Key(bind1(Threefry {}, &[self.single("fold_in"), &counter]))
    }

    /// The keys with 0, 1, 2, … folded in, without end (but for 2³²): one for each of as many
    /// purposes as there turn out to be.
    ///
    /// ```
    /// use tensor::{DType, Key};
    /// let mut keys = Key::new(0).stream();
    /// let mut next = || keys.next().expect("the stream has no end");
    /// let (x, y) = (next().normal(&[2], DType::F64), next().normal(&[2], DType::F64));
    /// assert_ne!(x.to_vec::<f64>(), y.to_vec::<f64>());
    /// ```
    pub fn stream(self) -> impl Iterator<Item = Key> {
        (0..=u32::MAX).map(move |i| self.replay().fold_in(i))
    }
}
