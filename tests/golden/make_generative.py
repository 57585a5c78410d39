#!/usr/bin/env python3
"""Golden values of the lecture's own operations, from PyTorch.

    python3 tests/golden/make_generative.py        (Debian: apt install python3-torch)

writes tests/golden/generative.json: inputs, outputs and gradients of couplings, losses and blocks of networks, and
values of schedules and sampling steps, computed in double from PyTorch's functions and the formulas of the papers.
tests/unit/test_golden_generative.cpp compares. The file is committed: run this only to add cases.
"""
import json
import math
import pathlib

import torch
import torch.nn.functional as F
from make_golden import case, cases, numbers, packed, rows


def there(x):
    return x.permute(0, 3, 1, 2)


def back(x):
    return x.permute(0, 2, 3, 1)


def flows():
    normal = torch.distributions.Normal(0.0, 1.0)
    for shape in [(1, 1), (3, 5), (4, 8)]:
        x, s, t = numbers(shape), numbers(shape), numbers(shape)
        mask = (numbers(shape[1:]) > 0).double()
        kept = mask.bool()

        def scaled(u, a, b):
            return torch.where(kept, u, torch.distributions.AffineTransform(b, a.exp())(u))

        case("affine_coupling", lambda u, a, b, _: scaled(u, a, b), [x, s, t], [mask])
        case("inverse_coupling",
             lambda u, a, b, _: torch.where(kept, u, torch.distributions.AffineTransform(b, a.exp()).inv(u)),
             [x, s, t], [mask])

        def log_det(a, _):  # PyTorch's determinant of PyTorch's Jacobian
            found = [torch.autograd.functional.jacobian(lambda u: scaled(u, row, t[0]), x[0], create_graph=True)
                     for row in a]
            return torch.stack([torch.linalg.slogdet(j)[1] for j in found])

        case("coupling_log_det", log_det, [s], [mask])
        case("change_of_variables", lambda z, l: normal.log_prob(z).sum(1) + l, [x, numbers(shape[:1])])


def losses():
    for shape in [(4,), (3, 5), (2, 3, 2), (2, 2, 3, 2)]:
        y, x = numbers(shape), numbers(shape)
        for name in ("cycle_loss", "identity_loss"):
            case(name, lambda u, v: rows(F.l1_loss(u, v, reduction="none")).mean(1), [y], [x])
        case("prediction_loss", lambda u, v: rows(F.mse_loss(u, v, reduction="none")).mean(1), [y, x])


def deviation(x, group):
    """StyleGAN's minibatch standard deviation for groups of consecutive pictures."""
    parts = []
    for part in x.split(group):
        d = torch.sqrt(part.var(0, unbiased=False) + 1e-8).mean()
        parts.append(torch.cat([part, d.expand(*part.shape[:3], 1)], 3))
    return torch.cat(parts)


def pictures():
    for shape, group in [((4, 2, 3, 2), 2), ((3, 1, 1, 1), 3), ((2, 2, 2, 3), 2), ((6, 2, 2, 1), 3)]:
        case("minibatch_deviation", lambda x: deviation(x, group), [numbers(shape)], group=group)
    for shape, margin in [((2, 3, 4, 2), 1), ((1, 4, 3, 1), 2), ((1, 2, 2, 5), 1)]:
        case("reflection_pad2d", lambda x: back(F.pad(there(x), [margin] * 4, mode="reflect")), [numbers(shape)],
             margin=margin)
    for factor in (1, 2, 3):
        case("upsample_nearest", lambda x: back(F.interpolate(there(x), scale_factor=factor, mode="nearest")),
             [numbers((1, 2, 3, 2))], factor=factor)
    case("pixel_norm", lambda x: x * torch.rsqrt((x * x).mean(-1, keepdim=True) + 1e-8),
         [numbers((2, 2, 3, 4), gap=0.1, around=(0,))])
    for shape in [(1,), (3, 5), (2, 3, 2)]:
        case("silu", F.silu, [4 * numbers(shape)])
    case("batched_matmul", lambda a, b: a @ b, [numbers((2, 3, 4)), numbers((2, 4, 2))], turned=False)
    case("batched_matmul", lambda a, b: a @ b.mT, [numbers((2, 3, 4)), numbers((2, 5, 4))], turned=True)


def block_of_unet(B, H, W, C, groups, time):
    """Two times group norm, SiLU and a 3 x 3 convolution, with the time between them, added to the input."""
    weights = []
    for shape in [(C,), (C,), (C, 3, 3, C), (C,), (C, time), (C,), (C,), (C,), (C, 3, 3, C), (C,)]:
        weights.append(numbers(shape, -1, 1))

    def block(x, e, g1, b1, w1, c1, wt, bt, g2, b2, w2, c2):
        h = F.conv2d(F.silu(F.group_norm(there(x), groups, g1, b1)), there(w1), c1, padding=1)
        h = h + F.linear(e, wt, bt)[:, :, None, None]
        return x + back(F.conv2d(F.silu(F.group_norm(h, groups, g2, b2)), there(w2), c2, padding=1))

    case("UnetBlock", block, [numbers((B, H, W, C)), numbers((B, time))], weights, groups=groups, time=time)


