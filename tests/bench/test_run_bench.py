#!/usr/bin/env python3
"""Tests the comparison when some sides give no answer: the others must still be compared; and that --arch reaches every side."""
import contextlib
import io
import os
import subprocess
import sys
import tempfile
import types
from pathlib import Path

sys.dont_write_bytecode = True
import run_bench  # noqa: E402
import scaling  # noqa: E402

ANSWER = """
import json, sys
if "--startup" in sys.argv: sys.exit({startup})
for line in sys.stdin: {reply}
"""
OPS = """
    case = line.split()[0]
    work = {"ms": 1.0, "bytes": 8, "flops": 0, "function": "exp" if case == "op,slow" else ""}
    print(json.dumps({"ops": ["fast", "slow"]} if case == "ops" else {"ms_median": 0.3 if case == "function,exp" else 0.25, "flops": 1} if case[:3] != "op," else
                     {"numbers": 1e6, "forward": work, "backward": {**work, "ms": 0.001}}), flush=True)
"""
STEPS = """
    case = line.split()[0]
    ms = {slow} * (int(case.split("_b")[1]) ** 0.5 if "_b" in case else 10)
    print(json.dumps({{"ms_median": ms, "peak_rss_mb": 10, "ms_first": 70.0, "faults": 0.5}}), flush=True)
"""
GOOD = "print('{\"ms_median\": %s, \"peak_rss_mb\": 10}', flush=True)"


# Our side, or with `-c` a Python that has PyTorch and JAX. It answers if its variables are those of `held`, and none is "less".
PARTICIPANT = """#!{python}
import json, os, sys
if "-c" in sys.argv:
    print(json.dumps(dict(torch="2.9", jax="0.8")))
    sys.exit()
side = {{"peer_torch.py": "PyTorch", "peer_jax.py": "JAX"}}.get(os.path.basename(sys.argv[1]) if sys.argv[1:] else "", "Gradus")
wanted = {held}.get(side, {{}})
wrong = [key for key, value in os.environ.items() if value == "less"] + [key for key in wanted if os.environ.get(key) != wanted[key]]
for line in sys.stdin:
    print(json.dumps({{"error": "%s: wrong %s" % (side, wrong)}} if wrong else {{"ms_median": 1.0, "peak_rss_mb": 10}}), flush=True)
"""


def said_of_arch(arch, held):
    """The output of the whole program, started by a shell whose variables would hold the sides to less."""
    shell = {**os.environ, **{key: "less" for keys in run_bench.HELD["haswell"].values() for key in keys}}
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "participant"
        program.write_text(PARTICIPANT.format(python=sys.executable, held=held), encoding="utf-8")
        program.chmod(0o755)
        ended = subprocess.run([sys.executable, run_bench.__file__, "--ours", program, "--peers", program, "--cases", "mlp_vae", "--rounds", "1",
                                "--seconds", "0.01", "--arch", arch], env=shell, check=False, capture_output=True, text=True)
    return ended.stdout + ended.stderr


def side(title, reply, startup=0, **more):
    return run_bench.Side(title, [sys.executable, "-c", ANSWER.format(reply=reply, startup=startup)], {}, **more)


def said(case, peers, ours=GOOD % 1.0):
    """The output of one case."""
    options = types.SimpleNamespace(rounds=3, seconds=0.01, threads=2)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        mine = side("ours", ours, peer="Gradus")
        if case == "startup":
            run_bench.bench_startup(mine, peers, options)
        elif case == "noise":
            run_bench.bench_noise(mine, peers, options)
        elif case == "scaling":
            with tempfile.TemporaryDirectory() as folder:
                scaling.PLOT = Path(folder) / "scaling.svg"
                run_bench.bench_scaling(lambda threads: (mine, list(peers)), options)
                print(scaling.PLOT.read_text(encoding="utf-8"))
        elif case == "ops":
            run_bench.bench_ops(mine, options)
        else:
            run_bench.bench_speed(case, mine, peers, options)
    return out.getvalue()


