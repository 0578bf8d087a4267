"""Trainer of DeepJSCC: ``python -m gensc_models.training.recipes.deepjscc --data CIFAR10 --out
DIR``.

One network per SNR, the highest first and each from the one above it: training that starts at a
low SNR stalls. The time asked for is that of all networks together; the first, which starts from
random weights, gets the largest share. Within its share the learning rate of each falls to zero.
Like the other trainers it resumes from its checkpoint, logs JSON lines and keeps an exponential
moving average, which is what gets exported (:mod:`gensc_models.training.export.deepjscc`). A
finished run that is given more minutes goes round all its networks once more, in equal shares.
``--start`` begins a new run at weights instead: that counts as a later round, and can be kept to
some of the networks.

The loss is the published one, the squared error. Two things shorten the published budget, a
day on a processor, to an hour: the first network starts from a linear code
(:mod:`gensc_models.codecs.deepjscc.start`), and the convolutions are trained by Muon
(:mod:`gensc_models.training.muon`).
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from gensc_models.codecs.deepjscc.network import Autoencoder, DeepJscc, DeepJsccConfig
from gensc_models.codecs.deepjscc.start import start_linear
from gensc_models.codecs.jscc import load_jscc
from gensc_models.data.cifar import load_cifar
from gensc_models.training.muon import Muon
from gensc_models.training.schedule import follow, log_record, pace, save_checkpoint
from gensc_models.weights.store import WeightsError

VALIDATION_BATCH = 500


@dataclass(frozen=True)
class DeepJsccTrainConfig:
    """What one training run needs to know.

    ``data`` is a folder or pack of CIFAR-10. ``first_fraction`` of ``minutes`` goes to the
    network of the highest SNR, the rest in equal parts to the others, whose learning rates start
    at ``later_fraction`` of the first one's; so do all in later rounds. ``start`` are weights, by
    name or folder, to go on from; ``only`` then names the SNRs whose networks are trained on
    (none: all).

    Raises
    ------
    ValueError
        ``only`` without ``start``, or an SNR that has no network.
    """

    data: Path
    out: Path
    minutes: float = 50.0
    model: DeepJsccConfig = field(default_factory=DeepJsccConfig)
    start: str | None = None
    only: tuple[float, ...] = ()
    first_fraction: float = 0.35
    learning_rate: float = 3e-3
    later_fraction: float = 0.6
    warmup_steps: int = 100
    batch: int = 32
    ema: float = 0.999
    validate_every_minutes: float = 1.0
    validation_images: int = 1000
    statistics_images: int = 2000
    max_steps: int | None = None
    threads: int = 2
    device: str = "cpu"
    bfloat16: bool = False
    seed: int = 1

    def __post_init__(self) -> None:
        if self.only and self.start is None:
            raise ValueError("only some networks can be trained on, not trained from nothing")
        for snr_db in self.only:
            if snr_db not in self.model.snrs_db:
                raise ValueError(f"no network for {snr_db:g} dB among {list(self.model.snrs_db)}")

    @property
    def trained_snrs_db(self) -> tuple[float, ...]:
        """SNRs whose networks this run trains, in its order: the highest first."""
        return tuple(sorted(self.only or self.model.snrs_db, reverse=True))


def share_minutes(config: DeepJsccTrainConfig, stage: int, earlier_rounds: float = 0.0) -> float:
    """Minutes of the network that is trained as number ``stage`` (0: the highest SNR).

    ``earlier_rounds`` are the minutes at which the present round over all networks began.
    """
    count, minutes = len(config.trained_snrs_db), config.minutes - earlier_rounds
    if count == 1 or earlier_rounds > 0 or config.start is not None:
        return minutes / count
    if stage == 0:
        return minutes * config.first_fraction
    return minutes * (1.0 - config.first_fraction) / (count - 1)


def image_batches(images: NDArray[np.uint8], size: int, seed: int) -> Iterator[Tensor]:
    """Endless batches ``size x 3 x 32 x 32`` in [0, 1], each image mirrored or not."""
    random = np.random.default_rng(seed)
    size = min(size, len(images))
    while True:
        order = random.permutation(len(images))
        for start in range(0, len(images) - size + 1, size):
            chosen = torch.from_numpy(images[order[start : start + size]])
            batch = chosen.permute(0, 3, 1, 2).float() / 255.0
            mirrored = torch.from_numpy(random.random(size) < 0.5)[:, None, None, None]
            yield torch.where(mirrored, batch.flip(3), batch)


@torch.inference_mode()
def validate(network: Autoencoder, images: NDArray[np.uint8], snr_db: float) -> dict[str, float]:
    """PSNR of rounded images over AWGN in dB: of the mean error, and the mean of the images'.

    The first is what DeepJSCC publications state, the second what this project states; it is the
    higher one.
    """
    device = next(network.parameters()).device
    errors = []
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(0)
        for start in range(0, len(images), VALIDATION_BATCH):
            part = torch.from_numpy(images[start : start + VALIDATION_BATCH]).to(device)
            image = part.permute(0, 3, 1, 2).float() / 255.0
            decoded = (network(image, snr_db) * 255.0).round() / 255.0
            errors.append((decoded - image).square().mean(dim=(1, 2, 3)).clamp_min(1e-10))
    mse = torch.cat(errors).double()
    return {
        "psnr_of_mean_mse": round(-10.0 * math.log10(mse.mean().item()), 3),
        "mean_psnr": round(-10.0 * mse.log10().mean().item(), 3),
    }


class TrainingRun:
    """Everything that a checkpoint holds: networks, average, optimisers and progress.

    ``stage`` counts the networks from the highest SNR, ``round`` the passes over all of them.
    """

    def __init__(self, config: DeepJsccTrainConfig) -> None:
        self.config = config
        self.checkpoint = config.out / "checkpoint.pt"
        self.model = DeepJscc(config.model).to(config.device, memory_format=torch.channels_last)
        self.average = DeepJscc(config.model).to(config.device)
        self.average.load_state_dict(self.model.state_dict())
        self.stage = 0
        self.step = 0
        self.round = 0
        self._round_start = 0.0
        self._minutes = 0.0
        self._stage_minutes = 0.0
        self._stage_step = 0
        self._last = time.monotonic()
        self._new_optimisers()

    @property
    def _index(self) -> int:
        """Networks are stored by ascending SNR and trained in the other order."""
        return self.config.model.snrs_db.index(self.snr_db)

    @property
    def snr_db(self) -> float:
        """SNR of the network that is being trained."""
        return self.config.trained_snrs_db[self.stage]

    @property
    def network(self) -> Autoencoder:
        """The network that is being trained."""
        return self.model.networks[self._index]

    @property
    def averaged(self) -> Autoencoder:
        """Moving average of :attr:`network`."""
        return self.average.networks[self._index]

    @property
    def minutes(self) -> float:
        """Minutes of training, over all networks and resumptions; validation does not count."""
        return self._minutes

    @property
    def progress(self) -> float:
        """Part of its share that the current network has used, 0 to 1."""
        share = share_minutes(self.config, self.stage, self._round_start)
        return min(1.0, self._stage_minutes / share) if share > 0 else 1.0

    @property
    def finished(self) -> bool:
        """Whether the round is over, or the steps asked for are done."""
        limit = self.config.max_steps
        return self.shares_used or (limit is not None and self.step >= limit)

    @property
    def shares_used(self) -> bool:
        """Whether every network has had its share of the present round."""
        return self.stage == len(self.config.trained_snrs_db) - 1 and self.progress >= 1.0

    @property
    def stage_done(self) -> bool:
        """Whether the next network's turn has come."""
        return self.progress >= 1.0 and self.stage < len(self.config.trained_snrs_db) - 1

    def _new_optimisers(self) -> None:
        lr = self.config.learning_rate
        parameters = list(self.network.parameters())
        dtype = torch.bfloat16 if self.config.bfloat16 else torch.float32
        self.muon = Muon([p for p in parameters if p.ndim > 1], lr, dtype=dtype)
        vectors = [p for p in parameters if p.ndim == 1]
        self.adam = torch.optim.Adam(vectors, lr, betas=(0.9, 0.99))

    def begin(self, images: NDArray[np.uint8]) -> None:
        """Starts the first network from the linear code of these images."""
        pixels = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255.0
        start = Autoencoder()
        start_linear(start, pixels, self.snr_db)
        self.network.load_state_dict(start.state_dict())
        self.averaged.load_state_dict(start.state_dict())

    def go_on_from(self, weights: str) -> None:
        """Starts all networks at weights, as a later round.

        Raises
        ------
        WeightsError
            Missing, damaged, not DeepJSCC, or for other SNRs.
        """
        codec = load_jscc(weights)
        if codec.config.network != self.config.model:
            raise WeightsError(f"weights '{weights}' are not DeepJSCC for the SNRs of this run")
        self.model.load_state_dict(codec.network.state_dict())
        self.average.load_state_dict(codec.network.state_dict())
        self.round = 1

    def next_stage(self) -> None:
        """Goes on with the next lower SNR, in the first round from the average of the one above."""
        above = self.averaged.state_dict()
        self.stage += 1
        if self.round == 0:
            self.averaged.load_state_dict(above)
        self._begin_stage()

    def next_round(self) -> None:
        """Goes back to the highest SNR; every network now starts from its own average."""
        self.round += 1
        self.stage = 0
        self._round_start = self._minutes
        self._begin_stage()

    def _begin_stage(self) -> None:
        self.network.load_state_dict(self.averaged.state_dict())
        self._stage_minutes, self._stage_step = 0.0, 0
        self._new_optimisers()

    def resume(self) -> None:
        """Goes on from ``checkpoint.pt``.

        Raises
        ------
        ValueError
            The checkpoint is of a run with other SNRs, or of another trainer.
        """
        state = torch.load(self.checkpoint, map_location=self.config.device, weights_only=True)
        if state.get("config") != asdict(self.config.model):
            raise ValueError(f"{self.checkpoint}: of another kind of run; choose another --out")
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.stage, self.step = state["stage"], state["step"]
        self._minutes, self._stage_minutes = state["minutes"], state["stage_minutes"]
        self._stage_step = state["stage_step"]
        self.round, self._round_start = state["round"], state["round_start"]
        self._new_optimisers()
        self.muon.load_state_dict(state["muon"])
        self.adam.load_state_dict(state["adam"])
        if state["shares_used"] and self.config.minutes > self._minutes:
            self.next_round()
        self.start_clock()

    def start_clock(self) -> None:
        """Leaves out of account the time since the last step."""
        self._last = time.monotonic()

    def save(self) -> None:
        """Writes ``checkpoint.pt``; a run killed meanwhile leaves the old one whole."""
        state = {
            "config": asdict(self.config.model),
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "muon": self.muon.state_dict(),
            "adam": self.adam.state_dict(),
            "stage": self.stage,
            "step": self.step,
            "stage_step": self._stage_step,
            "round": self.round,
            "round_start": self._round_start,
            "shares_used": self.shares_used,
            "minutes": self._minutes,
            "stage_minutes": self._stage_minutes,
        }
        save_checkpoint(state, self.checkpoint)

    def learning_rate(self) -> float:
        """Linear warm-up, then a cosine over this network's share down to zero."""
        from_linear_code = self.stage == 0 and self.round == 0
        peak = self.config.learning_rate * (1.0 if from_linear_code else self.config.later_fraction)
        return peak * pace(self._stage_step, self.config.warmup_steps, self.progress, floor=0.0)

    def advance(self, image: Tensor) -> float:
        """One optimiser step on a batch; returns its loss."""
        rate = self.learning_rate()
        for group in self.muon.param_groups + self.adam.param_groups:
            group["lr"] = rate
        image = image.to(self.config.device).contiguous(memory_format=torch.channels_last)
        kind = torch.device(self.config.device).type
        with torch.autocast(kind, dtype=torch.bfloat16, enabled=self.config.bfloat16):
            decoded = self.network(image, self.snr_db)
        loss = F.mse_loss(decoded.float(), image)
        self.network.zero_grad(set_to_none=True)
        loss.backward()
        self.muon.step()
        self.adam.step()
        self.step += 1
        self._stage_step += 1
        follow(
            self.averaged.parameters(),
            self.network.parameters(),
            self._stage_step,
            self.config.ema,
        )
        now = time.monotonic()
        spent, self._last = (now - self._last) / 60.0, now
        self._minutes += spent
        self._stage_minutes += spent
        return loss.item()


