/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX 2.3 in JSON (spdx.github.io/spdx-spec/v2.3). Facts come from each package's control file
 * and from its copyright file, which must still be in the tree. */
#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "base/proc.h"
#include "crypto/hash.h"
#include "image/internal.h"

#define TEXT_MAX (4u << 20)

/* "License: NAME" lines of a machine-readable copyright file, each once: "GPL-2+, MIT". */
static void licenses(const char *root, const char *package, char ret[512], char sha256[65])
{
	auto_free char *path = mp_str_format("%s/usr/share/doc/%s/copyright", root, package);
	MP_BUF(text, TEXT_MAX);
	LIST(names);
	char *rest = NULL;
	size_t at = 0;

	ret[0] = sha256[0] = '\0';
	if (!path || mp_file_read(path, &text, NULL) < 0 || text.len == 0)
		return;
	mp_sha256_hex(text.data, text.len, sha256);
	for (char *line = strtok_r(text.data, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest))
		if (mp_str_starts_with(line, "License: ") && list_add(&names, line + 9) < 0)
			return;
	list_sort(&names);
	for (size_t i = 0; i < names.n; i++) {
		int n = snprintf(ret + at, 512 - at, "%s%s", at ? ", " : "", names.items[i]);

		if (n < 0 || (size_t)n >= 512 - at)
			break;
		at += (size_t)n;
	}
}

/* "Source" of the control file; the package itself when it has none. */
static int source_of(const struct apt *a, const struct package *p, char ret[256],
		     struct mp_err *err)
{
	auto_free char *path = mp_str_format("%s/%s", a->packages, p->file);
	const char *const argv[] = {"dpkg-deb", "-f", path, "Source", NULL};
	MP_BUF(text, 4096);
	int r = path ? mp_proc_run(&(struct mp_proc){.argv = argv, .output = &text}, err)
		     : OOM(err);

	if (r < 0)
		return r;
	(void)snprintf(ret, 256, "%s", text.len > 1 ? mp_buf_str(&text) : p->name);
	ret[strcspn(ret, "\n")] = '\0';
	return 0;
}

static int put_checksum(struct mp_json *j, const char *key, const char *sha256)
{
	auto_(mp_json) *array = mp_json_new_array();
	auto_(mp_json) *sum = mp_json_new_object();
	int r = mp_json_put_str(sum, "algorithm", "SHA256");

	if (r == 0)
		r = mp_json_put_str(sum, "checksumValue", sha256);
	if (r == 0)
		r = mp_json_append(array, take_ptr(sum));
	return r < 0 ? r : mp_json_put(j, key, take_ptr(array));
}

static int put_purl(struct mp_json *j, const struct package *p)
{
	auto_free char *purl =
		mp_str_format("pkg:deb/debian/%s@%s?distro=trixie", p->name, p->version);
	auto_(mp_json) *array = mp_json_new_array();
	auto_(mp_json) *ref = mp_json_new_object();
	int r = mp_json_put_str(ref, "referenceCategory", "PACKAGE-MANAGER");

	if (r == 0)
		r = mp_json_put_str(ref, "referenceType", "purl");
	if (r == 0)
		r = mp_json_put_str(ref, "referenceLocator", purl ? purl : "");
	if (r == 0)
		r = mp_json_append(array, take_ptr(ref));
	return r < 0 ? r : mp_json_put(j, "externalRefs", take_ptr(array));
}

/* SPDXID: letters, digits, '.' and '-' */
static void make_id(const struct package *p, char ret[192])
{
	(void)snprintf(ret, 192, "SPDXRef-%s-%.12s", p->name, p->sha256);
	for (char *c = ret; *c; c++)
		if (*c == '+' || *c == '_' || *c == ':' || *c == '~')
			*c = '.';
}

static int add_package(const struct apt *a, const struct package *p, const char *root,
		       struct mp_json *packages, struct mp_err *err)
{
	auto_(mp_json) *j = mp_json_new_object();
	char id[192], source[256], names[512], sha256[65], text[640], from[320];
	int r = source_of(a, p, source, err);

	if (r < 0)
		return r;
	make_id(p, id);
	licenses(root, p->name, names, sha256);
	(void)snprintf(from, sizeof(from), "built from Debian source package %s", source);
	(void)snprintf(text, sizeof(text),
		       "Licenses named in the package's copyright file "
		       "(SHA-256 %s): %s",
		       sha256, names[0] ? names : "see there");
	r = mp_json_put_str(j, "SPDXID", id);
	if (r == 0)
		r = mp_json_put_str(j, "name", p->name);
	if (r == 0)
		r = mp_json_put_str(j, "versionInfo", p->version);
	if (r == 0)
		r = mp_json_put_str(j, "packageFileName", p->file);
	if (r == 0)
		r = mp_json_put_str(j, "supplier", "Organization: Debian");
	if (r == 0)
		r = mp_json_put_str(j, "downloadLocation", "NOASSERTION");
	if (r == 0)
		r = mp_json_put_bool(j, "filesAnalyzed", false);
	if (r == 0)
		r = put_checksum(j, "checksums", p->sha256);
	if (r == 0)
		r = mp_json_put_str(j, "sourceInfo", from);
	if (r == 0)
		r = mp_json_put_str(j, "licenseConcluded", "NOASSERTION");
	if (r == 0)
		r = mp_json_put_str(j, "licenseDeclared", "NOASSERTION");
	if (r == 0 && sha256[0])
		r = mp_json_put_str(j, "licenseComments", text);
	if (r == 0)
		r = mp_json_put_str(j, "copyrightText", "NOASSERTION");
	if (r == 0)
		r = put_purl(j, p);
	if (r == 0)
		r = mp_json_append(packages, take_ptr(j));
	return r < 0 ? OOM(err) : 0;
}

