/* settings_node: YAML (and so JSON) text as a tree whose nodes know where they stood.
 * Rule: the tree lives in the arena and borrows nothing from the text. What our settings don't need is refused rather
 * than understood: a second document, aliases (and with them the bombs made of them), tags, a name twice in one table,
 * NUL, over NODE_DEPTH_MAX levels, over NODE_MEMBERS_MAX members of one table or list. */
#ifndef SERVER_SETTINGS_NODE_H
#define SERVER_SETTINGS_NODE_H

#include "base/arena.h"
#include "base/text.h"
#include "server/settings_complaint.h"

enum { NODE_DEPTH_MAX = 32, NODE_MEMBERS_MAX = 4096 };

enum node_kind { NODE_NOTHING, NODE_TEXT, NODE_LIST, NODE_TABLE }; /* nothing: null, ~, or no value at all */

struct node {
    enum node_kind kind;
    struct bytes name; /* as a member of a table */
    struct place name_place;
    struct bytes text;  /* NODE_TEXT */
    bool plain;         /* NODE_TEXT without quotes: true, 12 and the like are no texts in JSON */
    struct place place; /* where the value begins; for a text in quotes or in a block its first character */
    struct node *first; /* NODE_LIST, NODE_TABLE: the members in their order */
    struct node *next;  /* the next sibling */
    size_t count;       /* of members */
};

/* environment: the variable that the text is from, or NULL. *root: NULL for a text without any document. true: there
 * may have been complaints, but the tree is whole, so that more can be found out from it. false: the reading ended
 * early, after a complaint or with the arena overflowed. */
bool node_parse(struct arena *arena, struct bytes text, const char *environment, struct complaints *complaints,
                struct node **root) __attribute__((warn_unused_result));
/* the member of that name, or NULL */
const struct node *node_find(const struct node *table, struct bytes name);
/* a plain text that YAML's core schema and JSON take for a number, true or false, stays one; the rest is a string */
void node_write_json(struct text *t, const struct node *node);

#endif
