"""specmatic: requests made of the contract, good and bad, for a real apid.

A generator of requests knows types and not meanings: it cannot know which zone
exists, nor that a cursor comes from the page before.  narrow() writes such
knowledge into a copy of the contract; answers are compared with the schemas as
they are.
"""
import copy
import json
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "api"))
import apitest as t  # noqa: E402

ZONE = "tested.example"


def world(a, db):
    """A tenant with one of everything; returns (token, operator's token, ids)."""
    op = a.bootstrap()
    tenant = a.call("POST", "/v1/operator/tenants", {"name": "judge"}, op).json["id"]
    token = a.call("POST", "/v1/operator/tenants/%s/tokens" % tenant, {"name": "t", "scopes": ["*"]}, op).json["token"]

    def make(path, body):
        r = a.call("POST", path, body, token)
        if r.status not in (200, 201, 202):
            raise RuntimeError("%s: %r" % (path, r))
        return r.json
    make("/v1/keys", {"name": "judged.key"})
    ids = {"key": make("/v1/keys", {"name": "other.key"})["id"],
           "token": make("/v1/tokens", {"name": "judged"})["id"], "tenant": tenant}
    ids["primary"] = make("/v1/primaries", {"name": "other", "address": "192.0.2.8"})["id"]
    z = make("/v1/zones", {"name": ZONE, "primaries": [{"address": "192.0.2.7"}]})
    ids["check"] = make("/v1/zones/%s/check" % ZONE, None)["id"]
    ids["zone"], ids["generation"] = z["id"], 1
    t.publish(db, z["id"], tenant, ZONE, 1, 7, [[
        (ZONE, 2, 3600, t.wire("ns1." + ZONE)), (ZONE, 6, 3600, t.soa(7)),
        ("www." + ZONE, 1, 60, bytes([192, 0, 2, 9]))]])
    return token, op, ids


def drop_parameters(op, names):
    op["parameters"] = [p for p in op.get("parameters", []) if p["name"] not in names]


def only(responses):
    """A real answer, not that of a dry run."""
    for media in responses.get("200", {}).get("content", {}).values():
        parts = media["schema"].get("anyOf", [])
        if {"$ref": "#/components/schemas/DryRun"} in parts:
            media["schema"] = parts[0]


def resolve(doc, x):
    while "$ref" in x:
        at = doc
        for part in x["$ref"].lstrip("#/").split("/"):
            at = at[part]
        x = at
    return copy.deepcopy(x)


# What a value must mean, by the name of its member: a type does not say it.
MEANT = {
    "address": {"type": "string", "enum": ["192.0.2.7"]},
    "transport": {"type": "string", "enum": ["tcp"]},
    "expires_at": {"type": ["string", "null"], "enum": ["2099-01-01T00:00:00Z", None]},
    "secret": {"type": "string", "enum": ["c2VjcmV0LXNlY3JldA=="]},
    "key": {"type": ["string", "null"], "enum": ["judged.key", None]},
    "email": {"type": "string", "pattern": "^[a-z]{12}@example\\.com$"},
    "zones": None,
    "networks": None,
    "tls": {"type": "null"},
}


def narrow(doc, ids, security):
    """The routes of one kind of caller, with values that exist here."""
    doc = copy.deepcopy(doc)
    everywhere = doc["security"]
    for path in list(doc["paths"]):
        item = doc["paths"][path]
        common = [resolve(doc, p) for p in item.pop("parameters", [])]
        for method in list(item):
            op = item[method]
            kinds = [list(s)[0] for s in op.get("security", everywhere) if s]
            if security not in kinds or method == "delete" or (path, method) in SKIP:
                del item[method]
                continue
            op["security"] = [{security: []}]
            op["parameters"] = common + [resolve(doc, p) for p in op.get("parameters", [])]
            drop_parameters(op, {"cursor", "If-Match", "If-None-Match", "Idempotency-Key", "from"})
            for code in ("304", "412", "429", "500", "503", "409", "411", "413", "415", "403", "401"):
                op["responses"].pop(code, None)
            drop_parameters(op, {"dry_run"})
            if "/audit" in path:        # all mixtures of seven filters are too many
                drop_parameters(op, {"since", "until", "object"})
            if "201" in op["responses"] or "202" in op["responses"]:
                op["responses"].pop("200", None)
            only(op["responses"])
            for p in op["parameters"]:
                if p["in"] == "path":
                    p["schema"] = {"type": "string", "enum": [str(ids.get(p["name"], "unknown"))]}
                if p["name"] in REQUIRED:
                    p["required"] = True
                p["schema"] = PARAMETER.get((path, p["name"]), PARAMETER.get(p["name"], p["schema"]))
        if not item:
            del doc["paths"][path]
    for name, schema in doc["components"]["schemas"].items():
        for member, meant in list(MEANT.items()):
            props = schema.get("properties", {})
            if meant and member in props and name.endswith(("Create", "Patch", "Inline", "New")):
                props[member] = meant
            if meant is None and name.startswith("Token") and name.endswith(("Create", "Patch")):
                props.pop(member, None)
    # It knows no cookies.
    schemes = doc["components"]["securitySchemes"]
    doc["components"]["securitySchemes"] = {security: schemes[security]}
    doc.pop("security", None)
    schemas = doc["components"]["schemas"]
    schemas.update(SCHEMAS)
    schemas["ZonePatch"]["properties"].update(
        name={"type": "string", "enum": [ZONE]}, policy={"$ref": "#/components/schemas/Policy_of_patch"})
    return doc


