"""RecBole's own evaluation of a view: its loader, its full sort and its metrics, on vectors given to it."""

from __future__ import annotations

import numpy as np
import torch
from recbole_runs import configuration, rows_of

from recbole.data import create_dataset, data_preparation  # isort: skip
from recbole.utils import get_model, get_trainer, init_seed  # isort: skip


def full_sort(arrays, k, folder, name, cells):
    """What is to be timed: one evaluation on the test part, train and validation items left out.

    Args:
        folder: with the split as RecBole's files, below `name`.
        cells: RecBole's `eval_batch_size`, in scores; its default of 4096 is a few users at a time.
    """
    torch.set_num_threads(1)
    job = {
        "folder": folder,
        "name": name,
        "model": "BPR",
        "seed": 0,
        "k": k,
        "out": f"{folder}/evaluated",
        "config": {"embedding_size": arrays["a_users"].shape[1], "eval_batch_size": cells},
    }
    config = configuration(job)
    init_seed(config["seed"], config["reproducibility"])
    dataset = create_dataset(config)
    train, _, test = data_preparation(config, dataset)
    model = get_model("BPR")(config, train._dataset)
    for field, side in (("user_id", "user"), ("item_id", "item")):
        table = getattr(model, f"{side}_embedding").weight
        with torch.no_grad():
            table.zero_()
            table[rows_of(dataset, field)] = torch.from_numpy(arrays[f"a_{side}s"])
    trainer = get_trainer(config["MODEL_TYPE"], "BPR")(config, model)

    def run():
        return trainer.evaluate(test, load_best_model=False)

    def kept(found):
        return {metric: np.array(float(found[f"{metric}@{k}"])) for metric in ("ndcg", "recall")}

    few = torch.arange(1, 3)
    return run, lambda: model.user_embedding(few) @ model.item_embedding.weight.T, kept
