"""kdtheory: the theory of knowledge distillation, executable and machine-checked."""
