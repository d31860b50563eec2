/* SPDX-License-Identifier: Apache-2.0 */
#include "bed.h"

/* ---- registration ---- */

TEST(the_objects_of_a_gateway_are_registered)
{
	BED(b);

	ASSERT_OK(bed_open(&b));
	ASSERT(mp_lwm2m_client_is_registered(b.w.client, 1));
	ASSERT(strstr(b.query, "&ep=device-1") && strstr(b.query, "&lwm2m=1.2"));
	ASSERT(strstr(b.links, "</3/0>") && strstr(b.links, "</4/0>") && strstr(b.links, "</5/0>"));
	ASSERT(strstr(b.links, "</16/0>,</19/0>,</19/1>,</20/0>"));
	ASSERT(!strstr(b.links, "</6/0>")); /* nobody knows where it is */
	ASSERT(bed_heard(&b, MP_MSG_REACHED));
	ASSERT_INT(1, b.heard.num[0]);
}

TEST(accounts_are_the_same_after_a_restart)
{
	BED(b);

	ASSERT_OK(bed_open(&b));
	ASSERT_STR("300", bed_read(&b, "1/0/1"));
	ASSERT_INT(MP_COAP_CHANGED, bed_write(&b, "1/0/1", "7200"));
	ASSERT_OK(bed_restart(&b));
	ASSERT_STR("7200", bed_read(&b, "1/0/1"));
	/* those of another server are of no use */
	strcpy(b.w.config.uri, "coap://[::1]:4005");
	ASSERT_OK(bed_restart(&b));
	ASSERT(!mp_lwm2m_client_is_registered(b.w.client, 1));
}

TEST(accounts_that_were_cut_short_begin_anew)
{
	char path[200], bytes[2000];
	MP_BUF(file, 65536);
	BED(b);

	ASSERT_OK(bed_open(&b));
	ASSERT_INT(MP_COAP_CHANGED, bed_write(&b, "1/0/1", "7200"));
	snprintf(path, sizeof(path), "%s" STATE_DIR "/lwm2m/accounts", b.root);
	ASSERT_OK(mp_file_read(path, &file, NULL));
	ASSERT(file.len < sizeof(bytes));
	memcpy(bytes, file.data, file.len);
	for (size_t n = 0; n < file.len; n += 13) {
		ASSERT_OK(mp_file_write(path, bytes, n, 0600, NULL));
		ASSERT_OK(bed_restart(&b));
		ASSERT(mp_lwm2m_client_is_registered(b.w.client, 1));
	}
}

TEST(accounts_that_lead_to_nobody_begin_anew)
{
	struct mp_lwm2m_rows *rows;
	BED(b);

	ASSERT_OK(bed_open(&b));
	rows = mp_lwm2m_client_rows(b.w.client);
	ASSERT(mp_lwm2m_rows_remove(rows, &mp_lwm2m_path(1, 0)) > 0);
	ASSERT_OK(accounts_save(&b.w, rows->data, rows->len));
	ASSERT_OK(bed_restart(&b));
	ASSERT(mp_lwm2m_client_is_registered(b.w.client, 1));
}

/* ---- 6 Location ---- */

TEST(ets_801_a_position_is_there_as_long_as_a_program_writes_it)
{
	BED(b);

	ASSERT_OK(bed_open(&b));
	ASSERT_STR("4.04", bed_read(&b, "6/0/0"));
	bed_file(&b, "/run/microplatform/position.json",
		 "{\"latitude\": 47.5, \"longitude\": 8.25, \"speed\": 2, \"time\": 1700000000}");
	watch_look(&b.w, INT64_MAX / 2);
	bed_run(&b, 2000);
	ASSERT(strstr(b.links, "</6/0>"));
	ASSERT_STR("47.5", bed_read(&b, "6/0/0"));
	ASSERT_STR("8.25", bed_read(&b, "6/0/1"));
	ASSERT_STR("4.04", bed_read(&b, "6/0/2"));
	ASSERT_STR("1700000000", bed_read(&b, "6/0/5"));
	ASSERT_STR("2", bed_read(&b, "6/0/6"));
	bed_remove(&b, "/run/microplatform/position.json");
	b.w.look_rarely = 0;
	watch_look(&b.w, INT64_MAX / 2);
	ASSERT_STR("4.04", bed_read(&b, "6/0/0"));
}

