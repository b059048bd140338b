"""Certificates as files: every obligation survives the round trip, and no foreign file gets past
the reader or the checkers.
"""

from __future__ import annotations

import copy
import dataclasses
import json
import os
from pathlib import Path

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import kdtheory as kd
from kdtheory.algebra import assumptions as asm
from kdtheory.algebra import symbols as sym
from kdtheory.cli import main
from kdtheory.proofs import files
from kdtheory.proofs.parts import joining
from kdtheory.prover import certificate_files as cf
from kdtheory.prover import consistency, regions, solvers
from kdtheory.prover.expansion import MOST, most_terms, most_terms_of
from kdtheory.prover.obligations import Certificate, Identity, Region

KNOWN = files.known()
ONE_STEP = json.loads(cf.to_json(KNOWN["theorem-1-one-step"]))


@pytest.mark.parametrize("name", list(KNOWN))
def test_round_trip(name):
    text = cf.to_json(KNOWN[name])
    back = cf.from_json(text)
    assert back == KNOWN[name]
    assert cf.to_json(back) == text


def test_our_own_are_far_below_the_limit_on_terms():
    assert max(most_terms_of(item) for item in KNOWN.values()) < MOST / 20


def test_the_bound_on_terms_bounds():
    """Against the expansion itself, fractions over one denominator included."""
    x, y, z = sym.mu, sym.L, sym.a
    for expression in (
        (x + y + z) ** 5,
        (x + 1 / (y + z)) * (x + y) ** 2,
        sum(1 / (x + k) for k in range(1, 5)),
        1 / (1 + 1 / (x + y)) + 1 / (x + y) ** 2,
    ):
        numerator = sp.fraction(sp.together(expression))[0]
        assert len(sp.expand(numerator).as_ordered_terms()) <= most_terms(expression, {})
    assert most_terms((x + y + z) ** 5, {}) == 21
    assert most_terms(x**3, {x: 4}) == 20


def test_what_has_no_encoding_is_named():
    with pytest.raises(ValueError, match="sqrt"):
        cf.encode(sp.sqrt(sym.mu))


def changed(**changes):
    return json.dumps({**ONE_STEP, **changes})


def nested(depth, inside='"gamma"'):
    return '["^", ' * depth + inside + ', "1"]' * depth


POWERS = '"2"'
for _ in range(30):
    POWERS = f'["^", {POWERS}, "12"]'
