/* SPDX-License-Identifier: Apache-2.0 */
#include "verb.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

#define WIDTH 80

/* Text in lines of at most WIDTH columns; `indent` goes in front of all but the first. */
static void wrap(const char *text, size_t indent)
{
	size_t column = indent;

	for (const char *at = text; *at;) {
		size_t len = strcspn(at, " \n");

		if (column > indent && column + 1 + len > WIDTH) {
			printf("\n%*s", (int)indent, "");
			column = indent;
		} else if (column > indent) {
			putchar(' ');
			column++;
		}
		printf("%.*s", (int)len, at);
		column += len;
		at += len;
		if (*at == '\n') {
			printf("\n%*s", (int)indent, "");
			column = indent;
		}
		at += *at != '\0';
	}
	putchar('\n');
}

static void option_name(const struct mp_option *o, char ret[64])
{
	char letter[8] = "    ";

	if (o->letter)
		snprintf(letter, sizeof(letter), "-%c, ", o->letter);
	snprintf(ret, 64, "%s--%s%s%s", letter, o->name, o->argument ? " " : "",
		 o->argument ? o->argument : "");
}

static void print_options(const struct mp_option *o)
{
	char name[64];

	puts("\nOptions:");
	for (; o && o->name; o++) {
		option_name(o, name);
		printf("  %-26s ", name);
		if (strlen(name) > 26)
			printf("\n%29s", "");
		wrap(o->help, 29);
	}
	printf("  %-26s show this help\n", "-h, --help");
}

static void print_verbs(const struct mp_verb *v, int width)
{
	for (; v->name; v++)
		printf("  %-*s  %s\n", width, v->name, v->summary);
}

void mp_help_verb(const struct mp_verb *verb, const char *path)
{
	if (verb->verbs) {
		printf("Usage: %s VERB ...\n\n", path);
		printf("%s: ", path);
		wrap(verb->summary, 0);
		puts("\nVerbs:");
		print_verbs(verb->verbs, 10);
		printf("\n'%s VERB --help' says more.\n", path);
		return;
	}
	printf("Usage: %s [OPTIONS]%s%s\n\n", path, verb->operands ? " " : "",
	       verb->operands ? verb->operands : "");
	printf("%s: ", path);
	wrap(verb->summary, 0);
	if (verb->details) {
		putchar('\n');
		wrap(verb->details, 0);
	}
	print_options(verb->options);
}

void mp_help_overview(void)
{
	puts("Usage: mp [-C FOLDER] VERB ...\n\n"
	     "mp makes, publishes and rolls out releases of a connected product. Run it in the\n"
	     "product's folder, or name that with -C.\n\nVerbs:");
	print_verbs(mp_verbs, 10);
	puts("\n'mp VERB --help' says more, 'man mp' everything.\n"
	     "Exit status: 0 done, 1 failed (with one sentence why), 2 wrong usage.");
}

/* ---- mp(1) ---- */

/* Text for man(7): no line may begin with a dot or an apostrophe, '-' and '\' are escaped. */
static void man_text(const char *text)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", stdout);
	for (; *text; text++) {
		if (*text == '\\')
			fputs("\\e", stdout);
		else if (*text == '-')
			fputs("\\-", stdout);
		else
			putchar(*text);
		if (*text == '\n' && (text[1] == '.' || text[1] == '\''))
			fputs("\\&", stdout);
	}
	putchar('\n');
}

static void man_option(const struct mp_option *o)
{
	char name[64];
	const char *at = name;

	option_name(o, name);
	puts(".TP");
	printf(".B ");
	man_text(at + strspn(at, " "));
	man_text(o->help);
}

static void man_verb(const struct mp_verb *v, const char *parent)
{
	char path[64];

	snprintf(path, sizeof(path), "%s%s%s", parent, *parent ? " " : "", v->name);
	if (v->verbs) {
		for (const struct mp_verb *sub = v->verbs; sub->name; sub++)
			man_verb(sub, path);
		return;
	}
	printf(".SS mp ");
	fputs(path, stdout);
	printf("%s%s\n", v->operands ? " " : "", v->operands ? v->operands : "");
	man_text(v->summary);
	if (v->details) {
		puts(".PP");
		man_text(v->details);
	}
	for (const struct mp_option *o = v->options; o && o->name; o++)
		man_option(o);
}

