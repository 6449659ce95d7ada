"""Members and invitations."""
import concurrent.futures
import json

import apitest as t
from apitest import check, problem, pointers
from tenants import Tenant
from users import Browser, PASSWORD, fresh_limits


class Person:
    """A member, who acts by a token that they have made."""

    def __init__(self, a, email, role):
        self.a, self.email = a, email
        self.id = a.w.db.sql(
            "WITH u AS (INSERT INTO user_account (email, password_hash) VALUES ('%s', "
            "repeat('x', 40)) RETURNING id) INSERT INTO membership (tenant_id, user_id, role) "
            "SELECT '%s', id, '%s' FROM u RETURNING user_id" % (email, a.id, role))
        d = a.call("POST", "/v1/tokens", {"name": email}).json
        a.w.db.sql("UPDATE token SET maker_id = '%s' WHERE id = '%s'" % (self.id, d["id"]))
        self.token = d["token"]

    def call(self, method, path, body=None):
        return self.a.call(method, path, body, token=self.token)


def part_members(w):
    a = Tenant(w, "members")
    owner = Person(a, "owner@members.test", "owner")
    admin = Person(a, "admin@members.test", "admin")
    editor = Person(a, "editor@members.test", "editor")
    viewer = Person(a, "viewer@members.test", "viewer")
    roles(w, a, owner, admin, editor, viewer)
    last_owner(w, a, owner, admin)
    invitations(w, a, owner, admin, viewer)
    joining(w)


def roles(w, a, owner, admin, editor, viewer):
    r = viewer.call("GET", "/v1/members?limit=3")
    r2 = viewer.call("GET", "/v1/members?limit=3&cursor=" + r.json["next_cursor"])
    check("members are listed in pages", sorted(x["role"] for x in r.json["items"] +
          r2.json["items"]) == ["admin", "editor", "owner", "viewer"], (r, r2))
    r = viewer.call("GET", "/v1/members/" + owner.id)
    check("a member", r.json["email"] == "owner@members.test" and
          r.json["second_factor"] is False, r)
    may = {}
    for name, p in (("viewer", viewer), ("editor", editor), ("admin", admin), ("owner", owner)):
        may[name] = [p.call(m, path, b).status != 403 for m, path, b in (
            ("GET", "/v1/zones", None), ("GET", "/v1/members", None),
            ("POST", "/v1/zones", {}), ("POST", "/v1/primaries", {}), ("POST", "/v1/keys", {}),
            ("GET", "/v1/tokens", None), ("POST", "/v1/invitations", {}),
            ("GET", "/v1/audit", None))]
    check("what each role may", may == {
        "viewer": [True, True] + [False] * 6, "editor": [True] * 5 + [False] * 3,
        "admin": [True] * 8, "owner": [True] * 8}, may)
    r = admin.call("PATCH", "/v1/members/" + viewer.id, {"role": "editor"})
    check("an admin changes a role", r.status == 200 and r.json["role"] == "editor", r)
    e = a.audit("member.change")[0]
    check("which is noted", e["before"]["role"] == "viewer" and e["after"]["role"] == "editor" and
          e["actor"]["id"] == admin.id, e)
    for who, what in ((owner, {"role": "viewer"}), (viewer, {"role": "owner"}),
                      (admin, {"role": "owner"})):
        r = admin.call("PATCH", "/v1/members/" + who.id, what)
        check("an admin does not touch owners, or make them", problem(r, 403, "forbidden"), r)
    r = admin.call("DELETE", "/v1/members/" + owner.id)
    check("or remove one", problem(r, 403, "forbidden"), r)
    for body, want in (({"role": "god"}, ("/role", "choice")), ({}, ("/role", "required")),
                       ({"role": "viewer", "email": "x"}, ("/email", "unknown-key"))):
        r = owner.call("PATCH", "/v1/members/" + viewer.id, body)
        check("a wrong change %s" % body, pointers(r) == [want], r)
    for method in ("GET", "PATCH", "DELETE"):
        r = w.call(method, "/v1/members/" + viewer.id, {"role": "viewer"}
                   if method == "PATCH" else None)
        check("%s by another tenant" % method, problem(r, 404, "not-found"), r)
    check("their token is good", editor.call("GET", "/v1/zones").status == 200)
    r = admin.call("DELETE", "/v1/members/" + editor.id)
    check("a member is removed, their token with them", r.status == 204 and
          editor.call("GET", "/v1/zones").status == 401, r)
    r = a.call("POST", "/v1/members/leave")
    check("a token does not leave", problem(r, 403, "forbidden"), r)


