#!/usr/bin/env python3
"""Speed of Gradus and its peers, PyTorch and JAX, compared in one run.

    tests/bench/run_bench.py --ours build/default/tests/bench/bench [--cases mlp_vae,conv2d] [--threads 2] [--rounds 5]
                             [--peers /path/to/python,...] [--arch haswell]

A peer is what a Python of --peers has: PyTorch, JAX or both; by default Debian's Python and the one of this script. All
sides run the same network on the same batch, each in its own process, of which only one computes at a time. They take
turns (ours, then each setting of each peer), so that a slow minute of the machine affects all of them. Settings of
PyTorch: plain, with its foreach (from version 2: fused) optimizer, for images also with the channels last in memory,
and from version 2 with the step compiled. A figure is the median over the rounds of each round's median step; a peer's
figure is that of its best setting. A ratio is the median over the rounds of the peer's figure divided by ours, measured
seconds apart: 2.00x is twice as fast, or half the memory.
    infer_b1  one latent decoded       memory  peak resident memory of the process that ran the case above
    startup   process start to the end of the first training step
    conv2d    Gflop/s of single passes, and their share of the processor's peak on registers alone, measured in the same
              round (above 100 %: 3 x 3 windows are computed with fewer multiplications than counted)
    ops       single ops: nanoseconds per number, and the share of what bounds them (memory, a function, arithmetic)
    scaling   a training step over batch, channels and threads, and 1000 steps in turn, as a table and a plot (scaling.py); not
              among the default cases
    ranks     training by shards on two MPI ranks, and a model of 2 to 1024 ranks (rank_model.py); not among the default cases
    noise     mlp_vae beside one process that keeps a core busy; in brackets, times the quiet step
With --arch, no side uses more than this instruction set: `ours` is built for it (a preset of the same name), the libraries get
the variables of HELD.
"""
import argparse
import json
import os
import platform
import select
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True
import peer_jax  # noqa: E402
import peer_torch  # noqa: E402
import rank_model  # noqa: E402
import scaling  # noqa: E402

CONVOLUTIONS = [(64, 64, 16, 128, 4, 2, 1), (4, 128, 16, 128, 3, 1, 1), (128, 32, 14, 64, 4, 2, 1), (64, 128, 8, 256, 4, 2, 1),
                (32, 256, 8, 512, 4, 2, 1)]  # images, channels, height and width, windows, size, stride, padding
CASES = ["mlp_vae", "mlp_ae", "infer_b1", "infer_b1024", "startup", "noise", "conv2d", "ops", *peer_torch.PICTURE_CASES]
HELD = {"haswell": {  # per library, the variables that hold it to AVX2
    "Gradus": {"OPENBLAS_CORETYPE": "Haswell"},
    "PyTorch": {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_ENABLE_INSTRUCTIONS": "AVX2",
                "OPENBLAS_CORETYPE": "Haswell",  # Debian's PyTorch multiplies with OpenBLAS, others with MKL
                "TORCHINDUCTOR_CPP_MARCH": "haswell"},  # compiled steps
    "JAX": {"ONEDNN_MAX_CPU_ISA": "AVX2", "XLA_FLAGS": "--xla_cpu_max_isa=AVX2"}}}
HERE = Path(__file__).resolve().parent


class NoAnswer(RuntimeError):
    """A side ended, hangs or reports an error instead of a figure."""

    def __init__(self, side, words):
        super().__init__(f"{side.title}: {words}")
        self.side = side


