/* metrics_table: every family of /metrics/prometheus, a row each, and every word that a label may have; the page,
 * `hydrant help metrics` and docs/metrics.md come from it.
 *
 * Rule: a label's values are the words that stand here, or names of ours that it has a fixed number of places for;
 * never a client's id, a path, or anything else that a stranger chooses.
 *
 * To add a family: a row in METRIC_FAMILIES and, where it has a label of its own, its words, their enum and a row in
 * METRIC_LABELS; then metric_count, metric_add or metric_observe (metrics.h) where it happens, and docs/metrics.md
 * anew. For example, for what Hydra's hook answers:
 *     X(HOOK_ANSWERS, COUNTER, "hydrant_hook_answers_total", (LABEL_HOOK), "Answers to Hydra's token hook.")
 *     #define HOOK_WORDS(X) X(HOOK_MAPPED, "mapped") X(HOOK_REFUSED, "refused")
 *     enum metric_hook { HOOK_WORDS(METRIC_ENUMERATOR) };
 *     X(LABEL_HOOK, "outcome", HOOK_WORDS)
 *     metric_count(METRIC_HOOK_ANSWERS, HOOK_MAPPED);
 * To add a word to a label that is there: its word alone. */
#ifndef BASE_METRICS_TABLE_H
#define BASE_METRICS_TABLE_H

/* COUNTER: only grows. LEVEL: goes up and down, by what is told where it changes. WAITS: a histogram of microseconds,
 * from half a millisecond to 5 s; WORKS: the same from 50 us to 0.1 s; SIZES: of numbers. READING, READING_TOTAL: not
 * counted but read when somebody asks (server/metrics.c). Times are told in microseconds and shown in seconds. */