# What is needed later must stay, so nothing is deleted; checks are one per ten
# seconds for a destination, and take their time; the others are good once.
SKIP = {("/v1/preflight", "post"), ("/v1/zones/{zone}/check", "post"), ("/v1/checks/{check}", "get"),
        ("/v1/zones/{zone}/accept", "post"), ("/v1/zones/{zone}/unpin", "post"), ("/v1/tokens/{token}/rotate", "post"),
        # A person leaves, not a token; staff or in a tenant that exists, not any mixture.
        ("/v1/members/leave", "post"), ("/v1/operator/users", "post")}
# Each zone of a batch has an answer of its own, so the whole is 200.
# Two seconds are as good a time to wait as one.
EXPECTED = {"-ve POST /v1/zones:batch -> 4xx", "-ve GET /v1/zones/(zone:string)/wait -> 4xx"}
REQUIRED = {"timeout", "Understudy-Reason"}
PARAMETER = {
    "name": {"type": "string", "enum": ["www." + ZONE]},
    "type": {"type": "string", "enum": ["A"]},
    "under": {"type": "string", "enum": [ZONE]},
    "timeout": {"type": "integer", "minimum": 0, "maximum": 1},
    "Understudy-Reason": {"type": "string", "minLength": 1, "maxLength": 500},
    ("/v1/zones/{zone}/setup", "key"): {"type": "string", "enum": ["judged.key"]},
}
SCHEMAS = {
    "Policy_of_patch": {"type": "object", "additionalProperties": False,
                        "properties": {"keep_ns": {"type": "boolean"}}},
    "PrimaryRefs": {"type": "array", "minItems": 1, "maxItems": 1,
                    "items": {"$ref": "#/components/schemas/Some_primary"}},
    # Any of many, so that no primary is in a list twice.
    "Some_primary": {"type": "object", "additionalProperties": False, "required": ["address"], "properties": {
        "address": {"type": "string", "pattern": "^10\\.[1-9][0-9]\\.[1-9][0-9]\\.[1-9][0-9]$"}}},
}


# Well asked, and answered with a documented problem: a name that is taken, a
# zone that is not in the state for it.  Types cannot know.
WORLD = re.compile(r"problem:(already-exists|conflict|not-found|in-use|limit-reached)\"|\"code\": \"not-found\"")
CONFIG = """version: 2
test:
  maxTestRequestCombinations: 4
  resiliencyTests: {enable: all}
security:
  OpenAPI:
    securitySchemes:
      %s: {type: bearer, token: %s}
"""


def judge(run, work, doc, check):
    """Both kinds of caller, one apid."""
    jar = os.path.join(work, "node_modules", "specmatic", "specmatic.jar")
    t.build()
    db = t.Database()
    a = t.Apid(db, api="threads = 4 rate_per_minute = 0 rate_anonymous_per_minute = 0")
    try:
        a.start()
        token, op, ids = world(a, db)
        for security, value in (("tenantToken", token), ("operatorToken", op)):
            contract = os.path.join(work, security + ".json")
            with open(contract, "w") as f:
                json.dump(narrow(doc, ids, security), f, indent=1)
            with open(os.path.join(work, "specmatic.yaml"), "w") as f:
                f.write(CONFIG % (security, value))
            code, out = run(["java", "-Xmx700m", "-jar", jar, "test", contract,
                             "--testBaseURL=http://127.0.0.1:%d" % a.port], timeout=240, more={security: value})
            with open(os.path.join(work, security + ".log"), "w") as f:
                f.write(out)
            verdict(check, security, code, out)
        log = a.log_text()
        check("apid has nothing to reproach itself", "level=err" not in log and a.process.poll() is None,
              [x for x in log.splitlines() if "level=err" in x][:5])
    finally:
        a.stop()
        a.remove()
        db.stop()


def verdict(check, security, code, out):
    """One test for each operation and kind of request."""
    ends = {}
    for m in re.finditer(r"^([+-]ve)\s+Scenario: (\S+ \S+ -> \S+) .*has (SUCCEEDED|FAILED)$", out, re.M):
        ends.setdefault(m.group(1) + " " + m.group(2), []).append((m.group(3), m.end()))
    for name, all_ in ends.items():
        bad = [at for how, at in all_ if how == "FAILED" and name not in EXPECTED and
               not WORLD.search(out[max(0, out.rfind("  Request to", 0, at)):at])]
        check("specmatic, %s: %s (%d requests)" % (security, name, len(all_)), not bad,
              "".join(out[max(0, at - 300):at + 900] for at in bad[:2]))
    check("specmatic, %s: made its requests" % security, len(ends) > 5 and code in (0, 1), out[-3000:])