class Side:
    """A process that answers "case seconds" with one line of JSON."""

    patience = 60  # seconds beyond the requested time before it counts as hanging

    def __init__(self, title, command, env, peer="PyTorch", takes=lambda case: True):
        """`title`: the setting; `peer`: whose; `takes`: whether it has a case."""
        self.title, self.command, self.env, self.peer, self.takes = title, command, env, peer, takes
        self.process, self.rounds = None, []

    def __enter__(self):
        self.process = subprocess.Popen(self.command, env=self.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        self.rounds = []
        return self

    def __exit__(self, *_):
        if not self.process:
            return
        self.process.stdin.close()
        try:
            self.process.wait(min(10, self.patience))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def ask(self, case, seconds, keep=True):
        """Runs one round and returns its answer; keeps the median in self.rounds."""
        try:
            self.process.stdin.write(f"{case} {seconds}\n".encode())
        except BrokenPipeError:
            pass  # it has ended; the empty answer below reports it
        line, end = b"", time.monotonic() + self.patience + 10 * seconds
        while not line.endswith(b"\n"):
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, end - time.monotonic()))
            piece = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            if not piece:
                raise NoAnswer(self, f"no answer to '{case} {seconds}'")
            line += piece
        answer = json.loads(line)
        if "error" in answer:
            raise NoAnswer(self, answer["error"])
        if keep:
            self.rounds.append(answer["ms_median"])
        return answer

    def run_once(self):
        """Milliseconds of a separate process, from its start through one training step to its end."""
        before = time.perf_counter()
        ended = subprocess.run([*self.command, "--startup"], env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               check=False)
        taken = 1e3 * (time.perf_counter() - before)
        if ended.returncode != 0:
            raise NoAnswer(self, f"exit code {ended.returncode} of --startup")
        time.sleep(0.1)
        return taken

    def median(self):
        return statistics.median(self.rounds)

    def peak_mb(self):
        """Peak memory of this program alone (getrusage also counts the process that started it)."""
        try:
            status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
            return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024
        except (OSError, StopIteration):
            return self.ask("mlp_vae", 0.01, keep=False)["peak_rss_mb"]


def of_each(sides, call, first=0):
    """The answer of each side, beginning with the side at `first`. A setting of a peer that gives no answer is left
    out from here on, with a message; ours, sides[0], must answer."""
    results = {}
    ours = sides[0]
    for side in [*sides[first:], *sides[:first]]:
        try:
            results[side] = call(side)
        except NoAnswer as problem:
            if side is ours:
                raise
            print(f"  {side.peer}, {problem}: this setting is left out", flush=True)
            sides.remove(side)
            side.__exit__()
    return results


def take_turns(sides, case, rounds, seconds):
    """Runs every side once to warm up, then in turn; the starting side changes from round to round."""
    of_each(sides, lambda side: side.ask(case, min(0.5, seconds), keep=False))
    for number in range(rounds):
        of_each(sides, lambda side: side.ask(case, seconds), number % len(sides))


def ms(value):
    return f"{value:.2f} ms" if value >= 1 else f"{1000 * value:.1f} us"


def row(name, ours, theirs=()):
    """One line: our figure, and of each peer its name, its figure and the ratio."""
    print(f"{name:<14} ours {ours:<28}" + "".join(f"   {peer} {words} {ratio:.2f}x" for peer, words, ratio in theirs), flush=True)


def by_peer(sides):
    """The sides of each peer, in the order of the peers."""
    groups = {}
    for side in sides:
        groups.setdefault(side.peer, []).append(side)
    return groups


def measured(case, ours, peers, options):
    """Runs the rounds of all sides that have the case; returns the peak memory of each that answers."""
    with Group([ours, *(peer for peer in peers if peer.takes(case))]) as sides:
        take_turns(sides, case, options.rounds, options.seconds)
        return of_each(sides, Side.peak_mb)


def bench_speed(case, ours, peers, options):
    """Prints two rows: time and memory."""
    peaks = measured(case, ours, peers, options)
    times, memory = [], []
    for name, settings in by_peer(peer for peer in peaks if peer is not ours).items():
        best = min(settings, key=Side.median)
        ratio = statistics.median(theirs / mine for mine, theirs in zip(ours.rounds, best.rounds))
        least = min(peaks[setting] for setting in settings)
        times.append((name, f"{ms(best.median())} ({best.title})", ratio))
        memory.append((name, f"{least:.0f} MB", least / peaks[ours]))
    row(case, f"{ms(ours.median())} (best {ms(min(ours.rounds))})", times)
    row("  memory", f"{peaks[ours]:.0f} MB", memory)


