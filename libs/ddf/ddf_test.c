/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/test.h"
#include "ddf/ddf.h"

#define HEAD "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<LWM2M>\n"
#define OBJECT_HEAD(id)                                                                            \
	"<Object ObjectType=\"MODefinition\">\n<Name>Kettle</Name>\n"                              \
	"<Description1><![CDATA[Boils & whistles]]></Description1>\n<ObjectID>" id "</ObjectID>\n"
#define RESOURCES                                                                                  \
	"<Resources>\n<Item ID=\"5\"><Name> Water\n\t level </Name><Operations>R</Operations>"     \
	"<MultipleInstances>Single</MultipleInstances><Mandatory>Mandatory</Mandatory>"            \
	"<Type>Float</Type><RangeEnumeration>0..1.7</RangeEnumeration><Units>l</Units>"            \
	"<Description>How <b>full</b> it is</Description></Item>\n"                                \
	"<Item ID=\"1\"><Name>Whistle</Name><Operations>E</Operations>"                            \
	"<MultipleInstances>Single</MultipleInstances><Mandatory>Optional</Mandatory>"             \
	"<Type></Type><RangeEnumeration/><Units/><Description/></Item>\n</Resources>\n"
#define TAIL "</Object>\n</LWM2M>\n"
#define KETTLE(id)                                                                                 \
	HEAD OBJECT_HEAD(id) "<ObjectVersion>1.1</ObjectVersion>"                                  \
			     "<MultipleInstances>Multiple</MultipleInstances>"                     \
			     "<Mandatory>Optional</Mandatory>\n" RESOURCES TAIL

static int parse(struct mp_ddf *ddf, const char *xml, struct mp_err *err)
{
	return mp_ddf_parse(ddf, "kettle.xml", xml, strlen(xml), err);
}

TEST(ddf_loads_an_object)
{
	auto_(mp_ddf) *ddf = NULL;
	const struct mp_lwm2m_resource *r;
	const struct mp_lwm2m_object *o;
	struct mp_err err = {.text = ""};
	struct mp_lwm2m_path path;

	ASSERT_OK(mp_ddf_new(&ddf));
	ASSERT_OK(parse(ddf, KETTLE("33000"), &err));
	o = mp_lwm2m_model_object(mp_ddf_model(ddf), 33000, 0);
	ASSERT(o);
	ASSERT_STR("Kettle", o->name);
	ASSERT_INT(MP_LWM2M_VERSION(1, 1), o->version);
	ASSERT(o->multiple && !o->mandatory);
	ASSERT_INT(2, o->n);
	ASSERT_INT(1, o->resources[0].id);
	ASSERT_INT(MP_LWM2M_NONE, o->resources[0].type);
	r = mp_lwm2m_object_resource(o, 5);
	ASSERT_STR("Water level", r->name);
	ASSERT_STR("0..1.7", r->range);
	ASSERT_STR("l", r->units);
	ASSERT_INT(MP_LWM2M_FLOAT, r->type);
	ASSERT_INT(MP_LWM2M_R, r->operations);
	ASSERT(r->mandatory && !r->multiple);
	/* The built-in objects are still there, and names go through all. */
	ASSERT(mp_lwm2m_model_object(mp_ddf_model(ddf), 3, 0));
	ASSERT_OK(mp_lwm2m_model_path(mp_ddf_model(ddf), "kettle/0/water level", &path));
	ASSERT_INT(33000, path.id[0]);
}

TEST(ddf_keeps_objects_in_order)
{
	auto_(mp_ddf) *ddf = NULL;
	struct mp_err err = {.text = ""};

	ASSERT_OK(mp_ddf_new(&ddf));
	ASSERT_OK(parse(ddf, KETTLE("33002"), &err));
	ASSERT_OK(parse(ddf, KETTLE("33000"), &err));
	ASSERT_OK(parse(ddf, HEAD OBJECT_HEAD("33001") TAIL, &err));
	ASSERT_OK(parse(ddf, HEAD OBJECT_HEAD("33002") TAIL, &err));
	ASSERT_INT(4, (long long)mp_ddf_model(ddf)->n);
	for (uint16_t id = 33000; id < 33003; id++)
		ASSERT(mp_lwm2m_model_object(mp_ddf_model(ddf), id, 0));
	ASSERT_INT(0, mp_lwm2m_model_object(mp_ddf_model(ddf), 33002, MP_LWM2M_VERSION(1, 0))->n);
	ASSERT_ERR(-EEXIST, parse(ddf, KETTLE("33000"), &err));
	ASSERT_STR("kettle.xml: object 33000 (Kettle) 1.1 was loaded already", err.text);
	ASSERT_INT(4, (long long)mp_ddf_model(ddf)->n);
}

