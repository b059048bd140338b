"""What several proofs say in the same words, in LaTeX between dollar signs; those of one statement
are ``ARGUMENTS`` of its family.

A proof as a person would tell it is a few lines; nothing there is generated.  ``proofs.writing``
puts them between what is generated (statement, assumptions, certificates, who checked them).
"""

from __future__ import annotations

UNROLL = (
    r"Since $0<\gamma\mu<1$ on this range, taking the mean over the index and applying the bound"
    r" again and again gives "
    r"$(1-\gamma\mu)^t s_0$ plus a geometric sum, and that sum is"
    r" $(1-(1-\gamma\mu)^t)/(\gamma\mu)$, kept as it is."
)
JENSEN = (
    r"$\psi$ is the minimum of these lines over the admissible rates, hence concave, and increasing"
    r" because $A\le 1$. "
    r"So $\mathbb{E}\,\psi(s(x^t))\le\psi(\mathbb{E}\,s(x^t))$ (Jensen) and $t$ steps stay below"
    r" $t$ applications of $\psi$; "
    r"with $\gamma_t$ that change, the same with one $\psi$ per step."
)
FLOOR = (
    r"The iterates of $\psi$ tend to its only fixed point, the floor: a line of slope below 1"
    r" touches $\psi$ there from above, and the "
    r"chord from $\psi(0)>0$ bounds it from below."
)
# of proofs/laws.py
LAWS = {
    "snr-step": (
        r"Let $u=\mu\sqrt s$, $\delta=u-k$, $n=qu+a$. Where noise dominates, $\psi_\gamma(s)=(\sqrt"
        r" s-\gamma\delta)^2+\gamma^2n^2$: a quadratic in $\gamma$, least at"
        r" $\gamma^\circ=\sqrt s\,\delta/(\delta^2+n^2)$, where it is $s/(1+\mathrm{SNR}^2)$,"
        r" $\mathrm{SNR}=\delta/n$.",
        r"Noise dominates at $\gamma^\circ$, and $s\ge s_0$, exactly where $k\delta\le an$:"
        r" both are"
        r" multiples of $an-k\delta$.",
        r"$\psi$ is increasing in $s$, so making each step's bound least makes the bound after"
        r" every"
        r" number of steps least: the greedy schedule is the best one for every horizon at once.",
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
        r" b=m/(u\sqrt{1+q^2})$;"
        r" the weight that makes $m$ least is that of $\kappa=0$.",
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
        r"Complete the square at $M\lambda^*=C$. The certificate writes it for two teachers.",
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
        r" $p_n\propto r_n$. The certificate is that of two terms.",
    ),
}