def bench_convolutions(ours, options):
    """The shapes take turns as well, so that a slow minute does not affect only one of them."""
    passes = [(shape, direction) for shape in CONVOLUTIONS for direction in ("forward", "input", "weights")]
    speeds, shares = {each: [] for each in passes}, {each: [] for each in passes}
    try:
        with Group([ours]) as sides:
            side = sides[0]
            vector_flops = side.ask("peak", 0.1, keep=False)["flops"]
            for _ in range(options.rounds):
                for shape, direction in passes:
                    B, C, H, K, size, stride, padding = shape
                    out = (H + 2 * padding - size) // stride + 1
                    flops = 2 * B * out * out * K * size * size * C
                    peak = vector_flops / side.ask("peak", options.seconds / 8, keep=False)["ms_median"]
                    case = ",".join(map(str, ("conv2d", direction, *shape)))
                    speed = flops / side.ask(case, options.seconds / 4, keep=False)["ms_median"]
                    speeds[shape, direction].append(speed / 1e6)
                    shares[shape, direction].append(speed / peak)
    finally:
        for shape in CONVOLUTIONS:
            B, C, H, K, size, stride, _ = shape
            words = [f"{each[1]} {statistics.median(speeds[each]):.0f} Gflop/s ({100 * statistics.median(shares[each]):.0f} %)"
                     for each in passes if each[0] == shape and speeds[each]]
            print(f"conv2d {B}x{H}x{H}x{C} -> {K}, {size}x{size}, stride {stride}:  " + "  ".join(words), flush=True)


PASSES = "several passes over the numbers (mean, variance, result), the bound counts one"
ROWS = "rows of 64 channels are copied or added one after another"
SUMS = "the gradient, and a sum per row, column or tensor"
SLOW_OPS = {  # why an op stands below half of its bound
    "batch_norm": PASSES, "instance_norm": PASSES, "group_norm": PASSES, "layer_norm": PASSES, "pixel_norm": PASSES,
    "minibatch_deviation": "square roots and divisions in double",
    "average_pool2d": ROWS, "upsample_nearest": ROWS, "reflection_pad2d": ROWS, "gather": ROWS,
    "max_pool2d": "forward selects a value and its place, backward writes scattered numbers",
    "max": "the place of the largest number is searched one by one; backward fills zeros first",
    "slice": "backward fills zeros first", "sum": "backward only writes, and caches read before they write",
    "multiply_row": SUMS, "multiply_column": SUMS, "multiply_scalar": SUMS, "multiply_channels": SUMS,
    "transpose": "reads along rows, writes along columns", "dropout": "reads a mask that the bound does not count",
    "softmax": "a sum over each row first", "log_softmax": "a sum over each row first",
    "batched_matmul": "matrices of 64 x 64: packing costs as much as the products",
    "conv2d_4x4_stride2": "a direct kernel, whose loads compete with its multiply-adds",
    "conv_transpose2d_4x4_stride2": "a direct kernel, whose loads compete with its multiply-adds",
}
SHORT = "short: the start of the threads takes microseconds"


def bench_ops(ours, options):
    """One row per op and pass: nanoseconds per number, and the share of the bound: the time that moving its bytes, computing its
    functions on numbers in the first level of the cache, or its multiply-adds at the processor's peak would take."""
    wanted = {}
    with Group([ours]) as sides:
        side = sides[0]
        peak_flops = side.ask("peak", 0.1, keep=False)["flops"]

        def bound(work, numbers):
            limits = {"memory": side.ask(f"copy,{work['bytes']:.0f}", options.seconds / 30, keep=False)["ms_median"]}
            if work["function"]:
                answer = side.ask(f"function,{work['function']}", options.seconds / 30, keep=False)
                limits[work["function"]] = answer["ms_median"] * numbers / 1e6
            if work["flops"]:
                answer = side.ask("peak", options.seconds / 30, keep=False)
                limits["arithmetic"] = answer["ms_median"] * work["flops"] / peak_flops
            return max((time, name) for name, time in limits.items())

        names = side.ask("ops", 0, keep=False)["ops"]
        for _ in range(options.rounds):
            for name in names:
                answer = side.ask(f"op,{name}", options.seconds / 15, keep=False)
                for direction in ("forward", "backward"):
                    if direction not in answer:  # a step of an optimizer
                        continue
                    work, numbers = answer[direction], answer["numbers"]
                    limit, by = bound(work, numbers)
                    wanted.setdefault((name, direction), []).append(
                        (1e6 * work["ms"] / numbers, limit / work["ms"], 1e3 * work["ms"], by))
    for name in names:
        words, slow = [], []
        for direction in ("forward", "backward"):
            if (name, direction) not in wanted:
                continue
            rounds = wanted[name, direction]
            nanoseconds, share, microseconds = (statistics.median(each[i] for each in rounds) for i in range(3))
            by = statistics.mode(each[3] for each in rounds)
            words.append(f"{direction} {nanoseconds:6.2f} ns  " + (f"{100 * share:3.0f} % of {by}" if share < 10 else "passes dy on"))
            if share < 0.5:
                slow.append(SHORT if microseconds < 25 else SLOW_OPS.get(name, "reason unknown"))
        print(f"{name:<29}" + "".join(f"{each:<40}" for each in words) + "; ".join(dict.fromkeys(slow)), flush=True)


