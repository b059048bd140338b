"""Certificates of the SNR law and of schedules: each is one square, or two."""

from __future__ import annotations

from kdtheory.algebra import symbols as sym
from kdtheory.proofs.parts.forms import nothing_exported as exported
from kdtheory.proofs.parts.law import EVERYWHERE, Remainders, certificates
from kdtheory.proofs.parts.too_far import nothing as too_far
from kdtheory.prover.obligations import Obligation, Region
from kdtheory.statements import schedules
from kdtheory.statements.theorem import Theorem

__all__ = ["ARGUMENTS", "NOT_WHOLE", "exported", "obligations", "too_far"]

NOT_WHOLE = {"snr-step-biased": ("snr_lower", "snr_reached", "snr_schedule")}

ARGUMENTS = {
    "snr-step": (
        r"Let $u=\mu\sqrt s$, $\delta=u-k$, $n=qu+a$. Where noise dominates, $\psi_\gamma(s)=(\sqrt"
        r" s-\gamma\delta)^2+\gamma^2n^2$: a quadratic in $\gamma$, least at"
        r" $\gamma^\circ=\sqrt s\,\delta/(\delta^2+n^2)$, where it is $s/(1+\mathrm{SNR}^2)$,"
        r" $\mathrm{SNR}=\delta/n$.",
        r"Noise dominates at $\gamma^\circ$, and $s\ge s_0$, exactly where $k\delta\le an$:"
        r" both are"
        r" multiples of $an-k\delta$.",
        r"The weight that maximises SNR is the quadratic criterion's at"
        r" $1+\kappa=a/(k\,\mathrm{SNR})$.",
    ),
    "snr-step-pl": (
        r"For $L\gamma\le1$ the envelope is $\psi_\gamma(s)=s-\gamma"
        r" u\delta+\frac{L\gamma^2}2(\delta^2+n^2)$ with $u=\sqrt{2\mu s}$; complete the square.",
        r"$\gamma^\circ\le1/L$ exactly where $k\delta\le n^2$. Else $\psi$ falls up to"
        r" $\gamma=1/L$ and"
        r" rises after it, and $s^+=s-(u^2-k^2-n^2)/(2L)$.",
    ),
    "snr-step-biased": (
        r"Where bias dominates, $\sqrt{\psi_\gamma(s)}=\sqrt s\,|v|+\gamma m$ with"
        r" $v=(1-\gamma\mu,\gamma"
        r" c)$ and $m^2=k^2+a^2$.",
        r"For the unit vector $w=(\cos\theta,\sin\theta)$ with $\cos\theta-q\sin\theta=m/u$,"
        r" $|v|\ge\langle v,w\rangle$ and $\gamma$ drops out of $\sqrt s\langle"
        r" v,w\rangle+\gamma m=\sqrt"
        r" s\cos\theta$; equality where $v$ is parallel to $w$.",
        r"So $\sqrt{s^+/s}=\cos\theta$, $\theta=B-b$ with $\tan B=1/q$ and $\sin"
        r" b=m/(u\sqrt{1+q^2})$, which is the formula with $v=m/u$;"
        r" the weight that makes $m$ least is that of $\kappa=0$.",
    ),
    "snr-schedule": (
        r"Every $\psi_{\gamma,\lambda}$ is increasing, in either regime at least the curve of the"
        r" noise-dominated one, and that is at least $s/(1+\mathrm{SNR}_\lambda^2)$. So from"
        r" $s_t\ge s_t^*$ no step size and weight lead below $s_t^*/(1+\mathrm{SNR}^2)$, with the"
        r" largest SNR over $\lambda$: the greedy schedule is the best one for every horizon at"
        r" once. It is reached where noise dominates at the best weight, $k\delta\le an$.",
        r"Without bias no method does better, adaptive step sizes included. Let"
        r" $f_n(x)=\frac\mu2|x|^2+(c_d|x|+a)\langle u_n,x\rangle$ with $u_n=\pm e_j$, $j\le d$, all"
        r" equally often, and $c_d^2=c^2/(1+3/d)$. Then $f=\frac\mu2|x|^2$, and $\nabla(|x|\langle"
        r" u,x\rangle)$ has the square $|x|^2+3\langle u,x\rangle^2$, so that"
        r" $\mathbb{E}|G-S|^2=\mu^2|x|^2+c_d^2(1+3/d)|x|^2=2\mathcal Lf$: the constants are $\mu$"
        r" and $\mathcal L$ in every dimension.",
        r"Where $\langle u_n,x\rangle=0$, a step of any size $\gamma$ leaves"
        r" $(1-\gamma\mu)^2|x|^2+\gamma^2(c_d|x|+a)^2$, whatever $n$ is: nothing that has been"
        r" seen, the gradient of this step included, helps to choose $\gamma$, and by the first"
        r" part $|x^t|^2$ stays at least $s_t^*$ with $c_d$ for $c$. From $x^0$ along one axis at"
        r" least $1-T(T+1)/(2d)$ of the paths meet $T$ fresh directions, so that"
        r" $\mathbb{E}|x^T|^2\ge(1-T(T+1)/(2d))\,s_T^*(c_d)$, which tends to the upper bound"
        r" $s_T^*(c)$ as $d\to\infty$.",
    ),
    "steps-needed": (
        r"Without bias $1/s^+=1/s+\mu^2/n^2$. Let $G$ have the derivative $n^2/\mu^2$ in"
        r" $1/s$: $n$ falls"
        r" as $1/s$ grows, so $G$ is concave and grows by at most 1 a step; $T$ is $G$'s increase.",
        r"In $\ln(1/s)$ a step gains"
        r" $\ln(1+\mathrm{SNR}^2)\ge\mathrm{SNR}^2/(1+\mathrm{SNR}^2)$, which"
        r" is 1 over the density of $T$ with $q^2+1$ in place of $q^2$; that density falls"
        r" too, so each step"
        r" covers at least 1 of it, and the last one adds at most 1.",
        r"For PL the same divided by $\mu/L$. Conditioning, interaction, noise: the three terms.",
    ),
    "stop-distilling": (
        r"Let $p=\mathbb{E}\langle S,H\rangle\ge0$ by the teacher's sign, and $\lambda\ge0$."
        r" $p^2\le\sigma_*^2V$"
        r" gives $a(\lambda)\ge\sigma_*-\lambda p/\sigma_*$.",
        r"So $u(qu+a)-(u-|h|\lambda)(qu+\sigma_*)\ge\lambda(|h|(qu+\sigma_*)-up/\sigma_*)$, and no"
        r" $\lambda$ raises SNR above its value at 0 where $pu\le|h|\sigma_*(\sigma_*+qu)$;"
        r" beyond, the"
        r" derivative at 0 is positive.",
    ),
}

