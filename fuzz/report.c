/* SPDX-License-Identifier: Apache-2.0 */
#include "ddi/report.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ')
			abort();
}

/* The bodies that devices send; details never hold what could break a line of a log. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mp_ddi_confirmation confirmation;
	struct mp_ddi_report report;
	auto_(mp_json) *doc = NULL;
	const struct mp_json *values;
	enum mp_ddi_mode mode;

	if (mp_ddi_report_parse(data, size, &report, NULL) == 0) {
		check_text(report.details);
		if (report.percent < -1 || report.percent > 100)
			abort();
	}
	if (mp_ddi_confirmation_parse(data, size, &confirmation, NULL) == 0)
		check_text(confirmation.details);
	mp_ddi_config_parse(data, size, &doc, &mode, &values, NULL);
	return 0;
}
