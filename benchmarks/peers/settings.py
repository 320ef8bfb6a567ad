"""What both sides of the comparison are given, in our words and in RecBole's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from semcomp.views.collaborative.lightgcn import LightGCN
from semcomp.views.collaborative.matrix_factorization import BPRMF
from semcomp.views.collaborative.ncl import NCL
from semcomp.views.training import BPR, Training

EVERYONE = 10**9  # negatives of NCL: all users and all items, as RecBole has it


@dataclass(frozen=True)
class Settings:
    """What both sides are given.

    Attributes:
        penalty: λ of λ/(2B) Σ ‖e‖² over the free rows of a batch, as LightGCN's authors define it; RecBole
            does the same with `require_pow`. Its BPR has no penalty, and its NCL another one.
        norm_penalty: RecBole's for NCL, λ (‖E_u‖ + ‖E_p‖ + ‖E_n‖) / B, Frobenius norms, not squared. Our
            `penalty` there is 1e-4 / ‖E‖ at the start, which gives the same gradient; both hardly matter.
        clusters: prototypes of NCL; RecBole's 1,000 need as many users and as many items. All else of NCL is
            RecBole's default, but for two layers instead of three.
    """

    lr: float
    epochs: int = 100
    every: int = 2
    patience: int = 10
    batch: int = 2048
    dim: int = 64
    layers: int = 2
    penalty: float = 0.0
    norm_penalty: float = 0.0
    clusters: int = 0


SETTINGS: dict[str, dict[str, Settings]] = {
    "ml-100k": {
        "BPR": Settings(lr=1e-3),
        "LightGCN": Settings(lr=5e-3, penalty=1e-4),
        "NCL": Settings(lr=5e-3, penalty=7e-6, norm_penalty=1e-4, clusters=100, epochs=60),
    },
    "books": {
        "BPR": Settings(lr=1e-3),
        "LightGCN": Settings(lr=2e-3, penalty=1e-4),
        "NCL": Settings(lr=5e-3, penalty=1.7e-5, norm_penalty=1e-4, clusters=1000, epochs=30),
    },
}


def recbole_configuration(model: str, settings: Settings) -> dict[str, Any]:
    """RecBole's names for the settings. It stops after one validation more than its `stopping_step`."""
    shared = {
        "embedding_size": settings.dim,
        "learner": "adam",
        "learning_rate": settings.lr,
        "weight_decay": 0.0,
        "train_batch_size": settings.batch,
        "epochs": settings.epochs,
        "eval_step": settings.every,
        "stopping_step": settings.patience - 1,
    }
    if model == "LightGCN":
        return shared | {"n_layers": settings.layers, "reg_weight": settings.penalty, "require_pow": True}
    if model == "NCL":
        regularised = {"n_layers": settings.layers, "reg_weight": settings.norm_penalty}
        return shared | regularised | {"num_clusters": settings.clusters}
    return shared


def our_model(model: str, settings: Settings) -> Any:
    training = Training(
        loss=BPR(),
        epochs=settings.epochs,
        batch=settings.batch,
        lr=settings.lr,
        penalty=settings.penalty,
        every=settings.every,
        patience=settings.patience,
        device="cpu",
    )
    if model == "BPR":
        return BPRMF(dim=settings.dim, training=training)
    if model == "LightGCN":
        return LightGCN(dim=settings.dim, layers=settings.layers, training=training)
    return NCL(
        dim=settings.dim,
        layers=settings.layers,
        hyper_layers=1,
        structure_weight=1e-7 * settings.batch,
        prototype_weight=8e-8 * settings.batch,
        alpha=1.0,
        clusters=settings.clusters,
        temperature=0.1,
        warm_up=20,
        negatives=EVERYONE,
        training=training,
    )