/* Does parsing fail, and does the sentence have this in it? */
static bool fails(int code, const char *xml, const char *what)
{
	auto_(mp_ddf) *ddf = NULL;
	struct mp_err err = {.text = ""};

	return mp_ddf_new(&ddf) == 0 && parse(ddf, xml, &err) == code &&
	       strstr(err.text, what) != NULL && mp_ddf_model(ddf)->n == 0;
}

#define ITEM(fields)                                                                               \
	HEAD OBJECT_HEAD("33000") "<Resources>\n<Item ID=\"5\">" fields "</Item></Resources>" TAIL

TEST(ddf_says_what_is_wrong_and_where)
{
	ASSERT(fails(-EBADMSG, "", "kettle.xml line 1: no element found"));
	ASSERT(fails(-EBADMSG, "<LWM2M>", "line 1: no element found"));
	ASSERT(fails(-EBADMSG, "<html/>", "line 1: the file is about <html>, not about <LWM2M>"));
	ASSERT(fails(-EBADMSG, HEAD "</LWM2M>", "kettle.xml: there is no object in it"));
	ASSERT(fails(-EBADMSG, HEAD "<Object></LWM2M>", "line 3: mismatched tag"));
	ASSERT(fails(-EBADMSG, HEAD "<Object></Object></LWM2M>", "line 3: the object lacks"));
	ASSERT(fails(-EBADMSG, HEAD OBJECT_HEAD("65535") TAIL, "line 6: \"65535\" is no number"));
	ASSERT(fails(-EBADMSG, HEAD OBJECT_HEAD("") TAIL, "\"\" is no number"));
	ASSERT(fails(-EBADMSG, HEAD OBJECT_HEAD("1") "<ObjectVersion>x</ObjectVersion>" TAIL,
		     "\"x\" is no version"));
	ASSERT(fails(-EBADMSG, HEAD OBJECT_HEAD("1") "<Mandatory>Yes</Mandatory>" TAIL,
		     "\"Yes\" is neither Mandatory nor Optional"));
	ASSERT(fails(-EBADMSG, ITEM("<Name></Name>"), "line 8: the name is empty"));
	ASSERT(fails(-EBADMSG, ITEM("<Name>x</Name>"), "resource 5 lacks its name, operations or"));
	ASSERT(fails(-EBADMSG, ITEM("<Operations>RX</Operations>"), "operations \"RX\" are none"));
	ASSERT(fails(-EBADMSG, ITEM("<Type>Colour</Type>"), "there is no type \"Colour\""));
	ASSERT(fails(-EBADMSG, HEAD OBJECT_HEAD("1") "<Resources><Item/></Resources>" TAIL,
		     "a resource has no ID"));
	ASSERT(fails(-EBADMSG,
		     HEAD OBJECT_HEAD("1") "<Resources><Item ID=\"-1\"/></Resources>" TAIL,
		     "\"-1\" is no number"));
	ASSERT(fails(
		-EBADMSG,
		HEAD OBJECT_HEAD("1") "<Resources><Item ID=\"1\"><Name>a</Name><Type/>"
				      "<Operations/></Item><Item ID=\"1\"><Name>a</Name><Type/>"
				      "<Operations/></Item></Resources>" TAIL,
		"resource 1 comes twice"));
}

