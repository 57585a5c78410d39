"""Training on several ranks: measured on this machine, and a model of 2 to 1024 ranks (`make bench CASES=ranks`).

A step on R ranks, S shards, V bytes of gradients per exchange, slices of b = min(V, 1 MB); L, W: latency and bandwidth of a link:

    step(R)   = ceil(S / R) shard + update + 2 ceil(log2 R) (L + b / W) + 2 (V - b) / W
    volume(R) = 2 (R - 1) V                                      sent by all ranks per exchange

The first slice climbs the tree of the shards and returns, the others follow one after another. Nothing of it is hidden behind
the backward pass, so the model is an upper bound for a step with overlap.
"""
import json
import math
import os
import statistics
import subprocess

SLICE = 1 << 20
EXCHANGES = {"conv_vae": 1, "dcgan32": 2}  # per step
LINKS = {"1 Gbit/s": (50.0, 117.0), "10 Gbit/s": (20.0, 1170.0), "100 Gbit/s": (2.0, 11700.0)}  # microseconds, bytes per microsecond
SHARDS, STEPS = 8, {"dcgan32": 8, "conv_vae": 24}
LARGE = 1024  # shards of the predicted training


def communication(ranks, volume, latency, width):
    """Milliseconds of one exchange of `volume` bytes."""
    if ranks == 1:
        return 0.0
    first = min(volume, SLICE)
    return 1e-3 * (2 * math.ceil(math.log2(ranks)) * (latency + first / width) + 2 * (volume - first) / width)


def run(program, case, ranks, threads, shards=SHARDS, how="overlap"):
    """The ranks' answers, in the order of the ranks."""
    command = [program, case, str(shards), str(threads), str(STEPS[case]), how]
    if ranks > 1:
        command = ["mpiexec", "-n", str(ranks), *command]
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=600)
    lines = [json.loads(line) for line in ended.stdout.splitlines() if line.startswith("{")]
    if ended.returncode != 0 or len(lines) != ranks:
        raise RuntimeError(f"{' '.join(command)}: exit code {ended.returncode}\n{ended.stderr[-500:]}")
    return sorted(lines, key=lambda line: line["rank"])


def bench(program, rounds):
    """Measures and prints both cases. Every round runs all settings once; figures are medians over the rounds."""
    settings = {"1 process, 2 threads, whole batch": (1, 2, 1, "wait"), "1 process, 2 threads": (1, 2, SHARDS, "wait"),
                "1 process, 1 thread": (1, 1, SHARDS, "wait"), "2 ranks, 1 thread, overlap": (2, 1, SHARDS, "overlap"),
                "2 ranks, 1 thread, no overlap": (2, 1, SHARDS, "wait")}
    for case in EXCHANGES:
        answers = {name: [] for name in settings}
        for _ in range(rounds):
            for name, (ranks, threads, shards, how) in settings.items():
                answers[name].append(run(program, case, ranks, threads, shards, how))
        steps = {name: [max(line["step_ms"] for line in answer) for answer in all_rounds] for name, all_rounds in answers.items()}
        print(f"\n{case}, {SHARDS} shards, load {os.getloadavg()[0]:.1f}, {rounds} rounds")
        for name, times in steps.items():
            print(f"  {name:<36}{statistics.median(times):9.2f} ms")
        for how in ("overlap", "no overlap"):
            ratio = statistics.median(one / two for one, two in zip(steps["1 process, 2 threads"], steps[f"2 ranks, 1 thread, {how}"]))
            print(f"  throughput of 2 ranks, {how + ',':<12} relative to 1 process with 2 threads: {ratio:.2f}")
        two = [line for answer in answers["2 ranks, 1 thread, overlap"] for line in answer]
        sent = sum(line["bytes"] for line in two) / rounds
        volume = 4.0 * two[0]["parameters"] / EXCHANGES[case]
        expected = 2 * EXCHANGES[case] * volume
        print(f"  sent per step: {sent / 1e6:.3f} MB, the model's {expected / 1e6:.3f} MB ({100 * (sent / expected - 1):+.2f} %)")
        latency = statistics.median(line["latency_us"] for line in two)
        width = SLICE / max(1e-3, statistics.median(line["megabyte_us"] for line in two) - latency)
        shard = statistics.median(steps["1 process, 1 thread"]) / SHARDS
        predicted = math.ceil(SHARDS / 2) * shard + EXCHANGES[case] * communication(2, volume, latency, width)
        print(f"  link between the two ranks: {latency:.1f} us, {width / 1e3:.1f} GB/s; predicted step {predicted:.2f} ms, "
              f"measured without overlap {statistics.median(steps['2 ranks, 1 thread, no overlap']):.2f} ms")
        print_prediction(case, shard, volume, {"this machine": (latency, width), **LINKS})


def print_prediction(case, shard, volume, links):
    """Steps of a training with 1024 shards of this size, on 1 to 1024 ranks of one core each."""
    print(f"  predicted for {LARGE} shards per batch: efficiency on ranks of one core ({shard:.2f} ms per shard, {volume / 1e6:.2f} MB per exchange)")
    ranks = [2 ** power for power in range(1, 11)]
    print("    " + "link".ljust(14) + "".join(f"{count:>7}" for count in ranks))
    for name, (latency, width) in links.items():
        row = []
        for count in ranks:
            computed = math.ceil(LARGE / count) * shard
            step = computed + EXCHANGES[case] * communication(count, volume, latency, width)
            row.append(f"{100 * LARGE * shard / count / step:6.0f}%")
        print("    " + name.ljust(14) + "".join(row))