TEST(a_position_that_is_no_json_has_no_values)
{
	BED(b);

	bed_file(&b, "/run/microplatform/position.json", "{\"latitude\": \"north\", ");
	ASSERT_OK(bed_open(&b));
	ASSERT_STR("4.04", bed_read(&b, "6/0/0"));
	bed_file(&b, "/run/microplatform/position.json", "{\"latitude\": \"north\"}");
	ASSERT_STR("4.04", bed_read(&b, "6/0/0"));
}

/* ---- 9 Software Management ---- */

static const char *name_of(unsigned i)
{
	static char name[16];

	snprintf(name, sizeof(name), "more-%u", i);
	return name;
}

TEST(services_of_the_release_are_software_that_is_installed)
{
	struct mp_msg m = {.type = MP_MSG_FACT, .text = {"web", "0123456789abcdef"}};
	BED(b);

	ASSERT_OK(bed_open(&b));
	ASSERT_STR("4.04", bed_read(&b, "9/0/0"));
	ASSERT_OK(mp_pair_send(&b.supervisor, &m));
	ASSERT_OK(supervisor_listen(&b.w));
	bed_run(&b, 2000);
	ASSERT(strstr(b.links, "</9/0>"));
	ASSERT_STR("web", bed_read(&b, "9/0/0"));
	ASSERT_STR("0123456789ab", bed_read(&b, "9/0/1"));
	ASSERT_STR("4", bed_read(&b, "9/0/7"));
	ASSERT_STR("2", bed_read(&b, "9/0/9"));
	ASSERT_INT(MP_COAP_NOT_FOUND, bed_execute(&b, "9/0/6")); /* it goes with the release */
	for (unsigned i = 0; i < 2 * SERVICES; i++)
		service_tell(&b.w, name_of(i), "", false);
	ASSERT_INT(SERVICES, b.w.n_services);
}

TEST(a_service_is_active_while_it_is_healthy)
{
	struct mp_msg m = {.type = MP_MSG_FACT, .text = {"web", "0123456789abcdef"}};
	unsigned notified;
	BED(b);

	service_tell(&b.w, "db", "", true);
	ASSERT_OK(bed_open(&b));
	ASSERT_OK(mp_pair_send(&b.supervisor, &m));
	ASSERT_OK(supervisor_listen(&b.w));
	bed_run(&b, 2000);
	ASSERT_STR("0", bed_read(&b, "9/1/12"));
	ASSERT_STR("1", bed_read(&b, "9/0/12"));
	ASSERT_INT(MP_COAP_CONTENT, bed_observe(&b, "9/1/12"));
	notified = b.notified;
	m.num[0] = 1;
	ASSERT_OK(mp_pair_send(&b.supervisor, &m));
	ASSERT_OK(supervisor_listen(&b.w));
	bed_run(&b, 2000);
	ASSERT_INT(notified + 1, b.notified);
	ASSERT_STR("1", bed_read(&b, "9/1/12"));
	ASSERT_INT(2, b.w.n_services);
}

/* ---- 16 Portfolio ---- */

TEST(ets_1630_the_portfolio_names_the_device_until_a_server_names_it_otherwise)
{
	BED(b);

	ASSERT_OK(bed_open(&b));
	ASSERT_STR("device-1", bed_read(&b, "16/0/0/0"));
	ASSERT_STR("demo", bed_read(&b, "16/0/0/1"));
	ASSERT_STR("qemu-x86_64", bed_read(&b, "16/0/0/2"));
	ASSERT_STR("1.0.0", bed_read(&b, "16/0/0/3"));
	ASSERT_INT(MP_COAP_CHANGED, bed_write(&b, "16/0/0/1", "Acme"));
	ASSERT_INT(MP_COAP_CHANGED,
		   bed_send(&b, MP_COAP_POST, "16/0", MP_LWM2M_FORMAT_SENML_JSON,
			    "[{\"bn\":\"/16/0/\",\"n\":\"0/7\",\"vs\":\"hall 3\"}]"));
	ASSERT_OK(bed_restart(&b));
	ASSERT_STR("device-1", bed_read(&b, "16/0/0/0"));
	ASSERT_STR("Acme", bed_read(&b, "16/0/0/1"));
	ASSERT_STR("hall 3", bed_read(&b, "16/0/0/7"));
	ASSERT_INT(MP_COAP_CHANGED, bed_send(&b, MP_COAP_PUT, "16/0/0", MP_LWM2M_FORMAT_SENML_JSON,
					     "[{\"bn\":\"/16/0/0/\",\"n\":\"2\",\"vs\":\"X\"}]"));
	ASSERT_STR("demo", bed_read(&b, "16/0/0/1"));
	ASSERT_STR("X", bed_read(&b, "16/0/0/2"));
	ASSERT_STR("4.04", bed_read(&b, "16/0/0/7"));
}

