"""Methods of torch's tensors that mytorch's lack: written by `python docs/lacking.py`."""

METHODS = """
    absolute_ acos acos_ acosh acosh_ addbmm addbmm_ addmm_ addmv addmv_ addr addr_ adjoint aminmax angle
    apply_ arccos arccos_ arccosh arccosh_ arcsin arcsin_ arcsinh arcsinh_ arctan arctan2 arctan2_ arctan_
    arctanh arctanh_ argwhere as_strided as_strided_ as_strided_scatter as_subclass asin asin_ asinh asinh_
    atan atan2 atan2_ atan_ atanh atanh_ baddbmm_ bfloat16 bincount bitwise_and_ bitwise_left_shift
    bitwise_left_shift_ bitwise_not_ bitwise_or_ bitwise_right_shift bitwise_right_shift_ bitwise_xor_ cauchy_
    ccol_indices cdouble cfloat chalf cholesky cholesky_inverse cholesky_solve coalesce col_indices conj
    conj_physical conj_physical_ const_data_ptr copysign copysign_ corrcoef cosh cosh_ count_nonzero cov cross
    crow_indices cummax cummin cumsum_ deg2rad deg2rad_ dense_dim dequantize det diag diag_embed diagflat
    diagonal_scatter diff digamma digamma_ dim_order dist dsplit eig eq_ erf_ erfc erfc_ erfinv_ exp2 exp2_
    exponential_ fill_diagonal_ fix fix_ fliplr flipud float_power float_power_ fmax fmin fmod fmod_ frac
    frac_ frexp gcd gcd_ ge_ geometric_ geqrf ger get_device greater greater_ greater_equal greater_equal_ gt_
    hardshrink hash_tensor heaviside heaviside_ histc histogram hsplit hypot hypot_ i0 i0_ igamma igamma_
    igammac igammac_ index index_add index_add_ index_copy index_copy_ index_put index_put_ index_reduce
    index_reduce_ indices inner int_repr inverse ipu is_coalesced is_complex is_conj is_distributed
    is_inference is_neg is_nonzero is_pinned is_same_size is_set_to is_shared is_signed isneginf isposinf
    isreal istft kron kthvalue lcm lcm_ ldexp ldexp_ le_ less less_ less_equal less_equal_ lgamma lgamma_
    log10 log10_ log2 log2_ log_normal_ logaddexp logaddexp2 logcumsumexp logdet logical_and_ logical_not_
    logical_or_ logical_xor_ logit logit_ lstsq lt_ lu lu_solve map2_ map_ masked_scatter masked_scatter_
    matrix_exp matrix_power mode module_load msort mtia mvlgamma mvlgamma_ nan_to_num nan_to_num_ nanmean
    nanmedian nanquantile nansum narrow_copy ne_ negative_ new_empty_strided nextafter nextafter_
    nonzero_static not_equal not_equal_ orgqr ormqr pin_memory pinverse polygamma polygamma_ positive prelu
    put put_ q_per_channel_axis q_per_channel_scales q_per_channel_zero_points q_scale q_zero_point qr qscheme
    quantile rad2deg rad2deg_ random_ record_stream reinforce renorm renorm_ resize resize_ resize_as
    resize_as_ resize_as_sparse_ resolve_conj resolve_neg rot90 row_indices scatter_reduce scatter_reduce_
    select select_scatter set_ sgn sgn_ share_memory_ signbit sinc sinc_ sinh sinh_ slice_inverse
    slice_scatter slogdet smm solve sparse_dim sparse_mask sparse_resize_ sparse_resize_and_clear_
    split_with_sizes sspaddmm stft storage storage_offset storage_type sum_to_size svd symeig take
    take_along_dim tan tan_ tensor_split tile to_dense to_mkldnn to_padded_tensor to_sparse to_sparse_bsc
    to_sparse_bsr to_sparse_coo to_sparse_csc to_sparse_csr trace triangular_solve true_divide true_divide_
    unfold unique_consecutive unsafe_chunk unsafe_split unsafe_split_with_sizes untyped_storage values vdot
    vsplit xlogy xlogy_ xpu
    """