_g, _mu, _L, _q, _k, _a, _u = sym.gamma, sym.mu, sym.L, sym.q, sym.k, sym.a_pos, sym.signal
_more, _room = sym.increase, sym.slack_growth
_delta, _n = _u - _k, _q * _u + _a
_square = _delta**2 + _n**2


def _snr_step() -> Remainders:
    return {"least": ((_g * _square - _u / _mu * _delta) ** 2 / _square, EVERYWHERE)}


def _snr_step_pl() -> Remainders:
    excess, far = sym.slack_bias, _u + _k
    return {
        "least": ((_L * _g * _square - _u * _delta) ** 2 / (2 * _L * _square), EVERYWHERE),
        "shorter": (
            _more * excess + _L * _more**2 * _square / 2,
            Region({excess: _k * _delta - _n**2}),
        ),
        "longer": (_more * (_k * far + _n**2) + _L * _more**2 * (far**2 + _n**2) / 2, EVERYWHERE),
    }


def _snr_step_biased() -> Remainders:
    t = sym.half_angle
    cosine, sine = (1 - t**2) / (1 + t**2), 2 * t / (1 + t**2)
    across = (1 - _g * _mu) * sine - _g * _mu * _q * cosine
    return {"length": (across**2, EVERYWHERE)}


def _snr_schedule() -> Remainders:
    delta, n, other, noise = sym.clear, sym.loud, sym.other_clear, sym.other_loud
    r, shrink = _u / _mu, sym.slack_shrink
    own, best = other**2 + noise**2, delta**2 + n**2
    gain = _room * (delta * noise + other * n) / (own * best)
    grown, wider = _more / _mu, _q * _more
    return {
        "either regime": ((_g * ((1 - _g * _mu) * _a - _g * _k * _mu * _q)) ** 2, EVERYWHERE),
        "increasing": (
            shrink * grown * (shrink * (grown + 2 * r) + 2 * _g * _k)
            + _g**2 * wider * (wider + 2 * _n),
            Region({shrink: 1 - _g * _mu}),
        ),
        "least": (
            (_g * own - r * other) ** 2 / own + r**2 * gain,
            Region({_room: delta * noise - other * n}),
        ),
    }


def _steps_needed() -> Remainders:
    grown = _q * _more
    return {"concave": (grown * (grown + 2 * _n), EVERYWHERE)}


def _stop() -> Remainders:
    sigma, p, h = sym.sigma_pos, sym.covariance, sym.bias_norm_h
    return {
        "tangent": (_more**2 * _room, Region({_room: sym.teacher_variance - p**2 / sigma**2})),
        "no gain": (_more * _room, Region({_room: h * (_q * _u + sigma) - _u * p / sigma})),
    }


_REMAINDERS = {
    schedules.SNR_STEP.name: _snr_step,
    schedules.SNR_STEP_PL.name: _snr_step_pl,
    schedules.SNR_STEP_BIASED.name: _snr_step_biased,
    schedules.SNR_SCHEDULE.name: _snr_schedule,
    schedules.STEPS_NEEDED.name: _steps_needed,
    schedules.STOP.name: _stop,
}


def obligations(statement: Theorem) -> tuple[Obligation, ...]:
    """A certificate for every inequality that the statement claims."""
    return certificates(statement, _REMAINDERS[statement.name]())
