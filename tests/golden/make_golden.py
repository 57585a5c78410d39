#!/usr/bin/env python3
"""Golden values from PyTorch, an independent implementation.

    python3 tests/golden/make_golden.py        (Debian: apt install python3-torch)

writes tests/golden/ops.json: inputs, outputs and gradients of every op, and a few steps of every optimizer,
computed in double. Outputs and gradients of more than 150 numbers are stored as two weighted sums.
tests/unit/test_golden.cpp compares. The file is committed: run this only to add cases.
"""
import json
import math
import pathlib

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
generator = torch.Generator().manual_seed(20260)


def numbers(shape, low=-2.0, high=2.0, gap=0.0, around=()):
    """Uniform random numbers with three decimals, `gap` away from the kinks `around`."""
    x = torch.rand(shape, generator=generator) * (high - low) + low
    x = (x * 1000).round() / 1000
    for kink in around:
        x = torch.where((x - kink).abs() < gap, kink + gap, x)
    return x


WORD = 0xFFFFFFFF


def hashed(shape, case, which, low=-512, high=512):
    """Odd multiples of 1/512 in (low/256, high/256): exact in float, and never at a kink. A hash of the position,
    the number of the case and `which` (input 0, 1, ..., 100 for dy, 200 + 2 t and 201 + 2 t for the weights of
    tensor t). tests/unit/test_golden.cpp has the same function."""
    h = (torch.arange(math.prod(shape)) * 0x9E3779B1 + (1000 * case + which) * 0x85EBCA6B) & WORD
    for shift, factor in ((15, 0x2C1B3C6D), (12, 0x297A2D39)):
        h = ((h ^ (h >> shift)) * factor) & WORD
    h = h ^ (h >> 15)
    return ((2 * (low + h % (high - low)) + 1).double() / 512).reshape(shape)


def weighted_sums(x, case, tensor):
    """Two weighted sums of the numbers of x: tensor 0 is the output, 1, 2, ... are the gradients."""
    return [float(f"{float((x.detach() * hashed(x.shape, case, 200 + 2 * tensor + r)).sum()):.8g}")
            for r in range(2)]


def packed(x):
    return {"shape": list(x.shape), "data": [float(f"{v:.9g}") for v in x.detach().reshape(-1).tolist()]}


cases = []


def result(x, tensor):
    """The compared values: all numbers of a short tensor, two sums of a long one."""
    return packed(x) if x.numel() <= 150 else {"shape": list(x.shape), "sums": weighted_sums(x, len(cases), tensor)}


def case(op, f, inputs, constants=(), **attributes):
    """Output and gradients of sum(dy * f(inputs, constants))."""
    inputs = [x.clone().requires_grad_() for x in inputs]
    y = f(*inputs, *constants)
    dy = numbers(y.shape)
    (y * dy).sum().backward()
    cases.append({"op": op, "case": len(cases), **attributes, "inputs": [packed(x) for x in inputs],
                  "constants": [packed(c) for c in constants], "output": result(y, 0), "dy": packed(dy),
                  "grads": [result(x.grad, t + 1) for t, x in enumerate(inputs)]})


def rows(x):
    return x.reshape(x.shape[0], -1)


def along(v, x):
    """[B] as a column beside x [B, ..]."""
    return v.reshape([-1] + [1] * (x.dim() - 1))


def arithmetic():
    for shape in [(1,), (3, 5), (2, 3, 2)]:
        a, b, positive = numbers(shape), numbers(shape), numbers(shape, 0.3, 3)
        case("add", lambda u, v: u + v, [a, b])
        case("subtract", lambda u, v: u - v, [a, b])
        case("multiply", lambda u, v: u * v, [a, b])
        case("divide", lambda u, v: u / v, [a, positive])
        off = numbers(shape, gap=0.01, around=(0,))
        case("exp", torch.exp, [a])
        case("log", torch.log, [positive])
        case("sqrt", torch.sqrt, [positive])
        case("square", torch.square, [a])
        case("abs", torch.abs, [off])
        case("affine", lambda x: 1.5 * x - 0.25, [a], factor=1.5, offset=-0.25)
        case("clamp", lambda x: torch.clamp(x, -0.5, 0.75), [numbers(shape, gap=0.01, around=(-0.5, 0.75))],
             low=-0.5, high=0.75)
        case("relu", F.relu, [off])
        case("leaky_relu", lambda x: F.leaky_relu(x, 0.2), [off], slope=0.2)
        for scale in (1, 20):
            x = scale * a
            case("sigmoid", torch.sigmoid, [x])
            case("tanh", torch.tanh, [x])
            case("softplus", F.softplus if scale == 1 else lambda v: F.softplus(v, threshold=100), [x])
            case("softmax", lambda v: F.softmax(v, -1), [x])
            case("log_softmax", lambda v: F.log_softmax(v, -1), [x])


