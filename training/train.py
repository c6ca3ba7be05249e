"""Trains the tagger: `make train`. Needs the `train` extra (torch on CPU); one seed, two threads, the same weights each time.

A small transformer over hashed character n-grams and the house's bits; heads for the verb and for the tag of each word.
Objective: cross entropy of both on random samples. Its figures on a held-out seed are printed and stored in the weights' notes.
"""

import argparse
import json
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from claw.learning.suite import Case, pack
from claw.reflex.tagger import AROUND, BUCKETS, DEPTH, GRAMS, HEADS, LAYERS, SLICE, TAGS, WIDTH, grams
from claw.reflex.tokens import FLAGS, LONGEST
from training.generate import Generator, Sample

WEIGHTS = Path(__file__).parent.parent / "claw" / "reflex" / "weights.npz"
BATCH, SEED = 256, 20
RATE, TABLE_RATE = 1.5e-3, 6e-2  # of a bucket few words speak: with the rate of the others it learns too late (bench/LOG.md)
SUITE = 500  # samples that are shipped
RARELY = 0.04  # of a word's uses as a target: a word that is plain no more often is no plain word


class Net(nn.Module):
    """The same sums as claw.reflex.tagger runs with numpy."""

    def __init__(self, verbs: int) -> None:
        super().__init__()
        self.table = nn.Embedding(BUCKETS, SLICE)
        self.entry = nn.Linear((2 * AROUND + 1) * (SLICE + FLAGS), WIDTH)
        self.place = nn.Parameter(torch.randn(LONGEST + 1, WIDTH) * 0.02)
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
        self.last = nn.LayerNorm(WIDTH)
        self.verb = nn.Linear(2 * WIDTH, verbs)
        self.tag = nn.Linear(WIDTH, len(TAGS))
        nn.init.normal_(self.table.weight, std=0.3)

    def forward(self, words: torch.Tensor, bits: torch.Tensor, vectors: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """words: index into vectors (0 = none there); gives the scores of verbs and of tags."""
        there = words > 0
        x = torch.cat([vectors[words], bits], 2)
        wide = functional.pad(x, (0, 0, AROUND, AROUND))  # each word with its neighbours: phrases are learnt sooner
        x = self.entry(torch.cat([wide[:, n : n + x.shape[1]] for n in range(2 * AROUND + 1)], 2))
        first = x.new_zeros(x.shape[0], 1, WIDTH)
        x = torch.cat([first, x], 1) + self.place[: x.shape[1] + 1]
        mask = functional.pad(there, (1, 0), value=True)
        for block in self.blocks:
            x = block(x, mask)
        x = self.last(x)
        inside = x[:, 1:] * there[:, :, None]
        mean = inside.sum(1) / there.sum(1, keepdim=True).clamp(min=1)
        return self.verb(torch.cat([x[:, 0], mean], 1)), self.tag(x[:, 1:])


class Block(nn.Module):
    """Attention and a layer of twice the width, each behind a norm."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.up, self.down = nn.Linear(WIDTH, DEPTH), nn.Linear(DEPTH, WIDTH)

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        size, length, _ = x.shape
        q, k, v = self.qkv(self.one(x)).view(size, length, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
        y = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask[:, None, None, :])
        x = x + self.out(y.transpose(1, 2).reshape(size, length, WIDTH))
        return x + self.down(functional.relu(self.up(self.two(x))))


class Data:
    """Samples as arrays; each distinct word once, as its n-grams."""

    def __init__(self, samples: Sequence[Sample], verbs: Sequence[str]) -> None:
        self.known: dict[str, int] = {"": 0}
        words = np.zeros((len(samples), LONGEST), np.int32)
        tags = np.full((len(samples), LONGEST), -100, np.int16)
        bits = np.zeros((len(samples), LONGEST), np.int16)
        for n, sample in enumerate(samples):
            length = len(sample.words)
            words[n, :length] = [self.known.setdefault(word, len(self.known)) for word in sample.words]
            bits[n, :length] = sample.bits
            # what is no wish has no tags to learn, but for those that are none
            tags[n, :length] = [-100 if sample.verb == "none" and tag != "O" else TAGS.index(tag) for tag in sample.tags]
        self.words, self.tags, self.bits = (torch.from_numpy(array) for array in (words, tags, bits))
        self.verbs = torch.tensor([verbs.index(sample.verb) for sample in samples])
        self.lengths = torch.tensor([len(sample.words) for sample in samples])
        ids = np.zeros((len(self.known), GRAMS), np.int32)
        for word, n in self.known.items():
            own = grams(word) if word else []
            ids[n, : len(own)] = np.array(own, np.int32) + 1
        self.grams, self.counts = torch.from_numpy(ids), torch.from_numpy((ids > 0).sum(1).clip(1).astype(np.float32))

    def batch(self, rows: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Words (into the batch's own vectors), bits, grams, counts, verbs and tags."""
        longest = int(self.lengths[rows].max())
        words, own = torch.unique(self.words[rows, :longest].long(), return_inverse=True)
        if words[0] != 0:  # all of the same length: no word 0
            words, own = torch.cat([torch.zeros(1, dtype=torch.long), words]), own + 1
        bits = (self.bits[rows, :longest, None].int() >> torch.arange(FLAGS)) & 1
        return own, bits.float(), self.grams[words].long(), self.counts[words], self.verbs[rows], self.tags[rows, :longest].long()


def vectors(net: Net, ids: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
    """The mean of each word's n-grams."""
    table = functional.pad(net.table.weight, (0, 0, 1, 0))
    return functional.embedding_bag(ids, table, mode="sum", padding_idx=0) / counts[:, None]


def train(count: int, epochs: int, seed: int) -> None:
    """Draw, fit, measure on another seed, write the weights."""
    torch.manual_seed(seed)
    torch.set_num_threads(2)
    torch.use_deterministic_algorithms(True)
    began = time.perf_counter()
    generator = Generator(seed)
    samples = [generator.sample() for _ in range(count)]
    verbs = sorted({sample.verb for sample in samples})
    data, net = Data(samples, verbs), Net(len(verbs))
    print(f"{count} samples, {len(data.known)} words in {time.perf_counter() - began:.0f} s", flush=True)
    fit(net, data, epochs, began)
    held = Generator(seed + 1)
    samples = [held.sample() for _ in range(8000)]
    figures = measure(net, samples, verbs)
    print(json.dumps(figures | {"seconds": round(time.perf_counter() - began)}))
    write(net, verbs, carriers(seed), figures, samples[:SUITE])


def fit(net: Net, data: Data, epochs: int, began: float) -> None:
    """AdamW, one cycle; the table of the n-grams at a rate of its own."""
    count, step = len(data.verbs), 0
    steps = epochs * (count // BATCH)
    others = [weights for weights in net.parameters() if weights is not net.table.weight]
    groups = [{"params": others, "weight_decay": 0.01}, {"params": [net.table.weight], "weight_decay": 0.0}]
    adam = torch.optim.AdamW(groups, lr=RATE)
    pace = torch.optim.lr_scheduler.OneCycleLR(
        adam, [RATE, TABLE_RATE], total_steps=steps + 1, pct_start=0.1, cycle_momentum=False
    )
    for _ in range(epochs):
        for rows in _batches(data):
            words, bits, ids, counts, verb, tag = data.batch(rows)
            scores, tags = net(words, bits, vectors(net, ids, counts))
            loss = functional.cross_entropy(scores, verb, label_smoothing=0.02)
            loss = loss + functional.cross_entropy(tags.reshape(-1, len(TAGS)), tag.reshape(-1), ignore_index=-100)
            adam.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            adam.step()
            pace.step()
            step += 1
            if step % 200 == 0:
                print(f"step {step}/{steps} loss {loss.item():.3f} {time.perf_counter() - began:.0f} s", flush=True)


def _batches(data: Data) -> list[torch.Tensor]:
    """In random order, messages of like length together: short batches are quick."""
    order = torch.randperm(len(data.verbs))
    order = torch.cat([part[torch.argsort(data.lengths[part], stable=True)] for part in order.split(BATCH * 40)])
    parts = [part for part in order.split(BATCH) if len(part) == BATCH]
    return [parts[at] for at in torch.randperm(len(parts)).tolist()]


@torch.no_grad()
def measure(net: Net, samples: Sequence[Sample], verbs: Sequence[str]) -> dict[str, float]:
    """Shares of samples of another seed: the verb right, verb and all tags right, and what asks nothing taken for a deed."""
    net.eval()
    known = [sample for sample in samples if sample.verb in verbs]
    data, right, whole, taken, nothing, confused = Data(known, verbs), 0, 0, 0, 0, Counter[str]()
    for rows in torch.arange(len(known)).split(BATCH):
        words, bits, ids, counts, verb, tag = data.batch(rows)
        scores, tags = net(words, bits, vectors(net, ids, counts))
        same = scores.argmax(1) == verb
        all_tags = ((tags.argmax(2) == tag) | (tag == -100)).all(1)
        none = torch.tensor([verbs[v] == "none" for v in verb.tolist()])
        got = [verbs[v] for v in scores.argmax(1).tolist()]
        right, whole, nothing = right + int(same.sum()), whole + int((same & (all_tags | none)).sum()), nothing + int(none.sum())
        taken += sum(bool(n) and g not in ("none", "later", "several") for n, g in zip(none, got, strict=True))
        confused.update(f"{verbs[v]}>{g}" for v, g in zip(verb.tolist(), got, strict=True) if verbs[v] != g)
    print("confused:", confused.most_common(25))
    return {"verb": round(right / len(known), 4), "whole": round(whole / len(known), 4), "taken": round(taken / nothing, 4)}


def carriers(seed: int) -> list[str]:
    """The plain words that deeds and questions are made of, as written, without slips; not what is nearly always a target."""
    generator = Generator(seed + 2, noise=False)
    plain, named = Counter[str](), Counter[str]()
    for sample in (generator.sample() for _ in range(60_000)):
        if sample.verb != "none":
            plain.update(word for word, tag in zip(sample.words, sample.tags, strict=True) if word.isalpha() and tag in "OJ")
            named.update(word for word, tag in zip(sample.words, sample.tags, strict=True) if tag == "T")
    return sorted(word for word, count in plain.items() if count > named[word] * RARELY)


def write(
    net: Net, verbs: Sequence[str], words: Sequence[str], figures: dict[str, float], suite: Sequence[Sample], path: Path = WEIGHTS
) -> None:
    """Eight bits for the n-grams, sixteen for the rest; and the samples by which a house's own layer is judged."""
    state = {name: value.numpy() for name, value in net.state_dict().items()}
    table = state.pop("table.weight")
    scale = np.abs(table).max() / 127
    arrays = {name: value.astype(np.float16) for name, value in state.items()}
    arrays["table"] = np.clip(np.round(table / scale), -127, 127).astype(np.int8)
    arrays["scale"] = np.float32(scale)
    notes = json.dumps({"verbs": list(verbs), "words": " ".join(words), "figures": figures})
    arrays["notes"] = np.frombuffer(notes.encode(), dtype=np.uint8)
    np.savez_compressed(path, **arrays, **pack([Case(one.words, one.bits, one.tags, one.verb) for one in suite]))
    print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=260_000)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    train(options.count, options.epochs, options.seed)


if __name__ == "__main__":
    main()
