"""Differences from the other servers that we want.

Each has the first column of its line in
docs/decisions/0025-answers-where-servers-differ.md as its title.
"""

import collections

import wire as W

Context = collections.namedtuple(
    "Context", "name qtype do apex zone_has_wildcard occluded nodes mine theirs views")
KNOWN = []


def known(title):
    def keep(f):
        KNOWN.append((title, f))
        return f
    return keep


def reason(ctx):
    for title, f in KNOWN:
        if f(ctx):
            return title
    return None


def same_but(ctx, *fields):
    return set(ctx.mine.difference(ctx.theirs).split(",")) <= set(fields)


@known("truncation")
def more_glue(ctx):
    """All in-domain glue or TC; BIND and NSD leave out what is too much."""
    return same_but(ctx, "glue") and \
        set(ctx.theirs.glue) < set(ctx.mine.glue)


@known("NSEC asked at a cut")
def nsec_at_cut(ctx):
    return ctx.qtype == "NSEC" and ctx.theirs.referral and ctx.mine.aa and \
        {r[1] for r in ctx.mine.answer} <= {W.NSEC, W.RRSIG} and \
        len(ctx.mine.answer) > 0


@known("wildcard that is an empty non-terminal")
def both_proofs(ctx):
    """One NSEC more, which spans the wildcard and ends below it."""
    more = set(ctx.mine.authority) - set(ctx.theirs.authority)
    spans = [r for r in more if r[1] == W.NSEC]
    return same_but(ctx, "authority") and ctx.do and \
        set(ctx.theirs.authority) < set(ctx.mine.authority) and \
        len(spans) == 1 and b"\1*" in W.name_at(spans[0][4], 0)[0] and \
        all(r[1] == W.NSEC or r[2] == W.NSEC and r[0] == spans[0][0]
            for r in more)


@known("wildcard that is an empty non-terminal, opt-out")
def opted_out_wildcard(ctx):
    """One NSEC3 more, which covers the wildcard."""
    more = set(ctx.mine.authority) - set(ctx.theirs.authority)
    covers = [r for r in more if r[1] == W.NSEC3]
    return same_but(ctx, "authority") and ctx.mine.rcode == 0 and \
        set(ctx.theirs.authority) < set(ctx.mine.authority) and \
        len(covers) == 1 and covers[0][4][1] & 1 == 1 and \
        all(r == covers[0] or r[2] == W.NSEC3 and r[0] == covers[0][0]
            for r in more) and any(v.key == ctx.mine.key for v in ctx.views)


@known("CNAME loop")
def loop(ctx):
    """The records that another sends with SERVFAIL."""
    return ctx.mine.rcode == 0 and any(
        v.rcode == 2 and v.answer == ctx.mine.answer and
        v.authority == ctx.mine.authority for v in ctx.views)


@known("QTYPE CNAME or ANY below a DNAME")
def any_below_dname(ctx):
    return ctx.qtype == "ANY" and \
        [r[1] for r in ctx.mine.records if r[1] != W.RRSIG] == \
        [W.DNAME, W.CNAME] and ctx.mine.rcode == 0


@known("NSEC or RRSIG asked at a CNAME owner")
def not_followed(ctx):
    """Ours ends before an alias that theirs follows."""
    if ctx.qtype == "RRSIG":
        return ctx.mine.rcode == 0 and not ctx.mine.answer and \
            ctx.theirs.answer
    more = set(ctx.theirs.records) - set(ctx.mine.records)
    return ctx.qtype == "NSEC" and ctx.mine.rcode == 0 and \
        set(ctx.mine.records) < set(ctx.theirs.records) and \
        W.CNAME in {r[1] for r in more}


@known("name under a hashed NSEC3 owner")
def below_a_hash(ctx):
    """The wildcard above is expanded, as if there were no NSEC3."""
    labels = ctx.name.labels
    apex = len(ctx.apex.rstrip(".").split(".")) + 1
    return len(labels) > apex and len(labels[-apex - 1]) == 32 and \
        ctx.zone_has_wildcard and ctx.theirs.rcode in (0, 3) and \
        (bool(ctx.mine.answer) or ctx.mine.rcode == 0)


@known("records below a DNAME")
def below_a_dname(ctx):
    """Ours is redirected where theirs finds what is occluded."""
    return any(r[1] == W.DNAME and W.below(n, r[0])
               for r in ctx.mine.records for n in ctx.occluded)


@known("glue by a wildcard below the cut")
def no_wildcard_glue(ctx):
    """NSD and Knot make addresses for name servers that do not exist."""
    more = set(ctx.theirs.glue) - set(ctx.mine.glue)
    return same_but(ctx, "glue") and set(ctx.mine.glue) < set(
        ctx.theirs.glue) and not any(r[0] in ctx.nodes for r in more)
