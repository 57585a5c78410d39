#!/usr/bin/env python3
"""Forty random shapes per family of ops against PyTorch: sizes of 1, primes, irregular sizes.

    python3 tests/golden/make_shapes.py        (Debian: apt install python3-torch)

writes tests/golden/shapes.json. It holds no tensors: inputs, dy and weights come from make_golden.py's `hashed`, which
tests/unit/test_golden.cpp also has. The output and every gradient are stored as two sums with such weights, computed
in double. The file is committed: run this only to add cases.
"""
import json
import math
import pathlib
import random

import torch
import torch.nn.functional as F

from make_golden import along, hashed, rows, weighted_sums

torch.set_default_dtype(torch.float64)
dice = random.Random(20261)
cases = []


def case(ops, inputs, constants=(), **attributes):
    """`ops`: name -> function of inputs and constants, which are shapes or (shape, low, high)."""
    number, values = len(cases), []
    specs = [s if isinstance(s[0], (tuple, list)) else (s,) for s in (*inputs, *constants)]
    for f in ops.values():
        every = [hashed(s[0], number, i, *s[1:]) for i, s in enumerate(specs)]
        for x in every[:len(inputs)]:
            x.requires_grad_()
        y = f(*every)
        (y * hashed(y.shape, number, 100)).sum().backward()
        found = []
        for t, x in enumerate([y.detach()] + [x.grad for x in every[:len(inputs)]]):
            found += weighted_sums(x, number, t)
        values.append(found)
    cases.append({"ops": list(ops), "inputs": [list(s) for s in specs[:len(inputs)]],
                  **({"constants": [list(s) for s in specs[len(inputs):]]} if constants else {}), **attributes,
                  "values": values})


def size(most=97):
    return dice.choice([s for s in (1, 1, 2, 3, 4, 5, 7, 8, 11, 13, 16, 17, 23, 31, 32, 33, 61, 64, 65, 97, 128, 131, 257)
                        if s <= most])


def shape(most=4000, ranks=(1, 2, 3, 4)):
    while True:
        s = tuple(size(257) for _ in range(dice.choice(ranks)))
        if math.prod(s) <= most:
            return s


def forty(family):
    for i in range(40):
        family(20000 if i % 10 == 9 else 3000)  # some large enough for several threads


def arithmetic(most):
    s = shape(most)
    positive = (s, 80, 768)
    case({"add": lambda a, b: a + b, "subtract": lambda a, b: a - b, "multiply": lambda a, b: a * b}, [s, s])
    case({"divide": lambda a, b: a / b}, [s, positive])
    case({"log": torch.log, "sqrt": torch.sqrt}, [positive])
    case({"exp": torch.exp, "square": torch.square, "abs": torch.abs, "relu": F.relu, "sigmoid": torch.sigmoid,
          "tanh": torch.tanh, "softplus": F.softplus}, [s])
    case({"affine": lambda x: 1.5 * x - 0.25}, [s], factor=1.5, offset=-0.25)
    case({"clamp": lambda x: torch.clamp(x, -0.5, 0.75)}, [s], low=-0.5, high=0.75)
    case({"leaky_relu": lambda x: F.leaky_relu(x, 0.2)}, [s], slope=0.2)


def soft(most):
    case({"softmax": lambda x: F.softmax(x, -1), "log_softmax": lambda x: F.log_softmax(x, -1)},
         [(shape(most), -5120, 5120)])


def broadcasts(most):
    s = shape(most)
    for name, other, view in (("row", (math.prod(s[1:]),), lambda v, u: v.reshape(u.shape[1:]) if u.dim() > 1 else v),
                              ("column", s[:1], along), ("scalar", (1,), lambda v, u: v)):
        case({f"add_{name}": lambda u, v: u + view(v, u), f"multiply_{name}": lambda u, v: u * view(v, u)}, [s, other])


def reductions(most):
    case({"sum": lambda v: v.sum().reshape(1), "mean": lambda v: v.mean().reshape(1),
          "row_sums": lambda v: rows(v).sum(1), "row_means": lambda v: rows(v).mean(1),
          "column_sums": lambda v: rows(v).sum(0), "column_means": lambda v: rows(v).mean(0)}, [shape(most)])


def products(most):
    m, k, n = size(), size(257), size()
    case({"matmul": torch.matmul}, [(m, k), (k, n)])
    case({"linear": F.linear}, [(m, k), (n, k), (n,)])


