"""metrics_parts: the page of /metrics/prometheus as Prometheus' own parser reads it, and what a deed adds to it."""
from prometheus_client.parser import text_string_to_metric_families

PATH = "/metrics/prometheus"
SOON_S = 5


def scrape(hydrant):
    answer = hydrant.admin.get(PATH)
    assert answer.status == 200, answer
    return answer.body.decode()


def samples(hydrant):
    """{(name, {label: value}): value}, as Prometheus reads it; labels as a sorted tuple"""
    return {(sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(scrape(hydrant)) for sample in family.samples}


def value_of(hydrant, name, **labels):
    return samples(hydrant)[(name, tuple(sorted(labels.items())))]


def growth(hydrant, name, act, *shown):
    """what act adds to a family: {the values of these labels: how much}"""
    before = samples(hydrant)
    act()
    grown = {}
    for key, value in samples(hydrant).items():
        if key[0] == name and value != before.get(key, 0):
            labels = dict(key[1])
            grown[tuple(labels[label] for label in shown) if len(shown) != 1 else labels[shown[0]]] = value - before.get(key, 0)
    return grown