/* clang-format off */
#define METRIC_FAMILIES(X) \
    X(REQUESTS, COUNTER, "hydrant_requests_total", (LABEL_LISTENER, LABEL_ENDPOINT, LABEL_METHOD, LABEL_STATUS), \
        "Requests answered. The endpoint is the log's; - is what no endpoint answers.") \
    X(REQUEST_DURATION, WAITS, "hydrant_request_duration_seconds", (LABEL_ENDPOINT), \
        "From a request's arrival to its answer.") \
    X(REQUESTS_IN_FLIGHT, LEVEL, "hydrant_requests_in_flight", (), "Requests that are being answered.") \
    X(CONNECTIONS_OPEN, LEVEL, "hydrant_connections_open", (LABEL_LISTENER), "Connections from clients.") \
    X(CONNECTIONS_CUT, COUNTER, "hydrant_connections_cut_total", (LABEL_LISTENER, LABEL_CUT), \
        "Connections closed for a limit.") \
    X(ACCEPT_PAUSES, COUNTER, "hydrant_accept_pauses_total", (LABEL_LISTENER), \
        "Times that no more connections were taken: all were busy, or no descriptor was left.") \
    X(REFRESHES, COUNTER, "hydrant_refreshes_total", (LABEL_REFRESH), \
        "Requests with grant_type=refresh_token, by what came of them (refresh.md).") \
    X(EXCHANGES, COUNTER, "hydrant_exchanges_total", (LABEL_SUBJECT, LABEL_EXCHANGE), \
        "Token exchanges, by what was exchanged and what came of it.") \
    X(REVOCATIONS, COUNTER, "hydrant_revocations_total", (LABEL_REVOKED_BY, LABEL_REVOKED_BECAUSE), \
        "Grants ended by a revocation; those ended by a reuse are refreshes with the outcome reused.") \
    X(INTROSPECTIONS, COUNTER, "hydrant_introspections_total", (LABEL_INTROSPECTION), \
        "Tokens that somebody asked about, at both endpoints.") \
    X(FORWARD_AUTH, COUNTER, "hydrant_forward_auth_total", (LABEL_FORWARD_AUTH), \
        "What proxies were told: a token that was kept, one after a look at Kratos, or none.") \
    X(HOOK_ANSWERS, COUNTER, "hydrant_hook_answers_total", (LABEL_HOOK), "Answers to Hydra's token hook.") \
    X(CLIENT_FAILURES, COUNTER, "hydrant_client_authentication_failures_total", (LABEL_CLIENT_FAILURE), \
        "Requests whose client could not be authenticated.") \
    X(LOCKOUTS, COUNTER, "hydrant_lockouts_total", (), \
        "Times that a client was closed for a network after too many wrong secrets.") \
    X(SIGNATURES, COUNTER, "hydrant_signatures_total", (LABEL_KID, LABEL_ALGORITHM), "Tokens signed, by key.") \
    X(SIGNATURE_DURATION, WORKS, "hydrant_signature_duration_seconds", (LABEL_ALGORITHM), "Time to sign a token.") \
    X(ASIDE_DURATION, WAITS, "hydrant_aside_duration_seconds", (LABEL_ASIDE), \
        "Slow work on the threads beside the event loops (RSA signatures, slow hashes of secrets, keys), queue included.") \
    X(ASIDE_REFUSED, COUNTER, "hydrant_aside_refused_total", (LABEL_ASIDE), \
        "Slow work that was refused, since too much of it waited already.") \
    X(LOG_LINES_LOST, COUNTER, "hydrant_log_lines_lost_total", (), \
        "Lines of the log that nobody took in time, or that could not be written.") \
    X(KEY_AGE, READING, "hydrant_key_age_seconds", (LABEL_KID, LABEL_ALGORITHM, LABEL_KEY_STATE), \
        "Age of each published signing key, by the database's clock.") \
    X(KEY_ROTATION, READING, "hydrant_key_next_rotation_timestamp_seconds", (LABEL_ALGORITHM), \
        "Until when the active key of the algorithm signs, by the database's clock.") \
    X(KEY_VIEW_AGE, READING, "hydrant_key_view_age_seconds", (), \
        "Since the signing keys were last read; beyond 300 nothing is signed.") \
    X(STORAGE_WAIT, WAITS, "hydrant_storage_wait_seconds", (LABEL_STORAGE_VERB), \
        "From asking the database to its answer, queue included.") \
    X(STORAGE_FAILURES, COUNTER, "hydrant_storage_failures_total", (LABEL_STORAGE_VERB, LABEL_FAILURE), \
        "What was asked of the database in vain.") \
    X(STORAGE_BATCH_SIZE, SIZES, "hydrant_storage_batch_size", (), \
        "Verbs that went to the database together: on one connection to Postgres, in one transaction of SQLite.") \
    X(STORAGE_QUEUE, LEVEL, "hydrant_storage_queue_length", (), "Verbs that wait for a turn at the database.") \
    X(STORAGE_CONNECTIONS, LEVEL, "hydrant_storage_connections", (LABEL_STORAGE_STATE), \
        "Connections to Postgres; none with SQLite.") \
    X(KRATOS_CALLS, COUNTER, "hydrant_kratos_calls_total", (LABEL_KRATOS_CALL, LABEL_KRATOS_ANSWER), \
        "HTTP calls to Kratos, by what was asked and what came back.") \
    X(KRATOS_CALL_DURATION, WAITS, "hydrant_kratos_call_duration_seconds", (LABEL_KRATOS_CALL), \
        "From a call to Kratos to its answer, or to giving up.") \
    X(BUILD_INFO, READING, "hydrant_build_info", (LABEL_VERSION), "1, with the version of this program.") \
    X(PROCESS_START, READING, "process_start_time_seconds", (), "When this process started, since the epoch.") \
    X(PROCESS_CPU, READING_TOTAL, "process_cpu_seconds_total", (), "Processor time spent, user and system.") \
    X(PROCESS_MEMORY, READING, "process_resident_memory_bytes", (), "Resident memory.") \
    X(PROCESS_OPEN_FDS, READING, "process_open_fds", (), "File descriptors in use.") \
    X(PROCESS_MAX_FDS, READING, "process_max_fds", (), "File descriptors that may be in use.")

/* ---- words: X(enumerator, word) ---- */

#define LISTENER_WORDS(X) X(LISTENER_PUBLIC, "public") X(LISTENER_ADMIN, "admin")
#define METHOD_WORDS(X) X(METHOD_WORD_GET, "GET") X(METHOD_WORD_HEAD, "HEAD") X(METHOD_WORD_POST, "POST") \
    X(METHOD_WORD_PUT, "PUT") X(METHOD_WORD_PATCH, "PATCH") X(METHOD_WORD_DELETE, "DELETE") \
    X(METHOD_WORD_OPTIONS, "OPTIONS") X(METHOD_WORD_OTHER, "other")
