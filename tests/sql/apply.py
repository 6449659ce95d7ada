"""sql/apply: idempotent, and refuses what it should."""
import os
import shutil
import subprocess
import tempfile

import sqllib


def apply(tree, conninfo):
    out = subprocess.run([tree + "/apply", conninfo], text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return out.returncode, out.stdout


def tests():
    pg = sqllib.start("--bare")
    tree = tempfile.mkdtemp() + "/sql"
    shutil.copytree("sql", tree)
    files = sorted(f for f in os.listdir(tree) if f[:4].isdigit())

    def two_at_once():
        runs = [subprocess.Popen([tree + "/apply", pg], text=True,
                                 stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT)
                for _ in range(2)]
        out = [r.communicate()[0] for r in runs]
        assert [r.returncode for r in runs] == [0, 0], out
        assert sum(o.count("applied ") for o in out) == len(files), out

    def again_does_nothing():
        code, out = apply(tree, pg)
        assert code == 0 and "applied " not in out, out
        assert f"schema version {int(files[-1][:4])}" in out, out

    def changed_file_is_refused():
        path = f"{tree}/{files[1]}"
        with open(path) as f:
            text = f.read()
        with open(path, "a") as f:
            f.write("-- edited\n")
        code, out = apply(tree, pg)
        with open(path, "w") as f:
            f.write(text)
        assert code != 0 and f"{files[1]} was changed" in out, out

    def a_gap_is_refused():
        path = f"{tree}/0005_add_gap.sql"
        with open(path, "w") as f:
            f.write("CREATE TABLE gap (x integer);\n")
        code, out = apply(tree, pg)
        os.remove(path)
        assert code != 0 and "0005_add_gap.sql is missing" in out, out

    def a_failing_file_leaves_nothing():
        path = f"{tree}/0999_add_half.sql"
        with open(path, "w") as f:
            f.write("CREATE TABLE half (x integer);\nSELECT 1 / 0;\n")
        code, out = apply(tree, pg)
        assert code != 0 and "division by zero" in out, out
        assert sqllib.one(pg, "SELECT to_regclass('half') IS NULL") == "t"
        with open(path, "w") as f:
            f.write("CREATE TABLE half (x integer);\n")
        code, out = apply(tree, pg)
        assert code == 0 and "applied 0999_add_half.sql" in out, out
        os.remove(path)

    def a_newer_database_is_refused():
        code, out = apply(tree, pg)
        assert code != 0 and "does not know" in out, out

    def by_a_plain_owner():
        # Not a superuser: may create roles and owns the database.
        sqllib.psql(pg, """
CREATE ROLE admin LOGIN CREATEROLE;
GRANT understudy_owner TO admin;
CREATE DATABASE second OWNER admin;""")
        code, out = apply(tree, pg.replace("dbname=understudy",
                          "dbname=second").replace("user=postgres",
                                                   "user=admin"))
        assert code == 0, out

    yield "two at once: each file is applied once", two_at_once
    yield "a second run does nothing", again_does_nothing
    yield "a changed file is refused", changed_file_is_refused
    yield "a gap is refused", a_gap_is_refused
    yield "a failing file leaves nothing behind", a_failing_file_leaves_nothing
    yield "a database newer than the tree is refused", \
        a_newer_database_is_refused
    yield "a role that is no superuser can apply", by_a_plain_owner
    sqllib.stop(pg)
    shutil.rmtree(os.path.dirname(tree))