def last_owner(w, a, owner, admin):
    for method, body in (("PATCH", {"role": "admin"}), ("DELETE", None)):
        r = owner.call(method, "/v1/members/" + owner.id, body)
        check("%s of the last owner" % method, problem(r, 409, "last-owner"), r)
        r = a.op(method, "/members/" + owner.id, body)
        check("%s by the operator, too" % method, problem(r, 409, "last-owner"), r)
    r = owner.call("PATCH", "/v1/members/" + admin.id, {"role": "owner"})
    check("an owner makes another", r.status == 200, r)
    with concurrent.futures.ThreadPoolExecutor(2) as ex:
        got = sorted(r.status for r in ex.map(lambda p: p.call(
            "PATCH", "/v1/members/" + p.id, {"role": "admin"}), (owner, admin)))
    left = w.db.sql("SELECT count(*) FROM membership WHERE role = 'owner' AND tenant_id = '%s'"
                    % a.id)
    check("two that step down at once: one stays", got == [200, 409] and left == "1", (got, left))
    w.db.sql("UPDATE membership SET role = 'owner' WHERE user_id = '%s'; UPDATE membership SET "
             "role = 'admin' WHERE user_id = '%s'" % (owner.id, admin.id))


def invitations(w, a, owner, admin, viewer):
    r = admin.call("POST", "/v1/invitations", {"email": "New@Members.test", "role": "editor"})
    inv = r.json
    check("somebody is invited", r.status == 201 and inv["email"] == "new@members.test" and
          inv["maker"]["email"] == "admin@members.test" and inv["mail_sent"] is False, r)
    check("without a relay the link is shown", "/invite#token=us_l_" in (inv["link"] or ""), inv)
    link = inv["link"].split("=")[1]
    r = admin.call("GET", "/v1/invitations")
    check("once", r.status == 200 and len(r.json["items"]) == 1 and "us_l_" not in r.text, r)
    check("nor is it stored", link not in w.db.sql("SELECT string_agg(i::text, '') FROM invitation i"))
    e = a.audit("invitation.create")[0]
    check("nor in the audit", e["after"]["email"] == "new@members.test" and
          link not in json.dumps(e), e)
    for body, kind in (({"email": "new@members.test", "role": "viewer"}, "already-exists"),
                       ({"email": "owner@members.test", "role": "viewer"}, "already-exists")):
        r = admin.call("POST", "/v1/invitations", body)
        check("invited or a member already", problem(r, 409, kind), r)
    r = admin.call("POST", "/v1/invitations", {"email": "nobody", "role": "king"})
    check("faults are named", pointers(r) == [("/email", "email"), ("/role", "choice")], r)
    r = admin.call("POST", "/v1/invitations", {"email": "o@members.test", "role": "owner"})
    check("an admin invites no owner", problem(r, 403, "forbidden"), r)
    r = viewer.call("POST", "/v1/invitations", {"email": "o@members.test", "role": "viewer"})
    check("a viewer nobody", problem(r, 403, "forbidden"), r)
    used = a.call("GET", "/v1/limits").json["members"]["used"]
    check("an open invitation counts as a member", used == 4, used)
    a.op("PATCH", "", {"limits": {"members": used + 1}})
    got = [owner.call("POST", "/v1/invitations", {"email": "m%d@members.test" % i, "role": "owner"}
                      ) for i in range(2)]
    check("members: at and above the limit", [x.status for x in got] == [201, 422] and
          problem(got[1], 422, "limit-reached"), got)
    a.op("PATCH", "", {"limits": {"members": used + 2}})
    with concurrent.futures.ThreadPoolExecutor(6) as ex:
        many = list(ex.map(lambda i: admin.call("POST", "/v1/invitations", {
            "email": "r%d@members.test" % i, "role": "viewer"}), range(6)))
    check("the last place goes to one", sorted(x.status for x in many) == [201] + [422] * 5, many)
    r = admin.call("POST", "/v1/invitations/%s/resend" % got[0].json["id"])
    check("an admin does not get an owner's link", problem(r, 403, "forbidden"), r)
    r = owner.call("POST", "/v1/invitations/%s/resend" % got[0].json["id"])
    check("the owner does, another one", r.status == 200 and r.json["link"] and
          r.json["link"] != got[0].json["link"], r)
    r = owner.call("DELETE", "/v1/invitations/" + got[0].json["id"])
    check("withdrawn", r.status == 204 and owner.call(
        "DELETE", "/v1/invitations/" + got[0].json["id"]).status == 404, r)
    for method, path in (("DELETE", "/v1/invitations/" + inv["id"]),
                         ("POST", "/v1/invitations/%s/resend" % inv["id"])):
        r = w.call(method, path)
        check("%s of another tenant's" % method, problem(r, 404, "not-found"), r)
    w.db.sql("UPDATE invitation SET created_at = now() - interval '8 days', expires_at = now() - "
             "interval '1 day' WHERE id = '%s'" % inv["id"])
    r = admin.call("POST", "/v1/invitations", {"email": "new@members.test", "role": "viewer"})
    check("one that has lapsed makes room", r.status == 201, r)
    auth(w, a, owner, admin, r.json["link"])


