// SPDX-License-Identifier: Apache-2.0
// sse.js - the text of an event stream (WHATWG HTML, section 9.2), cut anywhere
//
//     const parser = new EventParser((event) => ...);     // { id, type, data }
//     parser.push('event: device\ndata: {"id"');
//     parser.push(':"a"}\n\n');

export class EventParser {
	constructor(take) {
		this.take = take;
		this.lastId = '';
		this.rest = '';
		this.clear();
	}

	clear() {
		this.type = '';
		this.data = [];
	}

	push(text) {
		const lines = (this.rest + text).split(/\r\n|\n|\r(?=[^\n])/);

		this.rest = lines.pop();
		for (const line of lines)
			this.line(line);
	}

	line(line) {
		if (line === '') {
			if (this.data.length > 0)
				this.take({ id: this.lastId, type: this.type || 'message', data: this.data.join('\n') });
			this.clear();
			return;
		}
		const colon = line.indexOf(':');
		const field = colon < 0 ? line : line.slice(0, colon);
		const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');

		if (field === 'data')
			this.data.push(value);
		else if (field === 'event')
			this.type = value;
		else if (field === 'id' && !value.includes('\0'))
			this.lastId = value;
	}
}
