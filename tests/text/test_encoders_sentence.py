"""sentence-transformers models: the packaged one, one in a folder, and names on a hub that is not there."""

from __future__ import annotations

import http.server
import shutil
import threading
from pathlib import Path
from types import SimpleNamespace

import huggingface_hub
import numpy as np
import pytest
import torch
from huggingface_hub import constants
from tiny_models import POSITIONS, TEXTS, dataset, in_hub_cache, tiny_bge, tiny_sentence_model

from semcomp.errors import SemcompError
from semcomp.text import BgeM3, Run, SentenceModel, embed, library, minilm, reading, sentence
from semcomp.text.library import quietly

COMMIT = "0123456789abcdef0123456789abcdef01234567"
LONG = "a b c d e f g h " * 20


@pytest.fixture(autouse=True)
def _own_cache(cache):
    return cache


@pytest.fixture(scope="session")
def folder(tmp_path_factory) -> Path:
    return tiny_sentence_model(tmp_path_factory.mktemp("sentence"))


@pytest.fixture
def hub(tmp_path, monkeypatch) -> Path:
    """An empty hub cache, and a hub at an address where nobody answers."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    return tmp_path / "hub"


def directly(folder: Path, texts: list[str], **options) -> np.ndarray:
    from sentence_transformers import SentenceTransformer

    with quietly():
        model = SentenceTransformer(str(folder), local_files_only=True, device="cpu")
        return model.encode(texts, show_progress_bar=False, **options)


def test_minilm_agrees_with_the_library_and_is_cached(monkeypatch, capfd):
    text = embed(dataset(), "minilm")
    assert capfd.readouterr() == ("", "")
    np.testing.assert_allclose(text.matrix, directly(minilm().files().folder, list(TEXTS)), atol=1e-5)
    assert np.array_equal(text.matrix[0], text.matrix[2])
    assert (text.provenance["dim"], text.provenance["max_tokens"]) == (384, 256)
    assert text.provenance["model"] == "sentence-transformers/all-MiniLM-L6-v2"
    assert text.provenance["revision"] == "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

    def never(*_):
        raise AssertionError("the model was loaded although everything is cached")

    monkeypatch.setattr(SentenceModel, "load", never)
    again = embed(dataset(), "auto")
    assert again.matrix.tobytes() == text.matrix.tobytes()
    assert again.provenance == text.provenance
    turned = embed(dataset(TEXTS[::-1]), "minilm")  # same texts elsewhere: same rows, no model
    assert np.array_equal(turned.matrix, text.matrix[::-1])


def test_a_folder_agrees_with_the_library(folder):
    text = embed(dataset(), folder)
    np.testing.assert_allclose(text.matrix, directly(folder, list(TEXTS)), atol=1e-5)
    assert (text.provenance["encoder"], text.provenance["model"]) == ("model", "model")
    assert text.provenance["max_tokens"] == POSITIONS


def test_settings_change_the_rows_and_never_meet_in_the_cache(folder, cache):
    plain = embed(dataset(), SentenceModel(str(folder)))
    unit = embed(dataset(), SentenceModel(str(folder), normalize=True))
    np.testing.assert_allclose(
        unit.matrix, plain.matrix / np.linalg.norm(plain.matrix, axis=1, keepdims=True), atol=1e-5
    )
    prompted = embed(dataset(), SentenceModel(str(folder), prompt="Heat "))
    np.testing.assert_allclose(prompted.matrix, directly(folder, [f"Heat {t}" for t in TEXTS]), atol=1e-5)
    cut = embed(dataset(), SentenceModel(str(folder), max_tokens=8))
    assert cut.provenance["truncated"] == 3  # all but "Heat"
    assert not np.allclose(cut.matrix[0], plain.matrix[0])
    assert len(list((cache / "text").glob("*.npz"))) == 4


def test_other_weights_or_another_pooling_are_another_revision_or_key(folder, tmp_path, cache):
    first = embed(dataset(), folder)
    other = tmp_path / "model"
    shutil.copytree(folder, other)
    pooling = other / "1_Pooling" / "config.json"
    assert '"mean"' in pooling.read_text()
    pooling.write_text(pooling.read_text().replace('"mean"', '"cls"'))
    second = embed(dataset(), other)
    assert first.provenance["revision"] == second.provenance["revision"]  # the weights are the same
    assert not np.allclose(first.matrix, second.matrix)


def test_truncation_is_counted_by_the_tokens_of_the_model(folder):
    text = embed(dataset(("Heat", LONG, LONG + "tail", LONG)), folder)
    assert text.provenance["truncated"] == 3
    assert np.array_equal(text.matrix[1], text.matrix[2])  # they differ behind the limit only
    assert "3 texts are longer than the 64 tokens the model reads: their ends were cut" in str(text)
    assert "no text is longer than the 64 tokens" in str(embed(dataset(), folder))


def test_models_without_a_tokenizer_of_transformers_have_no_limit_to_tell(tmp_path):
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer, models, pre_tokenizers

    tokenizer = Tokenizer(models.WordLevel({"heat": 0, "fargo": 1, "?": 2}, unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    with quietly():
        words = StaticEmbedding(tokenizer, embedding_weights=np.eye(3, dtype=np.float32))
        SentenceTransformer(modules=[words], device="cpu").save(str(tmp_path / "words"))
    text = embed(dataset(("heat", "fargo heat")), tmp_path / "words")
    np.testing.assert_allclose(text.matrix, [[1, 0, 0], [0.5, 0.5, 0]])
    assert (text.provenance["max_tokens"], text.provenance["truncated"]) == (None, 0)


def test_empty_texts_get_zero_rows_and_are_counted(folder):
    text = embed(dataset(("Heat", " ", "", "Fargo")), folder)
    assert text.provenance["empty"] == 2
    assert text.matrix.any(axis=1).tolist() == [True, False, False, True]
    np.testing.assert_array_equal(text.matrix[[0, 3]], embed(dataset(("Heat", "Fargo")), folder).matrix)
    assert "2 rows are zero (2 items have no text)" in str(text)
    with pytest.raises(SemcompError, match="no item of 'd' has a text to encode"):
        embed(dataset(("", " ")), folder)


def test_batches_change_no_more_than_the_last_bits(folder):
    texts = [f"{'word ' * (i % 7)}{i}" for i in range(40)]
    model = SentenceModel(str(folder))
    with model.load(Run(batch_size=1)) as one, model.load(Run(batch_size=64)) as many:
        np.testing.assert_allclose(one.rows(texts), many.rows(texts), atol=1e-5)


@pytest.mark.slow
def test_workers_give_the_same_rows(folder, monkeypatch):
    """Two are asked for and one is started, which imports everything again; their order is the library's."""
    from sentence_transformers import SentenceTransformer

    start, asked = SentenceTransformer.start_multi_process_pool, []

    def one(self, devices):
        asked.append(devices)
        return start(self, devices[:1])

    monkeypatch.setattr(SentenceTransformer, "start_multi_process_pool", one)
    texts = [f"{'word ' * (i % 7)}{i}" for i in range(40)]
    model = SentenceModel(str(folder))
    with model.load(Run(batch_size=8)) as alone, model.load(Run(batch_size=8, processes=2)) as pooled:
        np.testing.assert_allclose(pooled.rows(texts), alone.rows(texts), atol=1e-5)
    assert asked == [["cpu", "cpu"]]