def attention_of_unet(B, H, W, C, groups):
    weights = [numbers((C,), 0.5, 2), numbers((C,))]
    for _ in range(4):
        weights += [numbers((C, 1, 1, C), -1, 1), numbers((C,), -1, 1)]

    def attention(x, gamma, beta, *w):
        h = back(F.group_norm(there(x), groups, gamma, beta)).reshape(B, H * W, C)
        q, k, v = (F.linear(h, w[2 * i].reshape(C, C), w[2 * i + 1]) for i in range(3))
        a = torch.softmax(q @ k.mT / math.sqrt(C), -1) @ v
        return x + F.linear(a, w[6].reshape(C, C), w[7]).reshape(x.shape)

    case("UnetAttention", attention, [numbers((B, H, W, C))], weights, groups=groups)


def alpha_bars(name, T):
    """[T + 1], from the betas as the papers list them: Ho et al. 2020, Nichol and Dhariwal 2021."""
    if name == "linear":
        betas = torch.linspace(1e-4, 0.02, T) if T > 1 else torch.tensor([1e-4])
    else:
        f = torch.cos((torch.arange(T + 1) / T + 0.008) / 1.008 * math.pi / 2) ** 2
        betas = torch.clamp(1 - f[1:] / f[:-1], max=0.999)
    return torch.cat([torch.ones(1), torch.cumprod(1 - betas, 0)])


def diffusion_steps():
    """One record per schedule and time: the marginal, both targets and one step of each sampler."""
    out = []
    for name, T, t, following, clip in [("linear", 1000, 300, 250, 0), ("linear", 1000, 1, 0, 0), ("linear", 10, 7, 6, 0),
                                        ("cosine", 100, 60, 59, 0), ("cosine", 100, 60, 20, 1), ("cosine", 8, 5, 0, 0.5),
                                        ("cosine", 1, 1, 0, 0)]:
        bars = alpha_bars(name, T)
        a, before, later = bars[t], bars[t - 1], bars[following]
        x0, noise, x, predicted, fresh = (numbers((2, 3)) for _ in range(5))
        beta = 1 - a / before

        def data(v, e):
            d = (v - torch.sqrt(1 - a) * e) / torch.sqrt(a)
            return d.clamp(-clip, clip) if clip else d

        d = data(x, predicted)
        variance = beta * (1 - before) / (1 - a)
        if clip:
            mean = (torch.sqrt(before) * beta * d + torch.sqrt(1 - beta) * (1 - before) * x) / (1 - a)
        else:  # Ho et al. 2020, equation 11
            mean = (x - beta / torch.sqrt(1 - a) * predicted) / torch.sqrt(1 - beta)
        consistent = (x - torch.sqrt(a) * d) / torch.sqrt(1 - a)
        velocity = torch.sqrt(a) * noise - torch.sqrt(1 - a) * x0
        results = {"diffuse": torch.sqrt(a) * x0 + torch.sqrt(1 - a) * noise, "velocity_target": velocity,
                   "predicted_data": d, "ancestral_step": mean + torch.sqrt(variance) * fresh,
                   "ddim_step": torch.sqrt(later) * d + torch.sqrt(1 - later) * consistent}
        out.append({"schedule": name, "T": T, "t": t, "next": following, "clip": clip, "alpha_bar": float(a),
                    "alpha_bar_end": float(bars[T]), "posterior_variance": float(variance), "x0": packed(x0),
                    "noise": packed(noise), "x": packed(x), "predicted": packed(predicted), "fresh": packed(fresh),
                    "results": {key: packed(value) for key, value in results.items()}})
    return out


def lines():
    """Flow matching: the points of lines from noise to data, by torch.lerp, and one Euler step."""
    noise, data, t = numbers((3, 2, 2)), numbers((3, 2, 2)), torch.tensor([0.0, 0.375, 1.0])
    x = torch.lerp(noise, data, t[:, None, None])
    return {"noise": packed(noise), "data": packed(data), "t": packed(t), "x": packed(x), "velocity": packed(data - noise),
            "euler": packed(torch.add(x, data - noise, alpha=0.125))}


def main():
    flows()
    losses()
    pictures()
    block_of_unet(2, 3, 2, 4, 2, 6)
    block_of_unet(1, 2, 2, 6, 3, 2)
    attention_of_unet(2, 2, 3, 4, 2)
    attention_of_unet(1, 1, 1, 2, 1)
    steps = diffusion_steps()
    path = pathlib.Path(__file__).with_name("generative.json")
    with path.open("w") as out:
        out.write('{"made_by": "tests/golden/make_generative.py, PyTorch %s",\n' % torch.__version__)
        out.write('"cases": [\n' + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n],\n")
        out.write('"diffusion": [\n' + ",\n".join(json.dumps(s, separators=(",", ":")) for s in steps) + "\n],\n")
        out.write('"line": ' + json.dumps(lines(), separators=(",", ":")) + "}\n")
    print(f"{path}: {len(cases)} cases, {len(steps)} steps, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