def broadcasts():
    for shape in [(4,), (3, 5), (2, 3, 2)]:
        x = numbers(shape)
        width = math.prod(shape[1:])
        row, column, scalar = numbers((width,)), numbers((shape[0],)), numbers((1,))
        case("add_row", lambda u, v: (rows(u) + v).reshape(u.shape), [x, row])
        case("multiply_row", lambda u, v: (rows(u) * v).reshape(u.shape), [x, row])
        case("add_column", lambda u, v: u + along(v, u), [x, column])
        case("multiply_column", lambda u, v: u * along(v, u), [x, column])
        case("add_scalar", lambda u, v: u + v, [x, scalar])
        case("multiply_scalar", lambda u, v: u * v, [x, scalar])


def reductions():
    for shape in [(4,), (3, 5), (2, 3, 2)]:
        x = numbers(shape)
        case("sum", lambda v: v.sum().reshape(1), [x])
        case("mean", lambda v: v.mean().reshape(1), [x])
        case("row_sums", lambda v: rows(v).sum(1), [x])
        case("row_means", lambda v: rows(v).mean(1), [x])
        case("column_sums", lambda v: rows(v).sum(0), [x])
        case("column_means", lambda v: rows(v).mean(0), [x])


def products_and_shapes():
    case("matmul", torch.matmul, [numbers((3, 5)), numbers((5, 4))])
    case("matmul", torch.matmul, [numbers((1, 7)), numbers((7, 1))])
    case("linear", F.linear, [numbers((3, 5)), numbers((4, 5)), numbers((4,))])
    case("linear", F.linear, [numbers((2, 3)), numbers((1, 3)), numbers((1,))])
    case("transpose", lambda x: x.t(), [numbers((3, 5))])
    case("reshape", lambda x: x.reshape(4, 3), [numbers((2, 3, 2))], shape=[4, 3])
    for axis in range(3):
        shapes = [[2, 3, 2], [2, 3, 2]]
        shapes[1][axis] = 1
        case("concat", lambda *x: torch.cat(x, axis), [numbers(s) for s in shapes], axis=axis)
        case("slice", lambda x: x.narrow(axis, 1, 2), [numbers((3, 3, 3))], axis=axis, begin=1, end=3)


def losses():
    for shape in [(4,), (3, 5), (2, 3, 2)]:
        y, t, logvar = numbers(shape), numbers(shape), numbers(shape)
        case("squared_error", lambda u, v: rows(F.mse_loss(u, v, reduction="none")).sum(1), [y, t])
        case("l1_error", lambda u, v: rows(F.l1_loss(u, v, reduction="none")).sum(1), [y, t])
        for scale in (1, 10):
            case("bernoulli_nll",
                 lambda u, v: rows(F.binary_cross_entropy_with_logits(u, v, reduction="none")).sum(1),
                 [scale * y], [numbers(shape, 0, 1)])
        case("gaussian_nll",
             lambda m, v, x: rows(F.gaussian_nll_loss(m, x, v.exp(), full=True, reduction="none")).sum(1),
             [y, logvar], [t])
    for scale in (1, 20):
        labels = [2, 0, 4]
        case("cross_entropy", lambda x: F.cross_entropy(x, torch.tensor(labels), reduction="none"),
             [scale * numbers((3, 5))], labels=labels)


def adversarial():
    """Losses on logits of P(real), beside PyTorch's cross entropies and their targets."""
    def bce(target):
        return lambda x: F.binary_cross_entropy_with_logits(x, torch.full_like(x, target), reduction="none").reshape(-1)

    def mse(target):
        return lambda x: F.mse_loss(x, torch.full_like(x, target), reduction="none").reshape(-1)

    for shape in [(4,), (5, 1)]:
        for scale in (1, 10):
            x = scale * numbers(shape, gap=0.01, around=(-1, 1, -0.1, 0.1))
            for label in (1.0, 0.9):
                case("minimax_real_loss", bce(label), [x], label=label)
            case("minimax_fake_loss", bce(0.0), [x])
            case("saturating_generator_loss", lambda v: F.logsigmoid(-v).reshape(-1), [x])
            case("non_saturating_generator_loss", bce(1.0), [x])
            case("least_squares_real_loss", mse(1.0), [x])
            case("least_squares_fake_loss", mse(0.0), [x])
            case("least_squares_generator_loss", mse(1.0), [x])


