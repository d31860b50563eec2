/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "oci/oci.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct mp_oci_blob layers[MP_OCI_LAYERS];
	static char diff_ids[MP_OCI_LAYERS][65];
	struct mp_oci_blob blob;
	struct mp_err err;
	unsigned n;

	(void)mp_oci_index_parse(data, size, "amd64", &blob, &err);
	(void)mp_oci_manifest_parse(data, size, &blob, layers, &n, &err);
	(void)mp_oci_config_parse(data, size, "amd64", diff_ids, &n, &err);
	return 0;
}
