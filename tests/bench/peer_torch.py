#!/usr/bin/env python3
"""PyTorch's side of `make bench`: the same networks, batch sizes and optimizer as in bench.cpp.

    echo "mlp_vae 2" | peer_torch.py [--adam foreach|fused] [--channels-last] [--compile] [--threads 2]
                                                                   one line of JSON per line "case seconds"
    peer_torch.py --startup                                        import, one training step, end

PyTorch gets its fastest settings on the development machine: AVX-512 kernels if the CPU has them, OpenBLAS set to the
CPU's type (version 0.3.21 mistakes new Intel CPUs for old ones) and built to share PyTorch's threads, and an allocator
that keeps its memory. Libraries read these settings when they load, so the script restarts itself. run_bench.py also
uses `settings`, to keep the restart out of the measured start-up time.
"""
import argparse
import glob
import json
import math
import os
import platform
import resource
import sys
import time


def settings(threads):
    """Environment variables of the fastest configuration on this machine."""
    env = {"MALLOC_MMAP_THRESHOLD_": "1073741824", "MALLOC_TRIM_THRESHOLD_": "4294967296", "MALLOC_TOP_PAD_": "134217728",
           "OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads), "PEER_READY": "1"}
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            flags = next((line for line in file if line.startswith("flags")), "").split()
    except OSError:
        flags = []
    if {"avx512f", "avx512dq", "avx512vl", "avx512bw"} <= set(flags):
        env.update(OPENBLAS_CORETYPE="SKYLAKEX", ATEN_CPU_CAPABILITY="avx512")
    elif "avx2" in flags:
        env.update(OPENBLAS_CORETYPE="HASWELL", ATEN_CPU_CAPABILITY="avx2")
    blas = glob.glob(f"/usr/lib/{platform.machine()}-*/openblas-openmp/libblas.so.3")  # other architectures' may be installed
    if blas:
        env["LD_LIBRARY_PATH"] = os.path.dirname(blas[0])
    return env


def make_case(name, adam="", channels_last=False, compiled=False):
    """The function that does one step of the case. `adam`: which of PyTorch's implementations, "foreach" or "fused"."""
    import torch
    from torch import nn
    import torch.nn.functional as F

    torch.manual_seed(1)
    picture_case = case_of(name)
    if picture_case:
        layout = torch.channels_last if channels_last else torch.contiguous_format
        step = picture_case(torch, nn, F, {adam: True} if adam else {}, layout)
        return torch.compile(step) if compiled else step
    pixels = 784

    def training(net, loss_of, batch=128):
        optimizer = torch.optim.Adam(net.parameters(), 1e-3, **({adam: True} if adam else {}))

        def step(x):
            descend(optimizer, loss_of(x))

        if compiled:  # of the batch alone: a counter or an iterator inside would be part of what is compiled
            step = torch.compile(step)
        batches = in_turn([torch.rand(batch, pixels) for _ in range(4096 // batch)])
        return lambda: step(next(batches))

    if name == "mlp_vae" or name.startswith("mlp_vae_b"):
        hidden, mu_of, logvar_of = nn.Linear(pixels, 400), nn.Linear(400, 20), nn.Linear(400, 20)
        up, out = nn.Linear(20, 400), nn.Linear(400, pixels)

        def vae_loss(x):
            h = F.relu(hidden(x))
            mu, logvar = mu_of(h), logvar_of(h)
            z = mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)
            logits = out(F.relu(up(z)))
            kl = -0.5 * torch.sum(1 + logvar - mu * mu - logvar.exp())
            return F.binary_cross_entropy_with_logits(logits, x, reduction="sum") + kl

        return training(nn.ModuleList([hidden, mu_of, logvar_of, up, out]), vae_loss, number_after("mlp_vae_b", name) or 128)
    if name == "mlp_ae":
        net = nn.Sequential(nn.Linear(pixels, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 2),
                            nn.Linear(2, 256), nn.ReLU(), nn.Linear(256, 512), nn.ReLU(), nn.Linear(512, pixels), nn.Sigmoid())
        return training(net, lambda x: F.mse_loss(net(x), x))
    if number_after("infer_b", name):
        net = nn.Sequential(nn.Linear(20, 400), nn.ReLU(), nn.Linear(400, pixels), nn.Sigmoid())
        z = torch.randn(number_after("infer_b", name), 20)
        if compiled:  # the network: a compiled function without a result would be removed as dead code
            net = torch.compile(net)

        def infer():
            with torch.inference_mode():
                net(z)

        return infer
    return None


# ---- images: see picture_cases.cpp. `layout` is PyTorch's name for the position of the channels in memory.


def in_turn(tensors):
    """Cycles through the tensors for ever."""
    while True:
        yield from tensors


def pool(torch, shape, layout, low=0.0, count=8):
    return in_turn([torch.empty(*shape).uniform_(low, 1).contiguous(memory_format=layout) for _ in range(count)])


def descend(optimizer, loss):
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()


def small_cnn(torch, nn, F, adam, layout):
    net = nn.Sequential(nn.Conv2d(1, 32, 4, 2), nn.ReLU(), nn.Conv2d(32, 64, 4, 2), nn.ReLU(), nn.Flatten(), nn.Linear(1600, 10))
    net = net.to(memory_format=layout)
    optimizer = torch.optim.Adam(net.parameters(), 1e-3, **adam)
    x, target = pool(torch, (128, 1, 28, 28), layout), torch.rand(128, 10)
    return lambda: descend(optimizer, F.mse_loss(net(next(x)), target))


def conv_vae(torch, nn, F, adam, layout):
    down = nn.Sequential(nn.Conv2d(1, 32, 4, 2, 1), nn.ReLU(), nn.Conv2d(32, 64, 4, 2, 1), nn.ReLU(), nn.Flatten())
    mu_of, logvar_of, up = nn.Linear(3136, 16), nn.Linear(3136, 16), nn.Linear(16, 3136)
    paint = nn.Sequential(nn.ConvTranspose2d(64, 32, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(32, 1, 4, 2, 1))
    net = nn.ModuleList([down, mu_of, logvar_of, up, paint]).to(memory_format=layout)
    optimizer = torch.optim.Adam(net.parameters(), 1e-3, **adam)
    pictures = pool(torch, (128, 1, 28, 28), layout, count=16)

    def step():
        x = next(pictures)
        h = down(x)
        mu, logvar = mu_of(h), logvar_of(h)
        z = mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)
        y = paint(F.relu(up(z)).view(-1, 64, 7, 7))
        kl = -0.5 * torch.sum(1 + logvar - mu * mu - logvar.exp())
        descend(optimizer, F.binary_cross_entropy_with_logits(y, x, reduction="sum") + kl)

    return step


def dcgan(batch, size, channels, colours):
    def make(torch, nn, F, adam, layout):
        up = channels[::-1]
        g = [nn.ConvTranspose2d(100, up[0], 4, bias=False), nn.BatchNorm2d(up[0]), nn.ReLU(True)]
        for a, b in zip(up, up[1:]):
            g += [nn.ConvTranspose2d(a, b, 4, 2, 1, bias=False), nn.BatchNorm2d(b), nn.ReLU(True)]
        g += [nn.ConvTranspose2d(up[-1], colours, 4, 2, 1, bias=False), nn.Tanh()]
        d = [nn.Conv2d(colours, channels[0], 4, 2, 1, bias=False), nn.LeakyReLU(0.2, True)]
        for a, b in zip(channels, channels[1:]):
            d += [nn.Conv2d(a, b, 4, 2, 1, bias=False), nn.BatchNorm2d(b), nn.LeakyReLU(0.2, True)]
        d += [nn.Conv2d(channels[-1], 1, 4, bias=False), nn.Flatten(0)]
        generator, judge = nn.Sequential(*g).to(memory_format=layout), nn.Sequential(*d).to(memory_format=layout)
        adam_g, adam_d = (torch.optim.Adam(net.parameters(), 2e-4, betas=(0.5, 0.999), **adam) for net in (generator, judge))
        x, one, zero = pool(torch, (batch, colours, size, size), layout, -1.0), torch.ones(batch), torch.zeros(batch)
        bce = F.binary_cross_entropy_with_logits

        def step():
            fake = generator(torch.randn(batch, 100, 1, 1))
            descend(adam_d, bce(judge(next(x)), one) + bce(judge(fake.detach()), zero))
            judge.requires_grad_(False)
            descend(adam_g, bce(judge(fake), one))
            judge.requires_grad_(True)

        return step

    return make


def dbvae64(torch, nn, F, adam, layout):
    n, latent, channels = 12, 100, 3
    encoder = []
    for out, size in ((n, 5), (2 * n, 5), (4 * n, 3), (6 * n, 3)):
        encoder += [nn.Conv2d(channels, out, size, 2, size // 2), nn.ReLU(True), nn.BatchNorm2d(out)]
        channels = out
    encoder += [nn.Flatten(), nn.Linear(channels * 16, 512), nn.ReLU(True), nn.Linear(512, 2 * latent + 1)]
    up, decoder = nn.Linear(latent, channels * 16), []
    for out, size in ((4 * n, 3), (2 * n, 3), (n, 5), (3, 5)):
        decoder += [nn.ConvTranspose2d(channels, out, size, 2, size // 2, 1), nn.ReLU(True)]
        channels = out
    encode, paint = nn.Sequential(*encoder), nn.Sequential(*decoder[:-1])
    net = nn.ModuleList([encode, up, paint]).to(memory_format=layout)
    optimizer = torch.optim.Adam(net.parameters(), 5e-4, **adam)
    pictures, label = pool(torch, (32, 3, 64, 64), layout), (torch.rand(32) > 0.5).float()

    def step():
        x = next(pictures)
        h = encode(x)
        logit, mu, logvar = h[:, 0], h[:, 1:latent + 1], h[:, latent + 1:]
        z = mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)
        y = paint(F.relu(up(z)).view(-1, 6 * n, 4, 4))
        kl = 0.5 * torch.sum(torch.exp(logvar) + mu * mu - 1 - logvar, dim=1)
        error = (x - y).abs().mean(dim=(1, 2, 3))
        face = F.binary_cross_entropy_with_logits(logit, label, reduction="none")
        descend(optimizer, (face + label * (0.005 * kl + error)).mean())

    return step


def unet28(torch, nn, F, adam, layout):
    """The U-Net of include/gradus/generative/unet.hpp, its default options, and one step of noise prediction."""

    def waves(t):
        angles = 1000 * t[:, None] * torch.exp(-math.log(10000.0) * torch.arange(32) / 32)
        return torch.cat([angles.sin(), angles.cos()], 1)

    class Block(nn.Module):
        def __init__(self, c):
            super().__init__()
            self.norm1, self.conv1, self.time = nn.GroupNorm(8, c), nn.Conv2d(c, c, 3, padding=1), nn.Linear(64, c)
            self.norm2, self.conv2 = nn.GroupNorm(8, c), nn.Conv2d(c, c, 3, padding=1)

        def forward(self, x, e):
            h = self.conv1(F.silu(self.norm1(x))) + self.time(e)[:, :, None, None]
            return x + self.conv2(F.silu(self.norm2(h)))

    class Unet(nn.Module):
        def __init__(self):
            super().__init__()
            self.time, self.stem, self.before = nn.Linear(64, 64), nn.Conv2d(1, 32, 4, 2, 1), Block(32)
            self.down, self.low1, self.low2 = nn.Conv2d(32, 64, 3, 2, 1), Block(64), Block(64)
            self.up, self.mix, self.after = nn.Conv2d(64, 32, 3, padding=1), nn.Conv2d(64, 32, 1), Block(32)
            self.out = nn.ConvTranspose2d(32, 1, 4, 2, 1)

        def forward(self, x, t):
            e = F.silu(self.time(waves(t)))
            h = self.before(self.stem(x), e)
            low = self.low2(self.low1(self.down(h), e), e)
            low = self.up(F.interpolate(low, scale_factor=2.0))
            return self.out(self.after(self.mix(torch.cat([low, h], 1)), e))

    net = Unet().to(memory_format=layout)
    optimizer = torch.optim.Adam(net.parameters(), 1e-3, **adam)
    pictures = pool(torch, (64, 1, 28, 28), layout, -1.0)
    angle = torch.arange(201) / 200 * 0.5 * math.pi
    alpha_bar = torch.cos(angle) ** 2

    def step():
        t, noise = torch.randint(1, 201, (64,)), torch.randn(64, 1, 28, 28).contiguous(memory_format=layout)
        a = alpha_bar[t][:, None, None, None]
        descend(optimizer, F.mse_loss(net(a.sqrt() * next(pictures) + (1 - a).sqrt() * noise, t / 200), noise))

    return step


def cyclegan64(batch):
    def make(torch, nn, F, adam, layout):
        def norm_relu(channels):
            return [nn.InstanceNorm2d(channels), nn.ReLU(True)]

        class Residual(nn.Module):
            def __init__(self, c):
                super().__init__()
                self.path = nn.Sequential(nn.ReflectionPad2d(1), nn.Conv2d(c, c, 3), *norm_relu(c),
                                          nn.ReflectionPad2d(1), nn.Conv2d(c, c, 3), nn.InstanceNorm2d(c))

            def forward(self, x):
                return x + self.path(x)

        def translator():
            return nn.Sequential(
                nn.ReflectionPad2d(3), nn.Conv2d(3, 32, 7), *norm_relu(32), nn.Conv2d(32, 64, 3, 2, 1), *norm_relu(64),
                nn.Conv2d(64, 128, 3, 2, 1), *norm_relu(128), *[Residual(128) for _ in range(6)],
                nn.ConvTranspose2d(128, 64, 3, 2, 1, 1), *norm_relu(64), nn.ConvTranspose2d(64, 32, 3, 2, 1, 1), *norm_relu(32),
                nn.ReflectionPad2d(3), nn.Conv2d(32, 3, 7), nn.Tanh()).to(memory_format=layout)

        def patch_judge():
            return nn.Sequential(
                nn.Conv2d(3, 64, 4, 2, 1), nn.LeakyReLU(0.2, True), nn.Conv2d(64, 128, 4, 2, 1), nn.InstanceNorm2d(128),
                nn.LeakyReLU(0.2, True), nn.Conv2d(128, 256, 4, 2, 1), nn.InstanceNorm2d(256), nn.LeakyReLU(0.2, True),
                nn.Conv2d(256, 1, 4, 1, 1)).to(memory_format=layout)

        to_b, to_a, of_b, of_a = translator(), translator(), patch_judge(), patch_judge()
        judges = [*of_b.parameters(), *of_a.parameters()]
        adam_g = torch.optim.Adam([*to_b.parameters(), *to_a.parameters()], 2e-4, betas=(0.5, 0.999), **adam)
        adam_d = torch.optim.Adam(judges, 2e-4, betas=(0.5, 0.999), **adam)
        as_, bs = (pool(torch, (batch, 3, 64, 64), layout, -1.0) for _ in range(2))

        def judged(answer, target):
            return F.mse_loss(answer, torch.full_like(answer, target))

        def step():
            a, b = next(as_), next(bs)
            for parameter in judges:
                parameter.requires_grad_(False)
            fb, fa = to_b(a), to_a(b)
            cycle = F.l1_loss(to_a(fb), a) + F.l1_loss(to_b(fa), b)
            same = F.l1_loss(to_b(b), b) + F.l1_loss(to_a(a), a)
            descend(adam_g, 5 * same + judged(of_b(fb), 1.0) + judged(of_a(fa), 1.0) + 10 * cycle)
            for parameter in judges:
                parameter.requires_grad_(True)
            fb, fa = fb.detach(), fa.detach()
            descend(adam_d, 0.5 * (judged(of_b(b), 1.0) + judged(of_b(fb), 0.0) + judged(of_a(a), 1.0) + judged(of_a(fa), 0.0)))

        return step

    return make


PICTURE_CASES = {"small_cnn": small_cnn, "conv_vae": conv_vae, "dcgan32": dcgan(64, 32, [64, 128, 256], 1),
                 "dcgan64": dcgan(32, 64, [64, 128, 256, 512], 3), "dbvae64": dbvae64, "unet28": unet28,
                 "cyclegan64_b1": cyclegan64(1), "cyclegan64_b4": cyclegan64(4)}


def number_after(prefix, name):
    """The number that follows the prefix: 32 for "mlp_vae_b32" and "mlp_vae_b". 0 for other names."""
    number = name.removeprefix(prefix)
    return int(number) if number != name and number.isdigit() else 0


def case_of(name):
    """The function that makes a case with pictures; None for other names."""
    c = number_after("dcgan32_c", name)
    return dcgan(64, 32, [c, 2 * c, 4 * c], 1) if c else PICTURE_CASES.get(name)


def measure_steps(name, step, count):
    """The first step, the median, and page faults per step."""
    before, times = resource.getrusage(resource.RUSAGE_SELF), []
    for _ in range(max(1, count)):
        start = time.perf_counter()
        step()
        times.append(1e3 * (time.perf_counter() - start))
    after = resource.getrusage(resource.RUSAGE_SELF)
    faults = after.ru_minflt + after.ru_majflt - before.ru_minflt - before.ru_majflt
    return {"case": name, "ms_first": times[0], "ms_median": sorted(times)[(len(times) - 1) // 2], "faults": faults / len(times)}


def measure(name, step, seconds):
    """Measures as bench.cpp does: a tenth of the time to warm up, then every step on its own."""
    end = time.perf_counter() + 0.1 * seconds
    while time.perf_counter() < end:
        step()
    times, end = [], time.perf_counter() + seconds
    while len(times) < 5 or time.perf_counter() < end:
        before = time.perf_counter()
        step()
        times.append(1e3 * (time.perf_counter() - before))
    times.sort()
    last = len(times) - 1
    return {"case": name, "ms_median": times[last // 2], "ms_p10": times[last // 10], "ms_p90": times[last * 9 // 10],
            "steps": len(times), "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def answer_all(make, version):
    """Reads lines "case seconds" or "steps,case count" and answers each with a line of JSON. `make(case)`: the function
    that does one step of the case, or None."""
    cases = {}
    for line in sys.stdin:
        name, number = line.split()
        case = name.removeprefix("steps,")
        try:
            if case not in cases:
                cases[case] = make(case)
            if not cases[case]:
                answer = {"case": name, "error": "no such case"}
            elif case == name:
                answer = measure(name, cases[case], float(number))
            else:
                answer = measure_steps(name, cases[case], int(float(number)))
        except Exception as problem:  # a setting that fails gives no figure; the others may
            answer = {"case": name, "error": f"{type(problem).__name__}: {problem}"[:300]}
        print(json.dumps({**answer, "version": version}), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--adam", choices=("", "foreach", "fused"), default="", help="Adam over all parameters at once")
    parser.add_argument("--channels-last", action="store_true", help="images with the channels last in memory")
    parser.add_argument("--compile", action="store_true", help="torch.compile of the whole step (PyTorch 2)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--startup", action="store_true", help="run one training step and exit")
    options = parser.parse_args()
    if not os.environ.get("PEER_READY"):
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **settings(options.threads)})
    if options.startup:
        make_case("mlp_vae", options.adam)()
        return
    import torch

    torch.set_num_threads(options.threads)

    def make(name):
        step = make_case(name, options.adam, options.channels_last, options.compile)
        if step and options.compile:
            for _ in range(3):
                step()
        return step

    answer_all(make, torch.__version__)


if __name__ == "__main__":
    main()
