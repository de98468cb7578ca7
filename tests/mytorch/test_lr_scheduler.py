"""Schedules give torch's learning rates, keep torch's state and refuse what torch refuses."""

from __future__ import annotations

import copy

import pytest
import torch

import mytorch


class Halving:
    """A callable object, whose attributes are state."""

    def __init__(self, base=2.0):
        self.base = base

    def __call__(self, epoch):
        return self.base**-epoch


SCHEDULES = {
    "LambdaLR": [
        lambda s, o: s.LambdaLR(o, lambda epoch: 0.9**epoch),
        lambda s, o: s.LambdaLR(o, [Halving(), abs]),
    ],
    "StepLR": [lambda s, o: s.StepLR(o, 3), lambda s, o: s.StepLR(o, 1, 0.7)],
    "MultiStepLR": [
        lambda s, o: s.MultiStepLR(o, [2, 5, 5, 7]),
        lambda s, o: s.MultiStepLR(o, [1], gamma=0.5),
    ],
    "ExponentialLR": [lambda s, o: s.ExponentialLR(o, 0.8)],
    "CosineAnnealingLR": [
        lambda s, o: s.CosineAnnealingLR(o, 4),
        lambda s, o: s.CosineAnnealingLR(o, 5, eta_min=0.01),
        lambda s, o: s.CosineAnnealingLR(o, 1),
    ],
    "ConstantLR": [lambda s, o: s.ConstantLR(o), lambda s, o: s.ConstantLR(o, 0.25, total_iters=3)],
    "LinearLR": [lambda s, o: s.LinearLR(o), lambda s, o: s.LinearLR(o, 0.25, 0.5, total_iters=9)],
    "PolynomialLR": [lambda s, o: s.PolynomialLR(o), lambda s, o: s.PolynomialLR(o, 20, power=1.5)],
    "CosineAnnealingWarmRestarts": [
        lambda s, o: s.CosineAnnealingWarmRestarts(o, 4),
        lambda s, o: s.CosineAnnealingWarmRestarts(o, 2, T_mult=2, eta_min=0.01),
    ],
    "OneCycleLR": [
        lambda s, o: s.OneCycleLR(o, [0.5, 0.25], total_steps=20),
        lambda s, o: s.OneCycleLR(o, 0.5, epochs=4, steps_per_epoch=6, anneal_strategy="linear"),
        lambda s, o: s.OneCycleLR(o, 0.5, 20, pct_start=0.2, three_phase=True, cycle_momentum=False),
    ],
    "SequentialLR": [
        lambda s, o: s.SequentialLR(o, [s.LinearLR(o, 0.25, total_iters=4), s.ExponentialLR(o, 0.5)], [4]),
        lambda s, o: s.SequentialLR(
            o, [s.ConstantLR(o), s.CosineAnnealingLR(o, 4), s.PolynomialLR(o, 3)], [2, 7]
        ),
    ],
}
RUNS = [
    pytest.param(make, id=f"{name} {i}") for name, each in SCHEDULES.items() for i, make in enumerate(each)
]


def optimizer(t, lr=0.1):
    params = [t.nn.Parameter(t.ones(2)) for _ in range(2)]
    return t.optim.SGD([{"params": params[0]}, {"params": params[1], "lr": lr / 4}], lr=lr)


def rates(t, make, steps=14):
    own = optimizer(t)
    schedule = make(t.optim.lr_scheduler, own)
    seen = [schedule.get_last_lr()]
    for step in range(steps):
        own.step()
        schedule.step()
        seen.append(schedule.get_last_lr())
        if step == 5:
            # What else changes a rate is not forgotten.
            own.param_groups[1]["lr"] *= 2
    return [list(map(float, each)) for each in seen], schedule


@pytest.mark.parametrize("make", RUNS)
def test_rates(make):
    got, ours = rates(mytorch, make)
    expected, theirs = rates(torch, make)
    assert got == expected
    assert [group["lr"] for group in ours.optimizer.param_groups] == [
        group["lr"] for group in theirs.optimizer.param_groups
    ]
    state, expected_state = ours.__dict__, theirs.__dict__
    assert set(state) == set(expected_state)


def stepped(schedule, steps=4):
    """Return the rates after some more steps."""
    for _ in range(steps):
        schedule.optimizer.step()
        schedule.step()
    return schedule.get_last_lr()


