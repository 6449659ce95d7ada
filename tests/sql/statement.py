"""Every statement in a sql.def is accepted, by a role that may run it, and its
plan goes by index even while the tables are empty: a plan is kept until the
next ANALYZE, and by then there may be 100,000 zones."""
import glob
import re
import subprocess

import sqllib

ROLES = {
    "api": ["apid_app", "apid_auth", "apid_operator"],
    "xferd": ["xferd"],
    "dnsd": ["dnsd"],
}


LARGE = """token tsig_key primary_server zone zone_primary zone_state zone_timer
refresh_batch zone_version zone_page zone_node attempt job""".split()

# Statements that read a whole table on purpose: "program/name".
WHOLE = set()


def statements(path):
    """(name, number of parameters, text), as the compiler sees them."""
    source = f'#define SQL(name, n, text) @@ name @ n @ text\n' \
             f'#include "{path}"\n'
    out = subprocess.run(["gcc", "-E", "-P", "-I.", "-x", "c", "-"],
                         input=source, text=True, check=True,
                         stdout=subprocess.PIPE).stdout
    for part in out.split("@@")[1:]:
        name, n, text = part.split("@", 2)
        text = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', text))
        yield name.strip(), int(n), text.encode().decode("unicode_escape")


def tests():
    pg = sqllib.start()
    for path in sorted(glob.glob("*/sql.def")):
        program = path.split("/")[0]
        todo = list(statements(path))
        problem = {}
        scans = {}
        copies = set()
        for role in ROLES[program]:
            script = ["\\set ON_ERROR_STOP off", "BEGIN;",
                      "SET LOCAL plan_cache_mode = force_generic_plan;"]
            for name, n, text in todo:
                if re.match(r"\s*COPY\b", text):
                    # It cannot be prepared; its columns can be selected.
                    copies.add(name)
                    m = re.match(r"\s*COPY\s+(\w+)\s*\(([^)]*)\)", text)
                    text = f"SELECT {m.group(2)} FROM {m.group(1)}"
                if n:
                    run = f"EXPLAIN EXECUTE s_{name}(" + ", ".join(
                        ["NULL"] * n) + ");"
                else:
                    run = f"EXPLAIN EXECUTE s_{name};"
                script += [f"\\echo @@{name}", "SAVEPOINT a;",
                           f"PREPARE s_{name} AS {text};", run,
                           "ROLLBACK TO SAVEPOINT a;"]
            out = subprocess.run(
                ["psql", "-XqAt", "-d",
                 sqllib.as_role(pg, "understudy_" + role)],
                input="\n".join(script), text=True, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT).stdout
            for part in out.split("@@")[1:]:
                name, _, said = part.partition("\n")
                errors = [x for x in said.splitlines() if "ERROR:" in x
                          and "cannot EXPLAIN" not in x
                          and "utility" not in x]
                # The complaint of the role that gets furthest.
                if not errors:
                    problem[name] = None
                    scans[name] = sorted(set(re.findall(
                        r"Seq Scan on (\w+)", said)) & set(LARGE))
                    if name in copies:
                        scans[name] = []
                elif problem.get(name, "permission denied") is not None \
                        and "permission denied" in problem.get(
                            name, "permission denied"):
                    problem[name] = errors[0]

        for name, n, text in todo:
            def accepted(name=name, n=n, text=text, problem=problem,
                         scans=scans, program=program):
                highest = max([int(x) for x in re.findall(r"\$(\d+)", text)]
                              or [0])
                assert highest == n, f"has ${highest}, declares {n}"
                assert problem.get(name) is None, problem[name]
                assert (f"{program}/{name}" in WHOLE
                        or not scans.get(name)), \
                    "scans all of " + " ".join(scans[name])
            yield f"{path} {name}", accepted
    sqllib.stop(pg)
