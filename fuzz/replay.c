/* SPDX-License-Identifier: Apache-2.0
 * replay.c - run a fuzz target over a folder of files, so that gcc builds test the corpus too */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *dir, const char *name)
{
	static uint8_t chunk[1 << 20];
	char path[4096];
	uint8_t *exact;
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "rb");
	if (!f)
		return perror(path), 1;
	n = fread(chunk, 1, sizeof(chunk), f);
	fclose(f);

	/* A block of exactly this size, so that a read past the end is seen. */
	exact = malloc(n ? n : 1);
	if (!exact)
		return perror("malloc"), 1;
	for (size_t i = 0; i < n; i++)
		exact[i] = chunk[i];
	LLVMFuzzerTestOneInput(exact, n);
	free(exact);
	return 0;
}

int main(int argc, char *argv[])
{
	DIR *d = argc == 2 ? opendir(argv[1]) : NULL;
	int files = 0, bad = 0;

	if (!d)
		return fprintf(stderr, "usage: %s CORPUS-FOLDER\n", argv[0]), 2;
	for (struct dirent *e; (e = readdir(d));) {
		if (e->d_name[0] == '.')
			continue;
		bad += replay(argv[1], e->d_name);
		files++;
	}
	closedir(d);
	printf("%d inputs\n", files);
	return bad || !files;
}
