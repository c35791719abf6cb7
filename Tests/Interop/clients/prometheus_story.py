"""An app signs a person in and refreshes, somebody uses an old token, and Prometheus' own parser reads
the server's metrics. Prints one JSON object with what was seen.

Environment: ISSUER, METRICS, OTHER, CLIENT_ID, CLIENT_SECRET, USERNAME, PASSWORD.
"""

import json
import os

import requests
from prometheus_client.parser import text_string_to_metric_families

session = requests.Session()


def ask(**form):
    answer = session.post(
        os.environ["ISSUER"] + "/oauth/token",
        data=form,
        auth=(os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"]),
        timeout=30,
    )
    return answer.json().get("refresh_token")


def refresh(token):
    return ask(grant_type="refresh_token", refresh_token=token)


first = ask(
    grant_type="password", username=os.environ["USERNAME"], password=os.environ["PASSWORD"]
)
second = refresh(first)
assert second == refresh(first), "a repeat within the overlap brings the same token"
third = refresh(second)
fourth = refresh(third)
refresh(first)
refresh(fourth)
refresh(third)
refresh("mrt_made-up")

answer = session.get(os.environ["METRICS"], timeout=30)
assert answer.status_code == 200, answer.text
families = list(text_string_to_metric_families(answer.text))

samples = {}
for family in families:
    for sample in family.samples:
        key = (sample.name, tuple(sorted(sample.labels.items())))
        assert key not in samples, key
        samples[key] = sample.value


def value(name, **labels):
    return int(samples[(name, tuple(sorted(labels.items())))])


def bad_histograms():
    """Those whose buckets fall, do not end in +Inf, or do not come to their count."""
    for family in families:
        if family.type != "histogram":
            continue
        series = {}
        for sample in family.samples:
            labels = dict(sample.labels)
            bound = labels.pop("le", None)
            entry = series.setdefault(tuple(sorted(labels.items())), {"buckets": []})
            if bound is not None:
                entry["buckets"].append((float(bound), sample.value))
            else:
                entry[sample.name.rsplit("_", 1)[1]] = sample.value
        for labels, entry in series.items():
            bounds = [bound for bound, _ in entry["buckets"]]
            counts = [count for _, count in entry["buckets"]]
            if (
                bounds != sorted(bounds)
                or counts != sorted(counts)
                or bounds[-1] != float("inf")
                or counts[-1] != entry["count"]
                or (entry["sum"] > 0) != (entry["count"] > 0)
            ):
                yield f"{family.name}{labels}"


lines = [line for line in answer.text.split("\n") if line and not line.startswith("#")]
route = {"route": "/oauth/token", "method": "POST"}
print(
    json.dumps(
        {
            "content_type": answer.headers["Content-Type"],
            "other_status": session.get(os.environ["OTHER"], timeout=30).status_code,
            "unread_lines": [] if len(lines) == len(samples) else ["some"],
            "families": [family.name for family in families],
            "untyped": [f.name for f in families if f.type not in ("counter", "gauge", "histogram")],
            "unhelpful": [f.name for f in families if not f.documentation],
            "bad_histograms": list(bad_histograms()),
            "counted": {
                "rotations": value("martlet_refresh_token_rotations_total"),
                "repeats": value("martlet_refresh_token_repeats_total"),
                "older_generation": value(
                    "martlet_refresh_token_reuse_total", **{"class": "older_generation"}
                ),
                "refused_for_reuse": value("martlet_refresh_token_refusals_total", reason="reuse"),
                "invalid": value("martlet_refresh_token_invalid_total"),
                "token_requests_2xx": value("martlet_http_requests_total", status="2xx", **route),
                "token_requests_4xx": value("martlet_http_requests_total", status="4xx", **route),
                "token_durations": value("martlet_http_request_duration_seconds_count", **route),
                "writes": value("martlet_store_batch_writes_sum"),
            },
            "connections": value("martlet_http_connections") >= 1,
            "memory": value("process_resident_memory_bytes") > 1 << 20,
        }
    )
)