def train(config: DeepJsccTrainConfig) -> Path:
    """Train (or go on training) and return the path of ``checkpoint.pt``.

    ``log.jsonl`` beside it has one record per validation: SNR of the network, step, minutes, loss,
    images per second, learning rate and both PSNRs of the averaged weights. The first images of
    the training set are kept for that.

    Raises
    ------
    FileNotFoundError
        No CIFAR-10 at ``config.data``.
    WeightsError
        As :meth:`TrainingRun.go_on_from`.
    ValueError
        It is not CIFAR-10, has too few images, or the checkpoint is of another kind of run.
    """
    torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    images = load_cifar(config.data, "train").images
    held_out, images = np.split(images, [config.validation_images])
    if not len(images):
        raise ValueError(f"{config.data}: no image beyond the {len(held_out)} held out")
    config.out.mkdir(parents=True, exist_ok=True)
    log = config.out / "log.jsonl"
    run = TrainingRun(config)
    if run.checkpoint.exists():
        run.resume()
    elif config.start is not None:
        run.go_on_from(config.start)
    else:
        run.begin(images[: config.statistics_images])
    seed = config.seed + 7919 * run.step
    torch.manual_seed(seed)
    batches = image_batches(images, config.batch, seed)
    since, losses = run.minutes, []
    run.start_clock()
    while True:
        due = run.minutes - since > config.validate_every_minutes
        if losses and (due or run.finished or run.stage_done):
            speed = len(losses) * config.batch / max(60.0 * (run.minutes - since), 1e-9)
            record = {
                "round": run.round,
                "snr_db": run.snr_db,
                "step": run.step,
                "minutes": round(run.minutes, 2),
                "loss": round(sum(losses) / len(losses), 6),
                "images_per_second": round(speed, 1),
                "learning_rate": run.learning_rate(),
                **validate(run.averaged, held_out, run.snr_db),
            }
            log_record(log, record)
            run.save()
            since, losses = run.minutes, []
            run.start_clock()
        if run.finished:
            return run.checkpoint
        if run.stage_done:
            run.next_stage()
            run.save()
            run.start_clock()
            continue
        losses.append(run.advance(next(batches)))


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line of the trainer."""
    defaults = DeepJsccTrainConfig
    parser = argparse.ArgumentParser(
        prog="gensc_models.training.recipes.deepjscc", description=__doc__
    )
    parser.add_argument("--data", type=Path, required=True, help="folder or pack of CIFAR-10")
    parser.add_argument("--out", type=Path, required=True, help="folder of checkpoint and log")
    parser.add_argument("--minutes", type=float, default=defaults.minutes, help="of all networks")
    parser.add_argument(
        "--snrs", type=float, nargs="+", default=DeepJsccConfig().snrs_db, metavar="DB"
    )
    parser.add_argument("--start", metavar="WEIGHTS", help="weights of DeepJSCC to go on from")
    parser.add_argument(
        "--only", type=float, nargs="+", default=(), metavar="DB", help="networks to go on with"
    )
    parser.add_argument("--learning-rate", type=float, default=defaults.learning_rate)
    parser.add_argument("--batch", type=int, default=defaults.batch)
    parser.add_argument("--ema", type=float, default=defaults.ema, help="of the weights, per step")
    parser.add_argument("--threads", type=int, default=defaults.threads)
    parser.add_argument("--device", default=defaults.device)
    parser.add_argument("--bfloat16", action="store_true", help="mixed precision, where it is fast")
    parser.add_argument("--seed", type=int, default=defaults.seed)
    options = parser.parse_args(arguments)
    train(
        DeepJsccTrainConfig(
            data=options.data,
            out=options.out,
            minutes=options.minutes,
            model=DeepJsccConfig(tuple(options.snrs)),
            start=options.start,
            only=tuple(options.only),
            learning_rate=options.learning_rate,
            batch=options.batch,
            ema=options.ema,
            threads=options.threads,
            device=options.device,
            bfloat16=options.bfloat16,
            seed=options.seed,
        )
    )


if __name__ == "__main__":
    main()
