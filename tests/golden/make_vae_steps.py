#!/usr/bin/env python3
"""Twenty training steps of a VAE in PyTorch, from numbers that both sides can generate: tests/golden/vae_steps.json.

    python3 tests/golden/make_vae_steps.py          (Debian: python3-torch)

Weights, pictures and noise are uniform numbers from an integer hash, so that no file has to store them.
784-400-20-400-784, relu, Bernoulli likelihood, batch 64, Adam 1e-3; one row per step: mean reconstruction term, mean KL, loss.
"""
import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

torch.set_num_threads(1)
B, D, H, K, STEPS = 64, 784, 400, 20, 20


def uniform(stream, shape):
    """In [0, 1): 24 bits of the hash of (stream, index)."""
    i = np.arange(int(np.prod(shape)), dtype=np.uint64)
    x = (i * np.uint64(2654435761) + np.uint64(stream) * np.uint64(40503) + np.uint64(12345)) & np.uint64(0xFFFFFFFF)
    for shift, factor in ((16, 0x45D9F3B), (16, 0x45D9F3B)):
        x = ((x ^ (x >> np.uint64(shift))) * np.uint64(factor)) & np.uint64(0xFFFFFFFF)
    x ^= x >> np.uint64(16)
    return torch.from_numpy(((x >> np.uint64(8)).astype(np.float32) / np.float32(16777216)).reshape(shape))


def parameter(stream, *shape):
    scale = 1 / np.sqrt(shape[-1] if len(shape) == 2 else 100)
    return ((2 * uniform(stream, shape) - 1) * float(np.float32(scale))).requires_grad_(True)


def main():
    w1, b1, wm, bm, wv, bv, w3, b3, w4, b4 = ps = [
        parameter(1, H, D), parameter(2, H), parameter(3, K, H), parameter(4, K), parameter(5, K, H), parameter(6, K),
        parameter(7, H, K), parameter(8, H), parameter(9, D, H), parameter(10, D)]
    adam = torch.optim.Adam(ps, 1e-3)
    rows = []
    for step in range(STEPS):
        x = uniform(100 + step % 4, (B, D))
        noise = (uniform(200 + step, (B, K)) - 0.5) * 3.4641016
        h = F.relu(F.linear(x, w1, b1))
        mu, logvar = F.linear(h, wm, bm), F.linear(h, wv, bv)
        z = mu + torch.exp(0.5 * logvar) * noise
        logits = F.linear(F.relu(F.linear(z, w3, b3)), w4, b4)
        recon = F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1).mean()
        kl = 0.5 * (torch.exp(logvar) + mu * mu - 1 - logvar).sum(1).mean()
        loss = recon + kl
        adam.zero_grad()
        loss.backward()
        adam.step()
        rows.append([float(recon), float(kl), float(loss)])
    text = json.dumps({"torch": torch.__version__, "steps": rows}, indent=1)
    (Path(__file__).parent / "vae_steps.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