@pytest.mark.parametrize("make", [p for p in RUNS if "Lambda" not in p.id])
def test_states_are_torch_s_and_resume_its_run(make):
    _, theirs = rates(torch, make, steps=5)
    _, ours = rates(mytorch, make, steps=5)
    assert ours.state_dict() == theirs.state_dict()
    assert list(ours.state_dict()) == list(theirs.state_dict())
    own = optimizer(mytorch)
    resumed = make(mytorch.optim.lr_scheduler, own)
    resumed.load_state_dict(theirs.state_dict())
    own.load_state_dict(ours.optimizer.state_dict())
    assert stepped(resumed) == stepped(theirs)


@pytest.mark.parametrize("make", [p for p in RUNS if "Lambda" not in p.id])
def test_torch_resumes_its_states(make):
    _, ours = rates(mytorch, make, steps=5)
    own = optimizer(torch)
    resumed = make(torch.optim.lr_scheduler, own)
    resumed.load_state_dict(ours.state_dict())
    own.load_state_dict(ours.optimizer.state_dict())
    assert stepped(resumed) == stepped(ours)


def test_lambda_states_hold_the_attributes_of_objects():
    _, ours = rates(mytorch, lambda s, o: s.LambdaLR(o, [Halving(3.0), lambda _: 1.0]), steps=1)
    state = ours.state_dict()
    assert state["lr_lambdas"] == [{"base": 3.0}, None]
    _, other = rates(mytorch, lambda s, o: s.LambdaLR(o, [Halving(5.0), lambda _: 1.0]), steps=1)
    other.load_state_dict(state)
    assert other.lr_lambdas[0].base == 3.0


WITHOUT_WARNING = ("Lambda", "WarmRestarts", "Sequential")


@pytest.mark.parametrize("make", [p for p in RUNS if not any(each in p.id for each in WITHOUT_WARNING)])
def test_an_epoch_can_be_named_with_a_warning(make):
    def at(t):
        own = optimizer(t)
        schedule = make(t.optim.lr_scheduler, own)
        own.step()
        with pytest.warns(UserWarning, match="epoch parameter"):
            schedule.step(5)
        return schedule.get_last_lr()

    assert at(mytorch) == at(torch)


PLATEAUS = [
    {},
    {"patience": 1, "factor": 0.5},
    {"mode": "max", "patience": 0, "threshold": 0.1},
    {"mode": "max", "patience": 1, "threshold_mode": "abs", "threshold": 0.05},
    {"patience": 0, "threshold_mode": "abs", "threshold": 0.3, "cooldown": 2, "factor": 0.5},
    {"patience": 0, "min_lr": [0.04, 0.001], "factor": 0.3},
    {"patience": 0, "min_lr": 0.01, "factor": 0.3},
    {"patience": 0, "eps": 0.05, "factor": 0.7},
]
MEASURES = [1.0, 0.9, 0.95, 0.9, 0.91, 0.5, 0.49, 0.6, 0.7, 0.7, float("nan"), 0.3, 0.31, 0.32, 0.33]


@pytest.mark.parametrize("options", PLATEAUS)
def test_plateaus(options):
    def run(t):
        own = optimizer(t)
        schedule = t.optim.lr_scheduler.ReduceLROnPlateau(own, **options)
        seen = [schedule.get_last_lr()]
        for measure in MEASURES:
            own.step()
            schedule.step(t.tensor(measure, dtype=t.float64))
            seen.append(schedule.get_last_lr())
        return seen, schedule

    got, ours = run(mytorch)
    expected, theirs = run(torch)
    assert got == expected
    assert ours.state_dict() == theirs.state_dict()
    twin = mytorch.optim.lr_scheduler.ReduceLROnPlateau(optimizer(mytorch))
    twin.load_state_dict(theirs.state_dict())
    assert twin.state_dict() == theirs.state_dict()


def test_a_plateau_follows_added_groups():
    def run(t, min_lr):
        own = optimizer(t)
        schedule = t.optim.lr_scheduler.ReduceLROnPlateau(own, patience=0, min_lr=min_lr)
        own.add_param_group({"params": [t.nn.Parameter(t.ones(1))]})
        for _ in range(3):
            schedule.step(1.0)
        return schedule.get_last_lr()

    assert run(mytorch, 0.002) == run(torch, 0.002)
    for t in (mytorch, torch):
        with pytest.raises(RuntimeError, match="number of param groups"):
            run(t, [0.1, 0.1])


