// SPDX-License-Identifier: Apache-2.0
// format.js - numbers, times and sizes as people read them

const numbers = new Intl.NumberFormat('en');
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' });
const dates = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const units = [['year', 31557600], ['month', 2629800], ['day', 86400], ['hour', 3600], ['minute', 60]];

let skew = 0; // seconds that the server's clock is ahead of ours

export function setServerTime(seconds) {
	skew = seconds - Date.now() / 1000;
}

export function serverNow() {
	return Date.now() / 1000 + skew;
}

export function number(n) {
	return numbers.format(n);
}

// "1 device", "2 devices"
export function count(n, one, many = `${one}s`) {
	return `${number(n)} ${n === 1 ? one : many}`;
}

export function ago(seconds) {
	if (!seconds)
		return 'never';
	const past = Math.max(0, serverNow() - seconds);
	for (const [unit, length] of units)
		if (past >= length)
			return relative.format(-Math.floor(past / length), unit);
	return past < 10 ? 'just now' : relative.format(-Math.floor(past / 10) * 10, 'second');
}

export function when(seconds) {
	return seconds ? dates.format(new Date(seconds * 1000)) : '';
}

// "3 min 20 s"
export function span(seconds) {
	const s = Math.max(0, Math.round(seconds));

	if (s < 60)
		return `${s} s`;
	if (s < 3600)
		return `${Math.floor(s / 60)} min ${s % 60} s`;
	return `${Math.floor(s / 3600)} h ${Math.floor(s % 3600 / 60)} min`;
}

export function bytes(n) {
	const names = ['bytes', 'kB', 'MB', 'GB', 'TB'];
	let i = 0;

	for (; n >= 1000 && i < names.length - 1; i++)
		n /= 1000;
	return `${i && n < 100 ? n.toFixed(1) : Math.round(n)} ${names[i]}`;
}