def optimizers():
    makers = [
        ("Sgd", {"lr": 0.125}, lambda p, o: torch.optim.SGD(p, lr=o["lr"])),
        ("Sgd", {"lr": 0.125, "momentum": 0.75}, lambda p, o: torch.optim.SGD(p, **o)),
        ("Adam", {"lr": 0.0625}, lambda p, o: torch.optim.Adam(p, **o)),
        ("Adam", {"lr": 0.03125, "beta1": 0.5, "beta2": 0.875, "eps": 0.001},
         lambda p, o: torch.optim.Adam(p, lr=o["lr"], betas=(o["beta1"], o["beta2"]), eps=o["eps"])),
    ]
    return optimizer_runs(makers)


def decayed():
    return optimizer_runs([("Adam", {"lr": 0.0625, "decoupled_weight_decay": 0.25},
                            lambda p, o: torch.optim.AdamW(p, lr=o["lr"], weight_decay=o["decoupled_weight_decay"]))])


def optimizer_runs(makers):
    out = []
    for name, options, make in makers:
        for limit in (None, 1.5):  # with and without a limit on the norm of the gradients
            start = [numbers((2, 3)), numbers((4,))]
            parameters = [x.clone().requires_grad_() for x in start]
            optimizer = make(parameters, options)
            steps = []
            for _ in range(5):
                for p in parameters:
                    p.grad = numbers(p.shape)
                gradients = [packed(p.grad) for p in parameters]
                norm = float(torch.linalg.vector_norm(torch.cat([p.grad.reshape(-1) for p in parameters])))
                if limit:
                    torch.nn.utils.clip_grad_norm_(parameters, limit)
                optimizer.step()
                steps.append({"grads": gradients, "norm": norm, "values": [packed(p) for p in parameters]})
            out.append({"optimizer": name, "options": options, "limit": limit or 0,
                        "start": [packed(x) for x in start], "steps": steps})
    return out


def training():
    """Five steps of a small autoencoder: every gradient travels through all of it."""
    x = numbers((6, 5), 0, 1)
    start = [numbers((3, 5), -1, 1), numbers((3,), -1, 1), numbers((5, 3), -1, 1), numbers((5,), -1, 1)]
    parameters = [p.clone().requires_grad_() for p in start]
    optimizer = torch.optim.Adam(parameters, lr=0.0625)
    losses_seen = []
    for _ in range(5):
        w1, b1, w2, b2 = parameters
        logits = F.linear(torch.tanh(F.linear(x, w1, b1)), w2, b2)
        loss = F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses_seen.append(float(loss))
    return {"x": packed(x), "start": [packed(p) for p in start], "losses": losses_seen,
            "end": [packed(p) for p in parameters]}


