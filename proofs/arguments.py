"""The proofs as a person would tell them: a few lines per statement, in LaTeX between dollar signs.
Nothing here is generated.

``proofs.writing`` puts them between what is generated (statement, assumptions, certificates, who
checked them).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_UNROLL = (
    r"Since $0<\gamma\mu<1$ on this range, taking the mean over the index and applying the bound"
    r" again and again gives "
    r"$(1-\gamma\mu)^t s_0$ plus a geometric sum, and that sum is"
    r" $(1-(1-\gamma\mu)^t)/(\gamma\mu)$, kept as it is."
)
_JENSEN = (
    r"$\psi$ is the minimum of these lines over the admissible rates, hence concave, and increasing"
    r" because $A\le 1$. "
    r"So $\mathbb{E}\,\psi(s(x^t))\le\psi(\mathbb{E}\,s(x^t))$ (Jensen) and $t$ steps stay below"
    r" $t$ applications of $\psi$; "
    r"with $\gamma_t$ that change, the same with one $\psi$ per step."
)
_FLOOR = (
    r"The iterates of $\psi$ tend to its only fixed point, the floor: a line of slope below 1"
    r" touches $\psi$ there from above, and the "
    r"chord from $\psi(0)>0$ bounds it from below."
)

_ARGUMENTS = {
    "distillation-gradient": (
        r"The loss has the derivative $r(z)-y$ in the logits $z$ (SymPy differentiates each loss;"
        r" in Coq the gradient is defined by the formula that follows), so the chain rule gives "
        r"$\nabla"
        r" f_n(x\mid\theta,\lambda)=J_x^\top\big((1-\lambda)(r_x-b)+\lambda(r_x-r_\theta)\big)$.",
        (
            r"The bracket is $(r_x-b)-\lambda(r_\theta-b)$: the mixed residual is the plain one"
            r" less $\lambda$ times the teacher's."
        ),
        r"Add and subtract $\lambda J_\theta^\top(r_\theta-b)=\lambda\nabla f_n(\theta)$.",
        r"What is left over is the gap $\lambda(J_\theta-J_x)^\top(r_\theta-b)$. It is 0 where the"
        r" Jacobian is constant (linear, logistic and "
        r"softmax regression), and its norm is at most $\lambda|J_\theta-J_x||r_\theta-b|$"
        r" (Cauchy--Schwarz) elsewhere.",
    ),
    "theorem-1": (
        (
            r"Expand $|x^+-x^*|^2=|e-\gamma(G-\lambda H)|^2$ and take the mean over the index;"
            r" $-2\gamma\langle e,g\rangle$ is bounded by (A1)."
        ),
        r"$2\gamma\lambda\langle"
        r" e,h\rangle\le\frac{\gamma\mu}2|e|^2+\frac{2\gamma\lambda^2}{\mu}|h|^2$ (a square): this"
        r" is the bias, with weight "
        r"$\kappa=1/(\gamma\mu)$.",
        (
            r"$|G-\lambda H|^2\le 2|G-S|^2+2|S-\lambda H|^2$ (a square), and (A3) bounds the first"
            r" part by $4\mathcal{L}F$."
        ),
        r"$F$ is left with the coefficient $-(2\gamma-4\gamma^2\mathcal{L})\le 0$; (A1') turns it"
        r" into progress. One step: "
        r"$\mathbb{E}|x^+-x^*|^2\le(1-\gamma\mu)|e|^2+2\gamma^2N(\lambda;\kappa)$, up to"
        r" $\gamma=1/(4\mathcal{L})$.",
        _UNROLL,
        r"$N$ is a quadratic in $\lambda$; $\lambda^*$ minimises it, so $N(\lambda^*)\le"
        r" N(0)=\sigma_*^2$ and $N(\lambda^*)\le N(1)$, "
        r"which $|h|^2\le 2LF_\theta$ and $\mathbb{E}|H-S|^2\le 2\mathcal{L}F_\theta$ bound: "
        r"the last term is at most"
        r" $\frac2\mu\min(\gamma\sigma_*^2,(2\gamma\mathcal{L}+\frac{2L}\mu)F_\theta)$.",
    ),
    "theorem-2": (
        r"The descent lemma between $x$ and $x^+$: $\mathbb{E}f(x^+)\le f(x)-\gamma\langle"
        r" g,g-\lambda h\rangle"
        r"+\frac{L\gamma^2}2\mathbb{E}|G-\lambda H|^2$.",
        (
            r"$\gamma\lambda\langle g,h\rangle\le\frac\gamma4|g|^2+\gamma\lambda^2|h|^2$ (a"
            r" square): the bias, with weight $\kappa=1/(L\gamma)$."
        ),
        r"$|G-\lambda H|^2\le 2|G-S|^2+2|S-\lambda H|^2$ and (A3), as in Theorem 1.",
        r"(PL) turns $-\frac{3\gamma}4|g|^2$ into $-\frac{3\gamma\mu}2F$; what (A3) costs is at"
        r" most $\frac{\gamma\mu}2F$ for "
        r"$\gamma\le\mu/(4L\mathcal{L})$. One step:"
        r" $\mathbb{E}f(x^+)-f^*\le(1-\gamma\mu)F+L\gamma^2N(\lambda;\kappa)$.",
        _UNROLL,
        (
            r"At $\lambda^*$ the last term is at most $\frac"
            r" L\mu\min(\gamma\sigma_*^2,(2\gamma\mathcal{L}+2)F_\theta)$, as in Theorem 1."
        ),
    ),
    "theorem-1-refined": (
        (
            r"The proof of Theorem 1 throws away $\gamma\mu(\frac12-2\gamma\mathcal{L})|e|^2$. Keep"
            r" it: let $m=1-2\gamma\mathcal{L}$."
        ),
        r"All of $\gamma\mu m|e|^2$ may now pay for the bias: "
        r"$2\gamma\lambda\langle e,h\rangle\le\gamma\mu m|e|^2+\frac{\gamma\lambda^2}{\mu m}|h|^2$,"
        r" a single square.",
        (
            r"So $\kappa=1/(2\gamma\mu m)$, for $\gamma<1/(2\mathcal{L})$: at most that of Theorem"
            r" 1 where $\gamma\le1/(4\mathcal{L})$."
        ),
        _UNROLL,
    ),
    "theorem-2-refined": (
        (
            r"The proof of Theorem 2 throws slack in $F$ away. Keep it: let"
            r" $m=1-2L\gamma\mathcal{L}/\mu$."
        ),
        r"Give (PL) the multiplier $\frac\gamma2+L\gamma^2\mathcal{L}/\mu$; then $\frac{\gamma"
        r" m}2|g|^2$ is left to pay for the bias: "
        r"$\gamma\lambda\langle g,h\rangle\le\frac{\gamma"
        r" m}2|g|^2+\frac{\gamma\lambda^2}{2m}|h|^2$.",
        (
            r"So $\kappa=1/(2L\gamma m)$, for $\gamma<\mu/(2L\mathcal{L})$, and $F\ge 0$ is not"
            r" needed any more."
        ),
        _UNROLL,
    ),
    "theorem-1-sharp": (
        (
            r"Write $P=e-\gamma g$, $D=G'-S$, $N=S-\lambda H'$. Then"
            r" $\mathbb{E}|x^+-x^*|^2=|P+\gamma\lambda h|^2+\gamma^2\mathbb{E}|D+N|^2$."
        ),
        r"For all $\alpha,\nu>0$: $|P+\gamma\lambda"
        r" h|^2\le(1+\alpha)|P|^2+(1+\frac1\alpha)\gamma^2k^2$ and "
        r"$\mathbb{E}|D+N|^2\le(1+\nu)\mathbb{E}|D|^2+(1+\frac1\nu)a^2$; (A3) reads"
        r" $\mathbb{E}|D|^2\le2\mathcal{L}F-|g|^2$.",
        (
            r"What is left is linear in $F,|e|^2,\langle e,g\rangle,|g|^2$; (A1), (A1') and the"
            r" square $|g-\mu e|^2$ close it."
        ),
        r"Noise-dominated: $\alpha=\gamma k/|P|$ and $\nu=a/D$ at the worst point"
        r" $|P|=(1-\gamma\mu)r$, $D=cr$. Bias-dominated: "
        r"$\alpha=\nu=(A-\varrho)/(1-A)$. Both give $T_\varrho=U+W/(A-\varrho)$; here"
        r" $\varrho=\gamma\mu$.",
        (
            r"Where $\alpha$ or $\nu$ would be $0$ or infinite ($k=0$, $a=0$, $\mathcal{L}=\mu$)"
            r" the bound is a limit of others."
        ),
        r"No smaller constant is true where noise dominates: two functions of one variable attain"
        r" it at every rate. Where bias dominates a Gram "
        r"matrix attains it. " + _UNROLL,
    ),
    "theorem-2-sharp": (
        r"The descent lemma, with $N=S-\lambda H'$ and $D=G'-S$: $\mathbb{E}f(x^+)\le"
        r" f(x)-\gamma\langle g,g-\lambda h\rangle"
        r"+\frac{L\gamma^2}2(|g-\lambda h|^2+\mathbb{E}|D+N|^2)$.",
        (
            r"The cross term is $\gamma(1-L\gamma)\lambda\langle g,h\rangle\le\frac{\gamma"
            r" b}2(\alpha|g|^2+k^2/\alpha)$ with $b=|1-L\gamma|$."
        ),
        (
            r"$\mathbb{E}|D+N|^2\le(1+\nu)\mathbb{E}|D|^2+(1+\frac1\nu)a^2$, and (A3) bounds"
            r" $\mathbb{E}|D|^2$ by $2\mathcal{L}F-|g|^2$."
        ),
        r"(PL) turns what is left of $|g|^2$ into $F$. With $w=kb+L\gamma aq$ and $\tau=A-\varrho$"
        r" the best choice is "
        r"$\alpha=k\tau/(\gamma\mu w)$, $\nu=a\tau/(q\gamma\mu w)$, which gives"
        r" $T_\varrho=U+W/\tau$; here $\varrho=\gamma\mu$.",
        r"Corners ($k=0$, $a=0$, $q=0$, $b=0$) are limits. " + _UNROLL,
    ),
    "theorem-1-envelope": (
        (
            r"The one-step bound $(1-\varrho)s+T_\varrho$ holds for every admissible rate at once"
            r" (the sharp statement is $\varrho=\gamma\mu$)."
        ),
        r"Their minimum over $\varrho$ is $\psi(s)=(1-A)s+2\sqrt{Ws}+U$, attained at"
        r" $\varrho=A-\sqrt{W/s}$, and the line of the least rate "
        r"below $s_0=W/(A-\varrho_{\min})^2$: the difference to a line is $(\tau\sqrt s-\sqrt"
        r" W)^2/\tau$.",
        _JENSEN,
        _FLOOR,
        r"$k$ and $a$ are norms, hence convex in $\lambda$, and $T_\varrho$ is convex and"
        r" increasing in $(k,a)$; so is $\sqrt\Phi$ in each "
        r"regime, and across both with one least rate.",
    ),
    "theorem-2-envelope": (
        r"The one-step bound $(1-\varrho)s+T_\varrho$ holds for every $0\le\varrho<A$, for"
        r" $s=f(x)-f^*$ (the sharp statement is "
        r"$\varrho=\gamma\mu$).",
        (
            r"Their minimum is $\psi(s)=(1-A)s+2\sqrt{Ws}+U$ for $s\ge W/A^2$, and the line of rate"
            r" 0 below."
        ),
        _JENSEN,
        _FLOOR + r" Here it is always $\Phi=((\sqrt{UA+W}+\sqrt W)/A)^2$, since $\Phi\ge W/A^2$.",
    ),
    "unbiased": (
        (
            r"The step is $x^+=x-\gamma(G-\lambda H')$: the teacher's mean gradient is gone, and"
            r" with it every bias."
        ),
        (
            r"$|G-\lambda H'|^2\le2|G-S|^2+2|S-\lambda H'|^2$ and (A3) for the first part; $\langle"
            r" e,g\rangle$ by (A1)."
        ),
        (
            r"(A1') needs the multiplier $2\gamma(1-2\gamma\mathcal{L})\ge0$: this is the range."
            r" What is left of $|e|^2$ is a square."
        ),
        _UNROLL,
        r"The floor is least at $\lambda=\mathbb{E}\langle S,H\rangle/V$, where the noise is"
        r" $\sigma_*^2(1-\rho^2)$; at $\lambda=1$ it is at most "
        r"$2\mathcal{L}F_\theta$, since $\mathbb{E}|S-H'|^2=\mathbb{E}|S-H|^2-|h|^2$.",
    ),
    "unbiased-pl": (
        r"The descent lemma for $x^+=x-\gamma(G-\lambda H')$; the cross term with $h$ is gone.",
        r"$|G-\lambda H'|^2\le2|G-S|^2+2|S-\lambda H'|^2$ and (A3), as before.",
        r"(PL) with the multiplier $\frac\gamma2+L\gamma^2\mathcal{L}/\mu$ pays for (A3) and leaves"
        r" $\gamma\mu F$; what is left of $|g|^2$ is a "
        r"square for $\gamma\le\mu/(2L\mathcal{L})$.",
        _UNROLL,
    ),
    "unbiased-sharp": (
        r"The sharp argument with $k=0$: no $\alpha$ is needed, and every step is noise-dominated.",
        r"$\nu=(A-\varrho)/(\gamma^2c^2)$ gives $T_\varrho=\gamma^2a^2+\gamma^4a^2c^2/(A-\varrho)$"
        r" for $\gamma\mu\le\varrho<A$; "
        r"$c=0$ is the limit $\nu\to\infty$.",
        r"The two functions of one variable of Theorem 1's instance attain it at every rate. "
        + _UNROLL,
    ),
    "unbiased-pl-sharp": (
        r"The PL argument with $k=0$; the sign of $1-L\gamma$ no longer matters.",
        (
            r"$\nu=(A-\varrho)/(L\gamma^2\mu q^2)$ gives $T_\varrho=U+W/(A-\varrho)$ with $k=0$;"
            r" $q=0$ is the limit $\nu\to\infty$."
        ),
        _UNROLL,
    ),
    "unbiased-envelope": (
        (
            r"The one-step bound holds for every $\gamma\mu\le\varrho<A$, so the minimum $\psi$ of"
            r" these lines bounds one step."
        ),
        _JENSEN,
        _FLOOR,
        r"It cannot be improved at any horizon: in $d$ dimensions, with"
        r" $f_n(x)=\frac\mu2|x|^2+(c|x|+a)\langle u_n,x\rangle$ and $u_n=\pm e_j$, "
        r"fresh directions are almost orthogonal to $x$:"
        r" $\mathbb{E}|x^t|^2\ge(1-4t^2/d)\,\psi^t(s_0)$ for $t^2\le d/400$ (mean and relative "
        r"variance of $|x^t|^2$ by induction; full proof in kdtheory/matching\_horizon.py).",
    ),
    "unbiased-pl-envelope": (
        (
            r"The unbiased PL bound holds for every $0\le\varrho<A$; $\psi$ is the minimum of these"
            r" lines."
        ),
        _JENSEN,
        _FLOOR,
    ),
    "compressed": (
        (
            r"$C$ is unbiased, so"
            r" $\mathbb{E}|C(y)-x^*|^2=|y-x^*|^2+\mathbb{E}|C(y)-y|^2"
            r"\le|y-x^*|^2+\omega|y|^2+d\delta^2/4$."
        ),
        r"$|y|^2\le(1+p)|y-x^*|^2+(1+\frac1p)|x^*|^2$ for every $p>0$ (a square).",
        r"Insert Theorem 1's step for $|y-x^*|^2$: the rate is $1-(1+\omega(1+p))(1-\gamma\mu)$;"
        r" $p=1$ and $\omega\le\gamma\mu/4$ leave "
        r"half of $\gamma\mu$. The weight enters through $N(\lambda;\kappa)$ only, so $\lambda^*$"
        r" does not change.",
        r"The floor is a quotient of two functions of $p$; with $f$ its value at $p^*$,"
        r" numerator$(p)-f\cdot$denominator$(p)="
        r"\omega|x^*|^2(p-p^*)^2/(p\,p^{*2})\ge0$, so $p^*$ is best. For $x^*=0$ let $p\to0$.",
        (
            r"The rate at $p^*$ is $\frac12(1-(1+\omega)(1-\gamma\mu))$ plus a square, so it is"
            r" positive wherever compression contracts (R)."
        ),
        r"Unroll as before; at $\omega=\delta=0$ this is Theorem 1.",
    ),
    "compressed-envelope": (
        r"As for the compressed model, but after the envelope's step:"
        r" $\mathbb{E}|C(y)-x^*|^2\le(1+\omega(1+p))\psi(s)"
        r"+\omega(1+\frac1p)|x^*|^2+d\delta^2/4$ for every $p>0$.",
        r"Now take the best $p$ for each $s$, $p=|x^*|/\sqrt{\psi(s)}$: $\chi(\psi(s))$ with "
        r"$\chi(v)=(1+\omega)v+2\omega|x^*|\sqrt v+\omega|x^*|^2+d\delta^2/4$.",
        (
            r"$\chi$ is a minimum of increasing lines, so it is concave and increasing, and so is"
            r" $\chi\circ\psi$."
        ),
        r"Jensen, once for the compressor and once for the index, carries it through $t$ steps.",
        r"None of this needs compression to contract (R), and the theorem in Coq does not assume"
        r" it. (R) is what keeps the bound from growing "
        r"without limit: the slope of $\chi\circ\psi$ tends to"
        r" $(1+\omega)(1-A)\le(1+\omega)(1-\gamma\mu)<1$, so that it has a fixed point, "
        r"the floor.",
    ),
    "exact-quadratic": (
        (
            r"The gradients are affine, $\nabla f_n(x)=A_n(x-x^*)+S_n$. Put $D=\theta-x^*$ and"
            r" $y^t=x^t-x^*-\lambda D$."
        ),
        r"Then $y^+=y-\gamma(A_\xi y+(1-\lambda)S_\xi)$: the terms in $A_\xi D$ cancel. This is"
        r" plain SGD around a shifted centre with its noise "
        r"scaled by $1-\lambda$.",
        r"$|x^t-x^*|^2=|y^t|^2+2\lambda\langle D,y^t\rangle+\lambda^2|D|^2$, and"
        r" $\mathbb{E}\,y^t=(I-\gamma H)^t(e^0-\lambda D)$ because "
        r"$\mathbb{E}S=0$ and indices are independent.",
        r"$\mathbb{E}|y^t|^2\to(1-\lambda)^2S_0$: start and noise enter linearly, so the law with"
        r" noise scaled by $\sigma$ is $\sigma^2$ times "
        r"SGD's from a rescaled start (parallelogram identity for $\sigma=0$); and the mean"
        r" vanishes with it.",
        r"$(1-\lambda)^2S_0+\lambda^2|D|^2$ is least at $S_0/(S_0+|D|^2)$. For $f-f^*$ replace"
        r" $\langle\cdot,\cdot\rangle$ by "
        r"$\frac12\langle\cdot,H\cdot\rangle$.",
    ),
    "horizon": (
        r"Expand $|x^+-x^*|^2=|e-\gamma(G-\lambda H)|^2$; convexity gives $\langle e,g\rangle\ge"
        r" F$, and $|G-\lambda H|^2\le2|G-S|^2+2|S-\lambda H|^2$ with (A3) bounds the noise.",
        r"The bias is charged over the $t$ steps that are made: $2\gamma\lambda\langle"
        r" e,h\rangle\le\frac1t|e|^2+t\gamma^2\lambda^2|h|^2$ (a square), so $\kappa=t/2$.",
        r"One step: $\mathbb{E}|x^+-x^*|^2\le(1+\frac1t)|e|^2-2\gamma(1-2\gamma\mathcal{L})F"
        r"+2\gamma^2N(\lambda;t/2)$.",
        r"Sum over the steps: the first $t$ factors multiply to at most $(1+\frac1t)^t\le e$, and"
        r" what is left of $F$ is divided by $2\gamma(1-2\gamma\mathcal{L})t$.",
        r"$N(\lambda;t/2)$ is least at $\mathbb{E}\langle S,H\rangle/(V+(1+t/2)|h|^2)$, in which"
        r" neither $\gamma$ nor any constant of $f$ appears. With step sizes $\gamma_i$ charge"
        r" $\gamma_i/\sum\gamma$: $t$ becomes $(\sum\gamma)^2/\sum\gamma^2$.",
        r"For smooth $f$ that is not convex the same on the descent lemma:"
        r" $\frac\gamma2|g|^2\le(1+2L\gamma^2\mathcal{L})F-\mathbb{E}F^++L\gamma^2N(\lambda;"
        r"\frac1{2L\gamma})$; there the bias is charged against $|g|$, and $\kappa$ is no horizon.",
    ),
    "horizon-envelope": (
        r"As for the horizon theorem, but for every $\alpha>0$: $2\gamma\lambda\langle"
        r" e,h\rangle\le\alpha|e|^2+\gamma^2k^2/\alpha$, whose minimum is $2\gamma k|e|$.",
        r"With $u=\mathbb{E}|e|^2$, $B=2\gamma^2(k^2+a^2)$ and $m=1-2\gamma\mathcal{L}$ Jensen (the"
        r" root is concave) gives $u^+\le u+2\gamma k\sqrt u+B-2\gamma m\,\mathbb{E}F$.",
        r"So $2\gamma m\sum_{i<t}\mathbb{E}F_i\le U_t$ with $U_0=|e^0|^2$, $U^+=U+2\gamma k\sqrt"
        r" U+B$, and by induction $U_t\le(\sqrt{|e^0|^2+tB}+\gamma kt)^2$.",
        r"It is at most $2/e$ of the horizon theorem, since $(x+y)^2\le2x^2+2y^2$; without bias no"
        r" factor is lost.",
    ),
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
    "several-teachers": (
        r"The step sees $\sum\lambda_jH_j$ only: $a^2+(1+\kappa)k^2=\sigma_*^2-2\lambda^\top"
        r" C+\lambda^\top M\lambda$ with $M=V+(1+\kappa)hh^\top$.",
        r"Complete the square at $M\lambda^*=C$. The certificate is of two teachers,"
        r" the theorem in Coq of any number.",
    ),
    "affine-hull": (
        r"For quadratics $\mathbb{E}|x-x^*|^2\to(1-\Lambda)^2S_0+|\sum\lambda_jD_j|^2$ with"
        r" $\Lambda=\sum\lambda_j$: the law of one teacher with $\lambda D=\sum\lambda_jD_j$.",
        r"$|\sum\lambda_jD_j|\ge|\Lambda|\delta$, $\delta$ the distance of $x^*$ from the"
        r" affine hull, and"
        r" $(1-\Lambda)^2S_0+\Lambda^2\delta^2$ is least at $\Lambda=S_0/(S_0+\delta^2)$.",
    ),
    "blocks": (
        r"Norms are sums over blocks, so the criterion is a sum of quadratics in one weight each:"
        r" $\lambda_b^*=C_b/(V_b+(1+\kappa)|h_b|^2)$.",
        r"One weight for all is the special case in which they agree, so it is never better.",
    ),
    "renewed-teacher": (
        r"$(e,\theta-x^*)$ is a linear system; with one curvature $h$ and additive noise its"
        r" three second"
        r" moments solve a $3\times3$ system, whose first entry is this.",
        r"For small $\gamma h$ and $\alpha$ it tends to"
        r" $\frac{\gamma\sigma^2}{2h}(1-\lambda)\frac{\alpha+\gamma"
        r" h(1-\lambda)}{\alpha+\gamma h}$.",
    ),
    "importance-sampling": (
        r"With index $n$ drawn with probability $p_n$ and its gradients divided by $Np_n$,"
        r" $a^2=N^{-2}\sum r_n^2/p_n$, $r_n=|S_n-\lambda H'_n|$.",
        r"$\sum r_n^2/p_n\ge(\sum r_n)^2$ by Cauchy--Schwarz, with equality for"
        r" $p_n\propto r_n$. The certificate is of two"
        r" terms, the theorem in Coq of any number.",
    ),
}
ARGUMENTS: Mapping[str, tuple[str, ...]] = MappingProxyType(_ARGUMENTS)