def bench_startup(ours, peers, options):
    """Wall time of whole processes, in turns; the first of each only warms the file cache."""
    sides = [ours, *(settings[0] for settings in by_peer(peers).values())]
    for side in sides:
        side.rounds = []
    for number in range(min(options.rounds, 5) + 1):
        times = of_each(sides, Side.run_once)
        if number > 0:
            for side, taken in times.items():
                side.rounds.append(taken)
    row("startup", ms(ours.median()), [(side.peer, ms(side.median()), side.median() / ours.median()) for side in sides[1:]])


def bench_noise(ours, peers, options):
    """Measures quiet steps and steps beside a busy process."""
    with Group([ours, *(settings[0] for settings in by_peer(peers).values())]) as sides:
        take_turns(sides, "mlp_vae", options.rounds, options.seconds)
        quiet = {side: side.median() for side in sides}
        for side in sides:
            side.rounds = []
        busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
        try:
            take_turns(sides, "mlp_vae", options.rounds, options.seconds)
        finally:
            busy.kill()
            busy.wait()
        loaded = {side: (f"{ms(side.median())} ({side.median() / quiet[side]:.2f} x quiet)", side.median()) for side in sides}
    row("noise", loaded[ours][0], [(side.peer, loaded[side][0], loaded[side][1] / loaded[ours][1]) for side in sides[1:]])


class Group(list):
    """Several sides, started together and ended together."""

    def __enter__(self):
        for side in self:
            side.__enter__()
        return self

    def __exit__(self, *problem):
        for side in self:
            side.__exit__(*problem)


def versions_of(python):
    """The versions of torch and jax that a Python has, in a dictionary."""
    find = ("import importlib.metadata as m, importlib.util as u, json\n"
            "print(json.dumps({name: m.version(name) for name in ('torch', 'jax') if u.find_spec(name)}))")
    try:
        found = subprocess.run([python, "-c", find], check=False, capture_output=True, text=True)
    except OSError as problem:
        raise RuntimeError(f"--peers: {python} does not run: {problem}") from None
    if found.returncode != 0:
        raise RuntimeError(f"--peers: {python} is no Python: {found.stderr.strip()[-200:]}")
    return json.loads(found.stdout)


def find_peers(pythons, threads, shared, held):
    """The settings of PyTorch and JAX of these Pythons, one Side each; the same version is taken once."""
    sides, seen = [], set()
    for python in pythons:
        for library, version in versions_of(python).items():
            if (library, version) in seen:
                continue
            seen.add((library, version))
            env = {**shared, **peer_torch.settings(threads), **held.get("JAX" if library == "jax" else "PyTorch", {})}
            if library == "jax":
                command = [python, str(HERE / "peer_jax.py"), "--threads", str(threads)]
                sides.append(Side("jitted", command, env, f"JAX {version}", peer_jax.maker_of))
                continue
            command = [python, str(HERE / "peer_torch.py"), "--threads", str(threads)]
            adam = ["--adam", "foreach" if version.startswith("1.") else "fused"]
            settings = {"plain": [], adam[1]: adam, f"{adam[1]}, channels last": [*adam, "--channels-last"]}
            if not version.startswith("1."):
                settings |= {"compiled": [*adam, "--compile"], "compiled, channels last": [*adam, "--compile", "--channels-last"]}
            for title, words in settings.items():
                sides.append(Side(title, [*command, *words], env, f"PyTorch {version}", lambda case, title=title: fits(title, case)))
    return sides


def fits(title, case):
    """Whether a setting of PyTorch changes anything in a case: no optimizer in inference, no channels without images."""
    if case.startswith("infer"):
        return title in ("plain", "compiled")
    return bool(peer_torch.case_of(case)) or "channels last" not in title