int sbom_packages(const struct apt *a, const struct mp_json *group, const char *root,
		  struct mp_json *packages, struct mp_err *err)
{
	int r = 0;

	for (size_t i = 0; i < mp_json_size(group) && r == 0; i++) {
		struct package p;

		r = lock_package(group, i, &p, err);
		if (r == 0)
			r = add_package(a, &p, root, packages, err);
	}
	return r;
}

int sbom_write(const struct mp_json *packages, const char *path, struct mp_err *err)
{
	MP_BUF(text, 16u << 20);

	if (mp_json_format(packages, &text) < 0)
		return OOM(err);
	return mp_file_write(path, text.data, text.len, 0644, err);
}

static bool is_listed(const struct mp_json *packages, const struct mp_json *p)
{
	const char *id = mp_json_str(mp_json_get(p, "SPDXID"), "");

	for (size_t i = 0; i < mp_json_size(packages); i++)
		if (mp_streq(mp_json_str(mp_json_get(mp_json_at(packages, i), "SPDXID"), ""), id))
			return true;
	return false;
}

int sbom_add(const char *path, struct mp_json *packages, struct mp_err *err)
{
	auto_(mp_json) *more = NULL;
	MP_BUF(text, 16u << 20);
	int r = mp_file_read(path, &text, err);

	if (r == 0)
		r = mp_json_parse(mp_buf_str(&text), text.len, &more, err);
	for (size_t i = 0; r == 0 && i < mp_json_size(more); i++) {
		const struct mp_json *p = mp_json_at(more, i);

		if (!is_listed(packages, p) && mp_json_append(packages, mp_json_copy(p)) < 0)
			r = OOM(err);
	}
	return r;
}

static int put_creation(struct mp_json *doc)
{
	auto_(mp_json) *info = mp_json_new_object(), *creators = mp_json_new_array();
	int r = mp_json_append(creators, mp_json_new_str("Tool: mp-build"));

	if (r == 0) /* fixed, so that two builds are the same bytes */
		r = mp_json_put_str(info, "created", "2025-01-01T00:00:00Z");
	if (r == 0)
		r = mp_json_put(info, "creators", take_ptr(creators));
	return r < 0 ? r : mp_json_put(doc, "creationInfo", take_ptr(info));
}

static int put_relation(struct mp_json *relations, const char *from, const char *type,
			const char *to)
{
	auto_(mp_json) *j = mp_json_new_object();
	int r = mp_json_put_str(j, "spdxElementId", from);

	if (r == 0)
		r = mp_json_put_str(j, "relationshipType", type);
	if (r == 0)
		r = mp_json_put_str(j, "relatedSpdxElement", to);
	return r < 0 ? r : mp_json_append(relations, take_ptr(j));
}

int sbom_format(const struct mp_product *p, struct mp_json *packages, struct mp_buf *out)
{
	auto_(mp_json) *doc = mp_json_new_object(), *relations = mp_json_new_array();
	auto_free char *name = mp_str_format("%s-%s", p->name, p->version);
	auto_free char *space = mp_str_format("urn:microplatform:%s:%s:sbom", p->name, p->version);
	int r = mp_json_put_str(doc, "spdxVersion", "SPDX-2.3");

	for (size_t i = 0; i < mp_json_size(packages) && r == 0; i++)
		r = put_relation(relations, "SPDXRef-DOCUMENT", "DESCRIBES",
				 mp_json_str(mp_json_get(mp_json_at(packages, i), "SPDXID"), ""));
	if (r == 0)
		r = mp_json_put_str(doc, "dataLicense", "CC0-1.0");
	if (r == 0)
		r = mp_json_put_str(doc, "SPDXID", "SPDXRef-DOCUMENT");
	if (r == 0)
		r = mp_json_put_str(doc, "name", name ? name : "");
	if (r == 0)
		r = mp_json_put_str(doc, "documentNamespace", space ? space : "");
	if (r == 0)
		r = put_creation(doc);
	if (r == 0)
		r = mp_json_put(doc, "packages", mp_json_copy(packages));
	if (r == 0)
		r = mp_json_put(doc, "relationships", take_ptr(relations));
	if (r == 0)
		r = mp_json_format_pretty(doc, out);
	return r < 0 ? r : mp_buf_add_str(out, "\n");
}
