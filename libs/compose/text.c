/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "compose/internal.h"

int mp_compose_check_keys(const struct mp_yaml *map, const char *const *keys, struct mp_err *err)
{
	MP_BUF(list, 400);
	struct mp_err inner;
	int r = mp_yaml_check_keys(map, keys, &inner);

	if (r == 0)
		return 0;
	for (size_t i = 0; r == -EBADMSG && keys[i]; i++)
		if (mp_buf_printf(&list, "%s%s", i ? ", " : "", keys[i]) < 0)
			return mp_compose_oom(err);
	if (r != -EBADMSG || mp_yaml_type(map) != MP_YAML_MAP)
		return mp_err_set(err, r, "%s", inner.text);
	return mp_err_set(err, r, "%.250s; supported keys are %s", inner.text, mp_buf_str(&list));
}

/* "$$" becomes "$", in place. False at any other dollar sign. */
static bool reduce_dollars(char *text)
{
	char *to = text;

	for (const char *p = text; *p; p++) {
		if (*p == '$' && *++p != '$')
			return false;
		*to++ = *p;
	}
	*to = '\0';
	return true;
}

int mp_compose_read_text(const struct mp_yaml *n, enum compose_dollar dollar, char **ret,
			 struct mp_err *err)
{
	const char *s = mp_yaml_str(n);
	auto_free char *text = s ? strdup(s) : NULL;

	if (!s)
		return mp_yaml_err(n, err, -EBADMSG, "here must stand a text");
	if (!*s)
		return mp_yaml_err(n, err, -EBADMSG, "the value is missing");
	if (!text)
		return mp_compose_oom(err);
	if (dollar == DOLLAR_COMPOSE && !reduce_dollars(text))
		return mp_yaml_err(n, err, -ENOTSUP,
				   "variables are not replaced; write the value itself, and $$ for "
				   "a dollar sign");
	*ret = take_ptr(text);
	return 0;
}

int mp_compose_read_list(const struct mp_yaml *n, enum compose_dollar dollar, struct mp_json **ret,
			 struct mp_err *err)
{
	auto_(mp_json) *list = mp_json_new_array();

	if (!list)
		return mp_compose_oom(err);
	if (mp_yaml_type(n) != MP_YAML_LIST || mp_yaml_size(n) == 0)
		return mp_yaml_err(n, err, -EBADMSG, "here must stand a list");
	for (size_t i = 0; i < mp_yaml_size(n); i++) {
		auto_free char *text = NULL;
		int r = mp_compose_read_text(mp_yaml_at(n, i), dollar, &text, err);

		if (r < 0)
			return r;
		if (mp_json_append(list, mp_json_new_str(text)) < 0)
			return mp_compose_oom(err);
	}
	*ret = take_ptr(list);
	return 0;
}

/* One word from *at on, unquoted, appended to `word`. */
static int next_word(const char **at, struct mp_buf *word)
{
	char quote = 0;
	const char *p = *at;
	int r = 0;

	for (; r == 0 && *p && (quote || !isspace((unsigned char)*p)); p++) {
		if (*p == quote) {
			quote = 0;
		} else if (!quote && (*p == '\'' || *p == '"')) {
			quote = *p;
		} else {
			if (*p == '\\' && quote != '\'' && *++p == '\0')
				return -EBADMSG;
			r = mp_buf_add(word, p, 1);
		}
	}
	*at = p;
	return r < 0 ? r : quote ? -EBADMSG : 0;
}

int mp_compose_split_words(const char *text, struct mp_json **ret)
{
	auto_(mp_json) *list = mp_json_new_array();
	MP_BUF(word, 1 << 20);

	if (!list)
		return -ENOMEM;
	for (;;) {
		int r;

		text += strspn(text, " \t\r\n\v\f");
		if (!*text)
			break;
		mp_buf_reset(&word);
		r = next_word(&text, &word);
		if (r == 0)
			r = mp_json_append(list, mp_json_new_str(mp_buf_str(&word)));
		if (r < 0)
			return r;
	}
	*ret = take_ptr(list);
	return 0;
}

int mp_compose_read_command(const struct mp_yaml *n, enum compose_dollar dollar,
			    struct mp_json **ret, struct mp_err *err)
{
	auto_free char *text = NULL;
	auto_(mp_json) *words = NULL;
	int r;

	if (mp_yaml_type(n) == MP_YAML_LIST)
		return mp_compose_read_list(n, dollar, ret, err);
	r = mp_compose_read_text(n, dollar, &text, err);
	if (r < 0)
		return r;
	r = mp_compose_split_words(text, &words);
	if (r == -EBADMSG || (r == 0 && mp_json_size(words) == 0))
		return mp_yaml_err(n, err, -EBADMSG,
				   "the command is empty or a quote is not closed");
	if (r < 0)
		return mp_compose_oom(err);
	*ret = take_ptr(words);
	return 0;
}

