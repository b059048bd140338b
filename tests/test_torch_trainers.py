"""The callbacks inside the real trainers, with models of a few hundred parameters on the CPU."""

from __future__ import annotations

import math
import warnings

import pytest
import torch
from torch import nn

from kdtheory.errors import InvalidInput
from kdtheory.torch import DistillationLoss

torch.set_num_threads(1)
# Both trainers warn about data loader workers, missing loggers and their own deprecations.
pytestmark = pytest.mark.filterwarnings("ignore")

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import lightning
    import transformers

    from kdtheory.torch.huggingface import DistillationCallback
    from kdtheory.torch.lightning import DistillationCallback as LightningCallback

VOCABULARY, LENGTH = 23, 6


def language_model(seed: int) -> nn.Module:
    torch.manual_seed(seed)
    config = transformers.GPT2Config(
        vocab_size=VOCABULARY,
        n_positions=LENGTH,
        n_embd=8,
        n_layer=1,
        n_head=2,
        use_cache=False,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
    )
    return transformers.GPT2LMHeadModel(config)


def llama(seed: int) -> nn.Module:
    torch.manual_seed(seed)
    sizes = {"vocab_size": VOCABULARY, "hidden_size": 8, "intermediate_size": 8}
    sizes |= {"num_hidden_layers": 1, "num_attention_heads": 2, "max_position_embeddings": 8}
    return transformers.LlamaForCausalLM(transformers.LlamaConfig(**sizes, use_cache=False))


def sentences(n: int) -> list[dict[str, torch.Tensor]]:
    generator = torch.Generator().manual_seed(0)
    rows = torch.randint(VOCABULARY, (n, LENGTH), generator=generator)
    labels = rows.clone()
    labels[::2, -2:] = -100  # padding
    return [{"input_ids": x, "labels": y} for x, y in zip(rows, labels, strict=True)]


def trained(tmp_path, distil: DistillationCallback, model=language_model, **options):
    settings = {
        "per_device_train_batch_size": 4,
        "max_steps": 6,
        "logging_steps": 1,
        "report_to": [],
        "use_cpu": True,
        "disable_tqdm": True,
        "seed": 0,
    }
    trainer = transformers.Trainer(
        model(0),
        transformers.TrainingArguments(str(tmp_path), **(settings | options)),
        train_dataset=sentences(48),
        eval_dataset=sentences(8),
        callbacks=[distil],
        compute_loss_func=distil.compute_loss,
    )
    return trainer


def test_hugging_face_trains_logs_evaluates_saves_and_resumes(tmp_path):
    distil = DistillationCallback(language_model(1), refresh_every=1, least_gain=0.0)
    trainer = trained(tmp_path, distil, save_steps=3, eval_strategy="steps", eval_steps=2)
    trainer.train()
    logs = [row for row in trainer.state.log_history if "loss" in row]
    assert len(logs) == 6
    for row in logs:
        assert math.isfinite(row["loss"]) and 0.0 <= row["kd/lambda"] <= 1.0
        assert row["kd/low"] <= row["kd/high"] and -1.0 <= row["kd/rho"] <= 1.0
    # Evaluation is the label's loss, and is not counted.
    follower = distil.loss._weights.follower
    assert follower.calls == 6 and follower.steps_left() == 1.0
    with torch.no_grad():
        batch = trainer.data_collator(trainer.eval_dataset)
        logits = trainer.model(input_ids=batch["input_ids"]).logits[:, :-1].flatten(0, 1)
        plain = nn.functional.cross_entropy(logits, batch["labels"][:, 1:].flatten())
    assert trainer.evaluate()["eval_loss"] == pytest.approx(float(plain), rel=1e-5)
    # Resumed from step 3 by another process: the same end.
    again = DistillationCallback(language_model(1), refresh_every=1, least_gain=0.0)
    other = trained(tmp_path, again, save_strategy="no")
    other.train(resume_from_checkpoint=str(tmp_path / "checkpoint-3"))
    assert again.loss._weights.follower.calls == 6
    assert again.loss.weight == pytest.approx(distil.loss.weight, rel=1e-4)


def test_hugging_face_loss_is_the_paper_s_with_a_shift(tmp_path):
    teacher = language_model(1)
    distil = DistillationCallback(teacher, 0.4)
    trainer = trained(tmp_path, distil)
    distil.on_train_begin(trainer.args, trainer.state, None, model=trainer.model)
    batch = trainer.data_collator(sentences(4))
    found = trainer.compute_loss(trainer.model.train(), dict(batch))
    u = teacher(input_ids=batch["input_ids"]).logits[:, :-1]
    distil.on_train_end(None, None, None)
    z = trainer.model(input_ids=batch["input_ids"]).logits[:, :-1]
    # Dropout makes the two passes differ, but for eval mode.
    trainer.model.eval()
    distil.on_train_begin(trainer.args, trainer.state, None, model=trainer.model)
    distil._inputs = {"input_ids": batch["input_ids"]}
    outputs = trainer.model(input_ids=batch["input_ids"])
    z = outputs.logits[:, :-1]
    value = distil.compute_loss(outputs, batch["labels"])
    expected = DistillationLoss(0.4)(z, u, batch["labels"][:, 1:])
    torch.testing.assert_close(value, expected)
    assert found.requires_grad
    # The mutant: without the shift it is another loss.
    wrong = DistillationLoss(0.4)(outputs.logits, teacher(**distil._inputs).logits, batch["labels"])
    assert abs(float(wrong.detach() - expected.detach())) > 1e-4


