"""One verdict from several starts."""

from __future__ import annotations

from kdtheory.evidence.judgement import Judgement
from kdtheory.evidence.starts import Confronted, Start
from kdtheory.evidence.verdict import Verdict


def combined(question: Confronted, seen: list[tuple[Start, Judgement, str]], steps: int) -> Verdict:
    """One verdict over all starts: the worst status, the largest ratio, the largest noise share."""
    known = [item for item in seen if not item[1].blank] or seen
    order = {"VERIFIED": 0, "UNDECIDED": 1, "VIOLATED": 2}
    start, judgement, evidence = max(known, key=lambda item: (order[item[1].status], item[1].ratio))
    shares = {other.name: question.noise_shares(other.x0) for other, _, _ in known}
    largest = max(float(share.max()) for share in shares.values())
    own = shares[start.name]
    ratio = max(item[1].ratio for item in known if item[1].status == judgement.status)
    reason = judgement.reason
    if len(known) > 1 and judgement.status == "VERIFIED":
        reason = told(known)
    return Verdict(
        question.statement.name,
        judgement.status,
        ratio,
        evidence,
        reason,
        question.gamma,
        question.weight,
        steps,
        *judgement.ends,
        start=start.name,
        noise_share=largest,
        noise_at_ratio=float(own[judgement.place]) if len(own) > judgement.place else largest,
        tolerance=judgement.tolerance,
    )


def told(seen: list[tuple[Start, Judgement, str]]) -> str:
    """What was seen from where, the same words once."""
    reasons: dict[str, list[str]] = {}
    for start, judgement, _ in seen:
        reasons.setdefault(judgement.reason, []).append(start.name)
    return "; ".join(f"from {', '.join(names)}: {text}" for text, names in reasons.items())