def rearranged(most):
    s = shape(most)
    case({"transpose": lambda x: x.t()}, [shape(most, (2,))])
    case({"reshape": lambda x: x.reshape(-1, s[0])}, [s], shape=[math.prod(s) // s[0], s[0]])
    axis = dice.randrange(len(s))
    case({"concat": lambda *x: torch.cat(x, axis)}, [s[:axis] + (size(7),) + s[axis + 1:] for _ in range(3)], axis=axis)
    begin = dice.randrange(s[axis])
    end = dice.randint(begin + 1, s[axis])
    case({"slice": lambda x: x.narrow(axis, begin, end - begin)}, [s], axis=axis, begin=begin, end=end)


def losses(most):
    s = shape(most)
    case({"squared_error": lambda u, v: rows(F.mse_loss(u, v, reduction="none")).sum(1),
          "l1_error": lambda u, v: rows(F.l1_loss(u, v, reduction="none")).sum(1)}, [s, s])
    case({"bernoulli_nll": lambda u, v: rows(F.binary_cross_entropy_with_logits(u, v, reduction="none")).sum(1)},
         [(s, -2560, 2560)], [(s, 0, 256)])
    case({"gaussian_nll": lambda m, v, x: rows(F.gaussian_nll_loss(m, x, v.exp(), full=True, reduction="none")).sum(1)},
         [s, s], [s])
    s = shape(most, (2,))
    labels = [dice.randrange(s[1]) for _ in range(s[0])]
    case({"cross_entropy": lambda x: F.cross_entropy(x, torch.tensor(labels), reduction="none")}, [(s, -2560, 2560)],
         labels=labels)


def adversarial(most):
    s = dice.choice([(size(257),), (size(257), 1)])

    def target(loss, t):
        return lambda x: loss(x, torch.full_like(x, t), reduction="none").reshape(-1)

    bce, mse = F.binary_cross_entropy_with_logits, F.mse_loss
    case({"minimax_real_loss": target(bce, 0.9), "minimax_fake_loss": target(bce, 0.0),
          "saturating_generator_loss": lambda v: F.logsigmoid(-v).reshape(-1),
          "non_saturating_generator_loss": target(bce, 1.0), "least_squares_real_loss": target(mse, 1.0),
          "least_squares_fake_loss": target(mse, 0.0), "least_squares_generator_loss": target(mse, 1.0)}, [(s, -2560, 2560)], label=0.9)


def there(x):
    return x.permute(0, 3, 1, 2)


def back(x):
    return x.permute(0, 2, 3, 1)


def convolutions(most):
    while True:
        B, H, W, C, K = size(5), size(17), size(17), size(65), size(65)
        U, stride = dice.randint(1, 5), dice.randint(1, 3)
        padding = dice.randint(0, U - 1)
        V = U if dice.random() < 0.6 else dice.randint(1, 5)
        extra = dice.randrange(stride)
        I, J = (stride * (n - 1) + k - 2 * padding + extra for n, k in ((H, U), (W, V)))
        if min(H - U, W - V) + 2 * padding >= 0 and min(I, J) >= 1 and B * H * W * max(C, K) <= 12000:
            break
    bounds = (-128, 128)
    case({"conv2d": lambda a, b, c: back(F.conv2d(there(a), there(b), c, stride, padding))},
         [(B, H, W, C), ((K, U, V, C), *bounds), (K,)], stride=stride, padding=padding)
    case({"conv_transpose2d": lambda a, b, c: back(F.conv_transpose2d(there(a), there(b), c, stride, padding, extra))},
         [(B, H, W, K), ((K, U, V, C), *bounds), (C,)], stride=stride, padding=padding, output_padding=extra)


def fast_convolutions(most):
    """Three by three with many channels, where the fast kernels apply."""
    C, K, B, padding = dice.choice((64, 96)), dice.choice((64, 80)), dice.choice((1, 2, 3)), dice.randrange(3)
    H, W = dice.randint(4, 9), dice.randint(4, 13)
    bounds = (-32, 32)
    if dice.random() < 0.5 and min(H, W) + 2 * padding - 2 >= 4:
        case({"conv2d": lambda a, b, c: back(F.conv2d(there(a), there(b), c, 1, padding))},
             [(B, H, W, C), ((K, 3, 3, C), *bounds), (K,)], stride=1, padding=padding)
    else:
        case({"conv_transpose2d": lambda a, b, c: back(F.conv_transpose2d(there(a), there(b), c, 1, padding))},
             [(B, H, W, K), ((K, 3, 3, C), *bounds), (C,)], stride=1, padding=padding, output_padding=0)


def norms(most):
    while True:
        B, H, W, C = size(7), size(17), size(17), size(65)
        if H * W >= 3 and B * H * W * C <= most:
            break
    s, weights = (B, H, W, C), [((C,), 128, 512), (C,)]
    groups = dice.choice([g for g in range(1, C + 1) if C % g == 0])
    case({"batch_norm": lambda a, g, b: back(F.batch_norm(there(a), None, None, g, b, True)),
          "layer_norm": lambda a, g, b: F.layer_norm(a, s[1:]) * g + b,
          "group_norm": lambda a, g, b: back(F.group_norm(there(a).contiguous(), groups, g, b))}, [s, *weights],
         groups=groups)
    case({"batch_norm_eval": lambda a, g, b, m, v: back(F.batch_norm(there(a), m, v, g, b, False))}, [s, *weights],
         [(C,), ((C,), 128, 512)])
    instance = F.instance_norm if B > 1 else lambda a: F.layer_norm(a, (H, W))  # see make_golden.py about B = 1
    case({"instance_norm": lambda a: back(instance(there(a).contiguous())),
          "pixel_norm": lambda a: a / torch.sqrt((a * a).mean(-1, keepdim=True) + 1e-8)},
         [(s, 128, 768)])  # for one channel near 0 pixel_norm's gradient is only rounding error


def pools(most):
    while True:
        s = (size(5), size(33), size(33), size(33))
        if 3 <= min(s[1:3]) and math.prod(s) <= most:
            break
    window, stride = dice.randint(1, min(s[1:3])), dice.randint(1, 4)
    case({"max_pool2d": lambda a: back(F.max_pool2d(there(a), window, stride)),
          "average_pool2d": lambda a: back(F.avg_pool2d(there(a), window, stride))}, [s], size=window, stride=stride)
    case({"upsample_nearest": lambda a: back(F.interpolate(there(a), scale_factor=2, mode="nearest")),
          "reflection_pad2d": lambda a: back(F.pad(there(a), (2, 2, 2, 2), mode="reflect"))}, [s])


def main():
    for family in (arithmetic, soft, broadcasts, reductions, products, rearranged, losses, adversarial, convolutions,
                   fast_convolutions, norms, pools):
        forty(family)
    path = pathlib.Path(__file__).with_name("shapes.json")
    with path.open("w") as out:
        out.write('{"made_by": "tests/golden/make_shapes.py, PyTorch %s",\n"cases": [\n' % torch.__version__)
        out.write(",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]}\n")
    print(f"{path}: {sum(len(c['ops']) for c in cases)} cases, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