TEST(ets_1635_further_portfolios_are_made_kept_and_removed)
{
	struct mp_coap_ask remove = MP_COAP_ASK(MP_COAP_DELETE, "16/1");
	BED(b);

	ASSERT_OK(bed_open(&b));
	ASSERT_INT(MP_COAP_CREATED,
		   bed_send(&b, MP_COAP_POST, "16", MP_LWM2M_FORMAT_SENML_JSON,
			    "[{\"bn\":\"/16/1/\",\"n\":\"0/0\",\"vs\":\"owner\"}]"));
	ASSERT_OK(bed_restart(&b));
	ASSERT_STR("owner", bed_read(&b, "16/1/0/0"));
	ASSERT(strstr(b.links, "</16/0>,</16/1>"));
	ASSERT_INT(MP_COAP_DELETED, bed_ask(&b, remove));
	remove.path = "16/0";
	ASSERT_INT(MP_COAP_METHOD_NOT_ALLOWED, bed_ask(&b, remove));
	ASSERT_OK(bed_restart(&b));
	ASSERT_STR("4.04", bed_read(&b, "16/1/0/0"));
	ASSERT_STR("device-1", bed_read(&b, "16/0/0/0"));
}

TEST(identities_that_are_too_long_or_too_many_are_refused)
{
	char text[300];
	BED(b);

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	ASSERT_OK(bed_open(&b));
	ASSERT_INT(MP_COAP_BAD_REQUEST, bed_write(&b, "16/0/0/1", text));
	ASSERT_INT(MP_COAP_BAD_REQUEST,
		   bed_send(&b, MP_COAP_POST, "16/0", MP_LWM2M_FORMAT_SENML_JSON,
			    "[{\"bn\":\"/16/0/\",\"n\":\"0/16\",\"vs\":\"one too many\"}]"));
	ASSERT_STR("demo", bed_read(&b, "16/0/0/1"));
}

/* ---- 19 BinaryAppDataContainer ---- */

TEST(what_a_program_puts_out_can_be_read_and_observed)
{
	BED(b);

	ASSERT_OK(bed_open(&b));
	ASSERT_STR("4.04", bed_read(&b, "19/0/2"));
	bed_file(&b, "/run/microplatform/data/0", "measured");
	bed_file(&b, "/run/microplatform/data/12", "more");
	bed_file(&b, "/run/microplatform/data/16", "no such number");
	ASSERT_INT(MP_COAP_CONTENT, bed_get(&b, "19/0/0/0", MP_LWM2M_FORMAT_OPAQUE));
	ASSERT_STR("measured", b.text);
	ASSERT_INT(MP_COAP_CONTENT, bed_get(&b, "19/0/0/12", MP_LWM2M_FORMAT_OPAQUE));
	ASSERT_STR("4.04", bed_read(&b, "19/0/0/16"));
	ASSERT(strtoll(bed_read(&b, "19/0/2"), NULL, 10) > 1600000000);
	ASSERT_INT(MP_COAP_CONTENT, bed_observe(&b, "19/0"));
	watch_look(&b.w, 1);
	bed_run(&b, 3000);
	b.notified = 0;
	bed_file(&b, "/run/microplatform/data/1", "new");
	b.w.look = 0;
	watch_look(&b.w, 2);
	bed_run(&b, 3000);
	ASSERT_INT(1, b.notified);
	ASSERT_INT(MP_COAP_METHOD_NOT_ALLOWED,
		   bed_send(&b, MP_COAP_PUT, "19/0/0/0", MP_LWM2M_FORMAT_OPAQUE, "x"));
}

