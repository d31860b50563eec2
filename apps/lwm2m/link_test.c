/* SPDX-License-Identifier: Apache-2.0 */
#include "bed.h"

#define ROUTES "Iface\tDestination\tGateway\tFlags\n"

static void wire(const struct bed *b)
{
	bed_file(b, "/proc/net/route",
		 ROUTES "lo\t00000A0A\t00000000\t0001\n"
			"eth0\t00000000\t0202000A\t0003\n");
	bed_file(b, "/sys/class/net/eth0/statistics/tx_bytes", "5000\n");
	bed_file(b, "/sys/class/net/eth0/statistics/rx_bytes", "9000\n");
}

TEST(ets_701_a_wire_is_an_ethernet_bearer_with_its_router)
{
	BED(b);

	wire(&b);
	ASSERT_OK(bed_open(&b));
	ASSERT_STR("41", bed_read(&b, "4/0/0"));
	ASSERT_STR("41", bed_read(&b, "4/0/1/0"));
	ASSERT_STR("0", bed_read(&b, "4/0/2"));
	ASSERT_STR("4.04", bed_read(&b, "4/0/3"));
	ASSERT_STR("10.0.2.2", bed_read(&b, "4/0/5/0"));
}

TEST(a_radio_tells_its_quality_and_level)
{
	BED(b);

	bed_file(&b, "/proc/net/route", ROUTES "wlan0\t00000000\t0202000A\t0003\n");
	bed_file(&b, "/sys/class/net/wlan0/phy80211/index", "0\n");
	bed_file(&b, "/proc/net/wireless",
		 "Inter-| sta-|   Quality        |   Discarded\n"
		 " face | tus | link level noise |  nwid\n"
		 " wlan0: 0000   54.  -56.  -256        0\n");
	ASSERT_OK(bed_open(&b));
	ASSERT_STR("21", bed_read(&b, "4/0/0"));
	ASSERT_STR("-56", bed_read(&b, "4/0/2"));
	ASSERT_STR("54", bed_read(&b, "4/0/3"));
	ASSERT_INT(-56, link_level(&b.w));
}

TEST(a_route_of_ipv6_counts_where_there_is_none_of_ipv4)
{
	BED(b);

	bed_file(&b, "/proc/net/route", ROUTES);
	bed_file(&b, "/proc/net/ipv6_route",
		 "00000000000000000000000000000001 80 00000000000000000000000000000000 00 "
		 "00000000000000000000000000000000 00000000 00000002 00000000 80200001 lo\n"
		 "00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
		 "fe80000000000000000000000000000a 00000400 00000001 00000000 00000003 wlan0\n");
	bed_file(&b, "/sys/class/net/wlan0/phy80211/index", "0\n");
	ASSERT_OK(bed_open(&b));
	ASSERT_STR("fe80::a", bed_read(&b, "4/0/5/0"));
	ASSERT_STR("21", bed_read(&b, "4/0/0"));
}

TEST(the_bearers_that_are_up_are_available)
{
	BED(b);

	wire(&b);
	bed_file(&b, "/sys/class/net/eth0/operstate", "up\n");
	bed_file(&b, "/sys/class/net/eth0/type", "1\n");
	bed_file(&b, "/sys/class/net/wlan0/operstate", "up\n");
	bed_file(&b, "/sys/class/net/wlan0/type", "1\n");
	bed_file(&b, "/sys/class/net/wlan0/phy80211/index", "0\n");
	bed_file(&b, "/sys/class/net/eth1/operstate", "down\n");
	bed_file(&b, "/sys/class/net/eth1/type", "1\n");
	bed_file(&b, "/sys/class/net/lo/operstate", "unknown\n");
	bed_file(&b, "/sys/class/net/lo/type", "772\n");
	ASSERT_OK(bed_open(&b));
	ASSERT_STR("41", bed_read(&b, "4/0/0"));
	ASSERT_STR("21", bed_read(&b, "4/0/1/0"));
	ASSERT_STR("41", bed_read(&b, "4/0/1/1"));
	ASSERT_STR("4.04", bed_read(&b, "4/0/1/2"));
}

TEST(without_a_route_there_is_no_router)
{
	BED(b);

	ASSERT_OK(bed_open(&b));
	ASSERT_STR("4.04", bed_read(&b, "4/0/5"));
	ASSERT_STR("41", bed_read(&b, "4/0/0"));
}

TEST(routes_that_make_no_sense_are_stepped_over)
{
	char interface[32], router[48];
	BED(b);

	bed_file(&b, "/proc/net/route",
		 "\n\n\t\teth0\n" ROUTES "eth9\tzz\t1\neth0\t00000000\t00000000\n");
	bed_file(&b, "/proc/net/ipv6_route", "0\n\n");
	fact_route(&b.w, interface, router);
	ASSERT_STR("eth0", interface);
	ASSERT_STR("", router);
}

TEST(ets_901_traffic_is_counted_from_start_to_stop)
{
	BED(b);

	wire(&b);
	ASSERT_OK(bed_open(&b));
	ASSERT_INT(14000, traffic_bytes(&b.w));
	ASSERT_INT(MP_COAP_CHANGED, bed_execute(&b, "7/0/6"));
	bed_file(&b, "/sys/class/net/eth0/statistics/tx_bytes", "8072\n");
	bed_file(&b, "/sys/class/net/eth0/statistics/rx_bytes", "10024\n");
	ASSERT_STR("3", bed_read(&b, "7/0/2"));
	ASSERT_STR("1", bed_read(&b, "7/0/3"));
	ASSERT_INT(MP_COAP_CHANGED, bed_execute(&b, "7/0/7"));
	bed_file(&b, "/sys/class/net/eth0/statistics/tx_bytes", "999999\n");
	ASSERT_STR("3", bed_read(&b, "7/0/2"));
}

TEST(traffic_never_runs_backwards)
{
	BED(b);

	wire(&b);
	ASSERT_OK(bed_open(&b));
	ASSERT_INT(MP_COAP_CHANGED, bed_execute(&b, "7/0/6"));
	bed_file(&b, "/sys/class/net/eth0/statistics/tx_bytes", "8072\n");
	ASSERT_STR("3", bed_read(&b, "7/0/2"));
	bed_file(&b, "/sys/class/net/eth0/statistics/tx_bytes",
		 "2048\n"); /* unplugged, plugged in */
	ASSERT_STR("5", bed_read(&b, "7/0/2"));
	bed_file(&b, "/proc/net/route", "Iface\tDestination\tGateway\n");
	ASSERT_STR("5", bed_read(&b, "7/0/2"));
	wire(&b); /* 5000 sent, by its own counter */
	ASSERT_STR("5", bed_read(&b, "7/0/2"));
	bed_file(&b, "/sys/class/net/eth0/statistics/tx_bytes", "6024\n");
	ASSERT_STR("6", bed_read(&b, "7/0/2"));
}