TEXT = json.dumps(ONE_STEP)
LETTERS = ("mu", "L", "gamma", "a", "k", "c", "omega")
REGION = ONE_STEP["region"]
BAD = {
    "empty": ("", "no JSON"),
    "truncated": (TEXT[:-40], "no JSON"),
    "a list": ("[]", "format"),
    "unknown version": (changed(version=2), "must be written as a string"),
    "version is true": (changed(version=True), "version True is unknown"),
    "another format": (changed(format="lean"), "format"),
    "kind": (changed(kind="axiom"), "kind must be"),
    "kind is a list": (changed(kind=[]), "kind must be"),
    "missing field": (
        json.dumps({k: v for k, v in ONE_STEP.items() if k != "remainder"}),
        "'remainder' is missing",
    ),
    "unknown field": (changed(trust="me"), "unknown field 'trust'"),
    "unknown symbol": (changed(claim="zeta"), "claim: 'zeta' is neither"),
    "python": (changed(claim="__import__('os').system('true')"), "is neither"),
    "a name of Python": (changed(claim="E"), "'E' is neither"),
    "not an integer": (changed(claim=["^", "gamma", "1/2"]), "power"),
    "a float": (changed(claim=0.5), "must be written as a string"),
    "an integer": (changed(claim=7), "must be written as a string"),
    "NaN": (changed(claim=float("nan")), "'NaN' must be written"),
    "infinity": (changed(claim=float("inf")), "'Infinity' must be written"),
    "null": (changed(claim=None), "is no expression"),
    "unknown operator": (changed(claim=["sqrt", "mu"]), "is no expression"),
    "an operator alone": (changed(claim=["+"]), "is no expression"),
    "huge power": (changed(claim=["^", "gamma", "999"]), "power"),
    "huge number": (changed(claim="9" * 41), "rational number of up to 40 digits"),
    "arabic digits": (changed(claim="٣"), "is neither"),
    "tower of powers": (TEXT.replace(json.dumps(ONE_STEP["claim"]), POWERS), "numbers longer"),
    "tower of degrees": (
        TEXT.replace(json.dumps(ONE_STEP["claim"]), POWERS.replace('"2"', '"mu"')),
        "degree",
    ),
    # 1.5 kB that took 5.9 GB.
    "a power of a sum": (
        changed(claim=["*", *[["^", ["+", *LETTERS], "12"] for _ in range(8)]]),
        "expanded, it may have more than 500,000 terms",
    ),
    "a sum of fractions": (
        changed(claim=["+", *[["^", ["+", "mu", "L", str(k)], "-2"] for k in range(1, 40)]]),
        "expanded, it may have more than 500,000 terms",
    ),
    "a long letter": (
        changed(
            region={"slacks": {}, "eliminated": {"Lcal": ["+", *LETTERS, "1"]}},
            claim=["*", ["^", "Lcal", "12"], ["^", ["+", "Lcal", "F"], "12"]],
        ),
        "expanded, it may have more than 500,000 terms",
    ),
    "deep": (TEXT.replace(json.dumps(ONE_STEP["claim"]), nested(41)), "nested deeper"),
    "very deep": (TEXT.replace(json.dumps(ONE_STEP["claim"]), nested(20_000)), "nested deeper"),
    "wide": (changed(claim=["+", *["gamma"] * 20_001]), "more than 20000 parts"),
    "0 in the denominator": (changed(claim="1/0"), "divides by 0"),
    "a hidden pole": (changed(claim=["^", ["+", "mu", ["*", "-1", "mu"]], "-1"]), "divides by 0"),
    "duplicate key": (
        TEXT.replace('"remainder"', '"remainder": "0", "remainder"'),
        "same key twice",
    ),
    "unknown assumption": (
        changed(multipliers={"concavity": "1"}),
        "multipliers must be an object with keys among",
    ),
    "unknown vector": (
        changed(squares=[{"weight": "1", "vector": {"z": "1"}}]),
        "squares[0].vector",
    ),
    "square without weight": (changed(squares=[{"vector": {"e": "1"}}]), "'weight' is missing"),
    "squares are an object": (changed(squares={}), "squares must be a list"),
    "region is a list": (changed(region=[]), "region must be an object"),
    "a letter without sign": (
        changed(region={"slacks": {"lam": "1"}, "eliminated": {}}),
        "with a sign",
    ),
    "circular": (
        changed(region={"slacks": {"m": ["+", "m", "1"]}, "eliminated": {}}),
        "may speak of parameters only, not of m",
    ),
    "two in a circle": (
        changed(region={"slacks": {}, "eliminated": {"mu": "L", "L": "mu"}}),
        "not of L",
    ),
    "slack and eliminated": (
        changed(region={"slacks": {"m": "mu"}, "eliminated": {"m": "mu"}}),
        "both",
    ),
    "a vector eliminated": (
        changed(region={"slacks": {}, "eliminated": {"e_e": "mu"}}),
        "vectors of a step",
    ),
    "conditions on vectors": (
        changed(region={"slacks": {"m": "e_e"}, "eliminated": {}}),
        "not of the vectors",
    ),
    "name with a sentence in it": (
        changed(name="x. Axiom false : False. Theorem y"),
        "name must be",
    ),
    "name with a newline": (changed(name="x\n"), "name must be"),
}


