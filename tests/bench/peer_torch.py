#!/usr/bin/env python3
"""PyTorch's side of `make bench`: the same networks, batch sizes and optimizer as in bench.cpp.

    echo "mlp_vae 2" | peer_torch.py [--foreach] [--threads 2]     one line of JSON for every line "case seconds"
    peer_torch.py --startup                                        import, one training step, end

PyTorch gets the settings with which it was fastest here: AVX-512 kernels where the CPU has them, OpenBLAS told the
CPU's type (version 0.3.21 takes new Intel CPUs for old ones) and in the flavour that shares PyTorch's own threads, and
an allocator that keeps its memory. They are read when libraries load, so the script starts itself once more.
`settings` is also what run_bench.py uses, to leave the second start out of the measured start-up time.
"""
import argparse
import glob
import json
import os
import resource
import sys
import time


def settings(threads):
    """Environment variables of the fastest configuration on this machine."""
    env = {"MALLOC_MMAP_THRESHOLD_": "1073741824", "MALLOC_TRIM_THRESHOLD_": "4294967296", "MALLOC_TOP_PAD_": "134217728",
           "OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads), "PEER_READY": "1"}
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            flags = next((line for line in file if line.startswith("flags")), "").split()
    except OSError:
        flags = []
    if {"avx512f", "avx512dq", "avx512vl", "avx512bw"} <= set(flags):
        env.update(OPENBLAS_CORETYPE="SKYLAKEX", ATEN_CPU_CAPABILITY="avx512")
    elif "avx2" in flags:
        env.update(OPENBLAS_CORETYPE="HASWELL", ATEN_CPU_CAPABILITY="avx2")
    blas = glob.glob("/usr/lib/*/openblas-openmp/libblas.so.3")
    if blas:
        env["LD_LIBRARY_PATH"] = os.path.dirname(blas[0])
    return env


def make_case(name, foreach):
    """The function that does one step of the case."""
    import torch
    from torch import nn
    import torch.nn.functional as F

    torch.manual_seed(1)
    batch, pixels = 128, 784
    adam = {"foreach": True} if foreach else {}

    def training(net, loss_of):
        optimizer = torch.optim.Adam(net.parameters(), 1e-3, **adam)
        data = [torch.rand(batch, pixels) for _ in range(32)]
        count = 0

        def step():
            nonlocal count
            x = data[count % len(data)]
            count += 1
            loss = loss_of(x)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()

        return step

    if name == "mlp_vae":
        hidden, mu_of, logvar_of = nn.Linear(pixels, 400), nn.Linear(400, 20), nn.Linear(400, 20)
        up, out = nn.Linear(20, 400), nn.Linear(400, pixels)

        def vae_loss(x):
            h = F.relu(hidden(x))
            mu, logvar = mu_of(h), logvar_of(h)
            z = mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)
            logits = out(F.relu(up(z)))
            kl = -0.5 * torch.sum(1 + logvar - mu * mu - logvar.exp())
            return F.binary_cross_entropy_with_logits(logits, x, reduction="sum") + kl

        return training(nn.ModuleList([hidden, mu_of, logvar_of, up, out]), vae_loss)
    if name == "mlp_ae":
        net = nn.Sequential(nn.Linear(pixels, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 2),
                            nn.Linear(2, 256), nn.ReLU(), nn.Linear(256, 512), nn.ReLU(), nn.Linear(512, pixels), nn.Sigmoid())
        return training(net, lambda x: F.mse_loss(net(x), x))
    if name in ("infer_b1", "infer_b1024"):
        net = nn.Sequential(nn.Linear(20, 400), nn.ReLU(), nn.Linear(400, pixels), nn.Sigmoid())
        z = torch.randn(int(name.removeprefix("infer_b")), 20)

        def infer():
            with torch.inference_mode():
                net(z)

        return infer
    return None


def measure(name, step, seconds):
    """As bench.cpp measures: a tenth of the time to warm up, then every step on its own."""
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


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--foreach", action="store_true", help="Adam over all parameters at once")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--startup", action="store_true", help="one training step, then the end")
    options = parser.parse_args()
    if not os.environ.get("PEER_READY"):
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **settings(options.threads)})
    if options.startup:
        make_case("mlp_vae", options.foreach)()
        return
    import torch

    torch.set_num_threads(options.threads)
    cases = {}
    for line in sys.stdin:
        name, seconds = line.split()
        if name not in cases:
            cases[name] = make_case(name, options.foreach)
        answer = measure(name, cases[name], float(seconds)) if cases[name] else {"case": name, "error": "no such case"}
        print(json.dumps({**answer, "version": torch.__version__}), flush=True)


if __name__ == "__main__":
    main()