/* every status that is answered */
#define STATUS_CODES(Y, X) Y(X, 200) Y(X, 201) Y(X, 204) Y(X, 302) Y(X, 304) Y(X, 400) Y(X, 401) Y(X, 403) Y(X, 404) \
    Y(X, 405) Y(X, 408) Y(X, 409) Y(X, 411) Y(X, 412) Y(X, 413) Y(X, 414) Y(X, 415) Y(X, 417) Y(X, 429) Y(X, 431) \
    Y(X, 499) Y(X, 500) Y(X, 503)
#define STATUS_WORD(X, code) X(STATUS_##code, #code)
#define STATUS_WORDS(X) STATUS_CODES(STATUS_WORD, X) X(STATUS_OTHER, "other")
#define CUT_WORDS(X) X(CUT_FOR_ROOM, "room") X(CUT_NEVER_ASKED, "never_asked") X(CUT_SLOW, "slow") \
    X(CUT_HEAD_TOO_LARGE, "head_too_large")
/* the words of rotate_outcome_name first, then what can happen without them */
#define REFRESH_WORDS(X) X(REFRESH_ROTATED, "rotated") X(REFRESH_SAME_AGAIN, "same_again") \
    X(REFRESH_RETRIED, "retried") X(REFRESH_SKIPPED, "skipped") X(REFRESH_HELD, "held") X(REFRESH_AHEAD, "ahead") \
    X(REFRESH_UNKNOWN, "unknown") X(REFRESH_REVOKED, "revoked") X(REFRESH_EXPIRED, "expired") \
    X(REFRESH_REUSED, "reused") X(REFRESH_FAR_AHEAD, "far_ahead") X(REFRESH_SESSION_ENDED, "session_ended") \
    X(REFRESH_REFUSED, "refused") X(REFRESH_UNAVAILABLE, "unavailable") X(REFRESH_LEFT, "left") \
    X(REFRESH_FAILED, "failed")
#define SUBJECT_WORDS(X) X(SUBJECT_OTHER, "other") X(SUBJECT_SESSION, "kratos_session") \
    X(SUBJECT_COOKIE, "kratos_cookie") X(SUBJECT_OWN_COOKIE, "own_cookie")
#define EXCHANGE_WORDS(X) X(EXCHANGE_ISSUED, "issued") X(EXCHANGE_NO_SESSION, "no_session") \
    X(EXCHANGE_STEP_UP, "step_up") X(EXCHANGE_ORIGIN, "origin") X(EXCHANGE_REFUSED, "refused") \
    X(EXCHANGE_UNAVAILABLE, "unavailable") X(EXCHANGE_LEFT, "left") X(EXCHANGE_FAILED, "failed")
#define REVOKED_BY_WORDS(X) X(REVOKED_BY_GRANT, "grant") X(REVOKED_BY_SESSION, "session") \
    X(REVOKED_BY_SUBJECT, "subject") X(REVOKED_BY_CLIENT, "client")
/* the words of struct revocation's because; one that isn't here counts as other */
#define REVOKED_BECAUSE_WORDS(X) X(REVOKED_BECAUSE_OTHER, "other") \
    X(REVOKED_BECAUSE_REVOKED_BY_CLIENT, "revoked_by_client") X(REVOKED_BECAUSE_SESSION_ENDED, "session_ended") \
    X(REVOKED_BECAUSE_IDENTITY_ENDED, "identity_ended") X(REVOKED_BECAUSE_REVOKED_BY_ADMIN, "revoked_by_admin") \
    X(REVOKED_BECAUSE_REVOKED_BY_KRATOS, "revoked_by_kratos")
#define INTROSPECTION_WORDS(X) X(INTROSPECTION_ACTIVE, "active") X(INTROSPECTION_INACTIVE, "inactive")
#define FORWARD_AUTH_WORDS(X) X(FORWARD_AUTH_KEPT, "kept") X(FORWARD_AUTH_LOOKED, "looked") \
    X(FORWARD_AUTH_NO_SESSION, "no_session") X(FORWARD_AUTH_STEP_UP, "step_up") X(FORWARD_AUTH_REFUSED, "refused") \
    X(FORWARD_AUTH_UNAVAILABLE, "unavailable") X(FORWARD_AUTH_LEFT, "left") X(FORWARD_AUTH_FAILED, "failed")