def test_hugging_face_knows_the_accumulation(tmp_path):
    distil = DistillationCallback(language_model(1), refresh_every=1)
    trainer = trained(tmp_path, distil, gradient_accumulation_steps=3, max_steps=4)
    trainer.train()
    follower = distil.loss._weights.follower
    assert follower.calls == 12 and follower.accumulation == 3
    rows = follower.average.batch_rows
    assert follower.rule(1.0).bias_factor == rows * 3 * (1 + 0.5)


def after_two_steps(folder, model, **options):
    """The student's parameters, and the losses that were logged."""
    settings = {"max_steps": 2, "optim": "sgd", "learning_rate": 0.1, "max_grad_norm": 0.0}
    settings |= {"lr_scheduler_type": "constant", "save_strategy": "no"}
    trainer = trained(folder, DistillationCallback(model(1), 0.4), model, **settings, **options)
    trainer.train()
    parameters = torch.cat([p.detach().flatten() for p in trainer.model.parameters()])
    return parameters, [row["loss"] for row in trainer.state.log_history if "loss" in row]


# The Trainer counts GPT-2's first labels, which are for no logits: calls of unlike padding weigh
# 1 in 100 more or less, of gradients times learning rate below 0.04.
@pytest.mark.parametrize(("model", "atol"), [(language_model, 4e-4), (llama, 1e-6)])
def test_hugging_face_accumulates_to_the_step_of_one_large_batch(
    tmp_path, monkeypatch, model, atol
):
    """The Trainer divides by nothing where there is a compute_loss_func."""
    whole, losses = after_two_steps(tmp_path, model, per_device_train_batch_size=12)
    three = {"per_device_train_batch_size": 4, "gradient_accumulation_steps": 3}
    parts, shares = after_two_steps(tmp_path, model, **three)
    torch.testing.assert_close(parts, whole, rtol=0.0, atol=atol)
    assert shares == pytest.approx(losses, rel=1e-4)
    monkeypatch.setattr(DistillationCallback, "_share", lambda *_: 1.0)
    wrong, thrice = after_two_steps(tmp_path, model, **three)  # the mutant
    assert float((wrong - whole).abs().max()) > 1e-3 and thrice[0] > 2.9 * losses[0]


def test_hugging_face_refuses_what_it_cannot_know(tmp_path):
    with pytest.raises(InvalidInput, match="Trainer's to say"):
        DistillationCallback(language_model(1), total_steps=9)
    distil = DistillationCallback(language_model(1))
    outputs = language_model(0)(input_ids=sentences(1)[0]["input_ids"][None])
    with pytest.raises(InvalidInput, match="not seen"):
        distil.compute_loss(outputs, sentences(1)[0]["labels"][None])
    with pytest.raises(InvalidInput, match="no labels"):
        distil.compute_loss(outputs, None)


class Module(lightning.LightningModule):
    """A linear student that learns from another one."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.student, self.teacher = nn.Linear(5, 3), nn.Linear(5, 3).requires_grad_(False)
        self.distil = DistillationLoss(total_steps=1, refresh_every=1)

    def training_step(self, batch, index):
        x, y = batch
        return self.distil(self.student(x), self.teacher(x), y, x)

    def validation_step(self, batch, index):
        x, y = batch
        self.log("label", self.distil(self.student(x), self.teacher(x), y, x))

    def configure_optimizers(self):
        return torch.optim.SGD(self.student.parameters(), lr=0.1)


def loader() -> torch.utils.data.DataLoader:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(50, 5, generator=generator)
    y = torch.randint(3, (50,), generator=generator)
    return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=8)


def fitted(module: Module, tmp_path, **options):
    trainer = lightning.Trainer(
        accelerator="cpu",
        max_epochs=2,
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        log_every_n_steps=1,
        default_root_dir=tmp_path,
        callbacks=[LightningCallback()],
        **options,
    )
    trainer.fit(module, loader(), loader())
    return trainer


def test_lightning_trains_logs_and_keeps_the_state(tmp_path):
    module = Module()
    trainer = fitted(module, tmp_path)
    follower = module.distil._weights.follower
    assert follower.calls == 14  # 7 batches an epoch, the last of 2; validation is not counted
    assert {"kd/lambda", "kd/rho", "kd/low", "kd/high"} <= set(trainer.callback_metrics)
    trainer.save_checkpoint(tmp_path / "end.ckpt")
    other = Module.load_from_checkpoint(tmp_path / "end.ckpt", weights_only=False)
    assert other.distil._weights.follower.calls == 14
    mine, theirs = (x.average.moments() for x in (follower, other.distil._weights.follower))
    assert mine.covariance == theirs.covariance


def test_lightning_knows_the_accumulation_and_wants_a_loss(tmp_path):
    module = Module()
    fitted(module, tmp_path, accumulate_grad_batches=2, enable_checkpointing=False)
    assert module.distil._weights.follower.accumulation == 2
    del module.distil
    with pytest.raises(InvalidInput, match="holds no DistillationLoss"):
        LightningCallback._losses(module)
