"""Whole processes: CPU time and memory as the kernel counts them, as ratios to `python -c pass`."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from mastractl.manifests import bundled
from tests.bench.corpus import agents_yaml, ruled_yaml
from tests.bench.table import Row

BIN = Path(sys.executable).parent


def spend(argv, *, env=None):
    """The CPU seconds of one run of a command that must succeed."""
    with subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=env
    ) as process:
        errors = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{argv} exited {process.returncode}: {errors.decode()}")
    return usage.ru_utime + usage.ru_stime


PEAK = """
import atexit, resource, sys
def peak():
    try:
        with open("/proc/self/status") as status:
            kib = int(next(line for line in status if line.startswith("VmHWM")).split()[1])
    except OSError:
        kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stderr.write(f"peak {kib}\\n")
atexit.register(peak)
from mastractl.__main__ import main
main()
"""


def peak(arguments, *, env):
    """The most memory, in bytes, that a run of mastractl held: its own, not what it inherited by the fork."""
    done = subprocess.run(
        [sys.executable, "-c", PEAK, *arguments], env=env, capture_output=True, text=True, check=True
    )
    return float(done.stderr.rsplit("peak ", 1)[1]) * 1024


def interleave(commands, *, times, env=None):
    """The median CPU seconds of each command, taken in turn so that a busy moment hits all alike."""
    taken = {name: [] for name in commands}
    for _ in range(times):
        for name, argv in commands.items():
            taken[name].append(spend(argv, env=env))
    return {name: statistics.median(samples) for name, samples in taken.items()}


def rows(directory, *, times=21):
    env = {**os.environ, "MASTRACTL_STORE": str(directory / "store"), "PYTHONDONTWRITEBYTECODE": ""}
    env.pop("PYTHONDONTWRITEBYTECODE")
    ten = directory / "ten.yaml"
    ten.write_text(agents_yaml(10), encoding="utf-8")
    one = directory / "one.yaml"
    one.write_text(agents_yaml(1), encoding="utf-8")
    mastractl = str(BIN / "mastractl")
    subprocess.run([mastractl, "apply", "-f", ten], env=env, check=True, capture_output=True)
    commands = {
        "pass": [sys.executable, "-c", "pass"],
        "version": [mastractl, "--version"],
        "get": [mastractl, "get", "agents", "-A"],
        "apply": [mastractl, "apply", "-f", str(one)],
    }
    if shutil.which("kubectl"):
        commands["kubectl"] = [shutil.which("kubectl"), "version", "--client"]
    cpu = interleave(commands, times=times, env=env)
    floor = cpu["pass"]
    result = [
        Row("python -c pass, CPU", floor * 1000, "ms"),
        Row("mastractl --version", cpu["version"] / floor, "x pass", 1.5),
        Row("mastractl get agents (10)", cpu["get"] / floor, "x pass", 7),
        Row("mastractl apply -f one file, cold", cpu["apply"] / floor, "x pass", 10),
    ]
    if "kubectl" in cpu:
        result.append(Row("kubectl version --client", cpu["kubectl"] / floor, "x pass"))
    return result + applying(directory, env) + validation(directory, env)


def applying(directory, env, *, resources=1_000, times=5):
    """A file of many resources: applied to a new store each time, and compared where nothing differs."""
    many = directory / "many.yaml"
    many.write_text(agents_yaml(resources), encoding="utf-8")
    mastractl = str(BIN / "mastractl")
    apply = [mastractl, "-q", "apply", "-f", str(many)]
    taken = {"apply": [], "diff": []}
    cpu = {"apply": [], "diff": []}
    for number in range(times):
        own = {**env, "MASTRACTL_STORE": str(directory / f"many{number}")}
        for name, argv in (("apply", apply), ("diff", [mastractl, "-q", "diff", "-f", str(many)])):
            start = time.perf_counter()
            cpu[name].append(spend(argv, env=own))
            taken[name].append(time.perf_counter() - start)
    wall = {name: statistics.median(samples) for name, samples in taken.items()}
    spent = {name: f"{statistics.median(samples):.2f} s of CPU" for name, samples in cpu.items()}
    return [
        Row(f"apply of {resources} new resources in one file", wall["apply"], "s", 1.5, spent["apply"]),
        Row(f"diff of {resources} unchanged resources", wall["diff"], "s", 1.0, spent["diff"]),
    ]


def validation(directory, env, *, documents=10_000, times=5):
    """A large file, validated, beside PyYAML's C loader doing nothing but parse it."""
    large = directory / "large.yaml"
    large.write_text(agents_yaml(documents), encoding="utf-8")
    small = directory / "small.yaml"
    small.write_text(agents_yaml(1), encoding="utf-8")
    parse = (
        "import sys, yaml\n"
        "with open(sys.argv[1], 'rb') as f:\n"
        "    for _ in yaml.load_all(f, yaml.CSafeLoader): pass\n"
    )
    ruled = directory / "ruled.yaml"
    schema = bundled.kinds().find("mastra.ai", "Agent").storage_version.schema
    ruled.write_text(ruled_yaml(documents, schema), encoding="utf-8")
    mastractl = str(BIN / "mastractl")
    commands = {
        "parse": [sys.executable, "-c", parse, str(large)],
        "validate": [mastractl, "validate", "-f", str(large)],
        "rules": [mastractl, "validate", "-f", str(ruled)],
    }
    cpu = interleave(commands, times=times, env=env)
    over = peak(["validate", "-f", str(large)], env=env) - peak(["validate", "-f", str(small)], env=env)
    size = large.stat().st_size / 1e6
    return [
        Row(
            f"validate {documents} documents, {size:.1f} MB",
            cpu["validate"] / cpu["parse"],
            "x CSafeLoader",
            0.6,
            f"{cpu['validate']:.2f} s of CPU against {cpu['parse']:.2f} s",
        ),
        Row(
            "  the same as a kind of one's own with 3 CEL rules",
            cpu["rules"] / cpu["parse"],
            "x CSafeLoader",
            0.6,
            f"{cpu['rules']:.2f} s of CPU",
        ),
        Row("  its memory over a one-document run", over / 2**20, "MiB", 40),
    ]
