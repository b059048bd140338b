"""Conventions of trainers: converted losses have the gradient that is claimed, both directions
agree, tau is told.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys

import numpy as np
import pytest

from kdtheory.cli import main
from kdtheory.errors import InvalidInput
from kdtheory.estimate.agreement import gradient_in_logits, measured_agreement
from kdtheory.estimate.conventions import CONVENTIONS, from_lambda, to_lambda
from kdtheory.problems.classification import softmax
from kdtheory.problems.temperature import distillation_gap

EXAMPLES = {
    "torchtune": {"kd_ratio": 0.3},
    "automodel": {"kd_ratio": 0.3},
    "modelopt": {"kd_loss_weight": 0.3},
    "distillkit": {"kl": 0.6, "cross_entropy": 1.4},
    "distillkit-script": {"alpha": 0.3},
    "torchdistill": {"alpha": 0.7},
    "huggingface": {"lambda_param": 0.7},
    "repdistiller": {"r": 0.7, "a": 0.3},
    "deit": {"alpha": 0.3},
    "distilbert": {"alpha_mlm": 2.0, "alpha_ce": 5.0},
    "minillm": {"kd_ratio": 0.3},
    "lightning-example": {"alpha": 0.3},
    "hinton": {"label": 0.7, "teacher": 0.3},
}


def kl(u: np.ndarray, z: np.ndarray) -> np.ndarray:
    return (softmax(u) * np.log(softmax(u) / softmax(z))).sum(axis=-1)


def losses(
    name: str, s: dict[str, float], z: np.ndarray, u: np.ndarray, y: np.ndarray, tau: float
) -> np.ndarray:
    """Each trainer's loss of one sample, as its source computes it: typed from the sources, not
    from conventions.py.
    """
    ce, soft = -(y * np.log(softmax(z))).sum(axis=-1), kl(u / tau, z / tau) * tau**2
    if name in ("torchtune", "automodel"):
        return (1 - s["kd_ratio"]) * ce + s["kd_ratio"] * soft
    if name == "modelopt":
        return s["kd_loss_weight"] * soft + (1.0 - s["kd_loss_weight"]) * ce
    if name == "distillkit":
        return (s["kl"] * soft + s["cross_entropy"] * ce) / (s["kl"] + s["cross_entropy"])
    if name == "distillkit-script":
        return s["alpha"] * soft + (1 - s["alpha"]) * ce
    if name == "torchdistill":
        if s["alpha"] == 0:
            return soft / tau**2
        return s["alpha"] * ce + s.get("beta", 1 - s["alpha"]) * soft
    if name == "huggingface":
        return s["lambda_param"] * ce + (1 - s["lambda_param"]) * soft
    if name in ("deit", "lightning-example"):
        return (1 - s["alpha"]) * ce + s["alpha"] * soft
    if name == "distilbert":
        return s["alpha_mlm"] * ce + s["alpha_ce"] * soft
    if name == "minillm":
        return (1 - s["kd_ratio"]) * ce + s["kd_ratio"] * soft
    if name == "repdistiller":
        return s["r"] * ce + s["a"] * soft
    return s["label"] * ce + s["teacher"] * soft


def numeric_gradient(function, z: np.ndarray) -> np.ndarray:
    found = np.zeros_like(z)
    for k in np.ndindex(z.shape):
        step = np.zeros_like(z)
        step[k] = 1e-6
        found[k] = (function(z + step) - function(z - step)).sum() / 2e-6
    return found


def sample(n: int = 4, classes: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return (
        rng.standard_normal((n, classes)),
        rng.standard_normal((n, classes)),
        np.eye(classes)[rng.integers(0, classes, n)],
    )


@pytest.mark.parametrize("name", CONVENTIONS)
def test_each_trainers_loss_has_the_gradient_of_its_lambda(name):
    z, u, y = sample()
    for settings in (
        EXAMPLES[name],
        *([{"alpha": 0.7, "beta": 2.0}, {"alpha": 0.0}] if name == "torchdistill" else []),
    ):
        found = to_lambda(name, settings, temperature=1.0)
        expected = numeric_gradient(lambda x, s=settings: losses(name, s, x, u, y, 1.0), z)
        claimed = found.loss_scale * ((softmax(z) - y) - found.weight * (softmax(u) - y))
        # Central differences: 1e-12 from the third derivative, 1e-10 from rounding.
        np.testing.assert_allclose(claimed, expected, rtol=0, atol=1e-8)
        assert found.exact


def test_weighing_the_wrong_side_would_be_seen():
    z, u, y = sample()
    expected = numeric_gradient(
        lambda x: losses("huggingface", {"lambda_param": 0.7}, x, u, y, 1.0), z
    )
    wrong = (softmax(z) - y) - 0.7 * (softmax(u) - y)
    assert np.abs(wrong - expected).max() > 0.05


@pytest.mark.parametrize("name", CONVENTIONS)
def test_there_and_back(name):
    for weight, scale in itertools.product((0.0, 0.25, 0.7, 1.0), (1.0, 2.5)):
        if scale != 1.0 and CONVENTIONS[name].adds_to_one:
            with pytest.raises(InvalidInput, match="add up to 1"):
                from_lambda(name, weight, loss_scale=scale)
            continue
        one = from_lambda(name, weight, loss_scale=scale)
        two = to_lambda(name, one.settings)
        assert two.weight == pytest.approx(weight, abs=1e-15)
        # There the bare KL is returned, without beta.
        if not (name == "torchdistill" and weight == 1.0):
            assert two.loss_scale == pytest.approx(scale)


def test_defaults_of_the_sources():
    assert to_lambda("repdistiller", {"r": 0.1, "a": 0.9}).weight == pytest.approx(0.9)
    assert to_lambda("repdistiller", {"a": 1.0}).loss_scale == 2.0
    assert to_lambda("huggingface", {}).temperature == 5.0
    assert to_lambda("torchdistill", {"alpha": 0.9}).weight == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (lambda: to_lambda("torchtun", {}), "Did you mean 'torchtune'"),
        (lambda: to_lambda("trl", {}), "share of data"),
        (lambda: to_lambda("torchtune", {"kd_ration": 0.5}), "Did you mean 'kd_ratio'"),
        (lambda: to_lambda("torchtune", {}, temperature=2.0), "no temperature"),
        (lambda: to_lambda("torchdistill", {}), "no default for alpha"),
        (lambda: to_lambda("repdistiller", {"r": 0.0, "a": 0.0}), "more than 0"),
        (lambda: to_lambda("distillkit", {"kl": 0.0, "cross_entropy": 0.0}), "sum of its weights"),
        (lambda: to_lambda("torchtune", {"kd_ratio": float("nan")}), "finite"),
        (
            lambda: to_lambda("hinton", {"label": 1, "teacher": 1}, temperature=0.0),
            "temperature must be > 0",
        ),
        (lambda: from_lambda("modelopt", 1.2), "refuses weights outside"),
    ],
)
def test_refused(action, message):
    with pytest.raises(InvalidInput, match=message):
        action()


def test_outside_the_unit_interval_is_explained():
    assert "unbounded below" in from_lambda("torchtune", 1.2).note
    assert from_lambda("torchtune", -0.2).settings == {"kd_ratio": -0.2}


@pytest.mark.parametrize("tau", [1.0, 2.0, 4.0])
def test_gradient_in_logits_is_that_of_the_loss_and_the_gap_is_what_it_says(tau):
    z, u, y = sample()
    expected = numeric_gradient(
        lambda x: losses("hinton", {"label": 0.4, "teacher": 0.6}, x, u, y, tau), z
    )
    found = gradient_in_logits(z, u, y, weight=0.6, temperature=tau)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-8)
    ideal = (softmax(z) - y) - 0.6 * (softmax(u) - y)
    np.testing.assert_allclose(
        found - ideal, distillation_gap(z, u, weight=0.6, temperature=tau), rtol=0, atol=1e-14
    )


def test_the_gap_tends_to_its_limit_like_one_over_tau():
    z, u, _ = sample()
    limit = distillation_gap(z, u, weight=0.6, temperature=np.inf)
    off = [
        np.abs(distillation_gap(z, u, weight=0.6, temperature=tau) - limit).max()
        for tau in (1e3, 1e4)
    ]
    assert off[1] == pytest.approx(off[0] / 10, rel=0.01)


def test_measured_agreement_is_exact_at_one_and_falls():
    one, two, four = (measured_agreement(0.7, tau) for tau in (1.0, 2.0, 4.0))
    assert one.sample[0] > 1 - 1e-12 and one.length == pytest.approx((1.0, 1.0))
    assert 0.85 < two.sample[0] < two.sample[1] < 0.9999
    assert 0.6 < four.sample[0] < two.sample[0] and four.batch[0] < two.batch[0] < 0.95


def run(capsys, *arguments: str) -> tuple[int, str, str]:
    code = main(arguments)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_command(capsys):
    code, out, _ = run(
        capsys, "convert", "repdistiller", "--set", "r=0.1", "--set", "a=0.9", "--temperature", "1"
    )
    assert code == 0 and "lambda = 0.9" in out and "exactly" in out
    code, out, _ = run(
        capsys, "convert", "torchdistill", "--weight", "0.7", "--temperature", "4", "--json"
    )
    found = json.loads(out)
    assert (
        found["settings"] == pytest.approx({"alpha": 0.3, "beta": 0.7})
        and found["agreement"]["cosine_batch"][0] < 0.95
    )
    code, out, _ = run(capsys, "convert")
    assert code == 0 and all(name in out for name in CONVENTIONS) and "trl" in out
    assert [
        row["trainer"] for row in json.loads(run(capsys, "convert", "--json")[1])["conventions"]
    ] == list(CONVENTIONS)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("convert", "repdistill"), "Did you mean 'repdistiller'"),
        (("convert", "torchtune", "--set", "kd_ratio"), "NAME=VALUE"),
        (("convert", "torchtune", "--set", "kd_ratio=0.5", "--weight", "0.5"), "not both"),
        (("convert", "--weight", "0.5"), "need a trainer"),
    ],
)
def test_a_mistake_is_one_line(capsys, arguments, message):
    code, _, err = run(capsys, *arguments)
    assert code == 2 and message in err and err.count("\n") == 1


def test_a_reader_that_stops_reading_is_no_error():
    code = "import sys; from kdtheory.cli import main; sys.exit(main(['convert']))"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b"" and process.wait() == 0


def torch_loss(name: str, s: dict[str, float], z, u, y, tau: float):
    """The lines of each trainer, in the library that it runs in."""
    import torch
    from torch.nn import functional as F

    hard = F.cross_entropy(z, y)
    if name == "deit":
        soft = F.kl_div(
            F.log_softmax(z / tau, dim=1),
            F.log_softmax(u / tau, dim=1),
            reduction="sum",
            log_target=True,
        )
        return hard * (1 - s["alpha"]) + soft * (tau * tau) / z.numel() * s["alpha"]
    if name == "minillm":
        soft = -(F.softmax(u, dim=-1, dtype=torch.float64) * F.log_softmax(z, dim=-1)).sum(-1)
        return (1 - s["kd_ratio"]) * hard + s["kd_ratio"] * soft.mean()
    kl = torch.nn.KLDivLoss(reduction="batchmean")(
        F.log_softmax(z / tau, dim=-1), F.softmax(u / tau, dim=-1)
    )
    if name == "distilbert":
        return s["alpha_ce"] * kl * tau**2 + s["alpha_mlm"] * hard
    return s["alpha"] * kl * tau**2 + (1.0 - s["alpha"]) * hard


@pytest.mark.parametrize("name", ["deit", "distilbert", "minillm", "lightning-example"])
def test_the_trainers_own_lines_in_torch(name):
    import torch

    z, u, y = (torch.tensor(x) for x in sample(6, 5))
    z.requires_grad_()
    loss = torch_loss(name, EXAMPLES[name], z, u, y.argmax(dim=1), 1.0)
    (found,) = torch.autograd.grad(loss, z)
    classes = 5 if name == "deit" else None
    said = to_lambda(name, EXAMPLES[name], temperature=1.0, classes=classes)
    student, teacher = torch.softmax(z.detach(), 1) - y, torch.softmax(u, 1) - y
    claimed = said.loss_scale * (student - said.weight * teacher) / 6
    torch.testing.assert_close(found, claimed, rtol=0, atol=1e-14)
    back = from_lambda(name, said.weight, loss_scale=1.0, classes=classes)
    assert to_lambda(name, back.settings, classes=classes).weight == pytest.approx(said.weight)
    if name == "deit":  # the mutant: K forgotten
        wrong = to_lambda(name, EXAMPLES[name], temperature=1.0)
        assert wrong.weight > 2 * said.weight
        with pytest.raises(InvalidInput, match="does not divide"):
            to_lambda("torchtune", {}, classes=5)


def generalised_jensen_shannon(z, u, beta: float):
    """The lines of TRL's GKDTrainer, one mean over rows."""
    import torch
    from torch.nn import functional as F

    log_p, log_q = torch.log_softmax(z, dim=-1), torch.log_softmax(u, dim=-1)
    if beta == 0.0:
        return F.kl_div(log_p, log_q, reduction="batchmean", log_target=True)
    if beta == 1.0:
        return F.kl_div(log_q, log_p, reduction="batchmean", log_target=True)
    b = torch.tensor(beta, dtype=z.dtype)
    middle = torch.logsumexp(torch.stack([log_p + torch.log(1 - b), log_q + torch.log(b)]), dim=0)
    return beta * F.kl_div(middle, log_q, reduction="batchmean", log_target=True) + (
        1 - beta
    ) * F.kl_div(middle, log_p, reduction="batchmean", log_target=True)


@pytest.mark.parametrize("beta", [0.0, 0.3, 1.0])
def test_what_is_said_of_trl_is_what_its_lines_do(beta):
    """beta = 0: the theory's gradient at lambda = 1, in which no label is left; else none of the
    theory's."""
    import torch

    z, u, y = (torch.tensor(x) for x in sample(6, 5))
    (found,) = torch.autograd.grad(generalised_jensen_shannon(z.requires_grad_(), u, beta), z)
    p, q = torch.softmax(z.detach(), 1), torch.softmax(u, 1)
    claimed = ((p - y) - 1.0 * (q - y)) / 6
    assert torch.allclose(found, claimed, rtol=0.0, atol=1e-14) == (beta == 0.0)
    with pytest.raises(InvalidInput, match=r"beta = 0.*lambda = 1.*no lambda"):
        to_lambda("trl", {})
