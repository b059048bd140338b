"""What a user of Lightning writes: a module with a distillation loss, its data and its trainer."""

from __future__ import annotations

import lightning
import torch
from torch import nn

from kdtheory.torch import DistillationLoss
from kdtheory.torch.lightning import DistillationCallback


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
        callbacks=[DistillationCallback()],
        **options,
    )
    trainer.fit(module, loader(), loader())
    return trainer
