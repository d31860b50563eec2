/* SPDX-License-Identifier: Apache-2.0
 * lwm2m_client.c - requests of servers against a client with objects of every kind
 *
 * The input is a row of records: who (2 bits: 1 its server, 2 its bootstrap server, else a stranger), how much
 * time passes before (bits 3 to 7, as a power of two in ms), a length in two bytes, and a datagram of that
 * many bytes. Its message id is put in, so that none is a duplicate. */
#include "lwm2m/client_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int begin(struct world *w)
{
	int r = world_open(w);

	if (r == 0)
		r = world_account(w, 2, true, 0);
	if (r == 0)
		r = world_account(w, 1, false, 300);
	if (r < 0)
		return r;
	mp_lwm2m_client_start(w->client);
	world_run(w, 100);
	return mp_lwm2m_client_bootstrap(w->client);
}

static void deliver(struct world *w, int host, const uint8_t *data, size_t len, uint16_t mid)
{
	uint8_t datagram[1500];

	if (len > sizeof(datagram))
		len = sizeof(datagram);
	memcpy(datagram, data, len);
	if (len >= 4) {
		datagram[2] = (uint8_t)(mid >> 8);
		datagram[3] = (uint8_t)mid;
	}
	mp_coap_receive(w->net.hosts[0].c, fake_remote(&w->net, host), datagram, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	WORLD(w, .version = MP_LWM2M_VERSION(1, 2));
	uint16_t mid = 20000;

	if (begin(&w) < 0)
		return 0;
	while (size >= 3 && mid < 20100) {
		size_t len = (size_t)(data[1] << 8 | data[2]);
		int host = data[0] & 3 ? data[0] & 3 : 3;

		len = len < size - 3 ? len : size - 3;
		world_run(&w, 1 << (data[0] >> 3 & 15));
		deliver(&w, host, data + 3, len, mid++);
		data += 3 + len;
		size -= 3 + len;
	}
	world_run(&w, 1000);
	w.celsius = 99;
	mp_lwm2m_client_changed(w.client, &mp_lwm2m_path(3303, 0, 5700));
	mp_lwm2m_client_instances_changed(w.client, 16);
	world_run(&w, 100000);
	return 0;
}
