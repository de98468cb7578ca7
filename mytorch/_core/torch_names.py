"""Names of torch's that mytorch lacks, by module: written by `python docs/lacking.py`."""

NAMES = {
    "mytorch": """
        AVG AcceleratorError AggregationType AliasDb AnyType Argument ArgumentSpec AwaitType BFloat16Storage
        BFloat16Tensor BenchmarkConfig BenchmarkExecutionStats Block BoolStorage BoolType BufferDict
        ByteStorage CallStack Capsule CharStorage ClassType Code CompilationUnit CompleteArgumentSpec
        ComplexDoubleStorage ComplexFloatStorage ComplexType ConcreteModuleType ConcreteModuleTypeBuilder
        DeepCopyMemoTable DeserializationStorageContext DeviceObjType DictType DisableTorchFunction
        DisableTorchFunctionSubclass DispatchKey DispatchKeySet DoubleStorage EnumType ErrorReport Event
        ExcludeDispatchKeyGuard ExecutionPlan FatalError FileCheck FloatStorage FloatType FunctionSchema
        Future FutureType GradScaler Gradient Graph GraphExecutorState HalfStorage IODescriptor InferredType
        IntStorage IntType InterfaceType JITException ListType LiteScriptModule LockingLogger LoggerBase
        LongStorage ModuleDict Node NoneType NoopLogger NumberType OperatorInfo OptionalType OutOfMemoryError
        PRIVATE_OPS ParameterDict PyObjectType PyTorchFileReader PyTorchFileWriter QInt32Storage QInt8Storage
        QUInt2x4Storage QUInt4x2Storage QUInt8Storage RRefType SUM ScriptClass ScriptClassFunction ScriptDict
        ScriptDictIterator ScriptDictKeyIterator ScriptFunction ScriptList ScriptListIterator ScriptMethod
        ScriptModule ScriptModuleSerializer ScriptObject ScriptObjectProperty SerializationStorageContext
        ShortStorage StaticModule Storage StorageBase Stream StreamObjType StringType SymBool SymBoolType
        SymFloat SymInt SymIntType TYPE_CHECKING Tag TensorType ThroughputBenchmark TracingState TupleType
        Type TypedStorage USE_GLOBAL_DEPS USE_RTLD_GLOBAL_WITH_LIBTORCH UnionType UntypedStorage Use Value
        abs_ accelerator acos acos_ acosh acosh_ adaptive_avg_pool1d adaptive_max_pool1d addbmm addmv addmv_
        addr adjoint affine_grid_generator alias_copy alpha_dropout alpha_dropout_ aminmax amp angle ao arccos
        arccos_ arccosh arccosh_ arcsin arcsin_ arcsinh arcsinh_ arctan arctan2 arctan_ arctanh arctanh_
        argwhere as_strided as_strided_ as_strided_copy as_strided_scatter asarray asin asin_ asinh asinh_
        atan atan2 atan_ atanh atanh_ atleast_1d atleast_2d atleast_3d autocast autocast_decrement_nesting
        autocast_increment_nesting avg_pool1d bartlett_window batch_norm batch_norm_backward_elemt
        batch_norm_backward_reduce batch_norm_elemt batch_norm_gather_stats
        batch_norm_gather_stats_with_counts batch_norm_stats batch_norm_update_stats bfloat16 bilinear
        binary_cross_entropy_with_logits bincount binomial bit bits16 bits1x8 bits2x4 bits4x2 bits8
        bitwise_left_shift bitwise_right_shift blackman_window block_diag broadcast_shapes broadcast_tensors
        cartesian_prod ccol_indices_copy cdist cdouble ceil_ celu celu_ cfloat chain_matmul chalf
        channel_shuffle channels_last channels_last_3d cholesky cholesky_inverse cholesky_solve
        choose_qparams_optimized clamp_ clamp_max_ clamp_min_ classproperty clear_autocast_cache clip_
        col_indices_copy column_stack combinations compile compiled_with_cxx11_abi compiler complex complex128
        complex32 complex64 cond conj conj_physical conj_physical_ constant_pad_nd contiguous_format contrib
        conv1d conv2d conv3d conv_tbc conv_transpose1d conv_transpose2d conv_transpose3d convolution copysign
        corrcoef cos_ cosh cosh_ cosine_embedding_loss cosine_similarity count_nonzero cov cpp cpu cross
        crow_indices_copy ctc_loss cudnn_affine_grid_generator cudnn_batch_norm cudnn_convolution
        cudnn_convolution_add_relu cudnn_convolution_relu cudnn_convolution_transpose cudnn_grid_sampler
        cudnn_is_acceptable cummax cummin cumulative_trapezoid deg2rad deg2rad_ dequantize det detach detach_
        detach_copy diag diag_embed diagflat diagonal_copy diagonal_scatter diff digamma dist distributed
        dropout dropout_ dsmm dsplit dstack eig embedding embedding_bag embedding_renorm_ empty_permuted
        empty_quantized empty_strided erf_ erfc erfc_ exp2 exp2_ exp_ expand_copy expm1_ export
        fake_quantize_per_channel_affine fake_quantize_per_tensor_affine fbgemm_linear_fp16_weight
        fbgemm_linear_fp16_weight_fp32_activation fbgemm_linear_int8_weight
        fbgemm_linear_int8_weight_fp32_activation fbgemm_linear_quantize_weight fbgemm_pack_gemm_matrix_fp16
        fbgemm_pack_quantized_matrix feature_alpha_dropout feature_alpha_dropout_ feature_dropout
        feature_dropout_ fft fill fill_ fix fix_ fliplr flipud float4_e2m1fn_x2 float8_e4m3fn float8_e4m3fnuz
        float8_e5m2 float8_e5m2fnuz float8_e8m0fnu float_power floor_ fmax fmin fmod fork frac frac_ frexp
        frobenius_norm from_dlpack from_file frombuffer func functional fused_moving_avg_obs_fake_quant
        futures fx gcd gcd_ geqrf ger get_autocast_cpu_dtype get_autocast_dtype get_autocast_gpu_dtype
        get_autocast_ipu_dtype get_autocast_xla_dtype get_default_device get_device get_device_module
        get_file_path get_num_interop_threads gradient greater greater_equal grid_sampler grid_sampler_2d
        grid_sampler_3d group_norm gru gru_cell hamming_window hann_window hardshrink has_lapack has_mkl
        has_openmp has_spectral hash_tensor heaviside hinge_embedding_loss histc histogram histogramdd hsmm
        hsplit hspmm hub hypot i0 i0_ igamma igammac imag import_ir_module import_ir_module_from_buffer
        index_add index_copy index_put index_put_ index_reduce indices_copy init_num_threads inner
        instance_norm int1 int2 int3 int4 int5 int6 int7 int_repr inverse is_autocast_cache_enabled
        is_autocast_cpu_enabled is_autocast_enabled is_autocast_ipu_enabled is_autocast_xla_enabled is_complex
        is_conj is_distributed is_inference is_neg is_nonzero is_same_size is_signed is_storage
        is_vulkan_available is_warn_always_enabled isin isneginf isposinf isreal istft jagged jit
        kaiser_window kl_div kron kthvalue layer_norm layout lcm lcm_ ldexp ldexp_ legacy_contiguous_format
        less less_equal lgamma library lobpcg log10 log10_ log1p_ log2 log2_ log_ logaddexp logaddexp2
        logcumsumexp logdet logit logit_ logspace lstm lstm_cell lstsq lu lu_solve lu_unpack
        margin_ranking_loss masked masked_scatter matrix_exp matrix_power matrix_rank max_pool1d
        max_pool1d_with_indices max_pool2d max_pool3d memory_format merge_type_from_type_comment meshgrid
        miopen_batch_norm miopen_convolution miopen_convolution_add_relu miopen_convolution_relu
        miopen_convolution_transpose miopen_ctc_loss miopen_depthwise_convolution miopen_rnn
        mkldnn_adaptive_avg_pool2d mkldnn_convolution mkldnn_linear_backward_weights mkldnn_max_pool2d
        mkldnn_max_pool3d mkldnn_rnn_layer mode monitor mps msort mtia multiprocessing mvlgamma nan_to_num
        nan_to_num_ nanmean nanmedian nanquantile nansum narrow_copy native_batch_norm native_channel_shuffle
        native_dropout native_group_norm native_layer_norm native_norm nativert neg_ negative_ nested newaxis
        nextafter nonzero_static norm_except_dim not_equal nuclear_norm numa numel onnx orgqr ormqr overrides
        package pairwise_distance parse_ir parse_schema parse_type_comment pca_lowrank pdist
        per_channel_affine per_channel_affine_float_qparams per_channel_symmetric per_tensor_affine
        per_tensor_symmetric permute_copy pinverse pixel_shuffle pixel_unshuffle poisson poisson_nll_loss
        polar polygamma positive prelu prepare_multiprocessing_environment preserve_format profiler
        profiler_allow_cudagraph_cupti_lazy_reinit_cuda12 put q_per_channel_axis q_per_channel_scales
        q_per_channel_zero_points q_scale q_zero_point qint32 qint8 qr qscheme quantile quantization
        quantize_per_channel quantize_per_tensor quantize_per_tensor_dynamic quantized_batch_norm
        quantized_gru quantized_gru_cell quantized_lstm quantized_lstm_cell quantized_max_pool1d
        quantized_max_pool2d quantized_max_pool3d quantized_rnn_relu_cell quantized_rnn_tanh_cell quasirandom
        quint2x4 quint4x2 quint8 rad2deg rad2deg_ randint_like range real reciprocal_ relu_ renorm resize_as_
        resize_as_sparse_ resolve_conj resolve_neg return_types rms_norm rnn_relu rnn_relu_cell rnn_tanh
        rnn_tanh_cell rot90 round_ row_indices_copy row_stack rrelu rrelu_ rsqrt_ saddmm scalar_tensor
        scatter_reduce segment_reduce select select_copy select_scatter selu selu_ set_autocast_cache_enabled
        set_autocast_cpu_dtype set_autocast_cpu_enabled set_autocast_dtype set_autocast_enabled
        set_autocast_gpu_dtype set_autocast_ipu_dtype set_autocast_ipu_enabled set_autocast_xla_dtype
        set_autocast_xla_enabled set_default_device set_flush_denormal set_num_interop_threads set_warn_always
        sgn sigmoid_ signal signbit sin_ sinc sinc_ sinh sinh_ slice_copy slice_inverse slice_scatter slogdet
        smm solve sparse sparse_bsc sparse_bsc_tensor sparse_bsr sparse_bsr_tensor sparse_compressed_tensor
        sparse_coo sparse_coo_tensor sparse_csc sparse_csc_tensor sparse_csr sparse_csr_tensor special
        split_copy split_with_sizes split_with_sizes_copy spmm sqrt_ square_ squeeze_copy sspaddmm std_mean
        stft storage strided svd svd_lowrank sym_constrain_range sym_constrain_range_for_size sym_float
        sym_fresh_size sym_int sym_ite sym_max sym_min sym_not sym_sqrt sym_sum symeig t_copy take
        take_along_dim tan tan_ tanh_ tensor_split tensordot testing thread_safe_generator threshold
        threshold_ tile to_dlpack torch_version trace transpose_copy trapezoid trapz triangular_solve
        tril_indices triplet_margin_loss triu_indices true_divide trunc_ typename types uint1 uint16 uint2
        uint3 uint32 uint4 uint5 uint6 uint64 uint7 unbind_copy unfold_copy unify_type_list unique_consecutive
        unravel_index unsafe_chunk unsafe_split unsafe_split_with_sizes unsqueeze_copy values_copy vander
        var_mean vdot view_as_complex view_as_complex_copy view_as_real view_as_real_copy view_copy vmap
        vsplit wait while_loop xlogy xlogy_ xpu zero_
        """,
    "mytorch.autograd": """
        NestedIOFunction enforce_grad_layout_policy forward_ad functional profiler profiler_legacy
        profiler_util set_multithreading_enabled
        """,
    "mytorch.backends": """
        cpu cusparselt kleidiai mha miopen nnpack opt_einsum python_native quantized xeon xnnpack
        """,
    "mytorch.cuda": """
        BFloat16Storage BFloat16Tensor BoolStorage BoolTensor ByteStorage ByteTensor CUDAGraph
        CUDAPluggableAllocator CharStorage CharTensor ComplexDoubleStorage ComplexFloatStorage CudaError
        DeferredCudaCallError DoubleStorage DoubleTensor Event ExternalStream FloatStorage FloatTensor
        GreenContext HalfStorage HalfTensor IntStorage IntTensor LongStorage LongTensor MemPool ShortStorage
        ShortTensor Stream StreamContext amp caching_allocator_alloc caching_allocator_delete
        caching_allocator_disabled caching_allocator_enable can_device_access_peer change_current_allocator
        check_error clock_rate comm cudaStatus cudart current_blas_handle current_solver_handle current_stream
        default_generators default_stream device device_memory_used device_of gds get_allocator_backend
        get_arch_list get_gencode_flags get_per_process_memory_fraction get_rng_state get_rng_state_all
        get_stream_from_external get_sync_debug_mode graph graph_pool_handle graphs green_contexts has_half
        has_magma host_memory_stats host_memory_stats_as_nested_dict initial_seed is_current_stream_capturing
        is_tf32_supported jiterator list_gpu_processes make_graphed_callables max_memory_cached mem_get_info
        memory memory_cached memory_snapshot memory_stats memory_stats_as_nested_dict memory_summary
        memory_usage nccl nvtx power_draw profiler random reset_accumulated_host_memory_stats
        reset_accumulated_memory_stats reset_max_memory_allocated reset_max_memory_cached
        reset_peak_host_memory_stats reset_peak_memory_stats set_per_process_memory_fraction set_rng_state
        set_rng_state_all set_stream set_sync_debug_mode sparse stream streams temperature tunable
        use_mem_pool utilization
        """,
    "mytorch.distributions": """
        AbsTransform AffineTransform Beta Binomial CatTransform Cauchy Chi2 ComposeTransform
        ContinuousBernoulli CorrCholeskyTransform CumulativeDistributionTransform Dirichlet ExpTransform
        Exponential ExponentialFamily FisherSnedecor Gamma GeneralizedPareto Geometric Gumbel HalfCauchy
        HalfNormal IndependentTransform InverseGamma Kumaraswamy LKJCholesky Laplace LogNormal LogisticNormal
        LowRankMultivariateNormal LowerCholeskyTransform MixtureSameFamily Multinomial NegativeBinomial
        OneHotCategorical OneHotCategoricalStraightThrough Pareto Poisson PositiveDefiniteTransform
        PowerTransform RelaxedBernoulli RelaxedOneHotCategorical ReshapeTransform SigmoidTransform
        SoftmaxTransform SoftplusTransform StackTransform StickBreakingTransform StudentT TanhTransform
        Transform TransformedDistribution Uniform VonMises Weibull Wishart beta biject_to binomial cauchy chi2
        constraint_registry continuous_bernoulli dirichlet exp_family exponential fishersnedecor gamma
        generalized_pareto geometric gumbel half_cauchy half_normal identity_transform inverse_gamma
        kumaraswamy laplace lkj_cholesky log_normal logistic_normal lowrank_multivariate_normal
        mixture_same_family multinomial negative_binomial one_hot_categorical pareto poisson relaxed_bernoulli
        relaxed_categorical studentT transform_to transformed_distribution transforms uniform utils von_mises
        weibull wishart
        """,
    "mytorch.linalg": """
        cholesky_ex common_notes cond cross det diagonal eig eigh eigvals eigvalsh householder_product inv
        inv_ex ldl_factor ldl_factor_ex ldl_solve lstsq lu lu_factor lu_factor_ex lu_solve matmul matrix_exp
        matrix_norm matrix_power matrix_rank multi_dot norm pinv qr slogdet solve solve_ex svd svdvals
        tensorinv tensorsolve vander vecdot vector_norm
        """,
    "mytorch.nn": """
        AdaptiveAvgPool3d AdaptiveLogSoftmaxWithLoss AdaptiveMaxPool1d AdaptiveMaxPool2d AdaptiveMaxPool3d
        AlphaDropout AvgPool3d BatchNorm3d Bilinear Buffer CELU ChannelShuffle CircularPad1d CircularPad2d
        CircularPad3d ConstantPad1d ConstantPad2d ConstantPad3d Container Conv3d ConvTranspose1d
        ConvTranspose2d ConvTranspose3d CosineEmbeddingLoss CosineSimilarity CrossMapLRN2d DataParallel
        Dropout3d EmbeddingBag FeatureAlphaDropout Fold FractionalMaxPool2d FractionalMaxPool3d GLU
        GaussianNLLLoss Hardshrink Hardsigmoid Hardswish HingeEmbeddingLoss InstanceNorm1d InstanceNorm2d
        InstanceNorm3d LPPool1d LPPool2d LPPool3d LazyBatchNorm1d LazyBatchNorm2d LazyBatchNorm3d LazyConv1d
        LazyConv2d LazyConv3d LazyConvTranspose1d LazyConvTranspose2d LazyConvTranspose3d LazyInstanceNorm1d
        LazyInstanceNorm2d LazyInstanceNorm3d LazyLinear LinearCrossEntropyLoss LinearCrossEntropyOptions
        LocalResponseNorm MarginRankingLoss MaxPool3d MaxUnpool1d MaxUnpool2d MaxUnpool3d Mish
        MultiLabelMarginLoss MultiLabelSoftMarginLoss MultiMarginLoss MultiheadAttention NLLLoss2d PReLU
        PairwiseDistance PixelShuffle PixelUnshuffle PoissonNLLLoss RMSNorm RReLU ReLU6 ReflectionPad1d
        ReflectionPad2d ReflectionPad3d ReplicationPad1d ReplicationPad2d ReplicationPad3d SELU SoftMarginLoss
        Softmax2d Softmin Softshrink Softsign SyncBatchNorm Tanhshrink Threshold Transformer
        TransformerDecoder TransformerDecoderLayer TransformerEncoder TransformerEncoderLayer
        TripletMarginLoss TripletMarginWithDistanceLoss Unflatten Unfold UninitializedBuffer
        UninitializedParameter Upsample UpsamplingBilinear2d UpsamplingNearest2d ZeroPad1d ZeroPad2d ZeroPad3d
        attention backends common_types cpp factory_kwargs grad intrinsic parallel qat quantizable quantized
        """,
    "mytorch.nn.functional": """
        BroadcastingList1 BroadcastingList2 BroadcastingList3 GRID_SAMPLE_INTERPOLATION_MODES
        GRID_SAMPLE_PADDING_MODES ScalingType SwizzleType Tensor adaptive_avg_pool3d adaptive_max_pool1d
        adaptive_max_pool1d_with_indices adaptive_max_pool2d adaptive_max_pool2d_with_indices
        adaptive_max_pool3d adaptive_max_pool3d_with_indices affine_grid alpha_dropout assert_int_or_pair
        avg_pool3d bilinear boolean_dispatch celu celu_ channel_shuffle conv3d conv_tbc conv_transpose1d
        conv_transpose2d conv_transpose3d cosine_embedding_loss cosine_similarity dropout3d elu_ embedding_bag
        feature_alpha_dropout fold fractional_max_pool2d fractional_max_pool2d_with_indices
        fractional_max_pool3d fractional_max_pool3d_with_indices gaussian_nll_loss glu grid_sample grouped_mm
        gumbel_softmax handle_torch_function hardshrink hardsigmoid hardswish hardtanh_ has_torch_function
        has_torch_function_unary has_torch_function_variadic hinge_embedding_loss instance_norm interpolate
        leaky_relu_ linear_cross_entropy local_response_norm lp_pool1d lp_pool2d lp_pool3d margin_ranking_loss
        max_pool1d_with_indices max_pool2d_with_indices max_pool3d max_pool3d_with_indices max_unpool1d
        max_unpool2d max_unpool3d mish multi_head_attention_forward multi_margin_loss multilabel_margin_loss
        multilabel_soft_margin_loss native_channel_shuffle normalize pad pairwise_distance pdist pixel_shuffle
        pixel_unshuffle poisson_nll_loss prelu relu6 relu_ reproducibility_notes rms_norm rrelu rrelu_
        scaled_grouped_mm scaled_mm selu selu_ soft_margin_loss softmin softshrink softsign
        sparse_support_notes tanhshrink tf32_notes threshold threshold_ triplet_margin_loss
        triplet_margin_with_distance_loss unfold upsample upsample_bilinear upsample_nearest
        """,
    "mytorch.nn.init": """
        dirac dirac_ eye eye_ sparse sparse_ trunc_normal_
        """,
    "mytorch.nn.modules": """
        AdaptiveAvgPool3d AdaptiveLogSoftmaxWithLoss AdaptiveMaxPool1d AdaptiveMaxPool2d AdaptiveMaxPool3d
        AlphaDropout AvgPool3d BatchNorm3d Bilinear CELU ChannelShuffle CircularPad1d CircularPad2d
        CircularPad3d ConstantPad1d ConstantPad2d ConstantPad3d Container Conv3d ConvTranspose1d
        ConvTranspose2d ConvTranspose3d CosineEmbeddingLoss CosineSimilarity CrossMapLRN2d Dropout3d
        EmbeddingBag FeatureAlphaDropout Fold FractionalMaxPool2d FractionalMaxPool3d GLU GaussianNLLLoss
        Hardshrink Hardsigmoid Hardswish HingeEmbeddingLoss InstanceNorm1d InstanceNorm2d InstanceNorm3d
        LPPool1d LPPool2d LPPool3d LazyBatchNorm1d LazyBatchNorm2d LazyBatchNorm3d LazyConv1d LazyConv2d
        LazyConv3d LazyConvTranspose1d LazyConvTranspose2d LazyConvTranspose3d LazyInstanceNorm1d
        LazyInstanceNorm2d LazyInstanceNorm3d LazyLinear LinearCrossEntropyLoss LinearCrossEntropyOptions
        LocalResponseNorm MarginRankingLoss MaxPool3d MaxUnpool1d MaxUnpool2d MaxUnpool3d Mish
        MultiLabelMarginLoss MultiLabelSoftMarginLoss MultiMarginLoss MultiheadAttention NLLLoss2d PReLU
        PairwiseDistance PixelShuffle PixelUnshuffle PoissonNLLLoss RMSNorm RReLU ReLU6 ReflectionPad1d
        ReflectionPad2d ReflectionPad3d ReplicationPad1d ReplicationPad2d ReplicationPad3d SELU SoftMarginLoss
        Softmax2d Softmin Softshrink Softsign SyncBatchNorm Tanhshrink Threshold Transformer
        TransformerDecoder TransformerDecoderLayer TransformerEncoder TransformerEncoderLayer
        TripletMarginLoss TripletMarginWithDistanceLoss Unflatten Unfold Upsample UpsamplingBilinear2d
        UpsamplingNearest2d ZeroPad1d ZeroPad2d ZeroPad3d adaptive channelshuffle distance fold instancenorm
        lazy linear_cross_entropy linear_cross_entropy_options padding pixelshuffle transformer upsampling
        utils
        """,
    "mytorch.nn.utils": """
        clip_grads_with_norm_ convert_conv2d_weight_memory_format convert_conv3d_weight_memory_format
        fuse_conv_bn_eval fuse_conv_bn_weights fuse_linear_bn_eval fuse_linear_bn_weights fusion init
        memory_format parametrizations parametrize prune remove_spectral_norm remove_weight_norm skip_init
        spectral_norm stateless weight_norm
        """,
    "mytorch.optim": """
        ASGD Adafactor Adamax Muon Rprop SparseAdam adamax asgd rprop sparse_adam swa_utils
        swap_in_optimizer_params_and_state
        """,
    "mytorch.optim.lr_scheduler": """
        ChainedScheduler CyclicLR MultiplicativeLR
        """,
    "mytorch.utils": """
        ThroughputBenchmark backcompat backend_registration benchmark bundled_inputs checkpoint
        cmake_prefix_path collect_env cpp_backtrace cpp_extension debug_log deterministic dlpack file_baton
        flop_counter generate_methods_for_privateuse1_backend get_cpp_backtrace hipify hooks jit mkldnn
        mobile_optimizer model_dump model_zoo module_tracker rename_privateuse1_backend serialization
        set_module show_pickle swap_tensors tensorboard throughput_benchmark viz weak
        """,
    "mytorch.utils.data": """
        ChainDataset DFIterDataPipe DataChunk DistributedSampler IterDataPipe MapDataPipe StackDataset
        argument_validation backward_compatibility datapipes default_convert distributed functional_datapipe
        graph graph_settings guaranteed_datapipes_determinism non_deterministic runtime_validation
        runtime_validation_disabled
        """,
}
