"""The audit that stays, and what the edges see of who was stopped."""
import sqllib
from sqllib import A, B

ROLES = ["apid_app", "apid_auth", "apid_operator", "xferd", "dnsd", "mon"]


def tests():
    pg = sqllib.fixture()
    zone = sqllib.ids(A)["zone"]

    def append_only():
        for role in ["postgres", "understudy_owner"] + \
                ["understudy_" + r for r in ROLES]:
            for text in ("UPDATE audit SET reason = 'x'",
                         "DELETE FROM audit", "TRUNCATE audit",
                         "UPDATE audit SET reason = 'x' WHERE false",
                         "INSERT INTO audit (actor, action) VALUES ('x', 'y') "
                         "RETURNING 1; DELETE FROM audit"):
                # The owner and the superuser have the right: the trigger
                # refuses them.
                if role == "understudy_owner":
                    text = "SET ROLE understudy_owner; " + text
                e = sqllib.refused(pg, text, "postgres" if role ==
                                   "understudy_owner" else role)
                assert e.state == "42501", (role, text, e)

    def walled():
        rows = sqllib.undone(pg, f"""
DO $$ BEGIN
	PERFORM set_config('understudy.tenant', '{A}', true);
	ASSERT (SELECT count(*) FROM audit) = 1, 'own';
	PERFORM set_config('understudy.tenant', '', true);
	ASSERT (SELECT count(*) FROM audit) = 0, 'nobody';
END $$; SELECT 1""", "understudy_apid_app")
        assert rows == [["1"]], rows
        e = sqllib.refused(pg, f"SELECT set_config('understudy.tenant', '{A}',"
                           " true); INSERT INTO audit (tenant_id, actor, "
                           f"action) VALUES ('{B}', 'x', 'y')",
                           "understudy_apid_app")
        assert e.state == "42501", e

    def shown(*steps):
        """What the edges see after each step."""
        text = ""
        for step in steps:
            text += step + ";SELECT state FROM zone_state WHERE zone_id = " \
                f"'{zone}';"
        return [r[0] for r in sqllib.undone(pg, text)]

    tenant_off = f"UPDATE tenant SET suspended_at = now() WHERE id = '{A}'"
    tenant_on = tenant_off.replace("now()", "NULL")
    zone_off = f"UPDATE zone SET suspended_at = now() WHERE id = '{zone}'"
    zone_on = zone_off.replace("now()", "NULL")
    lost = f"UPDATE zone SET state = 'suspended' WHERE id = '{zone}'"
    proven = f"UPDATE zone SET state = 'active' WHERE id = '{zone}'"
    gone = f"UPDATE zone SET deleted_at = now() WHERE id = '{zone}'"

    def combined():
        assert shown(tenant_off, zone_off, tenant_on, zone_on) == [
            "withdrawn", "withdrawn", "withdrawn", "live"]
        assert shown(zone_off, tenant_off, zone_on, tenant_on) == [
            "withdrawn", "withdrawn", "withdrawn", "live"]

    def claims_go_on():
        assert shown(tenant_off, lost, tenant_on, proven) == [
            "withdrawn", "withdrawn", "withdrawn", "live"]
        assert shown(lost, zone_off, proven, zone_on) == [
            "withdrawn", "withdrawn", "withdrawn", "live"]

    def deleted_is_deleted():
        assert shown(tenant_off, gone, tenant_on) == [
            "withdrawn", "deleted", "deleted"]
        assert shown(gone, tenant_off, tenant_on) == ["deleted"] * 3

    def published_meanwhile():
        step = "UPDATE zone_state SET generation = generation + 1 " \
            f"WHERE zone_id = '{zone}'"
        assert shown(zone_off, step, zone_on) == [
            "withdrawn", "withdrawn", "live"]

    def new_zones():
        rows = sqllib.undone(pg, f"""{tenant_off};
INSERT INTO zone (tenant_id, name, apex, state) VALUES ('{A}', 'late.test',
    '\\x046c617465047465737400', 'active');
SELECT s.state FROM zone_state s JOIN zone z ON z.id = s.zone_id
WHERE z.name = 'late.test'; {tenant_on};
SELECT s.state FROM zone_state s JOIN zone z ON z.id = s.zone_id
WHERE z.name = 'late.test'""")
        assert rows == [["withdrawn"], ["empty"]], rows

    def looked_at_again():
        rows = sqllib.undone(pg, f"""
UPDATE zone_timer SET due_at = now() + interval '1 day';
{tenant_off}; {tenant_on};
SELECT due_at < now() + interval '6 minutes' FROM zone_timer
WHERE zone_id = '{zone}';
UPDATE zone_timer SET due_at = now() + interval '1 day';
{zone_off}; {zone_on};
SELECT due_at <= now() FROM zone_timer WHERE zone_id = '{zone}'""")
        assert rows == [["t"], ["t"]], rows

    yield "the audit is neither changed nor removed, by anybody", append_only
    yield "a tenant sees its own audit alone", walled
    yield "a stop of the tenant and one of the zone add up", combined
    yield "a claim's own state goes on underneath", claims_go_on
    yield "deleted stays deleted", deleted_is_deleted
    yield "a publication does not lift a stop", published_meanwhile
    yield "a stopped tenant's new zones are stopped", new_zones
    yield "what is resumed is looked at soon", looked_at_again
