//! Convolution and its adjoint.

use super::windows::{Padding, per_axis};
use crate::Tensor;
use crate::execute::bind1;
use ir::prim::ConvGeneral;

/// How a kernel slides over its operand.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Convolution {
    /// From one output to the next, per spatial axis; empty for 1.
    pub strides: Vec<usize>,
    /// What lies around the operand: zeros.
    pub padding: Padding,
    /// From one place of the kernel to the next, per spatial axis; empty for 1.
    pub dilation: Vec<usize>,
    /// Consecutive parts of the channels, each with its own part of the output channels. As many
    /// as there are channels: a depthwise convolution.
    pub groups: usize,
}

/// Stride 1, no padding, no dilation, one group.
impl Default for Convolution {
    fn default() -> Convolution {
        Convolution { strides: vec![], padding: Padding::Valid, dilation: vec![], groups: 1 }
    }
}

impl Convolution {
    /// Strides and dilations for every axis, and how far a kernel of these sizes extends.
    #[track_caller]
    fn geometry(&self, op: &str, kernel: &[usize]) -> (Vec<usize>, Vec<usize>, Vec<usize>) {
        let strides = per_axis(op, "strides", &self.strides, kernel.len());
        let dilation = per_axis(op, "dilations", &self.dilation, kernel.len());
        let extent = |(k, d): (&usize, &usize)| k.saturating_sub(1) * d + 1;
        let extents = kernel.iter().zip(&dilation).map(extent).collect();
        (strides, dilation, extents)
    }
}

/// The operand with a batch axis, and whether it had none.
#[track_caller]
fn with_batch(op: &str, x: &Tensor, kernel: &Tensor) -> (Tensor, bool) {
    let rank = kernel.ndim();
    let (a, b) = (x.0.ty(), kernel.0.ty());
    assert!(rank >= 2, "{op}: the kernel is [out channels, in channels, spatial…], it is {b}");
    let single = x.ndim() + 1 == rank;
    assert!(
        single || x.ndim() == rank,
        "{op}: the operand is [batch, channels, spatial…] or [channels, spatial…] with as many \
         spatial axes as the kernel {b}; it is {a}"
    );
    (if single { x.expand_dims(0) } else { x.clone() }, single)
}

impl Tensor {
    /// The convolution of deep learning (a cross-correlation: the kernel is not reversed) of
    /// `x[batch, channels, spatial…]`, or of one example `x[channels, spatial…]`, with a kernel
    /// `w[out channels, channels / groups, spatial…]`:
    ///
    /// ```text
    /// y[n, o, i…] = Σ_{c, k…} w[o, c, k…] · x[n, c, i·stride + k·dilation − low…]
    /// ```
    ///
    /// Source: V. Dumoulin, F. Visin, *A guide to convolution arithmetic for deep learning*,
    /// arXiv:1603.07285.
    ///
    /// # Panics
    /// When operands and options do not fit each other.
    ///
    /// ```
    /// use tensor::{Tensor, functions::{Convolution, Padding}};
    /// let x = Tensor::from_vec(vec![0.0, 1.0, 4.0, 9.0, 16.0], &[1, 5]);
    /// let w = Tensor::from_vec(vec![1.0, -2.0, 1.0], &[1, 1, 3]); // second differences
    /// let y = x.conv(&w, &Convolution::default());
    /// assert_eq!(y.to_vec::<f64>(), [2.0, 2.0, 2.0]);
    /// let same = Convolution { padding: Padding::Same, ..Convolution::default() };
    /// assert_eq!(x.conv(&w, &same).shape(), [1, 5]);
    /// ```
    #[track_caller]
    pub fn conv(&self, kernel: &Tensor, options: &Convolution) -> Tensor {
        let (x, single) = with_batch("conv", self, kernel);
        let (strides, dilation, extents) = options.geometry("conv", &kernel.shape()[2..]);
        let padding = options.padding.resolve("conv", &x.shape()[2..], &extents, &strides);
        let conv = ConvGeneral {
            strides,
            padding,
            rhs_dilation: dilation,
            feature_groups: options.groups,
            ..ConvGeneral::new(extents.len())
        };
        let y = bind1(conv, &[&x, kernel]);
        if single { y.squeeze(0) } else { y }
    }

