/* settings_reader: one reading of the settings: what was said, by the file and the environment, a value for each row of
 * the table, until it is filled into struct settings. Rule: a value that was complained about is its row's default from
 * there on, so that one mistake is told once. */
#ifndef SERVER_SETTINGS_READER_H
#define SERVER_SETTINGS_READER_H

#include "server/settings.h"
#include "server/settings_node.h"
#include "server/settings_table.h"

enum { SETTINGS_FILE_MAX = 1024 * 1024, SETTINGS_ARENA_MAX = 4 * 1024 * 1024, KEY_WORDS_MAX = 320 };

struct setting_value {
    bool said;  /* by the file or the environment; else it is the default */
    bool wrong; /* it was complained about */
    struct place place;
    struct bytes text;       /* texts and choices; absent: none */
    int64_t number;          /* counts, durations (ms), bools (0, 1), choices (the place of the word) */
    struct bytes_list list;  /* lists */
    const struct node *node; /* as it was read; NULL: neither said nor a default */
};

struct reader {
    struct settings *settings;
    struct arena *arena; /* the settings' */
    struct complaints complaints;
    bool dev, may_lack_secrets;
    bool file_holds_secret;
    struct setting_value values[SETTINGS_LEN];
};

/* ---- settings.c ---- */
/* settings_read of a text as if it stood in source->file, which is not opened. */
struct settings *settings_read_text(const struct settings_source *source, struct bytes text,
                                    void (*tell)(const char *line)) MUST_USE;

/* ---- settings_source.c: file and environment ---- */
/* At most max bytes; in the arena, with a NUL behind it. false with words in why (never what the file holds). */
bool read_whole_file(struct arena *arena, const char *name, size_t max, struct bytes *text, char why[128]) MUST_USE;
/* the same, but never waits: what is no regular file (a FIFO, a device, a folder) is refused */
bool read_regular_file(struct arena *arena, const char *name, size_t max, struct bytes *text, char why[128]) MUST_USE;
/* The values that the file's text says. false: after a complaint the rest of the text was not read. */
bool read_file_values(struct reader *r, struct bytes text) MUST_USE;
/* put over them: the values that the environment says */
void read_environment_values(struct reader *r);
/* and for what nobody said, the defaults */
void read_default_values(struct reader *r);

/* ---- settings_value.c ---- */
/* What a node says for a row; key is what messages call it. false after a complaint. */
bool setting_value_read(struct reader *r, const struct setting *row, const char *key, const struct node *node,
                        struct setting_value *value) MUST_USE;
/* The rows of a table within a table, such as one audience's of access_token.resources. */
struct setting_rows {
    const struct setting *rows;
    size_t count;
};
/* What a table says, a value for each row; complains about unknown keys, and about what is no table. NODE_NOTHING says
 * nothing. */
void setting_rows_read(struct reader *r, const struct setting_rows *rows, const char *key, const struct node *node,
                       struct setting_value *values);
/* "access_token.resources.https://a" of a key and what stands beneath it, cut where it is too long; returns joined */
const char *setting_key_join(const char *key, struct bytes name, char joined[KEY_WORDS_MAX]);
/* A text from the environment, or a default, as the node that the file would have. NULL after a complaint, or when the
 * arena is full. */
const struct node *setting_value_node(struct reader *r, const struct setting *row, struct bytes text,
                                      const struct place *place) MUST_USE;

/* ---- filling in, each from values that were checked one by one; each complains about what doesn't fit together ----
 */
void fill_settings(struct reader *r);   /* settings_fill.c: the single values */
void fill_profiles(struct reader *r);   /* settings_profiles.c: access_token and its resources, claims compiled */
void fill_clients(struct reader *r);    /* settings_clients.c */
void fill_hydra_hook(struct reader *r); /* settings_hook.c */
void fill_forward_auth(struct reader *r); /* settings_forward_auth.c; after the clients */
void check_settings(struct reader *r);  /* settings_check.c: what must hold between values */

/* false after a complaint: the algorithm must be one that keys are made for; the audience must be one; an audience of
 * several must look alike, since one token is for all of them */
bool require_algorithm(struct reader *r, const struct place *place, const char *key, enum key_algorithm algorithm);
bool require_audience(struct reader *r, const struct place *place, const char *key, struct bytes audience);
bool require_one_profile(struct reader *r, const struct place *place, const char *key,
                         const struct bytes_list *audience);
/* settings_profiles.c: reads claims and compiles them; what is bound is out's to say before. NULL node: no claims */
void fill_claims(struct reader *r, const char *key, const struct node *node, struct claims_source *out);
/* complains about a row, at its place; false */
bool complain_row(struct reader *r, enum setting_index index, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* is this a host that only this machine reaches? localhost, 127.0.0.0/8, ::1 */
bool is_loopback(struct bytes host);

#endif