static const char man_head[] =
	".TH MP 1 \"\" \"microPlatform\" \"User Commands\"\n"
	".SH NAME\nmp \\- make, publish and roll out releases of a connected product\n"
	".SH SYNOPSIS\n.B mp\n[\\-C FOLDER] VERB [OPTIONS] [ARGUMENTS]\n"
	".SH DESCRIPTION\n.B mp\n"
	"works in a product folder: the one with product.yaml that the current folder is, or lies "
	"in; \\-C FOLDER names another. Results go to standard output, progress and complaints to "
	"standard error. Each verb answers \\-\\-help.\n.SH VERBS\n";

static const char man_tail[] =
	".SH ENVIRONMENT\n"
	".TP\nMP_SERVER\nThe server's address, in place of the one from product.yaml.\n"
	".TP\nMP_TOKEN_FILE\nA file with an API token, in place of server/admin.token.\n"
	".TP\nNO_COLOR\nWhen set, no colours.\n"
	".SH EXIT STATUS\n0: done. 1: failed, with one sentence why on standard error. 2: wrong "
	"usage.\n"
	".SH FILES\n"
	".TP\nproduct.yaml\nWhat the product is.\n"
	".TP\nkeys/\nThe product's private keys and certificates. Keep a copy offline.\n"
	".TP\ntuf/\nThe signed roots and targets of the product.\n"
	".TP\nbuild/VERSION/\nA built release.\n"
	".TP\nserver/\nThe server's data and admin token.\n";

int mp_help_man(void)
{
	fputs(man_head, stdout);
	for (const struct mp_verb *v = mp_verbs; v->name; v++)
		man_verb(v, "");
	fputs(man_tail, stdout);
	return EXIT_SUCCESS;
}

/* ---- bash ---- */

static void completion_words(const struct mp_verb *v)
{
	for (const struct mp_verb *sub = v->verbs; sub && sub->name; sub++)
		printf(" %s", sub->name);
	for (const struct mp_option *o = v->options; o && o->name; o++)
		printf(" --%s", o->name);
	if (v->operands && strchr(v->operands, '|'))
		for (const char *at = v->operands; isalpha((unsigned char)*at);
		     at += strspn(at, "|")) {
			size_t len = strcspn(at, "| .");

			printf(" %.*s", (int)len, at);
			at += len;
		}
	puts(" --help'");
}

/* The last of "a|b|c" has no '|' behind it; options' choices are completed by their own case. */
static void completion_choices(const struct mp_verb *table)
{
	for (const struct mp_verb *v = table; v->name; v++) {
		if (v->verbs)
			completion_choices(v->verbs);
		for (const struct mp_option *o = v->options; o && o->name; o++) {
			if (!o->argument || !strchr(o->argument, '|'))
				continue;
			printf("\t\t--%s) words='", o->name);
			for (const char *at = o->argument; *at; at++)
				putchar(*at == '|' ? ' ' : *at);
			puts("' files= ;;");
		}
	}
}

int mp_completion_bash(void)
{
	puts("# bash completion for mp; made by 'mp completion bash'\n"
	     "_mp()\n{\n"
	     "\tlocal current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
	     "\tlocal words= files=1 verbs=() w skip=\n"
	     "\tfor w in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
	     "\t\tif [ -n \"$skip\" ]; then skip=; continue; fi\n"
	     "\t\tcase $w in -C) skip=1 ;; -*) ;; *) verbs+=(\"$w\") ;; esac\n"
	     "\tdone\n"
	     "\tcase \"${verbs[0]} ${verbs[1]}\" in");
	for (const struct mp_verb *v = mp_verbs; v->name; v++) {
		for (const struct mp_verb *sub = v->verbs; sub && sub->name; sub++) {
			printf("\t\t'%s %s') words='", v->name, sub->name);
			completion_words(sub);
			puts("\t\t\t;;");
		}
		printf("\t\t'%s '*) words='", v->name);
		completion_words(v);
		puts("\t\t\t;;");
	}
	printf("\t\t' ') words='-C --help --version");
	for (const struct mp_verb *v = mp_verbs; v->name; v++)
		printf(" %s", v->name);
	puts("' ;;\n\tesac\n\tcase $previous in");
	completion_choices(mp_verbs);
	puts("\tesac\n"
	     "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
	     "\tcase $current in -*) files= ;; esac\n"
	     "\tif [ -n \"$files\" ]; then COMPREPLY+=($(compgen -f -- \"$current\")); fi\n"
	     "}\ncomplete -F _mp mp");
	return EXIT_SUCCESS;
}
