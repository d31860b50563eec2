/* SPDX-License-Identifier: Apache-2.0 */
/* The three answers of the update server; the first byte chooses which. */
#include "ddi/ddi.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_(mp_ddi_deployment) *d = NULL;
	struct mp_ddi_poll poll;
	char id[MP_DDI_ID];

	if (size == 0)
		return 0;
	if (data[0] == 'p')
		(void)mp_ddi_poll_parse(data + 1, size - 1, &poll, NULL);
	else if (data[0] == 'c')
		(void)mp_ddi_cancel_parse(data + 1, size - 1, id, NULL);
	else if (mp_ddi_deployment_parse(data + 1, size - 1, &d, NULL) == 0)
		(void)mp_ddi_find(d, "timestamp.json");
	return 0;
}