def test_a_rate_that_is_a_tensor_stays_the_same_tensor():
    for t in (mytorch, torch):
        rate = t.tensor(0.5)
        own = t.optim.SGD([t.nn.Parameter(t.ones(1))], lr=rate)
        schedule = t.optim.lr_scheduler.ExponentialLR(own, 0.5)
        own.step()
        schedule.step()
        assert own.param_groups[0]["lr"] is rate
        assert rate.item() == 0.25
        assert schedule.base_lrs[0].item() == 0.5


def test_stepping_before_the_optimizer_is_warned_of():
    for t in (mytorch, torch):
        own = optimizer(t)
        schedule = t.optim.lr_scheduler.StepLR(own, 2)
        with pytest.warns(
            UserWarning, match=r"`lr_scheduler.step\(\)` before `optimizer.step\(\)`"
        ) as caught:
            schedule.step()
        assert caught[0].filename == __file__
        schedule.step()


def test_an_optimizer_of_ones_own_counts_too():
    class Plain(mytorch.optim.Optimizer):
        def __init__(self, params):
            super().__init__(params, {"lr": 1.0, "maximize": False})

        def step(self, closure=None):
            return closure

    own = Plain([mytorch.nn.Parameter(mytorch.ones(1))])
    schedule = mytorch.optim.lr_scheduler.ExponentialLR(own, 0.5)
    assert own.step("kept") == "kept"
    schedule.step()
    assert copy.deepcopy(own)._opt_called