struct variable {
	char *name, *value;
};

struct environment {
	size_t n;
	struct variable *list;
};

static void environment_done(struct environment *e)
{
	for (size_t i = 0; i < e->n; i++) {
		free(e->list[i].name);
		free(e->list[i].value);
	}
	free(e->list);
}

static bool is_variable_name(const char *s, size_t n)
{
	if (n == 0 || isdigit((unsigned char)s[0]))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)s[i]) && !strchr("_.-", s[i]))
			return false;
	return true;
}

/* NAME: value. An empty value is a value, when it is quoted or not. */
static int read_pair(const struct mp_yaml *map, size_t i, enum compose_dollar dollar,
		     struct variable *ret, struct mp_err *err)
{
	const struct mp_yaml *value = mp_yaml_at(map, i);
	const char *s = mp_yaml_str(value);

	ret->name = strdup(mp_yaml_key(map, i));
	if (!ret->name)
		return mp_compose_oom(err);
	if (s && !*s) {
		ret->value = strdup("");
		return ret->value ? 0 : mp_compose_oom(err);
	}
	return mp_compose_read_text(value, dollar, &ret->value, err);
}

/* "NAME=value" */
static int read_assignment(const struct mp_yaml *n, enum compose_dollar dollar,
			   struct variable *ret, struct mp_err *err)
{
	char *equals;
	int r = mp_compose_read_text(n, dollar, &ret->name, err);

	if (r < 0)
		return r;
	equals = strchr(ret->name, '=');
	if (!equals)
		return mp_yaml_err(n, err, -ENOTSUP,
				   "'%s' has no value; variables are not taken from the "
				   "environment of the build, write NAME=value",
				   ret->name);
	ret->value = strdup(equals + 1);
	*equals = '\0';
	return ret->value ? 0 : mp_compose_oom(err);
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct variable *)a)->name, ((const struct variable *)b)->name);
}

static int to_json(const struct mp_yaml *n, struct environment *e, struct mp_json **ret,
		   struct mp_err *err)
{
	auto_(mp_json) *object = mp_json_new_object();

	if (e->n > 1)
		qsort(e->list, e->n, sizeof(*e->list), compare);
	for (size_t i = 0; i < e->n; i++) {
		const struct variable *v = &e->list[i];

		if (!is_variable_name(v->name, strlen(v->name)))
			return mp_yaml_err(n, err, -EBADMSG, "'%s' is no name of a variable",
					   v->name);
		if (i > 0 && mp_streq(v->name, e->list[i - 1].name))
			return mp_yaml_err(n, err, -EBADMSG, "'%s' is set twice", v->name);
		if (!object || mp_json_put_str(object, v->name, v->value) < 0)
			return mp_compose_oom(err);
	}
	if (!object)
		return mp_compose_oom(err);
	*ret = take_ptr(object);
	return 0;
}

int mp_compose_read_environment(const struct mp_yaml *n, enum compose_dollar dollar,
				struct mp_json **ret, struct mp_err *err)
{
	__attribute__((cleanup(environment_done))) struct environment e = {0};
	bool map = mp_yaml_type(n) == MP_YAML_MAP;
	size_t size = mp_yaml_size(n);

	if (mp_yaml_type(n) == MP_YAML_SCALAR || size == 0)
		return mp_yaml_err(n, err, -EBADMSG,
				   "here must stand variables, as NAME: value or - NAME=value");
	e.list = calloc(size, sizeof(*e.list));
	if (!e.list)
		return mp_compose_oom(err);
	for (size_t i = 0; i < size; i++) {
		struct variable *v = &e.list[e.n++];
		int r = map ? read_pair(n, i, dollar, v, err)
			    : read_assignment(mp_yaml_at(n, i), dollar, v, err);

		if (r < 0)
			return r;
	}
	return to_json(n, &e, ret, err);
}

int mp_compose_read_user(const struct mp_yaml *n, enum compose_dollar dollar, char **ret,
			 struct mp_err *err)
{
	auto_free char *user = NULL;
	int r = mp_compose_read_text(n, dollar, &user, err);

	if (r < 0)
		return r;
	for (const char *p = user; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("_.-:", *p))
			return mp_yaml_err(n, err, -EBADMSG,
					   "'%s' is no user; write NAME, UID or UID:GID", user);
	*ret = take_ptr(user);
	return 0;
}

char *mp_compose_join(const char *dir, const char *path)
{
	while (mp_str_starts_with(path, "./"))
		path += 2;
	return path[0] == '/' ? strdup(path) : mp_str_format("%s/%s", dir, path);
}

char *mp_compose_folder(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return strdup(".");
	return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}
