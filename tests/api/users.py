"""People: signing in and out, second factors, links, sign-up, staff.

A browser is played by class Browser: it keeps the cookie, and sends what
browsers send beside it.
"""
import base64
import concurrent.futures
import hashlib
import hmac
import re
import subprocess
import time
import urllib.request

import apitest as t
from apitest import check, problem, pointers

PASSWORD = "four words are enough"
OTHER = "another four words here"


def totp(secret, when=None):
    """RFC 6238, by another hand than apid's."""
    key = base64.b32decode(secret)
    step = int((time.time() if when is None else when) // 30)
    mac = hmac.new(key, step.to_bytes(8, "big"), hashlib.sha1).digest()
    at = mac[-1] & 15
    return "%06d" % ((int.from_bytes(mac[at:at + 4], "big") & 0x7fffffff) % 1000000)


class Browser:
    def __init__(self, apid, agent="Firefox"):
        self.a, self.cookie, self.agent = apid, None, agent

    def call(self, method, path, body=None, site="same-origin", headers=None, **kw):
        h = {"User-Agent": self.agent, **(headers or {})}
        if site:
            h["Sec-Fetch-Site"] = site
        if self.cookie:
            h["Cookie"] = "theme=dark; __Host-understudy=%s; x=y" % self.cookie
        if method != "GET" and "Content-Type" not in h:
            h["Content-Type"] = "application/json"
        r = self.a.call(method, path, body, headers=h, **kw)
        set_cookie = r.get("set-cookie")
        if set_cookie:
            self.cookie = re.match(r"__Host-understudy=([^;]*);", set_cookie).group(1) or None
        return r

    def login(self, email, password=PASSWORD, **more):
        return self.call("POST", "/v1/sessions", {"email": email, "password": password, **more})


def token_of(link):
    return link.split("#token=")[1]


def console(a, *args):
    r = subprocess.run([t.APID, "-c", a.conf, *args], capture_output=True, text=True)
    return r.returncode, r.stdout.strip(), r.stderr


def hashes(a):
    """How many passwords were hashed."""
    text = urllib.request.urlopen("http://127.0.0.1:%d/metrics" % a.metrics, timeout=5).read().decode()
    return int(re.search(r"^understudy_apid_password_hashes_total(?:\{[^}]*\})? (\d+)", text, re.M).group(1))


def fresh_limits(w):
    w.db.sql("DELETE FROM rate_limit")


def sessions_of(w, email):
    return int(w.db.sql("SELECT count(*) FROM session s JOIN user_account u ON u.id = s.user_id "
                        "WHERE u.email = '%s'" % email))


def new_person(w, email, tenant=None, role=None, password=PASSWORD):
    """A person made by the operator, who set a password by a link."""
    body = {"email": email}
    if tenant:
        body.update(tenant=tenant, role=role or "owner")
    r = w.a.call("POST", "/v1/operator/users", body, token=w.op)
    check("the operator makes a person: " + email, r.status == 201 and r.json["email"] == email and
          not r.json["staff"], r)
    link = w.a.call("POST", "/v1/operator/links", {"email": email, "purpose": "reset"}, token=w.op)
    check("and gets a link to hand out", link.status == 201 and "/reset#token=us_l_" in
          link.json["link"], link)
    done = w.a.call("POST", "/v1/password-resets/confirm", {
        "token": token_of(link.json["link"]), "password": password})
    check("which sets a password", done.status == 204, done)
    return r.json["id"]


def part_users(w):
    canaries = [PASSWORD, OTHER, w.a.totp_key]
    plain = new_person(w, "ann@example.com", w.tenants[0], "editor")
    login(w, canaries)
    cross_site(w)
    enumeration(w)
    limits(w)
    own_sessions(w)
    two_tenants(w, plain)
    second_factor(w, canaries)
    passwords(w)
    resets(w)
    links(w, canaries)
    sign_up(w, canaries)
    staff(w, canaries)
    fresh_limits(w)
    return canaries


def login(w, canaries):
    b = Browser(w.a)
    r = b.login("Ann@Example.com ")
    canaries.append(b.cookie)
    attributes = set(re.split(r";\s*", r.get("set-cookie"))[1:])
    check("a login answers who one is", r.status == 201 and
          r.json["user"]["email"] == "ann@example.com" and r.json["role"] == "editor" and
          r.json["tenant"]["id"] == w.tenants[0] and "zones:write" in r.json["scopes"] and
          "tokens:admin" not in r.json["scopes"], r)
    check("the cookie is as strict as can be", {"Path=/", "Secure", "HttpOnly", "SameSite=Strict"} <=
          attributes and not any(x.lower().startswith("domain") for x in attributes), attributes)
    check("only its hash is stored", w.db.sql("SELECT count(*) FROM session WHERE hash IS NOT NULL") and
          b.cookie not in w.db.sql("SELECT string_agg(s::text, ' ') FROM session s"))
    r = b.call("GET", "/v1/me")
    check("me says the same", r.status == 200 and r.json["user"]["email"] == "ann@example.com" and
          [m["role"] for m in r.json["memberships"]] == ["editor"], r)
    check("an editor reads and writes zones", b.call("GET", "/v1/zones").status == 200 and b.call(
        "POST", "/v1/zones", {"name": "ann.example", "primaries": [{"address": "192.0.2.1"}]}
    ).status == 201)
    r = b.call("GET", "/v1/tokens")
    check("but has nothing to do with tokens", problem(r, 403, "forbidden") and
          "tokens:admin" in r.json["detail"], r)
    r = b.call("GET", "/v1/operator/tenants")
    check("nor with the operator's routes", problem(r, 403, "forbidden"), r)
    r = w.call("GET", "/v1/sessions")
    check("a token has no sessions", problem(r, 403, "forbidden"), r)
    for bad in ("", "x", b.cookie[:-1] + ("a" if b.cookie[-1] != "a" else "b"),
                b.cookie + "; __Host-understudy=" + b.cookie, w.T):
        r = w.a.call("GET", "/v1/me", headers={"Cookie": "__Host-understudy=" + bad,
                                               "Sec-Fetch-Site": "same-origin"})
        check("a cookie that is not ours is nobody's", r.status == 401, (bad[:20], r))
    r = w.a.call("GET", "/v1/me", token=w.T, headers={"Cookie": "__Host-understudy=" + b.cookie})
    check("beside a token a cookie counts for nothing", "token" in r.json, r)
    first = b.cookie
    b.login("ann@example.com")
    check("a login gives the session a new name", b.cookie != first and w.a.call(
        "GET", "/v1/me", headers={"Cookie": "__Host-understudy=" + first}).status == 401)
    with concurrent.futures.ThreadPoolExecutor(8) as ex:
        rs = list(ex.map(lambda i: b.call("GET", "/v1/zones?limit=1"), range(24)))
    check("many requests at once with one session", all(r.status == 200 for r in rs))
    w.db.sql("UPDATE session SET used_at = now() - interval '30 seconds'")
    before = w.db.sql("SELECT xmin FROM session ORDER BY used_at DESC LIMIT 1")
    b.call("GET", "/v1/me")
    check("use is written at most once a minute",
          w.db.sql("SELECT xmin FROM session ORDER BY used_at DESC LIMIT 1") == before)
    w.db.sql("UPDATE session SET used_at = now() - interval '2 minutes'")
    b.call("GET", "/v1/me")
    check("and then it is", int(w.db.sql("SELECT count(*) FROM session WHERE used_at > "
                                         "now() - interval '1 minute'")) == 1)
    w.db.sql("UPDATE session SET used_at = now() - interval '13 hours'")
    check("an idle session is over", b.call("GET", "/v1/me").status == 401)
    b.login("ann@example.com")
    w.db.sql("UPDATE session SET created_at = now() - interval '8 days', expires_at = now()")
    check("an old session is over", b.call("GET", "/v1/me").status == 401)
    check("the audit knows who came in", int(w.db.sql(
        "SELECT count(*) FROM audit WHERE action = 'login.done' AND actor = 'user:ann@example.com'"
        " AND actor_kind = 'user'")) >= 3)


def cross_site(w):
    b = Browser(w.a)
    b.login("ann@example.com")
    for method, path, body in (("PATCH", "/v1/me", {"name": "x"}), ("DELETE", "/v1/sessions", None),
                               ("POST", "/v1/zones/ann.example/refresh", None)):
        for site in ("cross-site", "same-site", "none", None, "Same-Origin"):
            r = b.call(method, path, body, site=site)
            check("%s %s by %s is refused" % (method, path, site), problem(r, 403, "forbidden"), r)
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
            r = b.call(method, path, body, headers={"Content-Type": kind})
            check("%s as %s is refused" % (method, kind),
                  problem(r, 415, "unsupported-media-type"), r)
    for site, want in (("cross-site", 403), ("same-site", 403), ("none", 200), (None, 200)):
        check("GET by %s: %d" % (site, want), b.call("GET", "/v1/me", site=site).status == want)
    r = Browser(w.a).call("POST", "/v1/sessions", {"email": "ann@example.com", "password": PASSWORD},
                          site="cross-site")
    check("nobody is signed in by another site", problem(r, 403, "forbidden") and
          not r.get("set-cookie"), r)
    r = w.a.bytes(("GET /v1/me HTTP/1.1\r\nHost: x\r\nCookie: __Host-understudy=%s\r\nCookie: a=b\r\n"
                   "Connection: close\r\n\r\n" % b.cookie).encode())
    check("two Cookie headers are refused", b" 400 " in r.split(b"\r\n")[0], r[:200])
    check("nothing was changed", w.db.sql("SELECT name FROM user_account WHERE email = "
                                          "'ann@example.com'") == "")


def same(a, b):
    """The same but for what is of each request."""
    drop = ("instance", "request_id")
    strip = [{k: v for k, v in r.json.items() if k not in drop} for r in (a, b)]
    heads = [{k: v for k, v in r.headers.items() if k not in (
        "x-request-id", "date", "ratelimit", "content-length")} for r in (a, b)]
    return a.status == b.status and strip[0] == strip[1] and heads[0] == heads[1]


def enumeration(w):
    fresh_limits(w)
    new_person(w, "off@example.com", w.tenants[0], "viewer")
    off = w.db.sql("SELECT id FROM user_account WHERE email = 'off@example.com'")
    w.a.call("PATCH", "/v1/operator/users/" + off, {"disabled": True}, token=w.op)
    w.a.call("POST", "/v1/operator/users", {"email": "bare@example.com"}, token=w.op)
    wrong = Browser(w.a).login("ann@example.com", "not the password")
    check("a wrong password is 401", problem(wrong, 401, "login-failed"), wrong)
    for email, password in (("nobody@example.com", PASSWORD), ("off@example.com", PASSWORD),
                            ("bare@example.com", PASSWORD)):
        before = hashes(w.a)
        r = Browser(w.a).login(email, password)
        check("%s answers like a wrong password" % email, same(r, wrong), (r, wrong))
        check("and costs as much", hashes(w.a) == before + 1)
    ok = w.a.call("POST", "/v1/password-resets", {"email": "ann@example.com"})
    check("a reset is accepted", ok.status == 202, ok)
    for email in ("nobody@example.com", "off@example.com"):
        r = w.a.call("POST", "/v1/password-resets", {"email": email})
        check("a reset for %s answers the same" % email, same(r, ok), (r, ok))
    log = w.db.sql("SELECT count(*) FROM audit WHERE action = 'login.failed' AND "
                   "object = 'ann@example.com'")
    check("failed logins are in the audit", int(log) >= 1)
    check("but not what strangers typed", w.db.sql("SELECT count(*) FROM audit WHERE audit::text "
                                                   "LIKE '%nobody@example.com%'") == "0")
    r = Browser(w.a).call("POST", "/v1/sessions", {"email": "no address", "password": "", "x": 1})
    check("faults are named at once", r.status == 422 and pointers(r) == [
        ("/password", "length"), ("/x", "unknown-key")], r)


def limits(w):
    fresh_limits(w)
    rs = [Browser(w.a).login("ann@example.com", "wrong %d" % i) for i in range(8)]
    check("after six tries comes 429", [r.status for r in rs] == [401] * 6 + [429] * 2, rs)
    check("with Retry-After", 1 <= int(rs[-1].get("retry-after")) <= 30 and
          problem(rs[-1], 429, "too-many-requests"), rs[-1].headers)
    r = Browser(w.a).login("ann@example.com")
    check("the right password waits, too", r.status == 429, r)
    rs = [Browser(w.a).login("ghost@example.com", "wrong") for i in range(8)]
    check("somebody unknown has the same limits", [r.status for r in rs] == [401] * 6 + [429] * 2, rs)
    w.db.sql("UPDATE rate_limit SET full_at = full_at - interval '31 seconds'")
    b = Browser(w.a)
    check("half a minute later there is another try", b.login("ann@example.com").status == 201)
    rs = [Browser(w.a).login("ann@example.com", "wrong").status for i in range(6)]
    check("who got in is forgiven", rs == [401] * 6, rs)
    fresh_limits(w)
    rs = [Browser(w.a).login("n%d@example.com" % i, "wrong").status for i in range(32)]
    check("a client has its limit over all accounts", rs[:30] == [401] * 30 and rs[31] == 429, rs)
    fresh_limits(w)
    # Strangers have used up what an account allows; the owner's own place
    # still gets in, any other waits.
    check("a place gets in", Browser(w.a).login("ann@example.com").status == 201)
    before = w.db.sql("SELECT count(*) FROM rate_limit")
    Browser(w.a).login("ann@example.com", "wrong")
    w.db.sql("UPDATE rate_limit SET full_at = greatest(full_at, now() + interval '29 minutes') "
             "WHERE full_at < now() + interval '1 day'")
    w.db.sql("DELETE FROM rate_limit WHERE full_at < now()")
    check("limits are rows for all apids", int(before) >= 1)
    fresh_limits(w)


def own_sessions(w):
    w.db.sql("DELETE FROM session")
    b, c, d = Browser(w.a, "one\ttwo"), Browser(w.a, "two"), Browser(w.a, "three")
    for x in (b, c, d):
        x.login("ann@example.com")
    r = b.call("GET", "/v1/sessions")
    check("one sees one's sessions", r.status == 200 and len(r.json["items"]) == 3 and
          [i["current"] for i in r.json["items"]].count(True) == 1 and
          {i["address"] for i in r.json["items"]} == {"127.0.0.1"} and
          b.cookie not in r.text, r)
    other = [i["id"] for i in r.json["items"] if i["user_agent"] == "two"][0]
    check("ends one", b.call("DELETE", "/v1/sessions/" + other).status == 204 and
          c.call("GET", "/v1/me").status == 401)
    check("once", b.call("DELETE", "/v1/sessions/" + other).status == 404)
    check("ends all others", b.call("DELETE", "/v1/sessions").status == 204 and
          d.call("GET", "/v1/me").status == 401 and b.call("GET", "/v1/me").status == 200)
    new_person(w, "eve@example.com")
    e = Browser(w.a)
    e.login("eve@example.com")
    mine = [i["id"] for i in b.call("GET", "/v1/sessions").json["items"]][0]
    check("nobody ends another's", e.call("DELETE", "/v1/sessions/" + mine).status == 404 and
          b.call("GET", "/v1/me").status == 200)
    r = e.call("GET", "/v1/zones")
    check("a person of no tenant sees no zones", problem(r, 403, "forbidden") and
          "Understudy-Tenant" in r.json["detail"], r)
    r = e.call("GET", "/v1/me")
    check("but who they are", r.json["tenant"] is None and r.json["memberships"] == [], r)
    cookie = b.cookie
    r = b.call("DELETE", "/v1/sessions/current")
    check("signing out ends it here and there", r.status == 204 and "Max-Age=0" in r.get("set-cookie"), r)
    b.cookie = cookie
    check("for good", b.call("GET", "/v1/me").status == 401)


def two_tenants(w, ann):
    w.db.sql("INSERT INTO membership (tenant_id, user_id, role) VALUES ('%s', '%s', 'viewer')"
             % (w.tenants[1], ann))
    b = Browser(w.a)
    r = b.login("ann@example.com")
    check("who has two tenants chooses", r.json["tenant"] is None and len(r.json["memberships"]) == 2, r)
    check("before, no zones", b.call("GET", "/v1/zones").status == 403)
    for i, role in ((0, "editor"), (1, "viewer")):
        h = {"Understudy-Tenant": w.tenants[i]}
        r = b.call("GET", "/v1/me", headers=h)
        check("a header names the tenant", r.json["tenant"]["id"] == w.tenants[i] and
              r.json["role"] == role, r)
    h = {"Understudy-Tenant": w.tenants[1]}
    r = b.call("POST", "/v1/zones", {"name": "b.example", "primaries": [{"address": "192.0.2.1"}]}, headers=h)
    check("a viewer there does not write", problem(r, 403, "forbidden"), r)
    check("nor see the other one's", b.call("GET", "/v1/zones/ann.example", headers=h).status == 404 and
          b.call("GET", "/v1/zones/ann.example", headers={"Understudy-Tenant": w.tenants[0]}).status == 200)
    for bad, want in (("x", 400), ("00000000-0000-4000-8000-000000000000", 403)):
        check("a tenant that is not theirs: %d" % want, b.call(
            "GET", "/v1/zones", headers={"Understudy-Tenant": bad}).status == want)
    r = w.call("GET", "/v1/zones", headers={"Understudy-Tenant": w.tenants[1]})
    check("a token is good for its own", problem(r, 403, "forbidden"), r)
    r = b.call("PATCH", "/v1/sessions/current", {"tenant": w.tenants[1]})
    check("a session keeps the choice", r.status == 200 and r.json["role"] == "viewer" and
          b.call("GET", "/v1/me").json["tenant"]["id"] == w.tenants[1], r)
    r = b.call("PATCH", "/v1/sessions/current", {"tenant": "00000000-0000-4000-8000-000000000000"})
    check("not that of a stranger", r.status == 422 and pointers(r) == [("/tenant", "not-found")], r)
    w.db.sql("DELETE FROM membership WHERE user_id = '%s' AND tenant_id = '%s'" % (ann, w.tenants[1]))
    r = b.call("GET", "/v1/me")
    check("when the membership ends, so does the choice", r.status == 200 and
          r.json["tenant"]["id"] == w.tenants[0], r)


def second_factor(w, canaries):
    b = Browser(w.a)
    b.login("ann@example.com")
    w.db.sql("UPDATE session SET proven_at = now() - interval '11 minutes'")
    r = b.call("POST", "/v1/me/totp")
    check("what is dangerous wants a young proof", problem(r, 403, "reauthentication-required"), r)
    r = b.call("POST", "/v1/sessions/current/authenticate", {"password": "wrong"})
    check("which a wrong password is not", problem(r, 401, "login-failed"), r)
    r = b.call("POST", "/v1/sessions/current/authenticate", {"password": PASSWORD})
    check("the right one is", r.status == 204, r)
    r = b.call("POST", "/v1/me/totp")
    secret = r.json["secret"]
    canaries.append(secret)
    check("a second factor begins with a secret, shown once", r.status == 201 and
          re.fullmatch("[A-Z2-7]{32}", secret) and r.json["uri"] ==
          "otpauth://totp/Understudy:ann@example.com?secret=%s&issuer=Understudy" % secret, r)
    check("which is encrypted where it is kept", w.db.sql(
        "SELECT octet_length(totp_sealed) FROM user_account WHERE email = 'ann@example.com'") == "60")
    check("it asks for nothing before it is confirmed", Browser(w.a).login("ann@example.com").status == 201)
    r = b.call("POST", "/v1/me/totp/confirm", {"code": "000000" if totp(secret) != "000000" else "111111"})
    check("a wrong code confirms nothing", r.status == 422 and pointers(r) == [("/code", "code")], r)
    old = Browser(w.a)
    old.login("ann@example.com")
    code = totp(secret)
    r = b.call("POST", "/v1/me/totp/confirm", {"code": code[:3] + " " + code[3:]})
    codes = r.json["recovery_codes"]
    canaries.extend(codes)
    check("the right one does, and ten recovery codes come, once", r.status == 201 and
          len(set(codes)) == 10 and all(re.fullmatch("[a-z2-9]{5}-[a-z2-9]{5}", c) for c in codes), r)
    check("sessions without a code are over", old.call("GET", "/v1/me").status == 401 and
          b.call("GET", "/v1/me").json["user"]["has_totp"])
    check("a second second factor is refused", problem(b.call("POST", "/v1/me/totp"), 409, "already-exists"))
    c = Browser(w.a)
    r = c.login("ann@example.com")
    check("now a password is not enough", problem(r, 401, "code-required") and not c.cookie, r)
    r = c.login("ann@example.com", "wrong", code=code)
    check("nor a code", problem(r, 401, "login-failed"), r)
    r = c.login("ann@example.com", code=code)
    check("a code is good once: the one that confirmed is not", problem(r, 401, "login-failed"), r)
    w.db.sql("UPDATE user_account SET totp_step = totp_step - 3 WHERE email = 'ann@example.com'")
    fresh_limits(w)
    code = totp(secret)
    with concurrent.futures.ThreadPoolExecutor(4) as ex:
        rs = list(ex.map(lambda i: Browser(w.a).login("ann@example.com", code=code).status, range(4)))
    check("of many at once with one code one gets in", sorted(rs) == [201, 401, 401, 401], rs)
    fresh_limits(w)
    r = c.login("ann@example.com", recovery_code=codes[3].upper().replace("-", " "))
    check("a recovery code gets in", r.status == 201 and r.json["user"]["recovery_codes"] == 9, r)
    r = Browser(w.a).login("ann@example.com", recovery_code=codes[3])
    check("once", problem(r, 401, "login-failed"), r)
    w.db.sql("UPDATE user_account SET totp_step = 0 WHERE email = 'ann@example.com'")
    r = c.call("POST", "/v1/sessions/current/authenticate", {"code": totp(secret)})
    check("a code is a proof, too", r.status == 204, r)
    r = c.call("POST", "/v1/me/recovery-codes")
    more = r.json["recovery_codes"]
    canaries.extend(more)
    check("new recovery codes", r.status == 201 and len(more) == 10 and not set(more) & set(codes), r)
    fresh_limits(w)
    r = Browser(w.a).login("ann@example.com", recovery_code=codes[0])
    check("void the old ones", r.status == 401, r)
    for body, want in (({"password": PASSWORD}, 401), ({"password": "wrong", "recovery_code": more[0]}, 401),
                       ({"password": PASSWORD, "recovery_code": "aaaaa-bbbbb"}, 401)):
        r = c.call("POST", "/v1/me/totp/disable", body)
        check("switching it off wants both", r.status == want, r)
    r = c.call("POST", "/v1/me/totp/disable", {"password": PASSWORD, "recovery_code": more[0]})
    check("and has both", r.status == 204 and Browser(w.a).login("ann@example.com").status == 201, r)
    check("recovery codes are gone with it", w.db.sql("SELECT count(*) FROM recovery_code") == "0")
    check("the audit tells", w.db.sql("SELECT string_agg(action, ' ' ORDER BY id) FROM audit "
                                      "WHERE action LIKE 'totp.%'") ==
          "totp.enable totp.codes totp.disable")


def passwords(w):
    fresh_limits(w)
    b, c = Browser(w.a), Browser(w.a)
    b.login("ann@example.com")
    c.login("ann@example.com")
    for bad in ("short", "passwordpassword", "Password123!", "1234567890", "aaaaaaaaaaaa", "abcabcabcabc",
                "ann@example.com", "x" * 257):
        r = b.call("POST", "/v1/me/password", {"password": bad})
        check("%.20s is no good password" % bad, r.status == 422 and
              pointers(r) == [("/password", "password")], r)
    w.db.sql("UPDATE session SET proven_at = now() - interval '11 minutes'")
    r = b.call("POST", "/v1/me/password", {"password": OTHER})
    check("a new password wants a young proof", problem(r, 403, "reauthentication-required"), r)
    b.call("POST", "/v1/sessions/current/authenticate", {"password": PASSWORD})
    r = b.call("POST", "/v1/me/password", {"password": OTHER})
    check("with it, it is changed", r.status == 204, r)
    check("which ends all other sessions", c.call("GET", "/v1/me").status == 401 and
          b.call("GET", "/v1/me").status == 200)
    check("the old one is void", Browser(w.a).login("ann@example.com").status == 401 and
          Browser(w.a).login("ann@example.com", OTHER).status == 201)
    # Another cost in the configuration: hashed anew at the next login.
    old = w.db.sql("SELECT password_hash FROM user_account WHERE email = 'ann@example.com'")
    check("it is Argon2id", old.startswith("$argon2id$v=19$m=1024,t=1,p=1$"), old[:40])
    a = t.Apid(w.db, api="threads = 2 password_memory_kib = 2048 password_jobs = 1 password_queue = 1").start()
    try:
        check("a login with other costs", Browser(a).login("ann@example.com", OTHER).status == 201)
        new = w.db.sql("SELECT password_hash FROM user_account WHERE email = 'ann@example.com'")
        check("makes the hash anew", new.startswith("$argon2id$v=19$m=2048,"), new[:40])
        check("and it is as good", Browser(a).login("ann@example.com", OTHER).status == 201)
    finally:
        a.stop()
        a.remove()
    fresh_limits(w)
    a = t.Apid(w.db, api="threads = 4 password_memory_kib = 65536 password_ops = 4 password_jobs = 1 "
               "password_queue = 1").start()
    try:
        with concurrent.futures.ThreadPoolExecutor(12) as ex:
            rs = list(ex.map(lambda i: Browser(a).login("q%d@example.com" % i, "wrong"), range(12)))
        full = [r for r in rs if r.status == 503]
        check("too many at once are told to come again", full and all(
            r.get("retry-after") and problem(r, 503, "overloaded") for r in full) and
            all(r.status in (401, 503) for r in rs) and len(full) < 12, [r.status for r in rs])
    finally:
        a.stop()
        a.remove()
    fresh_limits(w)


def resets(w):
    fresh_limits(w)
    link = w.a.call("POST", "/v1/operator/links", {"email": "ann@example.com", "purpose": "reset"},
                    token=w.op)
    token = token_of(link.json["link"])
    b = Browser(w.a)
    b.login("ann@example.com", OTHER)
    r = w.a.call("POST", "/v1/password-resets/confirm", {"token": token, "password": "short"})
    check("a bad password does not use up the link", r.status == 422 and
          pointers(r) == [("/password", "password")], r)
    before = hashes(w.a)
    for bad in ("x", token[:-1] + ("a" if token[-1] != "a" else "b"), b.cookie, "us_l_" + "a" * 58):
        r = w.a.call("POST", "/v1/password-resets/confirm", {"token": bad, "password": PASSWORD})
        check("no link, no password", problem(r, 410, "link-void"), r)
    check("and no work", hashes(w.a) == before)
    r = w.a.call("POST", "/v1/sessions/link", {"token": token})
    check("a link is good for its purpose alone", problem(r, 410, "link-void"), r)
    with concurrent.futures.ThreadPoolExecutor(4) as ex:
        rs = list(ex.map(lambda i: w.a.call("POST", "/v1/password-resets/confirm", {
            "token": token, "password": PASSWORD}).status, range(4)))
    check("a link is good once", sorted(rs) == [204, 410, 410, 410], rs)
    check("it ends every session", b.call("GET", "/v1/me").status == 401)
    check("and the password is the new one", b.login("ann@example.com").status == 201)
    r = w.a.call("POST", "/v1/operator/links", {"email": "ann@example.com", "purpose": "reset"}, token=w.op)
    w.db.sql("UPDATE one_time_link SET created_at = now() - interval '2 hours', expires_at = now()")
    r = w.a.call("POST", "/v1/password-resets/confirm", {"token": token_of(r.json["link"]),
                                                        "password": PASSWORD})
    check("an old link is void", problem(r, 410, "link-void"), r)
    for body, want in (({"email": "nobody@example.com", "purpose": "reset"}, 404),
                       ({"email": "nobody@example.com", "purpose": "verify"}, 404),
                       ({"email": "off@example.com", "purpose": "login"}, 409),
                       ({"email": "x", "purpose": "y"}, 422)):
        r = w.a.call("POST", "/v1/operator/links", body, token=w.op)
        check("no link for %s" % body["email"], r.status == want, r)
    # With a relay a letter is queued; its link is sealed.
    a = t.Apid(w.db, api="threads = 2", extra='mail { relay = "192.0.2.25" from = "us@example.net" }').start()
    try:
        oks = [a.call("POST", "/v1/password-resets", {"email": e}) for e in (
            "ann@example.com", "nobody@example.com")]
        check("with a relay, too, the answers are the same", same(*oks) and oks[0].status == 202, oks)
        mails = w.db.sql("SELECT recipient, template, sealed IS NOT NULL FROM mail")
        check("and one letter is queued", mails == "ann@example.com|reset|t", mails)
        for _ in range(4):
            a.call("POST", "/v1/password-resets", {"email": "ann@example.com"})
        check("not a flood", w.db.sql("SELECT count(*) FROM mail") == "3")
        b.call("POST", "/v1/sessions/current/authenticate", {"password": PASSWORD})
        c = Browser(a)
        c.cookie = b.cookie
        r = c.call("PATCH", "/v1/me", {"email": "Ann@New.example", "name": "Ann"})
        check("a new address waits for its proof", r.status == 202 and
              r.json["user"]["email"] == "ann@example.com" and r.json["user"]["name"] == "Ann", r)
        check("by a letter there", w.db.sql("SELECT template FROM mail WHERE recipient = "
                                            "'ann@new.example'") == "verify")
    finally:
        a.stop()
        a.remove()
    r = w.a.call("POST", "/v1/operator/links", {"email": "ann@new.example", "purpose": "verify"}, token=w.op)
    check("the operator can hand it out", r.status == 201 and "/verify#" in r.json["link"], r)
    r = w.a.call("POST", "/v1/verifications", {"token": token_of(r.json["link"])})
    check("it proves the address", r.status == 200 and r.json == {"email": "ann@new.example",
                                                                  "verified": True}, r)
    check("which signs in now", Browser(w.a).login("ann@new.example").status == 201 and
          Browser(w.a).login("ann@example.com").status == 401)
    w.db.sql("UPDATE user_account SET email = 'ann@example.com' WHERE email = 'ann@new.example'")


def links(w, canaries):
    code, out, err = console(w.a, "--one-time-link", "ann@example.com")
    check("the console prints a link", code == 0 and "/login#token=us_l_" in out, (code, out, err))
    canaries.append(token_of(out))
    b = Browser(w.a)
    r = b.call("POST", "/v1/sessions/link", {"token": token_of(out)})
    check("which signs in", r.status == 201 and r.json["user"]["email"] == "ann@example.com" and
          b.call("GET", "/v1/me").status == 200, r)
    check("once", problem(Browser(w.a).call("POST", "/v1/sessions/link", {"token": token_of(out)}),
                          410, "link-void"))
    for args, word in ((["--one-time-link", "nobody@example.com"], "nobody"),
                       (["--one-time-link", "x"], "address"),
                       (["--one-time-link", "ann@example.com", "--purpose", "x"], "purpose"),
                       (["--bootstrap-staff", "ann@example.com"], "customer")):
        code, out, err = console(w.a, *args)
        check("no link: " + " ".join(args), code != 0 and out == "" and word in err, (code, out, err))


def sign_up(w, canaries):
    fresh_limits(w)
    body = {"email": "Bob@Example.org", "name": "Bob", "password": OTHER, "tenant": "Bob's"}
    r = w.a.call("POST", "/v1/users", body)
    check("nobody signs up where it is off", problem(r, 403, "sign-up-closed"), r)
    a = t.Apid(w.db, api="threads = 2 signup = yes", extra='mail { relay = "192.0.2.25" from = "us@example.net" }')
    a.start()
    try:
        before = hashes(a)
        r = a.call("POST", "/v1/users", body)
        check("where it is on, it is accepted", r.status == 202, r)
        again = a.call("POST", "/v1/users", dict(body, email="ann@example.com"))
        check("a known address answers the same", same(r, again), (r, again))
        check("and costs the same", hashes(a) == before + 2)
        check("nothing is made before the proof", Browser(a).login("bob@example.org", OTHER).status == 401 and
              w.db.sql("SELECT count(*) FROM tenant WHERE name = 'Bob''s'") == "0")
        check("a letter waits for one of them", w.db.sql(
            "SELECT string_agg(recipient, ' ') FROM mail WHERE template = 'verify' AND recipient IN "
            "('bob@example.org', 'ann@example.com')") == "bob@example.org")
        r = a.call("POST", "/v1/users", {"email": "x", "password": "short", "tenant": ""})
        check("faults are named at once", r.status == 422 and pointers(r) == [("/tenant", "length")], r)
        r = a.call("POST", "/v1/users", {"email": "x", "password": "short", "tenant": "t"})
        check("and what is behind them", r.status == 422 and pointers(r) == [
            ("/email", "email"), ("/password", "password")], r)
        code, out, err = console(a, "--one-time-link", "bob@example.org", "--purpose", "verify")
        check("without mail the operator hands the link out", code == 0, err)
        canaries.append(token_of(out))
        r = a.call("POST", "/v1/verifications", {"token": token_of(out)})
        check("following it makes the account", r.status == 200 and r.json["email"] == "bob@example.org", r)
        check("once", problem(a.call("POST", "/v1/verifications", {"token": token_of(out)}), 410, "link-void"))
        b = Browser(a)
        r = b.login("bob@example.org", OTHER)
        check("with a tenant of one's own", r.status == 201 and r.json["role"] == "owner" and
              r.json["tenant"]["name"] == "Bob's", r)
        r = b.call("POST", "/v1/zones", {"name": "bob.example", "primaries": [{"address": "192.0.2.1"}]})
        check("which works", r.status == 201, r)
    finally:
        a.stop()
        a.remove()
    fresh_limits(w)


def staff(w, canaries):
    code, out, err = console(w.a, "--bootstrap-staff", "Root@Example.net")
    check("the console makes the first staff user", code == 0 and "/login#token=" in out, (code, err))
    canaries.append(token_of(out))
    b = Browser(w.a)
    r = b.call("POST", "/v1/sessions/link", {"token": token_of(out)})
    check("their link signs them in", r.status == 201 and r.json["user"]["staff"] and
          r.json["needs_totp"] and not r.json["operator"], r)
    for path in ("/v1/operator/tenants", "/v1/operator/users", "/v1/zones"):
        r = b.call("GET", path)
        check("but opens nothing without a second factor: " + path, problem(r, 403, "forbidden") and
              "second factor" in r.json["detail"], r)
    check("a password is set", b.call("POST", "/v1/me/password", {"password": PASSWORD}).status == 204)
    r = b.call("POST", "/v1/me/totp")
    secret = r.json["secret"]
    canaries.append(secret)
    r = b.call("POST", "/v1/me/totp/confirm", {"code": totp(secret)})
    canaries.extend(r.json["recovery_codes"])
    check("with one, the operator's routes open", r.status == 201 and
          b.call("GET", "/v1/operator/tenants").status == 200)
    check("a tenant's do not", problem(b.call("GET", "/v1/zones"), 403, "forbidden"))
    r = b.call("GET", "/v1/me")
    check("me knows", r.json["operator"] and r.json["scopes"] == ["*"] and not r.json["needs_totp"], r)
    fresh_limits(w)
    c = Browser(w.a)
    check("staff need the code each time", problem(c.login("root@example.net"), 401, "code-required"))
    code, out, err = console(w.a, "--bootstrap-staff", "root@example.net")
    r = c.call("POST", "/v1/sessions/link", {"token": token_of(out)})
    check("with a link, too", code == 0 and problem(r, 401, "code-required"), r)
    w.db.sql("UPDATE user_account SET totp_step = 0 WHERE staff")
    r = c.call("POST", "/v1/sessions/link", {"token": token_of(out), "code": totp(secret)})
    check("and then the link works", r.status == 201 and r.json["operator"], r)
    r = b.call("POST", "/v1/operator/users", {"email": "second@example.net", "staff": True, "name": "Two"})
    two = r.json["id"]
    check("staff make staff", r.status == 201 and r.json["staff"] and not r.json["has_totp"] and
          r.get("location") == "/v1/operator/users/" + two, r)
    r = b.call("POST", "/v1/operator/users", {"email": "second@example.net"})
    check("an address is taken", problem(r, 409, "already-exists"), r)
    r = b.call("POST", "/v1/operator/users", {"email": "third@example.net", "staff": True,
                                             "tenant": w.tenants[0]})
    check("staff are members of nothing", r.status == 422 and pointers(r) == [("/tenant", "unwanted")], r)
    r = b.call("POST", "/v1/operator/users", {"email": "no", "tenant": w.tenants[0], "role": "king"})
    check("faults of a person", r.status == 422 and pointers(r) == [("/email", "email"),
                                                                    ("/role", "choice")], r)
    r = b.call("POST", "/v1/operator/users", {"email": "t@example.net", "tenant":
                                             "00000000-0000-4000-8000-000000000000"})
    check("no such tenant, no person", r.status == 422 and pointers(r) == [("/tenant", "not-found")] and
          w.db.sql("SELECT count(*) FROM user_account WHERE email = 't@example.net'") == "0", r)
    r = b.call("GET", "/v1/operator/users?staff=true")
    check("staff are listed", r.status == 200 and {i["email"] for i in r.json["items"]} == {
        "root@example.net", "second@example.net"}, r)
    r = b.call("GET", "/v1/operator/users?q=ann@&limit=1")
    check("people are found", [i["email"] for i in r.json["items"]] == ["ann@example.com"], r)
    ann = r.json["items"][0]["id"]
    r = b.call("GET", "/v1/operator/users/" + ann)
    check("and shown with their tenants", r.json["memberships"][0]["tenant_id"] == w.tenants[0], r)
    check("an unknown person is 404", b.call("GET", "/v1/operator/users/x").status == 404 and b.call(
        "GET", "/v1/operator/users/00000000-0000-4000-8000-000000000000").status == 404)
    fresh_limits(w)
    d = Browser(w.a)
    d.login("ann@example.com")
    r = b.call("PATCH", "/v1/operator/users/" + ann, {"disabled": True})
    check("disabling somebody ends their sessions", r.status == 200 and r.json["disabled"] and
          d.call("GET", "/v1/me").status == 401 and d.login("ann@example.com").status == 401, r)
    r = b.call("PATCH", "/v1/operator/users/" + ann, {"disabled": False})
    check("and back", not r.json["disabled"] and d.login("ann@example.com").status == 201, r)
    me = b.call("GET", "/v1/me").json["user"]["id"]
    check("not oneself", problem(b.call("PATCH", "/v1/operator/users/" + me, {"disabled": True}),
                                 409, "conflict"))
    r = w.a.call("PATCH", "/v1/operator/users/" + me, {"has_totp": False}, token=w.op)
    check("a lost device: the second factor is taken away, and sessions end", r.status == 200 and
          not r.json["has_totp"] and b.call("GET", "/v1/me").status == 401, r)
    audit = w.db.sql("SELECT string_agg(DISTINCT action, ' ' ORDER BY action) FROM audit WHERE actor_kind "
                     "= 'staff'")
    check("all of it is in the audit", {"staff.create", "user.disable", "user.change", "totp.enable",
                                        "login.done"} <= set(audit.split()), audit)
    r = w.a.call("GET", "/v1/me", token=w.op)
    check("an operator's token knows what it is", r.status == 200 and r.json["operator"] is True, r)
