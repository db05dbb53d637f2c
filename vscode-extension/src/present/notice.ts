// Texts for notifications, in which the editor makes links, those that run commands among them, of `[words](command:…)`.
// May not know the editor. What tools and packages say is shown letter by letter, and leads nowhere.

/** The same to read; no link, wherever the words came from. */
export function notice(text: string): string {
  return text.replaceAll('](', ']\u200b(');
}
