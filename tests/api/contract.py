"""Every answer against the contract: is its status listed, does its body fit?

apitest.check_reply calls seen() for each reply of every part; part_contract, at
the end, says which routes never answered well.
"""
import json
import os
import re
import subprocess

import jsonschema

import apitest as t
from apitest import check

EACH = 8            # bodies of one route and status that are compared
# What http.c answers before a route is known, or instead of it.
EVERYWHERE = {400, 401, 403, 404, 405, 408, 411, 413, 414, 415, 429, 503}
# Ownership is off here; tests/claims asks these.
ELSEWHERE = re.compile(r"/(proof|brake|brake/release|names|names/\{name\}|activate|deactivate|release)$|operator/nameservers$")
state = {"doc": None, "routes": [], "count": {}}


def load():
    text = subprocess.check_output([os.path.join(t.ROOT, "api", "openapi2json"),
                                    os.path.join(t.ROOT, "api", "openapi.yaml")])
    doc = state["doc"] = json.loads(text)
    for path, item in doc["paths"].items():
        for method in ("get", "post", "patch", "put", "delete"):
            if method in item:
                pattern = re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path)) + "$")
                state["routes"].append((method.upper(), path, pattern, item[method]))


def find(method, path):
    """The route of a path; a tenant's route, when the operator acts there."""
    path = path.split("?")[0].replace("%3A", ":")
    inner = re.sub(r"^/v1/operator/tenants/[^/]+/", "/v1/", path)
    for p in (path, inner):
        best = None
        for m, template, pattern, op in state["routes"]:
            if m == method and pattern.match(p) and (best is None or template.count("{") < best[0].count("{")):
                best = template, op
        if best:
            return best
    return None


def deref(x):
    while "$ref" in x:
        at = state["doc"]
        for part in x["$ref"].lstrip("#/").split("/"):
            at = at[part]
        x = at
    return x


def seen(method, path, r):
    if state["doc"] is None:
        load()
    found = find("GET" if method == "HEAD" else method, path)
    if found is None:
        return
    template, op = found
    n = state["count"].get((method, template, r.status), 0)
    state["count"][method, template, r.status] = n + 1
    what = "%s %s -> %d" % (method, template, r.status)
    responses = op["responses"]
    if str(r.status) not in responses:
        if r.status not in EVERYWHERE:
            check(what + " is in the contract", False, r)
        return
    content = deref(responses[str(r.status)]).get("content", {})
    kind = (r.get("content-type") or "").split(";")[0]
    if method == "HEAD" or n >= EACH or r.json is None or kind not in content:
        if r.body and method != "HEAD" and n < EACH and kind not in content:
            check(what + ": its media type is in the contract", False, (kind, list(content)))
        return
    schema = dict(content[kind]["schema"], components=state["doc"]["components"])
    errors = list(jsonschema.Draft202012Validator(schema).iter_errors(r.json))
    if errors:
        e = min(errors, key=lambda e: len(e.path))
        check(what + ": its body fits the contract", False,
              "%s: %s\n    %s" % ("/".join(str(x) for x in e.absolute_path), e.message[:300], r.text[:600]))


def part_contract(w):
    """Which routes never gave a good answer in this run?"""
    del w
    with open(os.path.join(t.ROOT, "api", "problem.def")) as f:
        types = set(re.findall(r'^PROBLEM\(\w+,\s*(\d+),\s*"([^"]+)"', f.read(), re.M))
    with open(os.path.join(t.ROOT, "docs", "API.md")) as f:
        listed = {(b, a) for a, b in re.findall(r"^\| `([a-z-]+)` \| (\d+) \|", f.read(), re.M)}
    check("docs/API.md lists every problem", types <= listed, sorted(types - listed))
    good = {(m, p) for m, p, status in state["count"] if 200 <= status < 300}
    silent = sorted("%s %s" % (m, p) for m, p, _, op in state["routes"]
                    if (m, p) not in good and not ELSEWHERE.search(p))
    statuses = sum(len([c for c in op["responses"]]) for _, _, _, op in state["routes"])
    met = sum(1 for m, p, status in state["count"] for x in [find(m, p)] if x and str(status) in x[1]["responses"])
    print("# contract: %d routes, %d of %d documented statuses were met" % (len(state["routes"]), met, statuses))
    check("every route answered well at least once", not silent, silent)
