"""Faults of optimisers. Each is torch's algorithm, written out, with one step changed."""

from __future__ import annotations

from conformance.faults._minimisers import lbfgs
from conformance.faults._optimisers import RULES, written_out
from conformance.faults._rewriting import in_place_of, setting
from conformance.faults.fault import Fault


def _fault(optimiser: str, wrong: str, story: str) -> Fault:
    around = in_place_of((f"optim.{optimiser}",), written_out(RULES[optimiser], wrong))
    return Fault(f"{optimiser.lower()}-{wrong}", "optim", (f"optim.{optimiser}",), story, around=around)


_BOTH = {
    "weight-decay-ignored": "ignores weight decay",
    "weight-decay-decoupled": "decays the weights apart from the gradient, as AdamW does, not through it",
    "maximize-ignored": "descends instead of ascending",
    "never-zeroed": "accumulates the gradients of earlier steps: they are stale",
}
_SGD = {
    "momentum-from-zero": "damps the first step too, where torch's first momentum is the gradient itself",
    "dampening-ignored": "ignores the dampening",
    "nesterov-ignored": "uses the plain momentum instead of Nesterov's",
}
_ADAM = {
    "no-bias-correction": "corrects neither moment",
    "no-first-correction": "corrects the second moment only",
    "no-second-correction": "corrects the first moment only",
    "eps-inside": "adds epsilon inside the root, as TensorFlow's 'epsilon hat' does nearly",
    "betas-swapped": "takes the betas in the wrong order",
    "step-late": "counts the first step as zero",
    "amsgrad-ignored": "ignores amsgrad",
}

_ADAMW = {
    "weight-decay-ignored": "ignores weight decay",
    "weight-decay-through-the-gradient": "decays through the gradient, as Adam does",
    "weight-decay-without-rate": "does not multiply the decay by the learning rate",
    "maximize-ignored": "descends instead of ascending",
    **_ADAM,
}
_RMSPROP = {
    "eps-inside": "adds epsilon inside the root, as TensorFlow did",
    "squares-from-one": "starts the mean of squares at one, as TensorFlow 1 did",
    "alpha-reversed": "exchanges alpha and 1 - alpha",
    "bias-corrected": "corrects the mean of squares as Adam does",
    "centered-ignored": "does not subtract the squared mean",
    "momentum-ignored": "ignores momentum",
    "momentum-of-gradients": "divides the momentum of the gradients, not the gradients",
}
_ADAGRAD = {
    "lr-decay-from-one": "lets the rate decay before the first step already",
    "lr-decay-ignored": "ignores lr_decay",
    "eps-inside": "adds epsilon inside the root",
}
_ADADELTA = {
    "eps-outside": "adds epsilon after the roots, as RMSprop does",
    "changes-first": "takes the running mean of the changes with this change already in it",
    "lr-ignored": "ignores the rate, which the paper does not have",
}
_DECAYING = {
    "weight-decay-ignored": "ignores weight decay",
    "always-coupled": "ignores decoupled_weight_decay",
    "always-decoupled": "decays the weights apart from the gradient, also where it should not",
    "maximize-ignored": "descends instead of ascending",
    "eps-inside": "adds epsilon inside the root",
}
_NADAM = {
    "momentum-decay-ignored": "ignores momentum_decay",
    "not-ahead": "uses the momentum of this step instead of the next one's",
    "product-not-ahead": "corrects the momentum ahead with the product up to this step",
}
_RADAM = {
    "adaptive-from-four": "is adaptive from a length of 4 on, as the paper says, where torch waits for 5",
    "not-rectified": "does not multiply by r",
    "waits-with-nothing": "does not step until the length is enough, as other versions of it do",
    "eps-after-correction": "adds epsilon to the corrected root, as Adam does",
}
_OF_LBFGS = ("optim.LBFGS",)
_LBFGS = {
    "first-step-unscaled": "takes the first step with the whole rate, for any size of the gradient",
    "newest-forgotten": "forgets the newest change, not the oldest, when its memory is full",
    "oldest-first": "goes through its memory in the wrong order",
    "unscaled": "starts the recursion from the identity",
    "evaluates-last": "calls the closure once more after the last iteration",
}

FAULTS = (
    *(_fault("SGD", wrong, story) for wrong, story in (_BOTH | _SGD).items()),
    *(_fault("Adam", wrong, story) for wrong, story in (_BOTH | _ADAM).items()),
    *(_fault("AdamW", wrong, story) for wrong, story in _ADAMW.items()),
    *(_fault("RMSprop", wrong, story) for wrong, story in (_BOTH | _RMSPROP).items()),
    *(_fault("Adagrad", wrong, story) for wrong, story in (_BOTH | _ADAGRAD).items()),
    *(_fault("Adadelta", wrong, story) for wrong, story in (_BOTH | _ADADELTA).items()),
    *(_fault("NAdam", wrong, story) for wrong, story in (_DECAYING | _NADAM).items()),
    *(_fault("RAdam", wrong, story) for wrong, story in (_DECAYING | _RADAM).items()),
    *(
        Fault(
            f"lbfgs-{wrong}",
            "optim",
            ("optim.LBFGS",),
            story,
            around=in_place_of(("optim.LBFGS",), lbfgs(wrong)),
        )
        for wrong, story in _LBFGS.items()
    ),
    Fault(
        "lbfgs-never-searches",
        "optim",
        _OF_LBFGS,
        "ignores line_search_fn",
        around=setting("line_search_fn", lambda _: "none"),
    ),
    Fault(
        "adagrad-initial-value-ignored",
        "optim",
        ("optim.Adagrad",),
        "starts the sum of squares at zero",
        around=setting("initial_accumulator_value", lambda _: 0.0),
    ),
)
