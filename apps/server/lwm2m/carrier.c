/* SPDX-License-Identifier: Apache-2.0 */
#include "lwm2m/carrier.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>

static const struct carrier carriers[] = {
	[MP_RELEASE_FIRMWARE] =
		{.object = 5,
		 .package = 0,
		 .uri = 1,
		 .update = 2,
		 .state = 3,
		 .result = 5,
		 .version = CARRIER_NONE, /* 7 is that of the package, not of what runs */
		 .name = CARRIER_NONE,
		 .package_version = 7,
		 .activate = CARRIER_NONE,
		 .active = CARRIER_NONE,
		 .uninstall = CARRIER_NONE},
	[MP_RELEASE_SOFTWARE] = {.object = 9,
				 .package = 2,
				 .uri = 3,
				 .update = 4,
				 .state = 7,
				 .result = 9,
				 .version = 1,
				 .name = CARRIER_NONE,
				 .package_version = CARRIER_NONE,
				 .activate = 10,
				 .active = 12,
				 .uninstall = 6,
				 .has_instances = true},
	[MP_RELEASE_ADVANCED] = {.object = 33629,
				 .package = 0,
				 .uri = 1,
				 .update = 2,
				 .state = 3,
				 .result = 5,
				 .version = 15,
				 .name = 14,
				 .package_version = 7,
				 .activate = CARRIER_NONE,
				 .active = CARRIER_NONE,
				 .uninstall = CARRIER_NONE},
};

const struct carrier *carrier_of(enum mp_release_object object)
{
	return &carriers[object];
}

int carrier_phase(const struct carrier *c, int64_t state)
{
	static const int firmware[] = {PHASE_IDLE, PHASE_DOWNLOADING, PHASE_DELIVERED,
				       PHASE_UPDATING};
	/* DOWNLOADED (2) means that the image is being checked. */
	static const int software[] = {PHASE_IDLE, PHASE_DOWNLOADING, PHASE_DOWNLOADING,
				       PHASE_DELIVERED, PHASE_INSTALLED};

	if (c->object == 9)
		return state >= 0 && state < 5 ? software[state] : -1;
	return state >= 0 && state < 4 ? firmware[state] : -1;
}

struct meaning {
	int64_t result;
	bool may_retry;
	const char *sentence;
};

static const struct meaning firmware_results[] = {
	{2, false, "The device has not enough storage for the image"},
	{3, true, "The device ran out of memory while it took the image"},
	{4, true, "The device lost the connection while it took the image"},
	{5, true, "The image was damaged when it had arrived: its checksum is wrong"},
	{6, false, "The device does not know this type of image"},
	{7, false, "The device could not use the address of the image"},
	{8, false, "The device could not bring up the new version"},
	{9, false, "The device does not speak the protocol by which it was to fetch the image"},
	{10, false, "The update was cancelled on the device"},
	{11, true, "The device put the update off"},
	{12, false, "Another component of the device conflicts with the update"},
	{13, false, "A component that is linked with this one could not be updated"},
};

static const struct meaning software_results[] = {
	{50, false, "The device has not enough storage for the software"},
	{51, true, "The device ran out of memory while it took the software"},
	{52, true, "The device lost the connection while it took the software"},
	{53, true, "The software was damaged when it had arrived: its checksum is wrong"},
	{54, false, "The device does not know this type of software"},
	{56, false, "The device could not use the address of the software"},
	{57, false, "The device could not take the software, for a reason of its own"},
	{58, false, "The device could not install the software"},
	{59, false, "The device could not uninstall the software"},
};

static const struct meaning *meaning_of(const struct carrier *c, int64_t result)
{
	const struct meaning *all = c->object == 9 ? software_results : firmware_results;
	size_t n = c->object == 9 ? sizeof(software_results) / sizeof(*all)
				  : sizeof(firmware_results) / sizeof(*all);

	for (size_t i = 0; i < n; i++)
		if (all[i].result == result)
			return &all[i];
	return NULL;
}

bool carrier_is_failure(const struct carrier *c, int64_t result)
{
	return c->object == 9 ? result < 0 || result > 3 : result != 0 && result != 1;
}

bool carrier_may_retry(const struct carrier *c, int64_t result)
{
	const struct meaning *m = meaning_of(c, result);

	return m && m->may_retry;
}

void carrier_sentence(const struct carrier *c, int64_t result, char *text, size_t room)
{
	const struct meaning *m = meaning_of(c, result);

	snprintf(text, room, "%s (result %lld).",
		 m ? m->sentence : "The device gave a result that no specification names",
		 (long long)result);
}