def pictures():
    """Channels last, as in the library; PyTorch has them second."""
    def there(x):
        return x.permute(0, 3, 1, 2)

    def back(x):
        return x.permute(0, 2, 3, 1)

    # one pixel, stride over kernel, channels 1, 3, 5, 33
    for x, w, stride, padding in [((1, 1, 1, 1), (1, 1, 1, 1), 1, 0), ((2, 5, 4, 3), (5, 3, 3, 3), 1, 1),
                                  ((1, 7, 5, 5), (3, 2, 2, 5), 3, 0), ((2, 6, 6, 1), (33, 4, 4, 1), 2, 1),
                                  ((1, 4, 5, 33), (2, 3, 3, 33), 2, 2), ((1, 1, 1, 3), (33, 1, 1, 3), 1, 0)]:
        case("conv2d", lambda a, b, c, s=stride, p=padding: back(F.conv2d(there(a), there(b), c, s, p)),
             [numbers(x), numbers(w), numbers((w[0],))], stride=stride, padding=padding)
    for x, w, stride, padding, extra in [((1, 1, 1, 5), (5, 4, 4, 3), 1, 0, 0), ((2, 3, 2, 3), (3, 4, 4, 1), 2, 1, 0),
                                         ((1, 3, 3, 1), (1, 3, 3, 33), 2, 1, 1), ((2, 2, 2, 5), (5, 2, 2, 3), 3, 0, 2)]:
        case("conv_transpose2d",
             lambda a, b, c, s=stride, p=padding, e=extra: back(F.conv_transpose2d(there(a), there(b), c, s, p, e)),
             [numbers(x), numbers(w), numbers((w[3],))], stride=stride, padding=padding, output_padding=extra)
    x = numbers((3, 4, 3, 6))
    weights = [numbers((6,), 0.5, 2), numbers((6,))]
    case("batch_norm", lambda a, g, b: back(F.batch_norm(there(a), None, None, g, b, True)), [x, *weights])
    case("instance_norm", lambda a: back(F.instance_norm(there(a))), [x])
    case("layer_norm", lambda a, g, b: F.layer_norm(a, (4, 3, 6)) * g + b, [x, *weights])
    case("group_norm", lambda a, g, b: back(F.group_norm(there(a), 3, g, b)), [x, *weights], groups=3)
    case("max_pool2d", lambda a: back(F.max_pool2d(there(a), 2, 1)), [x], size=2, stride=1)
    case("average_pool2d", lambda a: back(F.avg_pool2d(there(a), 3, 1)), [x], size=3, stride=1)
    case("upsample_nearest", lambda a: back(F.interpolate(there(a), scale_factor=2, mode="nearest")), [x])
    case("reflection_pad2d", lambda a: back(F.pad(there(a), (2, 2, 2, 2), mode="reflect")), [x])

    # one pixel, one channel, one image, more channels than fit into a vector
    for shape, groups in [((3, 1, 1, 5), 1), ((1, 5, 1, 33), 11), ((3, 4, 5, 1), 1), ((2, 3, 2, 3), 3)]:
        B, H, W, C = shape
        x = numbers(shape)
        weights = [numbers((C,), 0.5, 2), numbers((C,))]
        remembered = [numbers((C,)), numbers((C,), 0.5, 2)]
        case("batch_norm", lambda a, g, b: back(F.batch_norm(there(a), None, None, g, b, True)), [x, *weights])
        case("batch_norm_eval", lambda a, g, b, m, v: back(F.batch_norm(there(a), m, v, g, b, False)),
             [x, *weights], remembered)
        if H * W > 1 and B > 1:  # at B = 1 PyTorch 1.13's gradient of b is not the sum of dy where dy's channels come last
            case("instance_norm_affine", lambda a, g, b: back(F.instance_norm(there(a), weight=g, bias=b)),
                 [x, *weights])
        if H * W * C > 1:
            case("layer_norm", lambda a, g, b: F.layer_norm(a, (H, W, C)) * g + b, [x, *weights])
        case("group_norm", lambda a, g, b: back(F.group_norm(there(a), groups, g, b)), [x, *weights], groups=groups)
        case("pixel_norm", lambda a: a / torch.sqrt((a * a).mean(-1, keepdim=True) + 1e-8),
             [numbers(shape, gap=0.5, around=(0,))])  # for one channel near 0 the gradient is only rounding error
        case("upsample_nearest", lambda a: back(F.interpolate(there(a), scale_factor=2, mode="nearest")), [x])
        # windows that overlap, touch, leave gaps and cover one pixel
        for size, stride in [(3, 2), (2, 2), (2, 3), (1, 1)]:
            if size <= min(H, W):
                case("max_pool2d", lambda a: back(F.max_pool2d(there(a), size, stride)), [x], size=size, stride=stride)
                case("average_pool2d", lambda a: back(F.avg_pool2d(there(a), size, stride)), [x], size=size, stride=stride)


