"""What to write instead of names that torch has and mytorch does not: those that training scripts use.

The errors of `lacking` quote the rows, and `docs/lacking.md` shows them. Names are without "torch."; a row of
a function is one of the tensor's method of that name, too, and of its form in place.
"""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """What several names have in common.

    Attributes:
        topic: the heading in the documents.
        names: the names, separated by blanks.
        instead: what to write instead, or why there is nothing; code in backticks.
    """

    topic: str
    names: str
    instead: str


LAYERS = "Layers"
LOSSES = "Losses"
PARAMETERS = "Parameters and modules"
ELEMENTS = "Functions of elements"
SHAPES = "Shapes and positions"
REDUCTIONS = "Reductions, sorting and counting"
MATRICES = "Matrices"
NEW = "New tensors and dtypes"
TRAINING = "Training"
RUNNING = "Speed, devices and processes"

ROWS = (
    Row(
        LAYERS,
        "nn.Conv3d nn.ConvTranspose1d nn.ConvTranspose2d nn.ConvTranspose3d nn.functional.conv3d "
        "nn.functional.conv_transpose1d nn.functional.conv_transpose2d",
        "no alternative: there are convolutions over one and two dimensions, and none is transposed",
    ),
    Row(LAYERS, "conv1d conv2d", "`nn.functional.conv1d` and `nn.functional.conv2d`"),
    Row(
        LAYERS,
        "nn.AdaptiveMaxPool1d nn.AdaptiveMaxPool2d nn.functional.adaptive_max_pool1d",
        "over all steps `x.max(dim=-1).values`; windows of one size in `nn.MaxPool1d`",
    ),
    Row(
        LAYERS,
        "max_pool1d max_pool2d avg_pool1d adaptive_avg_pool1d",
        "the functions of those names in `nn.functional`",
    ),
    Row(
        LAYERS,
        "nn.BatchNorm3d nn.SyncBatchNorm nn.InstanceNorm1d nn.InstanceNorm2d nn.functional.instance_norm",
        "`nn.functional.batch_norm` takes any number of dimensions; `nn.GroupNorm` with a group per channel",
    ),
    Row(
        LAYERS,
        "batch_norm group_norm layer_norm",
        "the functions of those names in `nn.functional`",
    ),
    Row(
        LAYERS,
        "nn.RMSNorm nn.functional.rms_norm",
        "`weight * x * mytorch.rsqrt(x.square().mean(-1, keepdim=True) + eps)`",
    ),
    Row(
        LAYERS,
        "nn.MultiheadAttention nn.functional.multi_head_attention_forward nn.Transformer "
        "nn.TransformerEncoder nn.TransformerEncoderLayer nn.TransformerDecoder "
        "nn.TransformerDecoderLayer",
        "`nn.functional.scaled_dot_product_attention` between layers `nn.Linear` and `nn.LayerNorm`",
    ),
    Row(
        LAYERS, "nn.GLU nn.functional.glu", "`a * mytorch.sigmoid(b)` of the halves `a, b = x.chunk(2, dim)`"
    ),
    Row(LAYERS, "nn.ReLU6 nn.functional.relu6", "`nn.Hardtanh(0, 6)`"),
    Row(LAYERS, "nn.PReLU nn.functional.prelu", "`mytorch.where(x > 0, x, weight * x)`"),
    Row(LAYERS, "nn.Mish nn.functional.mish", "`x * mytorch.tanh(nn.functional.softplus(x))`"),
    Row(
        LAYERS,
        "nn.SELU nn.functional.selu nn.CELU nn.functional.celu",
        "`nn.functional.elu`, with its factors: SELU is 1.0507 times ELU of α = 1.67326",
    ),
    Row(LAYERS, "nn.Softsign nn.functional.softsign", "`x / (1 + x.abs())`"),
    Row(LAYERS, "nn.Tanhshrink nn.functional.tanhshrink", "`x - mytorch.tanh(x)`"),
    Row(LAYERS, "nn.Softmin nn.functional.softmin", "`nn.functional.softmax(-x, dim)`"),
    Row(LAYERS, "nn.Softmax2d", "`nn.Softmax(dim=-3)`"),
    Row(
        LAYERS, "nn.Hardsigmoid nn.functional.hardsigmoid", "`nn.functional.hardtanh(x / 6 + 0.5, 0.0, 1.0)`"
    ),
    Row(
        LAYERS, "nn.Hardswish nn.functional.hardswish", "`x * nn.functional.hardtanh(x / 6 + 0.5, 0.0, 1.0)`"
    ),
    Row(LAYERS, "nn.Threshold nn.functional.threshold", "`mytorch.where(x > threshold, x, value)`"),
    Row(
        LAYERS,
        "nn.AlphaDropout nn.functional.alpha_dropout",
        "`nn.Dropout`",
    ),
    Row(
        LAYERS,
        "nn.functional.gumbel_softmax",
        "`nn.functional.softmax((x - mytorch.log(-mytorch.log(mytorch.rand(x.shape)))) / tau, -1)`",
    ),
    Row(
        LAYERS,
        "nn.Bilinear nn.functional.bilinear bilinear",
        '`mytorch.einsum("bi,oij,bj->bo", x1, weight, x2) + bias`',
    ),
    Row(
        LAYERS,
        "nn.EmbeddingBag nn.functional.embedding_bag",
        "`nn.Embedding`, and the sum or mean over the words",
    ),
    Row(LAYERS, "nn.Unflatten", "`Tensor.unflatten` in `forward`"),
    Row(
        LAYERS,
        "nn.functional.pad nn.ConstantPad1d nn.ZeroPad1d nn.ZeroPad2d nn.ConstantPad2d",
        "`mytorch.cat` with `x.new_zeros(...)`; for sequences `nn.utils.rnn.pad_sequence`",
    ),
    Row(
        LAYERS,
        "nn.CosineSimilarity nn.functional.cosine_similarity nn.functional.normalize",
        "`x / x.norm(dim=1, keepdim=True).clamp(min=eps)`, and sums of products of such",
    ),
    Row(
        LAYERS,
        "nn.PairwiseDistance nn.functional.pairwise_distance cdist",
        "`(x1 - x2).norm(dim=-1)`, of `x1[:, None]` and `x2[None]` for all pairs",
    ),
    Row(LAYERS, "nn.LazyLinear", "`nn.Linear`, with its sizes"),
    Row(
        LAYERS,
        "nn.Upsample nn.functional.interpolate nn.functional.grid_sample nn.PixelShuffle nn.Unfold "
        "nn.Fold nn.functional.unfold nn.functional.fold",
        "no alternative: there are no functions of images",
    ),
    Row(LOSSES, "ctc_loss", "`nn.functional.ctc_loss`"),
    Row(
        LOSSES,
        "nn.GaussianNLLLoss nn.functional.gaussian_nll_loss",
        "`0.5 * (var.log() + (x - y).square() / var).mean()`",
    ),
    Row(LOSSES, "nn.PoissonNLLLoss nn.functional.poisson_nll_loss", "`(x.exp() - y * x).mean()`"),
    Row(
        LOSSES,
        "nn.MarginRankingLoss nn.functional.margin_ranking_loss nn.HingeEmbeddingLoss "
        "nn.functional.hinge_embedding_loss nn.TripletMarginLoss nn.functional.triplet_margin_loss",
        "`nn.functional.relu` of the margin: `nn.functional.relu(margin - y * (x1 - x2)).mean()`",
    ),
    Row(
        LOSSES,
        "nn.CosineEmbeddingLoss nn.functional.cosine_embedding_loss",
        "1 - cosine, from `x / x.norm(dim=1, keepdim=True)`",
    ),
    Row(
        LOSSES, "nn.SoftMarginLoss nn.functional.soft_margin_loss", "`nn.functional.softplus(-y * x).mean()`"
    ),
    Row(
        LOSSES,
        "nn.MultiLabelSoftMarginLoss nn.functional.multilabel_soft_margin_loss",
        "`nn.functional.binary_cross_entropy_with_logits(x, y)`",
    ),
    Row(LOSSES, "nn.NLLLoss2d", "`nn.NLLLoss`, which takes images too"),
    Row(LOSSES, "nn.AdaptiveLogSoftmaxWithLoss", "`nn.CrossEntropyLoss` over all classes"),
    Row(
        PARAMETERS,
        "nn.utils.weight_norm nn.utils.spectral_norm nn.utils.parametrizations nn.utils.parametrize "
        "nn.utils.prune",
        "compute the weight in `forward`, from parameters of your own",
    ),
    Row(PARAMETERS, "nn.Buffer", "`Module.register_buffer`"),
    Row(PARAMETERS, "nn.init.trunc_normal_", "`nn.init.normal_`, and `Tensor.clamp_` of the data"),
    Row(PARAMETERS, "nn.init.eye_", "`weight.data.copy_(mytorch.eye(*weight.shape))`"),
    Row(
        PARAMETERS,
        "nn.init.dirac_ nn.init.sparse_",
        "no alternative: `Tensor.copy_` an array of your own into the data",
    ),
    Row(
        PARAMETERS,
        "nn.DataParallel nn.parallel distributed",
        "no alternative: one process computes; use the model itself",
    ),
    Row(ELEMENTS, "log2", "`mytorch.log(x) / math.log(2)`"),
    Row(ELEMENTS, "log10", "`mytorch.log(x) / math.log(10)`"),
    Row(ELEMENTS, "exp2", "`2.0 ** x`"),
    Row(ELEMENTS, "logaddexp", "`mytorch.logsumexp(mytorch.stack([x, y]), 0)`"),
    Row(ELEMENTS, "logit", "`mytorch.log(x / (1 - x))`"),
    Row(ELEMENTS, "tan", "`mytorch.sin(x) / mytorch.cos(x)`"),
    Row(ELEMENTS, "sinh", "`(mytorch.expm1(x) - mytorch.expm1(-x)) / 2`"),
    Row(ELEMENTS, "cosh", "`(mytorch.exp(x) + mytorch.exp(-x)) / 2`"),
    Row(
        ELEMENTS,
        "asin acos atan atan2 arcsin arccos arctan arctan2 asinh acosh atanh lgamma digamma polygamma",
        "no alternative with gradients; of constants `mytorch.from_numpy(np.arctan(x.numpy()))`",
    ),
    Row(ELEMENTS, "hypot", "`mytorch.sqrt(x * x + y * y)`"),
    Row(ELEMENTS, "erfc", "`1 - mytorch.erf(x)`, which loses digits where x is above 1"),
    Row(ELEMENTS, "fmod", "`x - y * mytorch.trunc(x / y)`"),
    Row(ELEMENTS, "frac", "`x - mytorch.trunc(x)`"),
    Row(ELEMENTS, "fix", "`mytorch.trunc`"),
    Row(ELEMENTS, "true_divide", "`mytorch.div`"),
    Row(ELEMENTS, "float_power", "`x.double() ** y`"),
    Row(ELEMENTS, "xlogy", "`x * mytorch.log(mytorch.where(x == 0, 1.0, y))`"),
    Row(ELEMENTS, "fmax fmin", "`mytorch.maximum` or `mytorch.minimum`, which keep nan"),
    Row(ELEMENTS, "sgn positive", "`mytorch.sign(x)`, and `x` itself for positive"),
    Row(ELEMENTS, "signbit", "`x < 0`, which is False for -0.0"),
    Row(ELEMENTS, "heaviside", "`mytorch.where(x == 0, values, (x > 0).to(x.dtype))`"),
    Row(ELEMENTS, "nan_to_num", "`mytorch.where(mytorch.isnan(x), 0.0, x)`, and `Tensor.clamp`"),
    Row(ELEMENTS, "greater", "`mytorch.gt`"),
    Row(ELEMENTS, "greater_equal", "`mytorch.ge`"),
    Row(ELEMENTS, "less", "`mytorch.lt`"),
    Row(ELEMENTS, "less_equal", "`mytorch.le`"),
    Row(ELEMENTS, "not_equal", "`mytorch.ne`"),
    Row(ELEMENTS, "isin", "`(x[..., None] == values).any(-1)`"),
    Row(ELEMENTS, "isposinf isneginf", "`x == math.inf` or `x == -math.inf`"),
    Row(ELEMENTS, "Tensor.apply_ Tensor.map_", "`x.copy_(mytorch.tensor([f(v) for v in x.tolist()]))`"),
    Row(
        ELEMENTS,
        "abs_ ceil_ clamp_ cos_ exp_ floor_ log_ neg_ reciprocal_ relu_ round_ rsqrt_ sigmoid_ sin_ "
        "sqrt_ tanh_ zero_ fill_ nn.functional.elu_ nn.functional.leaky_relu_ nn.functional.relu_",
        "the method of that name, as in `x.exp_()`, or the function's argument `inplace`",
    ),
    Row(
        ELEMENTS,
        "Tensor.eq_ Tensor.ne_ Tensor.gt_ Tensor.ge_ Tensor.lt_ Tensor.le_ Tensor.logical_and_ "
        "Tensor.logical_or_ Tensor.logical_not_ Tensor.cumsum_ Tensor.addmm_ Tensor.baddbmm_",
        "`x.copy_(...)` of the method without the underscore",
    ),
    Row(
        SHAPES,
        "meshgrid cartesian_prod combinations broadcast_tensors",
        "`x[:, None].expand(n, m)` and `y[None, :].expand(n, m)`",
    ),
    Row(SHAPES, "tile", "`Tensor.repeat`"),
    Row(SHAPES, "fliplr flipud rot90", "`mytorch.flip`, and `Tensor.transpose` for rot90"),
    Row(SHAPES, "tensor_split hsplit vsplit dsplit split_with_sizes", "`mytorch.split(x, sizes, dim)`"),
    Row(SHAPES, "column_stack dstack row_stack", "`mytorch.stack`, `mytorch.hstack` or `mytorch.vstack`"),
    Row(SHAPES, "atleast_1d", "`x.reshape(1)` of a number"),
    Row(SHAPES, "atleast_2d atleast_3d", "`x.reshape(1, -1)` of a number or vector"),
    Row(SHAPES, "numel", "`x.numel()`"),
    Row(SHAPES, "select", "`x[:, index]`"),
    Row(SHAPES, "take take_along_dim", "`x.reshape(-1)[index]`, or `mytorch.gather(x, dim, index)`"),
    Row(SHAPES, "index_add", "`x.scatter_add(0, index[:, None].expand_as(y), y)`"),
    Row(SHAPES, "index_copy index_put masked_scatter put", "`x[index] = y`, in a clone of `x`"),
    Row(SHAPES, "scatter_reduce Tensor.index_reduce", "`mytorch.scatter_add` for sums; the others have none"),
    Row(SHAPES, "argwhere", "`mytorch.nonzero(x)`"),
    Row(SHAPES, "tril_indices triu_indices", "`mytorch.ones(n, m).tril(k).nonzero().T`"),
    Row(SHAPES, "diag diagflat diag_embed", "`x.diagonal()`, or `x[:, None] * mytorch.eye(n)`"),
    Row(SHAPES, "as_strided", "no alternative: `Tensor.expand`, `Tensor.reshape` and indices make views"),
    Row(SHAPES, "Tensor.unfold", "`mytorch.stack([x[:, i : i + n] for i in range(count)], 1)`"),
    Row(
        SHAPES,
        "Tensor.resize_ Tensor.resize Tensor.resize_as_ Tensor.set_",
        "`Tensor.reshape`, or `x.data = y`",
    ),
    Row(SHAPES, "Tensor.fill_diagonal_", "`x.diagonal().fill_(value)`"),
    Row(SHAPES, "Tensor.sum_to_size", "`x.sum(dim, keepdim=True)`"),
    Row(REDUCTIONS, "std_mean var_mean", "`x.std(dim), x.mean(dim)`"),
    Row(REDUCTIONS, "aminmax", "`x.amin(dim=dim), x.amax(dim=dim)`"),
    Row(REDUCTIONS, "nansum nanmean", "`mytorch.where(mytorch.isnan(x), 0.0, x).sum()`"),
    Row(REDUCTIONS, "count_nonzero", "`(x != 0).sum(dim)`"),
    Row(REDUCTIONS, "cummax cummin logcumsumexp", "a loop over the steps, with `mytorch.maximum`"),
    Row(REDUCTIONS, "diff", "`x[1:] - x[:-1]`"),
    Row(REDUCTIONS, "dist", "`(x - y).norm(p)`"),
    Row(REDUCTIONS, "renorm", "`x * (maxnorm / x.norm(dim=1, keepdim=True)).clamp(max=1.0)`"),
    Row(REDUCTIONS, "kthvalue msort", "`mytorch.sort(x, dim)`, and an index"),
    Row(
        REDUCTIONS,
        "quantile nanmedian nanquantile mode bincount histc unique_consecutive",
        "NumPy's function, without gradients: `mytorch.from_numpy(np.bincount(x.numpy()))`",
    ),
    Row(MATRICES, "inner vdot", "`mytorch.dot`, or `x @ y.T`"),
    Row(MATRICES, "ger", "`mytorch.outer`"),
    Row(MATRICES, "addmv addr addbmm", "`mytorch.addmm` of matrices, or `x + a @ b`"),
    Row(MATRICES, "tensordot kron cross chain_matmul", "`mytorch.einsum`"),
    Row(MATRICES, "cholesky", "`mytorch.linalg.cholesky`"),
    Row(MATRICES, "linalg.norm linalg.vector_norm", "`mytorch.norm`"),
    Row(MATRICES, "trace", "`x.diagonal().sum()`"),
    Row(MATRICES, "block_diag", "`Tensor.copy_` into pieces of `mytorch.zeros(n, m)`"),
    Row(
        MATRICES,
        "inverse pinverse det logdet slogdet svd qr matrix_power matrix_exp lstsq "
        "linalg.inv linalg.pinv linalg.det linalg.slogdet linalg.svd linalg.qr linalg.eigh linalg.solve "
        "linalg.matrix_power linalg.matrix_exp linalg.lstsq",
        "no alternative with gradients; of constants `mytorch.from_numpy(np.linalg.inv(x.numpy()))`",
    ),
    Row(
        MATRICES,
        "fft stft istft hann_window special signal",
        "no alternative with gradients; NumPy's and SciPy's functions of `x.numpy()`",
    ),
    Row(NEW, "range", "`mytorch.arange`"),
    Row(NEW, "logspace", "`base ** mytorch.linspace(start, end, steps)`"),
    Row(NEW, "asarray frombuffer from_dlpack scalar_tensor", "`mytorch.as_tensor`, or `mytorch.from_numpy`"),
    Row(NEW, "randint_like", "`mytorch.randint(low, high, x.shape, dtype=x.dtype)`"),
    Row(
        NEW,
        "poisson binomial Tensor.exponential_ Tensor.random_ Tensor.geometric_ Tensor.cauchy_ "
        "Tensor.log_normal_",
        "`x.copy_(mytorch.from_numpy(generator.poisson(...)))` of a generator of NumPy's",
    ),
    Row(
        NEW,
        "complex64 complex128 cfloat cdouble complex real imag angle conj polar view_as_real "
        "view_as_complex is_complex",
        "no alternative: there are no complex numbers",
    ),
    Row(
        NEW,
        "bfloat16 uint16 uint32 uint64 float8_e4m3fn float8_e5m2 quint8 qint8 qint32",
        "`mytorch.float16`, `mytorch.float32` or `mytorch.int64`: NumPy's dtypes",
    ),
    Row(
        NEW,
        "sparse sparse_coo_tensor sparse_csr_tensor Tensor.to_sparse Tensor.to_dense Tensor.coalesce "
        "quantization nn.quantized",
        "no alternative: all tensors are dense",
    ),
    Row(
        NEW,
        "Tensor.storage Tensor.untyped_storage Tensor.storage_offset",
        "`Tensor.data_ptr` tells whether two tensors begin at one place",
    ),
    Row(NEW, "Tensor.is_nonzero is_nonzero", "`bool(x)`"),
    Row(NEW, "newaxis", "`None`"),
    Row(NEW, "contiguous_format preserve_format channels_last memory_format strided layout", "leave it out"),
    Row(
        TRAINING,
        "optim.Adamax optim.Adafactor optim.Muon optim.SparseAdam",
        "`optim.Adam` or `optim.AdamW`",
    ),
    Row(TRAINING, "optim.Rprop optim.ASGD", "`optim.RMSprop` or `optim.SGD`"),
    Row(
        TRAINING,
        "optim.swa_utils",
        "a copy of the model, and for its parameters `mean.lerp_(p.detach(), 1 - decay)`",
    ),
    Row(
        TRAINING,
        "optim.lr_scheduler.CyclicLR optim.lr_scheduler.ChainedScheduler optim.lr_scheduler.MultiplicativeLR",
        "`optim.lr_scheduler.LambdaLR`, with the factor as a function of the epoch",
    ),
    Row(
        TRAINING,
        "utils.data.ChainDataset utils.data.StackDataset utils.data.IterDataPipe",
        "`utils.data.IterableDataset` or `utils.data.Dataset`, of your own",
    ),
    Row(TRAINING, "utils.data.DistributedSampler", "`utils.data.RandomSampler`: one process computes"),
    Row(TRAINING, "utils.data.default_convert", "`mytorch.as_tensor`"),
    Row(TRAINING, "utils.tensorboard", "the package tensorboardX, or a file that you write"),
    Row(TRAINING, "utils.checkpoint", "call the function itself: all values are kept"),
    Row(
        TRAINING,
        "autograd.functional func vmap",
        "`autograd.grad` for each output, with `create_graph=True` for second derivatives",
    ),
    Row(
        TRAINING,
        "distributions.Beta distributions.Gamma distributions.Dirichlet distributions.Exponential "
        "distributions.Laplace distributions.LogNormal "
        "distributions.Poisson distributions.StudentT distributions.Uniform "
        "distributions.Geometric distributions.Binomial",
        "a subclass of `distributions.Distribution` of your own, or the formula of its log-probability",
    ),
    Row(
        TRAINING,
        "distributions.OneHotCategorical distributions.RelaxedOneHotCategorical "
        "distributions.MixtureSameFamily distributions.TransformedDistribution",
        "`distributions.Categorical`, and functions of its draws",
    ),
    Row(RUNNING, "compile jit fx export", "leave it out: functions run as they are written"),
    Row(RUNNING, "onnx", "no alternative: `mytorch.save` the state_dict, and load it in torch"),
    Row(
        RUNNING,
        "amp autocast GradScaler cuda.amp",
        "leave it out: all is computed in the dtype of the tensors",
    ),
    Row(
        RUNNING,
        "cuda.Event cuda.Stream cuda.stream cuda.current_stream mps xpu cpu accelerator",
        "leave it out: there is only the CPU",
    ),
    Row(
        RUNNING,
        "set_num_interop_threads get_num_interop_threads",
        "the environment variable OMP_NUM_THREADS, or the package threadpoolctl",
    ),
    Row(
        RUNNING,
        "set_default_device get_default_device set_flush_denormal",
        "leave it out: there is one device, and float32 is computed in float32",
    ),
    Row(RUNNING, "profiler autograd.profiler utils.benchmark", "Python's cProfile and timeit"),
    Row(RUNNING, "multiprocessing Tensor.share_memory_", "Python's multiprocessing"),
    Row(RUNNING, "Tensor.pin_memory", "leave it out: there is no other device to copy to"),
    Row(RUNNING, "hub utils.model_zoo", "no alternative: nothing is downloaded"),
)
