"""openapi_complete: what holds for every route, written into the contract.

openapi.yaml says what a route is; the parts below are the same for all of
them (api/terms.h), so they are added here, by routes.def.  What the YAML says
itself is never replaced.
"""
import os
import re

ROUTE = re.compile(r'^ROUTE\((\w+),\s*"([^"]*)",\s*(\w+),\s*"([^"]*)",\s*(\w+),\s*"([^"]*)"', re.M)

PARAMETERS = {
    "DryRun": {
        "name": "dry_run", "in": "query",
        "description": "Check everything, answer what would be, change nothing",
        "schema": {"type": "boolean", "default": False}},
    "IfNoneMatch": {
        "name": "If-None-Match", "in": "header",
        "description": "Entity tags: 304 without a body when one of them is the document's",
        "schema": {"type": "string", "maxLength": 511}},
    "IfMatch": {
        "name": "If-Match", "in": "header",
        "description": "The entity tag of what you read: 412 when somebody changed it since. What changes by "
                       "itself, as a zone's serial, does not count",
        "schema": {"type": "string", "maxLength": 511}},
    "IdempotencyKey": {
        "name": "Idempotency-Key", "in": "header",
        "description": "Your name for this request, as a UUID. The same request with the same key within 24 hours "
                       "gets the first answer again, secrets as null, and makes nothing",
        "schema": {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]+$"}},
}

HEADERS = {
    "ETag": {"description": "The entity tag of this document", "schema": {"type": "string"}},
    "RequestId": {"description": "Yours, when it was 1 to 64 of A-Z a-z 0-9 . _ -, else ours; it is in the log",
                  "schema": {"type": "string"}},
    "RateLimit": {"description": 'What is left: "token";r=5999;t=1 (seconds until nothing is missing)',
                  "schema": {"type": "string"}},
    "RateLimitPolicy": {"description": 'What may be sent: "token";q=6000;w=60 (requests, seconds)',
                        "schema": {"type": "string"}},
    "RetryAfter": {"description": "Seconds", "schema": {"type": "string"}},
    "Replayed": {"description": "true: the answer of the first time, by Idempotency-Key",
                 "schema": {"type": "string", "enum": ["true"]}},
}

RESPONSES = {
    "E400": "bad-request, malformed-json (with line and column), invalid-parameter",
    "E401": "authentication-required",
    "E403": "forbidden: the wrong kind of token, or a scope is missing",
    "E404": "not-found; another tenant's objects, too",
    "E409": "already-exists, in-use, conflict; in-progress: the same Idempotency-Key is being worked on",
    "E410": "link-void: it was used already, is too old, or is for something else",
    "E411": "length-required: a body is needed",
    "E412": "precondition-failed: it is not what If-Match says",
    "E413": "body-too-large",
    "E415": "unsupported-media-type",
    "E422": "invalid-body with every fault named by its pointer; limit-reached; idempotency-key-reused",
    "E429": "rate-limited, too-many-requests; try again after Retry-After",
    "E500": "internal-error: ours; tell us the request_id",
    "E501": "not-implemented: this installation is not set up for it",
    "E503": "database-unavailable or overloaded; try again after Retry-After",
}


def ref(kind, name):
    return {"$ref": "#/components/%s/%s" % (kind, name)}


def routes(path):
    with open(path, encoding="utf-8") as f:
        return {(m.group(1).lower(), m.group(2)): m.groups() for m in ROUTE.finditer(f.read())}


def add_components(doc):
    c = doc["components"]
    for name, value in PARAMETERS.items():
        c.setdefault("parameters", {}).setdefault(name, value)
    for name, value in HEADERS.items():
        c.setdefault("headers", {}).setdefault(name, value)
    for name, text in RESPONSES.items():
        r = c.setdefault("responses", {}).setdefault(name, {
            "description": text,
            "content": {"application/problem+json": {"schema": ref("schemas", "Problem")}}})
        h = r.setdefault("headers", {})
        h.setdefault("X-Request-Id", ref("headers", "RequestId"))
        if name in ("E409", "E429", "E503"):
            h.setdefault("Retry-After", ref("headers", "RetryAfter"))
        if name not in ("E400", "E401", "E411", "E413", "E415", "E500", "E503"):
            h.setdefault("RateLimit", ref("headers", "RateLimit"))
            h.setdefault("RateLimit-Policy", ref("headers", "RateLimitPolicy"))
    c["responses"].setdefault("NotModified", {
        "description": "It is what you have", "headers": {
            "ETag": ref("headers", "ETag"), "X-Request-Id": ref("headers", "RequestId"),
            "RateLimit": ref("headers", "RateLimit"),
            "RateLimit-Policy": ref("headers", "RateLimitPolicy")}})
    c.setdefault("schemas", {}).setdefault("DryRun", {
        "type": "object", "required": ["dry_run"],
        "description": "What the answer would have been, secrets as null; its ids belong to nothing",
        "properties": {"dry_run": {"type": "boolean", "const": True}}, "additionalProperties": True})


def has_json(response):
    return "application/json" in response.get("content", {})


def has_tag(response):
    return has_json(response) or "text/dns" in response.get("content", {})


def complete_operation(doc, item, method, op, rt):
    _, path, who, scope, body, query = rt
    words = query.split()
    secure = op.get("security", doc.get("security")) != []
    params = op.setdefault("parameters", [])
    names = {p.get("name") or p["$ref"].rsplit("/", 1)[1] for p in params + item.get("parameters", [])}
    rs = op["responses"]

    def param(name):
        if name not in names and PARAMETERS[name]["name"] not in names:
            params.append(ref("parameters", name))

    def error(*codes):
        for code in codes:
            rs.setdefault(code, ref("responses", "E" + code))

    good = [rs[c] for c in rs if c.startswith("2") and "$ref" not in rs[c]]
    error("400", "500", "503")
    if secure:
        error("401", "403", "429")
    elif path.startswith("/v1/"):
        error("429")
    if body != "NONE":
        error("413", "415", "422")
        if body == "JSON":
            error("411")
    if "{" in path:
        error("404")
    if scope and "x-scope" not in op:
        op["x-scope"] = scope
    tagged = method == "get" and has_tag(rs.get("200", {})) and "timeout" not in words and \
        path not in ("/healthz", "/readyz")
    if tagged:
        param("IfNoneMatch")
        rs.setdefault("304", ref("responses", "NotModified"))
    if tagged or (method == "patch" and "200" in rs):
        rs["200"].setdefault("headers", {}).setdefault("ETag", ref("headers", "ETag"))
    if method in ("patch", "delete") and "get" in item:
        param("IfMatch")
        error("412")
    if method == "post" and who in ("TENANT", "OPERATOR"):
        param("IdempotencyKey")
        error("409", "422")
        for r in good:
            r.setdefault("headers", {}).setdefault("Idempotent-Replayed", ref("headers", "Replayed"))
    for r in good:
        h = r.setdefault("headers", {})
        h.setdefault("X-Request-Id", ref("headers", "RequestId"))
        if secure:
            h.setdefault("RateLimit", ref("headers", "RateLimit"))
            h.setdefault("RateLimit-Policy", ref("headers", "RateLimitPolicy"))
    if "dry_run" in words:
        param("DryRun")
        if has_json(rs.get("200", {})):
            media = rs["200"]["content"]["application/json"]
            media["schema"] = {"anyOf": [media["schema"], ref("schemas", "DryRun")]}
        else:
            rs["200"] = {"description": "With dry_run: what would be",
                         "headers": {"X-Request-Id": ref("headers", "RequestId")},
                         "content": {"application/json": {"schema": ref("schemas", "DryRun")}}}
    if not params:
        del op["parameters"]
    op["responses"] = {c: rs[c] for c in sorted(rs)}


def complete(doc, yaml_path):
    table = routes(os.path.join(os.path.dirname(os.path.abspath(yaml_path)), "routes.def"))
    add_components(doc)
    for path, item in doc["paths"].items():
        for method in ("get", "post", "patch", "put", "delete"):
            rt = table.get((method, path))
            if method in item and rt is not None:
                complete_operation(doc, item, method, item[method], rt)
    return doc