@pytest.mark.parametrize("what", list(BAD))
def test_a_bad_file_is_one_clear_line(what, tmp_path, capsys):
    text, told = BAD[what]
    path = tmp_path / "bad.json"
    path.write_text(text, encoding="utf-8")
    assert main(["prove", "--certificate", str(path)]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and told in err and "bad.json" in err


def test_files_that_cannot_be_read(tmp_path):
    latin, huge, pipe = tmp_path / "latin.json", tmp_path / "huge.json", tmp_path / "pipe"
    latin.write_bytes(b'{"name": "\xe9"}')
    with huge.open("wb") as file:
        file.truncate(10**9)  # 1 GB, none of it on the disk
    os.mkfifo(pipe)
    for path, told in (
        (latin, "not UTF-8"),
        (huge, "larger than"),
        (pipe, "not a plain file"),
        (tmp_path, "not a plain file"),
        (tmp_path / "none.json", "no such file"),
        (Path("/dev/zero"), "not a plain file"),
    ):
        with pytest.raises(kd.InvalidInput, match=told):
            cf.read(path)


def without(key):
    return {"multipliers": {k: v for k, v in ONE_STEP["multipliers"].items() if k != key}}


WRONG = {
    "an assumption dropped": (without("strong-convexity"), "does not expand to 0"),
    "an assumption idle": (
        {"multipliers": {**ONE_STEP["multipliers"], "quadratic-growth": "0"}},
        "does not expand to 0",
    ),
    "a square dropped": ({"squares": ONE_STEP["squares"][1:]}, "does not expand to 0"),
    "another claim": ({"claim": ["+", ONE_STEP["claim"], "gamma"]}, "its claim is not that of"),
    "a narrower region": (
        {"region": {**REGION, "slacks": {"m_4": ["+", "1", ["*", "-8", "Lcal", "gamma"]]}}},
        "its region is not that of",
    ),
    "another assumption": (
        {"multipliers": {**ONE_STEP["multipliers"], "polyak-lojasiewicz": "1"}},
        "it assumes (PL)",
    ),
    "a negative remainder under another name": (
        {
            "name": "mine",
            "claim": ["+", ONE_STEP["claim"], ["*", "-1", "gamma"]],
            "remainder": ["*", "-1", "gamma"],
        },
        "not written as a non-negative",
    ),
    "a pole under another name": (
        {
            "name": "mine",
            "remainder": ["*", "0", ["^", ["+", "mu", ["*", "-1", "L"]], "-2"]],
            "claim": "0",
        },
        "does not expand to 0",
    ),
}


@pytest.mark.parametrize("what", list(WRONG))
def test_a_wrong_certificate_is_refuted(what):
    changes, told = WRONG[what]
    status, reason = files.judge(cf.from_json(changed(**changes)), ("sympy", "z3", "cvc5"))
    assert (status, told in reason) == ("REFUTED", True), reason


def test_a_file_of_ones_own_and_one_of_ours(tmp_path, capsys):
    assert main(["prove", "--export-certificates", str(tmp_path)]) == 0
    assert len(list(tmp_path.glob("*.json"))) == len(KNOWN)
    ours = tmp_path / "theorem-1-rate-below-one.json"
    capsys.readouterr()
    assert (
        main(
            ["prove", "--certificate", str(ours), "--checker", "sympy", "--checker", "z3", "--json"]
        )
        == 0
    )
    found = json.loads(capsys.readouterr().out)
    assert found["status"] == "PROVED" and "theorem-1-rate-below-one" in found["claims"]
    ours.write_text(
        ours.read_text(encoding="utf-8").replace("theorem-1-rate-below-one", "mine"),
        encoding="utf-8",
    )
    assert main(["prove", "--certificate", str(ours)]) == 0
    assert "a claim of its own" in capsys.readouterr().out


def test_out_of_time_is_undecided():
    assert files.within(KNOWN["theorem-1-one-step"], ("sympy",), 0.0) == (
        "UNDECIDED",
        "no answer within 0 s",
    )


def test_unknown_checker_and_crowded_options(tmp_path, capsys):
    assert main(["prove", "--certificate", "x.json", "--checker", "lean"]) == 2
    assert main(["prove", "theorem-1", "--export-certificates", str(tmp_path)]) == 2
    (tmp_path / "taken").write_text("", encoding="utf-8")
    assert main(["prove", "--export-certificates", str(tmp_path / "taken")]) == 2
    assert capsys.readouterr().err.count("\n") == 3


LEAVES = (
    st.sampled_from(
        ["0", "1", "-1", "1/2", "gamma", "mu", "Lcal", "m_4", "e_e", "lam", "x", "", "+"]
    )
    | st.none()
    | st.integers()
)
KEYS = st.sampled_from(["e", "g", "m", "weight"])
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner), max_leaves=4
)
NAMES = (
    "theorem-1-rate-below-one",
    "compressed-contraction",
    "unbiased-good-teacher",
    "theorem-1-start",
)
SMALL = [json.loads(cf.to_json(KNOWN[name])) for name in NAMES]


@st.composite
def mutated_files(draw):
    """A right file with one subtree replaced, removed, doubled or swapped for another one."""
    document = copy.deepcopy(draw(st.sampled_from(SMALL)))
    node = document
    for _ in range(draw(st.integers(0, 5))):
        inner = list(node.values()) if isinstance(node, dict) else node
        inner = [part for part in inner if isinstance(part, dict | list) and part]
        if not inner:
            break
        node = draw(st.sampled_from(inner))
    key = draw(st.sampled_from(list(node) if isinstance(node, dict) else list(range(len(node)))))
    action = draw(st.sampled_from(["replace", "remove", "wrap", "negate"]))
    if action == "remove":
        del node[key]
    else:
        node[key] = (
            draw(VALUES)
            if action == "replace"
            else ["*", "-1", node[key]]
            if action == "negate"
            else ["^", node[key], "2"]
        )
    return document