def axes():
    """Window sizes per axis, sequences, choices, sums over one axis, one number per channel and example."""
    def there(x):
        return x.movedim(-1, 1)

    def back(x):
        return x.movedim(1, -1)

    for x, w, stride, padding, extra in [((2, 5, 7, 3), (5, 3, 2, 3), [2, 1], [1, 0], [1, 0]), ((1, 1, 6, 4), (33, 1, 3, 4), [1, 2], [0, 1], [0, 1]),
                                         ((2, 6, 1, 3), (2, 5, 1, 3), [3, 1], [2, 0], [2, 0]), ((1, 4, 6, 33), (2, 1, 5, 33), [1, 1], [0, 2], [0, 0])]:
        case("conv2d", lambda a, b, c: back(F.conv2d(there(a), there(b), c, stride, padding)),
             [numbers(x), numbers(w), numbers((w[0],))], stride=stride, padding=padding)
        turned = (x[0], x[1], x[2], w[0])
        case("conv_transpose2d", lambda a, b, c: back(F.conv_transpose2d(there(a), there(b), c, stride, padding, extra)),
             [numbers(turned), numbers(w), numbers((w[3],))], stride=stride, padding=padding, output_padding=extra)
    for x, w, stride, padding, extra in [((2, 7, 3), (5, 3, 3), 1, 1, 0), ((1, 9, 5), (2, 4, 5), 3, 2, 2), ((3, 1, 1), (1, 1, 1), 1, 0, 0)]:
        case("conv1d", lambda a, b, c: back(F.conv1d(there(a), there(b), c, stride, padding)),
             [numbers(x), numbers(w), numbers((w[0],))], stride=stride, padding=padding)
        case("conv_transpose1d", lambda a, b, c: back(F.conv_transpose1d(there(a), there(b), c, stride, padding, extra)),
             [numbers((x[0], x[1], w[0])), numbers(w), numbers((w[2],))], stride=stride, padding=padding, output_padding=extra)
    x, sequence = numbers((2, 5, 6, 3)), numbers((2, 9, 3))
    for size, stride, padding in [([2, 3], [1, 2], [1, 0]), ([1, 4], [2, 3], [0, 2]), ([5, 1], [1, 1], [2, 0])]:
        case("max_pool2d", lambda a: back(F.max_pool2d(there(a), size, stride, padding)), [x], size=size, stride=stride, padding=padding)
        case("average_pool2d", lambda a: back(F.avg_pool2d(there(a), size, stride, padding)), [x], size=size, stride=stride, padding=padding)
    case("max_pool1d", lambda a: back(F.max_pool1d(there(a), 3, 2, 1)), [sequence], size=3, stride=2, padding=1)
    case("average_pool1d", lambda a: back(F.avg_pool1d(there(a), 3, 2, 1)), [sequence], size=3, stride=2, padding=1)

    def one_axis(y):
        return y.reshape(-1) if y.dim() == 0 else y

    for shape in [(1,), (3, 5), (2, 3, 2)]:
        a, b, positive, mask = numbers(shape), numbers(shape), numbers(shape, 0.3, 3), (numbers(shape) > 0).double()
        case("number_divided", lambda u: 1.5 / u, [positive], number=1.5)
        for exponent in (-1.5, 0.0, 1.0, 2.5):
            case("pow", lambda u: u ** exponent, [positive], exponent=exponent)
        case("maximum", torch.maximum, [a, b])
        case("minimum", torch.minimum, [a, torch.where(mask == 0, a, b)])  # with equals
        case("where", lambda u, v, m: torch.where(m != 0, u, v), [a, b], [mask])
        for axis in range(len(shape)):
            case("sum_axis", lambda u: one_axis(u.sum(axis)), [a], axis=axis)
            case("mean_axis", lambda u: one_axis(u.mean(axis)), [a], axis=axis)
    case("add_channels", lambda u, v: u + v[:, None, None, :], [x, numbers((2, 3))])
    case("multiply_channels", lambda u, v: u * v[:, None, None, :], [x, numbers((2, 3))])
    weights = [numbers((3,), 0.5, 2), numbers((3,))]
    case("group_norm", lambda a, g, b: back(F.group_norm(there(a), 3, g, b)), [sequence, *weights], groups=3)
    case("LayerNorm", lambda a: F.layer_norm(a, (6, 3), eps=0.01), [x], axes=[6, 3], epsilon=0.01)
    case("LayerNorm", lambda a: F.layer_norm(a, (3,)), [sequence], axes=[3], epsilon=1e-5)


def main():
    for make in (arithmetic, broadcasts, reductions, products_and_shapes, losses):
        make()
    steps, trained = optimizers(), training()
    adversarial()
    pictures()
    axes()
    steps += decayed()  # new cases come last, so that earlier random numbers stay the same
    path = pathlib.Path(__file__).with_name("ops.json")
    with path.open("w") as out:
        out.write('{"made_by": "tests/golden/make_golden.py, PyTorch %s",\n' % torch.__version__)
        out.write('"cases": [\n' + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n],\n")
        out.write('"optimizers": [\n' + ",\n".join(json.dumps(s, separators=(",", ":")) for s in steps) + "\n],\n")
        out.write('"training": ' + json.dumps(trained, separators=(",", ":")) + "}\n")
    print(f"{path}: {len(cases)} cases, {len(steps)} optimizer runs, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
