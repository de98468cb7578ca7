"""Public names without a case of their own: the case that judges them, or the reason why none does."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# Case → the further names that it calls. `Tensor.x` is a method or property.
JUDGED_BY: Mapping[str, tuple[str, ...]] = {
    "add@alpha": ("rsub",),
    "addcdiv": ("Tensor.addcdiv_",),
    "addcmul": ("Tensor.addcmul_",),
    "autograd.grad": ("autograd.backward",),
    "clamp_max": ("Tensor.clamp_max_",),
    "clamp_min": ("Tensor.clamp_min_",),
    "clone": ("Tensor.contiguous", "Tensor.data", "Tensor.detach", "Tensor.cpu"),
    "div@rounding": ("floor_divide",),
    "empty": ("empty_like", "Tensor.new_empty"),
    "equal": ("is_tensor",),
    "flatten": ("ravel",),
    "flip": ("Tensor.flip",),
    "full": ("full_like", "Tensor.new_full"),
    "index_fill": ("Tensor.index_fill_",),
    "isclose": ("allclose",),
    "lerp": ("Tensor.lerp_",),
    "manual_seed": ("Generator", "get_rng_state", "set_rng_state"),
    "masked_fill": ("Tensor.masked_fill_",),
    "nn.BatchNorm1d": ("nn.functional.batch_norm",),
    "nn.Conv1d": ("nn.functional.conv1d",),
    "nn.Conv2d": ("nn.functional.conv2d",),
    "nn.Dropout": ("nn.functional.dropout",),
    "nn.Dropout1d": ("nn.functional.dropout1d",),
    "nn.Dropout2d": ("nn.functional.dropout2d",),
    "nn.Embedding": ("nn.functional.embedding",),
    "nn.GroupNorm": ("nn.functional.group_norm",),
    "nn.LayerNorm": ("nn.functional.layer_norm",),
    "nn.functional.adaptive_avg_pool1d": ("nn.AdaptiveAvgPool1d",),
    "nn.functional.adaptive_avg_pool2d": ("nn.AdaptiveAvgPool2d",),
    "nn.functional.avg_pool1d": ("nn.AvgPool1d",),
    "nn.functional.avg_pool2d": ("nn.AvgPool2d",),
    "nn.functional.max_pool1d": ("nn.MaxPool1d",),
    "nn.functional.max_pool2d": ("nn.MaxPool2d",),
    "nn.functional.binary_cross_entropy": ("nn.BCELoss",),
    "nn.functional.binary_cross_entropy_with_logits": ("nn.BCEWithLogitsLoss",),
    "nn.functional.cross_entropy": ("nn.CrossEntropyLoss",),
    "nn.functional.ctc_loss": ("nn.CTCLoss",),
    "nn.functional.elu": ("nn.ELU",),
    "nn.functional.gelu": ("nn.GELU",),
    "nn.functional.hardtanh": ("nn.Hardtanh",),
    "nn.functional.huber_loss": ("nn.HuberLoss",),
    "nn.functional.kl_div": ("nn.KLDivLoss",),
    "nn.functional.l1_loss": ("nn.L1Loss",),
    "nn.functional.leaky_relu": ("nn.LeakyReLU",),
    "nn.functional.logsigmoid": ("nn.LogSigmoid",),
    "nn.functional.mse_loss": ("nn.MSELoss",),
    "nn.functional.nll_loss": ("nn.NLLLoss",),
    "nn.functional.silu": ("nn.SiLU",),
    "nn.functional.smooth_l1_loss": ("nn.SmoothL1Loss",),
    "nn.functional.softplus": ("nn.Softplus",),
    "nn.init.constant_": ("nn.init.ones_", "nn.init.zeros_"),
    "nn.init.kaiming_uniform_": ("nn.init.kaiming_normal_",),
    "nn.init.uniform_": ("nn.init.normal_",),
    "norm@orders": ("Tensor.norm",),
    "ones": ("ones_like", "Tensor.new_ones"),
    "permute": ("Tensor.permute",),
    "rand": ("rand_like",),
    "randn": ("randn_like",),
    "repeat_interleave": ("Tensor.repeat_interleave",),
    "reshape": ("Tensor.reshape",),
    "result_type": ("can_cast", "promote_types"),
    "scatter": ("Tensor.scatter_",),
    "scatter_add": ("Tensor.scatter_add_",),
    "softmax": ("nn.Softmax", "nn.LogSoftmax", "nn.functional.softmax", "nn.functional.log_softmax"),
    "split": ("Tensor.split",),
    "squeeze": ("Tensor.squeeze",),
    "t": ("Tensor.T",),
    "tensor": (
        "as_tensor",
        "BoolTensor",
        "ByteTensor",
        "CharTensor",
        "DoubleTensor",
        "FloatTensor",
        "HalfTensor",
        "IntTensor",
        "LongTensor",
        "ShortTensor",
        "Tensor",
        "Tensor.new",
        "Tensor.new_tensor",
    ),
    "transpose": ("Tensor.mT", "Tensor.swapaxes", "swapaxes"),
    "where": ("Tensor.where",),
    "zeros": ("zeros_like", "Tensor.new_zeros"),
    "utils.data.BatchSampler": ("utils.data.SequentialSampler",),
    "Tensor.expand": ("Tensor.broadcast_to", "Tensor.expand_as", "broadcast_to"),
    "Tensor.size": (
        "is_floating_point",
        "Tensor.dim",
        "Tensor.element_size",
        "Tensor.is_contiguous",
        "Tensor.is_leaf",
        "Tensor.item",
        "Tensor.itemsize",
        "Tensor.nbytes",
        "Tensor.ndim",
        "Tensor.numel",
        "Tensor.requires_grad",
        "Tensor.stride",
        "Tensor.tolist",
    ),
    "Tensor.to": (
        "Tensor.bool",
        "Tensor.byte",
        "Tensor.char",
        "Tensor.cuda",
        "Tensor.double",
        "Tensor.float",
        "Tensor.half",
        "Tensor.int",
        "Tensor.long",
        "Tensor.short",
        "Tensor.type",
        "Tensor.type_as",
    ),
    "Tensor.transpose_": ("Tensor.swapaxes_",),
    "Tensor.view": ("Tensor.reshape_as", "Tensor.view_as"),
}

_DTYPE = "a dtype: arguments and results of other cases have it"
_NUMBER = "a Python scalar"
_MODE = "a mode of the thread, which a case would leave on for the next case: tests/mytorch/test_modes.py"
_EVERY = "every run of every case uses it"
_OWN = "mytorch's own: torch does not have it"
_GRADIENT = "every case's gradients are read by it: tests/mytorch/test_autograd.py"
_SEED = "it is one generator for the whole process: tests/mytorch/test_random.py"
_DEVICE = "there is only one device: tests/mytorch/test_devices.py"
_OLD = "the deprecated name of a function, for which it warns: tests/mytorch/test_deprecated.py"
_SWITCH = "of a library that mytorch does not call: tests/mytorch/test_backends.py"
_SETTING = "of the process, which a case would leave on for the next case: tests/mytorch/test_settings.py"
_BASE = "a base class"
_CONSTRAINT = (
    "distributions check by it: the bad calls of their cases, and tests/mytorch/test_distribution_classes.py"
)

UNJUDGED: Mapping[str, str] = {
    **dict.fromkeys(("bool", "dtype", "float16", "float32", "float64"), _DTYPE),
    **dict.fromkeys(("int8", "int16", "int32", "int64", "uint8"), _DTYPE),
    **dict.fromkeys(("finfo", "iinfo"), "limits of dtypes: tests/mytorch/test_type_info.py"),
    **dict.fromkeys(("e", "inf", "nan", "pi"), _NUMBER),
    **dict.fromkeys(("enable_grad", "inference_mode", "no_grad", "set_grad_enabled"), _MODE),
    **dict.fromkeys(("is_grad_enabled", "is_inference_mode_enabled"), _MODE),
    **dict.fromkeys(
        ("get_default_dtype", "set_default_dtype", "set_default_tensor_type"),
        _MODE.replace("modes", "creation"),
    ),
    **dict.fromkeys(("from_numpy", "Tensor.numpy", "Tensor.dtype", "Tensor.shape"), _EVERY),
    **dict.fromkeys(("Tensor.backward", "Tensor.grad", "Tensor.requires_grad_"), _GRADIENT),
    **dict.fromkeys(
        ("Tensor.retain_grad", "Tensor.retains_grad", "Tensor.grad_fn", "Tensor.output_nr"), _GRADIENT
    ),
    "Tensor.detach_": _GRADIENT,
    **dict.fromkeys(("default_generator", "initial_seed", "seed"), _SEED),
    **dict.fromkeys(("device", "Tensor.device", "Tensor.is_cuda"), _DEVICE),
    **dict.fromkeys(("cuda.device_count", "cuda.empty_cache", "cuda.is_available"), _DEVICE),
    **dict.fromkeys(("cuda.manual_seed", "cuda.manual_seed_all", "cuda.seed", "cuda.seed_all"), _DEVICE),
    **dict.fromkeys(("cuda.init", "cuda.ipc_collect", "cuda.set_device", "cuda.synchronize"), _DEVICE),
    **dict.fromkeys(("cuda.current_device", "cuda.get_device_capability"), _DEVICE),
    **dict.fromkeys(("cuda.get_device_name", "cuda.get_device_properties"), _DEVICE),
    **dict.fromkeys(("cuda.is_bf16_supported", "cuda.is_initialized"), _DEVICE),
    **dict.fromkeys(("cuda.max_memory_allocated", "cuda.max_memory_reserved"), _DEVICE),
    **dict.fromkeys(("cuda.memory_allocated", "cuda.memory_reserved"), _DEVICE),
    "__version__": "mytorch's, not torch's: tests/mytorch/test_devices.py",
    **dict.fromkeys(("backends.cuda.is_built", "backends.cuda.matmul", "backends.cudnn.flags"), _SWITCH),
    **dict.fromkeys(("backends.cudnn.is_acceptable", "backends.cudnn.is_available"), _SWITCH),
    **dict.fromkeys(("backends.cudnn.version", "backends.mkl.is_available"), _SWITCH),
    **dict.fromkeys(("backends.mkldnn.is_available", "backends.openmp.is_available"), _SWITCH),
    **dict.fromkeys(("backends.mps.is_available", "backends.mps.is_built"), _SWITCH),
    **dict.fromkeys(("get_num_threads", "set_num_threads"), _SETTING),
    **dict.fromkeys(("get_float32_matmul_precision", "set_float32_matmul_precision"), _SETTING),
    **dict.fromkeys(("get_deterministic_debug_mode", "set_deterministic_debug_mode"), _SETTING),
    **dict.fromkeys(("are_deterministic_algorithms_enabled", "use_deterministic_algorithms"), _SETTING),
    "is_deterministic_algorithms_warn_only_enabled": _SETTING,
    "set_printoptions": "text, which no case compares: tests/mytorch/test_printoptions.py",
    "show_config": "text about this machine, which torch has no like of: tests/mytorch/test_numba_switch.py",
    "Size": "a tuple: every compared shape is one",
    "load": "files: tests/mytorch/test_serialization.py reads torch's and is read by it",
    "save": "files: tests/mytorch/test_serialization.py reads torch's and is read by it",
    "Tensor.data_ptr": "an address in memory",
    **dict.fromkeys(("Tensor.array", "Tensor.accumulated", "Tensor.base", "Tensor.counter"), _OWN),
    **dict.fromkeys(
        ("Tensor.hooks", "Tensor.node", "Tensor.output", "Tensor.post_hooks", "Tensor.tracked"), _OWN
    ),
    **dict.fromkeys(("autograd.GradientError", "autograd.Op", "autograd.apply"), _OWN),
    **dict.fromkeys(("autograd.apply_many", "autograd.binary"), _OWN),
    **dict.fromkeys(("models.from_lstm", "models.to_lstm"), _OWN),
    **dict.fromkeys(
        [f"autograd.{name}" for name in ("detect_anomaly", "set_detect_anomaly")]
        + ["is_anomaly_check_nan_enabled", "is_anomaly_enabled", "set_anomaly_enabled"],
        "a mode of the process, which a case would leave on for the next: tests/mytorch/test_anomaly_mode.py",
    ),
    "autograd.gradgradcheck": "it judges gradients: tests/mytorch/test_double_backward.py shows that it does",
    "autograd.gradcheck": "it judges gradients: tests/mytorch/test_gradcheck.py shows that torch's agrees",
    "nn.Module": _BASE + ": every module's case",
    "nn.RNNBase": _BASE + ": nn.RNN, nn.GRU, nn.LSTM",
    "nn.RNNCellBase": _BASE + ": nn.RNNCell, nn.GRUCell, nn.LSTMCell",
    "distributions.Distribution": _BASE + ": every distribution's case",
    "distributions.register_kl": "a table of the whole process: tests/mytorch/test_distribution_classes.py",
    **dict.fromkeys(
        [
            f"distributions.constraints.{name}"
            for name in (
                *("Constraint", "boolean", "dependent", "dependent_property", "greater_than", "independent"),
                *("integer_interval", "interval", "is_dependent", "positive", "real", "real_vector"),
                *("simplex", "unit_interval"),
            )
        ],
        _CONSTRAINT,
    ),
    "optim.Optimizer": _BASE + ": every optimiser's case",
    "optim.lr_scheduler.LRScheduler": _BASE + ": every scheduler's case",
    "utils.data.Dataset": _BASE + ": every dataset's case",
    "utils.data.Sampler": _BASE + ": every sampler's case",
    "utils.data.get_worker_info": "torch starts processes for it: tests/mytorch/test_workers.py",
    **dict.fromkeys(("nn.init.constant", "nn.init.normal", "nn.init.orthogonal", "nn.init.uniform"), _OLD),
    **dict.fromkeys(("nn.init.kaiming_normal", "nn.init.kaiming_uniform", "nn.init.xavier_normal"), _OLD),
    **dict.fromkeys(("nn.init.xavier_uniform", "nn.utils.clip_grad_norm"), _OLD),
    "nn.functional.linear": "nn.Linear calls nothing else",
    "nn.functional.relu": "mytorch.relu with `inplace`: tests/mytorch/test_activation.py",
    "nn.utils.rnn.PackedSequence": "pack_padded_sequence and the functions like it return it",
    "nn.utils.rnn.invert_permutation": "PackedSequence.unsorted_indices is made by it",
}
