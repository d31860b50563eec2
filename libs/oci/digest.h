/* SPDX-License-Identifier: Apache-2.0 */
/* digest.h - descriptors of the image specification, as index, manifest and configuration use them */
#pragma once

#include "oci/oci.h"

#define OCI_JSON_MAX (4 << 20) /* bytes of an index, a manifest or a configuration */

/* "sha256:HEX" to HEX (lower case). -EBADMSG; -ENOTSUP: another algorithm. */
int mp_oci_digest_parse(const char *digest, char ret_hex[65], struct mp_err *err);
int mp_oci_descriptor_parse(const struct mp_json *j, struct mp_oci_blob *ret, struct mp_err *err);

bool mp_oci_is_index(const char *media_type);
bool mp_oci_is_manifest(const char *media_type);
