/* SPDX-License-Identifier: Apache-2.0 */
/* The one table of verbs: what is said here shows up in help, man page and completion. */
#include "verb.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

const struct mp_verb mp_verbs[] = {
	{"init", "NAME", "make a product folder with its own keys",
	 "Makes the folder NAME with product.yaml, the keys of releases, of secure boot and of "
	 "devices (readable by you alone), the first TUF root and an example application. Nothing "
	 "is left behind when it fails; a folder that is not empty is refused.",
	 mp_options_init, mp_verb_init, NULL},
	{"build", NULL, "build the release that product.yaml describes",
	 "Writes the disk image, the payload and the blobs of release 'version' of product.yaml to "
	 "build/VERSION. The packages are locked in mp.lock and kept in cache/.",
	 mp_options_build, mp_verb_build, NULL},
	{"run", "[VERSION]", "start a built release in QEMU",
	 "Boots the disk image of build/VERSION under UEFI Secure Boot, with KVM where there is "
	 "one. The disk is kept between runs.",
	 mp_options_run, mp_verb_run, NULL},
	{"serve", NULL, "start the server of this product",
	 "Runs mp-server on the product folder, in the foreground. The web page, the API and the "
	 "devices share one port; at the first start an admin token is written to "
	 "server/admin.token.",
	 mp_options_serve, mp_verb_serve, NULL},
	{"publish", "[VERSION]", "sign a built release and upload it to the server",
	 "Takes build/VERSION (default: the version in product.yaml), adds its files to the "
	 "product's targets, signs them with keys/targets.pem and uploads what the server lacks. "
	 "The local targets change only after the server has accepted them, so an interrupted "
	 "upload is simply started again.",
	 mp_options_publish, mp_verb_publish, NULL},
	{"channel", NULL, "show and move channels, named pointers to releases", NULL, NULL, NULL,
	 mp_verbs_channel},
	{"rollout", NULL, "bring devices to a release", NULL, NULL, NULL, mp_verbs_rollout},
	{"device", NULL, "look at devices and their reasons", NULL, NULL, NULL, mp_verbs_device},
	{"lwm2m", NULL, "read, write and watch devices over LwM2M", NULL, NULL, NULL,
	 mp_verbs_lwm2m},
	{"key", NULL, "list and rotate the product's keys", NULL, NULL, NULL, mp_verbs_key},
	{"token", NULL, "give people and scripts access to the server", NULL, NULL, NULL,
	 mp_verbs_token},
	{"verify", "[VERSION]", "check a release: every signature, digest and frame",
	 "Checks build/VERSION (default: the version in product.yaml) without a network: digests "
	 "of all files, the manifest, and each frame of each payload. With --published, checks "
	 "what the server gives to devices as a device would: TUF metadata from keys that this "
	 "folder trusts, then the release's files.",
	 mp_options_verify, mp_verb_verify, NULL},
	{"tuf-client", "init|refresh|download [ROOT_JSON]",
	 "a plain TUF client, as the TUF conformance suite drives it", NULL, mp_options_tuf_client,
	 mp_verb_tuf_client, NULL},
	{"completion", "bash", "print the shell's completion script",
	 "Load it with: source <(mp completion bash)", NULL, mp_verb_completion, NULL},
	{"help", "[VERB] [VERB]", "show what mp does, or a verb's options", NULL, mp_options_help,
	 mp_verb_help, NULL},
	{"version", NULL, "print the version of mp", NULL, NULL, mp_verb_version, NULL},
	{0},
};

const struct mp_verb *mp_verb_find(const struct mp_verb *table, const char *name)
{
	for (; table->name; table++)
		if (mp_streq(table->name, name))
			return table;
	return NULL;
}

static bool asks_for_help(int argc, char *argv[])
{
	for (int i = 1; i < argc && !mp_streq(argv[i], "--"); i++)
		if (mp_streq(argv[i], "--help") || mp_streq(argv[i], "-h"))
			return true;
	return false;
}

static int unknown(const struct mp_verb *table, const char *name)
{
	MP_BUF(names, 1024);

	for (const struct mp_verb *v = table; v->name; v++)
		if (mp_buf_printf(&names, "%s%s", names.len ? ", " : "", v->name) < 0)
			break;
	if (!name)
		return mp_fail_usage("say what to do: %s", mp_buf_str(&names));
	return mp_fail_usage("there is no '%s'; there are %s", name, mp_buf_str(&names));
}

static const struct mp_verb *running;

const struct mp_verb *mp_verb_running(void)
{
	return running;
}

int mp_verb_dispatch(const struct mp_verb *table, int argc, char *argv[])
{
	const struct mp_verb *verb = argc > 0 ? mp_verb_find(table, argv[0]) : NULL;
	char path[64];

	if (!verb)
		return unknown(table, argc > 0 ? argv[0] : NULL);
	snprintf(path, sizeof(path), "%s %s", mp_who(), verb->name);
	mp_say_who(path);
	running = verb;
	if (verb->verbs && argc > 1 && mp_verb_find(verb->verbs, argv[1]))
		return mp_verb_dispatch(verb->verbs, argc - 1, argv + 1);
	if (asks_for_help(argc, argv)) {
		mp_help_verb(verb, mp_who());
		return EXIT_SUCCESS;
	}
	if (verb->verbs)
		return unknown(verb->verbs, argc > 1 ? argv[1] : NULL);
	return verb->run(argc, argv);
}