TEST(ddf_knows_no_entities)
{
	ASSERT(fails(-EBADMSG,
		     "<!DOCTYPE LWM2M [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>"
		     "<LWM2M><Object><Name>&x;</Name></Object></LWM2M>",
		     "a DOCTYPE is not allowed here"));
	ASSERT(fails(
		-EBADMSG,
		"<!DOCTYPE LWM2M [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;\">]>"
		"<LWM2M>&b;</LWM2M>",
		"a DOCTYPE is not allowed here"));
	ASSERT(fails(-EBADMSG, "<!DOCTYPE LWM2M SYSTEM \"http://127.0.0.1/x.dtd\"><LWM2M/>",
		     "a DOCTYPE is not allowed here"));
	ASSERT(fails(-EBADMSG, HEAD "&x;</LWM2M>", "undefined entity"));
}

TEST(ddf_has_limits)
{
	auto_(mp_ddf) *ddf = NULL;
	struct mp_err err = {.text = ""};
	char name[512];

	snprintf(name, sizeof(name), HEAD "<Object><Name>%0300d</Name></Object></LWM2M>", 0);
	ASSERT(fails(-EFBIG, name, "the name is longer than 255 bytes"));
	ASSERT(fails(-EFBIG, "<LWM2M><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a>",
		     "more than 16 elements within each other"));
	ASSERT_OK(mp_ddf_new(&ddf));
	ASSERT_ERR(-EFBIG, mp_ddf_parse(ddf, "x.xml", name, MP_DDF_FILE_MAX + 1, &err));
	ASSERT_STR("x.xml: more than 1048576 bytes", err.text);
	/* An essay of a range is left out, and no error. */
	snprintf(name, sizeof(name),
		 "<LWM2M><Object><Name>x</Name><ObjectID>1</ObjectID><Resources><Item "
		 "ID=\"0\"><Name>y"
		 "</Name><Operations/><Type/><Units>%0256d</Units></Item></Resources></Object>"
		 "</LWM2M>",
		 0);
	ASSERT_OK(parse(ddf, name, &err));
	ASSERT(!mp_ddf_model(ddf)->objects[0].resources[0].units);
}

TEST(ddf_refuses_every_cut)
{
	static const char xml[] = KETTLE("33000");

	EACH_CUT(cut, n, xml, sizeof(xml) - 2) {
		auto_(mp_ddf) *ddf = NULL;
		struct mp_err err = {.text = ""};

		ASSERT_OK(mp_ddf_new(&ddf));
		ASSERT_ERR(-EBADMSG, mp_ddf_parse(ddf, "x.xml", cut, n, &err));
		ASSERT(err.text[0]);
	}
}

TORTURE(ddf_survives_lack_of_memory)
{
	auto_(mp_ddf) *ddf = NULL;
	int r = mp_ddf_new(&ddf);

	if (r == 0)
		r = parse(ddf, KETTLE("33000"), NULL);
	return r == 0 ? parse(ddf, KETTLE("33001"), NULL) : r;
}

TEST(ddf_loads_a_folder)
{
	char dir[] = "/tmp/mp-ddf-XXXXXX", path[64];
	auto_(mp_ddf) *ddf = NULL;
	struct mp_err err = {.text = ""};

	ASSERT(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/b.xml", dir);
	ASSERT_OK(mp_file_write(path, KETTLE("33000"), sizeof(KETTLE("33000")) - 1, 0644, &err));
	snprintf(path, sizeof(path), "%s/readme.txt", dir);
	ASSERT_OK(mp_file_write(path, "no XML", 6, 0644, &err));
	ASSERT_OK(mp_ddf_new(&ddf));
	ASSERT_OK(mp_ddf_load(ddf, dir, &err));
	ASSERT_INT(1, (long long)mp_ddf_model(ddf)->n);
	snprintf(path, sizeof(path), "%s/c.xml", dir);
	ASSERT_OK(mp_file_write(path, "no XML", 6, 0644, &err));
	ASSERT_ERR(-EBADMSG, mp_ddf_load(ddf, path, &err));
	ASSERT(strstr(err.text, "/c.xml line 1: "));
	ASSERT_OK(mp_file_remove_tree(dir, &err));
	ASSERT_ERR(-ENOENT, mp_ddf_load(ddf, path, &err));
}