def test_half_precision_is_close_and_a_key_of_its_own(folder, cache, monkeypatch):
    """What a GPU would be asked for, computed on whatever is here."""
    full = embed(dataset(), folder)
    assert full.provenance["precision"] == library.precision()
    monkeypatch.setattr(sentence, "precision", lambda: "float16")
    monkeypatch.setattr(reading, "precision", lambda: "float16")
    half = embed(dataset(), folder)
    assert (half.provenance["precision"], half.matrix.dtype) == ("float16", np.float32)
    assert np.array_equal(half.matrix, half.matrix.astype(np.float16))
    np.testing.assert_allclose(half.matrix, full.matrix, atol=0.02)
    assert len(list((cache / "text").glob("*.npz"))) == 2


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_gpu_agrees_with_the_cpu_up_to_half_precision():
    text = embed(dataset(), "minilm")
    assert text.provenance["precision"] == "float16"
    np.testing.assert_allclose(text.matrix, directly(minilm().files().folder, list(TEXTS)), atol=0.01)


# a hub


def test_a_hub_name_in_the_local_cache_needs_no_hub(folder, hub):
    in_hub_cache(folder, hub, "someone/tiny", COMMIT)
    text = embed(dataset(), "someone/tiny")
    assert (text.provenance["model"], text.provenance["revision"]) == ("someone/tiny", COMMIT)
    np.testing.assert_array_equal(text.matrix, embed(dataset(), folder).matrix)