def auth(w, a, owner, admin, link):
    """The database's side of accepting: as apid_auth, by the hash."""
    h = "(SELECT hash FROM invitation WHERE email = 'new@members.test')"
    look = "SELECT count(*) FROM invitation_look(%s)" % h

    def under(change):
        return w.db.sql("BEGIN; %s; %s; ROLLBACK" % (change, look))
    check("a good one", under("SELECT 1").split() == ["1", "1"])
    for what, change in (
            ("too old", "UPDATE invitation SET created_at = now() - interval '8 days', expires_at ="
             " now() - interval '1 s'"),
            ("who invited is no member", "DELETE FROM membership WHERE user_id = '%s'" % admin.id),
            ("is an editor now", "UPDATE membership SET role = 'editor' WHERE user_id = '%s'"
             % admin.id),
            ("is disabled", "UPDATE user_account SET disabled_at = now() WHERE id = '%s'" % admin.id),
            ("invited an owner as an admin", "UPDATE invitation SET role = 'owner'"),
            ("the tenant is suspended", "UPDATE tenant SET suspended_at = now() WHERE id = '%s'"
             % a.id)):
        check("void: " + what, under(change) == "0", under(change))
    new = w.db.sql("INSERT INTO user_account (email, password_hash) VALUES "
                   "('other@members.test', repeat('x', 40)) RETURNING id")
    out = w.db.sql("SELECT role || is_new FROM invitation_take(%s, '%s'); SELECT count(*) FROM "
                   "invitation WHERE email = 'new@members.test'" % (h, new)).split()
    check("taken once", out == ["viewertrue", "0"], out)
    check("a member now", [x["role"] for x in owner.call("GET", "/v1/members").json["items"]
                           if x["id"] == new] == ["viewer"])


def invite(a, email, role):
    r = a.op("POST", "/invitations", {"email": email, "role": role})
    check("%s is invited as %s" % (email, role), r.status == 201 and r.json["maker"] is None, r)
    return r.json["link"].split("#token=")[1]


