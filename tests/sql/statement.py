"""Every statement in a sql.def is accepted, by a role that may run it."""
import glob
import re
import subprocess

import sqllib

ROLES = {
    "api": ["apid_app", "apid_auth", "apid_operator"],
    "xferd": ["xferd"],
    "dnsd": ["dnsd"],
}


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
    pg = sqllib.fixture()
    for path in sorted(glob.glob("*/sql.def")):
        program = path.split("/")[0]
        todo = list(statements(path))
        problem = {}
        for role in ROLES[program]:
            script = ["\\set ON_ERROR_STOP off", "BEGIN;"]
            for name, n, text in todo:
                if re.match(r"\s*COPY\b", text):
                    text = text.replace("FROM STDIN", "FROM '/dev/null'")
                    m = re.match(r"\s*COPY\s+(\w+)\s*\(([^)]*)\)", text)
                    text = (f"SELECT {m.group(2)} FROM {m.group(1)}"
                            if m else text)
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
                elif problem.get(name, "permission denied") is not None \
                        and "permission denied" in problem.get(
                            name, "permission denied"):
                    problem[name] = errors[0]

        for name, n, text in todo:
            def accepted(name=name, n=n, text=text, problem=problem):
                highest = max([int(x) for x in re.findall(r"\$(\d+)", text)]
                              or [0])
                assert highest == n, f"has ${highest}, declares {n}"
                assert problem.get(name) is None, problem[name]
            yield f"{path} {name}", accepted
