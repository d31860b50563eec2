/* SPDX-License-Identifier: Apache-2.0 */
#include "ddi/report.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Both bodies that devices send; details never hold what could break a line of a log. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mp_ddi_report report;
	auto_(mp_json) *doc = NULL;
	const struct mp_json *values;
	enum mp_ddi_mode mode;

	if (mp_ddi_report_parse(data, size, &report, NULL) == 0) {
		for (const char *p = report.details; *p; p++)
			if ((unsigned char)*p < ' ')
				abort();
		if (report.percent < -1 || report.percent > 100)
			abort();
	}
	mp_ddi_config_parse(data, size, &doc, &mode, &values, NULL);
	return 0;
}
