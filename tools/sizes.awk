# sizes.awk - lines of functions and files, from kernel formatting alone: a function's braces stand
# at the left margin, and what stands one tab in and closes further down is one block of it

function end_file() {
	if (lines > 800)
		say(file, "the file has " lines " lines, 800 are allowed")
}

function say(where, what) {
	print where ": " what
	bad++
}

FNR == 1 {
	end_file()
	file = FILENAME
	files++
	inside = 0
}
{ lines = FNR }

/^[A-Za-z_].*\(/ { name = $0; sub(/\(.*/, "", name); sub(/.*[ *]/, "", name) }
/^(TEST|TORTURE)\(/ { name = $0; sub(/^[A-Z]*\(/, "", name); sub(/\).*/, "", name) }

/^\{/ { inside = 1; start = FNR; block = widest = 0; next }

# The longest switch or initializer of the function.
inside && (/^\tswitch \(/ || /^\t[^ ].*= \{$/) { block = FNR }
inside && block && /^\t\}/ {
	if (FNR - block + 1 > widest)
		widest = FNR - block + 1
	block = 0
}

inside && /^\}/ {
	n = FNR - start - 1
	inside = 0
	count[n]++
	functions++
	if (n > longest)
		longest = n
	if (n > 100 || (n > 60 && n - widest > 20))
		say(FILENAME ":" start, name " has " n " lines, 60 are allowed")
}

# The length that this share of the functions does not exceed.
function quantile(share,    n, seen) {
	for (n = 0; n <= longest; n++) {
		seen += count[n]
		if (seen >= share * functions)
			return n
	}
	return longest
}

END {
	end_file()
	printf "%d functions in %d files: median %d lines, 90 %% within %d, longest %d\n",
		functions, files, quantile(0.5), quantile(0.9), longest
	exit bad > 0
}
