"""One training run of RecBole, for `recbole_side`; runs in an environment of its own.

    python recbole_runs.py JOB.json

The job names a folder with `NAME.train.inter`, `NAME.valid.inter` and `NAME.test.inter`, whose ids are row
numbers, the model, and RecBole's configuration. What is written: `OUT.npz` with the final user and item
vectors in the order of the rows and each test user's hits by RecBole's own evaluator, and `OUT.json` with its
metrics, the validation curve with the seconds until each point, seconds, memory and versions. RecBole itself
is used as it is published.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
import time
from importlib.metadata import version
from pathlib import Path

# RecBole 1.2.1 loads its checkpoints, which hold its configuration, as torch did before 2.6
os.environ.setdefault("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")

import numpy as np
import torch
from memory import begin, peak
from recbole.config import Config
from recbole.data import create_dataset, data_preparation
from recbole.utils import get_model, get_trainer, init_seed

PACKAGES = ("recbole", "torch", "numpy", "scipy", "pandas", "faiss-cpu")
PLACES = 12  # RecBole rounds metrics, and selects by the rounded ones; by default to 4 places


def configuration(job: dict) -> Config:
    own = {
        "data_path": job["folder"],
        "benchmark_filename": ["train", "valid", "test"],
        "load_col": {"inter": ["user_id", "item_id"]},
        "seed": job["seed"],
        "use_gpu": False,
        "show_progress": False,
        "checkpoint_dir": str(Path(job["out"]).parent / "checkpoints" / Path(job["out"]).name),
        "metrics": ["Recall", "NDCG"],
        "topk": [job["k"]],
        "valid_metric": f"NDCG@{job['k']}",
        "metric_decimal_place": PLACES,
        "eval_args": {"split": {"RS": [0.8, 0.1, 0.1]}, "group_by": "user", "order": "RO", "mode": "full"},
    }
    return Config(model=job["model"], dataset=job["name"], config_dict=own | job["config"])


def timed_epochs(trainer) -> list[float]:
    """Seconds of each training epoch, filled while the trainer fits; validation is not in them."""
    seconds, inner = [], trainer._train_epoch

    def epoch(*arguments, **options):
        began = time.perf_counter()
        loss = inner(*arguments, **options)
        seconds.append(time.perf_counter() - began)
        return loss

    trainer._train_epoch = epoch
    return seconds


def hits_kept(trainer) -> dict:
    """What the evaluator is given last: (users, k + 1), hit marks by rank and the number of truths."""
    kept, inner = {}, trainer.evaluator.evaluate

    def evaluate(struct):
        kept["topk"] = struct.get("rec.topk").numpy()
        return inner(struct)

    trainer.evaluator.evaluate = evaluate
    return kept


def rows_of(dataset, field: str) -> np.ndarray:
    """Position in RecBole's tables of each of our rows; position 0 is its padding."""
    tokens = dataset.id2token(field, np.arange(1, dataset.num(field))).astype(np.int64)
    place = np.zeros(len(tokens), np.int64)
    place[tokens] = np.arange(1, len(tokens) + 1)
    return place


@torch.no_grad()
def vectors(model) -> tuple[np.ndarray, np.ndarray]:
    """The two matrices whose inner products are the scores, padding included."""
    model.eval()
    if type(model).__name__ == "BPR":
        users, items = model.user_embedding.weight, model.item_embedding.weight
    else:  # LightGCN gives users and items, NCL its layers as well
        users, items = model.forward()[:2]
    return users.numpy(), items.numpy()


def run(job: dict) -> None:
    config = configuration(job)
    init_seed(config["seed"], config["reproducibility"])
    dataset = create_dataset(config)
    train, valid, test = data_preparation(config, dataset)
    init_seed(config["seed"] + config["local_rank"], config["reproducibility"])
    model = get_model(config["model"])(config, train._dataset).to(config["device"])
    trainer = get_trainer(config["MODEL_TYPE"], config["model"])(config, model)
    epoch_seconds, curve = timed_epochs(trainer), []
    floor, began, processors = begin(), time.perf_counter(), time.process_time()

    def validated(epoch: int, score: float) -> None:
        spent = round(time.perf_counter() - began, 3)
        curve.append({"epoch": epoch + 1, "valid_ndcg": float(score), "seconds": spent})

    best, _ = trainer.fit(train, valid, verbose=False, callback_fn=validated)
    seconds, processors = time.perf_counter() - began, time.process_time() - processors
    taken = peak() - floor
    kept = hits_kept(trainer)
    metrics = trainer.evaluate(test, load_best_model=True)
    users, items = vectors(model)
    user_place, item_place = rows_of(dataset, "user_id"), rows_of(dataset, "item_id")
    back = np.zeros(len(users), np.int64)
    back[user_place] = np.arange(len(user_place))
    out = Path(job["out"])
    np.savez(
        out.with_suffix(".npz"),
        users=users[user_place],
        items=items[item_place],
        test_users=back[test.uid_list.numpy()],
        test_hits=kept["topk"],
    )
    k = job["k"]
    report = {
        "test": {"ndcg": metrics[f"ndcg@{k}"], "recall": metrics[f"recall@{k}"]},
        "valid_ndcg": float(best),
        "best_epoch": max(curve, key=lambda point: (point["valid_ndcg"], point["epoch"]))["epoch"],
        "epochs": len(epoch_seconds),
        "seconds": round(seconds, 1),
        "processor_seconds": round(processors, 1),
        "seconds_an_epoch": round(statistics.median(epoch_seconds), 3),
        "curve": curve,
        "peak_bytes": taken,
        "threads": torch.get_num_threads(),
        "versions": {"python": platform.python_version()} | {name: version(name) for name in PACKAGES},
        "job": job,
    }
    finished = out.with_suffix(".part")
    finished.write_text(json.dumps(report, indent=1) + "\n", encoding="utf8")
    finished.replace(out.with_suffix(".json"))  # whole or not at all: that it is there says that it is done


if __name__ == "__main__":
    torch.set_num_threads(1)
    file = Path(sys.argv[1])
    sys.argv = sys.argv[:1]  # RecBole reads what is left of the command line as configuration
    run(json.loads(file.read_text(encoding="utf8")))
