# layers.awk - meson.build first, then the C files; see tools/layers

BEGIN {
	package["jansson.h"] = "jansson"
	package["gnutls/"] = "gnutls"
	package["curl/"] = "libcurl"
	package["yaml.h"] = "yaml-0.1"
	package["zstd.h"] = "libzstd"
	package["zlib.h"] = "zlib"
	package["sqlite3.h"] = "sqlite3"
	package["microhttpd.h"] = "libmicrohttpd"
	package["systemd/"] = "libsystemd"
	package["seccomp.h"] = "libseccomp"
	package["mbedtls/"] = "mbedtls"
	package["expat.h"] = "expat"
}

# ---- the table: may["json", "base"], wraps["json", "jansson"] ----
FILENAME == "meson.build" && /^(libs|apps) = \{/ { table = $1; next }
FILENAME == "meson.build" && /^\}/ { table = "" }
FILENAME == "meson.build" {
	if (table != "")
		read_row()
	next
}

# A row is 'name': [['dep', ...], ['package', ...]] for a library, 'name': ['dep', ...] for an app.
function read_row(    n, part, name, i, second) {
	sub(/#.*/, "")
	n = split($0, part, "'")
	name = table "/" part[2]
	for (i = 2; i <= n; i += 2) {
		if (i > 2 && part[i - 1] ~ /\].*\[/)
			second = 1
		if (i == 2 && table == "libs")
			library[part[i]] = 1
		else if (second)
			wraps[name, part[i]] = 1
		else
			may[name, part[i]] = 1
	}
}

# ---- the files ----
FNR == 1 {
	files++
	split(FILENAME, at, "/")
	folder = at[1] "/" at[2]
	is_test = FILENAME ~ /_test\.c$/ || at[1] == "fuzz"
	if (at[1] == "fuzz") { # fuzz/APP_WHAT.c is of that app, if there is one
		sub(/_.*/, "", at[2])
		folder = "apps/" at[2]
	}
}

function say(what) {
	print FILENAME ":" FNR ": " what
	bad++
}

function exists(path,    line, r) {
	r = (getline line < path)
	close(path)
	return r >= 0
}

function check_own(path,    part, n) {
	n = split(path, part, "/")
	if (path ~ /\.\./)
		say("'" path "' climbs out of its folder")
	else if (n == 1 || exists(folder "/" path))
		return
	else if (!(part[1] in library))
		say("'" path "' is of no library in meson.build")
	else if (part[n] == "internal.h" && folder != "libs/" part[1])
		say("'" path "' is internal to libs/" part[1])
	else if (!is_test && part[1] != "base" && folder != "libs/" part[1] &&
		 !((folder, part[1]) in may))
		say(folder " may not include '" path "': see the table in meson.build")
}

function check_system(path,    part, key) {
	split(path, part, "/")
	key = part[1] == path ? path : part[1] "/"
	if (key in package && !((folder, package[key]) in wraps))
		say(folder " does not wrap " package[key] ": <" path "> is for those that do")
}

/^[ \t]*#[ \t]*include[ \t]*"/ { split($0, quoted, "\""); check_own(quoted[2]) }
/^[ \t]*#[ \t]*include[ \t]*</ { split($0, quoted, /[<>]/); check_system(quoted[2]) }

END {
	if (!bad)
		print files " files follow the layers"
	exit bad > 0
}
