// The preview of a conflict in words: its tab, and what stands behind its lines.
// May not know the editor. Why a choice may be right is the server's to say.
import type { ConflictChoice, ConflictPreview, LineOrigin } from '../contract.ts';

/** The choice that another is shown beside: the side that the server names. */
export function beside(preview: ConflictPreview, choice: ConflictChoice): ConflictChoice {
  const named = preview.choices.find(({ action }) => action === `conflict.accept-${choice.against}`);
  return named ?? choice;
}

/** `wait.txt: HEAD ↔ merged`. */
export function previewTitle(file: string, left: ConflictChoice, right: ConflictChoice): string {
  return `${file}: ${left.short} ↔ ${right.short}`;
}

/** What stands behind a line of what would be left. */
export function originNote(
  origin: LineOrigin,
  { region }: Pick<ConflictPreview, 'region'>,
  { action }: Pick<ConflictChoice, 'action'>,
): string {
  const name = (n: number, otherwise: string) => {
    const side = region.sides[n];
    return [side?.origin?.name, side?.label].find((one) => one !== undefined && one !== '') ?? otherwise;
  };
  switch (origin) {
    case 'current':
      return `from ${name(0, 'current')}`;
    case 'incoming':
      return `from ${name(1, 'incoming')}`;
    case 'both':
      return 'in both';
    case 'made':
      return MADE[action] ?? 'made of both';
  }
}

/** What a line that no side has is, where it is not made of both. */
const MADE: Partial<Record<string, string>> = {
  'conflict.accept-base': 'from the common ancestor',
  'conflict.remembered': 'in neither side',
};

/** What a preview is about, for its tab: the file's name, or the record. */
export function previewName({ uri, record }: Pick<ConflictPreview, 'uri' | 'record'>): string {
  if (record === undefined || record === null) {
    return decodeURIComponent(uri.replace(/[?#].*$/, '').replace(/^.*\//, ''));
  }
  const title = record.title.length > LONGEST ? `${record.title.slice(0, LONGEST - 1)}…` : record.title;
  return `${record.kind} “${title}”`;
}

/** Characters of a record's title that a tab shows. */
const LONGEST = 24;

/** The last part of a virtual document's path: a name whatever characters it has. */
export function fileName(preview: Pick<ConflictPreview, 'uri' | 'record'>): string {
  const name = previewName(preview);
  const isRecord = preview.record !== undefined && preview.record !== null;
  return isRecord ? `${name.replace(/[\\/:*?"<>|#%\p{Cc}]/gu, '-')}.md` : name;
}