def test_what_is_fetched_is_the_commit_the_name_stands_for(folder, hub, monkeypatch):
    asked = []

    def model_info(_, name, *, revision, timeout):
        asked.append((name, revision))
        return SimpleNamespace(sha=COMMIT)

    def snapshot_download(name, *, revision, local_files_only=False, **_):
        if local_files_only:
            raise FileNotFoundError
        asked.append((name, revision))
        in_hub_cache(folder, hub, name, revision)
        return hub / f"models--{name.replace('/', '--')}" / "snapshots" / revision

    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", model_info)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    text = embed(dataset(), SentenceModel("someone/tiny", revision="v2"))
    assert asked == [("someone/tiny", "v2"), ("someone/tiny", COMMIT)]
    assert text.provenance["revision"] == COMMIT


@pytest.mark.parametrize("encoder", ["someone/tiny", "bge-m3", "BAAI/bge-m3", BgeM3(revision="v1")], ids=str)
def test_weights_that_cannot_be_had_are_one_clear_error(hub, monkeypatch, encoder):
    with pytest.raises(
        SemcompError, match=r"not in the local hub cache .* cannot be fetched \(.+\); fetch it"
    ) as error:
        embed(dataset(), encoder)
    assert "\n" not in str(error.value)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(SemcompError, match=r"not in the local hub cache .* HF_HUB_OFFLINE is set; fetch it"):
        embed(dataset(), encoder)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("RepoNotFound", "the hub knows no model 'someone/tiny'"),
        ("RevisionNotFound", "the hub knows no revision 'v9' of 'someone/tiny'"),
        ("GatedRepo", "the hub asks for consent before it gives 'someone/tiny'"),
    ],
)
def test_what_a_hub_answers_is_told(hub, monkeypatch, code, message):
    class Refusal(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(403 if code == "GatedRepo" else 404)
            self.send_header("X-Error-Code", code)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Refusal) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        with pytest.raises(SemcompError, match=message):
            embed(dataset(), SentenceModel("someone/tiny", revision="v9"))
        server.shutdown()


def test_an_interrupted_download_is_not_taken_for_a_model(folder, hub, tmp_path, monkeypatch):
    half = tmp_path / "half"
    shutil.copytree(folder, half)
    (half / "model.safetensors").unlink()
    in_hub_cache(half, hub, "someone/tiny", COMMIT)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(SemcompError, match=r"incomplete in the local hub cache: it lacks weights"):
        embed(dataset(), "someone/tiny")


def test_bad_models(folder, tmp_path):
    for encoder, message in (
        (SentenceModel(str(folder), revision="v1"), "is a folder, which has no revision 'v1'"),
        (SentenceModel(str(tmp_path / "none")), "there is no model folder"),
        (SentenceModel(str(folder), max_tokens=POSITIONS + 1), f"has {POSITIONS} positions"),
        (str(tmp_path), "lacks modules.json"),
        (str(tmp_path / "none"), "there is no folder or file"),
        (Path("none"), "there is no folder or file"),
    ):
        with pytest.raises(SemcompError, match=message):
            embed(dataset(), encoder)
    with pytest.raises(SemcompError, match="max_tokens = 0"):
        SentenceModel("a/b", max_tokens=0)


def test_a_plain_transformer_is_refused_since_nobody_said_how_it_is_pooled(tmp_path):
    body = tiny_bge(tmp_path / "body")
    (body / "colbert_linear.pt").unlink()
    (body / "sparse_linear.pt").unlink()
    with pytest.raises(SemcompError, match=r"lacks modules.json \(which says how tokens are pooled\)"):
        embed(dataset(), body)