@settings(max_examples=150, deadline=None)
@given(mutated_files())
def test_mutated_files_are_refused_or_right(document):
    """Either one line, or an obligation; and what SymPy accepts of it z3 accepts as well, under a
    claim that is ours or its own.
    """
    text = json.dumps(document)
    try:
        item = cf.from_json(text)
    except kd.InvalidInput as error:
        assert "\n" not in str(error) and len(str(error)) < 600
        return
    assert isinstance(item, Certificate | Identity)
    status, reason = files.judge(item, ("sympy",))
    assert reason and status in ("PROVED", "REFUTED", "UNDECIDED")
    if status == "PROVED":
        assert solvers.check(item, "z3").status == "PROVED"


@settings(max_examples=100, deadline=None)
@given(st.integers(0, len(TEXT) - 1), st.binary(min_size=0, max_size=3))
def test_mutated_bytes(tmp_path_factory, position, junk):
    path = tmp_path_factory.mktemp("bytes") / "f.json"
    data = TEXT.encode()
    path.write_bytes(data[:position] + junk + data[position + 1 :])
    try:
        item = cf.read(path)
    except kd.InvalidInput as error:
        assert "\n" not in str(error)
        return
    assert isinstance(item, Certificate)


def test_a_circular_region_cannot_be_built_in_python_either():
    for region in (
        {"slacks": {sym.slack_half: sym.slack_half + 1}},
        {"substitutions": {sym.mu: sym.L, sym.L: sym.mu}},
    ):
        with pytest.raises(ValueError, match="stands for something itself"):
            Region(**region)


def test_export_follows_no_link(tmp_path):
    """A link in the folder would have had somebody's file overwritten."""
    precious, folder = tmp_path / "precious.txt", tmp_path / "out"
    precious.write_text("keep")
    folder.mkdir()
    name = f"{next(iter(KNOWN))}.json"
    (folder / name).symlink_to(precious)
    files.export(folder)
    assert precious.read_text() == "keep"
    assert not (folder / name).is_symlink()
    (folder / name).unlink()
    (folder / name).mkdir()
    with pytest.raises(kd.InvalidInput, match="it is a folder"):
        files.export(folder)


def contradiction():
    """-1 >= 0 from (R) and a region in which (R) is false."""
    room = (1 + sym.omega) * (1 - sym.gamma * sym.mu) - 2
    return Certificate(
        "minus-one",
        sp.Integer(-1),
        {asm.contraction: sp.Integer(1)},
        (),
        sym.slack_rate,
        Region({sym.slack_rate: room}),
    )


def no_function():
    """-(mu - Lcal) F >= 0 where mu > Lcal: no function with F > 0 has such constants."""
    base = joining.constants()[1]
    region = Region({sym.tau: sym.mu - sym.Lcal})
    return dataclasses.replace(
        base,
        name="no-function",
        claim=-(sym.mu - sym.Lcal) * sym.F,
        region=region,
        multipliers={**base.multipliers, asm.nonnegative_gap: sym.tau},
    )


@pytest.mark.parametrize("checker", ["sympy", "z3", "cvc5"])
def test_region_and_assumptions_must_hold_together(checker):
    """What follows from a contradiction is no theorem; each part alone has points."""
    for item in (contradiction(), no_function()):
        status, reason = files.judge(item, (checker,))
        assert status != "PROVED", item.name
    assert "region and assumptions together" in consistency.doubt(contradiction())
    assert "region and assumptions together" in consistency.doubt(no_function())
    assert regions.witness(contradiction().region) is not None


def test_claim_and_region_are_told(tmp_path, capsys):
    path = tmp_path / "c.json"
    path.write_text(cf.to_json(contradiction()))
    assert main(["prove", "--certificate", str(path)]) == 1
    out = capsys.readouterr().out
    assert "claim: -1 >= 0" in out and "where: (omega + 1)*(-gamma*mu + 1) - 2 >= 0" in out


def test_our_certificates_are_about_something():
    for item in files.known().values():
        assert consistency.doubt(item) == "", item.name
