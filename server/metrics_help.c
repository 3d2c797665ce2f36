/* metrics_help: the metrics told to people: `hydrant help metrics`, and docs/metrics.md. */
#include "base/metrics_text.h"
#include "server/metrics.h"

static const char *const OPENING[] = {
    "# Metrics",
    "",
    "`GET /metrics/prometheus` on the admin port, in Prometheus' text format 0.0.4. It needs no token, but the admin "
    "port's rules of `Host` and `Origin` hold. It waits",
    "for nobody: it answers while the database and Kratos are away. This page is made by `hydrant help metrics "
    "--markdown`.",
    "",
    "```yaml",
    "# prometheus.yml",
    "scrape_configs:",
    "  - job_name: hydrant",
    "    metrics_path: /metrics/prometheus",
    "    static_configs: [{targets: [\"127.0.0.1:4478\"]}]",
    "rule_files: [alerts.yml]   # examples/prometheus/alerts.yml",
    "```",
    "",
    "Every process counts for itself: add them up, `sum(rate(hydrant_refreshes_total[5m])) by (outcome)`. A label has "
    "only the values that stand here, or a bounded number",
    "of names that are Hydrant's own: no client, path, person or token is in any of them, and nobody outside can make "
    "a new one. A counter with fixed words shows all of",
    "them from the start; what is by endpoint or key, and histograms, show what has happened.",
    "",
    "| name | type | labels and their values | what |",
    "|---|---|---|---|",
    NULL,
};

static const char *const CLOSING[] = {
    "",
    "Histograms have `_bucket`, `_sum` and `_count`. Requests, storage and Kratos have buckets from 0.5 ms to 5 s, "
    "signatures from 50 us to 0.1 s, batches from 1 to 256.",
    "",
    "## What the outcomes mean",
    "",
    "| of a refresh | |",
    "|---|---|",
    "| `rotated` `same_again` `retried` `skipped` `held` `ahead` | a token was answered, by the rule of that name: "
    "[refresh.md](refresh.md#the-rules) |",
    "| `unknown` `revoked` `expired` `reused` `far_ahead` | `invalid_grant`, by the rule of that name; `reused` has "
    "ended the grant |",
    "| `session_ended` | `invalid_grant`: a look at Kratos found the session or its person gone, and the grant was "
    "ended |",
    "| `refused` | something in the request: a token that is not one of ours for this client, scope, target, client |",
    "| `unavailable` | 503: database or Kratos away, late, or too much to do |",
    "| `left` | the client left before the answer |",
    "| `failed` | 500: a bug, or a claim's expression that failed |",
    "",
    "| of an exchange | |",
    "|---|---|",
    "| `issued` | a token was answered |",
    "| `no_session` | the subject token was not accepted: no live session behind it, or a type that is not supported |",
    "| `step_up` | the session needs a second factor |",
    "| `origin` | the browser's own cookie from an origin that is not allowed |",
    "| `refused` `unavailable` `left` `failed` | as of a refresh |",
    "",
    "| of forward-auth | |",
    "|---|---|",
    "| `looked` | a token was answered after a look at Kratos |",
    "| `kept` | a token was answered that was kept, or that another request was looking for just then |",
    "| `no_session` | 401, or the way to the login: no credential, a malformed one, or no live session behind it |",
    "| `step_up` | 403: Kratos or the resource asks for a second factor |",
    "| `refused` | no trusted proxy, no such profile, a person without `external_id` |",
    "| `unavailable` `left` | as of a refresh |",
    "| `failed` | 500: the profile and its client do not fit, a bug, or a claim's expression that failed |",
    "",
    "| of an answer to Hydra | |",
    "|---|---|",
    "| `mapped` | 200: Hydra's claims with ours in them, from the last look while Kratos is away |",
    "| `unchanged` | 204: no person behind the token, a mapping that failed, or Kratos away and nothing known |",
    "| `refused` | 403: the session or the person is gone, or Kratos away with `on_kratos_down: refuse` |",
    "| `not_hydra` | 401: the key is missing or wrong |",
    "| `malformed` | 400, or 413 for too many values: not what Hydra sends |",
    "| `left` | Hydra left before the answer |",
    "",
    "An introspection is `active` or `inactive`, as was answered; one that was refused is neither.",
    "",
    "A request counts as refresh or exchange once its `grant_type` was read; one whose client then fails to "
    "authenticate is `refused`.",
    "",
    "## What to watch",
    "",
    "[alerts.yml](../examples/prometheus/alerts.yml) has these as rules, "
    "[dashboard.json](../examples/prometheus/dashboard.json) shows them in Grafana.",
    "",
    "| look at | why |",
    "|---|---|",
    "| `hydrant_requests_total{status=~\"5..\"}` | answers that are our fault |",
    "| `hydrant_refreshes_total{outcome=\"reused\"}` | stolen refresh tokens, or a client that keeps two: more than a "
    "few, and the log's `reuse` events name the client |",
    "| `hydrant_refreshes_total{outcome=~\"retried\\|skipped\"}` | answers get lost on their way to a client, or a "
    "client does not keep them |",
    "| `hydrant_refreshes_total{outcome=~\"ahead\\|far_ahead\"}` | never, but for a database that lost commits |",
    "| `hydrant_hook_answers_total{outcome=\"not_hydra\"}` | Hydra has another key than `hydra.hook.api_key`: its "
    "tokens "
    "fail; or somebody else found the admin port |",
    "| `hydrant_forward_auth_total{outcome=\"failed\"}` | a profile and its client do not fit; the log has the reason "
    "|",
    "| `hydrant_lockouts_total` | somebody guesses secrets, or a client has an old one |",
    "| `hydrant_aside_refused_total` | 503: too many signatures by RSA, or first checks of Hydra's hashes, at once: "
    "guesses, or too few processors |",
    "| `hydrant_storage_wait_seconds`, `hydrant_storage_queue_length` | the database is slow, or there are too few "
    "connections for each worker |",
    "| `hydrant_kratos_calls_total{outcome!~\"200\\|401\\|403\\|404\"}` | Kratos is in trouble: refreshes go on until "
    "`kratos.session.stale_if_error` is over |",
    "| `hydrant_key_view_age_seconds` | beyond 300 nothing is signed |",
    "| `hydrant_key_next_rotation_timestamp_seconds` | in the past for long: no server rotates, or the clock went back "
    "|",
    "| `hydrant_accept_pauses_total`, `hydrant_connections_cut_total{reason=\"room\"}` | too many connections for the "
    "descriptors there are |",
    "| `hydrant_log_lines_lost_total` | lines of the log are missing: who reads it is too slow or has stopped, or the "
    "disk is full |",
    NULL,
};

static void tell_all(void (*line)(const char *text), const char *const *texts)
{
    for (; *texts != NULL; texts++) line(*texts);
}

void metrics_help(void (*line)(const char *text), bool as_markdown)
{
    if (as_markdown) tell_all(line, OPENING);
    metrics_describe(line, as_markdown);
    if (as_markdown) tell_all(line, CLOSING);
}
