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
