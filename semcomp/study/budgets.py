"""How much a run may spend: part of every cache key and record, printed on every page."""

from __future__ import annotations

from dataclasses import dataclass

from semcomp.checks import checked


@checked
@dataclass(frozen=True)
class Budget:
    """What a run of the book may spend.

    Attributes:
        name: "smoke", "standard" or "full".
        seeds: of every trained view; evidence is averaged over them, per user.
        null_seed: of the second LightGCN that all complementarity is compared with; differs from seeds[0].
        epochs: the most passes over the train pairs.
        patience: validations without gain before stopping.
        probe_epochs: of the network probe (the published recipe has 400).
        resamples: of every bootstrap.
        max_users: that information in nats is measured on, since it scores every item for each of them.
        align_weights: λ of the aligned views that are tried; the best on validation is the one reported.
        schedule: of the learning rate, as in `Training`.
        rate: what tuned step sizes are multiplied by. They were tuned for 30 epochs: after 4 epochs
            views are still far from what they can reach.
    """

    name: str
    seeds: tuple[int, ...]
    null_seed: int
    epochs: int
    patience: int
    probe_epochs: int
    resamples: int
    max_users: int
    align_weights: tuple[float, ...]
    schedule: str = "constant"
    rate: float = 1.0


BUDGETS: dict[str, Budget] = {
    budget.name: budget
    for budget in (
        Budget(
            "smoke",
            (0,),
            1,
            epochs=4,
            patience=2,
            probe_epochs=20,
            resamples=200,
            max_users=500,
            align_weights=(0.1,),
            rate=4.0,
        ),
        Budget(
            "standard",
            (0, 1, 2),
            1,
            epochs=90,
            patience=4,
            probe_epochs=100,
            resamples=1000,
            max_users=2000,
            align_weights=(0.03, 0.3),
        ),
        Budget(
            "full",
            (0, 1, 2, 3, 4),
            1,
            300,
            10,
            probe_epochs=400,
            resamples=10_000,
            max_users=10_000,
            align_weights=(0.01, 0.03, 0.1, 0.3, 1.0),
        ),
    )
}
