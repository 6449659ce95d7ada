"""What the benchmarks print: tables of medians, memory."""

import statistics
import sys

from servers import blast, cpu, memory, pin


def table(title, head, rows):
    print(f"\n### {title}\n")
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for r in rows:
        print("| " + " | ".join(str(x) for x in r) + " |")
    sys.stdout.flush()


def measure(live, path, count, rounds, title, tcp=False):
    """Alternating rounds; CPU microseconds a query and rate, medians."""
    got = {s.name: [] for s in live}
    tool = "blasttcp" if tcp else "blast"
    for s in live:
        pin(s.pids(), 0)
        blast(s.port, path, count // 10, tool=tool)     # warm
    for r in range(rounds):
        for s in live:
            who = s.tcp_workers() if tcp else s.workers()
            u0, k0 = cpu(who)
            b = blast(s.port, path, count, seed=r + 7, tool=tool)
            u1, k1 = cpu(who)
            n = b["answered"]
            got[s.name].append((1e6 * (u1 - u0) / n, 1e6 * (k1 - k0) / n,
                                n / b["seconds"], b["lost"],
                                b["nxdomain"] / n, b["bytes"] / n))
    rows = []
    least = max(0.01, min(statistics.median(x[0] for x in got[s.name])
                          for s in live if s.name in ("knot", "nsd")))
    for s in live:
        m = [statistics.median(x[i] for x in got[s.name]) for i in range(6)]
        rows.append([s.name, f"{m[0]:.2f}", f"{m[1]:.2f}",
                     f"{m[0] + m[1]:.2f}",
                     f"{m[0] / least:.2f}", f"{m[2] / 1000:.0f}k",
                     f"{m[3]:.0f}", f"{100 * m[4]:.0f} %", f"{m[5]:.0f}"])
    table(f"{title} (median of {rounds} rounds of {count} queries)",
          ["server", "user µs/query", "system µs/query", "total",
           "user × better peer", "rate/s",
           "lost", "NXDOMAIN", "bytes/answer"], rows)


def memories(live, records, title):
    table(title, ["server", "MiB", "bytes/record"],
          [[s.name, f"{memory(s.pids()):.0f}",
            f"{memory(s.pids()) * 1048576 / records:.0f}"] for s in live])
