"""How the cost of a training step grows (`make bench CASES=scaling`): a table, and the plot out/scaling.svg.

    batch     mlp_vae, batch 1 to 2048: microseconds per example, and peak memory of the process
    channels  dcgan32, first layer of 16 to 128 channels: milliseconds per step; its multiplications grow with the square
    threads   mlp_vae and dcgan32 on 1, 2, 4 ... threads, as many as the machine has
    steps     the first step of mlp_vae, page faults and memory over 1000 more

PyTorch's figure is that of its best setting at each point, without compiled steps.
"""
import os
import statistics
import subprocess
from pathlib import Path

BATCHES = [1, 8, 32, 128, 512, 2048]
CHANNELS = [16, 32, 64, 128]
PLOT = Path("out/scaling.svg")


def thread_counts(most):
    """1, 2, 4 ... below `most`, then `most`."""
    return [*(2 ** power for power in range(most.bit_length()) if 2 ** power < most), most]


def best(sides):
    """The fastest side of ours, then of each peer's settings: (peer's name, its median in ms, its peak memory in MB)."""
    fastest = {}
    for side, peak in sides.items():
        if side.peer not in fastest or side.median() < fastest[side.peer][0]:
            fastest[side.peer] = (side.median(), peak)
    return fastest


def point(measure, case, name, unit, scale):
    """Measures one case, prints its row and returns {peer: (milliseconds, megabytes)}; our side's name is "Gradus"."""
    found = best(measure(case))
    ours = found["Gradus"]
    print(f"  {name:<26}" + "".join(f"{peer + ' ' if peer != 'Gradus' else 'ours '}{scale * ms:.4g} {unit}, {mb:.0f} MB"
                                    + (f"  {ms / ours[0]:.2f}x" if peer != "Gradus" else "") + "   "
                                    for peer, (ms, mb) in found.items()), flush=True)
    return found


def series(points, value):
    """[(x, {peer: (ms, mb)})] as {peer: [(x, value(x, ms, mb))]}."""
    lines = {}
    for x, found in points:
        for peer, (ms, mb) in found.items():
            lines.setdefault(peer, []).append((x, value(x, ms, mb)))
    return lines


COLORS = ["#c2410c", "#1d4ed8", "#15803d", "#7e22ce", "#525252"]  # of Gradus, then of the peers


def panel(title, x_label, ticks, *lines):
    """gnuplot's commands for one panel with logarithmic axes; `lines`: {name: [(x, y)]} as solid, then as dashed lines."""
    commands = [f"set title '{title}'", f"set xlabel '{x_label}'", f"set xrange [{0.9 * ticks[0]}:{1.12 * ticks[-1]}]",
                "set xtics (" + ", ".join(f"'{tick}' {tick}" for tick in ticks) + ")"]
    drawn, data = [], []
    for number, group in enumerate(lines):
        for color, (name, points) in zip(COLORS, group.items()):
            legend = f"title '{name}'" if number == 0 else "notitle"
            drawn.append(f"'-' using 1:2 with linespoints pt 7 ps 0.5 lw 2 dt {number + 1} lc rgb '{color}' {legend}")
            data.append("\n".join(f"{x} {y:.6g}" for x, y in points) + "\ne")
    return "\n".join([*commands, "plot " + ", ".join(drawn), *data])


def draw(panels):
    """Writes the plot with gnuplot: two rows of two panels."""
    PLOT.parent.mkdir(exist_ok=True)
    part = PLOT.with_suffix(".part")
    script = [f"set terminal svg size 860,620 font 'sans-serif,13' background '#ffffff'\nset output '{part}'",
              "set multiplot layout 2,2 margins 0.07,0.98,0.1,0.93 spacing 0.09,0.2",
              "set logscale xy\nset grid lc rgb '#dddddd'\nset border 3 lc rgb '#666666'\nset tics nomirror\nset key top right samplen 2",
              panels[0], "unset key", *panels[1:], "unset multiplot"]
    ended = subprocess.run(["gnuplot"], input="\n".join(script) + "\n", text=True, capture_output=True, check=False)
    if ended.returncode != 0 or not part.exists():
        raise RuntimeError(f"gnuplot: {ended.stderr.strip()[-300:]}")
    os.replace(part, PLOT)
    print(f"plot: {PLOT}")


def print_steps(sides):
    """Of each side: the first step, the later ones, page faults and memory over 1000 steps. `sides` are running."""
    for side in sides:
        first = side.ask("steps,mlp_vae", 10, keep=False)["ms_first"]
        start = side.peak_mb()
        later = side.ask("steps,mlp_vae", 1000, keep=False)
        print(f"  {side.peer + ', ' + side.title if side.peer != 'Gradus' else 'ours':<26}first step {first:.1f} ms, then {later['ms_median']:.2f} ms; "
              f"{later['faults']:.2f} page faults per step; peak memory after 10 steps {start:.1f} MB, after 1010 {side.peak_mb():.1f} MB", flush=True)


def bench(measure, running, most):
    """measure(case, threads=None): {side: peak memory} after its rounds; running(): the sides, started; `most`: threads of the machine."""
    print("batch, mlp_vae")
    batches = [(batch, point(measure, f"mlp_vae_b{batch}", f"batch {batch}", "us per example", 1e3 / batch)) for batch in BATCHES]
    print("channels, dcgan32")
    channels = [(c, point(measure, f"dcgan32_c{c}", f"{c}, {2 * c}, {4 * c} channels", "ms", 1)) for c in CHANNELS]
    threads = {}
    for case in ("mlp_vae", "dcgan32"):
        print(f"threads, {case}")
        threads[case] = [(count, point(lambda name, count=count: measure(name, count), case, f"{count} thread{'s' if count > 1 else ''}", "ms", 1))
                         for count in thread_counts(most)]
    print("steps, mlp_vae")
    with running() as sides:
        print_steps(sides)
    draw([panel("VAE: µs per example", "batch", BATCHES, series(batches, lambda x, ms, mb: 1e3 * ms / x)),
          panel("VAE: peak memory, MB", "batch", BATCHES, series(batches, lambda x, ms, mb: mb)),
          panel("DCGAN 32 x 32: ms per step", "channels of the first layer", CHANNELS, series(channels, lambda x, ms, mb: ms)),
          panel("ms per step of the VAE, dashed: of the DCGAN", "threads", thread_counts(most),
                *(series(threads[case], lambda x, ms, mb: ms) for case in threads))])