    /// The adjoint of `x ↦ x.conv(kernel, options)`, also called transposed convolution: from
    /// `[batch, out channels, spatial…]`, or one example, to `[batch, channels, spatial…]`, with
    /// the kernel as `conv` takes it. For every `x` and `y`, `⟨conv x, y⟩ = ⟨x, convᵀ y⟩`.
    ///
    /// With strides, operands of several sizes have convolutions of one size. The result has the
    /// smallest of them (the size times the stride for [`Padding::Same`]) unless `sizes` says
    /// another.
    ///
    /// # Panics
    /// When operands and options do not fit each other.
    ///
    /// ```
    /// use tensor::{Tensor, functions::Convolution};
    /// let y = Tensor::from_vec(vec![1.0, 10.0], &[1, 2]);
    /// let w = Tensor::from_vec(vec![1.0, 2.0, 3.0], &[1, 1, 3]);
    /// let stride = Convolution { strides: vec![2], ..Convolution::default() };
    /// let x = y.conv_transpose(&w, &stride, None);
    /// assert_eq!(x.to_vec::<f64>(), [1.0, 2.0, 13.0, 20.0, 30.0]);
    /// ```
    #[track_caller]
    pub fn conv_transpose(
        &self,
        kernel: &Tensor,
        options: &Convolution,
        sizes: Option<&[usize]>,
    ) -> Tensor {
        let op = "conv_transpose";
        let (y, single) = with_batch(op, self, kernel);
        let (outputs, spatial) = (&y.shape()[2..], &kernel.shape()[2..]);
        let (strides, dilation, extents) = options.geometry(op, spatial);
        let n = extents.len();
        let smallest = |d: usize| -> usize {
            let span = outputs[d].saturating_sub(1) * strides[d] + extents[d];
            let (low, high) = match &options.padding {
                Padding::Same => return outputs[d] * strides[d],
                Padding::Valid => (0, 0),
                Padding::Explicit(padding) => padding.get(d).copied().unwrap_or((0, 0)),
            };
            (span as i64 - low - high).max(0) as usize
        };
        let sizes = sizes.map_or_else(|| (0..n).map(smallest).collect(), <[usize]>::to_vec);
        assert!(sizes.len() == n, "{op}: {} sizes for {n} spatial axes", sizes.len());
        let forward = options.padding.resolve(op, &sizes, &extents, &strides);
        for d in 0..n {
            let (low, high) = forward[d];
            let room = sizes[d] as i64 + low + high - extents[d] as i64;
            let got = if room < 0 { 0 } else { room as usize / strides[d] + 1 };
            let (m, out) = (sizes[d], outputs[d]);
            assert!(
                got == out,
                "{op}: along spatial axis {d}, {m} elements have {got} outputs, not {out}"
            );
        }
        let groups = options.groups;
        let (out, per_group) = (kernel.shape()[0], kernel.shape()[1]);
        let fits = groups > 0 && out % groups == 0 && y.shape()[1] == out;
        let (a, b) = (y.0.ty(), kernel.0.ty());
        assert!(fits, "{op}: {a} has not the {out} channels of {b} in {groups} groups");
        if outputs.contains(&0) {
            let zeros = [&[y.shape()[0], groups * per_group], &sizes[..]].concat();
            let zeros = Tensor::zeros(&zeros, y.dtype());
            return if single { zeros.squeeze(0) } else { zeros };
        }
        // The kernel backwards, its channels exchanged inside each group.
        let grouped = kernel.reshape(&[&[groups, out / groups, per_group], spatial].concat());
        let exchanged = grouped
            .swap_axes(1, 2)
            .reshape(&[&[groups * per_group, out / groups], spatial].concat());
        let axes: Vec<isize> = (2..n as isize + 2).collect();
        let padding = (0..n).map(|d| {
            let low = extents[d] as i64 - 1 - forward[d].0;
            let dilated = ((outputs[d] - 1) * strides[d] + 1) as i64;
            (low, (sizes[d] + extents[d]) as i64 - 1 - low - dilated)
        });
        let conv = ConvGeneral {
            padding: padding.collect(),
            lhs_dilation: strides,
            rhs_dilation: dilation,
            feature_groups: groups,
            ..ConvGeneral::new(n)
        };
        let x = bind1(conv, &[&y, &exchanged.flip(&axes[..])]);
        if single { x.squeeze(0) } else { x }
    }
}
