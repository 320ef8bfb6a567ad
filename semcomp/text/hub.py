"""Where a model's files are: a folder, the local hub cache, or a hub; found out before anything is loaded."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from semcomp.errors import SemcompError
from semcomp.storage import digest, file_digest
from semcomp.text.library import quietly

PATIENCE = 10.0  # seconds for the first answer of a hub
WEIGHTS = (".safetensors", ".bin", ".pt")
SETTINGS = (".json", ".txt", ".model")
OTHER_BACKENDS = ("onnx", "openvino")  # the same weights again, for runtimes that are not used here
UNUSED = [
    *(f"{folder}/*" for folder in OTHER_BACKENDS),
    "*.onnx",
    "*.msgpack",
    "*.h5",
    "*.ot",
    "*.md",
    "*.jpg",
]


@dataclass(frozen=True)
class ModelFiles:
    """A folder with everything a model needs.

    Attributes:
        model: how it is called: the hub name, or the folder's own name.
        revision: the commit on the hub; for a folder the sha256 of its weights (of their list, if several).
        settings: digest of the small files next to the weights, which affect the numbers; "" for a commit.
    """

    folder: Path
    model: str
    revision: str
    settings: str = ""


def find_model(model: str, revision: str | None, lacks: Callable[[Path], list[str]]) -> ModelFiles:
    """The files of a model, from a folder if `model` is one, else from the local hub cache, else fetched.

    Args:
        revision: branch, tag or commit on the hub; None is "main". What is in the local cache under that
            name is used without asking the hub.
        lacks: names of the files that a folder needs and does not have.

    Raises SemcompError, within seconds, for a folder that lacks files, a revision of a folder, a name the
    hub does not know, and where the hub is needed and offline or not to be reached.
    """
    path = Path(model).expanduser()
    if path.is_dir():
        if revision is not None:
            raise SemcompError(f"{model} is a folder, which has no revision {revision!r}; leave revision out")
        if missing := lacks(path):
            raise SemcompError(
                f"the model folder {path} lacks {' and '.join(missing)}; copy all files of the model there"
            )
        return folder_files(path, path.resolve().name)
    if path.is_absolute() or model.count("/") != 1 or not all(model.split("/")):
        raise SemcompError(f"there is no model folder {model}; check the path")
    return _from_hub(model, revision, lacks)


def folder_files(folder: Path, model: str) -> ModelFiles:
    """The files of a model in a folder, identified by content."""
    files = sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and not {*OTHER_BACKENDS, ".cache", ".git"} & set(path.relative_to(folder).parts)
    )
    weights = [path for path in files if path.suffix in WEIGHTS]
    shas = [(path.relative_to(folder).as_posix(), file_digest(path)) for path in weights]
    small = [
        (path.relative_to(folder).as_posix(), file_digest(path)) for path in files if path.suffix in SETTINGS
    ]
    return ModelFiles(folder, model, shas[0][1] if len(shas) == 1 else digest(shas), digest(small))


def _from_hub(model: str, revision: str | None, lacks: Callable[[Path], list[str]]) -> ModelFiles:
    from huggingface_hub import HfApi, constants, errors, snapshot_download

    def kept() -> Path | None:
        try:
            return Path(snapshot_download(model, revision=revision, local_files_only=True))
        except (OSError, ValueError):  # not there; a name no hub can have is told below
            return None

    folder = kept()
    if folder is not None and not lacks(folder):
        return ModelFiles(folder, model, folder.name)
    state = f"model {model!r} is not in the local hub cache ({constants.HF_HUB_CACHE})"
    if folder is not None:
        state = (
            f"model {model!r} is incomplete in the local hub cache: it lacks {' and '.join(lacks(folder))}"
        )
    remedy = "fetch it where there is a network, or give the path of a folder with its files"
    if constants.HF_HUB_OFFLINE:
        raise SemcompError(f"{state} and HF_HUB_OFFLINE is set; {remedy}")
    try:
        found = HfApi().model_info(model, revision=revision, timeout=PATIENCE)
        with contextlib.nullcontext() if sys.stderr.isatty() else quietly():  # bars are for those who watch
            files = snapshot_download(model, revision=found.sha, ignore_patterns=UNUSED)
    except errors.RevisionNotFoundError as error:
        raise SemcompError(f"the hub knows no revision {revision!r} of {model!r}; check it") from error
    except errors.GatedRepoError as error:
        raise SemcompError(
            f"the hub asks for consent before it gives {model!r}; log in to it first"
        ) from error
    except (errors.RepositoryNotFoundError, errors.HFValidationError) as error:
        raise SemcompError(f"the hub knows no model {model!r}; check its name") from error
    except Exception as error:  # every way in which a network, a disk or a hub can fail
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise SemcompError(f"{state} and cannot be fetched ({reason}); {remedy}") from error
    folder = Path(files)
    if missing := lacks(folder):
        raise SemcompError(f"model {model!r} on the hub lacks {' and '.join(missing)}; use another encoder")
    return ModelFiles(folder, model, folder.name)
