"""upgrade: an older schema with data becomes today's; who refuses which."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "api"))
import apitest as t  # noqa: E402
from apitest import ROOT, check  # noqa: E402

OLD = 80            # the schema of the first programs that served zones


def header(name):
    text = open(os.path.join(ROOT, "common", "db", "db_schema.h")).read()
    return int(re.search(r"#define %s (\d+)" % name, text).group(1))


def apply(where, conninfo):
    return subprocess.run([os.path.join(where, "apply"), conninfo], capture_output=True, text=True)


class Old(t.Database):
    def __init__(self):
        self.conninfo = subprocess.check_output([t.PGTEMP, "start", "--bare"], text=True).strip()
        self.host = self.conninfo.split()[0][len("host="):]


def run():
    t.build()
    d = tempfile.mkdtemp(prefix="us-upgrade.")
    db = Old()
    a = None
    try:
        os.chmod(d, 0o755)
        names = sorted(f for f in os.listdir(os.path.join(ROOT, "sql")) if re.match(r"\d{4}_", f))
        for f in ["apply", "roles.sql"] + [n for n in names if int(n[:4]) <= OLD]:
            shutil.copy(os.path.join(ROOT, "sql", f), d)
        r = apply(d, db.conninfo)
        check("the schema of before", r.returncode == 0 and r.stdout.endswith("schema version %d\n" % OLD), r)
        db.sql("INSERT INTO tenant (id, name) VALUES ('00000000-0000-4000-8000-00000000000a', 'before')")
        a = t.Apid(db)
        if header("DB_SCHEMA_MIN") > OLD:
            try:
                a.start()
                check("a program refuses a schema that is too old", False)
            except RuntimeError as e:
                check("a program refuses a schema that is too old, and says what to do",
                      "schema version %d" % OLD in str(e) and "sql/apply" in str(e), e)
            check("... with the exit code for people", a.stop() == 78)
        r = apply(os.path.join(ROOT, "sql"), db.conninfo)
        newest = int(names[-1][:4])
        check("the migrations since then, with data",
              r.returncode == 0 and r.stdout.endswith("schema version %d\n" % newest), r)
        check("what was there is there", db.sql("SELECT name FROM tenant") == "before")
        r = apply(os.path.join(ROOT, "sql"), db.conninfo)
        check("again does nothing", r.returncode == 0 and "applied" not in r.stdout, r)
        a.start()
        op = a.bootstrap()
        r = a.call("GET", "/v1/operator/tenants", token=op)
        check("the new program works on it", r.status == 200 and
              [x["name"] for x in r.json["items"]] == ["before"], r)
        r = a.call("POST", "/v1/operator/tenants", {"name": "after"}, op)
        check("and writes", r.status == 201, r)
        check("apid stops", a.stop() == 0)
        r = apply(d, db.conninfo)
        check("the migrations of before refuse a newer database", r.returncode != 0 and
              "does not know" in r.stderr, r)
        db.sql("SET ROLE understudy_owner; INSERT INTO schema_migration (version, name, sha256) "
               "VALUES (9999, '9999_come_later.sql', repeat('0', 64))")
        try:
            a.start()
            check("a program refuses a schema that is too new", False)
        except RuntimeError as e:
            check("a program refuses a schema that is too new, and says so",
                  "schema version 9999" in str(e) and "newer" in str(e), e)
        check("... with the exit code for people, too", a.stop() == 78)
    finally:
        if a:
            a.stop()
            a.remove()
        db.stop()
        shutil.rmtree(d)
