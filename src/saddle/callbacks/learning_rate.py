"""The learning rates of the players, as numbers of the run."""

from pytorch_lightning import Callback, Trainer

from saddle.models.base import GenerativeModel
from saddle.models.learning import LearningModel


class LearningRate(Callback):
    """Logs `lr_generator`, `lr_discriminator` and `lr_encoder`: the rates of each player's last update.

    (Lightning's LearningRateMonitor names them after the classes of the optimisers: `lr-Adam` and `lr-Adam-1`.) Of
    several parameter groups the rate of the first is logged.
    """

    def on_train_batch_end(self, trainer: Trainer, model: GenerativeModel, *_: object) -> None:  # type: ignore[override]  # ours, not any
        if not isinstance(model, LearningModel):
            return  # a model without players, such as EM's, has no rates
        rates = {f"lr_{player.name}": player.optimizer.param_groups[0]["lr"] for player in model.players}
        for logger in trainer.loggers:
            logger.log_metrics(rates, step=model.updates)