def main():
    run_bench.Side.patience = 8
    dead, hanging, wrong = "sys.exit(3)", "import time; time.sleep(60)", "print('{\"error\": \"no memory\"}', flush=True)"
    failed = 0
    trials = [
        ("all answer", said("mlp_vae", [side("plain", GOOD % 2.0)]), ["2.00x", "plain"], ["left out"]),
        ("two peers, the best setting of each", said("mlp_vae", [side("plain", GOOD % 4.0), side("fused", GOOD % 2.0), side("jitted", GOOD % 3.0, peer="JAX")]),
         ["PyTorch 2.00 ms (fused) 2.00x", "JAX 3.00 ms (jitted) 3.00x"], ["plain", "left out"]),
        ("a peer without the case", said("unet28", [side("plain", GOOD % 2.0), side("jitted", GOOD % 3.0, peer="JAX", takes=lambda case: case != "unet28")]),
         ["2.00x"], ["JAX", "left out"]),
        ("one ends", said("mlp_vae", [side("plain", dead), side("foreach", GOOD % 3.0)]), ["3.00x", "plain: no answer", "left out"], []),
        ("one hangs", said("mlp_vae", [side("plain", hanging), side("foreach", GOOD % 3.0)]), ["3.00x", "left out"], []),
        ("one reports an error", said("mlp_vae", [side("foreach", wrong), side("plain", GOOD % 2.0)]), ["2.00x", "foreach: no memory"], []),
        ("none answers", said("mlp_vae", [side("plain", dead)]), ["mlp_vae", "ours 1.00 ms", "memory", "left out"], ["x\n"]),
        ("start-up fails", said("startup", [side("plain", dead, startup=4)]), ["startup", "exit code 4"], ["PyTorch "]),
        ("ops", said("ops", [], ours=OPS), ["fast ", "forward   1.00 ns   25 % of memory", "passes dy on", "reason unknown", "30 % of exp"], ["left out"]),
        ("scaling", said("scaling", [side("plain", STEPS.format(slow=5)), side("fused", STEPS.format(slow=3))], ours=STEPS.format(slow=1)),
         ["batch 2048", "ours 22.1 us per example", "PyTorch 66.29 us per example", "3.00x", "first step 70.0 ms", "0.50 page faults per step", "<svg", "DCGAN"],
         ["5.00x", "left out"]),
        ("scaling without peers", said("scaling", [], ours=STEPS.format(slow=1)), ["batch 2048", "<svg"], ["x  "]),
        ("noise alone", said("noise", [side("plain", dead)]), ["noise", "x quiet"], ["PyTorch "]),
        ("every side is held to AVX2", said_of_arch("haswell", run_bench.HELD["haswell"]),
         ["ARCH=haswell, every side uses AVX2 at most: Gradus -march=haswell OPENBLAS_CORETYPE=Haswell; PyTorch ATEN_CPU_CAPABILITY=avx2", "JAX ONEDNN_MAX_CPU_ISA=AVX2 XLA_FLAGS",
          "PyTorch 2.9 1.00 ms", "JAX 0.8 1.00 ms"], ["wrong", "left out", "failed"]),
        ("no side is held to anything", said_of_arch("", {}), ["PyTorch 2.9 1.00 ms", "JAX 0.8 1.00 ms"], ["ARCH", "wrong", "left out", "failed"]),
        ("no such instruction set", said_of_arch("armv7", {}), ["no instruction set 'armv7'; there is haswell"], ["Traceback", "load"]),
    ]
    for title, words, there, absent in trials:
        if not all(part in words for part in there) or any(part in words for part in absent):
            failed += 1
            print(f"bench: {title}: expected {there} without {absent} in:\n{words}")
    try:
        said("mlp_vae", [side("plain", GOOD % 2.0)], ours=dead)
        failed += 1
        print("bench: our own side must answer")
    except run_bench.NoAnswer:
        pass
    print(f"bench: {len(trials) + 1 - failed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
