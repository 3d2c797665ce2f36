"""soundness: a run of refreshes whose sums are wrong gives no figure."""


class NotSound(Exception):
    pass


def check_refreshes(result, grown):
    """grown: by how much the sum of gen over all grants has grown"""
    if result["failed"] or result["unanswered"] or result["good"] != result["requests"]:
        raise NotSound("not every request was a refresh: %r" % result)
    if grown != result["good"]:
        raise NotSound("%d refreshes were answered, the database has %d" % (result["good"], grown))
    if result["repeated"]:
        raise NotSound("%d successors were no new ones" % result["repeated"])


def check_exchanges(result, stored):
    if stored != result["good"]:
        raise NotSound("%d exchanges were answered, the database has %d new grants" % (result["good"], stored))