TEST(what_a_server_writes_is_a_file_for_the_program)
{
	char path[200];
	MP_BUF(file, 100);
	BED(b);

	ASSERT_OK(bed_open(&b));
	ASSERT_INT(MP_COAP_CHANGED,
		   bed_send(&b, MP_COAP_POST, "19/1", MP_LWM2M_FORMAT_SENML_JSON,
			    "[{\"bn\":\"/19/1/\",\"n\":\"0/3\",\"vd\":\"aGVsbG8\"}]"));
	snprintf(path, sizeof(path), "%s" STATE_DIR "/lwm2m/data-3", b.root);
	ASSERT_OK(mp_file_read(path, &file, NULL));
	ASSERT_STR("hello", mp_buf_str(&file));
	ASSERT_OK(bed_restart(&b));
	ASSERT_INT(MP_COAP_CONTENT, bed_get(&b, "19/1/0/3", MP_LWM2M_FORMAT_OPAQUE));
	ASSERT_STR("hello", b.text);
	ASSERT_INT(MP_COAP_BAD_REQUEST,
		   bed_send(&b, MP_COAP_POST, "19/1", MP_LWM2M_FORMAT_SENML_JSON,
			    "[{\"bn\":\"/19/1/\",\"n\":\"0/16\",\"vd\":\"aGVsbG8\"}]"));
	ASSERT_INT(MP_COAP_CHANGED,
		   bed_send(&b, MP_COAP_PUT, "19/1/0", MP_LWM2M_FORMAT_SENML_JSON,
			    "[{\"bn\":\"/19/1/0/\",\"n\":\"5\",\"vd\":\"aGVsbG8\"}]"));
	ASSERT(!mp_file_exists(path));
}

/* ---- 20 Event Log ---- */

TEST(the_log_tells_of_what_went_before_the_restart)
{
	BED(b);

	ASSERT_OK(bed_open(&b));
	bed_say(&b, "rolled_back", "1.1.0", "lwm2m/1", "the container was not healthy", 8);
	ASSERT_OK(bed_restart(&b));
	ASSERT_INT(MP_COAP_CONTENT, bed_get(&b, "20/0/4014", MP_LWM2M_FORMAT_OPAQUE));
	ASSERT(strstr(b.text, "Z started: release 1.0.0\n"));
	ASSERT(strstr(b.text, "update rolled_back 1.1.0: the container was not healthy\n"));
	ASSERT(strstr(b.text, "server 1: registered\n"));
	ASSERT_STR("2", bed_read(&b, "20/0/4013"));
	ASSERT_INT(MP_COAP_CHANGED, bed_execute(&b, "20/0/4012"));
	ASSERT_STR("3", bed_read(&b, "20/0/4013"));
}

/* ---- what changes by itself ---- */

TEST(values_are_looked_at_only_while_somebody_observes_them)
{
	BED(b);

	bed_file(&b, "/proc/meminfo", "MemTotal: 9000 kB\nMemAvailable: 5000 kB\n");
	ASSERT_OK(bed_open(&b));
	ASSERT_INT(b.w.look_rarely, watch_next(&b.w, 0));
	ASSERT_INT(MP_COAP_CONTENT, bed_observe(&b, "3/0/10"));
	watch_look(&b.w, 10000);
	ASSERT_INT(15000, watch_next(&b.w, 10000));
	bed_run(&b, 3000);
	b.notified = 0;
	bed_file(&b, "/proc/meminfo", "MemTotal: 9000 kB\nMemAvailable: 4990 kB\n");
	watch_look(&b.w, 15000); /* too little to speak of */
	bed_run(&b, 3000);
	ASSERT_INT(0, b.notified);
	bed_file(&b, "/proc/meminfo", "MemTotal: 9000 kB\nMemAvailable: 1000 kB\n");
	watch_look(&b.w, 20000);
	bed_run(&b, 3000);
	ASSERT_INT(1, b.notified);
	ASSERT_STR("1000", b.text);
}