def joining(w):
    """From the link to a member, to an owner, to the end."""
    fresh_limits(w)
    a, b = Tenant(w, "joining"), Tenant(w, "joining too")
    link = invite(a, "joe@joining.test", "admin")
    r = w.a.call("POST", "/v1/invitations/look", {"token": link})
    check("what a link is good for", r.json == {
        "tenant": "joining", "email": "joe@joining.test", "role": "admin", "has_account": False}, r)
    joe = Browser(w.a)
    r = joe.call("POST", "/v1/invitations/join", {"token": link, "password": "joe"})
    check("a bad password", pointers(r) == [("/password", "password")], r)
    r = joe.call("POST", "/v1/invitations/join", {"token": link, "password": PASSWORD}, site="cross-site")
    check("not from another site", problem(r, 403, "forbidden"), r)
    r = joe.call("POST", "/v1/invitations/join", {"token": link, "password": PASSWORD, "name": "Joe"})
    check("a new person joins, and is signed in", r.status == 201 and joe.cookie and
          r.json["user"]["email"] == "joe@joining.test" and r.json["role"] == "admin", r)
    me = r.json["user"]["id"]
    check("as a member", joe.call("GET", "/v1/members/" + me).json["role"] == "admin")
    e = a.audit("member.join")
    check("which the tenant reads", e and e[0]["after"]["role"] == "admin" and
          e[0]["actor"]["kind"] == "user", e)
    for path in ("look", "join"):
        body = {"token": link} if path == "look" else {"token": link, "password": PASSWORD}
        r = Browser(w.a).call("POST", "/v1/invitations/" + path, body)
        check("a link is good once: " + path, problem(r, 410, "link-void"), r)
    for bad in ("x", "us_l_" + "a" * 58, link[:-1] + ("a" if link[-1] != "a" else "b")):
        r = w.a.call("POST", "/v1/invitations/look", {"token": bad})
        check("no link of ours", problem(r, 410, "link-void"), r)

    # ---- with an account, into another tenant ----
    link = invite(b, "joe@joining.test", "owner")
    r = w.a.call("POST", "/v1/invitations/look", {"token": link})
    check("the address has an account", r.json["has_account"] is True, r)
    r = Browser(w.a).call("POST", "/v1/invitations/join", {"token": link, "password": PASSWORD})
    check("which nobody takes over by a link", problem(r, 409, "already-exists"), r)
    r = w.a.call("POST", "/v1/invitations/accept", {"token": link}, token=a.token)
    check("a token accepts nothing", problem(r, 403, "forbidden"), r)
    r = joe.call("POST", "/v1/invitations/accept", {"token": link})
    check("signed in it is accepted", r.json == {"tenant": b.id, "role": "owner", "joined": True}, r)
    named = {"Understudy-Tenant": a.id}
    r = joe.call("GET", "/v1/members", headers={"Understudy-Tenant": b.id})
    check("in two tenants", [x["role"] for x in r.json["items"]] == ["owner"] and
          joe.call("GET", "/v1/members/" + me, headers=named).json["role"] == "admin", r)
    link = invite(a, "joe.two@joining.test", "viewer")
    r = joe.call("POST", "/v1/invitations/accept", {"token": link})
    check("who is a member keeps their role", r.json == {
        "tenant": a.id, "role": "admin", "joined": False}, r)

    # ---- what a person makes ----
    r = joe.call("POST", "/v1/tokens", {"name": "mine", "scopes": ["*"]}, headers=named)
    mine = r.json
    check("a person's token is theirs", r.status == 201 and mine["maker"]["id"] == me, r)
    r = joe.call("POST", "/v1/tokens", {"name": "up", "scopes": ["tenant:owner"]}, headers=named)
    check("and no stronger", pointers(r) == [("/scopes/0", "scope")], r)
    e = a.audit("token.create")[0]
    check("the audit knows the person and the session", e["actor"] == {
        "kind": "user", "id": me, "name": "joe@joining.test", "label": "user:joe@joining.test"} and
        e["session"] and e["token"] is None, e)

    # ---- the end ----
    b.zone("ending.joining.test")
    own = {"Understudy-Tenant": b.id}
    r = joe.call("DELETE", "/v1/tenant", headers=named)
    check("an admin does not end a tenant", problem(r, 403, "forbidden"), r)
    r = w.a.call("DELETE", "/v1/tenant", token=b.token)
    check("nor does a token", problem(r, 403, "forbidden"), r)
    w.db.sql("UPDATE session SET proven_at = now() - interval '1 hour'")
    r = joe.call("DELETE", "/v1/tenant", headers=own)
    check("an owner says again who they are", problem(r, 403, "reauthentication-required"), r)
    joe.call("POST", "/v1/sessions/current/authenticate", {"password": PASSWORD})
    r = joe.call("DELETE", "/v1/tenant", headers=own)
    check("while there are zones", problem(r, 409, "in-use"), r)
    r = joe.call("DELETE", "/v1/tenant?force=true", headers=own)
    check("it ends", r.status == 204 and b.call("GET", "/v1/zones").status == 401, r)
    r = joe.call("GET", "/v1/members", headers=own)
    check("nobody is a member", problem(r, 403, "forbidden"), r)
    check("the token in the other one is good", a.call(
        "GET", "/v1/zones", token=mine["token"]).status == 200)
    r = joe.call("POST", "/v1/members/leave", headers=named)
    check("leaving", r.status == 204 and a.call(
        "GET", "/v1/zones", token=mine["token"]).status == 401, r)
    check("which is noted", a.audit("member.leave")[0]["before"]["email"] == "joe@joining.test")
    fresh_limits(w)
