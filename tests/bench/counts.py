"""What callgrind counts of bench_answer: instructions, cache misses.

Counts do not depend on how busy the machine is.  Only what is inside
answer_begin(), answer_step() and answer_finish() counts; libraries too.
"""

import glob
import os
import re
import subprocess
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BENCH = os.path.join(ROOT, "build", "release", "tests", "bench",
                     "bench_answer")
USUAL = ["exact", "nx", "nodata", "cname", "referral", "exact-do", "nx-do",
         "exact3-do", "nx3-do"]
QUERIES = 320


def callgrind(cases, data, width=32, caches=False, queries=QUERIES):
    """{case: {event: count a query}}; events are Ir and, with caches, more."""
    with tempfile.TemporaryDirectory(prefix="understudy-counts-") as d:
        out = os.path.join(d, "out")
        argv = ["valgrind", "-q", "--tool=callgrind",
                "--dump-before=bench_case", "--combine-dumps=no",
                f"--callgrind-out-file={out}"]
        argv += [f"--toggle-collect={f}" for f in
                 ("answer_begin", "answer_step", "answer_finish")]
        if caches:
            argv += ["--cache-sim=yes"]
        p = subprocess.run(argv + [BENCH, *data, "-n", str(queries), "-w",
                                   str(width), *cases],
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True, timeout=600)
        if p.returncode:
            raise RuntimeError(p.stdout)
        names = re.findall(r"^(\S+) +width", p.stdout, re.M)
        # out.1 is what came before the first case; the last has no number.
        files = sorted(glob.glob(out + ".*"),
                       key=lambda f: int(f.rsplit(".", 1)[1]))[1:] + [out]
        got = {}
        for name, path in zip(names, files):
            with open(path) as f:
                text = f.read()
            events = re.search(r"^events: (.*)$", text, re.M)[1].split()
            total = re.search(r"^(?:totals|summary): (.*)$", text, re.M)[1]
            got[name] = {e: int(n) / queries for e, n in
                         zip(events, total.split())}
        return got


SMALL = ["-z", "200", "-d", "2000", "-s", "2000"]


def report(table):
    """Instructions on small data; the cache lines that a lookup touches."""
    few = callgrind(USUAL, SMALL)
    big = callgrind(USUAL, ["-z", "1000", "-d", "2000", "-s", "2000"],
                    width=1, caches=True)
    table("Instructions and cache misses a query (callgrind)",
          ["lookup", "instructions",
           "accesses that miss a 32 KiB cache, data 50 times that"],
          [[c, f"{few[c]['Ir']:,.0f}",
            f"{big[c].get('D1mr', 0) + big[c].get('D1mw', 0):.1f}"]
           for c in USUAL])


def worst(table):
    """The cases of tests/lib/worstzones.h, 10^6 names below one cut."""
    data = ["-z", "1", "-d", "1", "-s", "1"]
    few = callgrind(["worst"], data, queries=32)
    out = subprocess.run([BENCH, *data, "-o", "1000000", "-n", "3200", "-w",
                          "32", "worst"], stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, check=True, text=True,
                         timeout=600).stdout
    ns = dict(re.findall(r"^(\S+) +width +\d+: +(\d+) ns", out, re.M))
    size = dict(re.findall(r"^(\S+) .*query, +(\d+) octets", out, re.M))
    table("The worst content (one core; 10^6 names below the cut)",
          ["lookup", "instructions", "µs", "octets of the answer"],
          [[c, f"{v['Ir']:,.0f}", f"{int(ns[c]) / 1000:.2f}", size[c]]
           for c, v in few.items()])