BAD = {
    "no optimizer": lambda s, _: s.StepLR(3, 1),
    "no optimizer on a plateau": lambda s, _: s.ReduceLROnPlateau(3),
    "factor": lambda s, o: s.ReduceLROnPlateau(o, factor=1.0),
    "mode": lambda s, o: s.ReduceLROnPlateau(o, "least"),
    "threshold mode": lambda s, o: s.ReduceLROnPlateau(o, threshold_mode="some"),
    "least rates": lambda s, o: s.ReduceLROnPlateau(o, min_lr=[0.1]),
    "functions": lambda s, o: s.LambdaLR(o, [abs]),
    "constant factor": lambda s, o: s.ConstantLR(o, 1.5),
    "first factor": lambda s, o: s.LinearLR(o, 0.0),
    "last factor": lambda s, o: s.LinearLR(o, end_factor=1.5),
    "first wave": lambda s, o: s.CosineAnnealingWarmRestarts(o, 0),
    "next waves": lambda s, o: s.CosineAnnealingWarmRestarts(o, 2, T_mult=0),
    "lowest rate": lambda s, o: s.CosineAnnealingWarmRestarts(o, 2, eta_min="0"),
    "an epoch before the first": lambda s, o: s.CosineAnnealingWarmRestarts(o, 2).step(-1),
    "no steps": lambda s, o: s.OneCycleLR(o, 0.1),
    "no step": lambda s, o: s.OneCycleLR(o, 0.1, 0),
    "no epoch": lambda s, o: s.OneCycleLR(o, 0.1, epochs=0, steps_per_epoch=1),
    "no step per epoch": lambda s, o: s.OneCycleLR(o, 0.1, epochs=1, steps_per_epoch=0),
    "share": lambda s, o: s.OneCycleLR(o, 0.1, 9, pct_start=2.0),
    "strategy": lambda s, o: s.OneCycleLR(o, 0.1, 9, anneal_strategy="cubic"),
    "highest rates": lambda s, o: s.OneCycleLR(o, [0.1], 9),
    "lowest momentums": lambda s, o: s.OneCycleLR(o, 0.1, 9, base_momentum=[0.1]),
    "one cycle of nothing": lambda s, _: s.OneCycleLR(3, 0.1, 9),
    "no schedules": lambda s, o: s.SequentialLR(o, [], []),
    "milestones": lambda s, o: s.SequentialLR(o, [s.LinearLR(o)], [3]),
    "a plateau in a sequence": lambda s, o: s.SequentialLR(o, [s.ReduceLROnPlateau(o)], []),
    "a sequence of something else": lambda s, o: s.SequentialLR(o, [3], []),
    "resuming": lambda s, o: s.StepLR(o, 2, last_epoch=3),
    "no rule": lambda s, o: s.LRScheduler(o),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_what_torch_refuses(bad):
    with pytest.raises(Exception) as expected:  # noqa: PT011 - whatever torch raises
        bad(torch.optim.lr_scheduler, optimizer(torch))
    with pytest.raises(expected.type):
        bad(mytorch.optim.lr_scheduler, optimizer(mytorch))


def test_resuming_after_an_epoch():
    def run(t):
        own = optimizer(t)
        for group in own.param_groups:
            group["initial_lr"] = 0.3
        schedules = t.optim.lr_scheduler
        return [
            make(own).get_last_lr()
            for make in (
                lambda o: schedules.StepLR(o, 4, last_epoch=3),
                lambda o: schedules.CosineAnnealingLR(o, 5, last_epoch=3),
                lambda o: schedules.ExponentialLR(o, 0.5, last_epoch=3),
                lambda o: schedules.MultiStepLR(o, [4], last_epoch=3),
            )
        ]

    assert run(mytorch) == run(torch)


@pytest.mark.parametrize("t", [torch, mytorch])
def test_a_script_may_derive_from_the_old_name_of_the_base_class(t):
    class Warming(t.optim.lr_scheduler._LRScheduler):
        def get_lr(self):
            return [rate * min(1.0, (self.last_epoch + 1) / 4) for rate in self.base_lrs]

    optimizer = t.optim.SGD([t.ones(1, requires_grad=True)], lr=0.5)
    schedule = Warming(optimizer)
    found = []
    for _ in range(5):
        found += schedule.get_last_lr()
        optimizer.step()
        schedule.step()
    assert isinstance(schedule, t.optim.lr_scheduler.LRScheduler)
    assert found == [0.125, 0.25, 0.375, 0.5, 0.5]


def adagrad(t):
    return t.optim.Adagrad([t.ones(1, requires_grad=True)])


def sequence_of_another(t):
    schedules = t.optim.lr_scheduler
    return schedules.SequentialLR(optimizer(t), [schedules.LinearLR(optimizer(t))], [])


@pytest.mark.parametrize(
    "bad", [lambda t: t.optim.lr_scheduler.OneCycleLR(adagrad(t), 0.1, 9), sequence_of_another]
)
def test_optimizers_that_do_not_fit(bad):
    for t in (torch, mytorch):
        with pytest.raises(ValueError, match=r"momentum or beta1|belong to the same optimizer"):
            bad(t)


@pytest.mark.parametrize("name", ["SGD", "Adam"])
def test_one_cycle_moves_the_momentum_the_other_way(name):
    found = []
    for t in (torch, mytorch):
        own = getattr(t.optim, name)([t.ones(1, requires_grad=True)], lr=0.1)
        schedule = t.optim.lr_scheduler.OneCycleLR(own, 0.5, 6)
        rates_and_momentums = []
        for _ in range(6):
            own.step()
            schedule.step()
            group = own.param_groups[0]
            rates_and_momentums.append((group["lr"], group.get("momentum"), group.get("betas")))
        found.append(rates_and_momentums)
        with pytest.raises(ValueError, match="Tried to step 7 times"):
            schedule.step()
    assert found[0] == found[1]


@pytest.mark.parametrize("epochs", [(0.5, 1.25, 2, 5.75, 9), (7, 6.5, 0.25)])
@pytest.mark.parametrize("times", [1, 2, 3])
def test_warm_restarts_go_to_fractions_of_epochs(epochs, times):
    found = []
    for t in (torch, mytorch):
        schedule = t.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer(t), 2, times)
        for epoch in epochs:
            schedule.step(epoch)
            found.append([*schedule.get_last_lr(), schedule.T_cur, schedule.T_i, schedule.last_epoch])
    assert found[: len(epochs)] == found[len(epochs) :]


# The inner sequence's first step is made again by the outer one, of which torch warns, too.
@pytest.mark.filterwarnings("ignore:Detected call")
def test_a_sequence_in_a_sequence():
    found = [
        rates(
            t,
            lambda s, o: s.SequentialLR(
                o, [s.SequentialLR(o, [s.StepLR(o, 1), s.LinearLR(o)], [2]), s.ConstantLR(o)], [5]
            ),
        )[0]
        for t in (torch, mytorch)
    ]
    assert found[0] == found[1]
