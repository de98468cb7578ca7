"""Module, the base class of everything that has parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch._core.dtypes import float16, float32, float64
from mytorch._core.hooks import register
from mytorch.autograd import no_grad
from mytorch.creation.filled import empty
from mytorch.nn.modules._hooks import Hooks
from mytorch.nn.modules._state import Stateful

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Self

    from mytorch._core.dtypes import dtype as DType
    from mytorch._core.hooks import RemovableHandle
    from mytorch._tensor import Tensor


def indent(text: str) -> str:
    """Indent every line of `text` by two spaces but the first, which follows a name."""
    first, *rest = text.split("\n")
    return "\n".join([first, *(f"  {line}" if line else line for line in rest)])


def _forward_unimplemented(self: Module, *args: Any) -> Any:
    raise NotImplementedError(f'Module [{type(self).__name__}] is missing the required "forward" function')


class Module(Stateful):
    """Base class of layers and models.

    A subclass calls `super().__init__()`, assigns parameters and child modules as attributes, and defines
    `forward`; calling the module runs it.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html

    Examples:
        >>> class Twice(nn.Module):
        ...     def forward(self, x):
        ...         return 2 * x
        >>> Twice()(mytorch.ones(2))
        tensor([2., 2.])
    """

    # Made when the first hook is registered, so that a module without hooks spends one comparison on them.
    _hooks: Hooks | None = None

    # An attribute instead of a method, so that the forward of a subclass may have any signature.
    forward: Callable[..., Any] = _forward_unimplemented

    def __init__(self) -> None:
        tables = self.__dict__  # written to directly: __setattr__ needs the tables to exist
        tables["training"] = True
        tables["_parameters"] = {}
        tables["_buffers"] = {}
        tables["_non_persistent_buffers_set"] = set()
        tables["_modules"] = {}

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run `forward` on the arguments, with the hooks around it, and return its result."""
        hooks = self._hooks
        return self.forward(*args, **kwargs) if hooks is None else hooks.call(self, args, kwargs)

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Have `hook(module, args)` called before every forward.

        Args:
            hook: may return other arguments: one, or a tuple of all of them.
            prepend: whether it is called before the present hooks.
            with_kwargs: whether it is called as `hook(module, args, kwargs)` and returns both or None.

        Returns:
            The handle that removes the hook.
        """
        hooks = self._own_hooks()
        handle = register(hooks.before, hook, prepend=prepend)
        if with_kwargs:
            hooks.with_kwargs.add(handle.id)
        return handle

    def register_forward_hook(
        self,
        hook: Callable[..., Any],
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:
        """Have `hook(module, args, output)` called after every forward.

        Args:
            hook: may return another output.
            prepend: whether it is called before the present hooks.
            with_kwargs: whether it is called as `hook(module, args, kwargs, output)`.
            always_call: whether it is called even if forward raises; the output is None then.

        Returns:
            The handle that removes the hook.
        """
        hooks = self._own_hooks()
        handle = register(hooks.after, hook, prepend=prepend)
        if with_kwargs:
            hooks.with_kwargs.add(handle.id)
        if always_call:
            hooks.always.add(handle.id)
        return handle

    def register_full_backward_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Have `hook(module, grad_output)` called when the gradients of the outputs are known.

        Args:
            hook: may return other gradients of the outputs.
            prepend: whether it is called before the present hooks.

        Returns:
            The handle that removes the hook.
        """
        return register(self._own_hooks().backward_before, hook, prepend=prepend)

    def register_full_backward_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Have `hook(module, grad_input, grad_output)` called when the gradients of the inputs are known.

        Args:
            hook: may return other gradients of the inputs. Both tuples hold one entry for each positional
                argument and each output, None where there is no gradient.
            prepend: whether it is called before the present hooks.

        Returns:
            The handle that removes the hook.
        """
        return register(self._own_hooks().backward, hook, prepend=prepend)

    def _own_hooks(self) -> Hooks:
        if self._hooks is None:
            self._hooks = Hooks()
        return self._hooks

    def apply(self, fn: Callable[[Module], object]) -> Self:
        """Call `fn` on every module below this one, then on this one.

        Args:
            fn: takes a module; its result is ignored.

        Returns:
            This module.
        """
        for child in self.children():
            child.apply(fn)
        fn(self)
        return self

    def train(self, mode: bool = True) -> Self:
        """Put this module and all below it into training (or, with False, evaluation) mode.

        Raises:
            ValueError: `mode` is not a bool.
        """
        if not isinstance(mode, bool):
            raise ValueError(  # noqa: TRY004 - torch's class
                f"training mode is expected to be boolean, got {mode!r}"
            )
        self.training = mode
        for child in self.children():
            child.train(mode)
        return self

    def eval(self) -> Self:
        """Put this module and all below it into evaluation mode."""
        return self.train(mode=False)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Set whether operations on the parameters of this module and all below it are recorded."""
        for param in self.parameters():
            param.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters.

        Args:
            set_to_none: whether `grad` becomes None; otherwise its elements become zero.
        """
        for param in self.parameters():
            if set_to_none:
                param.grad = None
            elif param.grad is not None:
                # The same tensor stays: others may hold it.
                if param.grad.node is not None:
                    param.grad.detach_()
                else:
                    param.grad.requires_grad_(False)
                param.grad.zero_()

    def _apply(self, fn: Callable[[Tensor], Tensor]) -> Self:
        """Replace every parameter's data, its gradient, and every buffer by the result of `fn` on it."""
        for child in self.children():
            child._apply(fn)  # noqa: SLF001 - this method, of another Module
        with no_grad():
            for param in self._parameters.values():
                if param is not None:
                    # The objects stay, because optimizers and others refer to them.
                    param.data = fn(param.data)
                    if param.grad is not None:
                        param.grad.data = fn(param.grad.data)
            for name, buffer in self._buffers.items():
                if buffer is not None:
                    self._buffers[name] = fn(buffer)
        return self

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """Convert the floating parameters and buffers, in place.

        Args:
            *args: (dtype), (device, dtype) or (tensor), as in Tensor.to; the device can only be "cpu".
            **kwargs: the same by name.

        Returns:
            This module.

        Raises:
            TypeError: the dtype is not floating, or the arguments have another form.
            RuntimeError: another device.
        """
        # Tensor.to of an empty tensor checks the arguments, also for a module without tensors.
        target = empty(0, dtype=float64).to(*args, **kwargs).dtype
        if not target.is_floating_point:
            raise TypeError(
                f"nn.Module.to only accepts floating point or complex dtypes, but got desired dtype={target}"
            )
        return self._apply(lambda t: t.to(*args, **kwargs) if t.is_floating_point() else t)

    def type(self, dst_type: DType | str | type) -> Self:
        """Convert all parameters and buffers, integer ones too, to `dst_type`, in place.

        Args:
            dst_type: as for `Tensor.type`.

        Raises:
            RuntimeError: a parameter that requires gradients would lose its floating dtype.
            TypeError: `dst_type` is none of these.
            ValueError: there is no such type.
        """
        if dst_type is None:
            raise TypeError("type(): argument 'dst_type' must be a type, str, or dtype object, not NoneType")
        target = empty(0).type(dst_type).dtype
        if not target.is_floating_point and any(p.requires_grad for p in self.parameters()):
            raise RuntimeError(
                "data set to a tensor that requires gradients must be floating point or complex dtype, "
                f"got {target}"
            )
        return self._apply(lambda t: t.to(target))

    def float(self) -> Self:
        """Convert the floating parameters and buffers to float32, in place."""
        return self.to(float32)

    def double(self) -> Self:
        """Convert the floating parameters and buffers to float64, in place."""
        return self.to(float64)

    def half(self) -> Self:
        """Convert the floating parameters and buffers to float16, in place."""
        return self.to(float16)

    def cpu(self) -> Self:
        """Return this module, whose tensors are always on the CPU."""
        return self._apply(lambda t: t.cpu())

    def cuda(self, device: object = None) -> Self:
        """Return this module if it has no tensors, and otherwise raise what `Tensor.cuda` raises.

        Args:
            device: the GPU; the first if not given.

        Raises:
            AssertionError: there is no GPU; the message says what to write instead.
            RuntimeError: the device is not a GPU, or a number.
        """
        return self._apply(lambda t: t.cuda(device))

    def extra_repr(self) -> str:
        """Return the text between the parentheses of the repr, before the children, one item per line."""
        return ""

    def __repr__(self) -> str:
        extra = self.extra_repr()
        children = [f"({name}): {indent(repr(child))}" for name, child in self._modules.items()]
        if not children and "\n" not in extra:
            return f"{type(self).__name__}({extra})"
        body = "\n  ".join([*(extra.split("\n") if extra else []), *children])
        return f"{type(self).__name__}(\n  {body}\n)"
