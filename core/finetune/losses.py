"""The losses of sentence-transformers by name, and low-rank updates of a model's attention."""

from collections.abc import Sequence
from typing import Any

from core.finetune.batches import Batch
from core.finetune.settings import Settings, shortened

ATTENTION = ("query", "value", "q_lin", "v_lin", "q", "v", "q_proj", "v_proj")  # as Hu et al. (2022): query and value
LORA_SCALE = 2.0  # of the update


def build_loss(model: Any, settings: Settings) -> Any:
    """The loss as a module: (features of the columns, scores) -> scalar. Lower is better."""
    from sentence_transformers.sentence_transformer import losses

    loss: Any
    if settings.loss == "triplet":
        metric = losses.TripletDistanceMetric.COSINE
        loss = losses.TripletLoss(model, distance_metric=metric, triplet_margin=settings.margin)
    elif settings.loss == "cosent":
        loss = losses.CoSENTLoss(model)
    else:
        loss = losses.MultipleNegativesRankingLoss(model)
    if settings.matryoshka:
        return losses.MatryoshkaLoss(model, loss, shortened(int(model.get_embedding_dimension())))
    return loss


def batch_loss(model: Any, loss: Any, batch: Batch, prompts: tuple[str, str] = ("", "")) -> Any:
    """The mean loss of a batch's groups, a scalar tensor with gradients. prompts: before texts of the first column, and
    of the others."""
    import torch

    values = []
    for group in batch:
        columns = zip(group.columns, (prompts[0], prompts[1], prompts[1]), strict=False)
        features = [dict(model.preprocess(column, prompt=prompt or None)) for column, prompt in columns]
        values.append(loss(features, torch.tensor(group.scores or (), dtype=torch.float32)))
    return torch.stack(values).mean()


def add_low_rank(model: Any, rank: int) -> None:
    """Freeze all weights and add trainable low-rank updates to the query and value maps of the attention (LoRA; Hu et
    al., 2022). A new one is zero: the model is the base. Raises ValueError where there is no attention of known
    names."""
    from torch.nn.utils import parametrize

    for parameter in model.parameters():
        parameter.requires_grad_(False)
    layers = _attention_layers(model)
    if not layers:
        raise ValueError("no attention layers")
    for layer in layers:
        rows, columns = layer.weight.shape
        parametrize.register_parametrization(layer, "weight", _low_rank(rows, columns, rank))


def merge_low_rank(model: Any) -> None:
    """Add the updates to the weights, and leave a model of the usual layers."""
    from torch.nn.utils import parametrize

    for layer in _attention_layers(model):
        if parametrize.is_parametrized(layer, "weight"):
            parametrize.remove_parametrizations(layer, "weight", leave_parametrized=True)


def _attention_layers(model: Any) -> Sequence[Any]:
    return [
        module
        for name, module in model.named_modules()
        if name.rpartition(".")[2] in ATTENTION and hasattr(module, "weight") and module.weight.ndim == 2
    ]


def _low_rank(rows: int, columns: int, rank: int) -> Any:
    import torch

    class LowRank(torch.nn.Module):
        """weight + up @ down, times LORA_SCALE."""

        def __init__(self) -> None:
            super().__init__()
            self.down = torch.nn.Parameter(torch.randn(rank, columns) / columns**0.5)
            self.up = torch.nn.Parameter(torch.zeros(rows, rank))

        def forward(self, weight: Any) -> Any:
            return weight + LORA_SCALE * self.up @ self.down

    return LowRank()