def bench_scaling(sides_of, options):
    """`sides_of(threads)`: our side and the peers' on this many threads. Without PyTorch's compiled steps, which would be
    compiled anew for each size, for minutes."""
    def uncompiled(threads):
        ours, peers = sides_of(threads)
        return ours, [peer for peer in peers if "compiled" not in peer.title]

    def measure(case, threads=options.threads):
        return measured(case, *uncompiled(threads), options)

    def running():
        ours, peers = uncompiled(options.threads)
        return Group([ours, *(settings[0] for settings in by_peer(peers).values())])

    scaling.bench(measure, running, os.cpu_count() or 1)


def held_words(arch, peers):
    """One line: the flag or the variables that hold each side to the instruction set."""
    names = ["Gradus", *dict.fromkeys(side.peer.split()[0] for side in peers)]
    said = {name: " ".join(f"{key}={value}" for key, value in HELD[arch][name].items()) for name in names}
    said["Gradus"] = f"-march={arch} " + said["Gradus"]
    return f"ARCH={arch}, every side uses AVX2 at most: " + "; ".join(f"{name} {words}" for name, words in said.items())


def cpu_name():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", required=True, help="program of our side")
    parser.add_argument("--cases", default=",".join(CASES), help="comma-separated, of: " + " ".join(CASES))
    parser.add_argument("--threads", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--peers", default="", help="comma-separated Pythons that have PyTorch or JAX")
    parser.add_argument("--arch", default="", help="the instruction set of every side, of: " + " ".join(HELD))
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=0.6, help="seconds per round")
    options = parser.parse_args()
    wanted = options.cases.replace(" ", ",").split(",")
    if unknown := [case for case in wanted if case not in [*CASES, "scaling", "ranks"]]:
        parser.error(f"no case {', '.join(unknown)}; the cases are {', '.join(CASES)}, scaling, ranks")
    if options.arch and options.arch not in HELD:
        parser.error(f"--arch: no instruction set '{options.arch}'; there is {', '.join(HELD)}")
    held = HELD.get(options.arch, {})
    os.environ.update(held.get("Gradus", {}))  # the ranks inherit it

    # Removes settings of the shell that would slow one side down.
    unwanted = ("OPENBLAS_", "OMP_", "GOMP_", "KMP_", "MKL_", "ATEN_", "ONEDNN_", "DNNL_", "XLA_", "TORCHINDUCTOR_CPP_")
    env = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
    pythons = ([python for python in options.peers.split(",") if python] or
               [python for python in ("/usr/bin/python3", sys.executable) if os.path.exists(python)])

    def sides_of(threads):
        own = {"OMP_NUM_THREADS": str(threads), **held.get("Gradus", {})}
        ours = Side("ours", [os.path.abspath(options.ours)], {**env, **own}, "Gradus")
        return ours, find_peers(pythons, threads, {**env, "OMP_NUM_THREADS": str(threads)}, held)

    try:
        ours, peers = sides_of(options.threads)
    except RuntimeError as problem:
        parser.error(str(problem))
    print(f"{time.strftime('%Y-%m-%d %H:%M')}, {cpu_name()}, {os.cpu_count()} CPUs, {options.threads} threads, "
          f"load {os.getloadavg()[0]:.1f}, {options.rounds} rounds of {options.seconds} s")
    if options.arch:
        print(held_words(options.arch, peers))
    if not peers:
        print("No Python has PyTorch or JAX (Debian: apt-get install python3-torch; others: PEERS=/path/to/python): only our column is shown")

    failed = 0
    for case in wanted:
        try:
            if case == "conv2d":
                bench_convolutions(ours, options)
            elif case == "ops":
                bench_ops(ours, options)
            elif case == "startup":
                bench_startup(ours, peers, options)
            elif case == "scaling":
                bench_scaling(sides_of, options)
            elif case == "ranks":
                rank_model.bench(str(Path(options.ours).resolve().with_name("rank_bench")), options.rounds)
            elif case == "noise":
                bench_noise(ours, peers, options)
            else:
                bench_speed(case, ours, peers, options)
        except (RuntimeError, OSError) as problem:
            failed += 1
            print(f"{case:<12} failed: {problem}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
