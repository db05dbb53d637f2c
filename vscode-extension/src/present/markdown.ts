// Text for Markdown: names, paths and messages come from lockfiles and tools and are never markup or links.
// May not know what the text is about.

/** Text with nothing in it that Markdown, its tables or theme icons give a meaning; line ends become spaces. */
export function escape(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/[\\`*_[\]#|<>~$&]/g, '\\$&')
    .replace(/^(\d*)([-+=]|[.)](?= |$))/, '$1\\$2')
    .replace(/:(?=\/\/)/g, '\\:');
}

/** A sentence in which `` `…` `` stands for something to type or a path; all else in it is plain text. */
export function prose(text: string): string {
  return text
    .split(/`([^`\n]+)`/)
    .map((part, index) => (index % 2 === 1 ? code(part) : escape(part)))
    .join('');
}

/** Inline code that survives backticks and table cells. */
export function code(text: string): string {
  const flat = text.replace(/\s+/g, ' ').replace(/\|/g, '∣');
  const longest = Math.max(0, ...(flat.match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(longest + 1);
  const pad = longest > 0 || flat.startsWith(' ') || flat.endsWith(' ') ? ' ' : '';
  return `${fence}${pad}${flat}${pad}${fence}`;
}

/** `1,204`: the same in every locale, because the server and the terminal write it so. */
export function figure(count: number): string {
  return count.toLocaleString('en-US');
}

/** `1 file`, `2 files`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${figure(count)} ${count === 1 ? one : many}`;
}