#define HOOK_WORDS(X) X(HOOK_MAPPED, "mapped") X(HOOK_UNCHANGED, "unchanged") X(HOOK_REFUSED, "refused") \
    X(HOOK_NOT_HYDRA, "not_hydra") X(HOOK_MALFORMED, "malformed") X(HOOK_LEFT, "left")
#define CLIENT_FAILURE_WORDS(X) X(CLIENT_MALFORMED, "malformed") X(CLIENT_UNKNOWN, "unknown_client") \
    X(CLIENT_WRONG_METHOD, "wrong_method") X(CLIENT_WRONG_SECRET, "wrong_secret") X(CLIENT_LOCKED_OUT, "locked_out")
#define ALGORITHM_WORDS(X) X(ALGORITHM_ES256, "ES256") X(ALGORITHM_ES384, "ES384") X(ALGORITHM_RS256, "RS256") \
    X(ALGORITHM_PS256, "PS256") X(ALGORITHM_EDDSA, "EdDSA")
#define KEY_STATE_WORDS(X) X(KEY_STATE_PENDING, "pending") X(KEY_STATE_ACTIVE, "active") \
    X(KEY_STATE_RETIRING, "retiring")
#define ASIDE_WORDS(X) X(ASIDE_SIGNATURES, "signatures") X(ASIDE_SECRETS, "secrets") X(ASIDE_KEYS, "keys")
#define STORAGE_VERB_WORDS(X) X(STORAGE_FIND_CLIENT, "find_client") X(STORAGE_LIST_CLIENTS, "list_clients") \
    X(STORAGE_ADD_CLIENT, "add_client") X(STORAGE_DELETE_CLIENT, "delete_client") \
    X(STORAGE_FIND_ORIGIN, "find_origin") X(STORAGE_STORE_GRANT, "store_grant") X(STORAGE_ROTATE, "rotate") \
    X(STORAGE_FIND_GRANT, "find_grant") X(STORAGE_LIST_GRANTS, "list_grants") X(STORAGE_LIST_ENDINGS, "list_endings") \
    X(STORAGE_REVOKE, "revoke") X(STORAGE_LIST_KEYS, "list_keys") X(STORAGE_CHANGE_KEYS, "change_keys") \
    X(STORAGE_PULSE, "pulse") X(STORAGE_SWEEP, "sweep")
#define FAILURE_WORDS(X) X(FAILURE_AWAY, "away") X(FAILURE_LATE, "late") X(FAILURE_FULL, "full") \
    X(FAILURE_BUG, "bug")
#define STORAGE_STATE_WORDS(X) X(STORAGE_RESTS, "rests") X(STORAGE_RESOLVES, "resolves") \
    X(STORAGE_CONNECTS, "connects") X(STORAGE_PREPARES, "prepares") X(STORAGE_FREE, "free") X(STORAGE_BUSY, "busy")
#define KRATOS_CALL_WORDS(X) X(KRATOS_OTHER, "other") X(KRATOS_WHOAMI, "whoami") X(KRATOS_SESSION, "session") \
    X(KRATOS_IDENTITY, "identity") X(KRATOS_READY, "ready") X(KRATOS_EXTEND, "extend")
#define KRATOS_ANSWER_WORDS(X) X(KRATOS_SAID_200, "200") X(KRATOS_SAID_401, "401") X(KRATOS_SAID_403, "403") \
    X(KRATOS_SAID_404, "404") X(KRATOS_SAID_4XX, "4xx") X(KRATOS_SAID_5XX, "5xx") X(KRATOS_SAID_OTHER, "other") \
    X(KRATOS_AWAY, "away") X(KRATOS_LATE, "late") X(KRATOS_FULL, "full") X(KRATOS_BUG, "bug")

