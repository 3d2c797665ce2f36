#include "oauth/form.h"

#include "base/encoding.h"

static const struct bytes FORM_TYPE = {"application/x-www-form-urlencoded", 33};

static bool is_form(const struct request *request)
{
    struct bytes type = request_header(request, "content-type");
    type.len = bytes_find(type, ';');
    return bytes_equal_nocase(bytes_trim(type), FORM_TYPE);
}

static bool may_repeat(struct bytes name)
{
    return bytes_equal(name, BYTES("resource")) || bytes_equal(name, BYTES("audience")); /* RFC 8693 2.1, RFC 8707 2 */
}

static bool has(const struct form *form, struct bytes name)
{
    for (size_t i = 0; i < form->count; i++)
        if (bytes_equal(form->at[i].name, name)) return true;
    return false;
}

static bool parse_pair(struct arena *arena, struct bytes pair, struct form_parameter *out)
{
    size_t equals = bytes_find(pair, '=');
    struct bytes name = {pair.at, equals};
    struct bytes value = equals < pair.len ? (struct bytes){pair.at + equals + 1, pair.len - equals - 1} : (struct bytes){"", 0};
    return form_decode(arena, name, &out->name) && form_decode(arena, value, &out->value) && utf8_valid(out->name) && utf8_valid(out->value);
}

enum form_outcome form_parse(struct form *form, struct request *request)
{
    bool repeats = false;
    form->count = 0;
    if (!is_form(request)) return FORM_NOT_A_FORM;
    struct bytes rest = request->body, pair;
    while (bytes_take_word(&rest, '&', &pair)) {
        struct form_parameter parameter;
        if (!parse_pair(&request->arena, pair, &parameter)) return FORM_MALFORMED;
        if (parameter.value.len == 0) continue; /* RFC 6749 3.2: as if it were omitted */
        if (!may_repeat(parameter.name) && has(form, parameter.name)) {
            repeats = true;
            continue;
        }
        if (form->count == FORM_PARAMETERS_MAX) return FORM_MALFORMED;
        form->at[form->count++] = parameter;
    }
    return repeats ? FORM_REPEATS : FORM_READ; /* RFC 6749 3.2 */
}

struct bytes form_find(const struct form *form, struct bytes name)
{
    for (size_t i = 0; i < form->count; i++)
        if (bytes_equal(form->at[i].name, name)) return form->at[i].value;
    return BYTES_ABSENT;
}

size_t form_find_all(const struct form *form, struct bytes name, struct bytes *values, size_t max)
{
    size_t count = 0;
    for (size_t i = 0; i < form->count; i++) {
        if (!bytes_equal(form->at[i].name, name)) continue;
        if (count == max) return SIZE_MAX;
        values[count++] = form->at[i].value;
    }
    return count;
}
