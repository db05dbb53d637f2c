// A text as an editor keeps it: lines without their ends, and one line end for all. Knows no conflicts.

export class Text {
  constructor(text) {
    this.eol = text.includes('\r\n') ? '\r\n' : '\n';
    this.lines = text.split(this.eol);
  }

  whole() {
    this.cached ??= this.lines.join(this.eol);
    return this.cached;
  }

  between(start, end) {
    if (start.line === end.line) return this.lines[start.line].slice(start.character, end.character);
    const inner = this.lines.slice(start.line + 1, end.line);
    return [
      this.lines[start.line].slice(start.character),
      ...inner,
      this.lines[end.line].slice(0, end.character),
    ].join(this.eol);
  }

  /** Edits `{ range, newText }` of one text, all of its places before any of them, as the protocol has them. */
  apply(edits) {
    const back = edits.toSorted(
      (a, b) => b.range.start.line - a.range.start.line || b.range.start.character - a.range.start.character,
    );
    for (const {
      range: { start, end },
      newText,
    } of back) {
      const put =
        this.lines[start.line].slice(0, start.character) +
        newText +
        (this.lines[end.line] ?? '').slice(end.character);
      this.lines.splice(start.line, end.line - start.line + 1, ...put.split(/\r?\n/));
    }
    this.cached = undefined;
  }
}