#define METRIC_ENUMERATOR(name, word) name,
enum metric_listener { LISTENER_WORDS(METRIC_ENUMERATOR) };
enum metric_method { METHOD_WORDS(METRIC_ENUMERATOR) };
enum metric_status { STATUS_WORDS(METRIC_ENUMERATOR) };
enum metric_cut { CUT_WORDS(METRIC_ENUMERATOR) };
enum metric_refresh { REFRESH_WORDS(METRIC_ENUMERATOR) };
enum metric_subject { SUBJECT_WORDS(METRIC_ENUMERATOR) };
enum metric_exchange { EXCHANGE_WORDS(METRIC_ENUMERATOR) };
enum metric_revoked_by { REVOKED_BY_WORDS(METRIC_ENUMERATOR) };
enum metric_revoked_because { REVOKED_BECAUSE_WORDS(METRIC_ENUMERATOR) };
enum metric_introspection { INTROSPECTION_WORDS(METRIC_ENUMERATOR) };
enum metric_forward_auth { FORWARD_AUTH_WORDS(METRIC_ENUMERATOR) };
enum metric_hook { HOOK_WORDS(METRIC_ENUMERATOR) };
enum metric_client_failure { CLIENT_FAILURE_WORDS(METRIC_ENUMERATOR) };
enum metric_algorithm { ALGORITHM_WORDS(METRIC_ENUMERATOR) };
enum metric_key_state { KEY_STATE_WORDS(METRIC_ENUMERATOR) };
enum metric_aside { ASIDE_WORDS(METRIC_ENUMERATOR) };
enum metric_storage_verb { STORAGE_VERB_WORDS(METRIC_ENUMERATOR) };
enum metric_failure { FAILURE_WORDS(METRIC_ENUMERATOR) };
enum metric_storage_state { STORAGE_STATE_WORDS(METRIC_ENUMERATOR) };
enum metric_kratos_call { KRATOS_CALL_WORDS(METRIC_ENUMERATOR) };
enum metric_kratos_answer { KRATOS_ANSWER_WORDS(METRIC_ENUMERATOR) };

/* ---- labels: X(enumerator, name, words) ---- */
#define METRIC_LABELS(X) \
    X(LABEL_LISTENER, "listener", LISTENER_WORDS) \
    X(LABEL_METHOD, "method", METHOD_WORDS) \
    X(LABEL_STATUS, "status", STATUS_WORDS) \
    X(LABEL_CUT, "reason", CUT_WORDS) \
    X(LABEL_REFRESH, "outcome", REFRESH_WORDS) \
    X(LABEL_SUBJECT, "subject_token_type", SUBJECT_WORDS) \
    X(LABEL_EXCHANGE, "outcome", EXCHANGE_WORDS) \
    X(LABEL_REVOKED_BY, "by", REVOKED_BY_WORDS) \
    X(LABEL_REVOKED_BECAUSE, "because", REVOKED_BECAUSE_WORDS) \
    X(LABEL_INTROSPECTION, "outcome", INTROSPECTION_WORDS) \
    X(LABEL_FORWARD_AUTH, "outcome", FORWARD_AUTH_WORDS) \
    X(LABEL_HOOK, "outcome", HOOK_WORDS) \
    X(LABEL_CLIENT_FAILURE, "reason", CLIENT_FAILURE_WORDS) \
    X(LABEL_ALGORITHM, "algorithm", ALGORITHM_WORDS) \
    X(LABEL_KEY_STATE, "state", KEY_STATE_WORDS) \
    X(LABEL_ASIDE, "work", ASIDE_WORDS) \
    X(LABEL_STORAGE_VERB, "verb", STORAGE_VERB_WORDS) \
    X(LABEL_FAILURE, "reason", FAILURE_WORDS) \
    X(LABEL_STORAGE_STATE, "state", STORAGE_STATE_WORDS) \
    X(LABEL_KRATOS_CALL, "call", KRATOS_CALL_WORDS) \
    X(LABEL_KRATOS_ANSWER, "outcome", KRATOS_ANSWER_WORDS)

/* ---- labels whose values are names of ours: X(enumerator, name, places, what the first place is called, what they are)
 * ---- */
#define METRIC_NAMED_LABELS(X) \
    X(LABEL_ENDPOINT, "endpoint", 48, "-", "as `endpoint` in the log") \
    X(LABEL_KID, "kid", 17, "other", "the key; `other`: what keys signed that 16 others came after") \
    X(LABEL_VERSION, "version", 2, "other", "as `hydrant version` has it")
/* clang-format on */

#endif
