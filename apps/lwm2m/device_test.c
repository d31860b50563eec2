/* SPDX-License-Identifier: Apache-2.0 */
#include "bed.h"

#define SUPPLY "/sys/class/power_supply/"

TEST(the_device_is_what_product_and_machine_say)
{
	BED(b);

	bed_file(&b, "/proc/meminfo", "MemTotal: 2048 kB\nMemFree: 1 kB\nMemAvailable: 1024 kB\n");
	bed_file(&b, "/sys/class/dmi/id/product_name", "Standard PC\n");
	ASSERT_OK(bed_open(&b));
	ASSERT_STR("demo", bed_read(&b, "3/0/0"));
	ASSERT_STR("qemu-x86_64", bed_read(&b, "3/0/1"));
	ASSERT_STR("device-1", bed_read(&b, "3/0/2"));
	ASSERT_STR("1.0.0", bed_read(&b, "3/0/3"));
	ASSERT_STR("1024", bed_read(&b, "3/0/10"));
	ASSERT_STR("2048", bed_read(&b, "3/0/21"));
	ASSERT_STR("UT", bed_read(&b, "3/0/16"));
	ASSERT_STR("Standard PC", bed_read(&b, "3/0/18"));
	ASSERT_STR(MP_VERSION, bed_read(&b, "3/0/19"));
	ASSERT(strtoll(bed_read(&b, "3/0/13"), NULL, 10) > 1600000000);
	ASSERT_INT(6, strlen(bed_read(&b, "3/0/14"))); /* "+01:00" */
}

TEST(a_device_tree_names_the_hardware_first)
{
	BED(b);

	bed_file(&b, "/sys/firmware/devicetree/base/model", "HiKey");
	bed_file(&b, "/sys/class/dmi/id/product_name", "other\n");
	ASSERT_OK(bed_open(&b));
	ASSERT_STR("HiKey", bed_read(&b, "3/0/18"));
}

TEST(without_a_battery_the_mains_are_the_source_and_no_level_is_there)
{
	BED(b);

	ASSERT_OK(bed_open(&b));
	ASSERT_STR("0", bed_read(&b, "3/0/6/0"));
	ASSERT_STR("4.04", bed_read(&b, "3/0/9"));
	ASSERT_STR("5", bed_read(&b, "3/0/20")); /* not installed */
	ASSERT_STR("4.04", bed_read(&b, "3/0/7"));
	ASSERT_STR("4.04", bed_read(&b, "3/0/10"));
}

TEST(a_battery_shows_level_voltage_current_and_status)
{
	static const struct {
		const char *status, *capacity, *shown;
	} cases[] = {{"Charging\n", "50\n", "1"},
		     {"Full\n", "100\n", "2"},
		     {"Discharging\n", "50\n", "0"},
		     {"Discharging\n", "19\n", "4"},
		     {"Unknown\n", "50\n", "6"}};
	BED(b);

	bed_file(&b, SUPPLY "BAT0/type", "Battery\n");
	bed_file(&b, SUPPLY "BAT0/capacity", "73\n");
	bed_file(&b, SUPPLY "BAT0/voltage_now", "12345678\n");
	bed_file(&b, SUPPLY "BAT0/current_now", "-500000\n");
	ASSERT_OK(bed_open(&b));
	ASSERT_STR("1", bed_read(&b, "3/0/6/0"));
	ASSERT_STR("73", bed_read(&b, "3/0/9"));
	ASSERT_STR("12345", bed_read(&b, "3/0/7/0"));
	ASSERT_STR("-500", bed_read(&b, "3/0/8/0"));
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		bed_file(&b, SUPPLY "BAT0/status", cases[i].status);
		bed_file(&b, SUPPLY "BAT0/capacity", cases[i].capacity);
		ASSERT_STR(cases[i].shown, bed_read(&b, "3/0/20"));
	}
}

TEST(a_level_beyond_100_is_no_level)
{
	BED(b);

	bed_file(&b, SUPPLY "BAT0/type", "Battery\n");
	bed_file(&b, SUPPLY "BAT0/capacity", "4000\n");
	ASSERT_OK(bed_open(&b));
	ASSERT_STR("4.04", bed_read(&b, "3/0/9"));
}

TEST(faults_are_error_codes_until_they_are_gone_or_silenced)
{
	BED(b);

	bed_file(&b, SUPPLY "BAT0/type", "Battery\n");
	bed_file(&b, SUPPLY "BAT0/capacity", "5\n");
	ASSERT_OK(bed_open(&b));
	ASSERT_STR("1", bed_read(&b, "3/0/11/0"));
	bed_file(&b, SUPPLY "BAT0/capacity", "50\n");
	device_look_for_errors(&b.w);
	ASSERT_STR("0", bed_read(&b, "3/0/11/0"));
	bed_say(&b, "rolled_back", "1.1.0", "lwm2m/1", "the container was not healthy", 8);
	ASSERT_STR("17", bed_read(&b, "3/0/11/0"));
	ASSERT_INT(MP_COAP_CHANGED, bed_execute(&b, "3/0/12"));
	device_look_for_errors(&b.w);
	ASSERT_STR("0", bed_read(&b, "3/0/11/0"));
}

TEST(ets_655_656_reboot_and_factory_reset_are_asked_of_the_supervisor)
{
	BED(b);

	ASSERT_OK(bed_open(&b));
	ASSERT_INT(MP_COAP_CHANGED, bed_execute(&b, "3/0/4"));
	ASSERT(bed_heard(&b, MP_MSG_REBOOT));
	ASSERT_INT(MP_COAP_CHANGED, bed_execute(&b, "3/0/5"));
	ASSERT(bed_heard(&b, MP_MSG_RESET));
	ASSERT_INT(0, b.heard.num[0]);
	ASSERT_INT(MP_COAP_CHANGED, bed_send(&b, MP_COAP_POST, "3/0/5", 0, "0='identity'"));
	ASSERT(bed_heard(&b, MP_MSG_RESET));
	ASSERT_INT(1, b.heard.num[0]);
}

TEST(nobody_sets_the_clock_from_outside)
{
	BED(b);

	ASSERT_OK(bed_open(&b));
	ASSERT_INT(MP_COAP_METHOD_NOT_ALLOWED, bed_write(&b, "3/0/13", "1"));
}
